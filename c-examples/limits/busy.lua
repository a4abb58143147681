-- Has more to do than fits into a frame, and does not know that it is interrupted.
local sum = 0
for i = 1, 35000 do sum = sum + i end
print("busy.lua has the sum " .. sum)
