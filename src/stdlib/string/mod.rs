//! Library `string` (manual 6.4).
//!
//! Invariants
//! - Arguments stay in their stack slots while a function runs (or are kept alive in their place, see `object::keep`),
//!   so their bytes stay valid; anything else a function holds across a collector step or a call is on the stack too.
//! - A function that uses a [`Buffer`] pushes what it needs before the buffer is made: a buffer that grows takes the
//!   stack slot above.

mod ctype;
mod format;
mod pattern;
#[cfg(test)]
mod tests;

use super::registry::{fast_entry, library};
use crate::mem::OutOfMemory;
use crate::object::string::bytes_of;
use core::mem::{MaybeUninit, align_of, size_of};

use format::format;

use self::pattern::{Error, Matcher, Node, Poll, Program, Set, find_plain};
use crate::api::{Buffer, Bytes, Lua};
use crate::chunk;
use crate::consts::*;
use crate::gc;
use crate::messages::{self as msg, Arg};
use crate::num;
use crate::object::string::{MAX_SHORT, new_long, new_str};
use crate::object::userdata::Content;
use crate::object::{FastArguments, Gc, Str, Thread, Value};
use crate::throw::{LResult, Throw};

library! {
    STRING:
    FUNCTIONS {
        Byte "byte" byte, fast byte_fast;
        Char "char" char, fast char_fast;
        Dump "dump" dump;
        Find "find" find;
        Format "format" format;
        Gmatch "gmatch" gmatch;
        Gsub "gsub" gsub;
        Len "len" len, fast len_fast;
        Lower "lower" lower, fast lower_fast;
        Match "match" match_;
        Rep "rep" rep, fast rep_fast;
        Reverse "reverse" reverse, fast reverse_fast;
        Sub "sub" sub, fast sub_fast;
        Upper "upper" upper, fast upper_fast;
    }
    /// Functions that are reached only through other ones.
    HIDDEN {
        GmatchNext "gmatch iterator" gmatch_next;
    }
}
pub fn open(l: Lua) -> LResult<i32> {
    l.aux_newlib(&FUNCTIONS)?;
    // The metatable of all strings: method calls find the library's functions.
    l.createtable(0, 1)?;
    l.pushlstring(b"")?;
    l.pushvalue(-2);
    l.setmetatable(-2);
    l.pop(1);
    l.pushvalue(-2);
    l.setfield(-2, b"__index")?;
    l.pop(1);
    Ok(1)
}

/// Argument `n` of the running function; nil when it is absent.
#[inline(always)]
fn arg(l: Lua, n: i32) -> Value {
    let slot = l.call_info().func.get().above(n as usize);
    if slot < l.top.get() {
        // SAFETY: the slots between a frame's function and the top are its arguments and temporaries.
        unsafe { slot.read() }
    } else {
        Value::NIL
    }
}

#[inline(always)]
fn string_arg(l: Lua, n: i32) -> LResult<Bytes> {
    match arg(l, n).as_string() {
        Some(s) => Ok(bytes_of(s)),
        None => l.aux_checklstring(n),
    }
}

#[inline(always)]
fn integer_arg(l: Lua, n: i32) -> LResult<isize> {
    match arg(l, n).as_number() {
        Some(x) => Ok(num::to_integer(x)),
        None => l.aux_checkinteger(n),
    }
}

#[inline(always)]
fn optional_integer(l: Lua, n: i32, default: isize) -> LResult<isize> {
    let v = arg(l, n);
    if v.is_nil() { Ok(default) } else { integer_arg(l, n) }
}

/// Pushes a new string, and does a step of the collector if one is due.
#[inline(always)]
fn push_string(l: Lua, s: Gc<Str>) -> LResult<()> {
    l.push(Value::string(s));
    gc::check(*l)
}

/// A string of `len` bytes that `fill` writes.
#[inline(always)]
fn build(l: Gc<Thread>, len: usize, fill: impl FnOnce(*mut u8)) -> Result<Gc<Str>, OutOfMemory> {
    if len > MAX_SHORT {
        return new_long(l, len, fill);
    }
    let mut short = [MaybeUninit::<u8>::uninit(); MAX_SHORT];
    fill(short.as_mut_ptr().cast());
    // SAFETY: `fill` has written the first `len` bytes.
    new_str(l, unsafe { core::slice::from_raw_parts(short.as_ptr().cast(), len) })
}

