//! From the executable form to native code, instruction by instruction.
//!
//! Each operation has a template. Its short way, `hot`, is in the order of the instructions; what is rare, `cold`, is
//! behind them all: it saves the pc and goes to a helper. Both are chosen by a `match` over all operations, so one
//! without a template does not compile.
//!
//! Layout of a function: the map, the address of the code that the function had before (or 0), then the code, which a call
//! begins at. The map has a word for each instruction, the distance of its code from the beginning; the first
//! instruction's is the last word of the map.

use super::helpers;
use super::memory::CodeMemory;
use super::stubs::{self, FUNCTION_TAG_SLOT, FUNCTIONS_SLOT, Id, TABLE_TAG_SLOT};
use super::x64::{Alu, Assembler, Cond, Label, Mem, Pass, Place, Reg, Sse, Width, Xmm, at, element};
use crate::code::exec::{ExecInsn, ExecOp, Hint};
use crate::object::call_info::CallKind;
use crate::object::layout::*;
use crate::object::value::TAG_STRING;
use crate::object::{Gc, Kind, Proto, Value};
use crate::sys;
use Reg::{R8, R9, R10, R11, Rax, Rcx, Rdi, Rdx, Rsi};
use Width::{Eight, Four};
use core::cell::Cell;

const BASE: Reg = Reg::Rbx;
const CONSTANTS: Reg = Reg::Rbp;
const THREAD: Reg = Reg::R12;
const NIL: Reg = Reg::R13;
const CI: Reg = Reg::R14;
const CLOSURE: Reg = Reg::R15;
const X0: Xmm = Xmm(0);
const X1: Xmm = Xmm(1);
const X2: Xmm = Xmm(2);

/// Bytes that the beginning of code is a multiple of.
const ALIGNMENT: usize = 16;
/// Bytes before the code that say where the older code is.
const OLDER: usize = 8;
/// The largest constant index whose place fits an instruction.
const MOST_INDEX: u32 = i32::MAX as u32 / size_of::<Value>() as u32;
/// More instructions than this are not compiled.
const MOST_INSTRUCTIONS: usize = 4000;

/// Memory for labels, which grows with the largest function. It is all zeros at first.
pub struct Scratch {
    places: Cell<*mut Cell<Place>>,
    count: Cell<usize>,
}

impl Scratch {
    fn labels(&self, count: usize) -> Option<&[Cell<Place>]> {
        let old = self.count.get();
        if old < count {
            let page = sys::page_size();
            let bytes = (count * size_of::<Place>()).next_multiple_of(page);
            let p = sys::map(bytes);
            if p.is_null() {
                return None;
            }
            self.free();
            self.places.set(p.cast());
            self.count.set(bytes / size_of::<Place>());
        }
        // SAFETY: the mapping has room for as many, and zeros are places.
        Some(unsafe { core::slice::from_raw_parts(self.places.get(), count) })
    }
    /// Gives the memory back.
    pub fn free(&self) {
        if self.count.get() != 0 {
            let bytes = (self.count.get() * size_of::<Place>()).next_multiple_of(sys::page_size());
            // SAFETY: the mapping of `labels`.
            unsafe { sys::unmap(self.places.get().cast(), bytes) };
            self.count.set(0);
        }
    }
}

/// Native code for a function; where a call of it begins. Nothing when there is no memory, or the function is too long.
pub fn compile(scratch: &Scratch, memory: &CodeMemory, p: Gc<Proto>) -> Option<*const u8> {
    let n = p.code.len();
    if n > MOST_INSTRUCTIONS {
        return None;
    }
    let labels = scratch.labels(n * LABELS as usize)?;
    Maker::new(Assembler::new(Pass::Wide, &mut [], labels), p).make();
    let size = Maker::new(Assembler::new(Pass::Count, &mut [], labels), p).make();
    let fill = |out: &mut [u8]| {
        Maker::new(Assembler::new(Pass::Write, out, labels), p).make();
    };
    Some(memory.publish(size, fill)?.wrapping_add(map_size(n)))
}

/// Bytes of the map of so many instructions.
fn map_size(instructions: usize) -> usize {
    (4 * instructions + OLDER).next_multiple_of(ALIGNMENT)
}

/// The code that the function had before this.
pub fn older(code: *const u8) -> Option<*const u8> {
    // SAFETY: the layout of a function.
    let older = unsafe { *code.sub(OLDER).cast::<*const u8>() };
    (!older.is_null()).then_some(older)
}

/// Where the code of an instruction is, in a function whose calls begin at `code`.
pub fn address(code: *const u8, index: usize) -> *const u8 {
    // SAFETY: the layout of a function; the index is that of an instruction.
    unsafe { code.add(*code.sub(OLDER).cast::<u32>().sub(index + 1) as usize) }
}

/// The labels of an instruction.
#[derive(Clone, Copy)]
#[repr(u32)]
enum Part {
    /// its code
    Start,
    /// Its short way does not do.
    Slow,
    /// It goes on behind its short way.
    Back,
    /// of templates with one place more
    Third,
    Fourth,
    Fifth,
    /// A hook is set; to be left at the target of the jump.
    Hook,
    /// of stress builds
    Stress,
    Stressed,
}
const LABELS: u32 = 9;
use Part::{Back, Fifth, Fourth, Hook, Slow, Start, Stress, Stressed, Third};

/// An operand that holds a value.
#[derive(Clone, Copy)]
enum Source {
    Register(usize),
    Constant(usize),
    Upvalue(usize),
}
use Source::{Constant, Register, Upvalue};

struct Maker<'a> {
    asm: Assembler<'a>,
    p: Gc<Proto>,
    code: *const ExecInsn,
    n: usize,
    /// the function has upvalues that its code reads
    upvalues: bool,
}

