//! Operations with metamethods: indexing, arithmetic, comparison, length, concatenation.
//!
//! Each may call Lua code, so the stack may move and a collection may run; operands are kept alive by the caller's
//! stack or by being pushed as arguments.

use crate::gc;
use crate::messages as msg;
use crate::num;
use crate::object::{Gc, Metamethod, Str, Table, Thread, Value, string};
use crate::sys;
use crate::throw::LResult;
use crate::vm::call::call_metamethod;
use crate::vm::error::{OrThrow, Raise, ValueAt};

/// Longest chain of `__index`/`__newindex` values followed.
const MAX_LOOP: usize = 100;

// ---- conversions ----------------------------------------------------------------------------------------------

/// Number, or string that reads as one.
#[inline(always)]
pub fn to_number(v: Value) -> Option<f64> {
    if v.is_number() { Some(v.raw_number()) } else { string_to_number(v) }
}

#[inline(never)]
fn string_to_number(v: Value) -> Option<f64> {
    num::parse(v.as_string()?.bytes())
}

/// String, or the string a number is written as; `None` for other types.
#[inline]
pub fn to_str(l: Gc<Thread>, v: Value) -> LResult<Option<Gc<Str>>> {
    if let Some(s) = v.as_string() {
        return Ok(Some(s));
    }
    match v.as_number() {
        Some(n) => number_to_str(l, n).map(Some),
        None => Ok(None),
    }
}

pub fn number_to_str(l: Gc<Thread>, n: f64) -> LResult<Gc<Str>> {
    let mut buf = [0; num::NUMBER_BUFFER];
    let len = num::format_g14(n, &mut buf);
    Ok(string::new_str(l, &buf[..len])?)
}

// ---- indexing -------------------------------------------------------------------------------------------------

/// `obj[key]`
pub fn get(l: Gc<Thread>, obj: Value, key: Value) -> LResult<Value> {
    get_at(l, ValueAt::nowhere(obj), key)
}

#[inline(never)]
pub fn get_at(l: Gc<Thread>, obj: ValueAt, key: Value) -> LResult<Value> {
    let g = l.global();
    let mut obj = obj;
    for _ in 0..MAX_LOOP {
        let method = match obj.value.as_table() {
            Some(t) => {
                let v = t.get(g, key);
                if !v.is_nil() {
                    return Ok(v);
                }
                let method = g.cached_metamethod(t.metatable.get(), Metamethod::Index);
                if method.is_nil() {
                    return Ok(Value::NIL);
                }
                method
            }
            None => {
                let method = g.metamethod_of(obj.value, Metamethod::Index);
                if method.is_nil() {
                    return Err(l.type_error(obj, "index"));
                }
                method
            }
        };
        if method.is_function() {
            return call_metamethod(l, method, &[obj.value, key], 1);
        }
        obj = ValueAt::nowhere(method);
    }
    Err(l.runtime_error(msg::LOOP_IN_GETTABLE))
}

/// `obj[key] = val`
pub fn set(l: Gc<Thread>, obj: Value, key: Value, val: Value) -> LResult<()> {
    set_at(l, ValueAt::nowhere(obj), key, val)
}

#[inline(never)]
pub fn set_at(l: Gc<Thread>, obj: ValueAt, key: Value, val: Value) -> LResult<()> {
    let g = l.global();
    let mut obj = obj;
    for _ in 0..MAX_LOOP {
        let method = match obj.value.as_table() {
            Some(t) => {
                let slot = t.find(g, key);
                if let Some(s) = slot.filter(|s| !s.get().is_nil()) {
                    s.set(val);
                    t.set_flags(0);
                    gc::barrier_back(l, t.erase(), val);
                    return Ok(());
                }
                let method = g.cached_metamethod(t.metatable.get(), Metamethod::NewIndex);
                if method.is_nil() {
                    return t.set(l, key, val).or_throw(l);
                }
                method
            }
            None => {
                let method = g.metamethod_of(obj.value, Metamethod::NewIndex);
                if method.is_nil() {
                    return Err(l.type_error(obj, "index"));
                }
                method
            }
        };
        if method.is_function() {
            return call_metamethod(l, method, &[obj.value, key, val], 0).map(|_| ());
        }
        obj = ValueAt::nowhere(method);
    }
    Err(l.runtime_error(msg::LOOP_IN_SETTABLE))
}

// ---- arithmetic -----------------------------------------------------------------------------------------------

/// The primitive operation.
#[inline]
pub fn number_arith(event: Metamethod, a: f64, b: f64) -> f64 {
    match event {
        Metamethod::Add => a + b,
        Metamethod::Sub => a - b,
        Metamethod::Mul => a * b,
        Metamethod::Div => a / b,
        Metamethod::Mod => num::modulo(a, b),
        Metamethod::Pow => num::power(a, b),
        _ => -a,
    }
}

