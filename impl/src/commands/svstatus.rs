//! svstatus [--json] dir...: prints the status of services under any supervisor of the family. Exits 0 if all are up, 1 if one
//! is not, 111 if the status of one cannot be read.

use super::svstat::describe;
use crate::program::{Exit, Program, parts, reason};
use crate::sys::argv::Args;
use crate::sys::stdio::Stdout;
use crate::sys::{fifo, open};
use crate::wire::status::{self, Status, Want};
use crate::wire::{files, tai::Tai64n};
use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::SystemTime;

const SVSTATUS: Program = Program("svstatus");
/// The end of the year 9999, after which RFC 3339 has no times.
const LAST_SECOND: i64 = 253_402_300_799;

/// A service directory at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) is_supervised: bool,
    /// What the record says, which is out of date if no supervise is running.
    pub(super) record: Option<Status>,
    /// Whether there is no file `down`.
    pub(super) is_normally_up: bool,
}

impl Look {
    pub(super) fn is_up(&self) -> bool {
        self.is_supervised && self.record.is_some_and(|status| status.pid != 0)
    }

    /// Returns the line of svstat without the directory.
    pub(super) fn describe(&self, now: Tai64n) -> String {
        let status = self.record.filter(|_| self.is_supervised);
        status.map_or("supervise not running".to_owned(), |status| describe(status, self.is_normally_up, now))
    }
}

pub(crate) fn run(args: Args) -> Result<(), Exit> {
    let argv = args.all();
    let operands = argv.get(1..).unwrap_or_default();
    let is_json = operands.first().is_some_and(|first| *first == "--json");
    let operands = operands.get(usize::from(is_json)..).unwrap_or_default();
    let directories = operands.strip_prefix(&[OsStr::new("--")]).unwrap_or(operands);
    let is_option = directories.len() == operands.len()
        && operands.first().is_some_and(|first| first.len() > 1 && first.as_bytes().starts_with(b"-"));
    if is_option || directories.is_empty() {
        return Err(SVSTATUS.usage("svstatus [--json] dir ..."));
    }
    let mut output = vec![];
    let mut code = 0;
    for (index, directory) in directories.iter().enumerate() {
        let found = look(Path::new(directory));
        let now = Tai64n::of(SystemTime::now());
        code = code.max(found.as_ref().map_or(111, |look| u8::from(!look.is_up())));
        if is_json {
            output.extend_from_slice(if index == 0 { b"[\n" } else { b",\n" });
            output.extend_from_slice(object(directory.as_bytes(), &found, now).as_bytes());
        } else {
            let line = found.map_or_else(|problem| problem, |look| look.describe(now));
            output.extend_from_slice(&[directory.as_bytes(), b": ", line.as_bytes(), b"\n"].concat());
        }
    }
    output.extend_from_slice(if is_json { b"\n]\n" } else { b"" });
    Stdout.write_all(&output).map_err(SVSTATUS.fatal(parts!("unable to write")))?;
    if code == 0 { Ok(()) } else { Err(Exit::silent(code)) }
}

/// Looks at the service in `directory`.
///
/// # Errors
/// What is wrong, in the words of svstat.
pub(super) fn look(directory: &Path) -> Result<Look, String> {
    fs::metadata(directory).map_err(unable("stat directory"))?;
    let is_normally_up = is_missing(&fs::metadata(directory.join(files::DOWN)).map(drop), "stat down")?;
    // The reader first: a supervise opens it when the record is its own.
    let ok = fifo::open_write(directory.join(files::OK)).map(drop);
    let control = fifo::open_write(directory.join(files::CONTROL)).is_ok();
    let ok = match ok {
        Err(error) if fifo::has_no_reader(&error) => Some(false),
        ok => (!is_missing(&ok, "open supervise/ok")?).then_some(true),
    };
    let mut record = [0; 64];
    let length = match open::no_link(OpenOptions::new().read(true), directory.join(files::STATUS)) {
        Ok(file) => open::read_once(&file, &mut record).map_err(unable("read supervise/status"))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => return Err(unable("open supervise/status")(error)),
    };
    decide(ok, control, record.get(..length).unwrap_or_default(), is_normally_up)
        .ok_or_else(|| "unable to read supervise/status: bad format".to_owned())
}

/// Returns the status that follows from what was found: whether `ok` and `control` have readers, of which the first may not
/// exist, the record, empty if there is none, and whether there is no file `down`. Returns `None` if the record of a supervise
/// that is running is bad. s6 has no `ok`.
fn decide(ok: Option<bool>, control: bool, record: &[u8], is_normally_up: bool) -> Option<Look> {
    let is_supervised = ok.unwrap_or(control && status::is_of_s6(record.len()));
    let look = Look { is_supervised, record: status::decode(record), is_normally_up };
    (!is_supervised || look.record.is_some()).then_some(look)
}

