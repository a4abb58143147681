//! Debug builds, and those that check the heap, watch each operation that runs: it must not have an effect that the
//! table of operations does not list for it (`ExecOp::effects`). In other builds a watch is empty and costs nothing.

#[cfg(not(any(debug_assertions, feature = "heapcheck")))]
pub use off::Watch;
#[cfg(any(debug_assertions, feature = "heapcheck"))]
pub use on::Watch;

#[cfg(any(debug_assertions, feature = "heapcheck"))]
mod on {
    use crate::code::exec::{ExecInsn, ExecOp};
    use crate::object::{Gc, LuaClosure, Slot, Thread};

    /// Registers are compared at every so many instructions.
    pub(super) const TURNS: u32 = 8;

    pub struct Watch {
        running: Option<ExecInsn>,
        calls: u64,
        allocations: u64,
        turn: u32,
        /// the registers that the instruction does not write, when they are compared: how many registers live, and a
        /// number for their contents
        others: Option<(usize, u64)>,
    }

    impl Watch {
        pub fn new() -> Watch {
            Watch { running: None, calls: 0, allocations: 0, turn: 0, others: None }
        }
        /// The instruction begins.
        pub fn begin(&mut self, l: Gc<Thread>, insn: ExecInsn, cl: Gc<LuaClosure>, base: Slot) {
            let counts = &l.global().effects;
            (self.running, self.calls, self.allocations) = (Some(insn), counts.calls(), counts.allocations());
            self.turn = (self.turn + 1) % TURNS;
            let compared = self.turn == 0 && !insn.op().effects().calls && insn.op() != ExecOp::SetUpval;
            self.others = compared.then(|| {
                let live = live(l, insn, cl, base);
                (live, others(insn, live, base))
            });
        }
        /// The instruction before, if there was one in this invocation, has ended.
        pub fn end(&mut self, l: Gc<Thread>, base: Slot) {
            let Some(insn) = self.running.take() else { return };
            let (op, counts) = (insn.op(), &l.global().effects);
            let may = op.effects();
            assert!(may.calls || counts.calls() == self.calls, "{op:?} called a function");
            assert!(may.allocates || counts.allocations() == self.allocations, "{op:?} allocated");
            if let Some((live, before)) = self.others.take() {
                assert!(before == others(insn, live, base), "{op:?} wrote a register that is not its own");
            }
        }
        /// The instruction ends with an error, or what it called yields.
        pub fn throws(&self) {
            if let Some(insn) = self.running {
                assert!(insn.op().effects().raises, "{:?} raised an error", insn.op());
            }
        }
    }

    /// How many registers of the frame live. A list with an open end takes what is below the top: a collection for want
    /// of memory clears what is above it.
    fn live(l: Gc<Thread>, insn: ExecInsn, cl: Gc<LuaClosure>, base: Slot) -> usize {
        if insn.op() == ExecOp::SetList && insn.b() == 0 {
            l.top.get().slots_above(base)
        } else {
            cl.proto.maxstacksize() as usize
        }
    }

    /// A number for the contents of all living registers but those that the instruction may write.
    fn others(insn: ExecInsn, live: usize, base: Slot) -> u64 {
        let writes = insn.op().effects().writes;
        (0..live).filter(|&register| !writes.has(insn, register)).fold(0, |sum, register| {
            // SAFETY: a register of the running frame.
            let v = unsafe { base.above(register).read() };
            (sum ^ v.0).wrapping_mul(crate::num::GOLDEN).rotate_left(29)
        })
    }
}

#[cfg(not(any(debug_assertions, feature = "heapcheck")))]
mod off {
    use crate::code::exec::ExecInsn;
    use crate::object::{Gc, LuaClosure, Slot, Thread};

    pub struct Watch;

