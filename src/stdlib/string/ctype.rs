//! Classes of characters and case mapping as the C locale in force has them.
//!
//! glibc keeps one table per thread and locale; taking its address once per library call saves the function call
//! per character. The tables are valid while the locale stays, which is longer than one call.

/// Class bits of each byte.
pub(super) type Classes = &'static [u16; 256];

/// The bit of a class in a [`Classes`] entry.
#[cfg(target_endian = "little")]
const fn bit(n: u16) -> u16 {
    if n < 8 { 1 << n << 8 } else { 1 << n >> 8 }
}
#[cfg(target_endian = "big")]
const fn bit(n: u16) -> u16 {
    1 << n
}

pub(super) const UPPER: u16 = bit(0);
pub(super) const LOWER: u16 = bit(1);
pub(super) const ALPHA: u16 = bit(2);
pub(super) const DIGIT: u16 = bit(3);
pub(super) const XDIGIT: u16 = bit(4);
pub(super) const SPACE: u16 = bit(5);
pub(super) const GRAPH: u16 = bit(7);
pub(super) const CNTRL: u16 = bit(9);
pub(super) const PUNCT: u16 = bit(10);
pub(super) const ALNUM: u16 = bit(11);

#[cfg(target_env = "gnu")]
mod tables {
    unsafe extern "C" {
        fn __ctype_b_loc() -> *const *const u16;
        fn __ctype_tolower_loc() -> *const *const i32;
        fn __ctype_toupper_loc() -> *const *const i32;
    }

    #[inline(always)]
    pub(in super::super) fn classes() -> super::Classes {
        // SAFETY: glibc's table covers -128 to 255 and its address is that of entry 0.
        unsafe { &*(*__ctype_b_loc()).cast() }
    }

    #[inline(always)]
    pub(super) fn lower() -> &'static [i32; 256] {
        // SAFETY: as for `classes`.
        unsafe { &*(*__ctype_tolower_loc()).cast() }
    }

    #[inline(always)]
    pub(super) fn upper() -> &'static [i32; 256] {
        // SAFETY: as for `classes`.
        unsafe { &*(*__ctype_toupper_loc()).cast() }
    }
}

/// Elsewhere the only locale with single bytes beyond ASCII is none at all: the tables are ASCII's.
#[cfg(not(target_env = "gnu"))]
mod tables {
    use super::*;

    static CLASSES: [u16; 256] = {
        let mut t = [0; 256];
        let mut i = 0;
        while i < 128 {
            let c = i as u8;
            let mut bits = 0;
            if c.is_ascii_uppercase() {
                bits |= UPPER | ALPHA | ALNUM;
            }
            if c.is_ascii_lowercase() {
                bits |= LOWER | ALPHA | ALNUM;
            }
            if c.is_ascii_digit() {
                bits |= DIGIT | ALNUM;
            }
            if c.is_ascii_hexdigit() {
                bits |= XDIGIT;
            }
            if c == b' ' || (c >= 9 && c <= 13) {
                bits |= SPACE;
            }
            if c.is_ascii_graphic() {
                bits |= GRAPH;
            }
            if c.is_ascii_control() {
                bits |= CNTRL;
            }
            if c.is_ascii_punctuation() {
                bits |= PUNCT;
            }
            t[i] = bits;
            i += 1;
        }
        t
    };
    const fn mapping(upper: bool) -> [i32; 256] {
        let mut t = [0; 256];
        let mut i = 0;
        while i < 256 {
            let c = i as u8;
            t[i] = if upper { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() } as i32;
            i += 1;
        }
        t
    }
    static LOWER_CASE: [i32; 256] = mapping(false);
    static UPPER_CASE: [i32; 256] = mapping(true);

    pub(in super::super) fn classes() -> super::Classes {
        &CLASSES
    }
    pub(super) fn lower() -> &'static [i32; 256] {
        &LOWER_CASE
    }
    pub(super) fn upper() -> &'static [i32; 256] {
        &UPPER_CASE
    }
}

pub(super) use tables::classes;

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
    fn bits_are_those_of_the_functions() {
        let table = classes();
        for c in 0..256i32 {
            let bits = table[c as usize];
            let is = |mask: u16| bits & mask != 0;
            // SAFETY: the functions take any unsigned char.
            unsafe {
                assert_eq!(is(ALPHA), libc::isalpha(c) != 0, "{c}");
                assert_eq!(is(CNTRL), libc::iscntrl(c) != 0, "{c}");
                assert_eq!(is(DIGIT), libc::isdigit(c) != 0, "{c}");
                assert_eq!(is(GRAPH), libc::isgraph(c) != 0, "{c}");
                assert_eq!(is(LOWER), libc::islower(c) != 0, "{c}");
                assert_eq!(is(PUNCT), libc::ispunct(c) != 0, "{c}");
                assert_eq!(is(SPACE), libc::isspace(c) != 0, "{c}");
                assert_eq!(is(UPPER), libc::isupper(c) != 0, "{c}");
                assert_eq!(is(ALNUM), libc::isalnum(c) != 0, "{c}");
                assert_eq!(is(XDIGIT), libc::isxdigit(c) != 0, "{c}");
            }
        }
    }

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
                    let want =
                        unsafe { if upper { libc::toupper(a as i32) } else { libc::tolower(a as i32) } };
                    assert_eq!(b as i32, want);
                }
            }
        }
    }
}
