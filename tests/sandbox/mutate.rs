//! Changes to chunks: bytes, and instructions and sizes where they are known to be.

use lua52::code::bytecode::{Instruction, MAX_STACK, OP_COUNT, Op};

/// xorshift64*
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        let mut r = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        r.draw();
        r
    }
    fn draw(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }
    pub fn below(&mut self, n: usize) -> usize {
        (self.draw() >> 33) as usize % n.max(1)
    }
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

const NUMBERS: &[u8] =
    &[0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 31, 32, 63, 64, 127, 128, 200, 249, 250, 251, 254, 255];
const HEADER: usize = 18;

/// Where the parts of one function of a chunk are.
#[derive(Clone, Copy, Default)]
struct Function {
    /// number of parameters, vararg, registers
    shape: usize,
    /// the number of instructions, which follow it
    code: usize,
    instructions: usize,
    constants: usize,
    protos: usize,
    /// the first upvalue's two bytes
    upvals: usize,
    upvalues: usize,
    /// the number of lines, which follow it
    lines: usize,
    line_count: usize,
    /// the first local variable's record
    locals: usize,
}

/// Reads a chunk's structure, as far as there is one.
struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
    found: Vec<Function>,
}

impl Reader<'_> {
    fn skip(&mut self, n: usize) -> Option<usize> {
        let at = self.at;
        self.at = at.checked_add(n).filter(|&end| end <= self.bytes.len())?;
        Some(at)
    }
    fn int(&mut self) -> Option<usize> {
        let at = self.skip(4)?;
        let n = i32::from_le_bytes(self.bytes[at..at + 4].try_into().ok()?);
        usize::try_from(n).ok()
    }
    fn string(&mut self) -> Option<()> {
        let at = self.skip(8)?;
        let n = u64::from_le_bytes(self.bytes[at..at + 8].try_into().ok()?);
        self.skip(usize::try_from(n).ok()?).map(|_| ())
    }
    fn function(&mut self, depth: usize) -> Option<()> {
        if depth > 50 {
            return None;
        }
        let mut f = Function::default();
        self.skip(8)?;
        f.shape = self.skip(3)?;
        f.code = self.at;
        f.instructions = self.int()?;
        self.skip(f.instructions.checked_mul(4)?)?;
        f.constants = self.int()?;
        for _ in 0..f.constants {
            let at = self.skip(1)?;
            match self.bytes[at] {
                0 => {}
                1 => drop(self.skip(1)?),
                3 => drop(self.skip(8)?),
                4 => self.string()?,
                _ => return None,
            }
        }
        f.protos = self.int()?;
        for _ in 0..f.protos {
            self.function(depth + 1)?;
        }
        f.upvalues = self.int()?;
        f.upvals = self.skip(f.upvalues.checked_mul(2)?)?;
        self.string()?;
        f.lines = self.at;
        f.line_count = self.int()?;
        self.skip(f.line_count.checked_mul(4)?)?;
        let locals = self.int()?;
        f.locals = self.at;
        for _ in 0..locals {
            self.string()?;
            self.skip(8)?;
        }
        for _ in 0..self.int()? {
            self.string()?;
        }
        self.found.push(f);
        Some(())
    }
}

/// The functions of a chunk; fewer, or none, when it is damaged.
fn functions(chunk: &[u8]) -> Vec<Function> {
    let mut r = Reader { bytes: chunk, at: HEADER, found: Vec::new() };
    r.function(0);
    r.found
}

fn get_int(chunk: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(chunk[at..at + 4].try_into().expect("four bytes"))
}

fn set_int(chunk: &mut [u8], at: usize, n: u32) {
    chunk[at..at + 4].copy_from_slice(&n.to_le_bytes());
}

/// An operand that is probably in range.
fn operand(f: &Function, registers: u8, random: &mut Random) -> u32 {
    match random.below(8) {
        0 => 256 + random.below(f.constants + 1) as u32,
        1 => random.below(f.upvalues + 1) as u32,
        2 => random.below(4) as u32,
        3 => *random.pick(NUMBERS) as u32,
        _ => random.below(registers as usize + 1) as u32,
    }
}

