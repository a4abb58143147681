//! What a running or suspended call can be asked: lines, names, variables; and the hooks.
//!
//! Invariants
//! * Everything is told from the PUC bytecode: instruction `i` of the executable form stands for `code[i]`, and the
//!   saved pc of a frame is one past the instruction being run (`CallInfo::current_pc`).
//! * Debug information may be absent (stripped chunks) and is not trusted: every access is checked.
//! * Names point into strings that the function's prototype keeps alive, or to static text; both are followed by a
//!   zero byte, so that `lua_Debug` can hold them.
//! * `Thread::old_pc` may be stale (another function, even a freed one): it is compared, never dereferenced.

use crate::boundary;
use crate::bytecode::{Instruction, MAX_INDEX_RK, Op, is_k, k_index};
use crate::consts::*;
use crate::gc;
use crate::messages as msg;
use crate::object::chunkid::{self, ChunkId};
use crate::object::thread::{YIELD_PENDING, cist, lua_Hook};
use crate::object::{CallInfo, Gc, Lua, LuaClosure, Proto, Str, Table, TagMethod, Value};
use crate::throw::{LResult, Throw};
use crate::vm::Insn;
use crate::vm::{call, keep};
use core::ffi::{CStr, c_char, c_void};
use core::mem::MaybeUninit;
use core::sync::atomic::{Ordering, compiler_fence};

type Bytes = &'static [u8];

/// Activation record for the debug interface (manual 4.9).
#[repr(C)]
#[allow(non_camel_case_types)]
pub struct lua_Debug {
    pub event: i32,
    pub name: *const c_char,
    pub namewhat: *const c_char,
    pub what: *const c_char,
    pub source: *const c_char,
    pub currentline: i32,
    pub linedefined: i32,
    pub lastlinedefined: i32,
    pub nups: u8,
    pub nparams: u8,
    pub isvararg: c_char,
    pub istailcall: c_char,
    pub short_src: [c_char; LUA_IDSIZE],
    /// private: the CallInfo
    pub i_ci: *const CallInfo,
}

impl lua_Debug {
    pub const fn new() -> lua_Debug {
        lua_Debug {
            event: 0,
            name: core::ptr::null(),
            namewhat: core::ptr::null(),
            what: core::ptr::null(),
            source: core::ptr::null(),
            currentline: 0,
            linedefined: 0,
            lastlinedefined: 0,
            nups: 0,
            nparams: 0,
            isvararg: 0,
            istailcall: 0,
            short_src: [0; LUA_IDSIZE],
            i_ci: core::ptr::null(),
        }
    }
}

impl Default for lua_Debug {
    fn default() -> Self {
        Self::new()
    }
}

fn text(s: Gc<Str>) -> Bytes {
    // SAFETY: a string's bytes neither move nor change while it lives (module invariant on names).
    unsafe { core::slice::from_raw_parts(s.data(), s.len()) }
}

// ---- frames and lines -----------------------------------------------------------------------------------------

/// The frame `level` calls below the running one (0); `None` past the last one. The host's own level does not count.
pub fn frame_at(l: Lua, level: i32) -> Option<&'static CallInfo> {
    let mut ci = l.ci.get();
    let mut level = level;
    while level >= 0 && !core::ptr::eq(ci, &l.base_ci) {
        // SAFETY: the chain of active frames is live and ends at `base_ci`.
        let frame = unsafe { &*ci };
        if level == 0 {
            return Some(frame);
        }
        level -= 1;
        ci = frame.prev.get();
    }
    None
}

/// Number of calls in progress.
pub fn frame_count(l: Lua) -> i32 {
    let (mut ci, mut n) = (l.ci.get(), 0);
    while !core::ptr::eq(ci, &l.base_ci) {
        n += 1;
        // SAFETY: as in `frame_at`.
        ci = unsafe { (*ci).prev.get() };
    }
    n
}

/// Source line of an instruction; 0 when the lines were stripped.
fn line_of(p: &Proto, pc: i32) -> i32 {
    p.lineinfo.cells().get(pc as usize).map_or(0, |c| c.get())
}

/// The line a frame is at; -1 for functions that are not written in Lua.
pub fn current_line(ci: &CallInfo) -> i32 {
    if ci.is_lua() { line_of(&ci.closure().proto, ci.current_pc()) } else { -1 }
}

