-- A concatenation ends with a look whether a collection is due, also when it was a metamethod in Lua that joined.
debug.setmetatable(nil, {__concat = function(a, b) return type(a) end})
local kept = setmetatable({}, {__mode = 'v'})
local function join(n)
  kept[n % 50] = {n}
  local t = {}
  t[n] = n
  return n .. missing, t
end
local sizes = {}
for i = 1, 3000 do
  local text, t = join(i)
  sizes[i % 10 + 1] = #text + t[i]
end
print(table.concat(sizes, ' '))
