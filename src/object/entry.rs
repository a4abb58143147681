//! How a function runs.
//!
//! The encoding, which only this file knows: `Proto::exec` is the executable form, or null before the function is
//! lowered, and `aux32` of the header is the size of its frame in bytes, the function's slot included, with the bit
//! `MORE_THAN_STORES` set while the shortest way to call it may not be taken. That bit makes the size larger than any
//! stack, so that one comparison with the room on the stack tests both. Native code is not a
//! `Tier` of its own here: a function that has native code is lowered as well, and the interpreter may run it at any
//! time.

use super::call_kind::CallKind;
use super::proto::Proto;
use super::value::Value;
use crate::code::bytecode::Instruction;
use crate::code::exec::ExecInsn;
use crate::code::lower::{self, Constant, Source};
use crate::mem::{self, OutOfMemory, Owner};
use crate::throw::Throw;

/// Why a tier left.
pub enum Exit {
    /// The invocation's first frame returned.
    Done,
    Throw(Throw),
    /// Another tier or mode is to go on: hooks were set or cleared, or a function runs often.
    Switch,
}

/// What runs a function.
#[derive(Clone, Copy)]
pub enum Tier {
    /// Nothing yet: it is to be lowered first.
    NotLowered,
    /// The interpreter runs the executable form that begins here.
    Interpreted(*const ExecInsn),
}

const MORE_THAN_STORES: u32 = 1 << 31;
const SLOT: u32 = size_of::<Value>() as u32;

/// A function's prototype, as those see it who enter it.
#[derive(Clone, Copy)]
pub struct Entry<'p>(pub(super) &'p Proto);

impl Proto {
    #[inline(always)]
    pub fn entry(&self) -> Entry<'_> {
        Entry(self)
    }
    #[inline(always)]
    pub fn maxstacksize(&self) -> u8 {
        ((self.header.aux32.get() & !MORE_THAN_STORES) / SLOT - 1) as u8
    }
    pub fn set_maxstacksize(&self, n: u8) {
        self.header.aux32.set(((n as u32 + 1) * SLOT) | MORE_THAN_STORES)
    }
}

impl Entry<'_> {
    #[inline(always)]
    pub fn tier(self) -> Tier {
        let exec = self.0.exec.get();
        if exec.is_null() { Tier::NotLowered } else { Tier::Interpreted(exec) }
    }
    /// The executable form of a function that is lowered.
    #[inline(always)]
    pub fn code(self) -> *const ExecInsn {
        self.0.exec.get()
    }
    /// Bytes that a call takes on the stack when making the frame takes nothing but stores; else more than any stack
    /// has (the function is not lowered, or it has variable arguments).
    #[inline(always)]
    pub fn plain_frame_bytes(self) -> isize {
        self.0.header.aux32.get() as isize
    }
    /// Index of the instruction that `pc` points to; past the end for those of other functions.
    #[inline(always)]
    pub fn index_of(self, pc: *const ExecInsn) -> usize {
        (pc as usize).wrapping_sub(self.0.exec.get() as usize) / size_of::<ExecInsn>()
    }
    /// Makes the executable form, which then runs, and returns its start.
    #[cold]
    pub fn lower(self, l: impl Owner) -> Result<*const ExecInsn, OutOfMemory> {
        let p = self.0;
        let n = p.code.len();
        let out = mem::realloc(l, core::ptr::null_mut(), 0, n * size_of::<ExecInsn>())?.cast::<ExecInsn>();
        for i in 0..n {
            // SAFETY: the block has room for `n` instructions.
            unsafe { out.add(i).write(lower::lower(p, i)) };
        }
        p.exec.set(out);
        if !p.is_vararg() && !cfg!(feature = "stress-stack") {
            p.header.aux32.set(p.header.aux32.get() & !MORE_THAN_STORES);
        }
        Ok(out)
    }
    /// Bytes of what `free` frees.
    pub fn size(self) -> usize {
        match self.tier() {
            Tier::NotLowered => 0,
            Tier::Interpreted(_) => self.0.code.len() * size_of::<ExecInsn>(),
        }
    }
    /// Frees the executable form. The function does not run any more.
    pub fn free(self, l: impl Owner) {
        if let Tier::Interpreted(_) = self.tier() {
            mem::free(l, self.0.exec.get().cast(), self.size());
        }
    }
}

impl Source for Proto {
    fn instruction(&self, pc: usize) -> Instruction {
        Instruction(self.code.get(pc))
    }
    fn constant(&self, index: u32) -> Constant {
        let v = self.k.get(index as usize);
        match (v.as_number(), v.as_string()) {
            (Some(n), _) => Constant::Number(n),
            (_, Some(s)) if s.is_short() => Constant::ShortString,
            (_, Some(_)) => Constant::LongString,
            _ => Constant::Other,
        }
    }
    fn has_inner_functions(&self) -> bool {
        !self.protos.is_empty()
    }
    fn call_word(wanted: i32) -> u32 {
        CallKind::plain(wanted).bits()
    }
}
