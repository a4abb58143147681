//! Numbers against libc, which rounds correctly.

use crate::sys;
use std::ffi::CString;
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use super::*;

/// A small deterministic generator (xorshift*), so that failures repeat.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// A double of one of the kinds that matter.
    fn double(&mut self) -> f64 {
        let v = match self.below(10) {
            0 | 1 => f64::from_bits(self.next()),
            2 => f64::from_bits(self.next() & ((1 << 52) - 1)),
            3 => {
                let digits = self.below(20) as u32 + 1;
                self.below(10u64.pow(digits.min(19))) as f64
            }
            4 => {
                let digits = self.below(17) as u32 + 1;
                self.below(10u64.pow(digits)) as f64 / 10f64.powi(self.below(23) as i32)
            }
            // A decimal tie at the 15th digit, or next to one.
            5 => {
                let m = (self.below(10u64.pow(14)) * 10 + 5) as f64;
                let v = m * 10f64.powi(self.below(20) as i32 - 16);
                f64::from_bits(v.to_bits().wrapping_add(self.below(3)).wrapping_sub(1))
            }
            // Few bits: exact ties of short length.
            6 => (self.next() >> self.below(64)) as f64 / (1u64 << self.below(60)) as f64,
            7 => {
                let p = 10f64.powi(self.below(600) as i32 - 300);
                f64::from_bits(p.to_bits().wrapping_add(self.below(5)).wrapping_sub(2))
            }
            8 => f64::from_bits((self.below(80) + 983) << 52 | self.next() >> 12),
            _ => self.below(1000) as f64,
        };
        if self.below(2) == 0 { -v } else { v }
    }
}

fn c_format(template: &str, precision: usize, v: f64) -> String {
    let template = CString::new(template).unwrap();
    let mut out = [0u8; 512];
    // SAFETY: the template takes a precision and a double, and the buffer's size is given.
    let n = unsafe {
        sys::snprintf(out.as_mut_ptr().cast(), out.len(), template.as_ptr(), precision as core::ffi::c_int, v)
    };
    core::str::from_utf8(&out[..n as usize]).unwrap().to_string()
}

fn g14(v: f64) -> String {
    let mut out = [0; NUMBER_BUFFER];
    let n = format_g14(v, &mut out);
    core::str::from_utf8(&out[..n]).unwrap().to_string()
}

fn shown(n: Option<usize>, out: &[u8]) -> Option<String> {
    n.map(|n| core::str::from_utf8(&out[..n]).unwrap().to_string())
}

/// `strtod`'s answer with the checks the reference puts around it.
fn c_parse(text: &[u8]) -> Option<f64> {
    if text.iter().any(|&c| c == b'n' || c == b'N' || c == 0) {
        return None;
    }
    let s = CString::new(text).unwrap();
    let mut end = core::ptr::null_mut();
    // SAFETY: a C string.
    let v = unsafe { sys::strtod(s.as_ptr(), &mut end) };
    let mut used = end as usize - s.as_ptr() as usize;
    if used == 0 {
        return None;
    }
    while used < text.len() && (text[used] == b' ' || (9..14).contains(&text[used])) {
        used += 1;
    }
    (used == text.len()).then_some(v)
}

fn same(a: Option<f64>, b: Option<f64>) -> bool {
    a.map(f64::to_bits) == b.map(f64::to_bits)
}

fn check_format(v: f64) {
    assert_eq!(g14(v), c_format("%.*g", 14, v), "bits {:#x}", v.to_bits());
}

fn check_other_formats(v: f64, random: &mut Random) {
    let mut out = [0; NUMBER_BUFFER];
    for digits in 0..=17 {
        let got = shown(format_general(v, digits, &mut out), &out);
        assert_eq!(got.unwrap(), c_format("%.*g", digits, v), "%.{digits}g of bits {:#x}", v.to_bits());
    }
    let precision = random.below(18) as usize;
    if let Some(got) = shown(format_fixed(v, precision, &mut out), &out) {
        assert_eq!(got, c_format("%.*f", precision, v), "%.{precision}f of bits {:#x}", v.to_bits());
    }
    if let Some(got) = shown(format_exponent(v, precision, &mut out), &out) {
        assert_eq!(got, c_format("%.*e", precision, v), "%.{precision}e of bits {:#x}", v.to_bits());
    }
}

fn check_parse(text: &str) {
    let (got, want) = (parse(text.as_bytes()), c_parse(text.as_bytes()));
    assert!(same(got, want), "{text:?}: {got:?}, strtod: {want:?}");
    assert!(same(parse_literal(text.as_bytes()), want), "{text:?} as a literal");
}