fn instruction(old: Instruction, f: &Function, registers: u8, random: &mut Random) -> Instruction {
    let (a, b, c) = (old.a(), old.b(), old.c());
    let op = |random: &mut Random| Op::from_u8(random.below(OP_COUNT) as u8).expect("below the count");
    match random.below(12) {
        0 => old.with_op(op(random)),
        1 | 2 => old.with_a(operand(f, registers, random) & 0xFF),
        3 | 4 => old.with_b(operand(f, registers, random)),
        5 | 6 => old.with_c(operand(f, registers, random)),
        7 => Instruction(old.0 ^ 1 << random.below(32)),
        8 => old.with_sbx(random.below(16) as i32 - 8),
        9 => Instruction::abx(old.op_checked().unwrap_or(Op::LoadK), a, random.below(f.constants + 2) as u32),
        10 => Instruction::abc(op(random), operand(f, registers, random) & 0xFF, b, c),
        _ => Instruction::abc(
            op(random),
            operand(f, registers, random) & 0xFF,
            operand(f, registers, random),
            operand(f, registers, random),
        ),
    }
}

/// Changes one function of the chunk. The chunk has this function, undamaged.
fn change_function(chunk: &mut Vec<u8>, f: &Function, random: &mut Random) {
    let registers = chunk[f.shape + 2];
    let code = f.code + 4;
    let n = f.instructions;
    match random.below(20) {
        0 => chunk[f.shape + random.below(3)] = *random.pick(NUMBERS),
        1 => chunk[f.shape + 2] = (registers as u32 + 1).min(MAX_STACK) as u8,
        2 => chunk[f.shape + 2] = registers.saturating_sub(1),
        3 if f.upvalues > 0 => {
            let at = f.upvals + random.below(f.upvalues * 2);
            chunk[at] = if random.below(2) == 0 { random.below(4) as u8 } else { *random.pick(NUMBERS) };
        }
        4 if f.locals < chunk.len() => {
            // Names and extents of local variables.
            let at = f.locals + random.below((chunk.len() - f.locals).min(60));
            chunk[at] = *random.pick(NUMBERS);
        }
        5..=7 if n > 0 => {
            // An instruction more, a copy of another. Lines are inserted, too, to keep their count right.
            if f.line_count == n {
                let line = f.lines + 4 + random.below(n) * 4;
                let copy = chunk[line..line + 4].to_vec();
                chunk.splice(line..line, copy);
                set_int(chunk, f.lines, n as u32 + 1);
            }
            let from = code + random.below(n) * 4;
            let mut copy = Instruction(get_int(chunk, from));
            if random.below(2) == 0 {
                copy = instruction(copy, f, registers, random);
            }
            let at = code + random.below(n) * 4;
            chunk.splice(at..at, copy.0.to_le_bytes());
            set_int(chunk, f.code, n as u32 + 1);
        }
        8 if n > 1 => {
            if f.line_count == n {
                let line = f.lines + 4 + random.below(n) * 4;
                chunk.drain(line..line + 4);
                set_int(chunk, f.lines, n as u32 - 1);
            }
            let at = code + random.below(n) * 4;
            chunk.drain(at..at + 4);
            set_int(chunk, f.code, n as u32 - 1);
        }
        9 | 10 if n > 1 => {
            // Two instructions change places, or one is copied over another.
            let (x, y) = (code + random.below(n) * 4, code + random.below(n) * 4);
            let (i, j) = (get_int(chunk, x), get_int(chunk, y));
            set_int(chunk, x, j);
            if random.below(2) == 0 {
                set_int(chunk, y, i);
            }
        }
        _ if n > 0 => {
            let at = code + random.below(n) * 4;
            let old = Instruction(get_int(chunk, at));
            set_int(chunk, at, instruction(old, f, registers, random).0);
        }
        _ => {}
    }
}

fn change_bytes(chunk: &mut Vec<u8>, random: &mut Random) {
    let at = random.below(chunk.len());
    match random.below(5) {
        0 => chunk[at] ^= 1 << random.below(8),
        1 => chunk[at] = *random.pick(NUMBERS),
        2 => chunk.truncate(at),
        3 => {
            let n = (at + 1 + random.below(8)).min(chunk.len());
            chunk.drain(at..n);
        }
        _ => {
            let n = random.below(chunk.len() - at).min(64);
            let piece = chunk[at..at + n].to_vec();
            let to = random.below(chunk.len());
            chunk.splice(to..to, piece);
        }
    }
}

/// Changes a binary chunk.
pub fn change_chunk(chunk: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(4) {
        if chunk.is_empty() {
            return;
        }
        let found = functions(chunk);
        if found.is_empty() || random.below(16) == 0 {
            change_bytes(chunk, random);
        } else {
            let f = *random.pick(&found);
            change_function(chunk, &f, random);
        }
    }
}

