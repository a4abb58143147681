-- harness.lua CORPUS FIRST: runs the cases of one corpus file from number FIRST on and prints what each gives.
-- A case is one line, or the lines between two lines of three dashes. Empty lines and lines that begin with "--"
-- between the cases are skipped. Each case is an expression list or a chunk; it sees `show`, `t`, `P` and `L`.

local select, type, tostring, pcall, ipairs, pairs, load = select, type, tostring, pcall, ipairs, pairs, load
local format, byte, sub, concat, sort, rawget = string.format, string.byte, string.sub, table.concat, table.sort, rawget
local stdout = io.stdout
local getmetatable = debug.getmetatable
local next = next

local show_value

local function show_string(s)
  local tail = ""
  if #s > 600 then
    local sum = 0
    for i = 1, #s do sum = (sum * 31 + byte(s, i)) % 2147483647 end
    tail = format("...(%d bytes, sum %d)", #s, sum)
    s = sub(s, 1, 200)
  end
  local out = {}
  for i = 1, #s do
    local b = byte(s, i)
    if b == 10 then out[i] = "\\n"
    elseif b < 32 or b > 126 or b == 92 then out[i] = format("\\%03d", b)
    else out[i] = sub(s, i, i) end
  end
  return '"' .. concat(out) .. '"' .. tail
end

local rank = {boolean = 1, number = 2, string = 3}
local function show_table(v, depth)
  local items, seen, n = {}, {}, 0
  while n < 30 and rawget(v, n + 1) ~= nil do
    n = n + 1
    seen[n] = true
    items[n] = show_value(rawget(v, n), depth + 1)
  end
  local keys = {}
  for k in next, v do if not seen[k] then keys[#keys + 1] = k end end
  sort(keys, function(a, b)
    local ra, rb = rank[type(a)] or 9, rank[type(b)] or 9
    if ra ~= rb then return ra < rb end
    if ra == 2 or ra == 3 then return a < b end
    if type(a) ~= type(b) then return type(a) < type(b) end
    return ra == 9 and show_value(rawget(v, a), 3) < show_value(rawget(v, b), 3)
  end)
  for i = 1, math.min(#keys, 40) do
    local k = keys[i]
    local name = type(k) == "string" and show_string(k) or rank[type(k)] and tostring(k) or type(k)
    items[#items + 1] = "[" .. name .. "]=" .. show_value(rawget(v, k), depth + 1)
  end
  if #keys > 40 then items[#items + 1] = "..." .. #keys end
  return "{" .. concat(items, ", ") .. "}"
end

function show_value(v, depth)
  local ty = type(v)
  if ty == "string" then return show_string(v)
  elseif ty == "number" then return format("%.17g", v)
  elseif ty == "nil" or ty == "boolean" then return tostring(v)
  elseif ty == "table" and depth < 3 then return show_table(v, depth)
  end
  return ty
end

local function show(...)
  local out = {}
  for i = 1, select("#", ...) do out[i] = show_value((select(i, ...)), 0) end
  return concat(out, ", ")
end

-- To standard output, whatever a case makes of the default one.
local function P(...) stdout:write(show(...), "\n") end
local function t(f, ...) stdout:write(show(pcall(f, ...)), "\n") end
-- L: loads and runs a piece of source of its own, and says where it went wrong.
local function L(source, name)
  local f, message = load(source, name or "=piece")
  if not f then return P("load", message) end
  return P(pcall(f))
end

local function run(number, source)
  stdout:write("\n#", number, "\n")
  local env = setmetatable({show = show, t = t, P = P, L = L}, {__index = _G})
  local f, message = load("return " .. source, "=case", "t", env)
  if not f then f, message = load(source, "=case", "t", env) end
  if not f then
    P("load", message)
  else
    P(pcall(f))
  end
  stdout:flush()
end

local first = tonumber(arg[2])
local number, block = 0, nil
local function add(source)
  number = number + 1
  if number >= first then run(number, source) end
end
for line in io.lines(arg[1]) do
  if line == "---" then
    if block and #block > 0 then
      add(concat(block, "\n"))
      block = {}
    else
      block = {}
    end
  elseif line == "===" then
    if block and #block > 0 then add(concat(block, "\n")) end
    block = nil
  elseif block then
    block[#block + 1] = line
  elseif line ~= "" and sub(line, 1, 2) ~= "--" then
    add(line)
  end
end
if block and #block > 0 then add(concat(block, "\n")) end
stdout:write("\n#end\n")
