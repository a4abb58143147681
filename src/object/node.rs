//! The nodes of the hash part of a table; `table` explains their fields.

use super::value::Value;
use core::cell::Cell;

#[repr(C)]
pub struct Node {
    pub val: Cell<Value>,
    pub key: Cell<Value>,
    pub next: Cell<i32>,
    pub aux: Cell<u32>,
}
