//! The allocator of all commands: that of the C library, and what happens when it has no memory left. The runtime of Rust
//! would end the process by SIGABRT.

use super::{ready, stdio};
use nix::libc;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long a program that waits for memory pauses before it tries again.
const PAUSE: Duration = Duration::from_secs(1);

/// What a program does when there is no memory left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shortage {
    /// It prints `PROG: fatal: out of memory` and exits 111.
    Fatal,
    /// It prints `PROG: warning: out of memory, pausing` once, and tries until there is some.
    Pause,
}

/// The program that runs, and what it does.
static PROGRAM: OnceLock<(&str, Shortage)> = OnceLock::new();

/// Decides what happens from now on when there is no memory left. Until then the process exits 111 without a message.
pub(crate) fn at_shortage(program: &'static str, shortage: Shortage) {
    let _ = PROGRAM.set((program, shortage));
}

#[derive(Debug)]
struct Allocator;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

// SAFETY: Each method returns what the same method of `System` returned, which keeps the contract, and never null.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: The caller vouches for `layout`.
        insist(|| unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: The caller vouches for `layout`.
        insist(|| unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: The caller vouches for all three. A failure leaves `memory` as it is, so it can be tried again.
        insist(|| unsafe { System.realloc(memory, layout, size) })
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: `memory` came from `System` with this layout, for which the caller vouches.
        unsafe { System.dealloc(memory, layout) }
    }
}

/// Returns memory, or ends the process. Nothing here allocates.
fn insist(allocate: impl Fn() -> *mut u8) -> *mut u8 {
    static IS_REPORTED: AtomicBool = AtomicBool::new(false);
    loop {
        let memory = allocate();
        if !memory.is_null() {
            return memory;
        }
        let &(program, shortage) = PROGRAM.get().unwrap_or(&("", Shortage::Fatal));
        let message = if shortage == Shortage::Fatal {
            ": fatal: out of memory\n"
        } else {
            ": warning: out of memory, pausing\n"
        };
        if !program.is_empty() && !IS_REPORTED.load(Ordering::Relaxed) {
            // A program that waits for memory must not wait for its standard error instead.
            let is_reported = shortage == Shortage::Fatal || stdio::is_error_ready();
            if is_reported {
                report(&[program, message]);
            }
            IS_REPORTED.store(is_reported, Ordering::Relaxed);
        }
        if shortage == Shortage::Fatal {
            // SAFETY: _exit(2) ends the process and touches no memory.
            unsafe { libc::_exit(111) };
        }
        ready::wait(&[], Some(PAUSE));
    }
}

/// Prints `parts` on stderr with one system call.
fn report(parts: &[&str; 2]) {
    let parts = parts.map(|part| libc::iovec { iov_base: part.as_ptr().cast_mut().cast(), iov_len: part.len() });
    // SAFETY: writev(2) reads the two parts, which are string slices.
    unsafe { libc::writev(2, parts.as_ptr(), 2) };
}
