# The measurements of run.sh. Everyone's passes are run in turn, round after round, so that a busy moment of the machine hits all of them.
# shellcheck shell=sh disable=SC2154 # set by run.sh

version() { dpkg-query -W -f '${Version}' "$1"; }

# Millions of $2 things a second, from nanoseconds a line: the fastest pass and the median one.
rates() { sort -n "$1" | awk -v n="$2" '{ t[NR] = $1 } END { printf "%.1f %.1f", 1000 * n / t[1], 1000 * n / t[int((NR + 1) / 2)] }'; }

# Translations of the same addresses from the same root, and whether everyone says the same.
translations() {
    lists="small-sequential small-shuffled large-sequential large-shuffled check"
    for round in $(seq "$rounds"); do
        for list in $lists; do
            "$work/addrxlat" "$elf" walk "$root" "$work/$list.list" "$work/$list.peer.answers" "$passes" >> "$work/$list.peer.ns"
            "$work/addrxlat" "$elf" conv "$work/$list.list" "$work/$list.conv.answers" "$passes" >> "$work/$list.conv.ns"
            "$work/race" "$elf" walk "$root" "$work/$list.list" "$work/$list.one.answers" "$passes" >> "$work/$list.one.ns"
            "$work/race" "$elf" many "$root" "$work/$list.list" "$work/$list.many.answers" "$passes" >> "$work/$list.many.ns"
        done
        : "$round"
    done

    echo "Translations, millions a second, one core: fastest of $((rounds * passes)) passes (median)"
    echo
    echo "| addresses | how many | libkdumpfile | one by one | ratio | many at once | ratio | answers that differ |"
    echo "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for list in $lists; do
        count=$(($(stat -c %s "$work/$list.list") / 8))
        differ=$(($(differences "$work/$list.peer.answers" "$work/$list.one.answers") + $(differences "$work/$list.peer.answers" "$work/$list.many.answers")))
        echo "$list $count $(rates "$work/$list.peer.ns" "$count") $(rates "$work/$list.one.ns" "$count") $(rates "$work/$list.many.ns" "$count") $differ" |
            awk '{ printf "| %s | %d | %s (%s) | %s (%s) | %.1f | %s (%s) | %.1f | %d |\n", $1, $2, $3, $4, $5, $6, $5 / $3, $7, $8, $7 / $3, $9 }'
    done
    echo
    for list in large-sequential large-shuffled; do
        count=$(($(stat -c %s "$work/$list.list") / 8))
        echo "libkdumpfile without a walk, by the linear ranges that it knows, $list: $(rates "$work/$list.conv.ns" "$count" | sed 's/ / (/;s/$/)/')"
    done
}

# How many 64-bit words of two files differ.
differences() { cmp -l "$1" "$2" | awk '{ print int(($1 - 1) / 8) }' | uniq | wc -l; }

visits() {
    for round in $(seq "$rounds"); do
        "$work/race" "$elf" visit "$passes" > "$work/visit"
        entries=$(head -n 1 "$work/visit")
        tail -n +2 "$work/visit" >> "$work/visit.ns"
        : "$round"
    done
    rates "$work/visit.ns" "$entries" | awk -v n="$entries" '{ printf "Visit of all address spaces, %d entries: %s million entries a second (%s)\n", n, $1, $2 }'
}

# What is made before an answer can be given: the index from pages to all who map them, and the kernel's types. Everyone's in milliseconds.
indexes() {
    "$work/race" "$elf" reverse $((rounds * passes)) > "$work/reverse"
    "$work/race" "$elf" types $((rounds * passes)) > "$work/types.ns"
    tail -n +2 "$work/reverse" > "$work/reverse.ns"
    echo "Index of all mappings, $(nproc) cores: $(milliseconds "$work/reverse.ns"); $(head -n 1 "$work/reverse" | awk '{ printf "%d spaces, %d extents, %d ns a query", $1, $2, $3 }')"
    echo "Types out of the image's BTF: $(milliseconds "$work/types.ns"), the first pass $(head -n 1 "$work/types.ns" | awk '{ printf "%.1f", $1 / 1e6 }')"
}

