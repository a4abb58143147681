//! The interface of the crate `lua-src`, which builds PUC-Rio's Lua from its sources: here it builds liblua-rs, for
//! Lua 5.2 alone. A host that lets mlua build Lua (`vendored`) runs on this library with one line more in its
//! `Cargo.toml`; `README.md` beside this crate has it.
//!
//! The library is made by the `Makefile` at the top of the repository, the same way as for every other host. Only there
//! a Rust archive becomes a C library: with a panic handler of its own and with no name global but the API's, it does
//! not meet the standard library of the host.

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

pub use Version::*;

/// The versions of Lua that the original builds. Here all but [`Lua52`] are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    Lua51,
    Lua52,
    Lua53,
    Lua54,
    Lua55,
}

/// How the library is to be built. In a build script Cargo's environment says all of it.
#[derive(Debug, Clone)]
pub struct Build {
    out_dir: Option<PathBuf>,
    target: Option<String>,
    host: Option<String>,
    debug: bool,
}

/// The files that were made, for the linker and for those who compile C.
#[derive(Debug, Clone)]
pub struct Artifacts {
    include_dir: PathBuf,
    lib_dir: PathBuf,
    libs: Vec<String>,
}

/// The library in `lib_dir`, as the linker's option `-l` names it.
const LIBRARY: &str = "lua5.2";

impl Default for Build {
    fn default() -> Build {
        Build::new()
    }
}

impl Build {
    /// What the environment of a build script says.
    pub fn new() -> Build {
        Build {
            out_dir: env::var_os("OUT_DIR").map(PathBuf::from),
            target: env::var("TARGET").ok(),
            host: env::var("HOST").ok(),
            debug: false,
        }
    }

    /// The directory for all that is made. Needed outside of build scripts.
    pub fn out_dir<P: AsRef<Path>>(&mut self, path: P) -> &mut Build {
        self.out_dir = Some(path.as_ref().to_path_buf());
        self
    }

    /// Rust's name of the machine that the library is for. Needed outside of build scripts.
    pub fn target(&mut self, target: &str) -> &mut Build {
        self.target = Some(target.to_string());
        self
    }

    /// Rust's name of the machine that builds; without it, the target.
    pub fn host(&mut self, host: &str) -> &mut Build {
        self.host = Some(host.to_string());
        self
    }

    /// Accepted and not used: the library is always optimised, because nobody steps through it in a host's debugger.
    pub fn opt_level(&mut self, _opt_level: &str) -> &mut Build {
        self
    }

    /// Whether each call of the API is checked (the feature `apicheck`). The default is no, in debug builds as well.
    pub fn debug(&mut self, debug: bool) -> &mut Build {
        self.debug = debug;
        self
    }

    /// Builds the library.
    ///
    /// # Panics
    ///
    /// If [`try_build`](Build::try_build) fails, with its message.
    pub fn build(&self, version: Version) -> Artifacts {
        self.try_build(version).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Builds the library.
    ///
    /// # Errors
    ///
    /// The version is not 5.2, a setting is missing outside of a build script, `make` is not there, or it failed: then
    /// the message has what it said.
    pub fn try_build(&self, version: Version) -> Result<Artifacts, Box<dyn Error>> {
        if version != Lua52 {
            return Err(format!("liblua-rs is Lua 5.2 and cannot be built as {version:?}").into());
        }
        let target =
            self.target.as_ref().ok_or("no target: call Build::target, or build from a build script")?;
        let out_dir =
            self.out_dir.as_ref().ok_or("no directory: call Build::out_dir, or build from a build script")?;
        let host = self.host.as_ref().unwrap_or(target);
        let out_dir = std::path::absolute(out_dir)?;
        let (include_dir, lib_dir) = (out_dir.join("include"), out_dir.join("lib"));

        let mut make = Command::new(env::var_os("MAKE").unwrap_or_else(|| "make".into()));
        make.arg("--no-print-directory").arg("-C").arg(repository());
        // All that the Makefile would take from the environment is given, since a build script's has names of the same
        // kind with other meanings.
        make.arg(format!("BUILD={}", out_dir.display()))
            .arg(format!("TARGET={}", out_dir.join("target").display()))
            .arg(format!("TRIPLE={}", if host == target { "" } else { target }))
            .arg(format!("FEATURES={}", if self.debug { "apicheck" } else { "" }))
            .args(["PREFIX_SYMBOLS=", "RUSTFLAGS="]);
        if let Some(cargo) = env::var_os("CARGO") {
            let mut argument = std::ffi::OsString::from("CARGO=");
            argument.push(cargo);
            make.arg(argument);
        }
        make.arg(lib_dir.join(format!("lib{LIBRARY}.a")));
        make.arg("headers-built");
        // These are for the host's own crates. Clippy, for one, replaces the compiler by a wrapper that compiles nothing.
        for name in [
            "CARGO_ENCODED_RUSTFLAGS",
            "RUSTC_WORKSPACE_WRAPPER",
            "CARGO_BUILD_TARGET",
            "MAKEFLAGS",
            "MAKELEVEL",
        ] {
            make.env_remove(name);
        }
        // Cargo shares its job slots with whom it starts, in the form of make.
        if let Some(slots) = env::var_os("CARGO_MAKEFLAGS") {
            make.env("MAKEFLAGS", slots);
        }

        let output = make.output().map_err(|error| {
            format!("liblua-rs needs make, gcc and binutils to be built; `make`: {error}")
        })?;
        if !output.status.success() {
            let said = [output.stdout, output.stderr].concat();
            return Err(format!("liblua-rs could not be built:\n{}", String::from_utf8_lossy(&said)).into());
        }
        Ok(Artifacts { include_dir, lib_dir, libs: vec![LIBRARY.to_string()] })
    }
}

impl Artifacts {
    /// Where `lua.h` and the other headers are.
    pub fn include_dir(&self) -> &Path {
        &self.include_dir
    }

    /// Where the static library is.
    pub fn lib_dir(&self) -> &Path {
        &self.lib_dir
    }

    /// The names of the libraries, as the linker's option `-l` takes them.
    pub fn libs(&self) -> &[String] {
        &self.libs
    }

    /// Tells Cargo, from a build script, how to link, where the headers are, and what to look at for changes.
    pub fn print_cargo_metadata(&self) {
        println!("cargo:rustc-link-search=native={}", self.lib_dir.display());
        for library in &self.libs {
            println!("cargo:rustc-link-lib=static={library}");
        }
        println!("cargo:include={}", self.include_dir.display());
        println!("cargo:lib={}", self.lib_dir.display());
        for source in ["src", "include", "build.rs", "Cargo.toml", "Cargo.lock", "Makefile"] {
            println!("cargo:rerun-if-changed={}", repository().join(source).display());
        }
    }
}

/// The top of the repository, of which this crate is a part.
fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_versions_are_refused() {
        let mut build = Build::new();
        build.out_dir("unused").target("unused");
        for version in [Lua51, Lua53, Lua54, Lua55] {
            let error = build.try_build(version).unwrap_err().to_string();
            assert_eq!(error, format!("liblua-rs is Lua 5.2 and cannot be built as {version:?}"));
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let build = Build { out_dir: None, target: None, host: None, debug: false };
        assert!(build.try_build(Lua52).unwrap_err().to_string().starts_with("no target"));
        let build = Build { target: Some("x".into()), ..build };
        assert!(build.try_build(Lua52).unwrap_err().to_string().starts_with("no directory"));
    }
}
