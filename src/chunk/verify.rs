//! Verification of functions from binary chunks, before they may run.
//!
//! A chunk that passes cannot make the interpreter leave its frame, its code, its constants or its upvalues, nor see
//! what an earlier call left in a register:
//!
//! * Every operand is in range, and every instruction that works together with the next one (a test and its jump, an
//!   extended operand, a call with an open list of values and the instruction that takes it) has that partner,
//!   which can be reached on no other way.
//! * Code cannot run off its end, every jump arrives at an instruction.
//! * On every path to an instruction the registers that it reads were written before, in the same call.
//!
//! `code::lower` and `vm::interpreter` rely on the following, grouped by what an instruction does:
//!
//! * Registers and constants: `check_operands`; an RK operand is either. Lowering keeps eight bits of a
//!   register, and of a constant's index when it is an RK operand. LOADK and CLOSURE have indices of their own
//!   size.
//! * Two registers from A on: SELF. Three more than the loop's variables, and at least six: TFORCALL. Four:
//!   FORLOOP. B + 1: LOADNIL and SETLIST. Up to C: CONCAT, with at least two operands.
//! * Upvalues: indices here, and for CLOSURE what the inner function captures: a register of its parent's that
//!   has a value, or an upvalue of its parent's. At most 255, the size of the field that counts them.
//! * Comparisons, TEST and TESTSET take over the distance of the jump behind them, and skip it otherwise: the
//!   last instruction is a RETURN, so there is one after the jump.
//! * LOADKX and SETLIST with C = 0 read the operand behind them. EXTRAARG does nothing by itself, and nothing
//!   jumps to it.
//! * The top of the stack counts values from A on only between an open CALL, TAILCALL or VARARG and the
//!   instruction that takes them. The first value is not below those that come before the list.
//! * Loops: FORPREP arrives at a FORLOOP with the same registers, which goes back to behind a FORPREP. That the
//!   control values are numbers is not relied on (see `interpreter`).
//! * A collection between instructions takes everything above the highest register in use for dead (NEWTABLE,
//!   CLOSURE, CONCAT, calls) and may make it nil. Every slot of a stack always holds some valid value, so this
//!   changes what made-up code computes and nothing else.
//! * Closing upvalues: RETURN and TAILCALL do so when the function has inner functions, which is when there can
//!   be any.
//! * Sizes: tables get room for what the code could fill, so that a small chunk cannot ask for much memory at
//!   once.
//! * Debug information is not checked but for the number of lines: whoever reads it checks (`vm::debug`).
//!
//! Code that the compiler makes always passes. The contents of registers are not typed: the interpreter checks those.

use crate::code::bytecode::*;
use crate::mem::Array;
use crate::messages as msg;
use crate::num;
use crate::object::{Gc, Proto, Thread};
use crate::throw::LResult;

/// Why a chunk is refused.
pub type Verdict = Result<(), &'static str>;

/// Verifies a main function and all functions in it. `Err` only when memory is short.
pub fn verify(l: Gc<Thread>, main: Gc<Proto>) -> LResult<Verdict> {
    let work = Work { notes: Array::empty(), states: Array::empty(), queue: Array::empty() };
    let verdict = verify_nested(l, main, None, &work);
    work.notes.free(l);
    work.states.free(l);
    work.queue.free(l);
    verdict
}

fn verify_nested(l: Gc<Thread>, p: Gc<Proto>, parent: Option<Gc<Proto>>, work: &Work) -> LResult<Verdict> {
    let verdict = Function::new(p, work).verify(l, parent)?;
    if verdict != Ok(()) {
        return Ok(verdict);
    }
    for inner in p.protos.cells() {
        let verdict = verify_nested(l, inner.get(), Some(p), work)?;
        if verdict.is_err() {
            return Ok(verdict);
        }
    }
    Ok(Ok(()))
}

/// Memory for one function after the other.
struct Work {
    /// what is known of each instruction, in bits of `note`
    notes: Array<u8>,
    /// registers known to be written before each instruction, `Function::width` words each
    states: Array<u64>,
    /// instructions to look at (again)
    queue: Array<u32>,
}

