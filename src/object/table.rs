//! Tables: an array part and an open hash with Brent's variation, in one block.
//!
//! Layout: `data` points between the two parts. Element `i` (from 0) of the array part is at `data + 8 i`; hash
//! node `i` is at `data - 24 (i + 1)`. A table without hash part has `lsizenode == NO_HASH`.
//!
//! Invariants
//! * Array size, hash size, insertion order and collisions follow the same policy as PUC 5.2, so that `#` and the
//!   traversal order of number keys are the same.
//! * A node is free when its key is nil. A key stays when its value becomes nil (`next` needs it); the collector
//!   turns keys of dead objects into dead keys.
//! * `Node::next` is the distance in nodes to the next node of the chain, 0 at its end.
//! * `aux` of node 0 is the "last free" position: every free node is below it.
//! * `flags` bit `i` set means: the metamethod with fast index `i` is known to be absent from this (meta)table.
//!   Whoever inserts a new string key, or assigns to an existing one, clears the flags.

use super::border::border;
use super::error::ObjectError;
use super::header::{Gc, Header, Kind};
use super::heap::{self, Heap, InHeap};
use super::interior::Interior;
pub use super::node::Node;
use super::string::Str;
use super::value::*;
use crate::mem::{self, OutOfMemory};
use core::cell::Cell;

#[repr(C)]
pub struct Table {
    /// aux0: flags, aux1: log2 of the number of nodes or `NO_HASH`, aux32: size of the array part
    pub header: Header,
    pub(super) data: Cell<*mut u8>,
    pub metatable: Cell<Option<Gc<Table>>>,
}

/// A traversal was asked for what follows a key that is not in the table.
pub struct UnknownKey;

pub const NO_HASH: u8 = 0xFF;
/// Bits 32 and up of the product with a key that is an object say where the key belongs. Native code does the same.
pub const POINTER_FACTOR: u64 = crate::num::GOLDEN;
/// Largest log2 of either part.
const MAX_BITS: u32 = 30;
const NODE: usize = size_of::<Node>();
const _: () = assert!(size_of::<Table>() == 32 && NODE == 24);

impl Value {
    #[inline(always)]
    pub fn table(t: Gc<Table>) -> Value {
        Self::boxed(TAG_TABLE, t.as_ptr())
    }
    #[inline(always)]
    pub fn as_table(self) -> Option<Gc<Table>> {
        // SAFETY: the tag says that the payload is a live `Table`.
        self.untag(TAG_TABLE).map(|p| unsafe { Gc::from_ptr(p as *mut Table) })
    }
    /// The table behind a table value. (`as_table` costs a second comparison, with null, on the interpreter's paths.)
    ///
    /// # Safety
    /// `is_table` holds.
    #[inline(always)]
    pub unsafe fn table_unchecked(self) -> Gc<Table> {
        debug_assert!(self.is_table());
        // SAFETY: the tag says that the payload is a live `Table`.
        unsafe { Gc::from_ptr((self.0 ^ TAG_TABLE << 48) as *mut Table) }
    }
}

