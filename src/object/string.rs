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
use core::mem::MaybeUninit;
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

/// Seeded hash over all bytes, eight at a time.
#[inline]
pub fn hash_bytes(seed: u64, b: &[u8]) -> u32 {
    const K0: u64 = crate::num::GOLDEN;
    const K1: u64 = 0xD6E8_FEB8_6659_FD93;
    let n = b.len();
    let word = |i: usize| {
        // SAFETY: callers below keep `i + 8 <= n`.
        unsafe { b.as_ptr().add(i).cast::<u64>().read_unaligned() }
    };
    let half = |i: usize| {
        // SAFETY: callers below keep `i + 4 <= n`.
        unsafe { b.as_ptr().add(i).cast::<u32>().read_unaligned() as u64 }
    };
    let mut h = seed ^ (n as u64).wrapping_mul(K0);
    let tail = if n >= 8 {
        let mut i = 0;
        while i + 8 < n {
            h = mix(h ^ word(i), K1);
            i += 8;
        }
        word(n - 8)
    } else if n >= 4 {
        half(0) << 32 | half(n - 4)
    } else if n > 0 {
        (b[0] as u64) << 16 | (b[n >> 1] as u64) << 8 | b[n - 1] as u64
    } else {
        0
    };
    h = mix(h ^ tail, K0);
    (h ^ h >> 32) as u32
}

/// The string with these bytes. `bytes` must not move while memory is allocated (it may be the content of
/// another string or a C buffer, not the inside of a block that a collection can free).
#[inline]
pub fn new_str(l: impl InHeap, bytes: &[u8]) -> Result<Gc<Str>, OutOfMemory> {
    if bytes.len() <= MAX_SHORT { intern(l, bytes) } else { copy_long(l, bytes) }
}

#[inline(never)]
fn copy_long(l: impl InHeap, bytes: &[u8]) -> Result<Gc<Str>, OutOfMemory> {
    new_long(l, bytes.len(), |p| copy(bytes, p))
}

fn copy(bytes: &[u8], to: *mut u8) {
    // SAFETY: `new_long` and `intern` give room for exactly these bytes in a fresh block.
    unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len()) }
}

/// Whether the bytes at `p`, as many as `b` has, are those of `b`. Without a call, which would cost more than the
/// comparison (and far more when there is nothing to compare at an address that is not mapped).
#[inline(always)]
fn same_bytes(p: *const u8, b: &[u8]) -> bool {
    let (q, n) = (b.as_ptr(), b.len());
    macro_rules! same {
        ($ty:ty, $i:expr) => {
            // SAFETY: the callers of this macro stay inside the `n` bytes of both.
            unsafe { p.add($i).cast::<$ty>().read_unaligned() == q.add($i).cast::<$ty>().read_unaligned() }
        };
    }
    if n >= 8 {
        let mut i = 0;
        while i + 8 < n {
            if !same!(u64, i) {
                return false;
            }
            i += 8;
        }
        same!(u64, n - 8)
    } else if n >= 4 {
        same!(u32, 0) && same!(u32, n - 4)
    } else {
        n == 0 || same!(u8, 0) && same!(u8, n >> 1) && same!(u8, n - 1)
    }
}

/// The interned string with these at most `MAX_SHORT` bytes.
pub fn intern(l: impl InHeap, bytes: &[u8]) -> Result<Gc<Str>, OutOfMemory> {
    debug_assert!(bytes.len() <= MAX_SHORT);
    let h = l.heap();
    let hash = hash_bytes(h.seed.get(), bytes);
    let table = &h.strings;
    let mut chain = table.bucket(hash & (table.size.get() - 1)).get();
    while let Some(o) = chain {
        if o.aux32.get() == hash && o.aux1.get() as usize == bytes.len() {
            // SAFETY: only short strings are on the chains.
            let s: Gc<Str> = unsafe { o.cast() };
            if same_bytes(s.data(), bytes) {
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
    let p = heap::alloc_object(l, Kind::ShortStr, Str::size_for(bytes.len()))?;
    // SAFETY: fresh block of `size_for` bytes: header, bytes, terminator.
    let s: Gc<Str> = unsafe {
        p.write(Header::new(Kind::ShortStr, heap::current_white(h)));
        Gc::from_ptr(p.cast())
    };
    s.header.aux1.set(bytes.len() as u8);
    s.header.aux32.set(hash);
    copy(bytes, s.data().cast_mut());
    // SAFETY: one more byte than `bytes.len()` was allocated.
    unsafe { *s.data().cast_mut().add(bytes.len()) = 0 };
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
    let mut joined = [MaybeUninit::<u8>::uninit(); MAX_SHORT];
    let to: *mut u8 = joined.as_mut_ptr().cast();
    // SAFETY: both fit, as just seen; all `m + n` bytes are written.
    let bytes = unsafe {
        copy_few(a.data(), to, m);
        copy_few(b.data(), to.add(m), n);
        core::slice::from_raw_parts(to, m + n)
    };
    Some(intern(l, bytes))
}

/// Copies `n` bytes without a call, which would cost more than the few bytes of a short string.
///
/// # Safety
/// As for `copy_nonoverlapping`.
#[inline(always)]
unsafe fn copy_few(from: *const u8, to: *mut u8, n: usize) {
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
