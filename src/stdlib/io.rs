//! Library `io` (manual 6.8), over the C library's streams.
//!
//! Invariants
//! * A file handle is a userdata with the metatable `FILE*` that holds a [`luaL_Stream`], which C modules make and use
//!   too. `closef` is null while the handle is closed, or not open yet; else it is a C function that takes the handle
//!   as its only argument and closes it.
//! * Such a userdata is known by its `Content::Stream`, since a script can give the metatable to any userdata.
//! * The default input and output files are fields of the registry.
//! * Whatever calls out may close a file: a finalizer does, in each collector step. So a function that goes on with a
//!   file after that asks its handle, which is on the stack, for the stream again ([`File::open`]).

use super::registry::library;
use super::{argument, c_string, call_c};
use crate::api::Lua;
use crate::api::{Buffer, Bytes};
use crate::consts::*;
use crate::messages::{self as msg, Arg};
use crate::num::{self, NUMBER_BUFFER};
use crate::object::Interior;
use crate::object::c_types::luaL_Stream;
use crate::object::userdata::Content;
use crate::sys::{self, FILE};
use crate::throw::LResult;
use core::ffi::CStr;
use core::mem::MaybeUninit;
use core::ptr::null_mut;

library! {
    IO:
    FUNCTIONS {
        Close "close" close;
        Flush "flush" flush;
        Input "input" input;
        Lines "lines" lines;
        Open "open" io_open;
        Output "output" output;
        Popen "popen" popen;
        Read "read" read;
        Tmpfile "tmpfile" tmpfile;
        Type "type" type_;
        Write "write" write;
    }
    /// Methods of file handles, but `close`, which is the library's function of that name.
    METHODS {
        FileFlush "flush" file_flush;
        FileLines "lines" file_lines;
        FileRead "read" file_read;
        FileSeek "seek" file_seek;
        FileSetvbuf "setvbuf" file_setvbuf;
        FileWrite "write" file_write;
        FileGc "__gc" file_gc;
        FileTostring "__tostring" file_tostring;
    }
    /// Functions that are reached only through other ones.
    HIDDEN {
        LinesIterator "lines iterator" lines_iterator;
        CloseFile "close file" close_file;
        ClosePipe "close pipe" close_pipe;
        KeepStandardFile "keep standard file" keep_standard_file;
    }
}

const METATABLE: &[u8] = LUA_FILEHANDLE.to_bytes();

/// One of the default files.
#[derive(Clone, Copy)]
struct Default {
    field: &'static [u8],
    name: &'static [u8],
    mode: &'static CStr,
}
const INPUT: Default = Default { field: b"_IO_input", name: b"input", mode: c"r" };
const OUTPUT: Default = Default { field: b"_IO_output", name: b"output", mode: c"w" };

pub fn open(l: Lua) -> LResult<i32> {
    l.aux_newlib(&FUNCTIONS)?;
    l.aux_newmetatable(METATABLE)?;
    if l.global().file_metatable.get().is_none() {
        l.global().file_metatable.set(l.from_top(1).as_table());
    }
    l.pushvalue(-1);
    l.setfield(-2, b"__index")?;
    l.aux_setfuncs(core::slice::from_ref(Id::Close.builtin()), 0)?;
    l.aux_setfuncs(&METHODS, 0)?;
    l.pop(1);
    // SAFETY: reads the C library's variables.
    let (stdin, stdout, stderr) = (sys::stdin(), sys::stdout(), sys::stderr());
    standard_file(l, stdin, Some(INPUT), b"stdin")?;
    standard_file(l, stdout, Some(OUTPUT), b"stdout")?;
    standard_file(l, stderr, None, b"stderr")?;
    Ok(1)
}

fn standard_file(l: Lua, f: *mut FILE, default: Option<Default>, name: &[u8]) -> LResult<()> {
    let p = new_handle(l)?;
    // SAFETY: `new_handle` returns a valid stream.
    unsafe {
        (*p).f = f;
        (*p).closef = Some(Id::KeepStandardFile.c_function());
    }
    if let Some(default) = default {
        l.pushvalue(-1);
        l.setfield(LUA_REGISTRYINDEX, default.field)?;
    }
    l.setfield(-2, name)
}

