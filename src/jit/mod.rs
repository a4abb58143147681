//! Native code for functions that run often: a tier in the sense of `vm::tier`, on x86-64.
//!
//! It is a layer above `vm`, which knows it only as a `NativeTier`, a table of functions that whoever makes a state may
//! give to it. [NATIVE](../../docs/NATIVE.md) tells how it works.
//!
//! Invariants
//! * Native code does, instruction by instruction of the executable form, what the interpreter does, on the same frames
//!   and the same Lua stack. It can be entered and left at each instruction.
//! * Native code runs only while no hook is set. Each call, each return and each turn of a loop looks.
//! * Where native code runs a frame that a Lua frame called, perhaps by way of pcall, the caller's `returns_to` is the
//!   address at which the caller goes on: in the caller's native code, or, for the frame with which native code was
//!   entered, `stubs::returned`. For the frame of a metamethod it is a stub that finishes the caller's instruction, and
//!   goes on at `goes_on_at` if it can. Nobody reads what is in them after native code was left, but for frames that
//!   wait (`FrameFlags::WAITS`): nothing ran such a frame since, and what changes a register of it puts a stub there.
//! * Code is freed only when nobody can come back to it: its function is dead, or active in no thread, or replaced, and
//!   active in the current frame only, with no native code below it on the native stack (`free_older`).

mod calls;
mod compile;
mod fields;
mod helpers;
mod interface;
mod memory;
mod mode;
mod numbers;
mod perf_map;
mod stubs;
mod types;
mod x64;
#[cfg(test)]
mod x64_tests;

use crate::code::exec::{ExecOp, Hint};
use crate::consts::LUA_RIDX_GLOBALS;
use crate::gc::walk;
use crate::object::call_info::FrameFlags;
use crate::object::entry::{Entry, Tier};
use crate::object::native::NativeTier;
use crate::object::{FrameRef, Gc, Global, Kind, Proto, Thread};
use crate::sys;
use crate::vm::ops::tables::find_hinted;
use crate::vm::tier::{self, Exit};
use compile::Marks;
use core::cell::Cell;
use core::ffi::CStr;
use core::sync::atomic::{AtomicU8, Ordering};
use memory::CodeMemory;
pub use mode::Mode;
use types::Scratch;

/// The `Mode` of new states; 0: not known yet.
static MODE: AtomicU8 = AtomicU8::new(0);

/// What the environment asks for, read once.
fn mode() -> Mode {
    let known = MODE.load(Ordering::Relaxed);
    if let Some(mode) = Mode::ALL.into_iter().find(|&mode| mode as u8 == known) {
        return mode;
    }
    let mode = Mode::asked(sys::trusted_environment(mode::VARIABLE).map(CStr::to_bytes));
    MODE.store(mode as u8, Ordering::Relaxed);
    mode
}

/// The state's mode is that one or one of those behind it.
#[inline(always)]
fn is_at_least(l: Gc<Thread>, mode: Mode) -> bool {
    l.global().native.mode.get() >= mode as u8
}

/// What a state has for its native code. It is all zeros at first, in a mapping of its own that is made for the first
/// function.
struct State {
    scratch: Scratch,
    memory: CodeMemory,
    /// With `Mode::FlushStress`: the last random number.
    random: Cell<u32>,
}

impl State {
    /// True at random, once in `n` times, a power of two.
    fn by_chance(&self, n: u32) -> bool {
        let random = self.random.get().wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.random.set(random);
        random >> 8 & (n - 1) == 0
    }
}

/// Misses of look-ups after which a function is compiled again.
const MISSES: u16 = 500;
/// The same where functions are compiled before they have any hints.
const MISSES_ALWAYS: u16 = 8;

/// So many misses is a guess that failed.
const REFUTED: u16 = MISSES / 10;

/// A function that more codes than this were made for gets no other. With the last one, no guesses are made any more.
const MOST_VERSIONS: usize = 3;

/// With more active frames than this below the current one, older code counts as in use.
const MOST_FRAMES: usize = 50;

static TIER: NativeTier = NativeTier { run, free, close: close_state, changed };

/// Gives a new state native code, unless the environment says no.
pub fn attach(l: Gc<Thread>) {
    set_mode(l, mode());
}

/// When functions of the state are compiled.
pub fn mode_of(l: Gc<Thread>) -> Mode {
    let known = l.global().native.mode.get();
    Mode::ALL.into_iter().find(|&mode| mode as u8 == known).unwrap_or(Mode::Off)
}

