//! Each form of the encoder, over registers and distances that are encoded in their own ways, against two decoders:
//! that of binutils, and the crate `iced-x86`.

use super::x64::{Alu, Assembler, Cond, Jump, Label, Mem, Place, Reg, Sse, Width, Xmm, at, element};
use core::cell::Cell;
use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter, MemorySizeOptions};
use std::format;
use std::process::Command;
use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

const REGS: [Reg; 16] = [
    Reg::Rax,
    Reg::Rcx,
    Reg::Rdx,
    Reg::Rbx,
    Reg::Rsp,
    Reg::Rbp,
    Reg::Rsi,
    Reg::Rdi,
    Reg::R8,
    Reg::R9,
    Reg::R10,
    Reg::R11,
    Reg::R12,
    Reg::R13,
    Reg::R14,
    Reg::R15,
];

/// Instructions, and what they are in the syntax of Intel.
#[derive(Default)]
struct Cases {
    code: Vec<u8>,
    texts: Vec<String>,
}

impl Cases {
    fn add(&mut self, text: String, make: impl Fn(&mut Assembler)) {
        self.code.extend(assembled(0, make));
        self.texts.push(text);
    }
}

fn name(r: Reg) -> String {
    format!("{r:?}").to_lowercase()
}
/// The name of the lower half.
fn name_32(r: Reg) -> String {
    let name = name(r);
    match name.strip_prefix('r') {
        Some(number) if number.parse::<u8>().is_ok() => format!("{name}d"),
        _ => format!("e{}", &name[1..]),
    }
}
fn name_of(width: Width, r: Reg) -> String {
    if width == Width::Eight { name(r) } else { name_32(r) }
}
fn size_of_width(width: Width) -> &'static str {
    if width == Width::Eight { "qword" } else { "dword" }
}
fn xmm(x: Xmm) -> String {
    format!("xmm{}", x.0)
}

/// Places in memory, and their texts.
fn places() -> Vec<(Mem, String)> {
    let text = |register: String, distance: i32| match distance {
        0 => format!("[{register}]"),
        d if d < 0 => format!("[{register}-{:#x}]", -(d as i64)),
        d => format!("[{register}+{d:#x}]"),
    };
    let mut found = vec![];
    for r in REGS {
        for distance in [0, 8, 127, 128, -128, -129, 0x12345678, i32::MIN] {
            found.push((at(r, distance), text(name(r), distance)));
        }
        for index in [Reg::Rax, Reg::Rbp, Reg::R8, Reg::R12, Reg::R15] {
            for distance in [0, -8, 1000] {
                let both = format!("{}+{}*8", name(r), name(index));
                found.push((element(r, index, distance), text(both, distance)));
            }
        }
    }
    found
}

/// A number of `width` as the decoders show it.
fn number(width: Width, n: i32) -> String {
    if width == Width::Eight { format!("{:#x}", n as i64 as u64) } else { format!("{:#x}", n as u32) }
}

const NUMBERS: [i32; 7] = [1, 2, 127, 128, -128, -129, i32::MAX];
const CONDS: [(Cond, &str); 9] = [
    (Cond::Below, "b"),
    (Cond::NotBelow, "ae"),
    (Cond::Equal, "e"),
    (Cond::NotEqual, "ne"),
    (Cond::NotAbove, "be"),
    (Cond::Above, "a"),
    (Cond::Negative, "s"),
    (Cond::Parity, "p"),
    (Cond::LessEqual, "le"),
];
const ALUS: [(Alu, &str); 7] = [
    (Alu::Adc, "adc"),
    (Alu::Add, "add"),
    (Alu::Or, "or"),
    (Alu::And, "and"),
    (Alu::Sub, "sub"),
    (Alu::Xor, "xor"),
    (Alu::Cmp, "cmp"),
];
const SSES: [(Sse, &str); 4] =
    [(Sse::Add, "addsd"), (Sse::Mul, "mulsd"), (Sse::Sub, "subsd"), (Sse::Div, "divsd")];
const XMMS: [Xmm; 4] = [Xmm(0), Xmm(7), Xmm(8), Xmm(15)];
const WIDTHS: [Width; 2] = [Width::Four, Width::Eight];

