-- The game's rules. spawn, wait and the entities' methods come from main.c.
local behaviours = require "behaviours"

local player = spawn { name = "Player", x = 2, health = 10 }
player:behave(behaviours.patrol(2, 14))
player.score = 0 -- a field that C knows nothing about

local count = 0

function on_frame(n)
  if n % 7 == 3 and count < 3 then
    count = count + 1
    local g = spawn { name = "goblin" .. count, x = 36 - count, health = count }
    g:behave(behaviours.hunt(player))
  end
  if n == 20 then
    local ghost = spawn { name = "?", x = 39 }
    ghost:behave(behaviours.broken)
  end
  -- short-lived garbage, as any frame makes
  local names = {}
  for e in player:near(3) do
    names[#names + 1] = tostring(e)
    if not e:hit(1) then
      player.score = player.score + 10
      print("      " .. e.name .. " falls")
    end
  end
  if #names > 0 then
    print("      near the player: " .. table.concat(names, ", "))
  end
end

function on_end()
  print(("      %s, score %d, at %.1f"):format(tostring(player), player.score, player.x))
  print("      read-only:", pcall(function() player.name = "Cheater" end))
  print("      own field:", player.score, player.unknown)
end