# Milliseconds from nanoseconds a line: the fastest and the median.
milliseconds() { sort -n "$1" | awk '{ t[NR] = $1 } END { printf "%.1f ms (%.1f)", t[1] / 1e6, t[int((NR + 1) / 2)] / 1e6 }'; }

# From the start of a process to the end of its answer, with a warm page cache.
starts() {
    set -- \
        -n "iommu-spy info, ELF" "./iommu-spy info -s $elf" \
        -n "iommu-spy info, raw" "./iommu-spy info -s $raw" \
        -n "iommu-spy translate init_task, ELF" "./iommu-spy translate init_task -s $elf" \
        -n "iommu-spy translate init_task, raw" "./iommu-spy translate init_task -s $raw" \
        -n "iommu-spy ps, ELF" "./iommu-spy ps -s $elf" \
        -n "iommu-spy who init_task, ELF" "./iommu-spy who init_task -s $elf" \
        -n "libkdumpfile, an address, ELF" "$work/addrxlat $elf first $task"
    run_each 3 30 "$work/start.csv" "$@"
    if [ "$peers" = all ]; then
        kernel=$(debug_kernel)
        # crash's vtop takes no symbol here: it is given the address.
        printf 'vtop %s\nquit\n' "$task" > "$work/answer.crash"
        printf 'ps\nquit\n' > "$work/ps.crash"
        run_each 1 5 "$work/slow.csv" \
            -n "crash $(version crash) ps, ELF and debug kernel" "crash -s --no_scroll -i $work/ps.crash $kernel $elf" \
            -n "crash $(version crash) vtop, ELF and debug kernel" "crash -s --no_scroll -i $work/answer.crash $kernel $elf" \
            -n "drgn $(version python3-drgn) init_task, ELF and debug kernel (told the physical address)" "/usr/bin/python3 bench/peers/answer.drgn.py $elf $kernel $physical"
        tail -n +2 "$work/slow.csv" >> "$work/start.csv"
    fi

    echo "| start to answer | fastest, s | median, s | processor time, s | times iommu-spy translate, ELF: fastest, processor time |"
    echo "| --- | --- | --- | --- | --- |"
    # command,mean,stddev,median,user,system,min,max; a name with a comma is quoted.
    awk -F, '
        NR > 1 { name = $0; for (k = 0; k < 7; k++) sub(/,[^,]*$/, "", name); gsub(/"/, "", name); n++; names[n] = name; least[n] = $(NF - 1); middle[n] = $(NF - 4); cpu[n] = $(NF - 3) + $(NF - 2)
                 if (name ~ /translate init_task, ELF/) ours = n }
        END { for (i = 1; i <= n; i++)
                  printf "| %s | %.3f | %.3f | %.3f | %.1f, %.1f |\n", names[i], least[i], middle[i], cpu[i], least[i] / least[ours], cpu[i] / cpu[ours] }' "$work/start.csv"
    if [ "$peers" = all ]; then
        echo
        echo "drgn, init_task by its virtual address: $(/usr/bin/python3 bench/peers/answer.drgn.py "$elf" "$kernel" "$physical" virtual | tail -n 1)"
    fi
}

# Commands by hyperfine: warm-up runs, runs, the file for the times, then -n NAME COMMAND for each. A command that fails ends it all.
run_each() {
    warmup=$1 runs=$2 csv=$3
    shift 3
    hyperfine --shell none --warmup "$warmup" --runs "$runs" --style none --export-csv "$csv" "$@" > "$work/hyperfine.log" 2>&1 || {
        cat "$work/hyperfine.log" >&2
        exit 1
    }
}

# The vmlinux with debug symbols of the captured kernel, out of its Debian package; kept under artifacts/.
debug_kernel() {
    kernel=artifacts/debug/vmlinux-$release
    if [ ! -s "$kernel" ]; then
        mkdir -p artifacts/debug
        (cd artifacts/debug && apt-get download -q "linux-image-$release-dbg") >&2
        dpkg-deb --fsys-tarfile artifacts/debug/linux-image-"$release"-dbg_*.deb | tar -x -O "./usr/lib/debug/boot/vmlinux-$release" > "$kernel.part"
        mv "$kernel.part" "$kernel"
        rm -f artifacts/debug/linux-image-"$release"-dbg_*.deb
    fi
    echo "$kernel"
}
