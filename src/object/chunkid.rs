//! The short form of a chunk's name, as messages and `lua_Debug::short_src` show it.

use crate::consts::LUA_IDSIZE;

/// At most `LUA_IDSIZE - 1` bytes and a terminating zero.
pub struct ChunkId {
    buf: [u8; LUA_IDSIZE],
    len: usize,
}

impl ChunkId {
    /// `source` counts up to its first zero byte. A leading `=` means: the rest as it is; `@`: a file name, of which
    /// the end is kept; anything else is program text, of which the first line's start is quoted.
    pub fn new(source: &[u8]) -> ChunkId {
        const DOTS: &[u8] = b"...";
        let mut id = ChunkId { buf: [0; LUA_IDSIZE], len: 0 };
        let room = LUA_IDSIZE - 1;
        match source.split_first() {
            Some((b'=', rest)) => id.add(c_part(&rest[..rest.len().min(room)])),
            Some((b'@', rest)) => {
                let rest = c_part(rest);
                if rest.len() <= room {
                    id.add(rest);
                } else {
                    id.add(DOTS);
                    id.add(&rest[rest.len() - (room - DOTS.len())..]);
                }
            }
            _ => {
                const BEFORE: &[u8] = b"[string \"";
                const AFTER: &[u8] = b"\"]";
                // Whether or not dots are needed, their room is set aside.
                let room = room - BEFORE.len() - DOTS.len() - AFTER.len();
                let start = &source[..source.len().min(room)];
                let end = start.iter().position(|&b| b == b'\n' || b == 0);
                // Only a short text that ends here, without a second line, needs no dots.
                let whole = match end {
                    Some(n) => source[n] == 0,
                    None => start.len() < room,
                };
                id.add(BEFORE);
                id.add(&start[..end.unwrap_or(start.len())]);
                if !whole {
                    id.add(DOTS);
                }
                id.add(AFTER);
            }
        }
        id
    }

    fn add(&mut self, bytes: &[u8]) {
        self.buf[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    pub fn bytes(&self) -> &[u8] {
        &self.buf[..self.len]
    }

    /// With the zeros that follow; what `lua_Debug::short_src` holds.
    pub fn buffer(&self) -> &[u8; LUA_IDSIZE] {
        &self.buf
    }
}

/// The bytes before the first zero.
fn c_part(s: &[u8]) -> &[u8] {
    match s.iter().position(|&b| b == 0) {
        Some(n) => &s[..n],
        None => s,
    }
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
