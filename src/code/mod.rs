//! The forms of code: the bytecode that the compiler makes and chunks contain, the executable form that runs, and the
//! way from one to the other. Nothing here knows objects or states; so the compiler, the machine and every tier can use
//! it.

pub mod bytecode;
#[cfg_attr(
    not(feature = "internals"),
    allow(dead_code, reason = "luac, the tests and debug builds ask what operations are and may do")
)]
pub mod exec;
pub mod lower;
