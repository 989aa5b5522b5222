//! The original's words for error numbers (ERR-01). They are not those of strerror(3), and do not depend on a locale.

use crate::sys::errno::{self, Errno};
use std::io;

/// Returns the words for `error`.
#[expect(clippy::wildcard_enum_match_arm, reason = "the original has one text for every other number")]
pub(super) fn error_str(error: &io::Error) -> &'static str {
    match errno::of(error) {
        Errno::EPERM => "permission denied",
        Errno::ENOENT => "file does not exist",
        Errno::ESRCH => "no such process",
        Errno::EINTR => "interrupted system call",
        Errno::EIO => "input/output error",
        Errno::ENXIO => "device not configured",
        Errno::E2BIG => "argument list too long",
        Errno::ENOEXEC => "exec format error",
        Errno::EBADF => "file descriptor not open",
        Errno::ECHILD => "no child processes",
        Errno::EAGAIN => "temporary failure",
        Errno::ENOMEM => "out of memory",
        Errno::EACCES => "access denied",
        Errno::EFAULT => "bad address",
        Errno::ENOTBLK => "not a block device",
        Errno::EBUSY => "device busy",
        Errno::EEXIST => "file already exists",
        Errno::EXDEV => "cross-device link",
        Errno::ENODEV => "device does not support operation",
        Errno::ENOTDIR => "not a directory",
        Errno::EISDIR => "is a directory",
        Errno::EINVAL => "invalid argument",
        Errno::ENFILE => "system cannot open more files",
        Errno::EMFILE => "process cannot open more files",
        Errno::ENOTTY => "not a tty",
        Errno::ETXTBSY => "text busy",
        Errno::EFBIG => "file too big",
        Errno::ENOSPC => "out of disk space",
        Errno::ESPIPE => "unseekable descriptor",
        Errno::EROFS => "read-only file system",
        Errno::EMLINK => "too many links",
        Errno::EPIPE => "broken pipe",
        Errno::EDOM => "input out of range",
        Errno::ERANGE => "output out of range",
        Errno::EDEADLK => "operation would cause deadlock",
        Errno::ENAMETOOLONG => "file name too long",
        Errno::ENOLCK => "no locks available",
        Errno::ENOSYS => "system call not available",
        Errno::ENOTEMPTY => "directory not empty",
        Errno::ELOOP => "symbolic link loop",
        Errno::ENOMSG => "no message of desired type",
        Errno::EIDRM => "identifier removed",
        Errno::ENOSTR => "not a stream device",
        Errno::ETIME => "timer expired",
        Errno::ENOSR => "out of stream resources",
        Errno::ENONET => "machine not on network",
        Errno::EREMOTE => "too many levels of remote in path",
        Errno::ENOLINK => "link severed",
        Errno::EADV => "advertise error",
        Errno::ESRMNT => "srmount error",
        Errno::ECOMM => "communication error",
        Errno::EPROTO => "protocol error",
        Errno::EMULTIHOP => "multihop attempted",
        Errno::EBADMSG => "bad message type",
        Errno::EREMCHG => "remote address changed",
        Errno::EUSERS => "too many users",
        Errno::ENOTSOCK => "not a socket",
        Errno::EDESTADDRREQ => "destination address required",
        Errno::EMSGSIZE => "message too long",
        Errno::EPROTOTYPE => "incorrect protocol type",
        Errno::ENOPROTOOPT => "protocol not available",
        Errno::EPROTONOSUPPORT => "protocol not supported",
        Errno::ESOCKTNOSUPPORT => "socket type not supported",
        Errno::EOPNOTSUPP => "operation not supported",
        Errno::EPFNOSUPPORT => "protocol family not supported",
        Errno::EAFNOSUPPORT => "address family not supported",
        Errno::EADDRINUSE => "address already used",
        Errno::EADDRNOTAVAIL => "address not available",
        Errno::ENETDOWN => "network down",
        Errno::ENETUNREACH => "network unreachable",
        Errno::ENETRESET => "network reset",
        Errno::ECONNABORTED => "connection aborted",
        Errno::ECONNRESET => "connection reset",
        Errno::ENOBUFS => "out of buffer space",
        Errno::EISCONN => "already connected",
        Errno::ENOTCONN => "not connected",
        Errno::ESHUTDOWN => "socket shut down",
        Errno::ETOOMANYREFS => "too many references",
        Errno::ETIMEDOUT => "timed out",
        Errno::ECONNREFUSED => "connection refused",
        Errno::EHOSTDOWN => "host down",
        Errno::EHOSTUNREACH => "host unreachable",
        Errno::EALREADY => "operation already in progress",
        Errno::EINPROGRESS => "operation in progress",
        Errno::ESTALE => "stale NFS file handle",
        Errno::EDQUOT => "disk quota exceeded",
        _ => "unknown error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(number: i32) -> &'static str {
        error_str(&io::Error::from_raw_os_error(number))
    }

    /// Intuition swaps these two.
    #[test]
    fn eperm_is_permission_and_eacces_is_access() {
        assert_eq!(words(1), "permission denied");
        assert_eq!(words(13), "access denied");
    }

    /// The numbers below 134 for which the installed original prints `unknown error`.
    #[test]
    fn the_numbers_that_the_original_does_not_know_are_unknown() {
        let unknown: Vec<i32> = (1..134).filter(|&number| words(number) == "unknown error").collect();
        let expected: Vec<i32> = [41]
            .into_iter()
            .chain(44..=59)
            .chain([61, 65, 73, 75, 76, 77])
            .chain(79..=86)
            .chain(117..=121)
            .chain(123..=133)
            .collect();
        assert_eq!(unknown, expected);
    }

    #[test]
    fn an_error_without_a_number_is_unknown() {
        assert_eq!(error_str(&io::Error::other("no number")), "unknown error");
    }
}
