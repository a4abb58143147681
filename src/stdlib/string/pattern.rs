//! The pattern matcher: a pattern is compiled to a short program of nodes, then run over the subject.
//!
//! Invariants
//! - A program ends with `Match` or with a `Fail` node, and `next` of a running node is inside the program.
//! - A malformed pattern is an error only when the matcher gets to the malformed part, so compilation puts a `Fail`
//!   node there and stops.
//! - Patterns are linear: every way to `Match` passes every node, in order. Hence the number of a capture, the
//!   capture a `)` closes and the validity of a back reference are known at compile time, and captures need not be
//!   restored on the way back: another way sets them again before anything reads them.
//! - `depth` counts what the manual leaves open and scripts can see: nested attempts, at most `MAX_DEPTH`, as many as
//!   in PUC's matcher (one for a `(`, a `)`, and each tried repetition), though most of them are not calls here.

use crate::sys;
use core::mem::MaybeUninit;

use super::ctype::{self, Classes};

/// The number of captures that a pattern may have (luaconf.h's LUA_MAXCAPTURES).
pub(super) const MAX_CAPTURES: usize = 32;
/// Nested attempts a match may need.
const MAX_DEPTH: u32 = 200;
/// Steps between two looks at the host's wish to stop.
pub(super) const STEPS: u32 = 20_000;

/// The faults of a pattern or a match; the texts are in `messages`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Error {
    EndsWithPercent,
    MissingBracket,
    MissingBalance,
    MissingFrontier,
    CaptureIndex(i32),
    PatternCapture,
    TooManyCaptures,
    TooComplex,
    /// The host's hook wants the match to end.
    Stopped,
}

#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Op {
    /// one character, or one and its repetition
    One,
    Optional,
    Star,
    Plus,
    Lazy,
    Open,
    OpenPosition,
    Close,
    End,
    Balance,
    Frontier,
    Back,
    Match,
    Fail,
}

/// A pattern item for one character: the set that the character is compared with.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Single {
    Any,
    Char,
    NotChar,
    Class,
    NotClass,
    Set,
}

#[derive(Clone, Copy)]
pub(super) struct Node {
    op: Op,
    single: Single,
    /// For a repetition: how many nodes ahead is one that must match right there, with only parentheses between;
    /// 0 when there is none.
    ahead: u8,
    /// Class bits; or the index of the set (there are never 2^32: they would take 192 GiB); or a character, the number
    /// of a capture, the first character of a balance, the code of an error, and in the next byte the last character of
    /// the balance, the detail of the error.
    data: u32,
}

impl Node {
    #[inline(always)]
    fn a(self) -> u8 {
        self.data as u8
    }
    #[inline(always)]
    fn b(self) -> u8 {
        (self.data >> 8) as u8
    }
    #[inline(always)]
    fn mask(self) -> u16 {
        self.data as u16
    }
    #[inline(always)]
    fn set(self) -> usize {
        self.data as usize
    }
}

/// A bracketed set: characters by bit, classes by mask.
#[derive(Clone, Copy)]
pub(super) struct Set {
    bits: [u64; 4],
    mask: u16,
    negated: bool,
}

impl Set {
    #[inline(always)]
    fn contains(&self, classes: Classes, c: u8) -> bool {
        let bit = self.bits[(c >> 6) as usize] >> (c & 63) & 1 != 0;
        (bit | (classes[c as usize] & self.mask != 0)) != self.negated
    }

    fn add_range(&mut self, first: u8, last: u8) {
        if first > last {
            return;
        }
        for word in first >> 6..=last >> 6 {
            let low = if word == first >> 6 { first & 63 } else { 0 };
            let high = if word == last >> 6 { last & 63 } else { 63 };
            self.bits[word as usize] |= (!0 >> (63 - (high - low))) << low;
        }
    }

    #[cold]
    fn add_complement(&mut self, classes: Classes, mask: u16) {
        for c in 0..=255u8 {
            if classes[c as usize] & mask == 0 {
                self.add_range(c, c);
            }
        }
    }
}

