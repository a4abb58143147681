//! `string.format`.
//!
//! Integers, strings, characters and the common floating-point items are written here; what is left (`%a`, `#` with
//! floating point, high precisions) goes to `snprintf`, whose results the rest equals.

use crate::api::Bytes;
use crate::sys;
use core::ffi::{c_char, c_int};
use core::mem::MaybeUninit;

use super::{arg, ctype, string_arg};
use crate::api::{Buffer, Lua};
use crate::consts::*;
use crate::messages::{self as msg, Arg};
use crate::num;
use crate::object::Value;
use crate::throw::LResult;

/// Room for any one formatted item: the longest is `%99.99f` of the largest double.
const MAX_ITEM: usize = 512;
/// Flags an item may have, so this many may stand in a row.
const FLAGS: usize = 5;

const LEFT: u8 = 1;
const PLUS: u8 = 2;
const BLANK: u8 = 4;
const ALTERNATE: u8 = 8;
const ZERO: u8 = 16;

/// The part of a format between `%` and the conversion character.
struct Spec<'a> {
    text: &'a [u8],
    flags: u8,
    width: usize,
    precision: Option<usize>,
}

impl Spec<'_> {
    #[inline(always)]
    fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

#[inline(always)]
fn byte_at(text: &[u8], i: usize) -> u8 {
    text.get(i).copied().unwrap_or(0)
}

/// Reads up to two digits.
#[inline(always)]
fn two_digits(text: &[u8], at: &mut usize) -> usize {
    let mut n = 0;
    for _ in 0..2 {
        let d = byte_at(text, *at).wrapping_sub(b'0');
        if d > 9 {
            break;
        }
        n = n * 10 + d as usize;
        *at += 1;
    }
    n
}

#[inline(always)]
fn read_spec<'a>(l: Lua, text: &'a [u8], at: &mut usize) -> LResult<Spec<'a>> {
    let start = *at;
    let mut flags = 0;
    loop {
        flags |= match byte_at(text, *at) {
            b'-' => LEFT,
            b'+' => PLUS,
            b' ' => BLANK,
            b'#' => ALTERNATE,
            b'0' => ZERO,
            _ => break,
        };
        *at += 1;
    }
    if *at - start > FLAGS {
        return Err(l.aux_error(msg::REPEATED_FLAGS, &[]));
    }
    let width = two_digits(text, at);
    let mut precision = None;
    if byte_at(text, *at) == b'.' {
        *at += 1;
        precision = Some(two_digits(text, at));
    }
    if byte_at(text, *at).is_ascii_digit() {
        return Err(l.aux_error(msg::FORMAT_TOO_LONG, &[]));
    }
    Ok(Spec { text: &text[start..*at], flags, width, precision })
}

/// The place to which an item is written: `MAX_ITEM` bytes that the buffer has set aside.
struct Item {
    start: *mut u8,
    len: usize,
}

impl Item {
    #[inline(always)]
    fn put(&mut self, bytes: &[u8]) {
        debug_assert!(self.len + bytes.len() <= MAX_ITEM);
        // SAFETY: callers keep an item below `MAX_ITEM`, which is its room.
        unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), self.start.add(self.len), bytes.len()) };
        self.len += bytes.len();
    }

    #[inline(always)]
    fn fill(&mut self, c: u8, n: usize) {
        debug_assert!(self.len + n <= MAX_ITEM);
        // SAFETY: callers keep an item below `MAX_ITEM`, which is its room.
        unsafe { core::ptr::write_bytes(self.start.add(self.len), c, n) };
        self.len += n;
    }

    /// Sign or base prefix and digits, padded to the width.
    #[inline(always)]
    fn number(&mut self, spec: &Spec, prefix: &[u8], digits: &[u8], zeros_allowed: bool) {
        let pad = spec.width.saturating_sub(prefix.len() + digits.len());
        if pad == 0 {
            self.put(prefix);
            self.put(digits);
        } else if spec.has(LEFT) {
            self.put(prefix);
            self.put(digits);
            self.fill(b' ', pad);
        } else if spec.has(ZERO) && zeros_allowed {
            self.put(prefix);
            self.fill(b'0', pad);
            self.put(digits);
        } else {
            self.fill(b' ', pad);
            self.put(prefix);
            self.put(digits);
        }
    }

    fn text(&mut self, spec: &Spec, text: &[u8]) {
        let pad = spec.width.saturating_sub(text.len());
        if !spec.has(LEFT) {
            self.fill(b' ', pad);
        }
        self.put(text);
        if spec.has(LEFT) {
            self.fill(b' ', pad);
        }
    }

    /// `snprintf` for one double.
    #[cold]
    fn libc(&mut self, spec: &Spec, conversion: u8, n: f64) {
        // `%`, at most FLAGS + 2 + 1 + 2 characters, the conversion, NUL.
        let mut form = [0u8; 16];
        form[0] = b'%';
        form[1..=spec.text.len()].copy_from_slice(spec.text);
        form[spec.text.len() + 1] = conversion;
        // SAFETY: the form asks for one double and the item has room for MAX_ITEM bytes.
        let written = unsafe {
            sys::snprintf(self.start.cast::<c_char>(), MAX_ITEM, form.as_ptr().cast::<c_char>(), n)
        };
        self.len = written.clamp(0, MAX_ITEM as c_int - 1) as usize;
    }
}

