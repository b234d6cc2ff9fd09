#!/bin/sh
# Packs two Debian packages: iommu-spy, the static program (also called dev_mem) with its manual page and completion for three shells; and iommu-spy-dkms,
# su-devmem as source that dkms builds, which nobody gets who does not ask for it.
#
#     packaging/deb.sh DIRECTORY        prints the packages' paths
#
# The same program and sources make the same package, byte for byte: times are those of the last commit, or SOURCE_DATE_EPOCH.
set -eu

out=$(realpath "$1")
cd "$(dirname "$0")/.."

program=iommu-spy-static
version=$(./$program --version | sed 's/+.*//')
module=su-devmem
module_version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"$/\1/p' $module/dkms.conf)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH

umask 022
mkdir -p "$out"
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
trap 'exit 1' HUP INT TERM

# The documents that every package has.
documents() {
    install -D -m 644 packaging/copyright "$1/copyright"
    printf 'iommu-spy (%s) unstable; urgency=medium\n\n  * See the commits of its repository.\n\n -- the iommu-spy authors <iommu-spy@localhost>  %s\n' \
        "$version" "$(date -u -R -d "@$SOURCE_DATE_EPOCH")" | gzip -9n > "$1/changelog.gz"
}

# Packs a tree: its name, its architecture; what else stands in its control file comes from standard input.
pack() {
    package=$out/${1}_${version}_$2.deb
    cat > "$tree/$1/DEBIAN/control" <<EOF
Package: $1
Version: $version
Architecture: $2
Maintainer: the iommu-spy authors <iommu-spy@localhost>
Installed-Size: $(du -sk --apparent-size "$tree/$1/usr" | cut -f 1)
Section: admin
Priority: optional
$(cat)
EOF
    (cd "$tree/$1" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum) > "$tree/$1/DEBIAN/md5sums"
    dpkg-deb --root-owner-group -Zxz --build "$tree/$1" "$package" > /dev/null
    echo "$package"
}

usr=$tree/iommu-spy/usr
mkdir -p "$tree/iommu-spy/DEBIAN" "$tree/iommu-spy-dkms/DEBIAN"
chmod 755 "$tree/iommu-spy" "$tree/iommu-spy-dkms"
make --silent install PROGRAM=$program DESTDIR="$tree/iommu-spy" PREFIX=/usr
gzip -9n "$usr/share/man/man1/iommu-spy.1"
ln -s iommu-spy.1.gz "$usr/share/man/man1/dev_mem.1.gz"
mv "$usr/share/zsh/site-functions" "$usr/share/zsh/vendor-completions" # where Debian's zsh looks
documents "$usr/share/doc/iommu-spy"
gzip -9nc README.md > "$usr/share/doc/iommu-spy/README.md.gz"
gzip -9nc "$(dirname "$(readlink -f "$(command -v dotnet)")")/ThirdPartyNotices.txt" > "$usr/share/doc/iommu-spy/dotnet-ThirdPartyNotices.txt.gz"
pack iommu-spy amd64 <<EOF
Suggests: iommu-spy-dkms
Description: what is at an address, who maps it, which device can touch it
 Give it any address of any kind on a Linux machine, and it shows what the
 address is, how the hardware translates it, who else maps the same memory, and
 which devices can reach it. From a running machine or from a memory dump of any
 x86-64 kernel, with no debug symbols.
EOF

usr=$tree/iommu-spy-dkms/usr
git ls-files $module | while read -r file; do
    install -D -m 644 "$file" "$usr/src/$module-$module_version/${file#"$module"/}"
done
documents "$usr/share/doc/iommu-spy-dkms"
gzip -9nc $module/README.md > "$usr/share/doc/iommu-spy-dkms/README.md.gz"
for script in postinst prerm; do
    sed "s/@MODULE@/$module/g; s/@VERSION@/$module_version/g" packaging/$script > "$tree/iommu-spy-dkms/DEBIAN/$script"
    chmod 755 "$tree/iommu-spy-dkms/DEBIAN/$script"
done
pack iommu-spy-dkms all <<EOF
Depends: dkms
Enhances: iommu-spy
Description: module that lets /dev/mem read all of memory while it is loaded
 The source of su-devmem, which dkms builds for each kernel that is installed.
 Nothing loads it by itself; it opens memory for reading, and for writing where
 it is loaded with write=1.
EOF
