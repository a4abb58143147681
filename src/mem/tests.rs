//! The pool: blocks keep their bytes, memory is reused and goes back, shrinking needs none, its blocks are known by
//! their addresses.

use super::addresses::AddressSet;
use super::big::BIG;
use super::pool::Pool;
use crate::sys;
use std::collections::hash_map::{Entry, HashMap};
use std::vec::Vec;

/// Blocks of a pool with what was written into them.
struct Blocks {
    pool: *mut Pool,
    list: Vec<(*mut u8, usize, u8)>,
    seed: u64,
}

impl Blocks {
    fn new() -> Blocks {
        let mut b = Blocks { pool: Pool::new(), list: Vec::new(), seed: 1 };
        // One that stays.
        b.alloc(1000);
        b
    }
    fn pool(&mut self) -> &mut Pool {
        // SAFETY: it lives as long as `self`, which is borrowed.
        unsafe { &mut *self.pool }
    }
    fn random(&mut self, n: usize) -> usize {
        self.seed = self.seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.seed >> 33) as usize % n
    }
    fn alloc(&mut self, size: usize) {
        // SAFETY: the pool's contract is kept by this type.
        let p = unsafe { self.pool().alloc(size) };
        assert!(!p.is_null() && (p as usize).is_multiple_of(8));
        let mark = self.random(256) as u8;
        // SAFETY: a fresh block.
        unsafe { p.write_bytes(mark, size) };
        self.list.push((p, size, mark));
    }
    fn check(&self, p: *mut u8, size: usize, mark: u8) {
        // SAFETY: a block of this size.
        let bytes = unsafe { core::slice::from_raw_parts(p, size) };
        assert!(bytes.iter().all(|&b| b == mark), "a block of {size} bytes was written to");
    }
    fn free(&mut self, i: usize) {
        let (p, size, mark) = self.list.swap_remove(i);
        self.check(p, size, mark);
        // SAFETY: a block of the pool.
        unsafe { self.pool().free(p, size) };
    }
    fn resize(&mut self, i: usize, nsize: usize) {
        let (p, size, mark) = self.list[i];
        // SAFETY: a block of the pool.
        let p = unsafe { self.pool().resize(p, size, nsize) };
        self.check(p, size.min(nsize), mark);
        // SAFETY: it has the new size.
        unsafe { p.write_bytes(mark, nsize) };
        self.list[i] = (p, nsize, mark);
    }
    /// As the state does it at the end of a collection.
    fn collect(&mut self) {
        self.pool().collected(false);
        while self.pool().release_some() > 0 {}
    }
    /// What was allocated since memory went back the last time pays for doing it again.
    fn pay(&mut self) {
        for _ in 0..3 {
            self.pool().collected(false);
        }
    }
    /// Frees all blocks but the first.
    fn clear(&mut self) {
        while self.list.len() > 1 {
            self.free(self.list.len() - 1);
        }
    }
}

impl Drop for Blocks {
    fn drop(&mut self) {
        self.clear();
        self.free(0);
        // SAFETY: no block is in use.
        unsafe { Pool::destroy(self.pool) };
    }
}

#[test]
fn blocks_keep_their_bytes() {
    let mut b = Blocks::new();
    for round in 0..100_000 {
        let size = match b.random(100) {
            0 => 1 + b.random(20_000),
            1 => 1 + b.random(10_000_000) / (1 + b.random(100)),
            n => 1 + b.random(8 * n),
        };
        // The number of blocks goes up and down.
        let up = round / 10_000 % 2 == 0;
        match b.random(10) {
            0 if b.list.len() > 1 => {
                let i = 1 + b.random(b.list.len() - 1);
                b.resize(i, size);
            }
            1..=3 => b.alloc(size),
            4..=8 if up => b.alloc(size),
            _ if b.list.len() > 1 => {
                let i = 1 + b.random(b.list.len() - 1);
                b.free(i);
            }
            _ => {}
        }
        if round % 100 == 0 && b.list.iter().map(|e| e.1).sum::<usize>() > 64 << 20 {
            b.clear();
        }
        if b.random(5_000) == 0 {
            b.collect();
        }
    }
}

