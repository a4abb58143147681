//! What is known of registers before a function is compiled: which hold numbers or tables at each instruction, and
//! which registers a loop keeps in registers of the processor.
//!
//! What is known is proven, but for a few guesses, each of which the code checks where it makes it:
//! * Arithmetic gives a number. When a helper finds that it does not, native code is left.
//! * What is indexed is a table, and a length is a whole number. The same.
//! * A register whose first use in a loop is one of these holds a number or a table when the loop begins. The loop's
//!   `Pad` checks that.
//!
//! A guess that failed is noted in the instruction (`is_refuted`), and is not made again. The last code that a function
//! gets makes none.
//!
//! Invariants
//! * Nothing is known of a variable that an inner function captures. So what is known of a register changes only by the
//!   instructions of the function, and by `lua_setlocal`, which has native code of the frame left before it goes on.
//! * What is behind the end of the stack that a collection sees is not known after it.

use crate::code::exec::{ExecInsn, ExecOp, Hint, Writes};
use crate::num;
use crate::object::{Gc, Proto, Value};
use crate::sys;
use core::cell::Cell;
use core::ops::{Deref, DerefMut, Index, IndexMut};

/// What is known of the value in a register. Of two of these, what is known of a value of which one holds has the bits
/// that both have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Type {
    Unknown = 0,
    Number = 1,
    /// A number without a fraction. It may be infinite or no number.
    Whole = 3,
    /// A whole number above 0 that is a constant.
    Step = 7,
    Table = 8,
    /// There is no value: nothing is known to come here yet.
    Never = 15,
}
use Type::{Number, Step, Table, Unknown, Whole};

impl Type {
    pub fn is_number(self) -> bool {
        matches!(self, Number | Whole | Step)
    }
    pub fn is_whole(self) -> bool {
        matches!(self, Whole | Step)
    }
    /// What is known of a value of which one of two things is.
    fn or(self, other: Type) -> Type {
        // SAFETY: the bits that two of these have in common are one of these.
        unsafe { core::mem::transmute::<u8, Type>(self as u8 & other as u8) }
    }
    pub fn of_constant(v: Value) -> Type {
        if !v.is_number() {
            return Unknown;
        }
        let n = v.raw_number();
        match n == n as i64 as f64 {
            true if n > 0.0 => Step,
            true => Whole,
            false => Number,
        }
    }
    /// Whether a value is of the type.
    pub fn has(self, v: Value) -> bool {
        let n = v.raw_number();
        match self {
            Unknown | Type::Never => true,
            Table => v.is_table(),
            _ => {
                let whole = || num::to_integer(n) as f64 == n;
                v.is_number() && (self == Number || whole()) && (self != Step || n > 0.0)
            }
        }
    }
    /// The type with this number.
    pub fn from_number(n: u8) -> Type {
        [Number, Whole, Step, Table].into_iter().find(|&t| t as u8 == n).unwrap_or(Unknown)
    }
}

/// An operand that may be a number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Operand {
    Register(usize),
    Constant(usize),
}
use Operand::{Constant, Register};

/// The operands of arithmetic, if the instruction is that. (Not of two constants: that is left to a helper.)
pub fn arithmetic(insn: ExecInsn) -> Option<(Operand, Operand)> {
    use ExecOp as E;
    let (b, c) = (insn.b(), insn.c());
    match insn.op() {
        E::AddRR | E::SubRR | E::MulRR | E::DivRR | E::ModRR | E::PowRR => Some((Register(b), Register(c))),
        E::AddRK | E::SubRK | E::MulRK | E::DivRK | E::ModRK | E::PowRK => Some((Register(b), Constant(c))),
        E::AddKR | E::SubKR | E::MulKR | E::DivKR | E::ModKR | E::PowKR => Some((Constant(b), Register(c))),
        E::Unm => Some((Register(b), Register(b))),
        _ => None,
    }
}

/// The operands of a comparison by order.
fn ordered(insn: ExecInsn) -> Option<(Operand, Operand)> {
    use ExecOp as E;
    let (b, c) = (insn.b(), insn.c());
    match insn.op() {
        E::LtRR | E::LeRR | E::NotLtRR | E::NotLeRR => Some((Register(b), Register(c))),
        E::LtRK | E::LeRK | E::NotLtRK | E::NotLeRK => Some((Register(b), Constant(c))),
        E::LtKR | E::LeKR | E::NotLtKR | E::NotLeKR => Some((Constant(b), Register(c))),
        _ => None,
    }
}

