-- Does a little in each frame.
local frames = 0
while true do
  frames = frames + 1
  if frames % 4 == 0 then print("patient.lua has seen " .. frames .. " frames") end
  next_frame()
end
