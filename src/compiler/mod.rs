//! The compiler: source text to PUC 5.2 bytecode, in one pass.
//!
//! [`lexer`] makes tokens, [`expr`] and [`stat`] parse them and drive [`code`], which emits instructions; [`func`] keeps
//! what belongs to the function being compiled. The code, its constants and its debug information are, item for item,
//! those of the reference compiler, so that listings and dumps can be compared.
//!
//! Invariants
//! * What the compiler holds is reachable by the collector: the main prototype and the strings of tokens from stack
//!   slots (see [`Slots`]), everything else from the prototypes. Its own arrays hold references only to such objects.
//! * Errors are values: whatever happens, control comes back to [`compile`], which frees those arrays.
//! * The stack may move at any call that may raise; slots are kept as offsets.

mod code;
mod expdesc;
mod expr;
mod func;
mod lexer;
mod stat;
mod token;

use crate::chunk::Input;
use crate::consts::{LUA_ENV, LUAI_MAXCCALLS};
use crate::messages::{self as msg, Arg};
use crate::object::string::new_str;
use crate::object::{Gc, LuaClosure, Proto, SlotOffset, Str, Table, Thread, Value};
use crate::throw::{LResult, Throw};
use crate::vm::call::native;
use crate::vm::{closure, stack};
use func::{Func, Work};
use lexer::{ANCHORS, Lexer};
use token::Tok;

pub use token::RESERVED;

/// The stack slots that keep the compiler's objects alive, from the first one on.
#[repr(usize)]
enum Slots {
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

/// Stack slots for making an error message.
const MESSAGE_SLOTS: usize = 8;

pub(crate) struct Compiler<'i> {
    lex: Lexer<'i>,
    f: Func,
    work: Work,
    env_name: Gc<Str>,
    /// offset on the stack of the first of `Slots`
    slots: SlotOffset,
}

/// Compiles a chunk of source text; the closure is pushed. [-0, +1, e]
///
/// `name` is the chunk's name as `lua_load` takes it. The upvalue of the closure is fresh and nil.
pub fn compile(l: Gc<Thread>, input: &mut Input, name: &[u8]) -> LResult<Gc<LuaClosure>> {
    stack::check(l, Slots::End as usize + MESSAGE_SLOTS)?;
    let slots = l.save_slot(l.top.get());
    let calls = l.native_depth.get();
    for _ in 0..Slots::End as usize {
        l.push(Value::NIL);
    }
    let source = new_str(l, name)?;
    set_slot(l, slots, Slots::Source, Value::string(source));
    let env_name = new_str(l, LUA_ENV.to_bytes())?;
    set_slot(l, slots, Slots::EnvName, Value::string(env_name));
    let proto = Gc::<Proto>::new(l)?;
    set_slot(l, slots, Slots::Main, Value::proto(proto));
    let work = Work::new();
    let anchors = slots.above(Slots::Tokens as usize);
    let mut c = Compiler {
        lex: Lexer::new(l, input, source, anchors),
        f: Func::new(proto, &work),
        work,
        env_name,
        slots,
    };
    let result = c.main_function();
    c.work.free(l);
    c.lex.buf.free(l);
    l.native_depth.set(calls);
    result?;
    let closure = closure::new_main(l, proto, slots)?;
    l.top.set(l.restore_slot(slots).above(1));
    Ok(closure)
}

fn set_slot(l: Gc<Thread>, slots: SlotOffset, slot: Slots, v: Value) {
    // SAFETY: `compile` pushed the slots, and the top stays above them.
    unsafe { l.restore_slot(slots).above(slot as usize).write(v) };
}

impl Compiler<'_> {
    fn main_function(&mut self) -> LResult<()> {
        self.start_function()?;
        self.f.proto.set_vararg(true);
        self.new_env_upvalue()?;
        self.lex.next()?;
        self.statements()?;
        if self.lex.token.kind != Tok::EOS {
            return Err(self.expected(Tok::EOS));
        }
        self.close_function()
    }

    /// A string that is not in the source. It stays alive until the next one is made.
    fn internal_name(&mut self, name: &str) -> LResult<Gc<Str>> {
        let s = new_str(self.lex.l, name.as_bytes())?;
        set_slot(self.lex.l, self.slots, Slots::Internal, Value::string(s));
        Ok(s)
    }

    fn keep_proto(&mut self, p: Gc<Proto>) {
        set_slot(self.lex.l, self.slots, Slots::Inner, Value::proto(p));
    }

    /// The table of the names of labels and gotos.
    fn names(&self) -> Option<Gc<Table>> {
        let slot = self.lex.l.restore_slot(self.slots).above(Slots::Names as usize);
        // SAFETY: as in `set_slot`.
        unsafe { slot.read() }.as_table()
    }

    fn set_names(&mut self, t: Gc<Table>) {
        set_slot(self.lex.l, self.slots, Slots::Names, Value::table(t));
    }

    // ---- tokens ---------------------------------------------------------------------------------------------

    #[cold]
    fn expected(&mut self, kind: Tok) -> Throw {
        match self.lex.describe_kind(kind) {
            Ok(what) => self.lex.error_near(msg::EXPECTED, &[Arg::S(&what)], Some(self.lex.token.kind)),
            Err(t) => t,
        }
    }

    /// Skips the current token when it is of this kind.
    #[inline(always)]
    fn accept(&mut self, kind: Tok) -> LResult<bool> {
        let found = self.lex.token.kind == kind;
        if found {
            self.lex.next()?;
        }
        Ok(found)
    }

    #[inline(always)]
    fn expect(&mut self, kind: Tok) -> LResult<()> {
        if self.lex.token.kind != kind {
            return Err(self.expected(kind));
        }
        self.lex.next()
    }

    /// Skips the token that closes what `opener` opened on `line`.
    fn expect_match(&mut self, kind: Tok, opener: Tok, line: i32) -> LResult<()> {
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

    fn name(&mut self) -> LResult<Gc<Str>> {
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
    fn enter_level(&mut self) -> LResult<()> {
        let l = self.lex.l;
        let n = l.native_depth.get() + 1;
        l.native_depth.set(n);
        native::room(l, n)?;
        self.check_limit(n as usize, LUAI_MAXCCALLS as usize, "C levels")
    }

    #[inline(always)]
    fn leave_level(&mut self) {
        let l = self.lex.l;
        l.native_depth.set(l.native_depth.get() - 1);
    }
}
