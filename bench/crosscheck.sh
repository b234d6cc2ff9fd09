#!/bin/sh
# Tasks, areas and struct pages of one capture, whole, against drgn and crash with the kernel's debug symbols (downloads them, 0.8 GB).
# drgn reads the ELF core that `iommu-spy convert` writes, crash the capture.
#
#     bench/crosscheck.sh             Debian's 6.1, 512 MiB
#     IMAGES=DIR bench/crosscheck.sh  another capture of the lab's
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cd "$here/.."
. bench/measure.sh

./packages.sh peers
[ -x iommu-spy ] || make iommu-spy

images=${IMAGES:-$(dotnet run --project lab -c Release -- capture --kernel 6.1 --iommu intel --paging 4 --memory 512M --vmcoreinfo on | tail -n 1)}
elf=$images/dump.elf
release=$(sed -n 's/^ *"release": "\(.*\)",$/\1/p' "$images/capture.json" | head -n 1)
kernel=$(debug_kernel)
work=artifacts/crosscheck
rm -rf "$work"
mkdir -p "$work"
trap 'rm -f "$work/core.elf"' EXIT

./iommu-spy convert "$elf" "$work/core.elf" --format elf
./iommu-spy ps -s "$elf" --threads --jsonl > "$work/ps.jsonl"
./iommu-spy pages -s "$elf" --jsonl > "$work/pages.jsonl"
./iommu-spy ps -s "$elf" --jsonl | sed -n 's/^{"pid":\([0-9]*\),.*"kernelThread":false.*/\1/p' | while read -r pid; do
    ./iommu-spy vmas -s "$elf" "$pid" --jsonl > "$work/vmas-$pid.jsonl"
done
printf 'kmem -p\nquit\n' > "$work/pages.crash"
crash -s --no_scroll -i "$work/pages.crash" "$kernel" "$elf" > "$work/pages.txt"
/usr/bin/python3 bench/peers/objects.drgn.py "$work/core.elf" "$kernel" "$work/pages.txt" "$work"
