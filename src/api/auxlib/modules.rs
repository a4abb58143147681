//! Registration of library functions, and the table of loaded modules.

use crate::api::Lua;
use crate::consts::*;
use crate::messages as msg;
use crate::object::Builtin;
use crate::throw::LResult;

impl Lua {
    /// `luaL_setfuncs` for library functions: puts them into the table below the `nup` upvalues on the top, which each
    /// gets a copy of.
    pub fn aux_setfuncs(self, functions: &'static [Builtin], nup: i32) -> LResult<()> {
        self.aux_checkstack(nup, Some(msg::TOO_MANY_UPVALUES.as_bytes()))?;
        for f in functions {
            for _ in 0..nup {
                self.pushvalue(-nup);
            }
            self.pushbuiltin(f, nup)?;
            self.setfield(-(nup + 2), f.name.as_bytes())?;
        }
        self.pop(nup);
        Ok(())
    }
    /// `luaL_newlib`
    pub fn aux_newlib(self, functions: &'static [Builtin]) -> LResult<()> {
        self.createtable(0, functions.len() as i32)?;
        self.aux_setfuncs(functions, 0)
    }
    /// Pushes the table `t[name]`, and makes it when there is none. Returns whether it was there.
    pub fn aux_getsubtable(self, idx: i32, name: &[u8]) -> LResult<bool> {
        self.getfield(idx, name)?;
        if self.istable(-1) {
            return Ok(true);
        }
        self.pop(1);
        let idx = self.absindex(idx);
        self.createtable(0, 0)?;
        self.pushvalue(-1);
        self.setfield(idx, name)?;
        Ok(false)
    }
    /// The rest of `luaL_requiref`, with the function that opens the module on the stack.
    pub(in crate::api) fn open_module(self, name: &[u8], global: bool) -> LResult<()> {
        self.pushlstring(name)?;
        self.call(1, 1)?;
        self.aux_getsubtable(LUA_REGISTRYINDEX, LOADED_TABLE)?;
        self.pushvalue(-2);
        self.setfield(-2, name)?;
        self.pop(1);
        if global {
            self.pushvalue(-1);
            self.setglobal(name)?;
        }
        Ok(())
    }
}
