//! Where untrusted code runs in tests and fuzz targets: a state with bounded memory, calls with bounded time, and
//! changes made at random to chunks.

pub mod mutate;

use lua52::abi::lauxlib_h::luaL_error;
use lua52::abi::lua_State;
use lua52::abi::lua_h::{lua_callk, lua_rawgeti, lua_settop, lua_type};
use lua52::api::state;
use lua52::api::{Lua, load_closure};
use lua52::chunk::{self, Input};
use lua52::code::bytecode::MAX_STACK;
use lua52::consts::*;
use lua52::object::c_types::lua_Debug;
use lua52::object::{Gc, LuaClosure, Proto, SlotOffset, Thread, Value};
use lua52::vm::call::protected;
use std::cell::Cell;
use std::ffi::c_void;
use std::sync::Once;
use std::sync::atomic::{AtomicI32, AtomicPtr, Ordering::Relaxed};

/// Bytes a state may have.
const MEMORY: usize = 8 << 20;
/// Instructions between two calls of the hook, and instructions that a function may live through.
const SLICE: i32 = 500;
const INSTRUCTIONS: i32 = 12 * SLICE;
/// Where in the registry the hook's function is, which a script may set.
const HOOK: i32 = 77;

pub struct Budget {
    pub bytes: usize,
}

unsafe extern "C" fn alloc(ud: *mut c_void, p: *mut c_void, osize: usize, nsize: usize) -> *mut c_void {
    // SAFETY: `ud` is a `Budget`; `p` is null or came from here.
    unsafe {
        let b = &mut *ud.cast::<Budget>();
        let osize = if p.is_null() { 0 } else { osize };
        if nsize > osize && b.bytes + (nsize - osize) > MEMORY {
            return std::ptr::null_mut();
        }
        b.bytes = b.bytes - osize + nsize;
        if nsize == 0 {
            libc::free(p);
            return std::ptr::null_mut();
        }
        libc::realloc(p, nsize)
    }
}

pub fn dump(p: Gc<Proto>, strip: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let write = |piece: &[u8]| {
        bytes.extend_from_slice(piece);
        Ok(0)
    };
    chunk::dump_to(write, p, strip).expect("writing does not fail");
    bytes
}

/// Loads a chunk in protected mode. The function, or a message, is on the stack.
pub fn load(l: Lua, bytes: &[u8], mode: Option<&[u8]>) -> Option<Gc<LuaClosure>> {
    let mut closure = None;
    let top = l.save_slot(l.top.get());
    let body = || {
        // SAFETY: `bytes` outlives the call.
        let mut input = unsafe { Input::from_bytes(bytes) };
        closure = Some(load_closure(l, &mut input, b"=fuzz", mode)?);
        Ok(())
    };
    let status =
        protected::run_protected(*l, body, top, SlotOffset::NONE).expect("nothing foreign is called");
    closure.filter(|_| status == LUA_OK)
}

static INSTRUCTIONS_LEFT: AtomicI32 = AtomicI32::new(0);

/// Asks about everything that can be asked at a hook, calls the script's own hook, and stops a function that takes too
/// long; once stopped, every instruction stops it again.
unsafe extern "C-unwind" fn hook(l: *mut lua_State, ar: *mut c_void) {
    // SAFETY: the thread that called the hook. A hook may raise errors; nothing here has to be undone.
    unsafe {
        let state = Lua::from_ptr(l.cast());
        let is_count = (*ar.cast::<lua_Debug>()).event == LUA_HOOKCOUNT;
        // An event of another kind counts as an instruction.
        let taken = if is_count { state.base_hook_count.get().max(1) } else { 1 };
        if INSTRUCTIONS_LEFT.fetch_sub(taken, Relaxed) <= 0 {
            state.sethook(Some(hook), LUA_MASKCOUNT, 1);
            luaL_error(l, c"enough".as_ptr());
        }
        if is_count {
            inspect(state);
        }
        lua_rawgeti(l, LUA_REGISTRYINDEX, HOOK);
        if lua_type(l, -1) == LUA_TFUNCTION {
            lua_callk(l, 0, 0, 0, None);
        } else {
            lua_settop(l, -2);
        }
    }
}

