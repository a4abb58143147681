//! The generator of tests/random_programs, and what compares the interpreter and native code there.

#[path = "../../tests/random_programs/compare.rs"]
pub mod compare;
#[path = "../../tests/random_programs/generate.rs"]
pub mod generate;
#[path = "../../tests/random_programs/grammar.rs"]
pub mod grammar;
#[path = "../../tests/random_programs/tree.rs"]
pub mod tree;
