//! Library `table` (manual 6.5).
//!
//! Elements are accessed raw, as in the reference, so the functions work on the table itself. Only the length goes
//! through `__len`.
//!
//! The table is an argument, which stays alive while the function runs (`object::keep`). What is taken out of it does
//! not: a finalizer can empty the table. To add to a buffer runs none.

use super::argument;
use super::registry::{fast_entry, library};
use crate::api::Buffer;
use crate::api::Bytes;
use crate::api::Lua;
use crate::consts::*;
use crate::gc;
use crate::messages::{self as msg, Arg};
use crate::num::{self, NUMBER_BUFFER};
use crate::object::string::{MAX_SHORT, Str, new_long, new_str};
use crate::object::{Gc, Slot, Table, Value};
use crate::throw::LResult;
use crate::vm::debug::hooks::LongLoop;
use crate::vm::error::OrThrow;
use core::mem::MaybeUninit;

mod order_function;
mod sort;

use sort::sort;

library! {
    TABLE:
    FUNCTIONS {
        Concat "concat" concat;
        Maxn "maxn" maxn;
        Insert "insert" insert, fast insert_fast, gives None;
        Pack "pack" pack;
        Unpack "unpack" unpack;
        Remove "remove" remove, fast remove_fast;
        Sort "sort" sort;
    }
}

pub fn open(l: Lua) -> LResult<i32> {
    l.aux_newlib(&FUNCTIONS)?;
    l.getfield(-1, b"unpack")?;
    l.setglobal(b"unpack")?;
    Ok(1)
}

/// Argument `i`, which must be a table.
pub(super) fn check_table(l: Lua, i: i32) -> LResult<Gc<Table>> {
    if i <= l.gettop()
        && let Some(t) = argument(l, i).as_table()
    {
        return Ok(t);
    }
    l.aux_checktype(i, LUA_TTABLE)?;
    unreachable!("checktype accepted what is no table")
}

/// Length of the table that is argument 1, as `luaL_len` gives it.
pub(super) fn length(l: Lua, t: Gc<Table>) -> LResult<i32> {
    match t.metatable.get() {
        None => Ok(t.length(l.global()) as i32),
        Some(_) => l.aux_len(1),
    }
}

/// Moves the elements `from..to` by one place, up or down. All of them and their new places are in the array part.
fn shift(l: Lua, t: Gc<Table>, from: i32, to: i32, by: isize) {
    let at = t.array_ptr().wrapping_add(from as usize - 1);
    // SAFETY: the caller has checked that both ranges are in the array part.
    unsafe { core::ptr::copy(at, at.wrapping_offset(by), (to - from) as usize) };
    gc::entries_moved(l.global(), t.erase());
}

/// Copies an element to another place, which may need memory: the value is on the stack meanwhile, since an emergency
/// collection could clear it from a weak table.
#[inline(never)]
fn move_element(l: Lua, t: Gc<Table>, from: i64, to: i64) -> LResult<()> {
    let v = t.get_int(from);
    l.push(v);
    t.set_int(*l, to, v).or_throw(*l)?;
    l.drop_values(1);
    Ok(())
}

fn insert(l: Lua) -> LResult<i32> {
    let t = check_table(l, 1)?;
    let end = length(l, t)?.wrapping_add(1);
    let pos = match l.gettop() {
        2 => end,
        3 => {
            let pos = l.aux_checkint(2)?;
            if pos < 1 || pos > end {
                return Err(l.aux_argerror(2, msg::POSITION_OUT_OF_BOUNDS.as_bytes()));
            }
            if end as u32 <= t.asize() {
                shift(l, t, pos, end, 1);
            } else {
                let mut moves = LongLoop::new(*l);
                for i in (pos + 1..=end).rev() {
                    moves.step()?;
                    move_element(l, t, i as i64 - 1, i as i64)?;
                }
            }
            pos
        }
        _ => return Err(l.aux_error(msg::INSERT_ARGUMENTS, &[])),
    };
    t.set_int(*l, pos as i64, l.from_top(1)).or_throw(*l)?;
    Ok(0)
}

// Appends an element.
fast_entry! {
    fn insert_fast(l, args) {
        /// Far below the size at which growing a table ends in an error message.
        const LARGE: u32 = 1 << 26;
        if args.count() != 2 {
            return None;
        }
        let (t, v) = (args.get(0)?.as_table()?, args.get(1)?);
        if t.metatable.get().is_some() || t.asize() >= LARGE {
            return None;
        }
        let end = t.length(l.global()) + 1;
        if end as i32 <= 0 || t.set_int(l, end as i64, v).is_err() {
            return None;
        }
        Some(Value::NIL)
    }
}

fn remove(l: Lua) -> LResult<i32> {
    let t = check_table(l, 1)?;
    let size = length(l, t)?;
    let pos = l.aux_optint(2, size)?;
    if pos != size && (pos < 1 || pos > size.wrapping_add(1)) {
        return Err(l.aux_argerror(1, msg::POSITION_OUT_OF_BOUNDS.as_bytes()));
    }
    l.push(t.get_int(pos as i64));
    let last = if pos >= 1 && pos < size && size as u32 <= t.asize() {
        shift(l, t, pos + 1, size + 1, -1);
        size
    } else {
        let mut moves = LongLoop::new(*l);
        for i in pos..size {
            moves.step()?;
            move_element(l, t, i as i64 + 1, i as i64)?;
        }
        pos.max(size)
    };
    t.set_int(*l, last as i64, Value::NIL).or_throw(*l)?;
    Ok(1)
}

