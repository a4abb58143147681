//! The matcher by itself: known answers, each as the reference gives it.

use core::mem::MaybeUninit;
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use super::ctype::classes;
use super::pattern::{self, Error, Matcher, Poll};

struct Never;

impl Poll for Never {
    fn go_on(&mut self) -> bool {
        true
    }
}

/// Runs a pattern as `string.find` does from `init` (0-based) and describes the outcome: "no", an error, or the
/// range (1-based) and the captures.
fn outcome(subject: &[u8], pattern: &[u8], init: usize) -> String {
    let (nodes, sets) = pattern::needs(pattern);
    let mut nodes: Vec<_> = (0..nodes).map(|_| MaybeUninit::uninit()).collect();
    let mut sets: Vec<_> = (0..sets).map(|_| MaybeUninit::uninit()).collect();
    let anchored = pattern.first() == Some(&b'^');
    let program = pattern::compile(&pattern[anchored as usize..], classes(), &mut nodes, &mut sets);
    let mut m = Matcher::new(subject, program, classes(), Never);
    let found =
        if anchored { m.match_at(init).map(|end| end.map(|end| (init, end))) } else { m.search(init) };
    let (start, end) = match found {
        Ok(Some(found)) => found,
        Ok(None) => return "no".to_string(),
        Err(error) => return format!("{error:?}"),
    };
    let mut text = format!("{} {}", start + 1, end);
    for i in 0..m.levels() {
        let c = m.capture(i);
        match c.end {
            pattern::POSITION => text.push_str(&format!(" @{}", c.start + 1)),
            pattern::UNFINISHED => text.push_str(" unfinished"),
            end => text.push_str(&format!(" [{}]", String::from_utf8_lossy(&subject[c.start..end]))),
        }
    }
    text
}

#[test]
fn known_answers() {
    for (subject, pattern, want) in [
        ("hello world", "o w", "5 7"),
        ("hello", "l+", "3 4"),
        ("hello", "l-o", "3 5"),
        ("hello", "xyz*", "no"),
        ("", "", "1 0"),
        ("", ".*", "1 0"),
        ("abc", "^b", "no"),
        ("abc", "c$", "3 3"),
        ("a$c", "a$c", "1 3"),
        ("THE (quick) fox", "%((%a+)%)", "5 11 [quick]"),
        ("abc", "()b()", "2 2 @2 @3"),
        ("aXb", "%f[%u]", "2 1"),
        ("abc", "%f[%z]", "4 3"),
        ("x = 12", "(%w+)%s*=%s*(%d+)", "1 6 [x] [12]"),
        ("f(a(b)c)d", "%b()", "2 8"),
        ("((", "%b()", "no"),
        ("=aa=", "%b==", "1 4"),
        ("abcabc", "(abc)%1", "1 6 [abc]"),
        ("abcabd", "(abc)%1", "no"),
        ("ab", "(()b)", "2 2 [b] @2"),
        ("aa", "()%1", "no"),
        ("a]b", "[]]", "2 2"),
        ("a]b", "[^]]+", "1 1"),
        ("a-b", "[a-]+", "1 2"),
        ("z", "[a-%z]", "1 1"),
        ("%", "[%%]", "1 1"),
        ("-", "[+--]", "1 1"),
        ("5", "[%a-z]", "no"),
        ("-", "[%a-z]", "1 1"),
        ("aé", "[^%w]+", "2 3"),
        ("x", "[%W]", "no"),
        ("_", "[%W]", "1 1"),
        ("a\0b", "%z", "2 2"),
        ("a\0b", "%Z+", "1 1"),
        ("a\0b", "[\0]", "2 2"),
        ("  trim me  ", "^%s*(.-)%s*$", "1 11 [trim me]"),
        ("key = value", "^(%w+)%s*=%s*(%w+)$", "1 11 [key] [value]"),
        ("aaab", "a-b", "1 4"),
        ("aaa", "a-$", "1 3"),
        ("aaa", "a?a?a?a", "1 3"),
        ("<a><b>", "<(.-)>", "1 3 [a]"),
        ("<a><b>", "<(.*)>", "1 6 [a><b]"),
        ("abc", "[", "MissingBracket"),
        ("abc", "a[b", "MissingBracket"),
        ("abc", "x[b", "no"),
        ("abc", "[^", "MissingBracket"),
        ("abc", "[%", "MissingBracket"),
        ("abc", "[a%]", "MissingBracket"),
        ("abc", "%", "EndsWithPercent"),
        ("abc", "abc%", "EndsWithPercent"),
        ("abc", "abd%", "no"),
        ("abc", "%b", "MissingBalance"),
        ("abc", "%bx", "MissingBalance"),
        ("abc", "%f", "MissingFrontier"),
        ("abc", "%fa", "MissingFrontier"),
        ("abc", "%f[", "MissingBracket"),
        ("abc", "%1", "CaptureIndex(1)"),
        ("abc", "(a%1)", "CaptureIndex(1)"),
        ("abc", "%0", "CaptureIndex(0)"),
        ("abc", "(a)%2", "CaptureIndex(2)"),
        ("abc", "a)", "PatternCapture"),
        ("abc", "(a", "1 1 unfinished"),
        ("a.b", "a%.b", "1 3"),
        ("^a", "%^a", "1 2"),
        ("a^", "a^", "1 2"),
        ("aab", "a*ab", "1 3"),
        ("aab", "[ab]*b", "1 3"),
        ("ab12", "%a+(%d)(%d)$", "1 4 [1] [2]"),
        ("x", "x?$", "1 1"),
        ("abc", ".-c", "1 3"),
        ("abc", ".-d", "no"),
    ] {
        assert_eq!(outcome(subject.as_bytes(), pattern.as_bytes(), 0), want, "{pattern:?} on {subject:?}");
    }
}

