//! System calls. The only users of nix and of `unsafe` code; they print nothing and import no other module of the crate.
#![expect(unsafe_code, reason = "system calls that neither std nor nix wraps safely")]

pub(crate) mod allocator;
pub(crate) mod argv;
pub(crate) mod child;
pub(crate) mod directory;
pub(crate) mod errno;
pub(crate) mod fifo;
pub(crate) mod limits;
pub(crate) mod local_time;
pub(crate) mod memory;
pub(crate) mod open;
pub(crate) mod ready;
pub(crate) mod signals;
pub(crate) mod stdio;
pub(crate) mod user;
pub(crate) mod watch;

pub(crate) use child::Pid;
pub(crate) use signals::Signal;
