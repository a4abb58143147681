#!/usr/bin/env python3
"""public_api: what the crate offers to Rust hosts, as rustdoc sees it in the default build, is the C API and nothing that is safe to
call and can go wrong: each function is unsafe, or on the list below with the reason why it may be safe."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import checks

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
SAFE = {
    "lua_Debug::new": "a record with zeros",
    "lua_Debug::default": "a record with zeros",
    "luaX_Stats::default": "zeros",
    "luaX_Count::default": "zeros",
    "luaL_Reg::clone": "a copy of two pointers",
    "consts::lua_upvalueindex": "arithmetic",
}
MODULES = {"abi", "abi::lua_h", "abi::lauxlib_h", "abi::lualib_h", "abi::luax_h", "consts"}

# The switch for this form of output is not stable; its version is in the output.
environment = dict(os.environ, RUSTC_BOOTSTRAP="1")
subprocess.run(["cargo", "rustdoc", "--quiet", "--lib", "-p", "liblua-rs", "--target-dir", "target/public-api", "--",
                "-Zunstable-options", "--output-format=json"], cwd=ROOT, env=environment, check=True)
with open(os.path.join(ROOT, "target/public-api/doc/lua52.json")) as file:
    document = json.load(file)
index = document["index"]
seen = set()
modules, functions, types = set(), set(), set()


def function(path, item):
    functions.add(path)
    header = item["inner"]["function"]["header"]
    name = "::".join(path.split("::")[-2:])
    checks.check(path + " is unsafe, or known to be safe", header["is_unsafe"] or name in SAFE, "a host can call it without `unsafe`")


def visit(path, item_id):
    item = index.get(str(item_id))
    if item is None:
        return
    kind = next(iter(item["inner"]))
    name = item["name"] or ""
    where = (path + "::" + name).lstrip(":")
    if kind == "use":
        target = item["inner"]["use"]
        visit(path, target["id"])
        return
    if (where, item_id) in seen:
        return
    seen.add((where, item_id))
    inner = item["inner"][kind]
    if kind == "module":
        if where != "lua52":
            modules.add(where[len("lua52::"):])
        for child in inner["items"]:
            visit(where, child)
    elif kind == "function":
        function(where, item)
    elif kind in ("struct", "union", "enum", "trait"):
        types.add(name)
        for implementation in inner.get("impls") or inner.get("implementations") or []:
            body = index[str(implementation)]["inner"]["impl"]
            if body["is_synthetic"] or body["blanket_impl"]:
                continue
            for child in body["items"]:
                visit(where, child)
        if kind == "struct":
            for child in (inner["kind"].get("plain") or {}).get("fields", []) if isinstance(inner["kind"], dict) else []:
                types_of(where, index[str(child)]["inner"]["struct_field"])
    elif kind == "type_alias":
        types_of(where, inner["type"])


def types_of(where, type_):
    """Types of this crate that the item names must be public themselves: no host gets at the inside through a field."""
    if isinstance(type_, dict):
        path = type_.get("resolved_path")
        if path is not None:
            summary = document["paths"].get(str(path["id"]), {})
            if summary.get("crate_id") == 0:
                checks.check(where + " names public types", str(path["id"]) in index, "%s is not public" % path["path"])
        for value in type_.values():
            types_of(where, value)
    elif isinstance(type_, list):
        for value in type_:
            types_of(where, value)


visit("", document["root"])
for item in list(index.values()):
    if "function" in item["inner"]:
        types_of(item["name"] or "", item["inner"]["function"]["sig"])
checks.check("the modules are those of the C API", modules == MODULES, sorted(modules ^ MODULES))
exported = set()
for name in ("exports", "extension"):
    with open(os.path.join(ROOT, "src/abi/%s.txt" % name)) as file:
        exported |= set(file.read().split()) - {"lua_ident"}
offered = {path.split("::")[-1] for path in functions if path.startswith("lua52::abi::")}
checks.check("each exported function is offered", exported <= offered, sorted(exported - offered))
checks.check("the list of safe functions has no others", {"::".join(f.split("::")[-2:]) for f in functions} >= set(SAFE), "")
checks.finish()
