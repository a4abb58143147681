//! Reads the unwind tables of the frames between a stub and its pad, once for each return address.
//!
//! # Invariants
//!
//! 1. A rule is looked up only for a return address that is on the native stack, so the object that holds the code is
//!    mapped and its tables can be read.
//! 2. The cache belongs to the process and is shared by all threads without a lock: a slot's sequence number is odd
//!    while it is written, and a reader that sees it change computes the rule anew. A writer that finds a slot taken
//!    gives up.
//! 3. Each cached rule carries the loader's count of unloaded objects from the raise that computed it, during which the
//!    object stays, since a frame of it is on the stack. The rule counts for nothing when the count has changed:
//!    another object may be at the same address. Code of the program itself and of this library cannot be unloaded
//!    while the cache exists; its rules hold for ever.

use super::arch;
use super::lsda::{self, Landing};
use super::unwind::CXX_FLAVOUR;
use crate::sys::{Object, find_object, objects_counted};
use core::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};
use gimli::{
    BaseAddresses, CfaRule, EhFrame, EhFrameHdr, EndianSlice, NativeEndian, Pointer, Reader, Register,
    RegisterRule, UnwindContext, UnwindContextStorage, UnwindExpression, UnwindSection, UnwindTableRow,
    constants,
};

#[cfg(target_arch = "x86_64")]
mod registers {
    /// DWARF numbers of the stack pointer, the frame pointer and the return address.
    pub const SP: u16 = 7;
    pub const FP: u16 = 6;
    pub const RA: u16 = 16;
}

#[cfg(target_arch = "aarch64")]
mod registers {
    /// DWARF numbers of the stack pointer, the frame pointer and the link register.
    pub const SP: u16 = 31;
    pub const FP: u16 = 29;
    pub const RA: u16 = 30;
}

/// The rule for a frame: how to get to its caller's, and which code unwinding it would run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    code: u32,
    /// Added to the base.
    cfa: i32,
    /// The place where the frame pointer is saved, as `code` says.
    fp: i32,
}

/// The parts of a rule's code. The one that says nothing is the commonest: nothing to run, the CFA at a distance
/// from the stack pointer, the frame pointer not touched.
mod code {
    // The code that unwinding runs.
    pub const CLEANUP: u32 = 1;
    pub const HANDLER: u32 = 2;
    /// Code without an unwind table, which nobody can unwind.
    pub const NO_TABLE: u32 = 3;
    /// Only the system unwinder may know.
    pub const UNKNOWN: u32 = 4;
    pub const RUNS: u32 = 7;
    // The base of the CFA.
    pub const BASE_FP: u32 = 1 << 3;
    /// The CFA is stored at the frame pointer plus `cfa` (a function that realigned its stack).
    pub const BASE_AT_FP: u32 = 2 << 3;
    pub const BASE: u32 = 3 << 3;
    // The place of the saved frame pointer.
    pub const SAVED_FROM_CFA: u32 = 1 << 5;
    pub const SAVED_FROM_FP: u32 = 2 << 5;
    pub const SAVED: u32 = 3 << 5;
    // How far below the CFA the return address is, in words.
    pub const RETURN_SHIFT: u32 = 16;
}

impl Rule {
    const NO_TABLE: Rule = Rule { code: code::NO_TABLE, cfa: 0, fp: 0 };
    const UNKNOWN: Rule = Rule { code: code::UNKNOWN, cfa: 0, fp: 0 };

    /// The place where the return address is stored, given the CFA.
    #[inline(always)]
    fn return_slot(self, cfa: usize) -> usize {
        // A call pushes it in one architecture, a function saves it where it likes in another.
        let words = if cfg!(target_arch = "x86_64") { 1 } else { self.code >> code::RETURN_SHIFT };
        cfa.wrapping_sub(words as usize * size_of::<usize>())
    }

