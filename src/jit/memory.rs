//! Memory for code, of one state.
//!
//! Rules
//! 1. No page is writable and executable at the same time, and a page that was executable is never written to again.
//! 2. Functions lie one behind the other, so several share a page. What is in a page that gets another function is
//!    copied to a new page with that function behind it; the new page becomes executable, and then takes the place of
//!    the old one in one step of the system. When the system refuses a step, the old page is as it was, and the code in
//!    it can go on.
//! 3. Pages come in chunks, ranges of 64 KB or of one function that is larger, of which only the pages in use are more
//!    than addresses. A page goes back to the system with the last function in it, a chunk with the last function in
//!    it.
//! 4. Where the system lets nothing that was writable become executable, a function is copied through a file without a
//!    name, and is a chunk of its own. Where that is refused, too, there is no native code in this process; the refusal
//!    is no error for anybody.
//! 5. A process may have only so many mappings. Chunks and pages are so few that a host with many states can map
//!    memory, too.
//! 6. None of it comes from `lua_Alloc`: what a script sees of its memory does not depend on what is compiled.

use crate::sys;
use core::cell::Cell;
use core::ops::Range;
use core::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

/// Bytes of a page, on all machines that there is native code for.
const PAGE: usize = 4096;
/// Pages and bytes of a chunk that several functions share.
const PAGES: usize = 16;
const CHUNK: usize = PAGES * PAGE;
/// Bytes of code that a state may have.
const LIMIT: usize = 8 << 20;
/// More than there can be: a chunk has at least a page.
const MOST_CHUNKS: usize = LIMIT / PAGE;
/// Bytes that the place of a function is a multiple of.
const ALIGNMENT: usize = 16;

/// Mappings of all states in the process, at most, and how many there may be: a chunk is one, and each page that was
/// put into it may be one, too. Linux lets a process have 65,530.
static MAPPINGS: AtomicUsize = AtomicUsize::new(0);
const MOST_MAPPINGS: usize = 24_000;

/// How code becomes executable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
enum Way {
    /// Written first; then the pages' rights change.
    Change,
    /// Copied through a file.
    Copy,
    /// Not at all.
    None,
}

/// The way that works in this process, as far as it is known.
static WAY: AtomicU8 = AtomicU8::new(Way::Change as u8);

fn way() -> Way {
    match WAY.load(Ordering::Relaxed) {
        0 => Way::Change,
        1 => Way::Copy,
        _ => Way::None,
    }
}

#[derive(Clone)]
struct Chunk {
    start: Cell<*mut u8>,
    size: Cell<u32>,
    /// bytes given to functions
    used: Cell<u32>,
    /// functions that live in it; 0: there is no chunk here
    functions: Cell<u32>,
    /// pages that were ever put into it
    pages: Cell<u32>,
    /// of each page: functions that live in it, unless there is only one in the chunk
    live: [Cell<u8>; PAGES],
}

impl Chunk {
    /// The pages that these bytes are in.
    fn live(&self, bytes: Range<usize>) -> &[Cell<u8>] {
        let pages = bytes.start / PAGE..bytes.end.div_ceil(PAGE);
        self.live.get(pages).unwrap_or(&[])
    }
}

/// It is all zeros at first, so that it can be in fresh memory.
pub struct CodeMemory {
    /// For tests: whoever runs code that was freed ends the process. So functions share no pages.
    pub forbids: Cell<bool>,
    /// bytes of all chunks
    total: Cell<usize>,
    /// chunks that there have ever been at the same time
    count: Cell<usize>,
    chunks: [Chunk; MOST_CHUNKS],
}

/// Pages that can be written to, which are given back in the end, unless they were moved.
struct Draft {
    start: *mut u8,
    size: usize,
}

impl Draft {
    fn new(size: usize) -> Option<Draft> {
        let start = sys::map(size);
        (!start.is_null()).then_some(Draft { start, size })
    }
    fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the mapping of `new`.
        unsafe { core::slice::from_raw_parts_mut(self.start, self.size) }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // SAFETY: the mapping of `new`, which nobody else has.
        unsafe { sys::unmap(self.start, self.size) };
    }
}