/// Short source and line of the function at `level`, when it has lines.
pub fn position(l: Lua, level: i32) -> Option<(ChunkId, i32)> {
    let ci = frame_at(l, level)?;
    let line = current_line(ci);
    (line > 0).then(|| (ChunkId::new(source_of(&ci.closure().proto)), line))
}

/// Name of the chunk a function comes from.
pub fn source_of(p: &Proto) -> Bytes {
    p.source.get().map_or(c"=?".to_bytes(), text)
}

/// Pushes the message on top with "source:line: " in front when a Lua function is running. (The message itself stays below,
/// where who looks at the stack of a coroutine that died of it will find it.)
pub fn add_position(l: Lua) -> LResult<()> {
    use crate::api::Arg;
    let ci = l.call_info();
    if !ci.is_lua() {
        return Ok(());
    }
    let line = Arg::D(current_line(ci) as i64);
    let message = l.from_top(1).as_string().map_or(c"".to_bytes(), text);
    match ci.closure().proto.source.get() {
        Some(s) => {
            let id = ChunkId::new(text(s));
            l.push_message(msg::POSITION, &[Arg::S(id.bytes()), line, Arg::S(message)])?;
        }
        None => {
            l.push_message(msg::POSITION, &[Arg::S(b"?"), line, Arg::S(message)])?;
        }
    }
    Ok(())
}

// ---- names ----------------------------------------------------------------------------------------------------

/// How a value was reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NameKind {
    Global,
    Local,
    Method,
    Field,
    Upvalue,
    Constant,
    ForIterator,
    Metamethod,
}

impl NameKind {
    pub fn text(self) -> &'static CStr {
        match self {
            NameKind::Global => c"global",
            NameKind::Local => c"local",
            NameKind::Method => c"method",
            NameKind::Field => c"field",
            NameKind::Upvalue => c"upvalue",
            NameKind::Constant => c"constant",
            NameKind::ForIterator => c"for iterator",
            NameKind::Metamethod => c"metamethod",
        }
    }
}

const UNKNOWN: &CStr = c"?";

/// Name of the `n`-th local variable (from 1) that is active at `pc`.
pub fn local_name(p: &Proto, n: i32, pc: i32) -> Option<Bytes> {
    let mut n = n;
    for v in p.locvars.cells() {
        let v = v.get();
        if v.startpc > pc {
            break;
        }
        if pc < v.endpc {
            n -= 1;
            if n == 0 {
                return Some(v.name.map_or(UNKNOWN.to_bytes(), text));
            }
        }
    }
    None
}

/// Name of an upvalue, "?" when it was stripped.
fn upvalue_name(p: &Proto, i: u32) -> Bytes {
    let name = p.upvalues.cells().get(i as usize).and_then(|d| d.get().name);
    name.map_or(UNKNOWN.to_bytes(), text)
}

fn instruction(p: &Proto, pc: i32) -> Instruction {
    Instruction(p.code.get(pc as usize))
}

fn constant_string(p: &Proto, i: u32) -> Option<Bytes> {
    p.k.cells().get(i as usize)?.get().as_string().map(text)
}

/// The last instruction before `pc` that is certain to have set register `reg`; `None` when a jump could have gone
/// around it.
fn setter(p: &Proto, pc: i32, reg: u32) -> Option<i32> {
    let mut found = None;
    // Instructions below this pc can be jumped over.
    let mut jump_target = 0;
    for at in 0..pc {
        let i = instruction(p, at);
        let op = i.op();
        let a = i.a();
        let sets = match op {
            Op::LoadNil => (a..=a + i.b()).contains(&reg),
            Op::TForCall => reg >= a + 2,
            Op::Call | Op::TailCall => reg >= a,
            // What is skipped may set the register in both ways.
            Op::Test => reg == a,
            Op::Jmp => {
                let to = at + 1 + i.sbx();
                if at < to && to <= pc && to > jump_target {
                    jump_target = to;
                }
                false
            }
            _ => op.info().sets_a && reg == a,
        };
        if sets {
            found = (at >= jump_target).then_some(at);
        }
    }
    found
}

