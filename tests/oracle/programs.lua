-- programs.lua SEED COUNT [FIRST] [NUMBER]: makes COUNT small random programs, runs each from number FIRST on and prints
-- what it wrote and how it ended. With NUMBER it prints the source of that one and ends after it.
local V = dofile((arg[0]:gsub("programs%.lua$", "values.lua")))
local rnd, pick = V.rnd, V.pick
local stdout = io.stdout
stdout:setvbuf("line")
local concat = table.concat

-- The program under construction: lines, indentation, names in scope, and what may appear at this place.
local out, depth, scope, counter, loops, budget, vararg, in_loop, labels

local function emit(s) out[#out + 1] = ("  "):rep(depth) .. s end
local function fresh(prefix) counter = counter + 1 return prefix .. counter end
-- Names begin with a letter that says what the variable holds if nothing was assigned to it: n s t f, others anything.
local function variable(kind)
  if kind and rnd(8) > 1 then
    for i = #scope, 1, -1 do
      if scope[i]:sub(1, 1) == kind and rnd(3) > 1 then return scope[i] end
    end
    return kind
  end
  if #scope == 0 or rnd(40) == 1 then return pick {"G1", "G2", "G3", "missing"} end
  return scope[#scope - math.min(#scope - 1, rnd(6) - 1)]
end

local expression
local function number() return pick {"0", "1", "2", "3", "10", "-1", "0.5", "1e15", "2^53", "0x10", "1/0", "255", "100", "7"} end
local function text() return pick {"''", "'a'", "'abc'", "'10'", "'0x1F'", "' 5 '", "'x y'", "'%d+'", "'key'", "\"q\\n\"", " [[long]]"} end
local function list(n, level)
  local t = {}
  for i = 1, n do t[i] = expression(level) end
  return concat(t, ", ")
end

local function constructor(level)
  local t = {}
  for i = 1, rnd(5) - 1 do
    local k = rnd(6)
    if k <= 3 then t[i] = expression(level)
    elseif k == 4 then t[i] = pick {"a", "b", "x", "n", "key"} .. " = " .. expression(level)
    elseif k == 5 then t[i] = "[" .. pick {"1", "2", "'k'", "10", "-1", "true", "1.5"} .. "] = " .. expression(level)
    else t[i] = vararg and "..." or expression(level) end
  end
  return "{" .. concat(t, pick {", ", "; ", ", "}) .. "}"
end

local body

local function closure(level, name)
  local saved_out, saved_scope, saved_vararg, saved_loop, saved_depth = out, scope, vararg, in_loop, depth
  local saved_loops = loops
  out, scope, in_loop, depth = {}, {}, false, depth + 1
  for i = math.max(1, #saved_scope - 6), #saved_scope do scope[#scope + 1] = saved_scope[i] end
  local params = {}
  for i = 1, rnd(4) - 1 do
    params[i] = fresh("p")
    scope[#scope + 1] = params[i]
  end
  vararg = rnd(4) == 1
  if vararg then params[#params + 1] = "..." end
  if rnd(2) == 1 then emit("step()") end
  body(rnd(3), level)
  if rnd(4) > 1 then emit("return " .. (rnd(4) == 1 and pick(scope) and variable() .. "(" .. list(rnd(2), 3) .. ")" or list(rnd(3), level))) end
  local lines = concat(out, "\n")
  out, scope, vararg, in_loop, depth, loops = saved_out, saved_scope, saved_vararg, saved_loop, saved_depth, saved_loops
  return (name or "function") .. "(" .. concat(params, ", ") .. ")\n" .. lines .. "\n" .. ("  "):rep(depth) .. "end"
end

local library = {
  "tostring(%s)", "tonumber(%s)", "type(%s)", "#tostring(%s)", "string.rep('ab', 3, %s)", "math.floor(%s)", "math.max(%s, %s)", "select('#', %s, %s)", "select(2, %s, %s, 3)", "pcall(%s, %s)", "rawequal(%s, %s)",
  "string.format('%%s|%%5s', tostring(%s), tostring(%s))", "string.format('%%d %%g', 3, %s)", "string.sub(%s, 2, 3)", "('abcabc'):gsub('b', %s)", "('k=v, x=1'):match('(%%w+)=(%%w+)')", "table.concat(%s, ',')", "table.concat({1, 2, %s}, '-')",
  "table.unpack(%s)", "table.unpack({%s, 2, 3}, 2)", "#table.pack(%s, %s)", "rawlen(%s)", "rawget(%s, 'x')", "next(%s)", "setmetatable({}, M)", "setmetatable({n = %s}, M)", "getmetatable(%s)", "assert(%s, 'asserted')", "bit32.band(%s, 255)",
  "coroutine.wrap(function(...) local a = coroutine.yield(...) return a end)(%s)", "coroutine.resume(coroutine.create(%s), 1)", "xpcall(%s, handler)", "pcall(error, %s)", "load('return ' .. tostring(%s))", "('x'):rep(%s)", "string.byte(%s)", "string.upper(%s)",
  "string.find('hello world', %s)", "table.remove(%s)", "table.insert(%s, %s)", "math.sqrt(%s)", "select(%s, 'a', 'b')", "error(%s)", "error(%s, 2)", "pcall(pcall, %s)", "coroutine.yield(%s)", "string.reverse(%s)", "tostring(%s):len()", "ipairs(%s)",
}
local operators = {"+", "-", "*", "/", "%", "^", "..", "==", "~=", "<", "<=", ">", ">=", "and", "or", "+", "-", "*", "..", "=="}

local function typed(level, kind)
  local k = rnd(10)
  if kind == "n" then
    if k <= 3 then return number() end
    if k <= 6 then return variable("n") end
    if k <= 8 and level < 4 then return "(" .. expression(level, "n") .. " " .. pick {"+", "-", "*", "/", "%"} .. " " .. expression(level, "n") .. ")" end
    return pick {"#" .. variable("t"), "#" .. variable("s"), variable("t") .. ".n", "math.floor(" .. variable("n") .. ")", "select('#', " .. variable() .. ")"}
  elseif kind == "s" then
    if k <= 3 then return text() end
    if k <= 6 then return variable("s") end
    if k <= 8 and level < 4 then return expression(level, "s") .. " .. " .. expression(level, "n") end
    return pick {"tostring(" .. variable("n") .. ")", variable("s") .. ":upper()", variable("s") .. ":rep(2)", "type(" .. variable() .. ")"}
  elseif kind == "t" then
    if k <= 7 then return variable("t") end
    return "setmetatable({" .. number() .. ", n = " .. number() .. "}, M)"
  end
  return variable("f")
end

function expression(level, kind)
  level = level + 1
  if kind and kind ~= "any" and rnd(12) > 1 then return typed(level, kind) end
  local k = rnd(level > 4 and 9 or 24)
  if k <= 2 then return number()
  elseif k == 3 then return text()
  elseif k == 4 then return pick {"nil", "true", "false", "nil"}
  elseif k <= 8 then return variable()
  elseif k == 9 then return variable("t") .. "." .. pick {"x", "n", "a", "key"}
  elseif k <= 14 then
    local op = pick(operators)
    local of = (op == "==" or op == "~=" or op == "and" or op == "or") and "any" or op == ".." and "s" or "n"
    local a, b = expression(level, of), expression(level, of)
    if op == "^" and a:sub(1, 1) == "-" then a = "(" .. a .. ")" end
    if op == ".." then a, b = a .. " ", " " .. b end
    if a:find("^function") then a = "(" .. a .. ")" end
    return rnd(3) == 1 and a .. " " .. op .. " " .. b or "(" .. a .. " " .. op .. " " .. b .. ")"
  elseif k == 15 then return pick {"-(" .. expression(level, "n"), "not (" .. expression(level), "#(" .. expression(level, rnd(2) == 1 and "t" or "s")} .. ")"
  elseif k == 16 then return constructor(level)
  elseif k == 17 then return variable("t") .. "[" .. expression(level) .. "]"
  elseif k == 18 then return variable("f") .. "(" .. list(rnd(4) - 1, level) .. ")"
  elseif k == 19 then return variable("t") .. ":" .. pick {"m", "len", "x", "rep"} .. "(" .. list(rnd(2), level) .. ")"
  elseif k == 20 and budget > 0 then
    budget = budget - 1
    return closure(level)
  elseif k == 21 then return vararg and "..." or "select('#', " .. expression(level) .. ")"
  end
  local call = pick(library)
  return (call:gsub("%%(.)", function(c) if c == "s" then return expression(level) end return "%" end))
end

local statement = {
  function(level)
    local n = rnd(3)
    local names = {}
    for i = 1, n do names[i] = fresh("v") end
    emit("local " .. concat(names, ", ") .. (rnd(8) > 1 and " = " .. list(rnd(3), level) or ""))
    for i = 1, n do scope[#scope + 1] = names[i] end
  end,
  function(level) emit("print(" .. list(rnd(3), level) .. ")") end,
  function(level) emit(variable() .. " = " .. expression(level)) end,
  function(level) emit(variable("t") .. "." .. pick {"x", "n", "a"} .. " = " .. expression(level)) end,
  function(level) emit(variable("t") .. "[" .. expression(level + 1, "n") .. "] = " .. expression(level)) end,
  function(level) emit(variable() .. ", " .. variable() .. " = " .. list(rnd(3), level)) end,
  function(level)
    local outer = #scope
    emit("if " .. expression(level) .. " then") depth = depth + 1 body(rnd(2), level + 1) depth = depth - 1
    for i = #scope, outer + 1, -1 do scope[i] = nil end
    if rnd(3) == 1 then emit("elseif " .. expression(level) .. " then") depth = depth + 1 body(1, level + 1) depth = depth - 1 end
    for i = #scope, outer + 1, -1 do scope[i] = nil end
    if rnd(2) == 1 then emit("else") depth = depth + 1 body(rnd(2), level + 1) depth = depth - 1 end
    emit("end")
  end,
  function(level)
    if loops >= 2 then return emit("print('deep')") end
    loops = loops + 1
    local i = fresh("i")
    emit("for " .. i .. " = " .. pick {"1, 3", "3, 1, -1", "1, 2, 0.5", "0, 4, 2", "1, #tostring(" .. variable("s") .. ") % 5", "2, 1"} .. " do")
    local saved = in_loop
    depth, in_loop, scope[#scope + 1] = depth + 1, true, i
    emit("step()")
    body(rnd(3), level + 1)
    if rnd(4) == 1 then emit("if " .. expression(level + 1) .. " then break end") end
    depth, in_loop = depth - 1, saved
    emit("end")
    loops = loops - 1
  end,
  function(level)
    if loops >= 2 then return emit("print('deep')") end
    loops = loops + 1
    local k, v = fresh("k"), fresh("v")
    emit("for " .. k .. ", " .. v .. " in " .. pick {"ipairs({" .. list(rnd(4), level) .. "})", "ipairs(" .. variable("t") .. ")", "('a1b2'):gmatch('(%a)(%d)')", "next, {" .. expression(level) .. "}", "pairs({" .. expression(level) .. "})",
      variable(), "coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i, " .. expression(level) .. ") end end)"} .. " do")
    local saved = in_loop
    depth, in_loop = depth + 1, true
    scope[#scope + 1] = k
    scope[#scope + 1] = v
    emit("step()")
    body(rnd(2), level + 1)
    depth, in_loop = depth - 1, saved
    emit("end")
    loops = loops - 1
  end,
  function(level)
    if loops >= 2 then return emit("print('deep')") end
    loops = loops + 1
    local i = fresh("w")
    emit("local " .. i .. " = 0")
    scope[#scope + 1] = i
    emit("while " .. i .. " < " .. rnd(4) .. " do")
    depth = depth + 1
    emit("step()")
    emit("local n = " .. i .. " + 1")
    local top = #scope
    body(rnd(2), level + 1)
    emit(i .. " = n")
    depth = depth - 1
    emit("end")
    for j = #scope, top + 1, -1 do scope[j] = nil end
    loops = loops - 1
  end,
  function(level)
    if loops >= 2 then return emit("print('deep')") end
    loops = loops + 1
    local c = fresh("c")
    emit("local " .. c .. " = 0")
    emit("repeat")
    depth = depth + 1
    emit("step()")
    emit(c .. " = " .. c .. " + 1")
    emit("local r = " .. c .. " > 2")
    local top = #scope
    body(rnd(2), level + 1)
    depth = depth - 1
    emit("until r" .. (rnd(3) == 1 and " or " .. expression(level) or ""))
    for j = #scope, top + 1, -1 do scope[j] = nil end
    loops = loops - 1
  end,
  function(level)
    if budget <= 0 then return emit("G1 = nil") end
    budget = budget - 1
    local f = fresh("f")
    -- Not visible in its own body: no recursion without end.
    emit("local " .. f)
    emit(f .. " = " .. closure(level))
    scope[#scope + 1] = f
  end,
  function(level) emit("print(pcall(" .. (budget > 0 and closure(level) or variable()) .. (rnd(2) == 1 and ", " .. list(rnd(2), level) or "") .. "))") end,
  function(level) emit("print(xpcall(" .. (budget > 0 and closure(level) or variable()) .. ", handler))") end,
  function(level)
    local label = fresh("L")
    emit("do")
    depth = depth + 1
    emit("if " .. expression(level) .. " then goto " .. label .. " end")
    emit("print(" .. expression(level) .. ")")
    emit("::" .. label .. "::")
    depth = depth - 1
    emit("end")
  end,
  function(level)
    local m = fresh("t")
    emit("local " .. m .. " = setmetatable(" .. constructor(level) .. ", M)")
    scope[#scope + 1] = m
  end,
  function(level)
    local m = fresh("t")
    emit("local " .. m .. " = " .. constructor(level))
    scope[#scope + 1] = m
    emit("function " .. m .. closure(level, pick {".x", ":m", ".a.b", ":len"}):gsub("^", ""))
  end,
  function(level)
    local co = fresh("co")
    emit("local " .. co .. " = coroutine.create(" .. (budget > 0 and closure(level) or "function(a) return coroutine.yield(a) end") .. ")")
    emit("print(coroutine.resume(" .. co .. ", " .. expression(level) .. "))")
    emit("print(coroutine.resume(" .. co .. "), coroutine.status(" .. co .. "))")
    scope[#scope + 1] = co
  end,
  function(level) emit(variable("f") .. "(" .. list(rnd(2), level) .. ")") end,
  function(level)
    local kind = pick {"n", "s"}
    local name = fresh(kind)
    emit("local " .. name .. " = " .. expression(level, kind))
    scope[#scope + 1] = name
  end,
  function(level)
    local kind = pick {"n", "s"}
    emit(variable(kind) .. " = " .. expression(level, kind))
  end,
  function(level) emit("print(" .. expression(level, "n") .. ", " .. expression(level, "s") .. ")") end,
  function(level) emit("print(select('#', " .. list(rnd(3), level) .. "))") end,
}

function body(n, level)
  local outer = #scope
  for _ = 1, n do
    if level < 4 then pick(statement)(level) else statement[rnd(6)](level) end
  end
  if level > 0 then for i = #scope, outer + 1, -1 do scope[i] = nil end end
end

local prologue = [[
local M = {}
M.__index = function(t, k) if k == 'x' then return 42 elseif k == 'm' then return function(self, a) return a end end end
M.__add = function(a, b) return 'add' end
M.__concat = function(a, b) return type(a) .. '..' .. type(b) end
M.__eq = function(a, b) return true end
M.__lt = function(a, b) return coroutine.running() and true end
M.__le = function(a, b) return nil end
M.__call = function(self, ...) return select('#', ...), ... end
M.__len = function() return 3 end
M.__unm = function(a) return a end
local handler = debug.traceback
local n, s, t, f = 5, 'str', setmetatable({10, 20, 30, n = 3, key = 'v'}, M), function(a, ...) return a, ... end
]]

local function generate()
  out, depth, scope, counter, loops, budget, vararg, in_loop = {}, 0, {"M", "t", "s", "n", "f"}, 0, 0, 6, true, false
  body(rnd(5), 0)
  -- The rest in pieces that may fail on their own.
  for _ = 1, 2 + rnd(5) do
    local outer = #scope
    budget = budget + 1
    emit(pick {"print(pcall(function(...)", "print(pcall(function(...)", "print(xpcall(function(...)", "print(coroutine.wrap(pcall)(function(...)"})
    local ending = out[#out]:find("xpcall") and "end, handler, 1, 'x'))" or "end, 1, 'x'))"
    depth = 1
    body(1 + rnd(4), 1)
    depth = 0
    emit(ending)
    for i = #scope, outer + 1, -1 do scope[i] = nil end
  end
  if rnd(2) == 1 then emit("return " .. list(rnd(3), 1)) end
  return prologue .. concat(out, "\n") .. "\n"
end

-- What a program may see. What runs too long is ended by step(), which then fails wherever it is called, or by a count
-- hook, and long strings are not made. The order of a table with several names depends on a random seed; what has one, or
-- an array's order, does not.
local function environment(write)
  local env, steps = {}, 0
  env.step = function()
    steps = steps + 1
    if steps > 500 then error("too many steps", 0) end
    -- Strings that double in every turn.
    if collectgarbage("count") > 2000 then
      collectgarbage()
      if collectgarbage("count") > 2000 then
        env.large = true
        error("too large", 0)
      end
    end
  end
  for _, k in ipairs {"tostring", "tonumber", "type", "select", "pcall", "xpcall", "rawequal", "rawget", "rawlen", "setmetatable", "getmetatable", "assert", "error", "ipairs", "math", "table", "bit32", "coroutine", "debug"} do env[k] = _G[k] end
  env.next = function(t, k)
    if type(t) == "table" then
      local names = 0
      for name in next, t do if type(name) ~= "number" then names = names + 1 end end
      if names > 1 then return end
    end
    return next(t, k)
  end
  env.pairs = function(t)
    if type(t) == "table" and getmetatable(t) == nil then return env.next, t, nil end
    return pairs(t)
  end
  env.string = setmetatable({rep = function(s, n, sep) if type(n) == "number" and n > 20 then n = 20 end return string.rep(s, n, sep) end}, {__index = string})
  env.load = function(s) return load(s, "=loaded", "t", env) end
  env.print = function(...)
    local t = {}
    for i = 1, select("#", ...) do t[i] = V.show((select(i, ...))) end
    write(concat(t, "\t"))
  end
  return env
end

local string_rep = string.rep
local seed, total, first, wanted = tonumber(arg[1]), tonumber(arg[2]), tonumber(arg[3]) or 1, tonumber(arg[4])
V.seed(seed)
for number = 1, total do
  local source = generate()
  if wanted == number then print(source) end
  if number >= (wanted or first) then
    stdout:write("#", number, " ")
    stdout:flush()
    local lines, size = {}, 0
    local function write(s)
      size = size + 1
      if size < 60 then lines[size] = s end
    end
    local env = environment(write)
    local f, message = load(source, "=program", "t", env)
    local how
    if not f then
      how = "syntax: " .. message
    else
      -- Methods of strings come by way of the strings' metatable.
      string.rep = function(s, n, sep) if type(n) == "number" and n > 20 then n = 20 end return string_rep(s, n, sep) end
      local co = coroutine.create(f)
      debug.sethook(co, function() error("too long", 0) end, "", 100000)
      local r = table.pack(coroutine.resume(co, 1, "two", nil))
      string.rep = string_rep
      how = (r[1] and "returns " or "fails ") .. V.show_all(table.unpack(r, 2, r.n))
      if not r[1] then how = how .. " " .. V.show(debug.traceback(co)) end
      if env.large or type(r[2]) == "string" and r[2]:find("too long", 1, true) then how, lines = "too long", {} end
    end
    stdout:write("-> ", how, "\n")
    for i = 1, math.min(size, 59) do if lines[i] then stdout:write("  ", (lines[i]:gsub("\n", "\\n")), "\n") end end
  end
  if wanted == number then break end
end
stdout:write("#end\n")
