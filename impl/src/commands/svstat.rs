//! svstat dir...: prints a line about the service in each directory.

use crate::program::{Exit, Program, parts, reason};
use crate::sys::argv::Args;
use crate::sys::directory::WorkingDirectory;
use crate::sys::stdio::Stdout;
use crate::sys::{fifo, open};
use crate::wire::status::{self, Status, Want};
use crate::wire::{files, tai::Tai64n};
use std::env;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::mem::ManuallyDrop;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::time::SystemTime;

const SVSTAT: Program = Program("svstat");
/// The size of the output buffer. Lines still in it are lost on a fatal error (STAT-12).
const BUFFER: usize = 1024;

pub(crate) fn run(args: Args) -> Result<(), Exit> {
    let argv = args.all();
    let origin = WorkingDirectory::open().map_err(SVSTAT.fatal(parts!("unable to open current directory")))?;
    let mut output = BufWriter::with_capacity(BUFFER, Stdout);
    // With many services, most of the time is that of system calls. The kernel closes all files at the end in less time.
    let mut opened = ManuallyDrop::new(Vec::new());
    for directory in argv.iter().skip(1) {
        // The directory is changed only where that can matter: if anything is wrong, if the name is empty, or if the name of
        // a file in it is too long.
        let mut line = inspect(&[directory.as_bytes(), b"/"].concat(), &mut opened);
        if line.is_err() || directory.is_empty() {
            opened.clear();
            line = env::set_current_dir(directory).map_err(unable("chdir")).and_then(|()| inspect(b"", &mut opened));
            if let Err(error) = origin.enter() {
                let _ = output.into_parts();
                return Err(SVSTAT.fatal(parts!("unable to set directory"))(error));
            }
        }
        let line = line.unwrap_or_else(|problem| problem);
        let _ = output.write_all(&[directory.as_bytes(), b": ", line.as_bytes(), b"\n"].concat());
    }
    Ok(())
}

/// Describes the service in the directory `prefix`, which is empty or ends with a slash, or the first problem in the order of
/// STAT-02. Leaves the files that it opens in `opened`.
fn inspect(prefix: &[u8], opened: &mut Vec<File>) -> Result<String, String> {
    let path = |file: &str| OsString::from_vec([prefix, file.as_bytes()].concat());
    let normally_up = match fs::metadata(path(files::DOWN)) {
        Ok(_) => false,
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(error) => return Err(unable("stat down")(error)),
    };
    match fifo::open_write(path(files::OK)) {
        Err(error) if fifo::has_no_reader(&error) => return Ok("supervise not running".to_owned()),
        ok => opened.push(ok.map_err(unable("open supervise/ok"))?),
    }
    let options = &mut OpenOptions::new();
    let file = open::no_link(options.read(true), path(files::STATUS)).map_err(unable("open supervise/status"))?;
    let mut record = [0; status::LENGTH];
    let length = open::read_once(&file, &mut record);
    opened.push(file);
    match length {
        Ok(status::LENGTH) => Ok(describe(Status::from_bytes(record), normally_up, Tai64n::of(SystemTime::now()))),
        Ok(_) => Err("unable to read supervise/status: bad format".to_owned()),
        Err(error) => Err(unable("read supervise/status")(error)),
    }
}

fn unable(action: &str) -> impl FnOnce(io::Error) -> String {
    move |error| format!("unable to {action}: {}", reason(&error))
}

/// Returns the line of STAT-01 without the directory.
pub(super) fn describe(status: Status, normally_up: bool, now: Tai64n) -> String {
    let seconds = status.since.seconds_until(now);
    let Status { pid, paused, want, .. } = status;
    let is_up = pid != 0;
    let mut line = if is_up { format!("up (pid {pid}) {seconds} seconds") } else { format!("down {seconds} seconds") };
    let suffixes = [
        (is_up && !normally_up, ", normally down"),
        (!is_up && normally_up, ", normally up"),
        (is_up && paused, ", paused"),
        (!is_up && want == Want::Up, ", want up"),
        (is_up && want == Want::Down, ", want down"),
    ];
    line.extend(suffixes.into_iter().filter(|(applies, _)| *applies).map(|(_, suffix)| suffix));
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    fn line(pid: u32, paused: bool, want: Want, normally_up: bool) -> String {
        let since = Tai64n::of(UNIX_EPOCH);
        describe(Status { since, pid, paused, want }, normally_up, Tai64n::of(UNIX_EPOCH + Duration::from_secs(1)))
    }

    #[test]
    fn a_service_in_its_normal_state_has_no_suffix() {
        assert_eq!(line(9, false, Want::Up, true), "up (pid 9) 1 seconds");
        assert_eq!(line(0, false, Want::Down, false), "down 1 seconds");
    }

    #[test]
    fn suffixes_come_in_the_order_normally_paused_want() {
        assert_eq!(line(9, true, Want::Down, false), "up (pid 9) 1 seconds, normally down, paused, want down");
        assert_eq!(line(0, true, Want::Up, true), "down 1 seconds, normally up, want up");
    }

    #[test]
    fn want_is_printed_only_if_it_differs_from_the_state() {
        assert_eq!(line(9, false, Want::Once, true), "up (pid 9) 1 seconds");
        assert_eq!(line(0, false, Want::Once, true), "down 1 seconds, normally up");
        assert_eq!(line(0, false, Want::Down, true), "down 1 seconds, normally up");
    }

    #[test]
    fn a_pid_is_printed_unsigned() {
        assert_eq!(line(u32::MAX, false, Want::Up, true), "up (pid 4294967295) 1 seconds");
    }
}