/// Makes an array as long as that, unless it is longer.
fn grow<T: Copy + Default>(l: Gc<Thread>, array: &Array<T>, len: usize) -> LResult<()> {
    if array.len() < len {
        array.resize(l, len, T::default())?;
    }
    Ok(())
}

mod note {
    /// A jump or a skip arrives here.
    pub const TARGET: u8 = 1 << 0;
    /// Its state is known.
    pub const REACHED: u8 = 1 << 1;
    pub const QUEUED: u8 = 1 << 2;
}

/// A set of registers.
type Registers = [u64; 4];

#[inline(always)]
fn require(condition: bool, reason: &'static str) -> Verdict {
    if condition { Ok(()) } else { Err(reason) }
}

struct Function<'w> {
    p: Gc<Proto>,
    code: &'w [Instruction],
    work: &'w Work,
    size: usize,
    registers: u32,
    /// words of a state
    width: usize,
    queued: usize,
}

/// The number of values that an instruction takes or leaves: a count, or "up to the top".
fn leaves_open(i: Instruction) -> bool {
    match i.op() {
        Op::Call => i.c() == 0,
        Op::VarArg => i.b() == 0,
        _ => false,
    }
}

fn takes_open(i: Instruction) -> bool {
    matches!(i.op(), Op::Call | Op::TailCall | Op::Return | Op::SetList) && i.b() == 0
}

impl<'w> Function<'w> {
    fn new(p: Gc<Proto>, work: &'w Work) -> Function<'w> {
        let registers = p.maxstacksize() as u32;
        let size = p.code.len();
        let code = match size {
            0 => &[],
            // SAFETY: `size` initialised words start there; `Instruction` is a word. Nothing changes the code.
            _ => unsafe { core::slice::from_raw_parts(p.code.as_ptr().cast::<Instruction>(), size) },
        };
        Function { p, code, work, size, registers, width: registers.div_ceil(64) as usize, queued: 0 }
    }

    fn verify(&mut self, l: Gc<Thread>, parent: Option<Gc<Proto>>) -> LResult<Verdict> {
        if let Err(reason) = self.check_frame(parent) {
            return Ok(Err(reason));
        }
        let Work { notes, states, queue } = self.work;
        grow(l, notes, self.size)?;
        notes.cells()[..self.size].iter().for_each(|note| note.set(0));
        for pc in 0..self.size {
            if let Err(reason) = self.check_operands(pc) {
                return Ok(Err(reason));
            }
        }
        // Only now are all targets of jumps known.
        for pc in 0..self.size {
            if let Err(reason) = self.check_partner_before(pc) {
                return Ok(Err(reason));
            }
        }
        grow(l, states, self.size * self.width)?;
        grow(l, queue, self.size)?;
        Ok(self.check_flow())
    }

    fn code(&self, pc: usize) -> Instruction {
        self.code[pc]
    }

    // ---- single instructions --------------------------------------------------------------------------------

    fn check_frame(&self, parent: Option<Gc<Proto>>) -> Verdict {
        let p = self.p;
        require(self.registers <= MAX_STACK, msg::BAD_STACK_SIZE)?;
        require(p.numparams() as u32 <= self.registers, msg::BAD_STACK_SIZE)?;
        require(p.upvalues.len() <= u8::MAX as usize, msg::BAD_UPVALUE)?;
        require(p.lineinfo.is_empty() || p.lineinfo.len() == self.size, msg::BAD_LINES)?;
        for u in p.upvalues.cells() {
            let u = u.get();
            if let Some(parent) = parent {
                let limit = if u.instack { parent.maxstacksize() as usize } else { parent.upvalues.len() };
                require((u.index as usize) < limit, msg::BAD_UPVALUE)?;
            }
        }
        for pc in 0..self.size {
            require(self.code(pc).op_checked().is_some(), msg::BAD_OPCODE)?;
        }
        require(self.size > 0 && self.code(self.size - 1).op() == Op::Return, msg::NO_RETURN)
    }

    /// `count` registers from `first` on exist.
    fn check_registers(&self, first: u32, count: u32) -> Verdict {
        require(first + count <= self.registers, msg::BAD_REGISTER)
    }

    fn check_constant(&self, k: u32) -> Verdict {
        require((k as usize) < self.p.k.len(), msg::BAD_CONSTANT_INDEX)
    }

    fn check_rk(&self, rk: u32) -> Verdict {
        if is_k(rk) { self.check_constant(k_index(rk)) } else { self.check_registers(rk, 1) }
    }

    fn check_upvalue(&self, i: u32) -> Verdict {
        require((i as usize) < self.p.upvalues.len(), msg::BAD_UPVALUE)
    }

    /// The target of the jump at `pc`, which gets its note.
    fn check_jump(&self, pc: usize) -> Result<usize, &'static str> {
        let target = pc as i64 + 1 + self.code(pc).sbx() as i64;
        require(0 <= target && target < self.size as i64, msg::BAD_JUMP)?;
        self.mark_target(target as usize);
        Ok(target as usize)
    }

