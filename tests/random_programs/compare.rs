//! Runs a program in the interpreter and natively, and compares all that can be told apart: what it says, with the texts
//! of errors and tracebacks, how it ends, and each block of memory that is asked for or given back.
//!
//! A state gets its memory from an arena that begins at the same address each time, and the same seed for its hashes. So
//! addresses, the order of tables and the collector's pace are the same, too, as long as the same is asked for.

use super::tree::{self, Node};
use lua52::abi::lauxlib_h::luaL_loadbufferx;
use lua52::abi::lua_State;
use lua52::abi::lua_h::{
    lua_close, lua_newstate, lua_pcallk, lua_pushcclosure, lua_setglobal, lua_sethook, lua_tolstring,
};
use lua52::abi::lualib_h::luaL_openlibs;
use lua52::api::Lua;
use lua52::consts::*;
use lua52::jit::{self, Mode};
use lua52::object::{Gc, Proto};
use lua52::vm::state::FIXED_SEED;
use std::ffi::c_void;
use std::sync::Once;
use std::sync::atomic::{AtomicI32, AtomicPtr, Ordering::Relaxed};

/// Bytes of the arena, and of them, what a state may use.
const ARENA: usize = 1 << 30;
const MOST: usize = 200 << 20;
/// Blocks up to this size have lists of free ones by 16 bytes, larger ones by powers of two.
const SMALL: usize = 1 << 16;
const LISTS: usize = SMALL / 16 + 32;
/// What freed blocks are filled with.
const FREED: u8 = 0xDB;

/// A block's size before and after; for a new block, what kind of object it is for, and its size.
type Request = (bool, usize, usize);

/// What a run says and asks for.
struct Run {
    arena: *mut u8,
    used: usize,
    bytes: usize,
    free: Vec<Vec<*mut u8>>,
    requests: Vec<Request>,
    output: Vec<u8>,
    /// of each line of the output: how many requests there were until then
    marks: Vec<usize>,
}

/// What is compared.
#[derive(PartialEq)]
pub struct Outcome {
    pub status: i32,
    output: Vec<u8>,
    marks: Vec<usize>,
    requests: Vec<Request>,
    /// bytes that were not given back
    lost: usize,
    stopped: bool,
}

fn list_of(size: usize) -> (usize, usize) {
    if size <= SMALL {
        let units = size.div_ceil(16).max(1);
        (units, units * 16)
    } else {
        let size = size.next_power_of_two();
        (SMALL / 16 + size.trailing_zeros() as usize - 15, size)
    }
}

impl Run {
    fn alloc(&mut self, size: usize) -> *mut u8 {
        let (list, size) = list_of(size);
        if let Some(block) = self.free[list].pop() {
            return block;
        }
        if self.used + size > ARENA {
            return std::ptr::null_mut();
        }
        self.used += size;
        // SAFETY: inside the arena.
        unsafe { self.arena.add(self.used - size) }
    }
    fn give_back(&mut self, block: *mut u8, size: usize) {
        let (list, size) = list_of(size);
        // SAFETY: a block of this size, which nobody uses any more.
        unsafe { block.write_bytes(FREED, size.min(4096)) };
        self.free[list].push(block);
    }
}

unsafe extern "C" fn alloc(ud: *mut c_void, p: *mut c_void, osize: usize, nsize: usize) -> *mut c_void {
    // SAFETY: `ud` is a `Run`; `p` is null or a block of `osize` bytes from here.
    unsafe {
        let run = &mut *ud.cast::<Run>();
        run.requests.push((p.is_null(), osize, nsize));
        let old = if p.is_null() { 0 } else { osize };
        if nsize > old && run.bytes + (nsize - old) > MOST {
            return std::ptr::null_mut();
        }
        if !p.is_null() && nsize != 0 && list_of(old) == list_of(nsize) {
            run.bytes = run.bytes - old + nsize;
            return p;
        }
        let mut block = std::ptr::null_mut();
        if nsize != 0 {
            block = run.alloc(nsize);
            if block.is_null() {
                return block.cast();
            }
        }
        if !p.is_null() {
            if nsize != 0 {
                block.copy_from_nonoverlapping(p.cast(), old.min(nsize));
            }
            run.give_back(p.cast(), old);
        }
        run.bytes = run.bytes - old + nsize;
        block.cast()
    }
}

static RUN: AtomicPtr<Run> = AtomicPtr::new(std::ptr::null_mut());

unsafe extern "C-unwind" fn print(l: *mut lua_State) -> i32 {
    // SAFETY: the argument is a text; the run lives as long as the state.
    unsafe {
        let mut size = 0;
        let text = lua_tolstring(l, 1, &mut size);
        let run = &mut *RUN.load(Relaxed);
        if !text.is_null() {
            run.output.extend_from_slice(std::slice::from_raw_parts(text.cast(), size));
        }
        run.output.push(b'\n');
        run.marks.push(run.requests.len());
    }
    0
}

