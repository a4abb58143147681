//! What native code does not do by itself: each function here does an instruction as the interpreter would, or what is
//! left of it, through the same functions of `vm`.
//!
//! The contract, but for the leaves at the end:
//! 1. A trampoline calls it with the thread and the current frame, a Lua frame whose saved pc is behind the
//!    instruction. Where code behind relies on a guess of the instruction, the third argument is 1, and it leaves when
//!    the guess fails.
//! 2. It stores results. What it returns is told in `stubs`, rule 4.
//! 3. The contract of `vm::ops` holds for what it calls.

use super::interface::{DONE, INTERPRET, STRESS_COUNT, SWITCH};
use super::stubs;
use super::{address, code_of, compile, types};
use crate::code::bytecode::{Instruction, Op};
use crate::code::exec::{ExecInsn, ExecOp, Hint};
use crate::consts::LUA_MULTRET;
use crate::gc;
use crate::num;
use crate::object::call_info::CallKind;
use crate::object::call_info::FrameFlags;
use crate::object::value::TAG_LIGHTC;
use crate::object::{
    Builtin, FrameRef, Gc, Intrinsic, LuaClosure, Metamethod, Slot, Str, Table, Thread, Value,
};
use crate::throw::{LResult, Throw};
use crate::vm::call::intrinsic::{self, runs_here};
use crate::vm::call::{self, Prepared, frame, pcall};
use crate::vm::error::{OrThrow, Raise, ValueAt};
use crate::vm::ops::finish;
use crate::vm::ops::loops::{iterate_ipairs, iterate_next};
use crate::vm::ops::tables::{find_method, find_string_method, get_plain, node_of, slot_at, slot_of};
use crate::vm::ops::{self, arith as arith_ops, loops, rk, tables, varargs};
use crate::vm::tier::{self, Exit};
use crate::vm::{closure as closures, meta, stack, upval};
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// The number that leaves native code with a throw.
fn thrown(t: Throw) -> i64 {
    -1 << 32 | t.code() as i64
}

/// Does what an instruction leaves to metamethods. One that is written in Lua gets a frame, with which native code goes
/// on; when it returns, the instruction gets its result as after a yield (`tier::leave`). Where code behind relies on a
/// guess that may fail now, it is run here.
#[inline(always)]
fn with_metamethods<T>(l: Gc<Thread>, guessed: u64, does: impl FnOnce() -> LResult<T>) -> Result<T, i64> {
    if guessed == 0 {
        l.native_instruction.set(l.ci.get());
    }
    let done = does();
    l.native_instruction.set(core::ptr::null());
    done.map_err(|t| interrupted(l, t))
}

/// An instruction is interrupted.
#[cold]
#[inline(never)]
fn interrupted(l: Gc<Thread>, t: Throw) -> i64 {
    if t != Throw::METAMETHOD_PUSHED {
        return thrown(t);
    }
    // SAFETY: the metamethod's frame has one before it.
    let ci = unsafe { l.call_info().caller() };
    let (i, _) = running(ci);
    use ExecOp as E;
    let finish: stubs::Function = match i.op() {
        _ if l.call_info().nresults() == 0 => stubs::finish_nothing,
        // The rest of a concatenation is to be done; and `__lt` may have stood in for `__le`.
        E::Concat | E::LeRR | E::LeRK | E::LeKR | E::NotLeRR | E::NotLeRK | E::NotLeKR | E::CompareAny => {
            stubs::metamethod_returned
        }
        E::EqRR | E::NotEqRR | E::LtRR | E::LtRK | E::LtKR | E::NotLtRR | E::NotLtRK | E::NotLtKR => {
            stubs::finish_comparison
        }
        _ => stubs::finish_value,
    };
    let frame = ci.lua_frame();
    frame.goes_on_at.set(frame.returns_to.get());
    frame.returns_to.set(finish as *const () as usize);
    begin(l)
}

macro_rules! metamethods {
    ($l:expr, $guessed:expr, $e:expr) => {
        match with_metamethods($l, $guessed, || $e) {
            Ok(v) => v,
            Err(number) => return number,
        }
    };
}

/// What a number that native code was left with means.
pub fn exit_of(number: i64) -> Result<i64, Throw> {
    match Throw::from_code(number as u64) {
        Some(t) if number >> 32 == -1 => Err(t),
        _ => Ok(number),
    }
}

macro_rules! tri {
    ($e:expr) => {
        match $e {
            Ok(v) => v,
            Err(t) => return thrown(t),
        }
    };
}

/// The running instruction, and where it is.
fn running(ci: FrameRef) -> (ExecInsn, *mut ExecInsn) {
    let at = ci.saved_pc.get().wrapping_sub(1).cast_mut();
    // SAFETY: the instruction before the saved pc.
    (unsafe { *at }, at)
}

