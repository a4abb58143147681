//! The 8-byte, NaN-boxed Lua value.
//!
//! Invariants
//! * A bit pattern below `TAG_SPECIAL << 48` is a double. The only NaNs among them are the two quiet NaNs
//!   that x86 and printf tell apart (`nan` and `-nan`): `Value::number` canonicalises every other payload.
//! * Above that, bits 48..63 are the tag and bits 0..47 the payload: an address, or a small constant.
//! * Arithmetic on the double view of any tagged value yields a NaN, so the interpreter may compute first and
//!   test the result (`r == r`) afterwards.
//! * Collectable values are exactly those at or above `TAG_STRING << 48`.

use super::c_types::lua_CFunction;
use super::header::{Gc, GcRef, Header, Kind};
use crate::consts::*;
use core::ffi::{CStr, c_void};
use core::fmt;

/// Tags, bits 48..63 of a boxed value.
pub const TAG_SPECIAL: u64 = 0xFFF9;
pub const TAG_LIGHT: u64 = 0xFFFA;
pub const TAG_LIGHTC: u64 = 0xFFFB;
pub const TAG_STRING: u64 = 0xFFFC;
pub const TAG_TABLE: u64 = 0xFFFD;
pub const TAG_FUNCTION: u64 = 0xFFFE;
/// Userdata and threads; the header's kind tells which.
pub const TAG_OBJECT: u64 = 0xFFFF;

const PAYLOAD: u64 = 0x0000_FFFF_FFFF_FFFF;
/// Low bits of a special payload that mark an interned wide light userdata (see `Global::wide_lights`).
const WIDE_LIGHT: u64 = 4;

/// One Lua value. The file of a type of objects has the methods that lead to it and from it, such as `Value::table` and
/// `Value::as_table`.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct Value(pub u64);

impl Value {
    pub const NIL: Value = Value(TAG_SPECIAL << 48);
    pub const FALSE: Value = Value(TAG_SPECIAL << 48 | 1);
    pub const TRUE: Value = Value(TAG_SPECIAL << 48 | 2);

    #[inline(always)]
    pub fn number(n: f64) -> Value {
        if n == n { Value(n.to_bits()) } else { Value(0x7FF8_0000_0000_0000 | n.to_bits() & (1 << 63)) }
    }
    #[inline(always)]
    pub fn boolean(b: bool) -> Value {
        Value(Self::FALSE.0 + b as u64)
    }
    #[inline(always)]
    pub(super) fn boxed<T>(tag: u64, p: *const T) -> Value {
        Value(tag << 48 | p as u64 & PAYLOAD)
    }
    #[inline(always)]
    pub fn light_c(f: lua_CFunction) -> Value {
        Self::boxed(TAG_LIGHTC, f as *const c_void)
    }
    /// A light userdata whose pattern fits the payload; `None` for wider ones (interned by the state).
    #[inline(always)]
    pub fn light(p: *mut c_void) -> Option<Value> {
        if p as u64 & !PAYLOAD == 0 { Some(Value(TAG_LIGHT << 48 | p as u64)) } else { None }
    }
    pub fn wide_light(index: u32) -> Value {
        Value(TAG_SPECIAL << 48 | (index as u64) << 3 | WIDE_LIGHT)
    }
    pub fn as_wide_light(self) -> Option<u32> {
        let payload = self.0 & PAYLOAD;
        (self.tag() == TAG_SPECIAL && payload & 7 == WIDE_LIGHT).then_some((payload >> 3) as u32)
    }
    /// The mark that replaces a collected key in a table node: it equals no live value, but `next` still finds it.
    #[inline(always)]
    pub fn dead_key(self) -> Value {
        Value(TAG_SPECIAL << 48 | self.0 & PAYLOAD)
    }