/// The class bits of a class letter, and whether it is the capital form.
#[inline]
fn class_of(letter: u8) -> Option<(u16, bool)> {
    let mask = match letter | 0x20 {
        b'a' => ctype::ALPHA,
        b'c' => ctype::CNTRL,
        b'd' => ctype::DIGIT,
        b'g' => ctype::GRAPH,
        b'l' => ctype::LOWER,
        b'p' => ctype::PUNCT,
        b's' => ctype::SPACE,
        b'u' => ctype::UPPER,
        b'w' => ctype::ALNUM,
        b'x' => ctype::XDIGIT,
        _ => return None,
    };
    // `| 0x20` also maps some characters that are not letters on letters.
    if letter.is_ascii_alphabetic() { Some((mask, letter & 0x20 == 0)) } else { None }
}

/// A compiled pattern.
#[derive(Clone, Copy)]
pub(super) struct Program<'a> {
    nodes: &'a [Node],
    sets: &'a [Set],
    /// captures it has
    pub levels: usize,
    /// the first node that must match a character at the start, if any
    lead: Option<usize>,
    /// The pattern is one item that matches one character.
    single: bool,
}

/// The number of nodes and sets that a pattern may need.
pub(super) fn needs(pattern: &[u8]) -> (usize, usize) {
    (pattern.len() + 1, pattern.iter().filter(|&&c| c == b'[').count())
}

struct Compiler<'a> {
    pattern: &'a [u8],
    at: usize,
    nodes: &'a mut [MaybeUninit<Node>],
    count: usize,
    sets: &'a mut [MaybeUninit<Set>],
    set_count: usize,
    classes: Classes,
}

