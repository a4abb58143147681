//! Metamethods and their names.

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