/// The operands that the instruction reads as numbers.
pub fn numeric(insn: ExecInsn) -> Option<(Operand, Operand)> {
    use ExecOp as E;
    let (b, c) = (insn.b(), insn.c());
    arithmetic(insn).or(ordered(insn)).or(match insn.op() {
        E::GetIndex | E::GetUpIndex => Some((Register(c), Constant(0))),
        E::SetIndexR | E::SetIndexK | E::SetUpIndexR | E::SetUpIndexK => Some((Register(b), Constant(0))),
        E::EqRR | E::NotEqRR => Some((Register(b), Register(c))),
        E::EqRN | E::NotEqRN => Some((Register(b), Constant(c))),
        _ => None,
    })
}

/// The register that the instruction indexes, if it is one of those that guess that it is a table.
pub fn indexed(insn: ExecInsn) -> Option<usize> {
    use ExecOp as E;
    match insn.op() {
        E::GetField | E::GetIndex | E::GetInt => Some(insn.b()),
        E::SetFieldR | E::SetFieldK | E::SetIndexR | E::SetIndexK | E::SetIntR | E::SetIntK => Some(insn.a()),
        _ => None,
    }
}

/// The instruction has a word for the note that a guess failed.
fn has_word(op: ExecOp) -> bool {
    use ExecOp as E;
    op as u8 >= E::AddRR as u8 && op as u8 <= E::Unm as u8 && op != E::ArithKK
        || matches!(op, E::Len | E::GetIndex | E::SetIndexR | E::SetIndexK)
}

/// The guess of the instruction is known to be wrong: that arithmetic gives a number, that what is indexed is a table,
/// or, at the jump that ends a loop, what the loop's registers hold.
pub fn is_refuted(insn: ExecInsn) -> bool {
    use ExecOp as E;
    match insn.op() {
        E::GetField | E::SetFieldR | E::SetFieldK => Hint(insn.imm()).size_log() == Hint::NONE.size_log(),
        E::ForLoop | E::TForLoop | E::JmpBack | E::JmpClose => insn.b() != 0,
        op => has_word(op) && insn.imm() != 0,
    }
}

/// The instruction with the note that its guess was wrong.
pub fn refuted(insn: ExecInsn) -> ExecInsn {
    use ExecOp as E;
    match insn.op() {
        E::GetField | E::SetFieldR | E::SetFieldK => {
            ExecInsn(insn.0 & u32::MAX as u64 | (Hint::NONE.0 as u64) << 32)
        }
        E::ForLoop | E::TForLoop | E::JmpBack | E::JmpClose => ExecInsn(insn.0 | 1 << 16),
        op if has_word(op) => ExecInsn(insn.0 | 1 << 32),
        _ => insn,
    }
}
/// A register was not as code takes for granted that was to be entered: guesses about it were wrong.
#[cold]
pub fn refute_register(p: Gc<Proto>, register: usize) {
    let code = p.entry().code().cast_mut();
    for i in 0..p.code.len() {
        // SAFETY: an instruction of the executable form of a live function.
        unsafe {
            let insn = *code.add(i);
            let numeric = arithmetic(insn).is_some() || insn.op() == ExecOp::Len;
            if numeric && insn.a() == register || indexed(insn) == Some(register) {
                *code.add(i) = refuted(insn);
            }
        }
    }
}

/// Where an instruction may go on; the second place is behind a jump.
pub fn successors(i: usize, insn: ExecInsn) -> [Option<usize>; 2] {
    use ExecOp as E;
    let target = || i.wrapping_add_signed(insn.offset());
    match insn.op() {
        E::Jmp | E::JmpBack | E::JmpClose | E::ForPrep => [None, Some(target())],
        E::ForLoop | E::TForLoop => [Some(i + 1), Some(target())],
        E::CompareAny => [Some(i + 1), Some(i + 2)],
        E::LoadBool | E::SetList if insn.c() != 0 => [None, Some(i + 2)],
        E::Return | E::Return0 | E::Return1 | E::CloseReturn0 | E::CloseReturn1 => [None, None],
        op if op as u8 >= E::EqRR as u8 && op as u8 <= E::TestSet as u8 => [Some(target()), Some(i + 2)],
        _ => [Some(i + 1), None],
    }
}