impl Compiler<'_> {
    /// The byte `i` further, or 0 past the end.
    #[inline(always)]
    fn peek(&self, i: usize) -> u8 {
        self.pattern.get(self.at + i).copied().unwrap_or(0)
    }

    #[inline(always)]
    fn emit(&mut self, op: Op, single: Single, data: u32) {
        self.nodes[self.count].write(Node { op, single, ahead: 0, data });
        self.count += 1;
    }

    #[cold]
    fn fail(&mut self, error: Error) {
        let (code, detail) = match error {
            Error::EndsWithPercent => (0, 0),
            Error::MissingBracket => (1, 0),
            Error::MissingBalance => (2, 0),
            Error::MissingFrontier => (3, 0),
            Error::CaptureIndex(n) => (4, n as u8),
            Error::PatternCapture => (5, 0),
            Error::TooManyCaptures => (6, 0),
            Error::TooComplex | Error::Stopped => (7, 0),
        };
        self.emit(Op::Fail, Single::Any, code | (detail as u32) << 8);
    }

    /// Reads the set that starts at `at` (a `[`) and moves past it. `None`: the bracket is missing.
    fn set(&mut self) -> Option<u32> {
        let pattern = self.pattern;
        let mut set = Set { bits: [0; 4], mask: 0, negated: false };
        let mut i = self.at + 1;
        if pattern.get(i) == Some(&b'^') {
            set.negated = true;
            i += 1;
        }
        // The closing bracket comes first: a range must not reach over it. The first character is never it.
        let first = i;
        let mut end = i;
        loop {
            let c = *pattern.get(end)?;
            end += 1;
            if c == b'%' && end < pattern.len() {
                end += 1;
            }
            if pattern.get(end) == Some(&b']') {
                break;
            }
        }
        i = first;
        while i < end {
            let c = pattern[i];
            if c == b'%' {
                let letter = pattern.get(i + 1).copied().unwrap_or(0);
                match class_of(letter) {
                    Some((mask, false)) => set.mask |= mask,
                    Some((mask, true)) => set.add_complement(self.classes, mask),
                    None if letter == b'z' => set.add_range(0, 0),
                    None if letter == b'Z' => set.add_range(1, 255),
                    None => set.add_range(letter, letter),
                }
                i += 2;
            } else if i + 2 < end && pattern[i + 1] == b'-' {
                set.add_range(c, pattern[i + 2]);
                i += 3;
            } else {
                set.bits[(c >> 6) as usize] |= 1 << (c & 63);
                i += 1;
            }
        }
        self.at = end + 1;
        let index = self.set_count;
        self.sets[index].write(set);
        self.set_count += 1;
        Some(index as u32)
    }

    /// Compiles all; returns the number of captures.
    fn run(&mut self) -> usize {
        let mut level = 0;
        // Bits of the captures that are open, and of those that are closed.
        let mut open = 0u32;
        let mut closed = 0u32;
        loop {
            let Some(&c) = self.pattern.get(self.at) else {
                self.emit(Op::Match, Single::Any, 0);
                return level;
            };
            let (mut single, mut data) = (Single::Char, c as u32);
            let mut length = 1;
            match c {
                b'(' => {
                    if level >= MAX_CAPTURES {
                        self.fail(Error::TooManyCaptures);
                        return level;
                    }
                    if self.peek(1) == b')' {
                        self.emit(Op::OpenPosition, Single::Any, level as u32);
                        self.at += 2;
                        // Never closed by a `)`, and a reference to it is valid (and never matches).
                        closed |= 1 << level;
                    } else {
                        self.emit(Op::Open, Single::Any, level as u32);
                        self.at += 1;
                        open |= 1 << level;
                    }
                    level += 1;
                    continue;
                }
                b')' => {
                    if open == 0 {
                        self.fail(Error::PatternCapture);
                        return level;
                    }
                    let last = 31 - open.leading_zeros();
                    open &= !(1 << last);
                    closed |= 1 << last;
                    self.emit(Op::Close, Single::Any, last);
                    self.at += 1;
                    continue;
                }
                b'$' if self.at + 1 == self.pattern.len() => {
                    self.emit(Op::End, Single::Any, 0);
                    self.at += 1;
                    continue;
                }
                b'.' => single = Single::Any,
                b'[' => {
                    let Some(index) = self.set() else {
                        self.fail(Error::MissingBracket);
                        return level;
                    };
                    (single, data, length) = (Single::Set, index, 0);
                }
                b'%' => {
                    if self.at + 1 >= self.pattern.len() {
                        self.fail(Error::EndsWithPercent);
                        return level;
                    }
                    let letter = self.peek(1);
                    length = 2;
                    match letter {
                        b'b' => {
                            if self.at + 3 >= self.pattern.len() {
                                self.fail(Error::MissingBalance);
                                return level;
                            }
                            let (first, last) = (self.peek(2), self.peek(3));
                            self.emit(Op::Balance, Single::Any, first as u32 | (last as u32) << 8);
                            self.at += 4;
                            continue;
                        }
                        b'f' => {
                            self.at += 2;
                            if self.peek(0) != b'[' {
                                self.fail(Error::MissingFrontier);
                                return level;
                            }
                            let Some(index) = self.set() else {
                                self.fail(Error::MissingBracket);
                                return level;
                            };
                            self.emit(Op::Frontier, Single::Set, index);
                            continue;
                        }
                        b'0'..=b'9' => {
                            let n = letter.wrapping_sub(b'1');
                            if n > 8 || closed >> n & 1 == 0 {
                                self.fail(Error::CaptureIndex(n as i8 as i32 + 1));
                                return level;
                            }
                            self.emit(Op::Back, Single::Any, n as u32);
                            self.at += 2;
                            continue;
                        }
                        b'z' => data = 0,
                        b'Z' => (single, data) = (Single::NotChar, 0),
                        _ => match class_of(letter) {
                            Some((bits, capital)) => {
                                single = if capital { Single::NotClass } else { Single::Class };
                                data = bits as u32;
                            }
                            None => data = letter as u32,
                        },
                    }
                }
                _ => {}
            }
            self.at += length;
            let op = match self.peek(0) {
                b'?' => Op::Optional,
                b'*' => Op::Star,
                b'+' => Op::Plus,
                b'-' => Op::Lazy,
                _ => Op::One,
            };
            self.at += (op != Op::One) as usize;
            self.emit(op, single, data);
        }
    }
}

