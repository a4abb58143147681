//! Text to double: what `strtod` in the locale in force accepts, except infinities and NaNs, with white space
//! allowed on both sides.

use super::format::decimal_point;
use super::{Scaled, pow10};
use crate::sys;

/// Reads a number as `tonumber` and string coercions do: the decimal point is the locale's.
pub fn parse(text: &[u8]) -> Option<f64> {
    scan(text, false)
}

/// Reads a number as the lexer does: the decimal point is `.` in every locale.
pub fn parse_literal(text: &[u8]) -> Option<f64> {
    scan(text, true)
}

/// The value of a digit in bases up to 36.
#[inline(always)]
pub fn digit_value(c: u8) -> Option<u32> {
    (c as char).to_digit(36)
}

#[inline(always)]
fn is_space(c: u8) -> bool {
    c == b' ' || c.wrapping_sub(9) < 5
}

#[inline(always)]
fn at(text: &[u8], i: usize) -> u8 {
    text.get(i).copied().unwrap_or(0)
}

/// The length of the decimal point at `i`, or 0.
#[inline(always)]
fn point_length(text: &[u8], i: usize, literal: bool) -> usize {
    let c = at(text, i);
    if literal {
        return (c == b'.') as usize;
    }
    // No locale uses a letter, a digit or a space here, and text ends with one of those nearly always.
    if i >= text.len() || is_space(c) || c.is_ascii_alphanumeric() {
        return 0;
    }
    let point = decimal_point();
    if text[i..].starts_with(point) { point.len() } else { 0 }
}

#[inline(always)]
fn scan(text: &[u8], literal: bool) -> Option<f64> {
    let mut i = 0;
    while is_space(at(text, i)) {
        i += 1;
    }
    let mut negative = false;
    match at(text, i) {
        b'-' => {
            negative = true;
            i += 1;
        }
        b'+' => i += 1,
        _ => {}
    }
    let (value, mut end) = if at(text, i) == b'0' && at(text, i + 1) | 0x20 == b'x' {
        hexadecimal(text, i + 2, literal)?
    } else {
        decimal(text, i, literal)?
    };
    while is_space(at(text, end)) {
        end += 1;
    }
    if end != text.len() {
        return None;
    }
    Some(if negative { -value } else { value })
}

/// Reads the exponent whose letter is at `i`: its value, cut to ±1,000,000, and where it ends.
#[inline(always)]
fn exponent(text: &[u8], mut i: usize) -> Option<(i64, usize)> {
    i += 1;
    let negative = at(text, i) == b'-';
    if negative || at(text, i) == b'+' {
        i += 1;
    }
    let start = i;
    let mut value = 0;
    while at(text, i).is_ascii_digit() {
        value = (value * 10 + (at(text, i) - b'0') as i64).min(1_000_000_000_000);
        i += 1;
    }
    if i == start {
        return None;
    }
    Some((if negative { -value } else { value }, i))
}

/// Digits that fit 64 bits whatever they are.
const SAFE_DIGITS: usize = 19;

/// Appends the decimal digits from `i` on to `m`, which may overflow; where they end.
#[inline(always)]
fn digits_at(text: &[u8], mut i: usize, m: &mut u64) -> usize {
    loop {
        let d = at(text, i).wrapping_sub(b'0');
        if d > 9 {
            return i;
        }
        *m = m.wrapping_mul(10).wrapping_add(d as u64);
        i += 1;
    }
}

#[inline(always)]
fn decimal(text: &[u8], start: usize, literal: bool) -> Option<(f64, usize)> {
    let mut m: u64 = 0;
    let mut i = digits_at(text, start, &mut m);
    let mut digits = i - start;
    let mut scale = 0;
    let point = point_length(text, i, literal);
    if point != 0 {
        let first = i + point;
        i = digits_at(text, first, &mut m);
        digits += i - first;
        scale = -((i - first) as i64);
    }
    if digits == 0 {
        return None;
    }
    let digits_end = i;
    let mut written = 0;
    if at(text, i) | 0x20 == b'e' {
        (written, i) = exponent(text, i)?;
    }
    let value = if digits <= SAFE_DIGITS { compose(m, scale + written) } else { None };
    let value = match value {
        Some(value) => value,
        None => long_decimal(&text[start..digits_end], written),
    };
    Some((value, i))
}

/// `m * 10^p`, when its rounding can be proved.
#[inline(always)]
fn compose(m: u64, p: i64) -> Option<f64> {
    const EXACT: [f64; 23] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
        1e18, 1e19, 1e20, 1e21, 1e22,
    ];
    // Both operands are exact, so one operation rounds once.
    if m <= 1 << 53 {
        if p == 0 || m == 0 {
            return Some(m as f64);
        }
        if (-22..=22).contains(&p) {
            let unit = EXACT[p.unsigned_abs() as usize];
            return Some(if p < 0 { m as f64 / unit } else { m as f64 * unit });
        }
    }
    if m == 0 || p < pow10::MIN as i64 {
        return Some(0.0);
    }
    if p > 308 {
        return Some(f64::INFINITY);
    }
    round(Scaled::new(m, 0, p as i32)?)
}

