-- calls.lua SEED COUNT [FIRST]: makes COUNT random calls of library functions and operators and prints those from number
-- FIRST on, each with what it gave. A call may end the process or break what it got hold of here; run goes on behind it.
local V = dofile((arg[0]:gsub("calls%.lua$", "values.lua")))
local rnd, pick = V.rnd, V.pick
local str, num, int, tbl, fun, co, file, pat, repl, any, opt = V.str, V.num, V.int, V.tbl, V.fun, V.co, V.file, V.pat, V.repl, V.any, V.opt
local stdout = io.stdout
stdout:setvbuf("line")
local pcall, unpack, concat, type, load, select = pcall, table.unpack, table.concat, type, load, select

local function choice(list) return function() if rnd(12) == 1 then return any() end return V.const(pick(list)) end end
-- A count that can make no string of more than a few kilobytes.
local function count() return V.const(pick {0, 1, 2, 3, 10, 57, -1, 1.5, -3, 0.9, -2^31, -2^40, "3", "x", 2^31, 0/0}) end
local function list()
  local k, n, values = rnd(4), rnd(9) - 1, {}
  for i = 1, n do
    if k == 1 then values[i] = rnd(50) elseif k == 2 then values[i] = pick(V.words)
    elseif k == 3 then values[i] = pick(V.numbers) else values[i] = pick {1, 2, "a", "b", 3.5, false, "10"} end
  end
  return {V.show(values), function() local c = {} for i = 1, n do c[i] = values[i] end return c end}
end
local lst = function() if rnd(8) == 1 then return tbl() end return list() end
local comparators = {
  {"a < b", function() return function(a, b) return a < b end end},
  {"a > b", function() return function(a, b) return a > b end end},
  {"a <= b", function() return function(a, b) return a <= b end end},
  {"tostring", function() return function(a, b) return tostring(a) < tostring(b) end end},
  {"true", function() return function() return true end end},
  {"nil", function() return function() end end},
  {"error", function() return function() error("compare") end end},
}
local function cmp() if rnd(3) == 1 then return V.const(nil) end if rnd(12) == 1 then return any() end return pick(comparators) end
local sources = {"return 1", "return ...", "x =", "return 'a' .. 1", "local a <", "=", "error('e')", "return _ENV", "goto x", "for", "\27Lua", "",
  "return function() end", "#comment\nreturn 2", "return '\\q'", "x = }", "return 0x", "a.b:c()", "[[", "'unfinished", "--[[", "break", "return return",
  "local function f() return f end return f", "::a:: ::a::", "return 1 .. 2", "goto = 1", "a = ~", "return \"\\400\"", "return 3..2", "f(", "\255"}
local function source()
  local k = rnd(10)
  if k == 1 then return V.const(pick(V.words)) end
  if k == 2 then return pick(V.objects) end
  if k == 3 then return {"reader", function() local n = 0 return function() n = n + 1 return ({"return ", "4", "2", ""})[n] end end} end
  if k == 4 then return {"bad reader", function() local n = 0 return function() n = n + 1 return ({"return ", {}})[n] end end} end
  return V.const(pick(sources))
end
local names = choice {"data", "new", "missing", "no/such", "", "data2", "x y", "."}
local modes = choice {"r", "w", "a", "r+", "w+", "a+", "rb", "wb+", "x", "", "rw", "r+b", "+", "rbb", nil}
local formats = choice {"*n", "*l", "*L", "*a", "n", "l", "a", "*", "", "*x", 0, 1, 5, 100, -1, 2.5, "5", "*number"}
local level = choice {0, 1, 2, 3, -1, 1.5, 100, 1e10, 0/0}
local what = choice {"n", "S", "l", "u", "t", "f", "L", "nSlutfL", "x", ">", ">f", "", "nS!", "r", nil}
local dates = choice {"%c", "*t", "!*t", "%d/%m/%y", "!%H:%M:%S", "", "%", "%Ez", "%Q", "%%", "%a %A %b %B %p", "!%j %U %w %W %x %X %Z", "!%D %e %F %g %G %h", "!%I %n %r %R %t %T %u %V %C",
  "%E", "%O", "%Ey", "%Od", "%Oz", "!", "%5", "a\0b%Y", "%\0", "!%y%Y\0%m", "%i", "%L", "%k", "%s", "%P", "%+", "%v"}
