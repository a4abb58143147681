//! Strings: short ones interned, long ones not.
//!
//! Invariants
//! * A string of at most `MAX_SHORT` bytes is a `ShortStr` and is on a chain of the state's string table, so two
//!   short strings are equal exactly when they are the same object.
//! * The bytes are followed by a zero byte and never change after creation.
//! * `aux32` of a short string is its seeded hash; of a long string it is valid once `aux0` is 1.

use super::chunkid::c_part;
use super::header::{Gc, Header, Kind};
use super::heap::{self, Heap, InHeap};
use super::interior::Interior;
use super::value::{TAG_STRING, Value};
use crate::consts::LUAI_MAXSHORTLEN;
use crate::mem::OutOfMemory;
use core::ops::Range;

/// Longest interned string, in bytes.
pub const MAX_SHORT: usize = LUAI_MAXSHORTLEN;

/// A short string has its bytes right behind the header; a long one has its length first.
#[repr(C)]
pub struct Str {
    /// short: aux0 = reserved-word index (0: none), aux1 = length, aux32 = hash;
    /// long: aux0 = 1 when hashed, aux32 = hash
    pub header: Header,
}

#[repr(C)]
struct LongStr {
    header: Header,
    len: usize,
}

#[allow(clippy::len_without_is_empty, reason = "nobody asks")]
impl Str {
    #[inline(always)]
    pub fn is_short(&self) -> bool {
        self.header.kind() == Kind::ShortStr
    }
    #[inline(always)]
    pub fn len(&self) -> usize {
        if self.is_short() {
            self.header.aux1.get() as usize
        } else {
            // SAFETY: the kind says that this is the header of a `LongStr`.
            unsafe { (*(&raw const *self).cast::<LongStr>()).len }
        }
    }
    /// Address of the first byte; zero-terminated.
    #[inline(always)]
    pub fn data(&self) -> *const u8 {
        let offset = if self.is_short() { size_of::<Str>() } else { size_of::<LongStr>() };
        (&raw const *self).cast::<u8>().wrapping_add(offset)
    }
    /// The same of a short string.
    #[inline(always)]
    fn short_data(&self) -> *const u8 {
        debug_assert!(self.is_short());
        (&raw const *self).cast::<u8>().wrapping_add(size_of::<Str>())
    }
    /// The first eight bytes as a number, the first one in the highest bits, with zeros in place of those that are not
    /// there. Where the numbers of two strings differ, they are in the order of the strings.
    #[inline(always)]
    pub fn head(&self) -> u64 {
        let n = self.len().min(8);
        // SAFETY: the word ends with byte `n`, and what is before a string is its header.
        let word = unsafe { word_at(self.data().add(n).sub(8)) };
        // No shift can move all 64 bits out.
        word.swap_bytes() << (4 * (8 - n)) << (4 * (8 - n))
    }
    #[inline(always)]
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: `len` initialised bytes start at `data` (module invariant).
        unsafe { core::slice::from_raw_parts(self.data(), self.len()) }
    }
    /// Bytes of memory the object takes.
    pub fn size(&self) -> usize {
        Self::size_for(self.len())
    }
    pub fn size_for(len: usize) -> usize {
        let head = if len <= MAX_SHORT { size_of::<Str>() } else { size_of::<LongStr>() };
        head + len + 1
    }
    /// Index of the reserved word this string is, plus one; 0 when it is none. Short strings only.
    pub fn reserved(&self) -> u8 {
        if self.is_short() { self.header.aux0.get() } else { 0 }
    }
    pub fn set_reserved(&self, index: u8) {
        debug_assert!(self.is_short());
        self.header.aux0.set(index)
    }
    #[inline(always)]
    pub fn short_hash(&self) -> u32 {
        debug_assert!(self.is_short());
        self.header.aux32.get()
    }
    /// The hash; computed on first use for long strings.
    pub fn hash(&self, h: &Heap) -> u32 {
        if !self.is_short() && self.header.aux0.get() == 0 {
            self.header.aux32.set(hash_bytes(h.seed.get(), self.bytes()));
            self.header.aux0.set(1);
        }
        self.header.aux32.get()
    }
}

