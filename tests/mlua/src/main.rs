//! A Rust host that knows nothing of this library: mlua, linked with whatever liblua 5.2 pkg-config names.
//!
//! `mlua-host common` prints what must be the same on every liblua 5.2. `mlua-host boundary` checks what crosses the
//! frames of a Rust host, where this library promises more than the reference: drops run, panics pass.

use mlua::prelude::*;
use mlua::chunk::ChunkMode;
use mlua::thread::ThreadStatus;
use mlua::{UserData, UserDataMethods, Variadic, ffi};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

fn main() {
    // Panics are part of the tests; their text would only be in the way.
    std::panic::set_hook(Box::new(|_| {}));
    let sections: &[(&str, fn())] = match std::env::args().nth(1).as_deref() {
        Some("common") => COMMON,
        Some("boundary") => BOUNDARY,
        _ => panic!("usage: mlua-host common|boundary"),
    };
    let mut failed = 0;
    for (name, section) in sections {
        println!("-- {name}");
        if let Err(panic) = catch_unwind(section) {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            println!("FAILED {name}: {}", text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("?"));
            failed += 1;
        }
    }
    println!("{} passed, {failed} failed", sections.len() - failed);
    std::process::exit((failed != 0).into());
}

const COMMON: &[(&str, fn())] = &[
    ("values", values),
    ("functions", functions),
    ("errors", errors),
    ("panics through mlua", panics_through_mlua),
    ("userdata", userdata),
    ("scope", scope),
    ("coroutines", coroutines),
    ("hooks", hooks),
    ("memory", memory),
    ("chunks", chunks),
    ("registry", registry),
];

fn values() {
    let lua = Lua::new();
    let t: LuaTable =
        lua.load("return {1, 2.5, 'three', [false] = print, x = {y = {z = 1e300}}}").eval().unwrap();
    println!("{} {:?} {:?}", t.raw_len(), t.get::<f64>(2), t.get::<String>(3));
    println!(
        "{:?}",
        t.get::<LuaTable>("x").and_then(|x| x.get::<LuaTable>("y")).and_then(|y| y.get::<f64>("z"))
    );
    println!("{:?}", t.get::<i64>("x").map_err(|e| e.to_string()));
    let list: Vec<u32> = lua.load("return {5, 4, 3}").eval().unwrap();
    println!(
        "{list:?} {:?}",
        lua.create_sequence_from(list.iter().map(|n| n * 2))
            .unwrap()
            .sequence_values::<i32>()
            .collect::<Vec<_>>()
    );
    let bytes = lua.create_string(b"a\0b\xff").unwrap();
    println!("{:?}", lua.load("return (...):byte(1, -1)").call::<Variadic<u8>>(bytes).unwrap());
    for (k, v) in (1..4).zip(t.pairs::<LuaValue, LuaValue>()) {
        println!("{k} {}", v.map(|(_, v)| v.type_name().to_owned()).unwrap());
    }
}

fn functions() {
    let lua = Lua::new();
    let sum = lua.create_function(|_, all: Variadic<f64>| Ok(all.iter().sum::<f64>())).unwrap();
    lua.globals().set("sum", &sum).unwrap();
    println!("{}", lua.load("return sum(1, 2, 3.5, '4')").eval::<f64>().unwrap());
    let many: Vec<LuaValue> = (0..2000).map(LuaValue::Integer).collect();
    println!("{}", sum.call::<f64>(LuaMultiValue::from_vec(many)).unwrap());
    let curried: LuaFunction =
        lua.load("local a = ... return function(b) return a + b end").call(40).unwrap();
    println!("{} {:?}", curried.call::<i32>(2).unwrap(), curried.info().line_defined);
    let bound = curried.bind(8).unwrap();
    println!("{}", bound.call::<i32>(()).unwrap());
    let nested = lua
        .create_function(|lua, n: u32| lua.globals().get::<LuaFunction>("nest")?.call::<u32>(n - 1))
        .unwrap();
    lua.globals().set("rust", nested).unwrap();
    lua.load("function nest(n) if n <= 1 then return 77 end return rust(n) end").exec().unwrap();
    println!("{:?}", lua.load("return nest(50)").eval::<u32>());
}

fn first_line(e: &LuaError) -> String {
    e.to_string().lines().next().unwrap_or("").to_owned()
}

