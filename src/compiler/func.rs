//! The function being compiled: its blocks, variables, upvalues, constants, labels and gotos.
//!
//! Invariants
//! * Everything a prototype under construction refers to is in its arrays, which the collector sees; elements past the
//!   used ones are copies of used ones.
//! * `Work`'s arrays serve all functions of the chunk as stacks: each function uses the part from its `first_*` on.
//! * Names of labels and gotos are also keys of a table in a stack slot, which keeps them alive.

use super::expdesc::{Exp, Kind, NO_JUMP};
use super::state::Compiler;
use crate::code::bytecode::*;
use crate::gc;
use crate::mem::{Array, OutOfMemory, PushError};
use crate::messages::{self as msg, Arg};
use crate::object::{Gc, LocVar, Proto, Str, Table, Thread, UpvalDesc, Value};
use crate::throw::{LResult, Throw};
use crate::vm::error::{OrThrow, Raise};
use core::mem::MaybeUninit;

const MAX_LOCALS: usize = 200;
const MAX_UPVALUES: usize = 255;
const MAX_DEBUG_LOCALS: usize = i16::MAX as usize;
const MAX_LABELS: usize = i16::MAX as usize;
const MAX_INT: usize = i32::MAX as usize;

#[derive(Clone, Copy)]
pub struct Block {
    /// first label and first pending goto of the block
    first_label: u32,
    first_goto: u32,
    /// active variables outside of the block
    pub nactive: u8,
    /// some variable of the block is an upvalue of an inner function
    pub has_upvalue: bool,
    is_loop: bool,
}

/// A label, or a goto whose label was not seen yet.
#[derive(Clone, Copy)]
pub struct Label {
    name: Gc<Str>,
    pc: i32,
    line: i32,
    /// active variables there
    nactive: u8,
}

/// The compiler's own memory, freed by `compile` whatever happens.
pub struct Work {
    /// active local variables: indices in `Proto::locvars`
    active: Array<u16>,
    nactive: usize,
    labels: Array<Label>,
    nlabels: usize,
    gotos: Array<Label>,
    ngotos: usize,
    blocks: Array<Block>,
    nblocks: usize,
    constants: ConstantIndex,
}

impl Work {
    pub const fn new() -> Work {
        Work {
            active: Array::empty(),
            nactive: 0,
            labels: Array::empty(),
            nlabels: 0,
            gotos: Array::empty(),
            ngotos: 0,
            blocks: Array::empty(),
            nblocks: 0,
            constants: ConstantIndex::new(),
        }
    }
    pub fn free(&self, l: Gc<Thread>) {
        self.active.free(l);
        self.labels.free(l);
        self.gotos.free(l);
        self.blocks.free(l);
        self.constants.slots.free(l);
    }
}