/// `a op b`, for operands that need not be numbers. For unary minus both operands are the same.
pub fn arith(l: Gc<Thread>, event: Metamethod, a: Value, b: Value) -> LResult<Value> {
    arith_at(l, event, ValueAt::nowhere(a), ValueAt::nowhere(b))
}

#[inline(never)]
pub fn arith_at(l: Gc<Thread>, event: Metamethod, a: ValueAt, b: ValueAt) -> LResult<Value> {
    if let (Some(x), Some(y)) = (to_number(a.value), to_number(b.value)) {
        return Ok(Value::number(number_arith(event, x, y)));
    }
    match binary_metamethod(l, event, a.value, b.value)? {
        Some(v) => Ok(v),
        None => Err(l.arith_error(a, b)),
    }
}

/// Result of the metamethod of the first operand that has one.
fn binary_metamethod(l: Gc<Thread>, event: Metamethod, a: Value, b: Value) -> LResult<Option<Value>> {
    let g = l.global();
    let mut f = g.metamethod_of(a, event);
    if f.is_nil() {
        f = g.metamethod_of(b, event);
    }
    if f.is_nil() {
        return Ok(None);
    }
    call_metamethod(l, f, &[a, b], 1).map(Some)
}

/// `#v`
#[inline(never)]
pub fn len_at(l: Gc<Thread>, v: ValueAt) -> LResult<Value> {
    let g = l.global();
    let method = if let Some(t) = v.value.as_table() {
        let method = g.cached_metamethod(t.metatable.get(), Metamethod::Len);
        if method.is_nil() {
            return Ok(Value::number(t.length(g) as f64));
        }
        method
    } else if let Some(s) = v.value.as_string() {
        return Ok(Value::number(s.len() as f64));
    } else {
        let method = g.metamethod_of(v.value, Metamethod::Len);
        if method.is_nil() {
            return Err(l.type_error(v, "get length of"));
        }
        method
    };
    call_metamethod(l, method, &[v.value, v.value], 1)
}

pub fn len(l: Gc<Thread>, v: Value) -> LResult<Value> {
    len_at(l, ValueAt::nowhere(v))
}

// ---- comparison -----------------------------------------------------------------------------------------------

/// `a == b`
#[inline]
pub fn equal(l: Gc<Thread>, a: Value, b: Value) -> LResult<bool> {
    if a.raw_equal(b) {
        return Ok(true);
    }
    let (m1, m2) = match (a.as_table(), b.as_table()) {
        (Some(x), Some(y)) => (x.metatable.get(), y.metatable.get()),
        _ => match (a.as_userdata(), b.as_userdata()) {
            (Some(x), Some(y)) => (x.metatable.get(), y.metatable.get()),
            _ => return Ok(false),
        },
    };
    equal_by_metamethod(l, a, b, m1, m2)
}

fn equal_by_metamethod(
    l: Gc<Thread>,
    a: Value,
    b: Value,
    m1: Option<Gc<Table>>,
    m2: Option<Gc<Table>>,
) -> LResult<bool> {
    let g = l.global();
    let method = g.cached_metamethod(m1, Metamethod::Eq);
    if method.is_nil() || m1 != m2 && !method.raw_equal(g.cached_metamethod(m2, Metamethod::Eq)) {
        return Ok(false);
    }
    Ok(!call_metamethod(l, method, &[a, b], 1)?.is_falsy())
}

/// Order of two strings in the C locale's collation; embedded zeros sort like the end of a piece.
pub fn compare_strings(a: Gc<Str>, b: Gc<Str>) -> core::cmp::Ordering {
    use core::cmp::Ordering;
    let (mut x, mut y) = (a.data(), b.data());
    let (mut nx, mut ny) = (a.len(), b.len());
    loop {
        // SAFETY: both are zero-terminated; the pieces lie inside the strings.
        let (order, piece) = unsafe { (sys::strcoll(x.cast(), y.cast()), sys::strlen(x.cast())) };
        if order != 0 {
            return order.cmp(&0);
        }
        if piece == ny {
            return if piece == nx { Ordering::Equal } else { Ordering::Greater };
        }
        if piece == nx {
            return Ordering::Less;
        }
        // SAFETY: `piece` is below both lengths: skip it and its zero.
        unsafe {
            x = x.add(piece + 1);
            y = y.add(piece + 1);
        }
        nx -= piece + 1;
        ny -= piece + 1;
    }
}

/// `a < b`
#[inline(never)]
pub fn less_than(l: Gc<Thread>, a: Value, b: Value) -> LResult<bool> {
    if let (Some(x), Some(y)) = (a.as_number(), b.as_number()) {
        return Ok(x < y);
    }
    if let (Some(x), Some(y)) = (a.as_string(), b.as_string()) {
        return Ok(compare_strings(x, y).is_lt());
    }
    match binary_metamethod(l, Metamethod::Lt, a, b)? {
        Some(v) => Ok(!v.is_falsy()),
        None => Err(l.order_error(a, b)),
    }
}