fn errors() {
    let lua = Lua::new();
    for script in [
        "local x = = 1",
        "error('told')",
        "error(setmetatable({}, {__tostring = function() return 'object' end}))",
        "local t = nil; t.x = 1",
        "return #5",
        "error()",
    ] {
        println!("{script}: {}", first_line(&lua.load(script).set_name("=script").exec().unwrap_err()));
    }
    let fails = lua
        .create_function(
            |_, n: i32| {
                if n > 2 { Err(LuaError::RuntimeError(format!("over 2: {n}"))) } else { Ok(n) }
            },
        )
        .unwrap();
    lua.globals().set("fails", fails).unwrap();
    println!(
        "{:?}",
        lua.load("local ok, e = pcall(fails, 3) return ok, type(e), tostring(e):match('over 2: %d')")
            .eval::<(bool, String, String)>()
    );
    let e = lua.load("local function f() fails(9) end f()").set_name("=chain").exec().unwrap_err();
    match e {
        LuaError::CallbackError { traceback, cause } => println!("{cause}\n{traceback}"),
        e => println!("unexpected {e}"),
    }
    println!(
        "{:?}",
        lua.load(
            "local function f() return f() + 1 end return (select(2, pcall(f))):match('stack overflow')"
        )
        .eval::<String>()
    );
    println!(
        "{:?}",
        lua.load("return xpcall(fails, function(e) return 'handled ' .. type(e) end, 5)")
            .eval::<(bool, String)>()
    );
    println!(
        "{:?}",
        lua.load("return pcall(fails)").eval::<(bool, LuaError)>().map(|(ok, e)| (ok, first_line(&e)))
    );
}

fn panics_through_mlua() {
    let lua = Lua::new();
    let dropped = Rc::new(Cell::new(0));
    let guard = dropped.clone();
    let f = lua
        .create_function(move |_, ()| -> LuaResult<()> {
            let _guard = OnDrop(guard.clone());
            panic!("from a callback")
        })
        .unwrap();
    lua.globals().set("f", f).unwrap();
    let caught = catch_unwind(AssertUnwindSafe(|| lua.load("local function g() f() end g()").exec()));
    println!("{:?} {}", caught.map_err(|p| *p.downcast::<&str>().unwrap()), dropped.get());
    println!("{:?}", lua.load("return 1 + 1").eval::<i32>());
}

struct OnDrop(Rc<Cell<i32>>);
impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

struct Account {
    balance: f64,
    _guard: OnDrop,
}
impl UserData for Account {
    fn add_fields<F: LuaUserDataFields<Self>>(fields: &mut F) {
        fields.add_field_method_get("balance", |_, this| Ok(this.balance));
        fields.add_field_method_set("balance", |_, this, v| {
            this.balance = v;
            Ok(())
        });
    }
    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        methods.add_method_mut("withdraw", |_, this, n: f64| {
            if n > this.balance {
                return Err(LuaError::external("not enough"));
            }
            this.balance -= n;
            Ok(this.balance)
        });
        methods.add_meta_method(LuaMetaMethod::Len, |_, this, ()| Ok(this.balance));
        methods.add_meta_method(LuaMetaMethod::Index, |_, _, key: String| Ok(format!("no {key}")));
    }
}

