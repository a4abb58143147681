//! Library `package`, with `require` and the deprecated `module` (manual 6.3).
//!
//! Invariants
//! * `require`, `module` and the searchers have the table `package` as upvalue.
//! * The registry field `_CLIBS` has the handle of each loaded C library under its path. A script can put anything
//!   there: handles are those in `Global::libraries`, which are unloaded in reverse order when the state is closed.

use super::c_string;
use super::registry::library;
use crate::api::Lua;
use crate::api::{Bytes, lua_Debug};
use crate::consts::*;
use crate::messages::{self as msg, Arg};
use crate::object::Interior;
use crate::object::lua_CFunction;
use crate::sys;
use crate::throw::LResult;
use core::ffi::{CStr, c_void};

library! {
    PACKAGE:
    FUNCTIONS {
        Loadlib "loadlib" loadlib;
        Searchpath "searchpath" searchpath;
        Seeall "seeall" seeall;
    }
    /// Global functions that belong to the library, whose table is their upvalue.
    GLOBALS {
        Module "module" module;
        Require "require" require;
    }
    /// Functions that are reached only through other ones.
    HIDDEN {
        SearcherPreload "preload searcher" searcher_preload;
        SearcherLua "Lua searcher" searcher_lua;
        SearcherC "C searcher" searcher_c;
        SearcherCroot "C root searcher" searcher_croot;
    }
}

const CLIBS: &[u8] = b"_CLIBS";

