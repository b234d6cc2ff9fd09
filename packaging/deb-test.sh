#!/bin/sh
# Installs the package on a clean Debian (debootstrap, kept under artifacts/), uses it there as a user would, and removes it again. As root.
#
#     packaging/deb-test.sh PACKAGE                        no network in the tree once it is made
#     DKMS=1 packaging/deb-test.sh PACKAGE DKMS-PACKAGE    with dkms and headers, 400 MB more: su-devmem is built by the installation
set -eu

package=$(realpath "$1")
module_package=${2:+$(realpath "$2")}
cd "$(dirname "$0")/.."
suite=${SUITE:-bookworm}
tree=$PWD/artifacts/debian-$suite${DKMS:+-dkms}

fail() { echo "deb-test: $*" >&2; exit 1; }

./packages.sh fresh
if [ ! -e "$tree/.complete" ]; then
    rm -rf "$tree"
    debootstrap --variant=minbase ${DKMS:+--include=dkms,linux-headers-amd64} "$suite" "$tree" > "$tree.log" 2>&1 || fail "debootstrap: see $tree.log"
    rm -rf "$tree"/var/cache/apt/archives/*.deb
    touch "$tree/.complete"
fi

within() { chroot "$tree" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
files() { (cd "$tree" && find . -path ./proc -prune -o -path ./var/lib/dpkg -prune -o -path ./var/log -prune -o -print | LC_ALL=C sort); }

within dpkg --purge iommu-spy > /dev/null 2>&1 || true
files > "$tree.before"
cp "$package" "$tree/tmp/package.deb"
within dpkg -i /tmp/package.deb > "$tree.log" 2>&1 || { cat "$tree.log" >&2; fail "dpkg -i"; }
rm "$tree/tmp/package.deb"

within iommu-spy --version
within iommu-spy formats > /dev/null
[ "$(within readlink -f /usr/bin/dev_mem)" = /usr/bin/iommu-spy ] || fail "dev_mem is not iommu-spy"
within dpkg --verify iommu-spy | grep . && fail "files differ from the package's"
within gzip -dc /usr/share/man/man1/iommu-spy.1.gz | grep -q '^\.SH EXIT STATUS' || fail "no manual page"
# shellcheck disable=SC2016 # that shell's variables
completed=$(within bash -c '. /usr/share/bash-completion/completions/iommu-spy; COMP_WORDS=(iommu-spy expo); COMP_CWORD=1; _iommu_spy; echo "${COMPREPLY[*]}"')
[ "$completed" = "exposure export" ] || fail "bash completes 'expo' to '$completed'"
echo "bash completes expo: $completed"
within sh -c 'ls /usr/src' | grep '^su-devmem-' && fail "su-devmem came with the program"
if [ -n "${DKMS:-}" ]; then
    cp "$module_package" "$tree/tmp/package.deb"
    within dpkg -i /tmp/package.deb > "$tree.log" 2>&1 || { cat "$tree.log" >&2; fail "dpkg -i iommu-spy-dkms"; }
    rm "$tree/tmp/package.deb"
    module=$(within sh -c 'ls /usr/src' | grep '^su-devmem-')
    # shellcheck disable=SC2012 # names of releases
    kernel=$(ls "$tree/lib/modules" | tail -n 1)
    within dkms build -m su-devmem -v "${module#su-devmem-}" -k "$kernel" > "$tree.log" 2>&1 || { cat "$tree.log" >&2; fail "dkms build"; }
    within dkms status
    within dpkg --purge iommu-spy-dkms > "$tree.log" 2>&1 || { cat "$tree.log" >&2; fail "dpkg --purge iommu-spy-dkms"; }
fi

within dpkg --purge iommu-spy > "$tree.log" 2>&1 || { cat "$tree.log" >&2; fail "dpkg --purge"; }
files | diff "$tree.before" - || fail "the removed package left or took files"
echo "deb-test: installed, used and removed on $(within cat /etc/debian_version)"