/// Compiles a pattern (without its `^`) into the memory given, which is at least what `needs` says.
pub(super) fn compile<'a>(
    pattern: &'a [u8],
    classes: Classes,
    nodes: &'a mut [MaybeUninit<Node>],
    sets: &'a mut [MaybeUninit<Set>],
) -> Program<'a> {
    let mut compiler = Compiler { pattern, at: 0, nodes, count: 0, sets, set_count: 0, classes };
    let levels = compiler.run();
    let Compiler { nodes, count, sets, set_count, .. } = compiler;
    // SAFETY: `count` nodes and `set_count` sets have been written.
    let (nodes, sets) = unsafe {
        (
            core::slice::from_raw_parts_mut(nodes.as_mut_ptr().cast::<Node>(), count),
            core::slice::from_raw_parts(sets.as_ptr().cast::<Set>(), set_count),
        )
    };

    // From the end: the distance to the node that decides.
    let mut distance = 0u8;
    for node in nodes.iter_mut().rev() {
        node.ahead = distance;
        distance = match node.op {
            Op::One | Op::Plus | Op::End => 1,
            Op::Open | Op::OpenPosition | Op::Close if distance != 0 && distance < 64 => distance + 1,
            _ => 0,
        };
    }
    let lead = nodes.iter().position(|n| !matches!(n.op, Op::Open | Op::OpenPosition));
    let lead = lead.filter(|&i| matches!(nodes[i].op, Op::One | Op::Plus) && nodes[i].single != Single::Any);
    let single = matches!(nodes, [Node { op: Op::One, .. }, Node { op: Op::Match, .. }]);
    Program { nodes, sets, levels, lead, single }
}

/// One capture of a successful match.
#[derive(Clone, Copy)]
pub(super) struct Capture {
    pub start: usize,
    /// or `POSITION`, `UNFINISHED`
    pub end: usize,
}

/// The capture is the position, not a piece of text.
pub(super) const POSITION: usize = usize::MAX;
/// Its parenthesis was never closed.
pub(super) const UNFINISHED: usize = usize::MAX - 1;

/// `run`'s answers that are not a position: no match, or an error that waits in `Matcher::error`.
const NO_MATCH: usize = usize::MAX;
const ERROR: usize = usize::MAX - 1;

/// Looks whether the match should end; called at intervals.
pub(super) trait Poll {
    /// False: stop.
    fn go_on(&mut self) -> bool;
}

pub(super) struct Matcher<'a, P> {
    pub subject: &'a [u8],
    program: Program<'a>,
    classes: Classes,
    captures: [MaybeUninit<Capture>; MAX_CAPTURES],
    error: Error,
    steps: u32,
    pub poll: P,
}

impl<'a, P: Poll> Matcher<'a, P> {
    #[inline(always)]
    pub fn new(subject: &'a [u8], program: Program<'a>, classes: Classes, poll: P) -> Self {
        let mut captures = [const { MaybeUninit::uninit() }; MAX_CAPTURES];
        for capture in &mut captures[..program.levels] {
            capture.write(Capture { start: 0, end: UNFINISHED });
        }
        Matcher { subject, program, classes, captures, error: Error::TooComplex, steps: STEPS, poll }
    }

    pub fn levels(&self) -> usize {
        self.program.levels
    }

    /// Capture `i`, below `levels`.
    #[inline(always)]
    pub fn capture(&self, i: usize) -> Capture {
        debug_assert!(i < self.program.levels);
        // SAFETY: `new` initialised the captures that the program has, and `i` is one of them.
        unsafe { self.captures[i].assume_init() }
    }

