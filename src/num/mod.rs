//! Numbers: text to double, double to text, double to integer.
//!
//! Nothing here knows about Lua states or values, nothing allocates, nothing fails except by returning `None`.
//!
//! Invariants
//! - Text conversion is correctly rounded (to nearest, ties to even), so it equals what glibc's `strtod` and
//!   `snprintf` give. The fast paths work on the top 128 bits of a 192-bit product and keep an error bound; when
//!   the bound reaches a rounding boundary they decline, and libc decides. See [`Scaled`].
//! - The decimal point is that of the C locale in force, as with PUC, and it is looked up only when a point is
//!   read or written.

mod format;
mod parse;
mod pow10;
#[cfg(test)]
mod tests;

use crate::sys::{arch, libm};
pub use format::{
    NUMBER_BUFFER, format_exponent, format_fixed, format_g14, format_general, format_pointer, format_signed,
    format_unsigned,
};
pub use parse::{digit_value, parse, parse_literal};

/// 2^64 divided by the golden ratio. A product with it has bits of all of the other factor in its upper half, so that
/// these make a hash.
pub const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// A non-negative real number known to 128 bits: it lies in `[mantissa, mantissa + slack) * 2^exponent`.
///
/// `exact` says that the product's dropped part is known: zero unless `sticky`, and below one unit of `mantissa`.
/// Otherwise the number may be up to two units above `mantissa` (one for the truncated power of ten, one for the
/// dropped low word).
#[derive(Clone, Copy)]
struct Scaled {
    mantissa: u128,
    exponent: i32,
    sticky: bool,
    exact: bool,
}

impl Scaled {
    /// `m * 10^p`, with `m` != 0. `None` when `p` is outside the table.
    #[inline(always)]
    fn new(m: u64, binary_exponent: i32, p: i32) -> Option<Scaled> {
        let (hi, lo) = pow10::power_of_five(p)?;
        let shift = m.leading_zeros();
        let m = m << shift;
        let low = m as u128 * lo as u128;
        let mantissa = m as u128 * hi as u128 + (low >> 64);
        Some(Scaled {
            mantissa,
            exponent: binary_exponent - shift as i32 + pow10::exponent_of_ten(p) - 63,
            sticky: low as u64 != 0,
            exact: pow10::is_exact(p),
        })
    }

    /// Compares the part below a digit boundary with half a unit of it: `Some(true)` to round up, `None` when
    /// the error bound does not permit a decision.
    #[inline(always)]
    fn rounds_up(&self, rest: u128, half: u128, odd: bool) -> Option<bool> {
        if rest > half {
            return Some(true);
        }
        if self.exact {
            return Some(rest == half && (self.sticky || odd));
        }
        if rest + 1 < half { Some(false) } else { None }
    }
}

/// The signed integer of a number: truncated, and `isize::MIN` for what does not fit (NaN too), which is what the
/// conversion instruction of x86-64 gives to a C cast.
#[inline(always)]
pub fn to_integer(n: f64) -> isize {
    arch::truncate(n) as isize
}

/// The integer's low 32 bits, as a C cast of `lua_Integer` to `int` gives them.
#[inline(always)]
pub fn to_int(n: f64) -> i32 {
    to_integer(n) as i32
}

/// The unsigned integer of a number, modulo 2^32, rounded to nearest.
///
/// Adding 1.5 * 2^52 leaves the integer in the low bits of the sum. Beyond 2^51 these bits are not the integer's;
/// they are those that hosts see today.
#[inline(always)]
pub fn to_unsigned(n: f64) -> u32 {
    const MAGIC: f64 = 6755399441055744.0;
    (n + MAGIC).to_bits() as u32
}

/// The array index a number stands for, if it is integral and fits.
#[inline(always)]
pub fn exact_int32(n: f64) -> Option<i32> {
    let i = to_integer(n) as i32;
    if i as f64 == n { Some(i) } else { None }
}

/// The largest integral number not above `n`; keeps the sign of zero, which `modulo` relies on.
#[inline(always)]
pub fn floor(n: f64) -> f64 {
    const INTEGRAL: f64 = 4503599627370496.0;
    if n.abs() < INTEGRAL {
        // SAFETY: |n| < 2^52 and not NaN, so the value fits.
        let whole = unsafe { n.to_int_unchecked::<i64>() } as f64;
        let whole = if whole > n { whole - 1.0 } else { whole };
        whole.copysign(n)
    } else {
        n
    }
}

/// Lua's `%`: the sign of the result is the divisor's.
#[inline(always)]
pub fn modulo(a: f64, b: f64) -> f64 {
    let (i, j) = (arch::truncate_to_32_bits(a), arch::truncate_to_32_bits(b));
    if i as f64 == a && j as f64 == b && i >= 0 && j > 0 {
        return (i as u32 % j as u32) as f64;
    }
    a - floor(a / b) * b
}

/// Lua's `^`: libm's `pow`, whose last bit differs from a product's in about one of a thousand squares. So a square
/// is multiplied only where the product is exact.
#[inline(always)]
pub fn power(a: f64, b: f64) -> f64 {
    if b == 2.0 && a.to_bits() << 37 == 0 {
        let square = a * a;
        if square.is_normal() {
            return square;
        }
    }
    libm::pow(a, b)
}

/// Encodes a size as a "floating point byte": `eeeeexxx` stands for `(8 + xxx) * 2^(eeeee - 1)`, or `xxx` when
/// `eeeee` is 0. Rounds up.
pub const fn int_to_fb(x: u32) -> u8 {
    if x < 8 {
        return x as u8;
    }
    let mut x = x as u64;
    let mut exponent = 1;
    while x >= 16 {
        x = x.div_ceil(2);
        exponent += 1;
    }
    (exponent << 3) | (x as u8 - 8)
}

/// Decodes a "floating point byte".
pub const fn fb_to_int(fb: u8) -> u32 {
    let exponent = (fb >> 3) as u32;
    let x = (fb & 7) as u32;
    if exponent == 0 { x } else { (x + 8).wrapping_shl(exponent - 1) }
}
