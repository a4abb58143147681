//! The table of operations in docs/EXECUTABLE.md is that of the source.
//!
//! `UPDATE_PAGES=1 cargo test --test executable_page` writes it anew.

use lua52::code::exec::{ExecOp, Field, Writes};
use std::fmt::Write;
use std::{env, fs};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/EXECUTABLE.md");
const BEGIN: &str = "<!-- made by tests/executable_page.rs -->\n";
const END: &str = "<!-- end -->";

fn operand(field: Field) -> Option<&'static str> {
    Some(match field {
        Field::N => return None,
        Field::R => "register",
        Field::K => "constant",
        Field::U => "upvalue",
        Field::I => "number",
        Field::J => "jump",
        Field::H => "hint",
        Field::S => "kind of call",
        Field::F => "inner function",
        Field::C => "operand C",
        Field::BC => "operands B and C",
    })
}

fn written(writes: Writes) -> &'static str {
    match writes {
        Writes::None => "",
        Writes::A => "A",
        Writes::Pair => "A, A + 1",
        Writes::Range => "A to A + B",
        Writes::Operands => "A, B to C",
        Writes::Control => "A to A + 2",
        Writes::Loop => "A, A + 3",
        Writes::FromA => "from A on",
        Writes::FromA3 => "from A + 3 on",
        Writes::Frame => "the frame ends",
    }
}

fn table() -> String {
    let mut out =
        String::from("| operation | A | B | C | `imm` | may | writes |\n|---|---|---|---|---|---|---|\n");
    for op in ExecOp::all() {
        let effects = op.effects();
        write!(out, "| `{}` |", op.name()).unwrap();
        for field in op.fields() {
            write!(out, " {} |", operand(field).unwrap_or("")).unwrap();
        }
        let may = [(effects.calls, "call"), (effects.raises, "raise"), (effects.allocates, "allocate")];
        let may: Vec<_> = may.iter().filter(|(may, _)| *may).map(|(_, what)| *what).collect();
        writeln!(out, " {} | {} |", may.join(", "), written(effects.writes)).unwrap();
    }
    while let Some(at) = out.find("|  |") {
        out.replace_range(at..at + 4, "| |");
    }
    out
}

#[test]
fn the_page_has_the_table_of_operations() {
    let page = fs::read_to_string(PAGE).unwrap();
    let begin = page.find(BEGIN).expect("the mark before the table") + BEGIN.len();
    let end = begin + page[begin..].find(END).expect("the mark behind the table");
    if env::var_os("UPDATE_PAGES").is_some() {
        fs::write(PAGE, page[..begin].to_owned() + &table() + &page[end..]).unwrap();
        return;
    }
    assert!(
        page[begin..end] == table(),
        "docs/EXECUTABLE.md is stale: UPDATE_PAGES=1 cargo test --test executable_page"
    );
}

#[test]
fn what_calls_may_raise_and_allocate() {
    for op in ExecOp::all() {
        let effects = op.effects();
        assert!(!effects.calls || effects.raises && effects.allocates, "{op:?}");
        assert_eq!(effects.raises, effects.allocates, "{op:?}: messages take memory, and there may be none");
    }
}