impl Gc<Str> {
    /// Content equality.
    #[inline]
    pub fn eq_contents(self, other: Gc<Str>) -> bool {
        self == other || !self.is_short() && !other.is_short() && self.bytes() == other.bytes()
    }
}

impl Value {
    #[inline(always)]
    pub fn string(s: Gc<Str>) -> Value {
        Self::boxed(TAG_STRING, s.as_ptr())
    }
    #[inline(always)]
    pub fn as_string(self) -> Option<Gc<Str>> {
        // SAFETY: the tag says that the payload is a live `Str`.
        self.untag(TAG_STRING).map(|p| unsafe { Gc::from_ptr(p as *mut Str) })
    }
    /// Primitive equality: no metamethods.
    #[inline]
    pub fn raw_equal(self, other: Value) -> bool {
        if self.0 == other.0 {
            return !self.is_number() || self.raw_number() == self.raw_number();
        }
        if self.is_number() {
            return other.is_number() && self.raw_number() == other.raw_number();
        }
        match (self.as_string(), other.as_string()) {
            (Some(a), Some(b)) => a.eq_contents(b),
            _ => false,
        }
    }
}

/// Bytes of a Lua string, or of static text. They are there while the string is on the stack, or anchored elsewhere.
pub type Bytes = Interior<[u8]>;

impl Bytes {
    /// Some of the bytes.
    #[inline(always)]
    pub fn part(self, range: Range<usize>) -> Bytes {
        // SAFETY: the string they belong to is the same.
        unsafe { Interior::new(&self[range]) }
    }
    /// The bytes before the first zero: what C sees of them.
    pub fn c_part(self) -> Bytes {
        self.part(0..c_part(&self).len())
    }
}
impl Default for Bytes {
    fn default() -> Bytes {
        Bytes::fixed(b"")
    }
}

/// The bytes of a string that the caller keeps anchored. A zero byte follows them.
#[inline(always)]
pub fn bytes_of(s: Gc<Str>) -> Bytes {
    // SAFETY: they are the string's; they neither move nor change while it lives.
    unsafe { Interior::new(core::slice::from_raw_parts(s.data(), s.len())) }
}

#[inline(always)]
fn mix(a: u64, b: u64) -> u64 {
    let m = (a as u128) * (b as u128);
    m as u64 ^ (m >> 64) as u64
}

/// The eight bytes at `p`, the first one in the lowest bits.
///
/// # Safety
/// They can be read.
#[inline(always)]
unsafe fn word_at(p: *const u8) -> u64 {
    // SAFETY: the caller's promise.
    u64::from_le(unsafe { p.cast::<u64>().read_unaligned() })
}

/// The bytes of a string to be looked up or made.
trait Text: Copy {
    fn len(self) -> usize;
    /// The eight bytes from `i` on, the first one in the lowest bits.
    ///
    /// # Safety
    /// There are `i + 8` bytes.
    unsafe fn word(self, i: usize) -> u64;
    /// All bytes, the first one in the lowest bits.
    ///
    /// # Safety
    /// There are fewer than eight.
    unsafe fn few(self) -> u64;
    /// # Safety
    /// At `to` there is room for all bytes.
    unsafe fn copy(self, to: *mut u8);
}

impl Text for &[u8] {
    #[inline(always)]
    fn len(self) -> usize {
        self.len()
    }
    #[inline(always)]
    unsafe fn word(self, i: usize) -> u64 {
        // SAFETY: the caller's promise.
        unsafe { word_at(self.as_ptr().add(i)) }
    }
    #[inline(always)]
    unsafe fn few(self) -> u64 {
        let n = self.len();
        let half = |i: usize| {
            // SAFETY: only used where there are `i + 4` bytes.
            u32::from_le(unsafe { self.as_ptr().add(i).cast::<u32>().read_unaligned() }) as u64
        };
        let byte = |i: usize| (self[i] as u64) << (8 * i);
        // The pieces overlap, and say the same where they do.
        if n >= 4 {
            half(0) | half(n - 4) << (8 * (n - 4))
        } else if n > 0 {
            byte(0) | byte(n >> 1) | byte(n - 1)
        } else {
            0
        }
    }
    #[inline(always)]
    unsafe fn copy(self, to: *mut u8) {
        // SAFETY: the caller's promise.
        unsafe { core::ptr::copy_nonoverlapping(self.as_ptr(), to, self.len()) }
    }
}

