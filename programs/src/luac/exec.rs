//! The listing of `luac -l --exec`: the executable form, which the interpreter makes of a function when it first runs.
//! With `--native` native code is listed, too.
//!
//! What an operand is comes from the library's table of operations, so that the listing cannot fall behind.

use crate::function::Function;
use crate::listing::{constant, head, place, tables, upvalue};
use lua52::api::Lua;
use lua52::code::bytecode::{is_k, k_index};
use lua52::code::exec::{ExecInsn, Field};
use lua52::object::entry::Tier;
use lua52::object::{Gc, Proto};
use std::io::{self, Write};

/// What runs a function.
pub struct Form {
    insns: Vec<ExecInsn>,
    /// the lines of native code before the first instruction and of each, if that is asked for
    native: Vec<String>,
}

/// The forms of all functions, an enclosing one before those inside it.
pub type Forms = Vec<Form>;

/// Tells the lines of a function's native code.
pub type NativeLines = fn(Lua, Gc<Proto>) -> Vec<String>;

/// The forms of a function, which is reachable, and of those inside it; none without memory.
pub fn forms(l: Lua, p: Gc<Proto>, native: Option<NativeLines>) -> Option<Forms> {
    let mut forms = Vec::new();
    collect(l, p, native, &mut forms)?;
    Some(forms)
}

fn collect(l: Lua, p: Gc<Proto>, native: Option<NativeLines>, forms: &mut Forms) -> Option<()> {
    let form = match p.entry().tier() {
        Tier::NotLowered => p.entry().lower(*l).ok()?,
        Tier::Interpreted(form) => form,
    };
    // SAFETY: the form has as many instructions as the bytecode.
    let insns = unsafe { std::slice::from_raw_parts(form, p.code.len()) }.to_vec();
    forms.push(Form { insns, native: native.map_or(Vec::new(), |lines| lines(l, p)) });
    p.protos.cells().iter().try_for_each(|inner| collect(l, inner.get(), native, forms))
}

/// Lists a function and those inside it; `full` adds constants, local variables and upvalues.
pub fn list(
    out: &mut impl Write,
    f: &Function,
    forms: &mut impl Iterator<Item = Form>,
    full: bool,
) -> io::Result<()> {
    let form = forms.next().expect("a form for each function");
    head(out, f)?;
    let mut native = form.native.iter().map(String::as_bytes);
    out.write_all(native.next().unwrap_or_default())?;
    for (pc, insn) in form.insns.iter().enumerate() {
        place(out, f, pc)?;
        instruction(out, f, pc, *insn)?;
        out.write_all(native.next().unwrap_or_default())?;
    }
    if full {
        tables(out, f)?;
    }
    f.functions.iter().try_for_each(|inner| list(out, inner, forms, full))
}

fn instruction(out: &mut impl Write, f: &Function, pc: usize, insn: ExecInsn) -> io::Result<()> {
    let fields = insn.op().fields();
    let imm = insn.imm();
    let values = [insn.a() as u32, insn.b() as u32, insn.c() as u32, imm];
    let may = insn.op().effects();
    let effects = [(may.calls, 'c'), (may.raises, 'r'), (may.allocates, 'a')];
    let effects = effects.map(|(may, letter)| if may { letter } else { '-' });
    write!(out, "{:<12} {}\t", insn.op().name(), String::from_iter(effects))?;
    let mut space = "";
    for (field, n) in fields.into_iter().zip(values) {
        match field {
            Field::N | Field::H | Field::S => continue,
            Field::R => write!(out, "{space}r{n}")?,
            Field::K => write!(out, "{space}k{n}")?,
            Field::U => write!(out, "{space}u{n}")?,
            Field::F => write!(out, "{space}f{n}")?,
            Field::I => write!(out, "{space}{n}")?,
            Field::J => write!(out, "{space}{:+}", n as i32 - 1)?,
            Field::C => write!(out, "{space}{}", rk(n >> 16))?,
            Field::BC => write!(out, "{space}{} {}", rk(n & 0xFFFF), rk(n >> 16))?,
        }
        space = " ";
    }
    // What constants, upvalues and jumps mean.
    let mut between = "\t; ";
    for (field, n) in fields.into_iter().zip(values) {
        let constants = match field {
            Field::K => [Some(n), None],
            Field::C => [constant_of(n >> 16), None],
            Field::BC => [constant_of(n & 0xFFFF), constant_of(n >> 16)],
            _ => [None, None],
        };
        for k in constants.into_iter().flatten() {
            out.write_all(between.as_bytes())?;
            constant(out, f, k)?;
            between = " ";
        }
        match field {
            Field::U => {
                out.write_all(between.as_bytes())?;
                upvalue(out, f, n)?;
            }
            Field::J => write!(out, "{between}to {}", n as i32 as i64 + pc as i64 + 1)?,
            _ => continue,
        }
        between = " ";
    }
    out.write_all(b"\n")
}

fn rk(operand: u32) -> String {
    if is_k(operand) { format!("k{}", k_index(operand)) } else { format!("r{operand}") }
}

fn constant_of(operand: u32) -> Option<u32> {
    is_k(operand).then(|| k_index(operand))
}
