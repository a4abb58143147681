//! Asks the system unwinder what the frames between a stub and its pad want. This is the portable counterpart of
//! `rules.rs`: it knows no registers, but takes half a microsecond and more.
//!
//! The pad is a C function, so where in its frame its structure lies is the compiler's choice. It is the same
//! place in each such frame; [`measure_pad`] looks once how far above the stack pointer that is.

use super::lsda::{self, Landing};
use super::unwind::{CXX_FLAVOUR, Context, FUNCTIONS, GET_CFA, Unwinder};
use super::{Link, arch};
use crate::sys;
use crate::sys::objects_counted;
use core::ffi::{c_int, c_void};
use core::mem::transmute;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

// Places in `FUNCTIONS`.
const BACKTRACE: usize = 3;
const GET_IP_INFO: usize = 4;
const GET_REGION_START: usize = 5;
const GET_LANGUAGE_SPECIFIC_DATA: usize = 6;

const GO_ON: c_int = 0;
const STOP: c_int = 4;

/// From the stack pointer of a pad's frame to its [`Pad`](super::raise::Pad). Written before the unwinder is used.
static PAD_OFFSET: AtomicUsize = AtomicUsize::new(0);

pub(super) fn pad_offset() -> usize {
    PAD_OFFSET.load(Ordering::Relaxed)
}

/// The functions of the unwinder that look at a stack.
#[derive(Clone, Copy)]
struct Reader {
    backtrace:
        unsafe extern "C" fn(unsafe extern "C" fn(*mut Context, *mut c_void) -> c_int, *mut c_void) -> c_int,
    get_cfa: unsafe extern "C" fn(*mut Context) -> usize,
    get_ip_info: unsafe extern "C" fn(*mut Context, *mut c_int) -> usize,
    get_region_start: unsafe extern "C" fn(*mut Context) -> usize,
    get_data: unsafe extern "C" fn(*mut Context) -> *const u8,
}

impl Reader {
    /// # Safety
    /// The addresses of the functions that `FUNCTIONS` names.
    #[allow(clippy::missing_transmute_annotations, reason = "the fields have the types")]
    unsafe fn new(functions: impl Fn(usize) -> usize) -> Reader {
        // SAFETY: each address is, by the caller's promise, that of the function named, whose type the field has.
        unsafe {
            Reader {
                backtrace: transmute(functions(BACKTRACE)),
                get_cfa: transmute(functions(GET_CFA)),
                get_ip_info: transmute(functions(GET_IP_INFO)),
                get_region_start: transmute(functions(GET_REGION_START)),
                get_data: transmute(functions(GET_LANGUAGE_SPECIFIC_DATA)),
            }
        }
    }
}

/// Learns where in its frame a pad keeps its structure. `false`: the unwinder does not find pads.
///
/// # Safety
/// The addresses of the functions that `FUNCTIONS` names.
pub(super) unsafe fn measure_pad(functions: &[usize; FUNCTIONS.len()]) -> bool {
    struct Probe {
        reader: Reader,
        sp: usize,
    }
    unsafe extern "C" fn visit(context: *mut Context, probe: *mut c_void) -> c_int {
        // SAFETY: the unwinder passes a valid context and what it was given.
        unsafe {
            let probe = &mut *probe.cast::<Probe>();
            if (probe.reader.get_region_start)(context) != arch::call as *const () as usize {
                return GO_ON;
            }
            probe.sp = (probe.reader.get_cfa)(context);
            STOP
        }
    }
    unsafe extern "C" fn probe(link: *mut Link, probe: *mut Probe) -> usize {
        // SAFETY: what `measure_pad` passes; the pad is the frame that called this.
        unsafe {
            ((*probe).reader.backtrace)(visit, probe.cast());
            (*link).pad as usize
        }
    }
    // SAFETY: the addresses are the caller's promise; the probe is a function of two words.
    unsafe {
        let mut link = Link::new();
        let mut seen = Probe { reader: Reader::new(|i| functions[i]), sp: 0 };
        let f = probe as *const c_void;
        let pad =
            arch::call(&mut link, f, &raw mut link as usize, &raw mut seen as usize, 0, 0).value as usize;
        PAD_OFFSET.store(pad.wrapping_sub(seen.sp), Ordering::Relaxed);
        seen.sp != 0 && seen.sp <= pad
    }
}