/// Sets when functions of the state are compiled. What runs in native code now goes on in it.
pub fn set_mode(l: Gc<Thread>, mode: Mode) {
    // Where the stress test was asked for, native code is either off or under stress: the addresses that suspended
    // frames keep are good in no other mode.
    let stress = MODE.load(Ordering::Relaxed) == Mode::FlushStress as u8 && mode != Mode::Off;
    let mode = if stress { Mode::FlushStress } else { mode };
    let native = &l.global().native;
    native.mode.set(mode as u8);
    let tier = (mode != Mode::Off).then_some(&TIER);
    native.runs.set(tier);
    if tier.is_some() {
        // What was compiled stays until its function is freed, which takes the tier.
        native.tier.set(tier);
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
    let state = (!p.is_null()).then(|| unsafe { &*p.cast::<State>() })?;
    state.memory.forbids.set(g.native.mode.get() >= Mode::FlushStress as u8);
    Some(state)
}

fn free(g: &Global, entry: Entry) {
    free_codes(g, entry.native(), entry.native_kept());
}

/// Frees a code and what was made before it, so many in all.
fn free_codes(g: &Global, last: *const u8, count: usize) {
    let Some(state) = state(g) else { return };
    let mut code = last;
    for _ in 0..count {
        let (start, size) = compile::extent(code);
        code = compile::older(code);
        state.memory.free(start, size);
    }
}

/// Frees what the function had before its last code if nobody can be in there: the current frame, which is in no native
/// code now, is the only one of the function. Functions that are seldom alone keep it.
#[cold]
#[inline(never)]
fn free_older(l: Gc<Thread>, p: Gc<Proto>) {
    let native = &l.global().native;
    let entry = p.entry();
    entry.take_replaced();
    if native.entered.get() != 0 || native.has_coroutines.get() {
        return;
    }
    let mut others = l.active_frames().skip(1);
    let again = others.by_ref().take(MOST_FRAMES).any(|frame| frame.is_lua() && frame.closure().proto == p);
    if !again && others.next().is_none() {
        free_codes(l.global(), compile::older(entry.native()), entry.native_kept() - 1);
        entry.keep_last_native();
    }
}

fn close_state(g: &Global) {
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

/// The native code with which a call of the function begins. Counts the call, and compiles the function when it is
/// time.
#[inline(always)]
fn code_of(l: Gc<Thread>, p: Gc<Proto>) -> Option<*const u8> {
    let code = p.entry().native();
    if code.is_null() || is_at_least(l, Mode::FlushStress) { make_code(l, p) } else { Some(code) }
}

#[inline(never)]
fn make_code(l: Gc<Thread>, p: Gc<Proto>) -> Option<*const u8> {
    if is_at_least(l, Mode::FlushStress) {
        flush_by_chance(l, p);
    }
    let entry = p.entry();
    let code = entry.native();
    if !code.is_null() {
        return Some(code);
    }
    let now = entry.warm_up() || is_at_least(l, Mode::Always) && !entry.is_refused();
    if now && matches!(entry.tier(), Tier::Interpreted(_)) {
        let code = compile(l, p, None);
        // The interpreter leaves at each chance for native code, and never for what cannot be compiled.
        entry.cool(if code.is_some() { 0 } else { i32::MAX });
        return code;
    }
    None
}

/// Compiles the function with the hints of now; its native code, or `None` where it keeps what it has.
fn compile(l: Gc<Thread>, p: Gc<Proto>, marks: Marks) -> Option<*const u8> {
    let state = state(l.global())?;
    find_globals(l.global(), p);
    let guesses = p.entry().native_made() < MOST_VERSIONS;
    let code = compile::compile(&state.scratch, &state.memory, l.global(), p, guesses, marks);
    state.scratch.trim();
    let code = code?;
    p.entry().set_native(code);
    perf_map::add(l, p, code);
    Some(code)
}

/// Gives hints to the look-ups of globals that have not run yet, as most have not in the chunk of a main program whose
/// first loop runs often: the table of globals is where they will most likely look.
fn find_globals(g: &Global, p: Gc<Proto>) {
    let globals = g.registry.get().as_table().and_then(|t| t.get_int(LUA_RIDX_GLOBALS as i64).as_table());
    let Some(globals) = globals else { return };
    for i in 0..p.code.len() {
        let at = p.entry().code().wrapping_add(i).cast_mut();
        // SAFETY: the executable form has as many instructions as the bytecode.
        let insn = unsafe { *at };
        let key = match insn.op() {
            ExecOp::GetGlobal => insn.c(),
            ExecOp::SetGlobalR | ExecOp::SetGlobalK => insn.b(),
            _ => continue,
        };
        if insn.imm() == Hint::NONE.0 {
            // SAFETY: the key of such an instruction is a short string; a hint in a live prototype may change.
            unsafe { find_hinted(globals, Gc::from_ptr(p.k.get(key).payload()), at) };
        }
    }
}

/// For listings: compiles the function. Gives its code, from where calls begin, and tells where in that the parts of
/// instructions are: the instruction and the beginning of a part, in the order of the code.
#[cfg(feature = "internals")]
pub fn list(l: Gc<Thread>, p: Gc<Proto>, mark: &dyn Fn(usize, usize)) -> Option<&'static [u8]> {
    l.global().native.tier.set(Some(&TIER));
    let code = compile(l, p, Some(mark))?;
    let (start, size) = compile::extent(code);
    // SAFETY: the code, which lives as long as the function.
    Some(unsafe { core::slice::from_raw_parts(code, size - (code as usize - start as usize)) })
}

/// A look-up of a field in native code missed. Compiles the function again when there were many. Whether to leave
/// native code, to go on in the new one.
fn missed(l: Gc<Thread>, p: Gc<Proto>) -> bool {
    count_misses(l, p, 1)
}

/// A guess failed that native code relies on.
fn refuted(l: Gc<Thread>, p: Gc<Proto>) {
    count_misses(l, p, REFUTED);
}

fn count_misses(l: Gc<Thread>, p: Gc<Proto>, count: u16) -> bool {
    let limit = if is_at_least(l, Mode::Always) { MISSES_ALWAYS } else { MISSES };
    let before = p.entry().count_misses(count);
    let reached = before < limit && before.saturating_add(count) >= limit;
    reached && p.entry().native_made() <= MOST_VERSIONS && compile(l, p, None).is_some()
}

/// Whether to leave native code only because whoever enters it next may throw code away.
fn leaves_by_chance(l: Gc<Thread>) -> bool {
    is_at_least(l, Mode::FlushStress) && state(l.global()).is_some_and(|state| state.by_chance(8))
}

/// Throws the function's native code away at random: all that it ever had while no native code runs in the state, or
/// else the last, which calls begin with.
fn flush_by_chance(l: Gc<Thread>, p: Gc<Proto>) {
    let Some(state) = state(l.global()) else { return };
    let entry = p.entry();
    if entry.native().is_null() || !state.by_chance(16) {
        return;
    }
    if l.global().native.entered.get() == 0 {
        free(l.global(), entry);
        entry.clear_native();
    } else if entry.native_made() <= MOST_VERSIONS {
        compile(l, p, None);
    }
}

/// Bytes of native code that the state has.
pub fn code_bytes(l: Gc<Thread>) -> usize {
    if l.global().native.data.get().is_null() {
        return 0;
    }
    state(l.global()).map_or(0, |state| state.memory.bytes())
}

/// Throws away the native code of all functions but those that are active in some thread: it may be running, or wait
/// for what it has called.
pub fn flush(l: Gc<Thread>) {
    let g = l.global();
    walk::each_thread(g, |thread| {
        for frame in thread.active_frames().filter(|frame| frame.is_lua()) {
            frame.closure().proto.entry().mark();
        }
    });
    walk::each_object(g, &mut |o| {
        if o.kind() != Kind::Proto {
            return;
        }
        // SAFETY: the kind names the type of the object.
        let p: Gc<Proto> = unsafe { o.cast() };
        let entry = p.entry();
        if !entry.take_mark() && !entry.native().is_null() {
            free(g, entry);
            entry.clear_native();
        }
    });
}

/// Where native code is entered in the frame, a frame of this function, which has native code; `None` where it cannot
/// be.
fn address(l: Gc<Thread>, p: Gc<Proto>, ci: FrameRef) -> Option<*const u8> {
    match compile::entry(p.entry().native(), p.entry().index_of(ci.saved_pc.get()), ci.base.get())? {
        Ok(code) => Some(code),
        Err(register) => {
            types::refute_register(p, register);
            refuted(l, p);
            None
        }
    }
}

/// Where native code goes on in the frame, a frame of this function; `None` where the interpreter does.
fn place(l: Gc<Thread>, p: Gc<Proto>, ci: FrameRef) -> Option<*const u8> {
    if ci.has(FrameFlags::WAITS) {
        ci.clear_flags(FrameFlags::WAITS);
        if !is_at_least(l, Mode::FlushStress) {
            return Some(core::ptr::with_exposed_provenance(ci.lua_frame().returns_to.get()));
        }
    }
    code_of(l, p)?;
    p.entry().cool(0);
    let place = address(l, p, ci);
    if p.entry().is_replaced() {
        free_older(l, p);
    }
    place
}

/// What is in `returns_to` of a frame whose registers were changed from outside.
fn changed(l: &Thread, ci: FrameRef) -> usize {
    let waits = l.call_info() != ci && ci.next.get().is_some_and(|callee| callee.has(FrameFlags::METAMETHOD));
    if waits { place_of(stubs::metamethod_returned) } else { changed_frame() }
}

/// The same for a frame that does not wait for a metamethod.
fn changed_frame() -> usize {
    place_of(stubs::changed)
}

fn place_of(stub: stubs::Function) -> usize {
    stub as *const () as usize
}

/// Native code is entered in this frame: its caller does not wait for it in native code.
fn mark_entered(ci: FrameRef) {
    let kind = ci.kind.get();
    if kind.has_any(FrameFlags::FRESH) {
        return;
    }
    let from_metamethod = kind.has_any(FrameFlags::METAMETHOD);
    let returned = place_of(if from_metamethod { stubs::metamethod_returned } else { stubs::returned });
    // SAFETY: before it there is a Lua frame, with nothing but frames of pcall in between.
    let mut caller = unsafe { ci.caller() };
    while !caller.is_lua() {
        // SAFETY: the frame of a pcall has the frame of its caller before it.
        caller = unsafe { caller.caller() };
    }
    caller.lua_frame().returns_to.set(returned);
}

/// Runs the current frame, natively where that is possible.
fn run(l: Gc<Thread>) -> Exit {
    if l.hook_mask() != 0 {
        return Exit::Switch;
    }
    let ci = l.call_info();
    match place_of_call(l, ci) {
        Some(code) => run_call(l, ci, code),
        None => run_on(l),
    }
}

/// The same for a frame that has just begun: all that most calls by a host need.
#[inline(never)]
fn run_call(l: Gc<Thread>, ci: FrameRef, code: *const u8) -> Exit {
    match enter(l, ci, code) {
        interface::DONE => Exit::Done,
        left => run_on_after(l, left),
    }
}

#[cold]
#[inline(never)]
fn run_on_after(l: Gc<Thread>, left: i64) -> Exit {
    exit_after(l, left).unwrap_or_else(|| run_on(l))
}

/// Where native code is entered in a frame that a host's call made just now, of a function that has native code.
#[inline(always)]
fn place_of_call(l: Gc<Thread>, ci: FrameRef) -> Option<*const u8> {
    let p = ci.lua_closure().proto;
    let entry = p.entry();
    let begins = ci.has(FrameFlags::FRESH) && ci.saved_pc.get() == entry.code();
    let code = entry.native();
    (begins && !code.is_null() && !is_at_least(l, Mode::FlushStress)).then(|| compile::body_of(code))
}

/// Runs the current frame from there on, which is the place of its saved pc; why it was left.
#[inline(always)]
fn enter(l: Gc<Thread>, ci: FrameRef, code: *const u8) -> i64 {
    let cl = ci.lua_closure();
    let entered = &l.global().native.entered;
    entered.set(entered.get().wrapping_add(1));
    // SAFETY: the current frame and its closure; the frame is marked, or was called by a host.
    let left = unsafe {
        stubs::enter(l.as_ptr(), ci.as_ptr(), code, ci.base.get().as_ptr(), cl.as_ptr(), cl.proto.k.as_ptr())
    };
    entered.set(entered.get().wrapping_sub(1));
    left
}

/// What native code was left for. Nothing when the current frame is to be run on.
#[inline(always)]
fn exit_after(l: Gc<Thread>, left: i64) -> Option<Exit> {
    match helpers::exit_of(left) {
        Err(throw) => Some(Exit::Throw(throw)),
        Ok(interface::DONE) => Some(Exit::Done),
        Ok(interface::INTERPRET) => match tier::interpret_and_count(l) {
            Exit::Switch if l.hook_mask() == 0 => None,
            exit => Some(exit),
        },
        Ok(_) => None,
    }
}

/// Runs the current frame from wherever it is.
#[inline(never)]
fn run_on(l: Gc<Thread>) -> Exit {
    loop {
        if l.hook_mask() != 0 {
            return Exit::Switch;
        }
        let ci = l.call_info();
        let left = match place(l, ci.lua_closure().proto, ci) {
            Some(code) => {
                mark_entered(ci);
                enter(l, ci, code)
            }
            None => interface::INTERPRET,
        };
        if let Some(exit) = exit_after(l, left) {
            return exit;
        }
    }
}
