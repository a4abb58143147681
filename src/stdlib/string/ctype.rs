//! Changing the case of text as the C locale in force has it.

pub(super) use crate::sys::ctype::*;

/// Writes `from` in lower or upper case to `to`, which has room for as many bytes.
///
/// Runs of ASCII take eight bytes at a time, provided the locale maps ASCII letters as usual (all known single-byte
/// and UTF-8 locales do, but a table says it cheaply).
///
/// # Safety
/// `to` is valid for writes of `from.len()` bytes and does not overlap `from`.
#[inline(never)]
pub(super) unsafe fn change_case(from: &[u8], to: *mut u8, upper: bool) {
    let table = if upper { tables::upper() } else { tables::lower() };
    let first = if upper { b'a' } else { b'A' };
    let usual = table[first as usize] == (first ^ 0x20) as i32
        && table[(first + 8) as usize] == ((first + 8) ^ 0x20) as i32;
    let mut i = 0;
    if usual {
        while i + 8 <= from.len() {
            // SAFETY: eight bytes remain on both sides.
            unsafe {
                let v = from.as_ptr().add(i).cast::<u64>().read_unaligned();
                if v & HIGH != 0 {
                    break;
                }
                // Each byte is below 128, so the sums stay inside their bytes; bit 7 tells the range.
                let from_first = v + ONES * (128 - first as u64);
                let past_last = v + ONES * (128 - first as u64 - 26);
                let letters = (from_first & !past_last & HIGH) >> 2;
                to.add(i).cast::<u64>().write_unaligned(v ^ letters);
            }
            i += 8;
        }
    }
    while i < from.len() {
        // SAFETY: `i` is within both.
        unsafe { *to.add(i) = table[from[i] as usize] as u8 };
        i += 1;
    }
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = ONES << 7;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_changes_as_the_functions_say() {
        let all: std::vec::Vec<u8> = (0..=255).chain(b'A'..=b'z').chain(b"x[`{@Z".iter().copied()).collect();
        for start in 0..9 {
            let from = &all[start..];
            let mut to = std::vec![0u8; from.len()];
            for upper in [false, true] {
                // SAFETY: `to` is as long as `from`.
                unsafe { change_case(from, to.as_mut_ptr(), upper) };
                for (&a, &b) in from.iter().zip(&to) {
                    // SAFETY: the functions take any unsigned char.
                    let want = unsafe {
                        if upper {
                            crate::sys::ctype::toupper(a as i32)
                        } else {
                            crate::sys::ctype::tolower(a as i32)
                        }
                    };
                    assert_eq!(b as i32, want);
                }
            }
        }
    }
}
