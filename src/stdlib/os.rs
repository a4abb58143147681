//! Library `os` (manual 6.9).

use super::c_string;
use super::registry::library;
use crate::api::Buffer;
use crate::api::Bytes;
use crate::api::Lua;
use crate::consts::*;
use crate::messages::{self as msg, Arg};
use crate::num;
use crate::sys;
use crate::sys::{time_t, tm};
use crate::throw::LResult;
use core::ffi::{CStr, c_int};
use core::mem::MaybeUninit;

library! {
    OS:
    FUNCTIONS {
        Clock "clock" os_clock;
        Date "date" date;
        Difftime "difftime" difftime;
        Execute "execute" execute;
        Exit "exit" exit;
        Getenv "getenv" getenv;
        Remove "remove" os_remove;
        Rename "rename" os_rename;
        Setlocale "setlocale" setlocale;
        Time "time" time;
        Tmpname "tmpname" tmpname;
    }
}

pub fn open(l: Lua) -> LResult<i32> {
    l.aux_newlib(&FUNCTIONS)?;
    Ok(1)
}

fn execute(l: Lua) -> LResult<i32> {
    let status = l.retrying(|| {
        let command = l.aux_optlstring(1, None)?.map(c_string);
        // SAFETY: a terminated string, or null to ask whether there is a shell.
        let status = unsafe { sys::system(command.map_or(core::ptr::null(), |s| s.as_ptr())) };
        Ok((status != -1).then_some(status))
    })?;
    let status = status.unwrap_or(-1);
    if !l.isnoneornil(1) {
        return l.aux_execresult(status);
    }
    l.pushboolean(status != 0);
    Ok(1)
}

fn os_remove(l: Lua) -> LResult<i32> {
    let name = c_string(l.aux_checklstring(1)?);
    // SAFETY: a terminated string.
    let r = unsafe { sys::remove(name.as_ptr()) };
    l.aux_fileresult(r == 0, Some(name.to_bytes()))
}

fn os_rename(l: Lua) -> LResult<i32> {
    let from = c_string(l.aux_checklstring(1)?);
    let to = c_string(l.aux_checklstring(2)?);
    // SAFETY: terminated strings.
    let r = unsafe { sys::rename(from.as_ptr(), to.as_ptr()) };
    l.aux_fileresult(r == 0, None)
}

fn tmpname(l: Lua) -> LResult<i32> {
    let name = l.retrying(|| Ok(sys::temporary_name()))?;
    let Some(name) = name else { return Err(l.aux_error(msg::NO_UNIQUE_NAME, &[])) };
    l.pushlstring(&name[..name.len() - 1])?;
    Ok(1)
}

fn getenv(l: Lua) -> LResult<i32> {
    let name = c_string(l.aux_checklstring(1)?);
    // SAFETY: a terminated string in, one or null out.
    unsafe {
        let value = sys::getenv(name.as_ptr());
        if value.is_null() {
            l.pushnil();
        } else {
            l.pushlstring(CStr::from_ptr(value).to_bytes())?;
        }
    }
    Ok(1)
}

fn os_clock(l: Lua) -> LResult<i32> {
    l.pushnumber(sys::processor_time());
    Ok(1)
}

fn set_field(l: Lua, key: &str, value: c_int) -> LResult<()> {
    l.pushinteger(value as isize);
    l.setfield(-2, key.as_bytes())
}

/// Field of the date table on top; `default` below 0 means that there must be one.
fn field(l: Lua, key: &str, default: c_int) -> LResult<c_int> {
    l.getfield(-1, key.as_bytes())?;
    let value = match l.tointegerx(-1) {
        Some(n) => n as c_int,
        None if default < 0 => return Err(l.aux_error(msg::DATE_FIELD, &[Arg::S(key.as_bytes())])),
        None => default,
    };
    l.pop(1);
    Ok(value)
}

/// The length in bytes of the conversion at the start of `text`, which is behind the `%`.
fn conversion(text: &[u8]) -> Option<usize> {
    /// Modifier (0: none) and the conversions it may stand before.
    const CONVERSIONS: [(u8, &[u8]); 3] =
        [(0, b"aAbBcCdDeFgGhHIjmMnprRStTuUVwWxXyYzZ%"), (b'E', b"cCxXyY"), (b'O', b"deHImMSuUVwWy")];
    CONVERSIONS.iter().find_map(|(modifier, allowed)| match (modifier, text) {
        (0, [c, ..]) => allowed.contains(c).then_some(1),
        (_, [m, c, ..]) => (m == modifier && allowed.contains(c)).then_some(2),
        _ => None,
    })
}