/// A position in a string of `len` bytes, counted from the end when negative; 0 when before the start.
#[inline(always)]
fn from_end(position: isize, len: usize) -> isize {
    if position >= 0 {
        position
    } else if position.unsigned_abs() > len {
        0
    } else {
        len as isize + position + 1
    }
}

/// The bytes from position `i` to `j`, both counted from 1 and possibly from the end.
#[inline(always)]
fn slice(s: Bytes, i: isize, j: isize) -> Bytes {
    let first = from_end(i, s.len()).max(1) as usize;
    let last = from_end(j, s.len()).min(s.len() as isize) as usize;
    if first <= last { s.part(first - 1..last) } else { Bytes::default() }
}

// The fast entries take what is usual: strings and numbers of the right type. Everything else, errors among it, is
// left to the function proper.

/// The first argument of a fast entry, if it is a string.
#[inline(always)]
fn fast_string(args: FastArguments) -> Option<Gc<Str>> {
    args.get(0)?.as_string()
}

/// Argument `i` of a fast entry, counted from 0, if it is a number.
#[inline(always)]
fn fast_integer(args: FastArguments, i: usize) -> Option<isize> {
    args.number(i).map(num::to_integer)
}

/// The result of a fast entry. Short of memory there is none: the function proper tries again and raises the error.
#[inline(always)]
fn give(s: Result<Gc<Str>, OutOfMemory>) -> Option<Value> {
    s.ok().map(Value::string)
}

/// `string.len(s)`
fn len(l: Lua) -> LResult<i32> {
    let s = string_arg(l, 1)?;
    l.pushnumber(s.len() as f64);
    Ok(1)
}

fast_entry! {
    fn len_fast(_, args) {
        let s = fast_string(args)?;
        Some(Value::number(s.len() as f64))
    }
}

/// `string.sub(s, i [, j])`
fn sub(l: Lua) -> LResult<i32> {
    let s = string_arg(l, 1)?;
    let i = integer_arg(l, 2)?;
    let j = optional_integer(l, 3, -1)?;
    push_string(l, new_str(*l, &slice(s, i, j))?)?;
    Ok(1)
}

fast_entry! {
    fn sub_fast(l, args) {
        let s = fast_string(args)?;
        let i = fast_integer(args, 1)?;
        let j = match fast_integer(args, 2) {
            Some(j) => j,
            None if args.count() <= 2 => -1,
            None => return None,
        };
        let piece = slice(bytes_of(s), i, j);
        if piece.len() == s.len() {
            return Some(Value::string(s));
        }
        give(new_str(l, &piece))
    }
}

/// `string.byte(s [, i [, j]])`
fn byte(l: Lua) -> LResult<i32> {
    let s = string_arg(l, 1)?;
    let first = from_end(optional_integer(l, 2, 1)?, s.len());
    let last = from_end(optional_integer(l, 3, first)?, s.len());
    let first = first.max(1) as usize;
    let last = last.min(s.len() as isize) as usize;
    if first > last {
        return Ok(0);
    }
    let n = last - first + 1;
    if n > i32::MAX as usize {
        return Err(l.aux_error(msg::SLICE_TOO_LONG, &[]));
    }
    l.aux_checkstack(n as i32, Some(msg::SLICE_TOO_LONG.as_bytes()))?;
    for &c in &s[first - 1..last] {
        l.pushnumber(c as f64);
    }
    Ok(n as i32)
}

fast_entry! {
    fn byte_fast(_, args) {
        let s = fast_string(args)?;
        let i = match args.count() {
            1 => 1,
            2 => from_end(fast_integer(args, 1)?, s.len()),
            _ => return None,
        };
        let c = *bytes_of(s).get((i as usize).wrapping_sub(1))?;
        Some(Value::number(c as f64))
    }
}

