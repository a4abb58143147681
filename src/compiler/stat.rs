//! Parsing statements.

use super::code::MULTIPLE;
use super::expdesc::{Container, Exp, Kind, NO_JUMP};
use super::state::Compiler;
use super::token::Tok;
use crate::code::bytecode::*;
use crate::consts::LUAI_MAXCCALLS;
use crate::gc;
use crate::messages as msg;
use crate::object::{Gc, Str, Value};
use crate::throw::LResult;
use crate::vm::debug::hooks;
use core::cell::Cell;

/// A variable on the left side of an assignment; the ones before it are linked.
struct Target<'a> {
    var: Cell<Exp>,
    before: Option<&'a Target<'a>>,
}

impl Compiler<'_> {
    /// Whether the current token ends a block.
    fn at_block_end(&self, until_counts: bool) -> bool {
        match self.lex.token.kind {
            Tok::ELSE | Tok::ELSEIF | Tok::END | Tok::EOS => true,
            Tok::UNTIL => until_counts,
            _ => false,
        }
    }

    pub fn statements(&mut self) -> LResult<()> {
        while !self.at_block_end(true) {
            let is_return = self.lex.token.kind == Tok::RETURN;
            self.statement()?;
            if is_return {
                break;
            }
        }
        Ok(())
    }

    fn statement(&mut self) -> LResult<()> {
        let line = self.lex.line;
        hooks::poll(self.lex.l, 1)?;
        self.enter_level()?;
        match self.lex.token.kind {
            Tok::IF => self.if_statement(line)?,
            Tok::WHILE => self.while_statement(line)?,
            Tok::DO => {
                self.lex.next()?;
                self.block_body()?;
                self.expect_match(Tok::END, Tok::DO, line)?;
            }
            Tok::FOR => self.for_statement(line)?,
            Tok::REPEAT => self.repeat_statement(line)?,
            Tok::FUNCTION => self.function_statement(line)?,
            Tok::LOCAL => {
                self.lex.next()?;
                if self.accept(Tok::FUNCTION)? {
                    self.local_function()?;
                } else {
                    self.local_statement()?;
                }
            }
            Tok::DBCOLON => {
                self.lex.next()?;
                let name = self.name()?;
                self.label_statement(name, line)?;
            }
            Tok::RETURN => {
                self.lex.next()?;
                self.return_statement()?;
            }
            Tok::BREAK | Tok::GOTO => {
                let jump = self.jump()?;
                self.goto_statement(jump)?;
            }
            kind if kind == Tok::byte(b';') => self.lex.next()?,
            _ => self.expression_statement()?,
        }
        debug_assert!(self.f.free_register >= self.f.nactive);
        self.f.free_register = self.f.nactive;
        self.leave_level();
        gc::check(self.lex.l)
    }

    /// Statements in a block of their own.
    fn block_body(&mut self) -> LResult<()> {
        self.enter_block(false)?;
        self.statements()?;
        self.leave_block()
    }

    // ---- assignments and calls ------------------------------------------------------------------------------

    fn expression_statement(&mut self) -> LResult<()> {
        let mut e = Exp::VOID;
        self.suffixed(&mut e)?;
        if self.lex.token.kind == Tok::byte(b'=') || self.lex.token.kind == Tok::byte(b',') {
            return self.assignment(&Target { var: Cell::new(e), before: None }, 1);
        }
        let Kind::Call(pc) = e.kind else { return Err(self.lex.error(msg::SYNTAX_ERROR)) };
        self.set_instruction(pc, self.instruction(pc).with_c(1));
        Ok(())
    }

    /// The rest of an assignment of which `target`, the `count`-th variable, was parsed.
    fn assignment(&mut self, target: &Target, count: u32) -> LResult<()> {
        if !target.var.get().is_variable() {
            return Err(self.lex.error(msg::SYNTAX_ERROR));
        }
        let mut e = Exp::VOID;
        if self.accept(Tok::byte(b','))? {
            let mut var = Exp::VOID;
            self.suffixed(&mut var)?;
            if !matches!(var.kind, Kind::Indexed { .. }) {
                self.protect_targets(target, var.kind)?;
            }
            let depth = count as usize + self.lex.l.native_depth.get() as usize;
            self.check_limit(depth, LUAI_MAXCCALLS as usize, "C levels")?;
            self.assignment(&Target { var: Cell::new(var), before: Some(target) }, count + 1)?;
        } else {
            self.expect(Tok::byte(b'='))?;
            let values = self.expression_list(&mut e)?;
            if values == count {
                // The last value need not go through a register of its own.
                self.set_one_result(&mut e);
                return self.store(&target.var.get(), &mut e);
            }
            self.adjust_values(count, values, &mut e)?;
            if values > count {
                self.f.free_register -= values - count;
            }
        }
        // The values are on top of the registers; the last variable takes the last one.
        e = Exp::new(Kind::Register(self.f.free_register - 1));
        self.store(&target.var.get(), &mut e)
    }

    /// When a variable that is assigned to is the table or the key of a target before it, that target must use the old
    /// value: it gets a copy.
    fn protect_targets(&mut self, last: &Target, var: Kind) -> LResult<()> {
        let copy = self.f.free_register;
        let mut conflict = false;
        let mut next = Some(last);
        while let Some(target) = next {
            let mut exp = target.var.get();
            if let Kind::Indexed { container, table, key } = &mut exp.kind {
                let same_table = match var {
                    Kind::Local(r) => *container == Container::Register && *table == r,
                    Kind::Upvalue(i) => *container == Container::Upvalue && *table == i,
                    _ => false,
                };
                if same_table {
                    conflict = true;
                    *container = Container::Register;
                    *table = copy;
                }
                if var == Kind::Local(*key) {
                    conflict = true;
                    *key = copy;
                }
                target.var.set(exp);
            }
            next = target.before;
        }
        if conflict {
            match var {
                Kind::Local(r) => self.emit_abc(Op::Move, copy, r, 0)?,
                Kind::Upvalue(i) => self.emit_abc(Op::GetUpval, copy, i, 0)?,
                _ => return Ok(()),
            };
            self.reserve_registers(1)?;
        }
        Ok(())
    }

    /// Makes `given` values, of which `last` is the last, into `wanted`.
    fn adjust_values(&mut self, wanted: u32, given: u32, last: &mut Exp) -> LResult<()> {
        let missing = wanted as i32 - given as i32;
        if last.is_multiple() {
            let from_last = (missing + 1).max(0);
            self.set_results(last, from_last)?;
            if from_last > 1 {
                self.reserve_registers(from_last as u32 - 1)?;
            }
            return Ok(());
        }
        if last.kind != Kind::Void {
            self.place_next(last)?;
        }
        if missing > 0 {
            let first = self.f.free_register;
            self.reserve_registers(missing as u32)?;
            self.emit_nil(first, missing as u32)?;
        }
        Ok(())
    }

    // ---- local variables and functions ----------------------------------------------------------------------

    fn local_statement(&mut self) -> LResult<()> {
        let mut names = 0;
        loop {
            let name = self.name()?;
            self.new_local(name)?;
            names += 1;
            if !self.accept(Tok::byte(b','))? {
                break;
            }
        }
        let mut last = Exp::VOID;
        let values = if self.accept(Tok::byte(b'='))? { self.expression_list(&mut last)? } else { 0 };
        self.adjust_values(names, values, &mut last)?;
        self.activate_locals(names);
        Ok(())
    }

    fn local_function(&mut self) -> LResult<()> {
        let name = self.name()?;
        self.new_local(name)?;
        // The function may refer to itself.
        self.activate_locals(1);
        let mut f = Exp::VOID;
        self.function_body(&mut f, false, self.lex.line)?;
        if let Kind::Register(r) = f.kind {
            // For a debugger the variable begins when it has its value.
            self.set_local_start(r);
        }
        Ok(())
    }

    fn function_statement(&mut self, line: i32) -> LResult<()> {
        self.lex.next()?;
        let name = self.name()?;
        let mut var = self.variable(name)?;
        let mut is_method = false;
        loop {
            match self.lex.token.kind.as_byte() {
                Some(b'.') => self.field(&mut var)?,
                Some(b':') => {
                    is_method = true;
                    self.field(&mut var)?;
                    break;
                }
                _ => break,
            }
        }
        let mut f = Exp::VOID;
        self.function_body(&mut f, is_method, line)?;
        self.store(&var, &mut f)?;
        self.fix_line(line);
        Ok(())
    }

    fn return_statement(&mut self) -> LResult<()> {
        let (mut first, mut count) = (0, 0);
        if !self.at_block_end(true) && self.lex.token.kind != Tok::byte(b';') {
            let mut e = Exp::VOID;
            let values = self.expression_list(&mut e)?;
            if e.is_multiple() {
                self.set_results(&e, MULTIPLE)?;
                if let Kind::Call(pc) = e.kind
                    && values == 1
                {
                    self.set_instruction(pc, self.instruction(pc).with_op(Op::TailCall));
                }
                first = self.f.nactive;
                count = MULTIPLE;
            } else if values == 1 {
                first = self.place_any(&mut e)?;
                count = 1;
            } else {
                self.place_next(&mut e)?;
                first = self.f.nactive;
                count = values as i32;
            }
        }
        self.emit_return(first, count)?;
        self.accept(Tok::byte(b';')).map(|_| ())
    }

    // ---- goto and labels ------------------------------------------------------------------------------------

    /// goto or break, with `jump` as its instruction (or list of instructions).
    fn goto_statement(&mut self, jump: i32) -> LResult<()> {
        let line = self.lex.line;
        let name = if self.accept(Tok::GOTO)? {
            self.name()?
        } else {
            self.lex.next()?;
            self.internal_name("break")?
        };
        self.new_goto(name, line, jump)
    }

    fn label_statement(&mut self, name: Gc<Str>, line: i32) -> LResult<()> {
        self.check_label_is_new(name)?;
        // The next token may take the place of the name among the anchors before the label is declared.
        self.keep_name(name)?;
        self.expect(Tok::DBCOLON)?;
        let label = self.declare_label(name, line)?;
        self.skip_empty_statements()?;
        let last = self.at_block_end(false);
        self.finish_label(label, last)
    }

    fn skip_empty_statements(&mut self) -> LResult<()> {
        while self.lex.token.kind == Tok::byte(b';') || self.lex.token.kind == Tok::DBCOLON {
            self.statement()?;
        }
        Ok(())
    }

    // ---- control structures ---------------------------------------------------------------------------------

    /// A condition; the jumps taken when it is false.
    fn condition(&mut self) -> LResult<i32> {
        let mut e = Exp::VOID;
        self.expression(&mut e)?;
        if e.kind == Kind::Nil {
            e.kind = Kind::False;
        }
        self.go_if_true(&mut e)?;
        Ok(e.if_false)
    }

    fn if_statement(&mut self, line: i32) -> LResult<()> {
        let mut to_end = NO_JUMP;
        self.if_branch(&mut to_end)?;
        while self.lex.token.kind == Tok::ELSEIF {
            self.if_branch(&mut to_end)?;
        }
        if self.accept(Tok::ELSE)? {
            self.block_body()?;
        }
        self.expect_match(Tok::END, Tok::IF, line)?;
        self.patch_to_here(to_end)
    }

    /// Condition and block after `if` or `elseif`; jumps to the end of the whole statement go to `to_end`.
    fn if_branch(&mut self, to_end: &mut i32) -> LResult<()> {
        self.lex.next()?;
        let mut e = Exp::VOID;
        self.expression(&mut e)?;
        self.expect(Tok::THEN)?;
        let when_false = if self.lex.token.kind == Tok::GOTO || self.lex.token.kind == Tok::BREAK {
            // The condition's own jump is the goto.
            self.go_if_false(&mut e)?;
            self.enter_block(false)?;
            self.goto_statement(e.if_true)?;
            self.skip_empty_statements()?;
            if self.at_block_end(false) {
                return self.leave_block();
            }
            self.jump()?
        } else {
            self.go_if_true(&mut e)?;
            self.enter_block(false)?;
            e.if_false
        };
        self.statements()?;
        self.leave_block()?;
        if self.lex.token.kind == Tok::ELSE || self.lex.token.kind == Tok::ELSEIF {
            let jump = self.jump()?;
            self.join(to_end, jump)?;
        }
        self.patch_to_here(when_false)
    }

    fn while_statement(&mut self, line: i32) -> LResult<()> {
        self.lex.next()?;
        let start = self.mark_target();
        let exit = self.condition()?;
        self.enter_block(true)?;
        self.expect(Tok::DO)?;
        self.block_body()?;
        self.jump_to(start)?;
        self.expect_match(Tok::END, Tok::WHILE, line)?;
        self.leave_block()?;
        self.patch_to_here(exit)
    }

    fn repeat_statement(&mut self, line: i32) -> LResult<()> {
        let start = self.mark_target();
        self.enter_block(true)?;
        // The condition sees the variables of the inner block.
        self.enter_block(false)?;
        self.lex.next()?;
        self.statements()?;
        self.expect_match(Tok::UNTIL, Tok::REPEAT, line)?;
        let again = self.condition()?;
        let inner = self.block();
        if inner.has_upvalue {
            self.patch_close(again, inner.nactive as u32);
        }
        self.leave_block()?;
        self.patch_list(again, start)?;
        self.leave_block()
    }

    fn for_statement(&mut self, line: i32) -> LResult<()> {
        self.enter_block(true)?;
        self.lex.next()?;
        let name = self.name()?;
        match self.lex.token.kind {
            Tok::IN => self.generic_for(name)?,
            kind => match kind.as_byte() {
                Some(b'=') => self.numeric_for(name, line)?,
                Some(b',') => self.generic_for(name)?,
                _ => return Err(self.lex.error(msg::FOR_SEPARATOR_EXPECTED)),
            },
        }
        self.expect_match(Tok::END, Tok::FOR, line)?;
        self.leave_block()
    }

    fn expression_in_next_register(&mut self) -> LResult<()> {
        let mut e = Exp::VOID;
        self.expression(&mut e)?;
        self.place_next(&mut e)
    }

    fn numeric_for(&mut self, name: Gc<Str>, line: i32) -> LResult<()> {
        let base = self.f.free_register;
        self.new_local_named("(for index)")?;
        self.new_local_named("(for limit)")?;
        self.new_local_named("(for step)")?;
        self.new_local(name)?;
        self.expect(Tok::byte(b'='))?;
        self.expression_in_next_register()?;
        self.expect(Tok::byte(b','))?;
        self.expression_in_next_register()?;
        if self.accept(Tok::byte(b','))? {
            self.expression_in_next_register()?;
        } else {
            let one = self.constant(Value::number(1.0))?;
            self.emit_load_constant(self.f.free_register, one)?;
            self.reserve_registers(1)?;
        }
        self.for_body(base, line, 1, true)
    }

    fn generic_for(&mut self, name: Gc<Str>) -> LResult<()> {
        let base = self.f.free_register;
        self.new_local_named("(for generator)")?;
        self.new_local_named("(for state)")?;
        self.new_local_named("(for control)")?;
        self.new_local(name)?;
        let mut names = 1;
        while self.accept(Tok::byte(b','))? {
            let name = self.name()?;
            self.new_local(name)?;
            names += 1;
        }
        self.expect(Tok::IN)?;
        let iterator_line = self.lex.line;
        let mut last = Exp::VOID;
        let values = self.expression_list(&mut last)?;
        self.adjust_values(3, values, &mut last)?;
        // Room for the call of the iterator.
        self.check_registers(3)?;
        self.for_body(base, iterator_line, names, false)
    }

    /// `base`: register of the first of the three hidden variables.
    fn for_body(&mut self, base: u32, line: i32, names: u32, is_numeric: bool) -> LResult<()> {
        self.activate_locals(3);
        self.expect(Tok::DO)?;
        let prepare = if is_numeric { self.emit_loop(Op::ForPrep, base)? } else { self.jump()? };
        self.enter_block(false)?;
        self.activate_locals(names);
        self.reserve_registers(names)?;
        self.block_body()?;
        self.leave_block()?;
        self.patch_to_here(prepare)?;
        let end = if is_numeric {
            self.emit_loop(Op::ForLoop, base)?
        } else {
            self.emit_abc(Op::TForCall, base, 0, names)?;
            self.fix_line(line);
            self.emit_loop(Op::TForLoop, base + 2)?
        };
        self.patch_list(end, prepare + 1)?;
        self.fix_line(line);
        Ok(())
    }
}