const PIECES: &[&str] = &[
    "and",
    "break",
    "do",
    "else",
    "elseif",
    "end",
    "false",
    "for",
    "function",
    "goto",
    "if",
    "in",
    "local",
    "nil",
    "not",
    "or",
    "repeat",
    "return",
    "then",
    "true",
    "until",
    "while",
    "+",
    "-",
    "*",
    "/",
    "%",
    "^",
    "#",
    "==",
    "~=",
    "<=",
    ">=",
    "<",
    ">",
    "=",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    "::",
    ";",
    ":",
    ",",
    ".",
    "..",
    "...",
    "[[",
    "]]",
    "[==[",
    "]==]",
    "--",
    "'",
    "\"",
    "\\",
    "\n",
    "0x",
    "1e308",
    "0x1p-1074",
    "1e",
    "'\\u",
    "'\\x4",
    "'\\z",
    "'\\255'",
    "x",
    "f",
    "t",
    "t.x",
    "t:m(",
    "_ENV",
    "self",
    "setmetatable(",
    "pcall(f",
    "error(",
    "coroutine.wrap(",
    "coroutine.yield(",
    "function(...)",
    "...)",
    "do local x <",
    "for i=1,3 do",
    "while t do",
    "repeat local",
    "::a::",
    "goto a",
    "string.format('%",
    "('x'):",
    "select('#',",
    "collectgarbage(",
    "next,t",
    "table.sort(",
    "table.concat(",
    "load(",
    "string.dump(",
    "math.huge",
    "0/0",
    "(0/0)",
    "-0",
    "2^53",
    "__index",
    "__gc=",
    "__mode=",
    "__newindex=",
    "__eq=",
    "__call=",
    "__len=",
    "__concat=",
    "__metatable=",
    "__pairs=",
    "__tostring=",
    "__lt=",
    "__add=",
    "gcfin(function() ",
    "gcfin(1)",
    "gcfin(3)",
    "gcfin(6,9)",
    "hookcount(1,",
    "hookcount(3,2)",
    "hookcount(9,function() ",
    "clear()",
    "clear(t)",
    "clear(nil,c)",
    "unbind()",
    "unbind(0,f)",
    "wipe(t)",
    "wipe(z,9)",
    "z=t",
    "y=t",
    "t=nil",
    "collectgarbage()",
    "file()",
    ":read('*a')",
    ":lines()",
    ":close()",
    ":write(t)",
    "debug.setlocal(",
    "debug.getlocal(2,1)",
    "debug.setlocal(c,1,1,",
    "debug.setupvalue(f,1,",
    "debug.upvaluejoin(",
    "debug.setmetatable(",
    "debug.setuservalue(",
    "debug.getregistry()",
    "debug.getinfo(2,'f').func",
    "debug.getinfo(c,0)",
    "debug.traceback(c,",
    "coroutine.create(function() ",
    "coroutine.resume(c)",
    "string.gsub(y,'.',function() ",
    "string.gmatch(y,'.')",
    "string.find(y,'.-.-b')",
    "string.rep('a',999)",
    "function(a,b)",
    "end)",
];

/// Changes a source text.
pub fn change_script(text: &mut Vec<u8>, random: &mut Random) {
    let word = |text: &[u8], random: &mut Random| {
        let mut from = random.below(text.len());
        let same = |a: u8, b: u8| a.is_ascii_alphanumeric() == b.is_ascii_alphanumeric() && a != b' ';
        while from > 0 && same(text[from - 1], text[from]) {
            from -= 1;
        }
        let mut to = from + 1;
        while to < text.len() && same(text[to], text[from]) {
            to += 1;
        }
        from..to
    };
    for _ in 0..=random.below(4) {
        if text.is_empty() {
            return;
        }
        match random.below(8) {
            0 => drop(text.drain(word(text, random))),
            1 | 2 => {
                let piece = text[word(text, random)].to_vec();
                text.splice(word(text, random), piece);
            }
            3 => {
                let piece = text[word(text, random)].to_vec();
                let at = word(text, random).start;
                text.splice(at..at, piece);
            }
            4 | 5 => {
                let at = word(text, random);
                let at = if random.below(2) == 0 { at } else { at.start..at.start };
                text.splice(at, format!(" {} ", random.pick(PIECES)).into_bytes());
            }
            6 => {
                // A line, or several.
                let lines: Vec<usize> =
                    text.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(i, _)| i + 1).collect();
                if lines.len() > 2 {
                    let from = random.below(lines.len() - 1);
                    let to = (from + 1 + random.below(3)).min(lines.len() - 1);
                    let piece = text[lines[from]..lines[to]].to_vec();
                    let at = *random.pick(&lines);
                    text.splice(at..at, piece);
                }
            }
            _ => change_bytes(text, random),
        }
    }
}
