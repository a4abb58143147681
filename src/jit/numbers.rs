//! Templates of numbers: what registers of the processor hold of them, arithmetic, comparisons, numeric loops.

use super::compile::{Double, Maker, NIL, Note, Part, Source, X0, X1, X2, register};
use super::interface::Id;
use super::types::{self, FIRST_HELD, Held, Operand, Type};
use super::x64::{Alu, Cond, Reg, Sse, Width, Xmm};
use crate::code::exec::{ExecInsn, ExecOp};
use Double::{At, In};
use Part::{Back, Fourth, Slow, Third};
use Reg::{Rax, Rcx, Rdx};
use Source::{Constant, Register, Upvalue};
use Width::{Eight, Four};

/// The registers of the processor of which `held` has this to say: a bit for each.
#[inline(never)]
fn places_of(held: &Held, what: u8) -> u32 {
    held.iter().rev().fold(0, |places, &has| places << 1 | (has == what) as u32)
}
/// The registers of the processor that may hold registers.
const HOLDERS: u32 = !0 << FIRST_HELD & 0xFFFF;

/// The first register of the processor among these.
fn first(places: u32) -> Option<Xmm> {
    (places != 0).then_some(Xmm(places.trailing_zeros() as u8))
}
/// The register of the processor that holds the register.
fn holder(held: &Held, register: usize) -> Option<Xmm> {
    first(places_of(held, register as u8 + 1))
}

/// Those of the processor's registers that hold something, and what.
struct Holding(Held, u32);

impl Holding {
    fn of(held: Held) -> Holding {
        Holding(held, HOLDERS & !places_of(&held, 0))
    }
}
impl Iterator for Holding {
    type Item = (Xmm, usize);
    #[inline(always)]
    fn next(&mut self) -> Option<(Xmm, usize)> {
        let k = first(self.1)?;
        self.1 &= self.1 - 1;
        Some((k, self.0[k.0 as usize & 15] as usize - 1))
    }
}

