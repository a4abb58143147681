//! The interpreter.
//!
//! Rules
//! 1. `run` keeps the running frame in locals: `ci`, `base`, `k`, `cl`, and `pc`, the running instruction (a frame's
//!    `saved_pc` is the next one, and out of date in the running frame until `save_pc!`). Whatever may raise, call,
//!    allocate or move the stack runs under `protect!`, which saves `pc` first and re-reads `base` afterwards.
//! 2. While a Lua frame runs, the stack's top is the frame's limit. The exception is after an instruction that leaves
//!    an open number of values, until the instruction that takes them.
//! 3. A call of a Lua function pushes a frame, and the loop goes on in it. The loop ends when a frame marked `FRESH`
//!    returns. The library's pcall and xpcall are frames of this kind, too (`FrameFlags::LIBRARY_PCALL`): the native
//!    stack does not grow with them.
//! 4. Errors leave the loop as values. `vm::tier` then looks for a library pcall frame of this invocation that stops
//!    the error; it never stops a yield.
//! 5. The plain loop looks for hooks at backward jumps (signals and other threads set them) and wherever foreign code
//!    may have run: calls, collections; where a metamethod has set one, the instruction ends as if the metamethod had
//!    yielded (`Throw::HOOKS_SET`). With hooks set, the loop that is `HOOKED` asks before each instruction; it takes no
//!    shortcut that a hook could notice.
//! 6. Paths that are rare are marked `cold_path`, and so are those that call other functions anyway (`protect!`). The
//!    compiler keeps in registers what the other paths need, and saves it to memory only on the marked ones.

use super::ops::loops::{iterate_ipairs, iterate_next};
use super::ops::tables::{find_method, find_string_method, get_plain, node_of, slot_at, slot_of};
use super::ops::{arith, collect, end_of_concat, loops, rk, tables, varargs};
use super::tier::{self, Exit};
use super::watch::Watch;
use crate::code::bytecode::{Instruction, Op};
use crate::code::exec::{ExecInsn, ExecOp, Hint};
use crate::consts::*;
use crate::gc;
use crate::num;
use crate::object::call_info::{CallKind, FrameFlags};
use crate::object::thread::{ATTENTION, COUNTING, YIELD_PENDING};
use crate::object::value::*;
use crate::object::{
    Builtin, FastArguments, FastResult, FrameRef, Gc, Intrinsic, Kind, LuaClosure, Metamethod, Slot, Str,
    Table, Thread, Value,
};
use crate::vm::call::{self, Prepared, frame, intrinsic};
use crate::vm::debug::hooks;
use crate::vm::error::{OrThrow, Raise, ValueAt};
use crate::vm::{closure, interrupt, meta, stack, upval};

/// Hooks that instructions fire. (Any hook turns the fast entries of library functions off.)
const STEP_HOOKS: u8 = (LUA_MASKLINE | LUA_MASKCOUNT) as u8 | YIELD_PENDING | ATTENTION;

/// The double view of an operand.
#[inline(always)]
fn double(p: Slot) -> f64 {
    // SAFETY: `p` is a register or constant of the running frame; any bits are a double.
    unsafe { *p.as_ptr().cast::<f64>() }
}