    fn mark_target(&self, pc: usize) {
        self.work.notes.set(pc, self.work.notes.get(pc) | note::TARGET);
    }

    /// The next instruction is one of these.
    fn check_next(&self, pc: usize, wanted: impl Fn(Instruction) -> bool) -> Verdict {
        require(pc + 1 < self.size && wanted(self.code(pc + 1)), msg::BAD_SEQUENCE)
    }

    /// Operands, and what must come after the instruction.
    fn check_operands(&self, pc: usize) -> Verdict {
        let i = self.code(pc);
        let (a, b, c) = (i.a(), i.b(), i.c());
        match i.op() {
            Op::Move | Op::Unm | Op::Not | Op::Len => {
                self.check_registers(a, 1)?;
                self.check_registers(b, 1)
            }
            Op::LoadK => {
                self.check_registers(a, 1)?;
                self.check_constant(i.bx())
            }
            Op::LoadKX => {
                self.check_registers(a, 1)?;
                self.check_next(pc, |next| next.op() == Op::ExtraArg)?;
                self.check_constant(self.code(pc + 1).get_ax())
            }
            Op::LoadBool => {
                self.check_registers(a, 1)?;
                require(b <= 1 && c <= 1, msg::BAD_OPERAND)?;
                if c != 0 {
                    require(pc + 2 < self.size, msg::BAD_JUMP)?;
                    self.mark_target(pc + 2);
                }
                Ok(())
            }
            Op::LoadNil => self.check_registers(a, b + 1),
            Op::GetUpval | Op::SetUpval => {
                self.check_registers(a, 1)?;
                self.check_upvalue(b)
            }
            Op::GetTabUp => {
                self.check_registers(a, 1)?;
                self.check_upvalue(b)?;
                self.check_rk(c)
            }
            Op::SetTabUp => {
                self.check_upvalue(a)?;
                self.check_rk(b)?;
                self.check_rk(c)
            }
            Op::GetTable => {
                self.check_registers(a, 1)?;
                self.check_registers(b, 1)?;
                self.check_rk(c)
            }
            Op::SelfOp => {
                self.check_registers(a, 2)?;
                self.check_registers(b, 1)?;
                self.check_rk(c)
            }
            Op::SetTable | Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Mod | Op::Pow => {
                self.check_registers(a, 1)?;
                self.check_rk(b)?;
                self.check_rk(c)
            }
            Op::NewTable => {
                self.check_registers(a, 1)?;
                self.check_size_hint(b)?;
                self.check_size_hint(c)
            }
            Op::Concat => {
                self.check_registers(a, 1)?;
                require(b < c, msg::BAD_OPERAND)?;
                self.check_registers(c, 1)
            }
            Op::Jmp => {
                // With A, upvalues from register A - 1 on are closed.
                require(a <= self.registers, msg::BAD_REGISTER)?;
                self.check_jump(pc).map(|_| ())
            }
            Op::Eq | Op::Lt | Op::Le => {
                require(a <= 1, msg::BAD_OPERAND)?;
                self.check_rk(b)?;
                self.check_rk(c)?;
                self.check_next(pc, |next| next.op() == Op::Jmp)
            }
            Op::Test => {
                self.check_registers(a, 1)?;
                self.check_next(pc, |next| next.op() == Op::Jmp)
            }
            Op::TestSet => {
                self.check_registers(a, 1)?;
                self.check_registers(b, 1)?;
                self.check_next(pc, |next| next.op() == Op::Jmp)
            }
            Op::Call => {
                self.check_registers(a, b.max(1))?;
                if c == 0 {
                    return self.check_next(pc, takes_open);
                }
                self.check_registers(a, c - 1)
            }
            Op::TailCall => {
                self.check_registers(a, b.max(1))?;
                require(c == 0, msg::BAD_OPERAND)?;
                self.check_next(pc, |next| next.op() == Op::Return && takes_open(next) && next.a() == a)
            }
            Op::Return => self.check_registers(a, b.saturating_sub(1)),
            Op::ForPrep => {
                self.check_registers(a, 3)?;
                let end = self.code(self.check_jump(pc)?);
                require(end.op() == Op::ForLoop && end.a() == a, msg::BAD_FOR_LOOP)
            }
            Op::ForLoop => {
                self.check_registers(a, 4)?;
                let body = self.check_jump(pc)?;
                let start = self.code(body.saturating_sub(1));
                require(body > 0 && start.op() == Op::ForPrep && start.a() == a, msg::BAD_FOR_LOOP)
            }
            Op::TForCall => {
                require(c >= 1, msg::BAD_OPERAND)?;
                // Three registers are for the iterator's call, which leaves the loop's variables there.
                self.check_registers(a, 3 + c.max(3))?;
                self.check_next(pc, |next| next.op() == Op::TForLoop && next.a() == a + 2)
            }
            Op::TForLoop => {
                self.check_registers(a, 2)?;
                self.check_jump(pc).map(|_| ())
            }
            Op::SetList => {
                self.check_registers(a, b + 1)?;
                let mut batch = c;
                if c == 0 {
                    self.check_next(pc, |next| next.op() == Op::ExtraArg)?;
                    batch = self.code(pc + 1).get_ax();
                }
                // The table grows to where the batch goes: there must be code for the batches before it.
                require(batch >= 1 && batch as usize <= self.size, msg::BAD_OPERAND)
            }
            Op::Closure => {
                self.check_registers(a, 1)?;
                require((i.bx() as usize) < self.p.protos.len(), msg::BAD_FUNCTION_INDEX)
            }
            Op::VarArg => {
                require(self.p.is_vararg(), msg::BAD_VARARG)?;
                if b == 0 {
                    self.check_registers(a, 1)?;
                    return self.check_next(pc, takes_open);
                }
                self.check_registers(a, b - 1)
            }
            Op::ExtraArg => Ok(()),
        }
    }

