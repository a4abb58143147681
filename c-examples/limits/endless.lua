-- Never gives up its turn.
while true do end
