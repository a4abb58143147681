//! Native code in the listing of `luac -l --native`, behind each instruction: the distance from where calls begin, the
//! bytes, and what they mean. What is rare in an instruction is at the end of the function.

use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter};
use lua52::api::Lua;
use lua52::object::{Gc, Proto};
use std::cell::RefCell;
use std::fmt::Write;

/// Compiles a function that has its executable form. The lines of what comes before the first instruction, and of the
/// code of each.
pub fn lines(l: Lua, p: Gc<Proto>) -> Vec<String> {
    let mut lines = vec![String::new(); p.code.len() + 1];
    let marks = RefCell::new(vec![(0, 0)]);
    let Some(code) = lua52::jit::list(*l, p, &|insn, at| marks.borrow_mut().push((insn + 1, at))) else {
        lines[0].push_str("\t\tno native code\n");
        return lines;
    };
    let marks = marks.into_inner();
    let ends = marks.iter().skip(1).map(|&(_, at)| at).chain([code.len()]);
    for (&(line, from), to) in marks.iter().zip(ends) {
        disassemble(code, from, to, &mut lines[line]);
    }
    lines
}

fn disassemble(code: &[u8], from: usize, to: usize, out: &mut String) {
    let mut formatter = IntelFormatter::new();
    let options = formatter.options_mut();
    options.set_hex_prefix("0x");
    options.set_hex_suffix("");
    options.set_branch_leading_zeros(false);
    options.set_space_after_operand_separator(true);
    options.set_rip_relative_addresses(false);
    for insn in Decoder::with_ip(64, &code[from..to], from as u64, DecoderOptions::NONE) {
        let (at, size) = (insn.ip() as usize, insn.len());
        let bytes: String = code[at..at + size].iter().map(|b| format!("{b:02x} ")).collect();
        write!(out, "\t\t{at:5x}  {bytes:31}").expect("a string takes everything");
        formatter.format(&insn, out);
        out.push('\n');
    }
}
