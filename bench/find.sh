#!/bin/sh
# find beside ripgrep on the same raw image, warm: one literal, one that ignores case, an expression, a thousand literals; and beside cat, which is what
# reading alone takes. In turns, best of ROUNDS.
#
#     bench/find.sh                one capture of the lab's
#     IMAGES=DIR bench/find.sh     another
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cd "$here/.."
rounds=${ROUNDS:-5}

./packages.sh bench
[ -x iommu-spy ] || make iommu-spy
images=${IMAGES:-$(dotnet run --project lab -c Release -- capture --kernel 6.1 --iommu intel --paging 4 --memory 5G | tail -n 1)}
ram=$images/ram.raw
work=artifacts/bench
mkdir -p "$work"
bytes=$(stat -c %s "$ram")

# Words that are not there, so that what is measured is the search and not its answers.
awk 'BEGIN { srand(1); for (i = 0; i < 1000; i++) { word = ""; for (j = 0; j < 12; j++) word = word sprintf("%c", 97 + int(rand() * 26)); print word "#" } }' > "$work/words"

# took COMMAND...: the least time of some rounds.
took() {
    for _ in $(seq "$rounds"); do
        begin=$(date +%s%N)
        "$@" > /dev/null 2>&1 || true
        echo $(($(date +%s%N) - begin))
    done | sort -n | head -n 1 | awk -v bytes="$bytes" '{ printf "%.3f s, %.2f GB/s", $1 / 1e9, bytes / $1 }'
}

cat "$ram" > /dev/null
rg --version | head -n 1
echo "machine: $(nproc) cores; load before: $(cut -d' ' -f1 /proc/loadavg); $(date -u +%F); $bytes bytes"
echo "reading alone (cat): $(took cat "$ram")"
echo "opening (info): $(took ./iommu-spy info -s "$ram")"
echo "literal: find $(took ./iommu-spy find -s "$ram" 'no such words#'); ripgrep $(took rg --text --count-matches --fixed-strings 'no such words#' "$ram")"
echo "ignoring case: find $(took ./iommu-spy find -s "$ram" -i 'no such words#'); ripgrep $(took rg --text -i --count-matches --fixed-strings 'no such words#' "$ram")"
echo "expression: find $(took ./iommu-spy find -s "$ram" 're:[a-z]+@no[a-z]+#'); ripgrep $(took rg --text --count-matches '[a-z]+@no[a-z]+#' "$ram")"
echo "1,000 literals: find $(took ./iommu-spy find -s "$ram" --patterns "$work/words"); ripgrep $(took rg --text --count-matches --fixed-strings -f "$work/words" "$ram")"
