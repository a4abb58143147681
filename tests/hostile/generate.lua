-- Makes hostile scripts. A script calls a library function while finalizers, hooks, metamethods, comparators, readers and
-- coroutines take away what the function works with. Nothing is compared: no script may read freed memory, crash, or leave
-- anything behind. The same seed and number make the same script.
local preamble_file = ...
local file = assert(io.open(preamble_file))
local preamble = file:read("*a")
file:close()

-- xorshift32
local bxor, lshift, rshift = bit32.bxor, bit32.lshift, bit32.rshift
local state
local function below(n)
  state = bxor(state, lshift(state, 13))
  state = bxor(state, rshift(state, 17))
  state = bxor(state, lshift(state, 5))
  return math.floor(state / 4294967296 * n)
end
local function pick(t) return t[below(#t) + 1] end

-- What is taken away. Each is a statement.
local strikes = {
  "collect()", "collect()", "collect()", "junk()", "junk()",
  "wipe(V.t)", "wipe(V.t)", "refill(V.t, 9)", "refill(V.t, %n)", "refill(V.n, 9)", "refill(V.n, %n)", "refill(V.o, 2)",
  "wipe(V.n)", "wipe(V.h)", "refill(V.h, %n)", "wipe(V.m)", "wipe(V.o)", "V.t[%n] = nil", "V.n[%n] = {long()}", "V.t[%n] = long()",
  "V.t[%n] = %n", "for i = 1, 60 do rawset(V.t or {}, i, i) end", "for i = 1, 60 do V.h[i .. 'h'] = i end",
  "wipe(getmetatable(V.o))", "wipe(getmetatable(V.p))", "setmeta(V.o, nil)", "setmeta(V.p, {__index = V.t})", "setmeta(V.t, {__index = callback})",
  "setmeta(V.weak, nil)", "getmetatable(V.weak).__mode = 'k'", "setmeta(V.eph, {__mode = 'v'})", "setmeta(V.m, {__mode = 'kv'})",
  "V.%v = nil", "V.%v = nil", "V.%v = nil", "V.%v = V.%v", "V.%v = %n", "V.answer = nil", "V.answer = %n", "V.length = 30",
  "V.s = nil collect() junk()", "V.key = nil", "if V.key then _G[V.key] = nil end V.key = nil collect() junk()",
  "wipe(_G)", "wipe(loaded)", "wipe(registry)", "wipe(strings)", "wipe(string)", "wipe(package)", "wipe(searchers)", "wipe(file_meta)",
  "wipe(package.preload)", "wipe(io)", "registry[1], registry[2] = nil", "registry._IO_input = nil", "registry._IO_output = nil",
  "registry['FILE*'] = nil", "registry._IO_output = V.t", "registry._LOADED = nil", "registry._PRELOAD = V.f", "registry[2] = V.t",
  "clear_locals(nil)", "clear_locals(nil)", "clear_locals(nil)", "clear_locals(%n)", "clear_locals(V.t)", "clear_locals(long())",
  "clear_locals(nil, V.co)", "clear_locals(V.t, V.co)", "clear_locals(main)", "clear_locals(V.f)", "clear_locals(callback)",
  "clear_active_upvalues(nil)", "clear_active_upvalues(nil)", "clear_active_upvalues('')", "clear_active_upvalues(0)",
  "clear_active_upvalues(V.t)", "clear_active_upvalues(main)", "clear_active_upvalues(V.f)", "clear_active_upvalues(1e300)",
  "clear_upvalues(nil, V.%c)", "clear_upvalues(main, V.%c)", "clear_upvalues(V.t, V.%c)", "clear_upvalues(-%n, V.%c)",
  "clear_upvalues(long(), V.%c)", "clear_upvalues(V.f, V.%c)", "pcall(setupvalue, V.%c, 1, main)", "pcall(setupvalue, V.%c, 1, V.co)",
  "pcall(upvaluejoin, V.body, 1, V.cl, 1)", "pcall(upvaluejoin, V.cl, 2, V.body, 2)",
  "close(V.f)", "close(V.f)", "close(io.stdout)", "pcall(io.close)", "pcall(io.input, V.f)", "pcall(io.output, V.f)", "V.f = new_file()",
  "setmeta(V.f, nil)", "setmeta(V.f, getmetatable(V.o))", "pcall(setuservalue, V.f, {long()})", "remove('victim')", "setmeta('', nil)",
  "setmeta('', {__index = function() opportunity() return callback end})", "setmeta(nil, {__index = V.t, __call = callback})",
  "setmeta(0, getmetatable(V.o))", "setmeta(print, getmetatable(V.o))", "setmeta(main, getmetatable(V.o))",
  "finish(V.co)", "finish(V.co)", "V.co = nil", "V.co = create(body) resume(V.co)", "finish(V.wrap)", "finish(V.nested)", "finish(V.lines)",
  "finish(V.words)", "finish(create(body))", "pcall(V.%c)", "pcall(V.forged, clear_locals)", "pcall(V.forged, function() clear_locals(V.t) end)",
  "sethook()", "sethook(opportunity, 'crl', %n)", "sethook(opportunity, 'l')", "if V.co then sethook(V.co, opportunity, 'crl', %n) end",
  "error(long())", "error({long()})", "error()", "pcall(yield, long())", "yield(long())", "pcall(error)",
  "traceback(V.co)", "pcall(load, dump(V.body or body))", "collectgarbage('generational')", "collectgarbage('incremental')",
  "collectgarbage('step', %n)", "collectgarbage('setpause', 0)", "local function deep(n) if n > 0 then deep(n - 1) end return n end deep(150)",
  "local t = {} for i = 1, 200 do t[i] = {long()} end", "local g = gmatch(long(), '.') for i = 1, 3 do g() end",
}

local any = {"t", "h", "n", "m", "o", "p", "s", "f", "co", "wrap", "words", "lines", "cl", "key", "weak", "eph", "forged", "answer", "nested",
  "body"}
local callables = {"wrap", "words", "lines", "cl", "forged", "nested", "body"}

-- What is called. Each is a list of expressions.
local calls = {
  -- the table library
  "table.concat(V.t)", "table.concat(V.t, V.s)", "table.concat({1, long(20000), long(20000)}, long())", "table.concat(V.m)", "table.concat(V.o, ',')",
  "table.concat(V.t, ',', 1, %n)", "table.sort(V.t)", "table.sort(V.t, less)", "table.sort(V.n, less)", "table.sort(V.n, less)", "table.sort(V.n)",
  "table.sort(V.n, wild)", "table.sort(V.t, wild)", "table.sort(V.o, less)", "table.sort({V.o, V.p, V.o, V.p, V.o})", "table.sort(V.m, less)",
  "table.sort(V.o)", "table.sort({%n, 3, 1, 2, %n, 7, 5}, function(a, b) opportunity() return a < b end)",
  "table.insert(V.t, %n, V.s)", "table.insert(V.o, V.s)", "table.insert(V.o, 1, V.s)", "table.remove(V.t, %n)", "table.remove(V.o)", "table.remove(V.o, 1)",
  "table.unpack(V.t)", "table.unpack(V.o)", "table.unpack(V.m, 1, %n)", "table.pack(V.t, V.s, table.unpack(V.m))", "table.maxn(V.h)", "table.maxn(V.o)",
  -- strings
  "string.find(V.s, '.-.-b')", "string.find(rep('a', 3000) .. serial, '.-.-b')", "string.find(rep('a', 3000), rep('a?', 7) .. 'b')",
  "string.match(V.s, '(.-)(x+)(%d+)')", "string.match(rep('a', 2000), '(.-)%s(.-)b', %n)",
  "string.gsub(V.s, 'x', callback)", "string.gsub(V.s, '(x)(x)', V.o)", "string.gsub(V.s, '%d', V.h)", "string.gsub(V.s, 'x+', '%0' .. long())",
  "string.gsub(long(), '()(.)', function(a, b) opportunity() return V.s end)", "string.gsub(long(9000), '.-b', V.p, %n)",
  "V.words()", "for a in string.gmatch(V.s, '%d') do opportunity() end", "for a, b in string.gmatch(rep('ab ', 90), '(%a)(%a)') do callback(a) end",
  "string.gmatch(rep('a', 3000), rep('.', 20) .. '.-.-b')()", "string.rep(V.s, %n, long())", "string.rep(long(5000), 9)", "string.upper(V.s)", "string.lower(long(9000))", "string.reverse(long(9000))",
  "string.format('%s %q %s', V.s, long(), V.o)", "string.format('%s', V.o)", "string.format('%s%s%s', V.o, V.p, V.o)", "string.format('%99s %20.10f %x', V.o, %n, %n)",
  "string.format(rep('%s', 40), V.o, V.s, V.p, V.o)", "string.format('%q', rep('\\n\\0', 3000))", "string.format('%d', V.o)", "string.format('%s %d', V.o, V.s)", "string.byte(V.s, 1, -1)",
  "string.char(string.byte(V.s, 1, 90))", "string.dump(V.cl)", "string.dump(V.forged)", "string.len(V.o)", "string.sub(long(9000), %n, -%n)", "(V.s):rep(%n)", "V.s:upper()", "#V.s, V.s.len",
  "V.s .. V.o .. V.s .. V.p", "V.o .. V.s", "V.s .. %n .. long() .. V.t[1] .. V.t[2]", "V.s < V.s .. 'a', V.s == long(300)",
  -- the base library
  "assert(nil, V.o)", "assert(false, long())", "tostring(V.o)", "tostring(V.f), tostring(V.co), tostring(V.t)", "tonumber(V.s)", "tonumber(V.o, 16)", "tonumber(rep(' ', 5000) .. 1)",
  "print(V.o, V.s, V.p)", "(function() tostring = callback print(V.o, V.s) end)()", "(function() tostring = function() opportunity() return long() end print(V.t, V.s) end)()",
  "error(V.o)", "error(V.s, %n)", "pcall(error, V.o)", "pcall(callback, V.s)", "pcall(V.o, V.s)", "xpcall(error, callback, V.s)", "xpcall(callback, callback, V.t, V.s)", "xpcall(function() local x = V.o.a.b.c.d end, callback)",
  "select(-1, V.t, V.s, V.o)", "select('#', table.unpack(V.t))", "rawequal(V.o, V.p), rawlen(V.t), rawget(V.t, V.s)", "rawset(V.t, V.s, long())", "next(V.h)", "next(V.t, V.s)", "type(V.o)",
  "for k, v in pairs(V.o) do opportunity() end", "for k, v in pairs(V.h) do opportunity() end", "for k, v in next, V.h do opportunity() V.h[k] = nil end", "for i, v in ipairs(V.o) do opportunity() end", "for i, v in ipairs(V.t) do opportunity() end",
  "for k in pairs(V.weak) do opportunity() end", "for k in pairs(V.eph) do opportunity() end", "getmetatable(V.o)", "setmetatable({}, {__gc = opportunity, __mode = 'kv'})", "setmetatable(V.t, {__gc = callback})", "setmetatable(V.m, V.o)",
  "load(reader('return ' .. long() .. '()'))", "load(reader('local a, b = 1, {2, x = 3} return function() return a, b end'))()", "load(reader(dump(body)))", "load(reader(dump(V.cl)), long(), 'b', V.h)", "load(V.s)", "load('x = ' .. rep('{', 30), long())", "load(function() opportunity() return V.answer end)",
  "load(rep('local a = \"' .. long() .. '\" ', 60) .. 'return function() return a end', '=' .. long())()", "load('return ' .. rep('x.', 20) .. 'y', long(), 't', V.o)()", "load(V.o)", "loadfile('victim')", "loadfile('victim', 't', V.o)", "dofile('victim')",
  "load(dump(body), V.s, 't')", "load(sub and V.s or (dump(body)):sub(1, %n * 10))", "collectgarbage()", "collectgarbage('step', %n)", "collectgarbage('count')", "collectgarbage('generational')",
  -- modules
  "require('victim' .. serial)", "require(V.s)", "(function() package.preload[V.s] = callback return require(V.s) end)()", "(function() package.path = './?.lua;' .. long() .. '?;' .. V.s return require(long()) end)()",
  "(function() package.searchers[1] = callback return require(long()) end)()", "(function() package.searchers[2] = function(n) opportunity() return callback, V.s end return require(V.s) end)()", "(function() package.searchers = V.o return require(V.s) end)()",
  "(function() setmetatable(loaded, {__index = callback, __newindex = callback}) return require(V.s) end)()", "(function() package.path = V.o return require 'a' end)()", "module(V.s, package.seeall)", "module(V.s, callback, package.seeall)", "module('a.b.' .. long())",
  "package.searchpath(V.s, '?;' .. long() .. '/?;?', 'x', long())", "package.searchpath('a.b.c', rep('./?.lua;', 30))", "package.loadlib(V.s, '*')", "package.loadlib('./nothing.so', V.s)", "package.seeall(V.o)", "package.seeall(V.t)",
  -- coroutines
  "coroutine.resume(V.co, V.s)", "coroutine.wrap(body)(V.s)", "coroutine.wrap(function() opportunity() yield(V.s) end)()", "V.wrap(V.s)", "V.nested and V.nested()", "coroutine.status(V.co), coroutine.running()", "coroutine.yield(V.s)", "coroutine.resume(create(error), V.o)",
  "coroutine.wrap(function() local w = wrap(body) opportunity() w() opportunity() return w() end)()", "coroutine.wrap(pcall)(pcall, callback, V.s)", "coroutine.wrap(function(...) return table.sort(V.n, function(a, b) opportunity() return yield(a) end) end)()", "coroutine.resume(main)", "coroutine.wrap(table.sort)(V.t, less)",
  "coroutine.wrap(string.gsub)(V.s, 'x', callback)", "coroutine.wrap(xpcall)(body, callback)", "coroutine.create(V.s)", "coroutine.create(V.o)",
  -- files
  "V.f:read('*a')", "V.f:read('*a')", "V.f:read('*l', '*L', '*n')", "V.f:read(20000)", "V.f:read(%n, '*l', V.s)", "V.f:read('*n', '*n', '*l')", "(function() V.f = new_file(rep('0', 5000)) return V.f:read('*n') end)()", "(function() V.f = new_file(long(30000)) return V.f:read('*l') end)()",
  "(function() V.f = new_file(long(100000)) return V.f:read('*a') end)()", "(function() V.f = new_file(long(50000)) return V.f:read(50000) end)()", "V.f:write(V.s, %n, long())", "V.f:write(V.o)", "V.f:write(V.s, V.t)", "V.f:lines('*L', '*n')()", "for a in V.f:lines() do opportunity() end", "for a, b in V.f:lines('*l', 90) do opportunity() end",
  "for a in io.lines('victim') do opportunity() end", "for a in io.lines('victim', '*L', %n) do callback(a) end", "V.lines()", "V.lines(), V.lines()", "io.lines('victim', V.s)()", "io.lines('victim', '*x')()", "io.lines(V.s)", "io.lines('victim', table.unpack(V.t))", "io.lines()", "io.input('victim'):read('*a')", "io.input(V.f) and io.read('*a')",
  "io.output('output'):write(V.s)", "io.output(V.f) and io.write(V.s, V.o)", "io.write(V.s, %n, long())", "io.read('*l')", "io.read('*n', %n, V.s)", "io.open('victim'):read('*a', '*a')", "io.open(V.s)", "io.open(V.s, 'w'):write(long())", "io.open('/nonexistent/' .. long())", "io.open('victim', V.s)", "io.popen('echo ' .. V.s):read('*a')",
  "io.popen('cat >/dev/null', 'w'):write(V.s)", "io.popen('cat victim'):lines()()", "io.popen('exit 3'):close()", "io.tmpfile():write(long()):seek('set', %n)", "io.type(V.f), io.type(V.o)", "io.close(V.f)", "io.close()", "V.f:close()", "V.f:seek('end', -%n)", "V.f:seek(V.s)", "V.f:setvbuf('full', %n * 100)", "V.f:flush(), io.flush()",
  "null_file():read('*a')", "tostring(null_file())", "null_file():close()", "null_file():write(V.s)", "null_file():seek()", "null_file():lines()()", "null_file():flush(), null_file():setvbuf('no')", "io.input(null_file()) and io.read()", "io.output(null_file()) and io.write(V.s)", "io.type(null_file())", "file_meta.__gc(V.f)", "file_meta.__gc(null_file())", "pcall(file_meta.__gc, V.o)", "file_meta.__tostring(V.f)", "V.f.read(V.o, '*a')",
  "(function() local f = V.f setmetatable(V.t, {__index = callback}) return f:write(table.unpack(V.t)) end)()",
  -- the system
  "os.date(V.s)", "os.date('*t', %n)", "os.date(rep('%%c ', 40))", "os.date('%%E' .. V.s)", "os.time(V.o)", "os.time({year = 2000, month = V.o, day = 1})", "os.time(V.t)", "os.getenv(V.s)", "os.rename(V.s, long())", "os.remove(V.s)", "os.execute('true')", "os.execute('exit ' .. %n)", "os.setlocale(V.s)", "os.tmpname and os.clock()", "os.difftime(%n, V.s)",
  "os.exit(true, true)", "os.exit(%n, true)",
  -- debug
  "debug.traceback(V.co, long(9000))", "debug.traceback(deep_one(), long(8100 + serial % 90))", "debug.traceback(deep_one(), long(7900 + serial % 200))", "debug.traceback(deep_one())", "debug.getinfo(deep_one(), %n)", "debug.traceback(V.co, long(8150), %n - 5)", "debug.traceback(V.co)", "debug.traceback(V.s)", "debug.traceback(V.o)", "debug.traceback(long(8100 + serial % 100))", "debug.traceback(main)", "debug.getinfo(1)", "debug.getinfo(V.co, 0)", "debug.getinfo(V.cl, 'SlnutfL')", "debug.getinfo(V.co, %n, 'SlnutfL')",
  "debug.getinfo(V.co, print, 'fX')", "debug.getinfo(V.co, V.s)", "debug.getinfo(V.co, 0, 'X')", "debug.getinfo(V.co, V.o, 'f')", "debug.getinfo(%n, V.s)", "debug.getlocal(V.co, 1, %n)", "debug.getlocal(V.co, {}, %n)", "debug.getlocal(%n, %n)", "debug.getlocal(V.cl, 1)", "debug.setlocal(V.co, 1, {}, V.s)", "debug.setlocal(V.co, 0, %n, V.s)", "debug.setlocal(V.co, 40, 1, V.s)", "debug.setlocal(V.co, {}, {}, V.s)",
  "debug.setlocal(%n, %n, V.s)", "debug.setlocal(V.co, 1, -%n, V.t)", "debug.sethook(V.co, callback, 'crl', V.s)", "debug.sethook(V.co, callback, 'crl', 1) or finish(V.co)", "debug.gethook(V.co)", "debug.sethook(callback, V.o)", "debug.getupvalue(V.cl, %n)", "debug.setupvalue(V.cl, %n, V.s)", "debug.setupvalue(V.words, %n, V.t) and V.words()", "debug.setupvalue(V.words, %n, %n * 1e9) and V.words()",
  "debug.setupvalue(V.lines, %n, V.s) and V.lines()", "debug.setupvalue(V.lines, 1, V.o) and V.lines()", "debug.setupvalue(V.wrap, 1, %n) and V.wrap()", "debug.setupvalue(V.wrap, 1, main) and V.wrap()", "debug.setupvalue(require, 1, V.o) and require(V.s)", "debug.upvalueid(V.cl, %n)", "debug.upvaluejoin(V.cl, 1, V.cl, 2) or V.cl()", "debug.setmetatable(V.f, getmetatable(V.o)) and V.f.x",
  "for i = 1, 300 do pcall(debug.%d, V.co, %a) end", "for i = 1, 300 do pcall(debug.%d, V.co, %a) end", "for i = 1, 300 do pcall(debug.%d, V.co, %a) end",
  "debug.getuservalue(V.f)", "debug.setuservalue(V.f, V.t)", "debug.setmetatable(V.f, {__gc = callback, __index = V.o})", "debug.getregistry()", "debug.setmetatable(V.s, getmetatable(V.o)) .. V.t", "debug.getmetatable(V.o)", "debug.debug()", "V.forged(function() clear_locals(V.s) return {} end)", "V.forged(function() clear_locals(nil) clear_locals(%n * 1e-300) local t = {} return t end)",
  "V.forged(function() for i = 1, 12 do touch(select(2, getlocal(2, i)), 0) end end)", "V.forged(opportunity)",
  -- the language
  "V.o.x.y.z", "V.o + V.p, V.o * 2, -V.o", "V.o == V.p, V.o < V.p, V.o <= V.p", "#V.o, V.o(V.s), V.p(V.t)", "(function() V.o.x = V.s V.o[V.s] = V.t end)()", "(function(...) local t = {...} t[V.s] = {...} return {V.s, V.o, long(), ...} end)(table.unpack(V.t))", "(function() local a, b = V.s, {V.t} return function() opportunity() return a, b end end)()()",
  "(function() for i = 1, 9 do local x = {V.t, i .. V.s, function() return i end} end end)()", "(function() local t = {} for i = 1, 40 do t[i .. V.s] = long() end return t end)()", "(function() for i = V.o, 2 do end end)()", "(function() for a in V.o do end end)()", "V.o.a.b(V.s)", "V[V.s].x", "(V.o)(V.o)", "V.t.x.y", "V.nothing(V.s)", "V.cl()", "V.t[1]()", "V.t[1] + {}", "{} < {}", "V.s + V.o",
  "(function() local w = V.weak for i = 1, 9 do w[long()] = long() w[long(2000)] = {} opportunity() end return w[long()], w[long(2000)], next(w) end)()", "(function() local w = V.weak local k = long(900) w[k] = true w[k] = nil k = nil collect() return w[long(900)] end)()", "(function() local e = V.eph for i = 1, 9 do e[{}] = {e} e[V.t] = {V.t} end collect() return next(e) end)()",
  "(function() local w = setmetatable({}, {__mode = 'kv'}) for i = 1, 20 do w[long()] = i w[long()] = nil w[{}] = long() end collect() for i = 1, 20 do w[long()] = {} touch(w, 0) end return w end)()",
  "bit32.band(V.s, V.o)", "math.max(%n, V.o)", "math.random(V.o)", "math.floor(V.s)", "math.fmod(%n, V.t)", "bit32.extract(%n, V.o, 40)",
}
-- Known by one long name only, called wrongly: the message has the name.
local misnamed = {"io.open", "io.lines('victim', '*x')", "string.rep", "table.concat", "setmetatable", "string.gmatch('a', 'b')", "coroutine.wrap(callback)", "load", "math.floor",
  "require", "debug.setlocal", "io.read"}
local wrong = {"", "V.o", "V.t, V.t, V.t", "V.s, {}", "nil, {}, %n", "{}, V.o, {}", "callback"}

-- Wrong and right arguments of debug functions behind a coroutine, which must leave its stack as it was.
local debugging = {"getinfo", "setlocal", "getlocal", "sethook", "traceback", "getinfo", "setlocal", "gethook"}
local behind = {"print, 'fX'", "print, 'X'", "1, 'X'", "1, {}, 'v'", "{}, 1, V.t", "1, 1", "1, 90, V.t", "1, -90, V.t", "print, 'f'", "print, {}", "1, 'fL'", "0", "callback, 'crl', {}",
  "callback, 'l', 0", "V.o", "V.o, V.o", "1, 1, V.o", "40, 1, V.o", "1, V.o, V.o", "print, 1", "V.cl, 'fuL'", "nil, nil, nil", ""}

local function fill(text)
  text = text:gsub("V%.co, %%a%)", function() return ("V.co, " .. pick(behind) .. ")"):gsub(", %)", ")") end)
  return (text:gsub("%%([dnvc%%])", function(what)
    if what == "d" then return pick(debugging) end
    if what == "n" then return tostring(below(12)) end
    if what == "v" then return pick(any) end
    if what == "c" then return pick(callables) end
    return "%"
  end))
end

-- What goes with calls of a kind, besides the strikes that name the same victims.
local related = {
  {"V%.f", {"close(V.f)", "close(V.f) V.f = nil", "close(V.f) V.f = new_file()"}},
  {"io%.", {"pcall(io.close)", "close(io.stdout)", "registry._IO_output = nil", "registry._IO_input = nil", "wipe(registry)"}},
  {"V%.co", {"finish(V.co)", "finish(V.co)", "clear_locals(nil, V.co)", "clear_locals(V.t, V.co)"}},
  {"find", {"clear_locals(nil)", "clear_locals(long())", "clear_locals(%n)"}},
  {"match", {"clear_locals(nil)", "clear_active_upvalues('')", "clear_active_upvalues(long())", "clear_active_upvalues(%n)", "clear_active_upvalues(nil)"}},
  {"gsub", {"clear_locals(nil)", "clear_locals(V.t)", "V.s = nil"}},
  {"sort", {"clear_locals(nil)", "clear_locals({})", "refill(V.n, 8)", "wipe(V.n)", "refill(V.t, 8)"}},
  {"nested", {"clear_upvalues(main, V.nested)", "pcall(setupvalue, V.nested, 1, main)", "clear_upvalues(V.co, V.nested)", "V.nested = nil"}},
  {"require", {"wipe(loaded)", "wipe(package)", "wipe(searchers)", "registry._LOADED = nil", "package.searchers = nil", "package.path = nil"}},
  {"module", {"wipe(loaded)", "wipe(registry)", "wipe(_G)", "clear_locals(nil)"}},
  {"named", {"if V.key then _G[V.key] = nil end V.key = nil"}},
  {"load", {"clear_locals(nil)", "clear_locals(V.t)", "V.answer = nil"}},
  {"%.%. ", {"clear_locals(nil)", "V.s = nil V.t = {}"}},
  {"format", {"clear_locals(nil)", "V.s = nil", "clear_locals(%n)"}},
  {"insert", {"clear_locals(nil)", "clear_locals({})", "V.length = -1", "wipe(getmetatable(V.o))"}},
  {"remove", {"clear_locals(nil)", "clear_locals({})", "V.length = 3000"}},
  {"print", {"tostring = nil", "clear_locals(nil)", "setmeta(V.o, nil)"}},
  {"debug", {"clear_locals(nil)", "finish(V.co)", "V.co = nil"}},
}

-- A strike that has to do with the statement.
local function fitting(statement)
  local found = {}
  for _, entry in ipairs(related) do
    if statement:find(entry[1]) then
      for _, s in ipairs(entry[2]) do found[#found + 1] = s found[#found + 1] = s end
    end
  end
  for victim in statement:gmatch("V%.%a+") do
    for _, s in ipairs(strikes) do
      if s:find(victim .. "%f[^%w]") then found[#found + 1] = s end
    end
  end
  return pick(#found > 0 and found or strikes)
end

local function expression()
  if below(12) == 0 then return ("named(%s)(%s)"):format(pick(misnamed), fill(pick(wrong))) end
  return fill(pick(calls))
end

return function(seed, number)
  state = (seed * 2654435761 + number * 40503 + 1) % 4294967295 + 1
  for i = 1, 20 do state = (state + below(4294967296) * 69069) % 4294967295 + 1 end
  local lines = {}
  local function add(...) lines[#lines + 1] = (...):format(select(2, ...)) end
  local body = expression()
  local way = pick{"plain", "plain", "plain", "coroutine", "nested", "handled"}
  -- A few statements at random, and often those that free what they took away.
  add("strike = function()")
  for _ = 1, 1 + below(4) do
    add("  %s", (fill(below(3) > 0 and fitting(way .. body) or pick(strikes))))
  end
  if below(4) > 0 then add("  collect() junk()") end
  add("end own[strike] = true")
  local statement = body:find("^for ") and body or "return " .. body
  add("local function f() %s end", statement)
  local plants = below(7)
  -- Nothing but a hook gets into a match.
  if body:find("find") or body:find("match") then plants = pick{1, 3, 6, 6, 0} end
  local hook = "false"
  if plants == 1 or plants == 3 or plants == 6 then
    hook = ("%q, %d"):format(pick{"", "", "", "c", "r", "l", "crl"}, pick{1, 1, 2, 3, 10, 50, 100})
  end
  add("attempt(f, %q, %d, %d, %d, %s, %s)", way, pick{1, 2, 4, 8, 16}, 1 + below(pick{2, 4, 12, 60}), pick{0, 0, 0, 3, 30},
    tostring(plants % 2 == 0 or plants > 3), hook)
  add("collect()")
  add("for k, v in next, V do touch(k, 0) touch(v, 0) end collect()")
  return preamble .. "\n-- seed " .. seed .. ", number " .. number .. "\n" .. table.concat(lines, "\n") .. "\n"
end