    /// Tries to match at `start` only.
    #[inline]
    pub fn match_at(&mut self, start: usize) -> Result<Option<usize>, Error> {
        match self.run(start, 0, MAX_DEPTH) {
            NO_MATCH => Ok(None),
            ERROR => Err(self.error),
            end => Ok(Some(end)),
        }
    }

    /// The first match that starts at `start` or later: where it starts and ends.
    #[inline]
    pub fn search(&mut self, mut start: usize) -> Result<Option<(usize, usize)>, Error> {
        if self.program.single {
            if !self.step(1) {
                return Err(Error::Stopped);
            }
            return Ok(self.seek(0, start).map(|at| (at, at + 1)));
        }
        loop {
            if let Some(lead) = self.program.lead {
                // The pattern cannot match where its first character does not. Nor can it be in error there.
                match self.seek(lead, start) {
                    Some(at) => start = at,
                    None => return Ok(None),
                }
            }
            match self.run(start, 0, MAX_DEPTH) {
                NO_MATCH => {}
                ERROR => return Err(self.error),
                end => return Ok(Some((start, end))),
            }
            start += 1;
            if start > self.subject.len() {
                return Ok(None);
            }
        }
    }

    #[inline(always)]
    fn node(&self, i: usize) -> Node {
        debug_assert!(i < self.program.nodes.len());
        // SAFETY: a program ends with a node that has no successor (module invariant).
        unsafe { *self.program.nodes.get_unchecked(i) }
    }

    #[inline(always)]
    fn in_set(&self, node: Node, c: u8) -> bool {
        self.program.sets[node.set()].contains(self.classes, c)
    }

    #[inline(always)]
    fn matches(&self, node: Node, c: u8) -> bool {
        match node.single {
            Single::Any => true,
            Single::Char => c == node.a(),
            Single::NotChar => c != node.a(),
            Single::Class => self.classes[c as usize] & node.mask() != 0,
            Single::NotClass => self.classes[c as usize] & node.mask() == 0,
            Single::Set => self.in_set(node, c),
        }
    }

    /// Whether the character at `s` exists and matches.
    #[inline(always)]
    fn matches_at(&self, node: Node, s: usize) -> bool {
        match self.subject.get(s) {
            Some(&c) => self.matches(node, c),
            None => false,
        }
    }

    /// The first position from `s` on whose character matches the node.
    #[inline]
    fn seek(&self, node: usize, s: usize) -> Option<usize> {
        let node = self.node(node);
        let rest = self.subject.get(s..)?;
        let classes = self.classes;
        let at = match node.single {
            Single::Any => (!rest.is_empty()).then_some(0),
            Single::Char => find_byte(rest, node.a()),
            Single::NotChar => rest.iter().position(|&c| c != node.a()),
            Single::Class => rest.iter().position(|&c| classes[c as usize] & node.mask() != 0),
            Single::NotClass => rest.iter().position(|&c| classes[c as usize] & node.mask() == 0),
            Single::Set => {
                let set = &self.program.sets[node.set()];
                rest.iter().position(|&c| set.contains(classes, c))
            }
        };
        at.map(|i| s + i)
    }

    /// The end of the run of matching characters that starts at `s`.
    #[inline]
    fn span(&self, node: Node, s: usize) -> usize {
        let rest = &self.subject[s..];
        let classes = self.classes;
        let n = match node.single {
            Single::Any => None,
            Single::Char => rest.iter().position(|&c| c != node.a()),
            Single::NotChar => find_byte(rest, node.a()),
            Single::Class => rest.iter().position(|&c| classes[c as usize] & node.mask() == 0),
            Single::NotClass => rest.iter().position(|&c| classes[c as usize] & node.mask() != 0),
            Single::Set => {
                let set = &self.program.sets[node.set()];
                rest.iter().position(|&c| !set.contains(classes, c))
            }
        };
        s + n.unwrap_or(rest.len())
    }

    #[cold]
    fn raise(&mut self, error: Error) -> usize {
        self.error = error;
        ERROR
    }

