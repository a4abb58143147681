-- Finalizers, hooks and callbacks that change the world under a running library function: they clear its stack slots and its
-- upvalues, empty tables, close files, end coroutines, collect. The reference reads freed memory in most of these cases, so this
-- runs on ours only. Prints "ok NAME" or "not ok NAME: why" for each check. A crash or a sanitizer's report is the failure that
-- matters most; results are compared where the function has no reason to look at what was changed.
local only = arg and arg[1]
local function check(name, f)
  if only and not name:find(only, 1, true) then return end
  local start = os.clock()
  local ok, message = pcall(f)
  debug.sethook()
  if os.getenv("TIMES") then io.stderr:write(os.clock() - start, " ", name, "\n") end
  print(ok and "ok " .. name or "not ok " .. name .. ": " .. tostring(message))
end

local pause, stepmul = collectgarbage("setpause", 200), collectgarbage("setstepmul", 200)
local clean = load("local " .. ("a,"):rep(150) .. "b")

-- What is freed is soon something else.
local function junk()
  local t = {}
  for i = 1, 20 do t[i] = ("y"):rep(300) .. i end
  return t
end

-- Takes everything out of the slots of all C functions that are active, and collects.
local function clear_frames()
  for level = 2, 40 do
    local info = debug.getinfo(level, "S")
    if not info then break end
    if info.what == "C" then
      for i = 1, 300 do
        if not debug.setlocal(level, i, nil) then break end
      end
    end
  end
  collectgarbage()
  junk()
end

-- Calls f while each step of the collector runs a finalizer; that calls `action`, from the time on when it has run `skip` times.
local armed, rest
local renew
do
  local mt = {}
  function renew() setmetatable({}, mt) end
  function mt.__gc()
    local f = armed
    if not f then return end
    rest = rest - 1
    if rest < 0 then
      armed = nil
      f()
      armed = f
    end
    renew()
  end
end
local function disarm(...)
  armed = nil
  return ...
end
local function with_finalizer(skip, action, f, ...)
  collectgarbage("setpause", 0)
  collectgarbage("setstepmul", 1000000)
  collectgarbage()
  clean()
  armed, rest = action, skip
  renew()
  local results = table.pack(disarm(pcall(f, ...)))
  collectgarbage("setpause", 200)
  collectgarbage("setstepmul", 200)
  return table.unpack(results, 1, results.n)
end

-- The results are those wanted, or an error, or gone: they lie in slots, too.
local function same_or_gone(got, want)
  if got[1] ~= true then return end
  for i = 2, want.n do assert(got[i] == nil or got[i] == want[i], tostring(got[i]):sub(1, 200)) end
end

-- New strings for each call, which nothing else keeps alive.
local serial = 0
local function fresh(n, c)
  serial = serial + 1
  return (c or "x"):rep(n or 3000) .. serial % 10
end
local function file_with(text)
  local name = os.tmpname()
  local f = io.open(name, "w")
  f:write(text)
  f:close()
  return name
end
local lines = file_with(("line of text\n"):rep(300) .. ("z"):rep(5000))
local tostringable = setmetatable({}, {__tostring = function() return fresh(5000) end})

