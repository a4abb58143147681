//! The names of values and functions, as far as the code tells them.

use crate::code::bytecode::{Instruction, MAX_INDEX_RK, Op, is_k, k_index};
use crate::consts::LUA_ENV;
use crate::object::call_info::FrameFlags;
use crate::object::string::{Bytes, bytes_of};
use crate::object::{FrameRef, Gc, LuaClosure, Metamethod, Proto, Slot, Thread};
use core::ffi::CStr;

/// How a value was reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NameKind {
    Global,
    Local,
    Method,
    Field,
    Upvalue,
    Constant,
    ForIterator,
    Metamethod,
}

impl NameKind {
    pub fn text(self) -> &'static CStr {
        match self {
            NameKind::Global => c"global",
            NameKind::Local => c"local",
            NameKind::Method => c"method",
            NameKind::Field => c"field",
            NameKind::Upvalue => c"upvalue",
            NameKind::Constant => c"constant",
            NameKind::ForIterator => c"for iterator",
            NameKind::Metamethod => c"metamethod",
        }
    }
}

const UNKNOWN: Bytes = Bytes::fixed(c"?".to_bytes());

/// Name of the `n`-th local variable (from 1) that is active at `pc`.
pub fn local_name(p: &Proto, n: i32, pc: i32) -> Option<Bytes> {
    let mut n = n;
    for v in p.locvars.cells() {
        let v = v.get();
        if v.startpc > pc {
            break;
        }
        if pc < v.endpc {
            n -= 1;
            if n == 0 {
                return Some(v.name.map_or(UNKNOWN, bytes_of));
            }
        }
    }
    None
}

/// Name of an upvalue, "?" when it was stripped.
fn upvalue_name(p: &Proto, i: u32) -> Bytes {
    let name = p.upvalues.cells().get(i as usize).and_then(|d| d.get().name);
    name.map_or(UNKNOWN, bytes_of)
}

fn instruction(p: &Proto, pc: i32) -> Instruction {
    Instruction(p.code.get(pc as usize))
}

fn constant_string(p: &Proto, i: u32) -> Option<Bytes> {
    p.k.cells().get(i as usize)?.get().as_string().map(bytes_of)
}

/// The last instruction before `pc` that is certain to have set register `reg`; `None` when a jump could have gone
/// around it.
fn setter(p: &Proto, pc: i32, reg: u32) -> Option<i32> {
    let mut found = None;
    // Instructions below this pc can be jumped over.
    let mut jump_target = 0;
    for at in 0..pc {
        let i = instruction(p, at);
        let op = i.op();
        let a = i.a();
        let sets = match op {
            Op::LoadNil => (a..=a + i.b()).contains(&reg),
            Op::TForCall => reg >= a + 2,
            Op::Call | Op::TailCall => reg >= a,
            // The code that the test may skip may set the register.
            Op::Test => reg == a,
            Op::Jmp => {
                let to = at + 1 + i.sbx();
                if at < to && to <= pc && to > jump_target {
                    jump_target = to;
                }
                false
            }
            _ => op.info().sets_a && reg == a,
        };
        if sets {
            found = (at >= jump_target).then_some(at);
        }
    }
    found
}

/// The name of the value in register `reg` at `pc`.
fn register_name(p: &Proto, pc: i32, reg: u32) -> Option<(NameKind, Bytes)> {
    if let Some(name) = local_name(p, reg as i32 + 1, pc) {
        return Some((NameKind::Local, name));
    }
    let at = setter(p, pc, reg)?;
    let i = instruction(p, at);
    match i.op() {
        // From a register below; from one above it would be a temporary.
        Op::Move if i.b() < i.a() => register_name(p, at, i.b()),
        Op::GetTabUp => Some(field_name(p, at, Some(upvalue_name(p, i.b())), i.c())),
        Op::GetTable => Some(field_name(p, at, local_name(p, i.b() as i32 + 1, at), i.c())),
        Op::GetUpval => Some((NameKind::Upvalue, upvalue_name(p, i.b()))),
        Op::LoadK | Op::LoadKX => loaded_constant(p, at).map(|s| (NameKind::Constant, s)),
        Op::SelfOp => Some((NameKind::Method, key_name(p, at, i.c()))),
        _ => None,
    }
}

