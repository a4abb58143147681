-- Configuration of an imaginary server. It is a program, so values can be computed.
local cores = 4

name    = "example"
port    = 8000 + 80
workers = cores * 2
debug   = false

log = {
  level = "info",
  file  = "/var/log/" .. name .. ".log",
}

routes = {
  { path = "/",       handler = "index" },
  { path = "/static", handler = "files", cache = 3600 },
  { path = "/api",    handler = "proxy", timeout = 2.5 },
}

-- called by the program for each request
function allow(address, path)
  if path == "/admin" then
    return false, "only from inside"
  end
  return address:match("^10%.") ~= nil or address == "127.0.0.1"
end
