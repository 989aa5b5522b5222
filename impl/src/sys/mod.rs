//! The operating system: the only users of nix and the only `unsafe` in the tree.

pub(crate) mod argv;
pub(crate) mod child;
pub(crate) mod errno;
pub(crate) mod fifo;
pub(crate) mod open;
pub(crate) mod ready;
pub(crate) mod signals;

pub(crate) use child::Pid;
pub(crate) use signals::Signal;