/// `string.char(...)`
fn char(l: Lua) -> LResult<i32> {
    let n = l.gettop();
    let mut buffer = MaybeUninit::uninit();
    let b = Buffer::init(&mut buffer, l);
    for i in 1..=n {
        let c = integer_arg(l, i)? as i32;
        if !(0..=255).contains(&c) {
            return Err(l.aux_argerror(i, msg::VALUE_OUT_OF_RANGE.as_bytes()));
        }
        b.addbyte(c as u8)?;
    }
    b.pushresult()?;
    Ok(1)
}

fast_entry! {
    fn char_fast(l, args) {
        let mut bytes = [0u8; 8];
        if args.count() > bytes.len() {
            return None;
        }
        for (i, byte) in bytes.iter_mut().enumerate().take(args.count()) {
            match fast_integer(args, i) {
                Some(c @ 0..=255) => *byte = c as u8,
                _ => return None,
            }
        }
        give(new_str(l, &bytes[..args.count()]))
    }
}

#[inline(always)]
fn with_case(l: Gc<Thread>, s: Bytes, upper: bool) -> Result<Gc<Str>, OutOfMemory> {
    build(l, s.len(), |to| {
        // SAFETY: `build` gives room for as many bytes, in a fresh block.
        unsafe { ctype::change_case(&s, to, upper) }
    })
}

/// `string.lower(s)`
fn lower(l: Lua) -> LResult<i32> {
    let s = string_arg(l, 1)?;
    push_string(l, with_case(*l, s, false)?)?;
    Ok(1)
}

fast_entry! {
    fn lower_fast(l, args) {
        let s = fast_string(args)?;
        give(with_case(l, bytes_of(s), false))
    }
}

/// `string.upper(s)`
fn upper(l: Lua) -> LResult<i32> {
    let s = string_arg(l, 1)?;
    push_string(l, with_case(*l, s, true)?)?;
    Ok(1)
}

fast_entry! {
    fn upper_fast(l, args) {
        let s = fast_string(args)?;
        give(with_case(l, bytes_of(s), true))
    }
}

#[inline(always)]
fn reversed(l: Gc<Thread>, s: Bytes) -> Result<Gc<Str>, OutOfMemory> {
    build(l, s.len(), |to| {
        for (i, &c) in s.iter().rev().enumerate() {
            // SAFETY: `build` gives room for as many bytes.
            unsafe { *to.add(i) = c };
        }
    })
}

/// `string.reverse(s)`
fn reverse(l: Lua) -> LResult<i32> {
    let s = string_arg(l, 1)?;
    push_string(l, reversed(*l, s)?)?;
    Ok(1)
}

fast_entry! {
    fn reverse_fast(l, args) {
        let s = fast_string(args)?;
        give(reversed(l, bytes_of(s)))
    }
}

/// `n` times `s` with `separator` between; the caller has checked that `n` is positive and the length fits.
#[inline(always)]
fn repeated(l: Gc<Thread>, s: Bytes, n: usize, separator: Bytes) -> Result<Gc<Str>, OutOfMemory> {
    let unit = s.len() + separator.len();
    let len = unit * n - separator.len();
    build(l, len, |to| {
        // SAFETY: `build` gives room for `len` bytes. The first unit is written, then what is written is
        // doubled; a copy never reaches beyond what lies before its target.
        unsafe {
            if unit == 1 && s.len() == 1 {
                core::ptr::write_bytes(to, s[0], len);
                return;
            }
            core::ptr::copy_nonoverlapping(s.as_ptr(), to, s.len());
            if n > 1 {
                core::ptr::copy_nonoverlapping(separator.as_ptr(), to.add(s.len()), separator.len());
            }
            let mut done = unit.min(len);
            while done < len {
                let more = done.min(len - done);
                core::ptr::copy_nonoverlapping(to, to.add(done), more);
                done += more;
            }
        }
    })
}

/// `string.rep(s, n [, sep])`
fn rep(l: Lua) -> LResult<i32> {
    let s = string_arg(l, 1)?;
    let n = integer_arg(l, 2)? as i32;
    let separator = l.aux_optlstring(3, Some(Bytes::default()))?.unwrap_or_default();
    if n <= 0 {
        l.pushlstring(b"")?;
        return Ok(1);
    }
    let n = n as usize;
    if s.len() + separator.len() >= usize::MAX / n {
        return Err(l.aux_error(msg::RESULT_TOO_LARGE, &[]));
    }
    push_string(l, repeated(*l, s, n, separator)?)?;
    Ok(1)
}

