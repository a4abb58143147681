-- A call that wants more results than a library function with a fast entry gives takes no frame of its own.
local function take(n)
  local a, b, c = math.abs(n)
  local t = {}
  local d, e = rawlen(t)
  local f, g = rawequal(t, a)
  local h, i, j = math.floor(n / 2)
  return a, b, c, d, e, f, g, h, i, j
end
for i = 1, 100 do
  coroutine.wrap(function() print(take(-i)) end)()
end
