//! What random programs are made of. A rule is a weight, how often the statements in it run when it runs once, and a
//! text, in which these marks are filled in:
//!
//! * `@n` a number, `@s` a string, `@t` a table of numbers, `@o` an object, `@f` a function, `@y` a function that may
//!   yield, `@a` anything, `@c` a condition, `@i` an index: an expression, which now and then is something else
//! * `@N`, `@S`, `@T`, `@O`, `@F`, `@A` a variable that mostly holds such a value, `@K` a coroutine, `@M` a metatable;
//!   `@R` one that holds a number and may be a loop's counter
//! * `@B` statements
//! * `@*n` a new variable, which what follows in the rule sees, `@+n` one that what follows the rule sees; `@=` the last
//!   of these again
//! * `@k` a counter that no statement assigns to, `@l` a label, `@^` a function that what follows the rule sees: all the
//!   same in one rule
//! * `@{` and `@}` around a function, `@{.` one with variable arguments, `@{y` one that may yield; in it, `@$` is the number
//!   of its statements
//! * `@#` a small number; `@!` the rule is not for portable programs

pub type Rule = (usize, usize, &'static str);

pub fn values(kind: char) -> &'static [Rule] {
    match kind {
        'n' => NUMBERS,
        's' => STRINGS,
        't' => TABLES,
        'o' => OBJECTS,
        'f' => FUNCTIONS,
        'y' => YIELDING,
        'i' => INDICES,
        'c' => CONDITIONS,
        _ => ANYTHING,
    }
}

/// The variables of `PRELUDE`.
pub const VARIABLES: [(char, &str); 12] = [
    ('n', "n0"),
    ('n', "g1"),
    ('s', "s0"),
    ('t', "t0"),
    ('o', "o0"),
    ('o', "o1"),
    ('f', "f0"),
    ('a', "a0"),
    ('k', "co0"),
    ('m', "M1"),
    ('m', "M2"),
    ('m', "C1"),
];

pub const PRELUDE: &str = r#"local fuel, finals, events, trail = 20000, 0, 0, 0
math.randomseed(7)
local function show(v)
  local t = type(v)
  if t == 'number' then return string.format('%.14g', v) end
  if t == 'string' then return v end
  if t == 'boolean' or t == 'nil' then return tostring(v) end
  return t
end
local function say(...)
  local texts = {}
  for i = 1, select('#', ...) do texts[i] = show((select(i, ...))) end
  print(table.concat(texts, ' '))
end
local function cut(s)
  if type(s) == 'string' and #s > 60 then return string.sub(s, 1, 40) end
  return s
end
local function trace(e)
  say('error', e)
  print(debug.traceback('trace'))
  return e
end
local function finish(...)
  debug.sethook()
  say(...)
end
local function try(f, ...)
  fuel = 20000
  finish(xpcall(f, trace, ...))
end
local function pause(...)
  local _, main = coroutine.running()
  if main then return ... end
  return coroutine.yield(...)
end
local inputs = {1, 'x', {}, 2.5, false, '7', math.huge}
local function drive(co, n)
  for i = 1, n do
    say('co', coroutine.resume(co, inputs[i % 8]))
    if coroutine.status(co) == 'dead' then break end
    if i % 3 == 0 then print(debug.traceback(co)) end
  end
