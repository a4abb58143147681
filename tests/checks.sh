# Counting for the tests written in shell, which source this file. Each ends with `finish`, which says the counts as
# `xtask test` reads them.
passed=0 failed=0

pass() { passed=$((passed + 1)); }

# fail NAME [WHY...]
fail() {
  failed=$((failed + 1))
  echo "FAILED $*"
}

# check NAME COMMAND...: passed when the command succeeds
check() {
  local name=$1
  shift
  if "$@"; then pass; else fail "$name"; fi
}

finish() {
  echo "$passed passed, $failed failed"
  [ "$failed" = 0 ]
  exit
}