#[test]
fn memory_is_reused_and_goes_back() {
    let mut b = Blocks::new();
    for size in [16, 40, 500, 8] {
        for _ in 0..(20 << 20) / size {
            b.alloc(size);
        }
        b.pay();
        let peak = b.pool().held();
        assert!(peak >= 20 << 20);
        // Another class takes the same memory.
        b.clear();
        b.pool().collected(false);
        for _ in 0..(10 << 20) / 64 {
            b.alloc(64);
        }
        assert!(b.pool().held() <= peak + (1 << 20));
        b.pay();
        b.clear();
        b.collect();
        assert!(b.pool().held() < 1 << 20, "{} bytes are held for nothing", b.pool().held());
    }
}

#[test]
fn scattered_survivors_hold_their_slabs_only() {
    let mut b = Blocks::new();
    for _ in 0..(32 << 20) / 32 {
        b.alloc(32);
    }
    b.pay();
    // One block in 8,000, which is one in 256 KB.
    let mut i = b.list.len();
    while i > 1 {
        i -= 1;
        if !i.is_multiple_of(8192) {
            b.free(i);
        }
    }
    b.collect();
    assert!(b.pool().held() < 8 << 20, "{} bytes are held", b.pool().held());
}

#[test]
fn blocks_shrink_without_memory() {
    let mut b = Blocks::new();
    for i in 0..2000 {
        // In chunks first, then in slabs.
        for _ in 0..3 {
            let n = b.random(512);
            b.alloc(1 + n);
        }
        let large = i % 3 == 0;
        let size = if large { 513 + b.random(300_000) } else { 10 + b.random(503) };
        b.alloc(size);
        let (p, size, mark) = b.list.pop().unwrap();
        let nsize = 1 + b.random(if size > BIG { BIG - 1 } else { size.min(513) - 1 });
        if nsize.div_ceil(8) == size.div_ceil(8) {
            b.list.push((p, size, mark));
            continue;
        }
        // SAFETY: a block of the pool, which is to have fewer grains.
        let q = unsafe { b.pool().shrink_in_place(p, size, nsize) };
        b.check(q, nsize, mark);
        b.list.push((q, nsize, mark));
        if i % 5 == 0 {
            // Freed before, or after, or moved.
            for _ in 0..3 {
                let k = 1 + b.random(b.list.len() - 1);
                b.free(k);
            }
            let k = 1 + b.random(b.list.len() - 1);
            let n = 1 + b.random(if i % 7 == 0 { 500_000 } else { 2000 });
            b.resize(k, n);
        }
        if i % 100 == 0 {
            b.collect();
        }
    }
}

#[test]
fn big_blocks_are_kept_for_a_while() {
    const K: usize = 1 << 10;
    let mut b = Blocks::new();
    for _ in 0..3 {
        b.alloc(300 * K);
    }
    let p = b.list[3].0;
    b.free(3);
    assert_eq!(b.pool().kept(), 300 * K);
    b.alloc(260 * K);
    assert_eq!((b.list[3].0, b.pool().kept()), (p, 40 * K), "part of the freed block");
    b.resize(3, 300 * K);
    assert_eq!((b.list[3].0, b.pool().kept()), (p, 0), "it grows into the rest");
    // What is free elsewhere is used before more memory is, and what was left is kept.
    b.alloc(600 * K);
    let p = b.list[4].0;
    b.free(4);
    b.resize(3, 500 * K);
    assert_eq!((b.list[3].0, b.pool().kept()), (p, 400 * K));
    b.resize(3, 200 * K);
    assert_eq!((b.list[3].0, b.pool().kept()), (p, 400 * K));
    b.collect();
    b.collect();
    assert_eq!(b.pool().kept(), 0, "nobody needed it");
    b.alloc(4096 * K);
    b.alloc(4096 * K);
    b.free(5);
    b.free(4);
    assert_eq!(b.pool().kept(), 4096 * K, "not more than is in use");
    // Small blocks need the memory.
    b.collect();
    for _ in 0..40 * K {
        b.alloc(32);
    }
    assert_eq!(b.pool().kept(), 0);
}

