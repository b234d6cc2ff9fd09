#!/usr/bin/env bash
# The main job on a real guest: boots one, captures its memory, and asks what things are. demo.sh CAPTURE asks the same of a capture that is there.
set -euo pipefail
cd "$(dirname "$0")"
program=${IOMMU_SPY_COMMAND:-./iommu-spy}

if [ $# -gt 0 ]; then
    capture=$1
else
    echo "== boot a guest and capture its memory (kernel and package downloads the first time)"
    capture=$(dotnet run --project lab --verbosity quiet -- capture --kernel 6.1 --iommu intel --paging 4 --memory 512M | tail -n 1)
fi
image="$capture/ram.raw"
export IOMMU_SPY_SOURCE="$image"

# Shows a command and runs it. An address without an answer is an answer: exit 1 is no failure here.
show() {
    echo
    echo "\$ iommu-spy $* -s ram.raw"
    "$program" "$@" || [ $? -eq 1 ]
}

# An address that `info -J` gives under a name, and the address so many bytes further on (bash counts in 64 bits and wraps, as addresses do).
fact() { "$program" info -J | sed -n "s/^ *\"$1\": \"\(0x[0-9a-f]*\)\".*/\1/p"; }
plus() { printf '0x%x' $(($1 + $2)); }

echo
echo "== nothing but the bytes of $image"
show info
show layout

# A line of what the guest's workload wrote down: "anonymous START LENGTH PID".
workload() { sed -n "s/^$1 \(0x[0-9a-f]*\) 0x[0-9a-f]* \([0-9]*\)$/\\$2/p" "$capture/oracle/guest/workload" | head -n 1; }

echo
echo "== one address of each kind"
show explain --teach init_task
show explain "$(plus "$(fact pageOffsetBase)" 0x1234000)"
show explain "$("$program" maps --range "$(fact vmallocBase)-$(plus "$(fact vmallocBase)" 0xffffff)" --leaves --jsonl | sed -n '1s/.*"virtual":"\([^"]*\)".*/\1/p')"
show explain "$(plus "$(fact vmemmapBase)" 0x48d08)"
show explain --pid "$(workload anonymous 2)" "$(workload anonymous 1)"
show explain "$(workload swapped 1)"
show explain 0x0000900000000000
show explain --physical 0x1000000

echo
echo "== processes, and who maps a page"
show ps
show vmas "$(workload anonymous 2)"
show who "$("$program" translate --pid "$(workload anonymous 2)" "$(workload anonymous 1)" -J | sed -n 's/^ *"physical": "\(0x[0-9a-f]*\)".*/\1/p' | head -n 1)"

echo
echo "== memory as devices see it"
show iommu
show devices
show reach init_task
show exposure

echo
echo "== see it: this opens the explorer on the same memory"
echo "$program serve -s $image"