/// The registers and constants of the frame.
struct Frame {
    cl: Gc<LuaClosure>,
    base: Slot,
    k: Slot,
}

impl Frame {
    fn of(ci: FrameRef) -> Frame {
        let cl = ci.lua_closure();
        Frame { cl, base: ci.base.get(), k: Slot::from_ptr(cl.proto.k.as_ptr()) }
    }
    fn r(&self, n: usize) -> Value {
        // SAFETY: a register of the frame.
        unsafe { self.base.above(n).read() }
    }
    fn k(&self, n: usize) -> Value {
        // SAFETY: a constant of the function.
        unsafe { self.k.above(n).read() }
    }
    fn at(&self, n: usize) -> ValueAt {
        // SAFETY: a register of the frame.
        unsafe { ValueAt::at(self.base.above(n)) }
    }
    fn upvalue_at(&self, n: usize) -> ValueAt {
        // SAFETY: an upvalue points to a value.
        unsafe { ValueAt::at(self.cl.upval(n).v.get()) }
    }
    /// What the running instruction was made from.
    fn bytecode(&self, ci: FrameRef) -> Instruction {
        Instruction(self.cl.proto.code.get(ci.pc_in(self.cl) as usize))
    }
    fn operand(&self, operand: u32) -> Value {
        // SAFETY: an operand of the bytecode.
        unsafe { rk(self.base, self.k, operand).read() }
    }
}

/// Stores the instruction's result in a register, and goes on.
fn result(ci: FrameRef, register: usize, v: Value) -> i64 {
    // SAFETY: a register of the frame.
    unsafe { ci.base.get().above(register).write(v) };
    0
}

/// Ends an instruction after which there may be a collection, with `live` as the stack's end.
fn checkpoint(l: Gc<Thread>, ci: FrameRef, live: Slot) -> i64 {
    if l.global().gc.memory.debt.get() > 0 || cfg!(feature = "stress-gc") {
        return match ops::collect(l, ci, live) {
            None => 0,
            Some(Exit::Throw(t)) => thrown(t),
            Some(_) => SWITCH,
        };
    }
    if super::leaves_by_chance(l) { SWITCH } else { 0 }
}

// --- guesses

/// The guess of an instruction failed, which code of the function relies on: it is noted, and native code is left.
fn refute(l: Gc<Thread>, ci: FrameRef, at: *mut ExecInsn) -> i64 {
    // SAFETY: an instruction of the frame's function.
    unsafe { *at = types::refuted(*at) };
    super::refuted(l, ci.lua_closure().proto);
    INTERPRET
}

/// The guess of a loop failed that ends before the saved pc. It is entered in the interpreter.
pub(super) unsafe extern "C" fn refute_loop(l: Gc<Thread>, ci: FrameRef) -> i64 {
    let (insn, at) = running(ci);
    let p = ci.lua_closure().proto;
    let end = p.entry().index_of(at);
    ci.saved_pc.set(p.entry().code().wrapping_add(types::loop_entry(end, insn)));
    refute(l, ci, at)
}

// --- arithmetic and comparison

pub(super) unsafe extern "C" fn arith(l: Gc<Thread>, ci: FrameRef, guessed: u64) -> i64 {
    let (i, at) = running(ci);
    let f = Frame::of(ci);
    let code = f.bytecode(ci);
    let event = Metamethod::from_arith(code.op() as u8 - Op::Add as u8);
    let operand = |constant: bool, n: usize| if constant { f.k.above(n) } else { f.base.above(n) };
    let fields = i.op().fields();
    let is_k = |field| fields[field] == crate::code::exec::Field::K;
    let x = operand(is_k(1), i.b());
    // The second operand of a negation is the first again.
    let y = if i.op() == ExecOp::Unm { x } else { operand(is_k(2), i.c()) };
    // SAFETY: operands of the instruction.
    let are_numbers = unsafe { x.read().is_number() && y.read().is_number() };
    // SAFETY: operands of the instruction are registers of the frame or constants of the function.
    let v = metamethods!(l, guessed, unsafe { arith_ops::arith(l, event, x, y) });
    result(ci, i.a(), v);
    if guessed != 0 && !(are_numbers && v.is_number()) { refute(l, ci, at) } else { 0 }
}

