//! Creating and destroying states and threads.

use crate::consts::*;
use crate::gc;
use crate::mem::{self, Allocator, lua_Alloc};
use crate::object::effects::EffectCounts;
use crate::object::heap::{self, Heap};
use crate::object::light::WideLights;
use crate::object::limits::Limits;
use crate::object::metamethod::METAMETHOD_NAMES;
use crate::object::string;
use crate::object::thread::{ATTENTION, BASIC_STACK, EXTRA_STACK, Thread, YIELD_PENDING};
use crate::object::upcalls::Upcalls;
use crate::object::{CallInfo, Gc, Global, Header, Kind, Slot, SlotOffset, Table, Value, gc_bits};
use crate::sys;
use crate::throw::LResult;
use crate::vm::error::OrThrow;
use crate::vm::finalizer;
use crate::{boundary, messages as msg};
use core::cell::Cell;
use core::ffi::c_void;
#[cfg(feature = "internals")]
use core::sync::atomic::{AtomicU64, Ordering};

/// The block that `lua_newstate` allocates first and `lua_close` frees last: the main thread and the global state.
#[repr(C)]
struct MainBlock {
    thread: Thread,
    global: Global,
}

/// A thread without a stack.
fn blank_thread(kind_white: u8, g: *const Global) -> Thread {
    Thread {
        header: Header::new(Kind::Thread, kind_white),
        top: Cell::new(Slot::NULL),
        g,
        ci: Cell::new(core::ptr::null()),
        stack: Cell::new(Slot::NULL),
        stack_last: Cell::new(Slot::NULL),
        stack_size: Cell::new(0),
        non_yieldable_depth: Cell::new(1),
        native_depth: Cell::new(0),
        open_upvals: Cell::new(None),
        resumer: Cell::new(None),
        message_handler: Cell::new(SlotOffset::NONE),
        hook: Cell::new(None),
        old_pc: Cell::new(core::ptr::null()),
        base_hook_count: Cell::new(0),
        hook_count: Cell::new(0),
        hook_mask: Cell::new(0),
        allow_hook: Cell::new(true),
        #[cfg(native_code)]
        native_instruction: Cell::new(core::ptr::null()),
        base_ci: CallInfo::new(),
    }
}

/// Gives a blank thread its stack and its first CallInfo.
fn init_stack(l: Gc<Thread>, allocating: Gc<Thread>) -> LResult<()> {
    let p = mem::realloc(allocating, core::ptr::null_mut(), 0, BASIC_STACK * size_of::<Value>())?;
    let p = p.cast::<Value>();
    for i in 0..BASIC_STACK {
        // SAFETY: the fresh block has `BASIC_STACK` slots.
        unsafe { p.add(i).write(Value::NIL) };
    }
    let p = Slot::from_ptr(p);
    l.stack.set(p);
    l.stack_size.set(BASIC_STACK as u32);
    l.stack_last.set(p.above(BASIC_STACK - EXTRA_STACK));
    let ci = l.host_frame();
    ci.func.set(p);
    ci.top.set(p.above(1 + LUA_MINSTACK as usize));
    l.top.set(p.above(1));
    l.set_call_info(ci);
    Ok(())
}

/// For tests that compare runs: the seed of states that are made from now on, unless it is 0.
#[cfg(feature = "internals")]
pub static FIXED_SEED: AtomicU64 = AtomicU64::new(0);

