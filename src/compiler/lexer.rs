//! The lexer: bytes to tokens.
//!
//! Invariants
//! * The string of a token is anchored in one of `ANCHORS` stack slots that are used in turn. The parser looks at most
//!   one token ahead and holds on to at most one name that it left behind, so three live at a time.
//! * `text` is the source text of the token scanned last (empty for symbols). It points into the current piece of the
//!   input or into `buf`; both stay as they are until the next scan.

use super::token::{Tok, Token};
use crate::chunk::Input;
use crate::mem::ByteBuf;
use crate::messages::{self as msg, Arg};
use crate::num;
use crate::object::chunkid::ChunkId;
use crate::object::string::{Bytes, new_str};
use crate::object::{Gc, SlotOffset, Str, Thread, Value};
use crate::throw::{LResult, Throw};
use crate::vm::message;

/// Stack slots for the strings of tokens.
pub const ANCHORS: usize = 4;

const NAME_START: u8 = 1 << 0;
const DIGIT: u8 = 1 << 1;
const HEX: u8 = 1 << 2;
/// Blank other than a line end.
const BLANK: u8 = 1 << 3;
const LINE_END: u8 = 1 << 4;
const PRINTABLE: u8 = 1 << 5;
/// Ends a run of ordinary bytes in a quoted string.
const QUOTED_STOP: u8 = 1 << 6;
/// Ends a run of ordinary bytes in a long string or comment.
const LONG_STOP: u8 = 1 << 7;
const NAME_PART: u8 = NAME_START | DIGIT;

const CLASS: [u8; 256] = {
    let mut table = [0; 256];
    let mut c = 0usize;
    while c < 256 {
        let b = c as u8;
        let mut bits = 0;
        if b.is_ascii_alphabetic() || b == b'_' {
            bits |= NAME_START;
        }
        if b.is_ascii_digit() {
            bits |= DIGIT;
        }
        if b.is_ascii_hexdigit() {
            bits |= HEX;
        }
        if matches!(b, b' ' | b'\t' | 0x0B | 0x0C) {
            bits |= BLANK;
        }
        if matches!(b, b'\n' | b'\r') {
            bits |= LINE_END | QUOTED_STOP | LONG_STOP;
        }
        if b.is_ascii_graphic() || b == b' ' {
            bits |= PRINTABLE;
        }
        if matches!(b, b'"' | b'\'' | b'\\') {
            bits |= QUOTED_STOP;
        }
        if b == b']' {
            bits |= LONG_STOP;
        }
        table[c] = bits;
        c += 1;
    }
    table
};

#[inline(always)]
fn is(b: u8, class: u8) -> bool {
    CLASS[b as usize] & class != 0
}

/// Number of leading bytes that are in `class`.
#[inline(always)]
fn run(bytes: &[u8], class: u8) -> usize {
    bytes.iter().position(|&b| !is(b, class)).unwrap_or(bytes.len())
}

/// Number of leading bytes that are not in `class`.
#[inline(always)]
fn run_until(bytes: &[u8], class: u8) -> usize {
    bytes.iter().position(|&b| is(b, class)).unwrap_or(bytes.len())
}

pub struct Lexer<'i> {
    pub l: Gc<Thread>,
    input: &'i mut Input,
    /// the current token
    pub token: Token,
    /// the token after it, or EOS when none was looked at yet
    ahead: Token,
    /// line of the scan
    pub line: i32,
    /// line where the token before the current one ended
    pub last_line: i32,
    pub source: Gc<Str>,
    /// offset on the stack of the first anchor slot
    anchors: SlotOffset,
    turn: u8,
    text: *const [u8],
    pub buf: ByteBuf,
}