/// Finds constants of the functions in progress by value, when there are too many to look through.
///
/// An open hash of `(function, index)`. Functions nest, so the last entries made are the first to go, and an entry can
/// simply be cleared: no later one was displaced by it.
struct ConstantIndex {
    slots: Array<Slot>,
    used: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Slot {
    /// depth of the function, 0 for a free slot
    depth: u32,
    index: u32,
}

const FREE: Slot = Slot { depth: 0, index: 0 };
/// Constants that are found by looking at each of them.
const FEW: usize = 12;

impl ConstantIndex {
    const fn new() -> ConstantIndex {
        ConstantIndex { slots: Array::empty(), used: 0 }
    }
    fn start(&self, l: Gc<Thread>, depth: u32, v: Value) -> usize {
        let h = match v.as_string() {
            Some(s) => s.hash(l.global()) as u64,
            None => v.0 ^ v.0 >> 32,
        };
        let h = (h ^ (depth as u64) << 40).wrapping_mul(crate::num::GOLDEN);
        (h >> 32) as usize & (self.slots.len() - 1)
    }
    fn add(&self, l: Gc<Thread>, slot: Slot, v: Value) {
        let mask = self.slots.len() - 1;
        let mut i = self.start(l, slot.depth, v);
        while self.slots.get(i) != FREE {
            i = (i + 1) & mask;
        }
        self.slots.set(i, slot);
    }
}

/// The bits of the constant if they are those of a zero or a NaN, also if it is a string of eight bytes that have these
/// bits. Such constants can share a key in the reference's table of constants: see `Compiler::same_key_later`.
fn hiding_key(v: Value) -> Option<u64> {
    let bits = match v.as_string() {
        Some(s) => s.bytes().try_into().map(u64::from_ne_bytes).ok()?,
        None => v.as_number()?.to_bits(),
    };
    let n = f64::from_bits(bits);
    (n == 0.0 || n.is_nan()).then_some(bits)
}

/// A function in progress.
pub struct Func {
    pub proto: Gc<Proto>,
    /// the enclosing one; lives in the frame of `Compiler::body`
    pub outer: *mut Func,
    depth: u32,
    pub pc: i32,
    /// pc of the last jump target seen
    pub last_target: i32,
    /// jumps to the next instruction
    pub jumps_here: i32,
    nconstants: usize,
    nprotos: usize,
    ndebug_locals: usize,
    nupvalues: usize,
    /// active local variables
    pub nactive: u32,
    pub free_register: u32,
    first_active: usize,
    first_block: usize,
    /// Some string constant has the bytes of a zero or a NaN; see `same_key_later`.
    number_like_string: bool,
}

impl Func {
    pub fn new(proto: Gc<Proto>, work: &Work) -> Func {
        Func {
            proto,
            outer: core::ptr::null_mut(),
            depth: 1,
            pc: 0,
            last_target: 0,
            jumps_here: NO_JUMP,
            nconstants: 0,
            nprotos: 0,
            ndebug_locals: 0,
            nupvalues: 0,
            nactive: 0,
            free_register: 0,
            first_active: work.nactive,
            first_block: work.nblocks,
            number_like_string: false,
        }
    }
    pub fn inner_index(&self) -> u32 {
        self.nprotos as u32 - 1
    }
    fn debug_index(&self, work: &Work, register: u32) -> usize {
        work.active.get(self.first_active + register as usize) as usize
    }
    fn variable(&self, work: &Work, register: u32) -> LocVar {
        self.proto.locvars.get(self.debug_index(work, register))
    }
    fn find_local(&self, work: &Work, name: Gc<Str>) -> Option<u32> {
        let active = &work.active.cells()[self.first_active..];
        let names = self.proto.locvars.cells();
        let name_of = |i: u32| names[active[i as usize].get() as usize].get().name;
        (0..self.nactive).rev().find(|&i| same_name(name_of(i), name))
    }
    fn find_upvalue(&self, name: Gc<Str>) -> Option<u32> {
        let described = &self.proto.upvalues.cells()[..self.nupvalues];
        described.iter().position(|u| same_name(u.get().name, name)).map(|i| i as u32)
    }
}

/// Names are compared by address; those too long to be interned need a look at their bytes.
#[inline(always)]
fn same_name(a: Option<Gc<Str>>, b: Gc<Str>) -> bool {
    a == Some(b) || !b.is_short() && a.is_some_and(|a| a.eq_contents(b))
}

impl Compiler<'_> {
    // ---- functions ------------------------------------------------------------------------------------------

    /// Starts `proto` as an inner function of the current one, which goes to `outer` until `close_function`.
    pub fn open_function(&mut self, proto: Gc<Proto>, outer: &mut MaybeUninit<Func>) -> LResult<()> {
        let mut f = Func::new(proto, &self.work);
        f.depth = self.f.depth + 1;
        f.outer = outer.as_mut_ptr();
        outer.write(core::mem::replace(&mut self.f, f));
        self.start_function()
    }

    /// The current function (null), or one that encloses it (its `outer`).
    fn func(&self, at: *const Func) -> &Func {
        // SAFETY: an `outer` that is not null points into the frame of an active `function_body`; the functions there
        // are changed by `func_mut` only.
        if at.is_null() { &self.f } else { unsafe { &*at } }
    }

    fn func_mut(&mut self, at: *mut Func) -> &mut Func {
        // SAFETY: an `outer` that is not null points into the frame of an active `function_body`.
        if at.is_null() { &mut self.f } else { unsafe { &mut *at } }
    }

    pub fn start_function(&mut self) -> LResult<()> {
        let p = self.f.proto;
        p.source.set(Some(self.lex.source));
        gc::barrier_object(self.lex.l, p.erase(), self.lex.source);
        p.set_maxstacksize(2);
        self.enter_block(false)
    }