/// A seed that differs between states: addresses, time, and a counter of the CPU where there is one.
fn make_seed(block: *const MainBlock) -> u64 {
    #[cfg(feature = "internals")]
    {
        let fixed = FIXED_SEED.load(Ordering::Relaxed);
        if fixed != 0 {
            return fixed;
        }
    }
    let t = sys::clock_now();
    let stack_address = &raw const t as u64;
    let mut x =
        block as u64 ^ stack_address.rotate_left(20) ^ (make_seed as *const () as u64).rotate_left(40);
    x ^= (t.0 as u64).rotate_left(32) ^ t.1 as u64;
    x = (x ^ x >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ x >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ x >> 31
}

/// The number `lua_version` answers with; its address identifies this library.
pub static VERSION: f64 = LUA_VERSION_NUM as f64;

static UPCALLS: Upcalls = Upcalls { emergency: gc::emergency, finalize: finalizer::call };

/// A new state whose memory all comes from `f`, and which knows the `reserved` words of the compiler; `None` when
/// memory is short.
///
/// # Safety
/// `f` is an allocator as in the manual's `lua_Alloc`, good for `ud`, as long as the state lives.
pub unsafe fn new_state(f: lua_Alloc, ud: *mut c_void, reserved: &[&str]) -> Option<Gc<Thread>> {
    let allocator = Allocator::new(f, ud)?;
    // SAFETY: `f` is an allocator by the caller's promise, and the size asked for is not zero.
    let block: *mut MainBlock =
        unsafe { allocator.alloc(LUA_TTHREAD as usize, size_of::<MainBlock>()).cast() };
    if block.is_null() {
        // SAFETY: there is no block.
        unsafe { allocator.close(core::ptr::null_mut(), 0) };
        return None;
    }
    // SAFETY: `block` is a fresh block of the right size.
    let l = unsafe {
        let g = &raw const (*block).global;
        let white = gc_bits::WHITE0;
        (&raw mut (*block).global).write(Global {
            heap: Heap::new(allocator, make_seed(block)),
            upcalls: &UPCALLS,
            #[cfg(feature = "stress-finalizers")]
            accomplice: Cell::new(None),
            registry: Cell::new(Value::NIL),
            main_thread: Cell::new(None),
            running: Cell::new(None),
            panic: Cell::new(None),
            failed_call: Cell::new(SlotOffset::NONE),
            abandoned_levels: Cell::new(0),
            link: core::cell::UnsafeCell::new(boundary::Link::new()),
            native_stack: boundary::NativeStack::new(),
            memory_message: Cell::new(None),
            metamethod_names: [const { Cell::new(None) }; METAMETHOD_NAMES.len()],
            metatables: [const { Cell::new(None) }; LUA_NUMTAGS as usize],
            file_metatable: Cell::new(None),
            libraries: mem::Array::empty(),
            wide_lights: WideLights::empty(),
            effects: EffectCounts::new(),
            limits: Limits::new(),
            #[cfg(native_code)]
            native: crate::object::native::NativeState::new(),
            scratch: mem::ByteBuf::empty(),
            complete: Cell::new(false),
            version: &VERSION,
        });
        (&raw mut (*block).thread).write(blank_thread(white, g));
        Gc::from_ptr(block.cast::<Thread>())
    };
    l.global().gc.memory.account(size_of::<MainBlock>() as isize);
    l.header.marked.set(l.header.marked.get() | gc_bits::FIXED);
    l.global().main_thread.set(Some(l));
    if open(l, reserved).is_err() {
        close_state(l);
        return None;
    }
    Some(l)
}

fn fixed_string(l: Gc<Thread>, s: &str) -> LResult<Gc<string::Str>> {
    let s = string::new_str(l, s.as_bytes())?;
    s.header.marked.set(s.header.marked.get() | gc_bits::FIXED);
    Ok(s)
}

/// The parts of opening a state that may run out of memory.
fn open(l: Gc<Thread>, reserved: &[&str]) -> LResult<()> {
    let g = l.global();
    init_stack(l, l)?;
    g.strings.init(l)?;
    let registry = Gc::<Table>::new(l)?;
    g.registry.set(Value::table(registry));
    registry.resize(l, LUA_RIDX_LAST as u32, 0).or_throw(l)?;
    registry.set_int(l, LUA_RIDX_MAINTHREAD as i64, Value::thread(l)).or_throw(l)?;
    let globals = Gc::<Table>::new(l)?;
    registry.set_int(l, LUA_RIDX_GLOBALS as i64, Value::table(globals)).or_throw(l)?;
    g.memory_message.set(Some(fixed_string(l, msg::NOT_ENOUGH_MEMORY)?));
    for (slot, name) in g.metamethod_names.iter().zip(METAMETHOD_NAMES) {
        slot.set(Some(fixed_string(l, name)?));
    }
    for (i, word) in reserved.iter().enumerate() {
        fixed_string(l, word)?.set_reserved(i as u8 + 1);
    }
    g.complete.set(true);
    gc::start(l);
    Ok(())
}

/// Closes the state `l` belongs to and gives all memory back.
pub fn close_state(l: Gc<Thread>) {
    let g = l.global();
    let Some(main) = g.main_thread.get() else { return };
    if !main.stack.get().is_null() {
        super::upval::close(main, main.stack.get());
    }
    let _ = gc::close(main);
    // Only now is it certain that no function of theirs will run.
    for handle in g.libraries.cells().iter().rev() {
        // SAFETY: a handle that the loader gave, closed once.
        unsafe { sys::close_library(handle.get()) };
    }
    g.libraries.free(main);
    g.strings.free(main);
    g.scratch.free(main);
    g.wide_lights.free(main);
    main.free_parts(main);
    #[cfg(native_code)]
    if let Some(tier) = g.native.tier.get() {
        (tier.close)(g);
    }
    g.limits.wait_for_interrupters();
    debug_assert_eq!(g.gc.memory.total(), size_of::<MainBlock>(), "bytes unaccounted for");
    // SAFETY: nothing uses the main block any more; the allocator leaves it before it is freed.
    unsafe { (&raw const g.gc.memory.allocator).read().close(main.as_ptr().cast(), size_of::<MainBlock>()) };
}

/// A new thread of the same state, pushed on the stack of `l` (one free slot is needed).
pub fn new_thread(l: Gc<Thread>) -> LResult<Gc<Thread>> {
    gc::check(l)?;
    let p = heap::alloc_object(l, Kind::Thread, size_of::<Thread>())?.cast::<Thread>();
    // SAFETY: a fresh block of the size of a thread.
    let t: Gc<Thread> = unsafe {
        p.write(blank_thread(heap::current_white(l.global()), l.g));
        Gc::from_ptr(p)
    };
    t.hook.set(l.hook.get());
    t.hook_mask.set(l.hook_mask() & !(YIELD_PENDING | ATTENTION));
    t.base_hook_count.set(l.base_hook_count.get());
    t.hook_count.set(l.base_hook_count.get());
    heap::link(l.global(), t.erase());
    #[cfg(native_code)]
    l.global().native.has_coroutines.set(true);
    l.push(Value::thread(t));
    if let Err(e) = init_stack(t, l) {
        l.drop_values(1);
        return Err(e);
    }
    Ok(t)
}