-- Functions that work on values in their frames: cleared frames must make no difference to the result.
local calls = {
  sub = function() return string.sub(fresh(), 2, -2) end,
  rep = function() return string.rep(fresh(300), 12, fresh(80)) end,
  rep_number = function() return string.rep(12.5, 300, 7.25) end,
  lower = function() return string.lower(fresh()) end,
  reverse = function() return string.reverse(fresh()) end,
  byte = function() return string.byte(fresh(40), 1, -1) end,
  char = function() return string.char(table.unpack({string.byte(fresh(200), 1, -1)})) end,
  find = function() return string.find(fresh(), "(x+)(%d)") end,
  match = function() return string.match(fresh(), ("x"):rep(40) .. "(x-)([%d])$") end,
  gsub_text = function() return string.gsub(fresh(), "x(x)", "%0-%1+" .. ("q"):rep(30)) end,
  gsub_table = function() return string.gsub(fresh(), "%d", {["1"] = fresh()}) end,
  format = function() return string.format("%s|%q|%10s|%d|%s", fresh(), fresh(), fresh(5), 12, fresh()) end,
  dump = function() return #string.dump(load("local a, b = 'some', 1; return function(x) return a + b + x end")) end,
  concat = function() return table.concat({fresh(), fresh(200), 12.5, fresh()}, fresh(40)) end,
  concat_numbers = function() return table.concat({1, 2, 3.25, 4}, 7) end,
  tostring = function() return tostring(12.5), tostring(print) ~= "" end,
  tonumber = function() return tonumber("  " .. ("1"):rep(300), 36) end,
  date = function() return os.date("!" .. ("%Y-%m-%d "):rep(200), 86400) end,
  getenv = function() return os.getenv("NO_SUCH_VARIABLE" .. fresh()) end,
  setlocale = function() return os.setlocale(), os.setlocale(nil, "collate") end,
  load = function() return load("return '" .. fresh() .. "'", "=" .. fresh())() end,
  load_error = function() return load("return +" .. fresh() .. " +", "=" .. fresh(30)) end,
  searchpath = function() return package.searchpath(fresh(50), "./?.none;./?/" .. fresh(20) .. "/?.none", "x", "y") end,
  rename = function() return os.rename("/nonexistent/" .. fresh(60), fresh(60)) end,
  open = function() return io.open("/nonexistent/" .. fresh(90), "r") end,
  argument = function() return pcall(string.rep, {}, fresh()) end,
  option = function() return pcall(collectgarbage, fresh()) end,
  traceback = function() return #debug.traceback(fresh(9000)) > 9000 end,
  getinfo = function() return debug.getinfo(load("return 1", "=" .. fresh(30)), "SL").short_src end,
  where = function() return select(2, pcall(load("error('" .. fresh() .. "')", "=" .. fresh(30)))) end,
  setmetatable = function() return getmetatable(setmetatable({}, {__metatable = fresh()})) end,
  read_lines = function()
    local f = io.open(lines)
    local a, b, c, d = f:read("*l", 100, "*L", "*a")
    f:close()
    return a, b, c, d
  end,
  iterate = function()
    local n = 0
    for a, b in io.lines(lines, "*l", 5) do n = n + #a end
    return n
  end,
}
for name, f in pairs(calls) do
  check("cleared by a finalizer: " .. name, function()
    serial = 0
    local want = table.pack(true, f())
    for skip = 0, 12 do
      serial = 0
      same_or_gone(table.pack(with_finalizer(skip, clear_frames, f)), want)
    end
  end)
end

-- Functions that call back: what they call clears their frames. They end with the right result or with an error.
local function often()
  if serial % 3 == 0 then clear_frames() end
  serial = serial + 1
