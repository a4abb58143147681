//! PUC 5.2 bytecode: the instruction encoding and the one table of opcodes.
//!
//! An instruction is 32 bits: opcode in bits 0..5, A in 6..13, C in 14..22, B in 23..31; or Bx in 14..31
//! (signed as sBx with an excess of `MAX_SBX`); or Ax in 6..31. A B or C operand of mode `K` is RK: below 256 a
//! register, else constant `x - 256`.

/// The use of an operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operand {
    /// not used
    N,
    /// used, neither register nor constant (a count, a flag, an index)
    U,
    /// register, or jump offset for `AsBx`
    R,
    /// RK: register or constant; for `ABx` a constant
    K,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    #[allow(clippy::upper_case_acronyms, reason = "the names of PUC's listings")]
    ABC,
    ABx,
    AsBx,
    Ax,
}

macro_rules! opcodes {
    ($($name:ident $text:literal $format:ident test=$t:literal seta=$a:literal $b:ident $c:ident;)*) => {
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        #[allow(clippy::enum_variant_names, reason = "the names of the manual's listings")]
        pub enum Op { $($name),* }
        pub const OP_COUNT: usize = [$(Op::$name),*].len();
        const OPS: [Op; OP_COUNT] = [$(Op::$name),*];
        const INFO: [OpInfo; OP_COUNT] = [$(OpInfo {
            name: $text, format: Format::$format, is_test: $t, sets_a: $a, b: Operand::$b, c: Operand::$c,
        }),*];
    };
}

/// Static properties of an opcode.
#[cfg_attr(not(feature = "internals"), allow(dead_code, reason = "luac lists it"))]
pub struct OpInfo {
    pub name: &'static str,
    pub format: Format,
    /// the next instruction is a jump
    pub is_test: bool,
    /// register A is written
    pub sets_a: bool,
    pub b: Operand,
    pub c: Operand,
}

opcodes! {
    Move     "MOVE"     ABC  test=false seta=true  R N;
    LoadK    "LOADK"    ABx  test=false seta=true  K N;
    LoadKX   "LOADKX"   ABx  test=false seta=true  N N;
    LoadBool "LOADBOOL" ABC  test=false seta=true  U U;
    LoadNil  "LOADNIL"  ABC  test=false seta=true  U N;
    GetUpval "GETUPVAL" ABC  test=false seta=true  U N;
    GetTabUp "GETTABUP" ABC  test=false seta=true  U K;
    GetTable "GETTABLE" ABC  test=false seta=true  R K;
    SetTabUp "SETTABUP" ABC  test=false seta=false K K;
    SetUpval "SETUPVAL" ABC  test=false seta=false U N;
    SetTable "SETTABLE" ABC  test=false seta=false K K;
    NewTable "NEWTABLE" ABC  test=false seta=true  U U;
    SelfOp   "SELF"     ABC  test=false seta=true  R K;
    Add      "ADD"      ABC  test=false seta=true  K K;
    Sub      "SUB"      ABC  test=false seta=true  K K;
    Mul      "MUL"      ABC  test=false seta=true  K K;
    Div      "DIV"      ABC  test=false seta=true  K K;
    Mod      "MOD"      ABC  test=false seta=true  K K;
    Pow      "POW"      ABC  test=false seta=true  K K;
    Unm      "UNM"      ABC  test=false seta=true  R N;
    Not      "NOT"      ABC  test=false seta=true  R N;
    Len      "LEN"      ABC  test=false seta=true  R N;
    Concat   "CONCAT"   ABC  test=false seta=true  R R;
    Jmp      "JMP"      AsBx test=false seta=false R N;
    Eq       "EQ"       ABC  test=true  seta=false K K;
    Lt       "LT"       ABC  test=true  seta=false K K;
    Le       "LE"       ABC  test=true  seta=false K K;
    Test     "TEST"     ABC  test=true  seta=false N U;
    TestSet  "TESTSET"  ABC  test=true  seta=true  R U;
    Call     "CALL"     ABC  test=false seta=true  U U;
    TailCall "TAILCALL" ABC  test=false seta=true  U U;
    Return   "RETURN"   ABC  test=false seta=false U N;
    ForLoop  "FORLOOP"  AsBx test=false seta=true  R N;
    ForPrep  "FORPREP"  AsBx test=false seta=true  R N;
    TForCall "TFORCALL" ABC  test=false seta=false N U;
    TForLoop "TFORLOOP" AsBx test=false seta=true  R N;
    SetList  "SETLIST"  ABC  test=false seta=false U U;
    Closure  "CLOSURE"  ABx  test=false seta=true  U N;
    VarArg   "VARARG"   ABC  test=false seta=true  U N;
    ExtraArg "EXTRAARG" Ax   test=false seta=false U U;
}

