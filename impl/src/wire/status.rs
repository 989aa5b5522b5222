//! The status record: the 18 bytes that supervise writes and svstat reads (SUP-20).

use super::tai::Tai64n;

/// How long a record is. What follows in the file is ignored (STAT-07).
pub(crate) const LENGTH: usize = 18;

/// What supervise is to do when the service is down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    /// Start it.
    Up,
    /// Leave it.
    Down,
    /// Leave it too, but it was asked to run until now: after `o`. Nothing is said of it.
    Once,
}

/// What a record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Status {
    /// When the service was started, was found dead, or supervise was started, whichever was last.
    pub(crate) since: Tai64n,
    /// The process, 0 when the service is down.
    pub(crate) pid: u32,
    /// Whether it was told to stop.
    pub(crate) paused: bool,
    /// What is wanted.
    pub(crate) want: Want,
}

impl Status {
    /// Bytes 0 to 11: the label. 12 to 15: the pid, little-endian. 16: 1 if paused. 17: `u`, `d` or 0.
    pub(crate) fn to_bytes(self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        bytes[..12].copy_from_slice(&self.since.to_bytes());
        bytes[12..16].copy_from_slice(&self.pid.to_le_bytes());
        bytes[16] = self.paused.into();
        bytes[17] = match self.want {
            Want::Up => b'u',
            Want::Down => b'd',
            Want::Once => 0,
        };
        bytes
    }

    /// Reads any 18 bytes: byte 16 is yes unless it is 0, and a byte 17 that is neither `u` nor `d` says nothing (STAT-01).
    pub(crate) fn from_bytes(bytes: [u8; LENGTH]) -> Status {
        let [label @ .., p, q, r, s, paused, want] = bytes;
        Status {
            since: Tai64n::from_bytes(label),
            pid: u32::from_le_bytes([p, q, r, s]),
            paused: paused != 0,
            want: match want {
                b'u' => Want::Up,
                b'd' => Want::Down,
                _ => Want::Once,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Records that the original wrote, with what its svstat and ps said then: see fixtures/records.
    #[test]
    fn records_of_the_original_are_read_and_written_the_same() {
        let records = [
            (*include_bytes!("../../fixtures/records/up-paused.bin"), (2767, true, Want::Up)),
            (*include_bytes!("../../fixtures/records/down-want-down.bin"), (0, false, Want::Down)),
        ];
        for (record, said) in records {
            let status = Status::from_bytes(record);
            assert_eq!((status.pid, status.paused, status.want), said);
            assert_eq!(status.to_bytes(), record);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(label: [u8; 12], pid: u32, paused: bool, want in 0..3) {
            let status = Status {
                since: Tai64n::from_bytes(label),
                pid,
                paused,
                want: [Want::Up, Want::Down, Want::Once][want as usize],
            };
            prop_assert_eq!(Status::from_bytes(status.to_bytes()), status);
        }

        #[test]
        fn any_bytes_are_a_record(bytes: [u8; LENGTH]) {
            let status = Status::from_bytes(bytes);
            prop_assert_eq!(Status::from_bytes(status.to_bytes()), status);
        }
    }
}