    /// The size of a new table is only a hint, but memory is taken for it: no more than the function's code could fill.
    fn check_size_hint(&self, hint: u32) -> Verdict {
        let items = if hint < 256 { num::fb_to_int(hint as u8) as usize } else { usize::MAX };
        let most = (self.size + 16) * 64;
        // With larger exponents the number itself would not fit.
        require(hint < 28 << 3 && items <= most, msg::BAD_OPERAND)
    }

    /// Checks the instruction that must come before this one.
    fn check_partner_before(&self, pc: usize) -> Verdict {
        let i = self.code(pc);
        let takes_values = takes_open(i);
        if !takes_values && i.op() != Op::ExtraArg && i.op() != Op::TForLoop {
            return Ok(());
        }
        let is_target = self.work.notes.get(pc) & note::TARGET != 0;
        require(pc > 0 && !is_target, msg::BAD_SEQUENCE)?;
        let before = self.code(pc - 1);
        let fits = if takes_values {
            // The open list begins at the register of the instruction that left it; there are things below it.
            let fixed = if i.op() == Op::Return { 0 } else { 1 };
            let leaves = leaves_open(before) || before.op() == Op::TailCall && i.op() == Op::Return;
            leaves && before.a() >= i.a() + fixed
        } else if i.op() == Op::ExtraArg {
            before.op() == Op::LoadKX || before.op() == Op::SetList && before.c() == 0
        } else {
            before.op() == Op::TForCall
        };
        require(fits, msg::BAD_SEQUENCE)
    }

    // ---- flow of values -------------------------------------------------------------------------------------

