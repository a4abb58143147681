//! Messages as strings on the stack.

use crate::messages::{self, Arg};
use crate::object::string::{self, Bytes};
use crate::object::{Gc, Thread, Value};
use crate::throw::LResult;
use core::mem::MaybeUninit;

/// Longest message that is written once. Of a longer one the first pass gives the length.
const SHORT: usize = 256;

/// Pushes the text of a message (a format of `messages`). No collector step, so no finalizer comes in between; one slot
/// of the stack, which may be one of its reserve.
pub fn push(l: Gc<Thread>, fmt: &str, args: &[Arg]) -> LResult<Bytes> {
    let mut text = [MaybeUninit::<u8>::uninit(); SHORT];
    let text: *mut u8 = text.as_mut_ptr().cast();
    let len = write(fmt, args, text, SHORT)?;
    let s = if len <= SHORT {
        // SAFETY: the first `len` bytes were written.
        string::new_str(l, unsafe { core::slice::from_raw_parts(text, len) })?
    } else {
        string::new_long(l, len, |to| {
            // `Ok`: it was written once already.
            let _ = write(fmt, args, to, len);
        })?
    };
    l.push(Value::string(s));
    Ok(string::bytes_of(s))
}

/// Writes the text to `to`, which has room for `room` bytes, as far as it fits; the length of the whole text.
#[inline(never)]
fn write(fmt: &str, args: &[Arg], to: *mut u8, room: usize) -> LResult<usize> {
    let (mut rest, mut len) = (args.iter(), 0);
    let unknown = messages::write(fmt.as_bytes(), &mut |_| rest.next().copied(), &mut |piece| {
        if piece.len() <= room.saturating_sub(len) {
            // SAFETY: the caller's block has room for the piece.
            unsafe { core::ptr::copy_nonoverlapping(piece.as_ptr(), to.add(len), piece.len()) };
        }
        len += piece.len();
        Ok(())
    })?;
    debug_assert!(unknown.is_none(), "a message format with an unknown letter");
    Ok(len)
}
