#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Gets the base: base.sh DIR unpacks Linux 7.3.y into the new directory DIR.
#   LINUX_SRC=   a kernel git tree, source directory or tarball of yours;
#                without it the package linux-source-7.3 of Debian is taken.
# What was taken goes into $BUILD_DIR/base.info: version, origin.
. "$(dirname "$0")/lib.sh"
. "$TOP/scripts/apt.sh"

SERIES=7.3
dest=$1
[[ ! -e $dest ]] || die "$dest is there already"
mkdir -p "$dest"
trap '[[ -f $BUILD_DIR/base.info ]] || rm -rf "$dest"' EXIT
rm -f "$BUILD_DIR/base.info"

unpack() { # tarball
	tar -xf "$1" -C "$dest" --strip-components=1 2>"$BUILD_DIR/base.log" ||
		die "$1 is not a tarball that can be unpacked: $(tail -1 "$BUILD_DIR/base.log")"
}

from_git() { # git tree: the newest tag of the series, else HEAD
	local ref
	ref=$(git -C "$1" tag -l "v$SERIES" "v$SERIES.*" --sort=-v:refname | head -1)
	ref=${ref:-HEAD}
	git -C "$1" archive --format=tar "$ref" | tar -x -C "$dest" ||
		die "git archive $ref failed in $1"
	origin="$ref of the git tree $1"
}

from_user() {
	local src
	src=$(realpath -m "$1")
	if [[ -f $src ]]; then
		unpack "$src"
		origin="the tarball $src"
	elif [[ -d $src ]] && git -C "$src" rev-parse -q --verify HEAD >/dev/null 2>&1 &&
		[[ $(git -C "$src" rev-parse --show-cdup 2>/dev/null) == '' ]]; then
		from_git "$src"
	elif [[ -f $src/Kconfig ]]; then
		cp -a "$src/." "$dest/"
		rm -rf "$dest/.git"
		origin="the directory $src"
	else
		die "LINUX_SRC=$1 is neither a kernel tree nor a tarball"
	fi
}

# False, with the reason in $why, if the package cannot be had.
from_debian() {
	local dir=$BUILD_DIR/apt/linux-source package="linux-source-$SERIES" suite version=''
	command -v apt-get >/dev/null || { why="this system has no apt-get"; return 1; }
	rm -rf "$dir"
	mkdir -p "$dir"
	for suite in trixie-backports forky sid; do
		say "looking for $package in Debian's $suite"
		private_apt "$suite" || continue
		version=$(apt-cache "${APT[@]}" madison "$package" | awk -F' *[|] *' 'NR == 1 { print $2 }')
		[[ ! $version ]] || break
	done
	[[ $version ]] || { why="no Debian suite in reach of this machine's apt has $package"; return 1; }
	say "downloading $package $version (about 170 MB)"
	(cd "$dir" && apt-get "${APT[@]}" download "$package=$version" >download.log 2>&1) ||
		{ why="$package $version could not be downloaded"; return 1; }
	dpkg-deb -x "$dir"/*.deb "$dir/x" || { why="$package $version is damaged"; return 1; }
	unpack "$dir/x/usr/src/$package.tar.xz"
	rm -rf "$dir"
	origin="Debian's package $package $version"
}

if [[ ${LINUX_SRC:-} ]]; then
	from_user "$LINUX_SRC"
elif ! from_debian; then
	# .ci/run alone sets this.
	[[ ${GMEM_CI_FALLBACK:-} && -f ${GMEM_CI_FALLBACK:-} ]] ||
		die "$why: say LINUX_SRC=DIR or LINUX_SRC=TARBALL with a kernel $SERIES.y of yours"
	say "$why: falling back to $(basename "$GMEM_CI_FALLBACK")"
	unpack "$GMEM_CI_FALLBACK"
	origin="the tarball $(basename "$GMEM_CI_FALLBACK")"
fi

[[ -f $dest/Makefile && -f $dest/Kconfig ]] || die "$origin holds no kernel source"
version=$(kernel_version "$dest")
extra=$(sed -n 's/^EXTRAVERSION = *//p' "$dest/Makefile")
[[ $version == "$SERIES".* && ! $extra ]] ||
	die "$origin is Linux $version$extra, and this series is for $SERIES.y"
printf '%s\n%s\n' "$version" "$origin" >"$BUILD_DIR/base.info"
say "base: Linux $version, $origin"
