//! The record in `supervise/status`.
//!
//! `supervise` is entered for each record, by descriptor and not by name: whoever may write to the directory that it is in could
//! put a link in its place.

use crate::program::{Program, parts, reason};
use crate::sys::directory::WorkingDirectory;
use crate::sys::open;
use crate::wire::files::{self, within};
use crate::wire::status::{self, Status};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::time::Duration;

pub(crate) const SUPERVISE: Program = Program("supervise");
/// How long a record that could not be written waits for the next attempt.
pub(crate) const RETRY: Duration = Duration::from_secs(1);

/// Writes records.
#[derive(Debug)]
pub(crate) struct Writer {
    /// The name of the service, for warnings.
    name: OsString,
    /// `supervise`, where each of the functions below leaves the process.
    directory: WorkingDirectory,
    /// A file with the length of a record, but without a name, for a record that has to be written while the disk is full.
    /// `None` if there is no room for it, or if the file system cannot do that.
    spare: Option<File>,
    /// Whether the last record could not be written.
    is_behind: bool,
}

/// What failed, to what, and why.
type Trouble = (&'static str, &'static str, &'static str);

impl Writer {
    /// Returns a writer of records in the current directory.
    pub(crate) fn new(name: OsString) -> io::Result<Writer> {
        Ok(Writer { name, directory: WorkingDirectory::hold()?, spare: None, is_behind: false })
    }

    /// Returns whether the file has another record than the last one.
    pub(crate) fn is_behind(&self) -> bool {
        self.is_behind
    }

    /// Writes a new record and renames it over the old one, so that no reader sees a partial record (SUP-28). Failure is a
    /// warning, and the spare file then takes the record. If there is none, the old record stays until [`Writer::retry`].
    pub(crate) fn announce(&mut self, status: Status) {
        let result = self.write(status);
        if let Err((action, file, why)) = result {
            SUPERVISE.warn_because(parts!(action, &self.name, file), why);
        }
        self.settle(status, result.is_ok());
    }

    /// Tries to write the last record again, without another warning.
    pub(crate) fn retry(&mut self, status: Status) {
        let is_written = self.write(status).is_ok();
        self.settle(status, is_written);
    }

    fn settle(&mut self, status: Status, is_written: bool) {
        self.is_behind = !is_written && self.spare.take().is_none_or(|spare| self.use_spare(&spare, status).is_err());
        if self.spare.is_none() && !self.is_behind {
            self.spare = make_spare().ok();
        }
    }

    fn write(&self, status: Status) -> Result<(), Trouble> {
        let trouble = |action, file| move |error| (action, file, reason(&error));
        let open = || self.directory.enter().and_then(|()| open::replace(within(files::STATUS_NEW)));
        let record = open().map_err(trouble("unable to open ", "/supervise/status.new"))?;
        match record.write_at(&status.to_bytes(), 0).map_err(trouble("unable to write ", "/supervise/status.new"))? {
            status::LENGTH => rename().map_err(trouble("unable to rename ", "/supervise/status.new to status")),
            _ => Err(("unable to write ", "/supervise/status.new", "partial write")),
        }
    }

    /// Writes the record over the spare file, which takes no room, and puts it in the place of the old record.
    fn use_spare(&self, spare: &File, status: Status) -> io::Result<()> {
        spare.write_all_at(&status.to_bytes(), 0)?;
        self.directory.enter()?;
        match fs::remove_file(within(files::STATUS_NEW)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => open::name(spare, within(files::STATUS_NEW))?,
        }
        rename()
    }
}

fn rename() -> io::Result<()> {
    fs::rename(within(files::STATUS_NEW), within(files::STATUS))
}

/// Makes a file whose 18 bytes can be overwritten on a full disk.
fn make_spare() -> io::Result<File> {
    let spare = open::nameless()?;
    spare.write_all_at(&[0; status::LENGTH], 0)?;
    Ok(spare)
}
