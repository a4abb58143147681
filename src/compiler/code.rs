//! The code generator: expressions to registers, jumps, and the instructions of the current function.
//!
//! Invariants
//! * Registers are used as a stack: those below `nactive` are local variables, those from there to `free_register`
//!   hold temporary values, and they are freed in the reverse order of their use.
//! * A list of jumps is linked through the offsets of the jumps themselves; `NO_JUMP` ends it.
//! * `jumps_here` lists jumps to the next instruction. They are patched when it is emitted, so that a list may still
//!   be joined to another jump.
//! * No instruction is merged with one before it when a jump leads to between them (`last_target`).

use super::expdesc::{Container, Exp, Kind, NO_JUMP, NO_REGISTER};
use super::func::append;
use super::state::Compiler;
use crate::code::bytecode::*;
use crate::messages as msg;
use crate::num;
use crate::object::Value;
use crate::throw::LResult;

/// All results of a call.
pub const MULTIPLE: i32 = -1;

/// Binary operators; arithmetic in the order of the opcodes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Concat,
    Eq,
    Lt,
    Le,
    Ne,
    Gt,
    Ge,
    And,
    Or,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Unary {
    Minus,
    Not,
    Len,
}

fn fold(op: Op, a: f64, b: f64) -> Option<f64> {
    Some(match op {
        Op::Add => a + b,
        Op::Sub => a - b,
        Op::Mul => a * b,
        // Division by zero is left to the run time.
        Op::Div if b != 0.0 => a / b,
        Op::Mod if b != 0.0 => num::modulo(a, b),
        Op::Pow => num::power(a, b),
        Op::Unm => -a,
        _ => return None,
    })
}

