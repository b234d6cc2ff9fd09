#!/bin/sh
# Installs the .NET tool from artifacts/packages into a folder of its own and asks it what the ordinary program is asked.
set -eu

cd "$(dirname "$0")/.."
image=${IMAGE:-$(dotnet run --project lab --verbosity quiet -- capture --kernel 6.1 --iommu intel --paging 4 --memory 512M | tail -n 1)/dump.elf}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM

# A cache of its own: the user's would give an older package of this version.
NUGET_PACKAGES=$folder/packages dotnet tool install iommu-spy --tool-path "$folder/tool" --add-source artifacts/packages > "$folder/log" || { cat "$folder/log" >&2; exit 1; }
for question in info ps "who init_task" exposure; do
    # shellcheck disable=SC2086 # words
    ./iommu-spy $question -s "$image" > "$folder/expected" 2>&1
    # shellcheck disable=SC2086
    "$folder/tool/iommu-spy" $question -s "$image" > "$folder/answer" 2>&1
    cmp "$folder/expected" "$folder/answer"
done
echo "tool-test: $("$folder/tool/iommu-spy" --version) installed; info, ps, who, exposure as the ordinary program"
