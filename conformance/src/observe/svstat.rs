//! The line of svstat with what varies from run to run taken out.

/// Puts `N` for each number that svstat prints: the pid and the seconds. The name and all words stay as they are.
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

/// The seconds that a line of svstat tells.
pub(crate) fn seconds(line: &str) -> Option<u64> {
    let (before, _) = line.split_once(" seconds")?;
    before.rsplit(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pid_and_seconds_are_taken_out_and_nothing_else() {
        assert_eq!(normalised("a 1: up (pid 77) 3 seconds, paused"), "a 1: up (pid N) N seconds, paused");
        assert_eq!(normalised("a: down 3 seconds, normally up"), "a: down N seconds, normally up");
        assert_eq!(normalised("a: down x3 seconds"), "a: down x3 seconds");
        assert_eq!(normalised("a: supervise not running"), "a: supervise not running");
    }

    #[test]
    fn the_seconds_are_read() {
        assert_eq!(seconds("a: up (pid 77) 3 seconds, paused"), Some(3));
        assert_eq!(seconds("a: supervise not running"), None);
    }
}