/// Whether the process has an unwinder, without which no frame can want to be unwound. A host in plain C has none, and
/// does not pay for one.
fn unwinder_in_process() -> bool {
    /// The loader's count of objects when there was none; 0: not looked yet.
    static NONE_AT: AtomicU64 = AtomicU64::new(0);
    if arch::linked_unwinder()[0] != 0 || Unwinder::is_known() {
        return true;
    }
    let (count, _) = objects_counted();
    if count != 0 && count == NONE_AT.load(Ordering::Relaxed) {
        return false;
    }
    let handle = sys::find_library(sys::UNWINDER_LIBRARY);
    // SAFETY: given back once. Who loaded the library, if anybody, holds it.
    let found = !handle.is_null() && unsafe { sys::close_library(handle) };
    if !found {
        NONE_AT.store(count, Ordering::Relaxed);
    }
    found
}

/// The start of a raise: the frames above an address are foreign.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    floor: usize,
}

impl Frame {
    pub(super) fn above(address: *const u8) -> Frame {
        Frame { floor: address as usize }
    }

    /// Whether a raise to the pad is a jump; `None` if it must unwind. (The number is for those who can count frames.)
    ///
    /// # Safety
    /// `pad` is an active pad of this thread.
    pub(super) unsafe fn crossing(self, pad: usize) -> Option<usize> {
        if !unwinder_in_process() {
            return Some(0);
        }
        let Some(unwinder) = Unwinder::get() else { return Some(0) };
        let mut walk = Walk {
            // SAFETY: the functions that were found.
            reader: unsafe { Reader::new(|i| unwinder.function(i)) },
            floor: self.floor,
            pad,
            strongest: Landing::Clean,
            unwind: None,
        };
        // SAFETY: `visit` gets the walk it expects.
        unsafe { (walk.reader.backtrace)(visit, (&raw mut walk).cast()) };
        // Where the unwinder did not get to the pad, nobody can unwind.
        if walk.unwind.unwrap_or(false) { None } else { Some(0) }
    }
}

struct Walk {
    reader: Reader,
    floor: usize,
    pad: usize,
    strongest: Landing,
    /// The answer.
    unwind: Option<bool>,
}

unsafe extern "C" fn visit(context: *mut Context, walk: *mut c_void) -> c_int {
    // SAFETY: the unwinder passes a valid context and what it was given; the data area is the function's own.
    unsafe {
        let walk = &mut *walk.cast::<Walk>();
        let sp = (walk.reader.get_cfa)(context);
        if sp <= walk.floor {
            return GO_ON;
        }
        if sp > walk.pad {
            // The pad is on another stack than the raise. Only a jump gets there.
            return STOP;
        }
        let function = (walk.reader.get_region_start)(context);
        let landing = if function == arch::call as *const () as usize {
            if sp.wrapping_add(pad_offset()) == walk.pad {
                walk.unwind = Some(walk.strongest != Landing::Clean);
                return STOP;
            }
            // A pad of another state.
            Some(Landing::Cleanup)
        } else {
            let table = (walk.reader.get_data)(context);
            let mut exact = 0;
            let pc = (walk.reader.get_ip_info)(context, &mut exact);
            let pc = if exact == 0 { pc.wrapping_sub(1) } else { pc };
            if table.is_null() { Some(Landing::Clean) } else { lsda::landing(table, function, pc) }
        };
        match landing {
            Some(Landing::Clean) => GO_ON,
            Some(Landing::Cleanup) => {
                walk.strongest = Landing::Cleanup;
                GO_ON
            }
            Some(Landing::Handler) => {
                walk.unwind = Some(CXX_FLAVOUR);
                STOP
            }
            None => {
                walk.unwind = Some(true);
                STOP
            }
        }
    }
}