    /// Ends the current function. The caller puts the enclosing one back.
    pub fn close_function(&mut self) -> LResult<()> {
        self.emit_return(0, 0)?;
        self.leave_block()?;
        self.forget_constants();
        let (l, f) = (self.lex.l, &self.f);
        let p = f.proto;
        p.code.resize(l, f.pc as usize, 0)?;
        p.lineinfo.resize(l, f.pc as usize, 0)?;
        p.k.resize(l, f.nconstants, Value::NIL)?;
        trim(&p.protos, l, f.nprotos)?;
        trim(&p.locvars, l, f.ndebug_locals)?;
        trim(&p.upvalues, l, f.nupvalues)?;
        gc::check(l)
    }

    /// A new prototype inside the current function's.
    pub fn add_proto(&mut self) -> LResult<Gc<Proto>> {
        let l = self.lex.l;
        let inner = Gc::<Proto>::new(l)?;
        self.keep_proto(inner);
        let outer = self.f.proto;
        append(l, &outer.protos, self.f.nprotos, inner, MAX_ARG_BX as usize, "functions")?;
        gc::barrier_object(l, outer.erase(), inner);
        self.f.nprotos += 1;
        Ok(inner)
    }

    #[cold]
    fn limit_error(&mut self, at: *const Func, limit: usize, what: &str) -> Throw {
        let line = self.func(at).proto.linedefined.get();
        let (what, limit) = (Arg::S(what.as_bytes()), Arg::D(limit as i64));
        let near = Some(self.lex.token.kind);
        if line == 0 {
            self.lex.error_near(msg::LIMIT_IN_MAIN, &[what, limit], near)
        } else {
            self.lex.error_near(msg::LIMIT_IN_FUNCTION, &[what, limit, Arg::D(line as i64)], near)
        }
    }

    /// The error when `n` things of a kind are too many.
    #[inline(always)]
    pub fn check_limit(&mut self, n: usize, limit: usize, what: &str) -> LResult<()> {
        if n > limit {
            return Err(self.limit_error(core::ptr::null(), limit, what));
        }
        Ok(())
    }

    pub fn check_item_count(&mut self, n: u32) -> LResult<()> {
        self.check_limit(n as usize, MAX_INT, "items in a constructor")
    }

    // ---- local variables ------------------------------------------------------------------------------------

    /// Declares a local variable; it is not active yet.
    pub fn new_local(&mut self, name: Gc<Str>) -> LResult<()> {
        let l = self.lex.l;
        let p = self.f.proto;
        let index = self.f.ndebug_locals;
        let described = LocVar { name: Some(name), startpc: 0, endpc: 0 };
        append(l, &p.locvars, index, described, MAX_DEBUG_LOCALS, "local variables")?;
        gc::barrier_object(l, p.erase(), name);
        self.f.ndebug_locals += 1;
        let count = self.work.nactive + 1 - self.f.first_active;
        self.check_limit(count, MAX_LOCALS, "local variables")?;
        append(l, &self.work.active, self.work.nactive, index as u16, MAX_INT, "local variables")?;
        self.work.nactive += 1;
        Ok(())
    }

    /// A local variable whose name is not in the source.
    pub fn new_local_named(&mut self, name: &str) -> LResult<()> {
        let name = self.internal_name(name)?;
        self.new_local(name)
    }

    /// Makes the `n` variables declared last active from here on.
    pub fn activate_locals(&mut self, n: u32) {
        self.f.nactive += n;
        for register in self.f.nactive - n..self.f.nactive {
            self.set_local_start(register);
        }
    }

    /// The variable's life starts with the next instruction.
    pub fn set_local_start(&mut self, register: u32) {
        let var = &self.f.proto.locvars.cells()[self.f.debug_index(&self.work, register)];
        var.set(LocVar { startpc: self.f.pc, ..var.get() });
    }

    fn remove_locals(&mut self, to: u32) {
        for register in to..self.f.nactive {
            let var = &self.f.proto.locvars.cells()[self.f.debug_index(&self.work, register)];
            var.set(LocVar { endpc: self.f.pc, ..var.get() });
        }
        self.work.nactive -= (self.f.nactive - to) as usize;
        self.f.nactive = to;
    }

