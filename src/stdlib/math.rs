//! Library `math` (manual 6.6).
//!
//! The functions of libm are called, not reimplemented: results have to be the reference's to the last bit.

use super::registry::{fast_entry, library};
use crate::api::Lua;
use crate::messages as msg;
use crate::num;
use crate::object::{FastArguments, Value};
use crate::sys::arch::square_root;
use crate::sys::{self, libm};
use crate::throw::LResult;

library! {
    MATH:
    FUNCTIONS {
        Abs "abs" abs, fast abs_fast;
        Acos "acos" acos, fast acos_fast;
        Asin "asin" asin, fast asin_fast;
        Atan2 "atan2" atan2, fast atan2_fast;
        Atan "atan" atan, fast atan_fast;
        Ceil "ceil" ceil, fast ceil_fast;
        Cosh "cosh" cosh, fast cosh_fast;
        Cos "cos" cos, fast cos_fast;
        Deg "deg" deg, fast deg_fast;
        Exp "exp" exp, fast exp_fast;
        Floor "floor" floor, fast floor_fast;
        Fmod "fmod" fmod, fast fmod_fast;
        Frexp "frexp" frexp;
        Ldexp "ldexp" ldexp, fast ldexp_fast;
        Log10 "log10" log10, fast log10_fast;
        Log "log" log, fast log_fast;
        Max "max" max, fast max_fast;
        Min "min" min, fast min_fast;
        Modf "modf" modf, fast modf_fast, gives First;
        Pow "pow" pow, fast pow_fast;
        Rad "rad" rad, fast rad_fast;
        Random "random" random, fast random_fast;
        Randomseed "randomseed" randomseed;
        Sinh "sinh" sinh, fast sinh_fast;
        Sin "sin" sin, fast sin_fast;
        Sqrt "sqrt" sqrt, fast sqrt_fast;
        Tanh "tanh" tanh, fast tanh_fast;
        Tan "tan" tan, fast tan_fast;
    }
}

const RADIANS_PER_DEGREE: f64 = core::f64::consts::PI / 180.0;

pub fn open(l: Lua) -> LResult<i32> {
    l.aux_newlib(&FUNCTIONS)?;
    l.pushnumber(core::f64::consts::PI);
    l.setfield(-2, b"pi")?;
    l.pushnumber(f64::INFINITY);
    l.setfield(-2, b"huge")?;
    Ok(1)
}

#[inline(always)]
fn ceiling(x: f64) -> f64 {
    -num::floor(-x)
}

/// C's `fmod`; integers, the usual case, are divided as such.
#[inline(always)]
fn remainder(x: f64, y: f64) -> f64 {
    const LIMIT: f64 = 9007199254740992.0;
    if x.abs() <= LIMIT && y.abs() <= LIMIT {
        // SAFETY: both are below 2^54 and no NaN.
        let (a, b) = unsafe { (x.to_int_unchecked::<i64>(), y.to_int_unchecked::<i64>()) };
        if a as f64 == x && b as f64 == y && b != 0 {
            return ((a % b) as f64).copysign(x);
        }
    }
    libm::fmod(x, y)
}

#[inline(always)]
fn logarithm(x: f64, base: f64) -> f64 {
    if base == 10.0 { libm::log10(x) } else { libm::log(x) / libm::log(base) }
}

/// Functions of one or two numbers, each with its fast entry.
macro_rules! functions {
    ($($name:ident $fast:ident ($x:ident) $body:expr;)*) => {$(
        pub fn $name(l: Lua) -> LResult<i32> {
            let $x = l.aux_checknumber(1)?;
            l.pushnumber($body);
            Ok(1)
        }
        fast_entry! {
            fn $fast(_, args) {
                let $x = args.number(0)?;
                Some(Value::number($body))
            }
        }
    )*};
    ($($name:ident $fast:ident ($x:ident, $y:ident) $body:expr;)*) => {$(
        pub fn $name(l: Lua) -> LResult<i32> {
            let $x = l.aux_checknumber(1)?;
            let $y = l.aux_checknumber(2)?;
            l.pushnumber($body);
            Ok(1)
        }
        functions!(@fast $fast ($x, $y) $body);
    )*};
    // The same, with the second argument looked at first.
    (swapped $($name:ident $fast:ident ($x:ident, $y:ident) $body:expr;)*) => {$(
        pub fn $name(l: Lua) -> LResult<i32> {
            let $y = l.aux_checknumber(2)?;
            let $x = l.aux_checknumber(1)?;
            l.pushnumber($body);
            Ok(1)
        }
        functions!(@fast $fast ($x, $y) $body);
    )*};
    (@fast $fast:ident ($x:ident, $y:ident) $body:expr) => {
        fast_entry! {
            fn $fast(_, args) {
                let ($x, $y) = (args.number(0)?, args.number(1)?);
                Some(Value::number($body))
            }
        }
    };
}

functions! {
    abs abs_fast (x) x.abs();
    sin sin_fast (x) libm::sin(x);
    sinh sinh_fast (x) libm::sinh(x);
    cos cos_fast (x) libm::cos(x);
    cosh cosh_fast (x) libm::cosh(x);
    tan tan_fast (x) libm::tan(x);
    tanh tanh_fast (x) libm::tanh(x);
    asin asin_fast (x) libm::asin(x);
    acos acos_fast (x) libm::acos(x);
    atan atan_fast (x) libm::atan(x);
    ceil ceil_fast (x) ceiling(x);
    floor floor_fast (x) num::floor(x);
    sqrt sqrt_fast (x) square_root(x);
    log10 log10_fast (x) libm::log10(x);
    exp exp_fast (x) libm::exp(x);
    deg deg_fast (x) x / RADIANS_PER_DEGREE;
    rad rad_fast (x) x * RADIANS_PER_DEGREE;
}