/// `a <= b`; without `__le`, `not (b < a)`.
#[inline(never)]
pub fn less_equal(l: Gc<Thread>, a: Value, b: Value) -> LResult<bool> {
    if let (Some(x), Some(y)) = (a.as_number(), b.as_number()) {
        return Ok(x <= y);
    }
    if let (Some(x), Some(y)) = (a.as_string(), b.as_string()) {
        return Ok(compare_strings(x, y).is_le());
    }
    if let Some(v) = binary_metamethod(l, Metamethod::Le, a, b)? {
        return Ok(!v.is_falsy());
    }
    match binary_metamethod(l, Metamethod::Lt, b, a)? {
        Some(v) => Ok(v.is_falsy()),
        None => Err(l.order_error(a, b)),
    }
}

// ---- concatenation --------------------------------------------------------------------------------------------

/// Room for the digits of the numbers of one concatenation, each with its length in front; further ones become
/// strings first.
const DIGITS: usize = 8 * num::NUMBER_BUFFER;

/// Concatenates the `total` topmost values; the result is left in place of the first of them.
#[inline(never)]
pub fn concat(l: Gc<Thread>, mut total: usize) -> LResult<()> {
    debug_assert!(total >= 2);
    if total == 2
        && let (Some(a), Some(b)) = (l.from_top(2).as_string(), l.from_top(1).as_string())
        && let Some(s) = string::join_short(l, a, b)
    {
        // SAFETY: two values are below the top.
        unsafe { l.top.get().below(2).write(Value::string(s?)) };
        l.drop_values(1);
        return Ok(());
    }
    while total > 1 {
        let top = l.top.get();
        let at = |i: usize| {
            // SAFETY: `total` values are below the top.
            unsafe { ValueAt::at(top.below(i)) }
        };
        let (a, b) = (at(2), at(1));
        let joinable = |v: Value| v.is_string() || v.is_number();
        if !joinable(a.value) || !joinable(b.value) {
            match binary_metamethod(l, Metamethod::Concat, a.value, b.value)? {
                Some(v) => {
                    // SAFETY: two operands are on the stack.
                    unsafe { l.top.get().below(2).write(v) };
                }
                None => return Err(l.concat_error(a, b)),
            }
            l.drop_values(1);
            total -= 1;
            continue;
        }
        let mut n = 2;
        while n < total && joinable(at(n + 1).value) {
            n += 1;
        }
        let s = join(l, n)?;
        // SAFETY: `n` values are below the top.
        unsafe { l.top.get().below(n).write(Value::string(s)) };
        l.drop_values(n - 1);
        total -= n - 1;
    }
    Ok(())
}

/// The string made of the `n` topmost values, all strings or numbers. On its own, so that metamethods do not nest with
/// its buffers on the native stack.
#[inline(never)]
fn join(l: Gc<Thread>, n: usize) -> LResult<Gc<Str>> {
    let mut digits = [core::mem::MaybeUninit::<u8>::uninit(); DIGITS];
    let (mut used, mut len) = (0usize, 0usize);
    for i in (1..=n).rev() {
        let v = l.from_top(i);
        let piece = if let Some(s) = v.as_string() {
            s.len()
        } else if used + num::NUMBER_BUFFER < DIGITS {
            let mut buf = [0; num::NUMBER_BUFFER];
            let k = num::format_g14(v.raw_number(), &mut buf);
            digits[used].write(k as u8);
            for (to, from) in digits[used + 1..].iter_mut().zip(&buf[..k]) {
                to.write(*from);
            }
            used += k + 1;
            k
        } else {
            let s = number_to_str(l, v.raw_number())?;
            // SAFETY: the value's own slot.
            unsafe { l.top.get().below(i).write(Value::string(s)) };
            s.len()
        };
        len = match len.checked_add(piece) {
            Some(n) if n < isize::MAX as usize => n,
            _ => return Err(l.runtime_error(msg::STRING_LENGTH_OVERFLOW)),
        };
    }
    let fill = |to: *mut u8| {
        let (mut to, mut taken) = (to, 0);
        for i in (1..=n).rev() {
            let v = l.from_top(i);
            // SAFETY: `to` has room for all pieces, whose lengths were added up above in the same order; a number
            // among them takes its digits from the buffer, where they lie in that order.
            unsafe {
                let (from, k) = match v.as_string() {
                    Some(s) => (s.data(), s.len()),
                    None => {
                        let from = digits.as_ptr().cast::<u8>().add(taken);
                        let k = *from as usize;
                        taken += k + 1;
                        (from.add(1), k)
                    }
                };
                core::ptr::copy_nonoverlapping(from, to, k);
                to = to.add(k);
            }
        }
    };
    if len <= string::MAX_SHORT {
        let mut buf = [0; string::MAX_SHORT];
        fill(buf.as_mut_ptr());
        Ok(string::intern(l, &buf[..len])?)
    } else {
        Ok(string::new_long(l, len, fill)?)
    }
}
