//! `lua`: the stand-alone interpreter (manual 7).
//!
//! Everything runs inside one protected call of [`run`]. Lua errors cross only frames of this file that own nothing,
//! as errors leave C functions without running destructors: a function called by Lua keeps its Rust values in the
//! boxed [`Job`], or drops them before it calls what may raise.
//!
//! Invariants, on which the functions below `run` rely:
//! 1. `l` is the thread that `run` was called with. This native thread alone uses its state, and only calls of the
//!    functions here change its stack, whose layout each function knows.

#![cfg_attr(not(test), no_main)]

mod complete;
mod editor;
mod limits;
mod syntax;

use editor::{Editor, Input};
use limits::Limits;
use lua_programs::*;
#[cfg(lua_from_crate)]
use lua52 as _;
use std::ffi::{CStr, CString, c_char, c_int};
use std::io::{self, IsTerminal, Write};
use std::os::unix::ffi::OsStrExt;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

const USAGE: &str = "\
Available options are:
  -e stat  execute string 'stat'
  -i       enter interactive mode after executing 'script'
  -l name  require library 'name'
  -v       show version information
  -E       ignore environment variables
  --       stop handling options
  -        stop handling options and execute stdin
";

/// What the command line asks for.
#[derive(Default)]
struct Options {
    /// `-e` and `-l`, in order.
    actions: Vec<Action>,
    interactive: bool,
    version: bool,
    ignore_environment: bool,
    limits: Limits,
    /// Position of the script in the arguments.
    script: Option<usize>,
}

enum Action {
    Execute(CString),
    Require(CString),
}

/// All that outlives the frames that errors cross.
struct Job {
    arguments: Vec<CString>,
    options: Options,
    /// Name in front of messages; none in interactive mode.
    name: Option<CString>,
    /// The statement being read.
    line: Vec<u8>,
    /// Only at a terminal.
    editor: Option<Editor>,
}

/// Reads the options.
fn parse(arguments: &[CString]) -> Result<Options, BadOption> {
    let mut options = Options::default();
    let mut i = 1;
    while i < arguments.len() {
        let argument = &arguments[i];
        let bytes = argument.as_bytes();
        if bytes.first() != Some(&b'-') {
            break;
        }
        match bytes.get(1) {
            None => break,
            Some(b'-') if bytes.len() == 2 => {
                i += 1;
                break;
            }
            Some(b'E') if bytes.len() == 2 => options.ignore_environment = true,
            Some(b'i') if bytes.len() == 2 => {
                options.interactive = true;
                options.version = true;
            }
            Some(b'v') if bytes.len() == 2 => options.version = true,
            Some(kind @ (b'e' | b'l')) => {
                let value = if bytes.len() > 2 {
                    CString::new(&bytes[2..]).expect("an argument has no NUL")
                } else {
                    i += 1;
                    match arguments.get(i) {
                        Some(next) if !next.as_bytes().starts_with(b"-") => next.clone(),
                        _ => return Err(BadOption::NeedsArgument(argument.to_string_lossy().into())),
                    }
                };
                options.actions.push(if *kind == b'e' {
                    Action::Execute(value)
                } else {
                    Action::Require(value)
                });
            }
            _ => {
                let text = argument.to_string_lossy();
                if text.strip_prefix("--").and_then(|option| options.limits.take(option)).is_none() {
                    return Err(BadOption::Unrecognized(text.into()));
                }
            }
        }
        i += 1;
    }
    options.script = (i < arguments.len()).then_some(i);
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
        Some(name) if !name.is_empty() => name.clone(),
        _ => c"lua".to_owned(),
    };
    let options = match parse(&arguments) {
        Ok(options) => options,
        Err(bad) => {
            let name = name.to_string_lossy();
            tell(format!("{name}: {bad}\nusage: {name} [options] [script [args]]\n{USAGE}").as_bytes());
            return libc::EXIT_FAILURE;
        }
    };
    let mut job = Box::new(Job { arguments, options, name: Some(name), line: Vec::new(), editor: None });
    // SAFETY: a new state, used by this thread only. `job` outlives the call that gets its address.
    unsafe {
        let l = luaL_newstate();
        if l.is_null() {
            message(&job, b"cannot create state: not enough memory");
            return libc::EXIT_FAILURE;
        }
        lua_pushcclosure(l, Some(run), 0);
        lua_pushlightuserdata(l, (&raw mut *job).cast());
        let status = lua_pcallk(l, 1, 1, 0, 0, None);
        let done = lua_toboolean(l, -1) != 0;
        report(&job, l, status);
        lua_close(l);
        if done && status == LUA_OK { libc::EXIT_SUCCESS } else { libc::EXIT_FAILURE }
    }
}