fn check_round_trip(v: f64, random: &mut Random) {
    if !v.is_finite() {
        return;
    }
    match random.below(4) {
        0 => check_parse(&format!("{v:e}")),
        1 => check_parse(&g14(v)),
        2 => check_parse(&c_format("%.*e", random.below(40) as usize, v)),
        _ => {
            // Just around the middle between this double and the next: the exact decimal has few hundred digits.
            let next = f64::from_bits(v.to_bits() + 1);
            let exact = c_format("%.*e", 60, v / 2.0 + next / 2.0);
            check_parse(&exact);
            check_parse(&c_format("%.*a", random.below(16) as usize, v));
        }
    }
}

#[test]
fn formats_known_values() {
    for (v, text) in [
        (0.0, "0"),
        (-0.0, "-0"),
        (1.0, "1"),
        (-1.0, "-1"),
        (0.1, "0.1"),
        (0.5, "0.5"),
        (-123.456, "-123.456"),
        (1e14, "1e+14"),
        (99999999999999.0, "99999999999999"),
        (1e15, "1e+15"),
        (1e100, "1e+100"),
        (1e-5, "1e-05"),
        (0.0001, "0.0001"),
        (0.00012345, "0.00012345"),
        (1.0 / 3.0, "0.33333333333333"),
        (9007199254740993.0, "9.007199254741e+15"),
        (f64::MAX, "1.7976931348623e+308"),
        (f64::MIN_POSITIVE, "2.2250738585072e-308"),
        (5e-324, "4.9406564584125e-324"),
        (f64::INFINITY, "inf"),
        (f64::NEG_INFINITY, "-inf"),
        (f64::NAN, "nan"),
        (-f64::NAN, "-nan"),
        (99999999999999.5, "1e+14"),
        (9999999999999.95, "9999999999999.9"),
    ] {
        assert_eq!(g14(v), text);
        check_format(v);
    }
}

#[test]
fn formats_as_snprintf() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..1_000_000 {
        let v = random.double();
        check_format(v);
    }
    for _ in 0..150_000 {
        let v = random.double();
        check_other_formats(v, &mut random);
    }
}

#[test]
fn parses_as_strtod() {
    for text in [
        "0",
        "1",
        "-1",
        "+1",
        "1.",
        ".5",
        ".",
        "",
        " ",
        "1 ",
        " \t\n\x0b\x0c\r1\r",
        "1e",
        "1e+",
        "1e5",
        "1E-5",
        "1e400",
        "-1e400",
        "1e-400",
        "0x",
        "0x.",
        "0x1",
        "0X1P4",
        "0x1p",
        "0x1p+",
        "0x.8",
        "0x8.",
        "0x.p1",
        "0x1.8p3",
        "0x1p-1074",
        "0x1p-1075",
        "0x1.8p-1075",
        "0x1.00000000000001p-1075",
        "0x1p1024",
        "0x1.fffffffffffff8p1023",
        "0x1.fffffffffffff7p1023",
        "0xffffffffffffffffff",
        "0x1fffffffffffff8",
        "0x.00000000000000000001p80",
        "inf",
        "nan",
        "infinity",
        "-inf",
        "0b1",
        "1_0",
        "1,5",
        "- 1",
        "--1",
        "1 2",
        "1e5.5",
        "1.2.3",
        "0x1.2.3",
        "e5",
        "1e99999999999999999999",
        "1e-99999999999999999999",
        "0e99999999999999999999",
        "00000000000000000000000012",
        "0.00000000000000000000000000000012",
        "123456789012345678901234567890",
        "9007199254740993",
        "9007199254740992.99999999999999999999",
        "9007199254740993.00000000000000000000000000001",
        "2.2250738585072011e-308",
        "2.2250738585072012e-308",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "1.7976931348623158e308",
        "1.7976931348623159e308",
        "1\u{a0}",
        "0x1p99999999999999999999",
        "0x",
        "0xg",
        "x1",
        "0 x1",
        "1x",
        "1f",
        "0x1e+1",
        "1e 5",
    ] {
        check_parse(text);
    }
    assert_eq!(parse(b"1\0"), None);
    assert_eq!(parse(b"0x1\0"), None);
    let mut random = Random(0x1234_5678_9abc_def1);
    for _ in 0..500_000 {
        let v = random.double();
        check_round_trip(v, &mut random);
    }
}