/// The loop. Runs `l.ci`, a Lua frame. With `COUNTS` it leaves when a function runs often.
pub(super) fn run<const HOOKED: bool, const COUNTS: bool>(l: Gc<Thread>) -> Exit {
    let mut ci: FrameRef = l.call_info();
    let mut cl: Gc<LuaClosure> = ci.lua_closure();
    let mut k: Slot = Slot::from_ptr(cl.proto.k.as_ptr());
    let mut base: Slot = ci.base.get();
    // The running instruction; a frame keeps the next one.
    let mut pc: *const ExecInsn = ci.saved_pc.get();
    let mut second_step = false;
    let mut watch = Watch::new();

    macro_rules! tri {
        ($e:expr) => {
            match $e {
                Ok(v) => v,
                Err(t) => {
                    cold_path!();
                    watch.throws();
                    return Exit::Throw(t.into());
                }
            }
        };
    }
    macro_rules! save_pc {
        () => {
            ci.saved_pc.set(pc.wrapping_add(1))
        };
    }
    // Rule 1.
    macro_rules! protect {
        ($e:expr) => {{
            cold_path!();
            save_pc!();
            let v = tri!($e);
            base = ci.base.get();
            v
        }};
    }
    // Rule 5. `pc` is at the instruction to go on with.
    macro_rules! check_hooks {
        () => {
            if (l.hook_mask() != 0) != HOOKED {
                cold_path!();
                ci.saved_pc.set(pc);
                return Exit::Switch;
            }
        };
    }
    // The host has set a limit of steps or time.
    macro_rules! count_step {
        () => {
            if HOOKED && l.hook_mask() & COUNTING != 0 {
                cold_path!();
                interrupt::count(l, 1);
            }
        };
    }
    // A function that runs often may have a better tier. `pc` is at the instruction to go on with.
    macro_rules! leave_if_often {
        ($p:expr) => {
            #[cfg(native_code)]
            if COUNTS && $p.entry().warm_up() {
                cold_path!();
                ci.saved_pc.set(pc);
                return Exit::Switch;
            }
        };
    }
    // SAFETY of the register and constant accesses below: operands of compiled or verified code are below
    // `maxstacksize` and the number of constants.
    macro_rules! r {
        ($n:expr) => {
            unsafe { base.above($n).read() }
        };
    }
    macro_rules! set_r {
        ($n:expr, $v:expr) => {{
            let v: Value = $v;
            unsafe { base.above($n).write(v) }
        }};
    }
    macro_rules! kst {
        ($n:expr) => {
            unsafe { k.above($n).read() }
        };
    }
    macro_rules! reg_at {
        ($n:expr) => {
            unsafe { ValueAt::at(base.above($n)) }
        };
    }
    macro_rules! k_at {
        ($n:expr) => {
            unsafe { ValueAt::at(k.above($n)) }
        };
    }
    // Collection checkpoint with `live` as the stack's end. The instruction has done the rest.
    macro_rules! check_gc {
        ($live:expr) => {
            if l.global().gc.memory.debt.get() > 0 || cfg!(feature = "stress-gc") {
                cold_path!();
                save_pc!();
                if let Some(exit) = collect(l, ci, $live) {
                    return exit;
                }
                base = ci.base.get();
            }
        };
    }
    // Operands are read as doubles; the slow path reads them again as values, so that the fast one needs no move
    // between register files. A tagged operand makes a NaN of every operation here.
    macro_rules! arith {
        ($i:expr, $x:expr, $y:expr, $event:ident, $op:expr) => {{
            let (x, y): (Slot, Slot) = ($x, $y);
            let r: f64 = $op(double(x), double(y));
            if r == r {
                set_r!($i.a(), Value(r.to_bits()));
            } else {
                let v = protect!(unsafe { arith::arith(l, Metamethod::$event, x, y) });
                set_r!($i.a(), v);
            }
        }};
    }
    macro_rules! arith_rr {
        ($i:expr, $event:ident, $op:expr) => {
            arith!($i, base.above($i.b()), base.above($i.c()), $event, $op)
        };
    }
    macro_rules! arith_rk {
        ($i:expr, $event:ident, $op:expr) => {
            arith!($i, base.above($i.b()), k.above($i.c()), $event, $op)
        };
    }
    macro_rules! arith_kr {
        ($i:expr, $event:ident, $op:expr) => {
            arith!($i, k.above($i.b()), base.above($i.c()), $event, $op)
        };
    }
    // Pow is not among them: 1^x is 1 and x^0 is 1 for a NaN, too.
    macro_rules! power {
        ($i:expr, $x:expr, $y:expr, $xa:expr, $ya:expr) => {{
            let (x, y): (Value, Value) = ($x, $y);
            if x.is_number() && y.is_number() {
                set_r!($i.a(), Value::number(num::power(x.raw_number(), y.raw_number())));
            } else {
                let v = protect!(meta::arith_at(l, Metamethod::Pow, $xa, $ya));
                set_r!($i.a(), v);
            }
        }};
    }
    macro_rules! set_field {
        ($i:expr, $insn:expr, $obj:expr, $key:expr, $val:expr) => {{
            let (obj, key, val): (Value, Value, Value) = ($obj.value, $key, $val);
            match node_of(obj, key, Hint($i.imm())) {
                Some(n) if !n.val.get().is_nil() => {
                    n.val.set(val);
                    // SAFETY: it has a node.
                    gc::barrier_back(l, unsafe { obj.table_unchecked() }.erase(), val);
                }
                _ => protect!({
                    let at = $obj;
                    unsafe { tables::set_field(l, at, key, val, $insn) }
                }),
            }
        }};
    }
    // Of the value at `$at`, with any key.
    macro_rules! get_any {
        ($i:expr, $at:expr, $key:expr) => {{
            let (at, key): (Slot, Value) = ($at, $key);
            // SAFETY: `at` is a register or an upvalue.
            match get_plain(l, unsafe { at.read() }, key) {
                Some(v) => set_r!($i.a(), v),
                None => {
                    let v = protect!(meta::get_at(l, unsafe { ValueAt::at(at) }, key));
                    set_r!($i.a(), v);
                }
            }
        }};
    }
    // With a key in a register.
    macro_rules! get_index {
        ($i:expr, $at:expr) => {{
            let (at, key): (Slot, Slot) = ($at, base.above($i.c()));
            // SAFETY: `at` is a register or an upvalue.
            match slot_of(unsafe { at.read() }, double(key)) {
                // SAFETY: a slot of the array.
                Some(s) if unsafe { !s.read().is_nil() } => set_r!($i.a(), unsafe { s.read() }),
                _ => get_any!($i, at, r!($i.c())),
            }
        }};
    }
    macro_rules! set_index {
        ($i:expr, $at:expr, $val:expr) => {{
            let at: Slot = $at;
            // SAFETY: `at` is a register or the place of an upvalue.
            let (obj, val): (Value, Value) = (unsafe { at.read() }, $val);
            let key = base.above($i.b());
            match slot_of(obj, double(key)) {
                // SAFETY: `obj` is a table, `s` a slot of its array.
                Some(s)
                    if unsafe { !s.read().is_nil() || obj.table_unchecked().metatable.get().is_none() } =>
                {
                    unsafe { s.write(val) };
                    gc::barrier_back(l, unsafe { obj.table_unchecked() }.erase(), val);
                }
                _ => protect!(tables::set_index(l, unsafe { ValueAt::at(at) }, r!($i.b()), val)),
            }
        }};
    }
    macro_rules! set_int {
        ($i:expr, $val:expr) => {{
            let (obj, val): (Value, Value) = (r!($i.a()), $val);
            let index = $i.imm().wrapping_sub(1);
            match slot_at(obj, index) {
                // SAFETY: `obj` is a table, `s` a slot of its array.
                Some(s)
                    if unsafe { !s.read().is_nil() || obj.table_unchecked().metatable.get().is_none() } =>
                {
                    unsafe { s.write(val) };
                    gc::barrier_back(l, unsafe { obj.table_unchecked() }.erase(), val);
                }
                _ => protect!(meta::set_at(l, reg_at!($i.a()), kst!($i.b()), val)),
            }
        }};
    }
    count_step!();
    'next: loop {
        // How instructions end that do not go on with the next one.

        // Takes or skips the jump that follows a comparison.
        macro_rules! branch {
            ($i:expr, $taken:expr) => {{
                // Not a choice between distances, or the next instruction's address would wait for the comparison.
                // SAFETY: jumps are in range.
                if $taken {
                    pc = unsafe { pc.offset($i.offset()) };
                } else {
                    pc = unsafe { pc.add(2) };
                }
                continue 'next;
            }};
        }
        // As with arithmetic: an unordered pair is a NaN or no pair of numbers.
        macro_rules! compare {
            ($i:expr, $want:literal, $x:expr, $y:expr, $op:tt, $opposite:tt, $slow:path) => {{
                let (xp, yp): (Slot, Slot) = ($x, $y);
                let (x, y) = (double(xp), double(yp));
                if x $op y {
                    branch!($i, $want)
                } else if x $opposite y {
                    branch!($i, !$want)
                } else {
                    // SAFETY: operands of the instruction.
                    let res = protect!($slow(l, unsafe { xp.read() }, unsafe { yp.read() }));
                    branch!($i, res == $want)
                }
            }};
        }
        // Each operand is behind `base` or `k`.
        macro_rules! less_than {
            ($i:expr, $want:literal, $x:ident, $y:ident) => {
                compare!($i, $want, $x.above($i.b()), $y.above($i.c()), <, >=, meta::less_than)
            };
        }
        macro_rules! less_equal {
            ($i:expr, $want:literal, $x:ident, $y:ident) => {
                compare!($i, $want, $x.above($i.b()), $y.above($i.c()), <=, >, meta::less_equal)
            };
        }
        macro_rules! equal_rr {
            ($i:expr, $want:literal) => {{
                let (x, y) = (double(base.above($i.b())), double(base.above($i.c())));
                if x == y {
                    branch!($i, $want)
                } else if !(x.is_nan() || y.is_nan()) {
                    branch!($i, !$want)
                } else {
                    let (x, y) = (r!($i.b()), r!($i.c()));
                    let same = x == y && !x.is_number();
                    let res =
                        same || x.is_collectable() && x.tag() == y.tag() && protect!(arith::equal(l, x, y));
                    branch!($i, res == $want)
                }
            }};
        }
        // Comparison with a number constant. A register that holds no number reads as a NaN, which equals nothing.
        macro_rules! equal_rn {
            ($i:expr, $want:literal) => {
                branch!($i, (double(base.above($i.b())) == double(k.above($i.c()))) == $want)
            };
        }
        // Comparison with a constant that is equal to itself only: nil, a boolean or a short string.
        macro_rules! equal_rk {
            ($i:expr, $want:literal) => {
                branch!($i, (r!($i.b()) == kst!($i.c())) == $want)
            };
        }
        // A jump that may make a loop.
        macro_rules! jump_back {
            ($i:expr) => {{
                pc = pc.wrapping_offset($i.offset());
                check_hooks!();
                count_step!();
                leave_if_often!(cl.proto);
                continue 'next;
            }};
        }
        // Makes the frame `$ci` the running one, with `pc` where it goes on.
        macro_rules! read_frame {
            ($ci:expr) => {{
                ci = $ci;
                cl = ci.lua_closure();
                k = Slot::from_ptr(cl.proto.k.as_ptr());
                base = ci.base.get();
                pc = ci.saved_pc.get();
            }};
        }
        // The same, and on with it, after what may have set or cleared hooks.
        macro_rules! load_frame_checked {
            ($ci:expr) => {{
                read_frame!($ci);
                check_hooks!();
                continue 'next;
            }};
        }
        // The same for a frame that was called just now.
        macro_rules! load_new_frame {
            () => {{
                count_step!();
                load_frame_checked!(l.call_info());
            }};
        }
        // The frame ends with `$n` results from `$first` on.
        macro_rules! return_results {
            ($first:expr, $n:expr) => {{
                save_pc!();
                let Some(caller) = tri!(tier::leave(l, ci, $first, $n)) else { return Exit::Done };
                if HOOKED {
                    load_frame_checked!(caller);
                }
                read_frame!(caller);
                // The end of a concatenation may have called a finalizer, which has set them.
                #[cfg(native_code)]
                check_hooks!();
                continue 'next;
            }};
        }
        // Return of a fixed number of values (0 or 1). No variable of the frame is captured (any more).
        macro_rules! return_fixed {
            ($i:expr, $n:literal) => {{
                let first = base.above($i.a());
                let kind = ci.kind.get();
                // SAFETY: a Lua frame has been called.
                let (to, prev) = (ci.func.get(), unsafe { ci.caller() });
                if !HOOKED && kind.is_plain() && l.hook_mask() == 0 {
                    // SAFETY: the slot of the called function takes the result; if none is wanted, the caller does not
                    // use it.
                    read_frame!(unsafe {
                        to.write(if $n == 1 { first.read() } else { Value::NIL });
                        prev
                    });
                    l.top.set(if kind.nresults() < 0 { to.above($n) } else { ci.top.get() });
                    l.set_call_info(ci);
                    continue 'next;
                } else if !HOOKED && kind.is_fresh($n) && l.hook_mask() == 0 {
                    if $n == 1 {
                        // SAFETY: both are slots of the stack: the function's and the first result's.
                        unsafe { to.write(first.read()) };
                    }
                    l.set_call_info(prev);
                    l.top.set(to.above($n));
                    return Exit::Done;
                } else {
                    cold_path!();
                    return_results!(first, $n);
                }
            }};
        }

        // SAFETY: `pc` stays inside the executable form: code ends with a return and jumps are in range.
        let i = unsafe { *pc };
        watch.end(l, base);
        if HOOKED {
            let mask = l.hook_mask();
            // Never two of them in a row: then one was jumped to, and jumps alone can make a loop.
            second_step = !second_step && is_second_step(cl, pc);
            if mask & STEP_HOOKS != 0 && !second_step {
                let left = l.hook_count.get() - 1;
                l.hook_count.set(left);
                if left == 0 || mask & (LUA_MASKLINE as u8 | YIELD_PENDING | ATTENTION) != 0 {
                    protect!(hooks::trace_exec(l));
                }
            }
        }
        watch.begin(l, i, cl, base);
        'op: {
            match i.op() {
                ExecOp::Move => set_r!(i.a(), r!(i.b())),
                ExecOp::LoadK => set_r!(i.a(), kst!(i.imm() as usize)),
                ExecOp::LoadBool => {
                    set_r!(i.a(), Value::boolean(i.b() != 0));
                    if i.c() != 0 {
                        pc = unsafe { pc.add(1) };
                    }
                }
                ExecOp::LoadNil => {
                    for n in i.a()..=i.a() + i.b() {
                        set_r!(n, Value::NIL);
                    }
                }
                ExecOp::GetUpval => set_r!(i.a(), cl.upval(i.b()).get()),
                ExecOp::SetUpval => {
                    let uv = cl.upval(i.b());
                    let v = r!(i.a());
                    // SAFETY: an upvalue's pointer is valid.
                    unsafe { uv.v.get().write(v) };
                    gc::barrier_upval(l, uv, v);
                }
                ExecOp::GetGlobal => {
                    let key = kst!(i.c());
                    let env = cl.upval(i.b());
                    let node = node_of(env.get(), key, Hint(i.imm()));
                    match node {
                        Some(n) if !n.val.get().is_nil() => set_r!(i.a(), n.val.get()),
                        _ => {
                            let at = unsafe { ValueAt::at(env.v.get()) };
                            let v = protect!(unsafe { tables::get_field(l, at, key, pc.cast_mut()) });
                            set_r!(i.a(), v);
                        }
                    }
                }
                ExecOp::SetGlobalR => {
                    let env = unsafe { ValueAt::at(cl.upval(i.a()).v.get()) };
                    set_field!(i, pc.cast_mut(), env, kst!(i.b()), r!(i.c()));
                }
                ExecOp::SetGlobalK => {
                    let env = unsafe { ValueAt::at(cl.upval(i.a()).v.get()) };
                    set_field!(i, pc.cast_mut(), env, kst!(i.b()), kst!(i.c()));
                }
                ExecOp::GetField => {
                    let key = kst!(i.c());
                    let node = node_of(r!(i.b()), key, Hint(i.imm()));
                    match node {
                        Some(n) if !n.val.get().is_nil() => set_r!(i.a(), n.val.get()),
                        _ => {
                            let v = protect!({
                                let at = reg_at!(i.b());
                                unsafe { tables::get_field(l, at, key, pc.cast_mut()) }
                            });
                            set_r!(i.a(), v);
                        }
                    }
                }
                ExecOp::SetFieldR => set_field!(i, pc.cast_mut(), reg_at!(i.a()), kst!(i.b()), r!(i.c())),
                ExecOp::SetFieldK => set_field!(i, pc.cast_mut(), reg_at!(i.a()), kst!(i.b()), kst!(i.c())),
                ExecOp::SelfField => {
                    let obj = r!(i.b());
                    let key = kst!(i.c());
                    // Before the look-up: a yield in it finishes with register A only.
                    set_r!(i.a() + 1, obj);
                    // SAFETY: lowering saw a short string.
                    let name: Gc<Str> = unsafe { Gc::from_ptr(key.payload()) };
                    let found = match obj.as_table() {
                        Some(t) => unsafe { find_method(l, t, name, pc.cast_mut()) },
                        None => unsafe { find_string_method(l, obj, name, pc.cast_mut()) },
                    };
                    let v = if found.is_nil() {
                        protect!({
                            let at = reg_at!(i.b());
                            unsafe { tables::get_method(l, at, key, pc.cast_mut()) }
                        })
                    } else {
                        found
                    };
                    set_r!(i.a(), v);
                }
                ExecOp::SelfAny => {
                    let obj = r!(i.b());
                    let key = unsafe { rk(base, k, i.imm() >> 16).read() };
                    let at = reg_at!(i.b());
                    set_r!(i.a() + 1, obj);
                    let v = protect!(meta::get_at(l, at, key));
                    set_r!(i.a(), v);
                }
                ExecOp::GetInt => {
                    let index = i.imm().wrapping_sub(1);
                    match slot_at(r!(i.b()), index) {
                        // SAFETY: a slot of the array.
                        Some(s) if unsafe { !s.read().is_nil() } => set_r!(i.a(), unsafe { s.read() }),
                        _ => {
                            let v = protect!(meta::get_at(l, reg_at!(i.b()), kst!(i.c())));
                            set_r!(i.a(), v);
                        }
                    }
                }
                ExecOp::GetIndex => get_index!(i, base.above(i.b())),
                ExecOp::GetUpIndex => get_index!(i, cl.upval(i.b()).v.get()),
                ExecOp::GetTable => {
                    get_any!(i, base.above(i.b()), unsafe { rk(base, k, i.imm() >> 16).read() })
                }
                ExecOp::GetTabUp => {
                    get_any!(i, cl.upval(i.b()).v.get(), unsafe { rk(base, k, i.imm() >> 16).read() })
                }
                ExecOp::SetIndexR => set_index!(i, base.above(i.a()), r!(i.c())),
                ExecOp::SetIndexK => set_index!(i, base.above(i.a()), kst!(i.c())),
                ExecOp::SetUpIndexR => set_index!(i, cl.upval(i.a()).v.get(), r!(i.c())),
                ExecOp::SetUpIndexK => set_index!(i, cl.upval(i.a()).v.get(), kst!(i.c())),
                ExecOp::SetIntR => set_int!(i, r!(i.c())),
                ExecOp::SetIntK => set_int!(i, kst!(i.c())),
                ExecOp::SetTable => {
                    let key = unsafe { rk(base, k, i.imm() & 0xFFFF).read() };
                    let val = unsafe { rk(base, k, i.imm() >> 16).read() };
                    protect!(tables::set_index(l, reg_at!(i.a()), key, val));
                }
                ExecOp::SetTabUp => {
                    let key = unsafe { rk(base, k, i.imm() & 0xFFFF).read() };
                    let val = unsafe { rk(base, k, i.imm() >> 16).read() };
                    let at = unsafe { ValueAt::at(cl.upval(i.a()).v.get()) };
                    protect!(tables::set_index(l, at, key, val));
                }
                ExecOp::NewTable => {
                    let t = protect!(Gc::<Table>::new(l));
                    set_r!(i.a(), Value::table(t));
                    if i.imm() != 0 {
                        let array = num::fb_to_int(i.b() as u8);
                        let hash = num::fb_to_int(i.c() as u8);
                        protect!(t.resize(l, array, hash).or_throw(l));
                    }
                    check_gc!(base.above(i.a() + 1));
                }
                ExecOp::SetList => {
                    let ra = base.above(i.a());
                    let n = match i.b() {
                        0 => l.top.get().slots_above(ra) - 1,
                        n => n,
                    };
                    if i.c() != 0 {
                        pc = unsafe { pc.add(1) };
                    }
                    // The table under construction, unless the code is made up or a debugger changed the register.
                    let Some(t) = r!(i.a()).as_table() else {
                        save_pc!();
                        watch.throws();
                        return Exit::Throw(l.type_error(reg_at!(i.a()), "index"));
                    };
                    protect!(unsafe { tables::set_list(l, t, ra.above(1), n, i.imm()) });
                    l.top.set(ci.top.get());
                }
                ExecOp::AddRR => arith_rr!(i, Add, |x, y| x + y),
                ExecOp::AddRK => arith_rk!(i, Add, |x, y| x + y),
                ExecOp::AddKR => arith_kr!(i, Add, |x, y| x + y),
                ExecOp::SubRR => arith_rr!(i, Sub, |x, y| x - y),
                ExecOp::SubRK => arith_rk!(i, Sub, |x, y| x - y),
                ExecOp::SubKR => arith_kr!(i, Sub, |x, y| x - y),
                ExecOp::MulRR => arith_rr!(i, Mul, |x, y| x * y),
                ExecOp::MulRK => arith_rk!(i, Mul, |x, y| x * y),
                ExecOp::MulKR => arith_kr!(i, Mul, |x, y| x * y),
                ExecOp::DivRR => arith_rr!(i, Div, |x, y| x / y),
                ExecOp::DivRK => arith_rk!(i, Div, |x, y| x / y),
                ExecOp::DivKR => arith_kr!(i, Div, |x, y| x / y),
                ExecOp::ModRR => arith_rr!(i, Mod, num::modulo),
                ExecOp::ModRK => arith_rk!(i, Mod, num::modulo),
                ExecOp::ModKR => arith_kr!(i, Mod, num::modulo),
                ExecOp::PowRR => power!(i, r!(i.b()), r!(i.c()), reg_at!(i.b()), reg_at!(i.c())),
                ExecOp::PowRK => power!(i, r!(i.b()), kst!(i.c()), reg_at!(i.b()), k_at!(i.c())),
                ExecOp::PowKR => power!(i, kst!(i.b()), r!(i.c()), k_at!(i.b()), reg_at!(i.c())),
                ExecOp::ArithKK => {
                    let code = Instruction(cl.proto.code.get(cl.proto.entry().index_of(pc)));
                    let event = Metamethod::from_arith(code.op() as u8 - Op::Add as u8);
                    let v = protect!(meta::arith_at(l, event, k_at!(i.b()), k_at!(i.c())));
                    set_r!(i.a(), v);
                }
                ExecOp::Unm => {
                    let x = r!(i.b());
                    if x.is_number() {
                        set_r!(i.a(), Value::number(-x.raw_number()));
                    } else {
                        let v = protect!(meta::arith_at(l, Metamethod::Unm, reg_at!(i.b()), reg_at!(i.b())));
                        set_r!(i.a(), v);
                    }
                }
                ExecOp::Not => set_r!(i.a(), Value::boolean(r!(i.b()).is_falsy())),
                ExecOp::Len => {
                    let x = r!(i.b());
                    if let Some(t) = x.as_table()
                        && t.metatable.get().is_none()
                    {
                        set_r!(i.a(), Value::number(t.length(l.global()) as f64));
                        break 'op;
                    }
                    if let Some(s) = x.as_string() {
                        set_r!(i.a(), Value::number(s.len() as f64));
                        break 'op;
                    }
                    let v = protect!(meta::len_at(l, reg_at!(i.b())));
                    set_r!(i.a(), v);
                }
                ExecOp::Concat => {
                    let n = i.c() - i.b() + 1;
                    l.top.set(base.above(i.c() + 1));
                    protect!(meta::concat(l, n));
                    let v = r!(i.b());
                    set_r!(i.a(), v);
                    l.top.set(ci.top.get());
                    check_gc!(end_of_concat(base.above(i.a()), base.above(i.b())));
                }
                ExecOp::Jmp => {
                    pc = unsafe { pc.offset(i.offset()) };
                    continue 'next;
                }
                ExecOp::JmpBack => jump_back!(i),
                ExecOp::JmpClose => {
                    upval::close(l, base.above(i.a() - 1));
                    jump_back!(i);
                }
                ExecOp::EqRR => equal_rr!(i, true),
                ExecOp::NotEqRR => equal_rr!(i, false),
                ExecOp::EqRK => equal_rk!(i, true),
                ExecOp::NotEqRK => equal_rk!(i, false),
                ExecOp::EqRN => equal_rn!(i, true),
                ExecOp::NotEqRN => equal_rn!(i, false),
                ExecOp::LtRR => less_than!(i, true, base, base),
                ExecOp::LtRK => less_than!(i, true, base, k),
                ExecOp::LtKR => less_than!(i, true, k, base),
                ExecOp::LeRR => less_equal!(i, true, base, base),
                ExecOp::LeRK => less_equal!(i, true, base, k),
                ExecOp::LeKR => less_equal!(i, true, k, base),
                ExecOp::NotLtRR => less_than!(i, false, base, base),
                ExecOp::NotLtRK => less_than!(i, false, base, k),
                ExecOp::NotLtKR => less_than!(i, false, k, base),
                ExecOp::NotLeRR => less_equal!(i, false, base, base),
                ExecOp::NotLeRK => less_equal!(i, false, base, k),
                ExecOp::NotLeKR => less_equal!(i, false, k, base),
                ExecOp::CompareAny => {
                    let code = Instruction(cl.proto.code.get(cl.proto.entry().index_of(pc)));
                    let (x, y) =
                        unsafe { (rk(base, k, i.imm() & 0xFFFF).read(), rk(base, k, i.imm() >> 16).read()) };
                    let res = match code.op() {
                        Op::Eq => x.raw_equal(y),
                        Op::Lt => protect!(meta::less_than(l, x, y)),
                        _ => protect!(meta::less_equal(l, x, y)),
                    };
                    // The jump behind it is run by itself.
                    if res != (i.a() != 0) {
                        pc = unsafe { pc.add(1) };
                    }
                }
                ExecOp::Test => branch!(i, !r!(i.a()).is_falsy()),
                ExecOp::TestNot => branch!(i, r!(i.a()).is_falsy()),
                ExecOp::TestSet => {
                    let v = r!(i.b());
                    let taken = v.is_falsy() == (i.c() == 0);
                    if taken {
                        set_r!(i.a(), v);
                    }
                    branch!(i, taken);
                }
                ExecOp::Call => {
                    let func = base.above(i.a());
                    save_pc!();
                    let f = unsafe { func.read() };
                    let callee = function_kind(f);
                    if !HOOKED && callee == Some(Kind::LuaClosure) && l.hook_mask() == 0 {
                        // SAFETY: the kind names the type of the object.
                        let callee: Gc<LuaClosure> = unsafe { Gc::from_ptr(f.payload()) };
                        let (p, kind) = (callee.proto, CallKind::from_bits(i.imm()));
                        let (constants, code) = (Slot::from_ptr(p.k.as_ptr()), p.entry().code());
                        if let Some(new) = frame::push_plain(l, ci, func, p, i.b(), kind) {
                            (ci, cl, k, pc) = (new, callee, constants, code);
                            base = func.above(1);
                            leave_if_often!(p);
                            continue 'next;
                        }
                    }
                    // Read again, so that nothing has to be kept for what follows while a frame is made.
                    let i = unsafe { pc.read_volatile() };
                    let func = base.above(i.a());
                    let wanted = i.c() as i32 - 1;
                    if callee == Some(Kind::Builtin) {
                        // SAFETY: the kind names the type of the object; builtins are static.
                        let b: &'static Builtin = unsafe { &*f.payload::<Builtin>() };
                        let nargs = frame::given(l, func, i.b()) - 1;
                        if !HOOKED
                            && let Some(fast) = b.fast
                            && (wanted == 1 || b.fast_result != FastResult::First)
                        {
                            // SAFETY: `nargs` values follow the function, whose slot takes the result.
                            if unsafe { fast(l, FastArguments::new(func.above(1), nargs), func) } {
                                if wanted < 0 {
                                    let given = (b.fast_result != FastResult::None) as usize;
                                    l.top.set(func.above(given));
                                } else {
                                    if wanted > 1 {
                                        cold_path!();
                                        stack::fill(func.above(1), wanted as usize - 1);
                                    }
                                    l.top.set(ci.top.get());
                                    check_gc!(func.above(1.max(wanted as usize)));
                                }
                                pc = ci.saved_pc.get();
                                continue 'next;
                            }
                        }
                        if i.b() != 0 {
                            l.top.set(func.above(i.b()));
                        }
                        if intrinsic::runs_here(l, b, nargs) {
                            tri!(intrinsic::enter(l, func, b, wanted));
                            load_new_frame!();
                        }
                    } else if i.b() != 0 {
                        l.top.set(func.above(i.b()));
                    }
                    if tri!(call::prepare(l, func, wanted)) == Prepared::Lua {
                        // So that its end leaves the same in the function's slot, whichever tier called it and how.
                        l.call_info().add_flags(FrameFlags::PLAIN);
                        load_new_frame!();
                    }
                    if wanted >= 0 {
                        l.top.set(ci.top.get());
                    }
                    load_frame_checked!(ci);
                }
                ExecOp::TailCall => {
                    let mut func = base.above(i.a());
                    save_pc!();
                    let f = unsafe { func.read() };
                    let kind = function_kind(f);
                    if !HOOKED && kind == Some(Kind::LuaClosure) && l.hook_mask() == 0 {
                        // SAFETY: the kind names the type of the object.
                        let callee: Gc<LuaClosure> = unsafe { Gc::from_ptr(f.payload()) };
                        if !cl.proto.protos.is_empty() {
                            upval::close(l, base);
                        }
                        if frame::replace_plain(l, ci, func, callee.proto, frame::given(l, func, i.b())) {
                            cl = callee;
                            k = Slot::from_ptr(cl.proto.k.as_ptr());
                            base = ci.func.get().above(1);
                            pc = cl.proto.entry().code();
                            leave_if_often!(cl.proto);
                            continue 'next;
                        }
                    }
                    if i.b() != 0 {
                        l.top.set(func.above(i.b()));
                    }
                    match kind {
                        Some(Kind::Builtin) => {
                            // SAFETY: the kind names the type of the object; builtins are static.
                            let b: &'static Builtin = unsafe { &*f.payload::<Builtin>() };
                            let nargs = l.top.get().slots_above(func) - 1;
                            // SAFETY: as just said; without `HOOKED` there are none.
                            if !HOOKED && unsafe { intrinsic::is_done_by_fast_entry(l, func, b, nargs) } {
                                pc = ci.saved_pc.get();
                                continue 'next;
                            }
                            if intrinsic::runs_here(l, b, nargs) {
                                tri!(intrinsic::enter(l, func, b, LUA_MULTRET));
                                load_new_frame!();
                            }
                        }
                        Some(_) => {}
                        None if f.tag() == TAG_LIGHTC => {}
                        None => func = tri!(call::try_call_metamethod(l, func)),
                    }
                    if tri!(call::prepare(l, func, LUA_MULTRET)) == Prepared::Lua {
                        count_step!();
                        load_frame_checked!(frame::replace_pushed(l, ci, !cl.proto.protos.is_empty()));
                    }
                    load_frame_checked!(ci);
                }
                ExecOp::Return => {
                    if i.c() != 0 {
                        upval::close(l, base);
                    }
                    let first = base.above(i.a());
                    let n = match i.b() {
                        0 => l.top.get().slots_above(first),
                        b => b - 1,
                    };
                    return_results!(first, n);
                }
                ExecOp::Return0 => return_fixed!(i, 0),
                ExecOp::Return1 => return_fixed!(i, 1),
                ExecOp::CloseReturn0 => {
                    upval::close(l, base);
                    return_fixed!(i, 0)
                }
                ExecOp::CloseReturn1 => {
                    upval::close(l, base);
                    return_fixed!(i, 1)
                }
                ExecOp::ForPrep => {
                    let ra = base.above(i.a());
                    if r!(i.a()).is_number() && r!(i.a() + 1).is_number() && r!(i.a() + 2).is_number() {
                        let (init, step) = (double(ra), double(ra.above(2)));
                        set_r!(i.a(), Value::number(init - step));
                    } else {
                        protect!(unsafe { loops::for_prepare(l, ra) });
                    }
                    pc = unsafe { pc.offset(i.offset()) };
                    continue 'next;
                }
                ExecOp::ForLoop => {
                    let ra = base.above(i.a());
                    // SAFETY: registers of the frame. They hold numbers since `ForPrep`, unless made-up code or a
                    // debugger put something else there: the sums are NaNs then, no comparison holds, and the loop
                    // ends.
                    unsafe {
                        let step = double(ra.above(2));
                        let index = double(ra) + step;
                        let limit = double(ra.above(1));
                        let goes_on = if 0.0 < step {
                            index <= limit
                        } else {
                            cold_path!();
                            limit <= index
                        };
                        if goes_on {
                            ra.write(Value(index.to_bits()));
                            ra.above(3).write(Value(index.to_bits()));
                            jump_back!(i);
                        }
                    }
                }
                ExecOp::TForCall => {
                    let ra = base.above(i.a());
                    let f = r!(i.a());
                    if !HOOKED && function_kind(f) == Some(Kind::Builtin) {
                        // SAFETY: the kind names the type of the object; builtins are static.
                        let b: &'static Builtin = unsafe { &*f.payload::<Builtin>() };
                        if let Some(t) = r!(i.a() + 1).as_table() {
                            // SAFETY: the loop's registers.
                            let done = unsafe {
                                match b.intrinsic {
                                    Intrinsic::Next => iterate_next(l, t, ra, pc.cast_mut()),
                                    Intrinsic::IpairsStep => iterate_ipairs(t, ra),
                                    _ => false,
                                }
                            };
                            if done {
                                for n in 2..i.c() {
                                    set_r!(i.a() + 3 + n, Value::NIL);
                                }
                                break 'op;
                            }
                        }
                    }
                    // SAFETY: the loop's registers.
                    let to = unsafe { loops::copy_iterator(l, ra) };
                    save_pc!();
                    if tri!(call::prepare(l, to, i.c() as i32)) == Prepared::Lua {
                        load_new_frame!();
                    }
                    l.top.set(ci.top.get());
                    load_frame_checked!(ci);
                }
                ExecOp::TForLoop => {
                    let v = r!(i.a() + 1);
                    if !v.is_nil() {
                        set_r!(i.a(), v);
                        jump_back!(i);
                    }
                }
                ExecOp::Closure => {
                    let p = cl.proto.protos.get(i.imm() as usize);
                    protect!(closure::instantiate(l, p, cl, ci, i.a()));
                    check_gc!(base.above(i.a() + 1));
                }
                ExecOp::VarArg => {
                    protect!(varargs::copy_varargs(l, ci, i.a(), i.b() as i32 - 1));
                }
                ExecOp::Nop => {}
            }
        }
        pc = pc.wrapping_add(1);
    }
}

