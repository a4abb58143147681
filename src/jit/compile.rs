//! From the executable form to native code, instruction by instruction.
//!
//! Each operation has a template. Its short way, `hot`, is in the order of the instructions; what is rare, `cold`, is
//! behind them all: it saves the pc and goes to a helper. Both are chosen by a `match` over all operations, so one
//! without a template does not compile.
//!
//! What `types` knows of registers saves checks, and keeps values in registers of the processor (`held`). Each register
//! is stored to the Lua stack all the same, so that a helper, an exit and the collector find true frames; behind a
//! helper, what is held is loaded again.
//!
//! Layout of a function: the records, the map, the distance of its body, the size of all of it, the size of what is in
//! front of the code, the address of the code that the function had before (or 0), then the code. A call begins with
//! it: with what makes the frame (`prologue`), behind which the body is. The map has a word for each instruction, that
//! of the first one last: where code can be entered there, the distance of a record from the beginning of the code,
//! downwards. A record has the distance of the code, the number of registers of which something is known there, and a
//! word for each: its number, and from bit 16 on the type.

use super::interface::{self, FUNCTION_TAG_SLOT, FUNCTIONS_SLOT, Id, TABLE_TAG_SLOT};
use super::memory::CodeMemory;
use super::types::{self, Analysis, Counts, FIRST_HELD, Held, Room, Type};
use super::x64::{Alu, Assembler, Cond, Jump, Label, Mem, Place, Reg, Sse, Width, Xmm, at};
use crate::code::exec::{ExecInsn, ExecOp};
use crate::consts::LUA_TSTRING;
use crate::object::layout::*;
use crate::object::{Gc, Global, Metamethod, Proto, Slot, Value};
use Reg::{Rax, Rcx, Rdx};
use Width::{Eight, Four};
use core::cell::Cell;

pub(super) const BASE: Reg = Reg::Rbx;
pub(super) const CONSTANTS: Reg = Reg::Rbp;
pub(super) const THREAD: Reg = Reg::R12;
pub(super) const NIL: Reg = Reg::R13;
pub(super) const CI: Reg = Reg::R14;
pub(super) const CLOSURE: Reg = Reg::R15;
pub(super) const X0: Xmm = Xmm(0);
pub(super) const X1: Xmm = Xmm(1);
pub(super) const X2: Xmm = Xmm(2);

/// Bytes that the beginning of code is a multiple of.
const ALIGNMENT: usize = 16;
/// Where, before the code, the address of the older code is, the size of all that is before the code, the size of all,
/// and the distance of the body.
const OLDER: usize = 8;
const FRONT: usize = 12;
const SIZE: usize = 16;
pub(super) const BODY: usize = 20;
/// Bytes between the map and the code.
const HEAD: usize = BODY;
/// The largest constant index of an array that gets into code: larger numbers are not for a script to choose there.
const MOST_INDEX: u32 = 1000;
/// More instructions than this are not compiled.
const MOST_INSTRUCTIONS: usize = 4000;

/// What the maker notes of an instruction.
#[derive(Clone, Copy, Default)]
pub(super) struct Note {
    /// what the processor's registers hold before the instruction, and after it
    pub(super) before: Held,
    pub(super) after: Held,
    /// The short way does not always do.
    pub(super) slow: bool,
}

/// Told for a listing whose instruction's code follows, and how far that is from where calls begin.
pub type Marks<'a> = Option<&'a dyn Fn(usize, usize)>;