pub fn open(l: Lua) -> LResult<i32> {
    l.aux_getsubtable(LUA_REGISTRYINDEX, CLIBS)?;
    l.aux_newlib(&FUNCTIONS)?;

    let searchers = [
        Id::SearcherPreload.builtin(),
        Id::SearcherLua.builtin(),
        Id::SearcherC.builtin(),
        Id::SearcherCroot.builtin(),
    ];
    l.createtable(searchers.len() as i32, 0)?;
    for (i, searcher) in searchers.into_iter().enumerate() {
        l.pushvalue(-2);
        l.pushbuiltin(searcher, 1)?;
        l.rawseti(-2, i as i32 + 1)?;
    }
    l.pushvalue(-1);
    l.setfield(-3, b"loaders")?;
    l.setfield(-2, b"searchers")?;

    set_path(l, b"path", [c"LUA_PATH_5_2", c"LUA_PATH"], LUA_PATH_DEFAULT)?;
    set_path(l, b"cpath", [c"LUA_CPATH_5_2", c"LUA_CPATH"], LUA_CPATH_DEFAULT)?;
    // Directory separator, separator and mark of path templates, and two marks that mean nothing here.
    l.pushlstring(b"/\n;\n?\n!\n-\n")?;
    l.setfield(-2, b"config")?;
    l.aux_getsubtable(LUA_REGISTRYINDEX, LOADED_TABLE)?;
    l.setfield(-2, b"loaded")?;
    l.aux_getsubtable(LUA_REGISTRYINDEX, PRELOAD_TABLE)?;
    l.setfield(-2, b"preload")?;

    l.rawgeti(LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    l.pushvalue(-2);
    l.aux_setfuncs(&GLOBALS, 1)?;
    l.pop(1);
    Ok(1)
}

/// Sets a path of the table on top from the first environment variable there is, in which `;;` stands for the default.
fn set_path(l: Lua, field: &[u8], variables: [&CStr; 2], default: &CStr) -> LResult<()> {
    l.getfield(LUA_REGISTRYINDEX, b"LUA_NOENV")?;
    let ignore_environment = l.toboolean(-1);
    l.pop(1);
    let value = variables.into_iter().find_map(|name| {
        // SAFETY: a terminated string in, one or null out.
        unsafe {
            let value = sys::getenv(name.as_ptr());
            if value.is_null() { None } else { Some(CStr::from_ptr(value).to_bytes()) }
        }
    });
    match value {
        Some(value) if !ignore_environment => {
            let marked = l.aux_gsub(value, b";;", b";\x01;")?;
            l.aux_gsub(&marked, b"\x01", default.to_bytes())?;
            l.remove(-2);
        }
        _ => {
            l.pushlstring(default.to_bytes())?;
        }
    }
    l.setfield(-2, field)
}

/// Why a C library gave no function. The message is on the stack.
enum Failure {
    Library,
    Function,
}

/// Pushes what `dlerror` says.
fn push_dl_error(l: Lua) -> LResult<()> {
    // SAFETY: a terminated string or null.
    unsafe {
        let text = sys::loader_error();
        if text.is_null() {
            l.pushnil();
        } else {
            l.pushlstring(CStr::from_ptr(text).to_bytes())?;
        }
    }
    Ok(())
}

/// The handle of a library, loading it when it is not yet; `None` with a message pushed.
fn library(l: Lua, path: &CStr, global: bool) -> LResult<Option<*mut c_void>> {
    l.getfield(LUA_REGISTRYINDEX, CLIBS)?;
    l.getfield(-1, path.to_bytes())?;
    let loaded = l.touserdata(-1);
    l.pop(2);
    let libraries = &l.global().libraries;
    if !loaded.is_null() && libraries.cells().iter().any(|handle| handle.get() == loaded) {
        return Ok(Some(loaded));
    }
    let handle = l.retrying(|| {
        let handle = sys::open_library(path, global);
        Ok((!handle.is_null()).then_some(handle))
    })?;
    let Some(handle) = handle else {
        push_dl_error(l)?;
        return Ok(None);
    };
    if let Err(e) = libraries.resize(*l, libraries.len() + 1, handle) {
        // SAFETY: the loader has just given this handle, and nothing else has it yet.
        unsafe { sys::close_library(handle) };
        return Err(e.into());
    }
    l.getfield(LUA_REGISTRYINDEX, CLIBS)?;
    l.pushlightuserdata(handle)?;
    l.setfield(-2, path.to_bytes())?;
    l.pop(1);
    Ok(Some(handle))
}

/// Pushes the function `symbol` of the library at `path`, or true for the symbol `*`, which only loads the library,
/// with its symbols visible to all.
fn push_function(l: Lua, path: &CStr, symbol: &CStr) -> LResult<Result<(), Failure>> {
    let load_only = symbol.to_bytes().first() == Some(&b'*');
    let Some(handle) = library(l, path, load_only)? else { return Ok(Err(Failure::Library)) };
    if load_only {
        l.pushboolean(true);
        return Ok(Ok(()));
    }
    // SAFETY: a live handle and a terminated string.
    let f = unsafe { sys::symbol(handle, symbol) };
    if f.is_null() {
        push_dl_error(l)?;
        return Ok(Err(Failure::Function));
    }
    // SAFETY: the script says that the symbol is a function of this type.
    let f = unsafe { core::mem::transmute::<*mut c_void, lua_CFunction>(f) };
    l.pushcclosure(f, 0)?;
    Ok(Ok(()))
}

fn loadlib(l: Lua) -> LResult<i32> {
    let path = c_string(l.aux_checklstring(1)?);
    let symbol = c_string(l.aux_checklstring(2)?);
    let failure = match push_function(l, &path, &symbol)? {
        Ok(()) => return Ok(1),
        Err(failure) => failure,
    };
    l.pushnil();
    l.insert(-2);
    l.pushlstring(match failure {
        Failure::Library => b"open",
        Failure::Function => b"init",
    })?;
    Ok(3)
}

/// The name on top of the stack, if the file can be read.
fn readable(l: Lua) -> LResult<Option<Interior<CStr>>> {
    l.retrying(|| {
        let name = c_string(l.tolstring(-1)?.unwrap_or(Bytes::fixed(b"\0")));
        // SAFETY: terminated strings.
        unsafe {
            let f = sys::fopen(name.as_ptr(), c"r".as_ptr());
            if f.is_null() {
                return Ok(None);
            }
            sys::fclose(f);
        }
        Ok(Some(name))
    })
}

/// Pushes the name of the first readable file among the templates of `path` with `name` for `?`; or, and then the
/// result is `None`, a text that lists all of them.
fn search_path(
    l: Lua,
    name: Bytes,
    path: Bytes,
    separator: &[u8],
    directory: &[u8],
) -> LResult<Option<Interior<CStr>>> {
    let name = if separator.is_empty() { name } else { l.aux_gsub(&name, separator, directory)? };
    l.pushlstring(b"")?;
    for template in path.split(|&c| c == b';').filter(|t| !t.is_empty()) {
        let template = l.pushlstring(template)?;
        l.aux_gsub(&template, b"?", &name)?;
        l.remove(-2);
        if let Some(file) = readable(l)? {
            return Ok(Some(file));
        }
        let file = c_string(l.tolstring(-1)?.unwrap_or(Bytes::fixed(b"\0")));
        l.pushfmt(msg::NO_FILE, &[Arg::S(file.to_bytes())])?;
        l.remove(-2);
        l.concat(2)?;
    }
    Ok(None)
}

fn searchpath(l: Lua) -> LResult<i32> {
    // The reference looks at the last argument first.
    let directory =
        l.aux_optlstring(4, Some(Bytes::fixed(LUA_DIRSEP.to_bytes_with_nul())))?.unwrap_or_default();
    let separator = l.aux_optlstring(3, Some(Bytes::fixed(b".\0")))?.unwrap_or_default();
    let path = l.aux_checklstring(2)?;
    let name = l.aux_checklstring(1)?;
    let [name, path, separator, directory] = [name, path, separator, directory].map(|s| s.c_part());
    if search_path(l, name, path, &separator, &directory)?.is_some() {
        return Ok(1);
    }
    l.pushnil();
    l.insert(-2);
    Ok(2)
}

/// `search_path` along a field of `package`.
fn find_file(l: Lua, name: Bytes, field: &[u8]) -> LResult<Option<Interior<CStr>>> {
    l.getfield(lua_upvalueindex(1), field)?;
    let Some(path) = l.tolstring(-1)? else {
        return Err(l.aux_error(msg::PATH_NOT_A_STRING, &[Arg::S(field)]));
    };
    search_path(l, name, path.c_part(), b".", LUA_DIRSEP.to_bytes())
}

/// A searcher's results when it found a file: the loader on top and the file's name; or the error that its loading
/// ended with.
fn found(l: Lua, ok: bool, file: &CStr) -> LResult<i32> {
    if ok {
        l.pushlstring(file.to_bytes())?;
        return Ok(2);
    }
    let module = l.tolstring(1)?.unwrap_or(Bytes::fixed(b"\0")).c_part();
    let reason = l.tolstring(-1)?.unwrap_or(Bytes::fixed(b"(null)\0")).c_part();
    Err(l.aux_error(msg::LOAD_MODULE, &[Arg::S(&module), Arg::S(file.to_bytes()), Arg::S(&reason)]))
}

fn searcher_preload(l: Lua) -> LResult<i32> {
    let name = l.aux_checklstring(1)?.c_part();
    l.getfield(LUA_REGISTRYINDEX, PRELOAD_TABLE)?;
    l.getfield(-1, &name)?;
    if l.from_top(1).is_nil() {
        l.pushfmt(msg::NO_PRELOAD, &[Arg::S(&name)])?;
    }
    Ok(1)
}

fn searcher_lua(l: Lua) -> LResult<i32> {
    let name = l.aux_checklstring(1)?.c_part();
    let Some(file) = find_file(l, name, b"path")? else { return Ok(1) };
    let ok = l.named_loadfilex(Some(&file), None)? == LUA_OK;
    found(l, ok, &file)
}

/// Pushes the open function of a module from a C library. Its name is `luaopen_` and the module's, with `_` for each
/// dot; a module's name may have a prefix up to a hyphen, which does not count when there is no function with it.
fn push_open_function(l: Lua, file: &CStr, module: Bytes) -> LResult<Result<(), Failure>> {
    let mut module = l.aux_gsub(&module, b".", b"_")?;
    if let Some(hyphen) = module.iter().position(|&c| c == b'-') {
        let symbol = l.pushfmt(msg::OPEN_FUNCTION, &[Arg::S(&module[..hyphen])])?;
        match push_function(l, file, &c_string(symbol))? {
            Err(Failure::Function) => module = module.part(hyphen + 1..module.len()),
            other => return Ok(other),
        }
    }
    let symbol = l.pushfmt(msg::OPEN_FUNCTION, &[Arg::S(&module)])?;
    push_function(l, file, &c_string(symbol))
}

fn searcher_c(l: Lua) -> LResult<i32> {
    let name = l.aux_checklstring(1)?.c_part();
    let Some(file) = find_file(l, name, b"cpath")? else { return Ok(1) };
    let ok = push_open_function(l, &file, name)?.is_ok();
    found(l, ok, &file)
}

/// Looks for a submodule in the library of its root.
fn searcher_croot(l: Lua) -> LResult<i32> {
    let name = l.aux_checklstring(1)?.c_part();
    let Some(dot) = name.iter().position(|&c| c == b'.') else { return Ok(0) };
    let root = l.pushlstring(&name[..dot])?;
    let Some(file) = find_file(l, root, b"cpath")? else { return Ok(1) };
    match push_open_function(l, &file, name)? {
        Ok(()) => found(l, true, &file),
        Err(Failure::Library) => found(l, false, &file),
        Err(Failure::Function) => {
            l.pushfmt(msg::NO_MODULE_IN_FILE, &[Arg::S(&name), Arg::S(file.to_bytes())])?;
            Ok(1)
        }
    }
}

/// Pushes the loader of a module and its extra argument; raises when no searcher has one.
fn find_loader(l: Lua, name: &CStr) -> LResult<()> {
    /// Stack indices of the list of searchers and of the text they gave so far.
    const SEARCHERS: i32 = 3;
    const TEXT: i32 = 4;
    l.getfield(lua_upvalueindex(1), b"searchers")?;
    l.pushlstring(b"")?;
    for i in 1.. {
        // Looked at each time: a searcher can change the slot (`debug.setlocal`).
        if l.type_(SEARCHERS) != LUA_TTABLE {
            return Err(l.aux_error(msg::SEARCHERS_NOT_A_TABLE, &[]));
        }
        l.rawgeti(SEARCHERS, i);
        if l.from_top(1).is_nil() {
            let text = l.tolstring(TEXT)?.unwrap_or(Bytes::fixed(b"\0")).c_part();
            return Err(l.aux_error(msg::MODULE_NOT_FOUND, &[Arg::S(name.to_bytes()), Arg::S(&text)]));
        }
        l.pushlstring(name.to_bytes())?;
        l.call(1, 2)?;
        if l.type_(-2) == LUA_TFUNCTION {
            break;
        }
        if l.isstring(-2) {
            l.pop(1);
            l.concat(2)?;
        } else {
            l.pop(2);
        }
    }
    Ok(())
}

fn require(l: Lua) -> LResult<i32> {
    let name = c_string(l.aux_checklstring(1)?);
    l.settop(1);
    l.getfield(LUA_REGISTRYINDEX, LOADED_TABLE)?;
    l.getfield(2, name.to_bytes())?;
    if l.toboolean(-1) {
        return Ok(1);
    }
    l.pop(1);
    find_loader(l, &name)?;
    l.pushlstring(name.to_bytes())?;
    l.insert(-2);
    l.call(2, 1)?;
    if !l.from_top(1).is_nil() {
        l.setfield(2, name.to_bytes())?;
    }
    l.getfield(2, name.to_bytes())?;
    if l.from_top(1).is_nil() {
        l.pushboolean(true);
        l.pushvalue(-1);
        l.setfield(2, name.to_bytes())?;
    }
    Ok(1)
}

fn module(l: Lua) -> LResult<i32> {
    let name = l.aux_checklstring(1)?.c_part();
    let last = l.gettop();
    l.aux_pushmodule(&name, 1)?;
    l.getfield(-1, b"_NAME")?;
    let is_new = l.from_top(1).is_nil();
    l.pop(1);
    if is_new {
        l.pushvalue(-1);
        l.setfield(-2, b"_M")?;
        l.pushlstring(&name)?;
        l.setfield(-2, b"_NAME")?;
        let package = name.iter().rposition(|&c| c == b'.').map_or(0, |dot| dot + 1);
        l.pushlstring(&name[..package])?;
        l.setfield(-2, b"_PACKAGE")?;
    }
    l.pushvalue(-1);
    set_environment(l)?;
    for i in 2..=last {
        if l.type_(i) == LUA_TFUNCTION {
            l.pushvalue(i);
            l.pushvalue(-2);
            l.call(1, 0)?;
        }
    }
    Ok(1)
}

/// Makes the table on top, which is popped, the environment of the Lua function that called.
fn set_environment(l: Lua) -> LResult<()> {
    let mut ar = lua_Debug::new();
    if !l.getstack(1, &mut ar) || !l.getinfo(b"f", &mut ar)? || l.iscfunction(-1) {
        return Err(l.aux_error(msg::MODULE_CALLER, &[]));
    }
    l.pushvalue(-2);
    if l.setupvalue(-2, 1).is_none() {
        l.pop(1);
    }
    l.pop(2);
    Ok(())
}

fn seeall(l: Lua) -> LResult<i32> {
    l.aux_checktype(1, LUA_TTABLE)?;
    if !l.getmetatable(1) {
        l.createtable(0, 1)?;
        l.pushvalue(-1);
        l.setmetatable(1);
    }
    l.rawgeti(LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    l.setfield(-2, b"__index")?;
    Ok(0)
}
