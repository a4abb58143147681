-- What every hostile script begins with: victims, and helpers that take them away. All that the helpers need is in local
-- variables, since nothing else may be left. The collector is off but while something is called, or it would all take too long.
local assert, collectgarbage, debug, error, getmetatable, ipairs, load, next, pairs, pcall, rawget, rawset, select, setmetatable,
  tostring, type = assert, collectgarbage, debug, error, getmetatable, ipairs, load, next, pairs, pcall, rawget, rawset, select,
  setmetatable, tostring, type
local create, resume, running, status, wrap, yield = coroutine.create, coroutine.resume, coroutine.running, coroutine.status,
  coroutine.wrap, coroutine.yield
local open, lines, popen, iotype = io.open, io.lines, io.popen, io.type
local rep, byte, find, gmatch, gsub, dump = string.rep, string.byte, string.find, string.gmatch, string.gsub, string.dump
local getinfo, getlocal, setlocal, setupvalue, sethook, setmeta, setuservalue, upvaluejoin, getregistry, traceback, getupvalue =
  debug.getinfo, debug.getlocal, debug.setlocal, debug.setupvalue, debug.sethook, debug.setmetatable, debug.setuservalue,
  debug.upvaluejoin, debug.getregistry, debug.traceback, debug.getupvalue
local _G, package, io, os, string, table, math, bit32, coroutine = _G, package, io, os, string, table, math, bit32, coroutine
local registry, loaded, strings, file_meta = getregistry(), package.loaded, getmetatable(""), getmetatable(io.stdout)
local main, xpcall = running(), xpcall
local remove, searchers = os.remove, package.searchers

V = {}
local V = V
local called                 -- what is being tried
local own = {}               -- functions whose variables are left alone
local serial = 0
local function long(n)       -- a string that nothing else refers to
  serial = serial + 1
  return rep("x", n or 100) .. serial
end
local function junk()        -- takes the place of what was freed
  local t = {}
  for i = 1, 8 do t[i] = {rep("y", i * 40) .. i, [i .. "k"] = function() return t end} end
end
local function wipe(t)
  if type(t) ~= "table" then return end
  for k in next, t do t[k] = nil end
end
-- Other entries in their place: the parts of the table move.
local function refill(t, n)
  wipe(t)
  if type(t) ~= "table" then return end
  for i = 1, 3 do rawset(t, "k" .. i, true) end
  rawset(t, n, {long()})
end
local function collect()
  collectgarbage()
  collectgarbage()
end
-- Variables and temporaries of every active function that is not one of these.
local function clear_locals(v, th)
  for level = th and 0 or 2, 14 do
    local info
    if th then info = getinfo(th, level, "f") else info = getinfo(level, "f") end
    if not info then break end
    if not own[info.func] then
      for i = -3, 24 do
        if th then pcall(setlocal, th, level, i, v) elseif not setlocal(level, i, v) and i > 0 then break end
      end
    end
  end
end
local function clear_upvalues(v, f)
  for i = 1, 6 do pcall(setupvalue, f, i, v) end
end
local function clear_active_upvalues(v)
  for level = 2, 14 do
    local info = getinfo(level, "f")
    if not info then break end
    if not own[info.func] and info.func ~= called then clear_upvalues(v, info.func) end
  end
end
local function finish(co)    -- lets a coroutine run to its end
  if type(co) == "thread" then
    for i = 1, 30 do if not resume(co) then break end end
  elseif type(co) == "function" then
    for i = 1, 30 do if not pcall(co) then break end end
  end
end
local function close(f) pcall(file_meta.__index.close, f) end
file_meta.__index = {close = io.close, read = io.stdout.read, write = io.stdout.write, lines = io.stdout.lines,
  seek = io.stdout.seek, setvbuf = io.stdout.setvbuf, flush = io.stdout.flush}

-- The strike: made by the generator, called at the n-th opportunity or at each from there on.
-- There is an end to them, since a coroutine has no hook that could stop it.
local strike, armed, paused, countdown, again, calls = nil, false, false, 1, 0, 0
local function opportunity(...)
  calls = calls + 1
  if calls > 500 then error("enough") end
  if not armed or paused then return ... end
  countdown = countdown - 1
  if countdown > 0 then return ... end
  again = again - 1
  if again < 0 then armed = false end
  strike()
  return ...
end
-- A finalizer that is due at each collection.
local function gcfin(f)
  local meta = {}
  meta.__gc = function(o)
    f(o)
    if armed then setmetatable({}, meta) end
  end
  own[meta.__gc] = true
  setmetatable({}, meta)
end
for _, f in ipairs{long, junk, wipe, refill, collect, clear_locals, clear_upvalues, clear_active_upvalues, finish, close, opportunity,
  gcfin} do own[f] = true end

-- A value that has an opportunity in each metamethod, and answers with victims.
local function answer(v) return function(a, b) opportunity() return v end end
local function object(answers)
  local meta = {}
  for _, name in ipairs{"index", "add", "sub", "mul", "div", "mod", "pow", "unm", "concat", "call"} do
    meta["__" .. name] = function(a, b)
      opportunity()
      if answers then return V.answer end
      return name == "index" and rawget(V, "answer") or 1
    end
  end
  meta.__newindex = function(t, k, v) opportunity() rawset(t, k, v) end
  meta.__len = function(t) opportunity() return V.length or 3 end
  meta.__eq = function(a, b) opportunity() return V.t == nil end
  meta.__lt = function(a, b) opportunity() return #long() % 2 == 0 end
  meta.__le = meta.__lt
  meta.__tostring = function() opportunity() return V.s or long() end
  meta.__pairs = function(t) opportunity() return next, t, nil end
  meta.__ipairs = function(t) opportunity() return function(t, i) opportunity() if i < 4 then return i + 1, V.s end end, t, 0 end
  meta.__metatable = nil
  return setmetatable({long(), long(), long(), [long()] = long()}, meta)
