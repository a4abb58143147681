//! What can go wrong in the check, other than that something is held.

use std::num::ParseIntError;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0} does not compile")]
    Compiler(&'static str),
    #[error("in the fixture were found {found:#?}, planted are {planted:#?}")]
    Fixture { found: Vec<String>, planted: Vec<String> },
    #[error("src/held.txt:{line}: {fault}")]
    List { line: usize, fault: ListFault },
    #[error("the checker knows of {0}, which does not exist")]
    NotKnown(String),
    #[error("the list knows of {0}, which does not exist")]
    NotListed(String),
    #[error("{0} was not found among the crate's functions")]
    NotFound(String),
    #[error("{0}: the place of its impl is not understood")]
    Place(String),
    #[error("{function}: {fault}")]
    Mir { function: String, fault: MirFault },
}

/// What is wrong with a line of the list.
#[derive(Debug, thiserror::Error)]
pub enum ListFault {
    #[error("there is no such threat")]
    Threat,
    #[error("there is no such reason")]
    Reason,
    #[error("this is on the list twice")]
    Twice,
    #[error("columns are missing")]
    Columns,
}

/// What is not understood of a function in MIR.
#[derive(Debug, thiserror::Error)]
pub enum MirFault {
    #[error("the parameters are not understood")]
    Parameters,
    #[error("a declaration without a type: {0}")]
    Untyped(String),
    #[error("a number is not understood: {0}")]
    Number(#[from] ParseIntError),
    #[error("the blocks are not in order")]
    Blocks,
    #[error("a statement lies outside of blocks: {0}")]
    Outside(String),
    #[error("not understood: {0}")]
    Statement(String),
}
