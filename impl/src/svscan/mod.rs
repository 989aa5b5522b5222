//! svscan: which services are known is kept in [`roster`]; [`scan`] looks and starts.

pub(crate) mod roster;
pub(crate) mod scan;
