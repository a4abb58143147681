//! Completion of globals and fields: looks values up without running anything of the script's.

use crate::syntax::{self, Class};
use lua_programs::*;
use std::collections::BTreeSet;
use std::ffi::{c_int, c_void};
use std::ptr;

/// How many `__index` tables to follow.
const MAX_CLASSES: usize = 10;

/// What stands before the cursor, as in `string.fo` or `object:me`.
struct Request {
    /// The names up to the last `.` or `:`.
    path: Vec<String>,
    /// Whether `:` was last: then only functions will do.
    method: bool,
    prefix: String,
    found: BTreeSet<String>,
}

/// Where the word before the cursor begins, and what it may become.
///
/// # Safety
/// A live thread that nobody else uses meanwhile.
pub unsafe fn complete(l: *mut lua_State, line: &str) -> (usize, Vec<String>) {
    let Some((start, mut request)) = parse(line) else { return (line.len(), Vec::new()) };
    // SAFETY: the caller's promise; `collect` takes a request.
    unsafe {
        if lua_checkstack(l, 10) == 0 {
            return (start, Vec::new());
        }
        lua_pushcclosure(l, Some(collect), 0);
        lua_pushlightuserdata(l, (&raw mut request).cast::<c_void>());
        if lua_pcallk(l, 1, 0, 0, 0, None) != LUA_OK {
            // Out of memory: what was found by then is better than nothing.
            lua_pop(l, 1);
        }
    }
    if request.path.is_empty() && !request.prefix.is_empty() {
        let words = syntax::reserved().filter(|word| word.starts_with(&request.prefix));
        request.found.extend(words.map(String::from));
    }
    (start, request.found.into_iter().collect())
}

/// None inside strings, comments and numbers, and after what is not a plain name.
fn parse(line: &str) -> Option<(usize, Request)> {
    let bytes = line.as_bytes();
    let start = bytes.iter().rposition(|c| !syntax::in_name(*c)).map_or(0, |at| at + 1);
    let mut tokens = syntax::tokens(line);
    if let Some((at, class)) = tokens.last()
        && at.end == line.len()
    {
        match class {
            Class::Name | Class::Keyword | Class::Literal => drop(tokens.pop()),
            Class::Other => {}
            _ => return None,
        }
    }
    let mut path = Vec::new();
    let mut method = false;
    while let Some((at, Class::Other)) = tokens.last() {
        let joint = &line[at.clone()];
        // Two dots join strings.
        if !matches!(joint, "." | ":") || line[..at.start].ends_with('.') {
            break;
        }
        method |= joint == ":" && path.is_empty();
        tokens.pop();
        match tokens.pop() {
            Some((at, Class::Name)) => path.insert(0, line[at].to_string()),
            _ => return None,
        }
    }
    Some((start, Request { path, method, prefix: line[start..].to_string(), found: BTreeSet::new() }))
}

/// Argument 1 is the request.
unsafe extern "C-unwind" fn collect(l: *mut lua_State) -> c_int {
    // SAFETY: `complete` passes the request, which nobody else uses meanwhile.
    unsafe {
        let request = &mut *lua_touserdata(l, 1).cast::<Request>();
        lua_rawgeti(l, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
        for name in &request.path {
            if !field(l, name) {
                return 0;
            }
        }
        for _ in 0..MAX_CLASSES {
            if lua_type(l, -1) == LUA_TTABLE {
                keys(l, request);
            }
            if luaL_getmetafield(l, -1, c"__index".as_ptr()) == 0 {
                break;
            }
        }
        0
    }
}

/// Pushes the field of the value on top, as far as tables alone decide it.
unsafe fn field(l: *mut lua_State, name: &str) -> bool {
    // SAFETY: `l` is the thread that `collect` was called with; the value looked into is on top of its stack.
    unsafe {
        for _ in 0..MAX_CLASSES {
            luaL_checkstack(l, 3, ptr::null());
            if lua_type(l, -1) == LUA_TTABLE {
                lua_pushlstring(l, name.as_ptr().cast(), name.len());
                lua_rawget(l, -2);
                if lua_type(l, -1) != LUA_TNIL {
                    return true;
                }
                lua_pop(l, 1);
            }
            if luaL_getmetafield(l, -1, c"__index".as_ptr()) == 0 {
                return false;
            }
        }
        false
    }
}

/// Adds the keys of the table on top that fit.
unsafe fn keys(l: *mut lua_State, request: &mut Request) {
    // SAFETY: `l` is the thread that `collect` was called with; the value looked into is on top of its stack.
    unsafe {
        luaL_checkstack(l, 3, ptr::null());
        lua_pushnil(l);
        while lua_next(l, -2) != 0 {
            let usable = !request.method || lua_type(l, -1) == LUA_TFUNCTION;
            lua_pop(l, 1);
            if !usable || lua_type(l, -1) != LUA_TSTRING {
                continue;
            }
            let mut length = 0;
            let text = lua_tolstring(l, -1, &mut length);
            let key = std::slice::from_raw_parts(text.cast::<u8>(), length);
            // Names with an underscore are for those who ask.
            let hidden = request.prefix.is_empty() && key.first() == Some(&b'_');
            if !hidden && key.starts_with(request.prefix.as_bytes()) && syntax::is_name(key) {
                request.found.insert(String::from_utf8_lossy(key).into_owned());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    fn parsed(line: &str) -> String {
        match parse(line) {
            None => "none".into(),
            Some((start, r)) => {
                let joint = if r.method { ":" } else { "." };
                format!(
                    "{start} {}{}{}",
                    r.path.join("."),
                    if r.path.is_empty() { "" } else { joint },
                    r.prefix
                )
            }
        }
    }

    #[test]
    fn words_before_the_cursor() {
        assert_eq!(parsed("pri"), "0 pri");
        assert_eq!(parsed("x = a . b.c"), "10 a.b.c");
        assert_eq!(parsed("print(s:up"), "8 s:up");
        assert_eq!(parsed("f(a.b:"), "6 a.b:");
        assert_eq!(parsed(""), "0 ");
        assert_eq!(parsed("x .. y"), "5 y");
        assert_eq!(parsed("x..y"), "3 y");
        assert_eq!(parsed("string.for"), "7 string.for");
    }

    #[test]
    fn no_completion() {
        for line in ["'pri", "-- pri", "f().x", "t[1].x", "12", "[[a.b"] {
            assert_eq!(parsed(line), "none", "{line}");
        }
    }
}