/// Any comparison but those with a constant that equals itself only: 1 when it holds.
pub(super) unsafe extern "C" fn compare(l: Gc<Thread>, ci: FrameRef) -> i64 {
    let (i, _) = running(ci);
    let f = Frame::of(ci);
    use ExecOp as E;
    let holds = || match i.op() {
        E::EqRR | E::NotEqRR => {
            let (x, y) = (f.r(i.b()), f.r(i.c()));
            // Values of a kind that has `__eq`, or the bits decide.
            let asks = x != y && x.is_collectable() && x.tag() == y.tag();
            if asks { arith_ops::equal(l, x, y) } else { Ok(x.raw_equal(y)) }
        }
        E::LtRR | E::NotLtRR => meta::less_than(l, f.r(i.b()), f.r(i.c())),
        E::LtRK | E::NotLtRK => meta::less_than(l, f.r(i.b()), f.k(i.c())),
        E::LtKR | E::NotLtKR => meta::less_than(l, f.k(i.b()), f.r(i.c())),
        E::LeRR | E::NotLeRR => meta::less_equal(l, f.r(i.b()), f.r(i.c())),
        E::LeRK | E::NotLeRK => meta::less_equal(l, f.r(i.b()), f.k(i.c())),
        E::LeKR | E::NotLeKR => meta::less_equal(l, f.k(i.b()), f.r(i.c())),
        _ => {
            let code = f.bytecode(ci);
            let (x, y) = (f.operand(i.imm() & 0xFFFF), f.operand(i.imm() >> 16));
            match code.op() {
                Op::Eq => Ok(x.raw_equal(y)),
                Op::Lt => meta::less_than(l, x, y),
                _ => meta::less_equal(l, x, y),
            }
        }
    };
    let holds = metamethods!(l, 0, holds());
    if ci.lua_frame().returns_to.get() == super::changed_frame() {
        // The interpreter goes on, behind the jump.
        let jumps = match i.op() {
            E::CompareAny => return interpret_after(ci, if holds as usize == i.a() { 0 } else { 1 }),
            E::EqRR | E::LtRR | E::LtRK | E::LtKR | E::LeRR | E::LeRK | E::LeKR => holds,
            _ => !holds,
        };
        return interpret_after(ci, if jumps { i.offset() - 1 } else { 1 });
    }
    holds as i64
}

/// Leaves for the interpreter, which goes on so many instructions behind the next one.
fn interpret_after(ci: FrameRef, distance: isize) -> i64 {
    ci.saved_pc.set(ci.saved_pc.get().wrapping_offset(distance));
    INTERPRET
}

// --- tables

pub(super) unsafe extern "C" fn get_field(l: Gc<Thread>, ci: FrameRef, guessed: u64) -> i64 {
    let (i, at) = running(ci);
    let f = Frame::of(ci);
    let obj = if i.op() == ExecOp::GetGlobal { f.upvalue_at(i.b()) } else { f.at(i.b()) };
    let key = f.k(i.c());
    let v = match node_of(obj.value, key, Hint(i.imm())) {
        Some(n) if !n.val.get().is_nil() => n.val.get(),
        // SAFETY: the running instruction.
        _ => metamethods!(l, guessed, unsafe { tables::get_field(l, obj, key, at) }),
    };
    result(ci, i.a(), v);
    after_miss(l, ci, obj.value, at, guessed)
}

/// Goes on in other code, if the function was compiled again.
fn after_miss(l: Gc<Thread>, ci: FrameRef, obj: Value, at: *mut ExecInsn, guessed: u64) -> i64 {
    if guessed != 0 && !obj.is_table() {
        return refute(l, ci, at);
    }
    // Without a hint, the field is new each time, or not there: other code would be no better.
    // SAFETY: an instruction of the frame's function.
    let hinted = unsafe { *at }.imm() != Hint::NONE.0;
    let leaves = super::leaves_by_chance(l) || hinted && super::missed(l, ci.lua_closure().proto);
    if leaves { SWITCH } else { 0 }
}

pub(super) unsafe extern "C" fn set_field(l: Gc<Thread>, ci: FrameRef, guessed: u64) -> i64 {
    let (i, at) = running(ci);
    let f = Frame::of(ci);
    use ExecOp as E;
    let global = matches!(i.op(), E::SetGlobalR | E::SetGlobalK);
    let obj = if global { f.upvalue_at(i.a()) } else { f.at(i.a()) };
    let val = if matches!(i.op(), E::SetGlobalK | E::SetFieldK) { f.k(i.c()) } else { f.r(i.c()) };
    let key = f.k(i.b());
    match node_of(obj.value, key, Hint(i.imm())) {
        Some(n) if !n.val.get().is_nil() => {
            n.val.set(val);
            // SAFETY: it has a node.
            gc::barrier_back(l, unsafe { obj.value.table_unchecked() }.erase(), val);
        }
        // SAFETY: the running instruction.
        _ => metamethods!(l, guessed, unsafe { tables::set_field(l, obj, key, val, at) }),
    }
    after_miss(l, ci, obj.value, at, guessed)
}