functions! {
    swapped
    atan2 atan2_fast (y, x) libm::atan2(y, x);
    fmod fmod_fast (x, y) remainder(x, y);
}

functions! {
    pow pow_fast (x, y) num::power(x, y);
    ldexp ldexp_fast (x, e) libm::ldexp(x, num::to_int(e));
}

fn log(l: Lua) -> LResult<i32> {
    let x = l.aux_checknumber(1)?;
    let r = if l.isnoneornil(2) { libm::log(x) } else { logarithm(x, l.aux_checknumber(2)?) };
    l.pushnumber(r);
    Ok(1)
}

fast_entry! {
    fn log_fast(_, args) {
        let x = args.number(0)?;
        match args.count() {
            1 => Some(Value::number(libm::log(x))),
            2 => Some(Value::number(logarithm(x, args.number(1)?))),
            _ => None,
        }
    }
}

fn modf(l: Lua) -> LResult<i32> {
    let mut whole = 0.0;
    let x = l.aux_checknumber(1)?;
    // SAFETY: the pointer is a local's.
    let fraction = unsafe { libm::modf(x, &mut whole) };
    l.pushnumber(whole);
    l.pushnumber(fraction);
    Ok(2)
}

// The whole part alone.
fast_entry! {
    fn modf_fast(_, args) {
        let x = args.number(0)?;
        Some(Value::number(num::floor(x.abs()).copysign(x)))
    }
}

fn frexp(l: Lua) -> LResult<i32> {
    let mut e = 0;
    let x = l.aux_checknumber(1)?;
    // SAFETY: the pointer is a local's.
    l.pushnumber(unsafe { libm::frexp(x, &mut e) });
    l.pushinteger(e as isize);
    Ok(2)
}

fn extreme(l: Lua, better: impl Fn(f64, f64) -> bool) -> LResult<i32> {
    let n = l.gettop();
    let mut best = l.aux_checknumber(1)?;
    for i in 2..=n {
        let x = l.aux_checknumber(i)?;
        if better(x, best) {
            best = x;
        }
    }
    l.pushnumber(best);
    Ok(1)
}

/// The fast entries of `max` and `min`.
#[inline(always)]
fn extreme_fast(args: FastArguments, better: impl Fn(f64, f64) -> bool) -> Option<Value> {
    let mut best = args.number(0)?;
    for i in 1..args.count() {
        let x = args.number(i)?;
        if better(x, best) {
            best = x;
        }
    }
    Some(Value::number(best))
}

fn max(l: Lua) -> LResult<i32> {
    extreme(l, |x, best| x > best)
}
fn min(l: Lua) -> LResult<i32> {
    extreme(l, |x, best| x < best)
}
fast_entry! {
    fn max_fast(_, args) {
        extreme_fast(args, |x, best| x > best)
    }
}
fast_entry! {
    fn min_fast(_, args) {
        extreme_fast(args, |x, best| x < best)
    }
}

/// The next number of C's `rand`, whose sequence scripts see, in [0, 1).
fn next_random() -> f64 {
    const RAND_MAX: i32 = sys::RAND_MAX;
    // SAFETY: no preconditions.
    let r = unsafe { sys::rand() };
    f64::from(r % RAND_MAX) / f64::from(RAND_MAX)
}

fn random(l: Lua) -> LResult<i32> {
    // The number is drawn even when the arguments turn out to be wrong.
    let r = next_random();
    let n = match l.gettop() {
        0 => r,
        1 => {
            let u = l.aux_checknumber(1)?;
            if 1.0 <= u {
                num::floor(r * u) + 1.0
            } else {
                return Err(l.aux_argerror(1, msg::EMPTY_INTERVAL.as_bytes()));
            }
        }
        2 => {
            let low = l.aux_checknumber(1)?;
            let u = l.aux_checknumber(2)?;
            if low <= u {
                num::floor(r * (u - low + 1.0)) + low
            } else {
                return Err(l.aux_argerror(2, msg::EMPTY_INTERVAL.as_bytes()));
            }
        }
        _ => return Err(l.aux_error(msg::WRONG_NUMBER_OF_ARGUMENTS, &[])),
    };
    l.pushnumber(n);
    Ok(1)
}

fast_entry! {
    fn random_fast(_, args) {
        // No number is drawn before all is well.
        let x = match args.count() {
            0 => next_random(),
            1 => {
                let u = args.number(0).filter(|u| 1.0 <= *u)?;
                num::floor(next_random() * u) + 1.0
            }
            2 => {
                let low = args.number(0)?;
                let u = args.number(1).filter(|u| low <= *u)?;
                num::floor(next_random() * (u - low + 1.0)) + low
            }
            _ => return None,
        };
        Some(Value::number(x))
    }
}

fn randomseed(l: Lua) -> LResult<i32> {
    let seed = l.aux_checkunsigned(1)?;
    // SAFETY: no preconditions. The first number depends little on the seed and is thrown away.
    unsafe {
        sys::srand(seed);
        sys::rand();
    }
    Ok(0)
}
