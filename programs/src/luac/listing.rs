//! The listing of `luac -l`, in the format of the reference's, so that both can be compared line by line.

use crate::function::{Constant, Function, Text};
use lua52::code::bytecode::{Format, Instruction, Op, Operand, is_k, k_index};
use std::ffi::CStr;
use std::io::{self, Write};

/// Lists a function and those inside it; `full` adds constants, local variables and upvalues.
pub fn list(out: &mut impl Write, f: &Function, full: bool) -> io::Result<()> {
    head(out, f)?;
    let mut pc = 0;
    while pc < f.code.len() {
        instruction(out, f, pc)?;
        // The listing has a batch number that does not fit its SETLIST only behind that.
        let i = Instruction(f.code[pc]);
        pc += if i.op() == Op::SetList && i.c() == 0 { 2 } else { 1 };
    }
    if full {
        tables(out, f)?;
    }
    for inner in &f.functions {
        list(out, inner, full)?;
    }
    Ok(())
}

fn s(n: usize) -> &'static str {
    if n == 1 { "" } else { "s" }
}

/// The two lines above the code.
pub fn head(out: &mut impl Write, f: &Function) -> io::Result<()> {
    let source: &[u8] = match f.source.as_deref() {
        None => b"?",
        Some([b'@' | b'=', name @ ..]) => name,
        Some([0x1b, ..]) => b"(bstring)",
        Some(_) => b"(string)",
    };
    let kind = if f.first_line == 0 { "main" } else { "function" };
    write!(out, "\n{kind} <")?;
    out.write_all(source)?;
    let n = f.code.len();
    writeln!(out, ":{},{}> ({n} instruction{} at {f:p})", f.first_line, f.last_line, s(n))?;
    let (p, r, u) = (f.parameters as usize, f.registers as usize, f.upvalues.len());
    let (l, k, i) = (f.locals.len(), f.constants.len(), f.functions.len());
    let dots = if f.vararg { "+" } else { "" };
    write!(out, "{p}{dots} param{}, {r} slot{}, {u} upvalue{}, ", s(p), s(r), s(u))?;
    writeln!(out, "{l} local{}, {k} constant{}, {i} function{}", s(l), s(k), s(i))
}

/// An instruction's number and line.
pub fn place(out: &mut impl Write, f: &Function, pc: usize) -> io::Result<()> {
    match f.lines.get(pc) {
        Some(line) if *line > 0 => write!(out, "\t{}\t[{line}]\t", pc + 1),
        _ => write!(out, "\t{}\t[-]\t", pc + 1),
    }
}

fn instruction(out: &mut impl Write, f: &Function, pc: usize) -> io::Result<()> {
    let i = Instruction(f.code[pc]);
    let op = i.op();
    let info = op.info();
    place(out, f, pc)?;
    write!(out, "{:<9}\t", info.name)?;
    // Constants show as negative numbers that count from -1.
    let rk = |x: u32| if is_k(x) { -1 - k_index(x) as i64 } else { x as i64 };
    match info.format {
        Format::ABC => {
            write!(out, "{}", i.a())?;
            if info.b != Operand::N {
                write!(out, " {}", rk(i.b()))?;
            }
            if info.c != Operand::N {
                write!(out, " {}", rk(i.c()))?;
            }
        }
        Format::ABx => {
            write!(out, "{}", i.a())?;
            match info.b {
                Operand::K => write!(out, " {}", -1 - i.bx() as i64)?,
                Operand::U => write!(out, " {}", i.bx())?,
                _ => {}
            }
        }
        Format::AsBx => write!(out, "{} {}", i.a(), i.sbx())?,
        Format::Ax => write!(out, "{}", -1 - i.get_ax() as i64)?,
    }
    comment(out, f, pc, i, op)?;
    out.write_all(b"\n")
}