end
local clearing = setmetatable({}, {
  __index = function() often() return fresh(30) end,
  __len = function() clear_frames() return 5 end,
  __tostring = function() clear_frames() return fresh(4000) end,
  __lt = function() often() return false end,
  __concat = function() often() return fresh() end,
  __pairs = function() often() return next, {}, nil end,
})
local callbacks = {
  gsub = function() return string.gsub(fresh(), ".", function() often() return fresh(30) end) end,
  gsub_index = function() return string.gsub(fresh(), ".", clearing) end,
  sort = function()
    local t = {}
    for i = 1, 100 do t[i] = {i * 37 % 101} end
    table.sort(t, function(a, b) often() return a[1] < b[1] end)
    for i = 1, 99 do assert(t[i][1] <= t[i + 1][1]) end
  end,
  sort_mutating = function()
    local t = {}
    for i = 1, 60 do t[i] = {i * 37 % 101} end
    local n = 0
    table.sort(t, function(a, b)
      n = n + 1
      if n % 7 == 0 then
        for i = 1, 60 do t[i] = nil end
        for i = 1, 3 do t["k" .. i] = true end
        for i = 1, 60 do t[i] = {i} end
        clear_frames()
      end
      return (a and a[1] or 0) < (b and b[1] or 0)
    end)
  end,
  sort_lt = function() return table.sort({clearing, clearing, clearing, clearing}) end,
  format = function() return string.format("%s %100s %.5s %s", clearing, clearing, clearing, fresh()) end,
  format_long = function() return string.format(("%s"):rep(20), fresh(), fresh(), fresh(), fresh(), fresh(), clearing, fresh(),
    clearing, clearing, clearing, clearing, clearing, clearing, clearing, clearing, clearing, clearing, clearing, fresh(), clearing) end,
  concat_len = function() return table.concat(setmetatable({1, 2, 3, 4, 5}, getmetatable(clearing)), fresh()) end,
  insert_len = function() return table.insert(setmetatable({1, 2, 3, 4, 5}, getmetatable(clearing)), fresh()) end,
  remove_len = function() return table.remove(setmetatable({1, 2, 3, 4, 5}, getmetatable(clearing))) end,
  unpack_len = function() return table.unpack(setmetatable({1, 2, 3, 4, 5}, getmetatable(clearing))) end,
  print = function() return select("#", tostring(clearing)) end,
  pcall = function() return pcall(clear_frames, fresh()) end,
  xpcall = function() return xpcall(function() clear_frames() error(fresh()) end, function(m) clear_frames() return m end) end,
  pairs = function() return pairs(clearing) end,
  load = function()
    local n = 0
    return load(function()
      n = n + 1
      clear_frames()
      return n < 30 and "local a" .. n .. " = '" .. fresh() .. "' " or nil
    end, "=" .. fresh(40))
  end,
  load_binary = function()
    local s, n = string.dump(load("local a, b = '" .. fresh() .. "', 1; return function(x) return a .. '" .. fresh() .. "' end")), 0
    return load(function()
      n = n + 1
      if n % 16 == 0 then clear_frames() end
      return n <= #s and s:sub(n, n) or nil
    end, "=" .. fresh(40))()("")
  end,
  require = function()
    table.insert(package.searchers, 1, function() clear_frames() return fresh() end)
    local ok, message = pcall(require, "no.such." .. fresh(40))
    table.remove(package.searchers, 1)
    assert(not ok)
  end,
  dofile = function()
    local name = file_with("clear_frames()\nreturn 1, 2, 3")
    rawset(_G, "clear_frames", clear_frames)
    local r = table.pack(pcall(dofile, name))
    rawset(_G, "clear_frames", nil)
    os.remove(name)
    return table.unpack(r, 1, r.n)
  end,
  resume = function()
    local co = coroutine.wrap(function(...) clear_frames() coroutine.yield(...) clear_frames() return ... end)
    co(fresh(), fresh())
    return co(fresh())
  end,
}
for name, f in pairs(callbacks) do
  check("cleared by a callback: " .. name, function()
    for _ = 1, 5 do pcall(f) end
  end)
  check("cleared by a count hook: " .. name, function()
    local co = coroutine.create(function() for _ = 1, 3 do pcall(f) end end)
    debug.sethook(co, clear_frames, "", 97)
    coroutine.resume(co)
  end)
end