/// The instruction does not only go on with the next one.
pub fn jumps(i: usize, insn: ExecInsn) -> bool {
    successors(i, insn) != [Some(i + 1), None]
}

/// Native code can be entered behind the instruction: a function that it has called may have run elsewhere.
pub fn goes_on_behind(insn: ExecInsn) -> bool {
    matches!(insn.op(), ExecOp::Call | ExecOp::TForCall)
}

/// The jump that ends a loop.
fn ends_loop(insn: ExecInsn) -> bool {
    let jumps = matches!(insn.op(), ExecOp::JmpBack | ExecOp::JmpClose | ExecOp::ForLoop | ExecOp::TForLoop);
    jumps && insn.offset() <= 0
}

/// Where the loop that ends with this jump is entered: at its test.
pub fn loop_entry(end: usize, insn: ExecInsn) -> usize {
    match insn.op() {
        ExecOp::ForLoop => end,
        ExecOp::TForLoop => end.saturating_sub(1),
        _ => end.wrapping_add_signed(insn.offset()),
    }
}

/// A helper does all of the instruction, so that nothing stays in the processor's registers.
pub fn is_helped(insn: ExecInsn) -> bool {
    use ExecOp as E;
    matches!(
        insn.op(),
        E::Call
            | E::TailCall
            | E::TForCall
            | E::SelfAny
            | E::GetTabUp
            | E::SetTabUp
            | E::GetTable
            | E::SetTable
            | E::NewTable
            | E::SetList
            | E::ArithKK
            | E::Len
            | E::Concat
            | E::Closure
            | E::VarArg
            | E::CompareAny
            | E::JmpClose
            | E::PowRR
            | E::PowRK
            | E::PowKR
    )
}

/// Registers of the processor that hold registers of the function: of xmm `k`, the register's number plus 1, or 0.
pub type Held = [u8; XMMS];
pub const XMMS: usize = 16;
/// The first that may hold one; those below are for templates.
pub const FIRST_HELD: usize = 3;
/// A loop keeps at most so many.
const MOST_HELD: usize = 10;

/// The most types that the analysis keeps, of all places together.
const MOST_TYPES: usize = 4 << 20;

/// A loop, from the target of the jump at its end to that.
#[derive(Clone, Copy, Default)]
pub struct Loop {
    pub first: u32,
    pub end: u32,
    /// where it is entered
    entry: u32,
    /// no other loop is inside
    innermost: bool,
    /// what it keeps in the processor
    pub held: Held,
}

/// A place that a jump leads to.
#[derive(Clone, Copy, Default)]
struct Leader {
    /// Something is known of how it is reached from within its loops; from outside.
    inside: bool,
    outside: bool,
}

/// Memory that is taken from its beginning on, which is aligned to 8.
pub struct Room<'a> {
    pub left: &'a mut [u8],
}

impl<'a> Room<'a> {
    /// Room for `count` elements, all zeros.
    ///
    /// # Safety
    /// Zeros are a `T`.
    pub unsafe fn take<T>(&mut self, count: usize) -> &'a mut [T] {
        self.left[..count * size_of::<T>()].fill(0);
        // SAFETY: zeros are a `T`.
        unsafe { self.take_as_is(count) }
    }
    /// The same with what is in it.
    ///
    /// # Safety
    /// Any bytes are a `T`.
    pub unsafe fn take_as_is<T>(&mut self, count: usize) -> &'a mut [T] {
        let bytes = (count * size_of::<T>()).next_multiple_of(8);
        let (mine, left) = core::mem::take(&mut self.left).split_at_mut(bytes);
        self.left = left;
        debug_assert!(align_of::<T>() <= 8);
        // SAFETY: as many bytes, aligned to 8, which are a `T` each.
        unsafe { core::slice::from_raw_parts_mut(mine.as_mut_ptr().cast(), count) }
    }
}

