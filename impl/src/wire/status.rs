//! The status record: the 18 bytes that supervise writes and svstat reads (SUP-20), and those of other supervisors.

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

/// The length of runit's record: that of the original, then a byte that is 1 after a TERM from `sv`, then the state, 0 for
/// down, 1 for run and 2 for finish (runit 2.1.2, `update_status` in runsv.c). daemontools-encore's has the same length, with
/// its own state and a 0 at the end, or 40 if the same for its log follows (`make_status` in supervise.c).
const RUNIT_LENGTH: usize = 20;
/// The state of runit in which the process in the record is `./finish`.
const RUNIT_FINISH: u8 = 2;
/// The seconds by which a label of s6 is ahead of one of the original: skalibs counts the leap seconds, 27 since 2017.
const S6_LEAP_SECONDS: u64 = 27;
/// The flags of s6.
const S6_PAUSED: u8 = 1;
const S6_FINISHING: u8 = 2;
const S6_WANT_UP: u8 = 4;

/// Decodes a record of daemontools, daemontools-encore, runit or s6, by its length. The service is up if the supervisor's own
/// status command says so: neither runit nor s6 does while `./finish` runs. Returns `None` if it is too short.
pub(crate) fn decode(record: &[u8]) -> Option<Status> {
    if is_of_s6(record.len()) {
        return s6(record);
    }
    let status = Status::from_bytes(*record.first_chunk()?);
    let is_finishing = record.len() == RUNIT_LENGTH && record.last() == Some(&RUNIT_FINISH);
    Some(if is_finishing { Status { pid: 0, ..status } } else { status })
}

/// Returns whether records of s6 have this length: 35 bytes up to 2.11, and 43 since.
pub(crate) fn is_of_s6(length: usize) -> bool {
    [35, 43].contains(&length)
}

/// Decodes a record of s6: two labels of 12 bytes, the process ID in 8 bytes, big-endian, since 2.12 the process group in
/// another 8, the wait status in 2, and the flags (`s6_svstatus_unpack.c`).
fn s6(record: &[u8]) -> Option<Status> {
    let flags = *record.last()?;
    let pid = u64::from_be_bytes(*record.get(24..)?.first_chunk()?);
    Some(Status {
        since: Tai64n::from_bytes(*record.first_chunk()?).minus(S6_LEAP_SECONDS),
        pid: if flags & S6_FINISHING == 0 { u32::try_from(pid).ok()? } else { 0 },
        paused: flags & S6_PAUSED != 0,
        want: if flags & S6_WANT_UP == 0 { Want::Down } else { Want::Up },
    })
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

    /// Records that runit and s6 wrote: see fixtures/records. All are of the second 1795569357 or one of the next three.
    #[test]
    fn records_of_other_supervisors_are_decoded() {
        macro_rules! record {
            ($name:literal) => {
                decode(include_bytes!(concat!("../../fixtures/records/", $name, ".bin")))
                    .map(|status| (status.since.unix_second() - 1_795_569_357, status.pid, status.paused, status.want))
            };
        }
        assert_eq!(record!("runit-up"), Some((0, 25934, false, Want::Up)));
        assert_eq!(record!("runit-paused"), Some((0, 25934, true, Want::Up)));
        assert_eq!(record!("runit-finishing"), Some((0, 0, false, Want::Down)));
        assert_eq!(record!("runit-down"), Some((2, 0, false, Want::Down)));
        assert_eq!(record!("s6-up"), Some((0, 25921, false, Want::Up)));
        assert_eq!(record!("s6-paused"), Some((0, 25921, true, Want::Up)));
        assert_eq!(record!("s6-finishing"), Some((0, 0, false, Want::Down)));
        assert_eq!(record!("s6-down"), Some((0, 0, false, Want::Down)));
    }

    /// The layouts of daemontools-encore 1.10 and s6 2.12, of which no record is at hand.
    #[test]
    fn longer_records_are_decoded() {
        let main = *include_bytes!("../../fixtures/records/up-paused.bin");
        for rest in [&[3][..], &[3, 0], &[&[3, 0][..], &main, &[3, 0]].concat()] {
            assert_eq!(decode(&[&main[..], rest].concat()), decode(&main));
        }
        let s6 = include_bytes!("../../fixtures/records/s6-up.bin");
        assert_eq!(decode(&[&s6[..32], &s6[24..]].concat()), decode(s6));
        assert_eq!(decode(&main[..17]), None);
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