/// Returns whether `result` is that a file does not exist.
fn is_missing(result: &io::Result<()>, action: &str) -> Result<bool, String> {
    match result {
        Ok(()) => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(format!("unable to {action}: {}", reason(error))),
    }
}

fn unable(action: &str) -> impl FnOnce(io::Error) -> String {
    move |error| format!("unable to {action}: {}", reason(&error))
}

/// Returns the JSON object of a service, in one line.
fn object(name: &[u8], found: &Result<Look, String>, now: Tai64n) -> String {
    let look = found.as_ref().ok();
    let status = look.filter(|look| look.is_supervised).and_then(|look| look.record);
    let since = status.and_then(|status| time(status.since.unix_second()));
    let seconds = status.map(|status| status.since.seconds_until(now).to_string());
    let pid = status.filter(|status| status.pid != 0).map(|status| status.pid.to_string());
    let want = status.map(|status| match status.want {
        Want::Up => "up",
        Want::Down => "down",
        Want::Once => "once",
    });
    let normally = look.map(|look| if look.is_normally_up { "up" } else { "down" });
    let null = || "null".to_owned();
    let text = |text: Option<&str>| text.map_or_else(null, |text| string(text.as_bytes()));
    format!(
        "{{\"name\":{},\"up\":{},\"pid\":{},\"seconds\":{},\"since\":{},\"want\":{},\"paused\":{},\"normally\":{},\
         \"supervised\":{},\"error\":{}}}",
        string(name),
        look.map_or_else(null, |look| look.is_up().to_string()),
        pid.unwrap_or_else(null),
        seconds.unwrap_or_else(null),
        text(since.as_deref()),
        text(want),
        status.map_or_else(null, |status| (status.pid != 0 && status.paused).to_string()),
        text(normally),
        look.map_or_else(null, |look| look.is_supervised.to_string()),
        text(found.as_ref().err().map(String::as_str)),
    )
}

/// Returns a JSON string. Bytes that are not UTF-8, for which JSON has no notation, become U+FFFD.
fn string(bytes: &[u8]) -> String {
    let mut string = "\"".to_owned();
    for letter in String::from_utf8_lossy(bytes).chars() {
        match letter {
            '"' | '\\' => string.extend(['\\', letter]),
            '\0'..=' ' | '\x7f' if letter != ' ' => string += &format!("\\u{:04x}", u32::from(letter)),
            _ => string.push(letter),
        }
    }
    string + "\""
}

/// Returns a second of Unix time as RFC 3339 has it, in UTC, or `None` for one that it cannot express.
fn time(second: i64) -> Option<String> {
    if !(0..=LAST_SECOND).contains(&second) {
        return None;
    }
    let (mut day, second) = (second / 86_400, second % 86_400);
    let is_leap = |year: i64| year % 4 == 0 && year % 100 != 0 || year % 400 == 0;
    let mut year = 1970;
    while day >= 365 + i64::from(is_leap(year)) {
        day -= 365 + i64::from(is_leap(year));
        year += 1;
    }
    let mut month = 1;
    for length in [31, 28 + i64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    let (hour, minute) = (second / 3600, second / 60 % 60);
    Some(format!("{year:04}-{month:02}-{:02}T{hour:02}:{minute:02}:{:02}Z", day + 1, second % 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    const UP: &[u8] = include_bytes!("../../fixtures/records/up-paused.bin");
    const S6: &[u8] = include_bytes!("../../fixtures/records/s6-up.bin");

    #[test]
    fn a_supervise_runs_if_ok_has_a_reader_or_control_of_s6() {
        let supervised =
            |ok, control, record| decide(ok, control, record, true).map(|look| (look.is_supervised, look.is_up()));
        assert_eq!(supervised(Some(true), true, UP), Some((true, true)));
        assert_eq!(supervised(Some(false), true, UP), Some((false, false)));
        assert_eq!(supervised(None, true, UP), Some((false, false)));
        assert_eq!(supervised(None, true, S6), Some((true, true)));
        assert_eq!(supervised(None, false, S6), Some((false, false)));
        assert_eq!(supervised(Some(true), true, b"short"), None);
        assert_eq!(supervised(None, false, b""), Some((false, false)));
    }

    /// As `date -u -d @SECOND` prints them.
    #[test]
    fn times_are_those_of_the_calendar() {
        for (second, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (1_795_569_357, "2026-11-25T01:15:57Z"),
            (LAST_SECOND, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(time(second).as_deref(), Some(expected));
        }
        assert_eq!((time(-1), time(LAST_SECOND + 1)), (None, None));
    }

    #[test]
    fn any_name_is_a_string() {
        assert_eq!(string("a \"\\\n\t\u{7f}\u{fc}/".as_bytes()), "\"a \\\"\\\\\\u000a\\u0009\\u007f\u{fc}/\"");
        assert_eq!(string(b"\xff\xfe"), "\"\u{fffd}\u{fffd}\"");
    }
}