impl Table {
    #[inline(always)]
    pub fn flags(&self) -> u8 {
        self.header.aux0.get()
    }
    #[inline(always)]
    pub fn set_flags(&self, f: u8) {
        self.header.aux0.set(f)
    }
    #[inline(always)]
    pub fn lsizenode(&self) -> u8 {
        self.header.aux1.get()
    }
    #[inline(always)]
    pub fn asize(&self) -> u32 {
        self.header.aux32.get()
    }
    /// Number of hash nodes.
    #[inline(always)]
    pub fn hsize(&self) -> u32 {
        if self.lsizenode() == NO_HASH { 0 } else { 1 << self.lsizenode() }
    }
    #[inline(always)]
    pub fn data(&self) -> *mut u8 {
        self.data.get()
    }
    /// Start of the array part.
    #[inline(always)]
    pub fn array_ptr(&self) -> *mut Value {
        self.data.get().cast()
    }
    /// The array part.
    #[inline(always)]
    pub fn array(&self) -> &[Cell<Value>] {
        if self.asize() == 0 {
            return &[];
        }
        // SAFETY: `asize` initialised values start at `data`.
        unsafe { core::slice::from_raw_parts(self.data.get().cast(), self.asize() as usize) }
    }
    #[inline(always)]
    pub fn node(&self, i: u32) -> &Node {
        debug_assert!(i < self.hsize());
        // SAFETY: `hsize` initialised nodes end at `data`.
        unsafe { &*self.data.get().cast::<Node>().sub(i as usize + 1) }
    }
    /// Bytes of the block behind the table.
    pub fn block_size(asize: u32, hsize: u32) -> usize {
        asize as usize * size_of::<Value>() + hsize as usize * NODE
    }
    /// The block that `data` is in, null if there is none, and its size.
    #[inline(always)]
    fn block(data: *mut u8, asize: u32, hsize: u32) -> (*mut u8, usize) {
        (data.wrapping_sub(hsize as usize * NODE), Table::block_size(asize, hsize))
    }
    /// Bytes of the table with its block.
    pub fn size(&self) -> usize {
        size_of::<Table>() + Self::block_size(self.asize(), self.hsize())
    }
    #[inline(always)]
    fn mod_position(&self, h: u32) -> u32 {
        h % ((self.hsize() - 1) | 1)
    }
    /// Node where a number key belongs; the same as in PUC 5.2 so that traversal order is the same.
    #[inline]
    fn number_position(&self, n: f64) -> u32 {
        let bits = (n + 1.0).to_bits();
        let i = (bits as u32).wrapping_add((bits >> 32) as u32) as i32;
        self.mod_position(i.checked_abs().unwrap_or(0) as u32)
    }
    fn main_position(&self, h: &Heap, key: Value) -> u32 {
        if key.is_number() {
            return self.number_position(key.raw_number());
        }
        let mask = self.hsize() - 1;
        match key.tag() {
            TAG_STRING => {
                // SAFETY: the payload of a value with the tag of strings is a live `Str`.
                let s: Gc<Str> = unsafe { Gc::from_ptr(key.payload()) };
                s.hash(h) & mask
            }
            TAG_SPECIAL => (key.0 as u32) & 3 & mask,
            // Nobody can rely on an order that depends on addresses, so there is no division.
            _ => (key.0.wrapping_mul(POINTER_FACTOR) >> 32) as u32 & mask,
        }
    }
    #[inline(always)]
    fn chain(&self, start: u32, found: impl Fn(&Node) -> bool) -> Option<&Node> {
        let mut n = self.node(start);
        loop {
            if found(n) {
                return Some(n);
            }
            let next = n.next.get();
            if next == 0 {
                return None;
            }
            // SAFETY: chains stay inside the node part; nodes descend in memory.
            n = unsafe { &*(&raw const *n).offset(-next as isize) };
        }
    }
    /// Node of a short string key.
    #[inline(always)]
    pub fn find_short(&self, key: Gc<Str>) -> Option<&Node> {
        if self.lsizenode() == NO_HASH {
            return None;
        }
        let bits = Value::string(key);
        self.chain(key.short_hash() & (self.hsize() - 1), |n| n.key.get() == bits)
    }
    /// The node in the main position of a short string key, if it was never used: then the key is nowhere in the table,
    /// and this is where it goes.
    #[inline(always)]
    pub fn unused_main(&self, key: Gc<Str>) -> Option<&Node> {
        if self.lsizenode() == NO_HASH {
            return None;
        }
        let n = self.node(key.short_hash() & (self.hsize() - 1));
        n.key.get().is_nil().then_some(n)
    }
    #[inline(always)]
    pub fn get_short(&self, key: Gc<Str>) -> Value {
        match self.find_short(key) {
            Some(n) => n.val.get(),
            None => Value::NIL,
        }
    }
    /// Slot of an integer key, wherever it lives.
    #[inline(always)]
    pub fn find_int(&self, i: i64) -> Option<&Cell<Value>> {
        let index = (i as u64).wrapping_sub(1);
        if index < self.asize() as u64 {
            // SAFETY: below the array's size.
            return Some(unsafe { &*self.data.get().cast::<Cell<Value>>().add(index as usize) });
        }
        self.find_number(i as f64)
    }
    #[inline]
    fn find_number(&self, n: f64) -> Option<&Cell<Value>> {
        if self.lsizenode() == NO_HASH {
            return None;
        }
        // A tagged key reads as a NaN and is equal to no number.
        self.chain(self.number_position(n), |node| node.key.get().raw_number() == n).map(|n| &n.val)
    }
    #[inline(always)]
    pub fn get_int(&self, i: i64) -> Value {
        match self.find_int(i) {
            Some(s) => s.get(),
            None => Value::NIL,
        }
    }
    /// Slot of a key that is present (its value may be nil).
    #[inline]
    pub fn find(&self, h: &Heap, key: Value) -> Option<&Cell<Value>> {
        if key.is_number() {
            let n = key.raw_number();
            let i = n as i64;
            return if i as f64 == n { self.find_int(i) } else { self.find_number(n) };
        }
        if let Some(s) = key.as_string() {
            if s.is_short() {
                return self.find_short(s).map(|n| &n.val);
            }
        } else if key.is_nil() {
            return None;
        }
        if self.lsizenode() == NO_HASH {
            return None;
        }
        self.chain(self.main_position(h, key), |n| n.key.get().raw_equal(key)).map(|n| &n.val)
    }
    #[inline]
    pub fn get(&self, h: &Heap, key: Value) -> Value {
        match self.find(h, key) {
            Some(s) => s.get(),
            None => Value::NIL,
        }
    }
    /// Position in a traversal: array part first, then nodes. `None` for a key that is not there.
    fn traversal_index(&self, h: &Heap, key: Value) -> Option<u32> {
        if key.is_nil() {
            return Some(0);
        }
        if key.is_number() {
            let n = key.raw_number();
            let i = n as i64;
            if i as f64 == n && (i as u64).wrapping_sub(1) < self.asize() as u64 {
                return Some(i as u32);
            }
        }
        if self.lsizenode() == NO_HASH {
            return None;
        }
        let dead = key.dead_key();
        let is_object = key.is_collectable();
        let n = self.chain(self.main_position(h, key), |n| {
            n.key.get().raw_equal(key) || is_object && n.key.get() == dead
        })?;
        // SAFETY: both point into the node part.
        let i = unsafe { self.data.get().cast::<Node>().cast_const().offset_from(n) } as u32 - 1;
        Some(i + 1 + self.asize())
    }
    /// Entry after `key` in a traversal (nil starts one); `Ok(None)` at the end.
    #[inline]
    pub fn next(&self, h: &Heap, key: Value) -> Result<Option<(Value, Value)>, UnknownKey> {
        let i = self.traversal_index(h, key).ok_or(UnknownKey)?;
        Ok(self.next_from(i).map(|(_, k, v)| (k, v)))
    }
    /// First entry at or after traversal position `i`, with the position that follows it.
    #[inline]
    pub fn next_from(&self, mut i: u32) -> Option<(u32, Value, Value)> {
        let asize = self.asize();
        let array = self.array();
        while i < asize {
            let v = array[i as usize].get();
            i += 1;
            if !v.is_nil() {
                return Some((i, Value::number(i as f64), v));
            }
        }
        let end = self.hsize();
        let mut j = i - asize;
        while j < end {
            let n = self.node(j);
            j += 1;
            if !n.val.get().is_nil() {
                return Some((j + asize, n.key.get(), n.val.get()));
            }
        }
        None
    }
    /// A border: the primitive length.
    #[inline]
    pub fn length(&self, h: &Heap) -> u64 {
        let array = self.array();
        let n = array.len();
        if n > 0 && array[n - 1].get().is_nil() {
            return border(array) as u64;
        }
        if self.lsizenode() == NO_HASH { n as u64 } else { self.unbound_length(h, n as u64) }
    }
    fn unbound_length(&self, _h: &Heap, start: u64) -> u64 {
        let (mut i, mut j) = (start, start + 1);
        while !self.get_int(j as i64).is_nil() {
            i = j;
            j *= 2;
            if j > i32::MAX as u64 - 2 {
                // A table built to fool the doubling: count.
                let mut k = 1;
                while !self.get_int(k).is_nil() {
                    k += 1;
                }
                return k as u64 - 1;
            }
        }
        while j - i > 1 {
            let m = (i + j) / 2;
            if self.get_int(m as i64).is_nil() { j = m } else { i = m }
        }
        i
    }
}