#[inline(always)]
fn sign_of(spec: &Spec, negative: bool) -> &'static [u8] {
    if negative {
        b"-"
    } else if spec.has(PLUS) {
        b"+"
    } else if spec.has(BLANK) {
        b" "
    } else {
        b""
    }
}

/// Writes the digits of `n` in base 2^`bits` to the end of `out` and returns where they start.
#[inline(always)]
fn digits_of_power(mut n: u64, bits: u32, letters: &[u8; 16], out: &mut [u8; 128]) -> usize {
    let mut i = out.len();
    while n != 0 {
        i -= 1;
        out[i] = letters[(n & ((1 << bits) - 1)) as usize];
        n >>= bits;
    }
    i
}

fn integer(item: &mut Item, spec: &Spec, conversion: u8, negative: bool, magnitude: u64) {
    if spec.flags & !LEFT == 0 && spec.precision.is_none() && matches!(conversion, b'd' | b'i' | b'u') {
        let mut digits = [0u8; 32];
        digits[0] = b'-';
        let n = 1 + num::format_unsigned(magnitude, &mut digits[1..]);
        return item.number(spec, b"", &digits[!negative as usize..n], false);
    }
    let mut digits = [b'0'; 128];
    let mut start;
    let mut prefix: &[u8] = b"";
    match conversion {
        b'x' | b'X' => {
            let letters = if conversion == b'x' { b"0123456789abcdef" } else { b"0123456789ABCDEF" };
            start = digits_of_power(magnitude, 4, letters, &mut digits);
            if spec.has(ALTERNATE) && magnitude != 0 {
                prefix = if conversion == b'x' { b"0x" } else { b"0X" };
            }
        }
        b'o' => start = digits_of_power(magnitude, 3, b"0123456789abcdef", &mut digits),
        _ => {
            start = digits.len();
            if magnitude != 0 {
                let mut text = [0u8; 24];
                let n = num::format_unsigned(magnitude, &mut text);
                start -= n;
                digits[start..].copy_from_slice(&text[..n]);
            }
            if conversion != b'u' {
                prefix = sign_of(spec, negative);
            }
        }
    }
    let least = spec.precision.unwrap_or(1);
    start = start.min(digits.len() - least);
    if conversion == b'o' && spec.has(ALTERNATE) && digits.get(start) != Some(&b'0') {
        start -= 1;
    }
    item.number(spec, prefix, &digits[start..], spec.precision.is_none());
}

fn floating(item: &mut Item, spec: &Spec, conversion: u8, n: f64) {
    let mut text = [0u8; num::NUMBER_BUFFER];
    let precision = spec.precision.unwrap_or(6);
    let written = if spec.has(ALTERNATE) {
        None
    } else {
        match conversion {
            b'f' => num::format_fixed(n, precision, &mut text),
            b'e' | b'E' => num::format_exponent(n, precision, &mut text),
            b'g' | b'G' => num::format_general(n, precision, &mut text),
            _ => None,
        }
    };
    let Some(written) = written else {
        return item.libc(spec, conversion, n);
    };
    if conversion.is_ascii_uppercase() {
        text[..written].make_ascii_uppercase();
    }
    let negative = text[0] == b'-';
    item.number(spec, sign_of(spec, negative), &text[negative as usize..written], n.is_finite());
}

/// `%q`: a string literal that reads back as the same string.
fn quoted(b: &mut Buffer, text: &[u8]) -> LResult<()> {
    let classes = ctype::classes();
    b.addbyte(b'"')?;
    let mut rest = text;
    while let Some(plain) = rest
        .iter()
        .position(|&c| matches!(c, b'"' | b'\\' | b'\n' | 0) || classes[c as usize] & ctype::CNTRL != 0)
    {
        b.add(&rest[..plain])?;
        let c = rest[plain];
        rest = &rest[plain + 1..];
        if matches!(c, b'"' | b'\\' | b'\n') {
            b.add(&[b'\\', c])?;
            continue;
        }
        let digits = [b'\\', b'0' + c / 100, b'0' + c / 10 % 10, b'0' + c % 10];
        // As short as it can be, unless a digit follows that would be taken for part of it.
        let skip = if rest.first().is_some_and(u8::is_ascii_digit) || c >= 100 {
            0
        } else if c >= 10 {
            1
        } else {
            2
        };
        b.addbyte(b'\\')?;
        b.add(&digits[1 + skip..])?;
    }
    b.add(rest)?;
    b.addbyte(b'"')
}

