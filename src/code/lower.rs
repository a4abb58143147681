//! From PUC bytecode to the executable form.
//!
//! One to one by index. Operand kinds (register or constant) move into the operation, comparisons and tests take over
//! the distance of the jump behind them, keys that are short strings get an inline-cache hint. A backward jump
//! always stays an instruction of its own: it is where the interpreter looks whether a hook was set.

use super::bytecode::{Instruction, Op, is_k, k_index};
use super::exec::{ExecInsn, ExecOp, Hint};

/// The bytecode of a function, as far as lowering looks at it.
pub trait Source {
    fn instruction(&self, pc: usize) -> Instruction;
    fn constant(&self, index: u32) -> Constant;
    /// Whether inner functions may capture its variables.
    fn has_inner_functions(&self) -> bool;
    /// The word that says how a function called for `wanted` results was called (`CallKind`).
    fn call_word(wanted: i32) -> u32;
}

/// A constant, as far as lowering looks at it.
#[derive(Clone, Copy, PartialEq)]
pub enum Constant {
    ShortString,
    LongString,
    Number(f64),
    Other,
}

fn short_string(p: &impl Source, rk: u32) -> bool {
    is_k(rk) && p.constant(k_index(rk)) == Constant::ShortString
}

/// A constant key that is a positive 32-bit integer.
fn small_integer(p: &impl Source, rk: u32) -> Option<u32> {
    if !is_k(rk) {
        return None;
    }
    let Constant::Number(n) = p.constant(k_index(rk)) else { return None };
    let i = n as u32;
    (i as f64 == n && i > 0).then_some(i)
}

fn plain(op: ExecOp, i: Instruction) -> ExecInsn {
    ExecInsn::new(op, i.a(), i.b() & 0xFF, i.c() & 0xFF, 0)
}

/// Both raw operands in `imm`, for the operations that decode them when they run.
fn raw(op: ExecOp, i: Instruction) -> ExecInsn {
    ExecInsn::new(op, i.a(), i.b() & 0xFF, i.c() & 0xFF, i.b() | i.c() << 16)
}

fn hinted(op: ExecOp, i: Instruction) -> ExecInsn {
    ExecInsn::new(op, i.a(), i.b() & 0xFF, i.c() & 0xFF, Hint::NONE.0)
}

/// Distance of a jump from the instruction itself.
fn jump(i: Instruction) -> u32 {
    (i.sbx() + 1) as u32
}

/// Distance for a taken comparison at `pc`: over the jump to its target, or to the jump itself when that has more
/// to do.
fn fused_jump(p: &impl Source, pc: usize) -> u32 {
    let next = p.instruction(pc + 1);
    let simple = next.op() == Op::Jmp && next.a() == 0 && next.sbx() >= 0;
    if simple { 1 + jump(next) } else { 1 }
}

