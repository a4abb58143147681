//! The encoder of x86-64: the forms of instructions that native code is made of.
//!
//! Code is made in three passes of the same maker over the same function, and nothing grows meanwhile:
//! 1. `Pass::Wide` counts, with the long form of every jump, where each label is at most.
//! 2. `Pass::Count` counts with the short form of every jump that reached its label with the first count, and finds where
//!    each label is. A jump that was near with all the others long is near with some of them short.
//! 3. `Pass::Write` decides the same as the second, and writes.
//!
//! Invariants
//! * The maker makes the same instructions in each pass, and binds each label that it uses once.
//! * Labels are numbers that the maker deals out; the assembler has two words for each.

use core::cell::Cell;

/// A general register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
#[rustfmt::skip]
pub enum Reg { Rax, Rcx, Rdx, Rbx, Rsp, Rbp, Rsi, Rdi, R8, R9, R10, R11, R12, R13, R14, R15 }

/// A register for floating point.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Xmm(pub u8);

/// A place in memory: a register, perhaps another one times 8, and a distance.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mem {
    base: Reg,
    index: Option<Reg>,
    distance: i32,
}

/// The place `distance` bytes behind what the register points to.
pub const fn at(base: Reg, distance: i32) -> Mem {
    Mem { base, index: None, distance }
}

/// The place in an array of 8-byte elements.
pub const fn element(base: Reg, index: Reg, distance: i32) -> Mem {
    Mem { base, index: Some(index), distance }
}

/// The instructions that take a number and change or compare another one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
#[rustfmt::skip]
pub enum Alu { Add = 0, Or = 1, Adc = 2, And = 4, Sub = 5, Xor = 6, Cmp = 7 }

/// The instructions on two doubles that leave a double; the number is the opcode.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
#[rustfmt::skip]
pub enum Sse { Add = 0x58, Mul = 0x59, Sub = 0x5C, Div = 0x5E }

/// Conditions of jumps. Comparisons of doubles set the flags as comparisons of unsigned numbers do, and `Parity` when one
/// of them is a NaN; then `Below` and `Equal` hold, too.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
#[rustfmt::skip]
pub enum Cond { Below = 2, NotBelow = 3, Equal = 4, NotEqual = 5, NotAbove = 6, Above = 7, Negative = 8, Parity = 10,
    LessEqual = 14 }

/// Width of an operand of whole numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Width {
    Four,
    Eight,
}

/// A place in the code that jumps name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Label(pub u32);

/// What the assembler knows of a label: where it is with all jumps long, and where it is.
#[derive(Clone, Copy, Default)]
pub struct Place {
    wide: u32,
    real: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pass {
    Wide,
    Count,
    Write,
}

/// The operand that is a register or in memory.
#[derive(Clone, Copy)]
enum Operand {
    Reg(u8),
    Mem(Mem),
    Label(Label),
}

/// Which instruction it is: the bytes before the operands.
#[derive(Clone, Copy)]
struct Opcode {
    /// 0: none
    prefix: u8,
    /// behind the byte 0F
    second: bool,
    code: u8,
    width: Width,
}

const fn one(code: u8, width: Width) -> Opcode {
    Opcode { prefix: 0, second: false, code, width }
}
const fn two(prefix: u8, code: u8, width: Width) -> Opcode {
    Opcode { prefix, second: true, code, width }
}

pub struct Assembler<'a> {
    /// where the code goes, in the last pass
    out: &'a mut [u8],
    /// bytes so far
    at: usize,
    /// bytes so far, were all jumps long
    wide_at: usize,
    pass: Pass,
    labels: &'a [Cell<Place>],
}

use Width::{Eight, Four};

