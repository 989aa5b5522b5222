//! Limits on resources, as /proc/PID/limits shows them.

use std::collections::BTreeMap;

/// A soft limit and a hard one. `u64::MAX` is no limit.
pub(crate) type Pair = (u64, u64);

/// The options of softlimit, each with the names that /proc has for its limits.
pub(crate) const OPTIONS: [(char, &[&str]); 11] = [
    ('a', &[SPACE]),
    ('c', &["core file size"]),
    ('d', &[DATA]),
    ('f', &["file size"]),
    ('l', &[LOCKED]),
    ('m', &[DATA, STACK, LOCKED, SPACE]),
    ('o', &["open files"]),
    ('p', &["processes"]),
    ('r', &["resident set"]),
    ('s', &[STACK]),
    ('t', &["cpu time"]),
];
const SPACE: &str = "address space";
const DATA: &str = "data size";
const STACK: &str = "stack size";
const LOCKED: &str = "locked memory";

/// All limits of a process, by their names in /proc without `Max`.
pub(crate) type Limits = BTreeMap<String, Pair>;

/// Returns `limits` with the soft ones called `names` set to `value`, or to the hard limit where that is less.
pub(crate) fn with_soft(limits: &Limits, names: &[&str], value: u64) -> Limits {
    let mut limits = limits.clone();
    for (name, (soft, hard)) in &mut limits {
        if names.contains(&name.as_str()) {
            *soft = value.min(*hard);
        }
    }
    limits
}

/// Reads the text of a file /proc/PID/limits.
pub(crate) fn parse(text: &str) -> Limits {
    let number = |word: &str| if word == "unlimited" { Some(u64::MAX) } else { word.parse().ok() };
    let line = |line: &str| {
        let words: Vec<&str> = line.strip_prefix("Max ")?.split_whitespace().collect();
        let first = words.iter().position(|word| number(word).is_some())?;
        let [soft, hard] = words.get(first..first + 2)? else { return None };
        Some((words[..first].join(" "), (number(soft)?, number(hard)?)))
    };
    text.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_option_has_limits_that_this_machine_shows() {
        let limits = parse(&std::fs::read_to_string("/proc/self/limits").unwrap());
        assert_eq!(limits.len(), 16, "{limits:?}");
        for (option, names) in OPTIONS {
            assert!(names.iter().all(|name| limits.contains_key(*name)), "{option}");
        }
    }

    #[test]
    fn a_line_has_a_name_and_two_numbers() {
        let text = "Limit                     Soft Limit           Hard Limit           Units\n\
                    Max open files            100                  unlimited            files\n\
                    Max nice priority         0                    0\n";
        let limits = parse(text);
        assert_eq!(limits.get("open files"), Some(&(100, u64::MAX)));
        assert_eq!(limits.get("nice priority"), Some(&(0, 0)));
        assert_eq!(limits.len(), 2);
    }
}
