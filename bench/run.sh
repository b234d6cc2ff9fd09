#!/bin/sh
# The benchmarks beside peers: one 2 GiB capture, one run, one table. What it measures and what came of it: RESULTS.md.
#
#     bench/run.sh                    us and libkdumpfile, under 5 minutes once the capture exists
#     PEERS=all bench/run.sh          crash and drgn too; downloads the capture's debug kernel, 0.8 GB
#     IMAGES=DIR bench/run.sh         another capture of the lab's, with 4-level tables
#     JIT=1 bench/run.sh              the BenchmarkDotNet suite after it, some minutes more
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cd "$here/.."
. bench/measure.sh

peers=${PEERS:-}
rounds=${ROUNDS:-5}
passes=${PASSES:-10}

./packages.sh bench
if [ "$peers" = all ]; then ./packages.sh peers; fi
[ -x iommu-spy ] || make iommu-spy

images=${IMAGES:-$(dotnet run --project lab -c Release -- capture --kernel 6.1 --iommu intel --paging 4 --memory 2G --vmcoreinfo on | tail -n 1)}
elf=$images/dump.elf
raw=$images/ram.raw
work=artifacts/bench
mkdir -p "$work"
gcc -O2 -Wall -Wextra -o "$work/addrxlat" bench/peers/addrxlat.c -lkdumpfile -laddrxlat
dotnet publish bench/IommuSpy.Race -c Release -r linux-x64 -o "$work" -p:RunAnalyzers=false --verbosity quiet
rm -f "$work"/*.ns "$work"/*.answers "$work"/start.csv

root=$("$work/race" "$elf" addresses "$work")
release=$(sed -n 's/^ *"release": "\(.*\)",$/\1/p' "$images/capture.json" | head -n 1)
task=$(./iommu-spy translate init_task -s "$elf" --jsonl | sed 's/.*"virtual": *"\(0x[0-9a-f]*\)".*/\1/')
physical=$(./iommu-spy translate init_task -s "$elf" --jsonl | sed 's/.*"physical": *"\(0x[0-9a-f]*\)".*/\1/')

echo "machine: $(nproc) cores, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1); load before: $(cut -d' ' -f1 /proc/loadavg); $(date -u +%F)"
echo "capture: $release, $(stat -c %s "$elf") bytes; libkdumpfile $(version libkdumpfile-dev)"
echo

translations
echo
visits
echo
indexes
echo
starts
echo
echo "load after: $(cut -d' ' -f1 /proc/loadavg)"
if [ -n "${JIT:-}" ]; then
    IOMMU_SPY_BENCH_IMAGE=$elf dotnet run -c Release --project bench/IommuSpy.Bench -- --filter '*' --job short --inProcess --artifacts "$work/jit"
fi
