//! Reading a binary chunk.
//!
//! Nothing in the input is trusted: sizes are read piece by piece, so that a small chunk cannot ask for much memory,
//! and every function is verified before it can run.
//!
//! Invariants
//! * The main prototype is in a stack slot from the start, inner ones are referred to by their parent as soon as they
//!   exist, strings are referred to by the prototype before anything else is allocated.

use super::format::*;
use super::input::Input;
use super::verify;
use crate::consts::*;
use crate::gc;
use crate::mem::{Array, ByteBuf};
use crate::messages::{self as msg, Arg};
use crate::object::string::{self, new_str};
use crate::object::{Gc, LocVar, LuaClosure, Proto, Str, Thread, UpvalDesc, Value};
use crate::throw::{LResult, Throw};
use crate::vm::message;
use crate::vm::{closure, stack};

/// Levels of nested functions. The reference compiler cannot make as many.
const MAX_DEPTH: u32 = LUAI_MAXCCALLS as u32;
/// Items read into an array before it is grown for more.
const BATCH: usize = 4096;
/// Stack slots: the function, and what making a message needs.
const SLOTS: usize = 8;

struct Loader<'i> {
    l: Gc<Thread>,
    input: &'i mut Input,
    name: &'i [u8],
}

/// Loads a binary chunk; its function is pushed. [-0, +1, e]
pub fn undump(l: Gc<Thread>, input: &mut Input, name: &[u8]) -> LResult<Gc<LuaClosure>> {
    stack::check(l, SLOTS)?;
    let name = match name.split_first() {
        Some((b'@' | b'=', rest)) => rest,
        Some((&first, _)) if first == LUA_SIGNATURE[0] => b"binary string",
        _ => name,
    };
    let slot = l.save_slot(l.top.get());
    let p = Gc::<Proto>::new(l)?;
    l.push(Value::proto(p));
    let mut loader = Loader { l, input, name };
    loader.header()?;
    loader.function(p, 0)?;
    if let Err(reason) = verify::verify(l, p)? {
        return Err(loader.bad(reason));
    }
    closure::new_main(l, p, slot)
}

