//! Signatures to be filled in, area by area, in files of their own.
#![allow(unused_variables)]
use super::*;

impl Lua {
    pub fn load(
        self,
        reader: lua_Reader,
        data: *mut c_void,
        chunkname: Option<&[u8]>,
        mode: Option<&[u8]>,
    ) -> LResult<i32> {
        todo!()
    }
    pub fn dump(self, writer: lua_Writer, data: *mut c_void) -> LResult<i32> {
        todo!()
    }
    pub fn aux_loadfilex(self, filename: Option<&core::ffi::CStr>, mode: Option<&[u8]>) -> LResult<i32> {
        todo!()
    }
    pub fn aux_loadbufferx(self, buf: &[u8], name: &[u8], mode: Option<&[u8]>) -> LResult<i32> {
        todo!()
    }
}

pub use crate::object::thread::lua_Hook;
#[allow(non_camel_case_types)]
pub type lua_Reader = unsafe extern "C-unwind" fn(Lua, *mut c_void, *mut usize) -> *const u8;
#[allow(non_camel_case_types)]
pub type lua_Writer = unsafe extern "C-unwind" fn(Lua, *const c_void, usize, *mut c_void) -> i32;

pub use crate::vm::debug::lua_Debug;