// Removes the last element.
fast_entry! {
    fn remove_fast(l, args) {
        if args.count() != 1 {
            return None;
        }
        let t = args.get(0)?.as_table()?;
        if t.metatable.get().is_some() {
            return None;
        }
        let size = t.length(l.global());
        if size == 0 || size > t.asize() as u64 {
            return None;
        }
        Some(t.array()[size as usize - 1].replace(Value::NIL))
    }
}

fn maxn(l: Lua) -> LResult<i32> {
    let t = check_table(l, 1)?;
    let mut max = 0.0;
    let mut at = 0;
    while let Some((next, key, _)) = t.next_from(at) {
        if let Some(n) = key.as_number()
            && n > max
        {
            max = n;
        }
        at = next;
    }
    l.pushnumber(max);
    Ok(1)
}

fn pack(l: Lua) -> LResult<i32> {
    let n = l.gettop();
    l.createtable(n, 1)?;
    l.pushinteger(n as isize);
    l.setfield(-2, b"n")?;
    let Some(t) = l.from_top(1).as_table() else { return Ok(1) };
    for i in 1..=n {
        t.set_int(*l, i as i64, argument(l, i)).or_throw(*l)?;
    }
    Ok(1)
}

fn unpack(l: Lua) -> LResult<i32> {
    let t = check_table(l, 1)?;
    let first = l.aux_optint(2, 1)?;
    let last = if l.isnoneornil(3) { length(l, t)? } else { l.aux_checkint(3)? };
    if first > last {
        return Ok(0);
    }
    let n = last.wrapping_sub(first).wrapping_add(1);
    if n <= 0 || !l.checkstack(n) {
        return Err(l.aux_error(msg::TOO_MANY_UNPACKED, &[]));
    }
    if first >= 1 && last as u32 <= t.asize() {
        let top = l.top.get();
        // SAFETY: `checkstack` made room for `n` values; all of them are in the array part.
        unsafe { Slot::from_ptr(t.array_ptr()).above(first as usize - 1).copy_to(top, n as usize) };
        l.top.set(top.above(n as usize));
    } else {
        for i in first..=last {
            l.push(t.get_int(i as i64));
        }
    }
    Ok(n)
}

/// The string made of elements `first..=last` and separators, when all elements are strings. `None` otherwise.
fn join_strings(l: Lua, t: Gc<Table>, separator: &[u8], first: i64, last: i64) -> LResult<Option<Gc<Str>>> {
    if first < 1 || last > t.asize() as i64 {
        return Ok(None);
    }
    let elements = &t.array()[first as usize - 1..last as usize];
    let mut total = separator.len().saturating_mul(elements.len() - 1);
    for e in elements {
        match e.get().as_string() {
            Some(s) => total = total.saturating_add(s.len()),
            None => return Ok(None),
        }
    }
    let fill = |mut to: *mut u8| {
        let mut put = |bytes: &[u8]| {
            // SAFETY: `to` has room for all pieces, whose lengths were added up above; nothing has changed since.
            unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len()) };
            to = to.wrapping_add(bytes.len());
        };
        for (i, e) in elements.iter().enumerate() {
            if i > 0 {
                put(separator);
            }
            if let Some(s) = e.get().as_string() {
                put(s.bytes());
            }
        }
    };
    if total > MAX_SHORT {
        return Ok(Some(new_long(*l, total, fill)?));
    }
    let mut short = [0; MAX_SHORT];
    fill(short.as_mut_ptr());
    Ok(Some(new_str(*l, &short[..total])?))
}

fn concat(l: Lua) -> LResult<i32> {
    let separator = l.aux_optlstring(2, Some(Bytes::default()))?.unwrap_or_default();
    let t = check_table(l, 1)?;
    let first = l.aux_optint(3, 1)?;
    let last = if l.isnoneornil(4) { length(l, t)? } else { l.aux_checkint(4)? };
    if first > last {
        l.pushlstring(b"")?;
        return Ok(1);
    }
    if let Some(s) = join_strings(l, t, &separator, first as i64, last as i64)? {
        l.push(Value::string(s));
        gc::check(*l)?;
        return Ok(1);
    }
    let mut slot = MaybeUninit::uninit();
    let buffer = Buffer::init(&mut slot, l);
    let mut i = first;
    let mut elements = LongLoop::new(*l);
    loop {
        elements.step()?;
        let v = t.get_int(i as i64);
        if let Some(s) = v.as_string() {
            buffer.add(s.bytes())?;
        } else if let Some(n) = v.as_number() {
            let mut text = [0; NUMBER_BUFFER];
            let len = num::format_g14(n, &mut text);
            buffer.add(&text[..len])?;
        } else {
            let args = [Arg::S(Lua::typename(v.type_id()).as_bytes()), Arg::D(i as i64)];
            return Err(l.aux_error(msg::CONCAT_VALUE, &args));
        }
        if i == last {
            break;
        }
        buffer.add(&separator)?;
        i += 1;
    }
    buffer.pushresult()?;
    Ok(1)
}