local times = choice {0, 1, 86400, 1e9, -1, 2^31, 1.9, -1.5, 1e15, nil}
local function timetable()
  local t, parts = {}, {}
  for _, k in ipairs {"year", "month", "day", "hour", "min", "sec", "isdst"} do
    if rnd(7) ~= 1 then
      t[k] = k == "isdst" and pick {true, false, 1} or k == "year" and pick {1970, 2000, 2024, "1999", 1e3, 2038, 1969, "x", 99999} or
        pick {1, 2, 12, 31, 0, -1, 13, 100, "7", " 8 ", 1.5, "x", {}, true}
      parts[#parts + 1] = k .. "=" .. V.show(t[k])
    end
  end
  return {"{" .. concat(parts, ", ") .. "}", function() return t end}
end
local collect = choice {"collect", "stop", "restart", "setpause", "setstepmul", "setmajorinc", "isrunning", "generational", "incremental", "bogus"}
local searchpaths = choice {"?.lua", "./?;?.x", "", ";", "?", "no", "data;?", "./?.lua;./?/init.lua", "a?b?c", "??"}

-- name, kinds of its arguments; m = the first argument is shown again afterwards
local calls = {
  {"string.byte", str, opt(int), opt(int)}, {"string.byte", str, num, num}, {"string.char", int, int, num}, {"string.char", choice {65, 0, 255, 256, -1}, int, int},
  {"string.sub", str, int, opt(int)}, {"string.sub", str, num, opt(num)}, {"string.len", any}, {"string.lower", str}, {"string.upper", str}, {"string.reverse", str},
  {"string.rep", str, count, opt(str)}, {"string.find", str, pat, opt(int), opt(V.boolean)}, {"string.find", str, str, num, V.boolean},
  {"string.find", str, pat}, {"string.match", str, pat, opt(int)}, {"string.match", str, pat, num}, {"string.gsub", str, pat, repl, opt(int)}, {"string.gsub", str, pat, repl},
  {"string.gmatch", str, pat}, {"string.format", any, any}, {"string.dump", V.fun},
  {"table.concat", lst, opt(str), opt(int), opt(int)}, {"table.concat", lst, str, num, num}, {"table.insert", lst, int, any, m = true}, {"table.insert", lst, any, m = true},
  {"table.insert", lst, num, any, m = true}, {"table.remove", lst, opt(int), m = true}, {"table.remove", lst, num, m = true}, {"table.sort", lst, cmp, m = true},
  {"table.sort", list, cmp, m = true}, {"table.pack", any, any, any}, {"table.unpack", lst, opt(int), opt(int)}, {"unpack", lst, int, int}, {"table.maxn", lst},
  {"table.unpack", lst, choice {1, -2^31, 2^31 - 2, 2^53, 0}, choice {1, 2^31 - 1, 2^31, -1, 1e15, 1e9}},
  {"math.abs", num}, {"math.acos", num}, {"math.asin", num}, {"math.atan", num}, {"math.atan2", num, num}, {"math.ceil", num}, {"math.cos", num}, {"math.cosh", num},
  {"math.deg", num}, {"math.exp", num}, {"math.floor", num}, {"math.fmod", num, num}, {"math.frexp", num}, {"math.ldexp", num, num}, {"math.ldexp", num, int}, {"math.log", num, opt(num)},
  {"math.log10", num}, {"math.max", num, num, num}, {"math.min", num, num}, {"math.modf", num}, {"math.pow", num, num}, {"math.rad", num}, {"math.random", opt(int), opt(int)},
  {"math.random", num, num}, {"math.random", int, int}, {"math.randomseed", num}, {"math.sin", num}, {"math.sinh", num}, {"math.sqrt", num}, {"math.tan", num}, {"math.tanh", num},
  {"bit32.arshift", num, int}, {"bit32.band", num, num, num}, {"bit32.bnot", num}, {"bit32.bor", num, num}, {"bit32.btest", num, num}, {"bit32.bxor", num, num},
  {"bit32.extract", num, int, opt(int)}, {"bit32.replace", num, num, int, opt(int)}, {"bit32.lrotate", num, int}, {"bit32.lshift", num, int}, {"bit32.rrotate", num, num},
  {"bit32.rshift", num, num}, {"bit32.extract", num, num, num},
  {"assert", any, any}, {"collectgarbage", collect, opt(choice {0, 100, 200, 150})}, {"error", any, opt(int)}, {"getmetatable", any}, {"ipairs", any}, {"pairs", any},
  {"load", source, opt(str), opt(choice {"t", "b", "bt", "x", ""}), opt(any)}, {"load", source}, {"loadstring", source, opt(str)}, {"loadfile", names, opt(choice {"t", "b", "bt"}), opt(any)},
  {"dofile", names}, {"next", list, opt(int)}, {"next", list, opt(any)}, {"pcall", fun, any, any}, {"pcall", any}, {"rawequal", any, any}, {"rawget", tbl, any}, {"rawlen", any}, {"rawset", tbl, any, any, m = true},
  {"select", choice {1, 2, 3, -1, -2, -3, 0, "#", "2", 1.5, 2^31, -2^31}, any, any}, {"select", any, any}, {"setmetatable", tbl, any, m = true}, {"setmetatable", tbl, tbl},
  {"tonumber", str, opt(int)}, {"tonumber", str, choice {2, 8, 10, 16, 36, 37, 1, 0}}, {"tonumber", any}, {"tostring", any}, {"type", any}, {"xpcall", fun, fun, any}, {"xpcall", any, any},
  {"coroutine.create", fun}, {"coroutine.create", any}, {"coroutine.resume", co, any, any}, {"coroutine.resume", co}, {"coroutine.running", any}, {"coroutine.status", co}, {"coroutine.wrap", fun}, {"coroutine.yield", any},
  {"debug.getinfo", level, what}, {"debug.getinfo", fun, what}, {"debug.getinfo", co, level, what}, {"debug.getlocal", fun, int}, {"debug.getlocal", co, level, int}, {"debug.getlocal", choice {100, -1, "x", 1e10}, int}, {"debug.getmetatable", any},
  {"debug.getupvalue", fun, int}, {"debug.setupvalue", fun, int, any}, {"debug.getuservalue", any}, {"debug.setuservalue", file, any}, {"debug.setuservalue", any, any}, {"debug.setmetatable", tbl, any},
  {"debug.traceback", str, level}, {"debug.traceback", co, opt(str), level}, {"debug.traceback", any}, {"debug.upvalueid", fun, int}, {"debug.upvaluejoin", fun, int, fun, int}, {"debug.gethook", opt(co)}, {"debug.sethook", co, opt(fun), choice {"c", "r", "l", "", "x"}, opt(int)},
  {"debug.setlocal", co, level, int, any}, {"debug.setlocal", choice {100, -1, "x"}, int, any},
  {"io.open", names, modes}, {"io.type", any}, {"io.lines", names, formats, formats}, {"io.lines", names}, {"io.close", file}, {"io.read", formats, formats}, {"io.input", names}, {"io.output", choice {"out", 1, true}},
  {"file.read", file, formats, formats}, {"file.read", file, formats}, {"file.lines", file, formats}, {"file.write", file, str, num}, {"file.seek", file, opt(choice {"set", "cur", "end", "x"}), opt(num)}, {"file.seek", file, choice {"set", "cur", "end"}, int},
  {"file.setvbuf", file, choice {"no", "full", "line", "x"}, opt(choice {0, 10, 4096})}, {"file.flush", file}, {"file.close", file}, {"tostring", file}, {"io.type", file},
  {"os.date", dates, times}, {"os.date", dates, choice {0, 1e9}}, {"os.difftime", num, opt(num)}, {"os.getenv", choice {"ORACLE", "NOT_SET", "", "A=B"}}, {"os.remove", names}, {"os.rename", names, choice {"data2", "no/dir", ""}},
  {"os.setlocale", choice {"C", "POSIX", nil, "xx_XX", ""}, opt(choice {"all", "collate", "ctype", "monetary", "numeric", "time", "x"})}, {"os.time", timetable}, {"os.time", tbl},
  {"package.searchpath", str, searchpaths, opt(str), opt(str)}, {"package.searchpath", choice {"data", "a.b", "no.such.mod", "data.x"}, searchpaths, opt(choice {".", "", "x"}), opt(choice {"/", "_"})},
  {"package.loadlib", choice {"./none.so", "libc.so.6", ""}, choice {"no_such_symbol_x", "", "luaopen_x"}}, {"require", choice {"no_such_module", "a.b", "", "string", "x-y", "a\0b"}}, {"module", str, opt(any)},
  {"package.seeall", tbl}, {"package.searchers[1]", str}, {"package.searchers[2]", str}, {"package.searchers[3]", str}, {"package.searchers[4]", str},
}
local operators = {
  {"a + b", 2}, {"a - b", 2}, {"a * b", 2}, {"a / b", 2}, {"a % b", 2}, {"a ^ b", 2}, {"-a", 1}, {"not a", 1}, {"#a", 1}, {"a .. b", 2}, {"a .. b .. c", 3}, {"a == b", 2}, {"a ~= b", 2}, {"a < b", 2}, {"a <= b", 2},
  {"a > b", 2}, {"a >= b", 2}, {"a.x", 1}, {"a[b]", 2}, {"a[b].y", 2}, {"a.x.y", 1}, {"a()", 1}, {"a(b, c)", 3}, {"a:x()", 1}, {"a.x(b)", 2}, {"a and b or c", 3}, {"a + 1", 1}, {"1 - a", 1}, {"2 ^ a", 1}, {"a % 0", 1},
  {"a < 1", 1}, {"'x' < a", 1}, {"a == 'abc'", 1}, {"(a .. 'x') * 2", 1}, {"-a ^ 2", 1}, {"not a == b", 2}, {"G", 0}, {"G.x", 0}, {"G + 1", 0}, {"a + b * c", 3}, {"#a + b", 2}, {"{a, b, [3] = c}", 3}, {"{[a] = b}", 2}, {"{...}", 3}, {"select('#', ...)", 3},
  {"a / 0", 1}, {"0 / a", 1}, {"a % b + c", 3}, {"a:len()", 1}, {"a:rep(2)", 1}, {"a:format(b)", 2}, {"a:find(b, c)", 3}, {"(a):upper():lower()", 1}, {"math.floor(a) + b", 2},
}
local statements = {
  {"a[b] = c return a", 3}, {"a.x = b return a.x", 2}, {"local n = 0 for i = a, b, c do n = n + 1 if n > 5 then break end P(i) end return n", 3},
  {"local n = 0 for i = 1, a do n = n + 1 if n > 5 then break end end return n", 1}, {"for k, v in a, b, c do return k, v end", 3},
  {"for k, v in pairs(a) do return type(k) end", 1}, {"local n = 0 for i, v in ipairs(a) do n = n + 1 if n > 4 then break end P(v) end return n", 1}, {"a.x.y.z = b", 2}, {"a:x(b).y = c", 3}, {"x = a y = b return x, y", 2},
  {"local a <const> = 1", 0}, {"local t = {a, b, c} return #t, t[1]", 3}, {"if a then return b else return c end", 3}, {"while a do if b then break end a = nil end return a, b", 2},
  {"repeat local q = a until q or true return a", 1}, {"local function f(x) return x + b end return f(a)", 2}, {"local u = a; return (function() return u.f end)()", 1}, {"a = a .. b; return #a", 2}, {"return a, b, c", 3},
  {"return (a(b))", 2}, {"local x, y = a(b, c) return y, x", 3}, {"return coroutine.wrap(function(...) return coroutine.yield(...) + a end)(b)", 2}, {"return pcall(error, a, b)", 2}, {"return xpcall(a, debug.traceback, b)", 2},
  {"return select(2, pcall(a, b)), c", 3}, {"return string.format('%s|%s', tostring(a), tostring(b))", 2}, {"return tostring(a) .. tostring(b)", 2}, {"local t = setmetatable({}, {__index = a}) return t.x, t[1]", 1},
  {"local t = setmetatable({}, {__newindex = a}) t.x = b return rawget(t, 'x')", 2}, {"local t = setmetatable({}, {__call = a}) return t(b, c)", 3}, {"local t = setmetatable({}, {__concat = a}) return t .. b", 2},
  {"local t = setmetatable({}, {__eq = a, __lt = b, __le = c}) return t < t, t <= t", 3}, {"local t = setmetatable({}, {__unm = a, __len = b}) return -t, #t", 2}, {"goto l; ::l:: return a", 1},
}

local function P(...) stdout:write("[", V.show_all(...), "]") end
local cache = {}
local function compiled(text)
  local f = cache[text]
  if f == nil then
    local message
    f, message = load(text, "=call", "t", setmetatable({P = P}, {__index = _G}))
    f = f or function() error(message, 0) end
    cache[text] = f
  end
  return f
end

local function lookup(name)
  if name:sub(1, 5) == "file." then return io.stderr[name:sub(6)] end
  local index = name:match("^package.searchers%[(%d)%]$")
  if index then return package.searchers[tonumber(index)] end
  local v = _G
  for part in name:gmatch("%w+") do v = v[part] end
  return v
end

print = function(...) stdout:write("<", V.show_all(...), ">") end

local function prepare()
  local f = io.open("data", "w")
  f:write("1 2 0x10 -3.5e1 nan\nline two\n\nlast line without end")
  f:close()
  os.remove("data2")
end

local function after_each(...)
  if coroutine.running() and debug.gethook() then debug.sethook() end
  os.setlocale("C")
  io.input(io.stdin)
  io.output(stdout)
  collectgarbage("restart")
end

local function one(number, skip)
  local kind, name, args, text = rnd(20), nil, {}, nil
  local f, spec
  if kind <= 2 then
    local first
    name = "string.format"
    first, args = V.format_call()
    table.insert(args, 1, first)
    f = string.format
  elseif kind <= 5 then
    local op = pick(operators)
    for i = 1, op[2] do args[i] = rnd(3) == 1 and V.number() or any() end
    name = op[1]
    f = compiled("local a, b, c = ... local r = " .. name .. " return r")
    if name:find("...", 1, true) then f = compiled("local a, b, c = ... local r = " .. name .. " return r") end
  elseif kind <= 6 then
    local statement = pick(statements)
    for i = 1, statement[2] do args[i] = rnd(3) == 1 and V.number() or any() end
    name = statement[1]
    f = compiled("local a, b, c = ... " .. name)
  else
    spec = pick(calls)
    name = spec[1]
    local n = #spec - 1
    if rnd(10) == 1 then n = rnd(n + 1) - 1 end
    for i = 1, n do args[i] = spec[i + 1]() end
    if rnd(25) == 1 then args[#args + 1] = any() end
    f = lookup(name)
    local way = rnd(6)
    if name:sub(1, 5) == "file." and #args > 0 and rnd(3) > 1 then
      f = compiled("local a, b, c, d = ... local r, s = a:" .. name:sub(6) .. "(b, c, d) return r, s")
    elseif way == 1 and name:match("^%a[%w.]*$") and name:sub(1, 5) ~= "file." and name ~= "coroutine.yield" then
      local params = ("a, b, c, d, e, f"):sub(1, math.max(0, 3 * math.min(#args, 6) - 2))
      f = compiled("local a, b, c, d, e, f = ... local r, s, t = " .. name .. "(" .. params .. ") return r, s, t")
    elseif way == 2 and name:sub(1, 7) == "string." and #args > 0 then
      local params = ("b, c, d, e, f"):sub(1, math.max(0, 3 * math.min(#args - 1, 5) - 2))
      f = compiled("local a, b, c, d, e, f = ... local r, s, t = a:" .. name:sub(8) .. "(" .. params .. ") return r, s, t")
    end
  end
  if skip then return end
  local texts, values = {}, {}
  for i = 1, #args do
    texts[i], values[i] = args[i][1], args[i][2]()
  end
  stdout:write("#", number, " ", name, "(", concat(texts, ", "), ") -> ")
  local r = table.pack(pcall(f, unpack(values, 1, #args)))
  if name == "string.gmatch" and r[1] and type(r[2]) == "function" then
    local found = {}
    local ok, message = pcall(function() for x, y in r[2] do found[#found + 1] = V.show_all(x, y) if #found > 30 then break end end end)
    stdout:write(concat(found, "; "), " ", tostring(message))
  elseif name == "string.dump" and r[1] and type(r[2]) == "string" then
    r[2] = #r[2]
  elseif name == "io.lines" and r[1] and type(r[2]) == "function" then
    stdout:write(V.show_all(pcall(r[2])), " ", V.show_all(pcall(r[2])), " ")
  elseif (name == "load" or name == "loadstring") and type(r[2]) == "function" then
    stdout:write(V.show_all(pcall(r[2], 7)), " ")
  elseif name == "coroutine.wrap" and type(r[2]) == "function" then
    stdout:write(V.show_all(pcall(r[2], 7, 8)), " ", V.show_all(pcall(r[2], 9)), " ")
  end
  if name == "os.time" and type(r[2]) == "number" and r[2] > 1.7e9 and type(values[1]) ~= "table" then r[2] = "now" end
  if name == "os.date" and type(values[2]) ~= "number" and r[1] then r[2] = type(r[2]) end
  stdout:write(V.show_all(unpack(r, 1, r.n)))
  if spec and spec.m then stdout:write(" after ", V.show(values[1])) end
  stdout:write("\n")
  for i = 1, r.n do
    if io.type(r[i]) == "file" and r[i] ~= stdout and r[i] ~= io.stdin and r[i] ~= io.stderr then r[i]:close() end
  end
  for i = 1, #args do
    if io.type(values[i]) == "file" and values[i] ~= io.stderr then values[i]:close() end
  end
  after_each()
end

local seed, total, start = tonumber(arg[1]), tonumber(arg[2]), tonumber(arg[3]) or 1
V.seed(seed)
math.randomseed(seed)
for number = 1, total do
  if number == start or number % 50 == 1 then prepare() end
  one(number, number < start)
end
stdout:write("#end\n")