/// Native code for a function; where a call of it begins. Nothing when there is no memory, or the function is too long.
/// With `guesses` it may leave where a guess of `types` fails.
pub fn compile(
    scratch: &types::Scratch,
    memory: &CodeMemory,
    g: &Global,
    p: Gc<Proto>,
    guesses: bool,
    marks: Marks,
) -> Option<*const u8> {
    let n = p.code.len();
    if n > MOST_INSTRUCTIONS {
        return None;
    }
    let label_count = n * LABELS as usize + LABELS_OF_FUNCTION;
    let counts = Counts::of(p);
    let record_words = counts.places * (2 + p.maxstacksize() as usize);
    let fixed = size_of::<Place>() * label_count
        + (size_of::<Note>() + 4) * n
        + 4 * record_words
        + Analysis::size(p, counts)?
        + 64;
    // Room for what most functions need, and then twice as much, and so on.
    for factor in (0..8).map(|k| 1 << k) {
        let (jump_count, bytes) = (factor * (8 * n + 64), factor * (128 * n + 4096));
        let memory_for_all = scratch.take(fixed + size_of::<Jump>() * jump_count + bytes)?;
        let mut room = Room { left: memory_for_all };
        // SAFETY: zeros are each of these types, and anything is a `Place` or a `Jump`.
        let (labels, notes, map, records, jumps) = unsafe {
            (
                &*room.take_as_is::<Cell<Place>>(label_count),
                &*room.take::<Cell<Note>>(n),
                room.take::<u32>(n),
                room.take_as_is::<u32>(record_words),
                room.take_as_is::<Jump>(jump_count),
            )
        };
        let mut analysis = Analysis::new(p, counts, guesses, &mut room);
        let records = find_records(&mut analysis, n, map, records);
        let index = Value::string(g.metamethod_name(Metamethod::Index)).0;
        let string_metatable = g.metatables[LUA_TSTRING as usize].as_ptr() as u64;
        let data = Data { map, records, index, string_metatable };
        let asm = Assembler::new(room.left, jumps, labels);
        let mut maker = Maker::new(asm, p, &mut analysis, notes, data);
        maker.make();
        if maker.asm.is_full() {
            continue;
        }
        let front = data.size();
        let size = front + maker.asm.shorten();
        let code = memory.publish(size, |out| {
            let (before, code) = out.split_at_mut(front);
            maker.write_data(before, size);
            maker.asm.write(code);
        })?;
        if marks.is_some() {
            maker.make_again(marks);
        }
        return Some(code.wrapping_add(front));
    }
    None
}

/// What is in front of the code, with labels for distances, and what else code needs to know.
#[derive(Clone, Copy)]
pub(super) struct Data<'a> {
    /// of each instruction: which of `records` its record begins at, plus 1, or 0
    map: &'a [u32],
    records: &'a [u32],
    /// the string `__index`
    pub(super) index: u64,
    /// where the metatable of strings is
    pub(super) string_metatable: u64,
}

impl Data<'_> {
    /// Bytes in front of the code.
    fn size(&self) -> usize {
        (4 * (self.records.len() + self.map.len()) + HEAD).next_multiple_of(ALIGNMENT)
    }
}

/// Finds where the code can be entered: at the beginning, where a loop or a turn of it begins, and behind calls.
fn find_records<'a>(a: &mut Analysis, n: usize, map: &mut [u32], records: &'a mut [u32]) -> &'a [u32] {
    map.fill(0);
    let mut count = 0;
    let mut add = |map: &mut [u32], pc: usize, label: u32, known: &[Type]| {
        map[pc] = count as u32 + 1;
        let start = count;
        count += 2;
        for (r, &t) in known.iter().enumerate().filter(|(_, t)| **t != Type::Unknown) {
            records[count] = r as u32 | (t as u32) << 16;
            count += 1;
        }
        (records[start], records[start + 1]) = (label, (count - start - 2) as u32);
    };
    let mut reached = false;
    for i in 0..n {
        if a.is_leader(i) {
            reached = a.enter(i);
            if i == 0 {
                add(map, 0, function_label(n, FunctionPart::Body).0, &[]);
            } else if a.has_pad(i) {
                let known = if a.is_entered(i) { a.outside(i) } else { &*a.now };
                add(map, i, label(i, Pad).0, known);
            }
        }
        if reached {
            a.step(i);
            if types::goes_on_behind(a.insn(i)) && i + 1 < n && !a.has_pad(i + 1) {
                add(map, i + 1, label(i, Back).0, &a.now);
            }
        }
    }
    &records[..count]
}

/// Where the frame of a call goes on that is made already, in a function whose calls begin at `code`.
pub fn body_of(code: *const u8) -> *const u8 {
    // SAFETY: the layout of a function.
    unsafe { code.add(*code.sub(BODY).cast::<u32>() as usize) }
}

/// The code that was made for the function before this, or null. It may have been freed.
pub fn older(code: *const u8) -> *const u8 {
    // SAFETY: the layout of a function.
    unsafe { *code.sub(OLDER).cast::<*const u8>() }
}

/// All of a function whose calls begin at `code`, with what is in front of that.
pub fn extent(code: *const u8) -> (*const u8, usize) {
    // SAFETY: the layout of a function.
    unsafe {
        let front = *code.sub(FRONT).cast::<u32>() as usize;
        (code.sub(front), *code.sub(SIZE).cast::<u32>() as usize)
    }
}

