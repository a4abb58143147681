//! Native code for functions that run often: a tier in the sense of `vm::tier`, on x86-64.
//!
//! It is a layer above `vm`, which knows it only as a `NativeTier`, a table of functions that whoever makes a state may
//! give to it. [NATIVE](../../docs/NATIVE.md) tells how it works.
//!
//! Invariants
//! * Native code does, instruction by instruction of the executable form, what the interpreter does, on the same frames and
//!   the same Lua stack. It can be entered and left at each instruction.
//! * Native code runs only while no hook is set. Each call, each return and each turn of a loop looks.
//! * In a plain frame that native code runs, the caller's `returns_to` is the address at which the caller goes on: in the caller's
//!   native code, or, for the frame with which native code was entered, `stubs::returned`. Nobody reads what is in it
//!   after native code was left.

mod compile;
mod fields;
mod helpers;
mod interface;
mod memory;
mod numbers;
mod stubs;
mod types;
mod x64;
#[cfg(test)]
mod x64_tests;

use crate::object::call_info::FrameFlags;
use crate::object::entry::Tier;
use crate::object::native::NativeTier;
use crate::object::{CallInfo, Gc, Global, Proto, Thread};
use crate::sys;
use crate::vm::tier::{self, Exit};
use core::sync::atomic::{AtomicU8, Ordering};
use memory::CodeMemory;
use types::Scratch;

/// When functions are compiled.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Mode {
    /// not known yet
    Unknown,
    Off,
    /// when they run often
    On,
    /// when they run first
    Always,
}

static MODE: AtomicU8 = AtomicU8::new(Mode::Unknown as u8);

/// What the environment asks for, read once.
fn mode() -> Mode {
    match MODE.load(Ordering::Relaxed) {
        m if m == Mode::Off as u8 => Mode::Off,
        m if m == Mode::On as u8 => Mode::On,
        m if m == Mode::Always as u8 => Mode::Always,
        _ => {
            let mode = match sys::trusted_environment(c"LIBLUA_JIT").map(|value| value.to_bytes()) {
                Some(b"off") => Mode::Off,
                Some(b"always") => Mode::Always,
                _ => Mode::On,
            };
            MODE.store(mode as u8, Ordering::Relaxed);
            mode
        }
    }
}

/// What a state has for its native code. It is all zeros at first, in a mapping of its own that is made for the first
/// function.
struct State {
    scratch: Scratch,
    memory: CodeMemory,
}

/// Misses of look-ups after which a function is compiled again.
const MISSES: u32 = 500;
/// The same where functions are compiled before they have any hints.
const MISSES_ALWAYS: u32 = 8;

/// So many misses is a guess that failed.
const REFUTED: u32 = MISSES / 10;

/// A function that has more codes than this gets no other. With the last one, no guesses are made any more.
const MOST_VERSIONS: usize = 3;

static TIER: NativeTier = NativeTier { run, free, close, changed };

/// Gives a new state native code, unless the environment says no.
pub fn attach(l: Gc<Thread>) {
    if mode() != Mode::Off {
        l.global().native.tier.set(Some(&TIER));
    }
}

/// The state's own, made if need be.
fn state(g: &Global) -> Option<&State> {
    let mut p = g.native.data.get();
    if p.is_null() {
        p = sys::map(size_of::<State>()).cast();
        g.native.data.set(p);
    }
    // SAFETY: zeros are a state that has no code, which lives until `close`.
    (!p.is_null()).then(|| unsafe { &*p.cast::<State>() })
}

fn free(g: &Global, code: *const u8) {
    let Some(state) = state(g) else { return };
    let mut next = Some(code);
    while let Some(code) = next {
        next = compile::older(code);
        state.memory.free(code);
    }
}

fn close(g: &Global) {
    let p = g.native.data.replace(core::ptr::null_mut());
    if !p.is_null() {
        // SAFETY: the mapping of `state`.
        unsafe {
            (*p.cast::<State>()).memory.close();
            (*p.cast::<State>()).scratch.free();
            sys::unmap(p.cast(), size_of::<State>());
        }
    }
}

