//! The forms of code: the bytecode that the compiler makes and chunks contain, the executable form that runs, and the way
//! from one to the other. Nothing here knows objects or states; so the compiler, the machine and every tier can use it.

pub mod bytecode;
pub mod exec;
pub mod lower;
