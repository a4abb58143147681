//! The collector on heaps made through the API, with its checker when `heapcheck` is on.

use crate::api::state;
use crate::api::{Bytes, Lua, library_function};
use crate::consts::*;
use crate::mem;
use crate::object::Builtin;
use crate::sys;
use crate::throw::{LResult, Throw};
use core::ffi::c_void;
use std::string::String;
use std::vec::Vec;

/// An allocator with a limit that counts what is given out and aborts on a wrong size.
struct Counter {
    blocks: std::collections::HashMap<usize, usize>,
    bytes: usize,
    limit: usize,
}

unsafe extern "C" fn counting(ud: *mut c_void, ptr: *mut c_void, osize: usize, nsize: usize) -> *mut c_void {
    // SAFETY: `ud` is the test's counter, used by one thread; blocks come from here.
    unsafe {
        let c = &mut *ud.cast::<Counter>();
        let old = if ptr.is_null() { 0 } else { osize };
        if !ptr.is_null() {
            assert_eq!(c.blocks.get(&(ptr as usize)), Some(&osize), "wrong old size");
        }
        if nsize == 0 {
            if !ptr.is_null() {
                c.blocks.remove(&(ptr as usize));
                c.bytes -= old;
                // Whoever uses it still gets nonsense.
                ptr.cast::<u8>().write_bytes(0xA5, old);
                sys::free(ptr);
            }
            return core::ptr::null_mut();
        }
        if nsize > old && c.bytes - old + nsize > c.limit {
            return core::ptr::null_mut();
        }
        let p = sys::malloc(nsize);
        if !ptr.is_null() {
            core::ptr::copy_nonoverlapping(ptr.cast::<u8>(), p.cast(), old.min(nsize));
            c.blocks.remove(&(ptr as usize));
            ptr.cast::<u8>().write_bytes(0xA5, old);
            sys::free(ptr);
        }
        c.blocks.insert(p as usize, nsize);
        c.bytes = c.bytes - old + nsize;
        p
    }
}

/// Runs `body` on a fresh state and checks that all memory comes back.
fn with_state(body: impl FnOnce(Lua, *mut Counter)) {
    let mut c = Counter { blocks: Default::default(), bytes: 0, limit: usize::MAX };
    let p = &raw mut c;
    // SAFETY: `counting` is an allocator and `c` outlives the state.
    let l = unsafe { state::new_state(counting, p.cast()) }.expect("a state");
    body(l, p);
    state::close_state(*l);
    assert_eq!((c.bytes, c.blocks.len()), (0, 0), "memory left after close");
}

fn collect(l: Lua) {
    assert_eq!(l.gc(LUA_GCCOLLECT, 0), Ok(0));
}
fn in_use(l: Lua) -> usize {
    l.gc(LUA_GCCOUNT, 0).unwrap() as usize * 1024 + l.gc(LUA_GCCOUNTB, 0).unwrap() as usize
}
/// Records what is finalized: appends the field `name` of its argument to the registry's "log".
fn log_name(l: Lua) -> LResult<i32> {
    l.getfield(1, b"name")?;
    let name: Vec<u8> = l.tolstring(-1)?.unwrap_or(Bytes::fixed(b"?")).to_vec();
    l.getfield(LUA_REGISTRYINDEX, b"log")?;
    let mut log: Vec<u8> = l.tolstring(-1)?.unwrap_or(Bytes::fixed(b"")).to_vec();
    log.extend(name);
    l.pushlstring(&log)?;
    l.setfield(LUA_REGISTRYINDEX, b"log")?;
    Ok(0)
}
static LOG_NAME: Builtin = library_function(0, "log_name", log_name);
fn log(l: Lua) -> String {
    l.getfield(LUA_REGISTRYINDEX, b"log").unwrap();
    let s: Bytes = l.tolstring(-1).unwrap().unwrap_or(Bytes::fixed(b""));
    let s = String::from_utf8(s.to_vec()).unwrap();
    l.pop(1);
    s
}
/// Pushes a table { name = name } with a metatable { [event] = f }.
fn push_object(l: Lua, name: &str, event: &str, f: &'static Builtin) -> LResult<()> {
    l.createtable(0, 0)?;
    l.pushlstring(name.as_bytes())?;
    l.setfield(-2, b"name")?;
    l.createtable(0, 0)?;
    l.pushbuiltin(f, 0)?;
    l.setfield(-2, event.as_bytes())?;
    l.setmetatable(-2);
    Ok(())
}
fn push_weak(l: Lua, mode: &str) -> LResult<()> {
    l.createtable(0, 0)?;
    l.createtable(0, 0)?;
    l.pushlstring(mode.as_bytes())?;
    l.setfield(-2, b"__mode")?;
    l.setmetatable(-2);
    Ok(())
}
fn count(l: Lua, idx: i32) -> usize {
    let idx = l.absindex(idx);
    let mut n = 0;
    l.pushnil();
    while l.next(idx).unwrap() {
        l.pop(1);
        n += 1;
    }
    n
}

