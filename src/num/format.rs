//! Double to text: what `printf` writes for `%.Ng`, `%.Ne` and `%.Nf` without other flags.

use crate::sys;
use core::ffi::{c_char, c_int, c_void};

use super::{Scaled, pow10};

/// Room for any result of [`format_general`] and [`format_exponent`], with slack for block-wise copies.
pub const NUMBER_BUFFER: usize = 48;

/// The most significant digits the exact path gives.
const MAX_DIGITS: usize = 17;

/// Powers of ten that fit 64 bits.
const TEN: [u64; 20] = {
    let mut t = [1u64; 20];
    let mut i = 1;
    while i < 20 {
        t[i] = t[i - 1] * 10;
        i += 1;
    }
    t
};

/// The decimal point of the C locale in force.
#[inline]
pub fn decimal_point() -> &'static [u8] {
    // SAFETY: the radix character is a NUL-terminated string that stays valid until the locale changes; callers use
    // it at once and do not keep it.
    unsafe {
        let point = sys::radix_character();
        let n = if *point == 0 {
            return b".";
        } else if *point.add(1) == 0 {
            1
        } else {
            sys::strlen(point as *const c_char).min(4)
        };
        core::slice::from_raw_parts(point, n)
    }
}

/// Eight decimal digits, the first one in the lowest byte, each byte 0 to 9.
#[inline(always)]
fn eight_digits(x: u32) -> u64 {
    let v = (x / 10000) as u64 | ((x % 10000) as u64) << 32;
    let q = ((v * 10486) >> 20) & 0x7f_0000_007f;
    let v = q | (v - 100 * q) << 16;
    let q = ((v * 103) >> 10) & 0x000f_000f_000f_000f;
    q | (v - 10 * q) << 8
}

const ASCII_ZEROS: u64 = 0x3030_3030_3030_3030;

/// Writes `x` < 10^8 without leading zeros and returns its length. `out` must have room for 8 bytes.
#[inline(always)]
fn write_short(x: u32, out: &mut [u8]) -> usize {
    let digits = eight_digits(x);
    let skip = ((digits | 1 << 56).trailing_zeros() / 8) as usize;
    out[..8].copy_from_slice(&((digits + ASCII_ZEROS) >> (skip * 8)).to_le_bytes());
    8 - skip
}

#[inline(always)]
fn write_block(x: u32, out: &mut [u8]) {
    out[..8].copy_from_slice(&(eight_digits(x) + ASCII_ZEROS).to_le_bytes());
}

/// Writes an unsigned integer, `%u` style, and returns its length. `out` must have room for 24 bytes.
#[inline]
pub fn format_unsigned(n: u64, out: &mut [u8]) -> usize {
    const BLOCK: u64 = 100_000_000;
    if n < BLOCK {
        return write_short(n as u32, out);
    }
    let (high, low) = (n / BLOCK, (n % BLOCK) as u32);
    let mut len = if high < BLOCK {
        write_short(high as u32, out)
    } else {
        let len = write_short((high / BLOCK) as u32, out);
        write_block((high % BLOCK) as u32, &mut out[len..]);
        len + 8
    };
    write_block(low, &mut out[len..]);
    len += 8;
    len
}

/// Writes a signed integer, `%d` style, and returns its length. `out` must have room for 25 bytes.
#[inline]
pub fn format_signed(n: i64, out: &mut [u8]) -> usize {
    if n < 0 {
        out[0] = b'-';
        1 + format_unsigned(n.unsigned_abs(), &mut out[1..])
    } else {
        format_unsigned(n as u64, out)
    }
}

/// Splits a finite positive double into `m * 2^e`.
#[inline(always)]
fn decompose(v: f64) -> (u64, i32) {
    let bits = v.to_bits();
    let exponent = (bits >> 52) as i32 & 0x7ff;
    let fraction = bits & ((1 << 52) - 1);
    if exponent == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exponent - 1075) }
}

/// The first `n` significant digits of a finite positive double, rounded, and the decimal exponent of the first:
/// the value is near `d.ddd * 10^exponent`. `None` when the rounding cannot be proved.
#[inline(always)]
fn significant(v: f64, n: usize) -> Option<(u64, i32)> {
    let (m, e) = decompose(v);
    // The estimate is right or one too low, so the scaled value has n or n + 1 digits.
    let mut k = pow10::log10_of_two(e + 63 - m.leading_zeros() as i32);
    let s = Scaled::new(m, e, n as i32 - 1 - k)?;
    // n + 1 <= 18 digits take fewer than 60 bits, so the shift is above 64.
    let shift = -s.exponent as u32;
    if !(64..=127).contains(&shift) {
        return None;
    }
    let mut whole = (s.mantissa >> shift) as u64;
    let mut rest = s.mantissa & ((1 << shift) - 1);
    let mut half = 1u128 << (shift - 1);
    if whole >= TEN[n] {
        k += 1;
        if shift > 123 {
            return None;
        }
        rest |= ((whole % 10) as u128) << shift;
        half *= 10;
        whole /= 10;
    }
    if s.rounds_up(rest, half, whole & 1 != 0)? {
        whole += 1;
        if whole == TEN[n] {
            whole /= 10;
            k += 1;
        }
    }
    Some((whole, k))
}