/// `closef` of the standard files: they stay open.
fn keep_standard_file(l: Lua) -> LResult<i32> {
    // SAFETY: the function is called with a handle as its argument.
    unsafe { (*closing(l)?).closef = Some(Id::KeepStandardFile.c_function()) };
    l.pushnil();
    l.pushlstring(msg::STANDARD_FILE.as_bytes())?;
    Ok(2)
}

/// Pushes a handle that counts as closed.
fn new_handle(l: Lua) -> LResult<*mut luaL_Stream> {
    let p = l.newuserdata(size_of::<luaL_Stream>())?.cast::<luaL_Stream>();
    // SAFETY: the userdata has room for a stream.
    unsafe { p.write(luaL_Stream { f: null_mut(), closef: None }) };
    if let Some(u) = l.from_top(1).as_userdata() {
        u.set_content(Content::Stream);
    }
    l.aux_setmetatable(METATABLE)?;
    Ok(p)
}

/// Pushes a handle for a stream to be closed by `fclose`.
fn new_file(l: Lua) -> LResult<*mut luaL_Stream> {
    let p = new_handle(l)?;
    // SAFETY: `new_handle` returns a valid stream.
    unsafe { (*p).closef = Some(Id::CloseFile.c_function()) };
    Ok(p)
}

/// Argument 1 as a handle, open or not.
fn check_handle(l: Lua) -> LResult<*mut luaL_Stream> {
    Ok(l.aux_checkudata(1, METATABLE)?.cast())
}

/// A file that is in use, by its handle, which is in a stack slot of the running function.
#[derive(Clone, Copy)]
struct File(*mut luaL_Stream);

impl File {
    /// The value at `idx`, if it is a handle, open or not.
    fn at(l: Lua, idx: i32) -> Option<File> {
        let u = l.value(idx).as_userdata().filter(|u| u.has(Content::Stream))?;
        Some(File(u.data().cast()))
    }
    /// The stream, unless it is closed or was never opened.
    fn open(self) -> Option<*mut FILE> {
        // SAFETY: the handle is on the stack, or kept alive in its place (`object::keep`).
        unsafe { (*self.0).closef.and_then(|_| (!(*self.0).f.is_null()).then_some((*self.0).f)) }
    }
    #[inline(never)]
    fn must_be_open(self, l: Lua) -> LResult<*mut FILE> {
        self.open().ok_or_else(|| l.aux_error(msg::CLOSED_FILE, &[]))
    }
}

/// Argument 1 as a file that is open now.
#[inline(never)]
fn check_file(l: Lua) -> LResult<File> {
    let file = File(check_handle(l)?);
    file.must_be_open(l)?;
    Ok(file)
}

/// The handle that a `closef` is called with.
#[inline(never)]
fn closing(l: Lua) -> LResult<*mut luaL_Stream> {
    match File::at(l, 1) {
        Some(file) => Ok(file.0),
        None => Err(l.aux_typeerror(1, METATABLE)),
    }
}

fn close_file(l: Lua) -> LResult<i32> {
    let p = closing(l)?;
    // SAFETY: `closef` is called once for an open stream.
    let r = unsafe { sys::fclose((*p).f) };
    l.aux_fileresult(r == 0, None)
}

fn close_pipe(l: Lua) -> LResult<i32> {
    let p = closing(l)?;
    // SAFETY: `closef` is called once for an open stream, which `popen` made.
    let r = unsafe { sys::pclose((*p).f) };
    l.aux_execresult(r)
}

/// Closes the handle that is argument 1.
fn close_handle(l: Lua) -> LResult<i32> {
    check_handle(l)?;
    // From here to `closef` nothing calls out, so that both have the same handle.
    let p = closing(l)?;
    // SAFETY: `closing` returns a valid stream.
    match unsafe { (*p).closef.take() } {
        Some(close) => call_c(l, close),
        None => Ok(0),
    }
}

fn close(l: Lua) -> LResult<i32> {
    if l.type_(1) == LUA_TNONE {
        l.getfield(LUA_REGISTRYINDEX, OUTPUT.field)?;
    }
    check_file(l)?;
    close_handle(l)
}

fn file_gc(l: Lua) -> LResult<i32> {
    let p = check_handle(l)?;
    // SAFETY: `check_handle` returns a valid stream.
    if unsafe { (*p).closef.is_some() && !(*p).f.is_null() } {
        close_handle(l)?;
    }
    Ok(0)
}