fast_entry! {
    fn rep_fast(l, args) {
        let s = fast_string(args)?;
        let n = fast_integer(args, 1)?;
        if args.count() != 2 || !(1..=10_000).contains(&n) || s.len() > 10_000 {
            return None;
        }
        give(repeated(l, bytes_of(s), n as usize, Bytes::default()))
    }
}

/// `string.dump(f)`
fn dump(l: Lua) -> LResult<i32> {
    l.aux_checktype(1, LUA_TFUNCTION)?;
    l.settop(1);
    let function = l.from_top(1).as_lua_closure();
    let mut buffer = MaybeUninit::uninit();
    let buffer = Buffer::init(&mut buffer, l);
    let written = match (l.replaced_dump(buffer), function) {
        (Some(written), _) => written?,
        (None, Some(f)) => {
            chunk::dump_to(|piece| buffer.add(piece).map(|()| 0), f.proto, false)?;
            true
        }
        (None, None) => false,
    };
    if !written {
        return Err(l.aux_error(msg::UNABLE_TO_DUMP, &[]));
    }
    buffer.pushresult()?;
    Ok(1)
}

/// Turns a matcher's error into Lua's.
#[cold]
fn raise<P: Stop>(l: Lua, error: Error, poll: &P) -> Throw {
    let text = match error {
        Error::EndsWithPercent => msg::PATTERN_ENDS_WITH_PERCENT,
        Error::MissingBracket => msg::PATTERN_MISSING_BRACKET,
        Error::MissingBalance => msg::PATTERN_MISSING_BALANCE,
        Error::MissingFrontier => msg::PATTERN_MISSING_FRONTIER,
        Error::CaptureIndex(n) => return l.aux_error(msg::CAPTURE_INDEX, &[Arg::D(n as i64)]),
        Error::PatternCapture => msg::PATTERN_CAPTURE,
        Error::TooManyCaptures => msg::TOO_MANY_CAPTURES,
        Error::TooComplex => msg::PATTERN_TOO_COMPLEX,
        Error::Stopped => return poll.reason(),
    };
    l.aux_error(text, &[])
}

/// A poll that knows why it stopped a match.
trait Stop: Poll {
    fn reason(&self) -> Throw;
}

/// Lets the count hook look in on a long match: a step of the matcher counts like an instruction. The reference never
/// does; without a count hook there is no difference.
struct HookPoll {
    l: Lua,
    reason: Throw,
}

impl HookPoll {
    #[inline(always)]
    fn new(l: Lua) -> HookPoll {
        HookPoll { l, reason: Throw::RUNTIME }
    }
}

impl Poll for HookPoll {
    fn go_on(&mut self) -> bool {
        match crate::vm::debug::hooks::count_steps(*self.l, pattern::STEPS as i32) {
            Ok(()) => true,
            Err(throw) => {
                self.reason = throw;
                false
            }
        }
    }
}

impl Stop for HookPoll {
    fn reason(&self) -> Throw {
        self.reason
    }
}

/// Memory for a compiled pattern of usual size.
struct Space {
    nodes: [MaybeUninit<Node>; 32],
    sets: [MaybeUninit<Set>; 6],
}

impl Space {
    #[inline(always)]
    fn new() -> Space {
        Space { nodes: [const { MaybeUninit::uninit() }; 32], sets: [const { MaybeUninit::uninit() }; 6] }
    }

    /// Compiles into this space, or into a userdata left on the stack when the pattern is longer.
    #[inline(always)]
    fn compile<'a>(&'a mut self, l: Lua, pattern: &'a [u8], classes: ctype::Classes) -> LResult<Program<'a>> {
        if pattern.len() < self.nodes.len() {
            let (_, sets) = pattern::needs(pattern);
            if sets <= self.sets.len() {
                return Ok(pattern::compile(pattern, classes, &mut self.nodes, &mut self.sets));
            }
        }
        compile_long(l, pattern, classes)
    }
}

/// Bytes for a program with these numbers of nodes and sets.
fn program_size(nodes: usize, sets: usize) -> usize {
    sets * size_of::<Set>() + nodes * size_of::<Node>()
}

