//! Parsing expressions, with their code made on the way.

use super::code::{Binary, MULTIPLE, Unary};
use super::expdesc::{Exp, Kind};
use super::func::Func;
use super::state::Compiler;
use super::token::Tok;
use crate::code::bytecode::*;
use crate::messages as msg;
use crate::num;
use crate::throw::LResult;
use crate::vm::debug::hooks;
use core::mem::MaybeUninit;

/// Binding power of unary operators.
const UNARY_POWER: u8 = 8;

/// A binary operator with its binding powers to the left and to the right.
#[inline]
fn binary_operator(kind: Tok) -> Option<(Binary, u8, u8)> {
    Some(match kind {
        Tok::OR => (Binary::Or, 1, 1),
        Tok::AND => (Binary::And, 2, 2),
        Tok::EQ => (Binary::Eq, 3, 3),
        Tok::NE => (Binary::Ne, 3, 3),
        Tok::LE => (Binary::Le, 3, 3),
        Tok::GE => (Binary::Ge, 3, 3),
        Tok::CONCAT => (Binary::Concat, 5, 4),
        _ => match kind.as_byte()? {
            b'<' => (Binary::Lt, 3, 3),
            b'>' => (Binary::Gt, 3, 3),
            b'+' => (Binary::Add, 6, 6),
            b'-' => (Binary::Sub, 6, 6),
            b'*' => (Binary::Mul, 7, 7),
            b'/' => (Binary::Div, 7, 7),
            b'%' => (Binary::Mod, 7, 7),
            b'^' => (Binary::Pow, 10, 9),
            _ => return None,
        },
    })
}

fn unary_operator(kind: Tok) -> Option<Unary> {
    match kind {
        Tok::NOT => Some(Unary::Not),
        _ => match kind.as_byte()? {
            b'-' => Some(Unary::Minus),
            b'#' => Some(Unary::Len),
            _ => None,
        },
    }
}

/// A table constructor in progress.
struct Constructor {
    /// register of the table
    table: u32,
    /// list item that is not stored yet
    item: Exp,
    list_items: u32,
    record_items: u32,
    /// list items in registers
    pending: i32,
}

