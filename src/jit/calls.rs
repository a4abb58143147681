//! Templates of calls, returns, iterators and variable arguments.
//!
//! What they do is what `vm::call::frame` does where that takes nothing but stores. A call that is not so plain goes
//! the long way: it is made by a helper. A frame that native code pushed is like any other.

use super::compile::{
    BASE, BODY, CI, CLOSURE, FunctionPart, Maker, NIL, Part, Source, THREAD, function_label, label, register,
};
use super::interface::{self, FUNCTION_TAG_SLOT, Id};
use super::x64::{Alu, Cond, Label, Reg, Width, at, element};
use crate::code::exec::ExecInsn;
use crate::object::Kind;
use crate::object::call_info::CallKind;
use crate::object::layout::*;
use FunctionPart::{Body, Complete, Missing, SlowCall};
use Part::{Back, Fifth, Fourth, Hook, Reload, Seventh, Sixth, Slow, Start, Third};
use Reg::{R8, R9, R10, R11, Rax, Rcx, Rdi, Rdx, Rsi};
use Source::Register;
use Width::{Eight, Four};

/// Where a call goes on whose callee is no Lua function.
const NOT_LUA: Part = Hook;
/// More values than this are copied by a helper, where the code would have a copy for each of them.
const MOST_COPIES: usize = 8;

impl Maker<'_, '_> {
    // --- calls

