//! Patterns: which lines `-` and `+` apply to.

/// How many bytes of a line, its time stamp included, are compared with patterns (MLOG-10).
pub(crate) const LONGEST: usize = 1000;

/// A pattern of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern(Vec<u8>);

impl Pattern {
    /// Returns the pattern in `text`, the argument without its `-` or `+`.
    pub(crate) fn new(text: &[u8]) -> Pattern {
        Pattern(text.to_vec())
    }

    /// Returns whether the pattern matches all of `line`, which has at most [`LONGEST`] bytes and no newline.
    ///
    /// A star at the end matches the rest. Any other star matches up to the first occurrence of the next character of
    /// the pattern, which may be a star itself, and never tries a later one (MLOG-05, 06).
    pub(crate) fn matches(&self, line: &[u8]) -> bool {
        let (mut pattern, mut line) = (&self.0[..], line);
        loop {
            match pattern {
                [] => return line.is_empty(),
                [b'*'] => return true,
                [b'*', next, ..] => match line.iter().position(|byte| byte == next) {
                    Some(at) => (pattern, line) = (&pattern[1..], &line[at..]),
                    None => return false,
                },
                [byte, rest @ ..] => match line {
                    [first, others @ ..] if first == byte => (pattern, line) = (rest, others),
                    _ => return false,
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the original answers to `multilog '-*' '+PATTERN' ./d` (MLOG-05, 06).
    #[test]
    fn patterns_match_as_in_the_original() {
        for (pattern, line, matches) in [
            ("", "", true),
            ("", "a", false),
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "", true),
            ("*", "anything", true),
            ("*ab", "ab", true),
            ("*ab", "aab", false),
            ("*o", "hello", true),
            ("*o", "hello world", false),
            ("*o*", "hello world", true),
            ("a*c", "abc", true),
            ("a*c", "ac", true),
            ("a*c", "abcc", false),
            ("**", "x", false),
            ("**", "", false),
            ("**", "*", true),
            ("**", "ab*cd", true),
            ("a**", "a*b", true),
            ("a**", "ab", false),
            ("**b", "x*cb", true),
            ("**b", "b", false),
            ("***", "a*", true),
            ("*a*b", "xaxb", true),
        ] {
            assert_eq!(Pattern::new(pattern.as_bytes()).matches(line.as_bytes()), matches, "{pattern} and {line}");
        }
    }
}
