//! Text from reports inside HTML, JSON and CSS. Names and transcripts come from anywhere, so nothing is trusted.

use std::fmt::Write;

/// Returns `text` for the content of an element or of a quoted attribute.
pub(crate) fn html(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, letter| {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(letter),
        }
        escaped
    })
}

/// Returns `json` for the content of a script element, which ends at the first `</script`, whatever is around it.
pub(super) fn json(json: &str) -> String {
    json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

/// Returns `text` as a string of CSS, in quotes.
pub(super) fn css(text: &str) -> String {
    let mut escaped = text.chars().fold("\"".to_owned(), |mut escaped, letter| {
        if letter.is_alphanumeric() {
            escaped.push(letter);
        } else {
            let _ = write!(escaped, "\\{:x} ", u32::from(letter));
        }
        escaped
    });
    escaped.push('"');
    escaped
}

/// Returns `text` as the value of a parameter in a fragment: `a b` becomes `a%20b`.
pub(super) fn fragment(text: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() || b"-_./".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_what_it_is_inside_of() {
        let hostile = "</style></script><img onerror='x' src=\"&\">\\\n";
        assert!(!html(hostile).contains(['<', '>', '"', '\'']), "{}", html(hostile));
        assert!(!css(hostile)[1..css(hostile).len() - 1].contains(['<', '>', '"', '\'', '\n']), "{}", css(hostile));
        let quoted = json(&serde_json::to_string(hostile).unwrap());
        assert!(!quoted.contains(['<', '>', '&']), "{quoted}");
        assert_eq!(serde_json::from_str::<String>(&quoted).unwrap(), hostile);
        assert_eq!(fragment("a b&t=é"), "a%20b%26t%3D%C3%A9");
    }
}