/// The program inside a protected call: argument 1 is the job; returns whether all went well.
unsafe extern "C-unwind" fn run(l: *mut lua_State) -> c_int {
    // SAFETY: `main` passes the job, which nobody else uses meanwhile.
    unsafe {
        let job = &mut *lua_touserdata(l, 1).cast::<Job>();
        luaL_checkversion_(l, 502.0);
        if job.options.ignore_environment {
            lua_pushboolean(l, 1);
            lua_setfield(l, LUA_REGISTRYINDEX, c"LUA_NOENV".as_ptr());
        }
        lua_gc(l, LUA_GCSTOP, 0);
        luaL_openlibs(l);
        lua_gc(l, LUA_GCRESTART, 0);
        let good = if job.options.limits.set(l) {
            steps(job, l)
        } else {
            message(job, b"this library has no native code");
            false
        };
        lua_pushboolean(l, good as c_int);
        1
    }
}

fn native_code_in_words(options: &Options) -> String {
    let mode = native_code().map(|asked| options.limits.jit().unwrap_or(asked));
    mode.map_or(String::new(), |mode| format!(", native code {mode}"))
}

unsafe fn steps(job: &mut Job, l: *mut lua_State) -> bool {
    // SAFETY: invariant 1.
    unsafe {
        if job.options.version {
            print_version(&native_code_in_words(&job.options));
        }
        if !job.options.ignore_environment && !initialise(job, l) {
            return false;
        }
        for i in 0..job.options.actions.len() {
            let good = match &job.options.actions[i] {
                Action::Execute(code) => do_string(job, l, code.as_bytes(), c"=(command line)"),
                Action::Require(name) => require(job, l, name),
            };
            if !good {
                return false;
            }
        }
        if let Some(script) = job.options.script
            && !run_script(job, l, script)
        {
            return false;
        }
        if job.options.interactive {
            interact(job, l);
        } else if job.options.script.is_none() && job.options.actions.is_empty() && !job.options.version {
            if io::stdin().is_terminal() {
                print_version(&native_code_in_words(&job.options));
                interact(job, l);
            } else {
                // As in the reference, its errors do not show in the exit code.
                let status = luaL_loadfilex(l, ptr::null(), ptr::null());
                finish(job, l, status, 0, 0);
            }
        }
        true
    }
}

/// Runs LUA_INIT_5_2 or LUA_INIT.
unsafe fn initialise(job: &Job, l: *mut lua_State) -> bool {
    for (variable, chunk) in [("LUA_INIT_5_2", c"=LUA_INIT_5_2"), ("LUA_INIT", c"=LUA_INIT")] {
        let Some(value) = std::env::var_os(variable) else { continue };
        let value = value.as_bytes();
        // SAFETY: invariant 1.
        return unsafe {
            if let Some(file) = value.strip_prefix(b"@") {
                let file = CString::new(file).expect("a variable has no NUL");
                let status = luaL_loadfilex(l, file.as_ptr(), ptr::null());
                finish(job, l, status, 0, 0)
            } else {
                do_string(job, l, value, chunk)
            }
        };
    }
    true
}

unsafe fn do_string(job: &Job, l: *mut lua_State, code: &[u8], chunk: &CStr) -> bool {
    // SAFETY: invariant 1.
    unsafe {
        let status = luaL_loadbufferx(l, code.as_ptr().cast(), code.len(), chunk.as_ptr(), ptr::null());
        finish(job, l, status, 0, 0)
    }
}

unsafe fn require(job: &Job, l: *mut lua_State, name: &CStr) -> bool {
    // SAFETY: invariant 1.
    unsafe {
        lua_getglobal(l, c"require".as_ptr());
        lua_pushstring(l, name.as_ptr());
        let status = call(l, 1, 1);
        if status == LUA_OK {
            lua_setglobal(l, name.as_ptr());
        }
        report(job, l, status)
    }
}

