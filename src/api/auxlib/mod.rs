//! The auxiliary library (manual 5), over the rest of the API.

mod arguments;
pub mod c_lists;
mod convert;

mod load;
mod modules;
mod references;
mod retry;
pub mod state;
mod traceback;