    // ---- names ----------------------------------------------------------------------------------------------

    /// The variable called `name`: local, upvalue, or field of `_ENV`.
    pub fn variable(&mut self, name: Gc<Str>) -> LResult<Exp> {
        if let Some(kind) = self.resolve(core::ptr::null_mut(), name)? {
            return Ok(Exp::new(kind));
        }
        let env = self.env_name;
        let kind = self.resolve(core::ptr::null_mut(), env)?.unwrap_or(Kind::Void);
        let mut var = Exp::new(kind);
        let mut key = self.string_constant(name)?;
        self.index(&mut var, &mut key)?;
        Ok(var)
    }

    /// Looks in the function `at` and those around it; makes the upvalues needed. `None` for a global name.
    fn resolve(&mut self, at: *mut Func, name: Gc<Str>) -> LResult<Option<Kind>> {
        let func = self.func(at);
        if let Some(register) = func.find_local(&self.work, name) {
            if !at.is_null() {
                self.mark_captured(func.first_block, register);
            }
            return Ok(Some(Kind::Local(register)));
        }
        if let Some(index) = func.find_upvalue(name) {
            return Ok(Some(Kind::Upvalue(index)));
        }
        let outer = func.outer;
        if outer.is_null() {
            return Ok(None);
        }
        match self.resolve(outer, name)? {
            Some(found) => Ok(Some(Kind::Upvalue(self.new_upvalue(at, name, found)?))),
            None => Ok(None),
        }
    }

    /// The block that holds the variable must close it.
    fn mark_captured(&self, first_block: usize, register: u32) {
        let blocks = self.work.blocks.cells();
        let end = self.function_blocks_end(first_block);
        if let Some(b) = blocks[first_block..end].iter().rev().find(|b| b.get().nactive as u32 <= register) {
            b.set(Block { has_upvalue: true, ..b.get() });
        }
    }

    /// One past the last block of the function whose blocks start at `first_block`: inner functions' follow.
    fn function_blocks_end(&self, first_block: usize) -> usize {
        let mut end = self.work.nblocks;
        let mut func = &self.f;
        while func.first_block != first_block {
            end = func.first_block;
            func = self.func(func.outer);
        }
        end
    }

    fn new_upvalue(&mut self, at: *mut Func, name: Gc<Str>, from: Kind) -> LResult<u32> {
        let func = self.func(at);
        let (p, n) = (func.proto, func.nupvalues);
        if n + 1 > MAX_UPVALUES {
            return Err(self.limit_error(at, MAX_UPVALUES, "upvalues"));
        }
        let (instack, index) = match from {
            Kind::Local(register) => (true, register),
            Kind::Upvalue(index) => (false, index),
            _ => (false, 0),
        };
        let described = UpvalDesc { name: Some(name), instack, index: index as u8 };
        append(self.lex.l, &p.upvalues, n, described, MAX_UPVALUES, "upvalues")?;
        gc::barrier_object(self.lex.l, p.erase(), name);
        self.func_mut(at).nupvalues += 1;
        Ok(n as u32)
    }

    /// The upvalue every main function has.
    pub fn new_env_upvalue(&mut self) -> LResult<()> {
        self.new_upvalue(core::ptr::null_mut(), self.env_name, Kind::Local(0)).map(|_| ())
    }

    // ---- blocks, labels, gotos ------------------------------------------------------------------------------

    pub fn block(&self) -> Block {
        self.work.blocks.get(self.work.nblocks - 1)
    }

    pub fn enter_block(&mut self, is_loop: bool) -> LResult<()> {
        let block = Block {
            first_label: self.work.nlabels as u32,
            first_goto: self.work.ngotos as u32,
            nactive: self.f.nactive as u8,
            has_upvalue: false,
            is_loop,
        };
        append(self.lex.l, &self.work.blocks, self.work.nblocks, block, MAX_INT, "blocks")?;
        self.work.nblocks += 1;
        Ok(())
    }

