//! `cargo run -p xtask -- test [--full] [--list] [--build DIR] [NAME...]`: runs the suites (`suites.rs`), or those that
//! are named, and says the sum of what they counted as a last line "N passed, N failed".
//!
//! Suites that may run beside each other do, as many as there are cores; what one says is printed in one piece at its
//! end.
//!
//! A suite that could not run has failed: when a command that it needs is missing, when it prints no counts, when it
//! takes too long, or when its exit code says so. What a suite prints is in `DIR/test-logs/`, its end on the screen.

mod suites;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{fmt::Write, sync::Mutex, thread};
use suites::{Company, Counts, SUITES, Suite, When};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("no suite is called {0}: see `test --list`")]
    NoSuite(String),
    #[error("{0} needs a directory behind it")]
    NoDirectory(String),
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
}

#[derive(Clone, Copy, Default)]
struct Tally {
    passed: usize,
    failed: usize,
}

/// Lines of a suite's output that are shown.
const SHOWN: usize = 60;

pub fn run(arguments: &[&str], root: &Path) -> Result<bool, Error> {
    let mut full = false;
    let mut list = false;
    let mut build = "build";
    let mut names = Vec::new();
    let mut rest = arguments.iter();
    while let Some(&argument) = rest.next() {
        match argument {
            "--full" => full = true,
            "--list" => list = true,
            "--build" => build = rest.next().ok_or_else(|| Error::NoDirectory(argument.into()))?,
            name => names.push(name),
        }
    }
    if let Some(unknown) = names.iter().find(|&&name| SUITES.iter().all(|s| s.name != name)) {
        return Err(Error::NoSuite((*unknown).into()));
    }
    let chosen = SUITES.iter().filter(|s| match names[..] {
        [] => full || list || s.when == When::Always,
        _ => names.contains(&s.name),
    });
    if list {
        for suite in chosen {
            let when = if suite.when == When::Full { "full" } else { "" };
            println!("{:24} {when:5} {}", suite.name, suite.command);
        }
        return Ok(true);
    }

    // A run in another mode of native code may be a suite of this one.
    let mode = std::env::var("LIBLUA_JIT").map_or(String::new(), |mode| format!("-{mode}"));
    let logs = root.join(build).join(format!("test-logs{mode}"));
    fs::create_dir_all(&logs).map_err(|source| Error::File { path: logs.clone(), source })?;
    let mut sum = Tally::default();
    let mut broken = Vec::new();
    let chosen: Vec<&Suite> = chosen.collect();
    // Neighbours in the list that may run beside each other, or a single one.
    let beside = |a: &&Suite, b: &&Suite| a.company == Company::Beside && b.company == Company::Beside;
    for group in chosen.chunk_by(beside) {
        for (suite, tally) in run_group(group, |suite| {
            one(suite, root, build, full, &logs.join(format!("{}.log", suite.name)))
        })? {
            sum.passed += tally.passed;
            sum.failed += tally.failed;
            if tally.failed != 0 {
                broken.push(suite);
            }
        }
    }
    if !broken.is_empty() {
        println!("with failures: {}", broken.join(" "));
    }
    println!("{} passed, {} failed", sum.passed, sum.failed);
    Ok(sum.failed == 0)
}

/// Runs the suites on all cores, prints what each said when it has ended, and gives their names with what they counted.
fn run_group(
    group: &[&Suite],
    one: impl Fn(&Suite) -> Result<(Tally, String), Error> + Sync,
) -> Result<Vec<(&'static str, Tally)>, Error> {
    let waiting = Mutex::new(group.iter());
    let work = || {
        let mut done = Vec::new();
        loop {
            let Some(suite) = waiting.lock().expect("no worker panics").next() else { return Ok(done) };
            let (tally, said) = one(suite)?;
            print!("== {}\n{said}", suite.name);
            done.push((suite.name, tally));
        }
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..cores.min(group.len())).map(|_| scope.spawn(work)).collect();
        let mut done = Vec::new();
        for worker in workers {
            done.extend(worker.join().expect("no worker panics")?);
        }
        Ok(done)
    })
}

