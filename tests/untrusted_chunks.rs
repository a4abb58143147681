//! Changes binary chunks and source texts at random, loads them, and runs what is accepted: nothing may crash. And
//! chunks made up to do harm, one for each way that was thought of.
//!
//! The long runs are those of the fuzz targets (`fuzz/run`). Here a short one with fixed seeds is part of the tests;
//! `FUZZ_CHUNKS` and `FUZZ_SCRIPTS` say how many cases, `FUZZ_SEED` changes them. When the process dies, the last input
//! is in the file named by `FUZZ_LAST`.

mod sandbox;

use lua52::api::Lua;
use lua52::code::bytecode::{Instruction, Op};
use lua52::consts::LUA_ERRRUN;
use lua52::object::{Gc, Proto};
use lua52::vm::state;
use std::sync::{Mutex, MutexGuard};

use sandbox::mutate::{Random, change_chunk, change_script};
use sandbox::{Budget, Outcome, dump, is_intact, load, new_state, run, try_chunk};
use std::path::Path;

fn collect(p: Gc<Proto>, chunks: &mut Vec<Vec<u8>>) {
    let bytes = dump(p, false);
    if bytes.len() < 20_000 {
        chunks.push(dump(p, true));
        chunks.push(bytes);
    }
    for inner in p.protos.cells() {
        collect(inner.get(), chunks);
    }
}

/// The functions of the corpus, each as a chunk of its own, and its texts.
fn seeds() -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let mut budget = Budget { bytes: 0 };
    let l = new_state(&mut budget);
    let (mut chunks, mut texts) = (Vec::new(), Vec::new());
    let dir = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus"));
    for entry in std::fs::read_dir(dir).expect("a corpus").flatten() {
        let text = std::fs::read(entry.path()).expect("readable");
        if entry.path().extension().is_some_and(|e| e == "lua") {
            collect(load(l, &text, None).expect("compiles").proto, &mut chunks);
            l.drop_values(1);
            for line in String::from_utf8_lossy(&text).lines() {
                if let Some(closure) = load(l, line.as_bytes(), None) {
                    collect(closure.proto, &mut chunks);
                }
                l.drop_values(1);
            }
            if text.len() < 20_000 {
                texts.push(text);
            }
        }
    }
    state::close_state(*l);
    chunks.sort();
    chunks.dedup();
    texts.sort();
    (chunks, texts)
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|v| v.parse().ok())
}

/// Tries `cases` changed seeds; how many were accepted, and how many of those ran to their end.
fn fuzz(seeds: &[Vec<u8>], cases: u64, mode: &[u8], change: fn(&mut Vec<u8>, &mut Random)) -> (usize, usize) {
    let seed: u64 = variable("FUZZ_SEED").unwrap_or(1);
    let last = std::env::var("FUZZ_LAST").ok();
    let (mut accepted, mut completed) = (0, 0);
    let mut budget = Budget { bytes: 0 };
    let mut l = new_state(&mut budget);
    for case in 0..cases {
        // Every case has its own generator, so that it can be repeated alone.
        let mut random = Random::new(seed << 40 | case);
        let mut bytes = random.pick(seeds).clone();
        change(&mut bytes, &mut random);
        if let Some(last) = &last {
            std::fs::write(last, &bytes).unwrap();
        }
        let outcome = try_chunk(l, &bytes, mode);
        accepted += (outcome != Outcome::Refused) as usize;
        completed += (outcome == Outcome::Completed) as usize;
        if case % 64 == 63 || !is_intact(l) {
            state::close_state(*l);
            assert_eq!(budget.bytes, 0);
            l = new_state(&mut budget);
        }
    }
    state::close_state(*l);
    eprintln!(
        "{} seeds, {cases} changed ones, {accepted} accepted and run, {completed} of them to the end",
        seeds.len()
    );
    (accepted, completed)
}

/// The sandbox counts and times in one place for the process, so tests that run chunks take turns.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(|failed| failed.into_inner())
}