    #[inline(always)]
    pub fn tag(self) -> u64 {
        self.0 >> 48
    }
    #[inline(always)]
    pub fn is_number(self) -> bool {
        self.0 < TAG_SPECIAL << 48
    }
    #[inline(always)]
    pub fn is_nil(self) -> bool {
        self.0 == Self::NIL.0
    }
    /// nil or false
    #[inline(always)]
    pub fn is_falsy(self) -> bool {
        self.0.wrapping_sub(Self::NIL.0) < 2
    }
    #[inline(always)]
    pub fn is_boolean(self) -> bool {
        self.0.wrapping_sub(Self::FALSE.0) < 2
    }
    #[inline(always)]
    pub fn is_string(self) -> bool {
        self.tag() == TAG_STRING
    }
    #[inline(always)]
    pub fn is_table(self) -> bool {
        self.tag() == TAG_TABLE
    }
    #[inline(always)]
    pub fn is_function(self) -> bool {
        self.tag() == TAG_FUNCTION || self.tag() == TAG_LIGHTC
    }
    #[inline(always)]
    pub fn is_collectable(self) -> bool {
        self.0 >= TAG_STRING << 48
    }
    /// The double view; meaningful only when `is_number`.
    #[inline(always)]
    pub fn raw_number(self) -> f64 {
        f64::from_bits(self.0)
    }
    #[inline(always)]
    pub fn as_number(self) -> Option<f64> {
        if self.is_number() { Some(self.raw_number()) } else { None }
    }
    #[inline(always)]
    pub fn payload<T>(self) -> *mut T {
        (self.0 & PAYLOAD) as *mut T
    }
    /// The object behind a collectable value.
    #[inline(always)]
    pub fn object(self) -> Option<GcRef> {
        // SAFETY: a collectable tag is only ever put on the address of a live object.
        if self.is_collectable() { Some(unsafe { Gc::from_ptr(self.payload()) }) } else { None }
    }
    /// The payload if the tag is `tag`: one exclusive-or clears a right tag and leaves a wrong one visible.
    #[inline(always)]
    pub(super) fn untag(self, tag: u64) -> Option<u64> {
        let payload = self.0 ^ tag << 48;
        if payload >> 48 == 0 { Some(payload) } else { None }
    }
    #[inline(always)]
    pub(super) fn header(self) -> GcRef {
        debug_assert!(self.is_collectable());
        // SAFETY: a collectable tag is only ever put on the address of a live object.
        unsafe { Gc::from_ptr(self.payload::<Header>()) }
    }
    #[inline(always)]
    pub(super) fn of_kind<T>(self, tag: u64, kind: Kind) -> Option<Gc<T>> {
        let p = self.untag(tag)? as *mut Header;
        // SAFETY: a collectable tag is only ever put on the address of a live object, whose kind says its type.
        unsafe { if (*p).kind() == kind { Some(Gc::from_ptr(p.cast())) } else { None } }
    }
    #[inline(always)]
    pub fn as_light_c(self) -> Option<lua_CFunction> {
        if self.tag() == TAG_LIGHTC {
            // SAFETY: only `Value::light_c` makes this tag, from a function pointer.
            Some(unsafe { core::mem::transmute::<*mut c_void, lua_CFunction>(self.payload()) })
        } else {
            None
        }
    }
    /// The `LUA_T*` constant of the value.
    #[inline]
    pub fn type_id(self) -> i32 {
        // Four bits for each tag. Special values and objects are of several types; for them it is one that no other tag
        // has.
        const BY_TAG: u32 = (LUA_TBOOLEAN
            | LUA_TLIGHTUSERDATA << 4
            | LUA_TFUNCTION << 8
            | LUA_TSTRING << 12
            | LUA_TTABLE << 16
            | LUA_TFUNCTION << 20
            | LUA_TUSERDATA << 24) as u32;
        if self.is_number() {
            return LUA_TNUMBER;
        }
        let t = (BY_TAG >> (4 * (self.tag() - TAG_SPECIAL)) & 0xF) as i32;
        match t {
            LUA_TBOOLEAN => match self.0 & PAYLOAD {
                0 => LUA_TNIL,
                1 | 2 => t,
                _ => LUA_TLIGHTUSERDATA,
            },
            LUA_TUSERDATA if self.header().kind() == Kind::Thread => LUA_TTHREAD,
            _ => t,
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({:#018x})", self.0)
    }
}

/// Name of a `LUA_T*` type; index is the constant plus one (LUA_TNONE is "no value").
pub const TYPE_NAMES: [&CStr; 11] = [
    c"no value",
    c"nil",
    c"boolean",
    c"userdata",
    c"number",
    c"string",
    c"table",
    c"function",
    c"userdata",
    c"thread",
    c"proto",
];

/// The same for messages.
pub fn type_name(t: i32) -> &'static str {
    // SAFETY: they are ASCII.
    unsafe { core::str::from_utf8_unchecked(TYPE_NAMES[(t + 1) as usize].to_bytes()) }
}