/// `sethook(n, f)`: has `f` called every `n` instructions, until another function is set.
unsafe extern "C-unwind" fn script_hook(l: *mut lua_State) -> i32 {
    // SAFETY: the thread that called this, with its arguments on the stack.
    unsafe {
        let n = lua52::abi::lauxlib_h::luaL_checkinteger(l, 1);
        lua_settop(l, 2);
        lua52::abi::lua_h::lua_rawseti(l, LUA_REGISTRYINDEX, HOOK);
        Lua::from_ptr(l.cast()).sethook(Some(hook), LUA_MASKCOUNT, n.clamp(1, SLICE as isize) as i32);
    }
    0
}

/// Names, lines and variables of the innermost functions.
fn inspect(l: Lua) {
    for level in 0..3 {
        let mut ar = lua_Debug::new();
        if !l.getstack(level, &mut ar) {
            return;
        }
        let _ = l.getinfo(b"nSltu", &mut ar);
        for step in [1, -1] {
            let mut n = step;
            while let Ok(Some(name)) = l.getlocal(Some(&ar), n) {
                // A variable with a name is in a register.
                assert!(name.starts_with(b"(*") || n <= MAX_STACK as i32);
                l.drop_values(1);
                n += step;
            }
        }
    }
}

const PRELUDE: &[u8] = b"
local set_hook = ...
local keep = {}
for _, name in ipairs{'assert', 'error', 'getmetatable', 'ipairs', 'next', 'pairs', 'pcall', 'rawequal', 'rawget',
  'rawlen', 'rawset', 'select', 'setmetatable', 'tonumber', 'tostring', 'type', 'xpcall', 'coroutine', 'string', 'table',
  'math', 'bit32', 'collectgarbage', 'load', 'debug'} do
  keep[name] = true
end
local G, io, debug, select, type, pcall, next, rawset = _G, io, debug, select, type, pcall, next, rawset
for name in pairs(G) do if not keep[name] then G[name] = nil end end
-- What takes long without running an instruction.
local rep, min = string.rep, math.min
function string.rep(s, n, sep) return rep(s, min(n, 1000), sep) end
function table.remove() end
-- A coroutine without a hook could not be stopped.
local co = coroutine
for _, name in ipairs{'create', 'wrap', 'resume'} do
  local f = co[name]
  co[name] = function(...) used_coroutines = true return f(...) end
end
f = function(...) return ... end
g = function(a, b) return a, b, {a} end
h = function() return g end
x, y, z = 1, 'two', {3}
t = setmetatable({1, 2, 3, x = 4, f = f, m = f, n = f, k = {v = 1}}, {__index = function(_, k) return k end,
  __add = f, __concat = function() return 'c' end, __call = f, __lt = function() return true end, __len = f, __gc = f})

-- Weapons. What they run for a script has an end: it runs in a coroutine with a hook, also in a finalizer or a hook,
-- where the others are off. What they do themselves takes away what is in use.
local getinfo, getlocal, setlocal, setupvalue = debug.getinfo, debug.getlocal, debug.setlocal, debug.setupvalue
local create, resume, collect, setmeta = co.create, co.resume, collectgarbage, debug.setmetatable
function wipe(t, n)
  if type(t) ~= 'table' or t == G then return end
  for k in next, t do t[k] = nil end
  if n then for i = 1, 3 do rawset(t, i .. 'k', i) end rawset(t, n, {rep('w', 60) .. n}) end
end
function clear(v, th)      -- the variables and temporaries of active functions
  for level = th and 0 or 2, 9 do
    if th and not getinfo(th, level, 'f') or not th and not getinfo(level, 'f') then break end
    for i = -2, 12 do
      if th then setlocal(th, level, i, v) else setlocal(level, i, v) end
    end
  end
end
function unbind(v, f)      -- upvalues: of active functions, library functions among them, or of one
  for level = 2, f and 2 or 9 do
    local info = f or getinfo(level, 'f')
    if not info then break end
    for i = 1, 4 do pcall(setupvalue, f or info.func, i, v) end
  end
