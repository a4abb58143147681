//! Loading chunks from memory and from files.

use super::convert::error_text;
use crate::api::{Bytes, Lua};
use crate::chunk::Input;
use crate::consts::*;
use crate::messages::{self as msg, Arg};
use crate::object::c_types::lua_State;
use crate::sys;
use crate::throw::LResult;
use core::ffi::{CStr, c_int, c_void};

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// A file that is being loaded: bytes that were already taken from its beginning, then blocks.
struct Source {
    file: *mut sys::FILE,
    start: [u8; 8],
    pending: usize,
    block: [u8; LUAL_BUFFERSIZE],
}

impl Source {
    fn get(&mut self) -> c_int {
        // SAFETY: the file is open.
        unsafe { sys::fgetc(self.file) }
    }
    fn put_back(&mut self, c: u8) {
        self.start[self.pending] = c;
        self.pending += 1;
    }
    /// Skips a byte order mark and a first line that starts with `#`. Returns the byte after them (EOF at the end), and
    /// whether there was such a line. The bytes of an incomplete mark belong to the chunk.
    fn skip_start(&mut self) -> (c_int, bool) {
        self.pending = 0;
        let mut c = self.get();
        for &b in BOM {
            if c != b as c_int {
                break;
            }
            self.put_back(b);
            c = self.get();
        }
        if self.pending == BOM.len() {
            self.pending = 0;
        }
        if c != b'#' as c_int {
            return (c, false);
        }
        while c != sys::EOF && c != b'\n' as c_int {
            c = self.get();
        }
        (self.get(), true)
    }
}

unsafe extern "C-unwind" fn read_block(_: *mut lua_State, data: *mut c_void, size: *mut usize) -> *const u8 {
    // SAFETY: `data` is the source that `aux_loadfilex` passes along; `size` is where the length goes.
    unsafe {
        let source = &mut *data.cast::<Source>();
        if source.pending > 0 {
            *size = core::mem::take(&mut source.pending);
            return source.start.as_ptr();
        }
        if sys::feof(source.file) != 0 {
            return core::ptr::null();
        }
        *size = sys::fread(source.block.as_mut_ptr().cast(), 1, LUAL_BUFFERSIZE, source.file);
        source.block.as_ptr()
    }
}

/// The reader of a chunk in memory: it gives all of it, then nothing.
unsafe extern "C-unwind" fn read_slice(_: *mut lua_State, data: *mut c_void, size: *mut usize) -> *const u8 {
    // SAFETY: `data` is the slice that `aux_loadbufferx` passes along; `size` is where the length goes.
    unsafe {
        let bytes = core::mem::take(&mut *data.cast::<&[u8]>());
        *size = bytes.len();
        bytes.as_ptr()
    }
}

impl Lua {
    pub fn aux_loadbufferx(self, buf: &[u8], name: Option<&[u8]>, mode: Option<&[u8]>) -> LResult<i32> {
        let mut rest = buf;
        // SAFETY: the buffer is borrowed for the whole call; `read_slice` is a reader for a slice.
        unsafe {
            match self.replaced_load(read_slice, (&raw mut rest).cast(), name, mode) {
                Some(loaded) => loaded,
                None => {
                    self.load_input(&mut Input::from_bytes(buf), name.unwrap_or(&Bytes::fixed(b"?")), mode)
                }
            }
        }
    }
    /// Loads a file, or the standard input. Returns `LUA_ERRFILE` when it cannot be read.
    pub fn aux_loadfilex(self, filename: Option<&CStr>, mode: Option<&[u8]>) -> LResult<i32> {
        match filename {
            Some(f) => self.pushfmt("@%s", &[Arg::S(f.to_bytes())])?,
            None => self.pushlstring(b"=stdin")?,
        };
        let file = self.retrying(|| {
            let file = match filename {
                // SAFETY: both are C strings.
                Some(f) => unsafe { sys::fopen(f.as_ptr(), c"r".as_ptr()) },
                None => sys::stdin(),
            };
            Ok((!file.is_null()).then_some(file))
        })?;
        let Some(file) = file else { return self.file_error("open") };
        let name = self.chunk_name()?;
        let mut source = Source { file, start: [0; 8], pending: 0, block: [0; LUAL_BUFFERSIZE] };
        let (mut c, commented) = source.skip_start();
        if commented {
            // Keeps the line numbers right.
            source.put_back(b'\n');
        }
        if c == LUA_SIGNATURE[0] as c_int
            && let Some(f) = filename
        {
            // SAFETY: the file is open; the strings are C strings.
            source.file = unsafe { sys::freopen(f.as_ptr(), c"rb".as_ptr(), file) };
            if source.file.is_null() {
                return self.file_error("reopen");
            }
            c = source.skip_start().0;
        }
        if c != sys::EOF {
            source.put_back(c as u8);
        }
        let data: *mut Source = &mut source;
        // SAFETY: `read_block` is a reader for a `Source`.
        let status = unsafe {
            self.replaced_load(read_block, data.cast(), Some(&name), mode).unwrap_or_else(|| {
                self.load_input(&mut Input::from_reader(read_block, data.cast()), &name, mode)
            })
        };
        // SAFETY: the file is still open, and closed once.
        let failed = unsafe {
            let file = (*data).file;
            let failed = sys::ferror(file) != 0;
            if filename.is_some() {
                let number = sys::errno();
                sys::fclose(file);
                sys::set_errno(number);
            }
            failed
        };
        let status = status?;
        if failed {
            self.pop(1);
            return self.file_error("read");
        }
        self.remove(-2);
        Ok(status)
    }
    /// Returns the chunk's name, which is on top. (It is another one when the debug library has changed this stack.)
    fn chunk_name(self) -> LResult<Bytes> {
        Ok(self.tolstring(-1)?.filter(|name| !name.is_empty()).unwrap_or(Bytes::fixed(b"?")))
    }
    /// Puts "cannot `what` ..." in place of the chunk's name on top.
    fn file_error(self, what: &str) -> LResult<i32> {
        let name = self.chunk_name()?;
        let reason = error_text(sys::errno());
        self.pushfmt(msg::CANNOT_OPEN, &[Arg::S(what.as_bytes()), Arg::S(&name[1..]), Arg::S(reason)])?;
        self.remove(-2);
        Ok(LUA_ERRFILE)
    }
}
