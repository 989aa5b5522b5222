//! The C entry point of the process, and its arguments in the memory where the kernel put them.
//!
//! The Rust runtime's entry point is not used: it ignores SIGPIPE before it calls `main`, and `./run` must inherit the
//! disposition that supervise inherited.

use nix::libc;
use std::ffi::{CStr, OsStr, c_char, c_int};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Defines the C function `main`, which passes its arguments to `$run` and returns the exit code of `$run`.
///
/// This is a macro because `sys` cannot import the crate's `run`.
macro_rules! entry {
    ($run:path) => {
        #[expect(unsafe_code, reason = "the C runtime calls it")]
        #[cfg_attr(not(test), unsafe(no_mangle))]
        unsafe extern "C" fn main(
            count: ::std::ffi::c_int,
            vector: *const *mut ::std::ffi::c_char,
        ) -> ::std::ffi::c_int {
            // SAFETY: The C runtime calls `main` once, with the argument vector that the kernel made for this process.
            let args = unsafe { $crate::sys::argv::Args::new(count, vector) };
            $run(args).into()
        }
    };
}
pub(crate) use entry;

/// The argument vector of this process, from some argument on.
#[derive(Debug)]
pub(crate) struct Args(&'static [*mut c_char]);

impl Args {
    /// Takes the argument vector as the C function `main` receives it.
    ///
    /// # Safety
    /// `vector` must point to `count` pointers to NUL-terminated strings. Vector and strings must stay in place until
    /// the process ends, the strings must be writable, and nothing else may refer to them.
    pub(crate) unsafe fn new(count: c_int, vector: *const *mut c_char) -> Args {
        let count = usize::try_from(count).unwrap_or(0);
        // SAFETY: The caller vouches for `count` pointers at `vector` that stay in place.
        Args(unsafe { std::slice::from_raw_parts(vector, count) })
    }

    /// Returns the arguments. The first is the name the program was called by, if the caller of execve passed one.
    pub(crate) fn all(&self) -> Vec<&OsStr> {
        self.0
            .iter()
            // SAFETY: Each element is a NUL-terminated string. `into_last`, which lets it be changed, takes `self`, so
            // the string stays as it is while `self` is borrowed.
            .map(|&argument| unsafe { CStr::from_ptr(argument) })
            .map(|argument| OsStr::from_bytes(argument.to_bytes()))
            .collect()
    }

    /// Drops the first argument.
    pub(crate) fn shift(self) -> Args {
        Args(self.0.get(1..).unwrap_or_default())
    }

    /// Returns the memory of the last argument, which `ps` shows, without its final NUL. Returns `None` if there is no
    /// argument after the name of the program.
    pub(crate) fn into_last(self) -> Option<&'static mut [u8]> {
        let [_, .., last] = *self.0 else { return None };
        // SAFETY: `last` is a NUL-terminated string that stays in place.
        let length = unsafe { CStr::from_ptr(last) }.to_bytes().len();
        // SAFETY: The string is writable until the process ends, and `self`, the only way to it, is consumed.
        Some(unsafe { std::slice::from_raw_parts_mut(last.cast(), length) })
    }
}

/// Returns the path of the executable as it was passed to execve. The name in the arguments may be any other.
pub(crate) fn executable() -> Option<&'static Path> {
    // SAFETY: getauxval only reads the auxiliary vector.
    let name = unsafe { libc::getauxval(libc::AT_EXECFN) } as *const c_char;
    // SAFETY: The kernel puts a NUL-terminated string there, which stays in place until the process ends.
    (!name.is_null()).then(|| Path::new(OsStr::from_bytes(unsafe { CStr::from_ptr(name) }.to_bytes())))
}
