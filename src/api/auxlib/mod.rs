//! The auxiliary library (manual 5), over the rest of the API.

mod check;
mod convert;

mod load;
mod modules;
mod references;
mod retry;
mod traceback;