fn cases_of_registers(c: &mut Cases) {
    for a in REGS {
        for b in REGS {
            c.add(format!("mov {},{}", name(a), name(b)), |s| s.mov(a, b));
            for w in WIDTHS {
                let (a_text, b_text) = (name_of(w, a), name_of(w, b));
                for (op, op_text) in ALUS {
                    c.add(format!("{op_text} {a_text},{b_text}"), |s| s.alu(op, w, a, b));
                }
                c.add(format!("test {a_text},{b_text}"), |s| s.test(w, a, b));
            }
        }
        for w in WIDTHS {
            for n in NUMBERS {
                for (op, op_text) in ALUS {
                    let text = format!("{op_text} {},{}", name_of(w, a), number(w, n));
                    c.add(text, |s| s.alu_number(op, w, a, n));
                }
            }
            for x in XMMS {
                let (a_text, x_text) = (name_of(w, a), xmm(x));
                c.add(format!("cvttsd2si {a_text},{x_text}"), |s| s.truncate(w, a, x));
                c.add(format!("cvtsi2sd {x_text},{a_text}"), |s| s.double_of_number(w, x, a));
            }
        }
        for x in XMMS {
            c.add(format!("movq {},{}", xmm(x), name(a)), |s| s.double_of_bits(x, a));
        }
        for n in [1, 0x7FFF_FFFF, 0xFFFF_FFFF] {
            c.add(format!("mov {},{n:#x}", name_32(a)), |s| s.set(a, n));
        }
        for n in [u64::MAX, 0xFFFF_FFFF_8000_0000, 0x1_0000_0000, 0xFFF9_0000_0000_0000] {
            c.add(format!("mov {},{n:#x}", name(a)), |s| s.set(a, n));
        }
        c.add(format!("shr {},0x30", name(a)), |s| s.shift_right(a, 48));
        c.add(format!("btc {},0x3f", name(a)), |s| s.invert_bit(a, 63));
        c.add(format!("div {}", name_32(a)), |s| s.divide(a));
        c.add(format!("jmp {}", name(a)), |s| s.jump_to_reg(a));
    }
    for x in XMMS {
        for y in XMMS {
            for (op, op_text) in SSES {
                c.add(format!("{op_text} {},{}", xmm(x), xmm(y)), |s| s.sse(op, x, y));
            }
            c.add(format!("ucomisd {},{}", xmm(x), xmm(y)), |s| s.compare_doubles(x, y));
            c.add(format!("movapd {},{}", xmm(x), xmm(y)), |s| s.move_double(x, y));
        }
        c.add(format!("xorps {},{}", xmm(x), xmm(x)), |s| s.clear_double(x));
    }
}

fn cases_in_memory(c: &mut Cases) {
    for (m, place) in places() {
        for r in [Reg::Rax, Reg::Rsp, Reg::Rdi, Reg::R8, Reg::R15] {
            for w in WIDTHS {
                let (r_text, sized) = (name_of(w, r), format!("{} ptr {place}", size_of_width(w)));
                c.add(format!("mov {r_text},{sized}"), |s| s.load(w, r, m));
                c.add(format!("mov {sized},{r_text}"), |s| s.store(w, m, r));
                for (op, op_text) in ALUS {
                    c.add(format!("{op_text} {r_text},{sized}"), |s| s.alu_load(op, w, r, m));
                    c.add(format!("{op_text} {sized},{r_text}"), |s| s.alu_store(op, w, m, r));
                }
            }
            c.add(format!("movzx {},byte ptr {place}", name_32(r)), |s| s.load_byte(r, m));
            c.add(format!("lea {},{place}", name(r)), |s| s.address(r, m));
            for (cond, cond_text) in CONDS {
                let text = format!("cmov{cond_text} {},qword ptr {place}", name(r));
                c.add(text, |s| s.move_if(cond, r, m));
            }
        }
        for w in WIDTHS {
            let sized = format!("{} ptr {place}", size_of_width(w));
            for n in NUMBERS {
                for (op, op_text) in ALUS {
                    let text = format!("{op_text} {sized},{}", number(w, n));
                    c.add(text, |s| s.alu_number_store(op, w, m, n));
                }
            }
        }
        for n in [1, 127, 255] {
            c.add(format!("cmp byte ptr {place},{n:#x}"), |s| s.compare_byte(m, n));
            c.add(format!("test byte ptr {place},{n:#x}"), |s| s.test_byte(m, n));
        }
        for x in XMMS {
            c.add(format!("movsd {},qword ptr {place}", xmm(x)), |s| s.load_double(x, m));
            c.add(format!("movsd qword ptr {place},{}", xmm(x)), |s| s.store_double(m, x));
            for (op, op_text) in SSES {
                c.add(format!("{op_text} {},qword ptr {place}", xmm(x)), |s| s.sse_load(op, x, m));
            }
            c.add(format!("ucomisd {},qword ptr {place}", xmm(x)), |s| s.compare_double_load(x, m));
        }
        c.add(format!("jmp qword ptr {place}"), |s| s.jump_to_mem(m));
        c.add(format!("call qword ptr {place}"), |s| s.call_mem(m));
    }
}