/// What the operands mean.
fn comment(out: &mut impl Write, f: &Function, pc: usize, i: Instruction, op: Op) -> io::Result<()> {
    match op {
        Op::LoadK => {
            out.write_all(b"\t; ")?;
            constant(out, f, i.bx())
        }
        Op::GetUpval | Op::SetUpval => {
            out.write_all(b"\t; ")?;
            upvalue(out, f, i.b())
        }
        Op::GetTabUp => {
            out.write_all(b"\t; ")?;
            upvalue(out, f, i.b())?;
            named(out, f, &[i.c()])
        }
        Op::SetTabUp => {
            out.write_all(b"\t; ")?;
            upvalue(out, f, i.a())?;
            named(out, f, &[i.b(), i.c()])
        }
        Op::GetTable | Op::SelfOp if is_k(i.c()) => {
            out.write_all(b"\t; ")?;
            constant(out, f, k_index(i.c()))
        }
        Op::SetTable | Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Pow | Op::Eq | Op::Lt | Op::Le
            if is_k(i.b()) || is_k(i.c()) =>
        {
            out.write_all(b"\t; ")?;
            for (x, end) in [(i.b(), " "), (i.c(), "")] {
                if is_k(x) {
                    constant(out, f, k_index(x))?;
                } else {
                    out.write_all(b"-")?;
                }
                out.write_all(end.as_bytes())?;
            }
            Ok(())
        }
        Op::Jmp | Op::ForLoop | Op::ForPrep | Op::TForLoop => {
            write!(out, "\t; to {}", i.sbx() as i64 + pc as i64 + 2)
        }
        Op::Closure => match f.functions.get(i.bx() as usize) {
            Some(inner) => write!(out, "\t; {inner:p}"),
            None => Ok(()),
        },
        Op::SetList => {
            // The whole next instruction, not only its operand.
            let batch = if i.c() == 0 { f.code.get(pc + 1).copied().unwrap_or(0) } else { i.c() };
            write!(out, "\t; {}", batch as i32)
        }
        Op::ExtraArg => {
            out.write_all(b"\t; ")?;
            constant(out, f, i.get_ax())
        }
        _ => Ok(()),
    }
}

/// Those of the operands that are constants, each after a space.
fn named(out: &mut impl Write, f: &Function, operands: &[u32]) -> io::Result<()> {
    for &x in operands {
        if is_k(x) {
            out.write_all(b" ")?;
            constant(out, f, k_index(x))?;
        }
    }
    Ok(())
}

fn text(out: &mut impl Write, text: &Text) -> io::Result<()> {
    out.write_all(text.as_deref().unwrap_or(b"-"))
}

pub fn upvalue(out: &mut impl Write, f: &Function, i: u32) -> io::Result<()> {
    text(out, f.upvalue_names.get(i as usize).unwrap_or(&None))
}

pub fn constant(out: &mut impl Write, f: &Function, i: u32) -> io::Result<()> {
    match f.constants.get(i as usize) {
        Some(Constant::Nil) => out.write_all(b"nil"),
        Some(Constant::Boolean(b)) => write!(out, "{b}"),
        Some(Constant::Number(n)) => out.write_all(number(*n).to_bytes()),
        Some(Constant::String(s)) => quoted(out, s),
        // The extra argument of SETLIST is no constant.
        None => out.write_all(b"?"),
    }
}

fn number(n: f64) -> Box<CStr> {
    let mut buffer = [0u8; 40];
    // SAFETY: "%.14g" gives at most 22 bytes.
    unsafe { libc::snprintf(buffer.as_mut_ptr().cast(), buffer.len(), c"%.14g".as_ptr(), n) };
    CStr::from_bytes_until_nul(&buffer).expect("snprintf ends with a NUL").into()
}

fn quoted(out: &mut impl Write, s: &[u8]) -> io::Result<()> {
    out.write_all(b"\"")?;
    for &c in s {
        match c {
            b'"' => out.write_all(b"\\\"")?,
            b'\\' => out.write_all(b"\\\\")?,
            0x07 => out.write_all(b"\\a")?,
            0x08 => out.write_all(b"\\b")?,
            0x0c => out.write_all(b"\\f")?,
            b'\n' => out.write_all(b"\\n")?,
            b'\r' => out.write_all(b"\\r")?,
            b'\t' => out.write_all(b"\\t")?,
            0x0b => out.write_all(b"\\v")?,
            b' '..=b'~' => out.write_all(&[c])?,
            _ => write!(out, "\\{c:03}")?,
        }
    }
    out.write_all(b"\"")
}

pub fn tables(out: &mut impl Write, f: &Function) -> io::Result<()> {
    writeln!(out, "constants ({}) for {f:p}:", f.constants.len())?;
    for i in 0..f.constants.len() {
        write!(out, "\t{}\t", i + 1)?;
        constant(out, f, i as u32)?;
        out.write_all(b"\n")?;
    }
    writeln!(out, "locals ({}) for {f:p}:", f.locals.len())?;
    for (i, local) in f.locals.iter().enumerate() {
        write!(out, "\t{i}\t")?;
        text(out, &local.name)?;
        writeln!(out, "\t{}\t{}", local.from + 1, local.to + 1)?;
    }
    writeln!(out, "upvalues ({}) for {f:p}:", f.upvalues.len())?;
    for (i, (in_stack, index)) in f.upvalues.iter().enumerate() {
        write!(out, "\t{i}\t")?;
        upvalue(out, f, i as u32)?;
        writeln!(out, "\t{}\t{index}", *in_stack as u8)?;
    }
    Ok(())
}
