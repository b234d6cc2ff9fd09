#!/bin/sh
# Checks style, runs every test project named as an argument, and ends with the names of what failed and one line: N passed, N failed, N skipped.
set -u
cd "$(dirname "$0")"

export IOMMU_SPY_COMMAND="$PWD/iommu-spy"
log=$(mktemp)
failures=$(mktemp)
trap 'rm -f "$log" "$failures"' EXIT
passed=0 failed=0 skipped=0

# Classes that keep a guest up take minutes each: a plain run has the oldest kernel and the newest. GUESTS=all runs those between, too.
if [ "${GUESTS:-}" = all ]; then choice=""; else choice="--filter-not-trait guests=more"; fi

# A count that a test program printed in its summary.
count() { sed -n "s/^ *$1: *\([0-9][0-9]*\) *$/\1/p" "$log" | tail -n 1; }

dotnet build --verbosity quiet || { echo "0 passed, 1 failed, 0 skipped"; exit 1; }

echo "== style"
if dotnet format --verify-no-changes --no-restore --verbosity quiet; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
    echo "failed style: see dotnet format" >>"$failures"
fi

for project in "$@"; do
    name=$(basename "$project" .csproj)
    echo "== $name"
    # shellcheck disable=SC2086 # a list
    "tests/$name/bin/Debug/net10.0/$name" --progress off --ansi off $choice >"$log" 2>&1
    status=$?
    cat "$log"
    good=$(count succeeded) bad=$(count failed) left=$(count skipped)
    passed=$((passed + ${good:-0})) failed=$((failed + ${bad:-0})) skipped=$((skipped + ${left:-0}))

    # A program that died, or that ran nothing, has failed however it counted.
    if [ "${bad:-0}" -eq 0 ] && { [ "$status" -ne 0 ] || [ "${good:-0}" -eq 0 ]; }; then
        failed=$((failed + 1))
        echo "failed $name: exit code $status" >>"$failures"
    fi
    grep '^failed ' "$log" >>"$failures"
done

# Again at the end, where a log that was cut still has them.
cat "$failures"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