pub(super) unsafe extern "C" fn self_field(l: Gc<Thread>, ci: FrameRef) -> i64 {
    let (i, at) = running(ci);
    let f = Frame::of(ci);
    let (obj, key) = (f.r(i.b()), f.k(i.c()));
    // Before the look-up: a yield in it finishes with register A only.
    result(ci, i.a() + 1, obj);
    // SAFETY: lowering saw a short string; the running instruction.
    let found = unsafe {
        let name: Gc<Str> = Gc::from_ptr(key.payload());
        match obj.as_table() {
            Some(t) => find_method(l, t, name, at),
            None => find_string_method(l, obj, name, at),
        }
    };
    let v = if found.is_nil() {
        // SAFETY: the running instruction.
        metamethods!(l, 0, unsafe { tables::get_method(l, f.at(i.b()), key, at) })
    } else {
        found
    };
    result(ci, i.a(), v)
}

/// Reads with any key.
pub(super) unsafe extern "C" fn get(l: Gc<Thread>, ci: FrameRef, guessed: u64) -> i64 {
    let (i, at) = running(ci);
    let f = Frame::of(ci);
    use ExecOp as E;
    // What is indexed, where that is guessed to be a table.
    let was_table = types::indexed(i).is_none_or(|r| f.r(r).is_table());
    let v = match i.op() {
        E::GetInt => match slot_at(f.r(i.b()), i.imm().wrapping_sub(1)) {
            // SAFETY: a slot of the array.
            Some(s) if unsafe { !s.read().is_nil() } => unsafe { s.read() },
            _ => metamethods!(l, guessed, meta::get_at(l, f.at(i.b()), f.k(i.c()))),
        },
        E::SelfAny => {
            let (obj, at, key) = (f.r(i.b()), f.at(i.b()), f.operand(i.imm() >> 16));
            result(ci, i.a() + 1, obj);
            metamethods!(l, guessed, meta::get_at(l, at, key))
        }
        op => {
            let upvalue = matches!(op, E::GetUpIndex | E::GetTabUp);
            let obj = if upvalue { f.upvalue_at(i.b()) } else { f.at(i.b()) };
            let in_register = matches!(op, E::GetIndex | E::GetUpIndex);
            let key = if in_register { f.r(i.c()) } else { f.operand(i.imm() >> 16) };
            match get_plain(l, obj.value, key) {
                Some(v) => v,
                None => metamethods!(l, guessed, meta::get_at(l, obj, key)),
            }
        }
    };
    result(ci, i.a(), v);
    if guessed != 0 && !was_table { refute(l, ci, at) } else { 0 }
}

/// Writes with any key.
pub(super) unsafe extern "C" fn set(l: Gc<Thread>, ci: FrameRef, guessed: u64) -> i64 {
    let (i, at) = running(ci);
    let f = Frame::of(ci);
    use ExecOp as E;
    let upvalue = matches!(i.op(), E::SetUpIndexR | E::SetUpIndexK | E::SetTabUp);
    let obj = if upvalue { f.upvalue_at(i.a()) } else { f.at(i.a()) };
    let (key, val, slot) = match i.op() {
        E::SetIntR => (f.k(i.b()), f.r(i.c()), slot_at(obj.value, i.imm().wrapping_sub(1))),
        E::SetIntK => (f.k(i.b()), f.k(i.c()), slot_at(obj.value, i.imm().wrapping_sub(1))),
        E::SetIndexR | E::SetUpIndexR => {
            (f.r(i.b()), f.r(i.c()), slot_of(obj.value, f.r(i.b()).raw_number()))
        }
        E::SetIndexK | E::SetUpIndexK => {
            (f.r(i.b()), f.k(i.c()), slot_of(obj.value, f.r(i.b()).raw_number()))
        }
        _ => (f.operand(i.imm() & 0xFFFF), f.operand(i.imm() >> 16), None),
    };
    match slot {
        // SAFETY: `obj` is a table, `s` a slot of its array.
        Some(s) if unsafe { !s.read().is_nil() || obj.value.table_unchecked().metatable.get().is_none() } => {
            // SAFETY: `s` is a slot of the array of `obj`, which is a table.
            unsafe {
                s.write(val);
                gc::barrier_back(l, obj.value.table_unchecked().erase(), val);
            }
        }
        _ if matches!(i.op(), E::SetIntR | E::SetIntK) => {
            metamethods!(l, guessed, meta::set_at(l, obj, key, val))
        }
        _ => metamethods!(l, guessed, tables::set_index(l, obj, key, val)),
    }
    if guessed != 0 && !obj.value.is_table() { refute(l, ci, at) } else { 0 }
}

