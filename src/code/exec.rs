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
#[cfg_attr(not(feature = "internals"), allow(dead_code, reason = "luac lists it"))]
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

macro_rules! exec_ops {
    ($($name:ident $a:ident $b:ident $c:ident $imm:ident;)*) => {
        /// Operations of the executable form. Suffixes tell operand kinds in order: R register, K constant.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum ExecOp { $($name),* }
        const NAMES: &[&str] = &[$(stringify!($name)),*];
        #[cfg_attr(not(feature = "internals"), allow(dead_code, reason = "luac lists it"))]
        const FIELDS: &[[Field; 4]] = &[$([Field::$a, Field::$b, Field::$c, Field::$imm]),*];
    };
}

// operation, and what A, B, C and `imm` are
exec_ops! {
    Move R R N N; LoadK R N N K; LoadBool R I I N; LoadNil R I N N; GetUpval R U N N; SetUpval R U N N;
    // by constant short-string key, with inline cache
    GetGlobal R U K H; SetGlobalR U K R H; SetGlobalK U K K H;
    GetField R R K H; SetFieldR R K R H; SetFieldK R K K H; SelfField R R K H;
    // by constant integer key, by register, and with operands of any kind
    GetInt R R K I; SetIntR R K R I; SetIntK R K K I; GetIndex R R R N; SetIndexR R R R N; SetIndexK R R K N;
    GetUpIndex R U R N; SetUpIndexR U R R N; SetUpIndexK U R K N;
    GetTabUp R U N C; SetTabUp U N N BC; GetTable R R N C; SetTable R N N BC; SelfAny R R N C;
    NewTable R I I N; SetList R I I I;
    AddRR R R R N; AddRK R R K N; AddKR R K R N; SubRR R R R N; SubRK R R K N; SubKR R K R N;
    MulRR R R R N; MulRK R R K N; MulKR R K R N; DivRR R R R N; DivRK R R K N; DivKR R K R N;
    ModRR R R R N; ModRK R R K N; ModKR R K R N; PowRR R R R N; PowRK R R K N; PowKR R K R N;
    ArithKK R K K N; Unm R R N N; Not R R N N; Len R R N N; Concat R R R N;
    Jmp N N N J; JmpBack N N N J; JmpClose I N N J;
    // compare and jump; the jump is the next instruction (RN: with a number)
    EqRR N R R J; EqRK N R K J; EqRN N R K J; LtRR N R R J; LtRK N R K J; LtKR N K R J; LeRR N R R J; LeRK N R K J; LeKR N K R J;
    NotEqRR N R R J; NotEqRK N R K J; NotEqRN N R K J; NotLtRR N R R J; NotLtRK N R K J; NotLtKR N K R J;
    NotLeRR N R R J; NotLeRK N R K J; NotLeKR N K R J; CompareAny I N N BC;
    Test R N N J; TestNot R N N J; TestSet R R I J;
    Call R I I S; TailCall R I I N; Return R I I N; Return0 R N N N; Return1 R N N N; CloseReturn0 R N N N; CloseReturn1 R N N N;
    ForPrep R N N J; ForLoop R N N J; TForCall R N I H; TForLoop R N N J;
    Closure R N N F; VarArg R I N N; Nop N N N N;
}

impl ExecOp {
    #[cfg_attr(not(feature = "internals"), allow(dead_code, reason = "luac lists it"))]
    pub fn name(self) -> &'static str {
        NAMES[self as usize]
    }
    /// The meaning of A, B, C and `imm`.
    #[cfg_attr(not(feature = "internals"), allow(dead_code, reason = "luac lists it"))]
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

impl Hint {
    /// Matches no table: no node part has this size.
    pub const NONE: Hint = Hint(0xFE00_0000);
    #[inline(always)]
    pub fn size_log(self) -> u8 {
        (self.0 >> 24) as u8
    }
    #[inline(always)]
    pub fn byte_distance(self) -> usize {
        (self.0 & 0x00FF_FFFF) as usize * 8
    }
    /// The hint for a node found at `node`, if it can be expressed.
    #[inline(always)]
    pub fn of(size_log: u8, data: *const u8, node: *const u8) -> Hint {
        let words = (data as usize - node as usize) / 8;
        if words < 1 << 24 { Hint((size_log as u32) << 24 | words as u32) } else { Hint::NONE }
    }
}
