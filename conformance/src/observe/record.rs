//! The status record, decoded independently of any implementation (SUP-20).

use std::fmt;
use std::path::Path;

/// The 18 bytes of `supervise/status`.
///
/// | bytes | contents |
/// |---|---|
/// | 0 to 7 | seconds as a TAI64 label, big-endian |
/// | 8 to 11 | nanoseconds, big-endian |
/// | 12 to 15 | pid, little-endian; 0 when the service is down |
/// | 16 | 1 if the service is paused, or 0 |
/// | 17 | what is wanted: `u`, `d` or 0 |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record {
    /// The bytes in the order of the file.
    pub(crate) bytes: [u8; 18],
}

/// The seconds of the stamp at 1970-01-01 00:00:00 UTC: 2^62 + 10.
const EPOCH: u64 = 4_611_686_018_427_387_914;

impl Record {
    /// Reads the record of the service in `directory`. Returns `None` unless there is a file of exactly 18 bytes.
    pub(crate) fn read(directory: &Path) -> Option<Record> {
        let bytes = std::fs::read(directory.join("supervise/status")).ok()?;
        Some(Record { bytes: bytes.try_into().ok()? })
    }

    /// Returns a record whose stamp is `age` seconds old.
    pub(crate) fn made(age: i64, pid: u32, paused: u8, want: u8) -> Record {
        let now = nix::time::clock_gettime(nix::time::ClockId::CLOCK_REALTIME).map_or(0, |time| time.tv_sec());
        Record::labelled(EPOCH.wrapping_add_signed(now - age), 0, pid, paused, want)
    }

    /// Returns a record with any label in its stamp.
    pub(crate) fn labelled(seconds: u64, nanoseconds: u32, pid: u32, paused: u8, want: u8) -> Record {
        let mut bytes = Vec::with_capacity(18);
        bytes.extend(seconds.to_be_bytes());
        bytes.extend(nanoseconds.to_be_bytes());
        bytes.extend(pid.to_le_bytes());
        bytes.extend([paused, want]);
        Record { bytes: bytes.try_into().unwrap_or_default() }
    }

    /// Returns the time stamp, bytes 0 to 11.
    pub(crate) fn stamp(&self) -> &[u8] {
        &self.bytes[..12]
    }

    /// Returns the stamp in seconds of Unix time.
    pub(crate) fn unix_seconds(&self) -> i64 {
        let [a, b, c, d, e, f, g, h, ..] = self.bytes;
        u64::from_be_bytes([a, b, c, d, e, f, g, h]).wrapping_sub(EPOCH).cast_signed()
    }

    /// Returns the nanoseconds of the stamp.
    pub(crate) fn nanoseconds(&self) -> u32 {
        let [.., a, b, c, d, _, _, _, _, _, _] = self.bytes;
        u32::from_be_bytes([a, b, c, d])
    }

    /// Returns the pid, 0 when the service is down.
    pub(crate) fn pid(&self) -> i32 {
        let [.., a, b, c, d, _, _] = self.bytes;
        i32::from_le_bytes([a, b, c, d])
    }

    /// Returns whether the service is up.
    pub(crate) fn is_up(&self) -> bool {
        self.pid() != 0
    }

    /// Returns byte 16.
    pub(crate) fn paused(&self) -> u8 {
        self.bytes[16]
    }

    /// Returns byte 17: `u`, `d`, or its number.
    pub(crate) fn want(&self) -> String {
        match self.bytes[17] {
            byte @ (b'u' | b'd') => char::from(byte).to_string(),
            byte => byte.to_string(),
        }
    }

    /// Returns bytes 12 to 17 in words, such as `up, paused 0, want u`, without the number of the pid.
    pub(crate) fn state(&self) -> String {
        let up = if self.is_up() { "up" } else { "down" };
        format!("{up}, paused {}, want {}", self.paused(), self.want())
    }
}

impl fmt::Display for Record {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "pid {}, paused {}, want {}", self.pid(), self.paused(), self.want())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// fixtures/records/README.md says where these come from.
    #[test]
    fn records_of_the_original_are_decoded() {
        let record = Record { bytes: *include_bytes!("../../fixtures/records/up-paused.bin") };
        assert_eq!(record.to_string(), "pid 2767, paused 1, want u");
        let record = Record { bytes: *include_bytes!("../../fixtures/records/down-want-down.bin") };
        assert_eq!((record.state().as_str(), record.nanoseconds() % 1000), ("down, paused 0, want d", 500));
    }

    #[test]
    fn a_labelled_record_is_decoded_into_its_parts() {
        let record = Record::labelled(EPOCH + 7, 5, 70_000, 1, b'x');
        assert_eq!((record.unix_seconds(), record.nanoseconds(), record.pid()), (7, 5, 70_000));
        assert_eq!((record.paused(), record.want().as_str()), (1, "120"));
    }
}