#[test]
fn parses_the_middle_between_doubles() {
    // All digits of a midpoint, then one digit changed far behind: only the last digits decide.
    let mut random = Random(77);
    for _ in 0..2000 {
        let bits = random.below(0x7fe0_0000_0000_0000);
        let (low, high) = (f64::from_bits(bits), f64::from_bits(bits + 1));
        // Half a unit fits the double only when the exponent is raised first.
        let ulp = high - low;
        if ulp / 2.0 == 0.0 {
            continue;
        }
        let digits = c_format("%.*e", 440, low);
        let half = c_format("%.*e", 440, ulp / 2.0);
        check_parse(&digits);
        check_parse(&half);
    }
    let middle = "9007199254740993".to_string();
    for zeros in [1, 10, 100, 767, 790, 800, 2000] {
        let zeros: String = core::iter::repeat_n('0', zeros).collect();
        check_parse(&format!("{middle}.{zeros}1"));
        check_parse(&format!("{middle}.{zeros}"));
        check_parse(&format!("{middle}{zeros}1"));
        check_parse(&format!("0.{zeros}{middle}"));
        check_parse(&format!("{middle}.{zeros}1e-3"));
    }
}

#[test]
fn parses_random_text() {
    let mut random = Random(4242);
    let alphabet = b"0123456789.eE+-xXpPaAfF \t.0e-";
    for _ in 0..300_000 {
        let n = random.below(12) as usize;
        let text: Vec<u8> = (0..n).map(|_| alphabet[random.below(alphabet.len() as u64) as usize]).collect();
        check_parse(core::str::from_utf8(&text).unwrap());
    }
}

#[test]
fn integers_format_as_integers() {
    let mut random = Random(5);
    for i in 0..200_000u64 {
        let n = if i < 1000 { i } else { random.next() >> random.below(64) };
        let mut out = [0; 32];
        let len = format_unsigned(n, &mut out);
        assert_eq!(core::str::from_utf8(&out[..len]).unwrap(), n.to_string());
        let len = format_signed(n as i64, &mut out);
        assert_eq!(core::str::from_utf8(&out[..len]).unwrap(), (n as i64).to_string());
    }
    let mut out = [0; 32];
    for n in [i64::MIN, i64::MAX, -1, 0] {
        let len = format_signed(n, &mut out);
        assert_eq!(core::str::from_utf8(&out[..len]).unwrap(), n.to_string());
    }
    let len = format_unsigned(u64::MAX, &mut out);
    assert_eq!(&out[..len], b"18446744073709551615");
}

#[test]
fn table_is_truncated_powers() {
    // Neighbours must agree: five times an entry, renormalised, reaches the next one within the error bound.
    for p in pow10::MIN..pow10::MAX {
        let (hi, lo) = pow10::power_of_five(p).unwrap();
        let (next_hi, next_lo) = pow10::power_of_five(p + 1).unwrap();
        assert!(hi >> 63 == 1, "entry {p} is normalised");
        let this = (hi as u128) << 64 | lo as u128;
        let next = (next_hi as u128) << 64 | next_lo as u128;
        // this * 5 / 4 or this * 5 / 8, without overflow.
        let fives = this / 8 * 5 + (this % 8) * 5 / 8;
        let times = if fives >> 127 == 0 { this / 4 * 5 + (this % 4) * 5 / 4 } else { fives };
        if p == -1 {
            // Five fifths: one bit less than a power of two, which the comparison below cannot express.
            assert_eq!(this, 0xcccc_cccc_cccc_cccc_cccc_cccc_cccc_cccc);
        } else {
            assert!(next.abs_diff(times) <= 2, "entry {p}");
        }
        if pow10::is_exact(p) {
            let exact = 5u128.pow(p as u32);
            assert_eq!(exact << exact.leading_zeros(), this);
        }
    }
    assert_eq!(pow10::power_of_five(pow10::MIN - 1), None);
    assert_eq!(pow10::power_of_five(pow10::MAX + 1), None);
}

#[test]
fn conversions_to_integers() {
    assert_eq!(to_integer(3.7), 3);
    assert_eq!(to_integer(-3.7), -3);
    for out_of_range in [1e300, -1e300, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 9223372036854775808.0] {
        assert_eq!(to_integer(out_of_range), isize::MIN);
    }
    assert_eq!(to_int(1099511627775.0), -1);
    for (n, u) in [
        (3.5, 4),
        (2.5, 2),
        (3.7, 4),
        (-1.0, u32::MAX),
        (-1.5, 4294967294),
        (4294967296.0, 0),
        (4294967295.5, 0),
        (1e15, 2764472320),
        (1e17, 2245566464),
        (-1e17, 2245566464),
        (1e300, 2281731484),
        (f64::INFINITY, 0),
        (f64::NAN, 0),
    ] {
        assert_eq!(to_unsigned(n), u, "{n}");
    }
    assert_eq!(exact_int32(7.0), Some(7));
    assert_eq!(exact_int32(7.5), None);
    assert_eq!(exact_int32(4294967296.0), None);
}

