//! Arguments of C functions: checks, defaults, and the errors about them.

use crate::api::{Bytes, Lua};
use crate::consts::*;
use crate::gc;
use crate::messages::{self as msg, Arg};
use crate::num;
use crate::object::userdata::Content;
use crate::throw::{LResult, Throw};
use crate::vm::message;
use crate::vm::{debug, meta};
use core::ffi::c_void;

impl Lua {
    /// Pushes "file:line: " of the function at `level`, or an empty string when that is not known.
    pub fn aux_where(self, level: i32) -> LResult<()> {
        match debug::position(*self, level) {
            Some((source, line)) => {
                message::push(*self, msg::WHERE, &[Arg::S(source.bytes()), Arg::D(line as i64)])?;
            }
            None => {
                self.push_quietly(b"")?;
            }
        }
        Ok(())
    }
    /// Raises a message with the position of the caller in front. The collector may do a step only after the message is
    /// made: what the arguments point to may be reachable only from a place that a finalizer can change.
    #[cold]
    pub fn aux_error(self, fmt: &str, args: &[Arg]) -> Throw {
        let made = (|| {
            self.aux_where(1)?;
            message::push(*self, fmt, args)?;
            meta::concat(*self, 2)?;
            gc::check(*self)
        })();
        match made {
            Ok(()) => self.error(),
            Err(t) => t,
        }
    }
    /// Raises "bad argument", with the name of the running function as its caller wrote it. The object of a method is
    /// not counted as an argument.
    #[cold]
    #[inline(never)]
    pub fn aux_argerror(self, arg: i32, message: &[u8]) -> Throw {
        let Some(called) = self.called_as() else {
            return self.aux_error(msg::BAD_ARGUMENT, &[Arg::D(arg as i64), Arg::S(message)]);
        };
        let mut arg = arg;
        if called.is_method {
            arg -= 1;
            if arg == 0 {
                let name = called.name.unwrap_or(Bytes::fixed(b"?"));
                return self.aux_error(msg::BAD_SELF, &[Arg::S(&name), Arg::S(message)]);
            }
        }
        let name = match called.name {
            Some(name) => name,
            None => match self.push_global_name() {
                Ok(name) => name.unwrap_or(Bytes::fixed(b"?")),
                Err(t) => return t,
            },
        };
        self.aux_error(msg::BAD_ARGUMENT_TO, &[Arg::D(arg as i64), Arg::S(&name), Arg::S(message)])
    }
    /// Pushes the name by which the globals have the running function.
    fn push_global_name(self) -> LResult<Option<Bytes>> {
        Ok(match self.global_name(self.call_info().function()) {
            Some((global, Some(field))) => {
                Some(message::push(*self, "%s.%s", &[Arg::S(&global), Arg::S(&field)])?)
            }
            Some((global, None)) => Some(self.push_quietly(&global)?),
            None => None,
        })
    }
    /// Raises "`wanted` expected, got ...".
    #[cold]
    #[inline(never)]
    pub fn aux_typeerror(self, arg: i32, wanted: &[u8]) -> Throw {
        let got = Lua::typename(self.type_(arg));
        match self.pushfmt(msg::EXPECTED_GOT, &[Arg::S(wanted), Arg::S(got.as_bytes())]) {
            Ok(message) => self.aux_argerror(arg, &message),
            Err(t) => t,
        }
    }
    #[cold]
    fn tag_error(self, arg: i32, t: i32) -> Throw {
        self.aux_typeerror(arg, Lua::typename(t).as_bytes())
    }
    #[inline]
    pub fn aux_checklstring(self, arg: i32) -> LResult<Bytes> {
        match self.tolstring(arg)? {
            Some(s) => Ok(s),
            None => Err(self.tag_error(arg, LUA_TSTRING)),
        }
    }
    pub fn aux_optlstring(self, arg: i32, default: Option<Bytes>) -> LResult<Option<Bytes>> {
        if self.isnoneornil(arg) { Ok(default) } else { self.aux_checklstring(arg).map(Some) }
    }
    #[inline]
    pub fn aux_checknumber(self, arg: i32) -> LResult<f64> {
        match self.tonumberx(arg) {
            Some(n) => Ok(n),
            None => Err(self.tag_error(arg, LUA_TNUMBER)),
        }
    }
    #[inline]
    pub fn aux_optnumber(self, arg: i32, default: f64) -> LResult<f64> {
        if self.isnoneornil(arg) { Ok(default) } else { self.aux_checknumber(arg) }
    }
    #[inline]
    pub fn aux_checkinteger(self, arg: i32) -> LResult<isize> {
        self.aux_checknumber(arg).map(num::to_integer)
    }
    pub fn aux_optinteger(self, arg: i32, default: isize) -> LResult<isize> {
        if self.isnoneornil(arg) { Ok(default) } else { self.aux_checkinteger(arg) }
    }
    #[inline]
    pub fn aux_checkunsigned(self, arg: i32) -> LResult<u32> {
        self.aux_checknumber(arg).map(num::to_unsigned)
    }
    pub fn aux_optunsigned(self, arg: i32, default: u32) -> LResult<u32> {
        if self.isnoneornil(arg) { Ok(default) } else { self.aux_checkunsigned(arg) }
    }
    /// `luaL_checkint`: returns what C's `(int)luaL_checkinteger` gives.
    #[inline]
    pub fn aux_checkint(self, arg: i32) -> LResult<i32> {
        Ok(self.aux_checkinteger(arg)? as i32)
    }
    #[inline]
    pub fn aux_optint(self, arg: i32, default: i32) -> LResult<i32> {
        Ok(self.aux_optinteger(arg, default as isize)? as i32)
    }
    /// Makes room for `n` more slots and for an error message.
    pub fn aux_checkstack(self, n: i32, message: Option<&[u8]>) -> LResult<()> {
        if self.checkstack(n.saturating_add(LUA_MINSTACK)) {
            return Ok(());
        }
        Err(match message {
            Some(m) => self.aux_error(msg::STACK_OVERFLOW_WITH, &[Arg::S(m)]),
            None => self.aux_error(msg::STACK_OVERFLOW, &[]),
        })
    }
    #[inline]
    pub fn aux_checktype(self, arg: i32, t: i32) -> LResult<()> {
        if self.type_(arg) == t { Ok(()) } else { Err(self.tag_error(arg, t)) }
    }
    #[inline]
    pub fn aux_checkany(self, arg: i32) -> LResult<()> {
        if self.is_valid(arg) { Ok(()) } else { Err(self.aux_argerror(arg, msg::VALUE_EXPECTED.as_bytes())) }
    }
    /// Returns the index of the option that the string argument (or the default) names.
    pub fn aux_checkoption(self, arg: i32, default: Option<&[u8]>, options: &[&str]) -> LResult<usize> {
        let name = match default {
            Some(d) if self.isnoneornil(arg) => d,
            _ => &self.aux_checklstring(arg)?.c_part(),
        };
        if let Some(i) = options.iter().position(|o| o.as_bytes() == name) {
            return Ok(i);
        }
        Err(match self.pushfmt(msg::INVALID_OPTION, &[Arg::S(name)]) {
            Ok(m) => self.aux_argerror(arg, &m),
            Err(t) => t,
        })
    }
    /// Pushes the table in the registry for userdata of a type. Returns false when there was one of that name already.
    pub fn aux_newmetatable(self, name: &[u8]) -> LResult<bool> {
        self.getfield(LUA_REGISTRYINDEX, name)?;
        if !self.isnoneornil(-1) {
            return Ok(false);
        }
        self.pop(1);
        self.createtable(0, 0)?;
        self.pushvalue(-1);
        self.setfield(LUA_REGISTRYINDEX, name)?;
        Ok(true)
    }
    pub fn aux_setmetatable(self, name: &[u8]) -> LResult<()> {
        self.getfield(LUA_REGISTRYINDEX, name)?;
        self.setmetatable(-2);
        Ok(())
    }
    /// Returns the userdata at `arg` if it has the metatable registered under `name`, else null. The metatable of files
    /// alone does not make a file: a script may have set it.
    pub fn aux_testudata(self, arg: i32, name: &[u8]) -> LResult<*mut c_void> {
        let p = self.touserdata(arg);
        if p.is_null() || !self.getmetatable(arg) {
            return Ok(core::ptr::null_mut());
        }
        self.getfield(LUA_REGISTRYINDEX, name)?;
        let mut same = self.from_top(1).raw_equal(self.from_top(2));
        self.pop(2);
        if name == LUA_FILEHANDLE.to_bytes() && self.global().file_metatable.get().is_some() {
            same &= self.value(arg).as_userdata().is_some_and(|u| u.has(Content::Stream));
        }
        Ok(if same { p } else { core::ptr::null_mut() })
    }
    pub fn aux_checkudata(self, arg: i32, name: &[u8]) -> LResult<*mut c_void> {
        let p = self.aux_testudata(arg, name)?;
        if p.is_null() { Err(self.aux_typeerror(arg, name)) } else { Ok(p) }
    }
}