pub(super) unsafe extern "C" fn set_upval(l: Gc<Thread>, ci: FrameRef) -> i64 {
    let (i, _) = running(ci);
    let f = Frame::of(ci);
    let uv = f.cl.upval(i.b());
    let v = f.r(i.a());
    // SAFETY: an upvalue's pointer is valid.
    unsafe { uv.v.get().write(v) };
    gc::barrier_upval(l, uv, v);
    0
}

pub(super) unsafe extern "C" fn new_table(l: Gc<Thread>, ci: FrameRef) -> i64 {
    let (i, _) = running(ci);
    let t = match Gc::<Table>::new(l) {
        Ok(t) => t,
        Err(t) => return thrown(t.into()),
    };
    result(ci, i.a(), Value::table(t));
    if i.imm() != 0 {
        let array = num::fb_to_int(i.b() as u8);
        let hash = num::fb_to_int(i.c() as u8);
        tri!(t.resize(l, array, hash).or_throw(l));
    }
    checkpoint(l, ci, ci.base.get().above(i.a() + 1))
}

pub(super) unsafe extern "C" fn fill_list(l: Gc<Thread>, ci: FrameRef) -> i64 {
    let (i, _) = running(ci);
    let f = Frame::of(ci);
    let ra = f.base.above(i.a());
    let n = match i.b() {
        0 => l.top.get().slots_above(ra) - 1,
        n => n,
    };
    if i.c() != 0 {
        ci.saved_pc.set(ci.saved_pc.get().wrapping_add(1));
    }
    // The table under construction, unless the code is made up or a debugger changed the register.
    let Some(t) = f.r(i.a()).as_table() else { return thrown(l.type_error(f.at(i.a()), "index")) };
    // SAFETY: the values are above the table's register.
    tri!(unsafe { tables::set_list(l, t, ra.above(1), n, i.imm()) });
    l.top.set(ci.top.get());
    0
}

pub(super) unsafe extern "C" fn len(l: Gc<Thread>, ci: FrameRef, guessed: u64) -> i64 {
    let (i, at) = running(ci);
    let f = Frame::of(ci);
    let x = f.r(i.b());
    let v = if let Some(t) = x.as_table()
        && t.metatable.get().is_none()
    {
        Value::number(t.length(l.global()) as f64)
    } else if let Some(s) = x.as_string() {
        Value::number(s.len() as f64)
    } else {
        metamethods!(l, guessed, meta::len_at(l, f.at(i.b())))
    };
    result(ci, i.a(), v);
    if guessed != 0 && !types::Type::Whole.has(v) { refute(l, ci, at) } else { 0 }
}

// --- strings, closures, loops, variable arguments

pub(super) unsafe extern "C" fn concat(l: Gc<Thread>, ci: FrameRef) -> i64 {
    let (i, _) = running(ci);
    let n = i.c() - i.b() + 1;
    l.top.set(ci.base.get().above(i.c() + 1));
    metamethods!(l, 0, meta::concat(l, n));
    let f = Frame::of(ci);
    result(ci, i.a(), f.r(i.b()));
    l.top.set(ci.top.get());
    checkpoint(l, ci, ops::end_of_concat(f.base.above(i.a()), f.base.above(i.b())))
}

/// Closes the upvalues of a block that is left, or of the function.
pub(super) unsafe extern "C" fn close_upvalues(l: Gc<Thread>, ci: FrameRef) -> i64 {
    let (i, _) = running(ci);
    let first = if i.op() == ExecOp::JmpClose { i.a() - 1 } else { 0 };
    upval::close(l, ci.base.get().above(first));
    0
}

pub(super) unsafe extern "C" fn for_prep(l: Gc<Thread>, ci: FrameRef) -> i64 {
    let (i, _) = running(ci);
    let f = Frame::of(ci);
    let a = i.a();
    let (init, limit, step) = (f.r(a), f.r(a + 1), f.r(a + 2));
    if init.is_number() && limit.is_number() && step.is_number() {
        return result(ci, a, Value::number(init.raw_number() - step.raw_number()));
    }
    // SAFETY: the three control registers of the loop.
    tri!(unsafe { loops::for_prepare(l, f.base.above(a)) });
    0
}

pub(super) unsafe extern "C" fn closure(l: Gc<Thread>, ci: FrameRef) -> i64 {
    let (i, _) = running(ci);
    let cl = ci.lua_closure();
    let p = cl.proto.protos.get(i.imm() as usize);
    tri!(closures::instantiate(l, p, cl, ci, i.a()));
    checkpoint(l, ci, ci.base.get().above(i.a() + 1))
}

