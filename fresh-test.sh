#!/bin/bash
# Runs the README's commands on a machine that nobody prepared: a clean Debian tree made by debootstrap, with the .NET SDK bound in and a clone of what is committed here. As root.
#
#     ./fresh-test.sh                 make demo, then make test
#     ./fresh-test.sh test            the targets named
#     SUITE=trixie ./fresh-test.sh    another Debian; bookworm without
#     KEEP=1 ./fresh-test.sh          the tree stays, to look into: artifacts/fresh/SUITE
#
# The tree has its own processes and devices, none of them this machine's memory. It shares the network, and the settings that this machine needs to reach it.
set -euo pipefail
cd "$(dirname "$0")"
self=$PWD/fresh-test.sh

suite=${SUITE:-bookworm}
tree=$PWD/artifacts/fresh/$suite
log=$tree.log
targets=("$@")
[ $# -gt 0 ] || targets=(demo test)

# Inside, in namespaces of its own: everything that is mounted or started there ends with this script.
if [ "${FRESH_INSIDE:-}" != yes ]; then
    [ "$(id -u)" -eq 0 ] || { echo "fresh-test: run it as root: it makes a Debian tree and changes into it" >&2; exit 1; }
    ./packages.sh fresh
    mkdir -p "$(dirname "$tree")"
    status=0
    FRESH_INSIDE=yes unshare --mount --pid --fork --kill-child --propagation private "$self" "$@" || status=$?
    [ -n "${KEEP:-}" ] || rm -rf --one-file-system "$tree"
    exit $status
fi

fail() { echo "fresh-test: $*; the whole log is $log" >&2; exit 1; }

# The archives that this machine's own apt reads, the first that has the suite and is signed by Debian.
archives() { apt-get update --print-uris | sed -n "s,^'\([^']*\)/dists/[^']*/InRelease' .*,\1,p" | grep -v -- '-security$' | awk '!seen[$0]++'; }
make_tree() {
    for archive in $(archives); do
        rm -rf --one-file-system "$tree"
        debootstrap --variant=minbase --include=make,git,ca-certificates "$suite" "$tree" "$archive" >> "$log" 2>&1 && return
    done
    tail -n 5 "$log" >&2
    fail "debootstrap made no tree of $suite"
}

echo "== a clean Debian $suite"
: > "$log"
make_tree

# How this machine reaches its archive and NuGet. None of it is a package.
cp -L /etc/resolv.conf /etc/hosts "$tree/etc/"
grep -ls 'Acquire::' /etc/apt/apt.conf.d/* | xargs -r cp -t "$tree/etc/apt/apt.conf.d/"
mkdir -p "$tree/root/.nuget/NuGet" "$tree/opt/dotnet"
cp "$HOME/.nuget/NuGet/NuGet.Config" "$tree/root/.nuget/NuGet/" 2> /dev/null || true
cp /etc/ssl/certs/ca-certificates.crt "$tree/etc/ssl/certs/"
variables=()
for name in http_proxy https_proxy no_proxy SSL_CERT_FILE NUGET_CERT_REVOCATION_MODE CI GUESTS TESTS; do
    [ -z "${!name:-}" ] || variables+=("$name=${!name}")
done

mount --bind -o ro "$(dirname "$(readlink -f "$(command -v dotnet)")")" "$tree/opt/dotnet"
mount -t proc proc "$tree/proc"
mount -t sysfs -o ro sysfs "$tree/sys"
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts "$tree/dev/pts"
mount -t tmpfs tmpfs "$tree/dev/shm"

git clone --quiet --no-hardlinks . "$tree/root/iommu-spy"
[ -z "$(git status --porcelain)" ] || echo "fresh-test: what is not committed is left out"

within() { chroot "$tree" /usr/bin/env -i HOME=/root LANG=C.UTF-8 PATH=/opt/dotnet:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "${variables[@]}" "$@"; }

# What the SDK itself asks of a machine: ICU, and the libraries that the compiler of Debian brings. The README says so.
within sh -c 'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "^libicu[0-9]+$" "^libssl3(t64)?$" libstdc++6' >> "$log" 2>&1 \
    || { tail -n 5 "$log" >&2; fail "the libraries that the .NET SDK needs"; }

status=0
for target in "${targets[@]}"; do
    echo "== make $target, on a clean Debian $suite"
    within make -C /root/iommu-spy "$target" 2>&1 | tee -a "$log" || { status=1; break; }
done

exit $status
