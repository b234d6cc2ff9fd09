#!/bin/sh
# Checks style, runs every test project named as an argument, and ends with what failed, the first lines of why, and one line: N passed, N failed, N skipped.
# The tests with guests wait for them more than they compute: the others run beside them.
set -u
cd "$(dirname "$0")" || exit

# The test programs look for .NET in its usual place, and here; the SDK may be anywhere on the PATH.
DOTNET_ROOT=${DOTNET_ROOT:-$(dirname "$(readlink -f "$(command -v dotnet)")")}
export DOTNET_ROOT
logs=$(mktemp -d)
failures=$logs/failures
trap 'rm -rf "$logs"' EXIT
passed=0 failed=0 skipped=0

# Classes that keep a guest up take minutes each: a plain run has the oldest kernel and the newest. GUESTS=all runs those between, too. GUESTS=one asks one guest what can be
# asked of any, by the program that the build leaves; images of other formats, damage, devices of all kinds, guests that are up and samples of the library are for a whole run.
export IOMMU_SPY_COMMAND="$PWD/iommu-spy"
case "${GUESTS:-}" in
    all) choice="" ;;
    one)
        export IOMMU_SPY_COMMAND="$PWD/src/IommuSpy.Cli/bin/Debug/net10.0/iommu-spy" IOMMU_SPY_GUESTS="6.1 intel 4 512M"
        choice=""
        for room in Live Install Peers Iommu Devices Library; do choice="$choice --filter-not-namespace IommuSpy.EndToEnd.Tests.$room"; done
        for class in DamagedMemory HostileInput ImageFormat RunningGuest SeveralBlocks; do choice="$choice --filter-not-class *.${class}Tests"; done
        ;;
    *) choice="--filter-not-trait guests=more" ;;
esac

# A count that a test program printed in its summary.
count() { sed -n "s/^ *$1: *\([0-9][0-9]*\) *$/\1/p" "$logs/$name" | tail -n 1; }

# Runs one test program, its output into a file.
run() {
    # shellcheck disable=SC2086 # a list; no name of a file has these dots
    "tests/$1/bin/Debug/net10.0/$1" --progress off --ansi off --show-slowest-tests 25 $choice >"$logs/$1" 2>&1
    echo $? >"$logs/$1.status"
}

# What came of it.
report() {
    name=$1 status=$(cat "$logs/$1.status")
    echo "== $name"
    cat "$logs/$name"
    good=$(count succeeded) bad=$(count failed) left=$(count skipped)
    passed=$((passed + ${good:-0})) failed=$((failed + ${bad:-0})) skipped=$((skipped + ${left:-0}))

    # A program that died, or that ran nothing, has failed however it counted.
    if [ "${bad:-0}" -eq 0 ] && { [ "$status" -ne 0 ] || [ "${good:-0}" -eq 0 ]; }; then
        failed=$((failed + 1))
        echo "failed $name: exit code $status" >>"$failures"
    fi
    awk '/^[^ ]/ { left = 0 } /^failed / { left = 5 } left-- > 0' "$logs/$name" >>"$failures"
}

dotnet build --verbosity quiet || { echo "0 passed, 1 failed, 0 skipped"; exit 1; }

echo "== style"
if grep -rnE '^.{161,}$' --include='*.cs' --exclude-dir=obj src tests lab bench; then
    failed=$((failed + 1))
    echo "failed style: lines of more than 160 columns" >>"$failures"
fi
# The build has asked the analyzers already: a quick check asks for spaces and line ends alone.
if dotnet format $([ "${GUESTS:-}" = one ] && echo whitespace) --verify-no-changes --no-restore --verbosity quiet; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
    echo "failed style: see dotnet format" >>"$failures"
fi

# The tests with guests in the foreground, where an interrupt reaches them; the others take minutes.
guests=IommuSpy.EndToEnd.Tests
names=$(for project in "$@"; do basename "$project" .csproj; done)
for name in $names; do
    if [ "$name" != $guests ]; then run "$name"; fi
done &
case $names in *"$guests"*) run $guests ;; esac
wait
for name in $names; do report "$name"; done

# Again at the end, where a log that was cut still has them.
cat "$failures" 2>/dev/null
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