impl Maker<'_, '_> {
    /// The instruction has written registers in memory only: what is held of them is out of date.
    pub(super) fn settle(&mut self, insn: ExecInsn) {
        if types::is_helped(insn) {
            self.held = self.fixed;
            return;
        }
        if insn.op() == ExecOp::ForLoop {
            return;
        }
        for (k, r) in Holding::of(self.held) {
            if self.fresh != Some(r) && insn.op().effects().writes.has(insn, r) {
                if self.fixed[k.0 as usize] == 0 {
                    self.held[k.0 as usize] = 0;
                } else {
                    self.asm.load_double(k, register(r));
                }
            }
        }
    }
    /// Loads what is held.
    pub(super) fn reload_held(&mut self, held: Held) {
        for (k, r) in Holding::of(held) {
            self.asm.load_double(k, register(r));
        }
    }
    pub(super) fn double(&self, from: Source) -> Double {
        if let Register(n) = from
            && let Some(k) = holder(&self.held, n)
        {
            return In(k);
        }
        At(Self::place(from))
    }
    /// The number is in this register of the processor then.
    pub(super) fn load_to(&mut self, to: Xmm, from: Double) {
        match from {
            In(x) if x == to => {}
            In(x) => self.asm.move_double(to, x),
            At(place) => self.asm.load_double(to, place),
        }
    }
    /// The number is in a register of the processor: in that one, if it is in none.
    pub(super) fn in_register(&mut self, otherwise: Xmm, from: Double) -> Xmm {
        match from {
            In(x) => x,
            At(place) => {
                self.asm.load_double(otherwise, place);
                otherwise
            }
        }
    }
    pub(super) fn sse_from(&mut self, op: Sse, to: Xmm, from: Double) {
        match from {
            In(x) => self.asm.sse(op, to, x),
            At(place) => self.asm.sse_load(op, to, place),
        }
    }
    pub(super) fn compare_with(&mut self, a: Xmm, b: Double) {
        match b {
            In(x) => self.asm.compare_doubles(a, x),
            At(place) => self.asm.compare_double_load(a, place),
        }
    }
    /// The operands of arithmetic, or of a comparison by order.
    fn operands(insn: ExecInsn) -> (Source, Source) {
        let source = |operand| match operand {
            Operand::Register(n) => Register(n),
            Operand::Constant(n) => Constant(n),
        };
        let operands = types::numeric(insn);
        debug_assert!(operands.is_some(), "an instruction without two operands");
        let (x, y) = operands.unwrap_or((Operand::Register(0), Operand::Register(0)));
        (source(x), source(y))
    }
    pub(super) fn type_of(&self, from: Source) -> Type {
        match from {
            Register(n) => self.analysis.type_of(Operand::Register(n)),
            Constant(n) => self.analysis.type_of(Operand::Constant(n)),
            Upvalue(_) => Type::Unknown,
        }
    }
    pub(super) fn are_numbers(&self, x: Source, y: Source) -> bool {
        self.type_of(x).is_number() && self.type_of(y).is_number()
    }
    /// Whether the number that an instruction leaves in the register is read before long.
    pub(super) fn is_read_soon(&self, i: usize, register: usize) -> bool {
        let operand = Operand::Register(register);
        for j in i + 1..(i + 12).min(self.n) {
            let insn = self.insn(j);
            if self.analysis.is_leader(j) {
                return false;
            }
            if let Some((x, y)) = types::numeric(insn)
                && (x == operand || y == operand)
            {
                return true;
            }
            if types::is_helped(insn)
                || insn.op().effects().writes.has(insn, register)
                || types::jumps(j, insn)
            {
                return false;
            }
        }
        false
    }
    /// The register of the processor that is to hold what the instruction leaves in the register, if one is.
    pub(super) fn destination(&mut self, i: usize, register: usize) -> Option<Xmm> {
        if let Some(k) = holder(&self.fixed, register) {
            return Some(k);
        }
        if !self.is_read_soon(i, register) {
            return None;
        }
        // Those that loops leave free are taken in turn.
        let free = places_of(&self.fixed, 0) & HOLDERS;
        let k = first(free & !1 << self.last_taken).or(first(free))?;
        self.last_taken = k.0 as usize;
        Some(k)
    }
    /// The register of the processor holds this register from now on.
    pub(super) fn hold(&mut self, k: Xmm, register: usize) {
        while let Some(other) = first(places_of(&self.held, register as u8 + 1) & places_of(&self.fixed, 0)) {
            self.held[other.0 as usize] = 0;
        }
        self.held[k.0 as usize] = register as u8 + 1;
        self.fresh = Some(register);
    }
    /// Stores the value in a general register, which is the instruction's result.
    pub(super) fn store_value(&mut self, i: usize, register_: usize, value: Reg) {
        self.asm.store(Eight, register(register_), value);
        if let Some(k) = self.destination(i, register_) {
            self.asm.double_of_bits(k, value);
            self.hold(k, register_);
        }
    }
    /// The slow part of arithmetic, where there is one.
    pub(super) fn slow_arith(&mut self, i: usize) {
        if self.notes[i].get().slow || cfg!(feature = "stress-jit") {
            self.slow(i, Id::Arith);
        }
    }
    pub(super) fn arith(&mut self, i: usize, insn: ExecInsn, op: Sse) {
        let (x, y) = Self::operands(insn);
        let known = self.are_numbers(x, y);
        let (x, y) = (self.double(x), self.double(y));
        let destination = self.destination(i, insn.a());
        let to = match destination {
            Some(k) if In(k) != y || In(k) == x => k,
            _ => X0,
        };
        self.load_to(to, x);
        self.sse_from(op, to, y);
        if !known {
            self.asm.compare_doubles(to, to);
            self.slow_if(Cond::Parity, i);
        }
        self.finish_number(insn, to, destination);
        self.bind(i, Back);
    }
    /// The instruction's result is the number in `from`; a register of the processor is to hold it.
    pub(super) fn finish_number(&mut self, insn: ExecInsn, from: Xmm, destination: Option<Xmm>) {
        self.asm.store_double(register(insn.a()), from);
        if let Some(k) = destination {
            self.load_to(k, In(from));
            self.hold(k, insn.a());
        }
    }
    /// `num::modulo`: of whole numbers in place.
    pub(super) fn modulo(&mut self, i: usize, insn: ExecInsn) {
        let (x, y) = Self::operands(insn);
        let (x, y) = (self.double(x), self.double(y));
        let destination = self.destination(i, insn.a());
        self.load_to(X0, x);
        self.load_to(X1, y);
        for (whole, number) in [(Rax, X0), (Rcx, X1)] {
            self.asm.truncate(Four, whole, number);
            self.asm.clear_double(X2);
            self.asm.double_of_number(Four, X2, whole);
            self.asm.compare_doubles(X2, number);
            self.jump_if(Cond::NotEqual, i, Third);
            self.jump_if(Cond::Parity, i, Third);
        }
        self.asm.mov(Rdx, Rax);
        self.asm.alu(Alu::Or, Four, Rdx, Rcx);
        self.jump_if(Cond::Negative, i, Third);
        self.asm.test(Four, Rcx, Rcx);
        self.jump_if(Cond::Equal, i, Third);
        self.asm.alu(Alu::Xor, Four, Rdx, Rdx);
        self.asm.divide(Rcx);
        self.asm.clear_double(X0);
        self.asm.double_of_number(Four, X0, Rdx);
        self.bind(i, Fourth);
        // A tagged operand makes a NaN of every operation.
        self.asm.compare_doubles(X0, X0);
        self.slow_if(Cond::Parity, i);
        self.finish_number(insn, X0, destination);
        self.bind(i, Back);
    }
    pub(super) fn modulo_cold(&mut self, i: usize) {
        self.bind(i, Third);
        self.call_entry(Id::Modulo, Rax);
        self.reload_held(self.notes[i].get().before);
        self.jump(i, Fourth);
        self.slow_arith(i);
    }
    /// 1^x is 1 and x^0 is 1 for a NaN, too: so the operands are looked at.
    pub(super) fn power(&mut self, i: usize, insn: ExecInsn) {
        let (x, y) = Self::operands(insn);
        for operand in [x, y] {
            self.asm.alu_load(Alu::Cmp, Eight, NIL, Self::place(operand));
            self.slow_if(Cond::NotAbove, i);
        }
        self.asm.load_double(X0, Self::place(x));
        self.asm.load_double(X1, Self::place(y));
        self.call_entry(Id::Power, Rax);
        self.asm.compare_doubles(X0, X0);
        self.slow_if(Cond::Parity, i);
        self.asm.store_double(register(insn.a()), X0);
        self.bind(i, Back);
        self.reload_held(self.fixed);
    }
    /// Jumps when the doubles that were compared are equal, or are not. A NaN equals nothing.
    pub(super) fn branch_if_equal(&mut self, i: usize, insn: ExecInsn, equal: bool) {
        if equal {
            self.go_if(Cond::Parity, i, i + 2);
            self.branch(i, insn, Cond::Equal, Cond::NotEqual);
        } else {
            let target = self.target(i, insn);
            self.go_if(Cond::Parity, i, target);
            self.branch(i, insn, Cond::NotEqual, Cond::Equal);
        }
    }
    /// The conditions do not hold where a NaN is compared, as the language has it.
    pub(super) fn compare(&mut self, i: usize, insn: ExecInsn, conds: (Cond, Cond)) {
        let (x, y) = Self::operands(insn);
        let known = self.are_numbers(x, y);
        let (x, y) = (self.double(x), self.double(y));
        let y = self.in_register(X0, y);
        self.compare_with(y, x);
        if !known {
            self.slow_if(Cond::Parity, i);
        }
        self.branch(i, insn, conds.0, conds.1);
    }
    /// The rare part of a comparison.
    pub(super) fn compare_cold(&mut self, i: usize, insn: ExecInsn, jumps_if_holds: bool) {
        if !self.notes[i].get().slow && !cfg!(feature = "stress-jit") {
            return;
        }
        self.bind(i, Slow);
        self.help(i, Id::Compare, Third);
        self.bind(i, Third);
        self.reload_held(self.notes[i].get().after);
        self.asm.test(Eight, Rax, Rax);
        let target = self.target(i, insn);
        let c = if jumps_if_holds { Cond::NotEqual } else { Cond::Equal };
        self.go_if(c, i, target);
        self.go(i, i + 2);
    }
    pub(super) fn for_prep(&mut self, i: usize, insn: ExecInsn) {
        let a = insn.a();
        self.asm.load_double(X0, register(a));
        self.asm.sse_load(Sse::Sub, X0, register(a + 2));
        self.asm.compare_doubles(X0, X0);
        self.jump_if(Cond::Parity, i, Slow);
        self.asm.load_double(X1, register(a + 1));
        self.asm.compare_doubles(X1, X1);
        self.jump_if(Cond::Parity, i, Slow);
        self.asm.store_double(register(a), X0);
        self.bind(i, Back);
        let target = self.target(i, insn);
        self.go(i, target);
    }
    pub(super) fn for_loop(&mut self, i: usize, insn: ExecInsn) {
        let a = insn.a();
        let [index, limit, step] = [a, a + 1, a + 2].map(|r| self.double(Register(r)));
        self.load_to(X0, index);
        if self.type_of(Register(a + 2)) == Type::Step {
            self.sse_from(Sse::Add, X0, step);
        } else {
            let step = self.in_register(X1, step);
            self.asm.sse(Sse::Add, X0, step);
            self.asm.clear_double(X2);
            self.asm.compare_doubles(step, X2);
            self.jump_if(Cond::NotAbove, i, Third);
            self.notes[i].set(Note { slow: true, ..self.notes[i].get() });
        }
        let limit = self.in_register(X2, limit);
        self.asm.compare_doubles(limit, X0);
        self.go_if(Cond::Below, i, i + 1);
        self.bind(i, Fourth);
        for r in [a, a + 3] {
            self.asm.store_double(register(r), X0);
            if let In(k) = self.double(Register(r)) {
                self.asm.move_double(k, X0);
            }
        }
        self.jump_back(i, insn);
    }
    /// A loop that counts down.
    pub(super) fn for_loop_cold(&mut self, i: usize, insn: ExecInsn) {
        if !self.notes[i].get().slow {
            return;
        }
        self.bind(i, Third);
        self.asm.compare_double_load(X0, register(insn.a() + 1));
        self.go_if(Cond::Below, i, i + 1);
        self.jump(i, Fourth);
    }
}
