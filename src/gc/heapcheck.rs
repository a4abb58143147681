//! The heap checker (feature `heapcheck`): after a piece of the collector's work, walks the whole heap and
//! aborts when an invariant of the collector does not hold.
//!
//! * Colours: never both whites, never white and black; outside of a sweep no object has the other white.
//! * Tri-colour: while it is kept, no black object refers to a white one. In a sweep, no object that lives refers
//!   to a dead one.
//! * Lists: the bits `SEPARATED` and `FINALIZED` fit the list an object is on; every grey object is on a stack; the
//!   string table has as many strings as it says, each on its own chain.
//! * Accounting: the sizes of all objects are within the bytes in use.

use super::{Phase, mark};
use crate::object::string_table::StringTable;
use crate::object::{
    CClosure, Gc, GcRef, Global, Kind, LuaClosure, Proto, Str, Table, Thread, UpVal, Userdata, Value,
    gc_bits, mark_stack,
};

/// Set while checking on objects that are on a stack.
const ON_STACK: u8 = 1 << 7;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum List {
    All,
    Finobj,
    ToBeFnz,
    Open,
    Main,
}

struct Checker<'a> {
    g: &'a Global,
    bytes: usize,
    /// every grey object must be on a stack
    strict: bool,
    pieces: bool,
}

/// Whole collections follow each other so closely that some of their work can go unchecked.
const RARELY: bool = cfg!(feature = "stress-finalizers");
/// Bytes of heap for which a piece of work goes unchecked.
const SHARE: usize = if RARELY { 256 } else { 64 << 10 };

/// A piece of work was done in `phase`: checks the heap, in a large one only now and then and when the phase is over.
pub(super) fn after_work(l: Gc<Thread>, phase: Phase) {
    let gc = &l.global().gc;
    match gc.check_rest.get().checked_sub(1) {
        Some(rest) if phase == gc.phase.get() || RARELY => gc.check_rest.set(rest),
        _ => {
            gc.check_rest.set(gc.total() / SHARE);
            verify(l);
        }
    }
}

fn verify(l: Gc<Thread>) {
    let g = l.global();
    let gc = &g.gc;
    for stack in [&gc.grey, &gc.again] {
        let mut i = 0;
        while i < stack.len() {
            let e = stack.get(i);
            // The number that belongs to the object below it is no object.
            if e & 1 == 0 {
                let o = mark_stack::object(e);
                o.marked.set(o.marked.get() | ON_STACK);
            }
            i += 1;
        }
    }
    let mut c = Checker {
        g,
        bytes: 0,
        strict: gc.phase.get() == Phase::Propagate && !gc.overflow.get() && !gc.lost.get(),
        pieces: (0..gc.grey.len()).any(|i| gc.grey.get(i) & 1 != 0),
    };
    c.list(gc.allgc.get(), List::All);
    c.list(gc.finobj.get(), List::Finobj);
    c.list(gc.tobefnz.get(), List::ToBeFnz);
    if let Some(main) = g.main_thread.get() {
        c.object(main.erase(), List::Main);
        c.list(main.open_upvals.get().map(Gc::erase), List::Open);
    }
    c.strings();
    c.bytes += (gc.grey.block_size() + gc.again.block_size() + gc.weak.block_size()) + g.scratch.capacity();
    assert!(c.bytes <= gc.total(), "objects take {} bytes, {} are accounted", c.bytes, gc.total());
}

