//! The executable form's instructions: encoding and the one table of operations.
//!
//! An instruction is 64 bits: operation in bits 0..7, A in 8..15, B in 16..23, C in 24..31, and 32 bits `imm` above:
//! a jump distance, a constant index, raw operands, or an inline-cache hint. Instruction `i` stands for bytecode
//! instruction `i` of the same prototype; one that fuses two steps over the second, which stays in place for those
//! who jump to it and for hooks.

/// One instruction of the executable form (see `lower` for how they are made, `interpreter` for what they do).
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct ExecInsn(pub u64);

/// The meaning of an operand. The interpreter knows it from the operation; listings read it here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Field {
    /// not used
    N,
    /// register
    R,
    /// constant
    K,
    /// upvalue
    U,
    /// a count, a flag, an integer key
    I,
    /// distance of a jump, from the instruction itself
    J,
    /// inline-cache hint
    H,
    /// kind of the frame a call makes
    S,
    /// inner function
    F,
    /// the bytecode's operand C, RK, in the upper half
    C,
    /// the bytecode's operands B and C, both RK, in the lower and the upper half
    BC,
}

/// Registers that an operation may leave different from what they were. (What calls may also write variables of the
/// frame that an inner function has captured; so may `SetUpval`.)
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Writes {
    None,
    A,
    /// A and the one after it
    Pair,
    /// A and the B after it
    Range,
    /// A, and B to C, which the operation uses up
    Operands,
    /// the three control values of a loop, from A on
    Control,
    /// the index of a loop, A, and its variable, A + 3
    Loop,
    /// A and all above it
    FromA,
    /// A + 3 and all above it
    FromA3,
    /// The frame ends.
    Frame,
}

impl Writes {
    /// Whether an instruction with these operands may write the register.
    pub fn has(self, insn: ExecInsn, register: usize) -> bool {
        let (a, b, c) = (insn.a(), insn.b(), insn.c());
        match self {
            Writes::None => false,
            Writes::A => register == a,
            Writes::Pair => register == a || register == a + 1,
            Writes::Range => (a..=a + b).contains(&register),
            Writes::Operands => register == a || (b..=c).contains(&register),
            Writes::Control => (a..a + 3).contains(&register),
            Writes::Loop => register == a || register == a + 3,
            Writes::FromA => register >= a,
            Writes::FromA3 => register >= a + 3,
            Writes::Frame => true,
        }
    }
}

/// What an operation may do at most.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Effects {
    /// It may run a function of a script or of the host: a callee, a metamethod, a finalizer, the hook of a return.
    /// (The message handler of an error that it raises does not count: the operation is over then.)
    pub calls: bool,
    /// It may end with an error, if only for want of memory.
    pub raises: bool,
    /// It may ask for memory, and with it for a collection without finalizers. (What the collector's own lists take
    /// does not count: that collects nothing and never fails.)
    pub allocates: bool,
    pub writes: Writes,
}

macro_rules! exec_ops {
    (@effect _) => { false };
    (@effect $letter:ident) => { true };
    ($($name:ident $a:ident $b:ident $c:ident $imm:ident $calls:tt $raises:tt $allocates:tt $writes:ident;)*) => {
        /// Operations of the executable form. Suffixes tell operand kinds in order: R register, K constant.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum ExecOp { $($name),* }
        const OPS: &[ExecOp] = &[$(ExecOp::$name),*];
        const NAMES: &[&str] = &[$(stringify!($name)),*];
        const FIELDS: &[[Field; 4]] = &[$([Field::$a, Field::$b, Field::$c, Field::$imm]),*];
        const EFFECTS: &[Effects] = &[$(Effects {
            calls: exec_ops!(@effect $calls),
            raises: exec_ops!(@effect $raises),
            allocates: exec_ops!(@effect $allocates),
            writes: Writes::$writes,
        }),*];
    };
}