    impl Watch {
        #[inline(always)]
        pub fn new() -> Watch {
            Watch
        }
        #[inline(always)]
        pub fn begin(&mut self, _: Gc<Thread>, _: ExecInsn, _: Gc<LuaClosure>, _: Slot) {}
        #[inline(always)]
        pub fn end(&mut self, _: Gc<Thread>, _: Slot) {}
        #[inline(always)]
        pub fn throws(&self) {}
    }
}

#[cfg(all(test, any(debug_assertions, feature = "heapcheck")))]
mod tests {
    use super::Watch;
    use crate::api::Lua;
    use crate::api::by_name::newstate;
    use crate::code::exec::{ExecInsn, ExecOp};
    use crate::object::{Slot, Value};

    /// What a watch says of an instruction that does `what`, in a frame of three registers.
    fn watched(op: ExecOp, what: impl FnOnce(Lua, &Watch, Slot)) {
        let l = newstate().expect("memory for a state");
        assert!(l.aux_loadbufferx(b"local a, b, c", None, None) == Ok(0));
        let cl = l.from_top(1).as_lua_closure().expect("a function");
        let mut registers = [Value::NIL; 250];
        let base = Slot::from_ptr(registers.as_mut_ptr());
        let mut watch = Watch::new();
        for _ in 0..super::on::TURNS {
            watch.end(*l, base);
            watch.begin(*l, ExecInsn::new(op, 0, 1, 1, 0), cl, base);
        }
        what(l, &watch, base);
        watch.end(*l, base);
    }

    /// What a watch says of a list with an open end that fills, from the first of two values, a table in a frame of
    /// four registers, and writes `register`.
    fn watched_list(register: usize) {
        let l = newstate().expect("memory for a state");
        assert!(l.aux_loadbufferx(b"local a, b, c, d", None, None) == Ok(0));
        let cl = l.from_top(1).as_lua_closure().expect("a function");
        let base = l.top.get();
        for _ in 0..3 {
            l.pushnil();
        }
        let mut watch = Watch::new();
        for _ in 0..super::on::TURNS {
            watch.end(*l, base);
            watch.begin(*l, ExecInsn::new(ExecOp::SetList, 0, 0, 0, 0), cl, base);
        }
        // SAFETY: the frame's registers, and one behind them, are slots of the stack.
        unsafe { base.above(register).write(Value::TRUE) };
        l.top.set(base.above(4));
        watch.end(*l, base);
    }

    #[test]
    fn a_dead_register_may_be_cleared() {
        watched_list(3);
    }

    #[test]
    #[should_panic(expected = "SetList wrote a register that is not its own")]
    fn an_item_of_a_list() {
        watched_list(2);
    }

    #[test]
    fn an_operation_may_do_what_its_columns_say() {
        // SAFETY: a register.
        watched(ExecOp::Move, |_, _, r| unsafe { r.write(Value::TRUE) });
        watched(ExecOp::VarArg, |l, watch, _| {
            l.global().effects.allocation();
            watch.throws();
        });
        watched(ExecOp::GetField, |l, _, _| l.global().effects.call());
    }

    #[test]
    #[should_panic(expected = "Move wrote a register that is not its own")]
    fn a_register_that_is_not_written() {
        // SAFETY: a register.
        watched(ExecOp::Move, |_, _, r| unsafe { r.above(1).write(Value::TRUE) });
    }

    #[test]
    #[should_panic(expected = "Move allocated")]
    fn an_allocation() {
        watched(ExecOp::Move, |l, _, _| assert!(l.newuserdata(8).is_ok()));
    }

    #[test]
    #[should_panic(expected = "VarArg called a function")]
    fn a_call() {
        watched(ExecOp::VarArg, |l, _, _| {
            l.pushvalue(-1);
            assert!(l.call(0, 0).is_ok());
        });
    }

    #[test]
    #[should_panic(expected = "Not raised an error")]
    fn an_error() {
        watched(ExecOp::Not, |_, watch, _| watch.throws());
    }
}