end
local function on_event(e, line)
  events = events + 1
  trail = (trail * 31 + (line or 0) + #e) % 2^31
end
local function hook(mask, n, f) debug.sethook(f or on_event, mask, n) end
local function unhook()
  debug.sethook()
  say('hook', events, trail)
end
local function brief(e, line)
  on_event(e, line)
  if events % 9 == 8 then debug.sethook() end
end
local function asking(e, line)
  on_event(e, line)
  local info = debug.getinfo(2, 'nSlt')
  if events < 30 then say(e, info.name, info.currentline, info.what, info.istailcall) end
end
local function raising(e, line)
  on_event(e, line)
  if events % 17 == 16 then error('hook', 0) end
end
local function where()
  for level = 2, 4 do
    local info = debug.getinfo(level, 'nSltu')
    if not info then break end
    say(info.name, info.namewhat, info.what, info.currentline, info.nups, info.nparams, info.istailcall)
  end
end
local function is_c(level)
  local info = debug.getinfo(level + 1, 'S')
  return info ~= nil and info.what == 'C'
end
local function locals(level)
  for i = 1, is_c(level) and 0 or 20 do
    local name, value = debug.getlocal(level, i)
    if not name then break end
    if name ~= '(*temporary)' then say(name, value) end
  end
end
local function assign(name, value)
  for level = 2, 4 do
    if not debug.getinfo(level, 'l') then return end
    local at
    for i = 1, is_c(level) and 0 or 200 do
      local found = debug.getlocal(level, i)
      if not found then break end
      if found == name then at = i end
    end
    if at then return debug.setlocal(level, at, value) end
  end
end
local function bind(f, name, value)
  if type(f) ~= 'function' then return end
  for i = 1, 60 do
    local found = debug.getupvalue(f, i)
    if not found then return end
    if found == name then return debug.setupvalue(f, i, value) end
  end
end
local function count(n)
  local i = 0
  return function()
    i = i + 1
    if i <= n then return i, i * i end
  end
end
local function range(n, i)
  if i < n then return i + 1, -i end
end
local function produce(n)
  return coroutine.wrap(function() for i = 1, n do coroutine.yield(i, n - i) end end)
end
local called = setmetatable({}, {__call = function(_, n, i) if i < n then return i + 1, i end end})
local function overflow(n) return 1 + overflow(n + 1) end
local function endless(n)
  local t = {n}
  return (endless(t[1] + 1))
end
local C1, C2, M1, M2 = {}, {}, {}, {}
C1.__index, C2.__index = C1, C2
function C1.new(n) return setmetatable({v = n, w = 0}, C1) end
function C1:get(k) return self.v end
function C1:add(k)
  self.v = self.v + k
  return self
end
setmetatable(C2, {__index = C1})
function C2.new(n)
  local o = C1.new(n)
  o.w = {n}
  return setmetatable(o, C2)
end
function C2:get(k) return C1.get(self, k) + #self.w end
for i, m in ipairs{C1, C2, M1} do
  m.__add = function(a, b) return i end
  m.__sub, m.__mul, m.__div, m.__mod, m.__pow = m.__add, m.__add, m.__add, m.__add, m.__add
  m.__unm = function(o) return o.v end
  m.__concat = function(a, b) return 'o' .. i end
  m.__eq = function(a, b) return a.v == b.v end
  m.__lt = function(a, b) return rawequal(b, o1) end
  m.__call = function(o, n) return n end
  m.__len = function() return 3 end
end
g1 = 1
local n0, s0, t0, o0, o1, f0, a0 = 3, 'abc', {1, 2, 3, 4}, C1.new(5), C2.new(1), function(x) return x end
local co0 = coroutine.create(pause)
local fns, weak = {}, setmetatable({}, {__mode = 'v'})"#;

/// Mistakes are none.
pub const LENIENT: &str = "for _, v in ipairs{{n = nil}, {true}, {print}, {0}} do
  local m = {__index = function() return nil end, __newindex = function() end, __unm = function() return 0 end,
    __concat = function() return 'c' end, __lt = function(a, b) return a == nil end, __call = function(_, v) return v end,
    __len = function() return 2 end}
  for _, event in ipairs{'__add', '__sub', '__mul', '__div', '__mod', '__pow'} do
    m[event] = function(a, b) return type(a) == 'number' and a or 1 end
  end
  debug.setmetatable(v[1], m)
  local s = debug.getmetatable('')
  for event, f in pairs(m) do
    if event ~= '__index' then s[event] = f end
  end
end";

/// Where each level of calls that C makes counts, fuel ends before there are too many.
pub const PORTABLE: &str = "local function tick(n)
  fuel = fuel - (n < 120 and 120 or n)
  if fuel < 0 then error('fuel', 0) end
end";
pub const OURS: &str = "local function tick(n)
  fuel = fuel - n
  if fuel < 0 then error('fuel', 0) end
end";

pub const END: &str = "debug.sethook()
say(n0, g1, s0, t0, o0, o1, f0, a0, #fns, events, trail, pcall(rawlen, t0))
collectgarbage()
say(finals, #weak)";

pub const OUTERMOST: &[Rule] = &[
    (4, 1, "try(@{function()\n@B\nend@})"),
    (3, 1, "try(@F, @n, @a, @t, @o)"),
    (3, 3, "for @*n = 1, 3 do\ntry(@F, @n, @a, @t, @o)\nend"),
    (4, 30, "try(@{function()\nfor @*n = 1, 30 do\n@F(@n, @a, @t, @o)\nend\nend@})"),
    (3, 120, "try(@{function()\nlocal @*n, @*n = @n, @n\nfor @*n = 1, 120 do\n@B\nend\nsay(@N, @N)\nend@})"),
    (2, 1, "try(drive, coroutine.create(@y), 9)"),
    (1, 1, "if @# + @# == 0 then\ntry(overflow, @#)\nend"),
    (1, 1, "if @# + @# == 0 then\nsay(xpcall(endless, @f, 1))\nend"),
    (1, 1, "@!try(@{function()\nhook('@#', 1)\n@B\nunhook()\nend@})"),
];

pub const DECLARATIONS: &[Rule] = &[
    (8, 1, "local function @^(@{@*n, @*a, @*t, @*o)\ntick(@$)\n@B\nreturn @n, @a\nend@}"),
    (4, 1, "local function @^(@{@*n, @*a, @*t, @*o)\ntick(@$)\n@B\n@B\nreturn @n\nend@}"),
    (2, 1, "local function @^(@{.@*n, ...)\ntick(@$)\n@B\nreturn @n, ...\nend@}"),
    (
        1,
        1,
        "local function @^(@{....)\ntick(@$)\nlocal @*n, @*a = ...\n@B\nreturn select('#', ...), @a\nend@}",
    ),
    (
        1,
        1,
        "local @^\nfunction @^(@{@k, @*a)\ntick(@$)\nif type(@k) ~= 'number' or not (@k > 0 and @k < 40) then\nreturn @n\n\
        end\n@B\nreturn @^(@k - 1, @a)\nend@}",
    ),
    (
        1,
        1,
        "local @^\nfunction @^(@{@k, @*a)\ntick(@$)\nif type(@k) ~= 'number' or not (@k > 0 and @k < 40) then\nreturn @n\n\
        end\n@B\nlocal @*n = @^(@k - 1, @a)\n@B\nreturn @=\nend@}",
    ),
    (2, 1, "function C1:get(@{@*n)\ntick(@$)\n@B\nreturn self.v\nend@}"),
    (1, 1, "function C1:add(@{@*n)\ntick(@$)\nself.v = self.v + @n\n@B\nreturn self\nend@}"),
    (1, 1, "function C2:get(@{@*n)\ntick(@$)\nreturn C1.get(self, @n) + @n\nend@}"),
    (3, 1, "function @M.__index(@{@*o, @*a)\ntick(@$)\n@B\nreturn @n\nend@}"),
    (1, 1, "@M.__index = @o"),
    (2, 1, "function @M.__newindex(@{@*o, @*a, @*n)\ntick(@$)\n@B\nrawset(@O, @A, @n)\nend@}"),
    (
        3,
        1,
        "function @M.__add(@{@*a, @*a)\ntick(@$)\n@B\nreturn @n\nend@}\n@M.__sub, @M.__mul = @M.__add, @M.__add",
    ),
    (1, 1, "function @M.__unm(@{@*a)\ntick(@$)\nreturn @a\nend@}"),
    (1, 1, "@M.__div, @M.__mod, @M.__pow = @f, @f, @f"),
    (2, 1, "function @M.__concat(@{@*a, @*a)\ntick(@$)\n@B\nreturn cut(@s)\nend@}"),
    (2, 1, "function @M.__eq(@{@*o, @*o)\ntick(@$)\n@B\nreturn @a\nend@}\n@M.__eq = M1.__eq"),
    (2, 1, "function @M.__lt(@{@*o, @*o)\ntick(@$)\n@B\nreturn @a\nend@}"),
    (1, 1, "function @M.__le(@{@*o, @*o)\ntick(@$)\nreturn @c\nend@}"),
    (2, 1, "function @M.__call(@{@*o, @*n, @*a)\ntick(@$)\n@B\nreturn @n, @a\nend@}"),
    (1, 1, "function @M.__len(@{@*o)\ntick(@$)\n@B\nreturn @n\nend@}"),
    (1, 1, "function @M.__pairs(@{@*o)\ntick(@$)\nreturn range, @n, 0\nend@}"),
];

pub const STATEMENTS: &[Rule] = &[
    (10, 1, "say(@a, @n)"),
    // variables
    (14, 1, "local @+n = @n"),
    (4, 1, "local @+s = cut(@s)"),
    (5, 1, "local @+t = @t"),
    (5, 1, "local @+o = @o"),
    (4, 1, "local @+f = @f"),
    (5, 1, "local @+a = @a"),
    (3, 1, "local @+n, @+n = @n, @n"),
    (3, 1, "local @+n, @+a = @F(@n, @a, @t, @o)"),
    (2, 1, "local @+a, @+n = ..."),
    (1, 1, "local @+a"),
    (24, 1, "@N = @n"),
    (8, 1, "@N = @N + 1"),
    (8, 1, "@N = @N + @n"),
    (4, 1, "@N = @N * 0.5"),
    (4, 1, "@N, @N = @N, @N"),
    (4, 1, "@S = cut(@s)"),
    (3, 1, "@S = cut(@S .. @N)"),
    (3, 1, "@T = @t"),
    (3, 1, "@O = @o"),
    (3, 1, "@F = @f"),
    (5, 1, "@A = @a"),
    (2, 1, "@A, @N = @n, @a"),
    // Something else in the middle of a loop.
    (6, 1, "if @R == @# then\n@N = @a\nend"),
    (3, 1, "if @R == @# then\n@T = @a\nend"),
    (2, 1, "if @R == @# then\n@O = @a\nend"),
    (2, 1, "if @R == @# then\n@S = @a\nend"),
    (2, 1, "if @R == @# then\n@F = @a\nend"),
    (3, 1, "if @R == @# then\n@B\nend"),
    // tables
    (16, 1, "@T[@i] = @n"),
    (8, 1, "@T[#@T + 1] = @n"),
    (4, 1, "@T[@i] = nil"),
    (3, 1, "@T[@i] = @a"),
    (3, 1, "@T[@i], @T[@i] = @n, @n"),
    (8, 1, "@O.v = @n"),
    (6, 1, "@O.v = @O.v + @n"),
    (4, 1, "@O.w = @a"),
    (3, 1, "@O[@s] = @a"),
    (2, 1, "@O.x = @n"),
    (1, 1, "@O.v = nil"),
    (2, 1, "@O[@o] = @n"),
    (2, 1, "@T.x = @a"),
    (2, 1, "g1 = (g1 or 0) + @n"),
    (1, 1, "g2 = @a"),
    (1, 1, "@O = setmetatable({}, {__index = @O, __newindex = @O})"),
    (3, 1, "rawset(@t, @i, @a)"),
    (3, 1, "setmetatable(@T, @M)"),
    (1, 1, "setmetatable(@T, nil)"),
    (2, 1, "setmetatable(@O, @M)"),
    (3, 1, "if @c then\nsetmetatable(@O, @M)\nend"),
    (2, 1, "if @R == @# then\nsetmetatable(@T, @M)\nend"),
    (1, 1, "@M.__index = @f"),
    (1, 1, "@M.__index = @o"),
    (1, 1, "@M.__newindex = @f"),
    (1, 1, "@M.__newindex = nil"),
    (1, 1, "@M.__add = @f"),
    (1, 1, "C1.get = @f"),
    (3, 1, "table.insert(@t, @n)"),
    (1, 1, "table.insert(@T, 1, @n)"),
    (2, 1, "table.insert(@T, @i, @n)"),
    (2, 1, "say(table.remove(@T))"),
    (1, 1, "say(table.remove(@T, @i))"),
    (2, 1, "say(pcall(table.sort, @T))"),
    (
        2,
        8,
        "say(pcall(table.sort, {3, 1, @n, 5, 2, @n, 4, 0}, @{function(@*n, @*n)\ntick(@$)\n@B\nreturn @n < @n\nend@}))",
    ),
    (
        1,
        8,
        "say(pcall(table.sort, {3, 1, 5, 2, 4, 0}, @{function(@*n, @*n)\ntick(@$)\nif @c then error('compare') end\nreturn @N < @N\n\
        end@}))",
    ),
    (1, 1, "say(pcall(table.concat, @t, ' '))"),
    (1, 1, "say(table.unpack(@t, 1, 3))"),
    // branches
    (8, 1, "if @c then\n@B\nend"),
    (5, 1, "if @c then\n@B\nelse\n@B\nend"),
    (2, 1, "if @c then\n@B\nelseif @c then\n@B\nelse\n@B\nend"),
    (4, 1, "if @c then\nbreak\nend"),
    (1, 1, "break"),
    (2, 1, "do\n@B\nend"),
    (1, 1, "do\nif @c then\ngoto @l\nend\n@B\n::@l::\nend"),
    // loops
    (8, 12, "for @*n = 1, 12 do\n@B\nend"),
    (3, 40, "for @*n = 1, 40 do\n@B\nend"),
    (2, 150, "for @*n = 1, 150 do\n@B\nend"),
    (3, 10, "for @*n = 10, 1, -1 do\n@B\nend"),
    (2, 9, "for @*n = 0, 1, 0.125 do\n@B\nend"),
    (2, 11, "for @*n = -1, 1, 0.2 do\n@B\nend"),
    (1, 9, "for @*n = 1, -1, -0.25 do\n@B\nend"),
    (1, 4, "for @*n = 2^53 - 4, 2^53 - 1 do\n@B\nend"),
    (1, 4, "for @*n = 2^31 - 2, 2^31 + 2 do\n@B\nend"),
    (1, 1, "for @*n = math.huge, 1, -1 do\n@B\nbreak\nend"),
    (1, 1, "for @*n = 1, 0/0 do\n@B\nend"),
    (1, 5, "for @*n = '1', '5' do\n@B\nend"),
    (3, 9, "do\nlocal @k = 0\nfor @*n = @n, @n, @n do\n@k = @k + 1\nif @k > 9 then break end\n@B\nend\nend"),
    (3, 9, "do\nlocal @k = 0\nfor @*n = @n, @n do\n@k = @k + 1\nif @k > 9 then break end\n@B\nend\nend"),
    (
        2,
        9,
        "do\nlocal @k = 0\nfor @*n = 1, #@T do\n@k = @k + 1\nif @k > 9 then break end\n@T[@=] = @n\n@B\nend\nend",
    ),
    (
        2,
        9,
        "do\nlocal @k = 0\nfor @*n = 1, math.huge do\n@k = @k + 1\nif @k > 9 then break end\n@B\nend\nend",
    ),
    (2, 36, "for @*n = 1, 6 do\nfor @*n = 1, 6 do\n@B\nend\nend"),
    (2, 20, "for @*n = 1, 20 do\n@N = @N + @T[@=]\nend"),
    (2, 20, "for @*n = 1, 20 do\n@T[@=] = @N\n@N = @N * 0.5 + @=\nend"),
    (4, 9, "do\nlocal @k = 0\nwhile @k < 9 do\n@k = @k + 1\n@B\nend\nend"),
    (3, 9, "do\nlocal @k = 0\nwhile @k < 9 and @c do\n@k = @k + 1\n@B\nend\nend"),
    (2, 7, "do\nlocal @k = 0\nrepeat\n@k = @k + 1\n@B\nuntil @k >= 7 or @c\nend"),
    (2, 7, "do\nlocal @k = 0\nrepeat\n@k = @k + 1\nlocal @*a = @a\n@B\nuntil @k >= 7 or @=\nend"),
    (3, 8, "do\nlocal @k = 0\n::@l::\n@k = @k + 1\n@B\nif @k < 8 then goto @l end\nend"),
    (3, 10, "for @*n = 1, 10 do\nif @c then goto @l end\n@B\n::@l::\nend"),
    (1, 16, "do\nfor @*n = 1, 4 do\nfor @*n = 1, 4 do\n@B\nif @c then goto @l end\nend\nend\n::@l::\nend"),
    (
        4,
        12,
        "do\nlocal @k = 0\nfor @*n, @*a in ipairs(@t) do\n@k = @k + 1\nif @k > 12 then break end\n@B\nend\nend",
    ),
    (3, 3, "for @*n, @*n in pairs({@n, @n, @n}) do\n@B\nend"),
    (2, 3, "for @*n, @*n in next, {@n, @n, @n} do\n@B\nend"),
    (
        2,
        1,
        "do\nlocal @k = 0\nfor _, v in pairs(@t) do\nif type(v) == 'number' then @k = @k + 1 end\nend\nsay(@k)\nend",
    ),
    (2, 1, "do\nlocal u = @t\nfor key in pairs(u) do\nu[key] = nil\nend\nsay(next(u))\nend"),
    (
        3,
        12,
        "@!do\nlocal @k = 0\nfor @*a, @*a in pairs(@t) do\n@k = @k + 1\nif @k > 12 then break end\n@B\nend\nend",
    ),
    (
        2,
        12,
        "@!do\nlocal @k = 0\nfor @*a, @*n in pairs(@o) do\n@k = @k + 1\nif @k > 12 then break end\n@B\nend\nend",
    ),
    (3, 6, "for @*n, @*n in count(6) do\n@B\nend"),
    (2, 6, "for @*n, @*n in range, 6, 0 do\n@B\nend"),
    (2, 6, "for @*n, @*n in produce(6) do\n@B\nend"),
    (1, 6, "for @*n, @*n in called, 6, 0 do\n@B\nend"),
    (
        1,
        6,
        "do\nlocal @k = 0\nfor @*n in @{function(@*a)\ntick(@$)\n@k = @k + 1\n@B\nif @k < 6 then return @k end\nend@} do\n@B\nend\nend",
    ),
    (1, 3, "for @*s in string.gmatch('a1 b2 c3', '%a%d') do\n@B\nend"),
    (2, 6, "for @*n = 1, 6 do\n@B\nfns[#fns % 9 + 1] = @f\nend"),
    (1, 1, "say(pcall(fns[@#] or type, @n))"),
    // functions and calls
    (5, 1, "local function @^(@{@*n, @*a)\ntick(@$)\n@B\nreturn @n, @a\nend@}"),
    (1, 1, "local function @^(@{....)\ntick(@$)\nlocal @*n, @*a = ...\n@B\nreturn @n, ...\nend@}"),
    (10, 1, "@F(@n, @a, @t, @o)"),
    (3, 1, "say(@F(@n, @a))"),
    (2, 1, "@F()"),
    (2, 1, "say(select('#', ...), ...)"),
    (2, 1, "@F(...)"),
    (5, 1, "@O:add(@n)"),
    (2, 1, "@O:add(@n):add(@n)"),
    (2, 1, "say(@O:get(@n))"),
    (3, 1, "if @c then\nreturn @n, @a\nend"),
    (2, 1, "if @c then\nreturn @F(@n, @a)\nend"),
    (5, 1, "say(pcall(@F, @n, @a, @t, @o))"),
    (3, 1, "say(pcall(@f, @n))"),
    (2, 1, "local @+a, @+n = pcall(@F, @n)"),
    (3, 1, "say(xpcall(@F, trace, @n))"),
    (2, 1, "say(xpcall(@F, @f, @n))"),
    (3, 1, "say(pcall(@{function()\n@B\nend@}))"),
    (5, 1, "pcall(@{function()\n@B\nend@})"),
    (2, 1, "say(select(2, pcall(pcall, @F, @n)))"),
    (1, 1, "say(pcall(@O, @n))"),
    (2, 1, "if @c then\nerror(@a)\nend"),
    (1, 1, "if @c then\nerror('level 2', 2)\nend"),
    (1, 1, "say(pcall(load('local a, b = ... return a + (b or 1), ...'), @n, @a))"),
    (1, 1, "say(pcall(load(string.dump(@f)), @n))"),
    (1, 1, "do\nlocal _ENV = setmetatable({g1 = @n}, {__index = _ENV})\n@B\ng2 = @n\nsay(g1, g2)\nend"),
    (1, 1, "say(pcall(load('g1 = (g1 or 0) + ... return g1', 'c', 't', {g1 = @n}), @n))"),
    // coroutines
    (3, 1, "local @+k = coroutine.create(@y)"),
    (5, 1, "say(coroutine.resume(@K, @a))"),
    (3, 1, "drive(@K, 4)"),
    (1, 1, "say(coroutine.status(@K))"),
    (1, 1, "print(debug.traceback(@K))"),
    (2, 1, "local @+f = coroutine.wrap(@y)"),
    (2, 1, "@N = pause(@n)"),
    (2, 1, "@A = pause(@a)"),
    (10, 1, "@A = coroutine.yield(@a)"),
    (10, 1, "@N = coroutine.yield(@n)"),
    (4, 1, "say(pcall(coroutine.yield, @n))"),
    (3, 1, "do return coroutine.yield(@n) end"),
    // the collector
    (2, 1, "collectgarbage()"),
    (2, 1, "collectgarbage('step')"),
    (2, 1, "@!say(collectgarbage('count'))"),
    (1, 1, "@!collectgarbage('setpause', 50)"),
    (1, 1, "@!collectgarbage('generational')"),
    (1, 1, "@!collectgarbage('incremental')"),
    (2, 1, "setmetatable({}, {__gc = function() finals = finals + 1 end})"),
    (2, 1, "@!setmetatable({}, {__gc = @{function()\ntick(@$)\n@B\nend@}})"),
    (1, 1, "weak[#weak + 1] = @t"),
    // hooks and questions
    (2, 1, "@!hook('l', 0)"),
    (1, 1, "@!hook('crl', @#)"),
    (1, 1, "@!hook('', @# + 1)"),
    (1, 1, "@!hook('r', 0)"),
    (1, 1, "@!hook('lc', 3, asking)"),
    (1, 1, "@!hook('l', 5, raising)"),
    (1, 1, "@!hook('', 7, brief)"),
    (1, 1, "@!hook('cr', 0, @f)"),
    (2, 1, "@!if @R == @# then\nhook('crl', @#)\nend"),
    (2, 1, "if @R == @# then\nunhook()\nend"),
    (3, 1, "unhook()"),
    (2, 1, "where()"),
    (2, 1, "locals(2)"),
    (1, 1, "locals(3)"),
    (3, 1, "assign('@N', @a)"),
    (1, 1, "assign('@T', @a)"),
    (1, 1, "if @R == @# then\nassign('@N', @a)\nend"),
    (2, 1, "bind(@F, '@N', @a)"),
    (1, 1, "print(debug.traceback('here'))"),
];

const NUMBERS: &[Rule] = &[
    (4, 1, "@#"),
    (16, 1, "@R"),
    (16, 1, "@N"),
    (2, 1, "1"),
    (1, 1, "-1"),
    (2, 1, "0.5"),
    (1, 1, "1.5"),
    (1, 1, "100"),
    (1, 1, "1e15"),
    (1, 1, "2^53"),
    (1, 1, "2^31"),
    (1, 1, "-2^63"),
    (1, 1, "math.huge"),
    (1, 1, "(0/0)"),
    (1, 1, "1e308"),
    (1, 1, "'10'"),
    (1, 1, "'0x10'"),
    (8, 1, "(@n + @n)"),
    (5, 1, "(@n - @n)"),
    (5, 1, "(@n * @n)"),
    (3, 1, "(@n / @n)"),
    (3, 1, "(@n % @n)"),
    (2, 1, "(@n ^ 2)"),
    (1, 1, "(@n ^ @n)"),
    (2, 1, "-(@n)"),
    (4, 1, "(@R + 1)"),
    (2, 1, "(@R * 0.5)"),
    (2, 1, "(@n % 7)"),
    (5, 1, "#@T"),
    (1, 1, "#@s"),
    (8, 1, "@T[@i]"),
    (4, 1, "(@T[@i] or 0)"),
    (6, 1, "@O.v"),
    (2, 1, "@O.w"),
    (2, 1, "(@O.x or 0)"),
    (3, 1, "@O:get(@n)"),
    (4, 1, "@F(@n, @a, @t, @o)"),
    (2, 1, "(@F(@n))"),
    (3, 1, "(@c and @n or @n)"),
    (2, 1, "(@N or @n)"),
    (2, 1, "math.floor(@n)"),
    (1, 1, "math.ceil(@n)"),
    (1, 1, "math.max(@n, @n)"),
    (1, 1, "math.min(@n, @n, 3)"),
    (1, 1, "math.abs(@n)"),
    (1, 1, "math.sqrt(@n)"),
    (1, 1, "math.fmod(@n, 7)"),
    (1, 1, "math.random(9)"),
    (1, 1, "bit32.bxor(#@s, 5)"),
    (1, 1, "bit32.band(@R % 256, 12)"),
    (1, 1, "select('#', @a, @a)"),
    (1, 1, "select(2, @n, @n)"),
    (1, 1, "select('#', ...)"),
    (1, 1, "(...)"),
    (1, 1, "(string.byte(@s) or 0)"),
    (1, 1, "string.byte(@s, @i)"),
    (1, 1, "(tonumber(@s) or 0)"),
    (1, 1, "string.len(@s)"),
    (1, 1, "rawlen(@t)"),
    (1, 1, "(rawget(@t, @i) or 0)"),
    (1, 1, "pause(@n)"),
    (1, 1, "g1"),
];

const INDICES: &[Rule] = &[
    (4, 1, "1"),
    (14, 1, "@R"),
    (6, 1, "@#"),
    (5, 1, "(@R % 5 + 1)"),
    (4, 1, "(@R + 1)"),
    (3, 1, "(#@T + 1)"),
    (2, 1, "#@T"),
    (1, 1, "0"),
    (1, 1, "-1"),
    (1, 1, "1.5"),
    (1, 1, "2^53"),
    (1, 1, "'x'"),
    (1, 1, "@S"),
    (1, 1, "@n"),
    (1, 1, "@a"),
];

const STRINGS: &[Rule] = &[
    (3, 1, "'a'"),
    (12, 1, "@S"),
    (1, 1, "''"),
    (2, 1, "'abc'"),
    (1, 1, "'10'"),
    (2, 1, "'v'"),
    (1, 1, "'x'"),
    (1, 1, "'a string that is longer than forty characters, so it is a long one'"),
    (5, 1, "(@s .. @s)"),
    (5, 1, "(@s .. @R)"),
    (2, 1, "(@n .. '')"),
    (3, 1, "(@S .. @R .. @s)"),
    (2, 1, "('<' .. @a .. '>')"),
    (2, 1, "string.sub(@s, 2, 3)"),
    (2, 1, "string.sub(@s, @n)"),
    (2, 1, "@S:upper()"),
    (1, 1, "@S:sub(@n, @n)"),
    (2, 1, "('x'):rep(@R % 5)"),
    (1, 1, "string.format('%5.2f %s', @n, @s)"),
    (1, 1, "string.format('%d', @n)"),
    (2, 1, "show(@a)"),
    (1, 1, "tostring(@n)"),
    (2, 1, "table.concat(@t, ',')"),
    (2, 1, "type(@a)"),
    (1, 1, "(string.gsub(@s, '.', @f))"),
    (1, 1, "(string.gsub('a-b', '%a', @T))"),
    (1, 1, "string.char(65 + @R % 26)"),
    (1, 1, "string.reverse(@s)"),
    (1, 1, "string.match(@s, '%a+')"),
];

const TABLES: &[Rule] = &[
    (3, 1, "{1, 2, 3}"),
    (20, 1, "@T"),
    (2, 1, "{}"),
    (4, 1, "{@n, @n, @n}"),
    (1, 1, "{@n, x = @a, @n}"),
    (1, 1, "{n = @n}"),
    (2, 1, "{1, 2, nil, 4}"),
    (1, 1, "{[1] = @n, [2] = @n, [4] = @n}"),
    (2, 1, "{10, 20, 30, 40, 50, 60, 70, 80}"),
    (2, 1, "{...}"),
    (1, 1, "{@n, ...}"),
    (1, 1, "{@F(@n)}"),
    (1, 1, "{@s, @s}"),
    (1, 1, "table.pack(@n, @a)"),
    (2, 1, "setmetatable({@n}, @M)"),
];

const OBJECTS: &[Rule] = &[
    (3, 1, "C1.new(1)"),
    (16, 1, "@O"),
    (4, 1, "C1.new(@n)"),
    (3, 1, "C2.new(@n)"),
    (5, 1, "setmetatable({v = @n, w = @n}, @M)"),
    (1, 1, "setmetatable({v = @n}, {__index = @O})"),
    (1, 1, "setmetatable({}, {__index = @f, __newindex = @f})"),
    (1, 1, "{v = 1, w = 2, add = @f, get = @f}"),
];

const FUNCTIONS: &[Rule] = &[
    (2, 1, "type"),
    (14, 1, "@F"),
    (1, 1, "math.floor"),
    (1, 1, "string.upper"),
    (1, 1, "say"),
    (1, 1, "next"),
    (1, 1, "C1.new"),
    (1, 1, "pause"),
    (1, 1, "error"),
    (1, 1, "@O"),
    (8, 1, "@{function(@*n, @*a)\ntick(@$)\n@B\nreturn @n, @a\nend@}"),
    (1, 1, "@{function()\ntick(@$)\n@N = @n\nreturn @N\nend@}"),
    (2, 1, "@{.function(...)\ntick(@$)\nlocal @*n, @*a = ...\n@B\nreturn @n, ...\nend@}"),
];

const YIELDING: &[Rule] = &[
    (3, 1, "pause"),
    (20, 1, "@{yfunction(@*n, @*a)\ntick(@$)\n@B\n@B\nreturn @n\nend@}"),
    (
        10,
        10,
        "@{yfunction(@*n, @*a)\ntick(@$)\nfor @*n = 1, 10 do\n@A = coroutine.yield(@n)\n@B\nend\nreturn @n\nend@}",
    ),
    (3, 1, "@{yfunction(@*n, @*a)\ntick(@$)\nreturn pcall(@{function()\n@B\nreturn @n\nend@})\nend@}"),
    (1, 1, "@F"),
];

const CONDITIONS: &[Rule] = &[
    (3, 1, "@R < 3"),
    (10, 1, "@n < @n"),
    (5, 1, "@n <= @n"),
    (4, 1, "@n > @n"),
    (4, 1, "@n == @n"),
    (2, 1, "@n ~= @n"),
    (8, 1, "@R % 2 == 0"),
    (3, 1, "@R % 3 == 1"),
    (4, 1, "@R > 3"),
    (4, 1, "@R == @#"),
    (3, 1, "not @a"),
    (3, 1, "@a"),
    (2, 1, "@a == @a"),
    (1, 1, "@A == nil"),
    (2, 1, "@s < @s"),
    (2, 1, "@s == @s"),
    (1, 1, "@S == 'abc'"),
    (3, 1, "@o == @o"),
    (2, 1, "@o < @o"),
    (2, 1, "@o <= @o"),
    (1, 1, "rawequal(@a, @a)"),
    (2, 1, "(@c and @c)"),
    (2, 1, "(@c or @c)"),
    (1, 1, "not (@c)"),
    (2, 1, "#@T > 2"),
    (2, 1, "type(@a) == 'number'"),
    (1, 1, "next(@t)"),
];

const ANYTHING: &[Rule] = &[
    (3, 1, "nil"),
    (10, 1, "@A"),
    (8, 1, "@n"),
    (5, 1, "@s"),
    (3, 1, "@t"),
    (3, 1, "@o"),
    (2, 1, "@f"),
    (2, 1, "true"),
    (2, 1, "false"),
    (1, 1, "(@n + @a)"),
    (1, 1, "(@o + @n)"),
    (1, 1, "(@n - @o)"),
    (1, 1, "-@O"),
    (1, 1, "(@o .. @a)"),
    (1, 1, "#@O"),
    (1, 1, "@O[@a]"),
    (1, 1, "@O(@n)"),
    (1, 1, "@A.x"),
    (1, 1, "(@c)"),
];
