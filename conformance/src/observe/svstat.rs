//! The line of svstat, parsed as a status, or normalised for comparison.

/// Returns `line` with `N` in place of the pid and the seconds, which vary from run to run.
pub(crate) fn normalised(line: &str) -> String {
    let Some((name, rest)) = line.split_once(": ") else { return line.to_owned() };
    let mut words: Vec<&str> = rest.split(' ').collect();
    for at in 1..words.len() {
        let number = words[at].trim_end_matches(')');
        let varies = words[at - 1] == "(pid" || words.get(at + 1).is_some_and(|next| next.starts_with("seconds"));
        if varies && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) {
            words[at] = if words[at].ends_with(')') { "N)" } else { "N" };
        }
    }
    format!("{name}: {}", words.join(" "))
}

/// Returns the seconds in a line of svstat.
pub(crate) fn seconds(line: &str) -> Option<u64> {
    let (before, _) = line.split_once(" seconds")?;
    before.rsplit(' ').next()?.parse().ok()
}

/// What a line of svstat reports about a service that is up or down, as far as the manual promises it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Status {
    /// The pid if the service is up.
    pub(crate) pid: Option<i32>,
    /// How long it has been up or down, in seconds.
    pub(crate) seconds: u64,
    /// Those of [`SUFFIXES`] that the line contains.
    suffixes: Vec<&'static str>,
}

/// What can follow the seconds in daemontools. Other targets may print more.
const SUFFIXES: [&str; 5] = ["normally down", "normally up", "paused", "want down", "want up"];

impl Status {
    /// Parses `NAME: up (pid N) S seconds` or `NAME: down S seconds` with any suffixes. Returns `None` for any other line.
    pub(crate) fn parse(line: &str, name: &str) -> Option<Status> {
        let rest = line.trim_end_matches("\\n").strip_prefix(name)?.strip_prefix(": ")?;
        let (pid, rest) = match rest.strip_prefix("up (pid ") {
            Some(rest) => {
                let (pid, rest) = rest.split_once(") ")?;
                (Some(pid.parse().ok()?), rest)
            }
            None => (None, rest.strip_prefix("down ")?),
        };
        let (seconds, rest) = rest.split_once(" seconds")?;
        let found: Vec<&str> = match rest {
            "" => vec![],
            rest => rest.strip_prefix(", ")?.split(", ").collect(),
        };
        let suffixes = SUFFIXES.into_iter().filter(|suffix| found.contains(suffix)).collect();
        Some(Status { pid, seconds: seconds.parse().ok()?, suffixes })
    }

    /// Returns the line without name and numbers, such as `up, paused, want down`.
    pub(crate) fn words(&self) -> String {
        let state = if self.pid.is_some() { "up" } else { "down" };
        std::iter::once(state).chain(self.suffixes.iter().copied()).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pid_and_seconds_are_normalised() {
        assert_eq!(normalised("a 1: up (pid 77) 3 seconds, paused"), "a 1: up (pid N) N seconds, paused");
        assert_eq!(normalised("a: down 3 seconds, normally up"), "a: down N seconds, normally up");
        assert_eq!(normalised("a: down x3 seconds"), "a: down x3 seconds");
        assert_eq!(normalised("a: supervise not running"), "a: supervise not running");
    }

    #[test]
    fn unknown_suffixes_are_ignored() {
        let status = Status::parse("a: up (pid 77) 3 seconds, running, want down, paused\\n", "a").unwrap();
        assert_eq!((status.pid, status.seconds, &*status.words()), (Some(77), 3, "up, paused, want down"));
        let status = Status::parse("a b: down 0 seconds, normally up", "a b").unwrap();
        assert_eq!((status.pid, status.seconds, &*status.words()), (None, 0, "down, normally up"));
    }

    #[test]
    fn other_lines_are_no_status() {
        let lines = [
            "a: supervise not running",
            "b: down 1 seconds",
            "a: down x seconds",
            "a: up 3 seconds",
            "a: down 1 seconds!",
        ];
        assert_eq!(lines.map(|line| Status::parse(line, "a")), [const { None }; 5]);
    }
}