impl<'i> Lexer<'i> {
    /// `anchors`: offset on the stack of `ANCHORS` slots.
    pub fn new(l: Gc<Thread>, input: &'i mut Input, source: Gc<Str>, anchors: SlotOffset) -> Lexer<'i> {
        Lexer {
            l,
            input,
            token: Token::plain(Tok::EOS),
            ahead: Token::plain(Tok::EOS),
            line: 1,
            last_line: 1,
            source,
            anchors,
            turn: 0,
            text: &[],
            buf: ByteBuf::empty(),
        }
    }

    /// Makes the next token the current one.
    #[inline]
    pub fn next(&mut self) -> LResult<()> {
        self.last_line = self.line;
        if self.ahead.kind == Tok::EOS {
            self.token.kind = self.scan()?;
        } else {
            self.token = self.ahead;
            self.ahead.kind = Tok::EOS;
        }
        Ok(())
    }

    /// Kind of the token after the current one.
    pub fn look_ahead(&mut self) -> LResult<Tok> {
        debug_assert!(self.ahead.kind == Tok::EOS);
        // `scan` puts the value in the current token.
        let current = self.token;
        self.ahead.kind = self.scan()?;
        self.ahead.number = self.token.number;
        self.ahead.string = self.token.string;
        self.token = current;
        Ok(self.ahead.kind)
    }

    // ---- errors ---------------------------------------------------------------------------------------------

    /// A syntax error at the current token.
    #[cold]
    pub fn error(&mut self, message: &str) -> Throw {
        self.error_near(message, &[], Some(self.token.kind))
    }

    /// A syntax error: position, message, and the token `near` which it is.
    #[cold]
    #[inline(never)]
    pub fn error_near(&mut self, message: &str, args: &[Arg], near: Option<Tok>) -> Throw {
        match self.push_error(message, args, near) {
            Ok(()) => Throw::SYNTAX,
            Err(t) => t,
        }
    }

    fn push_error(&mut self, message: &str, args: &[Arg], near: Option<Tok>) -> LResult<()> {
        let l = self.l;
        let id = ChunkId::new(self.source.bytes());
        let what = message::push(l, message, args)?;
        let whole =
            message::push(l, msg::POSITION, &[Arg::S(id.bytes()), Arg::D(self.line as i64), Arg::S(&what)])?;
        // A zero byte outside of strings is not named, as in the reference.
        if let Some(near) = near
            && near.as_byte() != Some(0)
        {
            let token = self.describe(near)?;
            message::push(l, msg::NEAR, &[Arg::S(&whole), Arg::S(&token)])?;
        }
        Ok(())
    }

    /// The form in which messages show the token scanned last, which has the kind `kind`. It is pushed on the stack.
    fn describe(&self, kind: Tok) -> LResult<Bytes> {
        if !kind.has_source_text() {
            return self.describe_kind(kind);
        }
        // SAFETY: module invariant on `text`.
        let text = unsafe { &*self.text };
        let text = text.split(|&b| b == 0).next().unwrap_or(text);
        message::push(self.l, msg::QUOTED, &[Arg::S(text)])
    }

    /// The form in which messages show a kind of token. It is pushed on the stack.
    pub fn describe_kind(&self, kind: Tok) -> LResult<Bytes> {
        match kind.as_byte() {
            Some(b) if is(b, PRINTABLE) => message::push(self.l, msg::QUOTED_BYTE, &[Arg::C(b)]),
            Some(b) => message::push(self.l, msg::BYTE_CODE, &[Arg::D(b as i64)]),
            None if kind.is_fixed() => message::push(self.l, msg::QUOTED, &[Arg::S(kind.text().as_bytes())]),
            None => Ok(Bytes::fixed(kind.text().as_bytes())),
        }
    }

    /// An error in the token that is in `buf` so far.
    #[cold]
    fn error_in_buf(&mut self, message: &str, kind: Tok) -> Throw {
        self.text = self.buf.bytes();
        self.error_near(message, &[], Some(kind))
    }

    // ---- bytes ----------------------------------------------------------------------------------------------

    #[inline(always)]
    fn peek(&mut self) -> LResult<Option<u8>> {
        self.input.peek(self.l)
    }

    /// Whether the next byte is in `class`.
    #[inline(always)]
    fn next_is(&mut self, class: u8) -> LResult<bool> {
        Ok(self.peek()?.is_some_and(|b| is(b, class)))
    }

    /// Skips the next byte when it is `b`.
    #[inline(always)]
    fn accept(&mut self, b: u8) -> LResult<bool> {
        let found = self.peek()? == Some(b);
        if found {
            self.input.skip(1);
        }
        Ok(found)
    }

    /// Moves the next byte, which is there, to `buf`.
    fn keep(&mut self) -> LResult<()> {
        self.buf.push(self.l, self.input.rest()[0])?;
        self.input.skip(1);
        Ok(())
    }

    /// Moves the next byte to `buf` when it is one of two.
    fn keep_either(&mut self, a: u8, b: u8) -> LResult<bool> {
        let found = self.peek()?.is_some_and(|c| c == a || c == b);
        if found {
            self.keep()?;
        }
        Ok(found)
    }

    /// Skips a line end: one byte, or two different ones.
    #[inline(always)]
    fn skip_line_end(&mut self) -> LResult<()> {
        let first = self.input.rest()[0];
        self.input.skip(1);
        if let Some(second) = self.peek()?
            && second != first
            && is(second, LINE_END)
        {
            self.input.skip(1);
        }
        self.line += 1;
        if self.line == i32::MAX {
            return Err(self.error(msg::TOO_MANY_LINES));
        }
        Ok(())
    }

    // ---- scanning -------------------------------------------------------------------------------------------

    #[inline(always)]
    fn anchor(&mut self, s: Gc<Str>) {
        let slot = self.l.restore_slot(self.anchors).above(self.turn as usize);
        // SAFETY: `compile` reserved the slots, and the top stays above them.
        unsafe { slot.write(Value::string(s)) };
        self.turn = (self.turn + 1) % ANCHORS as u8;
    }

    #[inline(always)]
    fn symbol(&mut self, b: u8) -> LResult<Tok> {
        self.input.skip(1);
        Ok(Tok::byte(b))
    }

    /// `long` when `second` follows the next byte, else that byte.
    #[inline(always)]
    fn pair(&mut self, first: u8, second: u8, long: Tok) -> LResult<Tok> {
        self.input.skip(1);
        if self.accept(second)? { Ok(long) } else { Ok(Tok::byte(first)) }
    }

    /// The next token's kind; its value goes to `self.token`.
    fn scan(&mut self) -> LResult<Tok> {
        self.text = &[];
        loop {
            let Some(c) = self.peek()? else { return Ok(Tok::EOS) };
            match c {
                b' ' | b'\t' | 0x0B | 0x0C => self.input.skip(run(self.input.rest(), BLANK)),
                b'\n' | b'\r' => self.skip_line_end()?,
                b'a'..=b'z' | b'A'..=b'Z' | b'_' => return self.name(),
                b'-' => {
                    self.input.skip(1);
                    if !self.accept(b'-')? {
                        return Ok(Tok::byte(b'-'));
                    }
                    self.skip_comment()?;
                }
                b'[' => {
                    if self.input.rest().get(1).is_some_and(|&b| b != b'[' && b != b'=') {
                        return self.symbol(c);
                    }
                    self.buf.clear();
                    return match self.bracket_level()? {
                        Ok(level) => self.long_string(level),
                        Err(0) => Ok(Tok::byte(b'[')),
                        Err(_) => Err(self.error_in_buf(msg::INVALID_LONG_DELIMITER, Tok::STRING)),
                    };
                }
                b'=' => return self.pair(b'=', b'=', Tok::EQ),
                b'<' => return self.pair(b'<', b'=', Tok::LE),
                b'>' => return self.pair(b'>', b'=', Tok::GE),
                b'~' => return self.pair(b'~', b'=', Tok::NE),
                b':' => return self.pair(b':', b':', Tok::DBCOLON),
                b'"' | b'\'' => return self.quoted(c),
                b'.' => {
                    if self.input.rest().get(1).is_some_and(|&b| b != b'.' && !is(b, DIGIT)) {
                        return self.symbol(c);
                    }
                    self.buf.clear();
                    self.keep()?;
                    if self.keep_either(b'.', b'.')? {
                        return Ok(if self.accept(b'.')? { Tok::DOTS } else { Tok::CONCAT });
                    }
                    if !self.next_is(DIGIT)? {
                        return Ok(Tok::byte(b'.'));
                    }
                    return self.number_across_pieces();
                }
                b'0'..=b'9' => return self.number(),
                _ => return self.symbol(c),
            }
        }
    }

    #[inline(always)]
    fn name(&mut self) -> LResult<Tok> {
        let rest = self.input.rest();
        let n = run(rest, NAME_PART);
        if n == rest.len() && !self.input.is_last() {
            return self.name_across_pieces();
        }
        self.input.skip(n);
        self.finish_name(&rest[..n])
    }

    #[cold]
    fn name_across_pieces(&mut self) -> LResult<Tok> {
        self.buf.clear();
        while self.next_is(NAME_PART)? {
            self.keep()?;
        }
        let text: *const [u8] = self.buf.bytes();
        // SAFETY: `buf` is not changed before the next scan.
        self.finish_name(unsafe { &*text })
    }

    #[inline(always)]
    fn finish_name(&mut self, text: &[u8]) -> LResult<Tok> {
        self.text = text;
        let s = new_str(self.l, text)?;
        if s.reserved() != 0 {
            return Ok(Tok::of_reserved(s.reserved()));
        }
        self.anchor(s);
        self.token.string = Some(s);
        Ok(Tok::NAME)
    }

    /// A numeral takes every digit, letter up to f, and dot that follows, and a sign right after an exponent's
    /// letter; whether that is a number is seen afterwards.
    #[inline(always)]
    fn number(&mut self) -> LResult<Tok> {
        let rest = self.input.rest();
        let at = |i: usize| rest.get(i).copied().unwrap_or(0);
        let hexadecimal = at(0) == b'0' && at(1) | 0x20 == b'x';
        let exponent = if hexadecimal { b'p' } else { b'e' };
        let mut n = if hexadecimal { 2 } else { 1 };
        loop {
            if at(n) | 0x20 == exponent {
                n += 1;
                if matches!(at(n), b'+' | b'-') {
                    n += 1;
                }
            }
            if !is(at(n), HEX) && at(n) != b'.' {
                break;
            }
            n += 1;
        }
        if n >= rest.len() && !self.input.is_last() {
            self.buf.clear();
            return self.number_across_pieces();
        }
        self.input.skip(n);
        self.finish_number(&rest[..n])
    }

    /// The same byte by byte; `buf` may hold a dot that came before.
    #[cold]
    fn number_across_pieces(&mut self) -> LResult<Tok> {
        let first = self.input.rest()[0];
        self.keep()?;
        let hexadecimal = first == b'0' && self.keep_either(b'x', b'X')?;
        let exponent = if hexadecimal { b'p' } else { b'e' };
        loop {
            if self.keep_either(exponent, exponent.to_ascii_uppercase())? {
                self.keep_either(b'+', b'-')?;
            }
            if !self.next_is(HEX)? && self.peek()? != Some(b'.') {
                break;
            }
            self.keep()?;
        }
        let text: *const [u8] = self.buf.bytes();
        // SAFETY: `buf` is not changed before the next scan.
        self.finish_number(unsafe { &*text })
    }

    #[inline(always)]
    fn finish_number(&mut self, text: &[u8]) -> LResult<Tok> {
        self.text = text;
        match num::parse_literal(text) {
            Some(n) => {
                self.token.number = n;
                Ok(Tok::NUMBER)
            }
            None => Err(self.error_near(msg::MALFORMED_NUMBER, &[], Some(Tok::NUMBER))),
        }
    }

    fn finish_string(&mut self, text: &[u8], delimiter: usize) -> LResult<Tok> {
        self.text = text;
        let s = new_str(self.l, &text[delimiter..text.len() - delimiter])?;
        self.anchor(s);
        self.token.string = Some(s);
        Ok(Tok::STRING)
    }

    fn finish_string_in_buf(&mut self, delimiter: usize) -> LResult<Tok> {
        let text: *const [u8] = self.buf.bytes();
        // SAFETY: `buf` is not changed before the next scan.
        self.finish_string(unsafe { &*text }, delimiter)
    }

    fn quoted(&mut self, quote: u8) -> LResult<Tok> {
        let rest = self.input.rest();
        let mut n = 1;
        loop {
            n += run_until(&rest[n..], QUOTED_STOP);
            match rest.get(n) {
                Some(&b) if b == quote => {
                    self.input.skip(n + 1);
                    return self.finish_string(&rest[..n + 1], 1);
                }
                Some(b'"' | b'\'') => n += 1,
                _ => break,
            }
        }
        // An escape, a line end, or the end of the piece.
        self.buf.clear();
        self.buf.extend(self.l, &rest[..n])?;
        self.input.skip(n);
        loop {
            match self.peek()? {
                None => return Err(self.error_near(msg::UNFINISHED_STRING, &[], Some(Tok::EOS))),
                Some(b'\n' | b'\r') => return Err(self.error_in_buf(msg::UNFINISHED_STRING, Tok::STRING)),
                Some(b'\\') => self.escape()?,
                Some(b) if b == quote => {
                    self.keep()?;
                    return self.finish_string_in_buf(1);
                }
                Some(_) => {
                    let rest = self.input.rest();
                    let n = 1 + run_until(&rest[1..], QUOTED_STOP);
                    self.buf.extend(self.l, &rest[..n])?;
                    self.input.skip(n);
                }
            }
        }
    }

    /// An escape sequence in a quoted string. At the end of the chunk nothing is done: the caller finds it.
    fn escape(&mut self) -> LResult<()> {
        self.input.skip(1);
        let Some(c) = self.peek()? else { return Ok(()) };
        let byte = match c {
            b'a' => 0x07,
            b'b' => 0x08,
            b'f' => 0x0C,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 0x0B,
            b'\\' | b'"' | b'\'' => c,
            b'\n' | b'\r' => {
                self.skip_line_end()?;
                return Ok(self.buf.push(self.l, b'\n')?);
            }
            b'x' => return self.hexadecimal_escape(),
            b'z' => return self.skip_blanks(),
            b'0'..=b'9' => return self.decimal_escape(),
            _ => return Err(self.escape_error(&[c], msg::INVALID_ESCAPE)),
        };
        self.input.skip(1);
        Ok(self.buf.push(self.l, byte)?)
    }

    fn hexadecimal_escape(&mut self) -> LResult<()> {
        self.input.skip(1);
        let mut seen = [b'x', 0, 0];
        let mut value = 0;
        for n in 1..=2 {
            let c = self.peek()?;
            if let Some(c) = c {
                seen[n] = c;
            }
            match c.filter(|&c| is(c, HEX)).and_then(num::digit_value) {
                Some(digit) => value = value << 4 | digit as u8,
                None => {
                    let length = n + c.is_some() as usize;
                    return Err(self.escape_error(&seen[..length], msg::HEX_DIGIT_EXPECTED));
                }
            }
            self.input.skip(1);
        }
        Ok(self.buf.push(self.l, value)?)
    }

    fn decimal_escape(&mut self) -> LResult<()> {
        let mut seen = [0; 3];
        let mut n = 0;
        let mut value = 0u32;
        while n < 3
            && let Some(c) = self.peek()?
            && is(c, DIGIT)
        {
            seen[n] = c;
            n += 1;
            value = value * 10 + (c - b'0') as u32;
            self.input.skip(1);
        }
        match u8::try_from(value) {
            Ok(byte) => Ok(self.buf.push(self.l, byte)?),
            Err(_) => Err(self.escape_error(&seen[..n], msg::DECIMAL_ESCAPE_TOO_LARGE)),
        }
    }

    /// `\z`
    fn skip_blanks(&mut self) -> LResult<()> {
        self.input.skip(1);
        while let Some(c) = self.peek()? {
            if is(c, LINE_END) {
                self.skip_line_end()?;
            } else if is(c, BLANK) {
                self.input.skip(1);
            } else {
                break;
            }
        }
        Ok(())
    }

    #[cold]
    fn escape_error(&mut self, seen: &[u8], message: &str) -> Throw {
        self.buf.clear();
        match self.buf.push(self.l, b'\\').and_then(|_| self.buf.extend(self.l, seen)) {
            Ok(()) => self.error_in_buf(message, Tok::STRING),
            Err(e) => e.into(),
        }
    }

    /// Reads `[`, any number of `=`, and a second `[`: how many `=`. Without the second bracket, which stays, `Err` of
    /// that number. (The same for `]`.) The second bracket stays in both cases.
    fn bracket_level(&mut self) -> LResult<Result<usize, usize>> {
        let bracket = self.input.rest()[0];
        self.keep()?;
        let mut level = 0;
        while self.peek()? == Some(b'=') {
            self.keep()?;
            level += 1;
        }
        Ok(if self.peek()? == Some(bracket) { Ok(level) } else { Err(level) })
    }

    /// The rest of a long string; the next byte is its second bracket, the first part is in `buf`.
    fn long_string(&mut self, level: usize) -> LResult<Tok> {
        self.keep()?;
        if self.next_is(LINE_END)? {
            self.skip_line_end()?;
        }
        loop {
            match self.peek()? {
                None => return Err(self.error_near(msg::UNFINISHED_LONG_STRING, &[], Some(Tok::EOS))),
                Some(b']') => {
                    if self.bracket_level()? == Ok(level) {
                        self.keep()?;
                        return self.finish_string_in_buf(level + 2);
                    }
                }
                Some(b'\n' | b'\r') => {
                    self.buf.push(self.l, b'\n')?;
                    self.skip_line_end()?;
                }
                Some(_) => {
                    let rest = self.input.rest();
                    let n = run_until(rest, LONG_STOP);
                    self.buf.extend(self.l, &rest[..n])?;
                    self.input.skip(n);
                }
            }
        }
    }

    /// Skips a comment; `--` is read already.
    fn skip_comment(&mut self) -> LResult<()> {
        self.buf.clear();
        if self.peek()? == Some(b'[')
            && let Ok(level) = self.bracket_level()?
        {
            return self.skip_long_comment(level);
        }
        while self.peek()?.is_some_and(|c| !is(c, LINE_END)) {
            self.input.skip(run_until(self.input.rest(), LINE_END));
        }
        Ok(())
    }

    fn skip_long_comment(&mut self, level: usize) -> LResult<()> {
        self.input.skip(1);
        loop {
            self.buf.clear();
            match self.peek()? {
                None => return Err(self.error_near(msg::UNFINISHED_LONG_COMMENT, &[], Some(Tok::EOS))),
                Some(b']') => {
                    if self.bracket_level()? == Ok(level) {
                        self.input.skip(1);
                        return Ok(());
                    }
                }
                Some(b'\n' | b'\r') => self.skip_line_end()?,
                Some(_) => self.input.skip(run_until(self.input.rest(), LONG_STOP)),
            }
        }
    }
}
