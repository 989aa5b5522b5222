//! The files of a service, relative to its directory.

/// Keeps supervise from starting `./run` if it exists when supervise starts (SUP-03).
pub(crate) const DOWN: &str = "down";
/// The program that supervise runs.
pub(crate) const RUN: &str = "./run";
/// The directory with the files that supervise makes.
pub(crate) const SUPERVISE: &str = "supervise";
/// Locked with flock(2) while a supervise is running.
pub(crate) const LOCK: &str = "supervise/lock";
/// The FIFO for commands to supervise, a byte each: see [`super::control`].
pub(crate) const CONTROL: &str = "supervise/control";
/// A FIFO that has a reader while a supervise is running.
pub(crate) const OK: &str = "supervise/ok";
/// The record that [`super::status`] describes.
pub(crate) const STATUS: &str = "supervise/status";
/// The next record, which is renamed to [`STATUS`] once it is complete.
pub(crate) const STATUS_NEW: &str = "supervise/status.new";
/// Returns the name of one of these files as it is within [`SUPERVISE`].
pub(crate) fn within(file: &str) -> &str {
    file.strip_prefix("supervise/").unwrap_or(file)
}

/// The service that reads the output of the service it is in (SCAN-07).
pub(crate) const LOG: &str = "log";
