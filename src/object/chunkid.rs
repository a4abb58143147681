//! The short form of a chunk's name, as messages and `lua_Debug::short_src` show it.

use crate::consts::LUA_IDSIZE;
use crate::sys;

/// At most `LUA_IDSIZE - 1` bytes and a terminating zero.
pub struct ChunkId {
    buf: [u8; LUA_IDSIZE],
    len: usize,
}

impl ChunkId {
    pub fn new(source: &[u8]) -> ChunkId {
        let mut id = ChunkId { buf: [0; LUA_IDSIZE], len: 0 };
        id.len = write(source, &mut id.buf);
        id
    }

    pub fn bytes(&self) -> &[u8] {
        &self.buf[..self.len]
    }
}

/// Writes the short form of `source` and a terminating zero; its length without that.
///
/// `source` counts up to its first zero byte. A leading `=` means: the rest as it is; `@`: a file name, of which
/// the end is kept; anything else is program text, of which the first line's start is quoted.
pub fn write(source: &[u8], to: &mut [u8; LUA_IDSIZE]) -> usize {
    const DOTS: &[u8] = b"...";
    const ROOM: usize = LUA_IDSIZE - 1;
    let mut out = Out { to, len: 0 };
    match source.split_first() {
        Some((b'=', rest)) => out.add(c_part(&rest[..rest.len().min(ROOM)])),
        Some((b'@', rest)) => {
            let rest = c_part(rest);
            if rest.len() <= ROOM {
                out.add(rest);
            } else {
                out.add(DOTS);
                out.add(&rest[rest.len() - (ROOM - DOTS.len())..]);
            }
        }
        _ => {
            const BEFORE: &[u8] = b"[string \"";
            const AFTER: &[u8] = b"\"]";
            // Whether or not dots are needed, their room is set aside.
            const TEXT: usize = ROOM - BEFORE.len() - DOTS.len() - AFTER.len();
            let start = &source[..source.len().min(TEXT)];
            let text = c_part(start);
            let line = find(text, b'\n').unwrap_or(text.len());
            // Only a short text that ends here, without a second line, needs no dots.
            let whole = line == text.len() && (text.len() < start.len() || start.len() < TEXT);
            out.add(BEFORE);
            out.add(&text[..line]);
            if !whole {
                out.add(DOTS);
            }
            out.add(AFTER);
        }
    }
    out.to[out.len] = 0;
    out.len
}

struct Out<'a> {
    to: &'a mut [u8; LUA_IDSIZE],
    len: usize,
}

impl Out<'_> {
    #[inline(always)]
    fn add(&mut self, bytes: &[u8]) {
        self.to[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }
}

/// The bytes before the first zero: what C sees of them.
pub fn c_part(s: &[u8]) -> &[u8] {
    match find(s, 0) {
        Some(n) => &s[..n],
        None => s,
    }
}

fn find(s: &[u8], byte: u8) -> Option<usize> {
    // SAFETY: the slice is readable.
    let at = unsafe { sys::memchr(s.as_ptr().cast(), byte.into(), s.len()) } as usize;
    (at != 0).then(|| at - s.as_ptr() as usize)
}

#[cfg(test)]
mod tests {
    use super::ChunkId;

    #[test]
    fn forms() {
        let id = |s: &[u8]| std::string::String::from_utf8(ChunkId::new(s).bytes().to_vec()).unwrap();
        assert_eq!(id(b"=stdin"), "stdin");
        assert_eq!(id(b"@a.lua"), "a.lua");
        assert_eq!(id(b"x = 1"), "[string \"x = 1\"]");
        assert_eq!(id(b"x = 1\ny = 2"), "[string \"x = 1...\"]");
        assert_eq!(id(b""), "[string \"\"]");
        assert_eq!(id(b"ab\0cd"), "[string \"ab\"]");
        // The longest that fit, and one more; the figures are those of the reference library.
        assert_eq!(id(&[b"=" as &[u8], &[b'a'; 59]].concat()), "a".repeat(59));
        assert_eq!(id(&[b"=" as &[u8], &[b'a'; 60]].concat()), "a".repeat(59));
        assert_eq!(id(&[b"@" as &[u8], &[b'a'; 59]].concat()), "a".repeat(59));
        assert_eq!(id(&[b"@x" as &[u8], &[b'a'; 59]].concat()), std::format!("...{}", "a".repeat(56)));
        assert_eq!(id(&[b'a'; 44]), std::format!("[string \"{}\"]", "a".repeat(44)));
        assert_eq!(id(&[b'a'; 45]), std::format!("[string \"{}...\"]", "a".repeat(45)));
        assert_eq!(id(&[b'a'; 80]), std::format!("[string \"{}...\"]", "a".repeat(45)));
    }
}
