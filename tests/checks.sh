# Counting for the tests written in shell, which source this file: no other script has counters. Each ends with `finish`,
# which says the counts as `xtask test` reads them.
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

# holds NAME COMMAND...: the same; what the command says is shown only when it fails
holds() {
  local name=$1 said
  shift
  if said=$("$@" 2>&1); then pass; else
    fail "$name"
    tail -n 15 <<<"$said"
  fi
}

# add NAME COMMAND...: adds what a test counts itself, in lines of ours or of cargo's. What it says is shown when something
# failed. It has failed, too, when it counts nothing, or ends with an error that it did not count.
add() {
  local name=$1 said code p f
  shift
  said=$("$@" 2>&1)
  code=$?
  p=$(awk '/^test result:/ { n += $4 } /^[0-9]+ passed, [0-9]+ failed$/ { n += $1 } END { print n + 0 }' <<<"$said")
  f=$(awk '/^test result:/ { n += $6 } /^[0-9]+ passed, [0-9]+ failed$/ { n += $3 } END { print n + 0 }' <<<"$said")
  if { [ $code != 0 ] && [ "$f" = 0 ]; } || [ "$p$f" = 00 ]; then f=$((f + 1)); fi
  [ "$f" = 0 ] || echo "$said"
  echo "$name: $p and $f"
  passed=$((passed + p)) failed=$((failed + f))
}

finish() {
  echo "$passed passed, $failed failed"
  [ "$failed" = 0 ]
  exit
}
