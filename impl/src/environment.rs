//! The environment that a command gives to its child.
#![forbid(unsafe_code)]

use crate::sys::child;
use std::borrow::Cow;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// The entries of an environment, in order. An entry need not be `NAME=VALUE`: what is inherited stays as it is.
#[derive(Debug)]
pub(crate) struct Environment(Vec<Cow<'static, [u8]>>);

impl Environment {
    /// Returns the environment of this process.
    pub(crate) fn inherited() -> Environment {
        Environment(child::environment().into_iter().map(|entry| Cow::Borrowed(entry.as_bytes())).collect())
    }

    /// Sets `name` to `value`, or removes it if that is `None`. Of several old entries only the first is removed (ENV-07).
    /// The new one is the last entry: their order is nobody's business (EUG-02). A name with a `=` is one up to there, and
    /// what follows belongs to the value.
    pub(crate) fn set(&mut self, name: &[u8], value: Option<&[u8]>) {
        let new = value.map_or(name.to_vec(), |value| [name, b"=", value].concat());
        let name = new.split(|&byte| byte == b'=').next().unwrap_or_default();
        let is_old = |entry: &Cow<'_, [u8]>| entry.strip_prefix(name).is_some_and(|rest| rest.starts_with(b"="));
        if let Some(old) = self.0.iter().position(is_old) {
            self.0.remove(old);
        }
        if name.len() < new.len() {
            self.0.push(Cow::Owned(new));
        }
    }

    /// Returns the entries.
    pub(crate) fn entries(&self) -> Vec<&OsStr> {
        self.0.iter().map(|entry| OsStr::from_bytes(entry)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(entries: &[&'static str], name: &str, value: Option<&str>) -> Vec<String> {
        let mut environment = Environment(entries.iter().map(|entry| entry.as_bytes().into()).collect());
        environment.set(name.as_bytes(), value.map(str::as_bytes));
        environment.entries().iter().map(|entry| entry.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn a_variable_is_replaced_or_removed() {
        assert_eq!(after(&["A=1", "B=2"], "A", Some("3")), ["B=2", "A=3"]);
        assert_eq!(after(&["A=1", "B=2"], "A", None), ["B=2"]);
        assert_eq!(after(&["B=2"], "A", None), ["B=2"]);
        assert_eq!(after(&[], "A", Some("")), ["A="]);
        assert_eq!(after(&["A=1", "A=B=2"], "A=B", Some("3")), ["A=B=2", "A=B=3"]);
        assert_eq!(after(&["A=1"], "A=B", None), ["A=B"]);
    }

    #[test]
    fn other_entries_stay_as_they_are() {
        assert_eq!(after(&["A=1", "A=2"], "A", None), ["A=2"]);
        assert_eq!(after(&["A", "AB=1", "=A=1", ""], "A", None), ["A", "AB=1", "=A=1", ""]);
    }
}
