// A C++ host. Objects live in userdata and are destroyed by __gc; C++ exceptions become Lua errors at the boundary;
// a Lua error that crosses C++ frames runs their destructors.
#include <cstdio>
#include <map>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include <lua.hpp>

class Account {
 public:
  explicit Account(std::string owner) : owner_(std::move(owner)) { std::printf("[open %s]\n", owner_.c_str()); }
  ~Account() { std::printf("[close %s at %.2f]\n", owner_.c_str(), balance_); }
  void deposit(double amount) {
    if (amount <= 0) throw std::invalid_argument("amount must be positive");
    balance_ += amount;
  }
  void withdraw(double amount) {
    if (amount > balance_) throw std::runtime_error("only " + std::to_string((int)balance_) + " left on " + owner_ + "'s account");
    balance_ -= amount;
  }
  double balance() const { return balance_; }
  const std::string &owner() const { return owner_; }

 private:
  std::string owner_;
  double balance_ = 0;
};

static const char *const type_name = "example.account";

static Account &check(lua_State *L, int arg) { return *static_cast<Account *>(luaL_checkudata(L, arg, type_name)); }

// Run a body that may throw. The message is copied to the Lua stack inside the handler, and the Lua error is raised after
// it, when no C++ exception is alive any more.
template <class Body> static int guarded(lua_State *L, Body body) {
  try {
    return body();
  } catch (const std::exception &e) {
    lua_pushstring(L, e.what());
  }
  luaL_where(L, 1);
  lua_insert(L, -2);
  lua_concat(L, 2);
  return lua_error(L);
}

static int account_new(lua_State *L) {
  const char *owner = luaL_checkstring(L, 1);
  void *block = lua_newuserdata(L, sizeof(Account));
  new (block) Account(owner);
  luaL_setmetatable(L, type_name);
  return 1;
}

static int account_gc(lua_State *L) {
  check(L, 1).~Account();
  return 0;
}

static int account_deposit(lua_State *L) {
  Account &a = check(L, 1);
  double amount = luaL_checknumber(L, 2);
  return guarded(L, [&] {
    a.deposit(amount);
    return 0;
  });
}

static int account_withdraw(lua_State *L) {
  Account &a = check(L, 1);
  double amount = luaL_checknumber(L, 2);
  return guarded(L, [&] {
    a.withdraw(amount);
    return 0;
  });
}

static int account_balance(lua_State *L) {
  lua_pushnumber(L, check(L, 1).balance());
  return 1;
}

static int account_tostring(lua_State *L) {
  Account &a = check(L, 1);
  lua_pushfstring(L, "account of %s", a.owner().c_str());
  return 1;
}

struct Transaction {
  std::string name;
  bool committed = false;
  explicit Transaction(const char *n) : name(n) {}
  ~Transaction() { std::printf("[transaction %s: %s]\n", name.c_str(), committed ? "committed" : "rolled back"); }
};

// transaction(name, f, ...): the destructor runs however f ends, also when a Lua error leaves this frame
static int transaction(lua_State *L) {
  Transaction t(luaL_checkstring(L, 1));
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_call(L, lua_gettop(L) - 2, LUA_MULTRET);
  t.committed = true;
  return lua_gettop(L) - 1;
}

struct Close {
  void operator()(lua_State *L) const { lua_close(L); }
};

int main() {
  static const luaL_Reg methods[] = { { "deposit", account_deposit }, { "withdraw", account_withdraw }, { "balance", account_balance }, { nullptr, nullptr } };
  static const luaL_Reg meta[] = { { "__gc", account_gc }, { "__tostring", account_tostring }, { nullptr, nullptr } };
  std::unique_ptr<lua_State, Close> state(luaL_newstate());
  lua_State *L = state.get();
  luaL_openlibs(L);

  luaL_newmetatable(L, type_name);
  luaL_setfuncs(L, meta, 0);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  lua_register(L, "Account", account_new);
  lua_register(L, "transaction", transaction);

  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  if (luaL_dofile(L, "bank.lua")) {
    std::printf("error: %s\n", lua_tostring(L, -1));
    return 1;
  }
  // results of the script into C++ containers
  std::map<std::string, double> totals;
  if (lua_istable(L, -1)) {
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) totals[lua_tostring(L, -2)] = lua_tonumber(L, -1);
  }
  for (const auto &t : totals) std::printf("%s: %.2f\n", t.first.c_str(), t.second);
  lua_settop(L, 0);
  std::printf("closing\n");
  return 0;
}