/// What the value in register `reg` is called at `pc`.
fn register_name(p: &Proto, pc: i32, reg: u32) -> Option<(NameKind, Bytes)> {
    if let Some(name) = local_name(p, reg as i32 + 1, pc) {
        return Some((NameKind::Local, name));
    }
    let at = setter(p, pc, reg)?;
    let i = instruction(p, at);
    match i.op() {
        // From a register below; from one above it would be a temporary.
        Op::Move if i.b() < i.a() => register_name(p, at, i.b()),
        Op::GetTabUp => Some(field_name(p, at, Some(upvalue_name(p, i.b())), i.c())),
        Op::GetTable => Some(field_name(p, at, local_name(p, i.b() as i32 + 1, at), i.c())),
        Op::GetUpval => Some((NameKind::Upvalue, upvalue_name(p, i.b()))),
        Op::LoadK | Op::LoadKX => loaded_constant(p, at).map(|s| (NameKind::Constant, s)),
        Op::SelfOp => Some((NameKind::Method, key_name(p, at, i.c()))),
        _ => None,
    }
}

/// A field of the table called `table`: a global variable when that is `_ENV`.
fn field_name(p: &Proto, pc: i32, table: Option<Bytes>, key: u32) -> (NameKind, Bytes) {
    let is_env = table == Some(LUA_ENV.to_bytes());
    (if is_env { NameKind::Global } else { NameKind::Field }, key_name(p, pc, key))
}

/// Text of an RK operand used as key, "?" when it is no string or not known.
fn key_name(p: &Proto, pc: i32, rk: u32) -> Bytes {
    let name = if is_k(rk) {
        constant_string(p, k_index(rk))
    } else {
        debug_assert!(rk <= MAX_INDEX_RK);
        register_constant(p, pc, rk)
    };
    name.unwrap_or(UNKNOWN.to_bytes())
}

/// The constant string that register `reg` holds at `pc`: `register_name` for those who only ask for constants. (It
/// does not follow keys of keys, of which made-up code can have as many as it has instructions.)
fn register_constant(p: &Proto, pc: i32, reg: u32) -> Option<Bytes> {
    let (mut pc, mut reg) = (pc, reg);
    loop {
        if local_name(p, reg as i32 + 1, pc).is_some() {
            return None;
        }
        pc = setter(p, pc, reg)?;
        let i = instruction(p, pc);
        match i.op() {
            Op::Move if i.b() < i.a() => reg = i.b(),
            Op::LoadK | Op::LoadKX => return loaded_constant(p, pc),
            _ => return None,
        }
    }
}

/// The string that the `LoadK` or `LoadKX` at `pc` loads.
fn loaded_constant(p: &Proto, pc: i32) -> Option<Bytes> {
    let i = instruction(p, pc);
    if i.op() == Op::LoadK {
        return constant_string(p, i.bx());
    }
    let extra = p.code.cells().get(pc as usize + 1)?.get();
    constant_string(p, Instruction(extra).get_ax())
}

/// The variable that lives at `slot` of the running function, for messages. Null: none.
pub fn var_info(l: Lua, slot: *const Value) -> Option<(&'static str, &'static [u8])> {
    let ci = l.call_info();
    if slot.is_null() || !ci.is_lua() {
        return None;
    }
    let cl = ci.closure();
    let (kind, name) = upvalue_at(cl, slot).or_else(|| {
        let inside = slot >= ci.base.get().cast_const() && slot < ci.top.get().cast_const();
        let reg = (slot as usize).wrapping_sub(ci.base.get() as usize) / size_of::<Value>();
        if inside { register_name(&cl.proto, ci.current_pc(), reg as u32) } else { None }
    })?;
    Some((kind.text().to_str().unwrap_or(""), name))
}

fn upvalue_at(cl: Gc<LuaClosure>, slot: *const Value) -> Option<(NameKind, Bytes)> {
    let i = cl.upvals().iter().position(|u| u.get().is_some_and(|u| core::ptr::eq(u.v.get(), slot)))?;
    Some((NameKind::Upvalue, upvalue_name(&cl.proto, i as u32)))
}

