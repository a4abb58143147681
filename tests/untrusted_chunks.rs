//! Changes binary chunks at random, loads them, and runs what is accepted: nothing may crash.
//!
//! A short run is part of the tests. `CHUNK_FUZZ_SECONDS` makes it longer, `CHUNK_FUZZ_SEED` repeats a run: the seed and
//! the number of the last case are in the file named by `CHUNK_FUZZ_LOG` when the process dies.

use lua52::abi::lauxlib_h::luaL_error;
use lua52::chunk::{self, Input, Sink};
use lua52::compiler;
use lua52::consts::*;
use lua52::object::{Gc, Lua, LuaClosure, Proto, Thread, Value};
use lua52::throw::LResult;
use lua52::vm::{call, state};
use std::ffi::c_void;
use std::path::Path;
use std::time::{Duration, Instant};

/// Bytes a state may have.
const MEMORY: usize = 32 << 20;
/// Instructions a function may run.
const INSTRUCTIONS: i32 = 20_000;

struct Budget {
    bytes: usize,
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

struct Bytes(Vec<u8>);

impl Sink for Bytes {
    fn write(&mut self, piece: &[u8]) -> LResult<i32> {
        self.0.extend_from_slice(piece);
        Ok(0)
    }
}

fn dump(p: Gc<Proto>, strip: bool) -> Vec<u8> {
    let mut bytes = Bytes(Vec::new());
    chunk::dump_to(&mut bytes, p, strip).expect("the sink does not fail");
    bytes.0
}

/// xorshift64*
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }
    fn below(&mut self, n: usize) -> usize {
        (self.next() >> 33) as usize % n.max(1)
    }
    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// Loads a chunk in protected mode. The function, or a message, is on the stack.
fn load(l: Lua, bytes: &[u8]) -> Option<Gc<LuaClosure>> {
    let mut closure = None;
    let top = l.save_slot(l.top.get());
    let body = || {
        // SAFETY: `bytes` outlives the call.
        let mut input = unsafe { Input::from_bytes(bytes) };
        closure = Some(compiler::load(l, &mut input, b"=fuzz", None)?);
        Ok(())
    };
    let status = call::run_protected(l, body, top, 0).expect("nothing foreign is called");
    closure.filter(|_| status == LUA_OK)
}

/// Stops a function that takes too long; once stopped, every instruction stops it again.
unsafe extern "C-unwind" fn stop(l: *mut Thread, _ar: *mut c_void) {
    // SAFETY: the thread that called the hook. A hook may raise errors; nothing here has to be undone.
    unsafe {
        Gc::from_ptr(l).sethook(Some(stop), LUA_MASKCOUNT, 1);
        luaL_error(l, c"enough".as_ptr());
    }
}

const PRELUDE: &[u8] = b"
local keep = {}
for _, name in ipairs{'assert', 'error', 'getmetatable', 'ipairs', 'next', 'pairs', 'pcall', 'rawequal', 'rawget', 'rawlen',
  'rawset', 'select', 'setmetatable', 'tonumber', 'tostring', 'type', 'xpcall', 'coroutine', 'string', 'table', 'math', 'bit32',
  'collectgarbage', 'load'} do
  keep[name] = true
end
local G = _G
for name in pairs(G) do if not keep[name] then G[name] = nil end end
f = function(...) return ... end
g = function(a, b) return a, b, {a} end
h = function() return g end
x, y, z = 1, 'two', {3}
t = setmetatable({1, 2, 3, x = 4, f = f, m = f, n = f, k = {v = 1}}, {__index = function(_, k) return k end,
  __add = f, __concat = function() return 'c' end, __call = f, __lt = function() return true end, __len = f, __gc = f})
";

/// A new state with a few globals for the functions to play with.
fn new_state(budget: &mut Budget) -> Lua {
    // SAFETY: `alloc` is an allocator as the manual describes; the budget outlives the state.
    let l = unsafe { state::new_state(alloc, (&raw mut *budget).cast()) }.expect("a state");
    let opened = call::run_protected(l, || l.aux_openlibs(), l.save_slot(l.top.get()), 0);
    assert_eq!(opened, Ok(LUA_OK));
    let prelude = load(l, PRELUDE).expect("compiles");
    let status = run(l, prelude);
    let message = l.from_top(1).as_string().map(|s| String::from_utf8_lossy(s.bytes()).into_owned());
    assert_eq!((status, message), (LUA_OK, None));
    l
}

/// Runs a loaded function, which is on top of the stack, with some arguments. Its upvalues are the globals.
fn run(l: Lua, closure: Gc<LuaClosure>) -> i32 {
    let registry = l.global().registry.get().as_table().expect("the registry");
    let globals = registry.get_int(LUA_RIDX_GLOBALS as i64);
    for up in closure.upvals() {
        // SAFETY: the upvalues of a main function are closed.
        unsafe { *up.get().expect("complete").v.get() = globals };
    }
    let func = l.top.get().wrapping_sub(1);
    for v in [globals, Value::number(2.0), globals, Value::number(-1.0)] {
        l.push(v);
    }
    l.sethook(Some(stop), LUA_MASKCOUNT, INSTRUCTIONS);
    let status = call::protected(l, func, 1, 0).expect("nothing foreign is called");
    l.sethook(None, 0, 0);
    status
}

const NUMBERS: &[u8] =
    &[0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 31, 32, 63, 64, 127, 128, 200, 249, 250, 251, 254, 255];