    #[cold]
    fn raise_node(&mut self, node: Node) -> usize {
        self.raise(match node.a() {
            0 => Error::EndsWithPercent,
            1 => Error::MissingBracket,
            2 => Error::MissingBalance,
            3 => Error::MissingFrontier,
            4 => Error::CaptureIndex(node.b() as i32),
            5 => Error::PatternCapture,
            6 => Error::TooManyCaptures,
            _ => Error::TooComplex,
        })
    }

    #[cold]
    fn look_around(&mut self) -> bool {
        self.steps = STEPS;
        self.poll.go_on()
    }

    /// Counts `n` steps; false when the match has to stop.
    #[inline(always)]
    fn step(&mut self, n: usize) -> bool {
        if (self.steps as usize) > n {
            self.steps -= n as u32;
            true
        } else {
            self.look_around()
        }
    }

    /// Whether the node that decides after the repetition `n` rules out going on at `s`. Only asked when the
    /// depth suffices to get there, so that no "too complex" is missed.
    #[inline(always)]
    fn hopeless(&self, decider: Option<Node>, s: usize) -> bool {
        match decider {
            None => false,
            Some(node) if node.op == Op::End => s != self.subject.len(),
            Some(node) => !self.matches_at(node, s),
        }
    }

    /// Matches the program from node `n` on at `s`: where the match ends, `NO_MATCH` or `ERROR`.
    fn run(&mut self, mut s: usize, mut n: usize, mut depth: u32) -> usize {
        if depth == 0 {
            return self.raise(Error::TooComplex);
        }
        depth -= 1;
        if !self.step(1) {
            return self.raise(Error::Stopped);
        }
        loop {
            let node = self.node(n);
            match node.op {
                Op::One => {
                    if !self.matches_at(node, s) {
                        return NO_MATCH;
                    }
                    s += 1;
                }
                Op::Star | Op::Plus => {
                    let end = self.span(node, s);
                    if end == s {
                        if node.op == Op::Plus {
                            return NO_MATCH;
                        }
                        n += 1;
                        continue;
                    }
                    let least = s + (node.op == Op::Plus) as usize;
                    let decider = (depth > node.ahead as u32 && node.ahead != 0)
                        .then(|| self.node(n + node.ahead as usize));
                    if !self.step((end - s) >> 4) {
                        return self.raise(Error::Stopped);
                    }
                    s = end;
                    n += 1;
                    while s > least {
                        if !self.hopeless(decider, s) {
                            let found = self.run(s, n, depth);
                            if found != NO_MATCH {
                                return found;
                            }
                        }
                        s -= 1;
                    }
                    if depth == 0 {
                        return self.raise(Error::TooComplex);
                    }
                    depth -= 1;
                    continue;
                }
                Op::Lazy => {
                    if !self.matches_at(node, s) {
                        n += 1;
                        continue;
                    }
                    return self.run_lazy(node, s, n + 1, depth);
                }
                Op::Optional => {
                    if self.matches_at(node, s) {
                        let found = self.run(s + 1, n + 1, depth);
                        if found != NO_MATCH {
                            return found;
                        }
                    }
                }
                Op::Open | Op::OpenPosition => {
                    if depth == 0 {
                        return self.raise(Error::TooComplex);
                    }
                    depth -= 1;
                    let end = if node.op == Op::Open { UNFINISHED } else { POSITION };
                    self.captures[node.a() as usize & (MAX_CAPTURES - 1)].write(Capture { start: s, end });
                }
                Op::Close => {
                    if depth == 0 {
                        return self.raise(Error::TooComplex);
                    }
                    depth -= 1;
                    let start = self.capture(node.a() as usize).start;
                    self.captures[node.a() as usize & (MAX_CAPTURES - 1)].write(Capture { start, end: s });
                }
                Op::End => {
                    if s != self.subject.len() {
                        return NO_MATCH;
                    }
                }
                Op::Balance => match self.balance(node, s) {
                    Some(end) => s = end,
                    None => return NO_MATCH,
                },
                Op::Frontier => {
                    let before = if s == 0 { 0 } else { self.subject[s - 1] };
                    let after = self.subject.get(s).copied().unwrap_or(0);
                    if self.in_set(node, before) || !self.in_set(node, after) {
                        return NO_MATCH;
                    }
                }
                Op::Back => {
                    let capture = self.capture(node.a() as usize);
                    if capture.end == POSITION {
                        return NO_MATCH;
                    }
                    let text = &self.subject[capture.start..capture.end];
                    if !self.subject[s..].starts_with(text) {
                        return NO_MATCH;
                    }
                    s += text.len();
                }
                Op::Match => return s,
                Op::Fail => return self.raise_node(node),
            }
            n += 1;
        }
    }