#[test]
fn arithmetic_helpers() {
    let mut random = Random(8);
    for _ in 0..100_000 {
        let v = random.double();
        assert_eq!(floor(v).to_bits(), v.floor().to_bits(), "{v}");
    }
    assert_eq!(modulo(5.0, 3.0), 2.0);
    assert_eq!(modulo(-5.0, 3.0), 1.0);
    assert_eq!(modulo(5.0, -3.0), -1.0);
    assert!(modulo(1.0, 0.0).is_nan());
    assert_eq!(modulo(-0.0, 1.0).to_bits(), 0.0f64.to_bits());
    for _ in 0..100_000 {
        let a = random.double();
        for v in [a, (a as i32 >> 4) as f64, (a * 8.0).floor() / 8.0] {
            assert_eq!(power(v, 2.0).to_bits(), v.powf(2.0).to_bits(), "{v}");
        }
    }
    assert_eq!(power(2.0, 0.5), 2f64.sqrt());
    assert_eq!(power(3.0, 2.0), 9.0);
}

#[test]
fn floating_point_bytes() {
    for x in 0..100_000u32 {
        let back = fb_to_int(int_to_fb(x));
        assert!(back >= x);
        assert!(x < 16 || back - x <= x / 8, "{x} {back}");
    }
    assert_eq!(int_to_fb(7), 7);
    assert_eq!(int_to_fb(8), 8);
    assert_eq!(int_to_fb(15), 15);
    assert_eq!(int_to_fb(16), 16);
    assert_eq!(int_to_fb(17), 17);
    assert_eq!(fb_to_int(17), 18);
}

#[test]
#[ignore = "takes minutes: run it after a change of the algorithm"]
fn hundred_million_doubles() {
    let mut random = Random(0xdead_beef_cafe_f00d);
    for _ in 0..100_000_000u64 {
        let v = random.double();
        let mut out = [0; NUMBER_BUFFER];
        let n = format_g14(v, &mut out);
        let mut want = [0u8; 64];
        // SAFETY: the format takes a double, and the buffer's size is given.
        let m = unsafe { sys::snprintf(want.as_mut_ptr().cast(), want.len(), c"%.14g".as_ptr(), v) };
        assert_eq!(&out[..n], &want[..m as usize], "bits {:#x}", v.to_bits());
        if v.is_finite() {
            assert!(same(parse(&out[..n]), c_parse(&out[..n])));
        }
    }
}

#[test]
#[ignore = "prints timings"]
fn timings() {
    use std::time::Instant;
    let mut random = Random(99);
    type Kind = (&'static str, fn(&mut Random) -> f64);
    let kinds: [Kind; 4] = [
        ("small integers", |r| r.below(100_000) as f64),
        ("short decimals", |r| r.below(1_000_000) as f64 / 1000.0),
        ("uniform in 0..1", |r| (r.next() >> 11) as f64 / (1u64 << 53) as f64),
        ("random bits", |r| f64::from_bits(r.next() & !(1 << 62))),
    ];
    const N: usize = 200_000;
    for (name, kind) in kinds {
        let values: Vec<f64> = (0..N).map(|_| kind(&mut random)).collect();
        let mut out = [0u8; NUMBER_BUFFER];
        let per = |start: Instant| start.elapsed().as_nanos() as f64 / N as f64;
        let start = Instant::now();
        let mut total = 0;
        for &v in &values {
            total += format_g14(v, &mut out);
        }
        let ours = per(start);
        let start = Instant::now();
        for &v in &values {
            // SAFETY: the buffer has the length that is passed.
            total -=
                unsafe { sys::snprintf(out.as_mut_ptr().cast(), out.len(), c"%.14g".as_ptr(), v) } as usize;
        }
        let theirs = per(start);
        assert_eq!(total, 0);
        let texts: Vec<CString> = values.iter().map(|&v| CString::new(g14(v)).unwrap()).collect();
        let start = Instant::now();
        let mut sum = 0.0;
        for t in &texts {
            sum += parse(t.as_bytes()).unwrap_or(0.0);
        }
        let parse_ours = per(start);
        let start = Instant::now();
        for t in &texts {
            // SAFETY: a C string.
            sum -= unsafe { sys::strtod(t.as_ptr(), core::ptr::null_mut()) };
        }
        let parse_theirs = per(start);
        std::println!(
            "{name:16} format {ours:6.1} ns, snprintf {theirs:6.1} ns; \
             parse {parse_ours:6.1} ns, strtod {parse_theirs:6.1} ns ({sum:e})"
        );
    }
}