end
local function junk()
  local t = {}
  for i = 1, 6 do t[i] = {rep('j', i * 30) .. i, [i .. 'j'] = function() return t end} end
end
local function striker(f)
  return function(o)
    used_coroutines = true
    if f == 1 then clear() elseif f == 2 then clear(G.y) elseif f == 3 then unbind() elseif f == 4 then unbind(G.z)
    elseif f == 5 then wipe(G.z) elseif f == 6 then wipe(G.z, 9)
    elseif type(f) == 'function' then resume(create(f), o) end
    collect()
    junk()
  end
end
function gcfin(f, n)       -- does it at the next n collections
  local meta = {}
  local left, strike = min(n or 3, 20), striker(f)
  meta.__gc = function(o)
    left = left - 1
    if left > 0 then setmetatable({}, meta) end
    strike(o)
  end
  setmetatable({}, meta)
  used_coroutines = true
end
function hookcount(n, f) set_hook(n, striker(f)) end
function debug.sethook(f, mask, n) hookcount(n or 1, f) end
debug.debug = nil
local tmpfile = io.tmpfile
function file(text)
  local f = tmpfile()
  f:write(text or rep('line 1 0x2 nan\\n', 40))
  f:seek('set')
  return f
end
";

/// A new state with a few globals for the functions to play with.
pub fn new_state(budget: &mut Budget) -> Lua {
    // SAFETY: `alloc` is an allocator as the manual describes; the budget outlives the state.
    let l = unsafe { state::new_state(alloc, (&raw mut *budget).cast()) }.expect("a state");
    let opened =
        protected::run_protected(*l, || l.aux_openlibs(), l.save_slot(l.top.get()), SlotOffset::NONE);
    assert_eq!(opened, Ok(LUA_OK));
    let prelude = load(l, PRELUDE, None).expect("compiles");
    bind_globals(l, prelude);
    l.push(Value::light_c(script_hook));
    let status = protected::protected(*l, l.top.get().below(2), 1, SlotOffset::NONE)
        .expect("nothing foreign is called");
    let message = l.from_top(1).as_string().map(|s| String::from_utf8_lossy(s.bytes()).into_owned());
    assert_eq!((status, message), (LUA_OK, None));
    l.drop_values(1);
    l
}

/// Runs a loaded function, which is on top of the stack, with some arguments, under a hook of the given mask (and the
/// count hook that stops it). Its upvalues are the globals. A result or a message takes the function's place.
fn run_stopped(l: Lua, closure: Gc<LuaClosure>, mask: i32) -> i32 {
    forget_hook(l);
    INSTRUCTIONS_LEFT.store(INSTRUCTIONS, Relaxed);
    l.sethook(Some(hook), mask | LUA_MASKCOUNT, SLICE);
    let status = run(l, closure);
    l.sethook(None, 0, 0);
    status
}

/// No function of a script's is called by the hook.
fn forget_hook(l: Lua) {
    let registry = l.global().registry.get().as_table().expect("the registry");
    if let Some(slot) = registry.find_int(HOOK as i64) {
        slot.set(Value::NIL);
    }
}

/// The running state, and how many ticks of the timer it has had, for `tick`.
static RUNNING: AtomicPtr<Thread> = AtomicPtr::new(std::ptr::null_mut());
static TICKS: AtomicI32 = AtomicI32::new(0);

/// Stops what has been running for too long without a hook.
extern "C" fn tick(_signal: i32) {
    let l = RUNNING.load(Relaxed);
    if !l.is_null() && TICKS.fetch_add(1, Relaxed) >= 2 {
        // SAFETY: a live thread, which this signal interrupts; setting a hook is allowed then.
        unsafe { Lua::from_ptr(l.cast()).sethook(Some(hook), LUA_MASKCOUNT, 1) };
    }
}

