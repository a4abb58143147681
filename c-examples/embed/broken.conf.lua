name = "broken"
port = "not a number"