/// Whether `tostring` of strings and numbers is the value itself: nobody gave their metatables a `__tostring`.
fn tostring_is_plain(l: Lua, v: Value) -> bool {
    let Some(mt) = l.global().metatables[v.type_id() as usize].get() else {
        return true;
    };
    // Usually there is `__index` and nothing else.
    mt.hsize() <= 2
        && (0..mt.hsize()).all(|i| match mt.node(i).key.get().as_string() {
            Some(key) => key.bytes() != b"__tostring",
            None => true,
        })
}

/// The text of `%s`, cut as C cuts it: at a zero byte and at the precision.
#[inline(always)]
fn cut<'a>(spec: &Spec, text: &'a [u8]) -> &'a [u8] {
    let text = &text[..text.len().min(spec.precision.unwrap_or(usize::MAX))];
    match super::pattern::find_byte(text, 0) {
        Some(end) => &text[..end],
        None => text,
    }
}

fn string(l: Lua, b: &mut Buffer, n: i32, spec: &Spec) -> LResult<()> {
    let room = b.prep(MAX_ITEM)?;
    let mut item = Item { start: room, len: 0 };
    let v = arg(l, n);
    // A string of 100 bytes or more is taken whole, zeros and all, whatever the width: only a precision cuts it.
    let whole = |text: &[u8]| spec.precision.is_none() && !spec.text.contains(&b'.') && text.len() >= 100;
    if let Some(s) = v.as_string()
        && tostring_is_plain(l, v)
    {
        if whole(s.bytes()) {
            return b.add(s.bytes());
        }
        item.text(spec, cut(spec, s.bytes()));
    } else if v.is_number() && tostring_is_plain(l, v) {
        let mut digits = [0; num::NUMBER_BUFFER];
        let len = num::format_g14(v.raw_number(), &mut digits);
        item.text(spec, cut(spec, &digits[..len]));
    } else {
        let text = l.aux_tolstring(n)?.unwrap_or(Bytes::fixed(b"(null)"));
        if whole(&text) {
            return b.addvalue();
        }
        item.text(spec, cut(spec, &text));
        l.pop(1);
    }
    b.advance(item.len);
    Ok(())
}

const TWO_TO_63: f64 = 9223372036854775808.0;

fn item(l: Lua, b: &mut Buffer, n: i32, spec: &Spec, conversion: u8) -> LResult<()> {
    match conversion {
        b's' => return string(l, b, n, spec),
        b'q' => return quoted(b, &string_arg(l, n)?),
        _ => {}
    }
    let room = b.prep(MAX_ITEM)?;
    let mut item = Item { start: room, len: 0 };
    match conversion {
        b'c' => {
            let c = l.aux_checkint(n)? as u8;
            item.text(spec, &[c]);
        }
        b'd' | b'i' => {
            let x = number_arg(l, n)?;
            if !(-TWO_TO_63..TWO_TO_63).contains(&x) {
                return Err(l.aux_argerror(n, msg::NOT_IN_RANGE.as_bytes()));
            }
            let x = x as i64;
            integer(&mut item, spec, conversion, x < 0, x.unsigned_abs());
        }
        b'o' | b'u' | b'x' | b'X' => {
            let x = number_arg(l, n)?;
            if !(x > -1.0 && x < 2.0 * TWO_TO_63) {
                return Err(l.aux_argerror(n, msg::NOT_NON_NEGATIVE.as_bytes()));
            }
            integer(&mut item, spec, conversion, false, x as u64);
        }
        b'a' | b'A' | b'e' | b'E' | b'f' | b'g' | b'G' => {
            floating(&mut item, spec, conversion, number_arg(l, n)?);
        }
        _ => return Err(l.aux_error(msg::INVALID_FORMAT_OPTION, &[Arg::C(conversion)])),
    }
    b.advance(item.len);
    Ok(())
}

#[inline(always)]
fn number_arg(l: Lua, n: i32) -> LResult<f64> {
    match arg(l, n).as_number() {
        Some(x) => Ok(x),
        None => l.aux_checknumber(n),
    }
}