fn userdata() {
    let dropped = Rc::new(Cell::new(0));
    let lua = Lua::new();
    let make = dropped.clone();
    let new =
        lua.create_function(move |_, balance| Ok(Account { balance, _guard: OnDrop(make.clone()) })).unwrap();
    lua.globals().set("new", new).unwrap();
    lua.load(
        r#"
        local a = new(100)
        assert(a:withdraw(30) == 70 and a.balance == 70 and #a == 70)
        a.balance = 5
        local ok, e = pcall(a.withdraw, a, 6)
        assert(not ok and tostring(e):find "not enough")
        assert(a.other == "no other")
        assert(not pcall(a.withdraw, 5, 1) and not pcall(a.withdraw))
        kept = a
        for i = 1, 100 do new(i) end
        "#,
    )
    .exec()
    .unwrap();
    lua.gc_collect().unwrap();
    println!("{}", dropped.get());
    let kept: LuaAnyUserData = lua.globals().get("kept").unwrap();
    println!("{}", kept.borrow::<Account>().unwrap().balance);
    println!("{}", kept.take::<Account>().unwrap().balance);
    println!(
        "{:?}",
        lua.load("return pcall(function() return kept.balance end)")
            .eval::<(bool, LuaError)>()
            .map(|(ok, e)| (ok, first_line(&e)))
    );
    drop(kept);
    drop(lua);
    println!("{}", dropped.get());
}

fn scope() {
    let lua = Lua::new();
    let count = Cell::new(0);
    lua.scope(|scope| {
        let f = scope.create_function(|_, n: i32| {
            count.set(count.get() + n);
            Ok(())
        })?;
        lua.globals().set("f", f)?;
        lua.load("for i = 1, 10 do f(i) end").exec()
    })
    .unwrap();
    println!("{}", count.get());
    println!("{}", first_line(&lua.load("f(1)").exec().unwrap_err()));
}

fn coroutines() {
    let lua = Lua::new();
    let co: LuaThread = lua
        .load("return coroutine.create(function(a) local b = coroutine.yield(a * 2) local c = coroutine.yield(b .. '!') error('end ' .. c) end)")
        .eval()
        .unwrap();
    println!("{:?} {:?}", co.status(), co.resume::<i32>(21));
    println!("{:?}", co.resume::<String>("text"));
    println!(
        "{:?} {:?}",
        co.resume::<()>("x").map_err(|e| first_line(&e)),
        co.status() == ThreadStatus::Error
    );
    println!("{:?}", co.resume::<()>(()).map_err(|e| first_line(&e)));
    let f = lua
        .create_function(|_, n: i32| if n == 3 { Err(LuaError::external("three")) } else { Ok(n) })
        .unwrap();
    lua.globals().set("f", f).unwrap();
    println!(
        "{:?}",
        lua.load(
            r#"
            local out = {}
            local co = coroutine.wrap(function() for i = 1, 4 do local ok, v = pcall(f, i) coroutine.yield(ok and v or tostring(v)) end end)
            for i = 1, 4 do out[i] = tostring(co()):match "[^\n]+" end
            return table.concat(out, " ")
            "#
        )
        .eval::<String>()
    );
    let many: Vec<LuaThread> = (0..200)
        .map(|i| {
            let f: LuaFunction = lua
                .load("local i = ... return function() while true do i = i + coroutine.yield(i) end end")
                .call(i)
                .unwrap();
            lua.create_thread(f).unwrap()
        })
        .collect();
    for _ in 0..3 {
        for co in &many {
            co.resume::<i32>(1).unwrap();
        }
    }
    println!("{}", many.iter().map(|co| co.resume::<i32>(0).unwrap()).sum::<i32>());
}

fn hooks() {
    let lua = Lua::new();
    let lines = Rc::new(Cell::new(0));
    let seen = lines.clone();
    lua.set_hook(LuaHookTriggers::EVERY_LINE, move |_, ar| {
        seen.set(seen.get() * 10 + ar.current_line().unwrap_or(0) as i32);
        Ok(mlua::VmState::Continue)
    })
    .unwrap();
    lua.load("local a = 1\nlocal b = 2\nfor i = 1, 2 do\n a = a + i\nend").exec().unwrap();
    lua.remove_hook();
    println!("{}", lines.get());
    let budget = Cell::new(3);
    lua.set_hook(LuaHookTriggers::new().every_nth_instruction(1000), move |_, _| {
        budget.set(budget.get() - 1);
        if budget.get() == 0 { Err(LuaError::external("out of budget")) } else { Ok(mlua::VmState::Continue) }
    })
    .unwrap();
    println!("{}", first_line(&lua.load("while true do end").exec().unwrap_err()));
}

fn memory() {
    let lua = Lua::new();
    lua.set_memory_limit(lua.used_memory() + 300_000).unwrap();
    let e = lua.load("local t = {} for i = 1, 1e7 do t[i] = ('x'):rep(100) .. i end").exec().unwrap_err();
    println!("{}", first_line(&e));
    lua.set_memory_limit(0).unwrap();
    println!("{:?}", lua.load("return #('x'):rep(1e6)").eval::<u32>());
    lua.gc_stop();
    lua.gc_restart();
    println!("{:?} {}", lua.gc_collect(), lua.used_memory() > 1000);
}

fn chunks() {
    let lua = Lua::new();
    let f = lua.load("local n = ... return n + 1").set_name("=named").into_function().unwrap();
    let info = f.info();
    println!("{:?} {:?} {:?} {:?}", info.what, info.source, info.line_defined, info.num_params);
    let code = f.dump(true);
    println!("{:?}", &code[..6]);
    println!("{}", lua.load(&code[..]).set_mode(ChunkMode::Binary).call::<i32>(1).unwrap());
    println!(
        "{}",
        first_line(&lua.load(&code[..code.len() / 2]).set_mode(ChunkMode::Binary).exec().unwrap_err())
    );
    let env = lua.create_table().unwrap();
    lua.load("x = 5").set_environment(env.clone()).exec().unwrap();
    println!("{:?} {:?}", env.get::<i32>("x"), lua.globals().get::<LuaValue>("x").unwrap().is_nil());
}

fn registry() {
    let lua = Lua::new();
    let key = lua.create_registry_value("kept").unwrap();
    lua.set_named_registry_value("name", 6).unwrap();
    println!("{:?} {:?}", lua.registry_value::<String>(&key), lua.named_registry_value::<i32>("name"));
    drop(key);
    lua.expire_registry_values();
    let weak: LuaTable = lua.load("return setmetatable({{}, {}}, {__mode = 'v'})").eval().unwrap();
    lua.gc_collect().unwrap();
    println!("{}", weak.raw_len());
    let rc = Rc::new(5);
    lua.set_app_data(rc.clone());
    drop(lua);
    println!("{}", Rc::strong_count(&rc));
}

// ---- what crosses the frames of Rust functions that call the C API themselves
// ------------------------------------------

const BOUNDARY: &[(&str, fn())] = &[
    ("an error drops", an_error_drops),
    ("a yield drops", a_yield_drops),
    ("drops that call Lua and raise", drops_that_raise),
    ("a panic crosses", a_panic_crosses),
    ("a panic crosses a hook, a reader and a metamethod", a_panic_crosses_callbacks),
    ("a panic crosses a coroutine", a_panic_crosses_a_coroutine),
    ("mlua after all this", common_again),
];

thread_local! {
    static DROPS: Cell<u32> = const { Cell::new(0) };
}

/// Counts its drop.
struct Counted;
impl Drop for Counted {
    fn drop(&mut self) {
        DROPS.set(DROPS.get() + 1);
    }
}

/// Calls `f` with a fresh state and checks that it ended with the stack as it began.
fn with_state(f: impl FnOnce(*mut ffi::lua_State)) {
    DROPS.set(0);
    unsafe {
        let l = ffi::luaL_newstate();
        ffi::luaL_openlibs(l);
        f(l);
        assert_eq!(ffi::lua_gettop(l), 0);
        usable(l);
        ffi::lua_close(l);
    }
}

/// The state still does what it should.
unsafe fn usable(l: *mut ffi::lua_State) {
    unsafe {
        assert_eq!(ffi::luaL_loadstring(l, c"local t = {} for i = 1, 100 do t[i] = {i} end collectgarbage() return #t + select('#', pcall(error))".as_ptr()), 0);
        assert_eq!(ffi::lua_pcall(l, 0, 1, 0), 0);
        assert_eq!(ffi::lua_tonumber(l, -1), 102.0);
        ffi::lua_settop(l, 0);
    }
}

unsafe extern "C-unwind" fn raises(l: *mut ffi::lua_State) -> c_int {
    let _outer = Counted;
    let _boxed = vec![Counted, Counted];
    unsafe {
        ffi::lua_pushstring(l, c"raised".as_ptr());
        ffi::lua_error(l)
    }
}

unsafe fn message(l: *mut ffi::lua_State) -> String {
    unsafe {
        let s = ffi::lua_tostring(l, -1);
        let text =
            if s.is_null() { "(nil)".into() } else { std::ffi::CStr::from_ptr(s).to_str().unwrap().into() };
        ffi::lua_settop(l, 0);
        text
    }
}

fn an_error_drops() {
    with_state(|l| unsafe {
        for n in 1..=100 {
            ffi::lua_pushcfunction(l, raises);
            assert_eq!(ffi::lua_pcall(l, 0, 0, 0), ffi::LUA_ERRRUN);
            assert_eq!(message(l), "raised");
            assert_eq!(DROPS.get(), 3 * n);
        }
        // Through Lua and Rust in turns.
        unsafe extern "C-unwind" fn calls(l: *mut ffi::lua_State) -> c_int {
            let _guard = Counted;
            unsafe { ffi::lua_call(l, ffi::lua_gettop(l) - 1, 1) };
            1
        }
        DROPS.set(0);
        ffi::lua_register(l, c"raises".as_ptr(), raises);
        ffi::lua_register(l, c"calls".as_ptr(), calls);
        let code =
            c"return pcall(calls, calls, function() calls(function() table.sort({1, 2}, raises) end) end)";
        assert_eq!(ffi::luaL_loadstring(l, code.as_ptr()), 0);
        assert_eq!(ffi::lua_pcall(l, 0, 2, 0), 0);
        assert_eq!(ffi::lua_toboolean(l, 1), 0);
        assert_eq!(message(l), "raised");
        assert_eq!(DROPS.get(), 6);
    });
}

fn a_yield_drops() {
    unsafe extern "C-unwind" fn continues(l: *mut ffi::lua_State) -> c_int {
        unsafe { ffi::lua_pushinteger(l, 7) };
        1
    }
    unsafe extern "C-unwind" fn yields(l: *mut ffi::lua_State) -> c_int {
        let _guard = Counted;
        unsafe {
            ffi::lua_pushinteger(l, 5);
            ffi::lua_yieldk(l, 1, 0, Some(continues))
        }
    }
    with_state(|l| unsafe {
        let co = ffi::lua_newthread(l);
        ffi::lua_pushcfunction(co, yields);
        let mut n = 0;
        assert_eq!(ffi::lua_resume(co, l, 0, &mut n), ffi::LUA_YIELD);
        assert_eq!((ffi::lua_tointeger(co, -1), DROPS.get()), (5, 1));
        ffi::lua_settop(co, 0);
        assert_eq!(ffi::lua_resume(co, l, 0, &mut n), 0);
        assert_eq!((ffi::lua_tointeger(co, -1), DROPS.get()), (7, 1));
        ffi::lua_settop(l, 0);
    });
}

fn drops_that_raise() {
    struct Calls(*mut ffi::lua_State);
    impl Drop for Calls {
        fn drop(&mut self) {
            unsafe {
                // An error of its own, caught within.
                ffi::lua_pushcfunction(self.0, raises);
                assert_eq!(ffi::lua_pcall(self.0, 0, 0, 0), ffi::LUA_ERRRUN);
                ffi::lua_settop(self.0, 0);
            }
            DROPS.set(DROPS.get() + 10);
        }
    }
    unsafe extern "C-unwind" fn fails(l: *mut ffi::lua_State) -> c_int {
        let _calls = Calls(l);
        unsafe { ffi::luaL_error(l, c"the first".as_ptr()) }
    }
    with_state(|l| unsafe {
        ffi::lua_pushcfunction(l, fails);
        assert_eq!(ffi::lua_pcall(l, 0, 0, 0), ffi::LUA_ERRRUN);
        assert_eq!(message(l), "the first");
        assert_eq!(DROPS.get(), 13);
    });
}

unsafe extern "C-unwind" fn panics(_l: *mut ffi::lua_State) -> c_int {
    let _guard = Counted;
    resume_unwind(Box::new(42))
}

/// Runs `f`, which must panic with 42.
fn panicking(f: impl FnOnce()) {
    let payload = catch_unwind(AssertUnwindSafe(f)).expect_err("no panic arrived");
    assert_eq!(*payload.downcast::<i32>().expect("another panic"), 42);
}

fn a_panic_crosses() {
    with_state(|l| unsafe {
        for n in 1..=100 {
            ffi::lua_pushcfunction(l, panics);
            // A protected call must not stop it.
            panicking(|| {
                ffi::lua_pcall(l, 0, 0, 0);
            });
            assert_eq!(DROPS.get(), n);
            ffi::lua_settop(l, 0);
        }
        ffi::lua_register(l, c"panics".as_ptr(), panics);
        panicking(|| {
            ffi::luaL_loadstring(l, c"local up = 1; pcall(function() local f = function() up = up + 1 end; xpcall(panics, print) f() end)".as_ptr());
            ffi::lua_pcall(l, 0, 0, 0);
        });
        ffi::lua_settop(l, 0);
    });
}

fn a_panic_crosses_callbacks() {
    unsafe extern "C-unwind" fn hook(l: *mut ffi::lua_State, _: *mut ffi::lua_Debug) {
        unsafe { panics(l) };
    }
    unsafe extern "C-unwind" fn reader(
        l: *mut ffi::lua_State,
        _: *mut c_void,
        _: *mut usize,
    ) -> *const std::ffi::c_char {
        unsafe { panics(l) };
        std::ptr::null()
    }
    unsafe extern "C-unwind" fn writer(
        l: *mut ffi::lua_State,
        _: *const c_void,
        _: usize,
        _: *mut c_void,
    ) -> c_int {
        unsafe { panics(l) }
    }
    with_state(|l| unsafe {
        ffi::lua_sethook(l, Some(hook), ffi::LUA_MASKCOUNT, 10);
        panicking(|| {
            ffi::luaL_loadstring(l, c"while true do end".as_ptr());
            ffi::lua_pcall(l, 0, 0, 0);
        });
        ffi::lua_sethook(l, None, 0, 0);
        ffi::lua_settop(l, 0);
        usable(l);
        panicking(|| {
            ffi::lua_load(l, reader, std::ptr::null_mut(), c"=chunk".as_ptr(), std::ptr::null());
        });
        ffi::lua_settop(l, 0);
        usable(l);
        ffi::lua_newtable(l);
        ffi::lua_newtable(l);
        ffi::lua_pushcfunction(l, panics);
        ffi::lua_setfield(l, -2, c"__index".as_ptr());
        ffi::lua_setmetatable(l, -2);
        panicking(|| {
            ffi::lua_getfield(l, -1, c"x".as_ptr());
        });
        ffi::lua_settop(l, 0);
        usable(l);
        ffi::luaL_loadstring(l, c"return 1".as_ptr());
        panicking(|| {
            ffi::lua_dump(l, writer, std::ptr::null_mut(), 0);
        });
        ffi::lua_settop(l, 0);
        usable(l);
        // A finalizer; the collector goes on working.
        ffi::lua_newtable(l);
        ffi::lua_newtable(l);
        ffi::lua_pushcfunction(l, panics);
        ffi::lua_setfield(l, -2, c"__gc".as_ptr());
        ffi::lua_setmetatable(l, -2);
        ffi::lua_settop(l, 0);
        panicking(|| {
            ffi::lua_gc(l, ffi::LUA_GCCOLLECT, 0);
        });
        ffi::lua_settop(l, 0);
        assert_eq!(ffi::lua_gc(l, ffi::LUA_GCISRUNNING, 0), 1);
        usable(l);
        // A message handler.
        ffi::lua_pushcfunction(l, panics);
        ffi::luaL_loadstring(l, c"error('for the handler')".as_ptr());
        panicking(|| {
            ffi::lua_pcall(l, 0, 0, -2);
        });
        ffi::lua_settop(l, 0);
        assert_eq!(DROPS.get(), 6);
    });
}

fn a_panic_crosses_a_coroutine() {
    with_state(|l| unsafe {
        ffi::lua_register(l, c"panics".as_ptr(), panics);
        panicking(|| {
            ffi::luaL_loadstring(
                l,
                c"local co = coroutine.wrap(function() coroutine.yield() panics() end) co() co()".as_ptr(),
            );
            ffi::lua_pcall(l, 0, 0, 0);
        });
        ffi::lua_settop(l, 0);
        assert_eq!(DROPS.get(), 1);
        // In a continuation.
        unsafe extern "C-unwind" fn yields(l: *mut ffi::lua_State) -> c_int {
            unsafe { ffi::lua_yieldk(l, 0, 0, Some(panics)) }
        }
        let co = ffi::lua_newthread(l);
        ffi::lua_pushcfunction(co, yields);
        let mut n = 0;
        assert_eq!(ffi::lua_resume(co, l, 0, &mut n), ffi::LUA_YIELD);
        panicking(|| {
            ffi::lua_resume(co, l, 0, &mut n);
        });
        assert_eq!(DROPS.get(), 2);
        ffi::lua_settop(l, 0);
    });
}

fn common_again() {
    errors();
    coroutines();
}
