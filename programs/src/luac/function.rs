//! Functions as the listings need them: copies of the library's own, which outlive its state.

use lua52::object::{Gc, Proto, Str, Value};

pub struct Function {
    pub first_line: i32,
    pub last_line: i32,
    pub parameters: u8,
    pub vararg: bool,
    pub registers: u8,
    pub code: Vec<u32>,
    pub constants: Vec<Constant>,
    pub functions: Vec<Function>,
    /// Whether it is a local variable of the enclosing function, and its place there.
    pub upvalues: Vec<(bool, u8)>,
    pub source: Text,
    pub lines: Vec<i32>,
    pub locals: Vec<Local>,
    pub upvalue_names: Vec<Text>,
}

/// A string; none if the chunk has none there.
pub type Text = Option<Vec<u8>>;

pub enum Constant {
    Nil,
    Boolean(bool),
    Number(f64),
    String(Vec<u8>),
}

/// A local variable with the instructions where it is alive.
pub struct Local {
    pub name: Text,
    pub from: i32,
    pub to: i32,
}

impl Function {
    pub fn of(p: Gc<Proto>) -> Function {
        Function {
            first_line: p.linedefined.get(),
            last_line: p.lastlinedefined.get(),
            parameters: p.numparams(),
            vararg: p.is_vararg(),
            registers: p.maxstacksize(),
            code: p.code.cells().iter().map(|c| c.get()).collect(),
            constants: p.k.cells().iter().map(|k| constant(k.get())).collect(),
            functions: p.protos.cells().iter().map(|inner| Function::of(inner.get())).collect(),
            upvalues: p.upvalues.cells().iter().map(|u| (u.get().instack, u.get().index)).collect(),
            source: text(p.source.get()),
            lines: p.lineinfo.cells().iter().map(|line| line.get()).collect(),
            locals: p.locvars.cells().iter().map(|v| v.get()).map(local).collect(),
            upvalue_names: p.upvalues.cells().iter().map(|u| text(u.get().name)).collect(),
        }
    }
}

fn text(s: Option<Gc<Str>>) -> Text {
    s.map(|s| s.bytes().to_vec())
}

fn constant(k: Value) -> Constant {
    if let Some(s) = k.as_string() {
        Constant::String(s.bytes().to_vec())
    } else if let Some(n) = k.as_number() {
        Constant::Number(n)
    } else if k.is_boolean() {
        Constant::Boolean(k == Value::TRUE)
    } else {
        Constant::Nil
    }
}

fn local(v: lua52::object::LocVar) -> Local {
    Local { name: text(v.name), from: v.startpc, to: v.endpc }
}
