local function f(...)
  local n, a = ...
  for i = 1, 150 do
    break
    do
      local k = 0
      for j = 1, 1, 1 do
        k = k + 1
        if k > 9 then break end
      end
    end
  end
  return a.x, 1
end
for i = 1, 300 do pcall(f, 1) end
print(1)