/// `string.format(fmt, ...)`
pub fn format(l: Lua) -> LResult<i32> {
    let top = l.gettop();
    let fmt = string_arg(l, 1)?;
    let mut buffer = MaybeUninit::uninit();
    let b = Buffer::init(&mut buffer, l);
    let mut n = 1;
    let mut at = 0;
    while let Some(plain) = super::pattern::find_byte(&fmt[at..], b'%') {
        b.add(&fmt[at..at + plain])?;
        at += plain + 1;
        if byte_at(&fmt, at) == b'%' {
            b.addbyte(b'%')?;
            at += 1;
            continue;
        }
        n += 1;
        if n > top {
            return Err(l.aux_argerror(n, msg::NO_VALUE.as_bytes()));
        }
        let spec = read_spec(l, &fmt, &mut at)?;
        let conversion = byte_at(&fmt, at);
        at += 1;
        item(l, b, n, &spec, conversion)?;
    }
    b.add(&fmt[at..])?;
    b.pushresult()?;
    Ok(1)
}

const _: () = assert!(LUAL_BUFFERSIZE >= MAX_ITEM);

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CString;
    use std::string::{String, ToString};
    use std::vec::Vec;

    fn ours(text: &str, f: impl FnOnce(&mut Item, &Spec, u8)) -> String {
        let bytes = text.as_bytes();
        let mut room = [0u8; MAX_ITEM];
        let mut item = Item { start: room.as_mut_ptr(), len: 0 };
        let (body, conversion) = (&bytes[1..bytes.len() - 1], bytes[bytes.len() - 1]);
        let mut at = 0;
        let mut flags = 0;
        while let Some(i) = b"-+ #0".iter().position(|&c| c == byte_at(body, at)) {
            flags |= 1 << i;
            at += 1;
        }
        let width = two_digits(body, &mut at);
        let precision = (byte_at(body, at) == b'.').then(|| {
            at += 1;
            two_digits(body, &mut at)
        });
        assert_eq!(at, body.len());
        f(&mut item, &Spec { text: body, flags, width, precision }, conversion);
        let len = item.len;
        core::str::from_utf8(&room[..len]).unwrap().to_string()
    }

    fn forms(conversions: &str) -> Vec<String> {
        let mut all = Vec::new();
        for flags in 0..32 {
            for width in ["", "1", "5", "24"] {
                for precision in ["", ".", ".0", ".1", ".3", ".10", ".17", ".40"] {
                    for conversion in conversions.chars() {
                        let mut form = String::from("%");
                        form.extend(
                            "-+ #0".chars().enumerate().filter(|(i, _)| flags >> i & 1 != 0).map(|p| p.1),
                        );
                        form.push_str(width);
                        form.push_str(precision);
                        form.push(conversion);
                        all.push(form);
                    }
                }
            }
        }
        all
    }

    #[test]
    fn integers_as_printf() {
        let values =
            [0i64, 1, -1, 7, 8, 9, 10, 64, 100, 255, -255, 4096, 99999999, 100000000, i64::MAX, i64::MIN];
        for form in forms("dioxXu") {
            let (body, conversion) = form.split_at(form.len() - 1);
            let c = CString::new(std::format!("{body}l{conversion}")).unwrap();
            for v in values {
                let signed = matches!(conversion, "d" | "i");
                let got = ours(&form, |item, spec, conversion| {
                    if signed {
                        integer(item, spec, conversion, v < 0, v.unsigned_abs())
                    } else {
                        integer(item, spec, conversion, false, v as u64)
                    }
                });
                let mut want = [0u8; 256];
                // SAFETY: one long argument, and the length is the buffer's.
                let n = unsafe { sys::snprintf(want.as_mut_ptr().cast(), want.len(), c.as_ptr(), v) };
                assert_eq!(got.as_bytes(), &want[..n as usize], "{form} of {v}");
            }
        }
    }

    #[test]
    fn floats_as_printf() {
        let values = [
            0.0,
            -0.0,
            1.0,
            -1.5,
            0.1,
            2.5,
            123456.789,
            1e15,
            -1e-5,
            1e100,
            5e-324,
            f64::MAX,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
            -f64::NAN,
        ];
        for form in forms("eEfgGaA") {
            let c = CString::new(form.clone()).unwrap();
            for v in values {
                let got = ours(&form, |item, spec, conversion| floating(item, spec, conversion, v));
                let mut want = [0u8; 512];
                // SAFETY: one double argument, and the length is the buffer's.
                let n = unsafe { sys::snprintf(want.as_mut_ptr().cast(), want.len(), c.as_ptr(), v) };
                assert_eq!(got.as_bytes(), &want[..n as usize], "{form} of {v}");
            }
        }
    }
}