impl Compiler<'_> {
    // ---- instructions ---------------------------------------------------------------------------------------

    #[inline]
    pub fn emit(&mut self, i: Instruction) -> LResult<i32> {
        if self.f.jumps_here != NO_JUMP {
            let (list, pc) = (self.f.jumps_here, self.f.pc);
            self.patch_each(list, pc, NO_REGISTER, pc)?;
            self.f.jumps_here = NO_JUMP;
        }
        let (l, p, pc) = (self.lex.l, self.f.proto, self.f.pc);
        append(l, &p.code, pc as usize, i.0, i32::MAX as usize, "opcodes")?;
        append(l, &p.lineinfo, pc as usize, self.lex.last_line, i32::MAX as usize, "opcodes")?;
        self.f.pc += 1;
        Ok(pc)
    }

    #[inline(always)]
    pub fn emit_abc(&mut self, op: Op, a: u32, b: u32, c: u32) -> LResult<i32> {
        self.emit(Instruction::abc(op, a, b, c))
    }

    pub fn emit_closure(&mut self, index: u32) -> LResult<i32> {
        self.emit(Instruction::abx(Op::Closure, 0, index))
    }

    /// A loop instruction whose jump is patched later.
    pub fn emit_loop(&mut self, op: Op, a: u32) -> LResult<i32> {
        self.emit(Instruction::asbx(op, a, NO_JUMP))
    }

    pub fn emit_return(&mut self, first: u32, count: i32) -> LResult<()> {
        self.emit_abc(Op::Return, first, (count + 1) as u32, 0).map(|_| ())
    }

    pub fn emit_load_constant(&mut self, register: u32, k: u32) -> LResult<()> {
        if k <= MAX_ARG_BX {
            self.emit(Instruction::abx(Op::LoadK, register, k))?;
        } else {
            self.emit(Instruction::abx(Op::LoadKX, register, 0))?;
            self.emit(Instruction::ax(Op::ExtraArg, k))?;
        }
        Ok(())
    }

    /// nil to `count` registers; joined with a LOADNIL just before when the ranges touch.
    pub fn emit_nil(&mut self, from: u32, count: u32) -> LResult<()> {
        if self.f.pc > self.f.last_target {
            let before = self.instruction(self.f.pc - 1);
            if before.op() == Op::LoadNil {
                let (start, end) = (before.a(), before.a() + before.b() + 1);
                if start <= from && from <= end || from <= start && start <= from + count {
                    let first = start.min(from);
                    let past = end.max(from + count);
                    self.set_instruction(self.f.pc - 1, before.with_a(first).with_b(past - first - 1));
                    return Ok(());
                }
            }
        }
        self.emit_abc(Op::LoadNil, from, count - 1, 0).map(|_| ())
    }

    #[inline(always)]
    pub fn instruction(&self, pc: i32) -> Instruction {
        Instruction(self.f.proto.code.get(pc as usize))
    }

    #[inline(always)]
    pub fn set_instruction(&mut self, pc: i32, i: Instruction) {
        self.f.proto.code.set(pc as usize, i.0)
    }

    /// The last instruction counts for this line.
    pub fn fix_line(&mut self, line: i32) {
        self.f.proto.lineinfo.set(self.f.pc as usize - 1, line);
    }

    /// Stores the `pending` values above the table at register `table`, `total` so far counting them.
    pub fn emit_set_list(&mut self, table: u32, total: u32, pending: i32) -> LResult<()> {
        let batch = (total - 1) / FIELDS_PER_FLUSH + 1;
        let count = if pending == MULTIPLE { 0 } else { pending as u32 };
        if batch <= MAX_ARG_C {
            self.emit_abc(Op::SetList, table, count, batch)?;
        } else if batch <= MAX_ARG_AX {
            self.emit_abc(Op::SetList, table, count, 0)?;
            self.emit(Instruction::ax(Op::ExtraArg, batch))?;
        } else {
            return Err(self.lex.error(msg::CONSTRUCTOR_TOO_LONG));
        }
        self.f.free_register = table + 1;
        Ok(())
    }

    // ---- registers ------------------------------------------------------------------------------------------

    /// The function needs `n` more registers.
    #[inline]
    pub fn check_registers(&mut self, n: u32) -> LResult<()> {
        let size = self.f.free_register + n;
        if size > self.f.proto.maxstacksize() as u32 {
            if size >= MAX_STACK {
                return Err(self.lex.error(msg::TOO_COMPLEX));
            }
            self.f.proto.set_maxstacksize(size as u8);
        }
        Ok(())
    }

    #[inline]
    pub fn reserve_registers(&mut self, n: u32) -> LResult<()> {
        self.check_registers(n)?;
        self.f.free_register += n;
        Ok(())
    }

    #[inline(always)]
    fn free_rk(&mut self, rk: u32) {
        if !is_k(rk) && rk >= self.f.nactive {
            self.f.free_register -= 1;
            debug_assert!(rk == self.f.free_register);
        }
    }

    #[inline(always)]
    fn free_exp(&mut self, e: &Exp) {
        if let Kind::Register(r) = e.kind {
            self.free_rk(r);
        }
    }

    // ---- jumps ----------------------------------------------------------------------------------------------

    /// A jump with no target yet. Jumps to here that are waiting wait on, in its list.
    pub fn jump(&mut self) -> LResult<i32> {
        let waiting = core::mem::replace(&mut self.f.jumps_here, NO_JUMP);
        let mut list = self.emit_loop(Op::Jmp, 0)?;
        self.join(&mut list, waiting)?;
        Ok(list)
    }

    pub fn jump_to(&mut self, target: i32) -> LResult<()> {
        let list = self.jump()?;
        self.patch_list(list, target)
    }

    /// Here a jump may arrive.
    pub fn mark_target(&mut self) -> i32 {
        self.f.last_target = self.f.pc;
        self.f.pc
    }

    fn next_jump(&self, pc: i32) -> i32 {
        match self.instruction(pc).sbx() {
            NO_JUMP => NO_JUMP,
            offset => pc + 1 + offset,
        }
    }

    fn set_jump(&mut self, pc: i32, target: i32) -> LResult<()> {
        let offset = target - (pc + 1);
        debug_assert!(target != NO_JUMP);
        if offset.abs() > MAX_SBX {
            return Err(self.lex.error(msg::CONTROL_TOO_LONG));
        }
        self.set_instruction(pc, self.instruction(pc).with_sbx(offset));
        Ok(())
    }

    /// Appends the list `other` to `list`.
    pub fn join(&mut self, list: &mut i32, other: i32) -> LResult<()> {
        if other == NO_JUMP {
            return Ok(());
        }
        if *list == NO_JUMP {
            *list = other;
            return Ok(());
        }
        let mut last = *list;
        loop {
            match self.next_jump(last) {
                NO_JUMP => break,
                next => last = next,
            }
        }
        self.set_jump(last, other)
    }

    pub fn patch_list(&mut self, list: i32, target: i32) -> LResult<()> {
        if target == self.f.pc {
            self.patch_to_here(list)
        } else {
            self.patch_each(list, target, NO_REGISTER, target)
        }
    }

    pub fn patch_to_here(&mut self, list: i32) -> LResult<()> {
        self.mark_target();
        let mut here = self.f.jumps_here;
        self.join(&mut here, list)?;
        self.f.jumps_here = here;
        Ok(())
    }

    /// Makes the jumps of the list close upvalues from register `level` on.
    pub fn patch_close(&mut self, mut list: i32, level: u32) {
        while list != NO_JUMP {
            let next = self.next_jump(list);
            self.set_instruction(list, self.instruction(list).with_a(level + 1));
            list = next;
        }
    }

    /// Jumps that leave their tested value in `register` go to `with_value`, the others to `without`.
    fn patch_each(&mut self, mut list: i32, with_value: i32, register: u32, without: i32) -> LResult<()> {
        while list != NO_JUMP {
            let next = self.next_jump(list);
            let produces = self.set_test_register(list, register);
            self.set_jump(list, if produces { with_value } else { without })?;
            list = next;
        }
        Ok(())
    }

    /// pc of the instruction that decides whether the jump at `pc` is taken.
    fn control(&self, pc: i32) -> i32 {
        if pc >= 1 && self.instruction(pc - 1).op().info().is_test { pc - 1 } else { pc }
    }

    /// Gives the value tested before the jump at `pc` a register, if there is such a value; without a register (or when
    /// it is there already) the test keeps no value.
    fn set_test_register(&mut self, pc: i32, register: u32) -> bool {
        let at = self.control(pc);
        let i = self.instruction(at);
        if i.op() != Op::TestSet {
            return false;
        }
        let i = if register != NO_REGISTER && register != i.b() {
            i.with_a(register)
        } else {
            Instruction::abc(Op::Test, i.b(), 0, i.c())
        };
        self.set_instruction(at, i);
        true
    }

    /// Whether some jump of the list comes without its value.
    fn needs_value(&self, mut list: i32) -> bool {
        while list != NO_JUMP {
            if self.instruction(self.control(list)).op() != Op::TestSet {
                return true;
            }
            list = self.next_jump(list);
        }
        false
    }

    fn drop_values(&mut self, mut list: i32) {
        while list != NO_JUMP {
            self.set_test_register(list, NO_REGISTER);
            list = self.next_jump(list);
        }
    }

    fn conditional_jump(&mut self, op: Op, a: u32, b: u32, c: u32) -> LResult<i32> {
        self.emit_abc(op, a, b, c)?;
        self.jump()
    }

    // ---- expressions to values ------------------------------------------------------------------------------

    /// The call or `...` gives `count` values (`MULTIPLE`: all), from the next free register on for `...`.
    pub fn set_results(&mut self, e: &Exp, count: i32) -> LResult<()> {
        let n = (count + 1) as u32;
        match e.kind {
            Kind::Call(pc) => self.set_instruction(pc, self.instruction(pc).with_c(n)),
            Kind::VarArg(pc) => {
                let i = self.instruction(pc).with_b(n).with_a(self.f.free_register);
                self.set_instruction(pc, i);
                self.reserve_registers(1)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// The call or `...` gives one value.
    pub fn set_one_result(&mut self, e: &mut Exp) {
        match e.kind {
            Kind::Call(pc) => e.kind = Kind::Register(self.instruction(pc).a()),
            Kind::VarArg(pc) => {
                self.set_instruction(pc, self.instruction(pc).with_b(2));
                e.kind = Kind::Relocatable(pc);
            }
            _ => {}
        }
    }

    /// Turns a variable into its value.
    #[inline]
    pub fn discharge(&mut self, e: &mut Exp) -> LResult<()> {
        match e.kind {
            Kind::Local(r) => e.kind = Kind::Register(r),
            Kind::Upvalue(i) => e.kind = Kind::Relocatable(self.emit_abc(Op::GetUpval, 0, i, 0)?),
            Kind::Indexed { container, table, key } => {
                self.free_rk(key);
                let op = match container {
                    Container::Register => {
                        self.free_rk(table);
                        Op::GetTable
                    }
                    Container::Upvalue => Op::GetTabUp,
                };
                e.kind = Kind::Relocatable(self.emit_abc(op, 0, table, key)?);
            }
            Kind::Call(_) | Kind::VarArg(_) => self.set_one_result(e),
            _ => {}
        }
        Ok(())
    }

    /// The value goes to `register`, jumps aside.
    fn discharge_to(&mut self, e: &mut Exp, register: u32) -> LResult<()> {
        self.discharge(e)?;
        match e.kind {
            Kind::Nil => self.emit_nil(register, 1)?,
            Kind::True | Kind::False => {
                self.emit_abc(Op::LoadBool, register, (e.kind == Kind::True) as u32, 0)?;
            }
            Kind::Constant(k) => self.emit_load_constant(register, k)?,
            Kind::Number(n) => {
                let k = self.constant(Value::number(n))?;
                self.emit_load_constant(register, k)?;
            }
            Kind::Relocatable(pc) => self.set_instruction(pc, self.instruction(pc).with_a(register)),
            Kind::Register(r) => {
                if r != register {
                    self.emit_abc(Op::Move, register, r, 0)?;
                }
            }
            _ => return Ok(()),
        }
        e.kind = Kind::Register(register);
        Ok(())
    }

    fn discharge_to_any(&mut self, e: &mut Exp) -> LResult<()> {
        if let Kind::Register(_) = e.kind {
            return Ok(());
        }
        self.reserve_registers(1)?;
        self.discharge_to(e, self.f.free_register - 1)
    }

    /// The value goes to `register`, on whatever way.
    fn place(&mut self, e: &mut Exp, register: u32) -> LResult<()> {
        self.discharge_to(e, register)?;
        if let Kind::Jump(pc) = e.kind {
            self.join(&mut e.if_true, pc)?;
        }
        if e.has_jumps() {
            let (mut load_false, mut load_true) = (NO_JUMP, NO_JUMP);
            if self.needs_value(e.if_true) || self.needs_value(e.if_false) {
                let around = if matches!(e.kind, Kind::Jump(_)) { NO_JUMP } else { self.jump()? };
                self.mark_target();
                load_false = self.emit_abc(Op::LoadBool, register, 0, 1)?;
                self.mark_target();
                load_true = self.emit_abc(Op::LoadBool, register, 1, 0)?;
                self.patch_to_here(around)?;
            }
            let end = self.mark_target();
            self.patch_each(e.if_false, end, register, load_false)?;
            self.patch_each(e.if_true, end, register, load_true)?;
        }
        *e = Exp::new(Kind::Register(register));
        Ok(())
    }

    #[inline]
    pub fn place_next(&mut self, e: &mut Exp) -> LResult<()> {
        self.discharge(e)?;
        self.free_exp(e);
        self.reserve_registers(1)?;
        self.place(e, self.f.free_register - 1)
    }

    /// The value goes to some register, which is returned.
    pub fn place_any(&mut self, e: &mut Exp) -> LResult<u32> {
        self.discharge(e)?;
        if let Kind::Register(r) = e.kind {
            if !e.has_jumps() {
                return Ok(r);
            }
            if r >= self.f.nactive {
                self.place(e, r)?;
                return Ok(r);
            }
        }
        self.place_next(e)?;
        Ok(self.f.free_register - 1)
    }

    pub fn place_any_or_upvalue(&mut self, e: &mut Exp) -> LResult<()> {
        if !matches!(e.kind, Kind::Upvalue(_)) || e.has_jumps() {
            self.place_any(e)?;
        }
        Ok(())
    }

    pub fn settle(&mut self, e: &mut Exp) -> LResult<()> {
        if e.has_jumps() { self.place_any(e).map(|_| ()) } else { self.discharge(e) }
    }

    /// The value as a constant operand if it can be one, else in some register.
    pub fn operand(&mut self, e: &mut Exp) -> LResult<u32> {
        self.settle(e)?;
        let room = self.constant_count() as u32 <= MAX_INDEX_RK;
        let k = match e.kind {
            Kind::Nil if room => Some(self.constant(Value::NIL)?),
            Kind::True if room => Some(self.constant(Value::TRUE)?),
            Kind::False if room => Some(self.constant(Value::FALSE)?),
            Kind::Number(n) => Some(self.constant(Value::number(n))?),
            Kind::Constant(k) => Some(k),
            _ => None,
        };
        if let Some(k) = k {
            e.kind = Kind::Constant(k);
            if k <= MAX_INDEX_RK {
                return Ok(rk_constant(k));
            }
        }
        self.place_any(e)
    }

    // ---- variables ------------------------------------------------------------------------------------------

    pub fn store(&mut self, var: &Exp, e: &mut Exp) -> LResult<()> {
        match var.kind {
            Kind::Local(r) => {
                self.free_exp(e);
                return self.place(e, r);
            }
            Kind::Upvalue(i) => {
                let r = self.place_any(e)?;
                self.emit_abc(Op::SetUpval, r, i, 0)?;
            }
            Kind::Indexed { container, table, key } => {
                let op = match container {
                    Container::Register => Op::SetTable,
                    Container::Upvalue => Op::SetTabUp,
                };
                let value = self.operand(e)?;
                self.emit_abc(op, table, key, value)?;
            }
            _ => debug_assert!(false, "not a variable"),
        }
        self.free_exp(e);
        Ok(())
    }

    /// `t` becomes `t[key]`.
    pub fn index(&mut self, t: &mut Exp, key: &mut Exp) -> LResult<()> {
        let (container, table) = match t.kind {
            Kind::Upvalue(i) => (Container::Upvalue, i),
            Kind::Register(r) | Kind::Local(r) => (Container::Register, r),
            _ => {
                debug_assert!(false, "not a container");
                return Ok(());
            }
        };
        let key = self.operand(key)?;
        t.kind = Kind::Indexed { container, table, key };
        Ok(())
    }

    /// `e` becomes the method `key` of `e`, with the object in the register after it.
    pub fn method(&mut self, e: &mut Exp, key: &mut Exp) -> LResult<()> {
        let object = self.place_any(e)?;
        self.free_exp(e);
        let register = self.f.free_register;
        *e = Exp::new(Kind::Register(register));
        self.reserve_registers(2)?;
        let rk = self.operand(key)?;
        self.emit_abc(Op::SelfOp, register, object, rk)?;
        self.free_exp(key);
        Ok(())
    }

    // ---- conditions -----------------------------------------------------------------------------------------

    fn invert(&mut self, jump: i32) {
        let at = self.control(jump);
        let i = self.instruction(at);
        debug_assert!(i.op().info().is_test && i.op() != Op::TestSet && i.op() != Op::Test);
        self.set_instruction(at, i.with_a((i.a() == 0) as u32));
    }

    /// A jump taken when the value is true (or false, as `condition` says).
    fn jump_if(&mut self, e: &mut Exp, condition: bool) -> LResult<i32> {
        if let Kind::Relocatable(pc) = e.kind {
            let i = self.instruction(pc);
            if i.op() == Op::Not {
                self.f.pc -= 1;
                return self.conditional_jump(Op::Test, i.b(), 0, !condition as u32);
            }
        }
        self.discharge_to_any(e)?;
        self.free_exp(e);
        let Kind::Register(r) = e.kind else { return Ok(NO_JUMP) };
        self.conditional_jump(Op::TestSet, NO_REGISTER, r, condition as u32)
    }

    /// Goes on when the value is true; jumps otherwise (`if_false`).
    pub fn go_if_true(&mut self, e: &mut Exp) -> LResult<()> {
        self.discharge(e)?;
        let jump = match e.kind {
            Kind::Jump(pc) => {
                self.invert(pc);
                pc
            }
            Kind::Constant(_) | Kind::Number(_) | Kind::True => NO_JUMP,
            _ => self.jump_if(e, false)?,
        };
        self.join(&mut e.if_false, jump)?;
        self.patch_to_here(e.if_true)?;
        e.if_true = NO_JUMP;
        Ok(())
    }

    /// Goes on when the value is false; jumps otherwise (`if_true`).
    pub fn go_if_false(&mut self, e: &mut Exp) -> LResult<()> {
        self.discharge(e)?;
        let jump = match e.kind {
            Kind::Jump(pc) => pc,
            Kind::Nil | Kind::False => NO_JUMP,
            _ => self.jump_if(e, true)?,
        };
        self.join(&mut e.if_true, jump)?;
        self.patch_to_here(e.if_false)?;
        e.if_false = NO_JUMP;
        Ok(())
    }

    // ---- operators ------------------------------------------------------------------------------------------

    fn not(&mut self, e: &mut Exp) -> LResult<()> {
        self.discharge(e)?;
        match e.kind {
            Kind::Nil | Kind::False => e.kind = Kind::True,
            Kind::Constant(_) | Kind::Number(_) | Kind::True => e.kind = Kind::False,
            Kind::Jump(pc) => self.invert(pc),
            Kind::Relocatable(_) | Kind::Register(_) => {
                self.discharge_to_any(e)?;
                self.free_exp(e);
                if let Kind::Register(r) = e.kind {
                    e.kind = Kind::Relocatable(self.emit_abc(Op::Not, 0, r, 0)?);
                }
            }
            _ => debug_assert!(false, "not a value"),
        }
        core::mem::swap(&mut e.if_true, &mut e.if_false);
        self.drop_values(e.if_true);
        self.drop_values(e.if_false);
        Ok(())
    }

    pub fn unary(&mut self, op: Unary, e: &mut Exp, line: i32) -> LResult<()> {
        let op = match op {
            Unary::Not => return self.not(e),
            Unary::Minus => {
                if let Some(n) = e.as_numeral() {
                    e.kind = Kind::Number(-n);
                    return Ok(());
                }
                Op::Unm
            }
            Unary::Len => Op::Len,
        };
        let r = self.place_any(e)?;
        self.free_exp(e);
        e.kind = Kind::Relocatable(self.emit_abc(op, 0, r, 0)?);
        self.fix_line(line);
        Ok(())
    }

    /// Prepares the first operand before the second one is parsed.
    pub fn before_operand(&mut self, op: Binary, e: &mut Exp) -> LResult<()> {
        match op {
            Binary::And => self.go_if_true(e),
            Binary::Or => self.go_if_false(e),
            // Operands of `..` must be in consecutive registers.
            Binary::Concat => self.place_next(e),
            Binary::Add | Binary::Sub | Binary::Mul | Binary::Div | Binary::Mod | Binary::Pow => {
                if e.as_numeral().is_none() {
                    self.operand(e)?;
                }
                Ok(())
            }
            _ => self.operand(e).map(|_| ()),
        }
    }

    /// `a` becomes `a op b`.
    pub fn binary(&mut self, op: Binary, a: &mut Exp, mut b: Exp, line: i32) -> LResult<()> {
        match op {
            Binary::And => {
                self.discharge(&mut b)?;
                self.join(&mut b.if_false, a.if_false)?;
                *a = b;
                Ok(())
            }
            Binary::Or => {
                self.discharge(&mut b)?;
                self.join(&mut b.if_true, a.if_true)?;
                *a = b;
                Ok(())
            }
            Binary::Concat => {
                self.settle(&mut b)?;
                if let Kind::Relocatable(pc) = b.kind
                    && self.instruction(pc).op() == Op::Concat
                {
                    // `a .. (b .. c)`: one instruction for the whole chain, from `a` on.
                    self.free_exp(a);
                    if let Kind::Register(r) = a.kind {
                        self.set_instruction(pc, self.instruction(pc).with_b(r));
                    }
                    a.kind = b.kind;
                    return Ok(());
                }
                self.place_next(&mut b)?;
                self.arithmetic(Op::Concat, a, b, line)
            }
            Binary::Add => self.arithmetic(Op::Add, a, b, line),
            Binary::Sub => self.arithmetic(Op::Sub, a, b, line),
            Binary::Mul => self.arithmetic(Op::Mul, a, b, line),
            Binary::Div => self.arithmetic(Op::Div, a, b, line),
            Binary::Mod => self.arithmetic(Op::Mod, a, b, line),
            Binary::Pow => self.arithmetic(Op::Pow, a, b, line),
            Binary::Eq => self.comparison(Op::Eq, true, false, a, b),
            Binary::Ne => self.comparison(Op::Eq, false, false, a, b),
            Binary::Lt => self.comparison(Op::Lt, true, false, a, b),
            Binary::Le => self.comparison(Op::Le, true, false, a, b),
            Binary::Gt => self.comparison(Op::Lt, true, true, a, b),
            Binary::Ge => self.comparison(Op::Le, true, true, a, b),
        }
    }

    fn arithmetic(&mut self, op: Op, a: &mut Exp, mut b: Exp, line: i32) -> LResult<()> {
        if let (Some(x), Some(y)) = (a.as_numeral(), b.as_numeral())
            && let Some(result) = fold(op, x, y)
        {
            a.kind = Kind::Number(result);
            return Ok(());
        }
        let rb = self.operand(&mut b)?;
        let ra = self.operand(a)?;
        // The higher register goes first.
        if ra > rb {
            self.free_exp(a);
            self.free_exp(&b);
        } else {
            self.free_exp(&b);
            self.free_exp(a);
        }
        a.kind = Kind::Relocatable(self.emit_abc(op, 0, ra, rb)?);
        self.fix_line(line);
        Ok(())
    }

    fn comparison(&mut self, op: Op, condition: bool, swap: bool, a: &mut Exp, mut b: Exp) -> LResult<()> {
        let ra = self.operand(a)?;
        let rb = self.operand(&mut b)?;
        self.free_exp(&b);
        self.free_exp(a);
        let (x, y) = if swap { (rb, ra) } else { (ra, rb) };
        a.kind = Kind::Jump(self.conditional_jump(op, condition as u32, x, y)?);
        Ok(())
    }
}