fn file_tostring(l: Lua) -> LResult<i32> {
    let p = check_handle(l)?;
    // SAFETY: `check_handle` returns a valid stream.
    unsafe {
        if (*p).closef.is_none() {
            l.pushlstring(b"file (closed)")?;
        } else {
            l.pushfmt("file (%p)", &[Arg::P((*p).f.cast())])?;
        }
    }
    Ok(1)
}

fn type_(l: Lua) -> LResult<i32> {
    l.aux_checkany(1)?;
    let p = l.aux_testudata(1, METATABLE)?.cast::<luaL_Stream>();
    if p.is_null() {
        l.pushnil();
    } else {
        // SAFETY: the metatable says that it is a stream.
        let closed = unsafe { (*p).closef.is_none() };
        l.pushlstring(if closed { b"closed file" } else { b"file" })?;
    }
    Ok(1)
}

/// `r`, `w` or `a`, then `+`, then `b`, the last two optional and in this order.
fn is_mode(mode: &[u8]) -> bool {
    let Some((b'r' | b'w' | b'a', rest)) = mode.split_first() else { return false };
    matches!(rest, b"" | b"+" | b"b" | b"+b")
}

/// Pushes a handle for what `open` opens: whether it did. A failure may be mended by a collection, so `open` looks at
/// the arguments itself.
fn open_handle(
    l: Lua,
    new: fn(Lua) -> LResult<*mut luaL_Stream>,
    mut open: impl FnMut() -> LResult<*mut FILE>,
) -> LResult<bool> {
    let opened = l.retrying(|| {
        let p = new(l)?;
        let f = open()?;
        // SAFETY: the handle is on the stack, and `open` has raised no error since it was made.
        unsafe { (*p).f = f };
        Ok((!f.is_null()).then_some(()))
    })?;
    Ok(opened.is_some())
}

/// Argument 1, the name of a file or a command.
fn name_argument(l: Lua) -> LResult<Interior<CStr>> {
    Ok(c_string(l.aux_checklstring(1)?))
}

fn io_open(l: Lua) -> LResult<i32> {
    name_argument(l)?;
    l.settop(2);
    let opened = open_handle(l, new_file, || {
        let name = name_argument(l)?;
        let mode = c_string(l.aux_optlstring(2, None)?.unwrap_or(Bytes::fixed(b"r\0")));
        if !is_mode(mode.to_bytes()) {
            return Err(l.aux_argerror(2, msg::INVALID_MODE.as_bytes()));
        }
        // SAFETY: both strings are terminated.
        Ok(unsafe { sys::fopen(name.as_ptr(), mode.as_ptr()) })
    })?;
    if opened { Ok(1) } else { l.aux_fileresult(false, Some(name_argument(l)?.to_bytes())) }
}

/// Opens the file whose name is argument 1, or raises.
fn must_open(l: Lua, mode: &CStr) -> LResult<()> {
    let opened = open_handle(l, new_file, || {
        let name = name_argument(l)?;
        // SAFETY: both strings are terminated.
        Ok(unsafe { sys::fopen(name.as_ptr(), mode.as_ptr()) })
    })?;
    if opened {
        return Ok(());
    }
    // SAFETY: the text of an error is terminated.
    let reason = unsafe { CStr::from_ptr(sys::strerror(sys::errno())) };
    let name = name_argument(l)?;
    Err(l.aux_error(msg::CANNOT_OPEN_FILE, &[Arg::S(name.to_bytes()), Arg::S(reason.to_bytes())]))
}

/// Pushes a handle for a stream to be closed by `pclose`.
fn new_pipe(l: Lua) -> LResult<*mut luaL_Stream> {
    let p = new_handle(l)?;
    // SAFETY: `new_handle` returns a valid stream.
    unsafe { (*p).closef = Some(Id::ClosePipe.c_function()) };
    Ok(p)
}

fn popen(l: Lua) -> LResult<i32> {
    name_argument(l)?;
    l.settop(2);
    let opened = open_handle(l, new_pipe, || {
        let command = name_argument(l)?;
        let mode = c_string(l.aux_optlstring(2, None)?.unwrap_or(Bytes::fixed(b"r\0")));
        // SAFETY: both strings are terminated.
        unsafe {
            sys::fflush(null_mut());
            Ok(sys::popen(command.as_ptr(), mode.as_ptr()))
        }
    })?;
    if opened { Ok(1) } else { l.aux_fileresult(false, Some(name_argument(l)?.to_bytes())) }
}