/// The instruction of the executable form that stands for instruction `pc`.
pub fn lower<S: Source>(p: &S, pc: usize) -> ExecInsn {
    use ExecOp as E;
    let i = p.instruction(pc);
    let (a, b, c) = (i.a(), i.b(), i.c());
    let by_kinds = |rr, rk, kr, kk| match (is_k(b), is_k(c)) {
        (false, false) => plain(rr, i),
        (false, true) => plain(rk, i),
        (true, false) => plain(kr, i),
        (true, true) => raw(kk, i),
    };
    let value = |r, k| if is_k(c) { k } else { r };
    match i.op() {
        Op::Move => plain(E::Move, i),
        Op::LoadK => ExecInsn::new(E::LoadK, a, 0, 0, i.bx()),
        Op::LoadKX => ExecInsn::new(E::LoadK, a, 0, 0, p.instruction(pc + 1).get_ax()),
        Op::LoadBool => plain(E::LoadBool, i),
        Op::LoadNil => plain(E::LoadNil, i),
        Op::GetUpval => plain(E::GetUpval, i),
        Op::SetUpval => plain(E::SetUpval, i),
        Op::GetTabUp if short_string(p, c) => hinted(E::GetGlobal, i),
        Op::GetTabUp if is_k(c) => raw(E::GetTabUp, i),
        Op::GetTabUp => plain(E::GetUpIndex, i),
        Op::GetTable if short_string(p, c) => hinted(E::GetField, i),
        Op::GetTable if is_k(c) => match small_integer(p, c) {
            Some(n) => ExecInsn::new(E::GetInt, a, b, k_index(c), n),
            None => raw(E::GetTable, i),
        },
        Op::GetTable => plain(E::GetIndex, i),
        Op::SetTabUp if short_string(p, b) => hinted(value(E::SetGlobalR, E::SetGlobalK), i),
        Op::SetTabUp if is_k(b) => raw(E::SetTabUp, i),
        Op::SetTabUp => plain(value(E::SetUpIndexR, E::SetUpIndexK), i),
        Op::SetTable if short_string(p, b) => hinted(value(E::SetFieldR, E::SetFieldK), i),
        Op::SetTable if is_k(b) => match small_integer(p, b) {
            Some(n) => ExecInsn::new(value(E::SetIntR, E::SetIntK), a, k_index(b), c & 0xFF, n),
            None => raw(E::SetTable, i),
        },
        Op::SetTable => plain(value(E::SetIndexR, E::SetIndexK), i),
        Op::NewTable => raw(E::NewTable, i),
        Op::SelfOp if short_string(p, c) => hinted(E::SelfField, i),
        Op::SelfOp => raw(E::SelfAny, i),
        Op::Add => by_kinds(E::AddRR, E::AddRK, E::AddKR, E::ArithKK),
        Op::Sub => by_kinds(E::SubRR, E::SubRK, E::SubKR, E::ArithKK),
        Op::Mul => by_kinds(E::MulRR, E::MulRK, E::MulKR, E::ArithKK),
        Op::Div => by_kinds(E::DivRR, E::DivRK, E::DivKR, E::ArithKK),
        Op::Mod => by_kinds(E::ModRR, E::ModRK, E::ModKR, E::ArithKK),
        Op::Pow => by_kinds(E::PowRR, E::PowRK, E::PowKR, E::ArithKK),
        Op::Unm => plain(E::Unm, i),
        Op::Not => plain(E::Not, i),
        Op::Len => plain(E::Len, i),
        Op::Concat => plain(E::Concat, i),
        Op::Jmp => {
            let op = match (a, i.sbx() < 0) {
                (0, false) => E::Jmp,
                (0, true) => E::JmpBack,
                _ => E::JmpClose,
            };
            ExecInsn::new(op, a, 0, 0, jump(i))
        }
        Op::Eq => {
            let jump = fused_jump(p, pc);
            let (rr, rk, rn) =
                if a != 0 { (E::EqRR, E::EqRK, E::EqRN) } else { (E::NotEqRR, E::NotEqRK, E::NotEqRN) };
            match (is_k(b), is_k(c)) {
                (false, false) => ExecInsn::new(rr, a, b, c, jump),
                (true, true) => raw(E::CompareAny, i),
                (k_first, _) => {
                    let (r, k) = if k_first { (c, k_index(b)) } else { (b, k_index(c)) };
                    match p.constant(k) {
                        Constant::Number(_) => ExecInsn::new(rn, a, r, k, jump),
                        Constant::LongString => raw(E::CompareAny, i),
                        Constant::ShortString | Constant::Other => ExecInsn::new(rk, a, r, k, jump),
                    }
                }
            }
        }
        Op::Lt | Op::Le => {
            let (rr, rk, kr) = match (i.op() == Op::Lt, a != 0) {
                (true, true) => (E::LtRR, E::LtRK, E::LtKR),
                (true, false) => (E::NotLtRR, E::NotLtRK, E::NotLtKR),
                (false, true) => (E::LeRR, E::LeRK, E::LeKR),
                (false, false) => (E::NotLeRR, E::NotLeRK, E::NotLeKR),
            };
            let jump = fused_jump(p, pc);
            match (is_k(b), is_k(c)) {
                (false, false) => ExecInsn::new(rr, a, b, c, jump),
                (false, true) => ExecInsn::new(rk, a, b, k_index(c), jump),
                (true, false) => ExecInsn::new(kr, a, k_index(b), c, jump),
                (true, true) => raw(E::CompareAny, i),
            }
        }
        Op::Test => ExecInsn::new(if c != 0 { E::Test } else { E::TestNot }, a, 0, 0, fused_jump(p, pc)),
        Op::TestSet => ExecInsn::new(E::TestSet, a, b, (c != 0) as u32, fused_jump(p, pc)),
        Op::Call => ExecInsn::new(E::Call, a, b & 0xFF, c & 0xFF, S::call_word((c & 0xFF) as i32 - 1)),
        Op::TailCall => plain(E::TailCall, i),
        Op::Return => {
            let closes = p.has_inner_functions() as u32;
            match b {
                1 => ExecInsn::new(if closes == 0 { E::Return0 } else { E::CloseReturn0 }, a, b, 0, 0),
                2 => ExecInsn::new(if closes == 0 { E::Return1 } else { E::CloseReturn1 }, a, b, 0, 0),
                _ => ExecInsn::new(E::Return, a, b, closes, 0),
            }
        }
        Op::ForLoop => ExecInsn::new(E::ForLoop, a, 0, 0, jump(i)),
        Op::ForPrep => ExecInsn::new(E::ForPrep, a, 0, 0, jump(i)),
        Op::TForCall => ExecInsn::new(E::TForCall, a, 0, c & 0xFF, 0),
        Op::TForLoop => ExecInsn::new(E::TForLoop, a, 0, 0, jump(i)),
        Op::SetList => {
            let batch = if c == 0 { p.instruction(pc + 1).get_ax() } else { c };
            ExecInsn::new(E::SetList, a, b, (c == 0) as u32, batch)
        }
        Op::Closure => ExecInsn::new(E::Closure, a, 0, 0, i.bx()),
        Op::VarArg => plain(E::VarArg, i),
        Op::ExtraArg => ExecInsn::new(E::Nop, 0, 0, 0, 0),
    }
}
