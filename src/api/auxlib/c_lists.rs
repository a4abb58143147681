//! Functions of the auxiliary library whose arguments are C's own lists and functions.
//!
//! The library functions, which are written in Rust, use counterparts of them with Rust's types.

use crate::api::Bytes;
use crate::api::Lua;
use crate::boundary::VaList;
use crate::consts::*;
use crate::messages::{self as msg, Arg};
use crate::object::c_types::text;
use crate::object::lua_CFunction;
use crate::throw::{LResult, Throw};
use core::ffi::c_char;

/// An entry of a list of functions: name and function. A null name ends the list; a null function stores false.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(non_camel_case_types, reason = "C's name")]
pub struct luaL_Reg {
    pub name: *const c_char,
    pub func: Option<lua_CFunction>,
}

/// Returns the entries of a list before the one that ends it.
///
/// # Safety
/// `list` ends with a null name, or is null, and outlives the use of the result.
unsafe fn entries<'a>(list: *const luaL_Reg) -> &'a [luaL_Reg] {
    if list.is_null() {
        return &[];
    }
    let mut n = 0;
    // SAFETY: the caller's promise.
    unsafe {
        while !(*list.add(n)).name.is_null() {
            n += 1;
        }
        core::slice::from_raw_parts(list, n)
    }
}

impl Lua {
    /// `luaL_error`
    ///
    /// # Safety
    /// `args` holds what `fmt` asks for.
    pub unsafe fn aux_verror(self, fmt: &[u8], args: &mut VaList) -> Throw {
        let message = || {
            self.aux_where(1)?;
            // SAFETY: the caller's promise.
            unsafe { self.pushvfstring(fmt, args)? };
            self.concat(2)
        };
        match { message }() {
            Ok(()) => self.error(),
            Err(throw) => throw,
        }
    }

    /// `luaL_checkoption`
    ///
    /// # Safety
    /// `list` is an array of C strings that ends with a null.
    pub unsafe fn aux_checkoption_c(
        self,
        arg: i32,
        default: Option<Bytes>,
        list: *const *const c_char,
    ) -> LResult<i32> {
        let name = match default {
            Some(_) => self.aux_optlstring(arg, default)?.unwrap_or_default(),
            None => self.aux_checklstring(arg)?,
        };
        // C compares up to the first NUL.
        let name = name.c_part();
        let mut n = 0;
        // SAFETY: the caller's promise.
        unsafe {
            while !(*list.add(n)).is_null() {
                if *text(*list.add(n)) == *name {
                    return Ok(n as i32);
                }
                n += 1;
            }
        }
        let message = self.pushfmt(msg::INVALID_OPTION, &[Arg::S(&name)])?;
        Err(self.aux_argerror(arg, &message))
    }

    /// `luaL_setfuncs`
    ///
    /// # Safety
    /// `list` ends with a null name.
    pub unsafe fn aux_setfuncs_c(self, list: *const luaL_Reg, nup: i32) -> LResult<()> {
        self.aux_checkstack(nup, Some(msg::TOO_MANY_UPVALUES.as_bytes()))?;
        // SAFETY: the caller's promise.
        for entry in unsafe { entries(list) } {
            for _ in 0..nup {
                self.pushvalue(-nup);
            }
            match entry.func {
                Some(f) => self.pushcclosure(f, nup)?,
                None => {
                    self.pop(nup);
                    self.pushboolean(false);
                }
            }
            // SAFETY: names are C strings.
            self.setfield(-nup - 2, unsafe { text(entry.name) })?;
        }
        self.pop(nup);
        Ok(())
    }

    /// `luaL_requiref`
    pub fn aux_requiref_c(self, name: &[u8], open: Option<lua_CFunction>, global: bool) -> LResult<()> {
        match open {
            Some(f) => self.pushcclosure(f, 0)?,
            None => self.pushnil(),
        }
        self.open_module(name, global)
    }

    /// `luaL_pushmodule`
    pub fn aux_pushmodule(self, name: &[u8], size_hint: i32) -> LResult<()> {
        self.aux_getsubtable(LUA_REGISTRYINDEX, LOADED_TABLE)?;
        self.getfield(-1, name)?;
        if self.type_(-1) != LUA_TTABLE {
            self.pop(1);
            self.rawgeti(LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
            if !self.walk_fields(name, size_hint)? {
                return Err(self.aux_error(msg::MODULE_NAME_CONFLICT, &[Arg::S(name)]));
            }
            self.pushvalue(-1);
            self.setfield(-3, name)?;
        }
        self.remove(-2);
        Ok(())
    }

    /// Replaces the table on top by the table that `path`, names with dots between them, leads to from it. Makes tables
    /// that are missing, the last with room for `size_hint` fields. Returns false, and pops the table, when another
    /// value has the name of one.
    fn walk_fields(self, path: &[u8], size_hint: i32) -> LResult<bool> {
        let mut names = path.split(|&c| c == b'.').peekable();
        while let Some(name) = names.next() {
            self.pushlstring(name)?;
            self.rawget(-2);
            if self.type_(-1) == LUA_TNIL {
                self.pop(1);
                self.createtable(0, if names.peek().is_some() { 1 } else { size_hint })?;
                self.pushlstring(name)?;
                self.pushvalue(-2);
                self.settable(-4)?;
            } else if self.type_(-1) != LUA_TTABLE {
                self.pop(2);
                return Ok(false);
            }
            self.remove(-2);
        }
        Ok(true)
    }

    /// `luaL_openlib`
    ///
    /// # Safety
    /// `list` ends with a null name, or is null.
    pub unsafe fn aux_openlib_c(self, name: Option<&[u8]>, list: *const luaL_Reg, nup: i32) -> LResult<()> {
        if let Some(name) = name {
            // SAFETY: the caller's promise.
            let count = unsafe { entries(list) }.len();
            self.aux_pushmodule(name, count as i32)?;
            self.insert(-nup - 1);
        }
        if list.is_null() {
            self.pop(nup);
            return Ok(());
        }
        // SAFETY: the caller's promise.
        unsafe { self.aux_setfuncs_c(list, nup) }
    }
}