#[test]
fn garbage_goes_and_the_rest_stays() {
    with_state(|l, _| {
        let keep_strings = || {
            l.createtable(0, 0).unwrap();
            for i in 0..500 {
                l.pushfmt("kept %d", &[crate::messages::Arg::D(i as i64)]).unwrap();
                l.rawseti(-2, i + 1).unwrap();
            }
        };
        // The string table grows, and then shrinks to a size that has room.
        keep_strings();
        l.pop(1);
        collect(l);
        let base = in_use(l);
        for i in 0..2000 {
            l.createtable(4, 0).unwrap();
            l.pushfmt("string number %d", &[crate::messages::Arg::D(i)]).unwrap();
            l.rawseti(-2, 1).unwrap();
            l.pop(1);
        }
        assert!(in_use(l) < base + 400_000, "no step was made");
        keep_strings();
        collect(l);
        collect(l);
        for i in 0..500 {
            l.rawgeti(-1, i + 1);
            assert_eq!(*l.tolstring(-1).unwrap().unwrap(), *std::format!("kept {i}").as_bytes());
            l.pop(1);
        }
        l.pop(1);
        collect(l);
        assert!(in_use(l) <= base + 600, "{} of {base} bytes", in_use(l));
    });
}

#[test]
fn finalizers_run_once_in_reverse_order() {
    with_state(|l, _| {
        l.gc(LUA_GCSTOP, 0).unwrap();
        for name in ["a", "b", "c"] {
            push_object(l, name, "__gc", &LOG_NAME).unwrap();
            l.pop(1);
        }
        // Set after setmetatable: not seen.
        push_object(l, "x", "__other", &LOG_NAME).unwrap();
        assert!(l.getmetatable(-1));
        l.pushbuiltin(&LOG_NAME, 0).unwrap();
        l.setfield(-2, b"__gc").unwrap();
        l.pop(2);
        collect(l);
        assert_eq!(log(l), "cba");
        collect(l);
        assert_eq!(log(l), "cba");
        push_object(l, "z", "__gc", &LOG_NAME).unwrap();
    });
}

#[test]
fn an_error_in_a_finalizer_is_reported() {
    fn fails(l: Lua) -> LResult<i32> {
        l.pushlstring(b"oh no")?;
        Err(Throw::RUNTIME)
    }
    static FAILS: Builtin = library_function(0, "fails", fails);
    with_state(|l, _| {
        push_object(l, "a", "__gc", &FAILS).unwrap();
        l.pop(1);
        let top = l.gettop();
        assert_eq!(l.gc(LUA_GCCOLLECT, 0), Err(Throw::GCMM));
        assert_eq!(*l.tolstring(-1).unwrap().unwrap(), *b"error in __gc metamethod (oh no)");
        l.settop(top);
        collect(l);
    });
}