/// The bytes of two short strings that are not empty, one after the other. They are put together in registers: to read
/// from memory what was written there in other pieces just now takes longer than all the rest of a look-up.
#[derive(Clone, Copy)]
struct Joined {
    a: *const u8,
    m: usize,
    b: *const u8,
    n: usize,
}

impl Joined {
    /// The first bytes of the short string of `n` bytes at `p`, as many as it has, but no more than eight.
    ///
    /// # Safety
    /// That is so, and `n` is not 0.
    #[inline(always)]
    unsafe fn first(p: *const u8, n: usize) -> u64 {
        let k = n.min(8);
        // SAFETY: the word ends with byte `k`, and what is before the string is its header.
        unsafe { word_at(p.add(k).sub(8)) >> (8 * (8 - k)) }
    }
}

impl Text for Joined {
    #[inline(always)]
    fn len(self) -> usize {
        self.m + self.n
    }
    #[inline(always)]
    unsafe fn word(self, i: usize) -> u64 {
        let Joined { a, m, b, n } = self;
        // SAFETY: the caller's promise; before the bytes of a short string there are those of its header.
        unsafe {
            if i + 8 <= m {
                word_at(a.add(i))
            } else if i >= m {
                word_at(b.add(i - m))
            } else {
                let k = m - i;
                word_at(a.add(m).sub(8)) >> (8 * (8 - k)) | Joined::first(b, n) << (8 * k)
            }
        }
    }
    #[inline(always)]
    unsafe fn few(self) -> u64 {
        // SAFETY: neither is empty.
        unsafe { Joined::first(self.a, self.m) | Joined::first(self.b, self.n) << (8 * self.m) }
    }
    #[inline(always)]
    unsafe fn copy(self, to: *mut u8) {
        // SAFETY: the caller's promise.
        unsafe {
            copy_few(self.a, to, self.m);
            copy_few(self.b, to.add(self.m), self.n);
        }
    }
}

/// Seeded hash over all bytes, eight at a time, and the last eight bytes, or all where there are fewer.
#[inline(always)]
fn hash(seed: u64, text: impl Text) -> (u32, u64) {
    const K0: u64 = crate::num::GOLDEN;
    const K1: u64 = 0xD6E8_FEB8_6659_FD93;
    let n = text.len();
    let mut h = seed ^ (n as u64).wrapping_mul(K0);
    // SAFETY: the words end before the end of the text.
    let tail = unsafe {
        if n >= 8 {
            let mut i = 0;
            while i + 8 < n {
                h = mix(h ^ text.word(i), K1);
                i += 8;
            }
            text.word(n - 8)
        } else {
            text.few()
        }
    };
    h = mix(h ^ tail, K0);
    ((h ^ h >> 32) as u32, tail)
}

/// The hash of these bytes.
#[inline]
pub fn hash_bytes(seed: u64, bytes: &[u8]) -> u32 {
    hash(seed, bytes).0
}

/// The string with these bytes. `bytes` must not move while memory is allocated (it may be the content of
/// another string or a C buffer, not the inside of a block that a collection can free).
#[inline]
pub fn new_str(l: impl InHeap, bytes: &[u8]) -> Result<Gc<Str>, OutOfMemory> {
    if bytes.len() <= MAX_SHORT { intern(l, bytes) } else { copy_long(l, bytes) }
}

#[inline(never)]
fn copy_long(l: impl InHeap, bytes: &[u8]) -> Result<Gc<Str>, OutOfMemory> {
    // SAFETY: there is room for so many bytes.
    new_long(l, bytes.len(), |p| unsafe { bytes.copy(p) })
}