    pub(super) fn call(&mut self, i: usize, insn: ExecInsn) {
        self.push_frame(i, insn.a(), insn.a(), insn.b(), insn.imm());
        self.bind(i, Back);
        self.reload(i);
    }
    /// Calls the function in the register `function`. It is called in the register `slot` with the `given` - 1
    /// arguments behind it, or for 0 with those up to the top. The frame is pushed by the callee's prologue.
    fn push_frame(&mut self, i: usize, function: usize, slot: usize, given: usize, kind: u32) {
        self.native_callee(i, function);
        if slot != function {
            // An iterator and its two arguments.
            for n in 0..given {
                self.asm.load(Eight, R9, register(function + n));
                self.asm.store(Eight, register(slot + n), R9);
            }
        }
        self.asm.address(Rdi, register(slot));
        if given == 0 {
            self.values_to_top(R11, Rdi);
        } else {
            self.asm.set(R11, given as u64);
        }
        self.asm.address_of_label(R10, label(i, Back));
        self.asm.store(Eight, at(CI, CI_RETURNS_TO), R10);
        self.save_pc_with(i + 1, R9);
        self.asm.set(R9, kind as u64);
        self.asm.jump_to_reg(Rcx);
    }
    /// Where calls of the function begin: the stores of `frame::push_plain`, and of `frame::push_lua` where there are
    /// variable arguments. The closure is in rax, its slot in rdi, the number of arguments and the function in r11, the
    /// frame's kind in r9. The caller's pc is saved, and where it goes on.
    pub(super) fn prologue(&mut self) {
        let size = self.p.maxstacksize() as i32;
        let params = self.p.numparams() as i32;
        let varargs = self.p.is_vararg();
        if self.has_no_short_call() {
            self.asm.jump(self.of_function(SlowCall));
            return self.asm.bind(self.of_function(Body));
        }
        self.asm.load(Eight, Rsi, at(CI, CI_NEXT));
        self.asm.test(Eight, Rsi, Rsi);
        self.asm.jump_if(Cond::Equal, self.of_function(SlowCall));
        self.asm.compare_byte(at(THREAD, THREAD_HOOK_MASK), 0);
        self.asm.jump_if(Cond::NotEqual, self.of_function(SlowCall));
        let end = if varargs { element(Rdi, R11, (1 + params + size) * 8) } else { at(Rdi, (1 + size) * 8) };
        self.asm.address(R8, end);
        self.asm.alu_load(Alu::Cmp, Eight, R8, at(THREAD, THREAD_STACK_LAST));
        self.asm.jump_if(Cond::NotBelow, self.of_function(SlowCall));
        if params > 0 {
            self.asm.alu_number(Alu::Cmp, Four, R11, params);
            self.asm.jump_if(Cond::NotAbove, self.of_function(Missing));
            self.asm.bind(self.of_function(Complete));
        }
        if varargs {
            self.asm.address(BASE, element(Rdi, R11, 0));
            for n in 0..params {
                self.asm.load(Eight, R10, at(Rdi, (1 + n) * 8));
                self.asm.store(Eight, at(BASE, n * 8), R10);
                self.asm.store(Eight, at(Rdi, (1 + n) * 8), NIL);
            }
            self.asm.address(R8, at(BASE, size * 8));
        } else {
            self.asm.address(BASE, at(Rdi, 8));
        }
        self.asm.store(Eight, at(Rsi, CI_FUNC), Rdi);
        self.asm.store(Eight, at(Rsi, CI_BASE), BASE);
        self.asm.store(Eight, at(Rsi, CI_TOP), R8);
        self.asm.store(Four, at(Rsi, CI_KIND), R9);
        self.asm.store(Eight, at(THREAD, THREAD_TOP), R8);
        self.asm.store(Eight, at(THREAD, THREAD_CI), Rsi);
        self.asm.mov(CI, Rsi);
        self.asm.mov(CLOSURE, Rax);
        self.asm.bind(self.of_function(Body));
    }
    /// The rare parts of the prologue: missing arguments are nil; or a helper does all of the call.
    pub(super) fn prologue_cold(&mut self) {
        let params = self.p.numparams() as i32;
        if params > 0 && !self.has_no_short_call() {
            self.asm.bind(self.of_function(Missing));
            self.asm.store(Eight, element(Rdi, R11, 0), NIL);
            self.asm.alu_number(Alu::Add, Four, R11, 1);
            self.asm.alu_number(Alu::Cmp, Four, R11, params);
            self.asm.jump_if(Cond::NotAbove, self.of_function(Missing));
            self.asm.jump(self.of_function(Complete));
        }
        self.asm.bind(self.of_function(SlowCall));
        self.asm.load(Eight, Rcx, at(CI, CI_RETURNS_TO));
        self.jump_to_entry(Id::Call, Rax);
    }
    fn has_no_short_call(&self) -> bool {
        cfg!(feature = "stress-stack") || self.p.is_vararg() && self.p.numparams() as usize > MOST_COPIES
    }
    fn of_function(&self, part: FunctionPart) -> Label {
        function_label(self.n, part)
    }
    /// The closure in the register is in rax, its prototype in rdx, and where its native code begins in rcx.
    fn native_callee(&mut self, i: usize, function: usize) {
        self.object(i, Rax, Register(function), FUNCTION_TAG_SLOT, Slow);
        self.asm.compare_byte(at(Rax, OBJECT_KIND), Kind::LuaClosure as u8);
        self.jump_if(Cond::NotEqual, i, NOT_LUA);
        self.asm.load(Eight, Rdx, at(Rax, CLOSURE_PROTO));
        self.asm.load(Eight, Rcx, at(Rdx, PROTO_NATIVE));
        self.asm.test(Eight, Rcx, Rcx);
        self.jump_if(Cond::Equal, i, Slow);
    }
    /// The stack has room for the frame of the prototype in rdx, behind the slot to which rdi points; its bytes are in
    /// r8.
    fn room_for_frame(&mut self, i: usize) {
        self.asm.load(Four, R8, at(Rdx, PROTO_FRAME_BYTES));
        self.asm.load(Eight, R9, at(THREAD, THREAD_STACK_LAST));
        self.asm.alu(Alu::Sub, Eight, R9, Rdi);
        self.asm.alu(Alu::Cmp, Eight, R9, R8);
        self.jump_if(Cond::LessEqual, i, Slow);
    }
    /// Goes to the third part when there are fewer arguments than parameters, whose number is in r11. Those of an open
    /// number are counted in r10, with the function.
    fn missing_arguments(&mut self, i: usize, given: usize) {
        self.asm.load_byte(R11, at(Rdx, PROTO_NUMPARAMS));
        if given == 0 {
            self.asm.alu(Alu::Cmp, Four, R11, R10);
        } else {
            self.asm.alu_number(Alu::Cmp, Four, R11, given as i32);
        }
        self.jump_if(Cond::NotBelow, i, Third);
    }
    /// The number of values from the place to the top.
    fn values_to_top(&mut self, to: Reg, from: Reg) {
        self.asm.load(Eight, to, at(THREAD, THREAD_TOP));
        self.asm.alu(Alu::Sub, Eight, to, from);
        self.asm.shift_right(to, 3);
    }
    /// Missing arguments are nil: the slots from `given` to the number of parameters, counted from the function.
    fn fill_arguments(&mut self, i: usize, given: usize) {
        self.bind(i, Third);
        if given != 0 {
            self.asm.set(R10, given as u64);
        }
        self.bind(i, Fifth);
        self.asm.store(Eight, element(Rdi, R10, 0), NIL);
        self.asm.alu_number(Alu::Add, Four, R10, 1);
        self.asm.alu(Alu::Cmp, Four, R10, R11);
        self.jump_if(Cond::NotAbove, i, Fifth);
        self.jump(i, Fourth);
    }
    /// `saved_pc` names the instruction `i`; rax is kept.
    fn save_pc_with(&mut self, i: usize, scratch: Reg) {
        self.asm.set(scratch, self.code.wrapping_add(i) as u64);
        self.asm.store(Eight, at(CI, CI_SAVED_PC), scratch);
    }
    pub(super) fn call_cold(&mut self, i: usize, insn: ExecInsn) {
        let id = match insn.c() {
            0 => Id::FastCallOpen,
            1 => Id::FastCall0,
            2 => Id::FastCall1,
            _ => {
                self.slow_at(i, NOT_LUA, Id::CallFunction);
                return self.slow(i, Id::Call);
            }
        };
        self.bind(i, NOT_LUA);
        self.library_call(i, insn, id);
        self.slow(i, Id::Call);
    }
    /// A function that is not written in Lua. The stub takes it in rax, its slot in rdi, the number of arguments in rdx.
    fn library_call(&mut self, i: usize, insn: ExecInsn, id: Id) {
        self.save_pc_with(i + 1, R9);
        self.asm.address(Rdi, register(insn.a()));
        if insn.b() == 0 {
            self.values_to_top(Rdx, Rdi);
            self.asm.alu_number(Alu::Sub, Four, Rdx, 1);
        } else {
            self.asm.set(Rdx, insn.b() as u64 - 1);
        }
        self.asm.address_of_label(Rcx, label(i, Reload));
        self.jump_to_entry(id, R9);
    }

