//! The status record: the 18 bytes that supervise writes and svstat reads (SUP-20).

use super::tai::Tai64n;

/// The length of a record. Readers ignore what follows it in the file (STAT-07).
pub(crate) const LENGTH: usize = 18;

/// What supervise does when the service is down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    /// Starts it.
    Up,
    /// Leaves it down.
    Down,
    /// Leaves it down after one run (`o`). svstat prints no "want".
    Once,
}

/// The contents of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Status {
    /// When the service was last started or its exit noticed, or when supervise was started, if that was later.
    pub(crate) since: Tai64n,
    /// The process ID of `./run`; 0 if the service is down.
    pub(crate) pid: u32,
    /// Whether `p` was the last command of `p`, `c` and `d` since the start.
    pub(crate) paused: bool,
    /// What supervise does once the service is down.
    pub(crate) want: Want,
}

impl Status {
    /// Encodes the record. Bytes 0 to 11: the label. 12 to 15: the process ID, little-endian. 16: 1 if paused.
    /// 17: `u`, `d` or 0.
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

    /// Decodes a record. Any 18 bytes are one: byte 16 means paused unless it is 0, and byte 17 means [`Want::Once`]
    /// unless it is `u` or `d` (STAT-01).
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

    /// Records that the original wrote, with what its svstat and ps printed then: see fixtures/records.
    #[test]
    fn records_of_the_original_are_decoded_and_encoded_again() {
        let records = [
            (*include_bytes!("../../fixtures/records/up-paused.bin"), (2767, true, Want::Up)),
            (*include_bytes!("../../fixtures/records/down-want-down.bin"), (0, false, Want::Down)),
        ];
        for (record, expected) in records {
            let status = Status::from_bytes(record);
            assert_eq!((status.pid, status.paused, status.want), expected);
            assert_eq!(status.to_bytes(), record);
        }
    }

    proptest! {
        #[test]
        fn an_encoded_record_is_decoded_again(label: [u8; 12], pid: u32, paused: bool, want in 0..3) {
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
