//! Chunks: where their bytes come from, and their binary form.

pub mod dump;
pub mod format;
pub mod input;
pub mod undump;
pub mod verify;

pub use dump::{dump, dump_to};
pub use input::Input;
pub use undump::undump;