/// The smallest `b` with `2^b >= x`.
fn ceil_log2(x: u32) -> u32 {
    u32::BITS - x.saturating_sub(1).leading_zeros()
}

/// Counts of integer keys per power-of-two slice, for choosing the array size.
struct Census {
    /// `slices[b]`: number of integer keys `k` with `2^(b-1) < k <= 2^b`
    slices: [u32; MAX_BITS as usize + 1],
    integers: u32,
    total: u32,
}

impl Census {
    fn add(&mut self, key: Value) {
        self.total += 1;
        if key.is_number() {
            let n = key.raw_number();
            if n >= 1.0 && n <= (1u32 << MAX_BITS) as f64 && (n as u32) as f64 == n {
                self.slices[ceil_log2(n as u32) as usize] += 1;
                self.integers += 1;
            }
        }
    }
    /// The largest `n` such that more than half of the slots 1..n would be in use, and how many those are.
    fn array_size(&self) -> (u32, u32) {
        let (mut below, mut size, mut used) = (0, 0, 0);
        let (mut b, mut two_to_b) = (0, 1u64);
        while two_to_b / 2 < self.integers as u64 && b < self.slices.len() {
            below += self.slices[b];
            if self.slices[b] > 0 && below as u64 > two_to_b / 2 {
                (size, used) = (two_to_b as u32, below);
            }
            b += 1;
            two_to_b *= 2;
        }
        (size, used)
    }
}

