//! The names of files, relative to the service directory.

/// If it is there when supervise starts, `./run` is not started (SUP-03).
pub(crate) const DOWN: &str = "down";
/// What supervise runs.
pub(crate) const RUN: &str = "./run";
/// The directory that holds all of supervise's own files.
pub(crate) const SUPERVISE: &str = "supervise";
/// Locked by flock(2) as long as a supervise is there.
pub(crate) const LOCK: &str = "supervise/lock";
/// The fifo through which commands come, a byte each: see [`super::control`].
pub(crate) const CONTROL: &str = "supervise/control";
/// A fifo that has a reader as long as a supervise is there.
pub(crate) const OK: &str = "supervise/ok";
/// The record of [`super::status`].
pub(crate) const STATUS: &str = "supervise/status";
/// The next record, renamed to [`STATUS`] when it is whole.
pub(crate) const STATUS_NEW: &str = "supervise/status.new";
/// The service in a service directory that reads what the other writes (SCAN-07).
pub(crate) const LOG: &str = "log";