pub(super) unsafe extern "C" fn var_arg(l: Gc<Thread>, ci: FrameRef) -> i64 {
    let (i, _) = running(ci);
    tri!(varargs::copy_varargs(l, ci, i.a(), i.b() as i32 - 1));
    0
}

// --- calls and returns

/// Goes on with the current frame, a Lua frame that has just begun.
fn begin(l: Gc<Thread>) -> i64 {
    if l.hook_mask() != 0 {
        return SWITCH;
    }
    let ci = l.call_info();
    match code_of(l, ci.lua_closure().proto) {
        Some(code) => compile::body_of(code) as i64,
        None => INTERPRET,
    }
}

/// Goes on with the current frame, which may be another one than before: at its saved pc.
#[inline(always)]
fn go_on(l: Gc<Thread>, before: FrameRef) -> i64 {
    if l.hook_mask() == 0 && l.call_info() == before { 0 } else { go_on_elsewhere(l) }
}

#[inline(never)]
fn go_on_elsewhere(l: Gc<Thread>) -> i64 {
    if l.hook_mask() != 0 {
        return SWITCH;
    }
    let ci = l.call_info();
    debug_assert!(ci.is_lua());
    if ci.lua_closure().proto.entry().native().is_null() {
        return SWITCH;
    }
    enter_at_saved_pc(l, ci)
}

/// A call that is not as plain as those that native code makes by itself.
pub(super) unsafe extern "C" fn call(l: Gc<Thread>, ci: FrameRef) -> i64 {
    let (i, _) = running(ci);
    if i.op() == ExecOp::TForCall {
        // SAFETY: the thread and the frame of the running call, with which a trampoline calls it.
        return unsafe { tfor_call(l, ci) };
    }
    let func = ci.base.get().above(i.a());
    // SAFETY: a register of the frame.
    if let Some(cl) = unsafe { func.read() }.as_lua_closure()
        && l.hook_mask() == 0
        && let Some(new) = frame::push_plain(l, ci, func, cl.proto, i.b(), CallKind::from_bits(i.imm()))
    {
        new.saved_pc.set(cl.proto.entry().code());
        return begin(l);
    }
    // SAFETY: the thread and the frame of the running call, with which a trampoline calls it.
    unsafe { call_function(l, ci) }
}

/// The function of the running call, and how many results it wants. Its arguments reach up to the top.
#[inline(always)]
fn function_of_call(l: Gc<Thread>, ci: FrameRef) -> (Slot, i32) {
    let (i, _) = running(ci);
    let func = ci.base.get().above(i.a());
    if i.b() != 0 {
        l.top.set(func.above(i.b()));
    }
    (func, i.c() as i32 - 1)
}

/// A call of anything.
pub(super) unsafe extern "C" fn call_function(l: Gc<Thread>, ci: FrameRef) -> i64 {
    let (func, wanted) = function_of_call(l, ci);
    // SAFETY: a register of the frame.
    if let Some(b) = unsafe { func.read() }.as_builtin() {
        let nargs = l.top.get().slots_above(func) - 1;
        if runs_here(l, b, nargs) {
            return call_intrinsic(l, ci, func, b, wanted);
        }
        // A call that wants fewer results has tried the fast entry before this.
        if wanted > 1 && b.fast.is_some() && call_fast(l, func, b, nargs) {
            stack::fill(func.above(1), wanted as usize - 1);
            l.top.set(ci.top.get());
            return checkpoint(l, ci, func.above(wanted as usize));
        }
    }
    call_other(l, ci, func, wanted)
}

/// A call of `coroutine.yield`.
pub(super) unsafe extern "C" fn call_yield(l: Gc<Thread>, ci: FrameRef) -> i64 {
    let (func, wanted) = function_of_call(l, ci);
    if intrinsic::can_yield(l) { suspend(l, ci, func, wanted) } else { call_other(l, ci, func, wanted) }
}

/// Calls a library function by its fast entry, if it has one and no hook is set.
#[inline(never)]
fn call_fast(l: Gc<Thread>, func: Slot, b: &Builtin, nargs: usize) -> bool {
    // SAFETY: what is above the function are its arguments.
    l.hook_mask() == 0 && unsafe { intrinsic::is_done_by_fast_entry(l, func, b, nargs) }
}

/// A call of the function at `func`, which is not carried out here.
#[inline(never)]
fn call_other(l: Gc<Thread>, ci: FrameRef, func: Slot, wanted: i32) -> i64 {
    called(l, ci, call::prepare(l, func, wanted), wanted)
}

/// The collector's checkpoint after a call by a fast entry for at most one result.
pub(super) unsafe extern "C" fn after_fast_call(l: Gc<Thread>, ci: FrameRef) -> i64 {
    let (i, _) = running(ci);
    checkpoint(l, ci, ci.base.get().above(i.a() + 1))
}

