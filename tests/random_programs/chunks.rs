//! Changed binary chunks: what is accepted does in native code what it does in the interpreter.
//!
//! A random program is compiled, and its chunk changed again and again. A change that the verifier refuses is taken back.
//! The state and the comparison are those of `compare`.

use super::compare;
use super::mutate::{Random, change_chunk};
use lua52::abi::lauxlib_h::{luaL_loadbufferx, luaL_newstate};
use lua52::abi::lua_State;
use lua52::abi::lua_h::{lua_close, lua_dump, lua_settop};
use lua52::consts::LUA_OK;
use std::ffi::c_void;

/// Changes that are tried on a chunk.
const CHANGES: usize = 12;

unsafe extern "C-unwind" fn write(
    _: *mut lua_State,
    piece: *const c_void,
    size: usize,
    to: *mut c_void,
) -> i32 {
    // SAFETY: `to` is the vector that `lua_dump` was given, `piece` has `size` bytes.
    unsafe { (*to.cast::<Vec<u8>>()).extend_from_slice(std::slice::from_raw_parts(piece.cast(), size)) };
    0
}

/// The chunk of a program, changed, and how many of the changes it has.
fn changed(program: &str, random: &mut Random, most: usize) -> (Vec<u8>, usize) {
    // SAFETY: the state lives until the end; each function gets the arguments it expects.
    unsafe {
        let l = luaL_newstate();
        let load = |bytes: &[u8]| {
            luaL_loadbufferx(l, bytes.as_ptr().cast(), bytes.len(), c"=p".as_ptr(), std::ptr::null())
        };
        assert_eq!(load(program.as_bytes()), LUA_OK);
        let mut chunk = Vec::new();
        lua_dump(l, write, (&raw mut chunk).cast());
        let mut accepted = 0;
        for _ in 0..CHANGES {
            let mut next = chunk.clone();
            change_chunk(&mut next, random);
            lua_settop(l, 0);
            if accepted < most && next != chunk && next.first() == Some(&b'\x1B') && load(&next) == LUA_OK {
                chunk = next;
                accepted += 1;
            }
        }
        lua_close(l);
        (chunk, accepted)
    }
}

/// Compares the changed chunk of a program: how many changes it has, whether it ran to its end, whether it was stopped.
pub fn compare(program: &str, seed: u64) -> Result<[u64; 3], String> {
    let with = |most| changed(program, &mut Random::new(seed), most);
    let (chunk, accepted) = with(CHANGES);
    match compare::compare(&chunk) {
        Ok(None) => Ok([accepted as u64, 0, 1]),
        Ok(Some(outcome)) => Ok([accepted as u64, (outcome.status == LUA_OK) as u64, 0]),
        Err(difference) => {
            // The fewest changes that show it.
            let least = (1..=accepted).find(|&most| compare::compare(&with(most).0).is_err());
            if let Ok(path) = std::env::var("PROGRAMS_CHUNK") {
                std::fs::write(path, with(least.unwrap_or(accepted)).0).expect("written");
            }
            Err(format!("{least:?} of {accepted} changes: {difference}"))
        }
    }
}
