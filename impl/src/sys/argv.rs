//! The entry of the process and its arguments, in the very memory where the kernel put them.
//!
//! The Rust runtime's own entry is not used: it would ignore SIGPIPE before `main`, and what supervise hands on to
//! `./run` must be what supervise was given.

use nix::libc;
use std::ffi::{CStr, OsStr, c_char};
use std::os::unix::ffi::OsStrExt;

/// The argument vector of this process, from some element on.
#[derive(Debug)]
pub(crate) struct Args(&'static [*mut c_char]);

#[cfg(not(test))]
#[unsafe(no_mangle)]
unsafe extern "C" fn main(count: std::ffi::c_int, vector: *const *mut c_char) -> std::ffi::c_int {
    let count = usize::try_from(count).unwrap_or(0);
    // SAFETY: the C runtime passes `count` pointers at `vector`, which live and stay in place until the process ends.
    let vector = unsafe { std::slice::from_raw_parts(vector, count) };
    crate::run(Args(vector)).into()
}

/// The name of the file that was executed, as its caller gave it. A caller may pass another name as first argument.
pub(crate) fn file() -> Option<&'static OsStr> {
    // SAFETY: getauxval only reads what the kernel left for this process.
    let name = unsafe { libc::getauxval(libc::AT_EXECFN) } as *const c_char;
    // SAFETY: the kernel puts a string there that lives as long as the process.
    (!name.is_null()).then(|| OsStr::from_bytes(unsafe { CStr::from_ptr(name) }.to_bytes()))
}

impl Args {
    /// The arguments as bytes. The first is the name that the program was called by, if its caller passed one.
    pub(crate) fn all(&self) -> Vec<&OsStr> {
        self.0
            .iter()
            // SAFETY: each element is a string of C that nobody changes while `self` is borrowed: `into_last` takes it.
            .map(|&argument| unsafe { CStr::from_ptr(argument) })
            .map(|argument| OsStr::from_bytes(argument.to_bytes()))
            .collect()
    }

    /// The same without the first.
    pub(crate) fn shift(self) -> Args {
        Args(self.0.get(1..).unwrap_or_default())
    }

    /// The memory of the last argument without its final NUL: what `ps` shows. `None` where there is only a name.
    pub(crate) fn into_last(self) -> Option<&'static mut [u8]> {
        let [_, .., last] = *self.0 else { return None };
        // SAFETY: as in `all`.
        let length = unsafe { CStr::from_ptr(last) }.to_bytes().len();
        // SAFETY: the kernel maps the strings of argv writable; `self` is gone, so no other reference to it is left.
        Some(unsafe { std::slice::from_raw_parts_mut(last.cast(), length) })
    }
}