/// After `prepare` for the frame `ci`, at whatever function.
#[inline(always)]
fn called(l: Gc<Thread>, ci: FrameRef, prepared: LResult<Prepared>, wanted: i32) -> i64 {
    if prepared == Ok(Prepared::Done) && l.hook_mask() == 0 && l.call_info() == ci {
        if wanted >= 0 {
            l.top.set(ci.top.get());
        }
        return 0;
    }
    called_otherwise(l, ci, prepared, wanted)
}

/// The same if the frame does not simply go on.
#[inline(never)]
fn called_otherwise(l: Gc<Thread>, ci: FrameRef, prepared: LResult<Prepared>, wanted: i32) -> i64 {
    let prepared = match prepared {
        Ok(prepared) => prepared,
        Err(t) => return yielded(l, ci, t),
    };
    if prepared == Prepared::Lua {
        // It was called by the Lua frame before it, in whatever way. So a return with few results takes only stores.
        l.call_info().add_flags(FrameFlags::PLAIN);
        return begin(l);
    }
    if wanted >= 0 {
        l.top.set(ci.top.get());
    }
    go_on(l, ci)
}

/// A call failed, or its callee yielded, for which the frame waits then.
#[cold]
#[inline(never)]
fn yielded(l: Gc<Thread>, ci: FrameRef, t: Throw) -> i64 {
    if t == Throw::YIELD && l.hook_mask() == 0 && l.call_info().prev.get() == Some(ci) {
        ci.add_flags(FrameFlags::WAITS);
    }
    thrown(t)
}

/// A call of pcall, xpcall or yield, behind which the frame goes on.
#[inline(always)]
fn call_intrinsic(l: Gc<Thread>, ci: FrameRef, func: Slot, b: &'static Builtin, wanted: i32) -> i64 {
    if b.intrinsic == Intrinsic::Yield {
        suspend(l, ci, func, wanted)
    } else {
        call_protected(l, ci, func, b, wanted)
    }
}

/// The frame yields, and waits then.
#[inline(always)]
fn suspend(l: Gc<Thread>, ci: FrameRef, func: Slot, wanted: i32) -> i64 {
    let t = intrinsic::yield_at(l, func, wanted);
    if t == Throw::YIELD {
        ci.add_flags(FrameFlags::WAITS);
    }
    thrown(t)
}

#[inline(never)]
fn call_protected(l: Gc<Thread>, ci: FrameRef, func: Slot, b: &'static Builtin, wanted: i32) -> i64 {
    tri!(pcall::enter_pcall(l, func, b, wanted, FrameFlags::WAITS));
    if l.call_info() == ci { go_on(l, ci) } else { begin(l) }
}

pub(super) unsafe extern "C" fn tail_call(l: Gc<Thread>, ci: FrameRef) -> i64 {
    let (i, _) = running(ci);
    let cl = ci.lua_closure();
    let mut func = ci.base.get().above(i.a());
    // SAFETY: a register of the frame.
    let f = unsafe { func.read() };
    if let Some(callee) = f.as_lua_closure()
        && l.hook_mask() == 0
    {
        if !cl.proto.protos.is_empty() {
            upval::close(l, ci.base.get());
        }
        if frame::replace_plain(l, ci, func, callee.proto, frame::given(l, func, i.b())) {
            ci.saved_pc.set(callee.proto.entry().code());
            return begin(l);
        }
    }
    if i.b() != 0 {
        l.top.set(func.above(i.b()));
    }
    if let Some(b) = f.as_builtin() {
        let nargs = l.top.get().slots_above(func) - 1;
        // SAFETY: what is above the function are its arguments.
        if l.hook_mask() == 0 && unsafe { intrinsic::is_done_by_fast_entry(l, func, b, nargs) } {
            return 0;
        }
        if runs_here(l, b, nargs) {
            return call_intrinsic(l, ci, func, b, LUA_MULTRET);
        }
    } else if !f.is_function() && f.tag() != TAG_LIGHTC {
        func = tri!(call::try_call_metamethod(l, func));
    }
    if tri!(call::prepare(l, func, LUA_MULTRET)) == Prepared::Lua {
        frame::replace_pushed(l, ci, !cl.proto.protos.is_empty());
        return begin(l);
    }
    go_on(l, ci)
}

