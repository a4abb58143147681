local ann, bob = Account("Ann"), Account("Bob")
print(ann, bob)
ann:deposit(100)

local function transfer(from, to, amount)
  from:withdraw(amount)
  to:deposit(amount)
  return from:balance(), to:balance()
end

print("transfer", transaction("first", transfer, ann, bob, 30))
-- a C++ exception in withdraw becomes a Lua error, which rolls the transaction back on its way
print("transfer", pcall(transaction, "second", transfer, ann, bob, 500))
print("deposit", pcall(ann.deposit, ann, -5))
print("not an account", pcall(ann.deposit, {}, 5))
print("nested", pcall(transaction, "outer", function()
  transaction("inner", error, "from the inner one", 0)
end))

do
  local temporary = Account("nobody")
end
collectgarbage()

return { ann = ann:balance(), bob = bob:balance() }