#[test]
fn changed_input_does_no_harm() {
    let _turn = alone();
    let (chunks, texts) = seeds();
    // Collecting at each allocation is slow.
    let (n, m) = if cfg!(feature = "stress-gc") { (2_000, 100) } else { (20_000, 2_000) };
    let (n, m) = (variable("FUZZ_CHUNKS").unwrap_or(n), variable("FUZZ_SCRIPTS").unwrap_or(m));
    for (seeds, cases, mode, change) in [
        (&chunks, n, &b"b"[..], change_chunk as fn(&mut Vec<u8>, &mut Random)),
        (&texts, m, &b"t"[..], change_script),
    ] {
        let (accepted, completed) = fuzz(seeds, cases, mode, change);
        assert!(accepted >= cases as usize / 100 && completed >= cases as usize / 1000);
    }
}

// ---- chunks made up -------------------------------------------------------------------------------------------

/// A function of a chunk, as its parts come.
#[derive(Clone)]
struct Made {
    params: u8,
    vararg: u8,
    registers: u8,
    code: Vec<Instruction>,
    constants: Vec<Vec<u8>>,
    functions: Vec<Made>,
    upvalues: Vec<(u8, u8)>,
    lines: Vec<i32>,
    locals: usize,
}

impl Made {
    fn new(registers: u8, code: &[Instruction]) -> Made {
        Made {
            params: 0,
            vararg: 0,
            registers,
            code: code.to_vec(),
            constants: vec![number(1.0), string("print"), vec![0]],
            functions: Vec::new(),
            upvalues: vec![(1, 0)],
            lines: Vec::new(),
            locals: 0,
        }
    }

    fn write(&self, to: &mut Vec<u8>) {
        let int = |to: &mut Vec<u8>, n: usize| to.extend((n as i32).to_ne_bytes());
        int(to, 0);
        int(to, 0);
        to.extend([self.params, self.vararg, self.registers]);
        int(to, self.code.len());
        self.code.iter().for_each(|i| to.extend(i.0.to_ne_bytes()));
        int(to, self.constants.len());
        self.constants.iter().for_each(|k| to.extend(k));
        int(to, self.functions.len());
        self.functions.iter().for_each(|f| f.write(to));
        int(to, self.upvalues.len());
        self.upvalues.iter().for_each(|u| to.extend([u.0, u.1]));
        to.extend(0usize.to_ne_bytes());
        int(to, self.lines.len());
        self.lines.iter().for_each(|n| to.extend(n.to_ne_bytes()));
        int(to, self.locals);
        for _ in 0..self.locals {
            to.extend(2usize.to_ne_bytes());
            to.extend(b"v\0");
            int(to, 0);
            int(to, 1000);
        }
        int(to, 0);
    }

    fn chunk(&self) -> Vec<u8> {
        let mut bytes = chunk_header();
        self.write(&mut bytes);
        bytes
    }
}

fn chunk_header() -> Vec<u8> {
    lua52::chunk::format::HEADER.to_vec()
}

fn number(n: f64) -> Vec<u8> {
    [&[3][..], &n.to_ne_bytes()].concat()
}

fn string(s: &str) -> Vec<u8> {
    [&[4][..], &(s.len() + 1).to_ne_bytes(), s.as_bytes(), b"\0"].concat()
}

fn abc(op: Op, a: u32, b: u32, c: u32) -> Instruction {
    Instruction::abc(op, a, b, c)
}

/// In a new state: the message of the refusal, or `None` when the chunk is accepted (and run).
fn refusal(bytes: &[u8]) -> Option<String> {
    let mut budget = Budget { bytes: 0 };
    let l: Lua = new_state(&mut budget);
    let message = match load(l, bytes, Some(b"b")) {
        Some(_) => None,
        None => l.from_top(1).as_string().map(|s| String::from_utf8_lossy(s.bytes()).into_owned()),
    };
    l.drop_values(1);
    if message.is_none() {
        try_chunk(l, bytes, b"b");
    }
    state::close_state(*l);
    message
}

