//! supervise: what to do is decided in [`machine`], and done in [`service`].

pub(crate) mod machine;
pub(crate) mod service;