/// How the Lua frame `ci` refers to the function that its current instruction calls.
fn callee_name(l: Lua, ci: &CallInfo) -> Option<(NameKind, Bytes)> {
    let p = ci.closure().proto;
    let pc = ci.current_pc();
    let i = instruction(&p, pc);
    let op = i.op();
    let tm = match op {
        Op::Call | Op::TailCall => return register_name(&p, pc, i.a()),
        Op::TForCall => return Some((NameKind::ForIterator, NameKind::ForIterator.text().to_bytes())),
        Op::SelfOp | Op::GetTabUp | Op::GetTable => TagMethod::Index,
        Op::SetTabUp | Op::SetTable => TagMethod::NewIndex,
        Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Mod | Op::Pow | Op::Unm => {
            TagMethod::from_arith(op as u8 - Op::Add as u8)
        }
        Op::Eq => TagMethod::Eq,
        Op::Len => TagMethod::Len,
        Op::Lt => TagMethod::Lt,
        Op::Le => TagMethod::Le,
        Op::Concat => TagMethod::Concat,
        _ => return None,
    };
    Some((NameKind::Metamethod, text(l.global().tm_name(tm))))
}

/// How the function running in frame `ci` was called, as far as its caller tells.
pub fn func_name(l: Lua, ci: &CallInfo) -> Option<(NameKind, Bytes)> {
    // SAFETY: a frame other than the host's has a previous one, and only the host's has none.
    let prev = unsafe { ci.prev.get().as_ref() }?;
    if ci.has(cist::TAIL) || !prev.is_lua() { None } else { callee_name(l, prev) }
}

// ---- lua_getinfo ----------------------------------------------------------------------------------------------

fn c_text(b: Bytes) -> *const c_char {
    b.as_ptr().cast()
}

/// What the options of `lua_getinfo` ask for.
mod wants {
    pub const SOURCE: u32 = 1;
    pub const LINE: u32 = 2;
    pub const UPVALUES: u32 = 4;
    pub const TAIL_CALL: u32 = 8;
    pub const NAME: u32 = 16;
    pub const LINES: u32 = 32;
    pub const FUNCTION: u32 = 64;
    pub const UNKNOWN: u32 = 128;

    pub fn options(letters: impl Iterator<Item = u8>) -> u32 {
        letters.fold(0, |wanted, letter| {
            wanted
                | match letter {
                    b'S' => SOURCE,
                    b'l' => LINE,
                    b'u' => UPVALUES,
                    b't' => TAIL_CALL,
                    b'n' => NAME,
                    b'L' => LINES,
                    b'f' => FUNCTION,
                    _ => UNKNOWN,
                }
        })
    }
}

/// `lua_getinfo` where it only fills in what it knows of a frame; `None` when there is more to do.
#[inline(always)]
pub fn quick_info(l: Lua, options: impl Iterator<Item = u8>, ar: &mut lua_Debug) -> Option<bool> {
    let wanted = wants::options(options);
    if wanted & (wants::LINES | wants::FUNCTION | wants::UNKNOWN) != 0 {
        return None;
    }
    // SAFETY: without '>', which is none of these options, the record is that of an active frame.
    let ci = unsafe { ar.i_ci.as_ref() }?;
    fill(l, wanted, ar, ci.function(), Some(ci));
    Some(true)
}

/// Fills in what the options ask for about a function or the frame of the record. The function, and whether all options are
/// known.
pub fn describe(l: Lua, options: &[u8], ar: &mut lua_Debug, func: Option<Value>) -> (Value, bool) {
    let wanted = wants::options(options.iter().copied());
    // SAFETY: without a function the record comes from `lua_getstack` or a hook and its frame is still active.
    let ci = if func.is_some() { None } else { unsafe { ar.i_ci.as_ref() } };
    let func = func.or_else(|| ci.map(CallInfo::function)).unwrap_or(Value::NIL);
    fill(l, wanted, ar, func, ci);
    (func, wanted & wants::UNKNOWN == 0)
}