    /// The code that unwinding the frame runs. `Err` tells that nobody can unwind it, or that only the unwinder knows.
    #[inline]
    pub(super) fn runs(self) -> Result<Landing, Opaque> {
        match self.code & code::RUNS {
            0 => Ok(Landing::Clean),
            code::CLEANUP => Ok(Landing::Cleanup),
            code::HANDLER => Ok(Landing::Handler),
            code::NO_TABLE => Err(Opaque::NoTable),
            _ => Err(Opaque::Unknown),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opaque {
    NoTable,
    Unknown,
}

/// A frame on the way, as the call it is stopped at left it.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    pub(super) pc: usize,
    pub(super) sp: usize,
    pub(super) fp: usize,
}

impl Frame {
    /// Walks up the frames while their rules are known, simple, and have nothing to run. Returns the frame where that
    /// ends, at the latest at the stack pointer `end`, and how many were passed.
    ///
    /// # Safety
    /// The frame is on this thread's stack, which is readable up to `end`.
    #[inline(always)]
    pub(super) unsafe fn skip_plain(mut self, end: usize) -> (Frame, usize) {
        let mut passed = 0;
        while self.sp < end {
            let Some((rule, FOR_EVER)) = Slot::of(self.pc).read(self.pc) else { break };
            let kind = rule.code & ((1 << code::RETURN_SHIFT) - 1);
            if kind & !code::SAVED_FROM_CFA != 0 {
                break;
            }
            let cfa = self.sp.wrapping_add_signed(rule.cfa as isize);
            if cfa <= self.sp || cfa > end {
                break;
            }
            // SAFETY: the CFA is checked to be above `sp` and at most `end`, between which the caller says that the
            // stack is readable. The rules that hold for ever are of the program's and this library's own tables, which
            // are trusted to save the caller's registers and the return address in the frame, below its CFA.
            unsafe {
                if kind != 0 {
                    self.fp = *(cfa.wrapping_add_signed(rule.fp as isize) as *const usize);
                }
                self.pc = arch::plain_address(*(rule.return_slot(cfa) as *const usize));
            }
            self.sp = cfa;
            passed += 1;
        }
        (self, passed)
    }

    /// The number of frames that a raise to the pad jumps over, as far as the cache knows them; `None` if it must
    /// unwind.
    ///
    /// # Safety
    /// As for [`Frame::skip_plain`], with `pad` the address of the innermost pad.
    #[inline(always)]
    pub(super) unsafe fn crossing(self, pad: usize) -> Option<usize> {
        // SAFETY: the caller's promise.
        unsafe {
            let (frame, frames) = self.skip_plain(pad);
            if frame.sp != pad && unwinds(frame, pad) { None } else { Some(frames) }
        }
    }

    /// The caller's frame, or `None` when the rule does not lead up the stack and to `end` at most.
    ///
    /// # Safety
    /// The stack is readable from `self.sp` to `end`, and `rule` is this frame's.
    pub(super) unsafe fn caller(self, rule: Rule, end: usize) -> Option<Frame> {
        // SAFETY: `at` reads only aligned words from `sp` to `end`, where the stack is readable by the caller's
        // promise.
        unsafe {
            let at = |address: usize| {
                if address >= self.sp && address < end && address.is_multiple_of(size_of::<usize>()) {
                    Some(*(address as *const usize))
                } else {
                    None
                }
            };
            let offset = rule.cfa as isize;
            let cfa = match rule.code & code::BASE {
                0 => self.sp.wrapping_add_signed(offset),
                code::BASE_FP => self.fp.wrapping_add_signed(offset),
                _ => at(self.fp.wrapping_add_signed(offset))?,
            };
            if cfa <= self.sp || cfa > end {
                return None;
            }
            let offset = rule.fp as isize;
            let fp = match rule.code & code::SAVED {
                0 => self.fp,
                code::SAVED_FROM_CFA => at(cfa.wrapping_add_signed(offset))?,
                _ => at(self.fp.wrapping_add_signed(offset))?,
            };
            Some(Frame { pc: arch::plain_address(at(rule.return_slot(cfa))?), sp: cfa, fp })
        }
    }
}

/// Whether the frames from `frame` up to the pad want unwinding rather than a jump.
///
/// # Safety
/// As for [`Frame::skip_plain`], with `pad` the address of the innermost pad.
#[inline(never)]
unsafe fn unwinds(mut frame: Frame, pad: usize) -> bool {
    let mut rules = Rules::new();
    let mut strongest = Landing::Clean;
    while frame.sp != pad {
        if frame.sp > pad {
            // The pad is on another stack than the raise. Only a jump gets there.
            return false;
        }
        // SAFETY: `frame.pc` is a return address of this thread's stack: the first is the caller's, others were read
        // there.
        let rule = unsafe { rules.of(frame.pc) };
        match rule.runs() {
            Ok(Landing::Clean) => {}
            Ok(Landing::Cleanup) => strongest = Landing::Cleanup,
            Ok(Landing::Handler) => return CXX_FLAVOUR,
            Err(Opaque::NoTable) => return false,
            Err(Opaque::Unknown) => return true,
        }
        // SAFETY: the rule is that of the frame's function. If it leads nowhere, the unwinder decides.
        frame = match unsafe { frame.caller(rule, pad) } {
            Some(frame) => frame,
            None => return true,
        };
    }
    strongest != Landing::Clean
}

const SLOTS: usize = 256;
/// Generation of rules that hold for ever.
const FOR_EVER: u64 = u64::MAX;

struct Slot {
    sequence: AtomicU32,
    code: AtomicU32,
    pc: AtomicUsize,
    generation: AtomicU64,
    cfa: AtomicI32,
    fp: AtomicI32,
}

static CACHE: [Slot; SLOTS] = [const {
    Slot {
        sequence: AtomicU32::new(0),
        code: AtomicU32::new(0),
        pc: AtomicUsize::new(0),
        generation: AtomicU64::new(0),
        cfa: AtomicI32::new(0),
        fp: AtomicI32::new(0),
    }
}; SLOTS];

impl Slot {
    #[inline(always)]
    fn of(pc: usize) -> &'static Slot {
        &CACHE[(pc ^ pc >> 8) % SLOTS]
    }

    /// The rule and generation stored for `pc`.
    #[inline(always)]
    fn read(&self, pc: usize) -> Option<(Rule, u64)> {
        let before = self.sequence.load(Ordering::Acquire);
        let found = self.pc.load(Ordering::Relaxed);
        let code = self.code.load(Ordering::Relaxed);
        let generation = self.generation.load(Ordering::Relaxed);
        let cfa = self.cfa.load(Ordering::Relaxed);
        let fp = self.fp.load(Ordering::Relaxed);
        fence(Ordering::Acquire);
        if found != pc || before & 1 != 0 || self.sequence.load(Ordering::Relaxed) != before {
            return None;
        }
        Some((Rule { code, cfa, fp }, generation))
    }

    fn write(&self, pc: usize, rule: Rule, generation: u64) {
        let before = self.sequence.load(Ordering::Relaxed);
        if before & 1 != 0
            || self
                .sequence
                .compare_exchange(before, before.wrapping_add(1), Ordering::Acquire, Ordering::Relaxed)
                .is_err()
        {
            return;
        }
        fence(Ordering::Release);
        self.pc.store(pc, Ordering::Relaxed);
        self.code.store(rule.code, Ordering::Relaxed);
        self.generation.store(generation, Ordering::Relaxed);
        self.cfa.store(rule.cfa, Ordering::Relaxed);
        self.fp.store(rule.fp, Ordering::Relaxed);
        self.sequence.store(before.wrapping_add(2), Ordering::Release);
    }
}

/// One raise's view of the cache: asks the loader at most once how many objects it has unloaded.
pub(super) struct Rules {
    unloaded: Option<u64>,
}

impl Rules {
    pub(super) fn new() -> Rules {
        Rules { unloaded: None }
    }