impl Checker<'_> {
    fn list(&mut self, mut next: Option<GcRef>, which: List) {
        let gc = &self.g.gc;
        // The sweep of what is young ends at the first old object.
        let ordered = gc.generational.get() && !gc.is_sweeping() && matches!(which, List::All | List::Finobj);
        let mut old = false;
        while let Some(o) = next {
            next = o.next.get();
            if ordered {
                let young = o.marked.get() & gc_bits::OLD == 0;
                assert!(!(old && young), "young {:?} behind an old object on {which:?}", o.kind());
                old = !young;
            }
            self.object(o, which);
        }
    }
    fn strings(&mut self) {
        let table = &self.g.strings;
        let mut count = 0;
        for i in 0..table.size.get() {
            let mut next = table.bucket(i).get();
            while let Some(o) = next {
                next = o.next.get();
                assert!(o.kind() == Kind::ShortStr && o.aux32.get() & (table.size.get() - 1) == i);
                self.colours(o);
                o.marked.set(o.marked.get() & !ON_STACK);
                // SAFETY: the kind names the type of the object.
                self.bytes += unsafe { o.cast::<Str>() }.size();
                count += 1;
            }
        }
        assert_eq!(count, table.count.get(), "short strings");
        self.bytes += StringTable::block_size(table.size.get());
    }
    fn colours(&self, o: GcRef) {
        let gc = &self.g.gc;
        let m = o.marked.get();
        assert!(m & gc_bits::WHITES != gc_bits::WHITES, "both whites: {:?} {m:#x}", o.kind());
        assert!(
            m & gc_bits::WHITES == 0 || m & gc_bits::BLACK == 0,
            "white and black: {:?} {m:#x}",
            o.kind()
        );
        if !gc.is_sweeping() && !gc.generational.get() && m & gc_bits::FIXED == 0 {
            assert!(m & gc.other_white() == 0, "dead outside of a sweep: {:?} {m:#x}", o.kind());
        }
        if gc.phase.get() == Phase::Pause && m & gc_bits::FIXED == 0 {
            assert!(o.is_white() || gc.generational.get(), "not white between cycles: {:?} {m:#x}", o.kind());
        }
    }
    fn object(&mut self, o: GcRef, which: List) {
        self.colours(o);
        let m = o.marked.get();
        let on_stack = m & ON_STACK != 0;
        o.marked.set(m & !ON_STACK);
        let separated = matches!(which, List::Finobj | List::ToBeFnz);
        assert_eq!(m & gc_bits::SEPARATED != 0, separated, "{:?} on {which:?}", o.kind());
        if separated {
            assert_eq!(m & gc_bits::FINALIZED != 0, which == List::ToBeFnz, "{:?} on {which:?}", o.kind());
        }
        if self.strict && o.is_grey() {
            assert!(on_stack, "grey {:?} on no stack", o.kind());
        }
        assert!(which == List::Main || o.kind() != Kind::ShortStr && o.kind() != Kind::Builtin);
        self.bytes += self.visit(o);
    }
    /// A reference from `o`.
    fn check(&self, o: GcRef, to: GcRef) {
        let gc = &self.g.gc;
        if gc.is_sweeping() && !gc.generational.get() {
            if !gc.is_dead(o) && !gc.closing.get() {
                assert!(!gc.is_dead(to), "live {:?} refers to dead {:?}", o.kind(), to.kind());
            }
        } else if gc.keep_invariant() && o.is_black() {
            // The rest of a table that is being visited in pieces may be white.
            let pieces = self.pieces && o.kind() == Kind::Table;
            assert!(!to.is_white() || pieces, "black {:?} refers to white {:?}", o.kind(), to.kind());
        }
    }
    fn value(&self, o: GcRef, v: Value) {
        if let Some(to) = v.object() {
            self.check(o, to);
        }
    }
    fn opt<T>(&self, o: GcRef, to: Option<Gc<T>>) {
        if let Some(to) = to {
            self.check(o, to.erase());
        }
    }
    /// Checks the references of an object; its size.
    fn visit(&mut self, o: GcRef) -> usize {
        // SAFETY (all casts): the kind names the type of the object.
        match o.kind() {
            // SAFETY: the kind names the type of the object.
            Kind::ShortStr | Kind::LongStr => unsafe { o.cast::<Str>() }.size(),
            // SAFETY: the kind names the type of the object.
            Kind::Table => self.table(unsafe { o.cast() }),
            Kind::LuaClosure => {
                // SAFETY: the kind names the type of the object.
                let c: Gc<LuaClosure> = unsafe { o.cast() };
                self.check(o, c.proto.erase());
                c.upvals().iter().for_each(|u| self.opt(o, u.get()));
                LuaClosure::size_of(c.nupvalues())
            }
            Kind::CClosure => {
                // SAFETY: the kind names the type of the object.
                let c: Gc<CClosure> = unsafe { o.cast() };
                c.upvalues().iter().for_each(|v| self.value(o, v.get()));
                CClosure::size_of(c.nupvalues())
            }
            Kind::Userdata => {
                // SAFETY: the kind names the type of the object.
                let u: Gc<Userdata> = unsafe { o.cast() };
                self.opt(o, u.metatable.get());
                self.value(o, u.uservalue.get());
                Userdata::size_of(u.len)
            }
            Kind::UpVal => {
                // SAFETY: the kind names the type of the object.
                let uv: Gc<UpVal> = unsafe { o.cast() };
                // The slot of an open one is written without a barrier.
                if !uv.is_open() {
                    self.value(o, uv.get());
                }
                size_of::<UpVal>()
            }
            Kind::Proto => {
                // SAFETY: the kind names the type of the object.
                let p: Gc<Proto> = unsafe { o.cast() };
                if !o.is_black() || !self.g.gc.keep_invariant() {
                    self.opt(o, p.cache.get());
                }
                self.opt(o, p.source.get());
                p.k.cells().iter().for_each(|v| self.value(o, v.get()));
                p.protos.cells().iter().for_each(|f| self.check(o, f.get().erase()));
                p.upvalues.cells().iter().for_each(|u| self.opt(o, u.get().name));
                p.locvars.cells().iter().for_each(|v| self.opt(o, v.get().name));
                p.size()
            }
            // SAFETY: the kind names the type of the object.
            Kind::Thread => self.thread(unsafe { o.cast() }),
            Kind::Builtin => 0,
        }
    }
    fn thread(&mut self, th: Gc<Thread>) -> usize {
        let o = th.erase();
        if th.stack.get().is_null() {
            return th.size();
        }
        self.opt(o, th.resumer.get());
        // Stacks are written without barriers, so only a sweep tells something about them. Nor may the slots above the
        // top hold what is dead: a debugger, or a host that moves the top, finds it there.
        if self.g.gc.is_sweeping() {
            for i in 0..th.stack_size.get() as usize {
                // SAFETY: inside the stack, where every slot is initialised.
                self.value(o, unsafe { th.stack.get().above(i).read() });
            }
        }
        if Some(th) != self.g.main_thread.get() {
            self.list(th.open_upvals.get().map(Gc::erase), List::Open);
        }
        th.size()
    }
    fn table(&mut self, t: Gc<Table>) -> usize {
        let o = t.erase();
        self.opt(o, t.metatable.get());
        // A weak table's parts may be white while marking; a sweep finds it cleared, and a dead table's metatable
        // perhaps gone.
        if self.g.gc.is_sweeping() || mark::weakness(self.g, t) == 0 {
            t.array().iter().for_each(|v| self.value(o, v.get()));
            for i in 0..t.hsize() {
                let n = t.node(i);
                self.value(o, n.val.get());
                // Of a table that was visited the collector has buried the keys without a value that were white then;
                // those that lost it since are marked. While it is visited in pieces there may be both.
                if !n.val.get().is_nil() || self.g.gc.is_sweeping() {
                    self.value(o, n.key.get());
                }
            }
        }
        t.size()
    }
}