    /// The stores of `frame::replace_plain`.
    pub(super) fn tail_call(&mut self, i: usize, insn: ExecInsn) {
        let given = insn.b();
        if !self.p.protos.is_empty() {
            self.nothing_to_close(i, Slow);
        }
        self.native_callee(i, insn.a());
        self.check_hooks(i, Slow);
        self.asm.load(Eight, Rdi, at(CI, CI_FUNC));
        self.room_for_frame(i);
        if (1..=MOST_COPIES).contains(&given) {
            for n in 0..given {
                self.asm.load(Eight, R9, register(insn.a() + n));
                self.asm.store(Eight, at(Rdi, n as i32 * 8), R9);
            }
        } else {
            self.asm.address(Rsi, register(insn.a()));
            if given == 0 {
                self.values_to_top(R10, Rsi);
            } else {
                self.asm.set(R10, given as u64);
            }
            self.asm.alu(Alu::Xor, Four, R11, R11);
            self.bind(i, Sixth);
            self.asm.load(Eight, R9, element(Rsi, R11, 0));
            self.asm.store(Eight, element(Rdi, R11, 0), R9);
            self.asm.alu_number(Alu::Add, Four, R11, 1);
            self.asm.alu(Alu::Cmp, Four, R11, R10);
            self.jump_if(Cond::Below, i, Sixth);
        }
        self.missing_arguments(i, given);
        self.bind(i, Fourth);
        self.asm.address(BASE, at(Rdi, 8));
        self.asm.store(Eight, at(CI, CI_BASE), BASE);
        self.asm.alu(Alu::Add, Eight, Rdi, R8);
        self.asm.store(Eight, at(CI, CI_TOP), Rdi);
        self.asm.store(Eight, at(THREAD, THREAD_TOP), Rdi);
        self.asm.alu_number_store(Alu::Or, Four, at(CI, CI_KIND), CallKind::TAIL_CALLED as i32);
        self.asm.mov(CLOSURE, Rax);
        self.asm.load(Four, R9, at(Rcx, -(BODY as i32)));
        self.asm.alu(Alu::Add, Eight, Rcx, R9);
        self.asm.jump_to_reg(Rcx);
        self.bind(i, Back);
        self.reload(i);
    }
    pub(super) fn tail_call_cold(&mut self, i: usize, insn: ExecInsn) {
        self.fill_arguments(i, insn.b());
        self.bind(i, NOT_LUA);
        if insn.c() == 0 {
            // Its results are returned by the instruction that follows.
            self.library_call(i, insn, Id::FastCallOpen);
        }
        self.slow(i, Id::TailCall);
    }
    /// Goes to the part where variables of the frame are captured and not closed. Binds the seventh part.
    fn nothing_to_close(&mut self, i: usize, otherwise: Part) {
        self.asm.load(Eight, R9, at(THREAD, THREAD_OPEN_UPVALUES));
        self.asm.test(Eight, R9, R9);
        self.jump_if(Cond::Equal, i, Seventh);
        self.asm.alu_load(Alu::Cmp, Eight, BASE, at(R9, UPVAL_V));
        self.jump_if(Cond::NotAbove, i, otherwise);
        self.bind(i, Seventh);
    }

    // --- returns

