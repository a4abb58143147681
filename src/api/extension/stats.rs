//! What a state has: counts, bytes and the collector's doings.

use crate::api::Lua;
use crate::gc::walk;
use crate::object::gc_state::Phase;
use crate::object::string_table::StringTable;
use crate::object::{CClosure, GcRef, Kind, LuaClosure, Proto, Str, Table, Thread, UpVal, Userdata};

/// The numbers of objects of a kind, and the bytes that they take.
#[allow(non_camel_case_types, reason = "C's name")]
#[derive(Default)]
#[repr(C)]
pub struct luaX_Count {
    pub count: usize,
    pub bytes: usize,
}

/// `luaX_Stats` of `luax.h`. New fields are added at the end.
#[allow(non_camel_case_types, reason = "C's name")]
#[derive(Default)]
#[repr(C)]
pub struct luaX_Stats {
    pub size: usize,
    pub bytes: usize,
    pub limit: usize,
    pub external: usize,
    pub strings: luaX_Count,
    pub tables: luaX_Count,
    pub functions: luaX_Count,
    pub userdata: luaX_Count,
    pub threads: luaX_Count,
    pub prototypes: luaX_Count,
    pub upvalues: luaX_Count,
    pub shared_strings: usize,
    pub native_code: usize,
    pub phase: usize,
    pub cycles: usize,
    pub longest_step: usize,
    pub stack_slots: usize,
    pub c_levels: usize,
}

/// The bytes of an object with its parts.
pub(super) fn size_of_object(o: GcRef) -> usize {
    // SAFETY: the kind names the type of the object, in all arms.
    unsafe {
        match o.kind() {
            Kind::ShortStr | Kind::LongStr => o.cast::<Str>().size(),
            Kind::Table => o.cast::<Table>().size(),
            Kind::LuaClosure => LuaClosure::size_of(o.cast::<LuaClosure>().nupvalues()),
            Kind::CClosure => CClosure::size_of(o.cast::<CClosure>().nupvalues()),
            Kind::Userdata => Userdata::size_of(o.cast::<Userdata>().len),
            Kind::UpVal => size_of::<UpVal>(),
            Kind::Proto => o.cast::<Proto>().size(),
            Kind::Thread => o.cast::<Thread>().size(),
            Kind::Builtin => 0,
        }
    }
}

impl Lua {
    /// `luaX_stats`.
    ///
    /// # Safety
    /// `out` is null, or the size that it begins with is that of a writable place.
    pub unsafe fn ext_stats(self, out: *mut luaX_Stats) -> i32 {
        // SAFETY: the caller's promise.
        let size = if out.is_null() { 0 } else { unsafe { (&raw const (*out).size).read() } };
        if size < size_of::<usize>() {
            return -1;
        }
        let stats = self.stats(size.min(size_of::<luaX_Stats>()));
        // SAFETY: so many bytes are writable, by the caller's promise.
        unsafe { out.cast::<u8>().copy_from_nonoverlapping((&raw const stats).cast(), stats.size) };
        0
    }

    #[inline(never)]
    fn stats(self, size: usize) -> luaX_Stats {
        let g = self.global();
        let mut stats = luaX_Stats {
            size,
            bytes: g.gc.total(),
            limit: g.gc.memory.limit(),
            external: g.gc.external.get(),
            cycles: g.gc.cycles.get() as usize,
            longest_step: g.gc.longest_step.get() as usize,
            stack_slots: self.top.get().slots_above(self.stack.get()),
            c_levels: self.native_depth.get() as usize,
            phase: match g.gc.phase.get() {
                Phase::Pause => 0,
                Phase::Propagate | Phase::Atomic => 1,
                _ => 2,
            },
            ..luaX_Stats::default()
        };
        g.gc.steps_are_timed.set(true);
        #[cfg(native_code)]
        {
            stats.native_code = crate::jit::code_bytes(*self);
        }
        // The buckets of the table in which equal strings are found.
        stats.strings.bytes = StringTable::block_size(g.strings.size.get());
        walk::each_object(g, &mut |o| {
            let of_kind = match o.kind() {
                Kind::ShortStr | Kind::LongStr => &mut stats.strings,
                Kind::Table => &mut stats.tables,
                Kind::LuaClosure | Kind::CClosure | Kind::Builtin => &mut stats.functions,
                Kind::Userdata => &mut stats.userdata,
                Kind::Thread => &mut stats.threads,
                Kind::Proto => &mut stats.prototypes,
                Kind::UpVal => &mut stats.upvalues,
            };
            of_kind.count += 1;
            of_kind.bytes += size_of_object(o);
            stats.shared_strings += (o.kind() == Kind::ShortStr) as usize;
        });
        stats
    }
}