#[test]
fn weak_tables_are_cleared() {
    with_state(|l, _| {
        push_weak(l, "v").unwrap();
        push_weak(l, "k").unwrap();
        push_weak(l, "kv").unwrap();
        for t in 1..=3 {
            // string → string stays, table → number and number → table go where they are weak
            l.pushlstring(b"string").unwrap();
            l.pushlstring(b"also a string, and a long one: not interned, but still a value").unwrap();
            l.rawset(t).unwrap();
            l.createtable(0, 0).unwrap();
            l.pushnumber(1.0);
            l.rawset(t).unwrap();
            l.createtable(0, 0).unwrap();
            l.rawseti(t, 7).unwrap();
        }
        collect(l);
        assert_eq!((count(l, 1), count(l, 2), count(l, 3)), (2, 2, 1));
        // An ephemeron's value that refers to its own key does not keep it.
        l.createtable(0, 0).unwrap();
        l.createtable(0, 0).unwrap();
        l.pushvalue(-2);
        l.rawseti(-2, 1).unwrap();
        l.rawset(2).unwrap();
        assert_eq!(count(l, 2), 3);
        collect(l);
        assert_eq!(count(l, 2), 2);
        // A chain of ephemerons from a live key stays.
        l.createtable(0, 0).unwrap();
        for _ in 0..50 {
            l.pushvalue(-1);
            l.createtable(0, 0).unwrap();
            l.pushvalue(-1);
            l.insert(-3);
            l.rawset(2).unwrap();
            l.remove(-2);
        }
        collect(l);
        assert_eq!(count(l, 2), 2, "nothing refers to the first key");
        l.createtable(0, 0).unwrap();
        let first = l.gettop();
        l.pushvalue(-1);
        for _ in 0..50 {
            l.createtable(0, 0).unwrap();
            l.pushvalue(-1);
            l.insert(-3);
            l.rawset(2).unwrap();
        }
        l.settop(first);
        collect(l);
        assert_eq!(count(l, 2), 52);
        l.settop(first - 1);
        collect(l);
        assert_eq!(count(l, 2), 2);
    });
}

#[test]
fn incremental_steps_keep_what_moves_behind_the_collector() {
    with_state(|l, _| {
        l.gc(LUA_GCSTOP, 0).unwrap();
        // Big enough to be visited in pieces.
        l.createtable(0, 0).unwrap();
        for i in 1..=3000 {
            l.createtable(0, 0).unwrap();
            l.pushnumber(i as f64);
            l.rawseti(-2, 1).unwrap();
            l.rawseti(1, i).unwrap();
        }
        l.createtable(0, 0).unwrap();
        let mut moved = 0;
        for round in 0..4 {
            while l.gc(LUA_GCSTEP, 0).unwrap() == 0 {
                // Moves an element to a table that may be black, and makes the first one change its block.
                moved += 1;
                if moved <= 2000 {
                    l.rawgeti(1, moved);
                    l.rawseti(2, moved).unwrap();
                    l.pushnil();
                    l.rawseti(1, moved).unwrap();
                    l.createtable(0, 0).unwrap();
                    l.pushnumber((3000 + moved) as f64);
                    l.rawseti(-2, 1).unwrap();
                    l.rawseti(1, 3000 + moved).unwrap();
                }
            }
            let _ = round;
        }
        let moved = moved.min(2000);
        for i in 1..=3000 + moved {
            l.rawgeti(if i <= moved { 2 } else { 1 }, i);
            l.rawgeti(-1, 1);
            assert_eq!(l.tonumberx(-1), Some(i as f64));
            l.pop(2);
        }
    });
}

#[test]
fn an_emergency_collection_frees_garbage_but_calls_no_finalizer() {
    with_state(|l, c| {
        collect(l);
        push_object(l, "a", "__gc", &LOG_NAME).unwrap();
        l.pop(1);
        // SAFETY: the counter is only used by the allocator, which is not running.
        unsafe { (*c).limit = (*c).bytes + 30_000 };
        l.gc(LUA_GCSETPAUSE, 100_000).unwrap();
        collect(l);
        assert_eq!(log(l), "a");
        push_object(l, "b", "__gc", &LOG_NAME).unwrap();
        l.pop(1);
        for _ in 0..5000 {
            l.createtable(10, 0).unwrap();
            l.pop(1);
        }
        assert!(log(l).starts_with("a"));
        l.createtable(0, 0).unwrap();
        let mut i = 0;
        let failed = loop {
            i += 1;
            if let Err(e) = l.createtable(100, 0) {
                break e;
            }
            l.rawseti(-2, i).unwrap_or_default();
            if l.gettop() > 10 {
                l.settop(10);
            }
        };
        assert_eq!(failed, Throw::MEMORY);
        l.settop(0);
        // SAFETY: the counter is only used by the allocator, which is not running.
        unsafe { (*c).limit = usize::MAX };
        collect(l);
        assert_eq!(log(l), "ab");
    });
}