    fn check_flow(&mut self) -> Verdict {
        let mut at_start = Registers::default();
        add(&mut at_start, 0, self.p.numparams() as u32);
        self.arrive(0, &at_start);
        while self.queued > 0 {
            self.queued -= 1;
            let pc = self.work.queue.get(self.queued) as usize;
            self.work.notes.set(pc, self.work.notes.get(pc) & !note::QUEUED);
            let mut state = Registers::default();
            for (i, word) in state.iter_mut().enumerate().take(self.width) {
                *word = self.work.states.get(pc * self.width + i);
            }
            self.follow(pc, state)?;
        }
        Ok(())
    }

    /// A way to `pc` with these registers written: only what is written on all ways counts there.
    fn arrive(&mut self, pc: usize, state: &Registers) {
        let notes = self.work.notes.get(pc);
        let reached = notes & note::REACHED != 0;
        let mut changed = !reached;
        for (i, &word) in state.iter().enumerate().take(self.width) {
            let at = pc * self.width + i;
            let old = self.work.states.get(at);
            let new = if reached { old & word } else { word };
            changed |= new != old;
            self.work.states.set(at, new);
        }
        if changed && notes & note::QUEUED == 0 {
            self.work.queue.set(self.queued, pc as u32);
            self.queued += 1;
            self.work.notes.set(pc, notes | note::REACHED | note::QUEUED);
        }
    }

    /// Goes from `pc` straight on, to where other ways arrive.
    fn follow(&mut self, mut pc: usize, mut state: Registers) -> Verdict {
        loop {
            let Some(next) = self.step(pc, &mut state)? else { return Ok(()) };
            pc = next;
            if self.work.notes.get(pc) & note::TARGET != 0 {
                self.arrive(pc, &state);
                return Ok(());
            }
        }
    }

    /// Checks that the registers which the instruction reads are in the state, and adds those that it writes. Returns
    /// the next position, apart from jumps; `None` when there is none.
    fn step(&mut self, pc: usize, state: &mut Registers) -> Result<Option<usize>, &'static str> {
        let i = self.code(pc);
        let (a, b, c) = (i.a(), i.b(), i.c());
        let jump = (pc as i64 + 1 + i.sbx() as i64) as usize;
        // Values from A on, for the instructions that take a list: counted, or up to what the one before left.
        let listed = |count: u32| if b == 0 { self.code(pc - 1).a() - a } else { count };
        let rk = |state: &Registers, rk: u32| if is_k(rk) { Ok(()) } else { need_one(state, rk) };
        match i.op() {
            Op::Move | Op::Unm | Op::Not | Op::Len => {
                need_one(state, b)?;
                add_one(state, a);
            }
            Op::LoadK | Op::LoadKX | Op::GetUpval | Op::NewTable => add_one(state, a),
            Op::LoadBool => {
                add_one(state, a);
                if c != 0 {
                    self.arrive(pc + 2, state);
                    return Ok(None);
                }
            }
            Op::LoadNil => add(state, a, b + 1),
            Op::SetUpval => need_one(state, a)?,
            Op::GetTabUp => {
                rk(state, c)?;
                add_one(state, a);
            }
            Op::SetTabUp => {
                rk(state, b)?;
                rk(state, c)?;
            }
            Op::GetTable => {
                need_one(state, b)?;
                rk(state, c)?;
                add_one(state, a);
            }
            Op::SetTable => {
                need_one(state, a)?;
                rk(state, b)?;
                rk(state, c)?;
            }
            Op::SelfOp => {
                need_one(state, b)?;
                rk(state, c)?;
                add(state, a, 2);
            }
            Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Mod | Op::Pow => {
                rk(state, b)?;
                rk(state, c)?;
                add_one(state, a);
            }
            Op::Concat => {
                need(state, b, c - b + 1)?;
                add_one(state, a);
            }
            Op::Jmp => {
                self.arrive(jump, state);
                return Ok(None);
            }
            Op::Eq | Op::Lt | Op::Le => {
                rk(state, b)?;
                rk(state, c)?;
                self.arrive(pc + 2, state);
            }
            Op::Test => {
                need_one(state, a)?;
                self.arrive(pc + 2, state);
            }
            Op::TestSet => {
                need_one(state, b)?;
                // The value is copied only when the jump is taken.
                self.arrive(pc + 2, state);
                add_one(state, a);
            }
            Op::Call => {
                need(state, a, listed(b))?;
                // The callee uses the registers from its own on.
                remove_from(state, a);
                add(state, a, c.saturating_sub(1));
            }
            Op::TailCall => {
                need(state, a, listed(b))?;
                remove_from(state, a);
            }
            Op::Return => {
                need(state, a, listed(b.saturating_sub(1)))?;
                return Ok(None);
            }
            Op::ForPrep => {
                need(state, a, 3)?;
                self.arrive(jump, state);
                return Ok(None);
            }
            Op::ForLoop => {
                need(state, a, 3)?;
                let mut inside = *state;
                add_one(&mut inside, a + 3);
                self.arrive(jump, &inside);
            }
            Op::TForCall => {
                need(state, a, 3)?;
                remove_from(state, a + 3);
                add(state, a + 3, c);
            }
            Op::TForLoop => {
                need_one(state, a + 1)?;
                let mut inside = *state;
                add_one(&mut inside, a);
                self.arrive(jump, &inside);
            }
            Op::SetList => need(state, a, listed(b + 1))?,
            Op::Closure => {
                for u in self.p.protos.get(i.bx() as usize).upvalues.cells() {
                    let u = u.get();
                    // A local function may refer to its own variable.
                    if u.instack && u.index as u32 != a {
                        need_one(state, u.index as u32)?;
                    }
                }
                add_one(state, a);
            }
            Op::VarArg => {
                if b == 0 {
                    remove_from(state, a);
                } else {
                    add(state, a, b - 1);
                }
            }
            Op::ExtraArg => {}
        }
        Ok(Some(pc + 1))
    }
}