-- The count hook looks in on long matches and sorts.
check("find, subject and pattern cleared by a hook", function()
  local co = coroutine.create(function()
    for _ = 1, 3 do
      assert(not string.find(("a"):rep(2000) .. fresh(1), ("."):rep(40) .. ".-.-b"))
      assert(string.gsub(("a"):rep(400) .. fresh(1), ".-.-b", "") ~= "")
    end
    return "done"
  end)
  debug.sethook(co, clear_frames, "", 100)
  assert(select(2, coroutine.resume(co)) == "done")
end)
check("gmatch, its upvalues set by a hook", function()
  local it
  local co = coroutine.create(function()
    it = string.gmatch(("a"):rep(1500) .. fresh(1), ("."):rep(40) .. ".-.-b")
    return "done", it()
  end)
  debug.sethook(co, function()
    if it and debug.getinfo(2, "f").func == it then
      for i = 1, 3 do debug.setupvalue(it, i, nil) end
      clear_frames()
    end
  end, "", 100)
  assert(select(2, coroutine.resume(co)) == "done")
end)
check("sort, cleared by a hook", function()
  local t = {}
  for i = 1, 3000 do t[i] = fresh(50) .. i * 7919 % 3001 end
  local co = coroutine.create(function() table.sort(t) return "done" end)
  debug.sethook(co, clear_frames, "", 100)
  assert(select(2, coroutine.resume(co)) == "done")
  for i = 1, #t - 1 do assert(t[i] <= t[i + 1]) end
end)

-- Values that a table had when they were taken from it.
check("concat, elements removed by a finalizer", function()
  for skip = 0, 20 do
    local t
    local ok, s = with_finalizer(skip, function() if t then t[3] = nil t[5] = nil end collectgarbage() junk() end, function()
      t = {1, fresh(20000), fresh(20001), 2, fresh(20000)}
      return table.concat(t)
    end)
    assert(not ok or s:find("^1x+%dx+%d2x+%d$"), s)
  end
end)
check("the name of a function, removed from the globals by a finalizer", function()
  for r = 1, 20 do
    local it = io.lines(lines, "*x")
    local function remove()
      for k, v in pairs(_G) do
        if v == it then rawset(_G, k, nil) end
      end
      collectgarbage()
      junk()
    end
    rawset(_G, ("f"):rep(200) .. r, it)
    local ok, e = with_finalizer(r - 1, remove, it)
    assert(not ok and (e:find(("f"):rep(200) .. r, 1, true) or e:find("?", 1, true)), e)
    remove()
  end
end)
check("traceback of a coroutine that a finalizer ends", function()
  for size = 8100, 8200, 5 do
    local co = coroutine.create(function()
      local function rec(n) if n == 0 then coroutine.yield() else rec(n - 1) end return n end
      rec(15)
    end)
    coroutine.resume(co)
    local finish = function() coroutine.resume(co) collectgarbage() collectgarbage() junk() end
    with_finalizer(size % 4, finish, debug.traceback, co, ("m"):rep(size))
  end
end)
check("getinfo and getlocal of a coroutine that a finalizer ends", function()
  for r = 1, 30 do
    local co = coroutine.create(load(("local %s = ... coroutine.yield() return %s"):format(("v"):rep(60), ("v"):rep(60)),
      "=" .. fresh(300)))
    coroutine.resume(co, {})
    local finish = function() coroutine.resume(co) collectgarbage() collectgarbage() junk() end
    local ok, info = with_finalizer(r % 6, finish, debug.getinfo, co, 1, "nSlutLf")
    assert(ok and (not info or info.source:find("^=x+%d$") and type(info.func) == "function"))
    local _, name, v = with_finalizer(r % 6, finish, debug.getlocal, co, 1, 1)
    assert(name == nil or name == ("v"):rep(60) or name:find("level out of range"))
  end
end)

-- Files.
local function ends_well(f, ...)
  local ok, e = pcall(f, ...)
  assert(ok or tostring(e):find("closed file") or tostring(e):find("file is already closed"), e)