fn tmpfile(l: Lua) -> LResult<i32> {
    // SAFETY: may be called at any time.
    let opened = open_handle(l, new_file, || Ok(unsafe { sys::tmpfile() }))?;
    if opened { Ok(1) } else { l.aux_fileresult(false, None) }
}

/// Pushes a default file; it must be open.
#[inline(never)]
fn default_file(l: Lua, default: Default) -> LResult<File> {
    l.getfield(LUA_REGISTRYINDEX, default.field)?;
    match File::at(l, -1) {
        Some(file) if file.open().is_some() => Ok(file),
        _ => Err(l.aux_error(msg::STANDARD_FILE_CLOSED, &[Arg::S(default.name)])),
    }
}

/// Sets (to a file or to the file with a name) or returns a default file.
fn choose_default(l: Lua, default: Default) -> LResult<i32> {
    if !l.isnoneornil(1) {
        if l.isstring(1) {
            must_open(l, default.mode)?;
        } else {
            check_file(l)?;
            l.pushvalue(1);
        }
        l.setfield(LUA_REGISTRYINDEX, default.field)?;
    }
    l.getfield(LUA_REGISTRYINDEX, default.field)?;
    Ok(1)
}

fn input(l: Lua) -> LResult<i32> {
    choose_default(l, INPUT)
}

fn output(l: Lua) -> LResult<i32> {
    choose_default(l, OUTPUT)
}

/// The most formats that an iterator may have: they must fit in its stack.
const MAX_FORMATS: i32 = LUA_MINSTACK - 3;

/// Pushes the iterator over argument 1, with the formats behind it. Its upvalues are the handle, the number of
/// formats, whether to close the file at the end, and the formats.
fn push_lines(l: Lua, close: bool) -> LResult<()> {
    let n = l.gettop() - 1;
    if n > MAX_FORMATS {
        return Err(l.aux_argerror(MAX_FORMATS, msg::TOO_MANY_OPTIONS.as_bytes()));
    }
    l.pushvalue(1);
    l.pushinteger(n as isize);
    l.pushboolean(close);
    for i in 1..=n {
        l.pushvalue(i + 1);
    }
    l.pushbuiltin(Id::LinesIterator.builtin(), 3 + n)
}

fn file_lines(l: Lua) -> LResult<i32> {
    check_file(l)?;
    push_lines(l, false)?;
    Ok(1)
}

fn lines(l: Lua) -> LResult<i32> {
    if l.type_(1) == LUA_TNONE {
        l.pushnil();
    }
    let own = l.type_(1) != LUA_TNIL;
    if own {
        must_open(l, c"r")?;
        l.replace(1);
    } else {
        l.getfield(LUA_REGISTRYINDEX, INPUT.field)?;
        l.replace(1);
        check_file(l)?;
    }
    push_lines(l, own)?;
    Ok(1)
}

fn lines_iterator(l: Lua) -> LResult<i32> {
    // The handle goes to the stack, where the function can rely on it (`debug.setupvalue` could take it away).
    l.settop(0);
    l.pushvalue(lua_upvalueindex(1));
    let Some(file) = File::at(l, 1).filter(|file| file.open().is_some()) else {
        return Err(l.aux_error(msg::FILE_ALREADY_CLOSED, &[]));
    };
    let n = l.tointegerx(lua_upvalueindex(2)).unwrap_or(0).clamp(0, MAX_FORMATS as isize) as i32;
    for i in 1..=n {
        l.pushvalue(lua_upvalueindex(3 + i));
    }
    let n = read_formats(l, file, 2)?;
    debug_assert!(n > 0);
    if !l.from_top(n as usize).is_nil() {
        return Ok(n);
    }
    if n > 1 {
        // The message of a read error follows the nil.
        let text = l.tolstring(1 - n)?.unwrap_or_default();
        return Err(l.aux_error("%s", &[Arg::S(&text.c_part())]));
    }
    if l.toboolean(lua_upvalueindex(3)) {
        l.settop(1);
        close_handle(l)?;
    }
    Ok(0)
}

fn read_number(l: Lua, f: *mut FILE) -> bool {
    let mut n = 0.0f64;
    // SAFETY: the format has one conversion, for a double.
    if unsafe { sys::fscanf(f, LUA_NUMBER_SCAN.as_ptr(), &raw mut n) } == 1 {
        l.pushnumber(n);
        true
    } else {
        // Replaced by the nil that stands for failure, or by an error's results.
        l.pushnil();
        false
    }
}