impl Gc<Table> {
    /// A new empty table.
    #[inline]
    pub fn new(l: impl InHeap) -> Result<Gc<Table>, OutOfMemory> {
        let p = heap::alloc_object(l, Kind::Table, size_of::<Table>())?.cast::<Table>();
        // SAFETY: fresh block of the size of a table.
        let t: Gc<Table> = unsafe {
            p.write(Table {
                header: Header::new(Kind::Table, heap::current_white(l.heap())),
                data: Cell::new(core::ptr::null_mut()),
                metatable: Cell::new(None),
            });
            Gc::from_ptr(p)
        };
        t.set_flags(!0);
        t.header.aux1.set(NO_HASH);
        heap::link(l.heap(), t.erase());
        Ok(t)
    }
    /// Frees the block of both parts; the table is dead (collector only).
    #[inline(always)]
    pub fn free_parts(self, l: impl InHeap) {
        let (block, size) = Table::block(self.data.get(), self.asize(), self.hsize());
        mem::free_small(l, block, size);
    }
    /// Changes the sizes of both parts; all entries are kept. On failure nothing has changed.
    pub fn resize(self, l: impl InHeap, asize: u32, hcount: u32) -> Result<(), ObjectError> {
        let log = ceil_log2(hcount);
        if hcount > 0 && log > MAX_BITS {
            return Err(ObjectError::TableOverflow);
        }
        let hsize = if hcount == 0 { 0 } else { 1u32 << log };
        let (old_asize, old_hsize, old_data) = (self.asize(), self.hsize(), self.data.get());
        if old_hsize == 0 && hsize == 0 && asize >= old_asize {
            if asize > old_asize {
                let p =
                    mem::realloc(l, old_data, Table::block_size(old_asize, 0), Table::block_size(asize, 0))?;
                fill_nil(p.cast(), old_asize as usize, asize as usize);
                self.data.set(p);
                self.header.aux32.set(asize);
            }
            return Ok(());
        }
        let size = Table::block_size(asize, hsize);
        let data = if size == 0 {
            core::ptr::null_mut()
        } else {
            mem::realloc(l, core::ptr::null_mut(), 0, size)?.wrapping_add(hsize as usize * NODE)
        };
        for i in 0..hsize as usize {
            let aux = if i == 0 { hsize } else { 0 };
            // SAFETY: inside the fresh block's node part.
            unsafe {
                data.cast::<Node>().sub(i + 1).write(Node {
                    val: Cell::new(Value::NIL),
                    key: Cell::new(Value::NIL),
                    next: Cell::new(0),
                    aux: Cell::new(aux),
                })
            }
        }
        let keep = asize.min(old_asize) as usize;
        if keep > 0 {
            // SAFETY: both parts have at least `keep` elements and are different blocks.
            unsafe { core::ptr::copy_nonoverlapping(old_data.cast::<Value>(), data.cast::<Value>(), keep) };
        }
        fill_nil(data.cast(), keep, asize as usize);
        self.data.set(data);
        self.header.aux1.set(if hsize == 0 { NO_HASH } else { log as u8 });
        self.header.aux32.set(asize);
        let h = l.heap();
        for i in keep..old_asize as usize {
            // SAFETY: the old block is still there, with `old_asize` elements.
            let v = unsafe { *old_data.cast::<Value>().add(i) };
            if !v.is_nil() {
                self.reinsert(h, Value::number((i + 1) as f64), v);
            }
        }
        for i in (0..old_hsize as usize).rev() {
            // SAFETY: the old block is still there, with `old_hsize` nodes.
            let n = unsafe { &*old_data.cast::<Node>().sub(i + 1) };
            if !n.val.get().is_nil() {
                self.reinsert(h, n.key.get(), n.val.get());
            }
        }
        if !old_data.is_null() {
            let (block, size) = Table::block(old_data, old_asize, old_hsize);
            mem::free(l, block, size);
        }
        heap::entries_moved(h, self.erase());
        Ok(())
    }
    /// Gives the block another place, if there is memory for it (stress builds).
    #[cfg(feature = "stress-finalizers")]
    pub fn relocate(self, l: impl InHeap) {
        let (old, size) = Table::block(self.data.get(), self.asize(), self.hsize());
        if size > 0
            && let Ok(new) = mem::realloc(l, core::ptr::null_mut(), 0, size)
        {
            // SAFETY: both blocks have `size` bytes.
            unsafe { core::ptr::copy_nonoverlapping(old, new, size) };
            self.data.set(new.wrapping_add(self.hsize() as usize * NODE));
            mem::free(l, old, size);
        }
    }
    /// Puts an entry back during `resize`: there is room by construction.
    fn reinsert(self, h: &Heap, key: Value, val: Value) {
        if let Some(s) = self.find(h, key) {
            s.set(val);
        } else if let Some(s) = self.place(h, key) {
            s.set(val);
        } else {
            debug_assert!(false, "rehash left no room for an entry");
        }
    }
    fn free_position(self) -> Option<u32> {
        let last = &self.node(0).aux;
        while last.get() > 0 {
            last.set(last.get() - 1);
            if self.node(last.get()).key.get().is_nil() {
                return Some(last.get());
            }
        }
        None
    }
    /// Takes a node for a key that is not in the table; `None` when there is no free node. Brent's variation: a
    /// colliding node that is not in its own main position makes way.
    fn place(self, h: &Heap, key: Value) -> Option<Interior<Cell<Value>>> {
        if self.lsizenode() == NO_HASH {
            return None;
        }
        let main = self.main_position(h, key);
        let mut at = main;
        if !self.node(main).val.get().is_nil() {
            let free = self.free_position()?;
            let (mp, fp) = (self.node(main), self.node(free));
            let other = self.main_position(h, mp.key.get());
            if other != main {
                let mut prev = other;
                while prev.wrapping_add_signed(self.node(prev).next.get()) != main {
                    prev = prev.wrapping_add_signed(self.node(prev).next.get());
                }
                self.node(prev).next.set(free.wrapping_sub(prev) as i32);
                fp.key.set(mp.key.get());
                fp.val.set(mp.val.get());
                if mp.next.get() != 0 {
                    fp.next.set(main.wrapping_add_signed(mp.next.get()).wrapping_sub(free) as i32);
                    mp.next.set(0);
                }
                mp.val.set(Value::NIL);
                heap::entries_moved(h, self.erase());
            } else {
                fp.next.set(if mp.next.get() != 0 {
                    main.wrapping_add_signed(mp.next.get()).wrapping_sub(free) as i32
                } else {
                    0
                });
                mp.next.set(free.wrapping_sub(main) as i32);
                at = free;
            }
        }
        let n = self.node(at);
        n.key.set(key);
        // SAFETY: it is in the table's block, which stays as long as the table is not resized.
        Some(unsafe { Interior::new(&n.val) })
    }
    #[inline(never)]
    fn rehash(self, l: impl InHeap, extra: Value) -> Result<(), ObjectError> {
        let mut c = Census { slices: [0; MAX_BITS as usize + 1], integers: 0, total: 0 };
        let array = self.array();
        let (mut i, mut b, mut limit) = (1usize, 0usize, 1usize);
        while b < c.slices.len() && i <= array.len() {
            let end = limit.min(array.len());
            let n = array[i - 1..end].iter().filter(|s| !s.get().is_nil()).count() as u32;
            c.slices[b] += n;
            c.integers += n;
            c.total += n;
            i = end + 1;
            b += 1;
            limit *= 2;
        }
        for i in 0..self.hsize() {
            let n = self.node(i);
            if !n.val.get().is_nil() {
                c.add(n.key.get());
            }
        }
        c.add(extra);
        let (asize, used) = c.array_size();
        self.resize(l, asize, c.total - used)
    }
    /// Slot for a key that is not in the table. The value there is nil. The caller sees to the barrier for the
    /// key (`heap::barrier_back`) and has checked that the key is neither nil nor NaN.
    #[inline]
    pub fn new_key(self, l: impl InHeap, key: Value) -> Result<Interior<Cell<Value>>, ObjectError> {
        let h = l.heap();
        loop {
            if let Some(s) = self.place(h, key) {
                heap::barrier_back(l, self.erase(), key);
                return Ok(s);
            }
            self.rehash(l, key)?;
            if let Some(s) = self.find(h, key) {
                // SAFETY: it is in the table's block, which stays as long as the table is not resized.
                return Ok(unsafe { Interior::new(s) });
            }
        }
    }
    /// Slot for assigning to `key`: present or new. Errors for nil and NaN.
    #[inline]
    pub fn slot(self, l: impl InHeap, key: Value) -> Result<Interior<Cell<Value>>, ObjectError> {
        if let Some(s) = self.find(l.heap(), key) {
            // SAFETY: it is in the table's block, which stays as long as the table is not resized.
            return Ok(unsafe { Interior::new(s) });
        }
        if key.is_nil() {
            return Err(ObjectError::KeyIsNil);
        }
        if key.is_number() && key.raw_number().is_nan() {
            return Err(ObjectError::KeyIsNan);
        }
        self.new_key(l, key)
    }
    /// Raw assignment with barrier; clears the metamethod cache.
    #[inline]
    pub fn set(self, l: impl InHeap, key: Value, val: Value) -> Result<(), ObjectError> {
        self.slot(l, key)?.set(val);
        self.set_flags(0);
        heap::barrier_back(l, self.erase(), val);
        Ok(())
    }
    /// Raw assignment to an integer key, with barrier.
    #[inline(always)]
    pub fn set_int(self, l: impl InHeap, i: i64, val: Value) -> Result<(), ObjectError> {
        match self.array().get((i as usize).wrapping_sub(1)) {
            Some(s) => s.set(val),
            None => self.set_int_outside(l, i, val)?,
        }
        heap::barrier_back(l, self.erase(), val);
        Ok(())
    }
    /// Assignment to an integer key that is not in the array part.
    #[inline(never)]
    fn set_int_outside(self, l: impl InHeap, i: i64, val: Value) -> Result<(), ObjectError> {
        match self.find_number(i as f64) {
            Some(s) => s.set(val),
            None => self.new_key(l, Value::number(i as f64))?.set(val),
        }
        Ok(())
    }
    /// Raw assignment to a string key, with barrier; clears the metamethod cache.
    pub fn set_str(self, l: impl InHeap, key: Gc<Str>, val: Value) -> Result<(), ObjectError> {
        self.set(l, Value::string(key), val)
    }
}

fn fill_nil(p: *mut Value, from: usize, to: usize) {
    for i in from..to {
        // SAFETY: the caller's block has at least `to` elements.
        unsafe { p.add(i).write(Value::NIL) }
    }
}