#[test]
fn a_mark_stack_that_cannot_grow_is_survived() {
    with_state(|l, c| {
        l.gc(LUA_GCSTOP, 0).unwrap();
        push_weak(l, "k").unwrap();
        l.createtable(0, 0).unwrap();
        for i in 1..=1000 {
            l.createtable(2, 0).unwrap();
            l.createtable(1, 0).unwrap();
            l.pushvalue(-1);
            l.createtable(0, 0).unwrap();
            l.rawset(1).unwrap();
            l.rawseti(-2, 1).unwrap();
            l.rawseti(2, i).unwrap();
        }
        // SAFETY: the counter is only used by the allocator, which is not running.
        unsafe { (*c).limit = (*c).bytes };
        collect(l);
        collect(l);
        // SAFETY: the counter is only used by the allocator, which is not running.
        unsafe { (*c).limit = usize::MAX };
        for i in 1..=1000 {
            l.rawgeti(2, i);
            l.rawgeti(-1, 1);
            assert!(l.istable(-1));
            l.rawget(1);
            assert!(l.istable(-1), "the value of a live ephemeron key");
            l.pop(2);
        }
        assert_eq!(count(l, 1), 1000);
        l.pop(1);
        // SAFETY: the counter is only used by the allocator, which is not running.
        unsafe { (*c).limit = (*c).bytes };
        collect(l);
        assert_eq!(count(l, 1), 0);
        // SAFETY: the counter is only used by the allocator, which is not running.
        unsafe { (*c).limit = usize::MAX };
    });
}

#[test]
fn generational_collections_keep_old_and_free_young() {
    with_state(|l, _| {
        push_weak(l, "v").unwrap();
        l.createtable(0, 0).unwrap();
        l.gc(LUA_GCGEN, 0).unwrap();
        for i in 1..=20_000 {
            l.createtable(1, 0).unwrap();
            l.pushfmt("n%d", &[crate::messages::Arg::D(i as i64)]).unwrap();
            l.rawseti(-2, 1).unwrap();
            l.pushvalue(-1);
            l.rawseti(1, i % 100 + 1).unwrap();
            // Every tenth one is stored in an old table.
            l.rawseti(2, i / 10 % 50 + 1).unwrap();
        }
        for i in 1..=50 {
            l.rawgeti(2, i);
            l.rawgeti(-1, 1);
            assert_eq!(l.tolstring(-1).unwrap().unwrap()[0], b'n');
            l.pop(2);
        }
        l.gc(LUA_GCINC, 0).unwrap();
        collect(l);
        assert_eq!(count(l, 2), 50);
        assert!(count(l, 1) <= 100);
        assert!(in_use(l) < 60_000, "{}", in_use(l));
    });
}

#[test]
fn the_pool_gives_memory_back() {
    // SAFETY: this function is good for any argument.
    let l = unsafe { state::new_state(mem::default_function, core::ptr::null_mut()) }.unwrap();
    l.createtable(0, 0).unwrap();
    // A collection at each allocation would take minutes for so many.
    for i in 1..=if cfg!(feature = "stress-gc") { 2_000 } else { 100_000 } {
        l.createtable(2, 1).unwrap();
        l.rawseti(1, i).unwrap();
    }
    l.settop(0);
    collect(l);
    assert!(!l.global().gc.memory.allocator.is_sparse());
    for _ in 0..1000 {
        l.createtable(2, 1).unwrap();
        l.pop(1);
    }
    state::close_state(*l);
}