/// Whether there is more to read; pushes an empty string.
fn test_end(l: Lua, f: *mut FILE) -> LResult<bool> {
    // SAFETY: `f` is an open stream.
    let c = unsafe {
        let c = sys::fgetc(f);
        sys::ungetc(c, f);
        c
    };
    l.pushlstring(b"")?;
    Ok(c != sys::EOF)
}

/// Reads a line. It goes by C strings, as the reference does: a line is what `fgets` gives up to its first zero byte,
/// and without a line end before that it continues with the next one.
fn read_line(l: Lua, f: *mut FILE, keep_end: bool) -> LResult<bool> {
    let mut piece = [const { MaybeUninit::<u8>::uninit() }; LUAL_BUFFERSIZE];
    let mut next = || {
        // SAFETY: the buffer has the size given, and what `fgets` returns is terminated.
        unsafe {
            let p = sys::fgets(piece.as_mut_ptr().cast(), LUAL_BUFFERSIZE as i32, f);
            if p.is_null() { None } else { Some(core::slice::from_raw_parts(p.cast::<u8>(), sys::strlen(p))) }
        }
    };
    let without_end = |line: &[u8]| line.len() - !keep_end as usize;
    let Some(first) = next() else {
        l.pushlstring(b"")?;
        return Ok(false);
    };
    if first.last() == Some(&b'\n') {
        l.pushlstring(&first[..without_end(first)])?;
        return Ok(true);
    }
    let mut slot = MaybeUninit::uninit();
    let buffer = Buffer::init(&mut slot, l);
    buffer.add(first)?;
    loop {
        match next() {
            None => {
                let line = buffer.pushresult()?;
                return Ok(!line.is_empty());
            }
            Some(more) if more.last() == Some(&b'\n') => {
                buffer.add(&more[..without_end(more)])?;
                buffer.pushresult()?;
                return Ok(true);
            }
            Some(more) => buffer.add(more)?,
        }
    }
}

fn read_all(l: Lua, f: *mut FILE) -> LResult<()> {
    let mut slot = MaybeUninit::uninit();
    let buffer = Buffer::init(&mut slot, l);
    let mut size = LUAL_BUFFERSIZE;
    loop {
        let p = buffer.prep(size)?;
        // SAFETY: `prep` made room for `size` bytes.
        let n = unsafe { sys::fread(p.cast(), 1, size, f) };
        buffer.advance(n);
        if n < size {
            break;
        }
        size = size.saturating_mul(2).min(usize::MAX / 4);
    }
    buffer.pushresult()?;
    Ok(())
}

fn read_chars(l: Lua, f: *mut FILE, count: usize) -> LResult<bool> {
    let mut slot = MaybeUninit::uninit();
    let buffer = Buffer::init(&mut slot, l);
    let p = buffer.prep(count)?;
    // SAFETY: `prep` made room for `count` bytes.
    let n = unsafe { sys::fread(p.cast(), 1, count, f) };
    buffer.advance(n);
    buffer.pushresult()?;
    Ok(n > 0)
}

/// Reads according to the formats from argument `first` on (a line without any) and pushes the results.
fn read_formats(l: Lua, file: File, first: i32) -> LResult<i32> {
    let nargs = l.gettop() - 1;
    let f = file.must_be_open(l)?;
    // SAFETY: `f` is an open stream.
    unsafe { sys::clear_error(f) };
    let mut success = true;
    let mut n = first;
    if nargs == 0 {
        success = read_line(l, f, false)?;
        n += 1;
    } else {
        l.aux_checkstack(nargs + LUA_MINSTACK, Some(msg::TOO_MANY_ARGUMENTS.as_bytes()))?;
        let mut left = nargs;
        while left > 0 && success {
            let f = file.must_be_open(l)?;
            success = if l.type_(n) == LUA_TNUMBER {
                match l.tointegerx(n).unwrap_or(0) as usize {
                    0 => test_end(l, f)?,
                    count => read_chars(l, f, count)?,
                }
            } else {
                let format = l.tolstring(n)?;
                let Some([b'*', format @ ..]) = format.as_deref() else {
                    return Err(l.aux_argerror(n, msg::INVALID_READ_OPTION.as_bytes()));
                };
                match format.first() {
                    Some(b'n') => read_number(l, f),
                    Some(b'l') => read_line(l, f, false)?,
                    Some(b'L') => read_line(l, f, true)?,
                    Some(b'a') => {
                        read_all(l, f)?;
                        true
                    }
                    _ => return Err(l.aux_argerror(n, msg::INVALID_FORMAT.as_bytes())),
                }
            };
            n += 1;
            left -= 1;
        }
    }
    // SAFETY: `open` gives an open stream.
    if file.open().is_some_and(|f| unsafe { sys::has_error(f) }) {
        return l.aux_fileresult(false, None);
    }
    if !success {
        l.pop(1);
        l.pushnil();
    }
    Ok(n - first)
}