#[test]
fn made_up_chunks_are_refused() {
    let _turn = alone();
    const K: u32 = 256;
    let end = abc(Op::Return, 0, 1, 0);
    let load = |a| Instruction::abx(Op::LoadK, a, 0);
    let extra = |n| Instruction::ax(Op::ExtraArg, n);
    let jump = |op, a, n| Instruction::asbx(op, a, n);
    let good = Made::new(2, &[load(0), abc(Op::Return, 0, 2, 0), end]);
    assert_eq!(refusal(&good.chunk()), None);
    let mut seen = 0;
    let mut refused = |reason: &str, f: &Made| {
        let message = refusal(&f.chunk()).unwrap_or_else(|| panic!("accepted: {reason}"));
        assert_eq!(message, format!("fuzz: bad binary format ({reason})"));
        seen += 1;
    };
    let mut code = |reason: &str, code: &[Instruction]| refused(reason, &Made::new(10, code));
    // Where code ends, and what is an instruction.
    code("no return at the end", &[]);
    code("no return at the end", &[load(0)]);
    code("invalid opcode", &[Instruction(40), end]);
    // Registers that do not exist.
    for i in [
        abc(Op::Move, 10, 0, 0),
        abc(Op::Move, 0, 10, 0),
        load(10),
        abc(Op::LoadBool, 10, 0, 0),
        abc(Op::LoadNil, 9, 1, 0),
        abc(Op::LoadNil, 0, 511, 0),
        abc(Op::GetUpval, 10, 0, 0),
        abc(Op::GetTabUp, 10, 0, K),
        abc(Op::GetTabUp, 0, 0, 10),
        abc(Op::GetTable, 0, 10, K),
        abc(Op::SetTabUp, 0, 10, K),
        abc(Op::SetTable, 10, K, K),
        abc(Op::SetTable, 0, K, 10),
        abc(Op::NewTable, 10, 0, 0),
        abc(Op::SelfOp, 9, 0, K),
        abc(Op::Add, 0, K, 10),
        abc(Op::Unm, 0, 10, 0),
        abc(Op::Concat, 0, 0, 10),
        jump(Op::Jmp, 11, 0),
        abc(Op::Call, 0, 11, 1),
        abc(Op::Call, 0, 1, 12),
        abc(Op::Call, 10, 1, 1),
        abc(Op::Return, 0, 12, 0),
        abc(Op::TForCall, 5, 0, 3),
        abc(Op::SetList, 0, 10, 1),
    ] {
        code("register out of range", &[i, end]);
    }
    // Registers that were not written, on some way at least.
    for i in [
        abc(Op::Move, 0, 1, 0),
        abc(Op::SetUpval, 0, 0, 0),
        abc(Op::GetTable, 0, 1, K),
        abc(Op::SetTabUp, 0, K, 1),
        abc(Op::Len, 0, 1, 0),
        abc(Op::Concat, 0, 1, 2),
        abc(Op::Call, 0, 1, 1),
        abc(Op::Return, 0, 2, 0),
        abc(Op::SetList, 0, 1, 1),
        abc(Op::SelfOp, 0, 2, K),
    ] {
        code("register used before it has a value", &[i, end]);
    }
    code(
        "register used before it has a value",
        &[load(0), abc(Op::Test, 0, 0, 0), jump(Op::Jmp, 0, 1), load(1), abc(Op::Move, 2, 1, 0), end],
    );
    // A call leaves nothing but its results above the function.
    code(
        "register used before it has a value",
        &[load(0), load(1), load(2), abc(Op::Call, 0, 2, 2), abc(Op::Move, 0, 2, 0), end],
    );
    code("constant out of range", &[Instruction::abx(Op::LoadK, 0, 3), end]);
    code("constant out of range", &[abc(Op::Add, 0, K, K + 3), end]);
    code("constant out of range", &[abc(Op::LoadKX, 0, 0, 0), extra(3), end]);
    code("invalid upvalue", &[abc(Op::GetUpval, 0, 1, 0), end]);
    code("invalid upvalue", &[abc(Op::SetTabUp, 1, K, K), end]);
    code("function out of range", &[Instruction::abx(Op::Closure, 0, 0), end]);
    code("jump out of range", &[jump(Op::Jmp, 0, 1), end]);
    code("jump out of range", &[jump(Op::Jmp, 0, -2), end]);
    code("jump out of range", &[abc(Op::LoadBool, 0, 0, 1), end]);
    code("invalid operand", &[abc(Op::LoadBool, 0, 2, 0), end]);
    code("invalid operand", &[abc(Op::NewTable, 0, 200, 0), end]);
    code("invalid operand", &[abc(Op::NewTable, 0, 0, 511), end]);
    code("invalid operand", &[abc(Op::NewTable, 0, 0, 0), load(1), abc(Op::SetList, 0, 1, 100), end]);
    code("invalid operand", &[abc(Op::Concat, 0, 1, 1), end]);
    code("invalid operand", &[abc(Op::Eq, 2, K, K), jump(Op::Jmp, 0, 0), end]);
    code("invalid operand", &[abc(Op::TForCall, 0, 0, 0), jump(Op::TForLoop, 2, 0), end]);
    // Instructions that need a partner.
    code("invalid sequence of instructions", &[abc(Op::Eq, 0, K, K), end]);
    code("invalid sequence of instructions", &[abc(Op::LoadKX, 0, 0, 0), end]);
    code("invalid sequence of instructions", &[extra(0), end]);
    code("invalid sequence of instructions", &[jump(Op::TForLoop, 0, 0), end]);
    code("invalid sequence of instructions", &[load(0), abc(Op::Call, 0, 0, 1), end]);
    code("invalid sequence of instructions", &[load(0), abc(Op::Call, 0, 1, 0), end]);
    code("invalid sequence of instructions", &[load(0), abc(Op::Return, 0, 0, 0), end]);
    code("invalid sequence of instructions", &[load(0), abc(Op::TailCall, 0, 1, 0), end]);
    // An open list that begins below the instruction that takes it.
    code(
        "invalid sequence of instructions",
        &[load(0), load(1), abc(Op::Call, 0, 1, 0), abc(Op::Return, 1, 0, 0), end],
    );
    // A jump to the instruction that takes an open list.
    code(
        "invalid sequence of instructions",
        &[load(0), jump(Op::Jmp, 0, 1), abc(Op::Call, 0, 1, 0), abc(Op::Return, 0, 0, 0), end],
    );
    code("'...' outside a vararg function", &[abc(Op::VarArg, 0, 2, 0), end]);
    code("invalid 'for' loop", &[load(0), load(1), load(2), jump(Op::ForPrep, 0, 0), end]);
    code("invalid 'for' loop", &[load(0), load(1), load(2), jump(Op::ForLoop, 0, -1), end]);
    // Sizes.
    let with = |change: fn(&mut Made)| {
        let mut f = good.clone();
        change(&mut f);
        f
    };
    refused("invalid stack size", &with(|f| f.registers = 251));
    refused("invalid stack size", &with(|f| f.params = 3));
    refused("invalid line information", &with(|f| f.lines = vec![1]));
    refused("invalid upvalue", &with(|f| f.upvalues = vec![(0, 0); 256]));
    let inner = |upvalue| {
        let mut f = Made::new(2, &[abc(Op::GetUpval, 0, 0, 0), end]);
        f.upvalues = vec![upvalue];
        let mut outer = Made::new(2, &[load(0), Instruction::abx(Op::Closure, 0, 0), end]);
        outer.functions = vec![f];
        outer
    };
    refused("register used before it has a value", &inner((1, 2)));
    refused("invalid upvalue", &inner((0, 1)));
    refused("register used before it has a value", &inner((1, 1)));
    refused("invalid constant", &with(|f| f.constants = vec![vec![7]]));
    let mut deep = good.clone();
    for _ in 0..200 {
        let mut outer = good.clone();
        outer.functions = vec![deep];
        deep = outer;
    }
    refused("too many nested functions", &deep);
    assert!(seen > 70);
}

