-- A library function with a fast entry takes no frame, in a tail call either.
local class = {}
local function new(n)
  return setmetatable({v = n}, class)
end
local function text(n)
  return ('x'):rep(n), n
end
local t = {}
for i = 1, 200 do t[i % 7 + 1] = new(i).v + #text(i % 9) end
print(table.concat(t, ' '), #tostring(collectgarbage 'count'))