/// A list whose elements are taken by their numbers. A number that is too large ends the process, as with slices, but
/// with less code for it at each place.
pub struct List<'a, T>(&'a mut [T]);

#[cold]
#[inline(never)]
fn no_element() -> ! {
    panic!("no such element")
}

impl<T> Index<usize> for List<'_, T> {
    type Output = T;
    #[inline(always)]
    fn index(&self, i: usize) -> &T {
        match self.0.get(i) {
            Some(element) => element,
            None => no_element(),
        }
    }
}
impl<T> IndexMut<usize> for List<'_, T> {
    #[inline(always)]
    fn index_mut(&mut self, i: usize) -> &mut T {
        match self.0.get_mut(i) {
            Some(element) => element,
            None => no_element(),
        }
    }
}
impl<T> List<'_, T> {
    /// The elements from a number on.
    #[inline(always)]
    fn part(&self, from: usize, count: usize) -> &[T] {
        self.0.get(from..from + count).unwrap_or_else(|| no_element())
    }
    #[inline(always)]
    fn part_mut(&mut self, from: usize, count: usize) -> &mut [T] {
        self.0.get_mut(from..from + count).unwrap_or_else(|| no_element())
    }
}
impl<T> Deref for List<'_, T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        self.0
    }
}
impl<T> DerefMut for List<'_, T> {
    fn deref_mut(&mut self) -> &mut [T] {
        self.0
    }
}

/// What is known of a function.
pub struct Analysis<'a> {
    p: Gc<Proto>,
    code: *const ExecInsn,
    n: usize,
    registers: usize,
    /// Guesses are made.
    guesses: bool,
    /// of each instruction: its number among the leaders plus 1, or 0
    leader: List<'a, u16>,
    leaders: List<'a, Leader>,
    /// of each leader: what is known when it is reached from inside, and then from outside
    types: List<'a, Type>,
    /// of each instruction: the number of the innermost loop around it plus 1, or 0
    innermost: List<'a, u16>,
    loops: List<'a, Loop>,
    /// of each loop: what it guesses
    guessed: List<'a, Type>,
    captured: List<'a, bool>,
    /// what is known at the instruction that `walk` is at
    pub now: List<'a, Type>,
    pad: List<'a, Type>,
}

impl<'a> Analysis<'a> {
    /// Bytes that the analysis of the function needs; `None` when it is too large for one.
    pub fn size(p: Gc<Proto>, counts: Counts) -> Option<usize> {
        let Counts { leaders, loops, .. } = counts;
        let registers = p.maxstacksize() as usize;
        let types = leaders * 2 * registers + loops * registers;
        let fixed = 4 * p.code.len() + leaders * size_of::<Leader>() + loops * size_of::<Loop>();
        (types <= MOST_TYPES && leaders < u16::MAX as usize).then_some(types + fixed + 3 * registers + 128)
    }

