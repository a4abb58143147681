//! What `luax.h` offers beside the API of Lua 5.2: what `luaX_X` does is `l.ext_X(..)`.
//! [The decision](../../../docs/adr/0016-extension-api.md) says what such a function may be.
//!
//! Invariants
//! * Nothing here changes what a program that does not call it sees, and a part that is not used costs nothing: the
//!   layers below look at words that they look at anyway.
//! * What these functions set is the state's, whatever thread of it the host gives, unless the documentation in `abi`
//!   says otherwise.

mod limits;
mod native;
pub mod stats;
