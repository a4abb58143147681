//! Memory for code, of one state.
//!
//! Rules
//! 1. No page is writable and executable at the same time, and a page that was executable is never written to again. So a
//!    function has whole pages to itself: they are filled once, and then they become executable by one call.
//! 2. Pages come in chunks, mappings of 64 KB or of one function that is larger. What is not filled yet can be written to.
//!    What is in the pages of a function that is freed goes back to the system at once, a chunk with the last function
//!    in it.
//! 3. Where the system lets nothing that was writable become executable, a function is copied through a file without a
//!    name, and is a chunk of its own. Where that is refused, too, there is no native code in this process; the refusal
//!    is no error for anybody.
//! 4. A process may have only so many mappings. Chunks are so few that a host with many states can map memory, too.
//! 5. None of it comes from `lua_Alloc`: what a script sees of its memory does not depend on what is compiled.

use crate::sys;
use core::cell::Cell;
use core::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

/// Bytes of a chunk that several functions share.
const CHUNK: usize = 64 << 10;
/// Bytes of code that a state may have.
const LIMIT: usize = 8 << 20;
/// More than there can be: a chunk has at least a page.
const MOST_CHUNKS: usize = LIMIT / 4096;

/// Chunks of all states in the process, and how many there may be. A chunk is two mappings, of what can be executed and of
/// what can be written to; Linux lets a process have 65,530.
static CHUNKS: AtomicUsize = AtomicUsize::new(0);
const MOST_CHUNKS_IN_PROCESS: usize = 12_000;

/// How code becomes executable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
enum Way {
    /// Written in place; then the pages' rights change.
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
}

/// It is all zeros at first, so that it can be in fresh memory.
pub struct CodeMemory {
    /// bytes of all chunks
    total: Cell<usize>,
    /// chunks that there have ever been at the same time
    count: Cell<usize>,
    chunks: [Chunk; MOST_CHUNKS],
}

impl CodeMemory {
    /// Gives `fill` room for `size` bytes of code, and makes them executable; where they are. Nothing when there is no more
    /// memory for code.
    pub fn publish(&self, size: usize, fill: impl FnOnce(&mut [u8])) -> Option<*const u8> {
        let pages = size.next_multiple_of(sys::page_size());
        let (chunk, p) = self.room(pages)?;
        // SAFETY: pages of a chunk that no function has, and that can be written to.
        fill(unsafe { core::slice::from_raw_parts_mut(p, size) });
        // SAFETY: they are whole pages; nobody writes to them after this.
        if way() == Way::Change && unsafe { sys::make_executable(p, pages) } {
            chunk.used.set(chunk.used.get() + pages as u32);
            chunk.functions.set(chunk.functions.get() + 1);
            return Some(p);
        }
        // SAFETY: just filled.
        let copy = sys::map_executable_copy(unsafe { core::slice::from_raw_parts(p, pages) });
        self.drop_unused(chunk);
        let next = if copy.is_null() { Way::None } else { Way::Copy };
        WAY.store(next as u8, Ordering::Relaxed);
        if copy.is_null() {
            return None;
        }
        let Some(chunk) = self.add(copy, pages) else {
            // SAFETY: the mapping of just now, which nobody knows.
            unsafe { sys::unmap(copy, pages) };
            return None;
        };
        chunk.used.set(pages as u32);
        chunk.functions.set(1);
        Some(copy)
    }

    /// Fresh pages that can be written to, and the chunk that they are in.
    fn room(&self, pages: usize) -> Option<(&Chunk, *mut u8)> {
        if way() == Way::None {
            return None;
        }
        for chunk in self.known() {
            if chunk.size.get() as usize - chunk.used.get() as usize >= pages {
                return Some((chunk, chunk.start.get().wrapping_add(chunk.used.get() as usize)));
            }
        }
        let size = if pages > CHUNK || way() == Way::Copy { pages } else { CHUNK };
        if size > LIMIT
            || self.total.get() > LIMIT - size
            || CHUNKS.load(Ordering::Relaxed) >= MOST_CHUNKS_IN_PROCESS
        {
            return None;
        }
        let p = sys::map(size);
        if p.is_null() {
            return None;
        }
        let chunk = self.add(p, size);
        if chunk.is_none() {
            // SAFETY: the mapping of just now, which nobody knows.
            unsafe { sys::unmap(p, size) };
        }
        Some((chunk?, p))
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
        chunk.used.set(0);
        chunk.functions.set(0);
        self.count.set(self.count.get().max(free + 1));
        self.total.set(self.total.get() + size);
        CHUNKS.fetch_add(1, Ordering::Relaxed);
        Some(chunk)
    }

    /// Gives a chunk back, unless there are functions in it.
    fn drop_unused(&self, chunk: &Chunk) {
        if chunk.functions.get() == 0 {
            self.total.set(self.total.get() - chunk.size.get() as usize);
            CHUNKS.fetch_sub(1, Ordering::Relaxed);
            // SAFETY: the chunk's mapping, in which nothing is left.
            unsafe { sys::unmap(chunk.start.get(), chunk.size.get() as usize) };
            chunk.start.set(core::ptr::null_mut());
            chunk.size.set(0);
            chunk.used.set(0);
        }
    }

    /// Frees the function of this size that `publish` gave this place. It does not run any more: with `forbid`, whoever tries
    /// ends the process, for which mappings have to be split.
    pub fn free(&self, code: *const u8, size: usize, forbid: bool) {
        let holds = |chunk: &&Chunk| {
            (code as usize).wrapping_sub(chunk.start.get() as usize) < chunk.size.get() as usize
        };
        let chunk = self.known().iter().find(holds);
        debug_assert!(chunk.is_some(), "code that is not of this state");
        if let Some(chunk) = chunk {
            chunk.functions.set(chunk.functions.get() - 1);
            if chunk.functions.get() == 0 {
                self.drop_unused(chunk);
            } else {
                let pages = size.next_multiple_of(sys::page_size());
                // SAFETY: the function's own pages. That they keep what is in them does no harm.
                unsafe {
                    match forbid {
                        true => sys::forbid(code.cast_mut(), pages),
                        false => _ = sys::discard(code.cast_mut(), pages),
                    }
                }
            }
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
    fn a_chunk_goes_with_its_last_function() {
        let memory = Fresh::new();
        let functions: Vec<_> =
            (0..CHUNK / 4096).map(|n| publish_number(memory.0, n as u32, 100).unwrap()).collect();
        assert_eq!(memory.0.total.get(), CHUNK);
        let (&last, others) = functions.split_last().unwrap();
        for &code in others {
            memory.0.free(code, 100, true);
            assert_eq!(rights(code).unwrap(), "---p");
        }
        assert_eq!(call(last), functions.len() as u32 - 1);
        assert_eq!(memory.0.total.get(), CHUNK);
        memory.0.free(last, 100, false);
        assert_eq!(memory.0.total.get(), 0);
        // Its place in the list is used again.
        let large = publish_number(memory.0, 7, CHUNK + 1).unwrap();
        assert_eq!((memory.0.count.get(), call(large)), (1, 7));
        assert_eq!(memory.0.total.get(), CHUNK + 4096);
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
        memory.0.free(functions[3], CHUNK, false);
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
            memory.0.free(code, 6 + n * 500, false);
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