impl Compiler<'_> {
    pub fn expression(&mut self, e: &mut Exp) -> LResult<()> {
        self.subexpression(e, 0).map(|_| ())
    }

    /// Parses operators that bind more tightly than `power`; the operator that comes next, if any.
    fn subexpression(&mut self, e: &mut Exp, power: u8) -> LResult<Option<(Binary, u8, u8)>> {
        self.enter_level()?;
        if let Some(op) = unary_operator(self.lex.token.kind) {
            let line = self.lex.line;
            self.lex.next()?;
            self.subexpression(e, UNARY_POWER)?;
            self.unary(op, e, line)?;
        } else {
            self.simple_expression(e)?;
        }
        let mut next = binary_operator(self.lex.token.kind);
        while let Some((op, left, right)) = next
            && left > power
        {
            let line = self.lex.line;
            self.lex.next()?;
            self.before_operand(op, e)?;
            let mut second = Exp::VOID;
            next = self.subexpression(&mut second, right)?;
            self.binary(op, e, second, line)?;
        }
        self.leave_level();
        Ok(next)
    }

    fn simple_expression(&mut self, e: &mut Exp) -> LResult<()> {
        *e = match self.lex.token.kind {
            Tok::NUMBER => Exp::new(Kind::Number(self.lex.token.number)),
            Tok::STRING => self.current_string()?,
            Tok::NIL => Exp::new(Kind::Nil),
            Tok::TRUE => Exp::new(Kind::True),
            Tok::FALSE => Exp::new(Kind::False),
            Tok::DOTS => {
                if !self.f.proto.is_vararg() {
                    return Err(self.lex.error(msg::VARARG_OUTSIDE));
                }
                Exp::new(Kind::VarArg(self.emit_abc(Op::VarArg, 0, 1, 0)?))
            }
            Tok::FUNCTION => {
                self.lex.next()?;
                return self.function_body(e, false, self.lex.line);
            }
            kind if kind == Tok::byte(b'{') => return self.constructor(e),
            _ => return self.suffixed(e),
        };
        self.lex.next()
    }

    /// The current token's string as a constant.
    fn current_string(&mut self) -> LResult<Exp> {
        match self.lex.token.string {
            Some(s) => self.string_constant(s),
            None => Ok(Exp::VOID),
        }
    }

    /// A name as a constant.
    fn name_constant(&mut self) -> LResult<Exp> {
        let name = self.name()?;
        self.string_constant(name)
    }

    fn primary(&mut self, e: &mut Exp) -> LResult<()> {
        if self.lex.token.kind == Tok::NAME {
            let name = self.name()?;
            *e = self.variable(name)?;
            return Ok(());
        }
        if self.lex.token.kind == Tok::byte(b'(') {
            let line = self.lex.line;
            self.lex.next()?;
            self.expression(e)?;
            self.expect_match(Tok::byte(b')'), Tok::byte(b'('), line)?;
            return self.discharge(e);
        }
        Err(self.lex.error(msg::UNEXPECTED_SYMBOL))
    }

    /// A primary expression with the fields, indices, methods and calls that follow it.
    pub fn suffixed(&mut self, e: &mut Exp) -> LResult<()> {
        let line = self.lex.line;
        self.primary(e)?;
        loop {
            match self.lex.token.kind {
                Tok::STRING => {}
                kind => match kind.as_byte() {
                    Some(b'.') => {
                        self.field(e)?;
                        continue;
                    }
                    Some(b'[') => {
                        self.place_any_or_upvalue(e)?;
                        let mut key = Exp::VOID;
                        self.bracketed_key(&mut key)?;
                        self.index(e, &mut key)?;
                        continue;
                    }
                    Some(b':') => {
                        self.lex.next()?;
                        let mut key = self.name_constant()?;
                        self.method(e, &mut key)?;
                        self.arguments(e, line)?;
                        continue;
                    }
                    Some(b'(' | b'{') => {}
                    _ => return Ok(()),
                },
            }
            self.place_next(e)?;
            self.arguments(e, line)?;
        }
    }

    /// `.name` (or `:name`)
    pub fn field(&mut self, e: &mut Exp) -> LResult<()> {
        self.place_any_or_upvalue(e)?;
        self.lex.next()?;
        let mut key = self.name_constant()?;
        self.index(e, &mut key)
    }

    /// `[key]`
    fn bracketed_key(&mut self, key: &mut Exp) -> LResult<()> {
        self.lex.next()?;
        self.expression(key)?;
        self.settle(key)?;
        self.expect(Tok::byte(b']'))
    }

    fn arguments(&mut self, f: &mut Exp, line: i32) -> LResult<()> {
        let mut last = Exp::VOID;
        match self.lex.token.kind {
            Tok::STRING => {
                last = self.current_string()?;
                self.lex.next()?;
            }
            kind => match kind.as_byte() {
                Some(b'(') => {
                    self.lex.next()?;
                    if self.lex.token.kind != Tok::byte(b')') {
                        self.expression_list(&mut last)?;
                        self.set_results(&last, MULTIPLE)?;
                    }
                    self.expect_match(Tok::byte(b')'), Tok::byte(b'('), line)?;
                }
                Some(b'{') => self.constructor(&mut last)?,
                _ => return Err(self.lex.error(msg::ARGUMENTS_EXPECTED)),
            },
        }
        let Kind::Register(base) = f.kind else { return Ok(()) };
        let count = if last.is_multiple() {
            MULTIPLE
        } else {
            if last.kind != Kind::Void {
                self.place_next(&mut last)?;
            }
            (self.f.free_register - (base + 1)) as i32
        };
        *f = Exp::new(Kind::Call(self.emit_abc(Op::Call, base, (count + 1) as u32, 2)?));
        self.fix_line(line);
        // The call removes function and arguments and leaves, unless changed later, one result.
        self.f.free_register = base + 1;
        Ok(())
    }

    /// Parses one or more expressions; all but the last go to registers. How many there are.
    pub fn expression_list(&mut self, last: &mut Exp) -> LResult<u32> {
        let mut n = 1;
        self.expression(last)?;
        while self.accept(Tok::byte(b','))? {
            self.place_next(last)?;
            self.expression(last)?;
            n += 1;
        }
        Ok(n)
    }

    // ---- table constructors ---------------------------------------------------------------------------------

    fn constructor(&mut self, e: &mut Exp) -> LResult<()> {
        let line = self.lex.line;
        let pc = self.emit_abc(Op::NewTable, 0, 0, 0)?;
        *e = Exp::new(Kind::Relocatable(pc));
        self.place_next(e)?;
        let Kind::Register(table) = e.kind else { return Ok(()) };
        let mut c = Constructor { table, item: Exp::VOID, list_items: 0, record_items: 0, pending: 0 };
        self.expect(Tok::byte(b'{'))?;
        while self.lex.token.kind != Tok::byte(b'}') {
            hooks::poll(self.lex.l, 1)?;
            self.store_list_item(&mut c)?;
            let kind = self.lex.token.kind;
            if kind == Tok::byte(b'[') || kind == Tok::NAME && self.lex.look_ahead()? == Tok::byte(b'=') {
                self.record_item(&mut c)?;
            } else {
                self.list_item(&mut c)?;
            }
            if !self.accept(Tok::byte(b','))? && !self.accept(Tok::byte(b';'))? {
                break;
            }
        }
        self.expect_match(Tok::byte(b'}'), Tok::byte(b'{'), line)?;
        self.store_last_items(&mut c)?;
        let i = self
            .instruction(pc)
            .with_b(num::int_to_fb(c.list_items).into())
            .with_c(num::int_to_fb(c.record_items).into());
        self.set_instruction(pc, i);
        Ok(())
    }

    fn list_item(&mut self, c: &mut Constructor) -> LResult<()> {
        self.expression(&mut c.item)?;
        self.check_item_count(c.list_items)?;
        c.list_items += 1;
        c.pending += 1;
        Ok(())
    }

    fn record_item(&mut self, c: &mut Constructor) -> LResult<()> {
        let register = self.f.free_register;
        let mut key = Exp::VOID;
        if self.lex.token.kind == Tok::NAME {
            self.check_item_count(c.record_items)?;
            key = self.name_constant()?;
        } else {
            self.bracketed_key(&mut key)?;
        }
        c.record_items += 1;
        self.expect(Tok::byte(b'='))?;
        let key = self.operand(&mut key)?;
        let mut value = Exp::VOID;
        self.expression(&mut value)?;
        let value = self.operand(&mut value)?;
        self.emit_abc(Op::SetTable, c.table, key, value)?;
        self.f.free_register = register;
        Ok(())
    }

    /// The list item parsed before, if any, goes to its register; a full batch goes to the table.
    fn store_list_item(&mut self, c: &mut Constructor) -> LResult<()> {
        if c.item.kind == Kind::Void {
            return Ok(());
        }
        self.place_next(&mut c.item)?;
        c.item.kind = Kind::Void;
        if c.pending as u32 == FIELDS_PER_FLUSH {
            self.emit_set_list(c.table, c.list_items, c.pending)?;
            c.pending = 0;
        }
        Ok(())
    }

    fn store_last_items(&mut self, c: &mut Constructor) -> LResult<()> {
        if c.pending == 0 {
            return Ok(());
        }
        if c.item.is_multiple() {
            self.set_results(&c.item, MULTIPLE)?;
            self.emit_set_list(c.table, c.list_items, MULTIPLE)?;
            // How many items the open list gives is not known: the size hint does not count it.
            c.list_items -= 1;
            return Ok(());
        }
        if c.item.kind != Kind::Void {
            self.place_next(&mut c.item)?;
        }
        self.emit_set_list(c.table, c.list_items, c.pending)
    }

    // ---- functions ------------------------------------------------------------------------------------------

    /// Parameters and body of a function, up to its `end`. `line`: where it starts.
    pub fn function_body(&mut self, e: &mut Exp, is_method: bool, line: i32) -> LResult<()> {
        let proto = self.add_proto()?;
        proto.linedefined.set(line);
        let mut outer = MaybeUninit::<Func>::uninit();
        self.open_function(proto, &mut outer)?;
        self.expect(Tok::byte(b'('))?;
        if is_method {
            self.new_local_named("self")?;
            self.activate_locals(1);
        }
        self.parameters()?;
        self.expect(Tok::byte(b')'))?;
        self.statements()?;
        proto.lastlinedefined.set(self.lex.line);
        self.expect_match(Tok::END, Tok::FUNCTION, line)?;
        self.close_function()?;
        // SAFETY: `open_function` put the enclosing function there.
        self.f = unsafe { outer.assume_init() };
        let pc = self.emit_closure(self.f.inner_index())?;
        *e = Exp::new(Kind::Relocatable(pc));
        // The closure goes to a register at once: it captures variables as they are here.
        self.place_next(e)
    }

    fn parameters(&mut self) -> LResult<()> {
        let mut n = 0;
        let proto = self.f.proto;
        if self.lex.token.kind != Tok::byte(b')') {
            loop {
                match self.lex.token.kind {
                    Tok::NAME => {
                        let name = self.name()?;
                        self.new_local(name)?;
                        n += 1;
                    }
                    Tok::DOTS => {
                        self.lex.next()?;
                        proto.set_vararg(true);
                        break;
                    }
                    _ => return Err(self.lex.error(msg::PARAMETER_EXPECTED)),
                }
                if !self.accept(Tok::byte(b','))? {
                    break;
                }
            }
        }
        self.activate_locals(n);
        proto.set_numparams(self.f.nactive as u8);
        self.reserve_registers(self.f.nactive)
    }
}