end
local function less(a, b)
  opportunity()
  if type(a) == type(b) and (type(a) == "number" or type(a) == "string") then return a < b end
  return tostring(a) < tostring(b)
end
local function wild(a, b) opportunity() return serial % 3 == 0 end
local function callback(...) opportunity() return V.answer, ... end
local function reader(text)   -- gives a chunk in pieces
  local at = 0
  return function()
    opportunity()
    at = at + 1
    local piece = text:sub(at * 7 - 6, at * 7)
    return #piece > 0 and piece or nil
  end
end
local function body(...)
  local a, b, c = long(), {long()}, function() return a end
  opportunity()
  local x = yield(a)
  opportunity()
  yield(b, x)
  local function deep(n) if n == 0 then yield(c) else deep(n - 1) end return n end
  deep(12)
  return long()
end
-- A function with debug information that is not true: its variables seem to live for ever.
local function forged()
  local text = dump(load([[local call = ...
    do local v1, v2, v3, v4, v5, v6 = 1, 2, 3, 4, 5, 6 end
    call(1, 2)
    return call, {}]], "=forged"))
  return load((gsub(text, "(v%d%z)(....)(....)", "%1\0\0\0\0\255\255\255\127")))
end
local function deep_one()     -- a coroutine that waits in nested calls
  paused = true
  local co = create(body)
  for _ = 1, 3 do resume(co) end
  V.co = co
  paused = false
  return co
end
local function named(f)       -- known by a long name only
  for _, lib in next, loaded do
    if type(lib) == "table" then
      for k, v in next, lib do if v == f then lib[k] = nil end end
    end
  end
  V.key = long(200)
  _G[V.key] = f
  return f
end
local function new_file(text)
  local f = assert(open("victim", "w+"))
  f:write(text or rep(rep("z", 90) .. "\n", 60), "12.5 0x10 nan ", rep("9", 300), "\n")
  f:seek("set")
  return f
end
local function null_file()    -- the handle of an open that failed
  local gc = file_meta.__gc
  file_meta.__gc = function(h) V.null = h end
  open("/nonexistent/x")
  collect()
  file_meta.__gc = gc
  return V.null
end

local function fresh()
  V.s, V.answer, V.key = long(300), long(), long(200)
  V.t, V.h, V.n = {}, {}, {}
  for i = 1, 9 do
    V.t[i] = long()
    V.h[long()] = long()
    V.n[i] = i * 7 % 5
  end
  V.m = {long(), {long()}, function() return V end, long()}
  V.o, V.p = object(), object(true)
  V.weak = setmetatable({}, {__mode = "kv"})
  V.eph = setmetatable({}, {__mode = "k"})
  for i = 1, 4 do
    local k = long()
    V.weak[k] = true
    V.weak[k] = nil
    V.weak[{}] = {}
    V.eph[{}] = {}
    V.eph[V.t[i]] = {V.t[i]}
  end
  V.f = new_file()
  V.co = create(body)
  resume(V.co)
  V.wrap = wrap(body)
  V.words = gmatch(rep("word and ", 40), "(%a+)%s*")
  V.lines = lines("victim")
  V.forged = forged()
  V.cl = (function() local a, b = long(), {long()} return function() opportunity() return a, b, V end end)()
end

-- Reads all of what came out.
local function touch(v, depth)
  if type(v) == "string" then
    find(v, "\1", 1, true)
  elseif type(v) == "table" and depth < 3 then
    for k, x in next, v do touch(k, depth + 1) touch(x, depth + 1) end
  elseif type(v) == "function" then
    local info = getinfo(v, "SL")
    for i = 1, 10 do
      local name, x = getupvalue(v, i)
      if not name then break end
      if depth < 2 then touch(x, depth + 2) end
    end
  elseif type(v) == "thread" then
    traceback(v)
  elseif v == nil or type(v) == "number" then
    return v == v
  end
end
local function touch_all(...)
  paused = true
  for i = 1, select("#", ...) do touch((select(i, ...)), 0) end
  paused = false
end

local function run(f, way)
  if way == "plain" then
    touch_all(pcall(f))
  elseif way == "coroutine" then
    local co = create(f)
    for i = 1, 20 do
      touch_all(resume(co, V.answer))
      if status(co) == "dead" then break end
    end
    touch_all(co)
  elseif way == "nested" then
    V.nested = wrap(function()
      local inner = wrap(f)
      local a, b, c = long(), {}, 3
      inner()
      touch_all(a, b, c)
      return a
    end)
    pcall(V.nested)
    V.nested = nil
  else
    touch_all(xpcall(f, function(m) opportunity() return traceback(m) end))
  end
end
-- Calls `f`: the first time the strike is at opportunity `from`, the next time at the one behind it, and so on, with new victims
-- each time. `more` further opportunities are used, too.
local function attempt(f, way, times, from, more, finalizers, mask, count)
  called = f
  for i = 1, times do
    pcall(fresh)
    V.body = f
    collect()
    countdown, again, calls, armed, paused = from + i - 1, more, 0, true, false
    if finalizers then gcfin(opportunity) end
    if mask then sethook(opportunity, mask, count) end
    collectgarbage("restart")
    run(f, way)
    armed, calls = false, 0
    sethook()
    collectgarbage("stop")
  end
end
for _, f in ipairs{answer, object, less, wild, callback, reader, touch, touch_all, run, attempt, fresh} do own[f] = true end
