#!/usr/bin/env bash
# Pictures of the explorer's views and of a report of a capture, by Debian's chromium: screenshots.sh CAPTURE.
set -euo pipefail
cd "$(dirname "$0")/.."
image=$1/ram.raw
out=$PWD/artifacts/screenshots
mkdir -p "$out"
address=$(mktemp)
./iommu-spy serve -s "$image" > "$address" &
server=$!
trap 'kill $server; rm -f "$address"' EXIT
until [ -s "$address" ]; do sleep 0.2; done

# A picture of a page in light and in dark: name, address.
picture() {
    for scheme in light dark; do
        setting=$([ $scheme = dark ] && echo 0 || echo 1)
        chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars --window-size=1280,800 --virtual-time-budget=20000 \
            "--blink-settings=preferredColorScheme=$setting" "--screenshot=$out/$1-$scheme.png" "$2" 2> /dev/null
    done
    echo "$out/$1-light.png $out/$1-dark.png"
}

page=$(head -n 1 "$address")
./iommu-spy report -s "$image" --force "$out/report.html" > /dev/null
picture machine "$page#/"
picture explain "$page#/explain?at=init_task"
picture map "$page#/map"
picture map-devices "$page#/map?overlay=write"
picture map-page "$page#/map?pfn=0x1000"
picture treemap "$page#/treemap"
picture map-slab "$page#/map?kind=slab"
picture virtual "$page#/virtual"
picture topology "$page#/topology"
picture findings "$page#/findings"
picture device "$page#/device/0000:00:01.0"
picture table "$page#/table/slab?sort=bytes%3Adesc"
picture sql "$page#/sql"
picture report "file://$out/report.html"