/// Runs the script with its arguments, after setting the global `arg`.
unsafe fn run_script(job: &Job, l: *mut lua_State, script: usize) -> bool {
    // SAFETY: invariant 1.
    unsafe {
        let given = job.arguments.len() - script - 1;
        luaL_checkstack(l, given as c_int + 3, c"too many arguments to script".as_ptr());
        lua_createtable(l, given as c_int, script as c_int + 1);
        for (i, argument) in job.arguments.iter().enumerate() {
            lua_pushstring(l, argument.as_ptr());
            lua_rawseti(l, -2, i as c_int - script as c_int);
        }
        lua_setglobal(l, c"arg".as_ptr());
        let name = &job.arguments[script];
        let dash = name.as_bytes() == b"-" && job.arguments[script - 1].as_bytes() != b"--";
        let status = luaL_loadfilex(l, if dash { ptr::null() } else { name.as_ptr() }, ptr::null());
        if status == LUA_OK {
            for argument in &job.arguments[script + 1..] {
                lua_pushstring(l, argument.as_ptr());
            }
        }
        finish(job, l, status, given as c_int, LUA_MULTRET)
    }
}

/// Calls the chunk under its arguments if it was loaded, and reports what went wrong.
unsafe fn finish(job: &Job, l: *mut lua_State, loaded: c_int, arguments: c_int, results: c_int) -> bool {
    // SAFETY: invariant 1.
    unsafe {
        let status = if loaded == LUA_OK { call(l, arguments, results) } else { loaded };
        report(job, l, status)
    }
}

/// The state that SIGINT stops; null while no script runs.
static RUNNING: AtomicPtr<lua_State> = AtomicPtr::new(ptr::null_mut());

/// Arms a hook that raises an error. The signal gets its default back, so a second one ends the program.
extern "C" fn interrupted(signal: c_int) {
    // SAFETY: `lua_sethook` may be called from a signal handler, and so may `signal`.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        let l = RUNNING.load(Ordering::Relaxed);
        if !l.is_null() {
            lua_sethook(l, Some(stop), LUA_MASKCALL | LUA_MASKRET | LUA_MASKCOUNT, 1);
        }
    }
}

unsafe extern "C-unwind" fn stop(l: *mut lua_State, _record: *mut lua_Debug) {
    // SAFETY: called by Lua as a hook.
    unsafe {
        lua_sethook(l, None, 0, 0);
        luaL_error(l, c"interrupted!".as_ptr());
    }
}

/// A protected call with a traceback, during which SIGINT raises an error.
unsafe fn call(l: *mut lua_State, arguments: c_int, results: c_int) -> c_int {
    // SAFETY: invariant 1; the function lies under its arguments.
    unsafe {
        let base = lua_gettop(l) - arguments;
        lua_pushcclosure(l, Some(traceback), 0);
        lua_insert(l, base);
        RUNNING.store(l, Ordering::Relaxed);
        libc::signal(libc::SIGINT, interrupted as *const () as libc::sighandler_t);
        let status = lua_pcallk(l, arguments, results, base, 0, None);
        libc::signal(libc::SIGINT, libc::SIG_DFL);
        RUNNING.store(ptr::null_mut(), Ordering::Relaxed);
        lua_remove(l, base);
        status
    }
}

/// Message handler: adds a traceback to a string; gives another value's text, if it has one.
unsafe extern "C-unwind" fn traceback(l: *mut lua_State) -> c_int {
    // SAFETY: called by Lua with the error value.
    unsafe {
        let text = lua_tolstring(l, 1, ptr::null_mut());
        if !text.is_null() {
            luaL_traceback(l, l, text, 1);
        } else if lua_type(l, 1) > LUA_TNIL && luaL_callmeta(l, 1, c"__tostring".as_ptr()) == 0 {
            lua_pushstring(l, c"(no error message)".as_ptr());
        }
        1
    }
}

/// Prints the message on top of the stack, if there was an error, and tells whether there was none.
unsafe fn report(job: &Job, l: *mut lua_State, status: c_int) -> bool {
    if status == LUA_OK {
        return true;
    }
    // SAFETY: invariant 1.
    unsafe {
        if lua_type(l, -1) != LUA_TNIL {
            let mut length = 0;
            let text = lua_tolstring(l, -1, &mut length);
            if text.is_null() {
                message(job, b"(error object is not a string)");
            } else {
                // C prints up to the first NUL.
                message(job, CStr::from_ptr(text).to_bytes());
            }
        }
        lua_pop(l, 1);
        // A finalizer would run into the same limit again.
        if !job.options.limits.any() {
            lua_gc(l, LUA_GCCOLLECT, 0);
        }
    }
    false
}

fn message(job: &Job, text: &[u8]) {
    let name = job.name.as_ref().map_or(Vec::new(), |name| [name.as_bytes(), b": "].concat());
    tell(&[&name, text, b"\n"].concat());
}

