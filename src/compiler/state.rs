//! What a compilation consists of, with what its parts have in common: the objects on the stack, tokens, and nesting.

use super::func::{Func, Work};
use super::lexer::{ANCHORS, Lexer};
use super::token::Tok;
use crate::consts::LUAI_MAXCCALLS;
use crate::messages::{self as msg, Arg};
use crate::object::string::new_str;
use crate::object::{Gc, Proto, SlotOffset, Str, Table, Thread, Value};
use crate::throw::{LResult, Throw};
use crate::vm::call::native;

/// The stack slots that keep the compiler's objects alive, from the first one on.
#[repr(usize)]
pub(super) enum Slots {
    /// the main prototype; in the end the closure
    Main,
    Source,
    EnvName,
    /// a name that is not from the source, until it is used
    Internal,
    /// a new prototype, until its parent refers to it
    Inner,
    /// table of the names of labels and gotos, or nil
    Names,
    Tokens,
    End = Slots::Tokens as usize + ANCHORS,
}

pub(super) struct Compiler<'i> {
    pub(super) lex: Lexer<'i>,
    pub(super) f: Func,
    pub(super) work: Work,
    pub(super) env_name: Gc<Str>,
    /// offset on the stack of the first of `Slots`
    pub(super) slots: SlotOffset,
}

pub(super) fn set_slot(l: Gc<Thread>, slots: SlotOffset, slot: Slots, v: Value) {
    // SAFETY: `compile` pushed the slots, and the top stays above them.
    unsafe { l.restore_slot(slots).above(slot as usize).write(v) };
}

impl Compiler<'_> {
    /// A string that is not in the source. It stays alive until the next one is made.
    pub(super) fn internal_name(&mut self, name: &str) -> LResult<Gc<Str>> {
        let s = new_str(self.lex.l, name.as_bytes())?;
        set_slot(self.lex.l, self.slots, Slots::Internal, Value::string(s));
        Ok(s)
    }

    pub(super) fn keep_proto(&mut self, p: Gc<Proto>) {
        set_slot(self.lex.l, self.slots, Slots::Inner, Value::proto(p));
    }

    /// The table of the names of labels and gotos.
    pub(super) fn names(&self) -> Option<Gc<Table>> {
        let slot = self.lex.l.restore_slot(self.slots).above(Slots::Names as usize);
        // SAFETY: `compile` pushed the slots, and the top stays above them.
        unsafe { slot.read() }.as_table()
    }

    pub(super) fn set_names(&mut self, t: Gc<Table>) {
        set_slot(self.lex.l, self.slots, Slots::Names, Value::table(t));
    }

    // ---- tokens ---------------------------------------------------------------------------------------------

    #[cold]
    pub(super) fn expected(&mut self, kind: Tok) -> Throw {
        match self.lex.describe_kind(kind) {
            Ok(what) => self.lex.error_near(msg::EXPECTED, &[Arg::S(&what)], Some(self.lex.token.kind)),
            Err(t) => t,
        }
    }

    /// Skips the current token when it is of this kind.
    #[inline(always)]
    pub(super) fn accept(&mut self, kind: Tok) -> LResult<bool> {
        let found = self.lex.token.kind == kind;
        if found {
            self.lex.next()?;
        }
        Ok(found)
    }

    #[inline(always)]
    pub(super) fn expect(&mut self, kind: Tok) -> LResult<()> {
        if self.lex.token.kind != kind {
            return Err(self.expected(kind));
        }
        self.lex.next()
    }

    /// Skips the token that closes what `opener` opened on `line`.
    pub(super) fn expect_match(&mut self, kind: Tok, opener: Tok, line: i32) -> LResult<()> {
        if self.lex.token.kind == kind {
            return self.lex.next();
        }
        if line == self.lex.line {
            return Err(self.expected(kind));
        }
        let what = self.lex.describe_kind(kind)?;
        let opener = self.lex.describe_kind(opener)?;
        let args = [Arg::S(&what), Arg::S(&opener), Arg::D(line as i64)];
        Err(self.lex.error_near(msg::EXPECTED_TO_CLOSE, &args, Some(self.lex.token.kind)))
    }

    pub(super) fn name(&mut self) -> LResult<Gc<Str>> {
        match self.lex.token.string {
            Some(name) if self.lex.token.kind == Tok::NAME => {
                self.lex.next()?;
                Ok(name)
            }
            _ => Err(self.expected(Tok::NAME)),
        }
    }

    // ---- nesting --------------------------------------------------------------------------------------------

    #[inline(always)]
    pub(super) fn enter_level(&mut self) -> LResult<()> {
        let l = self.lex.l;
        let n = l.native_depth.get() + 1;
        l.native_depth.set(n);
        native::room(l, n)?;
        self.check_limit(n as usize, LUAI_MAXCCALLS as usize, "C levels")
    }

    #[inline(always)]
    pub(super) fn leave_level(&mut self) {
        let l = self.lex.l;
        l.native_depth.set(l.native_depth.get() - 1);
    }
}