/// Where the outermost function's code begins: after the header, the lines, three bytes and the count.
const CODE: usize = 18 + 8 + 3 + 4;

/// Changes one instruction of the outermost function.
fn change_instruction(chunk: &mut [u8], random: &mut Random) {
    let Some(count) = chunk.get(CODE - 4..CODE) else { return };
    let count = u32::from_le_bytes(count.try_into().unwrap()) as usize;
    if count == 0 || CODE + count * 4 > chunk.len() {
        return;
    }
    let at = CODE + random.below(count) * 4;
    let mut i = u32::from_le_bytes(chunk[at..at + 4].try_into().unwrap());
    let small = random.below(6) as u32;
    match random.below(9) {
        0 => i = i & !0x3F | random.below(40) as u32,
        1 => i = i & !(0xFF << 6) | small << 6,
        2 => i = i & !(0x1FF << 14) | small << 14,
        3 => i = i & !(0x1FF << 23) | small << 23,
        4 => i ^= 1 << random.below(32),
        5 => i = i & 0x3FFF | (0x1FFFF + random.below(12) as u32 - 6) << 14,
        6 => i = i & !(0x1FF << 14) | (256 + small) << 14,
        7 => i = (i & 0x7F_FFFF) | (256 + small) << 23,
        _ => {
            let from = CODE + random.below(count) * 4;
            i = u32::from_le_bytes(chunk[from..from + 4].try_into().unwrap());
        }
    }
    chunk[at..at + 4].copy_from_slice(&i.to_le_bytes());
}

fn change(chunk: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(3) {
        let at = random.below(chunk.len());
        match random.below(12) {
            0 => chunk[at] ^= 1 << random.below(8),
            1 => chunk[at] = *random.pick(NUMBERS),
            2 => chunk.truncate(at),
            3 => {
                let n = (at + 1 + random.below(8)).min(chunk.len());
                chunk.drain(at..n);
            }
            4 => {
                let n = random.below(chunk.len() - at).min(64);
                let piece = chunk[at..at + n].to_vec();
                let to = random.below(chunk.len());
                chunk.splice(to..to, piece);
            }
            // Registers, parameters, vararg.
            5 if chunk.len() > CODE => chunk[26 + random.below(3)] = *random.pick(NUMBERS),
            _ => change_instruction(chunk, random),
        }
        if chunk.is_empty() {
            return;
        }
    }
}

fn collect(p: Gc<Proto>, chunks: &mut Vec<Vec<u8>>) {
    let bytes = dump(p, false);
    if bytes.len() < 20_000 {
        chunks.push(dump(p, true));
        chunks.push(bytes);
    }
    for inner in p.protos.cells() {
        collect(inner.get(), chunks);
    }
}

/// The functions of the corpus, each as a chunk of its own.
fn seeds() -> Vec<Vec<u8>> {
    let mut budget = Budget { bytes: 0 };
    let l = new_state(&mut budget);
    let mut chunks = Vec::new();
    let dir = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus"));
    for entry in std::fs::read_dir(dir).expect("a corpus").flatten() {
        let text = std::fs::read(entry.path()).expect("readable");
        if entry.path().extension().is_some_and(|e| e == "lua") {
            collect(load(l, &text).expect("compiles").proto, &mut chunks);
            l.drop_values(1);
            for line in String::from_utf8_lossy(&text).lines() {
                if let Some(closure) = load(l, line.as_bytes()) {
                    collect(closure.proto, &mut chunks);
                }
                l.drop_values(1);
            }
        }
    }
    state::close_state(l);
    chunks.sort();
    chunks.dedup();
    chunks
}

#[test]
fn changed_chunks_do_no_harm() {
    let variable = |name: &str| std::env::var(name).ok().and_then(|v| v.parse().ok());
    let time = Duration::from_secs(variable("CHUNK_FUZZ_SECONDS").unwrap_or(3));
    let seed = variable("CHUNK_FUZZ_SEED").unwrap_or(0x1234_5678_9ABC_DEF1);
    let log = std::env::var("CHUNK_FUZZ_LOG").ok();
    let seeds = seeds();
    let start = Instant::now();
    let (mut cases, mut accepted, mut completed) = (0u64, 0u64, 0u64);
    let mut budget = Budget { bytes: 0 };
    let mut l = new_state(&mut budget);
    while start.elapsed() < time {
        // Every case has its own generator, so that it can be repeated alone.
        let mut random = Random(seed ^ (cases + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        random.next();
        let mut bytes = random.pick(&seeds).clone();
        change(&mut bytes, &mut random);
        if let Some(log) = &log {
            std::fs::write(log, format!("seed {seed} case {cases}\n")).unwrap();
            std::fs::write(format!("{log}.luac"), &bytes).unwrap();
        }
        if let Some(closure) = load(l, &bytes) {
            accepted += 1;
            if run(l, closure) == LUA_OK {
                completed += 1;
            }
        }
        l.top.set(l.stack.get().wrapping_add(1));
        cases += 1;
        if cases % 64 == 0 {
            state::close_state(l);
            assert_eq!(budget.bytes, 0);
            l = new_state(&mut budget);
        }
    }
    state::close_state(l);
    eprintln!(
        "{} chunks to start from, {cases} changed ones, {accepted} accepted and run, {completed} of them to the end",
        seeds.len()
    );
    assert!(accepted > 0 && completed > 0);
}