    /// A return of no value or one, if the call was plain and wanted no more than that.
    pub(super) fn return_fixed(&mut self, i: usize, insn: ExecInsn, results: i32) {
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
    /// The end of an invocation of `vm::tier` that wanted as many results or all, and all other returns.
    pub(super) fn return_cold(&mut self, i: usize, insn: ExecInsn, results: usize) {
        self.bind(i, Slow);
        self.asm.alu_number_store(Alu::Cmp, Four, at(CI, CI_KIND), FRESH_KINDS[results] as i32);
        self.jump_if(Cond::Equal, i, Fifth);
        self.asm.alu_number_store(Alu::Cmp, Four, at(CI, CI_KIND), FRESH_OPEN_KIND as i32);
        self.jump_if(Cond::NotEqual, i, Third);
        self.bind(i, Fifth);
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
        self.leave(interface::DONE);
        self.bind(i, Third);
        self.asm.set(Rdx, results as u64);
        self.return_several(i, insn, Fourth);
        self.bind(i, Fourth);
        self.help(i, Id::Return, Start);
    }
    pub(super) fn close_and_return(&mut self, i: usize, insn: ExecInsn, results: i32) {
        self.nothing_to_close(i, Sixth);
        self.return_fixed(i, insn, results);
    }
    pub(super) fn close_and_return_cold(&mut self, i: usize, insn: ExecInsn, results: usize) {
        self.return_cold(i, insn, results);
        self.bind(i, Sixth);
        self.help(i, Id::Close, Seventh);
    }
    /// A return of several values, or of an open number of them.
    pub(super) fn return_values(&mut self, i: usize, insn: ExecInsn) {
        if insn.c() != 0 {
            self.nothing_to_close(i, Slow);
        }
        if insn.b() == 0 {
            self.asm.address(Rsi, register(insn.a()));
            self.values_to_top(Rdx, Rsi);
        } else {
            self.asm.set(Rdx, insn.b() as u64 - 1);
        }
        self.return_several(i, insn, Slow);
    }
    /// The stub for plain calls takes the first result's place in rsi, the number of results in rdx, and where to go
    /// otherwise in rcx.
    fn return_several(&mut self, i: usize, insn: ExecInsn, otherwise: Part) {
        self.asm.address(Rsi, register(insn.a()));
        self.asm.address_of_label(Rcx, label(i, otherwise));
        self.jump_to_entry(Id::ReturnSeveral, Rax);
    }

    // --- iterators

    pub(super) fn iterator_call(&mut self, i: usize, insn: ExecInsn) {
        let a = insn.a();
        self.push_frame(i, a, a + 3, 3, CallKind::plain(insn.c() as i32).bits());
        self.bind(i, Back);
        self.reload(i);
    }
    pub(super) fn iterator_call_cold(&mut self, i: usize) {
        self.bind(i, NOT_LUA);
        self.slow(i, Id::TForCall);
    }

    // --- variable arguments

    /// Those of the frame are between the called function's parameters and the first register.
    pub(super) fn var_arg(&mut self, i: usize, insn: ExecInsn) {
        let (a, b) = (insn.a(), insn.b());
        if cfg!(feature = "stress-stack") || b > 1 + MOST_COPIES {
            self.jump(i, Slow);
            self.bind(i, Back);
            return self.reload_held(self.fixed);
        }
        // How many bytes they take; where they begin.
        self.asm.mov(Rdx, BASE);
        self.asm.alu_load(Alu::Sub, Eight, Rdx, at(CI, CI_FUNC));
        self.asm.alu_number(Alu::Sub, Eight, Rdx, (1 + self.p.numparams() as i32) * 8);
        self.asm.mov(Rsi, BASE);
        self.asm.alu(Alu::Sub, Eight, Rsi, Rdx);
        if b != 0 {
            for n in 0..b - 1 {
                self.asm.mov(Rax, NIL);
                self.asm.alu_number(Alu::Cmp, Eight, Rdx, n as i32 * 8);
                self.asm.move_if(Cond::Above, Rax, at(Rsi, n as i32 * 8));
                self.asm.store(Eight, register(a + n), Rax);
            }
        } else {
            self.asm.load(Eight, Rax, at(THREAD, THREAD_STACK_LAST));
            self.asm.alu_load(Alu::Sub, Eight, Rax, at(THREAD, THREAD_TOP));
            self.asm.alu(Alu::Cmp, Eight, Rax, Rdx);
            self.jump_if(Cond::LessEqual, i, Slow);
            self.asm.address(Rdi, register(a));
            self.asm.mov(Rax, Rdi);
            self.asm.alu(Alu::Add, Eight, Rax, Rdx);
            self.asm.store(Eight, at(THREAD, THREAD_TOP), Rax);
            self.asm.shift_right(Rdx, 3);
            self.jump_if(Cond::Equal, i, Back);
            self.bind(i, Third);
            self.asm.load(Eight, Rax, element(Rsi, Rdx, -8));
            self.asm.store(Eight, element(Rdi, Rdx, -8), Rax);
            self.asm.alu_number(Alu::Sub, Eight, Rdx, 1);
            self.jump_if(Cond::NotEqual, i, Third);
        }
        self.bind(i, Back);
        self.reload_held(self.fixed);
    }
}
