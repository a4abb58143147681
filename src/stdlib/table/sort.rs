//! `table.sort` (manual 6.5).
//!
//! Quicksort with the median of three as pivot. Which elements are compared in which order is that of the reference,
//! since a comparison function can see it: through side effects, through the result for an order function that is not
//! consistent, and through the error for one that leads the scan out of the range. Where nobody can see it (plain
//! numbers, or strings in byte order, and no function) a faster sort takes its place.

use super::order_function::OrderFunction;
use super::{check_table, length};
use crate::api::Lua;
use crate::consts::*;
use crate::gc;
use crate::messages as msg;
use crate::object::{Gc, SlotOffset, Table, Value};
use crate::sys::{self, arch};
use crate::throw::LResult;
use crate::vm::debug::hooks::count_steps;
use crate::vm::error::OrThrow;
use crate::vm::meta;
use core::cell::Cell;
use core::cmp::Ordering;

pub fn sort(l: Lua) -> LResult<i32> {
    let t = check_table(l, 1)?;
    let n = length(l, t)?;
    l.aux_checkstack(40, Some(b""))?;
    let has_function = !l.isnoneornil(2);
    if has_function {
        l.aux_checktype(2, LUA_TFUNCTION)?;
    }
    l.settop(2);
    // A count hook can look in on the slower sort only.
    if n < 2 || !has_function && l.hook_mask() == 0 && sort_plain(l, t, n as usize) {
        return Ok(0);
    }
    let order = if has_function { Some(l.from_top(1)) } else { None };
    for _ in 0..ANCHORS {
        l.pushnil();
    }
    let sorter = Sorter {
        l,
        t,
        order,
        counts_itself: order.is_some_and(|f| f.as_lua_closure().is_some()),
        simple: Cell::new(order.and_then(|f| OrderFunction::new(f, is_plain_locale()))),
        comparisons: Cell::new(0),
        anchors: l.save_slot(l.top.get()).below(ANCHORS),
    };
    sorter.sort(1, n)?;
    Ok(0)
}

/// Whether byte order is the order of strings now.
fn is_plain_locale() -> bool {
    // SAFETY: a query returns a string or null.
    unsafe {
        let name = sys::setlocale(sys::LC_COLLATE, core::ptr::null());
        !name.is_null()
            && (sys::strcmp(name, c"C".as_ptr()) == 0 || sys::strcmp(name, c"POSIX".as_ptr()) == 0)
    }
}

/// The order of two strings by their bytes. It is compiled once, and not into each place of the sort that compares,
/// which would make 4 KB of code.
#[inline(never)]
fn by_bytes(a: &Value, b: &Value) -> Ordering {
    match (a.as_string(), b.as_string()) {
        (Some(a), Some(b)) => a.head().cmp(&b.head()).then_with(|| a.bytes().cmp(b.bytes())),
        _ => Ordering::Equal,
    }
}

/// Sorts elements that are all numbers or all strings, none of which is different from another and yet equal to it.
fn sort_plain(l: Lua, t: Gc<Table>, n: usize) -> bool {
    if n > t.asize() as usize {
        return false;
    }
    let elements = &t.array()[..n];
    // A NaN has no place in the order, and the two zeros are equal but not the same.
    let plain = |v: Value| v.is_number() && v.raw_number() == v.raw_number() && v.0 != (-0.0f64).to_bits();
    if elements.iter().all(|e| plain(e.get())) {
        // SAFETY: the values are doubles; nothing else looks at the array while it is sorted.
        let numbers = unsafe { core::slice::from_raw_parts_mut(t.array_ptr().cast::<f64>(), n) };
        numbers.sort_unstable_by(|a, b| {
            if a < b {
                Ordering::Less
            } else if a > b {
                Ordering::Greater
            } else {
                Ordering::Equal
            }
        });
        return true;
    }
    if elements.iter().all(|e| e.get().is_string()) && is_plain_locale() {
        // SAFETY: nothing else looks at the array while it is sorted.
        let strings = unsafe { core::slice::from_raw_parts_mut(t.array_ptr(), n) };
        strings.sort_unstable_by(by_bytes);
        gc::entries_moved(l.global(), t.erase());
        return true;
    }
    false
}

/// Stack slots that keep values alive while the order function runs, or while an assignment needs memory: the order
/// function may have emptied the table.
const ANCHORS: usize = 3;
const PIVOT: usize = 0;
const LOW: usize = 1;
const HIGH: usize = 2;

/// Comparisons between two looks of the count hook.
const STEPS: i32 = 256;

struct Sorter {
    l: Lua,
    t: Gc<Table>,
    order: Option<Value>,
    /// whether the order function is written in Lua: then the count hook sees its instructions
    counts_itself: bool,
    /// the order function, while it has been simple
    simple: Cell<Option<OrderFunction>>,
    /// comparisons made here since the count hook could look in
    comparisons: Cell<i32>,
    /// stack offset of the anchors
    anchors: SlotOffset,
}