/// The double nearest to a non-zero scaled number.
fn round(s: Scaled) -> Option<f64> {
    let top = 127 - s.mantissa.leading_zeros() as i32;
    let magnitude = top + s.exponent;
    if magnitude > 1023 {
        return Some(f64::INFINITY);
    }
    let keep = if magnitude >= -1022 { 53 } else { 53 - (-1022 - magnitude) };
    let shift = top + 1 - keep;
    if shift > 128 {
        return Some(0.0);
    }
    let (whole, rest) = if shift == 128 {
        (0, s.mantissa)
    } else {
        ((s.mantissa >> shift) as u64, s.mantissa & ((1 << shift) - 1))
    };
    let whole = whole + s.rounds_up(rest, 1 << (shift - 1), whole & 1 != 0)? as u64;
    // The implicit bit adds one to the exponent field; a carry out of the fraction does the same, up to infinity.
    let field = if magnitude >= -1022 { (magnitude + 1022) as u64 } else { 0 };
    Some(f64::from_bits((field << 52) + whole))
}

/// Numbers with more digits than 64 bits hold, and those too near to the middle between two doubles.
///
/// The first 19 digits give a lower and an upper bound; when both round alike that is the answer. Otherwise the
/// digits go to `strtod`, without a decimal point, at most 800 of them: 767 decide between any two doubles, and
/// one more that is not zero stands for all the rest.
#[cold]
#[inline(never)]
fn long_decimal(text: &[u8], written: i64) -> f64 {
    const KEPT: usize = 800;
    let mut buffer = [0u8; KEPT + 32];
    let mut len = 0;
    let mut m: u64 = 0;
    let mut scale = 0i64;
    let mut after_point = false;
    let mut more = false;
    for &c in text {
        if !c.is_ascii_digit() {
            after_point = true;
            continue;
        }
        scale -= after_point as i64;
        if len == 0 && c == b'0' {
            continue;
        }
        if len < KEPT {
            if len < SAFE_DIGITS {
                m = m * 10 + (c - b'0') as u64;
            }
            buffer[len] = c;
            len += 1;
        } else {
            scale += 1;
            more |= c != b'0';
        }
    }
    if len == 0 {
        return 0.0;
    }
    let p = scale + written;
    if len <= SAFE_DIGITS {
        if let Some(value) = compose(m, p) {
            return value;
        }
    } else {
        let p = p + (len - SAFE_DIGITS) as i64;
        let (low, high) = (compose(m, p), compose(m + 1, p));
        if let (Some(low), Some(high)) = (low, high)
            && low == high
        {
            return low;
        }
    }
    let mut p = p;
    if more {
        buffer[len] = b'1';
        len += 1;
        p -= 1;
    }
    buffer[len] = b'e';
    super::format_signed(p.clamp(-100_000, 100_000), &mut buffer[len + 1..]);
    let end =
        buffer[len + 1..].iter().position(|&c| !(c == b'-' || c.is_ascii_digit())).unwrap_or(0) + len + 1;
    buffer[end] = 0;
    // SAFETY: the buffer ends with a NUL.
    unsafe { sys::strtod(buffer.as_ptr().cast(), core::ptr::null_mut()) }
}

#[inline(never)]
fn hexadecimal(text: &[u8], start: usize, literal: bool) -> Option<(f64, usize)> {
    let mut i = start;
    let mut m: u64 = 0;
    let mut sticky = false;
    let mut digits = 0;
    let mut scale = 0i64;
    let mut after_point = false;
    loop {
        let Some(d) = (at(text, i) as char).to_digit(16) else {
            let point = if after_point { 0 } else { point_length(text, i, literal) };
            if point == 0 {
                break;
            }
            after_point = true;
            i += point;
            continue;
        };
        digits += 1;
        i += 1;
        if m >> 60 == 0 {
            m = m << 4 | d as u64;
            scale -= 4 * after_point as i64;
        } else {
            sticky |= d != 0;
            scale += 4 * !after_point as i64;
        }
    }
    if digits == 0 {
        return None;
    }
    if at(text, i) | 0x20 == b'p' {
        let (written, end) = exponent(text, i)?;
        scale += written;
        i = end;
    }
    if m == 0 {
        return Some((0.0, i));
    }
    let exponent = scale.clamp(-100_000, 100_000) as i32 - 64;
    let value = round(Scaled { mantissa: (m as u128) << 64, exponent, sticky, exact: true })?;
    Some((value, i))
}
