//! `luac`: compiles, checks and lists chunks.
//!
//! What it lists, combines and dumps are the library's own functions: the form of a chunk is known to the library
//! alone. For their sake this program is linked with the crate, not with the C library.

#![cfg_attr(not(test), no_main)]

mod exec;
mod function;
mod listing;
#[cfg(native_code)]
mod native;

use function::Function;
use lua_programs::*;
use lua52::api::Lua;
use lua52::object::{Gc, Proto};
use lua52::{chunk, gc};
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::io::{self, Write};
use std::ptr;

const USAGE: &str = "\
Available options are:
  -l       list (use -l -l for full listing)
  -o name  output to file 'name' (default is \"luac.out\")
  -p       parse only
  -s       strip debug information
  -v       show version information
  --       stop handling options
  -        stop handling options and process stdin
";

const DEFAULT_OUTPUT: &CStr = c"luac.out";

struct Options {
    listing: u32,
    /// List the executable form instead of the bytecode.
    exec: bool,
    /// List native code, too.
    native: bool,
    dump: bool,
    strip: bool,
    version: u32,
    /// None: standard output.
    output: Option<CString>,
    files: Vec<CString>,
}

/// Why there is no chunk.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("cannot create state: not enough memory")]
    NoState,
    #[cfg(not(native_code))]
    #[error("cannot list native code: this program was built without it")]
    NoNativeCode,
    #[error("not enough memory")]
    NoMemory,
    /// The library's message.
    #[error("{}", .0.escape_ascii())]
    Lua(Vec<u8>),
    #[error("cannot {doing} {}: {source}", name.to_string_lossy())]
    File { doing: &'static str, name: CString, source: io::Error },
}

impl Error {
    /// As the reference prints it: names of files as they are, and what the system refused in the words of the C
    /// library.
    fn message(&self) -> Vec<u8> {
        match self {
            Error::Lua(message) => message.clone(),
            Error::File { doing, name, source } => {
                // SAFETY: `strerror` gives a C string, valid until the next call.
                let reason =
                    unsafe { CStr::from_ptr(libc::strerror(source.raw_os_error().unwrap_or_default())) };
                [b"cannot ", doing.as_bytes(), b" ", name.to_bytes(), b": ", reason.to_bytes()].concat()
            }
            other => other.to_string().into_bytes(),
        }
    }
}

fn parse(arguments: &[CString]) -> Result<Options, BadOption> {
    let mut options = Options {
        listing: 0,
        exec: false,
        native: false,
        dump: true,
        strip: false,
        version: 0,
        output: Some(DEFAULT_OUTPUT.to_owned()),
        files: Vec::new(),
    };
    let mut i = 1;
    while i < arguments.len() {
        match arguments[i].as_bytes() {
            b"--" => {
                i += 1;
                if options.version > 0 {
                    options.version += 1;
                }
                break;
            }
            b"-" => break,
            b"-l" => options.listing += 1,
            b"--exec" => options.exec = true,
            b"--native" => {
                options.exec = true;
                options.native = true;
            }
            b"-p" => options.dump = false,
            b"-s" => options.strip = true,
            b"-v" => options.version += 1,
            b"-o" => {
                i += 1;
                options.output = match arguments.get(i) {
                    Some(name) if name.as_bytes() == b"-" => None,
                    Some(name) if !name.is_empty() && !name.as_bytes().starts_with(b"-") => {
                        Some(name.clone())
                    }
                    _ => return Err(BadOption::NeedsArgument("-o".into())),
                };
            }
            other if other.starts_with(b"-") => {
                return Err(BadOption::Unrecognized(String::from_utf8_lossy(other).into()));
            }
            _ => break,
        }
        i += 1;
    }
    if options.exec && options.listing == 0 {
        options.listing = 1;
    }
    options.files = arguments[i.min(arguments.len())..].to_vec();
    if options.files.is_empty() && (options.listing > 0 || !options.dump) {
        options.dump = false;
        options.files.push(DEFAULT_OUTPUT.to_owned());
    }
    Ok(options)
}

/// C's `main`.
///
/// # Safety
/// The C library calls this.
#[cfg_attr(not(test), unsafe(export_name = "main"))]
pub unsafe extern "C-unwind" fn start(argc: c_int, argv: *const *const c_char) -> c_int {
    // SAFETY: the caller's promise.
    let arguments = unsafe { arguments(argc, argv) };
    let name = match arguments.first() {
        Some(name) if !name.is_empty() => name.to_string_lossy().into_owned(),
        _ => "luac".into(),
    };
    let usage = |message: &str| {
        tell(format!("{name}: {message}\nusage: {name} [options] [filenames]\n{USAGE}").as_bytes());
        libc::EXIT_FAILURE
    };
    let options = match parse(&arguments) {
        Ok(options) => options,
        Err(bad) => return usage(&bad.to_string()),
    };
    if options.version > 0 {
        print_version("");
        if options.version as usize == arguments.len() - 1 {
            return libc::EXIT_SUCCESS;
        }
    }
    if options.files.is_empty() {
        return usage("no input files given");
    }
    match run(&options) {
        Ok(()) => libc::EXIT_SUCCESS,
        Err(error) => {
            tell(&[name.as_bytes(), b": ", &error.message(), b"\n"].concat());
            libc::EXIT_FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Error> {
    #[cfg(native_code)]
    let native: Option<exec::NativeLines> = options.native.then_some(native::lines);
    #[cfg(not(native_code))]
    let native = if options.native { return Err(Error::NoNativeCode) } else { None };
    let mut job = Job { options, native, main: None, forms: None, chunk: Vec::new() };
    // SAFETY: `compile` takes a job.
    unsafe { protected(Some(compile), (&raw mut job).cast())? };
    if let Some(main) = &job.main {
        let full = options.listing > 1;
        let mut out = io::BufWriter::new(io::stdout().lock());
        if options.exec {
            let forms = job.forms.ok_or(Error::NoMemory)?;
            exec::list(&mut out, main, &mut forms.into_iter(), full)
        } else {
            listing::list(&mut out, main, full)
        }
        .and_then(|()| out.flush())
        .map_err(|source| Error::File { doing: "write", name: c"stdout".into(), source })?;
    }
    if options.dump {
        store(options.output.as_deref(), &job.chunk)?;
    }
    Ok(())
}

/// Writes a file, or standard output, as C does: what does not fit may be known only when it is closed.
fn store(output: Option<&CStr>, bytes: &[u8]) -> Result<(), Error> {
    let name = output.unwrap_or(c"stdout");
    let failed = |doing| Err(Error::File { doing, name: name.into(), source: io::Error::last_os_error() });
    // SAFETY: C strings, a buffer with its length, and a file that is closed last.
    unsafe {
        let file = match output {
            Some(name) => libc::fopen(name.as_ptr(), c"wb".as_ptr()),
            None => stdout,
        };
        if file.is_null() {
            return failed("open");
        }
        if libc::fwrite(bytes.as_ptr().cast(), 1, bytes.len(), file) < bytes.len() {
            return failed("write");
        }
        if libc::fclose(file) != 0 {
            return failed("close");
        }
    }
    Ok(())
}

unsafe extern "C" {
    static stdout: *mut libc::FILE;
}

/// Calls a function with a pointer as its argument in a new state.
///
/// # Safety
/// The pointer is what the function takes.
unsafe fn protected(function: lua_CFunction, argument: *mut c_void) -> Result<(), Error> {
    // SAFETY: a new state, used by this thread only.
    unsafe {
        let l = luaL_newstate();
        if l.is_null() {
            return Err(Error::NoState);
        }
        lua_pushcclosure(l, function, 0);
        lua_pushlightuserdata(l, argument);
        let mut result = Ok(());
        if lua_pcallk(l, 1, 0, 0, 0, None) != LUA_OK {
            let text = lua_tolstring(l, -1, ptr::null_mut());
            let text = if text.is_null() { c"?" } else { CStr::from_ptr(text) };
            result = Err(Error::Lua(text.to_bytes().to_vec()));
        }
        lua_close(l);
        result
    }
}

/// What to do, and what comes of it.
struct Job<'a> {
    options: &'a Options,
    native: Option<exec::NativeLines>,
    /// For a listing: the function of the file, or one that calls those of all files in turn.
    main: Option<Function>,
    /// With `--exec`: what the interpreter makes of it and of the functions inside; none when there is no memory for
    /// that.
    forms: Option<exec::Forms>,
    /// What `-o` gets.
    chunk: Vec<u8>,
}

/// Argument 1 is the job. Nothing here owns memory when an error leaves it.
unsafe extern "C-unwind" fn compile(state: *mut lua_State) -> c_int {
    // SAFETY: `run` passes the job, which nobody else uses meanwhile; programs see the thread as an opaque type.
    let (job, l) = unsafe { (&mut *lua_touserdata(state, 1).cast::<Job>(), Lua::from_ptr(state.cast())) };
    let options = job.options;
    // SAFETY: the thread of this call, with the function that was loaded on top.
    let main = unsafe {
        match &options.files[..] {
            [file] => load(state, l, file),
            files => combine(state, l, files),
        }
    };
    if options.listing > 0 {
        job.main = Some(Function::of(main));
    }
    if options.exec {
        job.forms = exec::forms(l, main, job.native);
    }
    if options.dump {
        if options.files.len() > 1 {
            // The lines of the function that calls the files' functions mean nothing to a reader of the chunk.
            main.lineinfo.free(*l);
        }
        let add = |piece: &[u8]| {
            job.chunk.extend_from_slice(piece);
            Ok(0)
        };
        let written = chunk::dump_to(add, main, options.strip);
        debug_assert!(written.is_ok(), "`add` does not fail");
    }
    0
}

/// Pushes the function of a file, or raises the message.
///
/// # Safety
/// `state` is `l`, the thread of a function that C called.
unsafe fn load(state: *mut lua_State, l: Lua, file: &CStr) -> Gc<Proto> {
    let name = if file == c"-" { ptr::null() } else { file.as_ptr() };
    // SAFETY: the caller's promise, and a C string or null.
    unsafe {
        if luaL_loadfilex(state, name, ptr::null()) != LUA_OK {
            lua_error(state);
        }
    }
    loaded(l)
}

/// The Lua function on top.
fn loaded(l: Lua) -> Gc<Proto> {
    l.from_top(1).as_lua_closure().expect("a function was loaded").proto
}

/// Pushes a function that calls those of all files in turn.
///
/// # Safety
/// As for [`load`].
unsafe fn combine(state: *mut lua_State, l: Lua, files: &[CString]) -> Gc<Proto> {
    // One call of an empty function for each file, in whose places the files' functions come.
    let text = c"(function()end)();".to_bytes().repeat(files.len());
    // SAFETY: the caller's promise, and a buffer with its length.
    let status = unsafe {
        luaL_loadbufferx(state, text.as_ptr().cast(), text.len(), c"=(luac)".as_ptr(), ptr::null())
    };
    drop(text);
    if status != LUA_OK {
        // SAFETY: the caller's promise; the message is on top.
        unsafe { lua_error(state) };
    }
    let main = loaded(l);
    for (place, file) in main.protos.cells().iter().zip(files) {
        // SAFETY: the caller's promise.
        let function = unsafe { load(state, l, file) };
        // Its first upvalue, the globals, is that of the new main function.
        if let Some(first) = function.upvalues.cells().first() {
            first.set(lua52::object::UpvalDesc { instack: false, ..first.get() });
        }
        place.set(function);
        gc::barrier_object(*l, main.erase(), function);
        // SAFETY: the caller's promise; `main` refers to the function.
        unsafe { lua_pop(state, 1) };
    }
    main
}