/// `lua_getinfo`: false when an option is unknown.
pub fn get_info(l: Lua, what: &[u8], ar: &mut lua_Debug) -> LResult<bool> {
    let (what, of_top) = match what.split_first() {
        Some((b'>', rest)) => (rest, true),
        _ => (what, false),
    };
    let wanted = wants::options(what.iter().copied());
    let (func, known) = describe(l, what, ar, of_top.then(|| l.from_top(1)));
    // A function given on the stack stays there until everything about it is told: it may have no other anchor.
    if wanted & wants::FUNCTION != 0 && !of_top {
        l.push(func);
    }
    if wanted & wants::LINES != 0 {
        push_active_lines(l, func)?;
        gc::check(l)?;
    }
    if of_top && wanted & wants::FUNCTION == 0 {
        let lines = l.from_top(1);
        l.drop_values(1);
        if wanted & wants::LINES != 0 {
            // SAFETY: the slot of the function, below the table of lines.
            unsafe { *l.top.get().sub(1) = lines };
        }
    }
    Ok(known)
}

/// Fills in what is wanted of a function and, if it is active, its frame.
fn fill(l: Lua, wanted: u32, ar: &mut lua_Debug, func: Value, ci: Option<&CallInfo>) {
    let lua = func.as_lua_closure();
    if wanted & wants::SOURCE != 0 {
        let source = match lua {
            Some(cl) => {
                let p = cl.proto;
                ar.linedefined = p.linedefined.get();
                ar.lastlinedefined = p.lastlinedefined.get();
                ar.what = if ar.linedefined == 0 { c"main" } else { c"Lua" }.as_ptr();
                source_of(&p)
            }
            None => {
                ar.linedefined = -1;
                ar.lastlinedefined = -1;
                ar.what = c"C".as_ptr();
                c"=[C]".to_bytes()
            }
        };
        ar.source = c_text(source);
        // SAFETY: `c_char` is a byte.
        chunkid::write(source, unsafe { &mut *(&raw mut ar.short_src).cast() });
    }
    if wanted & wants::LINE != 0 {
        ar.currentline = ci.map_or(-1, current_line);
    }
    if wanted & wants::UPVALUES != 0 {
        (ar.nups, ar.nparams, ar.isvararg) = match lua {
            Some(cl) => (cl.nupvalues() as u8, cl.proto.numparams(), cl.proto.is_vararg() as c_char),
            None => (func.as_c_closure().map_or(0, |c| c.nupvalues() as u8), 0, 1),
        }
    }
    if wanted & wants::TAIL_CALL != 0 {
        ar.istailcall = if ci.is_some_and(|ci| ci.has(cist::TAIL)) { TRUE_TAIL_CALL } else { 0 };
    }
    if wanted & wants::NAME != 0 {
        (ar.namewhat, ar.name) = match ci.and_then(|ci| func_name(l, ci)) {
            Some((kind, name)) => (kind.text().as_ptr(), c_text(name)),
            None => (c"".as_ptr(), core::ptr::null()),
        }
    }
}

/// Pushes the table whose keys are the lines that have code; nil for a function that is not written in Lua. The function is
/// reachable. Runs no finalizer.
pub fn push_active_lines(l: Lua, func: Value) -> LResult<()> {
    let Some(cl) = func.as_lua_closure() else {
        l.push(Value::NIL);
        return Ok(());
    };
    let t = Gc::<Table>::new(l)?;
    l.push(Value::table(t));
    for line in cl.proto.lineinfo.cells() {
        t.set_int(l, line.get() as i64, Value::TRUE)?;
    }
    Ok(())
}

// ---- variables ------------------------------------------------------------------------------------------------

/// Name and slot of the `n`-th local variable of a frame; with `n` negative, of a vararg.
#[inline(never)]
fn find_local(l: Lua, ci: &CallInfo, n: i32) -> Option<(Bytes, *mut Value)> {
    let func = ci.function_slot();
    let mut base = func.wrapping_add(1);
    let mut name = None;
    if ci.is_lua() {
        let p = ci.closure().proto;
        if n < 0 {
            // Varargs lie between the function and the base, after the slots the fixed parameters came from.
            let (n, params) = (n.unsigned_abs() as usize, p.numparams() as usize);
            let below = (ci.base.get() as usize - func as usize) / size_of::<Value>();
            let slot = func.wrapping_add(params + n);
            return (params + n < below).then_some((c"(*vararg)".to_bytes(), slot));
        }
        base = ci.base.get();
        // A binary chunk may name more variables than there are registers.
        name = local_name(&p, n, ci.current_pc()).filter(|_| n <= p.maxstacksize() as i32);
    }
    if name.is_none() {
        let limit = next_function(l, ci).unwrap_or(l.top.get());
        let room = (limit as usize).saturating_sub(base as usize) / size_of::<Value>();
        if n > 0 && n as usize <= room {
            name = Some(c"(*temporary)".to_bytes());
        }
    }
    name.map(|name| (name, base.wrapping_add((n as usize).wrapping_sub(1))))
}