/// Whether the bytes at `p` are those of `text`, whose tail `hash` has given. Without a call, which would cost more than
/// the comparison.
///
/// # Safety
/// They are those of a short string that has as many.
#[inline(always)]
unsafe fn is_same(p: *const u8, text: impl Text, tail: u64) -> bool {
    let n = text.len();
    // SAFETY: the words end before the end of both. Where there are fewer than eight bytes the word ends with them, and
    // what is before them is the header.
    unsafe {
        let last = word_at(p.add(n).sub(8));
        if n < 8 {
            return last >> (8 * (7 - n)) >> 8 == tail;
        }
        let mut i = 0;
        while i + 8 < n {
            if word_at(p.add(i)) != text.word(i) {
                return false;
            }
            i += 8;
        }
        last == tail
    }
}

/// The interned string with these at most `MAX_SHORT` bytes.
pub fn intern(l: impl InHeap, bytes: &[u8]) -> Result<Gc<Str>, OutOfMemory> {
    intern_text(l, bytes)
}

#[inline(always)]
fn intern_text(l: impl InHeap, text: impl Text) -> Result<Gc<Str>, OutOfMemory> {
    let len = text.len();
    debug_assert!(len <= MAX_SHORT);
    let h = l.heap();
    let (hash, tail) = hash(h.seed.get(), text);
    let table = &h.strings;
    let mut chain = table.bucket(hash & (table.size.get() - 1)).get();
    while let Some(o) = chain {
        if o.aux32.get() == hash && o.aux1.get() as usize == len {
            // SAFETY: only short strings are on the chains.
            let s: Gc<Str> = unsafe { o.cast() };
            // SAFETY: it is short, and has so many bytes.
            if unsafe { is_same(s.short_data(), text, tail) } {
                heap::revive(h, o);
                return Ok(s);
            }
        }
        chain = o.next.get();
    }
    // With more than one string a chain, so that what a small state makes between two cycles does not double the table.
    if table.count.get() / 3 * 2 >= table.size.get() && table.size.get() <= u32::MAX / 4 {
        table.resize(l, table.size.get() * 2)?;
    }
    let p = heap::alloc_object(l, Kind::ShortStr, Str::size_for(len))?;
    // SAFETY: fresh block of `size_for` bytes: header, bytes, terminator.
    let s: Gc<Str> = unsafe {
        p.write(Header::new(Kind::ShortStr, heap::current_white(h)));
        Gc::from_ptr(p.cast())
    };
    s.header.aux1.set(len as u8);
    s.header.aux32.set(hash);
    // SAFETY: one more byte than `len` was allocated.
    unsafe {
        text.copy(s.short_data().cast_mut());
        *s.short_data().cast_mut().add(len) = 0;
    }
    // An allocation may have collected and resized the table: find the bucket again.
    let b = table.bucket(hash & (table.size.get() - 1));
    s.header.next.set(b.get());
    b.set(Some(s.erase()));
    table.count.set(table.count.get() + 1);
    Ok(s)
}

/// The short string `a` followed by the short string `b`, if that is one. The strings must be anchored.
#[inline]
pub fn join_short(l: impl InHeap, a: Gc<Str>, b: Gc<Str>) -> Option<Result<Gc<Str>, OutOfMemory>> {
    if !a.is_short() || !b.is_short() {
        return None;
    }
    let (m, n) = (a.header.aux1.get() as usize, b.header.aux1.get() as usize);
    if m + n > MAX_SHORT {
        return None;
    }
    if m == 0 || n == 0 {
        return Some(Ok(if m == 0 { b } else { a }));
    }
    Some(intern_text(l, Joined { a: a.short_data(), m, b: b.short_data(), n }))
}

/// Copies `n` bytes without a call, which would cost more than the few bytes of a short string.
///
/// # Safety
/// As for `copy_nonoverlapping`.
#[inline(always)]
pub unsafe fn copy_few(from: *const u8, to: *mut u8, n: usize) {
    macro_rules! copy {
        ($ty:ty, $i:expr) => {
            // SAFETY: the uses of this macro stay inside the `n` bytes.
            unsafe { to.add($i).cast::<$ty>().write_unaligned(from.add($i).cast::<$ty>().read_unaligned()) }
        };
    }
    if n >= 8 {
        let mut i = 0;
        while i + 8 < n {
            copy!(u64, i);
            i += 8;
        }
        copy!(u64, n - 8);
    } else if n >= 4 {
        copy!(u32, 0);
        copy!(u32, n - 4);
    } else if n > 0 {
        copy!(u8, 0);
        copy!(u8, n >> 1);
        copy!(u8, n - 1);
    }
}