impl CodeMemory {
    /// Bytes of all chunks.
    pub fn bytes(&self) -> usize {
        self.total.get()
    }
    /// Gives `fill` room for `size` bytes of code, and makes them executable; where they are. Nothing when there is no
    /// more memory for code.
    pub fn publish(&self, size: usize, fill: impl FnOnce(&mut [u8])) -> Option<*const u8> {
        let size = size.next_multiple_of(ALIGNMENT);
        if MAPPINGS.load(Ordering::Relaxed) >= MOST_MAPPINGS {
            return None;
        }
        match way() {
            Way::Change => {}
            Way::Copy => {
                let mut draft = Draft::new(size.next_multiple_of(PAGE))?;
                fill(&mut draft.bytes()[..size]);
                return self.publish_copy(draft.bytes());
            }
            Way::None => return None,
        }
        let (chunk, offset) = self.room(size)?;
        let first = offset / PAGE * PAGE;
        let mut draft = None;
        if let Some(mut pages) = Draft::new((offset + size).next_multiple_of(PAGE) - first) {
            let (before, rest) = pages.bytes().split_at_mut(offset - first);
            let place = chunk.start.get().wrapping_add(first);
            // SAFETY: what is in the page before the function is code.
            before.copy_from_slice(unsafe { core::slice::from_raw_parts(place, before.len()) });
            fill(&mut rest[..size]);
            // SAFETY: nobody writes to the pages after this. They take the place of a page with the same functions.
            unsafe {
                if !sys::make_executable(pages.start, pages.size) {
                    draft = Some(pages);
                } else if sys::replace(pages.start, place, pages.size) {
                    core::mem::forget(pages);
                    self.take(chunk, offset..offset + size);
                    return Some(chunk.start.get().wrapping_add(offset));
                }
            }
        }
        self.drop_unused(chunk);
        self.publish_copy(&draft?.bytes()[offset - first..])
    }

    /// The same by way of a file, for all that follows, too.
    #[cold]
    fn publish_copy(&self, code: &[u8]) -> Option<*const u8> {
        let size = code.len().next_multiple_of(PAGE);
        let copy = if self.has_room(size) { sys::map_executable_copy(code) } else { return None };
        let next = if copy.is_null() { Way::None } else { Way::Copy };
        WAY.store(next as u8, Ordering::Relaxed);
        if copy.is_null() {
            return None;
        }
        let Some(chunk) = self.add(copy, size) else {
            // SAFETY: the mapping of just now, which nobody knows.
            unsafe { sys::unmap(copy, size) };
            return None;
        };
        self.take(chunk, 0..size);
        Some(copy)
    }

    /// A function is in these bytes from now on.
    fn take(&self, chunk: &Chunk, bytes: Range<usize>) {
        let pages = bytes.end.div_ceil(PAGE) as u32;
        let more = pages.saturating_sub(chunk.pages.get());
        MAPPINGS.fetch_add(more as usize, Ordering::Relaxed);
        chunk.pages.set(chunk.pages.get() + more);
        // Nothing is put behind a function that is larger than the others' chunks.
        chunk.used.set(if bytes.end > CHUNK { chunk.size.get() } else { bytes.end as u32 });
        chunk.functions.set(chunk.functions.get() + 1);
        for live in chunk.live(bytes) {
            live.set(live.get() + 1);
        }
    }

    /// A chunk, and where there is room in it.
    fn room(&self, size: usize) -> Option<(&Chunk, usize)> {
        for chunk in self.known() {
            let used = chunk.used.get() as usize;
            let offset = if self.forbids.get() { used.next_multiple_of(PAGE) } else { used };
            if offset + size <= chunk.size.get() as usize {
                return Some((chunk, offset));
            }
        }
        let size = size.next_multiple_of(PAGE).max(CHUNK);
        if !self.has_room(size) {
            return None;
        }
        let p = sys::reserve(size);
        if p.is_null() {
            return None;
        }
        let chunk = self.add(p, size);
        if chunk.is_none() {
            // SAFETY: the mapping of just now, which nobody knows.
            unsafe { sys::unmap(p, size) };
        }
        Some((chunk?, 0))
    }

    /// There may be a chunk of so many bytes more.
    fn has_room(&self, size: usize) -> bool {
        size <= LIMIT && self.total.get() <= LIMIT - size
    }

    fn known(&self) -> &[Chunk] {
        &self.chunks[..self.count.get()]
    }

    /// Takes a mapping as a chunk that nothing is in.
    fn add(&self, start: *mut u8, size: usize) -> Option<&Chunk> {
        let free = self.known().iter().position(|chunk| chunk.size.get() == 0).unwrap_or(self.count.get());
        let chunk = self.chunks.get(free)?;
        chunk.start.set(start);
        chunk.size.set(size as u32);
        self.count.set(self.count.get().max(free + 1));
        self.total.set(self.total.get() + size);
        MAPPINGS.fetch_add(1, Ordering::Relaxed);
        Some(chunk)
    }