/// A field of the table called `table`: a global variable when that is `_ENV`.
fn field_name(p: &Proto, pc: i32, table: Option<Bytes>, key: u32) -> (NameKind, Bytes) {
    let is_env = table.is_some_and(|name| *name == *LUA_ENV.to_bytes());
    (if is_env { NameKind::Global } else { NameKind::Field }, key_name(p, pc, key))
}

/// Text of an RK operand used as key, "?" when it is no string or not known.
fn key_name(p: &Proto, pc: i32, rk: u32) -> Bytes {
    let name = if is_k(rk) {
        constant_string(p, k_index(rk))
    } else {
        debug_assert!(rk <= MAX_INDEX_RK);
        register_constant(p, pc, rk)
    };
    name.unwrap_or(UNKNOWN)
}

/// The constant string that register `reg` holds at `pc`: `register_name` for those who only ask for constants. (It
/// does not follow keys of keys, of which made-up code can have as many as it has instructions.)
fn register_constant(p: &Proto, pc: i32, reg: u32) -> Option<Bytes> {
    let (mut pc, mut reg) = (pc, reg);
    loop {
        if local_name(p, reg as i32 + 1, pc).is_some() {
            return None;
        }
        pc = setter(p, pc, reg)?;
        let i = instruction(p, pc);
        match i.op() {
            Op::Move if i.b() < i.a() => reg = i.b(),
            Op::LoadK | Op::LoadKX => return loaded_constant(p, pc),
            _ => return None,
        }
    }
}

/// The string that the `LoadK` or `LoadKX` at `pc` loads.
fn loaded_constant(p: &Proto, pc: i32) -> Option<Bytes> {
    let i = instruction(p, pc);
    if i.op() == Op::LoadK {
        return constant_string(p, i.bx());
    }
    let extra = p.code.cells().get(pc as usize + 1)?.get();
    constant_string(p, Instruction(extra).get_ax())
}

/// The variable that lives at `slot` of the running function, for messages. Null: none.
pub fn var_info(l: Gc<Thread>, slot: Slot) -> Option<(&'static str, Bytes)> {
    let ci = l.call_info();
    if slot.is_null() || !ci.is_lua() {
        return None;
    }
    let cl = ci.closure();
    let (kind, name) = upvalue_at(cl, slot).or_else(|| {
        let inside = slot >= ci.base.get() && slot < ci.top.get();
        let register = || slot.slots_above(ci.base.get()) as u32;
        if inside { register_name(&cl.proto, ci.current_pc(), register()) } else { None }
    })?;
    Some((kind.text().to_str().unwrap_or(""), name))
}

fn upvalue_at(cl: Gc<LuaClosure>, slot: Slot) -> Option<(NameKind, Bytes)> {
    let i = cl.upvals().iter().position(|u| u.get().is_some_and(|u| u.v.get() == slot))?;
    Some((NameKind::Upvalue, upvalue_name(&cl.proto, i as u32)))
}

/// How the Lua frame `ci` refers to the function that its current instruction calls.
pub fn callee_name(l: Gc<Thread>, ci: FrameRef) -> Option<(NameKind, Bytes)> {
    let p = ci.closure().proto;
    let pc = ci.current_pc();
    let i = instruction(&p, pc);
    let op = i.op();
    let event = match op {
        Op::Call | Op::TailCall => return register_name(&p, pc, i.a()),
        Op::TForCall => {
            return Some((NameKind::ForIterator, Bytes::fixed(NameKind::ForIterator.text().to_bytes())));
        }
        Op::SelfOp | Op::GetTabUp | Op::GetTable => Metamethod::Index,
        Op::SetTabUp | Op::SetTable => Metamethod::NewIndex,
        Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Mod | Op::Pow | Op::Unm => {
            Metamethod::from_arith(op as u8 - Op::Add as u8)
        }
        Op::Eq => Metamethod::Eq,
        Op::Len => Metamethod::Len,
        Op::Lt => Metamethod::Lt,
        Op::Le => Metamethod::Le,
        Op::Concat => Metamethod::Concat,
        _ => return None,
    };
    Some((NameKind::Metamethod, bytes_of(l.global().metamethod_name(event))))
}

/// How the function running in frame `ci` was called, as far as its caller tells.
#[inline(never)]
pub fn func_name(l: Gc<Thread>, ci: FrameRef) -> Option<(NameKind, Bytes)> {
    let caller = ci.prev.get()?;
    if ci.has(FrameFlags::TAIL_CALLED) || !caller.is_lua() { None } else { callee_name(l, caller) }
}