pub(super) unsafe extern "C" fn tfor_call(l: Gc<Thread>, ci: FrameRef) -> i64 {
    let (i, _) = running(ci);
    let f = Frame::of(ci);
    if let Some(b) = f.r(i.a()).as_builtin()
        && let Some(t) = f.r(i.a() + 1).as_table()
    {
        match b.intrinsic {
            Intrinsic::Next => return tfor_next(l, ci, t),
            Intrinsic::IpairsStep => return tfor_ipairs(l, ci, t),
            _ => {}
        }
    }
    call_iterator(l, ci)
}

/// The iterator is `next` of a table.
#[inline(never)]
fn tfor_next(l: Gc<Thread>, ci: FrameRef, t: Gc<Table>) -> i64 {
    let (i, at) = running(ci);
    // SAFETY: the loop's registers, the running instruction.
    let done = unsafe { iterate_next(l, t, ci.base.get().above(i.a()), at) };
    iterated(l, ci, done)
}

/// The iterator is that of `ipairs` of a table.
#[inline(never)]
fn tfor_ipairs(l: Gc<Thread>, ci: FrameRef, t: Gc<Table>) -> i64 {
    let (i, _) = running(ci);
    // SAFETY: the loop's registers.
    let done = unsafe { iterate_ipairs(t, ci.base.get().above(i.a())) };
    iterated(l, ci, done)
}

/// The iterator's two results are in place, if that is `done`.
#[inline(always)]
fn iterated(l: Gc<Thread>, ci: FrameRef, done: bool) -> i64 {
    if !done {
        return call_iterator(l, ci);
    }
    let (i, _) = running(ci);
    for n in 2..i.c() {
        result(ci, i.a() + 3 + n, Value::NIL);
    }
    0
}

/// The iterator is called.
#[inline(never)]
fn call_iterator(l: Gc<Thread>, ci: FrameRef) -> i64 {
    let (i, _) = running(ci);
    // SAFETY: the loop's registers.
    let to = unsafe { loops::copy_iterator(l, ci.base.get().above(i.a())) };
    called(l, ci, call::prepare(l, to, i.c() as i32), i.c() as i32)
}

/// The end of the frame, where it is more than stores.
pub(super) unsafe extern "C" fn return_results(l: Gc<Thread>, ci: FrameRef) -> i64 {
    let (i, _) = running(ci);
    if i.op() == ExecOp::Return && i.c() != 0 {
        upval::close(l, ci.base.get());
    }
    let first = ci.base.get().above(i.a());
    let n = match i.op() {
        ExecOp::Return0 | ExecOp::CloseReturn0 => 0,
        ExecOp::Return1 | ExecOp::CloseReturn1 => 1,
        _ => match i.b() {
            0 => l.top.get().slots_above(first),
            b => b - 1,
        },
    };
    let kind = ci.kind.get();
    let Some(caller) = tri!(tier::leave(l, ci, first, n)) else { return DONE };
    if !kind.has_any(FrameFlags::METAMETHOD) && l.hook_mask() == 0 {
        // Where the caller goes on was noted when the frame was made, or when native code was entered.
        return caller.lua_frame().returns_to.get() as i64;
    }
    go_on(l, ci)
}

/// A metamethod has returned; the instruction is finished as after a yield.
pub(super) unsafe extern "C" fn finish_metamethod(l: Gc<Thread>, ci: FrameRef) -> i64 {
    tri!(finish::finish_called(l, ci));
    if l.hook_mask() != 0 {
        return SWITCH;
    }
    enter_at_saved_pc(l, ci)
}

/// Goes on with a frame whose function has native code, at its saved pc.
fn enter_at_saved_pc(l: Gc<Thread>, ci: FrameRef) -> i64 {
    match address(l, ci.lua_closure().proto, ci) {
        Some(code) => {
            super::mark_entered(ci);
            code as i64
        }
        None => INTERPRET,
    }
}

// --- stress builds

static STRESS_RANDOM: AtomicU32 = AtomicU32::new(1);

/// In a stress build, before some instruction, at which the saved pc is: 0 go on, 1 take the long way, or leave and
/// have the interpreter do it.
pub(super) unsafe extern "C" fn stress(_: Gc<Thread>, _: FrameRef) -> i64 {
    let mut x = STRESS_RANDOM.load(Relaxed);
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    STRESS_RANDOM.store(x, Relaxed);
    STRESS_COUNT.store((x >> 8 & 15) as i32, Relaxed);
    if x & 3 == 0 { INTERPRET } else { 1 }
}

// --- leaves

pub(super) extern "C" fn modulo(a: f64, b: f64) -> f64 {
    num::modulo(a, b)
}

/// The length of a table without a metatable.
pub(super) extern "C" fn length(t: Gc<Table>, l: Gc<Thread>) -> f64 {
    t.length(l.global()) as f64
}

pub(super) extern "C" fn power(a: f64, b: f64) -> f64 {
    num::power(a, b)
}