    /// Gives a chunk back, unless there are functions in it.
    fn drop_unused(&self, chunk: &Chunk) {
        if chunk.functions.get() == 0 {
            self.total.set(self.total.get() - chunk.size.get() as usize);
            MAPPINGS.fetch_sub(1 + chunk.pages.get() as usize, Ordering::Relaxed);
            // SAFETY: the chunk's mapping, in which nothing is left.
            unsafe { sys::unmap(chunk.start.get(), chunk.size.get() as usize) };
            chunk.start.set(core::ptr::null_mut());
            for number in [&chunk.size, &chunk.used, &chunk.pages] {
                number.set(0);
            }
            chunk.live.iter().for_each(|live| live.set(0));
        }
    }

    /// Frees the function of this size that `publish` gave this place. It does not run any more.
    pub fn free(&self, code: *const u8, size: usize) {
        let offset = |chunk: &Chunk| (code as usize).wrapping_sub(chunk.start.get() as usize);
        let chunk = self.known().iter().find(|chunk| offset(chunk) < chunk.size.get() as usize);
        debug_assert!(chunk.is_some(), "code that is not of this state");
        let Some(chunk) = chunk else { return };
        chunk.functions.set(chunk.functions.get() - 1);
        if chunk.functions.get() == 0 {
            return self.drop_unused(chunk);
        }
        let start = offset(chunk);
        for (k, live) in chunk.live(start..start + size).iter().enumerate() {
            live.set(live.get() - 1);
            if live.get() == 0 {
                let page = chunk.start.get().wrapping_add((start / PAGE + k) * PAGE);
                // SAFETY: a page of the chunk, in which nothing is left. That it keeps what is in it does no harm.
                unsafe {
                    match self.forbids.get() {
                        true => sys::forbid(page, PAGE),
                        false => _ = sys::discard(page, PAGE),
                    }
                }
            }
        }
        // Those at the end take functions again.
        while !self.forbids.get() && chunk.live[(chunk.used.get() as usize - 1) / PAGE].get() == 0 {
            chunk.used.set((chunk.used.get() - 1) / PAGE as u32 * PAGE as u32);
        }
    }

