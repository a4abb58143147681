//! The system is asked in one place: no code but `src/sys` names the crate `libc`, declares a function of the C
//! library, or names an instruction; and `src/sys` uses no other module.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The lines of code of each file in `src`, without comments, with the file's path from there.
fn code() -> Vec<(String, Vec<String>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 80, "{files:?}");
    let read = |file: PathBuf| {
        let text = fs::read_to_string(&file).unwrap();
        let lines = text.lines().map(|line| line.split("//").next().unwrap_or("").to_owned()).collect();
        (file.strip_prefix(&root).unwrap().to_str().unwrap().to_owned(), lines)
    };
    files.into_iter().map(read).collect()
}

/// `file: line` of each line of code that contains `what`, of the files that `wanted` takes.
fn lines_with(what: &str, wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let files = code();
    let of_file = |(file, lines): &(String, Vec<String>)| {
        let hits = lines.iter().filter(|line| line.contains(what));
        hits.map(|line| format!("{file}: {}", line.trim())).collect::<Vec<_>>()
    };
    files.iter().filter(|(file, _)| wanted(file)).flat_map(of_file).collect()
}

fn in_sys(file: &str) -> bool {
    file.starts_with("sys/")
}

#[test]
fn the_crate_libc_is_named_in_sys_only() {
    assert!(!lines_with("libc::", in_sys).is_empty());
    assert_eq!(lines_with("libc::", |file| !in_sys(file)), [""; 0]);
    assert_eq!(lines_with("use libc", |file| !in_sys(file)), [""; 0]);
}

/// The boundary declares what is in `portable.c`, and `host` the exported functions that a program may replace.
#[test]
fn functions_of_the_c_library_are_declared_in_sys_only() {
    let may = |file: &str| in_sys(file) || file.starts_with("boundary/") || file == "api/by_name.rs";
    assert!(!lines_with("unsafe extern \"C\" {", may).is_empty());
    assert_eq!(lines_with("unsafe extern \"C\" {", |file| !may(file)), [""; 0]);
}

/// The boundary is the calling convention in assembly, and native code is for one processor.
#[test]
fn instructions_are_named_in_sys_only() {
    let may = |file: &str| in_sys(file) || file.starts_with("boundary/") || file == "jit/stubs.rs";
    for what in ["target_arch", "target_os", "target_env", "core::arch", "asm!("] {
        assert!(!lines_with(what, may).is_empty(), "{what}");
        assert_eq!(lines_with(what, |file| !may(file)), [""; 0]);
    }
}

#[test]
fn sys_is_the_lowest_layer() {
    assert_eq!(lines_with("crate::", in_sys), [""; 0]);
}
