//! Writing a function as a binary chunk.
//!
//! The output is that of the reference library. The writer gets it in fewer pieces: the header, and then, since a call of
//! the writer takes longer than all else, up to `GATHERED` bytes at once and whole vectors that are longer.

use super::format::HEADER;
use crate::boundary;
use crate::consts::*;
use crate::object::c_types::lua_Writer;
use crate::object::{Gc, Proto, Str, Thread, Value};
use crate::throw::LResult;
use crate::vm::call::foreign;
use core::ffi::c_void;

/// Dumps `p` through the host's writer; the writer's last result. `strip` leaves the debug information out.
pub fn dump(l: Gc<Thread>, p: Gc<Proto>, writer: lua_Writer, data: *mut c_void, strip: bool) -> LResult<i32> {
    let call_writer = |piece: &[u8]| {
        // SAFETY: the host promised a `lua_Writer` that is good for `data`; the link is the running state's.
        let r = unsafe {
            boundary::call(
                foreign::link(l),
                writer as *const c_void,
                l.as_ptr() as usize,
                piece.as_ptr() as usize,
                piece.len(),
                data as usize,
            )
        };
        if r.throw == boundary::NONE { Ok(r.value as i32) } else { Err(foreign::landed(l, r.throw)) }
    };
    dump_to(call_writer, p, strip)
}

/// Gives the pieces of the chunk of `p` to `write`. A result of it other than 0 ends the dump and is the result.
pub fn dump_to(mut write: impl FnMut(&[u8]) -> LResult<i32>, p: Gc<Proto>, strip: bool) -> LResult<i32> {
    let mut d = Dumper { write: &mut write, strip, status: 0, gathered: [0; GATHERED], used: 0 };
    d.write(&HEADER)?;
    d.function(p)?;
    d.flush()?;
    Ok(d.status)
}

/// The bytes up to which small items are given to the writer at once.
const GATHERED: usize = 512;

struct Dumper<'a> {
    write: &'a mut dyn FnMut(&[u8]) -> LResult<i32>,
    strip: bool,
    status: i32,
    gathered: [u8; GATHERED],
    /// bytes of `gathered` that are to be written
    used: usize,
}

impl Dumper<'_> {
    fn write(&mut self, bytes: &[u8]) -> LResult<()> {
        if self.status == 0 {
            self.status = (self.write)(bytes)?;
        }
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn flush(&mut self) -> LResult<()> {
        let used = core::mem::take(&mut self.used);
        if self.status == 0 && used != 0 {
            self.status = (self.write)(&self.gathered[..used])?;
        }
        Ok(())
    }

    fn block(&mut self, bytes: &[u8]) -> LResult<()> {
        if bytes.len() > GATHERED - self.used {
            self.flush()?;
        }
        match self.gathered.get_mut(self.used..self.used + bytes.len()) {
            Some(room) => {
                room.copy_from_slice(bytes);
                self.used += bytes.len();
                Ok(())
            }
            None => self.write(bytes),
        }
    }

    #[inline(never)]
    fn item<const N: usize>(&mut self, bytes: [u8; N]) -> LResult<()> {
        if let Some(room) = self.gathered.get_mut(self.used..).and_then(<[u8]>::first_chunk_mut) {
            *room = bytes;
            self.used += N;
            return Ok(());
        }
        self.block(&bytes)
    }

    fn byte(&mut self, b: u8) -> LResult<()> {
        self.item([b])
    }

    fn int(&mut self, n: i32) -> LResult<()> {
        self.item(n.to_ne_bytes())
    }

    /// A vector of 32-bit items.
    fn words<T: Copy>(&mut self, items: &crate::mem::Array<T>, count: usize) -> LResult<()> {
        const { assert!(size_of::<T>() == 4) };
        self.int(count as i32)?;
        let bytes = if count == 0 {
            &[]
        } else {
            // SAFETY: the array holds at least `count` plain integers.
            unsafe { core::slice::from_raw_parts(items.as_ptr().cast::<u8>(), count * 4) }
        };
        self.block(bytes)
    }

    fn string(&mut self, s: Option<Gc<Str>>) -> LResult<()> {
        let size = s.map_or(0, |s| s.len() + 1);
        self.item(size.to_ne_bytes())?;
        if let Some(s) = s {
            // SAFETY: a zero byte follows the string's bytes.
            self.block(unsafe { core::slice::from_raw_parts(s.data(), size) })?;
        }
        Ok(())
    }

    fn function(&mut self, p: Gc<Proto>) -> LResult<()> {
        self.int(p.linedefined.get())?;
        self.int(p.lastlinedefined.get())?;
        self.byte(p.numparams())?;
        self.byte(p.is_vararg() as u8)?;
        self.byte(p.maxstacksize())?;
        self.words(&p.code, p.code.len())?;
        self.int(p.k.len() as i32)?;
        for k in p.k.cells() {
            self.constant(k.get())?;
        }
        self.int(p.protos.len() as i32)?;
        for inner in p.protos.cells() {
            self.function(inner.get())?;
        }
        self.int(p.upvalues.len() as i32)?;
        for u in p.upvalues.cells() {
            self.byte(u.get().instack as u8)?;
            self.byte(u.get().index)?;
        }
        self.debug(p)
    }

    fn constant(&mut self, k: Value) -> LResult<()> {
        self.byte(k.type_id() as u8)?;
        if let Some(s) = k.as_string() {
            self.string(Some(s))
        } else if let Some(n) = k.as_number() {
            self.item(n.to_ne_bytes())
        } else if k.is_boolean() {
            self.byte((k == Value::TRUE) as u8)
        } else {
            debug_assert!(k.type_id() == LUA_TNIL);
            Ok(())
        }
    }

    fn debug(&mut self, p: Gc<Proto>) -> LResult<()> {
        let kept = |n: usize| if self.strip { 0 } else { n };
        let (lines, locals, names) = (kept(p.lineinfo.len()), kept(p.locvars.len()), kept(p.upvalues.len()));
        self.string(if self.strip { None } else { p.source.get() })?;
        self.words(&p.lineinfo, lines)?;
        self.int(locals as i32)?;
        for var in &p.locvars.cells()[..locals] {
            self.string(var.get().name)?;
            self.int(var.get().startpc)?;
            self.int(var.get().endpc)?;
        }
        self.int(names as i32)?;
        for u in &p.upvalues.cells()[..names] {
            self.string(u.get().name)?;
        }
        Ok(())
    }
}
