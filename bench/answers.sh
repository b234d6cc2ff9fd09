#!/bin/sh
# From the start of a process to the end of its answer, for every command that gives one: on a raw file, an ELF dump without holes, a kdump and
# a flattened kdump of the same memory, of a small and a larger machine, beside peers, in one run. What came of it: RESULTS.md, "Start to answer".
#
#     bench/answers.sh                    us and libkdumpfile; some minutes once the captures exist, 11 GB of disk, and memory to keep a file of 5 GiB
#     PEERS=all bench/answers.sh          crash and drgn too; downloads the captures' debug kernel, 0.8 GB
#     MEMORIES=512M bench/answers.sh      machines of other sizes
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cd "$here/.."
. bench/measure.sh

peers=${PEERS:-}
memories=${MEMORIES:-512M 5G}
runs=${RUNS:-10}
work=artifacts/bench
mkdir -p "$work"

./packages.sh bench
if [ "$peers" = all ]; then ./packages.sh peers; fi
[ -x iommu-spy ] || make iommu-spy
gcc -O2 -Wall -Wextra -o "$work/addrxlat" bench/peers/addrxlat.c -lkdumpfile -laddrxlat

# A symbol of the kernel, a process that every machine has, a device that every guest of the lab has and a page that it reaches.
device=0000:00:02.0
fault="DMAR: [DMA Read NO_PASID] Request device [${device#*:}] fault addr 0xffff0000 [fault reason 0x06] PTE Read access is not set"
commands="info
explain init_task
translate init_task
who init_task
page init_task
reach PAGE
read init_task
types task_struct
symbols init_task
layout
ps
vmas 1
pci
modules
devices
devices DEVICE
iommu
interrupts
fault LINE"

# Seconds: the fastest run, and the processor time of an average one. From hyperfine's lines: command,mean,stddev,median,user,system,min,max.
cells() {
    awk -F, 'NR > 1 { name = $0; for (k = 0; k < 7; k++) sub(/,[^,]*$/, "", name); gsub(/"/, "", name)
                      printf "%s\t%.3f (%.3f)\n", name, $(NF - 1), $(NF - 3) + $(NF - 2) }' "$1"
}

# All commands on one image: a line each, the name and its cell.
ours() {
    image=$1
    set --
    while read -r command; do
        case $command in
            'reach PAGE') set -- "$@" -n "$command" "./iommu-spy reach $reached -s $image" ;;
            'devices DEVICE') set -- "$@" -n "$command" "./iommu-spy devices $device -s $image" ;;
            'fault LINE') set -- "$@" -n "$command" "./iommu-spy fault '$fault' -s $image" ;;
            *) set -- "$@" -n "$command" "./iommu-spy $command -s $image" ;;
        esac
    done <<EOF
$commands
EOF
    run_each 2 "$runs" "$work/answers.csv" "$@"
    cells "$work/answers.csv"
}

theirs() {
    image=$1

    # It finds no way to translate in QEMU's kdump: then it has no cell.
    if "$work/addrxlat" "$image" first "$task" > /dev/null 2>&1; then
        run_each 2 "$runs" "$work/answers.csv" -n "libkdumpfile $(version libkdumpfile-dev): translate an address" "$work/addrxlat $image first $task"
        cells "$work/answers.csv"
    fi
    if [ "$peers" = all ]; then
        run_each 1 3 "$work/answers.csv" \
            -n "crash $(version crash): vtop, with a debug kernel" "crash -s --no_scroll -i $work/answer.crash $kernel $image" \
            -n "crash $(version crash): ps, with a debug kernel" "crash -s --no_scroll -i $work/ps.crash $kernel $image" \
            -n "drgn $(version python3-drgn): init_task, with a debug kernel, told its physical address" \
            "/usr/bin/python3 bench/peers/answer.drgn.py $image $kernel $physical"
        cells "$work/answers.csv"
    fi
}

echo "machine: $(nproc) cores, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1); load before: $(cut -d' ' -f1 /proc/loadavg); $(date -u +%F)"
for memory in $memories; do
    images=$(dotnet run --project lab -c Release -- capture --kernel 6.1 --iommu intel --paging 4 --memory "$memory" --vmcoreinfo on | tail -n 1)
    release=$(sed -n 's/^ *"release": "\(.*\)",$/\1/p' "$images/capture.json" | head -n 1)

    # As QEMU or kdump would leave it on most disks: zeros are stored.
    full=$work/answers.elf
    cp --sparse=never --reflink=never "$images/dump.elf" "$full"

    # QEMU writes a kdump flattened, which libkdumpfile does not read: rearranged, it is one as kdump leaves it.
    rm -f "$work/answers.kdump"
    makedumpfile -R "$work/answers.kdump" < "$images/dump.kdump" > /dev/null 2>&1

    task=$(./iommu-spy translate init_task -s "$full" --jsonl | sed 's/.*"virtual": *"\(0x[0-9a-f]*\)".*/\1/')
    physical=$(./iommu-spy translate init_task -s "$full" --jsonl | sed 's/.*"physical": *"\(0x[0-9a-f]*\)".*/\1/')
    reached=$(./iommu-spy maps --device $device -s "$full" --jsonl | sed -n '1s/.*"physical": *"\(0x[0-9a-f]*\)".*/\1/p')
    if [ "$peers" = all ]; then
        kernel=$(debug_kernel)
        printf 'vtop %s\nquit\n' "$task" > "$work/answer.crash"
        printf 'ps\nquit\n' > "$work/ps.crash"
    fi

    ours "$images/ram.raw" > "$work/answers.raw.cells"
    ours "$images/dump.kdump" > "$work/answers.flat.cells"
    for format in elf kdump; do
        image=$full
        if [ $format = kdump ]; then image=$work/answers.kdump; fi
        cat "$image" > /dev/null
        ours "$image" > "$work/answers.$format.cells"
        theirs "$image" >> "$work/answers.$format.cells"
    done

    rm -f "$full" "$work/answers.kdump"
    echo
    echo "$memory, Linux $release: seconds to the answer, the fastest of $runs (processor time); files in memory"
    echo
    echo "| command | raw | ELF | kdump | flattened kdump |"
    echo "| --- | --- | --- | --- | --- |"
    awk -F '\t' '
        FNR == 1 { column++ }
        { cell[$1, column] = $2; if (column == 1) names[++n] = $1 }
        function shown(name, of) { return (name, of) in cell ? cell[name, of] : "-" }
        END { for (i = 1; i <= n; i++)
                  printf "| %s | %s | %s | %s | %s |\n", names[i], shown(names[i], 2), shown(names[i], 1), shown(names[i], 3), shown(names[i], 4) }' \
        "$work/answers.elf.cells" "$work/answers.raw.cells" "$work/answers.kdump.cells" "$work/answers.flat.cells"
done
echo
echo "load after: $(cut -d' ' -f1 /proc/loadavg)"