/// Accepted, and harmless all the same.
#[test]
fn made_up_chunks_that_are_accepted() {
    let _turn = alone();
    const K: u32 = 256;
    let end = abc(Op::Return, 0, 1, 0);
    let load = |a, k| Instruction::abx(Op::LoadK, a, k);
    let jump = |op, a, n| Instruction::asbx(op, a, n);
    // More local variables than registers: asking for them, as the hook does, stays inside the frame.
    let mut many = Made::new(2, &[load(0, 0), jump(Op::Jmp, 0, -2), end]);
    many.locals = 5000;
    assert_eq!(refusal(&many.chunk()), None);
    // The control registers of a numeric loop change their types.
    for register in 0..3 {
        for k in 1..3 {
            let code = [
                load(0, 0),
                load(1, 0),
                load(2, 0),
                jump(Op::ForPrep, 0, 1),
                load(register, k),
                jump(Op::ForLoop, 0, -2),
                end,
            ];
            assert_eq!(refusal(&Made::new(4, &code).chunk()), None);
        }
    }
    // A jump that is part of the comparison before it, unless one jumps to it: a count hook stops this loop all the
    // same.
    let code = [load(0, 0), abc(Op::Eq, 1, 0, 0), jump(Op::Jmp, 0, -1), end];
    assert_eq!(refusal(&Made::new(2, &code).chunk()), None);
    let code = [load(0, 0), abc(Op::Eq, 1, 0, 0), jump(Op::Jmp, 1, -1), end];
    assert_eq!(refusal(&Made::new(2, &code).chunk()), None);
    // What is in a register that a collection may take for dead.
    let code = [
        abc(Op::NewTable, 5, 0, 0),
        abc(Op::NewTable, 0, 0, 0),
        abc(Op::SetTable, 5, K, 0),
        jump(Op::Jmp, 0, -3),
        end,
    ];
    assert_eq!(refusal(&Made::new(8, &code).chunk()), None);
    // NaNs with payloads that would be references.
    let mut f = Made::new(3, &[load(0, 0), abc(Op::GetTable, 0, 0, K), abc(Op::Call, 0, 1, 1), end]);
    for tag in 0xFFF9u64..=0xFFFF {
        f.constants[0] = number(f64::from_bits(tag << 48 | 0x1234_5670));
        assert_eq!(refusal(&f.chunk()), None);
    }
    // Batches of a list that goes to something else than a table.
    let code = [load(0, 1), load(1, 0), abc(Op::SetList, 0, 1, 1), end];
    assert_eq!(refusal(&Made::new(3, &code).chunk()), None);
}

/// Keys of keys of keys: the name of the called value, for the message, is not looked for without end.
#[test]
fn endless_keys_of_keys() {
    let _turn = alone();
    let mut code = vec![abc(Op::NewTable, 0, 0, 0), abc(Op::SetTable, 0, 0, 0)];
    code.extend(vec![abc(Op::GetTable, 0, 0, 0); 30_000]);
    code.extend([abc(Op::Call, 0, 1, 1), abc(Op::Return, 0, 1, 0)]);
    let mut budget = Budget { bytes: 0 };
    let l: Lua = new_state(&mut budget);
    let closure = load(l, &Made::new(1, &code).chunk(), Some(b"b")).expect("accepted");
    assert_eq!(run(l, closure), LUA_ERRRUN);
    let message = l.from_top(1).as_string().expect("a message");
    assert_eq!(message.bytes(), b"?:0: attempt to call field '?' (a table value)");
    state::close_state(*l);
}
