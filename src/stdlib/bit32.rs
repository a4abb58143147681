//! Library `bit32` (manual 6.7).

use super::registry::{fast_entry, library};
use crate::api::Lua;
use crate::messages::{self as msg, Arg};
use crate::num;
use crate::object::{FastArguments, Value};
use crate::throw::LResult;

library! {
    BIT32:
    FUNCTIONS {
        Arshift "arshift" arshift, fast arshift_fast;
        Band "band" band, fast band_fast;
        Bnot "bnot" bnot, fast bnot_fast;
        Bor "bor" bor, fast bor_fast;
        Bxor "bxor" bxor, fast bxor_fast;
        Btest "btest" btest, fast btest_fast;
        Extract "extract" extract, fast extract_fast;
        Lrotate "lrotate" lrotate, fast lrotate_fast;
        Lshift "lshift" lshift, fast lshift_fast;
        Replace "replace" replace, fast replace_fast;
        Rrotate "rrotate" rrotate, fast rrotate_fast;
        Rshift "rshift" rshift, fast rshift_fast;
    }
}

pub fn open(l: Lua) -> LResult<i32> {
    l.aux_newlib(&FUNCTIONS)?;
    Ok(1)
}

fn push(l: Lua, r: u32) -> LResult<i32> {
    l.pushunsigned(r);
    Ok(1)
}

/// Argument `i` of a fast entry as a 32-bit pattern; `None` unless it is there and a number.
#[inline(always)]
fn bits(args: FastArguments, i: usize) -> Option<u32> {
    args.number(i).map(num::to_unsigned)
}

/// Argument `i` of a fast entry as a C `int`.
#[inline(always)]
fn int(args: FastArguments, i: usize) -> Option<i32> {
    args.number(i).map(num::to_int)
}

fn fold(l: Lua, start: u32, op: impl Fn(u32, u32) -> u32) -> LResult<u32> {
    let mut r = start;
    for i in 1..=l.gettop() {
        r = op(r, l.aux_checkunsigned(i)?);
    }
    Ok(r)
}

#[inline(always)]
fn fold_fast(args: FastArguments, start: u32, op: impl Fn(u32, u32) -> u32) -> Option<u32> {
    let mut r = start;
    for i in 0..args.count() {
        r = op(r, bits(args, i)?);
    }
    Some(r)
}

/// Shifts left by `i`, right when `i` is negative.
#[inline(always)]
fn shift(r: u32, i: i32) -> u32 {
    match i {
        0..=31 => r << i,
        -31..0 => r >> -i,
        _ => 0,
    }
}

#[inline(always)]
fn shift_arithmetic(r: u32, i: i32) -> u32 {
    if i < 0 || r >> 31 == 0 {
        shift(r, i.wrapping_neg())
    } else if i >= 32 {
        u32::MAX
    } else {
        (r as i32 >> i) as u32
    }
}

/// `n` ones, `n` in 1..=32.
#[inline(always)]
fn mask(n: i32) -> u32 {
    !(u32::MAX.wrapping_shl(n as u32 - 1) << 1)
}

#[inline(always)]
fn extract_bits(r: u32, f: i32, w: i32) -> u32 {
    r.wrapping_shr(f as u32) & mask(w)
}

#[inline(always)]
fn replace_bits(r: u32, v: u32, f: i32, w: i32) -> u32 {
    let m = mask(w);
    r & !m.wrapping_shl(f as u32) | (v & m).wrapping_shl(f as u32)
}

fn band(l: Lua) -> LResult<i32> {
    push(l, fold(l, u32::MAX, |a, b| a & b)?)
}
fn bor(l: Lua) -> LResult<i32> {
    push(l, fold(l, 0, |a, b| a | b)?)
}
fn bxor(l: Lua) -> LResult<i32> {
    push(l, fold(l, 0, |a, b| a ^ b)?)
}
fn btest(l: Lua) -> LResult<i32> {
    let r = fold(l, u32::MAX, |a, b| a & b)?;
    l.pushboolean(r != 0);
    Ok(1)
}
fn bnot(l: Lua) -> LResult<i32> {
    push(l, !l.aux_checkunsigned(1)?)
}

