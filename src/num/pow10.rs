//! Powers of five to 128 bits, computed at compile time.
//!
//! `10^p = 5^p * 2^p`, so this table and an exponent are all that scaling by a power of ten needs. Each entry holds the
//! top 128 bits of `5^p`, the first bit set, the rest cut off: the entry is never above the true value, and less than
//! one unit below it. `5^55 < 2^128`, so entries 0 to 55 are the exact powers.

/// The smallest and largest exponent: what 19 digits need to reach the smallest double, and what 17 digits of the
/// smallest double need.
pub(super) const MIN: i32 = -342;
pub(super) const MAX: i32 = 341;
const COUNT: usize = (MAX - MIN + 1) as usize;

const LIMBS: usize = 16;

static POWERS: [(u64, u64); COUNT] = table();

/// The top 128 bits of a number of little-endian limbs.
const fn top(n: &[u64; LIMBS]) -> (u64, u64) {
    let mut i = LIMBS - 1;
    while n[i] == 0 {
        i -= 1;
    }
    let z = n[i].leading_zeros();
    let a = n[i];
    let b = if i >= 1 { n[i - 1] } else { 0 };
    let c = if i >= 2 { n[i - 2] } else { 0 };
    if z == 0 { (a, b) } else { ((a << z) | (b >> (64 - z)), (b << z) | (c >> (64 - z))) }
}

const fn table() -> [(u64, u64); COUNT] {
    let mut t = [(0, 0); COUNT];
    let zero = (-MIN) as usize;

    let mut n = [0u64; LIMBS];
    n[0] = 1;
    let mut p = zero;
    while p < COUNT {
        t[p] = top(&n);
        let mut carry = 0u128;
        let mut i = 0;
        while i < LIMBS {
            carry += n[i] as u128 * 5;
            n[i] = carry as u64;
            carry >>= 64;
            i += 1;
        }
        p += 1;
    }

    // A floor of a floor is the floor of the whole quotient, so repeated division stays exact in its top bits.
    let mut n = [0u64; LIMBS];
    n[LIMBS - 1] = 1 << 63;
    let mut p = zero;
    while p > 0 {
        p -= 1;
        let mut rest = 0u128;
        let mut i = LIMBS;
        while i > 0 {
            i -= 1;
            let part = (rest << 64) | n[i] as u128;
            n[i] = (part / 5) as u64;
            rest = part % 5;
        }
        t[p] = top(&n);
    }
    t
}

/// The top 128 bits of `5^p`.
#[inline(always)]
pub(super) fn power_of_five(p: i32) -> Option<(u64, u64)> {
    POWERS.get((p - MIN) as usize).copied()
}

/// Whether the entry for `5^p` is the power itself.
#[inline(always)]
pub(super) fn is_exact(p: i32) -> bool {
    (0..=55).contains(&p)
}

/// `floor(log2(10^p))`: the binary exponent of the first bit of `10^p`.
#[inline(always)]
pub(super) fn exponent_of_ten(p: i32) -> i32 {
    (p * 217706) >> 16
}

/// `floor(log10(2^e))`.
#[inline(always)]
pub(super) fn log10_of_two(e: i32) -> i32 {
    (e * 315653) >> 20
}