// Operation; what A, B, C and `imm` are; whether it calls, raises, allocates; which registers it writes.
exec_ops! {
    Move         R R N N   _ _ _  A;
    LoadK        R N N K   _ _ _  A;
    LoadBool     R I I N   _ _ _  A;
    LoadNil      R I N N   _ _ _  Range;
    GetUpval     R U N N   _ _ _  A;
    SetUpval     R U N N   _ _ _  None;
    // by constant short-string key, with inline cache
    GetGlobal    R U K H   C R A  A;
    SetGlobalR   U K R H   C R A  None;
    SetGlobalK   U K K H   C R A  None;
    GetField     R R K H   C R A  A;
    SetFieldR    R K R H   C R A  None;
    SetFieldK    R K K H   C R A  None;
    SelfField    R R K H   C R A  Pair;
    // by constant integer key, by register, and with operands of any kind
    GetInt       R R K I   C R A  A;
    SetIntR      R K R I   C R A  None;
    SetIntK      R K K I   C R A  None;
    GetIndex     R R R N   C R A  A;
    SetIndexR    R R R N   C R A  None;
    SetIndexK    R R K N   C R A  None;
    GetUpIndex   R U R N   C R A  A;
    SetUpIndexR  U R R N   C R A  None;
    SetUpIndexK  U R K N   C R A  None;
    GetTabUp     R U N C   C R A  A;
    SetTabUp     U N N BC  C R A  None;
    GetTable     R R N C   C R A  A;
    SetTable     R N N BC  C R A  None;
    SelfAny      R R N C   C R A  Pair;
    NewTable     R I I N   C R A  A;
    SetList      R I I I   _ R A  None;
    AddRR        R R R N   C R A  A;
    AddRK        R R K N   C R A  A;
    AddKR        R K R N   C R A  A;
    SubRR        R R R N   C R A  A;
    SubRK        R R K N   C R A  A;
    SubKR        R K R N   C R A  A;
    MulRR        R R R N   C R A  A;
    MulRK        R R K N   C R A  A;
    MulKR        R K R N   C R A  A;
    DivRR        R R R N   C R A  A;
    DivRK        R R K N   C R A  A;
    DivKR        R K R N   C R A  A;
    ModRR        R R R N   C R A  A;
    ModRK        R R K N   C R A  A;
    ModKR        R K R N   C R A  A;
    PowRR        R R R N   C R A  A;
    PowRK        R R K N   C R A  A;
    PowKR        R K R N   C R A  A;
    ArithKK      R K K N   C R A  A;
    Unm          R R N N   C R A  A;
    Not          R R N N   _ _ _  A;
    Len          R R N N   C R A  A;
    Concat       R R R N   C R A  Operands;
    Jmp          N N N J   _ _ _  None;
    JmpBack      N N N J   _ _ _  None;
    JmpClose     I N N J   _ _ _  None;
    // compare and jump; the jump is the next instruction (RN: with a number)
    EqRR         N R R J   C R A  None;
    EqRK         N R K J   _ _ _  None;
    EqRN         N R K J   _ _ _  None;
    LtRR         N R R J   C R A  None;
    LtRK         N R K J   C R A  None;
    LtKR         N K R J   C R A  None;
    LeRR         N R R J   C R A  None;
    LeRK         N R K J   C R A  None;
    LeKR         N K R J   C R A  None;
    NotEqRR      N R R J   C R A  None;
    NotEqRK      N R K J   _ _ _  None;
    NotEqRN      N R K J   _ _ _  None;
    NotLtRR      N R R J   C R A  None;
    NotLtRK      N R K J   C R A  None;
    NotLtKR      N K R J   C R A  None;
    NotLeRR      N R R J   C R A  None;
    NotLeRK      N R K J   C R A  None;
    NotLeKR      N K R J   C R A  None;
    CompareAny   I N N BC  C R A  None;
    Test         R N N J   _ _ _  None;
    TestNot      R N N J   _ _ _  None;
    TestSet      R R I J   _ _ _  A;
    Call         R I I S   C R A  FromA;
    TailCall     R I I N   C R A  Frame;
    Return       R I I N   C R A  Frame;
    Return0      R N N N   C R A  Frame;
    Return1      R N N N   C R A  Frame;
    CloseReturn0 R N N N   C R A  Frame;
    CloseReturn1 R N N N   C R A  Frame;
    ForPrep      R N N J   _ R A  Control;
    ForLoop      R N N J   _ _ _  Loop;
    TForCall     R N I H   C R A  FromA3;
    TForLoop     R N N J   _ _ _  A;
    Closure      R N N F   C R A  A;
    VarArg       R I N N   _ R A  FromA;
    Nop          N N N N   _ _ _  None;
}

impl ExecOp {
    pub fn all() -> &'static [ExecOp] {
        OPS
    }
    /// What it may do at most.
    pub fn effects(self) -> Effects {
        EFFECTS[self as usize]
    }
    pub fn name(self) -> &'static str {
        NAMES[self as usize]
    }
    /// The meaning of A, B, C and `imm`.
    pub fn fields(self) -> [Field; 4] {
        FIELDS[self as usize]
    }
}

impl ExecInsn {
    #[inline]
    pub fn new(op: ExecOp, a: u32, b: u32, c: u32, imm: u32) -> ExecInsn {
        debug_assert!(a < 256 && b < 256 && c < 256);
        ExecInsn(op as u64 | (a as u64) << 8 | (b as u64) << 16 | (c as u64) << 24 | (imm as u64) << 32)
    }
    #[inline(always)]
    pub fn op(self) -> ExecOp {
        debug_assert!((self.0 as u8 as usize) < NAMES.len());
        // SAFETY: instructions are made by `new` only.
        unsafe { core::mem::transmute::<u8, ExecOp>(self.0 as u8) }
    }
    #[inline(always)]
    pub fn a(self) -> usize {
        (self.0 >> 8) as u8 as usize
    }
    #[inline(always)]
    pub fn b(self) -> usize {
        (self.0 >> 16) as u8 as usize
    }
    #[inline(always)]
    pub fn c(self) -> usize {
        (self.0 >> 24) as u8 as usize
    }
    #[inline(always)]
    pub fn imm(self) -> u32 {
        (self.0 >> 32) as u32
    }
    #[inline(always)]
    pub fn offset(self) -> isize {
        (self.0 as i64 >> 32) as isize
    }
}

/// Where a string key was last found in the node part of some table: the size of that part and the distance of the
/// node below `Table::data` in words. Trusted only after comparing both the size and the node's key.
#[derive(Clone, Copy)]
pub struct Hint(pub u32);

/// Unit of distances between nodes.
const WORD: usize = size_of::<u64>();

impl Hint {
    /// Matches no table: no node part has this size.
    pub const NONE: Hint = Hint(0xFE00_0000);
    #[inline(always)]
    pub fn size_log(self) -> u8 {
        (self.0 >> 24) as u8
    }
    #[inline(always)]
    pub fn byte_distance(self) -> usize {
        (self.0 & 0x00FF_FFFF) as usize * WORD
    }
    /// The hint for a node found at `node`, if it can be expressed.
    #[inline(always)]
    pub fn of(size_log: u8, data: *const u8, node: *const u8) -> Hint {
        let words = (data as usize - node as usize) / WORD;
        if words < 1 << 24 { Hint((size_log as u32) << 24 | words as u32) } else { Hint::NONE }
    }
}
