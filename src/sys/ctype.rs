//! Tables of the classes of characters and of case mapping as the C locale in force has them.
//!
//! glibc keeps one table per thread and locale; taking its address once per library call saves the function call
//! per character. The tables are valid while the locale stays, which is longer than one call.

/// Class bits of each byte.
pub type Classes = &'static [u16; 256];

/// The bit of a class in a [`Classes`] entry.
#[cfg(target_endian = "little")]
const fn bit(n: u16) -> u16 {
    if n < 8 { 1 << n << 8 } else { 1 << n >> 8 }
}
#[cfg(target_endian = "big")]
const fn bit(n: u16) -> u16 {
    1 << n
}

pub const UPPER: u16 = bit(0);
pub const LOWER: u16 = bit(1);
pub const ALPHA: u16 = bit(2);
pub const DIGIT: u16 = bit(3);
pub const XDIGIT: u16 = bit(4);
pub const SPACE: u16 = bit(5);
pub const GRAPH: u16 = bit(7);
pub const CNTRL: u16 = bit(9);
pub const PUNCT: u16 = bit(10);
pub const ALNUM: u16 = bit(11);

#[cfg(target_env = "gnu")]
pub mod tables {
    unsafe extern "C" {
        fn __ctype_b_loc() -> *const *const u16;
        fn __ctype_tolower_loc() -> *const *const i32;
        fn __ctype_toupper_loc() -> *const *const i32;
    }

    #[inline(always)]
    pub fn classes() -> super::Classes {
        // SAFETY: glibc's table covers -128 to 255 and its address is that of entry 0.
        unsafe { &*(*__ctype_b_loc()).cast() }
    }

    #[inline(always)]
    pub fn lower() -> &'static [i32; 256] {
        // SAFETY: glibc's table covers -128 to 255 and its address is that of entry 0.
        unsafe { &*(*__ctype_tolower_loc()).cast() }
    }

    #[inline(always)]
    pub fn upper() -> &'static [i32; 256] {
        // SAFETY: glibc's table covers -128 to 255 and its address is that of entry 0.
        unsafe { &*(*__ctype_toupper_loc()).cast() }
    }
}

/// Elsewhere the only locale with single bytes beyond ASCII is none at all: the tables are ASCII's.
#[cfg(not(target_env = "gnu"))]
pub mod tables {
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

    pub fn classes() -> super::Classes {
        &CLASSES
    }
    pub fn lower() -> &'static [i32; 256] {
        &LOWER_CASE
    }
    pub fn upper() -> &'static [i32; 256] {
        &UPPER_CASE
    }
}

#[cfg(test)]
pub use libc::{tolower, toupper};
pub use tables::classes;

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
}