/// The place of a register.
fn register(n: usize) -> Mem {
    at(BASE, n as i32 * 8)
}
fn constant(n: usize) -> Mem {
    at(CONSTANTS, n as i32 * 8)
}

impl<'a> Maker<'a> {
    fn new(asm: Assembler<'a>, p: Gc<Proto>) -> Maker<'a> {
        Maker { asm, p, code: p.entry().code(), n: p.code.len(), upvalues: !p.upvalues.is_empty() }
    }

    fn insn(&self, i: usize) -> ExecInsn {
        debug_assert!(i < self.n);
        // SAFETY: the executable form has `n` instructions.
        unsafe { *self.code.add(i) }
    }

    /// Makes all of it; its size.
    fn make(&mut self) -> usize {
        for _ in self.n + OLDER / 4..map_size(self.n) / 4 {
            self.asm.word(0);
        }
        for i in (0..self.n).rev() {
            let place = self.asm.place_of(label(i, Start)) as usize;
            self.asm.word(place.wrapping_sub(map_size(self.n)) as u32);
        }
        let older = self.p.entry().native() as u64;
        self.asm.word(older as u32);
        self.asm.word((older >> 32) as u32);
        self.load_constants();
        for i in 0..self.n {
            if !self.is_moved(i) {
                self.begin(i);
                self.hot(i, self.insn(i));
            }
        }
        for i in 0..self.n {
            if self.is_moved(i) {
                self.begin(i);
                self.hot(i, self.insn(i));
            }
            self.cold(i, self.insn(i));
            if cfg!(feature = "stress-jit") {
                self.stress_cold(i);
            }
        }
        self.asm.position()
    }

    /// The instruction begins here.
    fn begin(&mut self, i: usize) {
        self.bind(i, Start);
        if cfg!(feature = "stress-jit") {
            self.asm.set(Rax, helpers::STRESS_COUNT.as_ptr() as u64);
            self.asm.alu_number_store(Alu::Sub, Four, at(Rax, 0), 1);
            self.jump_if(Cond::Negative, i, Stress);
            self.bind(i, Stressed);
        }
    }
    /// Leaves, or takes the long way, if there is one.
    fn stress_cold(&mut self, i: usize) {
        self.bind(i, Stress);
        self.save_pc(i);
        self.asm.address_of_label(Rcx, label(i, Stressed));
        if self.has_long_way(i) {
            self.asm.address_of_label(Rcx, label(i, Slow));
        }
        self.jump_to_function(Id::Stress);
    }
    /// There is a slow part, which needs nothing of what the short way has done.
    fn has_long_way(&self, i: usize) -> bool {
        use ExecOp as E;
        let op = self.insn(i).op() as u8;
        let within = |first: ExecOp, last: ExecOp| (first as u8..=last as u8).contains(&op);
        let big = self.insn(i).imm() > MOST_INDEX;
        match self.insn(i).op() {
            E::SelfField | E::GetTabUp | E::SetTabUp | E::GetTable | E::SetTable | E::SelfAny => false,
            E::ArithKK | E::EqRK | E::EqRN | E::NotEqRK | E::NotEqRN | E::CompareAny => false,
            E::GetInt => !big,
            E::Call | E::ForPrep | E::SetUpval => true,
            E::CloseReturn0 | E::CloseReturn1 => false,
            _ => {
                within(E::GetGlobal, E::SetUpIndexK)
                    || within(E::AddRR, E::Unm)
                    || within(E::EqRR, E::NotLeKR)
                    || within(E::Return0, E::Return1)
            }
        }
    }

    /// A forward jump that a comparison before it does, too: only those come to it who jump to it.
    fn is_moved(&self, i: usize) -> bool {
        if i == 0 || self.insn(i).op() != ExecOp::Jmp {
            return false;
        }
        let before = self.insn(i - 1);
        let fuses = (ExecOp::EqRR as u8..=ExecOp::TestSet as u8).contains(&(before.op() as u8));
        fuses && before.op() != ExecOp::CompareAny && before.offset() != 1
    }

    // --- parts of templates

    fn bind(&mut self, i: usize, part: Part) {
        self.asm.bind(label(i, part));
    }
    fn jump(&mut self, i: usize, part: Part) {
        self.asm.jump(label(i, part));
    }
    fn jump_if(&mut self, c: Cond, i: usize, part: Part) {
        self.asm.jump_if(c, label(i, part));
    }
    /// The instruction that a jump leads to.
    fn target(&self, i: usize, insn: ExecInsn) -> usize {
        let target = i.wrapping_add_signed(insn.offset());
        debug_assert!(target < self.n);
        target
    }
    fn move_value(&mut self, to: Mem, from: Mem) {
        self.asm.load(Eight, Rax, from);
        self.asm.store(Eight, to, Rax);
    }
    /// The address of the function's constants is no choice of a script.
    fn load_constants(&mut self) {
        self.asm.set(CONSTANTS, self.p.k.as_ptr() as u64);
    }
    /// What a callee that returns has not kept.
    fn reload(&mut self) {
        self.load_constants();
        if self.upvalues {
            self.asm.load(Eight, CLOSURE, at(CI, CI_FUNC));
            self.asm.load(Eight, CLOSURE, at(CLOSURE, 0));
            self.asm.alu_load(Alu::Xor, Eight, CLOSURE, at(Reg::Rsp, FUNCTION_TAG_SLOT));
        }
    }
    /// The upvalue's value is where `to` points to then.
    fn upvalue_place(&mut self, to: Reg, n: usize) -> Mem {
        self.asm.load(Eight, to, at(CLOSURE, CLOSURE_UPVALS + n as i32 * 8));
        self.asm.load(Eight, to, at(to, UPVAL_V));
        at(to, 0)
    }
    fn load(&mut self, to: Reg, from: Source) {
        let place = match from {
            Register(n) => register(n),
            Constant(n) => constant(n),
            Upvalue(n) => self.upvalue_place(to, n),
        };
        self.asm.load(Eight, to, place);
    }
    fn place(from: Source) -> Mem {
        match from {
            Register(n) => register(n),
            Constant(n) | Upvalue(n) => constant(n),
        }
    }
    /// `saved_pc` names the instruction `i`.
    fn save_pc(&mut self, i: usize) {
        self.asm.set(Rax, self.code.wrapping_add(i) as u64);
        self.asm.store(Eight, at(CI, CI_SAVED_PC), Rax);
    }
    fn jump_to_function(&mut self, id: Id) {
        self.asm.load(Eight, Rax, at(Reg::Rsp, FUNCTIONS_SLOT));
        self.asm.jump_to_mem(at(Rax, id as i32 * 8));
    }
    fn call_leaf(&mut self, id: Id) {
        self.asm.load(Eight, Rax, at(Reg::Rsp, FUNCTIONS_SLOT));
        self.asm.call_mem(at(Rax, id as i32 * 8));
    }
    /// Has a helper do the instruction; then it goes on at the part.
    fn help(&mut self, i: usize, id: Id, then: Part) {
        self.save_pc(i + 1);
        self.asm.address_of_label(Rcx, label(i, then));
        self.jump_to_function(id);
    }
    /// Goes to the part when a hook is set.
    fn check_hooks(&mut self, i: usize, part: Part) {
        self.asm.compare_byte(at(THREAD, THREAD_HOOK_MASK), 0);
        self.jump_if(Cond::NotEqual, i, part);
    }
    /// A jump that may make a loop.
    fn jump_back(&mut self, i: usize, insn: ExecInsn) {
        let target = self.target(i, insn);
        self.check_hooks(i, Hook);
        self.jump(target, Start);
    }
    /// A hook is set: leaves before the instruction `pc`.
    fn leave_for_hooks(&mut self, i: usize, pc: usize) {
        self.bind(i, Hook);
        self.save_pc(pc);
        self.leave(stubs::SWITCH);
    }
    fn leave(&mut self, why: i64) {
        self.asm.set(Rax, why as u64);
        self.asm.load(Eight, Rcx, at(Reg::Rsp, FUNCTIONS_SLOT));
        self.asm.jump_to_mem(at(Rcx, Id::Leave as i32 * 8));
    }
    /// The object of a value with the tag in the slot is in rax; else it goes to the slow part. Changes rcx.
    fn object(&mut self, i: usize, value: Source, tag_slot: i32) {
        self.load(Rax, value);
        self.asm.alu_load(Alu::Xor, Eight, Rax, at(Reg::Rsp, tag_slot));
        self.asm.mov(Rcx, Rax);
        self.asm.shift_right(Rcx, 48);
        self.jump_if(Cond::NotEqual, i, Slow);
    }
    /// The place of the value of the node that a hint leads to, when the key is the constant. The table is in rax.
    fn hinted(&mut self, i: usize, obj: Source, key: usize, hint: Hint) -> Mem {
        self.object(i, obj, TABLE_TAG_SLOT);
        self.asm.compare_byte(at(Rax, TABLE_LSIZENODE), hint.size_log());
        self.jump_if(Cond::NotEqual, i, Slow);
        self.asm.load(Eight, Rcx, at(Rax, TABLE_DATA));
        self.asm.load(Eight, Rdx, constant(key));
        let node = -(hint.byte_distance() as i32);
        self.asm.alu_store(Alu::Cmp, Eight, at(Rcx, node + NODE_KEY), Rdx);
        self.jump_if(Cond::NotEqual, i, Slow);
        at(Rcx, node + NODE_VAL)
    }
    /// The place in the array of a table for the number in a register. The table is in rax.
    fn slot(&mut self, i: usize, obj: Source, key: usize) -> Mem {
        self.object(i, obj, TABLE_TAG_SLOT);
        self.asm.load_double(X0, register(key));
        self.asm.truncate(Eight, Rcx, X0);
        self.asm.clear_double(X1);
        self.asm.double_of_number(Eight, X1, Rcx);
        self.asm.compare_doubles(X0, X1);
        self.jump_if(Cond::NotEqual, i, Slow);
        self.jump_if(Cond::Parity, i, Slow);
        self.asm.alu_number(Alu::Sub, Eight, Rcx, 1);
        self.asm.load(Four, Rdx, at(Rax, TABLE_ASIZE));
        self.asm.alu(Alu::Cmp, Eight, Rcx, Rdx);
        self.jump_if(Cond::NotBelow, i, Slow);
        self.asm.load(Eight, Rdx, at(Rax, TABLE_DATA));
        element(Rdx, Rcx, 0)
    }
    /// The same for a constant index, counted from 0.
    fn fixed_slot(&mut self, i: usize, obj: Source, index: u32) -> Mem {
        self.object(i, obj, TABLE_TAG_SLOT);
        self.asm.alu_number_store(Alu::Cmp, Four, at(Rax, TABLE_ASIZE), index as i32);
        self.jump_if(Cond::NotAbove, i, Slow);
        self.asm.load(Eight, Rdx, at(Rax, TABLE_DATA));
        at(Rdx, index as i32 * 8)
    }
    /// The value at the place is the result, unless it is nil.
    fn get_unless_nil(&mut self, i: usize, place: Mem, result: usize) {
        self.asm.load(Eight, Rdx, place);
        self.asm.alu(Alu::Cmp, Eight, Rdx, NIL);
        self.jump_if(Cond::Equal, i, Slow);
        self.asm.store(Eight, register(result), Rdx);
        self.bind(i, Back);
    }
    /// Stores at the place in the table in rax, and looks whether the collector must know.
    fn set_with_barrier(&mut self, i: usize, place: Mem, value: Source) {
        self.asm.load(Eight, R8, Self::place(value));
        self.asm.test_byte(at(Rax, OBJECT_MARKED), BLACK);
        self.jump_if(Cond::NotEqual, i, Third);
        self.bind(i, Fourth);
        self.asm.store(Eight, place, R8);
        self.bind(i, Back);
    }
    /// The table is black: of what is stored there, only objects matter.
    fn barrier(&mut self, i: usize) {
        self.bind(i, Third);
        self.asm.set(R9, TAG_STRING << 48);
        self.asm.alu(Alu::Cmp, Eight, R8, R9);
        self.jump_if(Cond::Below, i, Fourth);
    }
    /// The part after which the slow way is a helper that does all.
    fn slow(&mut self, i: usize, id: Id) {
        self.bind(i, Slow);
        self.help(i, id, Back);
    }

    // --- templates

    fn get_field(&mut self, i: usize, insn: ExecInsn, obj: Source) {
        let hint = Hint(insn.imm());
        if hint.size_log() == Hint::NONE.size_log() {
            self.jump(i, Slow);
            self.bind(i, Back);
            return;
        }
        let place = self.hinted(i, obj, insn.c(), hint);
        self.get_unless_nil(i, place, insn.a());
    }
    fn set_field(&mut self, i: usize, insn: ExecInsn, obj: Source, value: Source) {
        let hint = Hint(insn.imm());
        if hint.size_log() == Hint::NONE.size_log() {
            self.jump(i, Slow);
            self.bind(i, Fourth);
            self.bind(i, Back);
            return;
        }
        let place = self.hinted(i, obj, insn.b(), hint);
        self.asm.alu_store(Alu::Cmp, Eight, place, NIL);
        self.jump_if(Cond::Equal, i, Slow);
        self.set_with_barrier(i, place, value);
    }
    fn get_index(&mut self, i: usize, insn: ExecInsn, obj: Source) {
        let place = self.slot(i, obj, insn.c());
        self.get_unless_nil(i, place, insn.a());
    }
    /// A nil in the array is filled only where no metamethod may be asked.
    fn set_slot(&mut self, i: usize, place: Mem, value: Source) {
        self.asm.alu_store(Alu::Cmp, Eight, place, NIL);
        self.jump_if(Cond::Equal, i, Fifth);
        self.bind(i, Hook);
        self.set_with_barrier(i, place, value);
    }
    fn set_index(&mut self, i: usize, insn: ExecInsn, obj: Source, value: Source) {
        let place = self.slot(i, obj, insn.b());
        self.set_slot(i, place, value);
    }
    fn set_int(&mut self, i: usize, insn: ExecInsn, value: Source) {
        let place = self.fixed_slot(i, Register(insn.a()), insn.imm().wrapping_sub(1));
        self.set_slot(i, place, value);
    }
    /// The rare parts of `set_slot`.
    fn set_slot_cold(&mut self, i: usize) {
        self.bind(i, Fifth);
        self.asm.alu_number_store(Alu::Cmp, Eight, at(Rax, TABLE_METATABLE), 0);
        self.jump_if(Cond::Equal, i, Hook);
        self.jump(i, Slow);
        self.barrier(i);
        self.slow(i, Id::Set);
    }

    fn arith(&mut self, i: usize, insn: ExecInsn, op: Sse, x: Source, y: Source) {
        self.asm.load_double(X0, Self::place(x));
        self.asm.sse_load(op, X0, Self::place(y));
        self.finish_arith(i, insn);
    }
    /// A tagged operand makes a NaN of every operation.
    fn finish_arith(&mut self, i: usize, insn: ExecInsn) {
        self.asm.compare_doubles(X0, X0);
        self.jump_if(Cond::Parity, i, Slow);
        self.asm.store_double(register(insn.a()), X0);
        self.bind(i, Back);
    }
    /// `num::modulo`: of whole numbers in place.
    fn modulo(&mut self, i: usize, insn: ExecInsn, x: Source, y: Source) {
        self.asm.load_double(X0, Self::place(x));
        self.asm.load_double(X1, Self::place(y));
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
        self.finish_arith(i, insn);
    }
    fn modulo_cold(&mut self, i: usize) {
        self.bind(i, Third);
        self.call_leaf(Id::Modulo);
        self.jump(i, Fourth);
        self.slow(i, Id::Arith);
    }
    /// 1^x is 1 and x^0 is 1 for a NaN, too: so the operands are looked at.
    fn power(&mut self, i: usize, insn: ExecInsn, x: Source, y: Source) {
        for operand in [x, y] {
            self.asm.alu_load(Alu::Cmp, Eight, NIL, Self::place(operand));
            self.jump_if(Cond::NotAbove, i, Slow);
        }
        self.asm.load_double(X0, Self::place(x));
        self.asm.load_double(X1, Self::place(y));
        self.call_leaf(Id::Power);
        self.finish_arith(i, insn);
    }

    /// Jumps when the condition of the flags holds.
    fn branch(&mut self, i: usize, insn: ExecInsn, c: Cond, opposite: Cond) {
        if insn.offset() == 1 {
            self.jump_if(opposite, i + 2, Start);
        } else {
            let target = self.target(i, insn);
            self.jump_if(c, target, Start);
            self.next_after_two(i);
        }
    }
    /// Goes on behind the jump that follows the instruction. Nothing to do where that is moved.
    fn next_after_two(&mut self, i: usize) {
        if !self.is_moved(i + 1) {
            self.jump(i + 2, Start);
        }
    }
    fn compare(&mut self, i: usize, insn: ExecInsn, x: Source, y: Source, conds: (Cond, Cond)) {
        self.asm.load_double(X0, Self::place(y));
        self.asm.compare_double_load(X0, Self::place(x));
        self.jump_if(Cond::Parity, i, Slow);
        self.branch(i, insn, conds.0, conds.1);
    }
    fn less_than(&mut self, i: usize, insn: ExecInsn, x: Source, y: Source) {
        self.compare(i, insn, x, y, (Cond::Above, Cond::NotAbove));
    }
    fn not_less_than(&mut self, i: usize, insn: ExecInsn, x: Source, y: Source) {
        self.compare(i, insn, x, y, (Cond::NotAbove, Cond::Above));
    }
    fn less_equal(&mut self, i: usize, insn: ExecInsn, x: Source, y: Source) {
        self.compare(i, insn, x, y, (Cond::NotBelow, Cond::Below));
    }
    fn not_less_equal(&mut self, i: usize, insn: ExecInsn, x: Source, y: Source) {
        self.compare(i, insn, x, y, (Cond::Below, Cond::NotBelow));
    }
    /// The rare part of a comparison.
    fn compare_cold(&mut self, i: usize, insn: ExecInsn, jumps_if_holds: bool) {
        self.bind(i, Slow);
        self.help(i, Id::Compare, Third);
        self.bind(i, Third);
        self.asm.test(Eight, Rax, Rax);
        let target = self.target(i, insn);
        let c = if jumps_if_holds { Cond::NotEqual } else { Cond::Equal };
        self.jump_if(c, target, Start);
        self.jump(i + 2, Start);
    }
    /// Whether the register holds nil or false: below, or not below.
    fn test(&mut self, value: Mem) {
        self.asm.load(Eight, Rdx, value);
        self.asm.mov(Rax, Rdx);
        self.asm.alu(Alu::Sub, Eight, Rax, NIL);
        self.asm.alu_number(Alu::Cmp, Eight, Rax, 2);
    }

    /// The stores of `frame::push_plain`.
    fn call(&mut self, i: usize, insn: ExecInsn) {
        if insn.b() == 0 {
            // An open number of arguments.
            self.jump(i, Slow);
        } else {
            let func = register(insn.a());
            self.object(i, Register(insn.a()), FUNCTION_TAG_SLOT);
            self.asm.compare_byte(at(Rax, OBJECT_KIND), Kind::LuaClosure as u8);
            self.jump_if(Cond::NotEqual, i, Slow);
            self.asm.load(Eight, Rdx, at(Rax, CLOSURE_PROTO));
            self.asm.load(Eight, Rcx, at(Rdx, PROTO_NATIVE));
            self.asm.test(Eight, Rcx, Rcx);
            self.jump_if(Cond::Equal, i, Slow);
            self.asm.load(Eight, Rsi, at(CI, CI_NEXT));
            self.asm.test(Eight, Rsi, Rsi);
            self.jump_if(Cond::Equal, i, Slow);
            self.check_hooks(i, Slow);
            self.asm.load(Four, R8, at(Rdx, PROTO_FRAME_BYTES));
            self.asm.address(Rdi, func);
            self.asm.load(Eight, R9, at(THREAD, THREAD_STACK_LAST));
            self.asm.alu(Alu::Sub, Eight, R9, Rdi);
            self.asm.alu(Alu::Cmp, Eight, R9, R8);
            self.jump_if(Cond::LessEqual, i, Slow);
            self.asm.load_byte(R11, at(Rdx, PROTO_NUMPARAMS));
            self.asm.alu_number(Alu::Cmp, Four, R11, insn.b() as i32);
            self.jump_if(Cond::NotBelow, i, Third);
            self.bind(i, Fourth);
            self.asm.address_of_label(R10, label(i, Back));
            self.asm.store(Eight, at(CI, CI_RETURNS_TO), R10);
            self.save_pc_with(i + 1, R9);
            self.asm.store(Eight, at(Rsi, CI_FUNC), Rdi);
            self.asm.address(BASE, at(Rdi, 8));
            self.asm.store(Eight, at(Rsi, CI_BASE), BASE);
            self.asm.alu(Alu::Add, Eight, Rdi, R8);
            self.asm.store(Eight, at(Rsi, CI_TOP), Rdi);
            self.asm.store_number(Four, at(Rsi, CI_KIND), insn.imm() as i32);
            self.asm.store(Eight, at(THREAD, THREAD_TOP), Rdi);
            self.asm.store(Eight, at(THREAD, THREAD_CI), Rsi);
            self.asm.mov(CI, Rsi);
            self.asm.mov(CLOSURE, Rax);
            self.asm.jump_to_reg(Rcx);
        }
        self.bind(i, Back);
        self.reload();
    }
    /// `saved_pc` names the instruction `i`; rax is kept.
    fn save_pc_with(&mut self, i: usize, scratch: Reg) {
        self.asm.set(scratch, self.code.wrapping_add(i) as u64);
        self.asm.store(Eight, at(CI, CI_SAVED_PC), scratch);
    }
    fn call_cold(&mut self, i: usize, insn: ExecInsn) {
        if insn.b() != 0 {
            // Missing arguments are nil: the slots from `b` to the number of parameters, counted from the function.
            self.bind(i, Third);
            self.asm.set(R10, insn.b() as u64);
            self.bind(i, Fifth);
            self.asm.store(Eight, element(Rdi, R10, 0), NIL);
            self.asm.alu_number(Alu::Add, Four, R10, 1);
            self.asm.alu(Alu::Cmp, Four, R10, R11);
            self.jump_if(Cond::NotAbove, i, Fifth);
            self.jump(i, Fourth);
        }
        self.slow(i, Id::Call);
    }
    /// A return of no value or one, if the call was plain.
    fn return_fixed(&mut self, i: usize, insn: ExecInsn, results: i32) {
        self.asm.load(Four, Rax, at(CI, CI_KIND));
        self.asm.alu_number(Alu::And, Four, Rax, !CallKind::TAIL_CALLED as i32);
        self.asm.alu_number(Alu::Sub, Four, Rax, PLAIN_KIND as i32);
        self.asm.alu_number(Alu::Cmp, Four, Rax, 2);
        self.jump_if(Cond::Above, i, Slow);
        self.check_hooks(i, Slow);
        self.asm.load(Eight, Rcx, at(CI, CI_FUNC));
        if results == 1 {
            self.asm.load(Eight, Rdx, register(insn.a()));
            self.asm.store(Eight, at(Rcx, 0), Rdx);
            self.asm.alu_number(Alu::Add, Eight, Rcx, 8);
        } else {
            self.asm.store(Eight, at(Rcx, 0), NIL);
        }
        self.asm.load(Eight, CI, at(CI, CI_PREV));
        // The end of an open number of results, or the caller's own limit.
        self.asm.test(Four, Rax, Rax);
        self.asm.move_if(Cond::NotEqual, Rcx, at(CI, CI_TOP));
        self.asm.store(Eight, at(THREAD, THREAD_TOP), Rcx);
        self.asm.store(Eight, at(THREAD, THREAD_CI), CI);
        self.asm.load(Eight, BASE, at(CI, CI_BASE));
        self.asm.jump_to_mem(at(CI, CI_RETURNS_TO));
    }
    /// The end of an invocation of `vm::tier` that wanted as many results, and all other returns.
    fn return_cold(&mut self, i: usize, insn: ExecInsn, results: usize) {
        self.bind(i, Slow);
        self.asm.alu_number_store(Alu::Cmp, Four, at(CI, CI_KIND), FRESH_KINDS[results] as i32);
        self.jump_if(Cond::NotEqual, i, Third);
        self.check_hooks(i, Third);
        self.asm.load(Eight, Rcx, at(CI, CI_FUNC));
        if results == 1 {
            self.asm.load(Eight, Rdx, register(insn.a()));
            self.asm.store(Eight, at(Rcx, 0), Rdx);
            self.asm.alu_number(Alu::Add, Eight, Rcx, 8);
        }
        self.asm.store(Eight, at(THREAD, THREAD_TOP), Rcx);
        self.asm.load(Eight, Rdx, at(CI, CI_PREV));
        self.asm.store(Eight, at(THREAD, THREAD_CI), Rdx);
        self.leave(stubs::DONE);
        self.bind(i, Third);
        self.help(i, Id::Return, Start);
    }
    fn close_and_return(&mut self, i: usize, insn: ExecInsn, results: i32) {
        self.help(i, Id::Close, Back);
        self.bind(i, Back);
        self.return_fixed(i, insn, results);
    }
    fn for_prep(&mut self, i: usize, insn: ExecInsn) {
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
        self.jump(target, Start);
    }
    fn for_loop(&mut self, i: usize, insn: ExecInsn) {
        let a = insn.a();
        self.asm.load_double(X1, register(a + 2));
        self.asm.load_double(X0, register(a));
        self.asm.sse(Sse::Add, X0, X1);
        self.asm.clear_double(X2);
        self.asm.compare_doubles(X1, X2);
        self.jump_if(Cond::NotAbove, i, Third);
        self.asm.load_double(X2, register(a + 1));
        self.asm.compare_doubles(X2, X0);
        self.jump_if(Cond::Below, i + 1, Start);
        self.bind(i, Fourth);
        self.asm.store_double(register(a), X0);
        self.asm.store_double(register(a + 3), X0);
        self.jump_back(i, insn);
    }
    /// A loop that counts down.
    fn for_loop_cold(&mut self, i: usize, insn: ExecInsn) {
        self.bind(i, Third);
        self.asm.compare_double_load(X0, register(insn.a() + 1));
        self.jump_if(Cond::Below, i + 1, Start);
        self.jump(i, Fourth);
    }

    /// Has a helper do all of the instruction.
    fn helped(&mut self, i: usize, id: Id) {
        self.help(i, id, Back);
        self.bind(i, Back);
    }

    /// The short way of an instruction, or all of it.
    fn hot(&mut self, i: usize, insn: ExecInsn) {
        use ExecOp as E;
        let (a, b, c) = (insn.a(), insn.b(), insn.c());
        let rr = (Register(b), Register(c));
        let rk = (Register(b), Constant(c));
        let kr = (Constant(b), Register(c));
        match insn.op() {
            E::Move => self.move_value(register(a), register(b)),
            E::LoadK => self.move_value(register(a), constant(insn.imm() as usize)),
            E::LoadBool => {
                self.asm.address(Rax, at(NIL, 1 + (b != 0) as i32));
                self.asm.store(Eight, register(a), Rax);
                if c != 0 {
                    self.jump(i + 2, Start);
                }
            }
            E::LoadNil => {
                for n in a..=a + b {
                    self.asm.store(Eight, register(n), NIL);
                }
            }
            E::GetUpval => {
                self.load(Rax, Upvalue(b));
                self.asm.store(Eight, register(a), Rax);
            }
            E::SetUpval => {
                self.asm.load(Eight, Rcx, at(CLOSURE, CLOSURE_UPVALS + b as i32 * 8));
                self.asm.load(Eight, Rdx, register(a));
                self.asm.test_byte(at(Rcx, OBJECT_MARKED), BLACK);
                self.jump_if(Cond::NotEqual, i, Slow);
                self.asm.load(Eight, Rcx, at(Rcx, UPVAL_V));
                self.asm.store(Eight, at(Rcx, 0), Rdx);
                self.bind(i, Back);
            }
            E::GetGlobal => self.get_field(i, insn, Upvalue(b)),
            E::GetField => self.get_field(i, insn, Register(b)),
            E::SetGlobalR => self.set_field(i, insn, Upvalue(a), Register(c)),
            E::SetGlobalK => self.set_field(i, insn, Upvalue(a), Constant(c)),
            E::SetFieldR => self.set_field(i, insn, Register(a), Register(c)),
            E::SetFieldK => self.set_field(i, insn, Register(a), Constant(c)),
            E::SelfField => self.helped(i, Id::SelfField),
            E::GetInt => {
                if insn.imm() > MOST_INDEX {
                    return self.helped(i, Id::Get);
                }
                let place = self.fixed_slot(i, Register(b), insn.imm() - 1);
                self.get_unless_nil(i, place, a);
            }
            E::SetIntR | E::SetIntK if insn.imm() > MOST_INDEX => {
                self.jump(i, Slow);
                for part in [Hook, Fourth, Back] {
                    self.bind(i, part);
                }
            }
            E::SetIntR => self.set_int(i, insn, Register(c)),
            E::SetIntK => self.set_int(i, insn, Constant(c)),
            E::GetIndex => self.get_index(i, insn, Register(b)),
            E::GetUpIndex => self.get_index(i, insn, Upvalue(b)),
            E::SetIndexR => self.set_index(i, insn, Register(a), Register(c)),
            E::SetIndexK => self.set_index(i, insn, Register(a), Constant(c)),
            E::SetUpIndexR => self.set_index(i, insn, Upvalue(a), Register(c)),
            E::SetUpIndexK => self.set_index(i, insn, Upvalue(a), Constant(c)),
            E::GetTabUp | E::GetTable | E::SelfAny => self.helped(i, Id::Get),
            E::SetTabUp | E::SetTable => self.helped(i, Id::Set),
            E::NewTable => self.helped(i, Id::NewTable),
            E::SetList => {
                self.helped(i, Id::SetList);
                if c != 0 {
                    self.jump(i + 2, Start);
                }
            }
            E::AddRR => self.arith(i, insn, Sse::Add, rr.0, rr.1),
            E::AddRK => self.arith(i, insn, Sse::Add, rk.0, rk.1),
            E::AddKR => self.arith(i, insn, Sse::Add, kr.0, kr.1),
            E::SubRR => self.arith(i, insn, Sse::Sub, rr.0, rr.1),
            E::SubRK => self.arith(i, insn, Sse::Sub, rk.0, rk.1),
            E::SubKR => self.arith(i, insn, Sse::Sub, kr.0, kr.1),
            E::MulRR => self.arith(i, insn, Sse::Mul, rr.0, rr.1),
            E::MulRK => self.arith(i, insn, Sse::Mul, rk.0, rk.1),
            E::MulKR => self.arith(i, insn, Sse::Mul, kr.0, kr.1),
            E::DivRR => self.arith(i, insn, Sse::Div, rr.0, rr.1),
            E::DivRK => self.arith(i, insn, Sse::Div, rk.0, rk.1),
            E::DivKR => self.arith(i, insn, Sse::Div, kr.0, kr.1),
            E::ModRR => self.modulo(i, insn, rr.0, rr.1),
            E::ModRK => self.modulo(i, insn, rk.0, rk.1),
            E::ModKR => self.modulo(i, insn, kr.0, kr.1),
            E::PowRR => self.power(i, insn, rr.0, rr.1),
            E::PowRK => self.power(i, insn, rk.0, rk.1),
            E::PowKR => self.power(i, insn, kr.0, kr.1),
            E::ArithKK => self.helped(i, Id::Arith),
            E::Unm => {
                self.asm.load(Eight, Rax, register(b));
                self.asm.alu(Alu::Cmp, Eight, Rax, NIL);
                self.jump_if(Cond::NotBelow, i, Slow);
                self.asm.invert_bit(Rax, 63);
                self.asm.store(Eight, register(a), Rax);
                self.bind(i, Back);
            }
            E::Not => {
                // False is one more than nil, and true one more than false.
                self.test(register(b));
                self.asm.address(Rax, at(NIL, 1));
                self.asm.alu_number(Alu::Adc, Eight, Rax, 0);
                self.asm.store(Eight, register(a), Rax);
            }
            E::Len => self.helped(i, Id::Len),
            E::Concat => self.helped(i, Id::Concat),
            E::Jmp => {
                let target = self.target(i, insn);
                self.jump(target, Start);
            }
            E::JmpBack => self.jump_back(i, insn),
            E::JmpClose => {
                self.helped(i, Id::Close);
                self.jump_back(i, insn);
            }
            E::EqRR | E::NotEqRR => {
                self.asm.load_double(X0, register(b));
                self.asm.compare_double_load(X0, register(c));
                self.jump_if(Cond::Parity, i, Slow);
                let (equal, unequal) = (Cond::Equal, Cond::NotEqual);
                let conds = if insn.op() == E::EqRR { (equal, unequal) } else { (unequal, equal) };
                self.branch(i, insn, conds.0, conds.1);
            }
            E::EqRK | E::NotEqRK => {
                self.asm.load(Eight, Rax, register(b));
                self.asm.alu_load(Alu::Cmp, Eight, Rax, constant(c));
                let (equal, unequal) = (Cond::Equal, Cond::NotEqual);
                let conds = if insn.op() == E::EqRK { (equal, unequal) } else { (unequal, equal) };
                self.branch(i, insn, conds.0, conds.1);
            }
            E::EqRN | E::NotEqRN => {
                // A register that holds no number reads as a NaN, which equals nothing.
                self.asm.load_double(X0, register(b));
                self.asm.compare_double_load(X0, constant(c));
                if insn.op() == E::EqRN {
                    self.jump_if(Cond::Parity, i + 2, Start);
                    self.branch(i, insn, Cond::Equal, Cond::NotEqual);
                } else {
                    let target = self.target(i, insn);
                    self.jump_if(Cond::Parity, target, Start);
                    self.branch(i, insn, Cond::NotEqual, Cond::Equal);
                }
            }
            E::LtRR => self.less_than(i, insn, rr.0, rr.1),
            E::LtRK => self.less_than(i, insn, rk.0, rk.1),
            E::LtKR => self.less_than(i, insn, kr.0, kr.1),
            E::LeRR => self.less_equal(i, insn, rr.0, rr.1),
            E::LeRK => self.less_equal(i, insn, rk.0, rk.1),
            E::LeKR => self.less_equal(i, insn, kr.0, kr.1),
            E::NotLtRR => self.not_less_than(i, insn, rr.0, rr.1),
            E::NotLtRK => self.not_less_than(i, insn, rk.0, rk.1),
            E::NotLtKR => self.not_less_than(i, insn, kr.0, kr.1),
            E::NotLeRR => self.not_less_equal(i, insn, rr.0, rr.1),
            E::NotLeRK => self.not_less_equal(i, insn, rk.0, rk.1),
            E::NotLeKR => self.not_less_equal(i, insn, kr.0, kr.1),
            E::CompareAny => {
                self.helped(i, Id::Compare);
                // The jump behind it is an instruction by itself.
                self.asm.alu_number(Alu::Cmp, Eight, Rax, (a != 0) as i32);
                self.jump_if(Cond::NotEqual, i + 2, Start);
            }
            E::Test => {
                self.test(register(a));
                self.branch(i, insn, Cond::NotBelow, Cond::Below);
            }
            E::TestNot => {
                self.test(register(a));
                self.branch(i, insn, Cond::Below, Cond::NotBelow);
            }
            E::TestSet => {
                self.test(register(b));
                let skip = if c == 0 { Cond::NotBelow } else { Cond::Below };
                self.jump_if(skip, i + 2, Start);
                self.asm.store(Eight, register(a), Rdx);
                let target = self.target(i, insn);
                self.jump(target, Start);
            }
            E::Call => self.call(i, insn),
            E::TailCall => {
                self.helped(i, Id::TailCall);
                self.reload();
            }
            E::Return => self.help(i, Id::Return, Start),
            E::Return0 => self.return_fixed(i, insn, 0),
            E::Return1 => self.return_fixed(i, insn, 1),
            E::CloseReturn0 => self.close_and_return(i, insn, 0),
            E::CloseReturn1 => self.close_and_return(i, insn, 1),
            E::ForPrep => self.for_prep(i, insn),
            E::ForLoop => self.for_loop(i, insn),
            E::TForCall => {
                self.helped(i, Id::TForCall);
                self.reload();
            }
            E::TForLoop => {
                self.asm.load(Eight, Rax, register(a + 1));
                self.asm.alu(Alu::Cmp, Eight, Rax, NIL);
                self.jump_if(Cond::Equal, i + 1, Start);
                self.asm.store(Eight, register(a), Rax);
                self.jump_back(i, insn);
            }
            E::Closure => self.helped(i, Id::Closure),
            E::VarArg => self.helped(i, Id::VarArg),
            E::Nop => {}
        }
    }

    /// What of an instruction is rare.
    fn cold(&mut self, i: usize, insn: ExecInsn) {
        use ExecOp as E;
        match insn.op() {
            E::Move | E::LoadK | E::LoadBool | E::LoadNil | E::GetUpval | E::Not | E::Jmp | E::Nop => {}
            E::EqRK | E::NotEqRK | E::EqRN | E::NotEqRN | E::Test | E::TestNot | E::TestSet => {}
            // A helper does all of it.
            E::SelfField | E::GetTabUp | E::GetTable | E::SelfAny | E::SetTabUp | E::SetTable => {}
            E::NewTable | E::SetList | E::ArithKK | E::Len | E::Concat | E::CompareAny => {}
            E::TailCall | E::Return | E::TForCall | E::Closure | E::VarArg => {}
            E::SetUpval => self.slow(i, Id::SetUpval),
            E::GetGlobal | E::GetField => self.slow(i, Id::GetField),
            E::SetGlobalR | E::SetGlobalK | E::SetFieldR | E::SetFieldK => {
                self.barrier(i);
                self.slow(i, Id::SetField);
            }
            E::GetInt if insn.imm() > MOST_INDEX => {}
            E::GetInt | E::GetIndex | E::GetUpIndex => self.slow(i, Id::Get),
            E::SetIntR | E::SetIntK | E::SetIndexR | E::SetIndexK | E::SetUpIndexR | E::SetUpIndexK => {
                self.set_slot_cold(i);
            }
            E::AddRR | E::AddRK | E::AddKR | E::SubRR | E::SubRK | E::SubKR => self.slow(i, Id::Arith),
            E::MulRR | E::MulRK | E::MulKR | E::DivRR | E::DivRK | E::DivKR => self.slow(i, Id::Arith),
            E::PowRR | E::PowRK | E::PowKR | E::Unm => self.slow(i, Id::Arith),
            E::ModRR | E::ModRK | E::ModKR => self.modulo_cold(i),
            E::JmpBack | E::JmpClose | E::TForLoop => {
                let target = self.target(i, insn);
                self.leave_for_hooks(i, target);
            }
            E::EqRR | E::LtRR | E::LtRK | E::LtKR | E::LeRR | E::LeRK | E::LeKR => {
                self.compare_cold(i, insn, true);
            }
            E::NotEqRR | E::NotLtRR | E::NotLtRK | E::NotLtKR => self.compare_cold(i, insn, false),
            E::NotLeRR | E::NotLeRK | E::NotLeKR => self.compare_cold(i, insn, false),
            E::Call => self.call_cold(i, insn),
            E::Return0 | E::CloseReturn0 => self.return_cold(i, insn, 0),
            E::Return1 | E::CloseReturn1 => self.return_cold(i, insn, 1),
            E::ForPrep => self.slow(i, Id::ForPrep),
            E::ForLoop => {
                self.for_loop_cold(i, insn);
                let target = self.target(i, insn);
                self.leave_for_hooks(i, target);
            }
        }
    }
}

fn label(i: usize, part: Part) -> Label {
    Label(i as u32 * LABELS + part as u32)
}
