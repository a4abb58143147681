//! What native code has in common with those who enter it and whom it calls; `stubs` tells how that goes.

use core::sync::atomic::AtomicI32;

/// Slots of the native frame.
pub const TABLE_TAG_SLOT: i32 = 16;
pub const FUNCTION_TAG_SLOT: i32 = 24;
pub const FUNCTIONS_SLOT: i32 = 32;

/// What `enter` returns: see `left`.
pub const DONE: i64 = -2 << 32;
pub const SWITCH: i64 = DONE | 1;
pub const RETURNED: i64 = DONE | 2;
pub const INTERPRET: i64 = DONE | 3;

/// The functions that native code uses: hands the list to a macro.
macro_rules! functions {
    ($with:ident) => {
        $with! {
            Leave = leave;
            Modulo = leaf(modulo);
            Power = leaf(power);
            Length = length_leaf(length);
            FindField = find_field;
            FindKey = find_key;
            InsertField = insert_field;
            Arith = flow_trampoline!(arith);
            Compare = flow_trampoline!(compare);
            GetField = flow_trampoline!(get_field);
            SetField = flow_trampoline!(set_field);
            SelfField = flow_trampoline!(self_field);
            Get = flow_trampoline!(get);
            Set = flow_trampoline!(set);
            SetUpval = trampoline!(set_upval);
            NewTable = trampoline!(new_table);
            SetList = trampoline!(fill_list);
            Len = flow_trampoline!(len);
            Concat = flow_trampoline!(concat);
            Close = trampoline!(close_upvalues);
            ForPrep = trampoline!(for_prep);
            Closure = trampoline!(closure);
            VarArg = trampoline!(var_arg);
            FastCall1 = fast_call_1;
            FastCall0 = fast_call_0;
            FastCallOpen = fast_call_open;
            AfterFastCall = trampoline!(after_fast_call);
            Call = flow_trampoline!(call);
            CallFunction = flow_trampoline!(call_function);
            CallYield = flow_trampoline!(call_yield);
            TailCall = flow_trampoline!(tail_call);
            TForCall = flow_trampoline!(tfor_call);
            ReturnSeveral = return_several;
            Return = flow_trampoline!(return_results);
            FinishMetamethod = flow_trampoline!(finish_metamethod);
            RefuteLoop = trampoline!(refute_loop);
            Stress = trampoline!(stress);
        }
    };
}
pub(super) use functions;

macro_rules! ids {
    ($($id:ident = $function:expr;)*) => {
        /// The functions that native code uses, by their places in `stubs::FUNCTIONS`.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum Id { $($id),* }
    };
}
functions!(ids);

/// Instructions until native code calls `stress`, in a stress build. All states of the process share it.
pub static STRESS_COUNT: AtomicI32 = AtomicI32::new(1);
