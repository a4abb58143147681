//! Just enough of Lua's lexical rules to colour a line and to know where names are.

use std::ops::Range;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    Keyword,
    /// `nil`, `true`, `false`
    Literal,
    Name,
    Number,
    String,
    Comment,
    /// Operators, and what Lua does not know.
    Other,
}

const KEYWORDS: &[&str] = &[
    "and", "break", "do", "else", "elseif", "end", "for", "function", "goto", "if", "in", "local", "not",
    "or", "repeat", "return", "then", "until", "while",
];
const LITERALS: &[&str] = &["false", "nil", "true"];

/// The words of the language.
pub fn reserved() -> impl Iterator<Item = &'static str> {
    KEYWORDS.iter().chain(LITERALS).copied()
}

pub fn is_name(text: &[u8]) -> bool {
    let (Some(first), rest) = (text.first(), text.get(1..).unwrap_or_default()) else { return false };
    starts_name(*first) && rest.iter().all(|c| in_name(*c)) && !reserved().any(|word| word.as_bytes() == text)
}

pub fn in_name(c: u8) -> bool {
    c.is_ascii_alphanumeric() || c == b'_'
}

fn starts_name(c: u8) -> bool {
    in_name(c) && !c.is_ascii_digit()
}

/// The text's tokens in order, without the white space between them. A string or comment that has no end goes up to
/// the end of the text.
pub fn tokens(text: &str) -> Vec<(Range<usize>, Class)> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let run = |inside: fn(u8) -> bool| rest.iter().take_while(|c| inside(**c)).count();
        let (length, class) = match rest[0] {
            c if c.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            b'-' if rest.starts_with(b"--") => match long_bracket(&rest[2..]) {
                Some(length) => (2 + length, Class::Comment),
                None => (run(|c| c != b'\n'), Class::Comment),
            },
            b'[' => long_bracket(rest).map_or((1, Class::Other), |length| (length, Class::String)),
            b'"' | b'\'' => (quoted(rest), Class::String),
            c if starts_name(c) => {
                let length = run(in_name);
                let word = &text[at..at + length];
                let class = match word {
                    _ if KEYWORDS.contains(&word) => Class::Keyword,
                    _ if LITERALS.contains(&word) => Class::Literal,
                    _ => Class::Name,
                };
                (length, class)
            }
            c if c.is_ascii_digit() || c == b'.' && rest.get(1).is_some_and(u8::is_ascii_digit) => {
                (numeral(rest), Class::Number)
            }
            _ => (text[at..].chars().next().map_or(1, char::len_utf8), Class::Other),
        };
        found.push((at..at + length, class));
        at += length;
    }
    found
}

/// The length of a string or comment in long brackets, if one begins here.
fn long_bracket(text: &[u8]) -> Option<usize> {
    let level = text.get(1..)?.iter().take_while(|c| **c == b'=').count();
    if text[0] != b'[' || text.get(level + 1) != Some(&b'[') {
        return None;
    }
    let mut end = vec![b'='; level + 2];
    end[0] = b']';
    end[level + 1] = b']';
    let inside = &text[level + 2..];
    let length = inside.windows(end.len()).position(|w| w == end).map(|at| at + end.len());
    Some(level + 2 + length.unwrap_or(inside.len()))
}

/// The length of a string in quotes; it ends with the line at the latest, unless the line's end is escaped.
fn quoted(text: &[u8]) -> usize {
    let mut at = 1;
    while at < text.len() {
        match text[at] {
            b'\\' => at += 1,
            b'\n' => return at,
            c if c == text[0] => return at + 1,
            _ => {}
        }
        at += 1;
    }
    text.len()
}

fn numeral(text: &[u8]) -> usize {
    let exponent: &[u8] = if text.len() > 1 && text[1] | 0x20 == b'x' { b"pP" } else { b"eE" };
    let mut at = 0;
    while at < text.len() {
        let sign = matches!(text[at], b'+' | b'-') && at > 0 && exponent.contains(&text[at - 1]);
        if !(sign || in_name(text[at]) || text[at] == b'.') {
            break;
        }
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::{Class, tokens};

    fn shown(text: &str) -> String {
        let name = |class| match class {
            Class::Keyword => 'K',
            Class::Literal => 'L',
            Class::Name => 'N',
            Class::Number => '#',
            Class::String => 'S',
            Class::Comment => 'C',
            Class::Other => 'O',
        };
        tokens(text).into_iter().map(|(at, class)| format!("{}:{} ", name(class), &text[at])).collect()
    }

    #[test]
    fn all_classes() {
        assert_eq!(shown("local x1=nil"), "K:local N:x1 O:= L:nil ");
        assert_eq!(shown("0xA.8p-1+.5e+3-1"), "#:0xA.8p-1 O:+ #:.5e+3 O:- #:1 ");
        assert_eq!(shown("'a\\'b'..\"c"), "S:'a\\'b' O:. O:. S:\"c ");
        assert_eq!(shown("'a\nb"), "S:'a N:b ");
    }

    #[test]
    fn brackets_and_comments() {
        assert_eq!(shown("a[[[x]]]"), "N:a S:[[[x]] O:] ");
        assert_eq!(shown("[==[ ]=] ]==]y"), "S:[==[ ]=] ]==] N:y ");
        assert_eq!(shown("[=x --[[a\nb]]c --d\ne"), "O:[ O:= N:x C:--[[a\nb]] N:c C:--d N:e ");
        assert_eq!(shown("[[open"), "S:[[open ");
        assert_eq!(shown("é"), "O:é ");
        assert_eq!(shown("'\\"), "S:'\\ ");
    }
}