/// A chain of `n` ephemeron entries in `tables` tables (at 1..=tables on the stack), inserted in the order of `place`:
/// the value of entry i is the key of entry i + 1. Leaves the first key on the stack, and the kind of keys goes by
/// `kind`.
fn push_chain(l: Lua, n: i32, tables: i32, kind: i32, place: impl Fn(i32) -> i32) -> LResult<()> {
    for _ in 0..tables {
        push_weak(l, "k")?;
    }
    l.createtable(0, 0)?;
    let keys = l.gettop();
    for i in 0..=n {
        match kind {
            0 => l.createtable(0, 0)?,
            1 => {
                l.pushnumber(i as f64);
                l.pushbuiltin(&LOG_NAME, 1)?;
            }
            2 => {
                l.newthread()?;
            }
            3 => {
                l.newuserdata(8)?;
            }
            // The next key is reached through a table, or it is an object with a finalizer.
            _ => push_object(l, "x", "__gc", &LOG_NAME)?,
        }
        l.rawseti(keys, i)?;
    }
    for i in 0..n {
        let i = place(i);
        l.rawgeti(keys, i);
        l.rawgeti(keys, i + 1);
        if i % 3 == 0 {
            l.createtable(0, 0)?;
            l.insert(-2);
            l.rawseti(-2, 1)?;
        }
        l.rawset(1 + i % tables)?;
    }
    l.rawgeti(keys, 0);
    l.remove(keys);
    Ok(())
}
fn count_all(l: Lua, tables: i32) -> usize {
    (1..=tables).map(|t| count(l, t)).sum()
}

#[test]
fn chains_of_ephemerons_hold_in_any_order_with_any_memory() {
    const N: i32 = 200;
    let orders: [fn(i32) -> i32; 3] = [|i| i, |i| N - 1 - i, |i| i * 77 % N];
    for kind in 0..5 {
        for order in orders {
            // More memory each time: none for the stacks and the index, then for some growths of them.
            for room in [0, 300, 600, 1000, 1800, 2500, 4000, 7000, usize::MAX] {
                for tables in [1, 7, 50] {
                    with_state(|l, c| {
                        l.checkstack(100);
                        l.gc(LUA_GCSTOP, 0).unwrap();
                        push_chain(l, N, tables, kind, order).unwrap();
                        // SAFETY: the counter is only used by the allocator, which is not running.
                        unsafe { (*c).limit = (*c).bytes.saturating_add(room) };
                        collect(l);
                        collect(l);
                        assert_eq!(count_all(l, tables), N as usize);
                        l.pop(1);
                        // SAFETY: the counter is only used by the allocator, which is not running.
                        unsafe {
                            (*c).limit = if kind == 4 { usize::MAX } else { (*c).bytes.saturating_add(room) }
                        };
                        collect(l);
                        if kind == 4 {
                            // Keys go a cycle after their finalizers.
                            assert_eq!(log(l).len(), N as usize + 1);
                            collect(l);
                        }
                        assert_eq!(count_all(l, tables), 0);
                        // SAFETY: the counter is only used by the allocator, which is not running.
                        unsafe { (*c).limit = usize::MAX };
                    });
                }
            }
        }
    }
}

#[test]
fn chains_of_ephemerons_hold_in_generational_mode() {
    const N: i32 = 300;
    for kind in 0..5 {
        with_state(|l, _| {
            l.checkstack(100);
            l.gc(LUA_GCGEN, 0).unwrap();
            push_chain(l, N, 7, kind, |i| N - 1 - i).unwrap();
            for _ in 0..5 {
                l.gc(LUA_GCSTEP, 0).unwrap();
                assert_eq!(count_all(l, 7), N as usize);
            }
            l.pop(1);
            collect(l);
            collect(l);
            assert_eq!(count_all(l, 7), 0);
        });
    }
}

/// Convergence by passes takes minutes for these.
#[test]
fn chains_of_ephemerons_take_linear_time() {
    let n = if cfg!(any(feature = "stress-gc", feature = "heapcheck")) { 3000 } else { 100_000 };
    for tables in [1, 16] {
        for step in [1, n - 1, 7919] {
            with_state(|l, _| {
                l.gc(LUA_GCSTOP, 0).unwrap();
                push_chain(l, n, tables, 0, |i| (i as i64 * step as i64 % n as i64) as i32).unwrap();
                let start = std::time::Instant::now();
                collect(l);
                assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
                assert_eq!(count_all(l, tables), n as usize);
            });
        }
    }
}