impl<'a> Assembler<'a> {
    /// `out` is written in the last pass only; it is as long as the second pass said.
    pub fn new(pass: Pass, out: &'a mut [u8], labels: &'a [Cell<Place>]) -> Assembler<'a> {
        Assembler { out, at: 0, wide_at: 0, pass, labels }
    }
    /// Bytes so far.
    pub fn position(&self) -> usize {
        self.at
    }
    /// Bytes in all, in the last pass.
    pub fn size(&self) -> usize {
        self.out.len()
    }
    /// The label is here.
    pub fn bind(&mut self, label: Label) {
        let place = &self.labels[label.0 as usize];
        match self.pass {
            Pass::Wide => place.set(Place { wide: self.wide_at as u32, real: 0 }),
            Pass::Count => place.set(Place { real: self.at as u32, ..place.get() }),
            Pass::Write => debug_assert!(place.get().real as usize == self.at),
        }
    }
    /// Where a label is, after the second pass.
    pub fn place_of(&self, label: Label) -> u32 {
        self.labels[label.0 as usize].get().real
    }

    // --- bytes

    #[inline]
    fn byte(&mut self, b: u8) {
        if self.pass == Pass::Write {
            self.out[self.at] = b;
        }
        self.at += 1;
        self.wide_at += 1;
    }
    fn bytes(&mut self, bytes: &[u8]) {
        for &b in bytes {
            self.byte(b);
        }
    }
    /// Data among the code.
    pub fn word(&mut self, w: u32) {
        self.bytes(&w.to_le_bytes());
    }

    // --- forms

    /// One instruction with the operands `reg` (a register or a part of the opcode) and `rm`, and `immediate` bytes behind
    /// them.
    fn form(&mut self, op: Opcode, reg: u8, rm: Operand, immediate: &[u8]) {
        if op.prefix != 0 {
            self.byte(op.prefix);
        }
        let (base, index) = match rm {
            Operand::Reg(r) => (r, 0),
            Operand::Mem(m) => (m.base as u8, m.index.map_or(0, |index| index as u8)),
            Operand::Label(_) => (0, 0),
        };
        let rex = ((op.width == Eight) as u8 * 8) | ((reg >> 3) << 2) | ((index >> 3) << 1) | (base >> 3);
        if rex != 0 {
            self.byte(0x40 | rex);
        }
        if op.second {
            self.byte(0x0F);
        }
        self.byte(op.code);
        let reg = (reg & 7) << 3;
        match rm {
            Operand::Reg(r) => self.byte(0xC0 | reg | r & 7),
            Operand::Mem(m) => self.memory(reg, m),
            Operand::Label(label) => {
                self.byte(5 | reg);
                let end = self.at + 4 + immediate.len();
                let target = self.place_of(label) as usize;
                self.bytes(&(target.wrapping_sub(end) as i32).to_le_bytes());
            }
        }
        self.bytes(immediate);
    }
    fn memory(&mut self, reg: u8, m: Mem) {
        let base = m.base as u8 & 7;
        // The base registers 4 and 12 mean "with an index"; without a distance, 5 and 13 mean something else.
        let (size, far) = match m.distance {
            0 if base != Reg::Rbp as u8 => (0, false),
            -128..=127 => (1, false),
            _ => (2, true),
        };
        if m.index.is_none() && base != Reg::Rsp as u8 {
            self.byte(size << 6 | reg | base);
        } else {
            // An index of 4 means none.
            let index = m.index.map_or(4, |index| index as u8 & 7);
            let scale = if m.index.is_some() { 3 } else { 0 };
            self.byte(size << 6 | reg | 4);
            self.byte(scale << 6 | index << 3 | base);
        }
        if far {
            self.bytes(&m.distance.to_le_bytes());
        } else if size == 1 {
            self.byte(m.distance as u8);
        }
    }

    // --- moves

    pub fn mov(&mut self, to: Reg, from: Reg) {
        self.form(one(0x8B, Eight), to as u8, Operand::Reg(from as u8), &[]);
    }
    pub fn load(&mut self, width: Width, to: Reg, from: Mem) {
        self.form(one(0x8B, width), to as u8, Operand::Mem(from), &[]);
    }
    pub fn load_byte(&mut self, to: Reg, from: Mem) {
        self.form(two(0, 0xB6, Four), to as u8, Operand::Mem(from), &[]);
    }
    pub fn store(&mut self, width: Width, to: Mem, from: Reg) {
        self.form(one(0x89, width), from as u8, Operand::Mem(to), &[]);
    }
    /// Stores a number, which is extended to the width with its sign.
    pub fn store_number(&mut self, width: Width, to: Mem, number: i32) {
        self.form(one(0xC7, width), 0, Operand::Mem(to), &number.to_le_bytes());
    }
    /// The shortest way to a number in a register. It leaves the flags alone.
    pub fn set(&mut self, to: Reg, number: u64) {
        let rex = to as u8 >> 3;
        if number <= u32::MAX as u64 {
            if rex != 0 {
                self.byte(0x40 | rex);
            }
            self.byte(0xB8 | to as u8 & 7);
            self.bytes(&(number as u32).to_le_bytes());
        } else if number as i64 == number as i32 as i64 {
            self.form(one(0xC7, Eight), 0, Operand::Reg(to as u8), &(number as i32).to_le_bytes());
        } else {
            self.byte(0x48 | rex);
            self.byte(0xB8 | to as u8 & 7);
            self.bytes(&number.to_le_bytes());
        }
    }
    pub fn address(&mut self, to: Reg, of: Mem) {
        self.form(one(0x8D, Eight), to as u8, Operand::Mem(of), &[]);
    }
    pub fn address_of_label(&mut self, to: Reg, label: Label) {
        self.form(one(0x8D, Eight), to as u8, Operand::Label(label), &[]);
    }

    // --- whole numbers

    pub fn alu(&mut self, op: Alu, width: Width, to: Reg, from: Reg) {
        self.form(one((op as u8) << 3 | 3, width), to as u8, Operand::Reg(from as u8), &[]);
    }
    pub fn alu_load(&mut self, op: Alu, width: Width, to: Reg, from: Mem) {
        self.form(one((op as u8) << 3 | 3, width), to as u8, Operand::Mem(from), &[]);
    }
    /// The first operand is in memory.
    pub fn alu_store(&mut self, op: Alu, width: Width, to: Mem, from: Reg) {
        self.form(one((op as u8) << 3 | 1, width), from as u8, Operand::Mem(to), &[]);
    }
    fn alu_number_form(&mut self, op: Alu, width: Width, to: Operand, number: i32) {
        match i8::try_from(number) {
            Ok(short) => self.form(one(0x83, width), op as u8, to, &[short as u8]),
            Err(_) => self.form(one(0x81, width), op as u8, to, &number.to_le_bytes()),
        }
    }
    pub fn alu_number(&mut self, op: Alu, width: Width, to: Reg, number: i32) {
        self.alu_number_form(op, width, Operand::Reg(to as u8), number);
    }
    pub fn alu_number_store(&mut self, op: Alu, width: Width, to: Mem, number: i32) {
        self.alu_number_form(op, width, Operand::Mem(to), number);
    }
    pub fn compare_byte(&mut self, place: Mem, number: u8) {
        self.form(one(0x80, Four), Alu::Cmp as u8, Operand::Mem(place), &[number]);
    }
    pub fn test_byte(&mut self, place: Mem, bits: u8) {
        self.form(one(0xF6, Four), 0, Operand::Mem(place), &[bits]);
    }
    pub fn test(&mut self, width: Width, a: Reg, b: Reg) {
        self.form(one(0x85, width), b as u8, Operand::Reg(a as u8), &[]);
    }
    pub fn shift_right(&mut self, r: Reg, by: u8) {
        self.form(one(0xC1, Eight), 5, Operand::Reg(r as u8), &[by]);
    }
    /// Inverts one bit.
    pub fn invert_bit(&mut self, r: Reg, bit: u8) {
        self.form(two(0, 0xBA, Eight), 7, Operand::Reg(r as u8), &[bit]);
    }
    /// Divides the 32 bits of rax, with rdx 0, by the register: the quotient is in rax, the remainder in rdx.
    pub fn divide(&mut self, by: Reg) {
        self.form(one(0xF7, Four), 6, Operand::Reg(by as u8), &[]);
    }
    pub fn move_if(&mut self, c: Cond, to: Reg, from: Mem) {
        self.form(two(0, 0x40 | c as u8, Eight), to as u8, Operand::Mem(from), &[]);
    }

    // --- doubles

    pub fn load_double(&mut self, to: Xmm, from: Mem) {
        self.form(two(0xF2, 0x10, Four), to.0, Operand::Mem(from), &[]);
    }
    pub fn move_double(&mut self, to: Xmm, from: Xmm) {
        self.form(two(0x66, 0x28, Four), to.0, Operand::Reg(from.0), &[]);
    }
    /// The 64 bits of a general register.
    pub fn double_of_bits(&mut self, to: Xmm, from: Reg) {
        self.form(two(0x66, 0x6E, Eight), to.0, Operand::Reg(from as u8), &[]);
    }
    pub fn store_double(&mut self, to: Mem, from: Xmm) {
        self.form(two(0xF2, 0x11, Four), from.0, Operand::Mem(to), &[]);
    }
    pub fn sse(&mut self, op: Sse, to: Xmm, from: Xmm) {
        self.form(two(0xF2, op as u8, Four), to.0, Operand::Reg(from.0), &[]);
    }
    pub fn sse_load(&mut self, op: Sse, to: Xmm, from: Mem) {
        self.form(two(0xF2, op as u8, Four), to.0, Operand::Mem(from), &[]);
    }
    pub fn compare_doubles(&mut self, a: Xmm, b: Xmm) {
        self.form(two(0x66, 0x2E, Four), a.0, Operand::Reg(b.0), &[]);
    }
    pub fn compare_double_load(&mut self, a: Xmm, b: Mem) {
        self.form(two(0x66, 0x2E, Four), a.0, Operand::Mem(b), &[]);
    }
    pub fn clear_double(&mut self, x: Xmm) {
        self.form(two(0, 0x57, Four), x.0, Operand::Reg(x.0), &[]);
    }
    /// The double cut to a whole number.
    pub fn truncate(&mut self, width: Width, to: Reg, from: Xmm) {
        self.form(two(0xF2, 0x2C, width), to as u8, Operand::Reg(from.0), &[]);
    }
    pub fn double_of_number(&mut self, width: Width, to: Xmm, from: Reg) {
        self.form(two(0xF2, 0x2A, width), to.0, Operand::Reg(from as u8), &[]);
    }

    // --- jumps

    fn jump_form(&mut self, short: u8, long: &[u8], label: Label) {
        let target = self.labels[label.0 as usize].get();
        let long_size = long.len() + 4;
        // With this jump short and all others long.
        let distance = target.wide as isize - self.wide_at as isize;
        let near = if distance <= 0 {
            distance - 2 >= i8::MIN as isize
        } else {
            distance - long_size as isize <= 127
        };
        if self.pass != Pass::Wide && near {
            let wide_end = self.wide_at + long_size;
            let end = self.at + 2;
            self.byte(short);
            self.byte((target.real as usize).wrapping_sub(end) as u8);
            self.wide_at = wide_end;
        } else {
            self.bytes(long);
            let end = self.at + 4;
            self.bytes(&((target.real as usize).wrapping_sub(end) as i32).to_le_bytes());
        }
    }
    pub fn jump(&mut self, to: Label) {
        self.jump_form(0xEB, &[0xE9], to);
    }
    pub fn jump_if(&mut self, c: Cond, to: Label) {
        self.jump_form(0x70 | c as u8, &[0x0F, 0x80 | c as u8], to);
    }
    pub fn jump_to_reg(&mut self, to: Reg) {
        self.form(one(0xFF, Four), 4, Operand::Reg(to as u8), &[]);
    }
    pub fn jump_to_mem(&mut self, to: Mem) {
        self.form(one(0xFF, Four), 4, Operand::Mem(to), &[]);
    }
    pub fn call_mem(&mut self, function: Mem) {
        self.form(one(0xFF, Four), 2, Operand::Mem(function), &[]);
    }
}