/// Runs a function without a hook. It has ended by itself with a hook, but what it left behind may change that: a
/// timer stops it then.
fn run_unhooked(l: Lua, closure: Gc<LuaClosure>) -> i32 {
    static TIMER: Once = Once::new();
    TIMER.call_once(|| {
        let handler = tick as extern "C" fn(i32);
        let every = libc::timeval { tv_sec: 0, tv_usec: 1_000 };
        let timer = libc::itimerval { it_interval: every, it_value: every };
        // SAFETY: the handler only does what a handler may do; `timer` lives through the call.
        unsafe {
            libc::signal(libc::SIGVTALRM, handler as usize);
            libc::setitimer(libc::ITIMER_VIRTUAL, &timer, std::ptr::null_mut());
        }
    });
    INSTRUCTIONS_LEFT.store(0, Relaxed);
    forget_hook(l);
    TICKS.store(0, Relaxed);
    RUNNING.store(l.as_ptr(), Relaxed);
    let status = run(l, closure);
    RUNNING.store(std::ptr::null_mut(), Relaxed);
    l.sethook(None, 0, 0);
    status
}

fn globals(l: Lua) -> Value {
    l.global().registry.get().as_table().expect("the registry").get_int(LUA_RIDX_GLOBALS as i64)
}

/// All upvalues become the globals; those.
fn bind_globals(l: Lua, closure: Gc<LuaClosure>) -> Value {
    let globals = globals(l);
    for up in closure.upvals() {
        // SAFETY: the upvalues of a main function are closed.
        unsafe { up.get().expect("complete").v.get().write(globals) };
    }
    globals
}

/// Runs a function as it is.
pub fn run(l: Lua, closure: Gc<LuaClosure>) -> i32 {
    let globals = bind_globals(l, closure);
    let func = l.top.get().below(1);
    for v in [globals, Value::number(2.0), globals, Value::number(-1.0)] {
        l.push(v);
    }
    protected::protected(*l, func, 1, SlotOffset::NONE).expect("nothing foreign is called")
}

/// A global variable; `None` when a script took away even the table of them.
fn global(l: Lua, name: &[u8]) -> Option<&'static Cell<Value>> {
    let name = lua52::object::string::new_str(*l, name).ok()?;
    globals(l).as_table()?.find(l.global(), Value::string(name)).map(|slot| {
        // SAFETY: the caller is done with it before anything else happens to the table.
        unsafe { &*std::ptr::from_ref(slot) }
    })
}

/// Whether the prelude saw a coroutine used since this was asked last.
fn took_coroutines(l: Lua) -> bool {
    global(l, b"used_coroutines").is_none_or(|slot| slot.replace(Value::FALSE) == Value::TRUE)
}

/// Whether the state still has what scripts need to do anything of interest.
pub fn is_intact(l: Lua) -> bool {
    [
        &b"pcall"[..],
        b"string",
        b"table",
        b"debug",
        b"coroutine",
        b"gcfin",
        b"hookcount",
        b"t",
        b"setmetatable",
    ]
    .iter()
    .all(|name| {
        global(l, name).is_some_and(|slot| slot.get().is_function() || slot.get().as_table().is_some())
    })
}

/// How far a chunk came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    Refused,
    Accepted,
    /// run to its end without an error
    Completed,
}

/// Loads a chunk and, when it is accepted, dumps it, runs it with hooks and, when it ends by itself, without.
pub fn try_chunk(l: Lua, bytes: &[u8], mode: &[u8]) -> Outcome {
    let bottom = l.save_slot(l.top.get());
    let outcome = match load(l, bytes, Some(mode)) {
        None => Outcome::Refused,
        Some(closure) => {
            let kind = bytes.iter().fold(0u8, |sum, &b| sum.wrapping_mul(31).wrapping_add(b));
            dump(closure.proto, kind & 1 == 0);
            let mask = if kind & 6 == 0 { LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE } else { 0 };
            l.push(l.from_top(1));
            let status = run_stopped(l, closure, mask);
            l.drop_values(1);
            if INSTRUCTIONS_LEFT.load(Relaxed) > 0 && !took_coroutines(l) {
                run_unhooked(l, closure);
            }
            if status == LUA_OK { Outcome::Completed } else { Outcome::Accepted }
        }
    };
    l.top.set(l.restore_slot(bottom));
    outcome
}