impl Op {
    #[inline(always)]
    pub fn from_u8(n: u8) -> Option<Op> {
        OPS.get(n as usize).copied()
    }
    pub fn info(self) -> &'static OpInfo {
        &INFO[self as usize]
    }
}

/// Bit of an RK operand that says "constant".
pub const BIT_RK: u32 = 1 << 8;
pub const MAX_INDEX_RK: u32 = BIT_RK - 1;
pub const MAX_ARG_A: u32 = (1 << 8) - 1;
pub const MAX_ARG_C: u32 = (1 << 9) - 1;
pub const MAX_ARG_BX: u32 = (1 << 18) - 1;
pub const MAX_SBX: i32 = (MAX_ARG_BX >> 1) as i32;
pub const MAX_ARG_AX: u32 = (1 << 26) - 1;
/// Array items stored by one `SETLIST`.
pub const FIELDS_PER_FLUSH: u32 = 50;
/// Registers a function may use.
pub const MAX_STACK: u32 = 250;

pub fn is_k(rk: u32) -> bool {
    rk & BIT_RK != 0
}
pub fn k_index(rk: u32) -> u32 {
    rk & !BIT_RK
}
pub fn rk_constant(k: u32) -> u32 {
    k | BIT_RK
}

/// A decoded view of one 32-bit instruction.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct Instruction(pub u32);

impl Instruction {
    pub fn abc(op: Op, a: u32, b: u32, c: u32) -> Instruction {
        Instruction(op as u32 | a << 6 | c << 14 | b << 23)
    }
    pub fn abx(op: Op, a: u32, bx: u32) -> Instruction {
        Instruction(op as u32 | a << 6 | bx << 14)
    }
    pub fn asbx(op: Op, a: u32, sbx: i32) -> Instruction {
        Self::abx(op, a, (sbx + MAX_SBX) as u32)
    }
    pub fn ax(op: Op, ax: u32) -> Instruction {
        Instruction(op as u32 | ax << 6)
    }
    /// The opcode; `None` for the encodings that 5.2 does not use.
    pub fn op_checked(self) -> Option<Op> {
        Op::from_u8((self.0 & 0x3F) as u8)
    }
    /// The opcode of an instruction made by the compiler or passed by the verifier.
    #[inline(always)]
    pub fn op(self) -> Op {
        OPS[(self.0 & 0x3F) as usize]
    }
    pub fn a(self) -> u32 {
        self.0 >> 6 & 0xFF
    }
    pub fn b(self) -> u32 {
        self.0 >> 23
    }
    pub fn c(self) -> u32 {
        self.0 >> 14 & 0x1FF
    }
    pub fn bx(self) -> u32 {
        self.0 >> 14
    }
    pub fn sbx(self) -> i32 {
        self.bx() as i32 - MAX_SBX
    }
    pub fn get_ax(self) -> u32 {
        self.0 >> 6
    }
    pub fn with_op(self, op: Op) -> Instruction {
        Instruction(self.0 & !0x3F | op as u32)
    }
    pub fn with_a(self, a: u32) -> Instruction {
        Instruction(self.0 & !(0xFF << 6) | a << 6)
    }
    pub fn with_b(self, b: u32) -> Instruction {
        Instruction(self.0 & !(0x1FF << 23) | b << 23)
    }
    pub fn with_c(self, c: u32) -> Instruction {
        Instruction(self.0 & !(0x1FF << 14) | c << 14)
    }
    pub fn with_sbx(self, sbx: i32) -> Instruction {
        Instruction(self.0 & 0x3FFF | ((sbx + MAX_SBX) as u32) << 14)
    }
}