/// Where the code is entered in a frame whose registers begin at `base`, at an instruction of a function whose calls
/// begin at `code`. Nothing where it cannot be; where a register is not as the code takes for granted, its number.
pub fn entry(code: *const u8, index: usize, base: Slot) -> Option<Result<*const u8, usize>> {
    // SAFETY: the layout of a function; the index is that of an instruction, the registers those of its frame.
    unsafe {
        let distance = *code.sub(HEAD).cast::<u32>().sub(index + 1) as usize;
        if distance == 0 {
            return None;
        }
        let record = code.sub(distance).cast::<u32>();
        let known = core::slice::from_raw_parts(record.add(2), *record.add(1) as usize);
        for &word in known {
            let register = word as u16 as usize;
            if !Type::from_number((word >> 16) as u8).has(base.above(register).read()) {
                return Some(Err(register));
            }
        }
        Some(Ok(code.add(*record as usize)))
    }
}

/// The labels of an instruction.
#[derive(Clone, Copy)]
#[repr(u32)]
pub(super) enum Part {
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
    Sixth,
    Seventh,
    /// A hook is set; to be left at the target of the jump.
    Hook,
    /// A loop is entered here.
    Pad,
    /// A guess of the loop failed.
    PadFails,
    /// What is held is loaded again behind a helper.
    Reload,
    /// of stress builds
    Stress,
    Stressed,
    StressReload,
}
/// Those of stress builds are the last.
const LABELS: u32 = Stress as u32 + if cfg!(feature = "stress-jit") { 3 } else { 0 };
use Part::{Back, Fourth, Hook, Pad, PadFails, Reload, Slow, Start, Stress, StressReload, Stressed};

/// An operand that holds a value.
#[derive(Clone, Copy)]
pub(super) enum Source {
    Register(usize),
    Constant(usize),
    Upvalue(usize),
}
use Source::{Constant, Register, Upvalue};

/// Where a number is.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Double {
    In(Xmm),
    At(Mem),
}

pub(super) struct Maker<'a, 'b> {
    pub(super) asm: Assembler<'a>,
    pub(super) p: Gc<Proto>,
    pub(super) code: *const ExecInsn,
    pub(super) n: usize,
    pub(super) analysis: &'a mut Analysis<'b>,
    pub(super) notes: &'a [Cell<Note>],
    pub(super) data: Data<'a>,
    /// what the loop around the instruction keeps in the processor
    pub(super) fixed: Held,
    /// what the processor's registers hold
    pub(super) held: Held,
    /// The function had other code before.
    pub(super) again: bool,
    /// the register that the instruction has put into one of them
    pub(super) fresh: Option<usize>,
    /// the last of them that was taken for a while
    pub(super) last_taken: usize,
    /// the function has upvalues that its code reads
    pub(super) upvalues: bool,
    marks: Marks<'a>,
}

/// The place of a register.
pub(super) fn register(n: usize) -> Mem {
    at(BASE, n as i32 * 8)
}
pub(super) fn constant(n: usize) -> Mem {
    at(CONSTANTS, n as i32 * 8)
}

impl<'a, 'b> Maker<'a, 'b> {
    fn new(
        asm: Assembler<'a>,
        p: Gc<Proto>,
        analysis: &'a mut Analysis<'b>,
        notes: &'a [Cell<Note>],
        data: Data<'a>,
    ) -> Maker<'a, 'b> {
        Maker {
            asm,
            p,
            code: p.entry().code(),
            n: p.code.len(),
            analysis,
            notes,
            data,
            fixed: Held::default(),
            held: Held::default(),
            again: !p.entry().native().is_null(),
            fresh: None,
            last_taken: FIRST_HELD,
            upvalues: !p.upvalues.is_empty(),
            marks: None,
        }
    }

    pub(super) fn insn(&self, i: usize) -> ExecInsn {
        self.analysis.insn(i)
    }

    /// Makes all of it.
    fn make(&mut self) {
        self.prologue();
        self.load_constants();
        if self.analysis.is_entered(0) {
            self.jump(0, Pad);
        }
        let mut reached = false;
        for i in 0..self.n {
            if self.analysis.is_leader(i) {
                if reached && self.analysis.enters(i - 1, i) {
                    self.jump(i, Pad);
                }
                reached = self.analysis.enter(i);
                self.held = self.analysis.held(i);
            } else if !reached {
                self.analysis.now.fill(Type::Unknown);
                self.held = self.analysis.held(i);
            }
            self.fixed = self.analysis.held(i);
            if !self.is_moved(i) {
                self.one(i);
            }
            self.analysis.step(i);
            reached &= types::successors(i, self.insn(i))[0] == Some(i + 1);
        }
        for i in 0..self.n {
            if self.is_moved(i) {
                self.held = self.analysis.held(i);
                self.fixed = self.held;
                self.one(i);
            }
            self.mark(i);
            self.cold(i, self.insn(i));
            if self.analysis.has_pad(i) {
                self.pad(i);
            }
            if cfg!(feature = "stress-jit") {
                self.stress_cold(i);
            }
        }
        self.prologue_cold();
    }

