#!/bin/sh
# Reading and writing dumps beside peers: libkdumpfile (4 KiB reads), makedumpfile (conversion), in turns. What came of it: RESULTS.md, "Dumps".
#
#     bench/formats.sh                one capture of the lab's, a few minutes
#     IMAGES=DIR bench/formats.sh     another
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cd "$here/.."
rounds=${ROUNDS:-5}

./packages.sh bench
[ -x iommu-spy ] || make iommu-spy
images=${IMAGES:-$(dotnet run --project lab -c Release -- capture --kernel 6.1 --iommu intel --paging 4 --memory 2G --vmcoreinfo on | tail -n 1)}
work=artifacts/bench
mkdir -p "$work"
gcc -O2 -Wall -Wextra -o "$work/kdumpread" bench/peers/kdumpread.c -lkdumpfile
[ -x "$work/race" ] || dotnet publish bench/IommuSpy.Race -c Release -r linux-x64 -o "$work" -p:RunAnalyzers=false --verbosity quiet

bytes=$(printf '0x%x' $(($(stat -c %s "$images/ram.raw"))))
./iommu-spy convert "$images/dump.elf" "$work/dump.plain.elf" --format elf > "$work/convert.log"
makedumpfile -R "$work/dump.zlib" < "$images/dump.kdump" > /dev/null 2>&1 || { rm -f "$work/dump.zlib"; makedumpfile -R "$work/dump.zlib" < "$images/dump.kdump" > /dev/null 2>&1; }
for how in snappy zstd; do ./iommu-spy convert "$images/dump.elf" "$work/dump.$how" --format kdump --compress $how >> "$work/convert.log"; done
rm -f "$work/dump.lzo"
makedumpfile -l -d 0 "$work/dump.plain.elf" "$work/dump.lzo" > /dev/null 2>&1

best() { sort -n | head -n 1 | awk -v bytes="$((bytes))" '{ printf "%.3f s, %.0f MB/s, sum %s", $1 / 1e9, bytes / ($1 / 1e9) / 1e6, $2 }'; }

echo "machine: $(nproc) cores; load before: $(cut -d' ' -f1 /proc/loadavg); $(date -u +%F)"
for dump in zlib lzo snappy zstd; do
    for order in seq rnd; do
        : > "$work/ours"; : > "$work/theirs"
        for _ in $(seq "$rounds"); do
            "$work/kdumpread" "$work/dump.$dump" $order "$bytes" 1 >> "$work/theirs"
            "$work/race" "$work/dump.$dump" $order "$bytes" 1 >> "$work/ours"
        done
        echo "$dump $order: libkdumpfile $(best < "$work/theirs"); ours $(best < "$work/ours")"
    done
done

timed() { # NAME OUTPUT COMMAND...: the fastest of the rounds, with processor time
    name=$1; output=$2; shift 2
    : > "$work/times"
    for _ in $(seq "$rounds"); do
        rm -f "$output"
        /usr/bin/time -a -o "$work/times" -f '%e %U %S' "$@" > /dev/null 2>&1
    done
    echo "$name: $(sort -n "$work/times" | head -n 1 | awk '{ printf "%.2f s, processor %.2f s", $1, $2 + $3 }'), $(stat -c %s "$output") bytes"
}

out=$work/out
timed "makedumpfile -c -d 0" "$out" makedumpfile -c -d 0 "$work/dump.plain.elf" "$out"
timed "makedumpfile -c -d 0 --num-threads 2" "$out" makedumpfile -c -d 0 --num-threads 2 "$work/dump.plain.elf" "$out"
timed "convert zlib" "$out" ./iommu-spy convert "$work/dump.plain.elf" "$out" --format kdump --compress zlib
timed "makedumpfile -c -d 1" "$out" makedumpfile -c -d 1 "$work/dump.plain.elf" "$out"
timed "convert zlib --exclude zero" "$out" ./iommu-spy convert "$work/dump.plain.elf" "$out" --format kdump --compress zlib --exclude zero
timed "convert snappy" "$out" ./iommu-spy convert "$work/dump.plain.elf" "$out" --format kdump --compress snappy
timed "convert zstd" "$out" ./iommu-spy convert "$work/dump.plain.elf" "$out" --format kdump --compress zstd
timed "makedumpfile -l -d 0" "$out" makedumpfile -l -d 0 "$work/dump.plain.elf" "$out"
echo "load after: $(cut -d' ' -f1 /proc/loadavg)"