    /// Gives everything back.
    pub fn close(&self) {
        for chunk in self.known() {
            if chunk.size.get() != 0 {
                chunk.functions.set(0);
                self.drop_unused(chunk);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;
    use std::vec::Vec;

    /// Memory that is as in a new state, and closed at the end.
    struct Fresh(&'static CodeMemory);
    impl Fresh {
        fn new() -> Fresh {
            let p = sys::map(size_of::<CodeMemory>());
            assert!(!p.is_null());
            // SAFETY: zeros are empty memory.
            Fresh(unsafe { &*p.cast::<CodeMemory>() })
        }
    }
    impl Drop for Fresh {
        fn drop(&mut self) {
            self.0.close();
            assert_eq!(self.0.total.get(), 0);
            // SAFETY: the mapping of `new`.
            unsafe { sys::unmap((&raw const *self.0).cast_mut().cast(), size_of::<CodeMemory>()) };
        }
    }

    /// A function that returns a number: mov eax, n; ret.
    fn publish_number(memory: &CodeMemory, n: u32, size: usize) -> Option<*const u8> {
        memory.publish(size, |code| {
            code[0] = 0xB8;
            code[1..5].copy_from_slice(&n.to_le_bytes());
            code[5] = 0xC3;
        })
    }
    fn call(code: *const u8) -> u32 {
        // SAFETY: code of `publish_number`.
        unsafe { core::mem::transmute::<*const u8, extern "C" fn() -> u32>(code)() }
    }

    /// The rights of the page at an address, as the system shows them.
    fn rights(p: *const u8) -> Option<String> {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        maps.lines().find_map(|line| {
            let (range, rest) = line.split_once(' ')?;
            let (start, end) = range.split_once('-')?;
            let number = |text: &str| usize::from_str_radix(text, 16).unwrap();
            (number(start)..number(end)).contains(&(p as usize)).then(|| rest[..4].into())
        })
    }

    #[test]
    fn functions_run_and_cannot_be_written() {
        let memory = Fresh::new();
        let functions: Vec<_> =
            (0..40).map(|n| publish_number(memory.0, n, 6 + n as usize * 500).unwrap()).collect();
        for (n, &code) in functions.iter().enumerate() {
            assert_eq!(call(code), n as u32);
            assert_eq!(rights(code).unwrap(), "r-xp");
        }
    }

    #[test]
    fn functions_share_pages() {
        let memory = Fresh::new();
        let functions: Vec<_> = (0..100).map(|n| publish_number(memory.0, n, 600).unwrap()).collect();
        let (start, end) = (functions[0] as usize, functions[99] as usize);
        assert_eq!(end - start, 99 * 608);
        for (n, &code) in functions.iter().enumerate() {
            assert_eq!((call(code), code as usize % ALIGNMENT), (n as u32, 0));
        }
        // The first pages hold 4 functions each, the last a part of each of them and of the next page's.
        for n in [0, 1, 3, 4] {
            memory.0.free(functions[n], 600);
        }
        assert_eq!(call(functions[2]), 2);
        assert_eq!(call(functions[5]), 5);
        // The pages at the end are free again.
        for &code in &functions[90..] {
            memory.0.free(code, 600);
        }
        let again = publish_number(memory.0, 7, 600).unwrap();
        assert_eq!(again as usize, (functions[90] as usize).next_multiple_of(PAGE));
        assert_eq!((call(again), call(functions[89])), (7, 89));
    }

    #[test]
    fn a_chunk_goes_with_its_last_function() {
        let memory = Fresh::new();
        memory.0.forbids.set(true);
        let functions: Vec<_> =
            (0..PAGES).map(|n| publish_number(memory.0, n as u32, 100).unwrap()).collect();
        assert_eq!(memory.0.total.get(), CHUNK);
        let (&last, others) = functions.split_last().unwrap();
        for &code in others {
            memory.0.free(code, 100);
            assert_eq!(rights(code).unwrap(), "---p");
        }
        assert_eq!(call(last), functions.len() as u32 - 1);
        assert_eq!(memory.0.total.get(), CHUNK);
        memory.0.free(last, 100);
        assert_eq!(memory.0.total.get(), 0);
        // Its place in the list is used again.
        let large = publish_number(memory.0, 7, CHUNK + 1).unwrap();
        assert_eq!((memory.0.count.get(), call(large)), (1, 7));
        assert_eq!(memory.0.total.get(), CHUNK + PAGE);
    }

    #[test]
    fn there_is_a_limit() {
        let memory = Fresh::new();
        let mut functions = Vec::new();
        while let Some(code) = publish_number(memory.0, functions.len() as u32, CHUNK) {
            functions.push(code);
        }
        assert_eq!(functions.len(), LIMIT / CHUNK);
        assert!(publish_number(memory.0, 0, LIMIT + 1).is_none());
        memory.0.free(functions[3], CHUNK);
        assert!(publish_number(memory.0, 0, CHUNK).is_some());
        assert!(publish_number(memory.0, 0, 1).is_none());
    }

    /// Runs an ignored test in a process of its own.
    fn in_a_process_of_its_own(test: &str) {
        let own = std::env::current_exe().unwrap();
        let done = std::process::Command::new(own)
            .args(["--exact", "--ignored", "--nocapture", &std::format!("jit::memory::tests::{test}")])
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
        assert!(String::from_utf8_lossy(&done.stdout).contains("1 passed"));
    }

    #[test]
    fn systems_that_refuse() {
        in_a_process_of_its_own("with_rights_that_do_not_change");
        in_a_process_of_its_own("without_any_way");
    }

    #[test]
    #[ignore = "it changes the process: `systems_that_refuse` runs it"]
    fn with_rights_that_do_not_change() {
        if !sys::refuse_changes_to_executable() {
            // A kernel before Linux 6.3.
            return;
        }
        let memory = Fresh::new();
        let functions: Vec<_> =
            (0..40).map(|n| publish_number(memory.0, n, 6 + n as usize * 500).unwrap()).collect();
        assert_eq!(way(), Way::Copy);
        for (n, &code) in functions.iter().enumerate() {
            assert_eq!(call(code), n as u32);
            assert_eq!(rights(code).unwrap(), "r-xp");
        }
        for (n, &code) in functions.iter().enumerate() {
            memory.0.free(code, 6 + n * 500);
        }
        assert_eq!(memory.0.total.get(), 0);
    }

    #[test]
    #[ignore = "it changes the process: `systems_that_refuse` runs it"]
    fn without_any_way() {
        if !sys::refuse_changes_to_executable() || !sys::refuse_new_files() {
            return;
        }
        let memory = Fresh::new();
        assert!(publish_number(memory.0, 1, 100).is_none());
        assert_eq!(way(), Way::None);
        assert_eq!(memory.0.total.get(), 0);
        assert!(publish_number(memory.0, 1, 100).is_none());
    }
}