    /// Makes the same again, and tells where instructions are.
    fn make_again(&mut self, marks: Marks<'a>) {
        self.asm.restart();
        (self.held, self.fixed, self.last_taken) = (Held::default(), Held::default(), FIRST_HELD);
        self.marks = marks;
        self.make();
    }

    /// Writes what is in front of the code, once it is known where that is. `all` is the size of both.
    fn write_data(&self, out: &mut [u8], all: usize) {
        let (data, size) = (self.data, out.len());
        let records_at = size - HEAD - 4 * (data.map.len() + data.records.len());
        let (unused, mut out) = out.split_at_mut(records_at);
        unused.fill(0);
        let mut word = |w: u32| {
            let (to, rest) = core::mem::take(&mut out).split_at_mut(4);
            to.copy_from_slice(&w.to_le_bytes());
            out = rest;
        };
        let mut i = 0;
        while i < data.records.len() {
            let (place, count) = (data.records[i], data.records[i + 1]);
            word(self.asm.place_of(Label(place)) as u32);
            for &known in &data.records[i + 1..i + 2 + count as usize] {
                word(known);
            }
            i += 2 + count as usize;
        }
        for &record in data.map.iter().rev() {
            let record = (record as usize).checked_sub(1);
            word(record.map_or(0, |record| size - (records_at + 4 * record)) as u32);
        }
        let older = self.p.entry().native() as u64;
        let body = self.asm.place_of(function_label(self.n, FunctionPart::Body));
        for w in [body as u32, all as u32, size as u32, older as u32, (older >> 32) as u32] {
            word(w);
        }
    }

    /// The short way of an instruction.
    fn one(&mut self, i: usize) {
        let insn = self.insn(i);
        let before = self.held;
        self.begin(i);
        self.fresh = None;
        self.hot(i, insn);
        self.settle(insn);
        let note = self.notes[i].get();
        self.notes[i].set(Note { before, after: self.held, ..note });
    }

    /// A loop is entered: its guesses are checked, and what it keeps in the processor is loaded.
    fn pad(&mut self, i: usize) {
        self.bind(i, Pad);
        self.analysis.enter(i);
        for r in 0..self.p.maxstacksize() as usize {
            let (known, wanted) = (self.analysis.outside(i)[r], self.analysis.now[r]);
            if !self.analysis.is_entered(i) || known != Type::Unknown || wanted == Type::Unknown {
                continue;
            }
            self.asm.load(Eight, Rax, register(r));
            if wanted == Type::Table {
                self.asm.alu_load(Alu::Xor, Eight, Rax, at(Reg::Rsp, TABLE_TAG_SLOT));
                self.asm.shift_right(Rax, 48);
                self.jump_if(Cond::NotEqual, i, PadFails);
            } else {
                self.asm.alu(Alu::Cmp, Eight, Rax, NIL);
                self.jump_if(Cond::NotBelow, i, PadFails);
            }
        }
        self.reload_held(self.analysis.held(i));
        self.jump(i, Start);
        self.bind(i, PadFails);
        self.save_pc(self.analysis.loop_end(i) + 1);
        self.jump_to_entry(Id::RefuteLoop, Rax);
    }
    /// Goes on at another instruction than the next one.
    pub(super) fn go(&mut self, i: usize, to: usize) {
        self.jump(to, self.way_in(i, to));
    }
    pub(super) fn go_if(&mut self, c: Cond, i: usize, to: usize) {
        self.jump_if(c, to, self.way_in(i, to));
    }
    /// A loop that is entered only from where nothing leads to has no `Pad`.
    fn way_in(&self, i: usize, to: usize) -> Part {
        if self.analysis.enters(i, to) && self.analysis.is_entered(to) { Pad } else { Start }
    }

    /// Goes to the slow part, which there is for that.
    pub(super) fn slow_if(&mut self, c: Cond, i: usize) {
        self.notes[i].set(Note { slow: true, ..self.notes[i].get() });
        self.jump_if(c, i, Slow);
    }

