local vector = require "vector"

local a = vector.new(1, 2, 3)
local b = vector.new(4, 5)
print("a", a)
print("b", b)
print("a + b", a + b)
print("2 * a, a * 2", 2 * a, a * 2)
print("-a", -a)
print("a . b", a:dot(b))
print("length", vector.new(3, 4):length())
print("equal", a == vector.new(1, 2, 3), a == b)

a.y = 20
print("changed", a, a.x, a.y, a.z)
print("squared", a:map(function(c) return c * c end))

-- mistakes are ordinary Lua errors
print(pcall(function() a.w = 1 end))
print(pcall(function() return a + 1 end))
print(pcall(function() return a:dot("b") end))
print(pcall(function() return a:map(function(c) error("at " .. c, 0) end) end))

-- a thousand short-lived objects
local sum = vector.new()
for i = 1, 1000 do
  sum = sum + vector.new(i, 2 * i, 3 * i)
end
print("sum", sum)
a, b = nil, nil
collectgarbage()
print("finalized at least 2000:", vector.collected() >= 2000)