impl Loader<'_> {
    /// A syntax error: what is wrong with the chunk as a whole.
    #[cold]
    fn error(&mut self, why: &str) -> Throw {
        let args = [Arg::S(self.name), Arg::S(why.as_bytes())];
        match message::push(self.l, msg::PRECOMPILED, &args) {
            Ok(_) => Throw::SYNTAX,
            Err(t) => t,
        }
    }

    /// A syntax error: what is wrong inside.
    #[cold]
    fn bad(&mut self, reason: &str) -> Throw {
        let args = [Arg::S(self.name), Arg::S(reason.as_bytes())];
        match message::push(self.l, msg::BAD_BINARY_FORMAT, &args) {
            Ok(_) => Throw::SYNTAX,
            Err(t) => t,
        }
    }

    #[inline(always)]
    fn bytes<const N: usize>(&mut self) -> LResult<[u8; N]> {
        let mut b = [0; N];
        match self.input.rest().first_chunk::<N>() {
            Some(here) => {
                b = *here;
                self.input.skip(N);
            }
            None => self.fill(&mut b)?,
        }
        Ok(b)
    }

    fn fill(&mut self, to: &mut [u8]) -> LResult<()> {
        if !self.input.read(self.l, to)? {
            return Err(self.error(msg::TRUNCATED));
        }
        Ok(())
    }

    fn byte(&mut self) -> LResult<u8> {
        self.bytes::<1>().map(|b| b[0])
    }

    fn int(&mut self) -> LResult<i32> {
        let n = i32::from_ne_bytes(self.bytes()?);
        if n < 0 {
            return Err(self.error(msg::CORRUPTED));
        }
        Ok(n)
    }

    fn header(&mut self) -> LResult<()> {
        let h = self.bytes::<HEADER_SIZE>()?;
        let same = |n: usize| h[..n] == HEADER[..n];
        if same(HEADER_SIZE) {
            return Ok(());
        }
        Err(self.error(if !same(SIGNATURE_END) {
            msg::NOT_A_CHUNK
        } else if !same(VERSION_END) {
            msg::OTHER_VERSION
        } else if !same(SIZES_END) {
            msg::INCOMPATIBLE
        } else {
            msg::CORRUPTED
        }))
    }

    /// Reads a vector into `array`, which is empty, item by item.
    fn vector<T: Copy>(
        &mut self,
        array: &Array<T>,
        blank: T,
        mut item: impl FnMut(&mut Self, usize) -> LResult<()>,
    ) -> LResult<()> {
        let n = self.int()? as usize;
        let mut ready = 0;
        while ready < n {
            let end = n.min(ready + BATCH.max(ready));
            array.resize(self.l, end, blank)?;
            for i in ready..end {
                item(self, i)?;
            }
            ready = end;
        }
        Ok(())
    }

    /// A vector of 32-bit items.
    fn words<T: Copy>(&mut self, array: &Array<T>, blank: T) -> LResult<()> {
        const { assert!(size_of::<T>() == 4) };
        let n = self.int()? as usize;
        let mut ready = 0;
        while ready < n {
            let end = n.min(ready + BATCH.max(ready));
            array.resize(self.l, end, blank)?;
            // SAFETY: the array has `end` elements of 4 bytes, of which any pattern is valid.
            let to = unsafe {
                core::slice::from_raw_parts_mut(array.as_ptr().add(ready).cast::<u8>(), (end - ready) * 4)
            };
            self.fill(to)?;
            ready = end;
        }
        Ok(())
    }

    /// A string; the caller makes it reachable at once.
    fn string(&mut self) -> LResult<Option<Gc<Str>>> {
        let size = usize::from_ne_bytes(self.bytes()?);
        if size == 0 {
            return Ok(None);
        }
        let len = size - 1;
        let rest = self.input.rest();
        if len <= string::MAX_SHORT && size <= rest.len() {
            let s = new_str(self.l, &rest[..len])?;
            self.input.skip(size);
            return Ok(Some(s));
        }
        let s = if len <= string::MAX_SHORT {
            let mut text = [0; string::MAX_SHORT];
            self.fill(&mut text[..len])?;
            new_str(self.l, &text[..len])?
        } else {
            self.long_string(len)?
        };
        // Its zero byte. The string may be collected by what the reader does: keep it on the stack.
        self.l.push(Value::string(s));
        self.byte()?;
        self.l.drop_values(1);
        Ok(Some(s))
    }

    fn long_string(&mut self, len: usize) -> LResult<Gc<Str>> {
        let l = self.l;
        if let Some(text) = self.input.rest().get(..len) {
            let s = new_str(l, text)?;
            self.input.skip(len);
            return Ok(s);
        }
        // It is not known whether the chunk has that many bytes: gather them first.
        let buf = ByteBuf::empty();
        let result = self.gather(&buf, len).and_then(|()| Ok(new_str(l, buf.bytes())?));
        buf.free(l);
        result
    }

    fn gather(&mut self, buf: &ByteBuf, len: usize) -> LResult<()> {
        while buf.len() < len {
            if self.input.peek(self.l)?.is_none() {
                return Err(self.error(msg::TRUNCATED));
            }
            let rest = self.input.rest();
            let n = rest.len().min(len - buf.len());
            buf.extend(self.l, &rest[..n])?;
            self.input.skip(n);
        }
        Ok(())
    }

    fn keep_string(&mut self, p: Gc<Proto>, s: Option<Gc<Str>>) {
        if let Some(s) = s {
            gc::barrier_object(self.l, p.erase(), s);
        }
    }

    fn function(&mut self, p: Gc<Proto>, depth: u32) -> LResult<()> {
        if depth >= MAX_DEPTH {
            return Err(self.bad(msg::TOO_MANY_LEVELS));
        }
        p.linedefined.set(self.int()?);
        p.lastlinedefined.set(self.int()?);
        p.set_numparams(self.byte()?);
        p.set_vararg(self.byte()? != 0);
        p.set_maxstacksize(self.byte()?);
        self.words(&p.code, 0)?;
        self.vector(&p.k, Value::NIL, |this, i| this.constant(p, i))?;
        self.vector(&p.protos, p, |this, i| {
            let inner = Gc::<Proto>::new(this.l)?;
            p.protos.set(i, inner);
            gc::barrier_object(this.l, p.erase(), inner);
            this.function(inner, depth + 1)
        })?;
        let blank = UpvalDesc { name: None, instack: false, index: 0 };
        self.vector(&p.upvalues, blank, |this, i| {
            let [instack, index] = this.bytes()?;
            p.upvalues.set(i, UpvalDesc { name: None, instack: instack != 0, index });
            Ok(())
        })?;
        self.debug(p)
    }

    fn constant(&mut self, p: Gc<Proto>, i: usize) -> LResult<()> {
        let v = match self.byte()? as i32 {
            LUA_TNIL => Value::NIL,
            LUA_TBOOLEAN => Value::boolean(self.byte()? != 0),
            LUA_TNUMBER => Value::number(f64::from_ne_bytes(self.bytes()?)),
            LUA_TSTRING => {
                let s = self.string()?;
                self.keep_string(p, s);
                match s {
                    Some(s) => Value::string(s),
                    None => return Err(self.bad(msg::BAD_CONSTANT)),
                }
            }
            _ => return Err(self.bad(msg::BAD_CONSTANT)),
        };
        p.k.set(i, v);
        Ok(())
    }

    fn debug(&mut self, p: Gc<Proto>) -> LResult<()> {
        let source = self.string()?;
        self.keep_string(p, source);
        p.source.set(source);
        self.words(&p.lineinfo, 0)?;
        let blank = LocVar { name: None, startpc: 0, endpc: 0 };
        self.vector(&p.locvars, blank, |this, i| {
            let name = this.string()?;
            this.keep_string(p, name);
            p.locvars.set(i, LocVar { name, startpc: 0, endpc: 0 });
            let (startpc, endpc) = (this.int()?, this.int()?);
            p.locvars.set(i, LocVar { name, startpc, endpc });
            Ok(())
        })?;
        let n = self.int()? as usize;
        if n > p.upvalues.len() {
            return Err(self.bad(msg::BAD_UPVALUE_NAMES));
        }
        for i in 0..n {
            let name = self.string()?;
            self.keep_string(p, name);
            p.upvalues.set(i, UpvalDesc { name, ..p.upvalues.get(i) });
        }
        Ok(())
    }
}