end
for name, use in pairs {
  all = function(f) return f:read("*a") end,
  line = function(f) return f:read("*l", "*l", "*L") end,
  long_line = function(f) f:seek("set", 13 * 300) return f:read("*l") end,
  count = function(f) return f:read(3000, 2000, 1) end,
  number = function(f) return f:read("*n", "*n", "*l") end,
  empty = function(f) return f:read(0, 0, "*a") end,
  iterator = function(f) for _ in f:lines("*L", 2000) do end end,
  seek = function(f) return f:seek("set", "12"), f:seek("cur", "3") end,
  setvbuf = function(f) return f:setvbuf("full", "1024") end,
  default = function(f) io.input(f) local a, b = pcall(io.read, "*l", "*a") io.input(io.stdin) return a, b end,
} do
  check("a file closed by a finalizer: " .. name, function()
    for skip = 0, 20 do
      local f = io.open(lines)
      with_finalizer(skip, function() if io.type(f) == "file" then f:close() end end, function() ends_well(use, f) end)
      pcall(f.close, f)
    end
  end)
end
check("a file closed by a callback or another coroutine while it is iterated", function()
  for how = 1, 3 do
    local f = io.open(lines)
    local co = coroutine.wrap(function() f:close() end)
    local ok, e = pcall(function()
      for line in f:lines() do
        if how == 1 then f:close() elseif how == 2 then co() else getmetatable(f).__gc(f) end
      end
    end)
    assert(not ok and e:find("file is already closed"), e)
  end
end)
check("the handle of a file that could not be opened", function()
  local mt = getmetatable(io.stdout)
  local gc, saved = mt.__gc, nil
  mt.__gc = function(h) if io.type(h) == "file" then saved = h end end
  for _, open in ipairs {io.open, io.popen} do
    saved = nil
    pcall(open, "/nonexistent/x", open == io.popen and "invalid mode" or "r")
    clean()
    collectgarbage() collectgarbage()
    assert(saved and tostring(saved) == "file ((nil))")
    for _, name in ipairs {"read", "write", "lines", "seek", "setvbuf", "flush", "close"} do
      local ok, e = pcall(saved[name], saved, name == "setvbuf" and "no" or nil)
      assert(not ok and e:find("closed file"), e)
    end
    assert(not pcall(io.close, saved) and not pcall(io.input, saved))
    gc(saved)
  end
  mt.__gc = gc
end)

