//! Reads one call site's entry of a language-specific data area: what a frame wants to do when it is unwound.
//!
//! GCC, Clang and rustc write the same format for all their languages; only the meaning of the types differs, and no
//! types are compared here.

use core::ffi::c_int;

/// The code that unwinding a frame would run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Landing {
    /// Nothing.
    Clean,
    /// Cleanups, or handlers that name a type of their own language.
    Cleanup,
    /// A handler of everything, or a rule that no exception may pass.
    Handler,
}

const OMIT: u8 = 0xff;

/// A place in the table.
///
/// # Safety
/// The table must be one that a compiler wrote: like every reader of it this one relies on its lengths.
#[derive(Clone, Copy)]
struct Cursor(*const u8);

impl Cursor {
    unsafe fn byte(&mut self) -> u8 {
        // SAFETY: the caller reads the next field of a table that is well formed, so it is inside of it.
        let b = unsafe { *self.0 };
        self.0 = self.0.wrapping_add(1);
        b
    }

    unsafe fn fixed<T: Copy>(&mut self) -> T {
        // SAFETY: the caller reads the next field of a table that is well formed, so it is inside of it.
        let v = unsafe { self.0.cast::<T>().read_unaligned() };
        self.0 = self.0.wrapping_add(size_of::<T>());
        v
    }

    unsafe fn uleb(&mut self) -> usize {
        let (mut value, mut shift) = (0usize, 0);
        loop {
            // SAFETY: the caller reads the next field of a table that is well formed, so it is inside of it.
            let b = unsafe { self.byte() };
            if shift < usize::BITS {
                value |= ((b & 0x7f) as usize) << shift;
            }
            shift += 7;
            if b & 0x80 == 0 {
                return value;
            }
        }
    }

    unsafe fn sleb(&mut self) -> isize {
        let (mut value, mut shift) = (0usize, 0);
        loop {
            // SAFETY: the caller reads the next field of a table that is well formed, so it is inside of it.
            let b = unsafe { self.byte() };
            if shift < usize::BITS {
                value |= ((b & 0x7f) as usize) << shift;
            }
            shift += 7;
            if b & 0x80 == 0 {
                if b & 0x40 != 0 && shift < usize::BITS {
                    value |= usize::MAX << shift;
                }
                return value as isize;
            }
        }
    }

    /// The stored number of an encoded pointer, before any base is added.
    unsafe fn encoded(&mut self, encoding: u8) -> Option<usize> {
        // SAFETY: the caller reads the next field of a table that is well formed, so it is inside of it.
        unsafe {
            Some(match encoding & 0x0f {
                0x00 => self.fixed::<usize>(),
                0x01 => self.uleb(),
                0x02 => self.fixed::<u16>() as usize,
                0x03 => self.fixed::<u32>() as usize,
                0x04 => self.fixed::<u64>() as usize,
                0x09 => self.sleb() as usize,
                0x0a => self.fixed::<i16>() as usize,
                0x0b => self.fixed::<c_int>() as usize,
                0x0c => self.fixed::<i64>() as usize,
                _ => return None,
            })
        }
    }
}

fn width(encoding: u8) -> Option<usize> {
    Some(match encoding & 0x0f {
        0x00 => size_of::<usize>(),
        0x02 | 0x0a => 2,
        0x03 | 0x0b => 4,
        0x04 | 0x0c => 8,
        _ => return None,
    })
}

/// Tells what unwinding runs in the frame of the function at `function`, which stopped at the call that contains `pc`.
/// `None`: the table is in no form known here.
///
/// # Safety
/// `table` is the function's own data area.
pub(super) unsafe fn landing(table: *const u8, function: usize, pc: usize) -> Option<Landing> {
    let mut at = Cursor(table);
    // SAFETY: the table is well formed, by the caller's promise; each read is the next field of it.
    unsafe {
        let start_encoding = at.byte();
        if start_encoding != OMIT {
            at.encoded(start_encoding)?;
        }
        let type_encoding = at.byte();
        let types = if type_encoding == OMIT {
            None
        } else {
            let distance = at.uleb();
            Some(at.0.wrapping_add(distance))
        };
        let site_encoding = at.byte();
        let sites_length = at.uleb();
        let actions = at.0.wrapping_add(sites_length);
        while at.0 < actions {
            let start = at.encoded(site_encoding)?;
            let length = at.encoded(site_encoding)?;
            let pad = at.encoded(site_encoding)?;
            let action = at.uleb();
            let from = function.wrapping_add(start);
            if pc < from {
                break;
            }
            if pc - from < length {
                return match (pad, action) {
                    (0, _) => Some(Landing::Clean),
                    (_, 0) => Some(Landing::Cleanup),
                    _ => strongest(actions.wrapping_add(action - 1), types, type_encoding),
                };
            }
        }
    }
    // A call that no entry covers must not be unwound: that is how noexcept is written.
    Some(Landing::Handler)
}

/// Follows a chain of actions.
///
/// # Safety
/// `first` is an entry of the action table, and `types` the end of the type table, of one data area.
unsafe fn strongest(first: *const u8, types: Option<*const u8>, type_encoding: u8) -> Option<Landing> {
    let mut at = Cursor(first);
    loop {
        // SAFETY: the table is well formed, by the caller's promise; each read is the next field of it.
        unsafe {
            let filter = at.sleb();
            let link = at;
            let next = at.sleb();
            if filter < 0 {
                return Some(Landing::Handler);
            }
            if filter > 0 {
                let back = width(type_encoding)?.checked_mul(filter as usize)?;
                let entry = types?.wrapping_sub(back);
                if Cursor(entry).encoded(type_encoding)? == 0 {
                    return Some(Landing::Handler);
                }
            }
            if next == 0 {
                return Some(Landing::Cleanup);
            }
            at = Cursor(link.0.wrapping_offset(next));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Call sites in uleb form: 0..8 no pad, 8..12 cleanup, 12..14 typed catch, 14..15 catch all after a typed catch,
    /// 20..21 exception specification; 15..20 and the rest are not covered.
    const TABLE: [u8; 41] = [
        0xff, 0x03, 38, // types are 4 bytes each and end at byte 41
        0x01, 20, //
        0, 8, 0, 0, //
        8, 4, 64, 0, //
        12, 2, 64, 1, //
        14, 1, 64, 3, //
        20, 1, 64, 5, //
        2, 0, // type 2, end
        2, 1, // type 2, then the next record
        1, 0, // type 1, end; also where the specification's record would be
        0x7f, 0, // specification
        1, 0, 0, 0, // type 2
        0, 0, 0, 0, // type 1: everything
    ];

    fn at(pc: usize) -> Option<Landing> {
        // SAFETY: a whole table; it is read to its end at most.
        unsafe { landing(TABLE.as_ptr(), 1000, 1000 + pc) }
    }

    #[test]
    fn call_sites() {
        assert_eq!(at(0), Some(Landing::Clean));
        assert_eq!(at(7), Some(Landing::Clean));
        assert_eq!(at(8), Some(Landing::Cleanup));
        assert_eq!(at(13), Some(Landing::Cleanup));
        assert_eq!(at(14), Some(Landing::Handler));
        assert_eq!(at(16), Some(Landing::Handler));
        assert_eq!(at(20), Some(Landing::Handler));
        assert_eq!(at(30), Some(Landing::Handler));
    }
}