#[test]
fn medium_blocks_are_kept_for_a_while() {
    const K: usize = 1 << 10;
    let mut b = Blocks::new();
    for _ in 0..3 {
        b.alloc(4000);
    }
    let p = b.list[3].0;
    b.free(3);
    assert_eq!(b.pool().kept_medium(), 4 * K);
    b.alloc(3841);
    assert_eq!((b.list[3].0, b.pool().kept_medium()), (p, 0), "a block of the same class");
    b.resize(3, 4096);
    assert_eq!(b.list[3].0, p, "it has the room");
    b.free(3);
    b.alloc(3840);
    assert_eq!(b.pool().kept_medium(), 4 * K, "another class");
    // What was needed since the last collection stays.
    b.collect();
    b.alloc(4000);
    b.free(4);
    b.collect();
    assert_eq!(b.pool().kept_medium(), 4 * K);
    b.collect();
    assert_eq!(b.pool().kept_medium(), 0, "nobody needed it");
    b.clear();
    b.pool().collected(true);
    assert_eq!(b.pool().kept_medium(), 0, "nobody will need it");
    for _ in 0..100 {
        b.alloc(8 * K);
    }
    b.clear();
    assert_eq!(b.pool().kept_medium(), 88 * K, "about an eighth of what is in use");
    b.pool().collected(true);
    // Other memory is there for smaller blocks, but it is bounded all the same.
    for _ in 0..20 {
        b.alloc(8 * K);
    }
    b.clear();
    assert_eq!(b.pool().kept_medium(), 64 * K);
}

#[test]
fn a_pool_that_is_not_used_any_more_gives_all_back() {
    let mut b = Blocks::new();
    for _ in 0..(20 << 20) / 40 {
        b.alloc(40);
    }
    b.clear();
    b.collect();
    assert!(b.pool().held() >= 20 << 20, "not paid for");
    b.pool().collected(true);
    while b.pool().release_some() > 0 {}
    assert!(b.pool().held() < 1 << 20, "{} bytes are held for nothing", b.pool().held());
}

#[test]
fn a_pool_knows_its_blocks() {
    let mut b = Blocks::new();
    let mut others = Vec::new();
    // Other blocks of libc's lie between its chunks, and segments come and go.
    for round in 0..3 {
        for i in 0..20_000 {
            let n = b.random(512);
            b.alloc(1 + n);
            if i % 10 == 0 {
                // SAFETY: plain allocation.
                others.push(unsafe { sys::malloc(1 + n) }.cast::<u8>());
            }
        }
        for i in 0..b.list.len() {
            let (p, size, _) = b.list[i];
            assert!(size > 512 || b.pool().owns_small(p), "round {round}");
        }
        for &p in &others {
            assert!(!b.pool().owns_small(p), "round {round}");
        }
        b.pay();
        b.clear();
        b.collect();
    }
    b.alloc(3000);
    let (p, size, mark) = b.list.pop().unwrap();
    // SAFETY: a block of the pool.
    let p = unsafe { b.pool().shrink_in_place(p, size, 100) };
    assert!(b.pool().owns_small(p));
    b.list.push((p, 100, mark));
    for p in others {
        // SAFETY: allocated above.
        unsafe { sys::free(p.cast()) };
    }
}

#[test]
fn addresses_in_a_set() {
    let mut b = Blocks::new();
    let (mut set, mut expected) = (AddressSet::EMPTY, HashMap::new());
    for i in 0..200_000 {
        // Few of them, so that they collide and come again; more and fewer by turns.
        let address = 8 * (1 + b.random(if i / 50_000 % 2 == 0 { 3000 } else { 300 }));
        if b.random(2) == 0 {
            set.remove(address);
            expected.remove(&address);
        } else if let Entry::Vacant(entry) = expected.entry(address) {
            assert!(set.reserve());
            set.insert(address, i % 3 == 0);
            entry.insert(i % 3 == 0);
        }
        if i % 5_000 == 0 {
            for a in 0..3100 {
                assert_eq!(set.get(8 * a), expected.get(&(8 * a)).copied());
            }
        }
    }
    set.free();
}