/// The same for an integer below 2^64: exact, no table needed. `v` has more than `n` digits.
#[inline(always)]
fn significant_integer(v: u64, n: usize) -> (u64, i32) {
    let mut digits = n;
    while digits < 19 && v >= TEN[digits] {
        digits += 1;
    }
    if digits == 19 && v >= TEN[19] {
        digits = 20;
    }
    let unit = TEN[digits - n];
    let (mut whole, rest) = (v / unit, v % unit);
    let half = unit / 2;
    let mut k = digits as i32 - 1;
    if rest > half || (rest == half && whole & 1 != 0) {
        whole += 1;
        if whole == TEN[n] {
            whole /= 10;
            k += 1;
        }
    }
    (whole, k)
}

/// Spreads `n` digits over a buffer, zeros behind them, and returns how many remain without trailing zeros.
#[inline(always)]
fn spread(d: u64, n: usize, out: &mut [u8; 40]) -> usize {
    let d = d * TEN[MAX_DIGITS - n];
    out[0] = b'0' + (d / TEN[16]) as u8;
    let d = d % TEN[16];
    let high = eight_digits((d / TEN[8]) as u32);
    let low = eight_digits((d % TEN[8]) as u32);
    out[1..9].copy_from_slice(&(high + ASCII_ZEROS).to_le_bytes());
    out[9..17].copy_from_slice(&(low + ASCII_ZEROS).to_le_bytes());
    if low != 0 { 17 - (low.leading_zeros() / 8) as usize } else { 9 - (high.leading_zeros() / 8) as usize }
}

/// `inf` and `nan` as glibc writes them, the sign bit of a NaN included.
#[cold]
fn format_special(v: f64, out: &mut [u8; NUMBER_BUFFER]) -> usize {
    let text: &[u8] = if v.is_nan() { b"-nan" } else { b"-inf" };
    let text = if v.is_sign_negative() { text } else { &text[1..] };
    out[..text.len()].copy_from_slice(text);
    text.len()
}

/// libc's answer, for the cases the fast paths decline.
#[cold]
#[inline(never)]
fn format_libc(template: &core::ffi::CStr, digits: usize, v: f64, out: &mut [u8]) -> usize {
    // SAFETY: the template has one `.*` and one double conversion, and the length given is the buffer's.
    let n = unsafe {
        sys::snprintf(out.as_mut_ptr() as *mut c_char, out.len(), template.as_ptr(), digits as c_int, v)
    };
    (n.max(0) as usize).min(out.len())
}

#[inline(always)]
fn put_point(out: &mut [u8; NUMBER_BUFFER], at: usize) -> usize {
    let point = decimal_point();
    if let [single] = point {
        out[at] = *single;
    } else {
        out[at..at + point.len()].copy_from_slice(point);
    }
    point.len()
}

#[inline(always)]
fn put_exponent(out: &mut [u8; NUMBER_BUFFER], mut at: usize, k: i32) -> usize {
    out[at] = b'e';
    out[at + 1] = if k < 0 { b'-' } else { b'+' };
    at += 2;
    let k = k.unsigned_abs();
    if k >= 100 {
        out[at] = b'0' + (k / 100) as u8;
        at += 1;
    }
    out[at] = b'0' + (k / 10 % 10) as u8;
    out[at + 1] = b'0' + (k % 10) as u8;
    at + 2
}

/// Writes `digits`, the first with exponent `k`, of which `count` matter, in the style of `%e`.
#[inline(always)]
fn put_scientific(
    digits: &[u8; 40],
    count: usize,
    k: i32,
    out: &mut [u8; NUMBER_BUFFER],
    mut at: usize,
) -> usize {
    out[at] = digits[0];
    at += 1;
    if count > 1 {
        at += put_point(out, at);
        out[at..at + 16].copy_from_slice(&digits[1..17]);
        at += count - 1;
    }
    put_exponent(out, at, k)
}

/// Writes the number as `%.14g` does, the form in which Lua writes numbers.
#[inline(never)]
pub fn format_g14(v: f64, out: &mut [u8; NUMBER_BUFFER]) -> usize {
    general(v, 14, out)
}

/// Writes the number as `%.{digits}g` does; `None` when this is left to `snprintf`.
#[inline(never)]
pub fn format_general(v: f64, digits: usize, out: &mut [u8; NUMBER_BUFFER]) -> Option<usize> {
    // No digit is as one.
    (digits <= MAX_DIGITS).then(|| general(v, digits.max(1), out))
}

