//! Random programs, in the interpreter and in native code: nothing may tell them apart. A program that can is made small
//! and printed.
//!
//! `PROGRAMS` says how many there are, `PROGRAMS_SEED` which; `PROGRAMS_NUMBER` prints one of them, and compares it alone.
//! With `PROGRAMS_WRITE`, a directory, they are written there for `tests/random_programs/run`.

#![cfg(all(
    target_os = "linux",
    target_arch = "x86_64",
    feature = "jit",
    not(feature = "portable-boundary")
))]

mod chunks;
mod compare;
mod generate;
mod grammar;
// Its changes to texts are for other tests.
#[allow(dead_code)]
#[path = "../sandbox/mutate.rs"]
mod mutate;
mod tree;

use lua52::consts::LUA_ERRSYNTAX;
use std::ops::Range;
use tree::Node;

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|v| v.parse().ok())
}

fn seed_of(number: u64) -> u64 {
    variable("PROGRAMS_SEED").unwrap_or(1) << 32 | number
}

fn program(number: u64, portable: bool) -> Vec<Node> {
    generate::program(&generate::bytes(seed_of(number)), portable)
}

/// Programs that one process runs.
const BATCH: u64 = 50;

/// Compares programs in processes of their own, many in one, or each in one where some of them differ or crash. `compare`
/// gives four numbers, of which the third counts what was stopped and the last what differs; their sums. `show` is
/// called for each program that differs or crashes.
fn compare_in_children(
    count: u64,
    compare: impl Fn(Range<u64>) -> [u64; 4],
    mut show: impl FnMut(u64),
) -> [u64; 4] {
    let (from, to) = variable("PROGRAMS_NUMBER").map_or((0, count), |number| (number, number + 1));
    let mut sum = [0; 4];
    let mut add = |given: [u64; 4]| (0..4).for_each(|i| sum[i] += given[i]);
    for first in (from..to).step_by(BATCH as usize) {
        let numbers = first..to.min(first + BATCH);
        match compare::in_child(|| compare(numbers.clone())) {
            Ok(given) if given[3] == 0 => add(given),
            _ => numbers.for_each(|number| {
                let given = match compare::in_child(|| compare(number..number + 1)) {
                    Ok(given) => given,
                    Err(status) if compare::gave_up(status) => [0, 0, 1, 0],
                    Err(status) => {
                        println!("number {number} ends the process: {status:#x}");
                        [0, 0, 0, 1]
                    }
                };
                if given[3] != 0 {
                    show(number);
                }
                add(given);
            }),
        }
        if first % 5000 == 4950 {
            println!("{} programs", first + BATCH);
        }
    }
    sum
}

/// Compares programs: how many lines they say, how many say next to nothing, how many were stopped, how many differ.
fn compare_programs(numbers: Range<u64>) -> [u64; 4] {
    let [mut lines, mut quiet, mut stopped, mut differ] = [0; 4];
    for number in numbers {
        match compare::compare(tree::text(&program(number, false)).as_bytes()) {
            Ok(None) => stopped += 1,
            Ok(Some(outcome)) => {
                assert_ne!(outcome.status, LUA_ERRSYNTAX, "program {number}: {}", outcome.text());
                lines += outcome.lines() as u64;
                quiet += (outcome.lines() < 5) as u64;
            }
            Err(difference) => {
                println!("program {number}, {difference}");
                differ += 1;
            }
        }
    }
    [lines, quiet, stopped, differ]
}

#[test]
fn programs_run_natively_as_in_the_interpreter() {
    compare::with_room(compare_random_programs);
}

fn compare_random_programs() {
    let count = variable("PROGRAMS").unwrap_or(500);
    if let Some(number) = variable("PROGRAMS_NUMBER") {
        println!("{}", tree::text(&program(number, false)));
    }
    let [lines, quiet, stopped, differ] = compare_in_children(count, compare_programs, |number| {
        println!("program {number} made small:\n{}", compare::shrink(program(number, false)));
    });
    println!(
        "{count} programs, {lines} lines, {quiet} with less than 5, {stopped} stopped, {differ} differ or crash"
    );
    assert_eq!(differ, 0);
    assert!(stopped * 100 <= count && quiet * 2 <= count.max(50));
}

/// Compares changed chunks of programs: how many changes they have, how many ran to their end, how many were stopped, how
/// many differ.
fn compare_chunks(numbers: Range<u64>) -> [u64; 4] {
    let mut sum = [0; 4];
    for number in numbers {
        match chunks::compare(&tree::text(&program(number, false)), seed_of(number)) {
            Ok(given) => (0..3).for_each(|i| sum[i] += given[i]),
            Err(difference) => {
                println!("chunk {number}, {difference}");
                sum[3] += 1;
            }
        }
    }
    sum
}

#[test]
fn changed_chunks_run_natively_as_in_the_interpreter() {
    compare::with_room(compare_changed_chunks);
}

fn compare_changed_chunks() {
    let count = variable("CHUNKS").unwrap_or(300);
    let [changes, ended, stopped, differ] = compare_in_children(count, compare_chunks, |_| {});
    println!(
        "{count} chunks, {changes} changes, {ended} ran to the end, {stopped} stopped, {differ} differ or crash"
    );
    assert_eq!(differ, 0);
    let only = variable("PROGRAMS_NUMBER").is_some();
    assert!(only || changes > count && ended * 20 > count && stopped * 4 < count);
}

#[test]
fn programs_that_differed_do_so_no_more() {
    compare::with_room(compare_found_programs);
}

/// Programs that showed a difference once, made small.
fn compare_found_programs() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/random_programs/found");
    for entry in std::fs::read_dir(dir).expect("a directory").flatten() {
        let path = entry.path();
        let text = std::fs::read(&path).expect("readable");
        let compared = compare::in_child(|| match compare::compare(&text) {
            Ok(Some(outcome)) if outcome.status == 0 => [0; 4],
            Ok(_) => [1; 4],
            Err(difference) => {
                println!("{}: {difference}", path.display());
                [2; 4]
            }
        });
        assert_eq!(compared, Ok([0; 4]), "{}", path.display());
    }
}

/// For `tests/random_programs/run`.
#[test]
fn programs_are_written() {
    let Ok(dir) = std::env::var("PROGRAMS_WRITE") else { return };
    for number in 0..variable("PROGRAMS").unwrap_or(1000) {
        std::fs::write(format!("{dir}/{number}.lua"), tree::text(&program(number, true))).expect("written");
    }
}
