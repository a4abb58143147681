//! Metamethods: their names, and where a value has them.

use super::{Gc, Global, Str, Table, Value};

/// Metamethods, in the order of their names in `METAMETHOD_NAMES`. Those up to `Eq` have an absence bit in
/// `Table::flags`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Metamethod {
    Index,
    NewIndex,
    Gc,
    Mode,
    Len,
    Eq,
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Unm,
    Lt,
    Le,
    Concat,
    Call,
}

pub const METAMETHOD_COUNT: usize = Metamethod::Call as usize + 1;
pub const METAMETHOD_NAMES: [&str; METAMETHOD_COUNT] = [
    "__index",
    "__newindex",
    "__gc",
    "__mode",
    "__len",
    "__eq",
    "__add",
    "__sub",
    "__mul",
    "__div",
    "__mod",
    "__pow",
    "__unm",
    "__lt",
    "__le",
    "__concat",
    "__call",
];

impl Metamethod {
    /// The metamethod of `LUA_OPADD` + n (also of the arithmetic opcodes, in the same order).
    pub fn from_arith(op: u8) -> Metamethod {
        const ARITH: [Metamethod; 7] = [
            Metamethod::Add,
            Metamethod::Sub,
            Metamethod::Mul,
            Metamethod::Div,
            Metamethod::Mod,
            Metamethod::Pow,
            Metamethod::Unm,
        ];
        // A number that a host made up is taken for the last one, as `number_arith` does.
        ARITH[(op as usize).min(ARITH.len() - 1)]
    }
}

impl Global {
    #[inline(always)]
    pub fn metamethod_name(&self, event: Metamethod) -> Gc<Str> {
        // SAFETY: all names are made while the state is opened and are fixed.
        unsafe { self.metamethod_names[event as usize].get().unwrap_unchecked() }
    }
    /// The metatable of a value, if any.
    #[inline]
    pub fn metatable_of(&self, v: Value) -> Option<Gc<Table>> {
        if let Some(t) = v.as_table() {
            t.metatable.get()
        } else if let Some(u) = v.as_userdata() {
            u.metatable.get()
        } else {
            self.metatables[v.type_id() as usize].get()
        }
    }
    /// Metamethod in a metatable, with the absence cache (`event` up to `Eq` only).
    #[inline(always)]
    pub fn cached_metamethod(&self, mt: Option<Gc<Table>>, event: Metamethod) -> Value {
        let Some(mt) = mt else { return Value::NIL };
        if mt.flags() & 1 << event as u8 != 0 {
            return Value::NIL;
        }
        let v = mt.get_short(self.metamethod_name(event));
        if v.is_nil() {
            mt.set_flags(mt.flags() | 1 << event as u8);
        }
        v
    }
    /// Metamethod of a value.
    pub fn metamethod_of(&self, v: Value, event: Metamethod) -> Value {
        match self.metatable_of(v) {
            Some(mt) => mt.get_short(self.metamethod_name(event)),
            None => Value::NIL,
        }
    }
}
