//! Calls that the library makes by name. When the host, or a library that was loaded before, defines an exported
//! function itself, these calls go to its definition: `luaL_openlibs` opens the host's `os`, `require` loads by the
//! host's `luaL_loadfilex`. `abi/replaceable.txt` lists the names. All other calls inside of the library go straight to
//! what the exported function goes to, too.
//!
//! Invariants
//! * A function is replaced when the address of its name, as linker and loader see it, is not that of the library's own
//!   function, for which the Makefile makes a second name. Built as a Rust crate, the library has no second names and
//!   knows no replacements.
//! * A replacement is foreign code: it is called through a pad. Texts that it gets are zero-terminated.

use crate::api::Lua;
use crate::api::{Buffer, Bytes, lua_Hook, lua_Reader};
use crate::boundary::{self, Ret};
use crate::consts::{LUA_OK, LUA_REGISTRYINDEX, PRELOAD_TABLE};
use crate::mem::{self, lua_Alloc};
use crate::object::c_types::lua_State;
use crate::object::{Thread, lua_CFunction};
use crate::sys;
use crate::throw::LResult;
use crate::vm::call::{foreign, native};
use crate::vm::state;
use core::ffi::{CStr, c_int, c_void};
use core::ptr;

/// Returns the definition of a host that replaces an exported function, if there is one.
#[cfg(feature = "freestanding")]
macro_rules! replacement {
    ($name:ident) => {{
        unsafe extern "C" {
            fn $name();
            #[link_name = concat!("lua52_own_", stringify!($name))]
            static OWN: u8;
        }
        // The compiler takes two names for two functions, and would know the result of the comparison.
        let named = core::hint::black_box($name as *const c_void);
        if ptr::eq(named, (&raw const OWN).cast()) { None } else { Some(Replacement(named)) }
    }};
}
#[cfg(not(feature = "freestanding"))]
macro_rules! replacement {
    ($name:ident) => {
        None::<Replacement>
    };
}

#[derive(Clone, Copy)]
struct Replacement(*const c_void);

impl Replacement {
    /// Calls it in the frame of the running function of `l`. It takes as many of the arguments as it has parameters.
    ///
    /// # Safety
    /// The arguments are those of the exported function.
    #[cold]
    #[inline(never)]
    unsafe fn call(self, l: Lua, arguments: [usize; 5]) -> LResult<u64> {
        type Exported = unsafe extern "C-unwind" fn(usize, usize, usize, usize, usize) -> usize;
        /// A pad passes four arguments only. This frame counts among the foreign ones: it has nothing to clean up.
        unsafe extern "C-unwind" fn spread(f: Exported, arguments: &[usize; 5]) -> usize {
            let [a, b, c, d, e] = *arguments;
            // SAFETY: `call` was promised arguments of the exported function; in C, what has fewer ignores the rest.
            unsafe { f(a, b, c, d, e) }
        }
        let (f, arguments) = (self.0 as usize, &raw const arguments as usize);
        // SAFETY: the caller's promise; the array lives until the call ends, and the link is the running state's.
        let r = unsafe { boundary::call(foreign::link(*l), spread as *const c_void, f, arguments, 0, 0) };
        if r.throw == boundary::NONE { Ok(r.value) } else { Err(foreign::landed(*l, r.throw)) }
    }
}

/// Returns a text as C gets it.
fn pointer(text: Option<&[u8]>) -> usize {
    text.map_or(0, |t| t.as_ptr() as usize)
}

/// `luaL_newstate`: makes a state by `lua_newstate`, and gives a panic function to `lua_atpanic`.
fn new_state(f: lua_Alloc, ud: *mut c_void, panic: lua_CFunction) -> Option<Lua> {
    type AtPanic = unsafe extern "C-unwind" fn(*mut Thread, lua_CFunction) -> *const c_void;
    type NewState = unsafe extern "C-unwind" fn(lua_Alloc, *mut c_void) -> *mut Thread;
    // SAFETY: an allocator with its data; a replacement has the type of what it replaces, and gives a state of this
    // library or null.
    unsafe {
        let l = match replacement!(lua_newstate) {
            None => super::state::new_state(f, ud)?,
            Some(r) => {
                let l = core::mem::transmute::<*const c_void, NewState>(r.0)(f, ud);
                if l.is_null() {
                    return None;
                }
                Lua::from_ptr(l)
            }
        };
        match replacement!(lua_atpanic) {
            None => drop(l.atpanic(Some(panic))),
            Some(r) => drop(core::mem::transmute::<*const c_void, AtPanic>(r.0)(l.as_ptr(), panic)),
        }
        Some(l)
    }
}

