//! The encoder of x86-64: the forms of instructions that native code is made of.
//!
//! Code is made once, with the long form of every jump. Then those jumps become short that reach their labels with all
//! the others long, and what is between them is copied to where the code is to be.
//!
//! Invariants
//! * Labels are numbers that the maker deals out; it binds each label that it uses once.
//! * The bytes of an instruction are put down at once, 8 or fewer at a time. Where there is no room left, the assembler
//!   is full: it goes on at the beginning, in vain.
//! * Before `shorten`, an entry of the list of jumps names the place of the jump and the label. After it, it also tells
//!   by how many bytes the jumps before it became shorter.

use core::cell::Cell;

/// A general register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
#[rustfmt::skip]
pub enum Reg { Rax, Rcx, Rdx, Rbx, Rsp, Rbp, Rsi, Rdi, R8, R9, R10, R11, R12, R13, R14, R15 }

/// A register for floating point.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Xmm(pub u8);

/// A place in memory: a register, perhaps another one times 8, and a distance. Or a register itself, for forms that
/// take either. From the lowest byte: the register, the index, whether it is the register itself; the upper half is the
/// distance.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mem(u64);

/// The index that stands for none.
const NO_INDEX: u8 = Reg::Rsp as u8;
const ITSELF: u64 = 1 << 16;

const fn place(base: u8, index: u8, distance: i32) -> Mem {
    Mem(base as u64 | (index as u64) << 8 | (distance as u32 as u64) << 32)
}
/// The register itself.
const fn itself(register: u8) -> Mem {
    Mem(place(register, NO_INDEX, 0).0 | ITSELF)
}

/// The place `distance` bytes behind what the register points to.
pub const fn at(base: Reg, distance: i32) -> Mem {
    place(base as u8, NO_INDEX, distance)
}

/// The place in an array of 8-byte elements.
pub const fn element(base: Reg, index: Reg, distance: i32) -> Mem {
    place(base as u8, index as u8, distance)
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

/// Conditions of jumps. Comparisons of doubles set the flags as comparisons of unsigned numbers do, and `Parity` when
/// one of them is a NaN; then `Below` and `Equal` hold, too.
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

/// What the assembler knows of a label: where it is with all jumps long, and how many jumps are before it.
#[derive(Clone, Copy, Default)]
pub struct Place {
    at: u32,
    jumps: u32,
}

/// A distance in the code that is not known before all of it is made.
#[derive(Clone, Copy, Default)]
pub struct Jump {
    /// where it is with all jumps long
    at: u32,
    /// the label; with `ADDRESS`, it is the last 4 bytes of an instruction, which stays as it is
    label: u32,
    /// bytes by which the jumps before it are shorter
    saved: u32,
}
const ADDRESS: u32 = 1 << 31;

/// The codes of a jump that always jumps, and its size and that of one on a condition.
const JUMP: u8 = 0xE9;
const SHORT_JUMP: u8 = 0xEB;
fn long_size(code: u8) -> u32 {
    if code == JUMP { 5 } else { 6 }
}

/// Which instruction it is. The lowest byte is the code, the third one a prefix or 0, the last one the operand `reg`.
type Opcode = u32;
/// The code is behind the byte 0F.
const SECOND: u32 = 1 << 8;
/// Operands have 8 bytes.
const WIDE: u32 = 1 << 9;

const fn one(code: u8, width: Width) -> Opcode {
    code as u32 | if matches!(width, Eight) { WIDE } else { 0 }
}
const fn two(prefix: u8, code: u8, width: Width) -> Opcode {
    one(code, width) | SECOND | (prefix as u32) << 16
}

pub struct Assembler<'a> {
    room: &'a mut [u8],
    /// bytes so far
    at: usize,
    labels: &'a [Cell<Place>],
    jumps: &'a mut [Jump],
    jump_count: usize,
    full: bool,
}

use Width::{Eight, Four};