/// What a suite counted, and what of its output is shown.
fn one(suite: &Suite, root: &Path, build: &str, full: bool, log: &Path) -> Result<(Tally, String), Error> {
    const FAILED: Tally = Tally { passed: 0, failed: 1 };
    if let Some(missing) = suite.needs.iter().find(|command| !is_there(command)) {
        return Ok((FAILED, format!("{}: {missing} is missing (tools/needs test)\n", suite.name)));
    }
    let file_error = |source| Error::File { path: log.into(), source };
    let file = File::create(log).map_err(file_error)?;
    let reference = std::env::var("REFERENCE").unwrap_or("/usr".into());
    let limit = Duration::from_secs(if full || suite.when == When::Full { 6 * 3600 } else { 1800 });
    let start = Instant::now();
    // `timeout` ends the whole group of processes.
    let status = Command::new("timeout")
        .arg("--kill-after=10")
        .arg(limit.as_secs().to_string())
        .args(["bash", "-c", suite.command])
        .current_dir(root)
        .env("BUILD", build)
        .env("REFERENCE", reference)
        .env("FULL", if full { "--full" } else { "" })
        .stdin(Stdio::null())
        .stdout(file.try_clone().map_err(file_error)?)
        .stderr(file)
        .status()
        .map_err(file_error)?;
    let output = String::from_utf8_lossy(&fs::read(log).map_err(file_error)?).into_owned();

    let mut tally = match suite.counts {
        Counts::Exit => Some(if status.success() { Tally { passed: 1, failed: 0 } } else { FAILED }),
        Counts::Line => output.lines().rev().find_map(counts),
        Counts::Cargo => output
            .lines()
            .filter_map(cargo_counts)
            .reduce(|a, b| Tally { passed: a.passed + b.passed, failed: a.failed + b.failed }),
    };
    let mut said = String::new();
    let shown: Vec<&str> = output.lines().filter(|line| !is_noise(suite, line)).collect();
    for line in &shown[shown.len().saturating_sub(SHOWN)..] {
        let _ = writeln!(said, "{line}");
    }
    if tally.is_none_or(|t| t.passed + t.failed == 0) {
        let _ = writeln!(said, "{}: no counts, {status}", suite.name);
        tally = Some(FAILED);
    }
    let mut tally = tally.unwrap_or(FAILED);
    if !status.success() && tally.failed == 0 {
        let _ = writeln!(said, "{}: {status} after {} s", suite.name, start.elapsed().as_secs());
        tally.failed = 1;
    }
    if suite.counts != Counts::Line {
        let _ = writeln!(said, "{} passed, {} failed", tally.passed, tally.failed);
    }
    Ok((tally, said))
}

/// "N passed, N failed", and nothing else on the line.
fn counts(line: &str) -> Option<Tally> {
    let (passed, failed) = line.strip_suffix(" failed")?.split_once(" passed, ")?;
    Some(Tally { passed: passed.parse().ok()?, failed: failed.parse().ok()? })
}

/// "test result: ok. N passed; N failed; ..."
fn cargo_counts(line: &str) -> Option<Tally> {
    let rest = line.strip_prefix("test result: ")?.split_once(". ")?.1;
    let (passed, rest) = rest.split_once(" passed; ")?;
    let failed = rest.split_once(" failed")?.0;
    Some(Tally { passed: passed.parse().ok()?, failed: failed.parse().ok()? })
}

/// What cargo says of tests that passed.
fn is_noise(suite: &Suite, line: &str) -> bool {
    let line = line.trim_start();
    suite.counts == Counts::Cargo
        && (line.is_empty()
            || line.starts_with("test ") && line.ends_with(" ok")
            || ["running ", "Compiling ", "Finished "].iter().any(|start| line.starts_with(start)))
}

fn is_there(command: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|directory| directory.join(command).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(counts: Counts, needs: &'static [&'static str], command: &'static str) -> (usize, usize) {
        let suite =
            Suite { name: "made-up", when: When::Always, company: Company::Alone, counts, needs, command };
        let log = std::env::temp_dir().join(format!("xtask-{}-{}", std::process::id(), command.len()));
        let (tally, _) = one(&suite, Path::new("."), "build", false, &log).expect("it runs");
        let _ = fs::remove_file(log);
        (tally.passed, tally.failed)
    }

    #[test]
    fn a_suite_that_could_not_run_has_failed() {
        assert_eq!(outcome(Counts::Line, &[], "echo '3 passed, 0 failed'"), (3, 0));
        assert_eq!(outcome(Counts::Line, &[], "echo '3 passed, 2 failed'; exit 1"), (3, 2));
        assert_eq!(outcome(Counts::Line, &[], "echo '3 passed, 0 failed' ; exit 1"), (3, 1));
        assert_eq!(outcome(Counts::Line, &[], "echo so 3 passed, 0 failed"), (0, 1));
        assert_eq!(outcome(Counts::Line, &[], "echo '0 passed, 0 failed'"), (0, 1));
        assert_eq!(outcome(Counts::Line, &["no-such-command"], "echo '1 passed, 0 failed'"), (0, 1));
        assert_eq!(outcome(Counts::Line, &[], "./no/such/file"), (0, 1));
        assert_eq!(outcome(Counts::Exit, &[], "true"), (1, 0));
        assert_eq!(outcome(Counts::Exit, &[], "false"), (0, 1));
        let cargo = "echo 'test result: ok. 2 passed; 0 failed; 1 ignored'; \
                     echo 'test result: FAILED. 3 passed; 1 failed; 0 ignored'";
        assert_eq!(outcome(Counts::Cargo, &[], cargo), (5, 1));
    }

    #[test]
    fn suites_run_beside_each_other() {
        let group: Vec<&Suite> = SUITES[..4].iter().collect();
        let cores = thread::available_parallelism().map_or(1, usize::from).min(group.len());
        // Nobody goes on before all cores are busy.
        let barrier = std::sync::Barrier::new(cores);
        let started = Mutex::new(0);
        let done = run_group(&group, |_| {
            let mut number = started.lock().unwrap();
            *number += 1;
            let first = *number <= cores;
            drop(number);
            if first {
                barrier.wait();
            }
            Ok((Tally { passed: 1, failed: 0 }, String::new()))
        });
        assert_eq!(done.unwrap().iter().map(|(_, tally)| tally.passed).sum::<usize>(), group.len());
    }

    #[test]
    fn names_are_unique() {
        for (i, suite) in SUITES.iter().enumerate() {
            assert!(SUITES[..i].iter().all(|other| other.name != suite.name), "{}", suite.name);
        }
    }
}