/// `luaL_newstate`: makes a state with the default allocator and a panic function that prints the message.
pub fn newstate() -> Option<Lua> {
    new_state(mem::default_function, core::ptr::null_mut(), print_panic)
}

/// Says why the process is about to end.
unsafe extern "C-unwind" fn print_panic(l: *mut lua_State) -> i32 {
    // SAFETY: the library calls its panic function with a live thread.
    let l = unsafe { Lua::from_ptr(l.cast()) };
    let message = match l.tolstring(-1) {
        Ok(Some(m)) => m,
        _ => Bytes::fixed(b"(null)"),
    };
    let parts: [&[u8]; 3] = [b"PANIC: unprotected error in call to Lua API (", &message, b")\n"];
    for part in parts {
        sys::print_error(part);
    }
    0
}

impl Lua {
    /// `luaL_openlibs`. It calls each `luaopen_*` by its name.
    pub fn aux_openlibs(self) -> LResult<()> {
        macro_rules! open {
            ($($name:literal $open:ident;)*) => {
                #[allow(improper_ctypes, reason = "C never looks into a thread")]
                unsafe extern "C-unwind" {
                    $(fn $open(l: *mut lua_State) -> c_int;)*
                }
                $(self.open_library($name, $open)?;)*
            };
        }
        open! {
            c"_G" luaopen_base;
            c"package" luaopen_package;
            c"coroutine" luaopen_coroutine;
            c"table" luaopen_table;
            c"io" luaopen_io;
            c"os" luaopen_os;
            c"string" luaopen_string;
            c"bit32" luaopen_bit32;
            c"math" luaopen_math;
            c"debug" luaopen_debug;
        }
        self.aux_getsubtable(LUA_REGISTRYINDEX, PRELOAD_TABLE)?;
        self.pop(1);
        Ok(())
    }
    fn open_library(self, name: &CStr, open: lua_CFunction) -> LResult<()> {
        match replacement!(luaL_requiref) {
            None => self.aux_requiref_c(name.to_bytes(), Some(open), true)?,
            Some(r) => {
                let arguments = [self.as_ptr() as usize, name.as_ptr() as usize, open as usize, 1, 0];
                // SAFETY: as the header declares it.
                unsafe { r.call(self, arguments)? };
            }
        }
        self.pop(1);
        Ok(())
    }
    /// `luaL_loadfilex` by name.
    #[inline(always)]
    pub fn named_loadfilex(self, file: Option<&CStr>, mode: Option<&[u8]>) -> LResult<c_int> {
        let Some(r) = replacement!(luaL_loadfilex) else { return self.aux_loadfilex(file, mode) };
        let file = pointer(file.map(CStr::to_bytes));
        // SAFETY: as the header declares it.
        unsafe { r.call(self, [self.as_ptr() as usize, file, pointer(mode), 0, 0]).map(|n| n as c_int) }
    }
    /// `luaL_loadbufferx` by name.
    #[inline(always)]
    pub fn named_loadbufferx(self, text: &[u8], name: &[u8], mode: Option<&[u8]>) -> LResult<c_int> {
        let Some(r) = replacement!(luaL_loadbufferx) else {
            return self.aux_loadbufferx(text, Some(name), mode);
        };
        let text = (text.as_ptr() as usize, text.len());
        let arguments = [self.as_ptr() as usize, text.0, text.1, pointer(Some(name)), pointer(mode)];
        // SAFETY: as the header declares it.
        unsafe { r.call(self, arguments).map(|n| n as c_int) }
    }
    /// `lua_load` by name, if it is replaced.
    ///
    /// # Safety
    /// `reader` does with `data` what the manual says of a reader.
    #[inline(always)]
    pub unsafe fn replaced_load(
        self,
        reader: lua_Reader,
        data: *mut c_void,
        name: Option<&[u8]>,
        mode: Option<&[u8]>,
    ) -> Option<LResult<c_int>> {
        let r = replacement!(lua_load)?;
        let arguments =
            [self.as_ptr() as usize, reader as usize, data as usize, pointer(name), pointer(mode)];
        // SAFETY: as the header declares it.
        Some(unsafe { r.call(self, arguments).map(|n| n as c_int) })
    }
    /// `lua_dump` by name, into a buffer, if it is replaced. Returns whether the whole function was written.
    #[inline(always)]
    pub fn replaced_dump(self, buffer: &mut Buffer) -> Option<LResult<bool>> {
        let r = replacement!(lua_dump)?;
        crate::stub! {
            fn write(l: Lua, p: *const u8, size: usize, b: *mut Buffer) -> c_int = write_core
        }
        unsafe extern "C" fn write_core(l: Lua, p: *const u8, size: usize, b: *mut Buffer) -> Ret {
            // SAFETY: the writer's arguments: readable bytes, and the buffer below.
            match unsafe { (*b).add(core::slice::from_raw_parts(p, size)) } {
                Ok(()) => Ret::ok(0),
                Err(throw) => native::leave(*l, throw),
            }
        }
        let arguments =
            [self.as_ptr() as usize, write as *const c_void as usize, ptr::from_mut(buffer) as usize, 0, 0];
        // SAFETY: as the header declares it.
        Some(unsafe { r.call(self, arguments).map(|status| status as c_int == LUA_OK) })
    }
    /// `luaL_traceback` by name.
    #[inline(always)]
    pub fn named_traceback(self, other: Lua, message: Option<&[u8]>, level: c_int) -> LResult<()> {
        let Some(r) = replacement!(luaL_traceback) else { return self.aux_traceback(other, message, level) };
        let arguments =
            [self.as_ptr() as usize, other.as_ptr() as usize, pointer(message), level as usize, 0];
        // SAFETY: as the header declares it.
        unsafe { r.call(self, arguments).map(drop) }
    }
    /// `lua_newthread` by name.
    #[inline(always)]
    pub fn named_newthread(self) -> LResult<Lua> {
        let Some(r) = replacement!(lua_newthread) else { return self.newthread() };
        // SAFETY: as the header declares it; what it returns is a thread of this state.
        unsafe { Ok(Lua::from_ptr(r.call(self, [self.as_ptr() as usize, 0, 0, 0, 0])? as *mut Thread)) }
    }
    /// `lua_sethook` of `thread` by name.
    #[inline(always)]
    pub fn named_sethook(self, thread: Lua, f: Option<lua_Hook>, mask: c_int, count: c_int) -> LResult<()> {
        let Some(r) = replacement!(lua_sethook) else {
            thread.sethook(f, mask, count);
            return Ok(());
        };
        let f = f.map_or(0, |f| f as usize);
        // SAFETY: as the header declares it.
        unsafe { r.call(self, [thread.as_ptr() as usize, f, mask as usize, count as usize, 0]).map(drop) }
    }
    /// `lua_gc` by name.
    #[inline(always)]
    pub fn named_gc(self, what: c_int, data: c_int) -> LResult<c_int> {
        let Some(r) = replacement!(lua_gc) else { return self.gc(what, data) };
        // SAFETY: as the header declares it.
        unsafe {
            r.call(self, [self.as_ptr() as usize, what as usize, data as usize, 0, 0]).map(|n| n as c_int)
        }
    }
    /// `lua_close` by name.
    #[inline(always)]
    pub fn named_close(self) -> LResult<()> {
        match replacement!(lua_close) {
            None => {
                state::close_state(*self);
                Ok(())
            }
            // SAFETY: as the header declares it. The running function does not go on in the state.
            Some(r) => unsafe { r.call(self, [self.as_ptr() as usize, 0, 0, 0, 0]).map(drop) },
        }
    }
}