impl<'a> Assembler<'a> {
    /// An assembler with this much room for code, and for jumps but for one. `labels` and `jumps` may hold anything.
    pub fn new(room: &'a mut [u8], jumps: &'a mut [Jump], labels: &'a [Cell<Place>]) -> Assembler<'a> {
        Assembler { room, at: 0, labels, jumps, jump_count: 0, full: false }
    }
    /// Begins again. What `shorten` has found still holds if the same code is made once more.
    pub fn restart(&mut self) {
        (self.at, self.jump_count) = (0, 0);
    }
    /// There was too little room.
    pub fn is_full(&self) -> bool {
        self.full
    }
    /// The label is here.
    #[inline(never)]
    pub fn bind(&mut self, label: Label) {
        self.labels[label.0 as usize].set(Place { at: self.at as u32, jumps: self.jump_count as u32 });
    }
    /// Where the code goes on that is made now, in code that is made once more after `shorten`.
    pub fn position(&self) -> usize {
        self.at - self.saved(self.jump_count)
    }

    // --- when all is made

    /// Chooses the form of each jump; the size of the code.
    pub fn shorten(&mut self) -> usize {
        let mut saved = 0;
        for jump in &mut self.jumps[..self.jump_count] {
            jump.saved = saved;
            if jump.label & ADDRESS == 0 {
                let long = long_size(self.room[jump.at as usize]);
                let target = self.labels[jump.label as usize].get().at;
                debug_assert!(target as usize <= self.at, "a label that is not bound");
                // With this jump short and all others long.
                let short =
                    if target <= jump.at { jump.at - target <= 126 } else { target - jump.at <= 127 + long };
                saved += if short { long - 2 } else { 0 };
            }
        }
        self.jumps[self.jump_count].saved = saved;
        self.at - saved as usize
    }
    /// Bytes by which the first jumps are shorter.
    fn saved(&self, jumps: usize) -> usize {
        self.jumps[jumps].saved as usize
    }
    /// Where a label is, after `shorten`.
    #[inline(never)]
    pub fn place_of(&self, label: Label) -> usize {
        let place = self.labels[label.0 as usize].get();
        place.at as usize - self.saved(place.jumps as usize)
    }
    /// Writes the code, which has as many bytes as `shorten` said.
    pub fn write(&self, out: &mut [u8]) {
        let mut size = 0;
        // Gives where they end.
        let mut add = |bytes: &[u8]| {
            let start = size;
            size += bytes.len();
            out[start..size].copy_from_slice(bytes);
            size
        };
        let mut done = 0;
        for (jump, next) in self.jumps[..self.jump_count].iter().zip(&self.jumps[1..]) {
            let at = jump.at as usize;
            let start = add(&self.room[done..at]);
            let target = self.place_of(Label(jump.label & !ADDRESS));
            let code = self.room[at];
            if jump.saved != next.saved {
                // On a condition, the codes are 0F 80 and so on, and 70 and so on when the jump is short.
                let short = if code == JUMP { SHORT_JUMP } else { self.room[at + 1] - 0x10 };
                add(&[short, target.wrapping_sub(start + 2) as u8]);
                done = at + long_size(code) as usize;
            } else {
                let before = if jump.label & ADDRESS != 0 { 0 } else { long_size(code) as usize - 4 };
                let start = add(&self.room[at..at + before]);
                add(&(target.wrapping_sub(start + 4) as u32).to_le_bytes());
                done = at + before + 4;
            }
        }
        add(&self.room[done..self.at]);
    }

    // --- bytes

    /// Puts down the lowest `count` bytes.
    #[inline]
    fn put(&mut self, bytes: u64, count: usize) {
        match self.room.get_mut(self.at..self.at + 8) {
            Some(room) => room.copy_from_slice(&bytes.to_le_bytes()),
            None => self.start_over(),
        }
        self.at += count;
    }
    #[cold]
    fn start_over(&mut self) {
        (self.full, self.at, self.jump_count) = (true, 0, 0);
    }
    fn put_4(&mut self, number: i32) {
        self.put(number as u32 as u64, 4);
    }

    // --- forms

    /// One instruction with the operands `reg` (a register or a part of the opcode) and `rm`, without a number behind
    /// them.
    #[inline(always)]
    fn form(&mut self, op: Opcode, reg: u8, rm: Mem) {
        self.whole_form(op | (reg as u32) << 24, rm);
    }
    /// One word says all but `rm`, so that it takes little to call this.
    #[inline(never)]
    fn whole_form(&mut self, op: Opcode, rm: Mem) {
        let reg = (op >> 24) as u8;
        let (base, index) = (rm.0 as u8, (rm.0 >> 8) as u8);
        let (mut bytes, mut bits) = (0, 0);
        let mut add = |byte: u8| {
            bytes |= (byte as u64) << bits;
            bits += 8;
        };
        let prefix = (op >> 16) as u8;
        if prefix != 0 {
            add(prefix);
        }
        let rex = ((op & WIDE != 0) as u8) << 3 | reg >> 3 << 2 | index >> 3 << 1 | base >> 3;
        if rex != 0 {
            add(0x40 | rex);
        }
        if op & SECOND != 0 {
            add(0x0F);
        }
        add(op as u8);
        let (reg, base) = ((reg & 7) << 3, base & 7);
        if rm.0 & ITSELF != 0 {
            add(0xC0 | reg | base);
            return self.put(bytes, bits / 8);
        }
        let distance = (rm.0 >> 32) as i32;
        // Without a distance, the base registers 5 and 13 mean something else.
        let (mode, size) = match distance {
            0 if base != Reg::Rbp as u8 => (reg, 0),
            -128..=127 => (0x40 | reg, 1),
            _ => (0x80 | reg, 4),
        };
        // The base registers 4 and 12 mean "with an index".
        if index == NO_INDEX && base != Reg::Rsp as u8 {
            add(mode | base);
        } else {
            let scale = if index == NO_INDEX { 0 } else { 0xC0 };
            add(mode | 4);
            add(scale | (index & 7) << 3 | base);
        }
        self.put(bytes, bits / 8);
        self.put(distance as u64, size);
    }
    /// The same with the register itself.
    fn form_2(&mut self, op: Opcode, reg: u8, rm: u8) {
        self.form(op, reg, itself(rm));
    }
    /// A jump to the label, or a distance to it, comes next.
    fn note_jump(&mut self, label: u32) {
        if self.jump_count + 1 >= self.jumps.len() {
            self.start_over();
        }
        if let Some(jump) = self.jumps.get_mut(self.jump_count) {
            (jump.at, jump.label) = (self.at as u32, label);
        }
        self.jump_count += 1;
    }

    // --- moves

    pub fn mov(&mut self, to: Reg, from: Reg) {
        self.form_2(one(0x8B, Eight), to as u8, from as u8);
    }
    pub fn load(&mut self, width: Width, to: Reg, from: Mem) {
        self.form(one(0x8B, width), to as u8, from);
    }
    pub fn load_byte(&mut self, to: Reg, from: Mem) {
        self.form(two(0, 0xB6, Four), to as u8, from);
    }
    pub fn store(&mut self, width: Width, to: Mem, from: Reg) {
        self.form(one(0x89, width), from as u8, to);
    }
    /// The shortest way to a number in a register. It leaves the flags alone.
    #[inline(never)]
    pub fn set(&mut self, to: Reg, number: u64) {
        let (rex, code) = ((to as u8 >> 3) as u64, (0xB8 | to as u8 & 7) as u64);
        if number <= u32::MAX as u64 {
            match rex {
                0 => self.put(code | number << 8, 5),
                _ => self.put(0x40 | rex | code << 8 | number << 16, 6),
            }
        } else if number as i64 == number as i32 as i64 {
            self.form_2(one(0xC7, Eight), 0, to as u8);
            self.put_4(number as i32);
        } else {
            self.put(0x48 | rex | code << 8, 2);
            self.put(number, 8);
        }
    }
    pub fn address(&mut self, to: Reg, of: Mem) {
        self.form(one(0x8D, Eight), to as u8, of);
    }
    #[inline(never)]
    pub fn address_of_label(&mut self, to: Reg, label: Label) {
        let to = to as u64;
        self.put(0x48 | to >> 3 << 2 | 0x8D << 8 | (5 | (to & 7) << 3) << 16, 3);
        self.note_jump(label.0 | ADDRESS);
        self.put_4(0);
    }

    // --- whole numbers

    pub fn alu(&mut self, op: Alu, width: Width, to: Reg, from: Reg) {
        self.form_2(one((op as u8) << 3 | 3, width), to as u8, from as u8);
    }
    pub fn alu_load(&mut self, op: Alu, width: Width, to: Reg, from: Mem) {
        self.form(one((op as u8) << 3 | 3, width), to as u8, from);
    }
    /// The first operand is in memory.
    pub fn alu_store(&mut self, op: Alu, width: Width, to: Mem, from: Reg) {
        self.form(one((op as u8) << 3 | 1, width), from as u8, to);
    }
    #[inline(never)]
    fn alu_number_form(&mut self, op: Alu, width: Width, to: Mem, number: i32) {
        let short = number == number as i8 as i32;
        self.form(one(if short { 0x83 } else { 0x81 }, width), op as u8, to);
        self.put(number as u64, if short { 1 } else { 4 });
    }
    pub fn alu_number(&mut self, op: Alu, width: Width, to: Reg, number: i32) {
        self.alu_number_form(op, width, itself(to as u8), number);
    }
    pub fn alu_number_store(&mut self, op: Alu, width: Width, to: Mem, number: i32) {
        self.alu_number_form(op, width, to, number);
    }
    #[inline(never)]
    pub fn compare_byte(&mut self, place: Mem, number: u8) {
        self.form(one(0x80, Four), Alu::Cmp as u8, place);
        self.put(number as u64, 1);
    }
    #[inline(never)]
    pub fn test_byte(&mut self, place: Mem, bits: u8) {
        self.form(one(0xF6, Four), 0, place);
        self.put(bits as u64, 1);
    }
    pub fn test(&mut self, width: Width, a: Reg, b: Reg) {
        self.form_2(one(0x85, width), b as u8, a as u8);
    }
    #[inline(never)]
    pub fn shift_right(&mut self, r: Reg, by: u8) {
        self.form_2(one(0xC1, Eight), 5, r as u8);
        self.put(by as u64, 1);
    }
    /// Inverts one bit.
    #[inline(never)]
    pub fn invert_bit(&mut self, r: Reg, bit: u8) {
        self.form_2(two(0, 0xBA, Eight), 7, r as u8);
        self.put(bit as u64, 1);
    }
    /// Divides the 32 bits of rax, with rdx 0, by the register: the quotient is in rax, the remainder in rdx.
    pub fn divide(&mut self, by: Reg) {
        self.form_2(one(0xF7, Four), 6, by as u8);
    }
    pub fn move_if(&mut self, c: Cond, to: Reg, from: Mem) {
        self.form(two(0, 0x40 | c as u8, Eight), to as u8, from);
    }

    // --- doubles

    pub fn load_double(&mut self, to: Xmm, from: Mem) {
        self.form(two(0xF2, 0x10, Four), to.0, from);
    }
    pub fn move_double(&mut self, to: Xmm, from: Xmm) {
        self.form_2(two(0x66, 0x28, Four), to.0, from.0);
    }
    /// The 64 bits of a general register.
    pub fn double_of_bits(&mut self, to: Xmm, from: Reg) {
        self.form_2(two(0x66, 0x6E, Eight), to.0, from as u8);
    }
    pub fn store_double(&mut self, to: Mem, from: Xmm) {
        self.form(two(0xF2, 0x11, Four), from.0, to);
    }
    pub fn sse(&mut self, op: Sse, to: Xmm, from: Xmm) {
        self.form_2(two(0xF2, op as u8, Four), to.0, from.0);
    }
    pub fn sse_load(&mut self, op: Sse, to: Xmm, from: Mem) {
        self.form(two(0xF2, op as u8, Four), to.0, from);
    }
    pub fn compare_doubles(&mut self, a: Xmm, b: Xmm) {
        self.form_2(two(0x66, 0x2E, Four), a.0, b.0);
    }
    pub fn compare_double_load(&mut self, a: Xmm, b: Mem) {
        self.form(two(0x66, 0x2E, Four), a.0, b);
    }
    pub fn clear_double(&mut self, x: Xmm) {
        self.form_2(two(0, 0x57, Four), x.0, x.0);
    }
    /// The double cut to a whole number.
    pub fn truncate(&mut self, width: Width, to: Reg, from: Xmm) {
        self.form_2(two(0xF2, 0x2C, width), to as u8, from.0);
    }
    pub fn double_of_number(&mut self, width: Width, to: Xmm, from: Reg) {
        self.form_2(two(0xF2, 0x2A, width), to.0, from as u8);
    }

    // --- jumps

    #[inline(never)]
    pub fn jump(&mut self, to: Label) {
        self.note_jump(to.0);
        self.put(JUMP as u64, 5);
    }
    #[inline(never)]
    pub fn jump_if(&mut self, c: Cond, to: Label) {
        self.note_jump(to.0);
        self.put(0x0F | (0x80 | c as u64) << 8, 6);
    }
    pub fn jump_to_reg(&mut self, to: Reg) {
        self.form_2(one(0xFF, Four), 4, to as u8);
    }
    pub fn jump_to_mem(&mut self, to: Mem) {
        self.form(one(0xFF, Four), 4, to);
    }
    pub fn call_mem(&mut self, function: Mem) {
        self.form(one(0xFF, Four), 2, function);
    }
}