/// The interactive loop: reads, completes, runs and prints until the input ends.
unsafe fn interact(job: &mut Job, l: *mut lua_State) {
    let name = job.name.take();
    job.editor = Editor::new(l, job.options.ignore_environment);
    // SAFETY: invariant 1.
    unsafe {
        lua_settop(l, 0);
        loop {
            let loaded = match load_statement(job, l) {
                Statement::Loaded(status) => status,
                Statement::Cancelled => continue,
                Statement::End => break,
            };
            let good = finish(job, l, loaded, 0, LUA_MULTRET);
            if good && lua_gettop(l) > 0 {
                luaL_checkstack(l, 20, c"too many results to print".as_ptr());
                lua_getglobal(l, c"print".as_ptr());
                lua_insert(l, 1);
                if lua_pcallk(l, lua_gettop(l) - 1, 0, 0, 0, None) != LUA_OK {
                    let text = lua_tolstring(l, -1, ptr::null_mut());
                    let text = if text.is_null() { c"?" } else { CStr::from_ptr(text) };
                    message(job, &[b"error calling 'print' (", text.to_bytes(), b")"].concat());
                }
            }
            lua_settop(l, 0);
        }
        lua_settop(l, 0);
    }
    // As above.
    let _ = writeln!(io::stdout());
    job.name = name;
    job.editor = None;
}

/// What became of a statement that was to be read.
enum Statement {
    /// Status of the load; the chunk or the message is on the stack.
    Loaded(c_int),
    Cancelled,
    End,
}

/// Reads a statement of one or more lines and compiles it.
unsafe fn load_statement(job: &mut Job, l: *mut lua_State) -> Statement {
    job.line.clear();
    // SAFETY: invariant 1.
    unsafe {
        loop {
            match read_line(job, l) {
                Input::Line(line) => job.line.extend(line),
                Input::Cancelled => return Statement::Cancelled,
                Input::End => return Statement::End,
            }
            let expression = job.line.strip_prefix(b"=").map(|values| [b"return ", values].concat());
            let text = expression.as_ref().unwrap_or(&job.line);
            let status =
                luaL_loadbufferx(l, text.as_ptr().cast(), text.len(), c"=stdin".as_ptr(), ptr::null());
            if status != LUA_ERRSYNTAX || !is_incomplete(l) {
                if let Some(editor) = &mut job.editor
                    && !job.line.is_empty()
                {
                    editor.remember(&job.line);
                }
                return Statement::Loaded(status);
            }
            lua_pop(l, 1);
            job.line.push(b'\n');
        }
    }
}

/// Whether the syntax error on top is about the end of the chunk: then more lines may follow.
unsafe fn is_incomplete(l: *mut lua_State) -> bool {
    // SAFETY: invariant 1.
    unsafe {
        let mut length = 0;
        let text = lua_tolstring(l, -1, &mut length);
        std::slice::from_raw_parts(text.cast::<u8>(), length).ends_with(b"<eof>")
    }
}

/// Reads a line without its end.
unsafe fn read_line(job: &mut Job, l: *mut lua_State) -> Input {
    // SAFETY: invariant 1; `print` and `io` write through C's stdout, which must come first.
    unsafe {
        libc::fflush(ptr::null_mut());
        let first = job.line.is_empty();
        let (variable, default) = if first { (c"_PROMPT", c"> ") } else { (c"_PROMPT2", c">> ") };
        lua_getglobal(l, variable.as_ptr());
        let prompt: *const c_char = lua_tolstring(l, -1, ptr::null_mut());
        let prompt = if prompt.is_null() { default } else { CStr::from_ptr(prompt) };
        let input = match &mut job.editor {
            Some(editor) => editor.read(&prompt.to_string_lossy(), &job.line),
            None => read_plainly(prompt),
        };
        lua_pop(l, 1);
        input
    }
}

/// Reads a line from C's stdin, which `io.read` reads too.
fn read_plainly(prompt: &CStr) -> Input {
    let mut out = io::stdout().lock();
    // A prompt that cannot be written is no reason to stop.
    let _ = out.write_all(prompt.to_bytes());
    let _ = out.flush();
    let mut line = Vec::new();
    loop {
        // SAFETY: stdin is open as long as the process is.
        match unsafe { libc::fgetc(stdin) } {
            libc::EOF if line.is_empty() => return Input::End,
            c if c == libc::EOF || c == b'\n' as c_int => return Input::Line(line),
            c => line.push(c as u8),
        }
    }
}

unsafe extern "C" {
    static stdin: *mut libc::FILE;
}
