//! Text for a terminal of 80 columns.

/// The widest line.
pub(super) const WIDTH: usize = 80;

/// Returns `text` as lines, each ending in a newline. The first begins with `first` and the others with `indent` spaces.
///
/// Lines end at spaces, which are dropped there and kept everywhere else. A word that is too long for a line is cut.
pub(super) fn wrapped(first: &str, indent: usize, text: &str) -> String {
    let mut lines = String::new();
    let mut begin = first.to_owned();
    let mut rest = text;
    loop {
        let room = WIDTH.saturating_sub(begin.chars().count()).max(1);
        let (now, later) = broken(rest, room);
        lines += format!("{begin}{now}").trim_end_matches(' ');
        lines.push('\n');
        if later.is_empty() {
            return lines;
        }
        begin = " ".repeat(indent);
        rest = later;
    }
}

/// Returns the part of `text` that fits into `room` characters, and the rest.
fn broken(text: &str, room: usize) -> (&str, &str) {
    let Some((end, _)) = text.char_indices().nth(room) else { return (text, "") };
    // The space behind the last word that fits may be the first character that does not.
    let space = text.char_indices().take(room + 1).filter(|&(at, one)| one == ' ' && at > 0).last();
    match space {
        Some((at, _)) => (&text[..at], &text[at + 1..]),
        None => text.split_at(end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paragraph_keeps_all_words_and_the_width() {
        let text = "word ".repeat(50);
        let lines = wrapped("  label  ", 9, text.trim_end());
        assert_eq!(lines.split_whitespace().count(), 51);
        assert!(lines.lines().all(|line| line.len() <= WIDTH && line.len() > 9), "{lines}");
        assert!(lines.lines().skip(1).all(|line| line.starts_with("         w")), "{lines}");
        assert!(lines.lines().count() < 5, "{lines}");
    }

    #[test]
    fn a_long_word_is_cut_and_spaces_inside_a_line_stay() {
        assert_eq!(wrapped("", 0, &"x".repeat(100)), format!("{}\n{}\n", "x".repeat(80), "x".repeat(20)));
        assert_eq!(wrapped("", 0, &"\u{e9}".repeat(81)).lines().nth(1), Some("\u{e9}"));
        assert_eq!(wrapped("- ", 2, "a  b"), "- a  b\n");
        assert_eq!(wrapped("- ", 2, ""), "-\n");
        // The eightieth character ends a word, and the next one is a space.
        let exact = format!("{} b", "a".repeat(80));
        assert_eq!(wrapped("", 2, &exact), format!("{}\n  b\n", "a".repeat(80)));
    }
}