    /// The analysis, in memory of that size.
    pub fn new(p: Gc<Proto>, counts: Counts, guesses: bool, room: &mut Room<'a>) -> Analysis<'a> {
        let Counts { leaders, loops, .. } = counts;
        let (n, registers) = (p.code.len(), p.maxstacksize() as usize);
        // SAFETY: zeros are each of these types.
        let mut a = unsafe {
            Analysis {
                p,
                code: p.entry().code(),
                n,
                registers,
                guesses,
                loops: List(room.take(loops)),
                leaders: List(room.take(leaders)),
                leader: List(room.take(n)),
                innermost: List(room.take(n)),
                types: List(room.take(leaders * 2 * registers)),
                guessed: List(room.take(loops * registers)),
                captured: List(room.take(registers)),
                now: List(room.take(registers)),
                pad: List(room.take(registers)),
            }
        };
        a.types.fill(Type::Never);
        a.find_captured();
        a.find_leaders();
        a.find_loops();
        while a.pass() {}
        a
    }

    pub fn insn(&self, i: usize) -> ExecInsn {
        debug_assert!(i < self.n);
        // SAFETY: the executable form has `n` instructions.
        unsafe { *self.code.add(i) }
    }

    fn find_captured(&mut self) {
        for inner in self.p.protos.cells() {
            for upvalue in inner.get().upvalues.cells() {
                let upvalue = upvalue.get();
                if upvalue.instack && (upvalue.index as usize) < self.registers {
                    self.captured[upvalue.index as usize] = true;
                }
            }
        }
    }

    fn find_leaders(&mut self) {
        let mut count = 1;
        self.leader[0] = 1;
        for i in 0..self.n {
            let insn = self.insn(i);
            let next = successors(i, insn);
            let branches = next[1].is_some();
            for s in next.into_iter().flatten() {
                if branches && s < self.n && self.leader[s] == 0 {
                    count += 1;
                    self.leader[s] = count;
                }
            }
        }
        debug_assert!(count as usize <= self.leaders.len());
    }

    fn find_loops(&mut self) {
        let mut count = 0;
        for i in 0..self.n {
            let insn = self.insn(i);
            if ends_loop(insn) {
                let first = i.wrapping_add_signed(insn.offset());
                let entry = loop_entry(i, insn).max(first);
                self.loops[count] = Loop {
                    first: first as u32,
                    end: i as u32,
                    entry: entry as u32,
                    innermost: true,
                    held: Held::default(),
                };
                count += 1;
            }
        }
        debug_assert!(count == self.loops.len());
        // The loops are in the order of their ends: those inside a loop come before it, next to it.
        for k in 0..count {
            let Loop { first, end, .. } = self.loops[k];
            for j in (0..k).rev() {
                if self.loops[j].end < first {
                    break;
                }
                // It is inside, or has a part in common.
                self.loops[k].innermost = false;
                if self.loops[j].first < first {
                    self.loops[j].innermost = false;
                }
            }
            let mut i = end as usize + 1;
            while i > first as usize {
                i -= 1;
                let inner = self.innermost[i] as usize;
                match inner {
                    0 => self.innermost[i] = k as u16 + 1,
                    // All of it has its loop already.
                    _ => i = i.min((self.loops[inner - 1].first as usize).max(first as usize)),
                }
            }
        }
        for k in 0..count {
            if self.guesses && !is_refuted(self.insn(self.loops[k].end as usize)) {
                self.guess(k);
            }
            if self.loops[k].innermost {
                self.choose_held(k);
            }
        }
    }

    /// What the loop's registers hold when it begins, as their first use tells.
    fn guess(&mut self, k: usize) {
        let Loop { first, end, .. } = self.loops[k];
        let guessed = k * self.registers;
        // What was written first, or guessed already. `pad` is not in use yet.
        self.pad.fill(Unknown);
        for i in first as usize..=end as usize {
            let insn = self.insn(i);
            if !is_refuted(insn) {
                let (x, y) = arithmetic(insn).unwrap_or((Constant(0), Constant(0)));
                for operand in [x, y] {
                    if let Register(r) = operand
                        && self.pad[r] == Unknown
                    {
                        self.pad[r] = Number;
                        self.guessed[guessed + r] = Number;
                    }
                }
                if let Some(r) = indexed(insn)
                    && self.pad[r] == Unknown
                {
                    self.pad[r] = Table;
                    self.guessed[guessed + r] = Table;
                }
            }
            each_written(insn, self.registers, &mut |r| self.pad[r] = Number);
        }
        for r in 0..self.registers {
            if self.captured[r] {
                self.guessed[guessed + r] = Unknown;
            }
        }
    }

    /// Chooses the registers that an innermost loop keeps in the processor.
    fn choose_held(&mut self, k: usize) {
        let Loop { first, end, .. } = self.loops[k];
        let mut helped = 0i32;
        let mut gains = [0i32; 257];
        let mut was_written = [false; 256];
        for i in first as usize..=end as usize {
            let insn = self.insn(i);
            helped += is_helped(insn) as i32;
            let (x, y) = arithmetic(insn).or(ordered(insn)).unwrap_or((Constant(0), Constant(0)));
            for operand in [x, y] {
                if let Register(r) = operand {
                    // What is not written before waits for the store in the turn before.
                    gains[r] += if was_written[r] { 1 } else { 2 };
                }
            }
            use ExecOp as E;
            let op = insn.op();
            match op {
                E::GetIndex | E::GetUpIndex => gains[insn.c()] += 1,
                E::SetIndexR | E::SetIndexK | E::SetUpIndexR | E::SetUpIndexK => gains[insn.b()] += 1,
                E::ForLoop => {
                    gains[insn.a()] += 3;
                    gains[insn.a() + 1] += 1;
                }
                _ => {}
            }
            let ends =
                matches!(op, E::TestSet | E::TForLoop | E::TForCall | E::ForPrep | E::LoadBool | E::LoadNil);
            let loses = match op {
                _ if ends || op == E::Call => 101,
                E::ForLoop => 0,
                _ => arithmetic(insn).is_none() as i32,
            };
            each_written(insn, self.registers, &mut |r| {
                was_written[r] = true;
                gains[r] -= loses;
            });
        }
        let mut held = Held::default();
        for place in held.iter_mut().skip(FIRST_HELD).take(MOST_HELD) {
            let best = (0..self.registers).filter(|&r| !self.captured[r]).max_by_key(|&r| gains[r]);
            match best {
                Some(r) if gains[r] > 1 + 2 * helped => {
                    *place = r as u8 + 1;
                    gains[r] = i32::MIN;
                }
                _ => break,
            }
        }
        self.loops[k].held = held;
    }

    /// What the loop around the instruction keeps in the processor.
    pub fn held(&self, i: usize) -> Held {
        match self.innermost[i] {
            0 => Held::default(),
            k => self.loops[k as usize - 1].held,
        }
    }

    /// Whether going from `from` to `to` enters a loop.
    pub fn enters(&self, from: usize, to: usize) -> bool {
        let k = self.innermost[to] as usize;
        if k == 0 {
            return false;
        }
        let has = |l: &Loop, i: usize| (l.first as usize..=l.end as usize).contains(&i);
        if !has(&self.loops[k - 1], from) {
            return true;
        }
        if k == self.innermost[from] as usize {
            return false;
        }
        self.loops.iter().any(|l| has(l, to) && !has(l, from))
    }

    /// A loop is entered here.
    pub fn is_entered(&self, i: usize) -> bool {
        self.leader[i] != 0 && self.leaders[self.leader[i] as usize - 1].outside && self.innermost[i] != 0
    }
    /// A loop is entered here, or a turn of it begins.
    pub fn has_pad(&self, i: usize) -> bool {
        let begins = |k: usize| self.loops[k - 1].first as usize == i;
        self.is_entered(i) || self.innermost[i] != 0 && begins(self.innermost[i] as usize)
    }
    pub fn is_leader(&self, i: usize) -> bool {
        self.leader[i] != 0
    }
    /// The jump at the end of the loop that is entered here.
    pub fn loop_end(&self, i: usize) -> usize {
        match self.innermost[i] {
            0 => i,
            k => self.loops[k as usize - 1].end as usize,
        }
    }
    /// What is known where a loop is entered here, before its guesses are checked.
    pub fn outside(&self, i: usize) -> &[Type] {
        let number = self.leader[i] as usize - 1;
        self.types.part((number * 2 + 1) * self.registers, self.registers)
    }

    /// What is known at a leader, in `now`. False if nothing leads to it.
    #[inline(never)]
    pub fn enter(&mut self, i: usize) -> bool {
        let number = self.leader[i] as usize - 1;
        let Leader { inside, outside } = self.leaders[number];
        if !inside && !outside {
            self.now.fill(Unknown);
            return false;
        }
        let count = self.registers;
        let from_inside = self.types.part(number * 2 * count, count);
        let from_outside = self.types.part((number * 2 + 1) * count, count);
        for ((now, x), y) in self.now.iter_mut().zip(from_inside).zip(from_outside) {
            *now = x.or(*y);
        }
        let k = (self.innermost[i] as usize).wrapping_sub(1);
        if k < self.loops.len() && self.loops[k].entry as usize == i {
            let guessed = self.guessed.part(k * count, count);
            let all = self.now.iter_mut().zip(from_inside).zip(from_outside).zip(guessed);
            for (((now, x), _), guess) in all.filter(|((_, y), _)| **y == Unknown) {
                *now = x.or(*guess);
            }
        }
        true
    }

    /// `now` is known when the instruction `from` goes on at `to`, which is a leader. Whether that is new.
    #[inline(never)]
    fn reach(&mut self, from: Option<usize>, to: usize) -> bool {
        let number = self.leader[to] as usize - 1;
        let outside = from.is_none_or(|from| self.enters(from, to));
        let leader = &mut self.leaders[number];
        let reached = if outside { &mut leader.outside } else { &mut leader.inside };
        let mut changed = !core::mem::replace(reached, true);
        let known = self.types.part_mut((number * 2 + outside as usize) * self.registers, self.registers);
        for (known, now) in known.iter_mut().zip(self.now.iter()) {
            let both = known.or(*now);
            changed |= both != *known;
            *known = both;
        }
        changed
    }

    /// The instruction goes on there, if anywhere. Whether that is new for what `pass` has gone by.
    fn lead(&mut self, from: usize, to: Option<usize>) -> bool {
        match to {
            Some(to) if to < self.n && self.leader[to] != 0 => self.reach(Some(from), to) && to <= from,
            _ => false,
        }
    }

    /// Goes once through the function. Whether something new came out that it has gone by.
    fn pass(&mut self) -> bool {
        self.now.fill(Unknown);
        self.reach(None, 0);
        let (mut changed, mut reached) = (false, false);
        for i in 0..self.n {
            if self.leader[i] != 0 {
                reached = self.enter(i);
            }
            if !reached {
                continue;
            }
            let insn = self.insn(i);
            let next = successors(i, insn);
            let loops = matches!(insn.op(), ExecOp::ForLoop | ExecOp::TForLoop);
            // What a loop's end changes holds only where the loop goes on.
            if loops {
                self.lead(i, next[0]);
            }
            self.step(i);
            if !loops {
                self.lead(i, next[0]);
            }
            changed |= self.lead(i, next[1]);
            reached = next[0].is_some();
        }
        changed
    }

    fn set(&mut self, r: usize, t: Type) {
        if r < self.registers && !self.captured[r] {
            self.now[r] = t;
        }
    }
    pub fn type_of(&self, operand: Operand) -> Type {
        match operand {
            Register(r) => self.now[r],
            Constant(n) => Type::of_constant(self.p.k.get(n)),
        }
    }
    /// The guess of the instruction is made.
    pub fn guesses(&self, insn: ExecInsn) -> bool {
        self.guesses && !is_refuted(insn)
    }
    /// Nothing is known of the register and those above it any more.
    fn forget_from(&mut self, r: usize) {
        if let Some(above) = self.now.get_mut(r..) {
            above.fill(Unknown);
        }
    }

    /// What is known after the instruction, in `now`: of a loop's end, where the loop goes on.
    pub fn step(&mut self, i: usize) {
        use ExecOp as E;
        let insn = self.insn(i);
        let (a, b) = (insn.a(), insn.b());
        if let Some(r) = indexed(insn)
            && self.guesses(insn)
        {
            self.set(r, Table);
        }
        if let Some((x, y)) = arithmetic(insn) {
            let known = self.type_of(x).is_number() && self.type_of(y).is_number();
            let whole = self.type_of(x).is_whole() && self.type_of(y).is_whole();
            let guesses = self.guesses(insn);
            if guesses {
                for operand in [x, y] {
                    if let Register(r) = operand
                        && !self.now[r].is_number()
                    {
                        self.set(r, Number);
                    }
                }
            }
            let keeps_whole = matches!(
                insn.op(),
                E::AddRR
                    | E::AddRK
                    | E::AddKR
                    | E::SubRR
                    | E::SubRK
                    | E::SubKR
                    | E::MulRR
                    | E::MulRK
                    | E::MulKR
                    | E::ModRR
                    | E::ModRK
                    | E::ModKR
                    | E::Unm
            );
            return self.set(
                a,
                match known || guesses {
                    true if whole && keeps_whole => Whole,
                    true => Number,
                    false => Unknown,
                },
            );
        }
        match insn.op() {
            E::Move => self.set(a, self.now[b]),
            E::LoadK => self.set(a, Type::of_constant(self.p.k.get(insn.imm() as usize))),
            E::SelfField | E::SelfAny => {
                let object = self.now[b];
                self.set(a + 1, object);
                self.set(a, Unknown);
            }
            E::Len => {
                let t = if self.guesses(insn) { Whole } else { Unknown };
                self.set(a, t);
            }
            E::NewTable => {
                self.forget_from(a);
                self.set(a, Table);
            }
            E::Closure => self.forget_from(a),
            E::Concat => {
                let live = if a >= b { a + 1 } else { b };
                self.set(a, Unknown);
                self.forget_from(live.min(b));
            }
            E::ForPrep => {
                let whole = self.now[a].is_whole() && self.now[a + 2].is_whole();
                self.set(a, if whole { Whole } else { Number });
                for r in [a + 1, a + 2] {
                    if !self.now[r].is_number() {
                        self.set(r, Number);
                    }
                }
            }
            E::ForLoop => {
                let types = [self.now[a], self.now[a + 2]];
                let index = match types {
                    [x, y] if x.is_whole() && y.is_whole() => Whole,
                    [x, y] if x.is_number() && y.is_number() => Number,
                    _ => Unknown,
                };
                self.set(a, index);
                self.set(a + 3, index);
            }
            _ => {
                let now = &mut self.now;
                each_written(insn, self.registers, &mut |r| now[r] = Unknown);
            }
        }
    }
}

/// Takes each register that an instruction may write, of so many.
#[inline(never)]
fn each_written(insn: ExecInsn, registers: usize, take: &mut dyn FnMut(usize)) {
    let (a, b, c) = (insn.a(), insn.b(), insn.c());
    let (first, second) = match insn.op().effects().writes {
        Writes::None => (0..0, 0..0),
        Writes::A => (a..a + 1, 0..0),
        Writes::Pair => (a..a + 2, 0..0),
        Writes::Range => (a..a + b + 1, 0..0),
        Writes::Operands => (a..a + 1, b..c + 1),
        Writes::Control => (a..a + 3, 0..0),
        Writes::Loop => (a..a + 1, a + 3..a + 4),
        Writes::FromA => (a..registers, 0..0),
        Writes::FromA3 => (a + 3..registers, 0..0),
        Writes::Frame => (0..registers, 0..0),
    };
    for r in first.chain(second).filter(|&r| r < registers) {
        take(r);
    }
}

/// What a function has, at most.
#[derive(Clone, Copy)]
pub struct Counts {
    leaders: usize,
    loops: usize,
    /// where its code can be entered
    pub places: usize,
}

impl Counts {
    pub fn of(p: Gc<Proto>) -> Counts {
        let code = p.entry().code();
        let mut counts = Counts { leaders: 1, loops: 0, places: 1 };
        for i in 0..p.code.len() {
            // SAFETY: an instruction of the executable form.
            let insn = unsafe { *code.add(i) };
            let next = successors(i, insn);
            let targets = next.iter().flatten().count();
            counts.leaders += if next[1].is_some() { targets } else { 0 };
            counts.loops += ends_loop(insn) as usize;
            counts.places += goes_on_behind(insn) as usize;
            counts.places += if next != [Some(i + 1), None] { targets } else { 0 };
        }
        counts
    }
}

/// Bytes that are kept from one function to the next.
const KEPT: usize = 32 << 10;

/// Memory for the time that a function is compiled. It is all zeros at first.
pub struct Scratch {
    start: Cell<*mut u8>,
    size: Cell<usize>,
}

impl Scratch {
    /// So many bytes, which nobody else uses until the next call.
    #[allow(clippy::mut_from_ref)]
    pub fn take(&self, bytes: usize) -> Option<&mut [u8]> {
        if self.size.get() < bytes {
            let bytes = bytes.next_multiple_of(sys::page_size());
            let start: *mut u8 = sys::map(bytes).cast();
            if start.is_null() {
                return None;
            }
            self.free();
            self.start.set(start);
            self.size.set(bytes);
        }
        // SAFETY: the mapping has room for as many; the caller keeps none of an earlier call.
        Some(unsafe { core::slice::from_raw_parts_mut(self.start.get(), bytes) })
    }
    /// Gives the memory back, unless it is little.
    pub fn trim(&self) {
        if self.size.get() > KEPT {
            self.free();
        }
    }
    /// Gives the memory back.
    pub fn free(&self) {
        if self.size.get() != 0 {
            // SAFETY: the mapping of `take`.
            unsafe { sys::unmap(self.start.get(), self.size.get()) };
            self.size.set(0);
        }
    }
}
