#!/usr/bin/env bash
# Writes docs/tutorial.md: runs the commands of docs/tutorial.in.md on the memory of a guest and puts what they print behind them. tutorial.sh CAPTURE [OUT]
#
# In the template, `<!-- let NAME = COMMAND -->` keeps what a command prints, and {NAME} stands for it; a line that begins with `$ ` is shown and run. A command that fails, or prints
# nothing, ends the script: the page cannot show what does not work.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
capture=$1
out=${2:-$here/tutorial.md}
program=$(readlink -f "${IOMMU_SPY_COMMAND:-$here/../iommu-spy}")

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
printf '#!/bin/sh\nexec "%s" "$@"\n' "$program" > "$folder/iommu-spy"
chmod +x "$folder/iommu-spy"
export PATH="$folder:$PATH" IOMMU_SPY_SOURCE=dump.elf NO_COLOR=1
cd "$capture"

declare -A names

# A line of the template with its names put in.
named() {
    local line=$1 name
    for name in "${!names[@]}"; do line=${line//"{$name}"/${names[$name]}}; done
    printf '%s' "$line"
}

# What a command prints. That nobody reads on (head) is no failure, and neither is an address that has no answer.
output() {
    local status=0 text
    text=$(bash -c "set -o pipefail; $1") || status=$?
    case $status in 0 | 1 | 141) ;; *) echo "tutorial.sh: exit code $status: $1" >&2; exit 1 ;; esac
    [ -n "$text" ] || [[ $1 == export* ]] || { echo "tutorial.sh: nothing printed: $1" >&2; exit 1; }
    printf '%s' "${text:+$text$'\n'}"
}

{
    while IFS= read -r line; do
        case $line in
            '<!-- let '*' -->')
                line=${line#<!-- let } line=${line% -->}
                name=${line%% = *}
                names[$name]=$(output "$(named "${line#* = }")")
                ;;
            '$ '*)
                command=$(named "${line#\$ }")
                printf '$ %s\n' "$command"
                output "$command"
                ;;
            *) printf '%s\n' "$(named "$line")" ;;
        esac
    done < "$here/tutorial.in.md"
} > "$folder/page"
mv "$folder/page" "$out"