/// Splits memory into sets and nodes.
///
/// # Safety
/// `memory` has `program_size(nodes, sets)` bytes, is aligned for a `Set`, and stays for `'a`.
unsafe fn split<'a>(
    memory: *mut u8,
    nodes: usize,
    sets: usize,
) -> (&'a mut [MaybeUninit<Node>], &'a mut [MaybeUninit<Set>]) {
    const { assert!(align_of::<Set>() >= align_of::<Node>()) };
    // SAFETY: the caller's promise; a `Set`'s size is a multiple of its alignment, so nodes are aligned too.
    unsafe {
        (
            core::slice::from_raw_parts_mut(memory.add(sets * size_of::<Set>()).cast(), nodes),
            core::slice::from_raw_parts_mut(memory.cast(), sets),
        )
    }
}

#[cold]
#[inline(never)]
fn compile_long<'a>(l: Lua, pattern: &'a [u8], classes: ctype::Classes) -> LResult<Program<'a>> {
    let (nodes, sets) = pattern::needs(pattern);
    let memory = l.newuserdata(program_size(nodes, sets))?;
    // SAFETY: the userdata has the size asked for, is aligned for any type, and stays on the stack as long as
    // the pattern (module invariant).
    let (nodes, sets) = unsafe { split(memory.cast(), nodes, sets) };
    Ok(pattern::compile(pattern, classes, nodes, sets))
}

/// Pushes capture `i`, or the whole match when `i` is 0 and the pattern has none.
#[inline]
fn push_capture<P: Poll>(l: Lua, m: &Matcher<P>, i: usize, start: usize, end: usize) -> LResult<()> {
    let text = if i < m.levels() {
        let capture = m.capture(i);
        match capture.end {
            pattern::POSITION => {
                l.pushnumber((capture.start + 1) as f64);
                return Ok(());
            }
            pattern::UNFINISHED => return Err(l.aux_error(msg::UNFINISHED_CAPTURE, &[])),
            end => &m.subject[capture.start..end],
        }
    } else if i == 0 {
        &m.subject[start..end]
    } else {
        return Err(l.aux_error(msg::INVALID_CAPTURE_INDEX, &[]));
    };
    push_string(l, new_str(*l, text)?)
}

/// Pushes all captures (the whole match, if wanted, when there are none) and returns how many.
#[inline]
fn push_captures<P: Poll>(l: Lua, m: &Matcher<P>, start: usize, end: usize, whole: bool) -> LResult<i32> {
    let n = if m.levels() == 0 && whole { 1 } else { m.levels() };
    l.aux_checkstack(n as i32, Some(msg::TOO_MANY_CAPTURES.as_bytes()))?;
    for i in 0..n {
        push_capture(l, m, i, start, end)?;
    }
    Ok(n as i32)
}

/// Whether a pattern is plain text.
#[inline]
fn is_plain(pattern: &[u8]) -> bool {
    const SPECIAL: [bool; 256] = {
        let mut t = [false; 256];
        let special = b"^$*+?.([%-";
        let mut i = 0;
        while i < special.len() {
            t[special[i] as usize] = true;
            i += 1;
        }
        t
    };
    !pattern.iter().any(|&c| SPECIAL[c as usize])
}

#[inline(always)]
fn find_or_match(l: Lua, find: bool) -> LResult<i32> {
    let s = string_arg(l, 1)?;
    let p = string_arg(l, 2)?;
    let init = from_end(optional_integer(l, 3, 1)?, s.len()).max(1) as usize - 1;
    if init > s.len() {
        l.pushnil();
        return Ok(1);
    }
    if find && (!arg(l, 4).is_falsy() || is_plain(&p)) {
        match find_plain(&s[init..], &p) {
            Some(at) => {
                l.pushnumber((init + at + 1) as f64);
                l.pushnumber((init + at + p.len()) as f64);
                return Ok(2);
            }
            None => {
                l.pushnil();
                return Ok(1);
            }
        }
    }
    let classes = ctype::classes();
    let mut space = Space::new();
    let anchored = p.first() == Some(&b'^');
    let program = space.compile(l, &p[anchored as usize..], classes)?;
    let mut m = Matcher::new(&s, program, classes, HookPoll::new(l));
    let found =
        if anchored { m.match_at(init).map(|end| end.map(|end| (init, end))) } else { m.search(init) };
    match found {
        Ok(Some((start, end))) => {
            if find {
                l.pushnumber((start + 1) as f64);
                l.pushnumber(end as f64);
                Ok(2 + push_captures(l, &m, start, end, false)?)
            } else {
                push_captures(l, &m, start, end, true)
            }
        }
        Ok(None) => {
            l.pushnil();
            Ok(1)
        }
        Err(error) => Err(raise(l, error, &m.poll)),
    }
}