/// The native code with which a call of the function begins. Counts the call, and compiles the function when it is time.
fn code_of(l: Gc<Thread>, p: Gc<Proto>) -> Option<*const u8> {
    let entry = p.entry();
    let code = entry.native();
    if !code.is_null() {
        return Some(code);
    }
    let now = entry.warm_up() || mode() == Mode::Always && !entry.is_refused();
    if now && matches!(entry.tier(), Tier::Interpreted(_)) {
        let code = compile(l, p);
        // The interpreter leaves at each chance for native code, and never for what cannot be compiled.
        entry.cool(if code.is_some() { 0 } else { i32::MAX });
        return code;
    }
    None
}

/// Compiles the function with the hints of now; its native code, or `None` where it keeps what it has.
fn compile(l: Gc<Thread>, p: Gc<Proto>) -> Option<*const u8> {
    let state = state(l.global())?;
    let guesses = p.entry().native().is_null() || versions(p.entry().native()) < MOST_VERSIONS;
    let code = compile::compile(&state.scratch, &state.memory, l.global(), p, guesses)?;
    p.entry().set_native(code);
    Some(code)
}

/// A look-up of a field in native code missed. Compiles the function again when there were many; whether it did.
fn missed(l: Gc<Thread>, p: Gc<Proto>) -> bool {
    count_misses(l, p, 1)
}

/// A guess failed that native code relies on.
fn refuted(l: Gc<Thread>, p: Gc<Proto>) {
    count_misses(l, p, REFUTED);
}

fn count_misses(l: Gc<Thread>, p: Gc<Proto>, count: u32) -> bool {
    let limit = if mode() == Mode::Always { MISSES_ALWAYS } else { MISSES };
    let before = p.entry().count_misses(count);
    let reached = before < limit && before.saturating_add(count) >= limit;
    reached && versions(p.entry().native()) <= MOST_VERSIONS && compile(l, p).is_some()
}

/// How many codes a function has, of which the last begins at `code`. Frames may still run the others.
fn versions(code: *const u8) -> usize {
    core::iter::successors(Some(code), |&code| compile::older(code)).count()
}

/// Where native code is entered in the frame, a frame of this function, which has native code; `None` where it cannot be.
fn address(p: Gc<Proto>, ci: &CallInfo) -> Option<*const u8> {
    compile::entry(p.entry().native(), p.entry().index_of(ci.saved_pc.get()), ci.base.get())
}

/// What is in `returns_to` of a frame whose registers were changed from outside.
fn changed() -> usize {
    let changed: stubs::Function = stubs::changed;
    changed as *const () as usize
}

/// Native code is entered in this frame: its caller does not wait for it in native code.
fn mark_entered(ci: &CallInfo) {
    if ci.has(FrameFlags::PLAIN) {
        let returned: stubs::Function = stubs::returned;
        // SAFETY: the caller of a plain frame is the Lua frame before it.
        unsafe { (*ci.prev.get()).lua_frame().returns_to.set(returned as *const () as usize) };
    }
}

/// Runs the current frame, natively where that is possible.
fn run(l: Gc<Thread>) -> Exit {
    loop {
        if l.hook_mask() != 0 {
            return Exit::Switch;
        }
        let ci = l.call_info();
        let cl = ci.lua_closure();
        let p = cl.proto;
        if code_of(l, p).is_some() {
            p.entry().cool(0);
        }
        if !p.entry().native().is_null()
            && let Some(code) = address(p, ci)
        {
            mark_entered(ci);
            // SAFETY: the current frame and its closure; the frame is marked.
            let left = unsafe {
                stubs::enter(l.as_ptr(), ci, code, ci.base.get().as_ptr(), cl.as_ptr(), p.k.as_ptr())
            };
            match helpers::exit_of(left) {
                Err(throw) => return Exit::Throw(throw),
                Ok(interface::DONE) => return Exit::Done,
                Ok(interface::INTERPRET) => {}
                Ok(_) => continue,
            }
        }
        match tier::interpret_and_count(l) {
            Exit::Switch if l.hook_mask() == 0 => {}
            exit => return exit,
        }
    }
}
