//! The C boundary: every exported symbol, one file a header, in the order of the header.
//!
//! Nothing is decided here. A function that may raise is a naked stub with its C signature around a core
//! (see `boundary`); the core turns pointers into types and calls the `api` layer. A function that cannot
//! raise is a plain `extern "C"` function. `exports.txt` lists the names that leave the library.

#[cfg(feature = "freestanding")]
mod runtime;

const IDENT: &str =
    concat!("$LuaVersion: Lua 5.2.4 $$LuaImplementation: liblua-rs ", env!("CARGO_PKG_VERSION"), " $\0");

/// `extern const char lua_ident[]`: what `ident` shows of a program that has this library inside.
#[unsafe(no_mangle)]
pub static lua_ident: [u8; IDENT.len()] = {
    let mut bytes = [0; IDENT.len()];
    bytes.copy_from_slice(IDENT.as_bytes());
    bytes
};
