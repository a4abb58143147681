//! The description of an expression that is parsed, but whose code is not complete.

/// End of a list of jumps, and the offset of a jump that has no target yet (a jump to itself).
pub const NO_JUMP: i32 = -1;
/// "No register" as the A operand of a test that may turn out to need no value.
pub const NO_REGISTER: u32 = crate::code::bytecode::MAX_ARG_A;

/// The place of a value that is indexed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Container {
    Register,
    Upvalue,
}

/// The place of the value, or the instruction that would produce it.
#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    /// no value: an empty list
    Void,
    Nil,
    True,
    False,
    /// constant with this index
    Constant(u32),
    /// number that has no place among the constants yet
    Number(f64),
    /// value in a fixed register
    Register(u32),
    /// local variable
    Local(u32),
    Upvalue(u32),
    Indexed {
        container: Container,
        /// register or upvalue
        table: u32,
        /// RK
        key: u32,
    },
    /// comparison or test: the pc of its jump
    Jump(i32),
    /// the instruction at this pc puts its result in any register
    Relocatable(i32),
    Call(i32),
    VarArg(i32),
}

#[derive(Clone, Copy)]
pub struct Exp {
    pub kind: Kind,
    /// jumps taken when the value is true
    pub if_true: i32,
    /// jumps taken when the value is false
    pub if_false: i32,
}

impl Exp {
    pub const VOID: Exp = Exp::new(Kind::Void);

    #[inline(always)]
    pub const fn new(kind: Kind) -> Exp {
        Exp { kind, if_true: NO_JUMP, if_false: NO_JUMP }
    }
    #[inline(always)]
    pub fn has_jumps(&self) -> bool {
        self.if_true != self.if_false
    }
    /// A number on its own, which may be folded.
    #[inline(always)]
    pub fn as_numeral(&self) -> Option<f64> {
        match self.kind {
            Kind::Number(n) if !self.has_jumps() => Some(n),
            _ => None,
        }
    }
    /// An open list of values: call or `...`.
    pub fn is_multiple(&self) -> bool {
        matches!(self.kind, Kind::Call(_) | Kind::VarArg(_))
    }
    pub fn is_variable(&self) -> bool {
        matches!(self.kind, Kind::Local(_) | Kind::Upvalue(_) | Kind::Indexed { .. })
    }
}