fn read(l: Lua) -> LResult<i32> {
    // The file on top of the arguments takes the place of the handle before them.
    let file = default_file(l, INPUT)?;
    read_formats(l, file, 1)
}

fn file_read(l: Lua) -> LResult<i32> {
    let file = check_file(l)?;
    read_formats(l, file, 2)
}

/// Writes the arguments from `first` up to the handle on top of the stack, which is the result. Nothing here calls out.
fn write_arguments(l: Lua, file: File, first: i32) -> LResult<i32> {
    let last = l.gettop() - 1;
    let f = file.must_be_open(l)?;
    let mut ok = true;
    let mut put = |bytes: &[u8]| {
        // SAFETY: `f` is an open stream.
        ok = ok && unsafe { sys::fwrite(bytes.as_ptr().cast(), 1, bytes.len(), f) } == bytes.len();
    };
    for i in first..=last {
        if let Some(n) = argument(l, i).as_number() {
            let mut text = [0; NUMBER_BUFFER];
            let len = num::format_g14(n, &mut text);
            put(&text[..len]);
        } else {
            put(&l.aux_checklstring(i)?);
        }
    }
    if ok { Ok(1) } else { l.aux_fileresult(false, None) }
}

fn write(l: Lua) -> LResult<i32> {
    let file = default_file(l, OUTPUT)?;
    write_arguments(l, file, 1)
}

fn file_write(l: Lua) -> LResult<i32> {
    let file = check_file(l)?;
    l.pushvalue(1);
    write_arguments(l, file, 2)
}

fn file_seek(l: Lua) -> LResult<i32> {
    const WHENCE: [i32; 3] = [sys::SEEK_SET, sys::SEEK_CUR, sys::SEEK_END];
    let file = check_file(l)?;
    let whence = WHENCE[l.aux_checkoption(2, Some(b"cur"), &["set", "cur", "end"])?];
    let wanted = l.aux_optnumber(3, 0.0)?;
    let offset = num::to_integer(wanted) as i64;
    if offset as f64 != wanted {
        return Err(l.aux_argerror(3, msg::NOT_AN_INTEGER.as_bytes()));
    }
    let f = file.must_be_open(l)?;
    // SAFETY: `f` is an open stream.
    unsafe {
        if !sys::seek(f, offset, whence) {
            return l.aux_fileresult(false, None);
        }
        l.pushnumber(sys::tell(f) as f64);
    }
    Ok(1)
}

fn file_setvbuf(l: Lua) -> LResult<i32> {
    const MODES: [i32; 3] = [sys::_IONBF, sys::_IOFBF, sys::_IOLBF];
    let file = check_file(l)?;
    let mode = MODES[l.aux_checkoption(2, None, &["no", "full", "line"])?];
    let size = l.aux_optinteger(3, LUAL_BUFFERSIZE as isize)?;
    let f = file.must_be_open(l)?;
    // SAFETY: `f` is an open stream.
    let r = unsafe { sys::setvbuf(f, null_mut(), mode, size as usize) };
    l.aux_fileresult(r == 0, None)
}

fn flush(l: Lua) -> LResult<i32> {
    let f = default_file(l, OUTPUT)?.must_be_open(l)?;
    // SAFETY: `f` is an open stream.
    let r = unsafe { sys::fflush(f) };
    l.aux_fileresult(r == 0, None)
}

fn file_flush(l: Lua) -> LResult<i32> {
    let f = check_file(l)?.must_be_open(l)?;
    // SAFETY: `f` is an open stream.
    let r = unsafe { sys::fflush(f) };
    l.aux_fileresult(r == 0, None)
}