    pub fn leave_block(&mut self) -> LResult<()> {
        let block = self.block();
        let is_inner = self.work.nblocks - 1 > self.f.first_block;
        if is_inner && block.has_upvalue {
            let close = self.jump()?;
            self.patch_close(close, block.nactive as u32);
            self.patch_to_here(close)?;
        }
        if block.is_loop {
            // `break` is a goto to a label at the loop's end.
            let name = self.internal_name("break")?;
            let label = self.new_label(name, 0, self.f.pc)?;
            self.match_gotos(label)?;
        }
        self.work.nblocks -= 1;
        self.remove_locals(block.nactive as u32);
        self.f.free_register = self.f.nactive;
        self.work.nlabels = block.first_label as usize;
        if is_inner {
            self.move_gotos_out(block)?;
        } else if (block.first_goto as usize) < self.work.ngotos {
            let goto = self.work.gotos.get(block.first_goto as usize);
            return Err(self.undefined_goto(goto));
        }
        Ok(())
    }

    fn label_at(&self, name: Gc<Str>, line: i32, pc: i32) -> Label {
        Label { name, pc, line, nactive: self.f.nactive as u8 }
    }

    /// Keeps the name alive until the end.
    pub fn keep_name(&mut self, name: Gc<Str>) -> LResult<()> {
        if name.reserved() != 0 {
            return Ok(());
        }
        let l = self.lex.l;
        let names = match self.names() {
            Some(t) => t,
            None => {
                let t = Gc::<Table>::new(l)?;
                self.set_names(t);
                t
            }
        };
        names.set_str(l, name, Value::TRUE).or_throw(l)
    }

    fn new_label(&mut self, name: Gc<Str>, line: i32, pc: i32) -> LResult<usize> {
        self.keep_name(name)?;
        let index = self.work.nlabels;
        let label = self.label_at(name, line, pc);
        append(self.lex.l, &self.work.labels, index, label, MAX_LABELS, "labels/gotos")?;
        self.work.nlabels += 1;
        Ok(index)
    }

    /// Declares a label here. `last` says that only empty statements follow in the block: then its local variables
    /// count as out of scope already.
    pub fn declare_label(&mut self, name: Gc<Str>, line: i32) -> LResult<usize> {
        self.new_label(name, line, self.f.pc)
    }

    pub fn finish_label(&mut self, index: usize, last: bool) -> LResult<()> {
        if last {
            let label = self.work.labels.get(index);
            self.work.labels.set(index, Label { nactive: self.block().nactive, ..label });
        }
        self.match_gotos(index)
    }

    pub fn check_label_is_new(&mut self, name: Gc<Str>) -> LResult<()> {
        for i in self.block().first_label as usize..self.work.nlabels {
            let label = self.work.labels.get(i);
            if same_name(Some(label.name), name) {
                return Err(self.semantic_error(
                    msg::LABEL_REPEATED,
                    &[Arg::S(label.name.bytes()), Arg::D(label.line as i64)],
                ));
            }
        }
        Ok(())
    }

    /// A goto (or break) whose jump is at `pc`.
    pub fn new_goto(&mut self, name: Gc<Str>, line: i32, pc: i32) -> LResult<()> {
        self.keep_name(name)?;
        let index = self.work.ngotos;
        let goto = self.label_at(name, line, pc);
        append(self.lex.l, &self.work.gotos, index, goto, MAX_LABELS, "labels/gotos")?;
        self.work.ngotos += 1;
        let block = self.block();
        self.match_label(index, block).map(|_| ())
    }