/// Runs a script in a state with all libraries; it must raise no error.
fn script(text: &str) {
    with_state(|l, _| {
        l.aux_openlibs().unwrap();
        assert_eq!(l.aux_loadbufferx(text.as_bytes(), Some(b"=script"), None), Ok(LUA_OK));
        let status = l.pcall(0, 0, 0).unwrap();
        let message = if status == LUA_OK {
            Bytes::default()
        } else {
            l.tolstring(-1).unwrap().unwrap_or(Bytes::fixed(b"?"))
        };
        assert_eq!(status, LUA_OK, "{}", String::from_utf8_lossy(&message));
    });
}

#[test]
fn coroutines_that_wait_or_run_are_kept_though_nothing_refers_to_them() {
    // Each `drop` makes the only reference to the coroutines that are in progress go away, and collects where another
    // thread is given to the collector as the one that works, too. What the waiting ones hold is overwritten when they
    // are freed.
    let prelude = "
        local main = coroutine.running()
        local other = coroutine.create(function() coroutine.yield() end)
        coroutine.resume(other)
        local function churn()
          for i = 1, 2 do collectgarbage() end
          local t = {} for i = 1, 200 do t[i] = {i} end
          for i = 1, 50 do debug.getinfo(other, 1, 'L') end
          for i = 1, 2 do collectgarbage() end
        end
        local function check(a, t) assert(a == 1 and t[1] == 'kept' and debug.traceback()) end\n";
    for body in [
        // a coroutine made by `wrap` that waits for another
        "local w
         w = coroutine.wrap(function()
           local t = {'kept'}
           local inner = coroutine.wrap(function() debug.setupvalue(w, 1, main) w = nil churn() end)
           inner() check(1, t)
         end)
         w()",
        // one that runs
        "local co
         co = coroutine.create(function() local t = {'kept'} co = nil churn() check(1, t) end)
         local resume = coroutine.resume
         do local c = co debug.sethook() end
         assert((function(...) return resume(...) end)(co))",
        "local w w = coroutine.wrap(function() local t = {'kept'} debug.setupvalue(w, 1, main) w = nil churn() check(1, t) end)
         w()",
        // a chain of many
        "local depth, ws = 0, {}
         local function go()
           local t = {'kept'}
           depth = depth + 1
           if depth < 20 then
             ws[depth] = coroutine.wrap(go) ws[depth]()
           else
             for i = 1, depth - 1 do debug.setupvalue(ws[i], 1, main) end
             ws = nil churn()
           end
           check(1, t)
         end
         go()",
        // one that yields and is resumed by different coroutines
        "local w
         w = coroutine.wrap(function() local t = {'kept'} coroutine.yield() churn() check(1, t) end)
         w()
         coroutine.wrap(function() local t = {'kept'} w() check(1, t) end)()",
        // the waiting one is itself what a failing one is resumed by
        "local w
         w = coroutine.wrap(function()
           local t = {'kept'}
           local bad = coroutine.wrap(function() debug.setupvalue(w, 1, main) w = nil churn() error('no', 0) end)
           assert(not pcall(bad)) churn() check(1, t)
         end)
         w()",
    ] {
        for mode in ["incremental", "generational"] {
            script(&std::format!("collectgarbage('{mode}') {prelude}{body}"));
        }
    }
}

#[test]
fn keys_of_entries_without_a_value_are_never_dangling() {
    // Long strings are compared, so a dead key that is not buried is read.
    for mode in ["k", "v", "kv", ""] {
        for kind in ["('k'):rep(1000) .. i", "{}", "function() return i end", "coroutine.create(print)"] {
            for gc in ["incremental", "generational"] {
                script(&std::format!(
                    "collectgarbage('{gc}')
                     local t = setmetatable({{}}, {{__mode = '{mode}'}})
                     for i = 1, 50 do local k = {kind} t[k] = true t[k] = nil end
                     for i = 1, 50 do local k = {kind} t[k] = {{}} end
                     for i = 1, 3 do
                       collectgarbage('step') collectgarbage()
                       for i = 1, 100 do assert(t[{kind}] == nil or type(i) == 'number') end
                       for k, v in pairs(t) do assert(v) end
                     end"
                ));
            }
        }
    }
}