#[test]
fn starting_later() {
    assert_eq!(outcome(b"banana", b"an", 2), "4 5");
    assert_eq!(outcome(b"banana", b"^an", 1), "2 3");
    assert_eq!(outcome(b"banana", b"%f[n]", 2), "3 2");
    assert_eq!(outcome(b"abc", b"", 3), "4 3");
    assert_eq!(outcome(b"abc", b"$", 0), "4 3");
}

#[test]
fn depth_is_limited_as_in_the_reference() {
    let subject = [b'a'; 300];
    assert_eq!(outcome(&subject, "a?".repeat(199).as_bytes(), 0), "1 199");
    assert_eq!(outcome(&subject, "a?".repeat(200).as_bytes(), 0), "TooComplex");
    assert_eq!(outcome(&subject, "a*".repeat(250).as_bytes(), 0), "1 300");
    assert_eq!(outcome(&subject, "(a)".repeat(33).as_bytes(), 0), "TooManyCaptures");
    assert_eq!(outcome(b"b", "(a)".repeat(33).as_bytes(), 0), "no");
}

#[test]
fn a_poll_stops_a_long_match() {
    struct Count(u32);
    impl Poll for Count {
        fn go_on(&mut self) -> bool {
            self.0 -= 1;
            self.0 > 0
        }
    }
    let subject = [b'a'; 40];
    let pattern = "a-".repeat(12) + "b";
    let (nodes, _) = pattern::needs(pattern.as_bytes());
    let mut nodes: Vec<_> = (0..nodes).map(|_| MaybeUninit::uninit()).collect();
    let program = pattern::compile(pattern.as_bytes(), classes(), &mut nodes, &mut []);
    let mut m = Matcher::new(&subject, program, classes(), Count(3));
    assert_eq!(m.search(0), Err(Error::Stopped));
    assert_eq!(m.poll.0, 0);
}

#[test]
fn plain_search() {
    let text = b"the quick brown fox jumps over the lazy dog, and aaaaaaaaaaaaaaaaaaaaaaaaab again";
    for start in 0..text.len() {
        for end in start..=text.len() {
            let needle = &text[start..end];
            let want = (0..=text.len() - needle.len()).find(|&i| text[i..].starts_with(needle));
            assert_eq!(pattern::find_plain(text, needle), want);
        }
    }
    assert_eq!(pattern::find_plain(text, b"aab "), Some(72));
    assert_eq!(pattern::find_plain(text, b"cat"), None);
    assert_eq!(pattern::find_plain(b"", b"a"), None);
    assert_eq!(pattern::find_plain(b"", b""), Some(0));
    assert_eq!(pattern::find_plain(b"ab", b"abc"), None);
    assert_eq!(pattern::find_plain(b"abab", b"abc"), None);
}
