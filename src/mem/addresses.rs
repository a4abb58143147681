//! A set of addresses: which blocks or segments are whose. Its memory is the C library's own, since it must be there
//! whatever the host's function does.
//!
//! Open addressing with at least a quarter of the places free. All-zero bytes are an empty set.

use crate::sys;
use core::ptr::null_mut;

const FIRST: usize = 16;

pub struct AddressSet {
    /// address times two plus the mark; 0 where nothing is
    places: *mut usize,
    /// how many places: a power of two, or 0
    capacity: usize,
    len: usize,
}

impl AddressSet {
    pub const EMPTY: AddressSet = AddressSet { places: null_mut(), capacity: 0, len: 0 };

    fn home(&self, address: usize) -> usize {
        let hash = (address as u64).wrapping_mul(crate::num::GOLDEN);
        (hash >> 32) as usize & (self.capacity - 1)
    }
    fn at(&mut self, i: usize) -> &mut usize {
        debug_assert!(i < self.capacity);
        // SAFETY: there are `capacity` places, and all indices are taken modulo that.
        unsafe { &mut *self.places.add(i) }
    }
    fn find(&mut self, address: usize) -> Option<usize> {
        if self.len == 0 {
            return None;
        }
        let mut i = self.home(address);
        loop {
            match *self.at(i) {
                0 => return None,
                entry if entry >> 1 == address => return Some(i),
                _ => i = (i + 1) & (self.capacity - 1),
            }
        }
    }
    /// The mark of an address that is in the set.
    pub fn get(&mut self, address: usize) -> Option<bool> {
        self.find(address).map(|i| *self.at(i) & 1 != 0)
    }
    /// Makes room for one more; false when there is no memory.
    pub fn reserve(&mut self) -> bool {
        if (self.len + 1) * 4 <= self.capacity * 3 {
            return true;
        }
        let capacity = (self.capacity * 2).max(FIRST);
        // SAFETY: plain allocation; zeros are free places.
        let places = unsafe { sys::calloc(capacity, size_of::<usize>()).cast::<usize>() };
        if places.is_null() {
            return false;
        }
        let mut old = core::mem::replace(self, AddressSet { places, capacity, len: 0 });
        for i in 0..old.capacity {
            let entry = *old.at(i);
            if entry != 0 {
                self.insert(entry >> 1, entry & 1 != 0);
            }
        }
        old.free();
        true
    }
    /// Adds an address that is not in the set; there must be room.
    pub fn insert(&mut self, address: usize, mark: bool) {
        let mut i = self.home(address);
        while *self.at(i) != 0 {
            i = (i + 1) & (self.capacity - 1);
        }
        *self.at(i) = address << 1 | mark as usize;
        self.len += 1;
    }
    /// Takes an address out, if it is in the set. That leaves room for another.
    pub fn remove(&mut self, address: usize) {
        let Some(mut hole) = self.find(address) else { return };
        let last = self.capacity - 1;
        let mut i = hole;
        loop {
            i = (i + 1) & last;
            let entry = *self.at(i);
            if entry == 0 {
                break;
            }
            // An entry that would not be found behind the hole moves into it.
            if i.wrapping_sub(self.home(entry >> 1)) & last >= i.wrapping_sub(hole) & last {
                *self.at(hole) = entry;
                hole = i;
            }
        }
        *self.at(hole) = 0;
        self.len -= 1;
    }
    pub fn free(&mut self) {
        // SAFETY: null, or allocated by `reserve`.
        unsafe { sys::free(self.places.cast()) };
        *self = AddressSet::EMPTY;
    }
}