/// The slot of the function that the frame has called.
fn next_function(l: Lua, ci: &CallInfo) -> Option<*mut Value> {
    // SAFETY: a frame that is not the running one has a next one.
    (!core::ptr::eq(ci, l.ci.get())).then(|| unsafe { (*ci.next.get()).function_slot() })
}

/// Name and value of a local variable.
pub fn get_local(l: Lua, ci: &CallInfo, n: i32) -> Option<(Bytes, Value)> {
    // SAFETY: a slot of an active frame.
    find_local(l, ci, n).map(|(name, slot)| (name, unsafe { *slot }))
}

/// Name of a parameter of a function that is not active.
pub fn parameter_name(func: Value, n: i32) -> Option<Bytes> {
    local_name(&func.as_lua_closure()?.proto, n, 0)
}

/// Assigns `v`, which is reachable, to a local variable of a frame of `th`; its name. `None` when there is no such variable,
/// or no memory. `l` is the running thread.
pub fn set_local(l: Lua, th: Lua, ci: &CallInfo, n: i32, v: Value) -> Option<Bytes> {
    let (name, slot) = find_local(th, ci, n)?;
    // A variable may lie where the next frame is: made-up debug information says so, and at a return what is behind the results
    // is gone. That frame relies on what its function is.
    if next_function(th, ci).is_some_and(|next| slot >= next) {
        return None;
    }
    // SAFETY: a slot of an active frame.
    unsafe {
        if !ci.is_lua() {
            keep::until_end_of(l, th, ci, *slot).ok()?;
        }
        *slot = v;
    }
    Some(name)
}

// ---- hooks ----------------------------------------------------------------------------------------------------

/// What `lua_Debug::istailcall` is for one: hosts that print it, or compare it, know the reference's value.
const TRUE_TAIL_CALL: c_char = 64;

/// `lua_sethook`. May be called from a signal handler that interrupted this thread anywhere, and from another thread: it
/// only stores, and the mask, which makes the rest visible, last. (So it does not look at the running function, which may
/// be gone before it is read.)
pub fn set_hook(l: Lua, hook: Option<lua_Hook>, mask: i32, count: i32) {
    let (hook, mask) = if hook.is_none() || mask == 0 { (None, 0) } else { (hook, mask as u8) };
    l.hook.set(hook);
    l.base_hook_count.set(count);
    l.hook_count.set(count);
    compiler_fence(Ordering::SeqCst);
    // A yield that waits for its instruction goes on waiting.
    l.hook_mask_atomic().fetch_and(YIELD_PENDING, Ordering::Relaxed);
    l.hook_mask_atomic().fetch_or(mask, Ordering::Relaxed);
}

/// Calls the hook, if there is one and hooks are allowed. The frame's limit and the top are as before afterwards.
#[cold]
#[inline(never)]
pub fn call_hook(l: Lua, event: i32, line: i32) -> LResult<()> {
    call_hook_inline(l, event, line)
}