-- What a script can forge.
check("userdata that is no file with the metatable of files", function()
  local mt = getmetatable(io.stdout)
  local it = string.gmatch("", "")
  local _, state = debug.getupvalue(it, 3)
  assert(type(state) == "userdata")
  local old = debug.getmetatable(state)
  debug.setmetatable(state, mt)
  for _, name in ipairs {"read", "write", "lines", "seek", "setvbuf", "flush", "close", "__gc", "__tostring"} do
    local ok, e = pcall(mt[name], state, "no")
    assert(not ok and e:find("FILE%* expected"), e)
  end
  assert(io.type(state) == nil and not pcall(io.output, state) and not pcall(io.close, state))
  debug.setmetatable(state, old)
end)
check("a file without its metatable, and with it again", function()
  local f = io.open(lines)
  local mt = debug.getmetatable(f)
  debug.setmetatable(f, {})
  assert(not pcall(mt.read, f) and io.type(f) == nil)
  debug.setmetatable(f, mt)
  assert(f:read() == "line of text" and f:close())
end)
check("default files that are none", function()
  local registry = debug.getregistry()
  for _, what in ipairs {"_IO_input", "_IO_output"} do
    local old = registry[what]
    for _, v in ipairs {false, 12, "file", {}, print, (select(2, debug.getupvalue(string.gmatch("", ""), 3)))} do
      registry[what] = v or nil
      for _, f in ipairs {io.read, io.write, io.lines, io.flush} do
        local ok, e = pcall(f)
        assert(ok or e:find("standard %l+ file is closed") or e:find("FILE%*"), e)
      end
    end
    registry[what] = old
  end
end)
check("another metatable as that of files in the registry", function()
  local registry = debug.getregistry()
  local old = registry["FILE*"]
  local _, state = debug.getupvalue(string.gmatch("", ""), 3)
  local mt = {__index = old.__index}
  registry["FILE*"] = mt
  debug.setmetatable(state, mt)
  assert(not pcall(old.read, state) and not io.type(state))
  for _, v in ipairs {false, 12, "", print} do
    registry["FILE*"] = v or nil
    pcall(io.open, lines)
    pcall(io.tmpfile)
    pcall(io.lines, lines)
    pcall(io.type, io.stdout)
  end
  registry["FILE*"] = old
  assert(io.open(lines):close())
end)
check("upvalues of iterators that are something else", function()
  for _, v in ipairs {false, 12, "x", {}, print, io.stdout, coroutine.create(print)} do
    for i = 1, 5 do
      local it = io.lines(lines, "*l", "*l")
      debug.setupvalue(it, i, v or nil)
      pcall(it)
      local it = string.gmatch("a b c", "%a")
      debug.setupvalue(it, i, v or nil)
      pcall(it)
      local w = coroutine.wrap(print)
      debug.setupvalue(w, i, v or nil)
      if v ~= false and v ~= 12 or i > 1 then else assert(not pcall(w)) end
      for _, f in ipairs {require, package.searchers[2], package.searchers[3], package.searchers[4]} do
        local _, old = debug.getupvalue(f, 1)
        debug.setupvalue(f, 1, v or nil)
        pcall(f, "no.such.module")
        debug.setupvalue(f, 1, old)
      end
    end
  end
  local it = io.lines(lines)
  debug.setupvalue(it, 2, 100000)
  assert(not pcall(it))
  local state = select(2, debug.getupvalue(string.gmatch(("a"):rep(100), "a"), 3))
  local it = string.gmatch("b", "b")
  debug.setupvalue(it, 3, state)
  assert(it() == nil)
end)
check("libraries that were never loaded", function()
  local registry = debug.getregistry()
  local old = registry._CLIBS
  local address = debug.upvalueid(function() return lines end, 1)
  for _, v in ipairs {io.stdout, address, {}, "x", print} do
    registry._CLIBS = setmetatable({}, {__index = function() return v end, __gc = old and (getmetatable(old) or {}).__gc})
    pcall(package.loadlib, "/nonexistent/lib.so", "luaopen_x")
    pcall(package.loadlib, "/nonexistent/lib.so", "*")
    registry._CLIBS = v
    pcall(package.loadlib, "/nonexistent/lib.so", "luaopen_x")
    registry._CLIBS = nil
    collectgarbage()
    pcall(package.loadlib, "/nonexistent/lib.so", "luaopen_x")
  end
  registry._CLIBS = old
end)
check("searchers replaced by a searcher", function()
  for _, v in ipairs {false, 12, "x", print, io.stdout} do
    table.insert(package.searchers, 1, function()
      for i = 1, 8 do debug.setlocal(2, i, v or nil) end
    end)
    assert(not pcall(require, "no.such.module"))
    table.remove(package.searchers, 1)
  end
end)

check("globals that are no table", function()
  local registry = debug.getregistry()
  local globals = registry[2]
  for _, v in ipairs {false, 12, "x", print, io.stdout} do
    registry[2] = v or nil
    pcall(globals.module, "no.such.module")
    pcall(globals.load, "return 1")
    pcall(string.rep)
    registry[2] = globals
  end
  for skip = 0, 12 do
    with_finalizer(skip, function()
      if debug.getinfo(3, "S").what ~= "C" then return end
      for i = 1, 9 do debug.setlocal(3, i, 12) end
    end, globals.module, "no.such.module" .. skip)
    globals.no = nil
    package.loaded["no.such.module" .. skip] = nil
  end
end)

