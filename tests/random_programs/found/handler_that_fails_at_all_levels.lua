-- A message handler fails at each level, until there are no more. The levels must end it, not the room on the native
-- stack, which native code takes other parts of.
debug.setmetatable(nil, {__len = function() return 2 end, __newindex = function() end})
local levels = 0
local function fail()
  levels = levels + 1
  return string.format('%d', nil)
end
local function handle(_, _, list)
  list[#list + 1] = (fail())
  return 1
end
print(xpcall(handle, handle, 1))
print(levels)
local function quick(_) return quick(nil + 1) end
print(xpcall(quick, quick, 1))