/// The running state, and ticks of the timer since it began.
static RUNNING: AtomicPtr<lua_State> = AtomicPtr::new(std::ptr::null_mut());
static TICKS: AtomicI32 = AtomicI32::new(0);
/// Ticks after which a run is stopped, and after which it could not be stopped.
const PATIENCE: i32 = 20;
const STUCK: i32 = 60;
/// How a process ends that could not stop a program.
const GAVE_UP: i32 = 99;

unsafe extern "C-unwind" fn stop(l: *mut lua_State, _: *mut c_void) {
    // SAFETY: a hook may raise errors.
    unsafe { lua52::abi::lauxlib_h::luaL_error(l, c"stopped".as_ptr()) };
}

extern "C" fn tick(_signal: i32) {
    let l = RUNNING.load(Relaxed);
    let ticks = TICKS.fetch_add(1, Relaxed);
    if !l.is_null() && ticks >= PATIENCE {
        // SAFETY: a live state, which this signal interrupts; setting a hook is allowed then. A coroutine has a hook of
        // its own.
        unsafe {
            if ticks >= STUCK {
                libc::_exit(GAVE_UP);
            }
            lua_sethook(l, Some(stop), LUA_MASKCOUNT, 1);
        }
    }
}

fn start_timer() {
    static TIMER: Once = Once::new();
    TIMER.call_once(|| {
        let every = libc::timeval { tv_sec: 0, tv_usec: 100_000 };
        let timer = libc::itimerval { it_interval: every, it_value: every };
        let handler = tick as extern "C" fn(i32);
        // SAFETY: the handler does what a handler may do; `timer` lives through the call.
        unsafe {
            libc::signal(libc::SIGVTALRM, handler as usize);
            libc::setitimer(libc::ITIMER_VIRTUAL, &timer, std::ptr::null_mut());
        }
    });
}

/// Functions get hot after different numbers of calls and turns.
fn warm(p: Gc<Proto>, turns: &mut u32) {
    *turns = turns.wrapping_mul(1_103_515_245).wrapping_add(12345);
    p.entry().cool((*turns >> 16) as i32 % 24);
    for inner in p.protos.cells() {
        warm(inner.get(), turns);
    }
}

fn arena() -> *mut u8 {
    static ARENA_AT: AtomicPtr<u8> = AtomicPtr::new(std::ptr::null_mut());
    static MAPPED: Once = Once::new();
    MAPPED.call_once(|| {
        let rights = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: a new mapping.
        let at = unsafe { libc::mmap(std::ptr::null_mut(), ARENA, rights, flags, -1, 0) };
        assert!(at != libc::MAP_FAILED);
        ARENA_AT.store(at.cast(), Relaxed);
    });
    ARENA_AT.load(Relaxed)
}

/// Runs a chunk in a new state.
pub fn run(chunk: &[u8], mode: Mode) -> Outcome {
    start_timer();
    let mut run = Box::new(Run {
        arena: arena(),
        used: 0,
        bytes: 0,
        free: vec![Vec::new(); LISTS],
        requests: Vec::new(),
        output: Vec::new(),
        marks: Vec::new(),
    });
    let at: *mut Run = &raw mut *run;
    RUN.store(at, Relaxed);
    FIXED_SEED.store(0x5EED, Relaxed);
    // SAFETY: the state gets what it asks for, and is closed before the run ends; each function gets the arguments it
    // expects.
    let status = unsafe {
        let l = lua_newstate(alloc, at.cast());
        assert!(!l.is_null());
        jit::set_mode(*Lua::from_ptr(l.cast()), mode);
        luaL_openlibs(l);
        lua_pushcclosure(l, Some(print), 0);
        lua_setglobal(l, c"print".as_ptr());
        let mut status =
            luaL_loadbufferx(l, chunk.as_ptr().cast(), chunk.len(), c"=p".as_ptr(), std::ptr::null());
        if status == LUA_OK {
            if mode == Mode::On {
                let main = Lua::from_ptr(l.cast()).from_top(1).as_lua_closure().expect("a function");
                warm(main.proto, &mut (chunk.len() as u32));
            }
            TICKS.store(0, Relaxed);
            RUNNING.store(l, Relaxed);
            status = lua_pcallk(l, 0, 0, 0, 0, None);
            RUNNING.store(std::ptr::null_mut(), Relaxed);
        }
        if status != LUA_OK {
            let mut size = 0;
            let text = lua_tolstring(l, -1, &mut size);
            if !text.is_null() {
                run.output.extend_from_slice(std::slice::from_raw_parts(text.cast(), size));
            }
        }
        lua_close(l);
        status
    };
    let used = run.used;
    // SAFETY: the arena, which nobody uses now.
    unsafe {
        libc::madvise(
            run.arena.cast(),
            used,
            if used > 1 << 22 { libc::MADV_DONTNEED } else { libc::MADV_NORMAL },
        )
    };
    Outcome {
        status,
        output: std::mem::take(&mut run.output),
        marks: std::mem::take(&mut run.marks),
        requests: std::mem::take(&mut run.requests),
        lost: run.bytes,
        stopped: TICKS.load(Relaxed) >= PATIENCE,
    }
}