fn all_cases() -> Cases {
    let mut cases = Cases::default();
    cases_of_registers(&mut cases);
    cases_in_memory(&mut cases);
    assert!(cases.texts.len() > 40_000, "{}", cases.texts.len());
    cases
}

#[test]
fn each_form_as_iced_reads_it() {
    let cases = all_cases();
    let mut formatter = IntelFormatter::new();
    let options = formatter.options_mut();
    options.set_hex_prefix("0x");
    options.set_hex_suffix("");
    options.set_uppercase_hex(false);
    options.set_small_hex_numbers_in_decimal(false);
    options.set_memory_size_options(MemorySizeOptions::Always);
    let mut decoder = Decoder::new(64, &cases.code, DecoderOptions::NONE);
    for want in &cases.texts {
        let instruction = decoder.decode();
        let mut text = String::new();
        formatter.format(&instruction, &mut text);
        assert_eq!(&text, want);
    }
    assert!(!decoder.can_decode());
}

/// The instructions that binutils reads, without addresses, bytes and remarks.
fn read_by_objdump(name: &str, code: &[u8]) -> Vec<String> {
    let file = std::env::temp_dir().join(format!("lua52-encoder-{name}-{}", std::process::id()));
    std::fs::write(&file, code).unwrap();
    let done = Command::new("objdump")
        .args(["-D", "-b", "binary", "-m", "i386:x86-64", "-M", "intel", "--no-show-raw-insn"])
        .arg(&file)
        .output()
        .expect("objdump runs");
    std::fs::remove_file(&file).unwrap();
    assert!(done.status.success());
    let text = String::from_utf8(done.stdout).unwrap();
    let instructions = text.lines().filter_map(|line| line.split_once(":\t"));
    let plain = instructions.map(|(_, instruction)| {
        let instruction = instruction.split('#').next().unwrap().trim_end();
        let (operation, operands) = instruction.split_once(' ').unwrap_or((instruction, ""));
        let operation = if operation == "movabs" { "mov" } else { operation };
        format!("{operation} {}", operands.trim_start().to_lowercase().replace("+0x0]", "]"))
    });
    plain.collect()
}

#[test]
fn each_form_as_binutils_read_it() {
    let cases = all_cases();
    let found = read_by_objdump("forms", &cases.code);
    for (text, want) in found.iter().zip(&cases.texts) {
        assert_eq!(text, want);
    }
    assert_eq!(found.len(), cases.texts.len());
}

/// The code that `make` makes.
fn assembled(labels: usize, make: impl Fn(&mut Assembler)) -> Vec<u8> {
    let labels = vec![Cell::new(Place::default()); labels];
    let (mut room, mut jumps) = ([0; 4096], [Jump::default(); 8]);
    let mut assembler = Assembler::new(&mut room, &mut jumps, &labels);
    make(&mut assembler);
    assert!(!assembler.is_full());
    let mut code = vec![0xCC; assembler.shorten()];
    assembler.write(&mut code);
    // Once more, it comes to the same places.
    assembler.restart();
    make(&mut assembler);
    assert_eq!(assembler.position(), code.len());
    code
}

