-- Random numbers and values shared by the generators: the same sequence on every interpreter for a given seed.
local V = {}

local state
function V.seed(n)
  state = (n * 7919 + 12345) % 2147483647
  if state == 0 then state = 1 end
  for _ = 1, 3 do state = state * 16807 % 2147483647 end
end
local function rnd(n)
  state = state * 16807 % 2147483647
  return state % n + 1
end
local function pick(t) return t[rnd(#t)] end
V.rnd, V.pick = rnd, pick

-- Text of a value, without addresses and without an order that depends on hashes.
local format, byte, sub, concat, sort, rawget, next, type, tostring, select =
  string.format, string.byte, string.sub, table.concat, table.sort, rawget, next, type, tostring, select
local rank = {boolean = 1, number = 2, string = 3}
local show

local function show_string(s)
  local tail = ""
  -- "_G." comes and goes with the order of the globals, which is random.
  if #s > 300 then s = s:gsub("'_G%.", "'") end
  if #s > 300 then
    local sum = 0
    for i = 1, #s, #s > 20000 and 97 or 1 do sum = (sum * 31 + byte(s, i)) % 2147483647 end
    tail = format("...(%d bytes, sum %d)", #s, sum)
    s = sub(s, 1, 150)
  end
  return '"' .. s:gsub("[%c\\\127-\255]", function(c) return c == "\n" and "\\n" or format("\\%03d", byte(c)) end) .. '"' .. tail
end

local function show_table(v, depth)
  local items, keys, n = {}, {}, 0
  while n < 25 and rawget(v, n + 1) ~= nil do
    n = n + 1
    items[n] = show(rawget(v, n), depth + 1)
  end
  for k in next, v do
    if not (type(k) == "number" and k >= 1 and k <= n and k % 1 == 0) then keys[#keys + 1] = k end
  end
  sort(keys, function(a, b)
    local ra, rb = rank[type(a)] or 9, rank[type(b)] or 9
    if ra ~= rb then return ra < rb end
    if ra == 2 or ra == 3 then return a < b end
    if type(a) ~= type(b) then return type(a) < type(b) end
    return ra == 9 and show(rawget(v, a), 2) < show(rawget(v, b), 2)
  end)
  for i = 1, math.min(#keys, 12) do
    local k = keys[i]
    local name = type(k) == "string" and show_string(k) or rank[type(k)] and tostring(k) or type(k)
    items[#items + 1] = "[" .. name .. "]=" .. show(rawget(v, k), depth + 1)
  end
  if #keys > 12 then items[#items + 1] = "..." .. #keys end
  return "{" .. concat(items, ", ") .. "}"
end

function show(v, depth)
  depth = depth or 0
  local ty = type(v)
  if ty == "string" then return show_string(v)
  elseif ty == "number" then return format("%.17g", v)
  elseif ty == "nil" or ty == "boolean" then return tostring(v)
  elseif ty == "table" and depth < 2 then return show_table(v, depth)
  elseif ty == "userdata" and io.type(v) then return tostring(v):match("^%w+ %(?%w") or "file"
  end
  return ty
end
V.show = show
function V.show_all(...)
  local n = select("#", ...)
  local out = {}
  for i = 1, math.min(n, 12) do out[i] = show((select(i, ...))) end
  if n > 12 then out[13] = "..." .. n .. " values" end
  return concat(out, ", ")
end

V.words = {"", "a", "abc", "hello world", "x=1, y=22", "  pad  ", "a\0b", "\0", "AbC", "([{", "%d", "100", "0x10", " 12 ",
  "-7", "1e3", "key = value", "aaa", "a.b.c", "foo(bar(baz))", "\255\254", "line1\nline2\n", ("x"):rep(99), ("x"):rep(100),
  ("y\0"):rep(70), "the quick brown fox", "__tostring", "0x1p4", "nan", "inf", "1e", "0x", ".5", "5.", "1 2", "10\0", "z",
  "-0", "+5", "- 5", "0x-1", "1e+2", "99999999999999999999", "\t\n1\v", "é", "_ENV", "%", "^a$", "*n", "*a", "*l", "n", "k", "r"}
V.numbers = {0, 1, 2, 3, -1, -2, -3, 5, 10, 100, 1.5, -1.5, 2.9, 0.1, 1e15, 2^31, 2^32, 2^53, -2^31, 1e100, -1e100, 0/0, 1/0,
  -1/0, 255, 256, 65, 123456789, 1/3, -0.0, 2^63, -2^63, 2^64, 0.9, -0.9, 1e-5, 5e-324, 4, 7, 8, 31, 32, 33, 64, 2^31 - 1,
  2^32 - 1, -2^32, 2^40, 1e14, 1e16, 12345.678, 0.5, -0.5, 2.5, 3.5, 1e300, 36, 37, 16}

local MT = {
  __tostring = function() return "custom" end, __len = function() return 3 end,
  __add = function(a, b) return "add" end, __sub = function() return "sub" end, __mul = function() return nil end,
  __div = function() return 1, 2 end, __mod = function() return false end, __pow = function() return "pow" end,
  __unm = function(a, b) return rawequal(a, b) end, __concat = function(a, b) return type(a) .. type(b) end,
  __eq = function() return 1 end, __lt = function() return nil end, __le = function() return "le" end,
  __index = function(t, k) return k end, __newindex = function() end, __call = function(self, ...) return select("#", ...), ... end,
  __metatable = "locked",
}
local objects = {
  {"{}", function() return {} end},
  {"{1, 2, 3}", function() return {1, 2, 3} end},
  {"{'b', 'a', 'c'}", function() return {"b", "a", "c"} end},
  {"{a = 1}", function() return {a = 1} end},
  {"{10, 20, nil, 40}", function() return {10, 20, nil, 40} end},
  {"{1, 'x', {}}", function() return {1, "x", {}} end},
  {"{year = 2000, month = 1, day = 1}", function() return {year = 2000, month = 1, day = 1} end},
  {"object", function() return setmetatable({}, MT) end},
  {"{__tostring = 42}", function() return setmetatable({}, {__tostring = function() return 42 end}) end},
  {"{__tostring = error}", function() return setmetatable({}, {__tostring = function() error("in tostring") end}) end},
  {"{__index = {...}}", function() return setmetatable({}, {__index = {1, 2, a = "A", x = "X"}}) end},
  {"{__len = 'x'}", function() return setmetatable({1}, {__len = function() return "x" end}) end},
  {"{__len = 2.5}", function() return setmetatable({1, 2}, {__len = function() return 2.5 end}) end},
  {"{__call}", function() return setmetatable({}, {__call = function(_, x) return x end}) end},
  {"{__pairs}", function() return setmetatable({}, {__pairs = function(x) return 1, 2, 3, 4 end, __ipairs = function() return "i" end}) end},
  {"{__gc}", function() return setmetatable({}, {__gc = true}) end},
  {"{__metatable = false}", function() return setmetatable({}, {__metatable = false}) end},
}
local functions = {
  {"function(...) return ... end", function() return function(...) return ... end end},
  {"function(a, b) return b end", function() local u, v = 1, "up" return function(a, b) u = v return b end end},
  {"function() end", function() return function() end end},
  {"function(a, b) return a < b end", function() return function(a, b) return a < b end end},
  {"function() error('E') end", function() return function() error("E") end end},
  {"function() error({}) end", function() return function() error({}) end end},
  {"function() error() end", function() return function() error() end end},
  {"function() local x = nil; x.y = 1 end", function() return function() local x = nil; x.y = 1 end end},
  {"type", function() return type end}, {"tostring", function() return tostring end},
  {"math.floor", function() return math.floor end}, {"select", function() return select end},
  {"print", function() return print end}, {"pcall", function() return pcall end}, {"rawget", function() return rawget end},
  {"string.gmatch('a', 'a')", function() return string.gmatch("a", "a") end},
}
local threads = {
  {"co(yields)", function() return coroutine.create(function(...) local a = coroutine.yield(...) local b = coroutine.yield(a) return b end) end},
  {"co(yielded)", function() local c = coroutine.create(function(x) local y = coroutine.yield(x) error(y) end) coroutine.resume(c, 1) return c end},
  {"co(dead)", function() local c = coroutine.create(function() end) coroutine.resume(c) return c end},
  {"co(failed)", function() local c = coroutine.create(function(...) local z = 1; error("in co") end) coroutine.resume(c) return c end},
  {"co(print)", function() return coroutine.create(type) end},
  {"coroutine.running()", function() return (coroutine.running()) end},
  {"wrap", function() return coroutine.wrap(function(a) a = coroutine.yield(a) return a end) end},
}
local files = {
  {"io.stderr", function() return io.stderr end},
  {"open file", function() local f = io.open("data", "a+") f:seek("set") return f end},
  {"new file", function() local f = io.open("new", "w+") return f end},
  {"closed file", function() local f = io.open("data", "a+") f:close() return f end},
}
V.objects, V.functions, V.threads, V.files = objects, functions, threads, files

local function quoted(v) return {show(v), function() return v end} end
function V.const(v) return quoted(v) end
function V.word() return quoted(pick(V.words)) end
function V.number() return quoted(pick(V.numbers)) end
function V.small() return quoted(rnd(30) - 6) end
function V.boolean() return quoted(rnd(2) == 1) end
function V.any()
  local k = rnd(20)
  if k <= 5 then return V.word()
  elseif k <= 10 then return V.number()
  elseif k <= 12 then return quoted(nil)
  elseif k <= 13 then return V.boolean()
  elseif k <= 16 then return pick(objects)
  elseif k <= 18 then return pick(functions)
  elseif k == 19 then return pick(threads)
  end
  return pick(files)
end
local function maybe(kind) return function() if rnd(15) == 1 then return V.any() end return kind() end end
V.str = maybe(V.word)
V.num = maybe(V.number)
V.int = maybe(V.small)
V.tbl = maybe(function() return pick(objects) end)
V.fun = maybe(function() return pick(functions) end)
V.co = maybe(function() return pick(threads) end)
V.file = maybe(function() return pick(files) end)
function V.opt(kind) return function() if rnd(3) == 1 then return quoted(nil) end return kind() end end

local pats = {"a", "b", ".", "%a", "%d", "%s", "%w", "%A", "%.", "%%", "[abc]", "[^a]", "[%a_]", "[a-c]", "[]]", "(", ")", "()", "$", "^", "%b()",
  "%f[%a]", "%f[%W]", "%1", "%2", "x", "0", "%", "[", "]", "-", "%z", "(.-)", "(%a+)", "(%w+)", "=", " ", "%x", "%p", "\0", "[%z]",
  "[^%s]", "%u", "%l", "%c", "%g", "%S", "%D", "[%]]", "[a-]", "[-a]", "[^]]", "%f", "%b", "%bx", "(a*(.)%w(%s*))"}
local suffixes = {"", "", "", "", "*", "+", "-", "?"}
V.pat = maybe(function()
  if rnd(8) == 1 then return V.word() end
  local t = {}
  if rnd(5) == 1 then t[1] = "^" end
  for _ = 1, rnd(4) do t[#t + 1] = pick(pats) .. pick(suffixes) end
  if rnd(6) == 1 then t[#t + 1] = "$" end
  return quoted(concat(t))
end)
local replacements = {"", "x", "<%0>", "%1", "%2%1", "%%", "%", "%x", "[%1|%2]", "a\0b", ("r"):rep(60), "%9", "%0%0"}
V.repl = maybe(function()
  local k = rnd(9)
  if k <= 4 then return quoted(pick(replacements))
  elseif k == 5 then return {"{...}", function() return {a = "A", abc = 1, hello = false, x = true, [1] = "one", [2] = {}, b = 2.5} end}
  elseif k == 6 then return {"function(a) return a end", function() return function(a) return a end end}
  elseif k == 7 then return {"function(a, b) return b or #tostring(a) end", function() return function(a, b) return b or #tostring(a) end end}
  elseif k == 8 then return {"function() return nil end", function() return function() return nil end end}
  end
  return V.number()
end)
local flags = {"", "", "", "-", "0", "+", " ", "#", "-0", "+0", "#0", "-+ #0", "-------"}
local widths = {"", "", "", "1", "5", "12", "99", "123"}
local precisions = {"", "", "", ".", ".0", ".1", ".3", ".5", ".14", ".17", ".20", ".99", ".100"}
local conversions = {"d", "i", "u", "o", "x", "X", "c", "e", "E", "f", "g", "G", "q", "s", "s", "s", "a", "A", "%", "y", "l", "p", "F", "n", "*"}
-- A format and its arguments.
function V.format_call()
  local t, args = {}, {}
  for i = 1, rnd(3) do
    if rnd(2) == 1 then t[#t + 1] = pick(V.words):gsub("%%", "") end
    local c = pick(conversions)
    t[#t + 1] = "%" .. pick(flags) .. pick(widths) .. pick(precisions) .. c
    args[i] = rnd(10) == 1 and V.any() or ((c == "s" or c == "q") and V.word() or V.number())
  end
  if rnd(15) == 1 then args[#args] = nil end
  if rnd(40) == 1 then t[#t + 1] = "%" end
  return quoted(concat(t)), args
end
return V
