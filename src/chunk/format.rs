//! The binary form of a chunk: its header, and the order of its parts, which `dump` writes and `undump` reads.
//!
//! ```text
//! header    signature, version, format, byte order, sizes of int size_t Instruction lua_Number, kind of number, tail
//! function  first and last line, parameters, vararg, registers, code, constants, functions, upvalues, debug
//! vector    count (int), items
//! string    size with its zero byte (size_t; 0: no string), bytes, zero byte
//! debug     source, lines, local variables, names of upvalues
//! ```

use crate::consts::{LUA_SIGNATURE, LUA_VERSION_NUM};

pub const HEADER_SIZE: usize = 18;
/// Bytes before the version, before the byte order, before the tail.
pub const SIGNATURE_END: usize = 4;
pub const VERSION_END: usize = SIGNATURE_END + 2;
pub const SIZES_END: usize = VERSION_END + 6;

/// The header with which a chunk starts on this machine.
pub const HEADER: [u8; HEADER_SIZE] = {
    let mut h = [0; HEADER_SIZE];
    let mut i = 0;
    while i < SIGNATURE_END {
        h[i] = LUA_SIGNATURE[i];
        i += 1;
    }
    h[4] = (LUA_VERSION_NUM / 100 * 16 + LUA_VERSION_NUM % 100) as u8;
    // The official format.
    h[5] = 0;
    h[6] = cfg!(target_endian = "little") as u8;
    h[7] = size_of::<i32>() as u8;
    h[8] = size_of::<usize>() as u8;
    h[9] = size_of::<u32>() as u8;
    h[10] = size_of::<f64>() as u8;
    // Numbers are not integral.
    h[11] = 0;
    // Bytes that a conversion of line ends would change.
    let tail = *b"\x19\x93\r\n\x1a\n";
    let mut i = 0;
    while i < tail.len() {
        h[SIZES_END + i] = tail[i];
        i += 1;
    }
    h
};