/// A jump over `bytes` bytes in either direction: its text, with the distance it has to have.
fn jump_over(bytes: usize, back: bool, conditional: bool) {
    const INSTRUCTION: usize = 8; // mov rax,[r12+0x12345678]
    let filler = |s: &mut Assembler| {
        for _ in 0..bytes / INSTRUCTION {
            s.load(Width::Eight, Reg::Rax, at(Reg::R12, 0x12345678));
        }
        for _ in 0..bytes % INSTRUCTION / 2 {
            s.alu(Alu::Add, Width::Four, Reg::Rax, Reg::Rax);
        }
    };
    let code = assembled(1, |s| {
        let jump = |s: &mut Assembler| match conditional {
            true => s.jump_if(Cond::Above, Label(0)),
            false => s.jump(Label(0)),
        };
        if back {
            s.bind(Label(0));
            filler(s);
            jump(s);
        } else {
            jump(s);
            filler(s);
            s.bind(Label(0));
        }
    });
    let found = read_by_objdump("jump", &code);
    let operation = if conditional { "ja" } else { "jmp" };
    let short = if back { bytes + 2 <= 128 } else { bytes <= 127 };
    let size = if short { 2 } else { 5 + conditional as usize };
    assert_eq!(code.len(), bytes + size);
    let (jump, target) = if back { (found.last().unwrap(), 0) } else { (&found[0], code.len()) };
    assert_eq!(jump, &format!("{operation} {target:#x}"), "over {bytes} bytes");
}

#[test]
fn jumps_are_as_short_as_they_can_be() {
    for back in [false, true] {
        for conditional in [false, true] {
            for bytes in [0, 2, 122, 124, 126, 128, 130, 132, 1000] {
                jump_over(bytes, back, conditional);
            }
        }
    }
}

#[test]
fn a_jump_may_be_short_only_because_another_one_is() {
    // Each of the two jumps over the other: both are near, though the last is at the limit with the first one long.
    let code = assembled(2, |s| {
        s.jump(Label(0));
        for _ in 0..60 {
            s.alu(Alu::Add, Width::Four, Reg::Rax, Reg::Rax);
        }
        s.jump(Label(1));
        s.bind(Label(0));
        for _ in 0..60 {
            s.alu(Alu::Add, Width::Four, Reg::Rax, Reg::Rax);
        }
        s.bind(Label(1));
    });
    assert_eq!(code.len(), 244);
    let found = read_by_objdump("two-jumps", &code);
    assert_eq!(found[0], "jmp 0x7c".to_string());
    assert_eq!(found[61], "jmp 0xf4".to_string());
}

#[test]
fn an_address_in_the_code() {
    let code = assembled(1, |s| {
        s.address_of_label(Reg::R9, Label(0));
        s.jump(Label(0));
        s.address_of_label(Reg::Rcx, Label(0));
        s.bind(Label(0));
        s.jump(Label(0));
    });
    let found = read_by_objdump("address", &code);
    assert_eq!(found, ["lea r9,[rip+0x9]", "jmp 0x10", "lea rcx,[rip]", "jmp 0x10"]);
}

#[test]
fn too_little_room() {
    let labels = [Cell::new(Place::default())];
    let make = |assembler: &mut Assembler| {
        assembler.bind(Label(0));
        for _ in 0..20 {
            assembler.alu_number_store(Alu::Or, Width::Eight, at(Reg::R12, 1000), 1000);
            assembler.jump(Label(0));
        }
    };
    let is_full = |bytes: usize, jumps: usize| {
        let (mut room, mut jumps) = (vec![0; bytes], vec![Jump::default(); jumps]);
        let mut assembler = Assembler::new(&mut room, &mut jumps, &labels);
        make(&mut assembler);
        assembler.is_full()
    };
    // Each turn makes 17 bytes, of which the last ones are put down with three more.
    for (bytes, jumps) in [(0, 21), (16, 21), (342, 21), (343, 20), (343, 1), (343, 0)] {
        assert!(is_full(bytes, jumps), "{bytes} {jumps}");
    }
    assert!(!is_full(343, 21));
}
