//! What a C compiler reads in `include/` is what the library was compiled with: the values of the constants, and the
//! layout of the structures that both sides touch.

use lua52::abi::{lua_Debug, luaL_Buffer, luaL_Reg};
use std::collections::BTreeMap;
use std::mem::offset_of;
use std::path::Path;
use std::process::Command;

/// Runs a C program that has the body `prints` in `main`, and returns its lines as name and value.
fn c_values(name: &str, prints: &str) -> BTreeMap<String, String> {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let source = dir.join(format!("{name}.c"));
    let program = dir.join(name);
    let text = format!(
        "#include <stdio.h>\n#include <stddef.h>\n#include <lua.h>\n#include <lauxlib.h>\n#include <lualib.h>\n\
         int main(void) {{\n{prints}return 0;\n}}\n"
    );
    std::fs::write(&source, text).unwrap();
    let done = Command::new(std::env::var("CC").unwrap_or("cc".into()))
        .args(["-Wall", "-Werror", concat!("-I", env!("CARGO_MANIFEST_DIR"), "/include"), "-o"])
        .args([&program, &source])
        .status()
        .unwrap();
    assert!(done.success());
    let output = Command::new(&program).output().unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    output.lines().filter_map(|l| l.split_once('=')).map(|(n, v)| (n.into(), v.into())).collect()
}

/// The value of a constant as the C program prints it.
trait Print {
    const FORMAT: &'static str;
    fn print(&self) -> String;
}
impl Print for i32 {
    const FORMAT: &'static str = "%d";
    fn print(&self) -> String {
        self.to_string()
    }
}
impl Print for usize {
    const FORMAT: &'static str = "%d";
    fn print(&self) -> String {
        self.to_string()
    }
}
impl Print for &std::ffi::CStr {
    const FORMAT: &'static str = "%s";
    fn print(&self) -> String {
        self.to_str().unwrap().into()
    }
}
impl Print for &[u8; 4] {
    const FORMAT: &'static str = "%s";
    fn print(&self) -> String {
        String::from_utf8(self.to_vec()).unwrap()
    }
}
fn format_of<T: Print>(_: &T) -> &'static str {
    T::FORMAT
}

/// Items of `consts` that are no macros of the headers.
const INTERNAL: [&str; 4] = ["LUAI_STACKRESERVE", "LUAI_MAXCCALLS", "LOADED_TABLE", "PRELOAD_TABLE"];

macro_rules! constants {
    ($($name:ident)*) => {
        vec![$((stringify!($name), format_of(&lua52::consts::$name), lua52::consts::$name.print()),)*]
    };
}

#[test]
fn constants_agree() {
    let rust = constants! {
        LUA_VERSION_NUM LUA_VERSION LUA_RELEASE LUA_SIGNATURE LUA_MULTRET LUAI_MAXSTACK LUAI_FIRSTPSEUDOIDX
        LUA_REGISTRYINDEX LUA_MINSTACK LUAI_MAXSHORTLEN LUA_OK LUA_YIELD LUA_ERRRUN LUA_ERRSYNTAX LUA_ERRMEM
        LUA_ERRGCMM LUA_ERRERR LUA_ERRFILE LUA_TNONE LUA_TNIL LUA_TBOOLEAN LUA_TLIGHTUSERDATA LUA_TNUMBER LUA_TSTRING
        LUA_TTABLE LUA_TFUNCTION LUA_TUSERDATA LUA_TTHREAD LUA_NUMTAGS LUA_RIDX_MAINTHREAD LUA_RIDX_GLOBALS
        LUA_RIDX_LAST LUA_OPADD LUA_OPSUB LUA_OPMUL LUA_OPDIV LUA_OPMOD LUA_OPPOW LUA_OPUNM LUA_OPEQ LUA_OPLT LUA_OPLE
        LUA_GCSTOP LUA_GCRESTART LUA_GCCOLLECT LUA_GCCOUNT LUA_GCCOUNTB LUA_GCSTEP LUA_GCSETPAUSE LUA_GCSETSTEPMUL
        LUA_GCSETMAJORINC LUA_GCISRUNNING LUA_GCGEN LUA_GCINC LUA_HOOKCALL LUA_HOOKRET LUA_HOOKLINE LUA_HOOKCOUNT
        LUA_HOOKTAILCALL LUA_MASKCALL LUA_MASKRET LUA_MASKLINE LUA_MASKCOUNT LUA_IDSIZE LUAL_BUFFERSIZE LUA_NOREF
        LUA_REFNIL LUA_FILEHANDLE LUA_NUMBER_FMT LUA_NUMBER_SCAN LUAI_MAXNUMBER2STR LUA_ENV LUA_DIRSEP LUA_COLIBNAME
        LUA_TABLIBNAME LUA_IOLIBNAME LUA_OSLIBNAME LUA_STRLIBNAME LUA_BITLIBNAME LUA_MATHLIBNAME LUA_DBLIBNAME
        LUA_LOADLIBNAME LUA_PATH_DEFAULT LUA_CPATH_DEFAULT
    };
    let prints: String =
        rust.iter().map(|(name, format, _)| format!("printf(\"{name}={format}\\n\", {name});\n")).collect();
    let c = c_values("constants", &prints);
    for (name, _, value) in &rust {
        assert_eq!(c.get(*name), Some(value), "{name}");
    }
    // Nobody adds a constant without adding it here.
    for line in include_str!("../src/consts.rs").lines() {
        if let Some(name) = line.strip_prefix("pub const ").and_then(|l| l.split_once(": ")).map(|l| l.0) {
            let known = rust.iter().any(|item| item.0 == name) || INTERNAL.contains(&name);
            assert!(known || name.starts_with("fn "), "{name} is not tested");
        }
    }
}

/// `size_of` and `offset_of` of a structure, in Rust and as C prints them.
macro_rules! layout {
    ($c:literal $rust:ty { $($c_field:ident $field:ident),* }) => {{
        let mut rust = vec![(concat!($c).to_string(), size_of::<$rust>().to_string())];
        let mut prints = format!("printf(\"{0}=%d\\n\", (int)sizeof({0}));\n", $c);
        $(
            rust.push((concat!($c, ".", stringify!($c_field)).to_string(), offset_of!($rust, $field).to_string()));
            prints += &format!("printf(\"{0}.{1}=%d\\n\", (int)offsetof({0}, {1}));\n", $c, stringify!($c_field));
        )*
        let c = c_values(concat!("layout_", $c), &prints);
        assert_eq!(c.len(), rust.len());
        for (name, value) in rust {
            assert_eq!(c.get(&name), Some(&value), "{name}");
        }
    }};
}

#[test]
fn structures_agree() {
    layout!("lua_Debug" lua_Debug {
        event event, name name, namewhat namewhat, what what, source source, currentline currentline,
        linedefined linedefined, lastlinedefined lastlinedefined, nups nups, nparams nparams, isvararg isvararg,
        istailcall istailcall, short_src short_src, i_ci i_ci
    });
    layout!("luaL_Buffer" luaL_Buffer { b b, size size, n n, L L, initb initb });
    layout!("luaL_Reg" luaL_Reg { name name, func func });
}