    /// What follows belongs to the instruction.
    fn mark(&mut self, i: usize) {
        if let Some(mark) = self.marks {
            mark(i, self.asm.position());
        }
    }
    /// The instruction begins here.
    fn begin(&mut self, i: usize) {
        self.mark(i);
        self.bind(i, Start);
        if cfg!(feature = "stress-jit") {
            self.asm.set(Rax, interface::STRESS_COUNT.as_ptr() as u64);
            self.asm.alu_number_store(Alu::Sub, Four, at(Rax, 0), 1);
            self.jump_if(Cond::Negative, i, Stress);
            self.bind(i, Stressed);
        }
    }
    /// Leaves, or takes the long way, if there is one.
    fn stress_cold(&mut self, i: usize) {
        self.bind(i, Stress);
        self.save_pc(i);
        self.asm.address_of_label(Rcx, label(i, StressReload));
        if self.has_long_way(i) {
            self.asm.address_of_label(Rcx, label(i, Slow));
        }
        self.jump_to_entry(Id::Stress, Rax);
        self.bind(i, StressReload);
        self.reload_held(self.notes[i].get().before);
        self.jump(i, Stressed);
    }
    /// There is a slow part, which needs nothing of what the short way has done.
    fn has_long_way(&self, i: usize) -> bool {
        use ExecOp as E;
        let op = self.insn(i).op() as u8;
        let within = |first: ExecOp, last: ExecOp| (first as u8..=last as u8).contains(&op);
        let big = self.insn(i).imm() > MOST_INDEX;
        match self.insn(i).op() {
            E::GetTabUp | E::SetTabUp | E::GetTable | E::SetTable | E::SelfAny => false,
            E::ArithKK | E::EqRK | E::EqRN | E::NotEqRK | E::NotEqRN | E::CompareAny => false,
            E::GetInt => !big,
            E::Call | E::TailCall | E::Return | E::TForCall | E::VarArg => true,
            E::ForPrep | E::SetUpval | E::Len => true,
            E::CloseReturn0 | E::CloseReturn1 => false,
            _ => {
                within(E::GetGlobal, E::SetUpIndexK)
                    || (within(E::AddRR, E::Unm) || within(E::EqRR, E::NotLeKR)) && self.notes[i].get().slow
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

    #[inline(never)]
    pub(super) fn bind(&mut self, i: usize, part: Part) {
        self.asm.bind(label(i, part));
    }
    #[inline(never)]
    pub(super) fn jump(&mut self, i: usize, part: Part) {
        self.asm.jump(label(i, part));
    }
    #[inline(never)]
    pub(super) fn jump_if(&mut self, c: Cond, i: usize, part: Part) {
        self.asm.jump_if(c, label(i, part));
    }
    /// The instruction that a jump leads to.
    pub(super) fn target(&self, i: usize, insn: ExecInsn) -> usize {
        let target = i.wrapping_add_signed(insn.offset());
        debug_assert!(target < self.n);
        target
    }
    /// The address of the function's constants is no choice of a script.
    fn load_constants(&mut self) {
        self.asm.set(CONSTANTS, self.p.k.as_ptr() as u64);
    }
    /// What a callee that returns has not kept.
    pub(super) fn reload(&mut self, i: usize) {
        self.load_constants();
        if self.upvalues {
            self.asm.load(Eight, CLOSURE, at(CI, CI_FUNC));
            self.asm.load(Eight, CLOSURE, at(CLOSURE, 0));
            self.asm.alu_load(Alu::Xor, Eight, CLOSURE, at(Reg::Rsp, FUNCTION_TAG_SLOT));
        }
        self.bind(i, Reload);
        self.reload_held(self.fixed);
    }
    pub(super) fn load(&mut self, to: Reg, from: Source) {
        let place = match from {
            Register(n) => register(n),
            Constant(n) => constant(n),
            Upvalue(n) => self.upvalue_place(to, n),
        };
        self.asm.load(Eight, to, place);
    }
    pub(super) fn place(from: Source) -> Mem {
        match from {
            Register(n) => register(n),
            Constant(n) | Upvalue(n) => constant(n),
        }
    }
    /// `saved_pc` names the instruction `i`.
    pub(super) fn save_pc(&mut self, i: usize) {
        self.asm.set(Rax, self.code.wrapping_add(i) as u64);
        self.asm.store(Eight, at(CI, CI_SAVED_PC), Rax);
    }
    /// Jumps to the function, or calls it, by way of a register that it does not need.
    pub(super) fn jump_to_entry(&mut self, id: Id, by: Reg) {
        self.asm.load(Eight, by, at(Reg::Rsp, FUNCTIONS_SLOT));
        self.asm.jump_to_mem(at(by, id as i32 * 8));
    }
    pub(super) fn call_entry(&mut self, id: Id, by: Reg) {
        self.asm.load(Eight, by, at(Reg::Rsp, FUNCTIONS_SLOT));
        self.asm.call_mem(at(by, id as i32 * 8));
    }
    /// Has a helper do the instruction; then it goes on at the part.
    pub(super) fn help(&mut self, i: usize, id: Id, then: Part) {
        self.save_pc(i + 1);
        self.asm.address_of_label(Rcx, label(i, then));
        self.jump_to_entry(id, Rax);
    }
    /// Goes to the part when a hook is set.
    pub(super) fn check_hooks(&mut self, i: usize, part: Part) {
        self.asm.compare_byte(at(THREAD, THREAD_HOOK_MASK), 0);
        self.jump_if(Cond::NotEqual, i, part);
    }
    /// A jump that may make a loop.
    pub(super) fn jump_back(&mut self, i: usize, insn: ExecInsn) {
        let target = self.target(i, insn);
        self.check_hooks(i, Hook);
        self.go(i, target);
    }
    /// A hook is set: leaves before the instruction `pc`.
    pub(super) fn leave_for_hooks(&mut self, i: usize, pc: usize) {
        self.bind(i, Hook);
        self.save_pc(pc);
        self.leave(interface::SWITCH);
    }
    pub(super) fn leave(&mut self, why: i64) {
        self.asm.set(Rax, why as u64);
        self.jump_to_entry(Id::Leave, Rcx);
    }
    /// Tells a helper whether the code behind relies on the instruction's guess.
    pub(super) fn tell_guess(&mut self, i: usize) {
        let insn = self.insn(i);
        let has_one = types::arithmetic(insn).is_some() || types::indexed(insn).is_some();
        let has_one = has_one || insn.op() == ExecOp::Len;
        self.asm.set(Rdx, (has_one && self.analysis.guesses(insn)) as u64);
    }
    /// The part after which the slow way is a helper that does all. Behind it, what is held is loaded again: here, or
    /// by the short way, which does so behind `Back` in operations that a helper does (`types::is_helped`).
    pub(super) fn slow_at(&mut self, i: usize, part: Part, id: Id) {
        self.bind(i, part);
        self.tell_guess(i);
        let after = self.notes[i].get().after;
        if after == Held::default() || types::is_helped(self.insn(i)) {
            return self.help(i, id, Back);
        }
        self.help(i, id, Reload);
        self.bind(i, Reload);
        self.go_back(i);
    }
    pub(super) fn slow(&mut self, i: usize, id: Id) {
        self.slow_at(i, Slow, id);
    }
    /// A rare part is done: what is held is loaded again.
    pub(super) fn go_back(&mut self, i: usize) {
        self.reload_held(self.notes[i].get().after);
        self.jump(i, Back);
    }

    // --- templates

    /// Jumps when the condition of the flags holds.
    pub(super) fn branch(&mut self, i: usize, insn: ExecInsn, c: Cond, opposite: Cond) {
        if insn.offset() == 1 {
            self.go_if(opposite, i, i + 2);
        } else {
            let target = self.target(i, insn);
            self.go_if(c, i, target);
            self.next_after_two(i);
        }
    }
    /// Goes on behind the jump that follows the instruction. Nothing to do where that is moved.
    pub(super) fn next_after_two(&mut self, i: usize) {
        if !self.is_moved(i + 1) || self.analysis.enters(i, i + 2) {
            self.go(i, i + 2);
        }
    }
    /// Whether the register holds nil or false: below, or not below.
    pub(super) fn test(&mut self, value: Mem) {
        self.asm.load(Eight, Rdx, value);
        self.asm.mov(Rax, Rdx);
        self.asm.alu(Alu::Sub, Eight, Rax, NIL);
        self.asm.alu_number(Alu::Cmp, Eight, Rax, 2);
    }

    /// Has a helper do all of the instruction.
    pub(super) fn helped(&mut self, i: usize, id: Id) {
        self.tell_guess(i);
        self.help(i, id, Back);
        self.bind(i, Back);
        self.reload_held(self.fixed);
    }

    /// The short way of an instruction, or all of it.
    fn hot(&mut self, i: usize, insn: ExecInsn) {
        use ExecOp as E;
        let (a, b, c) = (insn.a(), insn.b(), insn.c());
        match insn.op() {
            E::Move => {
                self.asm.load(Eight, Rax, register(b));
                self.store_value(i, a, Rax);
            }
            E::LoadK => {
                self.asm.load(Eight, Rax, constant(insn.imm() as usize));
                self.store_value(i, a, Rax);
            }
            E::LoadBool => {
                self.asm.address(Rax, at(NIL, 1 + (b != 0) as i32));
                self.asm.store(Eight, register(a), Rax);
                if c != 0 {
                    self.go(i, i + 2);
                }
            }
            E::LoadNil => {
                for n in a..=a + b {
                    self.asm.store(Eight, register(n), NIL);
                }
            }
            E::GetUpval => {
                self.load(Rax, Upvalue(b));
                self.store_value(i, a, Rax);
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
            E::SelfField => self.self_field(i, insn),
            E::GetInt if insn.imm() > MOST_INDEX => {
                self.jump(i, Slow);
                self.bind(i, Back);
            }
            E::GetInt => {
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
                    self.go(i, i + 2);
                }
            }
            E::AddRR | E::AddRK | E::AddKR => self.arith(i, insn, Sse::Add),
            E::SubRR | E::SubRK | E::SubKR => self.arith(i, insn, Sse::Sub),
            E::MulRR | E::MulRK | E::MulKR => self.arith(i, insn, Sse::Mul),
            E::DivRR | E::DivRK | E::DivKR => self.arith(i, insn, Sse::Div),
            E::ModRR | E::ModRK | E::ModKR => self.modulo(i, insn),
            E::PowRR | E::PowRK | E::PowKR => self.power(i, insn),
            E::ArithKK => self.helped(i, Id::Arith),
            E::Unm => {
                self.asm.load(Eight, Rax, register(b));
                if !self.type_of(Register(b)).is_number() {
                    self.asm.alu(Alu::Cmp, Eight, Rax, NIL);
                    self.slow_if(Cond::NotBelow, i);
                }
                self.asm.invert_bit(Rax, 63);
                self.store_value(i, a, Rax);
                self.bind(i, Back);
            }
            E::Not => {
                // False is one more than nil, and true one more than false.
                self.test(register(b));
                self.asm.address(Rax, at(NIL, 1));
                self.asm.alu_number(Alu::Adc, Eight, Rax, 0);
                self.asm.store(Eight, register(a), Rax);
            }
            E::Len => self.len(i, insn),
            E::Concat => self.helped(i, Id::Concat),
            E::Jmp => {
                let target = self.target(i, insn);
                self.go(i, target);
            }
            E::JmpBack => self.jump_back(i, insn),
            E::JmpClose => {
                self.helped(i, Id::Close);
                self.jump_back(i, insn);
            }
            E::EqRR | E::NotEqRR => {
                let known = self.are_numbers(Register(b), Register(c));
                let (x, y) = (self.double(Register(b)), self.double(Register(c)));
                let x = self.in_register(X0, x);
                self.compare_with(x, y);
                if known {
                    self.branch_if_equal(i, insn, insn.op() == E::EqRR);
                } else {
                    self.slow_if(Cond::Parity, i);
                    let (equal, unequal) = (Cond::Equal, Cond::NotEqual);
                    let conds = if insn.op() == E::EqRR { (equal, unequal) } else { (unequal, equal) };
                    self.branch(i, insn, conds.0, conds.1);
                }
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
                let x = self.double(Register(b));
                let x = self.in_register(X0, x);
                self.asm.compare_double_load(x, constant(c));
                self.branch_if_equal(i, insn, insn.op() == E::EqRN);
            }
            E::LtRR | E::LtRK | E::LtKR => self.compare(i, insn, (Cond::Above, Cond::NotAbove)),
            E::LeRR | E::LeRK | E::LeKR => self.compare(i, insn, (Cond::NotBelow, Cond::Below)),
            E::NotLtRR | E::NotLtRK | E::NotLtKR => self.compare(i, insn, (Cond::NotAbove, Cond::Above)),
            E::NotLeRR | E::NotLeRK | E::NotLeKR => self.compare(i, insn, (Cond::Below, Cond::NotBelow)),
            E::CompareAny => {
                self.helped(i, Id::Compare);
                // The jump behind it is an instruction by itself.
                self.asm.alu_number(Alu::Cmp, Eight, Rax, (a != 0) as i32);
                self.go_if(Cond::NotEqual, i, i + 2);
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
                self.go_if(skip, i, i + 2);
                self.asm.store(Eight, register(a), Rdx);
                let target = self.target(i, insn);
                self.go(i, target);
            }
            E::Call => self.call(i, insn),
            E::TailCall => self.tail_call(i, insn),
            E::Return => self.return_values(i, insn),
            E::Return0 => self.return_fixed(i, insn, 0),
            E::Return1 => self.return_fixed(i, insn, 1),
            E::CloseReturn0 => self.close_and_return(i, insn, 0),
            E::CloseReturn1 => self.close_and_return(i, insn, 1),
            E::ForPrep => self.for_prep(i, insn),
            E::ForLoop => self.for_loop(i, insn),
            E::TForCall => self.iterator_call(i, insn),
            E::TForLoop => {
                self.asm.load(Eight, Rax, register(a + 1));
                self.asm.alu(Alu::Cmp, Eight, Rax, NIL);
                self.go_if(Cond::Equal, i, i + 1);
                self.asm.store(Eight, register(a), Rax);
                self.jump_back(i, insn);
            }
            E::Closure => self.helped(i, Id::Closure),
            E::VarArg => self.var_arg(i, insn),
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
            E::GetTabUp | E::GetTable | E::SelfAny | E::SetTabUp | E::SetTable => {}
            E::NewTable | E::SetList | E::ArithKK | E::Concat | E::CompareAny => {}
            E::Closure => {}
            E::SetUpval => self.slow(i, Id::SetUpval),
            E::SelfField => self.self_field_cold(i, insn),
            E::Len => self.len_cold(i, insn),
            E::GetField if self.again => self.get_field_cold(i, insn),
            E::GetGlobal | E::GetField => self.slow(i, Id::GetField),
            E::SetGlobalR => self.set_field_cold(i, insn, Upvalue(insn.a()), Register(insn.c())),
            E::SetGlobalK => self.set_field_cold(i, insn, Upvalue(insn.a()), Constant(insn.c())),
            E::SetFieldR => self.set_field_cold(i, insn, Register(insn.a()), Register(insn.c())),
            E::SetFieldK => self.set_field_cold(i, insn, Register(insn.a()), Constant(insn.c())),
            E::GetInt => self.slow(i, Id::Get),
            E::GetIndex => self.get_index_cold(i, insn, Register(insn.b())),
            E::GetUpIndex => self.get_index_cold(i, insn, Upvalue(insn.b())),
            E::SetIntR | E::SetIntK => self.set_slot_cold(i),
            E::SetIndexR => self.set_index_cold(i, insn, Register(insn.a()), Register(insn.c())),
            E::SetIndexK => self.set_index_cold(i, insn, Register(insn.a()), Constant(insn.c())),
            E::SetUpIndexR => self.set_index_cold(i, insn, Upvalue(insn.a()), Register(insn.c())),
            E::SetUpIndexK => self.set_index_cold(i, insn, Upvalue(insn.a()), Constant(insn.c())),
            E::AddRR | E::AddRK | E::AddKR | E::SubRR | E::SubRK | E::SubKR => self.slow_arith(i),
            E::MulRR | E::MulRK | E::MulKR | E::DivRR | E::DivRK | E::DivKR => self.slow_arith(i),
            E::PowRR | E::PowRK | E::PowKR | E::Unm => self.slow_arith(i),
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
            E::TailCall => self.tail_call_cold(i, insn),
            E::Return => {
                self.bind(i, Slow);
                self.help(i, Id::Return, Start);
            }
            E::TForCall => self.iterator_call_cold(i),
            E::VarArg => self.slow(i, Id::VarArg),
            E::Return0 => self.return_cold(i, insn, 0),
            E::Return1 => self.return_cold(i, insn, 1),
            E::CloseReturn0 => self.close_and_return_cold(i, insn, 0),
            E::CloseReturn1 => self.close_and_return_cold(i, insn, 1),
            E::ForPrep => self.slow(i, Id::ForPrep),
            E::ForLoop => {
                self.for_loop_cold(i, insn);
                let target = self.target(i, insn);
                self.leave_for_hooks(i, target);
            }
        }
    }
}

pub(super) fn label(i: usize, part: Part) -> Label {
    Label(i as u32 * LABELS + part as u32)
}

/// The labels of a function, behind those of its instructions.
#[derive(Clone, Copy)]
#[repr(u32)]
pub(super) enum FunctionPart {
    Body,
    /// A helper does all of the call.
    SlowCall,
    /// Arguments are missing.
    Missing,
    /// They are there now.
    Complete,
}
const LABELS_OF_FUNCTION: usize = FunctionPart::Complete as usize + 1;

/// A label of a function of `n` instructions.
pub(super) fn function_label(n: usize, part: FunctionPart) -> Label {
    Label(n as u32 * LABELS + part as u32)
}