// The reference evaluates the second argument of shifts and rotations first: errors come out in that order.
fn lshift(l: Lua) -> LResult<i32> {
    let i = l.aux_checkint(2)?;
    push(l, shift(l.aux_checkunsigned(1)?, i))
}
fn rshift(l: Lua) -> LResult<i32> {
    let i = l.aux_checkint(2)?;
    push(l, shift(l.aux_checkunsigned(1)?, i.wrapping_neg()))
}
fn arshift(l: Lua) -> LResult<i32> {
    let r = l.aux_checkunsigned(1)?;
    push(l, shift_arithmetic(r, l.aux_checkint(2)?))
}
fn lrotate(l: Lua) -> LResult<i32> {
    let i = l.aux_checkint(2)?;
    push(l, l.aux_checkunsigned(1)?.rotate_left(i as u32 & 31))
}
fn rrotate(l: Lua) -> LResult<i32> {
    let i = l.aux_checkint(2)?;
    push(l, l.aux_checkunsigned(1)?.rotate_right(i as u32 & 31))
}

/// Position and width of a field from arguments `arg` and `arg + 1`.
fn field(l: Lua, arg: i32) -> LResult<(i32, i32)> {
    let f = l.aux_checkint(arg)?;
    let w = l.aux_optint(arg + 1, 1)?;
    if f < 0 {
        return Err(l.aux_argerror(arg, msg::FIELD_NEGATIVE.as_bytes()));
    }
    if w <= 0 {
        return Err(l.aux_argerror(arg + 1, msg::WIDTH_NOT_POSITIVE.as_bytes()));
    }
    if f.wrapping_add(w) > 32 {
        return Err(l.aux_error(msg::NON_EXISTENT_BITS, &[] as &[Arg]));
    }
    Ok((f, w))
}

fn extract(l: Lua) -> LResult<i32> {
    let r = l.aux_checkunsigned(1)?;
    let (f, w) = field(l, 2)?;
    push(l, extract_bits(r, f, w))
}

fn replace(l: Lua) -> LResult<i32> {
    let r = l.aux_checkunsigned(1)?;
    let v = l.aux_checkunsigned(2)?;
    let (f, w) = field(l, 3)?;
    push(l, replace_bits(r, v, f, w))
}

/// Fast entries, each of which gives `$body` for `$args`.
macro_rules! fast {
    ($($name:ident($args:ident) $body:expr;)*) => {$(
        fast_entry! {
            fn $name(_, $args) {
                $body
            }
        }
    )*};
}

fn number(r: u32) -> Option<Value> {
    Some(Value(f64::from(r).to_bits()))
}

/// The field's position and width, when they are in range. Anything else is left to the function itself, which checks.
#[inline(always)]
fn field_fast(args: FastArguments, at: usize) -> Option<(i32, i32)> {
    let f = int(args, at)?;
    let w = if args.count() == at + 1 { 1 } else { int(args, at + 1)? };
    (f >= 0 && w > 0 && f <= 31 && w <= 32 - f).then_some((f, w))
}

fast! {
    band_fast(args) number(fold_fast(args, u32::MAX, |a, b| a & b)?);
    bor_fast(args) number(fold_fast(args, 0, |a, b| a | b)?);
    bxor_fast(args) number(fold_fast(args, 0, |a, b| a ^ b)?);
    btest_fast(args) Some(Value::boolean(fold_fast(args, u32::MAX, |a, b| a & b)? != 0));
    bnot_fast(args) number(!bits(args, 0)?);
    lshift_fast(args) number(shift(bits(args, 0)?, int(args, 1)?));
    rshift_fast(args) number(shift(bits(args, 0)?, int(args, 1)?.wrapping_neg()));
    arshift_fast(args) number(shift_arithmetic(bits(args, 0)?, int(args, 1)?));
    lrotate_fast(args) number(bits(args, 0)?.rotate_left(int(args, 1)? as u32 & 31));
    rrotate_fast(args) number(bits(args, 0)?.rotate_right(int(args, 1)? as u32 & 31));
    extract_fast(args) {
        let r = bits(args, 0)?;
        let (f, w) = field_fast(args, 1)?;
        number(extract_bits(r, f, w))
    };
    replace_fast(args) {
        let r = bits(args, 0)?;
        let v = bits(args, 1)?;
        let (f, w) = field_fast(args, 2)?;
        number(replace_bits(r, v, f, w))
    };
}
