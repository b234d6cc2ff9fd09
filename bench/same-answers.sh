#!/bin/sh
# Whether two builds of the command give the same answers: the text of every command that reads an image, and its JSON, on each of several images.
# Ends with a line for each answer that differs, and with 0 where none does. The differences themselves are left in artifacts/answers.
#
#     bench/same-answers.sh OLD NEW IMAGE...
set -eu

old=$1 new=$2
shift 2
work=artifacts/answers
rm -rf "$work"
mkdir -p "$work"
differing=0 asked=0

# One question to both; what they print, on both streams, and how they end.
ask() {
    asked=$((asked + 1))
    name=$(printf '%s' "$count-$*" | tr ' /:' '___')
    { "$old" "$@" -s "$image"; echo "exit $?"; } >"$work/$name.old" 2>&1 || true
    { "$new" "$@" -s "$image"; echo "exit $?"; } >"$work/$name.new" 2>&1 || true
    if cmp -s "$work/$name.old" "$work/$name.new"; then
        rm "$work/$name.old" "$work/$name.new"
    else
        differing=$((differing + 1))
        echo "differs: $* -s $image ($(diff "$work/$name.old" "$work/$name.new" | grep -c '^[<>]') lines)"
    fi
}

count=0
for image in "$@"; do
    count=$((count + 1))
    device=$("$old" devices -s "$image" --jsonl | sed -n 's/.*"\(bdf\|device\)":"\([^"]*\)".*/\2/p' | tail -n 1)
    for json in "" -J; do
        # shellcheck disable=SC2086 # an option, or none
        for command in info "explain init_task" "explain 0xffff888000000000" "explain 0xffffffffff600000" "explain linux_banner+8" "explain --pid 1 0x400000" \
            "translate init_task" "translate --pid 1 0x7ffff7ff0000" layout "layout --documented" maps "maps --pid 1" roots ps "vmas 1" "pagemap 1" "who init_task" "who pfn:0x1000" \
            "page init_task" "page pfn:0x100" "pages --summary" slab buddy "symbols init_*" "read init_task 256" modules pci "types task_struct" vmalloc iommu interrupts devices exposure \
            "reach init_task" ${device:+"devices $device"} ${device:+"translate --device $device 0xfffff000"} ${device:+"explain --device $device 0xfffff000"}; do
            ask $command $json
        done
    done
    for command in "maps --leaves" pages "vmas 1" "pagemap 1" symbols; do
        # shellcheck disable=SC2086 # its words
        ask $command --jsonl
    done
done

echo "$asked answers, $differing differ"
[ "$differing" -eq 0 ]
