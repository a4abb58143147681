-- Behaviours are plain loops; wait(n) lets n frames pass.
local M = {}

function M.patrol(from, to)
  return function(self)
    while true do
      self.speed = 1
      while self.x < to do wait(1) end
      self.speed = 0
      wait(2)
      self.speed = -1
      while self.x > from do wait(1) end
    end
  end
end

function M.hunt(target)
  return function(self)
    wait(2)
    while target.alive do
      if math.abs(target.x - self.x) < 1.5 then
        self.speed = 0
        target:hit(1)
        print("      " .. self.name .. " bites " .. target.name)
        wait(3)
      else
        self.speed = target.x < self.x and -1.5 or 1.5
        wait(1)
      end
    end
    self.speed = 0
  end
end

function M.broken(self)
  wait(1)
  self.speed = nil
end

return M