    /// The rule of the frame that `pc` returns to.
    ///
    /// # Safety
    /// `pc` is a return address on this thread's stack.
    pub(super) unsafe fn of(&mut self, pc: usize) -> Rule {
        if let Some((rule, generation)) = Slot::of(pc).read(pc)
            && (generation == FOR_EVER || generation == self.generation())
        {
            return rule;
        }
        // SAFETY: the promise of the caller.
        unsafe { self.compute(pc) }
    }

    #[inline]
    fn generation(&mut self) -> u64 {
        match self.unloaded {
            Some(count) => count,
            None => {
                let (_, count) = objects_counted();
                self.unloaded = Some(count);
                count
            }
        }
    }

    /// # Safety
    /// As for [`Rules::of`].
    #[cold]
    #[inline(never)]
    unsafe fn compute(&mut self, pc: usize) -> Rule {
        let Some(object) = find_object(pc, CACHE.as_ptr() as usize) else {
            // Made at run time, perhaps announced to the unwinder; it may be gone before the next look, so not kept.
            return Rule::UNKNOWN;
        };
        // SAFETY: the frame's object is mapped (invariant 1).
        let rule = unsafe { rule_in(&object, pc - 1) };
        let generation = if object.permanent { FOR_EVER } else { self.generation() };
        Slot::of(pc).write(pc, rule, generation);
        rule
    }
}

type Slice = EndianSlice<'static, NativeEndian>;

/// Room for the evaluation of a table without an allocator: more registers and nesting than compilers use.
struct Store;

impl UnwindContextStorage<usize> for Store {
    type Rules = [(Register, RegisterRule<usize>); 32];
    type Stack = [UnwindTableRow<usize, Self>; 4];
}

/// The rule of the frame that is stopped at the call containing `pc`.
///
/// # Safety
/// The object is mapped.
unsafe fn rule_in(object: &Object, pc: usize) -> Rule {
    if !object.segment.contains(&object.header) {
        // A static program may announce its tables at its start instead. Nothing else does.
        return if object.permanent { Rule::UNKNOWN } else { Rule::NO_TABLE };
    }
    // SAFETY: the object is mapped by the caller's promise, and its header is inside its segment.
    match unsafe { read(object, pc) } {
        Ok(Some(rule)) => rule,
        Ok(None) => Rule::UNKNOWN,
        Err(gimli::Error::NoUnwindInfoForAddress) => Rule::NO_TABLE,
        Err(_) => Rule::UNKNOWN,
    }
}

/// `None`: in a form not known here.
///
/// # Safety
/// The object is mapped, and its header is in the segment.
unsafe fn read(object: &Object, pc: usize) -> gimli::Result<Option<Rule>> {
    let slice = |start: usize| -> Slice {
        let length = object.segment.end - start;
        // SAFETY: `start` is checked to be in the segment, which is mapped while the slice lives: the caller's promise.
        EndianSlice::new(unsafe { core::slice::from_raw_parts(start as *const u8, length) }, NativeEndian)
    };
    let bases = BaseAddresses::default().set_eh_frame_hdr(object.header as u64);
    let header = EhFrameHdr::from(slice(object.header)).parse(&bases, size_of::<usize>() as u8)?;
    let Pointer::Direct(start) = header.eh_frame_ptr() else { return Ok(None) };
    let Some(table) = header.table() else { return Ok(None) };
    let start = start as usize;
    if !object.segment.contains(&start) {
        return Ok(None);
    }
    let mut frames = EhFrame::from(slice(start));
    if cfg!(target_arch = "aarch64") {
        frames.set_vendor(gimli::Vendor::AArch64);
    }
    let bases = bases.set_eh_frame(start as u64);
    let entry = table.fde_for_address(&frames, &bases, pc as u64, EhFrame::cie_from_offset)?;
    if entry.is_signal_trampoline() {
        return Ok(None);
    }

    let landing = match (entry.personality(), entry.lsda()) {
        (None, _) => Landing::Clean,
        // As our own pads: the routine knows without a table. It must be asked.
        (Some(_), None) => Landing::Cleanup,
        (Some(_), Some(Pointer::Direct(data))) => {
            // A null pointer, decoded relative to its own place, points to itobject.
            let own = start as u64 + entry.offset() as u64;
            if data == 0 || (data >= own && data < own + entry.entry_len() as u64 + 4) {
                Landing::Clean
            } else {
                let function = entry.initial_address() as usize;
                // SAFETY: the table that the function's own entry names; its object is mapped by the caller's promise.
                match unsafe { lsda::landing(data as *const u8, function, pc) } {
                    Some(landing) => landing,
                    None => return Ok(None),
                }
            }
        }
        (Some(_), Some(Pointer::Indirect(_))) => return Ok(None),
    };

    let mut context = UnwindContext::<usize, Store>::new_in();
    let row = entry.unwind_info_for_address(&frames, &bases, &mut context, pc as u64)?;
    let place = |expression: &UnwindExpression<usize>| fp_place(expression, &frames);
    let (base, cfa) = match row.cfa() {
        CfaRule::RegisterAndOffset { register, offset } => match register.0 {
            registers::SP => (0, *offset),
            registers::FP => (code::BASE_FP, *offset),
            _ => return Ok(None),
        },
        CfaRule::Expression(expression) => match place(expression) {
            Some((offset, true)) => (code::BASE_AT_FP, offset),
            _ => return Ok(None),
        },
    };
    let (saved, fp) = match row.register(Register(registers::FP)) {
        RegisterRule::Undefined | RegisterRule::SameValue => (0, 0),
        RegisterRule::Offset(offset) if offset < 0 => (code::SAVED_FROM_CFA, offset),
        RegisterRule::Expression(expression) => match place(&expression) {
            Some((offset, false)) => (code::SAVED_FROM_FP, offset),
            _ => return Ok(None),
        },
        _ => return Ok(None),
    };
    let words = match row.register(Register(registers::RA)) {
        RegisterRule::Offset(offset @ -0x7fff8..=-8) if offset % 8 == 0 => (-offset / 8) as u32,
        _ => return Ok(None),
    };
    let code = base | saved | if cfg!(target_arch = "x86_64") { 0 } else { words << code::RETURN_SHIFT };
    if cfg!(target_arch = "x86_64") && words != 1 {
        return Ok(None);
    }
    let runs = match landing {
        Landing::Clean => 0,
        Landing::Cleanup => code::CLEANUP,
        Landing::Handler => code::HANDLER,
    };
    match (i32::try_from(cfa), i32::try_from(fp)) {
        (Ok(cfa), Ok(fp)) => Ok(Some(Rule { code: runs | code, cfa, fp })),
        _ => Ok(None),
    }
}

/// Understands "frame pointer plus n" and, with `true`, "what is stored there".
fn fp_place(expression: &UnwindExpression<usize>, frames: &EhFrame<Slice>) -> Option<(i64, bool)> {
    const FP_PLUS: u8 = constants::DW_OP_breg0.0 + registers::FP as u8;
    const DEREF: u8 = constants::DW_OP_deref.0;
    let mut bytes = expression.get(frames).ok()?.0;
    if bytes.read_u8().ok()? != FP_PLUS {
        return None;
    }
    let offset = bytes.read_sleb128().ok()?;
    match bytes.slice() {
        [] => Some((offset, false)),
        [DEREF] => Some((offset, true)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boundary::{Link, call};
    use crate::sys;
    use core::ffi::c_void;
    use std::cell::RefCell;
    use std::ffi::CString;
    use std::process::Command;
    use std::vec::Vec;

    std::thread_local! {
        static SEEN: RefCell<Vec<Rule>> = const { RefCell::new(Vec::new()) };
    }

    /// Called by foreign code: walks from its frame to the innermost pad.
    #[cfg(target_arch = "x86_64")]
    #[unsafe(naked)]
    unsafe extern "C" fn probe(link: *mut Link) {
        core::arch::naked_asm!(
            "mov rsi, [rsp]",
            "lea rdx, [rsp + 8]",
            "mov rcx, rbp",
            "jmp {walk}",
            walk = sym walk,
        )
    }

    #[cfg(target_arch = "aarch64")]
    #[unsafe(naked)]
    unsafe extern "C" fn probe(link: *mut Link) {
        core::arch::naked_asm!(
            "mov x1, x30",
            "mov x2, sp",
            "mov x3, x29",
            "b {walk}",
            walk = sym walk,
        )
    }

    unsafe extern "C" fn walk(link: *mut Link, pc: usize, sp: usize, fp: usize) {
        // SAFETY: the link that the caller entered by.
        let pad = unsafe { (*link).pad } as usize;
        let mut rules = Rules::new();
        let mut frame = Frame { pc, sp, fp };
        while frame.sp != pad {
            // SAFETY: a return address in a frame that is live.
            let rule = unsafe { rules.of(frame.pc) };
            // The second look is answered by the cache.
            assert_eq!(Slot::of(frame.pc).read(frame.pc).unwrap().0, rule);
            // SAFETY: a return address in a frame that is live.
            assert_eq!(unsafe { rules.of(frame.pc) }, rule);
            SEEN.with_borrow_mut(|seen| seen.push(rule));
            // SAFETY: the rule is the frame's own.
            match unsafe { frame.caller(rule, pad) } {
                Some(next) => frame = next,
                None => break,
            }
        }
        SEEN.with_borrow_mut(|seen| seen.push(if frame.sp == pad { Rule::NO_TABLE } else { Rule::UNKNOWN }));
    }

    const SOURCE: &str = r#"
        #include <stdint.h>
        #include <stddef.h>
        #define NOINLINE __attribute__((noinline))
        void (*probe)(void *);
        NOINLINE static int use(volatile char *p, size_t n) {
          for (size_t i = 0; i < n; i++) p[i] = i;
          return p[n / 2];
        }
        NOINLINE int aligned(void *l, size_t n) {
          _Alignas(128) volatile char a[256];
          int r = use(a, 256) + (int)((uintptr_t)a % 128);
          probe(l);
          return r;
        }
        NOINLINE int large(void *l, size_t n) { volatile char a[100000]; use(a, 100000); return aligned(l, n) + a[5]; }
        NOINLINE int dynamic(void *l, size_t n) {
          volatile char *a = __builtin_alloca(n * 100);
          use(a, n * 100);
          _Alignas(64) volatile char b[64];
          use(b, 64);
          return large(l, n) + a[n] + b[3];
        }
        NOINLINE static int many(void *l, size_t n, int a, int b, int c, int d, int e, int f, int g) {
          return dynamic(l, n) + a + b + c + d + e + f + g;
        }
        int all(void *l, size_t n) { return many(l, n, 1, 2, 3, 4, 5, 6, 7) + 1; }
        "#;

    /// Each frame's table is understood, and the walk arrives at the pad.
    #[test]
    fn compiled_frames() {
        let dir = std::env::temp_dir().join(std::format!("boundary-rules-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let file = dir.join("frames.c");
        std::fs::write(&file, SOURCE).unwrap();
        let styles: &[&[&str]] = &[
            &["-O0"],
            &["-O1"],
            &["-O2"],
            &["-Os"],
            &["-O2", "-fno-omit-frame-pointer"],
            &["-O2", "-fexceptions"],
            &["-O2", "-fstack-protector-all"],
            #[cfg(target_arch = "x86_64")]
            &["-O2", "-mpreferred-stack-boundary=6", "-fcf-protection=full"],
            #[cfg(target_arch = "aarch64")]
            &["-O2", "-mbranch-protection=standard"],
            &["-O2", "-fno-asynchronous-unwind-tables", "-fno-unwind-tables", "-fno-exceptions"],
        ];
        for (i, flags) in styles.iter().enumerate() {
            let object = dir.join(std::format!("frames_{i}.so"));
            let done = Command::new(std::env::var("CC").unwrap_or("cc".into()))
                .args(["-shared", "-fPIC", "-o"])
                .args([&object, &file])
                .args(*flags)
                .status()
                .unwrap();
            assert!(done.success());
            let path = CString::new(object.to_str().unwrap()).unwrap();
            let mut link = Link::new();
            // SAFETY: the object just compiled has these symbols, with these types.
            unsafe {
                let handle = sys::open_library(&path, false);
                assert!(!handle.is_null());
                *sys::symbol(handle, c"probe").cast::<*const c_void>() = probe as *const c_void;
                let all = sys::symbol(handle, c"all");
                call(&mut link, all, &raw mut link as usize, 9, 0, 0);
                sys::close_library(handle);
            }
            let seen = SEEN.take();
            if flags.contains(&"-fno-asynchronous-unwind-tables") {
                assert_eq!(seen, [Rule::NO_TABLE, Rule::UNKNOWN], "{flags:?}");
            } else {
                assert_eq!(seen.len(), 6, "{flags:?}");
                assert!(seen[..5].iter().all(|rule| rule.runs() == Ok(Landing::Clean)), "{flags:?} {seen:?}");
                assert_eq!(seen[5], Rule::NO_TABLE, "{flags:?}");
            }
        }
        std::fs::remove_dir_all(dir).unwrap();
    }
}