/// Bits of word `i` of a set that stand for registers in `from..to`.
fn word_mask(i: usize, from: u32, to: u32) -> u64 {
    let base = i as u32 * 64;
    let low = from.clamp(base, base + 64) - base;
    let high = to.clamp(base, base + 64) - base;
    if low >= high { 0 } else { (!0 >> (64 - (high - low))) << low }
}

/// Whether `test` holds for each word of a set that holds some of these registers, with the bits that stand for them.
#[inline(always)]
fn words(first: u32, count: u32, mut test: impl FnMut(usize, u64) -> bool) -> bool {
    let to = first + count;
    if to <= 64 {
        return count == 0 || test(0, (!0 >> (64 - count)) << first);
    }
    (0..4).all(|i| test(i, word_mask(i, first, to)))
}

#[inline(always)]
fn add_one(set: &mut Registers, r: u32) {
    set[(r as usize >> 6) & 3] |= 1 << (r & 63);
}

#[inline(always)]
fn need_one(set: &Registers, r: u32) -> Verdict {
    require(set[(r as usize >> 6) & 3] >> (r & 63) & 1 != 0, msg::UNWRITTEN_REGISTER)
}

fn add(set: &mut Registers, first: u32, count: u32) {
    words(first, count, |i, mask| {
        set[i] |= mask;
        true
    });
}

fn remove_from(set: &mut Registers, first: u32) {
    for (i, word) in set.iter_mut().enumerate() {
        let kept = (first as usize).saturating_sub(64 * i);
        if kept < 64 {
            *word &= (1 << kept) - 1;
        }
    }
}

fn need(set: &Registers, first: u32, count: u32) -> Verdict {
    require(words(first, count, |i, mask| set[i] & mask == mask), msg::UNWRITTEN_REGISTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_registers() {
        let has = |set: &Registers, r: u32| need_one(set, r) == Ok(());
        for first in 0..256 {
            for count in 0..=256 - first {
                let range = first..first + count;
                let (mut only, mut without) = (Registers::default(), [!0; 4]);
                add(&mut only, first, count);
                assert!((0..256).all(|r| has(&only, r) == range.contains(&r)), "{range:?}");
                assert_eq!(need(&only, first, count), Ok(()), "{range:?}");
                for r in range.clone() {
                    let mut less = only;
                    less[r as usize / 64] ^= 1 << (r % 64);
                    assert!(need(&less, first, count).is_err(), "{range:?} without {r}");
                }
                remove_from(&mut without, first);
                assert!((0..256).all(|r| has(&without, r) == (r < first)), "{first}");
            }
        }
    }
}
