//! Where native code finds the fields of objects: distances in bytes from the object's address.

use super::call_info::{CallKind, LuaFrame};
use super::header::{Header, gc_bits};
use super::table::{NO_HASH, Node, Table};
use super::value::Value;
use super::{Builtin, CallInfo, Global, LuaClosure, Metamethod, Proto, Str, Thread, UpVal};
use crate::mem::Array;
use core::mem::offset_of;

macro_rules! distances {
    ($($name:ident = $type:ty, $($field:ident).+;)*) => {
        $(pub const $name: i32 = offset_of!($type, $($field).+) as i32;)*
    };
}

distances! {
    THREAD_TOP = Thread, top;
    THREAD_GLOBAL = Thread, g;
    THREAD_CI = Thread, ci;
    THREAD_STACK_LAST = Thread, stack_last;
    THREAD_NATIVE_DEPTH = Thread, native_depth;
    THREAD_HOOK_MASK = Thread, hook_mask;
    THREAD_OPEN_UPVALUES = Thread, open_upvals;
    GLOBAL_DEBT = Global, heap.gc.memory.debt;
    CI_SAVED_PC = CallInfo, saved_pc;
    CI_FUNC = CallInfo, func;
    CI_TOP = CallInfo, top;
    CI_PREV = CallInfo, prev;
    CI_NEXT = CallInfo, next;
    CI_BASE = CallInfo, base;
    CI_KIND = CallInfo, kind;
    CI_RETURNS_TO = CallInfo, shared;
    LUA_FRAME_GOES_ON_AT = LuaFrame, goes_on_at;
    OBJECT_KIND = Header, kind;
    OBJECT_MARKED = Header, marked;
    SHORT_LENGTH = Str, header.aux1;
    SHORT_HASH = Str, header.aux32;
    TABLE_FLAGS = Table, header.aux0;
    TABLE_LSIZENODE = Table, header.aux1;
    TABLE_ASIZE = Table, header.aux32;
    TABLE_DATA = Table, data;
    TABLE_METATABLE = Table, metatable;
    NODE_VAL = Node, val;
    NODE_KEY = Node, key;
    NODE_NEXT = Node, next;
    CLOSURE_PROTO = LuaClosure, proto;
    CLOSURE_UPVALS = LuaClosure, upvals;
    UPVAL_V = UpVal, v;
    BUILTIN_FAST = Builtin, fast;
    BUILTIN_FAST_RESULT = Builtin, fast_result;
    BUILTIN_INTRINSIC = Builtin, intrinsic;
    PROTO_NUMPARAMS = Proto, header.aux0;
    PROTO_FRAME_BYTES = Proto, header.aux32;
    PROTO_NATIVE = Proto, native.code;
}

pub const PROTO_K: i32 = offset_of!(Proto, k) as i32 + Array::<Value>::POINTER as i32;
pub const CI_GOES_ON_AT: i32 = CI_RETURNS_TO + LUA_FRAME_GOES_ON_AT;
/// In `OBJECT_MARKED`.
pub const BLACK: u8 = gc_bits::BLACK;
/// What `CallKind::is_fresh` compares with, for no result and for one.
pub const FRESH_KINDS: [u32; 2] = [CallKind::fresh(0).bits(), CallKind::fresh(1).bits()];
/// The same for all results.
pub const FRESH_OPEN_KIND: u32 = CallKind::fresh(-1).bits();
/// What `CallKind::is_plain` compares with.
pub const PLAIN_KIND: u32 = CallKind::plain(-1).bits();
/// The kind of a metamethod's frame for no result; the next number is that for one.
pub const METAMETHOD_KIND: u32 = CallKind::metamethod(0).bits();
/// Nodes are as many bytes.
pub const NODE_SIZE: i32 = size_of::<Node>() as i32;
pub const NO_HASH_PART: i32 = NO_HASH as i32;
/// In `TABLE_FLAGS`: there is no `__index`.
pub const NO_INDEX: i32 = 1 << Metamethod::Index as u8;
