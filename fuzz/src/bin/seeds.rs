//! seeds CHUNKS SCRIPTS SEQUENCES PROGRAMS: writes what the fuzz targets start from into four directories: every function of
//! the test corpus and the benchmarks as a chunk of its own, with and without debug information; every case of the
//! corpora and every benchmark as a text; random sequences, and bytes that choose programs.

use liblua_fuzz::programs::generate;
use liblua_fuzz::sandbox::mutate::Random;
use liblua_fuzz::sandbox::{self, Budget, dump, load};
use liblua_fuzz::sequences::{HEADER, RECORD};
use lua52::api::Lua;
use lua52::object::{Gc, Proto};
use std::collections::BTreeSet;
use std::path::Path;

/// Larger seeds would only be slow.
const MOST: usize = 4000;

struct Seeds {
    l: Lua,
    chunks: BTreeSet<Vec<u8>>,
    scripts: BTreeSet<Vec<u8>>,
}

impl Seeds {
    fn text(&mut self, text: &[u8]) {
        if let Some(closure) = load(self.l, text, Some(b"t")) {
            self.collect(closure.proto);
        }
        self.l.drop_values(1);
        if text.len() <= MOST {
            self.scripts.insert(text.to_vec());
        }
    }

    fn collect(&mut self, p: Gc<Proto>) {
        for strip in [true, false] {
            let bytes = dump(p, strip);
            if bytes.len() <= MOST {
                self.chunks.insert(bytes);
            }
        }
        for inner in p.protos.cells() {
            self.collect(inner.get());
        }
    }

    fn file(&mut self, path: &Path) {
        let text = std::fs::read(path).expect("readable");
        if path.extension().is_some_and(|e| e == "lua") {
            self.text(&text);
        }
        if path.extension().is_some_and(|e| e == "txt") || text.len() > MOST {
            // One case a line or a block between dashes, and pieces of large programs.
            for block in String::from_utf8_lossy(&text).split("\n---\n").flat_map(|b| b.split("\n\n")) {
                self.text(block.as_bytes());
                if block.len() < MOST {
                    block.lines().for_each(|line| self.text(line.as_bytes()));
                }
            }
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [chunks, scripts, sequences, programs] = &arguments[..] else {
        panic!("usage: seeds CHUNKS SCRIPTS SEQUENCES PROGRAMS")
    };
    let mut budget = Budget { bytes: 0 };
    let mut s =
        Seeds { l: sandbox::new_state(&mut budget), chunks: BTreeSet::new(), scripts: BTreeSet::new() };
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    for dir in ["tests/corpus", "tests/oracle/corpus", "benches/lua"] {
        for entry in std::fs::read_dir(root.join(dir)).expect("a directory").flatten() {
            s.file(&entry.path());
        }
    }
    s.file(&root.join("fuzz/weapons.txt"));
    let mut r = Random::new(1);
    let random: BTreeSet<Vec<u8>> = (0..2000)
        .map(|_| (0..HEADER + RECORD * (4 + r.below(80))).map(|_| r.below(256) as u8).collect())
        .collect();
    let bytes: BTreeSet<Vec<u8>> = (0..500).map(generate::bytes).collect();
    let all = [(chunks, &s.chunks), (scripts, &s.scripts), (sequences, &random), (programs, &bytes)];
    for (dir, seeds) in all {
        std::fs::create_dir_all(dir).expect("made");
        for (i, seed) in seeds.iter().enumerate() {
            std::fs::write(Path::new(dir).join(format!("seed{i}")), seed).expect("written");
        }
        println!("{}: {} seeds", dir, seeds.len());
    }
}
