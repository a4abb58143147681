//! The compiler: source text to PUC 5.2 bytecode, in one pass.
//!
//! [`lexer`] makes tokens, [`expr`] and [`stat`] parse them and drive [`code`], which emits instructions; [`func`]
//! keeps what belongs to the function being compiled, and [`state`] what belongs to the compilation. The code, its
//! constants and its debug information are, item for item, those of the reference compiler, so that listings and dumps
//! can be compared.
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
mod state;
mod token;

use crate::chunk::Input;
use crate::consts::LUA_ENV;
use crate::object::string::new_str;
use crate::object::{Gc, LuaClosure, Proto, Thread, Value};
use crate::throw::LResult;
use crate::vm::{closure, stack};
use func::{Func, Work};
use lexer::Lexer;
use state::{Compiler, Slots, set_slot};
use token::Tok;

pub use token::RESERVED;

/// Stack slots for making an error message.
const MESSAGE_SLOTS: usize = 8;

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
}
