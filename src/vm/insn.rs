//! The executable form's instructions: encoding and the one table of operations.
//!
//! An instruction is 64 bits: operation in bits 0..7, A in 8..15, B in 16..23, C in 24..31, and 32 bits `imm` above:
//! a jump distance, a constant index, raw operands, or an inline-cache hint. Instruction `i` stands for bytecode
//! instruction `i` of the same prototype; one that fuses two steps over the second, which stays in place for those
//! who jump to it and for hooks.

/// One instruction of the executable form (see `lower` for how they are made, `execute` for what they do).
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct Insn(pub u64);

macro_rules! exec_ops {
    ($($name:ident)*) => {
        /// Operations of the executable form. Suffixes tell operand kinds in order: R register, K constant.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum ExecOp { $($name),* }
        /// Names in the order of the operations.
        pub const EXEC_NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

exec_ops! {
    Move LoadK LoadBool LoadNil GetUpval SetUpval
    // by constant short-string key, with inline cache
    GetGlobal SetGlobalR SetGlobalK GetField SetFieldR SetFieldK SelfField
    // by constant integer key, by register, and with operands of any kind
    GetInt SetIntR SetIntK GetIndex SetIndexR SetIndexK
    GetTabUp SetTabUp GetTable SetTable SelfAny
    NewTable SetList
    AddRR AddRK AddKR SubRR SubRK SubKR MulRR MulRK MulKR DivRR DivRK DivKR ModRR ModRK ModKR PowRR PowRK PowKR
    ArithKK Unm Not Len Concat
    Jmp JmpBack JmpClose
    // compare and jump; the jump is the next instruction
    EqRR EqRK LtRR LtRK LtKR LeRR LeRK LeKR NotEqRR NotEqRK NotLtRR NotLtRK NotLtKR NotLeRR NotLeRK NotLeKR CompareKK
    Test TestNot TestSet
    Call TailCall Return Return0 Return1
    ForPrep ForLoop TForCall TForLoop
    Closure VarArg Nop
}

impl Insn {
    #[inline]
    pub fn new(op: ExecOp, a: u32, b: u32, c: u32, imm: u32) -> Insn {
        debug_assert!(a < 256 && b < 256 && c < 256);
        Insn(op as u64 | (a as u64) << 8 | (b as u64) << 16 | (c as u64) << 24 | (imm as u64) << 32)
    }
    #[inline(always)]
    pub fn op(self) -> ExecOp {
        debug_assert!((self.0 as u8 as usize) < EXEC_NAMES.len());
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
