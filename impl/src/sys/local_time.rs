//! Local time, in the zone that TZ or /etc/localtime names.

use nix::libc;

/// A moment of local time, in the numbers of a calendar: months and days count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LocalTime {
    pub(crate) year: i64,
    pub(crate) month: u8,
    pub(crate) day: u8,
    pub(crate) hour: u8,
    pub(crate) minute: u8,
    pub(crate) second: u8,
}

/// Returns the local time `seconds` after the Unix epoch, or `None` if its year does not fit the C library's `tm`.
pub(crate) fn local_time(seconds: i64) -> Option<LocalTime> {
    // SAFETY: All fields of `tm` are integers or a pointer, and may be 0.
    let mut broken_down: libc::tm = unsafe { std::mem::zeroed() };
    // SAFETY: localtime_r(3) reads the number and fills in `tm`. It reads TZ, which nothing in the process changes.
    let result = unsafe { libc::localtime_r(&raw const seconds, &raw mut broken_down) };
    if result.is_null() {
        return None;
    }
    let small = |number: i32| u8::try_from(number).ok();
    Some(LocalTime {
        year: i64::from(broken_down.tm_year) + 1900,
        month: small(broken_down.tm_mon + 1)?,
        day: small(broken_down.tm_mday)?,
        hour: small(broken_down.tm_hour)?,
        minute: small(broken_down.tm_min)?,
        second: small(broken_down.tm_sec)?,
    })
}
