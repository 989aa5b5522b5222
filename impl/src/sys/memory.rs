//! Searching memory, and how much of it costs nothing.

use nix::libc;

/// A size that the C library maps by itself: more than M_MMAP_THRESHOLD, and more than the heap has at first. Its pages cost
/// no memory until they are written. Smaller ones come from the heap, and calloc(3) writes zeros to them.
pub(crate) const UNTOUCHED: usize = 256 << 10;

/// Returns the index of the first `byte` in `bytes`. The C library's memchr is several times as fast as a loop.
pub(crate) fn find(byte: u8, bytes: &[u8]) -> Option<usize> {
    // SAFETY: memchr(3) reads at most `bytes.len()` bytes from `bytes`.
    let found = unsafe { libc::memchr(bytes.as_ptr().cast(), byte.into(), bytes.len()) };
    if found.is_null() {
        return None;
    }
    Some(found as usize - bytes.as_ptr() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_several_is_found() {
        assert_eq!(find(b'b', b"abcb"), Some(1));
        assert_eq!(find(b'x', b"abcb"), None);
        assert_eq!(find(b'x', b""), None);
    }
}
