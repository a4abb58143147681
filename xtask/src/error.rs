//! What can go wrong in the tasks.

use std::path::{Path, PathBuf};
use std::{fs, io};

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{}: {source}", path.display())]
    Syntax { path: PathBuf, source: syn::Error },
    #[error("{}: not in exports!: {item}", path.display())]
    NotExported { path: PathBuf, item: String },
    #[error("the function {0} has no documentation")]
    Undocumented(String),
    #[error("cbindgen gives {declarations} declarations of {functions} functions")]
    Declarations { declarations: usize, functions: usize },
    #[error("cbindgen declares something else than {name}: {line}")]
    Declaration { name: String, line: String },
    #[error("cbindgen.toml: {0}")]
    Settings(String),
    #[error(transparent)]
    Cbindgen(#[from] cbindgen::Error),
    #[error(transparent)]
    Bindgen(#[from] bindgen::BindgenError),
    #[error("bindgen finds no libclang: install libclang1")]
    NoLibclang,
    #[error("{template}: src/abi has no function {name}")]
    NoFunction { template: String, name: String },
    #[error("{template}: src/consts.rs has no {name} on one line")]
    NoConstant { template: String, name: String },
    #[error(transparent)]
    Held(#[from] crate::held::Error),
    #[error(transparent)]
    Test(#[from] crate::test::Error),
}

/// The text of a file.
pub fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(of(path))
}

/// For `map_err`: the error of a file or a program.
pub fn of(path: &Path) -> impl Fn(io::Error) -> Error {
    move |source| Error::File { path: path.into(), source }
}