impl Sorter {
    #[inline(always)]
    fn read(&self, i: i32) -> Value {
        self.t.get_int(i as i64)
    }
    #[inline(always)]
    fn write(&self, i: i32, v: Value) -> LResult<()> {
        self.t.set_int(*self.l, i as i64, v).or_throw(*self.l)
    }
    #[inline(always)]
    fn anchor(&self, which: usize, v: Value) -> Value {
        // SAFETY: the anchors are slots of the running function.
        unsafe { self.l.restore_slot(self.anchors).above(which).write(v) };
        v
    }

    /// Fetches objects that the scan in this direction comes to soon: first the object, then the fields of a table.
    #[inline(always)]
    fn look_ahead(&self, i: i32, direction: i32) {
        const FAR: i32 = 8;
        const NEAR: i32 = 4;
        let array = self.t.array();
        let ahead = |distance: i32| array.get((i + direction * distance - 1) as usize).map(Cell::get);
        if let Some(v) = ahead(FAR)
            && v.is_collectable()
        {
            arch::prefetch(v.payload());
            if let Some(t) = ahead(NEAR).and_then(Value::as_table) {
                arch::prefetch(t.data().wrapping_sub(size_of::<crate::object::table::Node>()));
            }
        }
    }

    /// Whether `a` goes before `b`.
    #[inline(always)]
    fn less(&self, a: Value, b: Value) -> LResult<bool> {
        let l = self.l;
        if let Some(simple) = self.simple.get() {
            if l.hook_mask() == 0
                && let Some(r) = simple.evaluate(l, a, b)
            {
                return Ok(r);
            }
            self.simple.set(None);
        }
        if !self.counts_itself {
            self.comparisons.set(self.comparisons.get() + 1);
            if self.comparisons.get() == STEPS {
                self.comparisons.set(0);
                count_steps(*l, STEPS)?;
            }
        }
        if let Some(order) = self.order {
            l.push(order);
            l.push(a);
            l.push(b);
            l.call(2, 1)?;
            let r = !l.from_top(1).is_falsy();
            l.drop_values(1);
            return Ok(r);
        }
        if a.is_number() && b.is_number() {
            return Ok(a.raw_number() < b.raw_number());
        }
        meta::less_than(*l, a, b)
    }

    /// Puts elements `i` and `j` in order.
    fn order_pair(&self, i: i32, j: i32) -> LResult<()> {
        let a = self.anchor(LOW, self.read(i));
        let b = self.anchor(HIGH, self.read(j));
        if self.less(b, a)? {
            self.write(i, b)?;
            self.write(j, a)?;
        }
        Ok(())
    }

    fn sort(&self, mut low: i32, mut high: i32) -> LResult<()> {
        while low < high {
            self.order_pair(low, high)?;
            if high - low == 1 {
                break;
            }
            let middle = ((low as u32 + high as u32) / 2) as i32;
            let m = self.anchor(LOW, self.read(middle));
            let first = self.anchor(HIGH, self.read(low));
            if self.less(m, first)? {
                self.write(middle, first)?;
                self.write(low, m)?;
            } else {
                let last = self.anchor(HIGH, self.read(high));
                if self.less(last, m)? {
                    self.write(middle, last)?;
                    self.write(high, m)?;
                }
            }
            if high - low == 2 {
                break;
            }
            let split = self.partition(low, middle, high)?;
            // The smaller half by recursion, so that the depth stays logarithmic.
            if split - low < high - split {
                self.sort(low, split - 1)?;
                low = split + 1;
            } else {
                self.sort(split + 1, high)?;
                high = split - 1;
            }
        }
        Ok(())
    }

    /// Splits the range around its middle element, which is the median of `low`, `middle` and `high`; returns where
    /// that ended up.
    fn partition(&self, low: i32, middle: i32, high: i32) -> LResult<i32> {
        let pivot = self.anchor(PIVOT, self.read(middle));
        let parked = high - 1;
        let other = self.anchor(LOW, self.read(parked));
        self.write(middle, other)?;
        self.write(parked, pivot)?;
        let (mut i, mut j) = (low, parked);
        loop {
            let a = loop {
                i += 1;
                let a = self.anchor(LOW, self.read(i));
                self.look_ahead(i, 1);
                if !self.less(a, pivot)? {
                    break a;
                }
                if i >= high {
                    return Err(self.l.aux_error(msg::INVALID_ORDER, &[]));
                }
            };
            let b = loop {
                j -= 1;
                let b = self.anchor(HIGH, self.read(j));
                self.look_ahead(j, -1);
                if !self.less(pivot, b)? {
                    break b;
                }
                if j <= low {
                    return Err(self.l.aux_error(msg::INVALID_ORDER, &[]));
                }
            };
            if j < i {
                break;
            }
            self.write(i, b)?;
            self.write(j, a)?;
        }
        let parked_now = self.anchor(LOW, self.read(parked));
        let a = self.anchor(HIGH, self.read(i));
        self.write(parked, a)?;
        self.write(i, parked_now)?;
        Ok(i)
    }
}