#[inline(always)]
pub fn call_hook_inline(l: Lua, event: i32, line: i32) -> LResult<()> {
    let Some(hook) = l.hook.get() else { return Ok(()) };
    if !l.allow_hook.get() {
        return Ok(());
    }
    let ci = l.call_info();
    let (top, limit) = (l.save_slot(l.top.get()), l.save_slot(ci.top.get()));
    let mut record = MaybeUninit::<lua_Debug>::uninit();
    let ar = record.as_mut_ptr();
    // SAFETY: valid for writing; the rest of the record is for `lua_getinfo` to fill.
    unsafe {
        (&raw mut (*ar).event).write(event);
        (&raw mut (*ar).currentline).write(line);
        (&raw mut (*ar).i_ci).write(ci);
    }
    call::check_stack(l, LUA_MINSTACK as usize)?;
    ci.top.set(l.top.get().wrapping_add(LUA_MINSTACK as usize));
    l.allow_hook.set(false);
    // SAFETY: the host's hook, called with its own thread and a record that lives as long as the call.
    let r = unsafe {
        boundary::call(call::link(l), hook as *const c_void, l.as_ptr() as usize, ar as usize, 0, 0)
    };
    if r.throw != boundary::NONE && r.throw != boundary::FOREIGN {
        // Whoever stops the error allows hooks again.
        return Err(call::landed(l, r.throw));
    }
    l.allow_hook.set(true);
    ci.top.set(l.restore_slot(limit));
    l.top.set(l.restore_slot(top));
    // Nobody stops a foreign exception.
    if r.throw == boundary::NONE { Ok(()) } else { Err(call::landed(l, r.throw)) }
}

/// Index of the instruction that `pc` points to; past the end for those of other functions.
fn index_of(p: &Proto, pc: *const Insn) -> usize {
    (pc as usize).wrapping_sub(p.exec.get() as usize) / size_of::<Insn>()
}

/// The count and line hooks of one instruction of a Lua function: called before it runs, when the hook count has come
/// down to 0, the line hook is on or a yield is pending, with the frame's saved pc already past it. `Err(YIELD)` when a
/// hook yielded; the instruction then runs after the resume.
#[inline(never)]
pub fn trace_exec(l: Lua) -> LResult<()> {
    let mask = l.hook_mask() as i32;
    let ci = l.call_info();
    if mask & YIELD_PENDING as i32 != 0 && pending_yield(l, ci)? {
        return Ok(());
    }
    let count_due = mask & LUA_MASKCOUNT != 0 && l.hook_count.get() == 0;
    if count_due {
        l.hook_count.set(l.base_hook_count.get());
    }
    if ci.has(cist::HOOKYIELD) {
        // The hook ran before the yield.
        ci.clear_status(cist::HOOKYIELD);
        return Ok(());
    }
    if count_due {
        call_hook(l, LUA_HOOKCOUNT, -1)?;
    }
    if mask & LUA_MASKLINE != 0 {
        let p = ci.lua_closure().proto;
        let lines = p.lineinfo.cells();
        let line_at = |pc: usize| lines.get(pc).map_or(0, |line| line.get());
        let pc = index_of(&p, ci.savedpc.get()) - 1;
        let line = line_at(pc);
        // Wraps for the code of another function.
        let old = index_of(&p, l.old_pc.get()).wrapping_sub(1);
        // A new function, a jump back, or a new line.
        if pc == 0 || pc <= old || line != line_at(old) {
            call_hook_inline(l, LUA_HOOKLINE, line)?;
        }
    }
    l.old_pc.set(ci.savedpc.get());
    // (That of a call may have been followed by a call that cannot yield.)
    if l.status() == LUA_YIELD && l.nny.get() == 0 {
        if count_due {
            l.hook_count.set(1);
        }
        ci.add_status(cist::HOOKYIELD);
        return Err(suspend(l, ci));
    }
    Ok(())
}

/// Takes the yield that a library function kept. When the running function cannot, the next count that is over will say so;
/// whether no hook is due now.
#[cold]
#[inline(never)]
fn pending_yield(l: Lua, ci: &CallInfo) -> LResult<bool> {
    l.hook_mask_atomic().fetch_and(!YIELD_PENDING, Ordering::Relaxed);
    if l.nny.get() == 0 {
        // The instruction is not counted before it runs.
        l.hook_count.set(l.hook_count.get() + 1);
        return Err(suspend(l, ci));
    }
    Ok(l.hook_mask() & LUA_MASKLINE as u8 == 0 && l.hook_count.get() != 0)
}

/// The running Lua function is suspended before its instruction.
#[cold]
#[inline(never)]
fn suspend(l: Lua, ci: &CallInfo) -> Throw {
    l.set_status(LUA_YIELD as u8);
    ci.savedpc.set(ci.savedpc.get().wrapping_sub(1));
    ci.hide_below(l.top.get().wrapping_sub(1));
    Throw::YIELD
}
