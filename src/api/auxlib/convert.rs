//! Metafields, `tostring`, length, substitution, and results of system calls.

use crate::api::{Buffer, Bytes, Lua};
use crate::consts::*;
use crate::messages::{self as msg, Arg};
use crate::object::{Value, string};
use crate::sys;
use crate::throw::LResult;
use core::ffi::CStr;
use core::mem::MaybeUninit;

impl Lua {
    /// Pushes the field `e` of the metatable of the value at `obj`, if there is one.
    pub fn aux_getmetafield(self, obj: i32, e: &[u8]) -> LResult<bool> {
        let Some(mt) = self.global().metatable_of(self.value(obj)) else { return Ok(false) };
        let key = string::new_str(*self, e)?;
        let v = mt.get(self.global(), Value::string(key));
        if v.is_nil() {
            return Ok(false);
        }
        self.api_push(v);
        Ok(true)
    }
    /// Calls that field with the value as its argument, and pushes the result.
    pub fn aux_callmeta(self, obj: i32, e: &[u8]) -> LResult<bool> {
        let obj = self.absindex(obj);
        if !self.aux_getmetafield(obj, e)? {
            return Ok(false);
        }
        self.pushvalue(obj);
        self.call(1, 1)?;
        Ok(true)
    }
    /// Pushes what `tostring` makes of the value. Returns `None` when `__tostring` returned something that is no
    /// string.
    pub fn aux_tolstring(self, idx: i32) -> LResult<Option<Bytes>> {
        if !self.aux_callmeta(idx, b"__tostring")? {
            let v = self.value(idx);
            // None is not nil: "no value: (nil)".
            match self.type_(idx) {
                LUA_TNUMBER | LUA_TSTRING => self.pushvalue(idx),
                LUA_TBOOLEAN => {
                    self.pushlstring(if v == Value::TRUE { b"true" } else { b"false" })?;
                }
                LUA_TNIL => {
                    self.pushlstring(b"nil")?;
                }
                t => {
                    let name = Arg::S(Lua::typename(t).as_bytes());
                    self.pushfmt(msg::TYPE_AT, &[name, Arg::P(self.topointer(idx))])?;
                }
            }
        }
        self.tolstring(-1)
    }
    /// Returns the length as an integer; `__len` may be called.
    pub fn aux_len(self, idx: i32) -> LResult<i32> {
        self.len(idx)?;
        let Some(n) = self.tointegerx(-1) else {
            return Err(self.aux_error(msg::LENGTH_NOT_NUMBER, &[]));
        };
        self.pop(1);
        Ok(n as i32)
    }
    /// Pushes `s` with every `p` replaced by `r`.
    pub fn aux_gsub(self, s: &[u8], p: &[u8], r: &[u8]) -> LResult<Bytes> {
        let mut slot = MaybeUninit::uninit();
        let out = Buffer::init(&mut slot, self);
        let mut rest = s;
        while let Some(at) = find(rest, p) {
            out.add(&rest[..at])?;
            out.add(r)?;
            rest = &rest[at + p.len()..];
        }
        out.add(rest)?;
        out.pushresult()
    }
    /// Pushes the results of a function of the C library: true, or nil, the system's message and its number.
    pub fn aux_fileresult(self, ok: bool, name: Option<&[u8]>) -> LResult<i32> {
        let number = sys::errno();
        if ok {
            self.pushboolean(true);
            return Ok(1);
        }
        self.pushnil();
        let text = error_text(number);
        match name {
            Some(name) => self.pushfmt("%s: %s", &[Arg::S(name), Arg::S(text)])?,
            None => self.pushlstring(text)?,
        };
        self.pushinteger(number as isize);
        Ok(3)
    }
    /// Pushes the results of running a program: success, "exit" or "signal", and the code.
    pub fn aux_execresult(self, stat: i32) -> LResult<i32> {
        if stat == -1 {
            return self.aux_fileresult(false, None);
        }
        let (what, code): (&[u8], i32) = match sys::ended(stat) {
            sys::Ended::Exit(code) => (b"exit", code),
            sys::Ended::Signal(code) => (b"signal", code),
        };
        if what == b"exit" && code == 0 {
            self.pushboolean(true);
        } else {
            self.pushnil();
        }
        self.pushlstring(what)?;
        self.pushinteger(code as isize);
        Ok(3)
    }
}

fn find(s: &[u8], p: &[u8]) -> Option<usize> {
    if p.is_empty() {
        return None;
    }
    s.windows(p.len()).position(|w| w == p)
}

/// Returns the system's text for an error number; it is valid until the next call.
pub(crate) fn error_text(number: i32) -> &'static [u8] {
    // SAFETY: strerror returns a C string, which callers copy at once.
    unsafe { CStr::from_ptr(sys::strerror(number)).to_bytes() }
}