/// On its own for the number of digits that is used most, whose powers of ten are constants then.
#[inline(always)]
fn general(v: f64, n: usize, out: &mut [u8; NUMBER_BUFFER]) -> usize {
    let magnitude = v.abs();
    let mut at = 0;
    if v.is_sign_negative() {
        out[0] = b'-';
        at = 1;
    }
    let mut found = None;
    if magnitude < 9.2e18 {
        // SAFETY: between 0 and 2^63 and not NaN, so the value fits.
        let integer = unsafe { magnitude.to_int_unchecked::<i64>() };
        if integer as f64 == magnitude {
            let integer = integer as u64;
            if integer < TEN[n] {
                return at + format_unsigned(integer, &mut out[at..]);
            }
            found = Some(significant_integer(integer, n));
        }
    } else if !v.is_finite() {
        return format_special(v, out);
    }
    let (d, k) = match found {
        Some(found) => found,
        None => match significant(magnitude, n) {
            Some(found) => found,
            None => return format_libc(c"%.*g", n, v, out),
        },
    };

    let mut digits = [b'0'; 40];
    let count = spread(d, n, &mut digits);
    if k < -4 || k >= n as i32 {
        return put_scientific(&digits, count, k, out, at);
    }
    if k < 0 {
        out[at] = b'0';
        at += 1;
        at += put_point(out, at);
        out[at..at + 4].copy_from_slice(b"0000");
        at += (-k - 1) as usize;
        out[at..at + 17].copy_from_slice(&digits[..17]);
        return at + count;
    }
    let whole = k as usize + 1;
    out[at..at + 17].copy_from_slice(&digits[..17]);
    at += whole;
    if count > whole {
        at += put_point(out, at);
        out[at..at + 17].copy_from_slice(&digits[whole..whole + 17]);
        at += count - whole;
    }
    at
}

/// Writes the number as `%.{precision}e` does; `None` when this is left to `snprintf`.
pub fn format_exponent(v: f64, precision: usize, out: &mut [u8; NUMBER_BUFFER]) -> Option<usize> {
    if !v.is_finite() {
        return Some(format_special(v, out));
    }
    if precision >= MAX_DIGITS {
        return None;
    }
    let n = precision + 1;
    let (d, k) = if v == 0.0 { (0, 0) } else { significant(v.abs(), n)? };
    let mut at = 0;
    if v.is_sign_negative() {
        out[0] = b'-';
        at = 1;
    }
    let mut digits = [b'0'; 40];
    spread(d, n, &mut digits);
    Some(put_scientific(&digits, n, k, out, at))
}

/// Writes the number as `%.{precision}f` does; `None` when this is left to `snprintf`.
pub fn format_fixed(v: f64, precision: usize, out: &mut [u8; NUMBER_BUFFER]) -> Option<usize> {
    if !v.is_finite() {
        return Some(format_special(v, out));
    }
    let magnitude = v.abs();
    if precision > 15 || magnitude >= 1e15 {
        return None;
    }
    let mut scaled = 0;
    if magnitude != 0.0 {
        let (m, e) = decompose(magnitude);
        // precision is at most 15: the power of ten and so the product are exact, the low word is 0.
        let s = Scaled::new(m, e, precision as i32)?;
        let shift = -s.exponent;
        if shift < 65 {
            return None;
        }
        if shift <= 127 {
            scaled = (s.mantissa >> shift) as u64;
            let rest = s.mantissa & ((1 << shift) - 1);
            scaled += s.rounds_up(rest, 1 << (shift - 1), scaled & 1 != 0)? as u64;
        } else if shift == 128 {
            // Below 1 and at least half of it, or nothing at all.
            scaled = s.rounds_up(s.mantissa, 1 << 127, false)? as u64;
        }
    }
    let mut at = 0;
    if v.is_sign_negative() {
        out[0] = b'-';
        at = 1;
    }
    let unit = TEN[precision];
    let (whole, mut fraction) = (scaled / unit, scaled % unit);
    at += format_unsigned(whole, &mut out[at..]);
    if precision > 0 {
        at += put_point(out, at);
        if precision <= 8 {
            // Left-align the fraction in one block.
            write_block((fraction * TEN[8 - precision]) as u32, &mut out[at..]);
        } else {
            fraction *= TEN[16 - precision];
            write_block((fraction / TEN[8]) as u32, &mut out[at..]);
            write_block((fraction % TEN[8]) as u32, &mut out[at + 8..]);
        }
        at += precision;
    }
    Some(at)
}

/// `%p` as glibc writes it.
pub fn format_pointer(p: *const c_void, out: &mut [u8]) -> usize {
    if p.is_null() {
        out[..5].copy_from_slice(b"(nil)");
        return 5;
    }
    let bits = p as usize;
    let digits = (usize::BITS - bits.leading_zeros()).div_ceil(4) as usize;
    out[..2].copy_from_slice(b"0x");
    for i in 0..digits {
        out[2 + i] = b"0123456789abcdef"[bits >> (4 * (digits - 1 - i)) & 15];
    }
    2 + digits
}