fn date(l: Lua) -> LResult<i32> {
    let format = l.aux_optlstring(1, Some(Bytes::fixed(b"%c")))?.unwrap_or_default().c_part();
    let time = if l.isnoneornil(2) {
        // SAFETY: null asks for the result only.
        unsafe { sys::time(core::ptr::null_mut()) }
    } else {
        num::to_integer(l.aux_checknumber(2)?) as time_t
    };
    let (utc, format) = match &format[..] {
        [b'!', rest @ ..] => (true, rest),
        format => (false, format),
    };
    let Some(t) = sys::broken_down(time, utc) else {
        l.pushnil();
        return Ok(1);
    };
    if format == b"*t" {
        l.createtable(0, 9)?;
        set_field(l, "sec", t.tm_sec)?;
        set_field(l, "min", t.tm_min)?;
        set_field(l, "hour", t.tm_hour)?;
        set_field(l, "day", t.tm_mday)?;
        set_field(l, "month", t.tm_mon + 1)?;
        set_field(l, "year", t.tm_year.wrapping_add(1900))?;
        set_field(l, "wday", t.tm_wday + 1)?;
        set_field(l, "yday", t.tm_yday + 1)?;
        if t.tm_isdst >= 0 {
            l.pushboolean(t.tm_isdst != 0);
            l.setfield(-2, b"isdst")?;
        }
        return Ok(1);
    }
    format_date(l, format, &t)?;
    Ok(1)
}

fn format_date(l: Lua, format: &[u8], t: &tm) -> LResult<()> {
    /// Room for one converted item.
    const ITEM: usize = 200;
    let mut slot = MaybeUninit::uninit();
    let buffer = Buffer::init(&mut slot, l);
    let mut rest = format;
    while let Some((&c, after)) = rest.split_first() {
        if c != b'%' {
            buffer.addbyte(c)?;
            rest = after;
            continue;
        }
        let Some(n) = conversion(after) else {
            let text = l.pushfmt(msg::INVALID_CONVERSION, &[Arg::S(after)])?;
            return Err(l.aux_argerror(1, &text));
        };
        let mut specifier = [0u8; 4];
        specifier[0] = b'%';
        specifier[1..=n].copy_from_slice(&after[..n]);
        let mut item = [0u8; ITEM];
        // SAFETY: the specifier is terminated, the room is the buffer's.
        let len = unsafe { sys::strftime(item.as_mut_ptr().cast(), ITEM, specifier.as_ptr().cast(), t) };
        buffer.add(&item[..len])?;
        rest = &after[n..];
    }
    buffer.pushresult()?;
    Ok(())
}

fn time(l: Lua) -> LResult<i32> {
    let t = if l.isnoneornil(1) {
        // SAFETY: null asks for the result only.
        unsafe { sys::time(core::ptr::null_mut()) }
    } else {
        l.aux_checktype(1, LUA_TTABLE)?;
        l.settop(1);
        // SAFETY: zero is a value of each field.
        let mut t: tm = unsafe { core::mem::zeroed() };
        t.tm_sec = field(l, "sec", 0)?;
        t.tm_min = field(l, "min", 0)?;
        t.tm_hour = field(l, "hour", 12)?;
        t.tm_mday = field(l, "day", -1)?;
        t.tm_mon = field(l, "month", -1)?.wrapping_sub(1);
        t.tm_year = field(l, "year", -1)?.wrapping_sub(1900);
        l.getfield(-1, b"isdst")?;
        t.tm_isdst = if l.from_top(1).is_nil() { -1 } else { l.toboolean(-1) as c_int };
        l.pop(1);
        // SAFETY: a complete structure.
        unsafe { sys::mktime(&mut t) }
    };
    if t == -1 {
        l.pushnil();
    } else {
        l.pushnumber(t as f64);
    }
    Ok(1)
}

fn difftime(l: Lua) -> LResult<i32> {
    // The reference looks at the second argument first.
    let b = num::to_integer(l.aux_optnumber(2, 0.0)?);
    let a = num::to_integer(l.aux_checknumber(1)?);
    l.pushnumber(sys::difftime(a as time_t, b as time_t));
    Ok(1)
}

fn setlocale(l: Lua) -> LResult<i32> {
    const NAMES: [&str; 6] = ["all", "collate", "ctype", "monetary", "numeric", "time"];
    const CATEGORIES: [c_int; 6] =
        [sys::LC_ALL, sys::LC_COLLATE, sys::LC_CTYPE, sys::LC_MONETARY, sys::LC_NUMERIC, sys::LC_TIME];
    let name = l.aux_optlstring(1, None)?.map(c_string);
    let category = CATEGORIES[l.aux_checkoption(2, Some(b"all"), &NAMES)?];
    // SAFETY: a terminated string, or null to ask; the result is a terminated string or null.
    unsafe {
        let r = sys::setlocale(category, name.map_or(core::ptr::null(), |s| s.as_ptr()));
        if r.is_null() {
            l.pushnil();
        } else {
            l.pushlstring(CStr::from_ptr(r).to_bytes())?;
        }
    }
    Ok(1)
}

fn exit(l: Lua) -> LResult<i32> {
    let status = if l.type_(1) == LUA_TBOOLEAN {
        if l.toboolean(1) { sys::EXIT_SUCCESS } else { sys::EXIT_FAILURE }
    } else {
        l.aux_optint(1, sys::EXIT_SUCCESS)?
    };
    if l.toboolean(2) {
        l.named_close()?;
    }
    // SAFETY: ends the process as a C program does.
    unsafe { sys::exit(status) }
}
