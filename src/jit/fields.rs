//! Templates of tables: fields, methods, array elements, lengths.

use super::compile::{CLOSURE, Maker, NIL, Part, Source, THREAD, X0, X1, constant, register};
use super::interface::{Id, TABLE_TAG_SLOT};
use super::types::Type;
use super::x64::{Alu, Cond, Mem, Reg, Width, at, element};
use crate::code::exec::{ExecInsn, Hint};
use crate::object::Kind;
use crate::object::layout::*;
use crate::object::value::TAG_STRING;
use Part::{Back, Fifth, Fourth, Hook, Sixth, Slow, Third};
use Reg::{R8, R9, R11, Rax, Rcx, Rdi, Rdx, Rsi};
use Source::{Constant, Register};
use Width::{Eight, Four};

impl Maker<'_, '_> {
    /// The upvalue's value is where `to` points to then.
    pub(super) fn upvalue_place(&mut self, to: Reg, n: usize) -> Mem {
        self.asm.load(Eight, to, at(CLOSURE, CLOSURE_UPVALS + n as i32 * 8));
        self.asm.load(Eight, to, at(to, UPVAL_V));
        at(to, 0)
    }
    /// The field of the table in rax with this constant for key, or what it inherits, is in rdx, or 0, as the flags
    /// say.
    pub(super) fn find_field(&mut self, key: usize) {
        self.asm.load(Eight, R8, constant(key));
        self.asm.set(R11, self.data.index);
        self.call_entry(Id::FindField, Rcx);
        self.asm.test(Eight, Rdx, Rdx);
    }
    /// The object of a value with the tag in the slot is in the register; else it goes to the part. Changes rcx.
    pub(super) fn object(&mut self, i: usize, to: Reg, value: Source, tag_slot: i32, otherwise: Part) {
        self.untag(to, value, tag_slot);
        if tag_slot != TABLE_TAG_SLOT || self.type_of(value) != Type::Table {
            self.check_untagged(i, to, otherwise);
        }
    }
    /// The same for rare parts, for which types are not known.
    fn table(&mut self, i: usize, to: Reg, value: Source, otherwise: Part) {
        self.untag(to, value, TABLE_TAG_SLOT);
        self.check_untagged(i, to, otherwise);
    }
    fn untag(&mut self, to: Reg, value: Source, tag_slot: i32) {
        self.load(to, value);
        self.asm.alu_load(Alu::Xor, Eight, to, at(Reg::Rsp, tag_slot));
    }
    fn check_untagged(&mut self, i: usize, object: Reg, otherwise: Part) {
        self.asm.mov(Rcx, object);
        self.asm.shift_right(Rcx, 48);
        self.jump_if(Cond::NotEqual, i, otherwise);
    }
    /// The place of the value of the node that a hint leads to, when the key is the constant. The table is in rax.
    pub(super) fn hinted(&mut self, i: usize, obj: Source, key: usize, hint: Hint) -> Mem {
        self.object(i, Rax, obj, TABLE_TAG_SLOT, Slow);
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
    pub(super) fn slot(&mut self, i: usize, obj: Source, key: usize) -> Mem {
        self.object(i, Rax, obj, TABLE_TAG_SLOT, Slow);
        let double = self.double(Register(key));
        let double = self.in_register(X0, double);
        self.asm.truncate(Eight, Rcx, double);
        if !self.type_of(Register(key)).is_whole() {
            self.asm.clear_double(X1);
            self.asm.double_of_number(Eight, X1, Rcx);
            self.asm.compare_doubles(double, X1);
            self.jump_if(Cond::NotEqual, i, Slow);
            self.jump_if(Cond::Parity, i, Slow);
        }
        self.asm.alu_number(Alu::Sub, Eight, Rcx, 1);
        self.asm.load(Four, Rdx, at(Rax, TABLE_ASIZE));
        self.asm.alu(Alu::Cmp, Eight, Rcx, Rdx);
        self.jump_if(Cond::NotBelow, i, Slow);
        self.asm.load(Eight, Rdx, at(Rax, TABLE_DATA));
        element(Rdx, Rcx, 0)
    }
    /// The same for a constant index, counted from 0.
    pub(super) fn fixed_slot(&mut self, i: usize, obj: Source, index: u32) -> Mem {
        self.object(i, Rax, obj, TABLE_TAG_SLOT, Slow);
        self.asm.alu_number_store(Alu::Cmp, Four, at(Rax, TABLE_ASIZE), index as i32);
        self.jump_if(Cond::NotAbove, i, Slow);
        self.asm.load(Eight, Rdx, at(Rax, TABLE_DATA));
        at(Rdx, index as i32 * 8)
    }
    /// The value at the place is the result, unless it is nil.
    pub(super) fn get_unless_nil(&mut self, i: usize, place: Mem, result: usize) {
        self.asm.load(Eight, Rdx, place);
        self.asm.alu(Alu::Cmp, Eight, Rdx, NIL);
        self.jump_if(Cond::Equal, i, Slow);
        self.store_value(i, result, Rdx);
        self.bind(i, Back);
    }
    /// Stores at the place in the table in rax, and looks whether the collector must know.
    pub(super) fn set_with_barrier(&mut self, i: usize, place: Mem, value: Source) {
        self.asm.load(Eight, R8, Self::place(value));
        self.asm.test_byte(at(Rax, OBJECT_MARKED), BLACK);
        self.jump_if(Cond::NotEqual, i, Third);
        self.bind(i, Fourth);
        self.asm.store(Eight, place, R8);
        self.bind(i, Back);
    }
    /// The table is black: of what is stored there, only objects matter.
    pub(super) fn barrier(&mut self, i: usize) {
        self.bind(i, Third);
        self.asm.set(R9, TAG_STRING << 48);
        self.asm.alu(Alu::Cmp, Eight, R8, R9);
        self.jump_if(Cond::Below, i, Fourth);
    }
    pub(super) fn get_field(&mut self, i: usize, insn: ExecInsn, obj: Source) {
        let hint = Hint(insn.imm());
        if hint.size_log() == Hint::NONE.size_log() {
            self.jump(i, Slow);
            self.bind(i, Back);
            return;
        }
        let place = self.hinted(i, obj, insn.c(), hint);
        self.get_unless_nil(i, place, insn.a());
    }
    /// A method of a table is sought in it at once: mostly a class has it, so a hint would lead nowhere.
    pub(super) fn self_field(&mut self, i: usize, insn: ExecInsn) {
        self.object(i, Rax, Register(insn.b()), TABLE_TAG_SLOT, Third);
        self.asm.alu(Alu::Xor, Four, Rsi, Rsi);
        self.bind(i, Fourth);
        self.find_field(insn.c());
        self.jump_if(Cond::Equal, i, Slow);
        self.asm.load(Eight, Rax, register(insn.b()));
        self.asm.store(Eight, register(insn.a() + 1), Rax);
        self.store_value(i, insn.a(), Rdx);
        self.bind(i, Back);
    }
    /// A method of a string, or what a helper has to look for.
    pub(super) fn self_field_cold(&mut self, i: usize, insn: ExecInsn) {
        self.bind(i, Third);
        self.asm.load(Eight, Rax, register(insn.b()));
        self.asm.shift_right(Rax, 48);
        self.asm.alu_number(Alu::Cmp, Four, Rax, TAG_STRING as i32);
        self.jump_if(Cond::NotEqual, i, Slow);
        self.asm.set(Rsi, self.data.string_metatable);
        self.asm.load(Eight, Rsi, at(Rsi, 0));
        self.asm.test(Eight, Rsi, Rsi);
        self.jump_if(Cond::NotEqual, i, Fourth);
        self.slow(i, Id::SelfField);
    }
    /// What was compiled before had the hint of then: where another one would serve no better, the table is searched.
    pub(super) fn get_field_cold(&mut self, i: usize, insn: ExecInsn) {
        self.bind(i, Slow);
        self.table(i, Rax, Register(insn.b()), Third);
        self.asm.alu(Alu::Xor, Four, Rsi, Rsi);
        self.find_field(insn.c());
        self.jump_if(Cond::Equal, i, Third);
        self.asm.store(Eight, register(insn.a()), Rdx);
        self.go_back(i);
        self.slow_at(i, Third, Id::GetField);
    }
    /// The length of a table without a metatable, and of a short string.
    pub(super) fn len(&mut self, i: usize, insn: ExecInsn) {
        self.object(i, Rdi, Register(insn.b()), TABLE_TAG_SLOT, Third);
        self.asm.alu_number_store(Alu::Cmp, Eight, at(Rdi, TABLE_METATABLE), 0);
        self.jump_if(Cond::NotEqual, i, Slow);
        self.asm.mov(Rsi, THREAD);
        self.call_entry(Id::Length, Rax);
        self.bind(i, Fourth);
        self.asm.store_double(register(insn.a()), X0);
        self.bind(i, Back);
        self.reload_held(self.fixed);
    }
    pub(super) fn len_cold(&mut self, i: usize, insn: ExecInsn) {
        self.bind(i, Third);
        self.asm.load(Eight, Rdi, register(insn.b()));
        self.asm.set(Rcx, TAG_STRING << 48);
        self.asm.alu(Alu::Xor, Eight, Rdi, Rcx);
        self.check_untagged(i, Rdi, Slow);
        self.asm.compare_byte(at(Rdi, OBJECT_KIND), Kind::ShortStr as u8);
        self.jump_if(Cond::NotEqual, i, Slow);
        self.asm.load_byte(Rcx, at(Rdi, SHORT_LENGTH));
        self.asm.clear_double(X0);
        self.asm.double_of_number(Four, X0, Rcx);
        self.jump(i, Fourth);
        self.slow(i, Id::Len);
    }
    pub(super) fn set_field(&mut self, i: usize, insn: ExecInsn, obj: Source, value: Source) {
        let hint = Hint(insn.imm());
        if hint.size_log() == Hint::NONE.size_log() {
            // Where the field was new each time, as in a constructor, there is no hint.
            self.object(i, Rax, obj, TABLE_TAG_SLOT, Slow);
            self.asm.load(Eight, R8, constant(insn.b()));
            self.asm.load(Eight, Rsi, Self::place(value));
            self.call_entry(Id::InsertField, Rcx);
            self.jump_if(Cond::NotEqual, i, Slow);
            self.bind(i, Fourth);
            self.bind(i, Back);
            return;
        }
        let place = self.hinted(i, obj, insn.b(), hint);
        self.asm.alu_store(Alu::Cmp, Eight, place, NIL);
        self.jump_if(Cond::Equal, i, Slow);
        self.set_with_barrier(i, place, value);
    }
    pub(super) fn get_index(&mut self, i: usize, insn: ExecInsn, obj: Source) {
        let place = self.slot(i, obj, insn.c());
        self.get_unless_nil(i, place, insn.a());
    }
    /// The place of a value in the nodes of a table is in rdx, and the table in rax, when its key is an object or a
    /// short string that is there, and else 0 is in rdx; to the part when the table is none, or the key is a number or
    /// nil.
    fn find_key(&mut self, i: usize, obj: Source, key: Source, otherwise: Part) {
        self.asm.load(Eight, R8, Self::place(key));
        if matches!(key, Register(_)) {
            self.asm.alu(Alu::Cmp, Eight, R8, NIL);
            self.jump_if(Cond::NotAbove, i, otherwise);
        }
        self.table(i, Rax, obj, otherwise);
        self.call_entry(Id::FindKey, Rcx);
    }
    /// The key is no index of the array.
    pub(super) fn get_index_cold(&mut self, i: usize, insn: ExecInsn, obj: Source) {
        self.bind(i, Slow);
        self.find_key(i, obj, Register(insn.c()), Third);
        self.jump_if(Cond::Equal, i, Fourth);
        self.asm.load(Eight, Rdx, at(Rdx, 0));
        self.asm.alu(Alu::Cmp, Eight, Rdx, NIL);
        self.jump_if(Cond::Equal, i, Fourth);
        self.bind(i, Fifth);
        self.asm.store(Eight, register(insn.a()), Rdx);
        self.go_back(i);
        // Nothing is there: that is nil, unless a metamethod has to be asked.
        self.bind(i, Fourth);
        self.asm.test(Eight, Rax, Rax);
        self.jump_if(Cond::Equal, i, Third);
        self.asm.alu_number_store(Alu::Cmp, Eight, at(Rax, TABLE_METATABLE), 0);
        self.asm.mov(Rdx, NIL);
        self.jump_if(Cond::Equal, i, Fifth);
        self.slow_at(i, Third, Id::Get);
    }
    /// The key is no index of the array, or nothing is there.
    pub(super) fn set_index_cold(&mut self, i: usize, insn: ExecInsn, obj: Source, value: Source) {
        self.bind(i, Fifth);
        self.asm.alu_number_store(Alu::Cmp, Eight, at(Rax, TABLE_METATABLE), 0);
        self.jump_if(Cond::Equal, i, Hook);
        self.jump(i, Sixth);
        self.barrier(i);
        self.set_found(i, obj, Register(insn.b()), value, Id::Set);
    }
    /// The slow part of a store: in place if the key is in the nodes of the table, and something is there.
    fn set_found(&mut self, i: usize, obj: Source, key: Source, value: Source, id: Id) {
        self.bind(i, Slow);
        self.find_key(i, obj, key, Sixth);
        self.jump_if(Cond::Equal, i, Sixth);
        self.asm.alu_store(Alu::Cmp, Eight, at(Rdx, 0), NIL);
        self.jump_if(Cond::Equal, i, Sixth);
        self.asm.test_byte(at(Rax, OBJECT_MARKED), BLACK);
        self.jump_if(Cond::NotEqual, i, Sixth);
        self.asm.load(Eight, R8, Self::place(value));
        self.asm.store(Eight, at(Rdx, 0), R8);
        self.jump(i, Back);
        self.slow_at(i, Sixth, id);
    }
    /// The rare parts of `set_field`.
    pub(super) fn set_field_cold(&mut self, i: usize, insn: ExecInsn, obj: Source, value: Source) {
        self.barrier(i);
        if self.again {
            self.set_found(i, obj, Constant(insn.b()), value, Id::SetField);
        } else {
            self.slow(i, Id::SetField);
        }
    }
    /// A nil in the array is filled only where no metamethod may be asked.
    pub(super) fn set_slot(&mut self, i: usize, place: Mem, value: Source) {
        self.asm.alu_store(Alu::Cmp, Eight, place, NIL);
        self.jump_if(Cond::Equal, i, Fifth);
        self.bind(i, Hook);
        self.set_with_barrier(i, place, value);
    }
    pub(super) fn set_index(&mut self, i: usize, insn: ExecInsn, obj: Source, value: Source) {
        let place = self.slot(i, obj, insn.b());
        self.set_slot(i, place, value);
    }
    pub(super) fn set_int(&mut self, i: usize, insn: ExecInsn, value: Source) {
        let place = self.fixed_slot(i, Register(insn.a()), insn.imm().wrapping_sub(1));
        self.set_slot(i, place, value);
    }
    /// The rare parts of `set_slot`.
    pub(super) fn set_slot_cold(&mut self, i: usize) {
        self.bind(i, Fifth);
        self.asm.alu_number_store(Alu::Cmp, Eight, at(Rax, TABLE_METATABLE), 0);
        self.jump_if(Cond::Equal, i, Hook);
        self.jump(i, Slow);
        self.barrier(i);
        self.slow(i, Id::Set);
    }
}