/// A long string of `len` bytes written by `fill` (which gets the address of the fresh bytes).
#[inline]
pub fn new_long(l: impl InHeap, len: usize, fill: impl FnOnce(*mut u8)) -> Result<Gc<Str>, OutOfMemory> {
    let s = long_block(l, len)?;
    fill(s.data().cast_mut());
    Ok(s)
}

/// A long string whose bytes are yet to be written.
#[inline(never)]
fn long_block(l: impl InHeap, len: usize) -> Result<Gc<Str>, OutOfMemory> {
    debug_assert!(len > MAX_SHORT);
    if len >= isize::MAX as usize - size_of::<LongStr>() - 1 {
        return Err(OutOfMemory);
    }
    let p = heap::alloc_object(l, Kind::LongStr, Str::size_for(len))?.cast::<LongStr>();
    // SAFETY: fresh block of `size_for(len)` bytes.
    let s: Gc<Str> = unsafe {
        p.write(LongStr { header: Header::new(Kind::LongStr, heap::current_white(l.heap())), len });
        Gc::from_ptr(p.cast())
    };
    // SAFETY: one more byte than `len` was allocated.
    unsafe { *s.data().cast_mut().add(len) = 0 };
    heap::link(l.heap(), s.erase());
    Ok(s)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// A block of the size of a short string with these bytes; its header is noise.
    fn block(bytes: &[u8], noise: u8) -> Vec<u8> {
        let mut block = Vec::with_capacity(size_of::<Str>() + bytes.len());
        block.resize(size_of::<Str>(), noise);
        block.extend_from_slice(bytes);
        block
    }

    fn data(block: &[u8]) -> *const u8 {
        block.as_ptr().wrapping_add(size_of::<Str>())
    }

    #[test]
    fn two_pieces_are_the_same_text_as_one() {
        let text: Vec<u8> = (0..MAX_SHORT as u8).map(|i| i.wrapping_mul(89) ^ 0xC3).collect();
        for len in 2..=MAX_SHORT {
            let whole = &text[..len];
            for m in 1..len {
                let (a, b) = (block(&whole[..m], 0x5A), block(&whole[m..], 0xFF));
                let joined = Joined { a: data(&a), m, b: data(&b), n: len - m };
                let (hash, tail) = hash(m as u64, whole);
                assert_eq!(super::hash(m as u64, joined), (hash, tail), "{m} of {len}");
                let mut copied = [0; MAX_SHORT];
                // SAFETY: there is room for all bytes.
                unsafe { joined.copy(copied.as_mut_ptr()) };
                assert_eq!(&copied[..len], whole, "{m} of {len}");
                let same = |other: &[u8]| {
                    let other = block(other, 0x77);
                    // SAFETY: a block with so many bytes.
                    let found =
                        unsafe { (is_same(data(&other), joined, tail), is_same(data(&other), whole, tail)) };
                    assert_eq!(found.0, found.1, "{m} of {len}");
                    found.0
                };
                assert!(same(whole), "{m} of {len}");
                for i in 0..len {
                    copied[i] ^= 0x80;
                    assert!(!same(&copied[..len]), "byte {i}, {m} of {len}");
                    copied[i] ^= 0x80;
                }
            }
        }
    }

    #[test]
    fn few_bytes_are_told_from_others() {
        // Zero bytes count.
        let texts: [&[u8]; 6] = [b"", b"\0", b"\0\0", b"a", b"a\0", b"\0a"];
        for (i, &a) in texts.iter().enumerate() {
            let block = block(a, 0xEE);
            // SAFETY: a block with so many bytes.
            assert!(unsafe { is_same(data(&block), a, hash(7, a).1) });
            for &b in &texts[..i] {
                assert_ne!(hash_bytes(7, a), hash_bytes(7, b));
            }
        }
    }
}
