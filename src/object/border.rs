//! The border of an array part whose last element is nil. This is `#t` of a table that has room to grow, and so a part
//! of each `t[#t + 1] = v`.
//!
//! The answer is that of the reference's binary search also for arrays with holes, where it depends on which elements
//! the search looks at. The last halvings are the slow ones, since nobody can predict which way they go. So the search
//! takes three of them at a time without a branch: it looks at all seven elements that they may come across.

use super::value::Value;
use core::cell::Cell;

/// For each set of non-nil elements among 1..=7 (bit `k - 1` for element `k`), where three halvings of 0..8 end.
const OUTCOME: [u8; 128] = {
    let mut t = [0; 128];
    let mut set = 0;
    while set < 128 {
        let (mut low, mut high) = (0, 8);
        while high - low > 1 {
            let middle = (low + high) / 2;
            if set >> (middle - 1) & 1 == 0 { high = middle } else { low = middle }
        }
        t[set] = low;
        set += 1;
    }
    t
};

/// Three halvings of the range of `8 * step` elements behind `low`, which is inside the array.
#[inline(always)]
fn three_halvings(array: &[Cell<Value>], low: usize, step: usize) -> usize {
    debug_assert!(low + 8 * step <= array.len());
    let present = |k: usize| {
        // SAFETY: the range is inside the array.
        let v = unsafe { array.get_unchecked(low + k * step - 1).get() };
        (!v.is_nil() as usize) << (k - 1)
    };
    let set = present(1) | present(2) | present(3) | present(4) | present(5) | present(6) | present(7);
    low + OUTCOME[set] as usize * step
}

/// A border below the array's size. The last element is nil.
#[inline]
pub fn border(array: &[Cell<Value>]) -> usize {
    let (mut low, mut high) = (0, array.len());
    loop {
        match high - low {
            0 | 1 => return low,
            64 => {
                low = three_halvings(array, low, 8);
                return three_halvings(array, low, 1);
            }
            8 => return three_halvings(array, low, 1),
            width => {
                let middle = low + width / 2;
                // SAFETY: `low < middle < high`, and `high` is at most the array's size.
                if unsafe { array.get_unchecked(middle - 1) }.get().is_nil() {
                    high = middle
                } else {
                    low = middle
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn plain(array: &[Cell<Value>]) -> usize {
        let (mut low, mut high) = (0, array.len());
        while high - low > 1 {
            let middle = (low + high) / 2;
            if array[middle - 1].get().is_nil() { high = middle } else { low = middle }
        }
        low
    }

    #[test]
    fn border_is_that_of_a_plain_search() {
        let mut seed = 1u64;
        let mut random = |n: u64| {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (seed >> 33) % n
        };
        for len in (1..300).chain([512, 1024, 1000, 4096, 4099]) {
            for filled in (0..len).step_by(1 + len / 64) {
                let array: Vec<_> =
                    (0..len).map(|i| Cell::new(if i < filled { Value::TRUE } else { Value::NIL })).collect();
                assert_eq!(border(&array), filled, "{filled} of {len}");
            }
            for density in 1..8 {
                let array: Vec<_> = (0..len)
                    .map(|i| {
                        let present = i + 1 < len && random(8) < density;
                        Cell::new(if present { Value::TRUE } else { Value::NIL })
                    })
                    .collect();
                assert_eq!(border(&array), plain(&array), "density {density} of {len}");
            }
        }
    }
}