-- Other threads.
check("nothing is left on the stack of another thread", function()
  local co = coroutine.create(function(...) local a, b = ... coroutine.yield(a) return a, b, ... end)
  coroutine.resume(co, 1, 2, 3)
  for _ = 1, 3000 do
    pcall(debug.setlocal, co, 1, {}, "v")
    pcall(debug.setlocal, co, 1, 1)
    pcall(debug.setlocal, co, 100, 1, "v")
    pcall(debug.getinfo, co, print, "fX")
    pcall(debug.getinfo, co, load("return 1"), "fLX")
    debug.getinfo(co, 1, "fL")
    debug.getinfo(co, 0, ">S")
    debug.getlocal(co, 1, 1)
    debug.getlocal(co, 1, 100)
    debug.gethook(co)
    debug.sethook(co)
    pcall(debug.sethook, co, 1, "c")
  end
  local r = table.pack(coroutine.resume(co, "x"))
  assert(table.concat({r[2], r[3], r[4], r[5], r[6], r.n}, " ") == "1 2 1 2 3 6")
end)
check("a thread whose stack is full", function()
  local co
  co = coroutine.create(function()
    local function deep(n)
      if n % 50 == 0 then
        debug.getinfo(co, 1, "nSlutLf")
        debug.getlocal(co, 1, 1)
        debug.setlocal(co, 1, 1, n)
        debug.sethook(co)
      end
      return (deep(n + 1)) + 1
    end
    return deep(1)
  end)
  local ok, e = coroutine.resume(co)
  assert(not ok and e:find("stack overflow"), e)
  assert(debug.getinfo(co, 0, "nSlutLf"))
  debug.getlocal(co, 0, 1)
  debug.setlocal(co, 0, 1, 1)
end)
check("a coroutine that takes itself out of its wrapper", function()
  local w
  w = coroutine.wrap(function()
    debug.setupvalue(w, 1, nil)
    collectgarbage()
    return table.unpack({}, 1, 5000)
  end)
  assert(select("#", w()) == 5000 and not pcall(w))
end)

-- Frames.
check("debug information that names variables beyond the frame", function()
  local f = load("local callee = ... do local v1, v2, v3, v4, v5, v6 = 1, 2, 3, 4, 5, 6 end callee(1, 2) return 1", "=x")
  local s, n = string.dump(f):gsub("(v%d%z)(....)(....)", "%1\0\0\0\0\255\255\255\127")
  assert(n == 6)
  assert(load(s)(function()
    for i = -3, 20 do debug.getlocal(2, i) end
    for i = -3, 20 do debug.setlocal(2, i, 1.2345e-300) end
    collectgarbage()
    return junk()
  end) == 1)
end)
check("variables behind the results, in a return hook", function()
  local function f() local a, b, c, d = 1, 2, 3, 4 return a end
  local seen
  debug.sethook(function()
    if debug.getinfo(2, "f").func == f then
      seen = true
      for i = 1, 20 do debug.setlocal(2, i, 1.5) end
      collectgarbage()
    end
  end, "r")
  f()
  debug.sethook()
  assert(seen)
end)
check("what debug.setlocal took away goes when the function ends", function()
  local weak = setmetatable({}, {__mode = "v"})
  local function callback(a, b)
    if weak[1] == nil then
      weak[1] = {}
      debug.setlocal(2, 2, weak[1])
      debug.setlocal(2, 2, callback)
      collectgarbage()
      assert(weak[1])
    end
    return a < b
  end
  table.sort({3, 2, 1, 5, 4}, callback)
  clean()
  collectgarbage() collectgarbage()
  assert(weak[1] == nil)
end)

check("more sets in a pattern than 65536", function()
  for _, n in ipairs {65535, 65536, 65537, 200000} do
    local subject, pattern = ("a"):rep(n) .. "b", ("[a]"):rep(n) .. "[b]"
    assert(subject:find(pattern) == 1)
  end
  assert((" " .. ("a"):rep(70000) .. "b"):find(("[a]"):rep(70000) .. "%f[b]b") == 2)
end)

os.remove(lines)
collectgarbage("setpause", pause)
collectgarbage("setstepmul", stepmul)