/// `string.find(s, pattern [, init [, plain]])`
fn find(l: Lua) -> LResult<i32> {
    find_or_match(l, true)
}

/// `string.match(s, pattern [, init])`
fn match_(l: Lua) -> LResult<i32> {
    find_or_match(l, false)
}

/// The state of the iterator of `gmatch`, in a userdata that is its third upvalue. The program's memory follows.
#[repr(C)]
struct Iteration {
    next: usize,
    program: Program<'static>,
}

/// `string.gmatch(s, pattern)`
fn gmatch(l: Lua) -> LResult<i32> {
    string_arg(l, 1)?;
    let p = string_arg(l, 2)?;
    l.settop(2);
    let (nodes, sets) = pattern::needs(&p);
    gc::check(*l)?;
    let state = l.new_block(size_of::<Iteration>() + program_size(nodes, sets))?;
    let memory = state.data().cast::<Iteration>();
    // SAFETY: the userdata has room for the iteration and, behind it, for the program; both live as long as it,
    // and the iterator does not look at them after it is gone. The pattern is an upvalue of the iterator as well.
    unsafe {
        let (nodes, sets) = split(memory.add(1).cast(), nodes, sets);
        let pattern = &*core::ptr::from_ref(&*p);
        memory
            .write(Iteration { next: 0, program: pattern::compile(pattern, ctype::classes(), nodes, sets) });
    }
    state.set_content(Content::Iteration);
    l.pushbuiltin(Id::GmatchNext.builtin(), 3)?;
    Ok(1)
}

/// The iterator that `gmatch` returns.
fn gmatch_next(l: Lua) -> LResult<i32> {
    // On the stack, where the function can rely on them: `debug.setupvalue` can put anything in their place.
    l.pushvalue(lua_upvalueindex(3));
    l.pushvalue(lua_upvalueindex(1));
    let Some(s) = l.tolstring(-1)? else { return Ok(0) };
    let Some(state) = l.from_top(2).as_userdata().filter(|u| u.has(Content::Iteration)) else { return Ok(0) };
    let state = state.data().cast::<Iteration>();
    // SAFETY: only `gmatch` makes such userdata. A hook may run this function during the search, so the content is
    // copied, not borrowed.
    let (next, program) = unsafe { ((*state).next, (*state).program) };
    if next > s.len() {
        return Ok(0);
    }
    let mut m = Matcher::new(&s, program, ctype::classes(), HookPoll::new(l));
    match m.search(next) {
        Ok(Some((start, end))) => {
            // SAFETY: this function's stack keeps the userdata alive, and only `gmatch` makes such userdata.
            unsafe { (*state).next = if end == start { end + 1 } else { end } };
            push_captures(l, &m, start, end, true)
        }
        Ok(None) => Ok(0),
        Err(error) => Err(raise(l, error, &m.poll)),
    }
}

/// Appends bytes where there is often one, or none: a call to copy that would take longer than all else.
#[inline(always)]
fn add_piece(b: &mut Buffer, piece: &[u8]) -> LResult<()> {
    match *piece {
        [] => Ok(()),
        [c] => b.addbyte(c),
        _ => b.add(piece),
    }
}

