#!/bin/sh
# Packs a Debian package: the static program (also called dev_mem), its manual page, completion for three shells, and su-devmem as DKMS source.
#
#     packaging/deb.sh DIRECTORY        prints the package's path
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
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
trap 'exit 1' HUP INT TERM

chmod 755 "$tree"
usr=$tree/usr
make --silent install PROGRAM=$program DESTDIR="$tree" PREFIX=/usr
gzip -9n "$usr/share/man/man1/iommu-spy.1"
ln -s iommu-spy.1.gz "$usr/share/man/man1/dev_mem.1.gz"
mv "$usr/share/zsh/site-functions" "$usr/share/zsh/vendor-completions" # where Debian's zsh looks

git ls-files $module | while read -r file; do
    install -D -m 644 "$file" "$usr/src/$module-$module_version/${file#"$module"/}"
done

doc=$usr/share/doc/iommu-spy
install -D -m 644 packaging/copyright "$doc/copyright"
gzip -9nc README.md > "$doc/README.md.gz"
printf 'iommu-spy (%s) unstable; urgency=medium\n\n  * See the commits of its repository.\n\n -- the iommu-spy authors <iommu-spy@localhost>  %s\n' \
    "$version" "$(date -u -R -d "@$SOURCE_DATE_EPOCH")" | gzip -9n > "$doc/changelog.gz"

mkdir "$tree/DEBIAN"
for script in postinst prerm; do
    sed "s/@MODULE@/$module/g; s/@VERSION@/$module_version/g" packaging/$script > "$tree/DEBIAN/$script"
    chmod 755 "$tree/DEBIAN/$script"
done
cat > "$tree/DEBIAN/control" <<EOF
Package: iommu-spy
Version: $version
Architecture: amd64
Maintainer: the iommu-spy authors <iommu-spy@localhost>
Installed-Size: $(du -sk --apparent-size "$usr" | cut -f 1)
Recommends: dkms
Section: admin
Priority: optional
Description: what is at an address, who maps it, which device can touch it
 Give it any address of any kind on a Linux machine, and it shows what the
 address is, how the hardware translates it, who else maps the same memory, and
 which devices can reach it. From a running machine or from a memory dump of any
 x86-64 kernel, with no debug symbols.
 .
 With it comes the source of su-devmem, a kernel module that lets /dev/mem read
 all of memory while it is loaded. dkms builds it; nothing loads it by itself.
EOF
(cd "$tree" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum) > "$tree/DEBIAN/md5sums"

mkdir -p "$out"
package=$out/iommu-spy_${version}_amd64.deb
dpkg-deb --root-owner-group -Zxz --build "$tree" "$package" > /dev/null
echo "$package"
