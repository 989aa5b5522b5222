//! Where a report goes: standard output, or a file that is replaced in one step.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Where a report goes.
#[derive(Debug)]
pub(crate) struct Output {
    name: String,
    stream: Stream,
}

#[derive(Debug)]
enum Stream {
    Stdout,
    /// A FIFO, a terminal or /dev/null, which cannot be replaced.
    Special(File),
    /// The new content of a file, and the file.
    New(NamedTempFile, PathBuf),
}

impl Output {
    /// Opens the file `path`, or standard output. Done before a long run, so that a bad name fails first.
    ///
    /// A regular file keeps its content until the report is complete, which may be compared with it.
    ///
    /// # Errors
    /// In words, with the name of the file.
    pub(crate) fn open(path: Option<&Path>) -> Result<Output, String> {
        let Some(path) = path else {
            return Ok(Output { name: "standard output".to_owned(), stream: Stream::Stdout });
        };
        let name = path.display().to_string();
        let stream = open(path).map_err(|error| format!("{name}: {error}"))?;
        Ok(Output { name, stream })
    }

    /// Writes the report. A reader that closed its pipe early is not an error.
    ///
    /// # Errors
    /// If the file or standard output cannot be written, with its name.
    pub(crate) fn write(self, bytes: &[u8]) -> io::Result<()> {
        let written = match self.stream {
            Stream::Stdout => ignore_closed_pipe(io::stdout().write_all(bytes)),
            Stream::Special(mut file) => ignore_closed_pipe(file.write_all(bytes)),
            Stream::New(file, path) => write_new(file, &path, bytes),
        };
        written.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", self.name)))
    }
}

fn open(path: &Path) -> io::Result<Stream> {
    // A link stays a link, and what it leads to is replaced.
    let real = if path.exists() { path.canonicalize()? } else { path.to_owned() };
    let mode = match fs::metadata(&real) {
        Ok(found) if !found.is_file() => return Ok(Stream::Special(OpenOptions::new().write(true).open(&real)?)),
        Ok(found) => {
            // Fails if this process may not write to the file, which it otherwise could replace nevertheless.
            OpenOptions::new().write(true).open(&real)?;
            found.permissions().mode()
        }
        Err(_) => 0o666,
    };
    let directory = real.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let new = tempfile::Builder::new()
        .prefix(".svconform-")
        .permissions(Permissions::from_mode(mode & 0o666))
        .tempfile_in(directory)
        .map_err(|error| io::Error::from(error.kind()))?;
    Ok(Stream::New(new, real))
}

/// Replaces `path` by `new`, which gets the content `bytes`.
pub(crate) fn write_new(mut new: NamedTempFile, path: &Path, bytes: &[u8]) -> io::Result<()> {
    new.write_all(bytes)?;
    new.persist(path).map(drop).map_err(|error| error.error)
}

/// EPIPE: the reader closed the pipe early (`svconform list | head`), so exit quietly.
pub(crate) fn ignore_closed_pipe(written: io::Result<()>) -> io::Result<()> {
    written.or_else(|error| if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_keeps_its_content_until_the_report_is_there() {
        let directory = tempfile::tempdir().unwrap();
        let (path, link) = (directory.path().join("report"), directory.path().join("link"));
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink("report", &link).unwrap();
        drop(Output::open(Some(&link)).unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        let output = Output::open(Some(&link)).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        output.write(b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert!(link.is_symlink());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        // The two names, and no temporary file.
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_device_is_written_to_and_a_bad_name_is_an_error() {
        Output::open(Some(Path::new("/dev/null"))).unwrap().write(b"report").unwrap();
        assert!(fs::metadata("/dev/null").is_ok_and(|null| !null.is_file()));
        let error = Output::open(Some(Path::new("/no/such/file"))).unwrap_err();
        assert_eq!(error, "/no/such/file: entity not found");
    }
}