    /// Patches the goto to a label of `block` that has its name, if there is one.
    fn match_label(&mut self, goto_index: usize, block: Block) -> LResult<bool> {
        let goto = self.work.gotos.get(goto_index);
        let first = block.first_label as usize;
        for i in first..self.work.nlabels {
            let label = self.work.labels.get(i);
            if same_name(Some(label.name), goto.name) {
                if goto.nactive > label.nactive && (block.has_upvalue || self.work.nlabels > first) {
                    self.patch_close(goto.pc, label.nactive as u32);
                }
                self.resolve_goto(goto_index, label)?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Patches the block's pending gotos that have the label's name.
    fn match_gotos(&mut self, label_index: usize) -> LResult<()> {
        let label = self.work.labels.get(label_index);
        let mut i = self.block().first_goto as usize;
        while i < self.work.ngotos {
            if same_name(Some(self.work.gotos.get(i).name), label.name) {
                self.resolve_goto(i, label)?;
            } else {
                i += 1;
            }
        }
        Ok(())
    }

    fn resolve_goto(&mut self, goto_index: usize, label: Label) -> LResult<()> {
        let goto = self.work.gotos.get(goto_index);
        if goto.nactive < label.nactive {
            let var = self.f.variable(&self.work, goto.nactive as u32);
            let var: &[u8] = var.name.as_ref().map_or(b"?", |n| n.bytes());
            return Err(self.semantic_error(
                msg::GOTO_INTO_SCOPE,
                &[Arg::S(goto.name.bytes()), Arg::D(goto.line as i64), Arg::S(var)],
            ));
        }
        self.patch_list(goto.pc, label.pc)?;
        for i in goto_index + 1..self.work.ngotos {
            self.work.gotos.set(i - 1, self.work.gotos.get(i));
        }
        self.work.ngotos -= 1;
        Ok(())
    }

    /// Hands the pending gotos of a block that ended to the block around it.
    fn move_gotos_out(&mut self, ended: Block) -> LResult<()> {
        let mut i = ended.first_goto as usize;
        while i < self.work.ngotos {
            let goto = self.work.gotos.get(i);
            if goto.nactive > ended.nactive {
                if ended.has_upvalue {
                    self.patch_close(goto.pc, ended.nactive as u32);
                }
                self.work.gotos.set(i, Label { nactive: ended.nactive, ..goto });
            }
            let block = self.block();
            if !self.match_label(i, block)? {
                i += 1;
            }
        }
        Ok(())
    }

    fn undefined_goto(&mut self, goto: Label) -> Throw {
        let message = if goto.name.reserved() != 0 { msg::BREAK_OUTSIDE } else { msg::NO_VISIBLE_LABEL };
        self.semantic_error(message, &[Arg::S(goto.name.bytes()), Arg::D(goto.line as i64)])
    }

    /// An error that is not about the current token.
    #[cold]
    fn semantic_error(&mut self, message: &str, args: &[Arg]) -> Throw {
        self.lex.error_near(message, args, None)
    }

    // ---- constants ------------------------------------------------------------------------------------------

    pub fn constant_count(&self) -> usize {
        self.f.nconstants
    }

    pub fn string_constant(&mut self, s: Gc<Str>) -> LResult<Exp> {
        Ok(Exp::new(Kind::Constant(self.constant(Value::string(s))?)))
    }

    /// The index of a constant of the current function, which gets it if it is not there yet.
    pub fn constant(&mut self, v: Value) -> LResult<u32> {
        if let Some(i) = self.find_constant(v)
            && !(self.f.number_like_string && self.same_key_later(v, i))
        {
            return Ok(i);
        }
        let l = self.lex.l;
        let p = self.f.proto;
        let index = self.f.nconstants;
        append(l, &p.k, index, v, MAX_ARG_AX as usize, "constants")?;
        if let Some(s) = v.as_string() {
            gc::barrier_object(l, p.erase(), s);
            self.f.number_like_string |= hiding_key(v).is_some();
        }
        self.f.nconstants += 1;
        if self.f.nconstants > FEW {
            self.index_constants()?;
        }
        Ok(index as u32)
    }

    fn is_constant(&self, i: usize, v: Value) -> bool {
        let k = self.f.proto.k.get(i);
        if k.0 == v.0 {
            // No NaN is equal to another.
            return !v.is_number() || !v.raw_number().is_nan();
        }
        match (k.as_string(), v.as_string()) {
            (Some(a), Some(b)) => a.eq_contents(b),
            _ => false,
        }
    }

    fn find_constant(&self, v: Value) -> Option<u32> {
        let n = self.f.nconstants;
        if n <= FEW {
            // The last one that is equal: there may be two, see `same_key_later`.
            return (0..n).rev().find(|&i| self.is_constant(i, v)).map(|i| i as u32);
        }
        let index = &self.work.constants;
        let mask = index.slots.len() - 1;
        let mut found = None;
        let mut i = index.start(self.lex.l, self.f.depth, v);
        loop {
            let slot = index.slots.get(i);
            if slot == FREE {
                return found;
            }
            if slot.depth == self.f.depth && self.is_constant(slot.index as usize, v) {
                if !self.f.number_like_string {
                    return Some(slot.index);
                }
                found = found.max(Some(slot.index));
            }
            i = (i + 1) & mask;
        }
    }

    /// Tells whether a later constant hides constant `i`, which is `v`. The reference compiler finds zeros and NaNs by
    /// a string of their bytes. So such a number and a string constant with the same bytes hide each other, and the
    /// hidden one is stored once more when it is used the next time.
    #[cold]
    fn same_key_later(&self, v: Value, i: u32) -> bool {
        let wanted = hiding_key(v);
        wanted.is_some()
            && (i as usize + 1..self.f.nconstants).any(|j| hiding_key(self.f.proto.k.get(j)) == wanted)
    }

    /// Enters the newest constant in the index; all of them when it is the first of too many.
    fn index_constants(&mut self) -> LResult<()> {
        let n = self.f.nconstants;
        let first = if n == FEW + 1 { 0 } else { n - 1 };
        let wanted = self.work.constants.used + (n - first);
        if wanted * 2 > self.work.constants.slots.len() {
            self.grow_index(wanted)?;
        }
        for i in first..n {
            let slot = Slot { depth: self.f.depth, index: i as u32 };
            self.work.constants.add(self.lex.l, slot, self.f.proto.k.get(i));
        }
        self.work.constants.used = wanted;
        Ok(())
    }

    fn grow_index(&mut self, wanted: usize) -> LResult<()> {
        let l = self.lex.l;
        let size = (wanted * 4).next_power_of_two().max(64);
        let index = &self.work.constants;
        // Nothing in it is needed for the growth: drop it first, so that both need not exist at once.
        index.slots.free(l);
        index.slots.resize(l, size, FREE)?;
        // Outer functions first: see `ConstantIndex`. The current function's newest constants are the caller's.
        self.reindex(&self.f, true);
        Ok(())
    }

    fn reindex(&self, func: &Func, is_current: bool) {
        if !func.outer.is_null() {
            self.reindex(self.func(func.outer), false);
        }
        let done = if !is_current {
            func.nconstants
        } else if func.nconstants == FEW + 1 {
            0
        } else {
            func.nconstants - 1
        };
        if func.nconstants > FEW {
            for i in 0..done {
                let slot = Slot { depth: func.depth, index: i as u32 };
                self.work.constants.add(self.lex.l, slot, func.proto.k.get(i));
            }
        }
    }

    /// Takes the constants of the current function, which ends, out of the index.
    fn forget_constants(&mut self) {
        let n = self.f.nconstants;
        if n <= FEW {
            return;
        }
        let index = &self.work.constants;
        let mask = index.slots.len() - 1;
        for i in (0..n).rev() {
            let wanted = Slot { depth: self.f.depth, index: i as u32 };
            let mut at = index.start(self.lex.l, wanted.depth, self.f.proto.k.get(i));
            while index.slots.get(at) != wanted {
                at = (at + 1) & mask;
            }
            index.slots.set(at, FREE);
        }
        self.work.constants.used -= n;
    }
}

/// Stores `v` at index `used` of an array that grows up to `limit` elements; `what` is what they are.
#[inline]
pub fn append<T: Copy>(
    l: Gc<Thread>,
    a: &Array<T>,
    used: usize,
    v: T,
    limit: usize,
    what: &str,
) -> LResult<()> {
    match a.push(l, used, v, limit) {
        Ok(()) => Ok(()),
        Err(e) => Err(full(l, e, limit, what)),
    }
}

#[cold]
#[inline(never)]
fn full(l: Gc<Thread>, e: PushError, limit: usize, what: &str) -> Throw {
    match e {
        PushError::Memory => Throw::MEMORY,
        PushError::Limit => {
            l.runtime_error_fmt(msg::TOO_MANY_LIMIT, &[Arg::S(what.as_bytes()), Arg::D(limit as i64)])
        }
    }
}

/// Gives an array back what it does not use.
fn trim<T: Copy>(a: &Array<T>, l: Gc<Thread>, used: usize) -> Result<(), OutOfMemory> {
    if used < a.len() { a.resize(l, used, a.get(0)) } else { Ok(()) }
}
