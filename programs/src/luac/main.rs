//! `luac`: compiles, checks and lists chunks.
//!
//! What it lists and combines, it gets from `lua_dump`. Only the tables of instructions and the executable form come
//! from inside the library; for their sake this program is linked with the crate, not with the C library.

#![cfg_attr(not(test), no_main)]

mod chunk;
mod exec;
mod listing;
#[cfg(native_code)]
mod native;

use chunk::Function;
use lua_programs::*;
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
    let mut job = Job { files: &options.files, dumps: Vec::new() };
    // SAFETY: `load_all` takes a job.
    unsafe { protected(Some(load_all), (&raw mut job).cast())? };
    let several = options.files.len() > 1;
    let (header, mut main) = combine(job.dumps);
    if options.listing > 0 {
        let full = options.listing > 1;
        let mut out = io::BufWriter::new(io::stdout().lock());
        if options.exec {
            let chunk = chunk::write(&header, &main, false);
            let mut job = Lowering { chunk, native, forms: None };
            // SAFETY: `lower` takes this.
            unsafe { protected(Some(lower), (&raw mut job).cast())? };
            let forms = job.forms.ok_or(Error::NoMemory)?;
            exec::list(&mut out, &main, &mut forms.into_iter(), full)
        } else {
            listing::list(&mut out, &main, full)
        }
        .and_then(|()| out.flush())
        .map_err(|source| Error::File { doing: "write", name: c"stdout".into(), source })?;
    }
    if options.dump {
        if several {
            // The lines of the function that calls the files' functions mean nothing to a reader of the chunk.
            main.lines.clear();
        }
        let bytes = chunk::write(&header, &main, options.strip);
        store(options.output.as_deref(), &bytes)?;
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

/// The files to load and, in the end, the dump of each; with several files first that of the function that calls them.
struct Job<'a> {
    files: &'a [CString],
    dumps: Vec<Vec<u8>>,
}

/// Argument 1 is the job. Nothing here owns memory when an error leaves it.
unsafe extern "C-unwind" fn load_all(l: *mut lua_State) -> c_int {
    // SAFETY: `run` passes the job, which nobody else uses meanwhile.
    unsafe {
        let job = &mut *lua_touserdata(l, 1).cast::<Job>();
        if job.files.len() > 1 {
            // One call of an empty function for each file; `combine` puts the files in their place.
            let count = job.files.len();
            let text = c"(function()end)();".to_bytes().repeat(count);
            let status =
                luaL_loadbufferx(l, text.as_ptr().cast(), text.len(), c"=(luac)".as_ptr(), ptr::null());
            drop(text);
            finish(job, l, status);
        }
        for file in job.files {
            let name = if file.as_bytes() == b"-" { ptr::null() } else { file.as_ptr() };
            let status = luaL_loadfilex(l, name, ptr::null());
            finish(job, l, status);
        }
        0
    }
}

/// Dumps the function on top, or raises the message there.
unsafe fn finish(job: &mut Job, l: *mut lua_State, status: c_int) {
    // SAFETY: `l` is the thread that `load_all` was called with; what it loaded is on top of its stack.
    unsafe {
        if status != LUA_OK {
            lua_error(l);
        }
        job.dumps.push(Vec::new());
        let dump = job.dumps.last_mut().expect("just pushed");
        lua_dump(l, Some(collect), (&raw mut *dump).cast());
        lua_pop(l, 1);
    }
}

unsafe extern "C-unwind" fn collect(
    _l: *mut lua_State,
    piece: *const c_void,
    size: usize,
    data: *mut c_void,
) -> c_int {
    // SAFETY: `finish` passes a vector, the library `size` bytes.
    unsafe { (*data.cast::<Vec<u8>>()).extend(std::slice::from_raw_parts(piece.cast::<u8>(), size)) };
    0
}

/// A chunk, and what the interpreter makes of its functions; none when there is no memory for that.
struct Lowering {
    chunk: Vec<u8>,
    native: Option<exec::NativeLines>,
    forms: Option<exec::Forms>,
}

/// Argument 1 is the [`Lowering`].
unsafe extern "C-unwind" fn lower(l: *mut lua_State) -> c_int {
    // SAFETY: `run` passes it, and nobody else uses it meanwhile.
    unsafe {
        let job = &mut *lua_touserdata(l, 1).cast::<Lowering>();
        let name = c"=(luac)".as_ptr();
        if luaL_loadbufferx(l, job.chunk.as_ptr().cast(), job.chunk.len(), name, ptr::null()) != LUA_OK {
            lua_error(l);
        }
        job.forms = exec::forms(l, job.native);
        0
    }
}

/// The function of one file, or one that calls those of all files in turn.
fn combine(dumps: Vec<Vec<u8>>) -> (Vec<u8>, Function) {
    let mut functions = dumps.iter().map(|dump| chunk::read(dump));
    let (header, mut main) = functions.next().expect("one file at least");
    let files: Vec<Function> = functions.map(|f| f.1).collect();
    if !files.is_empty() {
        main.functions = files;
        for f in &mut main.functions {
            // Its first upvalue, the globals, is that of the new main function.
            if let Some(first) = f.upvalues.first_mut() {
                first.0 = false;
            }
        }
    }
    (header, main)
}