/// How two outcomes differ.
///
/// Under stress a call takes a frame where the interpreter needs none, so that the stack grows and the collector runs at
/// other times, and programs that ask for these say something else: then only crashes and lost memory count.
fn difference(expected: &Outcome, found: &Outcome) -> Option<String> {
    if expected == found || cfg!(feature = "stress-jit") && expected.lost == found.lost {
        return None;
    }
    let mut all = Vec::new();
    let lines = |outcome: &Outcome| -> Vec<String> {
        outcome.output.split(|&b| b == b'\n').map(|line| String::from_utf8_lossy(line).into_owned()).collect()
    };
    let (a, b) = (lines(expected), lines(found));
    if let Some(i) = (0..a.len().max(b.len())).find(|&i| a.get(i) != b.get(i)) {
        all.push(format!("line {}: {:?} instead of {:?}", i + 1, b.get(i), a.get(i)));
    }
    if expected.status != found.status {
        all.push(format!("status {} instead of {}", found.status, expected.status));
    }
    let (a, b) = (&expected.requests, &found.requests);
    if let Some(i) = (0..a.len().max(b.len())).find(|&i| a.get(i) != b.get(i)) {
        let line = expected.marks.iter().filter(|&&mark| mark <= i).count() + 1;
        all.push(format!("request {i}, before line {line}: {:?} instead of {:?}", b.get(i), a.get(i)));
    }
    if expected.lost != found.lost {
        all.push(format!("{} bytes lost instead of {}", found.lost, expected.lost));
    }
    Some(all.join("; "))
}

/// How the modes differ for a chunk; what it says in the interpreter otherwise, or nothing when it was stopped.
pub fn compare(chunk: &[u8]) -> Result<Option<Outcome>, String> {
    let expected = run(chunk, Mode::Off);
    if expected.stopped {
        return Ok(None);
    }
    if expected.lost != 0 {
        return Err(format!("{} bytes are lost in the interpreter", expected.lost));
    }
    for mode in [Mode::On, Mode::Always, Mode::FlushStress] {
        let found = run(chunk, mode);
        if found.stopped {
            return Ok(None);
        }
        if let Some(difference) = difference(&expected, &found) {
            return Err(format!("{}: {difference}", mode.name()));
        }
    }
    Ok(Some(expected))
}

impl Outcome {
    pub fn lines(&self) -> usize {
        self.marks.len()
    }
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.output).into_owned()
    }
}

/// Native stack for programs. The levels of nested calls end them, not its size, of which each mode takes another part.
const STACK: usize = 64 << 20;

/// Does it on a thread whose stack has room for as many levels as the library allows.
pub fn with_room(does: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(does).expect("a thread");
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

/// Does it in a process of its own, which may crash, or not end; what it gave, or how the process ended.
pub fn in_child(does: impl FnOnce() -> [u64; 4]) -> Result<[u64; 4], i32> {
    const SIZE: usize = size_of::<[u64; 4]>();
    // SAFETY: the child is a copy of this thread alone, which takes no lock that another one may hold.
    unsafe {
        let mut ends = [0; 2];
        assert_eq!(libc::pipe(ends.as_mut_ptr()), 0);
        let child = libc::fork();
        assert!(child >= 0);
        if child == 0 {
            let given = does();
            libc::write(ends[1], given.as_ptr().cast(), SIZE);
            libc::_exit(0);
        }
        libc::close(ends[1]);
        let mut given = [0; 4];
        let read = libc::read(ends[0], given.as_mut_ptr().cast(), SIZE);
        libc::close(ends[0]);
        let mut status = 0;
        libc::waitpid(child, &mut status, 0);
        if read == SIZE as isize && status == 0 { Ok(given) } else { Err(status) }
    }
}

/// Whether the modes differ for a program, or it crashes.
fn fails(program: &[Node]) -> bool {
    let quiet = || {
        // SAFETY: no one else writes to the standard error of this process.
        unsafe { libc::close(2) };
        [compare(tree::text(program).as_bytes()).is_err() as u64; 4]
    };
    match in_child(quiet) {
        Ok(given) => given[0] != 0,
        Err(status) => !gave_up(status),
    }
}

/// The process ended because a program did not.
pub fn gave_up(status: i32) -> bool {
    libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == GAVE_UP
}

/// Makes a program small that the modes differ for, or that crashes; its text.
pub fn shrink(program: Vec<Node>) -> String {
    tree::text(&tree::shrink(program, &mut fails))
}
