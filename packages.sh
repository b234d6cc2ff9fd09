#!/bin/sh
# Installs what packages.txt lists for the groups named as arguments and this machine lacks, and says which.
set -eu
cd "$(dirname "$0")"

missing=""
for group in "$@"; do
    listed=$(awk -v group="$group" '$1 == group { print $2 }' packages.txt)
    [ -n "$listed" ] || { echo "packages.sh: packages.txt has no group $group" >&2; exit 2; }
    for package in $listed; do
        case " $missing " in *" $package "*) continue ;; esac
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
    done
done

[ -n "$missing" ] || exit 0
echo "installing Debian packages:$missing" >&2
if [ "$(id -u)" -eq 0 ]; then as_root=""; else as_root="sudo"; fi
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # both are lists
$as_root apt-get update -qq
# shellcheck disable=SC2086
$as_root apt-get install -y -qq --no-install-recommends $missing >&2