/// Does the instruction at `pc` only end what the one before began? The reference takes such a pair in one go, so no
/// count or line hook sees the second: the jump behind a comparison, the end of a turn of a generic loop, an extra
/// argument.
#[inline]
fn is_second_step(cl: Gc<LuaClosure>, pc: *const ExecInsn) -> bool {
    // SAFETY: `pc` and, after the first instruction, the one before it are inside the executable form.
    let (op, before) = unsafe {
        let first = core::ptr::eq(pc, cl.proto.entry().code());
        ((*pc).op(), if first { ExecOp::Nop } else { (*pc.sub(1)).op() })
    };
    match op {
        ExecOp::TForLoop | ExecOp::Nop => true,
        ExecOp::Jmp | ExecOp::JmpBack | ExecOp::JmpClose => {
            (ExecOp::EqRR as u8..=ExecOp::TestSet as u8).contains(&(before as u8))
        }
        _ => false,
    }
}

/// Kind of a function object; `None` for everything else, light C functions too.
#[inline(always)]
fn function_kind(f: Value) -> Option<Kind> {
    if f.tag() == TAG_FUNCTION {
        // SAFETY: a function value is the address of an object.
        Some(unsafe { (*f.payload::<crate::object::Header>()).kind() })
    } else {
        None
    }
}