/// Appends the replacement string for one match.
fn add_expanded<P: Poll>(
    l: Lua,
    b: &mut Buffer,
    m: &Matcher<P>,
    replacement: Bytes,
    start: usize,
    end: usize,
) -> LResult<()> {
    let mut rest: &[u8] = &replacement;
    while let Some(plain) = pattern::find_byte(rest, b'%') {
        add_piece(b, &rest[..plain])?;
        let c = rest.get(plain + 1).copied().unwrap_or(0);
        match c {
            b'%' => b.addbyte(b'%')?,
            b'0' => add_piece(b, &m.subject[start..end])?,
            b'1'..=b'9' => {
                let i = (c - b'1') as usize;
                if i < m.levels() && m.capture(i).end < pattern::UNFINISHED {
                    let capture = m.capture(i);
                    b.add(&m.subject[capture.start..capture.end])?;
                } else if i == 0 && m.levels() == 0 {
                    b.add(&m.subject[start..end])?;
                } else {
                    push_capture(l, m, i, start, end)?;
                    b.addvalue()?;
                }
            }
            _ => return Err(l.aux_error(msg::INVALID_REPLACEMENT, &[Arg::C(b'%')])),
        }
        rest = &rest[plain + 2..];
    }
    add_piece(b, rest)
}

/// Appends what a table or function says for one match.
fn add_computed<P: Poll>(
    l: Lua,
    b: &mut Buffer,
    m: &Matcher<P>,
    by_call: bool,
    start: usize,
    end: usize,
) -> LResult<()> {
    if by_call {
        l.pushvalue(3);
        let n = push_captures(l, m, start, end, true)?;
        l.call(n, 1)?;
    } else {
        push_capture(l, m, 0, start, end)?;
        l.gettable(3)?;
    }
    let v = l.from_top(1);
    if let Some(s) = v.as_string()
        && s.len() <= b.size - b.n
    {
        b.add(s.bytes())?;
        l.pop(1);
        return Ok(());
    }
    if v.is_falsy() {
        l.pop(1);
        return b.add(&m.subject[start..end]);
    }
    if !v.is_string() && !v.is_number() {
        let name = Lua::typename(v.type_id());
        return Err(l.aux_error(msg::INVALID_REPLACEMENT_VALUE, &[Arg::S(name.as_bytes())]));
    }
    b.addvalue()
}

/// `string.gsub(s, pattern, repl [, n])`
fn gsub(l: Lua) -> LResult<i32> {
    let s = string_arg(l, 1)?;
    let p = string_arg(l, 2)?;
    let kind = l.type_(3);
    let limit = optional_integer(l, 4, s.len() as isize + 1)? as usize;
    let by_text = kind == LUA_TSTRING || kind == LUA_TNUMBER;
    if !by_text && kind != LUA_TFUNCTION && kind != LUA_TTABLE {
        return Err(l.aux_argerror(3, msg::REPLACEMENT_EXPECTED.as_bytes()));
    }
    let replacement = if by_text { string_arg(l, 3)? } else { Bytes::default() };
    let classes = ctype::classes();
    let mut space = Space::new();
    let anchored = p.first() == Some(&b'^');
    let program = space.compile(l, &p[anchored as usize..], classes)?;
    let verbatim = by_text && pattern::find_byte(&replacement, b'%').is_none();

    let mut m = Matcher::new(&s, program, classes, HookPoll::new(l));
    let mut buffer = MaybeUninit::uninit();
    let b = Buffer::init(&mut buffer, l);
    let mut n = 0;
    let mut at = 0;
    let mut copied = 0;
    while n < limit && at <= s.len() {
        let found = if anchored { m.match_at(at).map(|end| end.map(|end| (at, end))) } else { m.search(at) };
        let (start, end) = match found {
            Ok(Some(found)) => found,
            Ok(None) => break,
            Err(error) => return Err(raise(l, error, &m.poll)),
        };
        add_piece(b, &s[copied..start])?;
        n += 1;
        if verbatim {
            add_piece(b, &replacement)?;
        } else if by_text {
            add_expanded(l, b, &m, replacement, start, end)?;
        } else {
            add_computed(l, b, &m, kind == LUA_TFUNCTION, start, end)?;
        }
        copied = end;
        at = if end > start { end } else { end + 1 };
        if anchored {
            break;
        }
    }
    if n == 0 {
        l.pushvalue(1);
    } else {
        b.add(&s[copied..])?;
        b.pushresult()?;
    }
    l.pushnumber(n as f64);
    Ok(2)
}