    /// A repetition that prefers few: `next` follows it, and the first character matches.
    #[inline]
    fn run_lazy(&mut self, node: Node, mut s: usize, next: usize, depth: u32) -> usize {
        let decider =
            (depth > node.ahead as u32 && node.ahead != 0).then(|| self.node(next - 1 + node.ahead as usize));
        let start = s;
        loop {
            if node.single == Single::Any
                && let Some(Node { op: Op::One | Op::Plus, single: Single::Char, data, .. }) = decider
            {
                // Everything up to that character is skipped anyway.
                let Some(skip) = find_byte(&self.subject[s..], data as u8) else {
                    return NO_MATCH;
                };
                if !self.step(skip >> 4) {
                    return self.raise(Error::Stopped);
                }
                s += skip;
            }
            if !self.hopeless(decider, s) {
                let found = self.run(s, next, depth);
                if found != NO_MATCH {
                    return found;
                }
            }
            if !self.matches_at(node, s) {
                // Hopeless places are passed without a step each.
                return if self.step((s - start) >> 4) { NO_MATCH } else { self.raise(Error::Stopped) };
            }
            s += 1;
        }
    }

    fn balance(&self, node: Node, s: usize) -> Option<usize> {
        let text = self.subject.get(s..)?;
        if text.first() != Some(&node.a()) {
            return None;
        }
        let mut open = 1usize;
        for (i, &c) in text.iter().enumerate().skip(1) {
            if c == node.b() {
                open -= 1;
                if open == 0 {
                    return Some(s + i + 1);
                }
            } else if c == node.a() {
                open += 1;
            }
        }
        None
    }
}

/// The first place of a byte. Short texts are searched here: the call costs more than they do.
#[inline(always)]
pub(super) fn find_byte(text: &[u8], c: u8) -> Option<usize> {
    for (i, &b) in text.iter().take(8).enumerate() {
        if b == c {
            return Some(i);
        }
    }
    if text.len() <= 8 {
        return None;
    }
    // SAFETY: the pointer and the length are the slice's.
    let found = unsafe { sys::memchr(text.as_ptr().cast(), c as i32, text.len()) };
    if found.is_null() { None } else { Some(found as usize - text.as_ptr() as usize) }
}

/// The first place of `needle` in `text`.
#[inline]
pub(super) fn find_plain(text: &[u8], needle: &[u8]) -> Option<usize> {
    match *needle {
        [] => Some(0),
        [c] => find_byte(text, c),
        [first, .., last] => {
            let mut from = 0;
            let reach = text.len().checked_sub(needle.len() - 1)?;
            // A few tries with the rarer look at the last byte, then the two-way search.
            for _ in 0..16 {
                from += find_byte(text.get(from..reach)?, first)?;
                if text[from + needle.len() - 1] == last && text[from..].starts_with(needle) {
                    return Some(from);
                }
                from += 1;
            }
            let rest = text.get(from..)?;
            // SAFETY: pointers and lengths are those of the slices.
            let found = unsafe {
                sys::memmem(rest.as_ptr().cast(), rest.len(), needle.as_ptr().cast(), needle.len())
            };
            if found.is_null() { None } else { Some(found as usize - text.as_ptr() as usize) }
        }
    }
}
