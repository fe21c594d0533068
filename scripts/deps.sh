#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Sees to the packages: deps.sh [check] [bisect] [bench] [intel]
# Always what a build and a VM need; each word adds what that target needs.
# On Debian 12 or later as root it installs what is missing, else it names it.
. "$(dirname "$0")/lib.sh"

MIN_QEMU=8

# Debian package and how to see that it is there: a command, a C header, a
# module of python, or the end of a file's path, with wildcards.
need() {
	cat <<-END
	gcc gcc
	make make
	git git
	flex flex
	bison bison
	bc bc
	cpio cpio
	rsync rsync
	xz-utils xz
	python3 python3
	ccache ccache
	kmod depmod
	libc6-dev stdio.h
	libelf-dev libelf.h
	libssl-dev openssl/opensslv.h
	uuid-dev uuid/uuid.h
	libcap-dev sys/capability.h
	libnuma-dev numa.h
	busybox-static busybox
	qemu-system-x86 qemu-system-x86_64
	END
	local set
	for set; do
		case $set in
		check) printf '%s\n' 'sparse sparse' 'shellcheck shellcheck' \
			'perl perl' 'python3-sphinx sphinx-build' \
			'python3-sphinx-rtd-theme py:sphinx_rtd_theme' 'python3-ply py:ply' \
			'python3-yaml py:yaml' \
			'python3-git py:git' ;;
		bisect) echo gcc-aarch64-linux-gnu aarch64-linux-gnu-gcc ;;
		bench) echo gnuplot-nox gnuplot ;;
		intel) printf '%s\n' 'bochs bochs' 'bochs-sdl file:bochs/*/libbx_sdl2_gui.so' \
			'bochsbios file:bochs/BIOS-bochs-latest' 'vgabios file:bochs/VGABIOS-lgpl-latest' \
			'grub-common grub-mkrescue' 'grub-pc-bin file:i386-pc/kernel.img' \
			'xorriso xorriso' 'mtools mformat' ;;
		*) die "deps.sh knows check, bisect, bench and intel, not '$set'" ;;
		esac
	done
}

qemu_version() {
	qemu-system-x86_64 --version 2>/dev/null | sed -n '1s/.*version \([0-9]*\).*/\1/p'
}

have() {
	case $1 in
	qemu-system-x86_64) (($(qemu_version || true) + 0 >= MIN_QEMU)) ;;
	busybox) command -v busybox >/dev/null && ! ldd "$(command -v busybox)" >/dev/null 2>&1 ;;
	py:*) /usr/bin/python3 -c "import ${1#py:}" 2>/dev/null ;;
	file:*) [[ $(find /usr/lib* /usr/share/bochs -path "*/${1#file:}" -xtype f -print -quit 2>/dev/null) ]] ;;
	*.h) echo "#include <$1>" | gcc -E - >/dev/null 2>&1 ;;
	*) command -v "$1" >/dev/null ;;
	esac
}

[[ $(uname -m) == x86_64 ]] || die "this needs an x86-64 machine, and this one is $(uname -m)"
PATH=$PATH:/usr/sbin:/sbin

missing=()
list=$(need "$@")
while read -r package probe; do
	have "$probe" || missing+=("$package")
done <<<"$list"
((${#missing[@]})) || exit 0

# shellcheck disable=SC1091
debian=$(. /etc/os-release && [[ $ID == debian ]] && echo "${VERSION_ID:-999}") || debian=0
if ((${debian%%.*} < 12)); then
	die "please install what is missing (names as in Debian; QEMU must be $MIN_QEMU or newer): ${missing[*]}"
fi
if ((EUID)); then
	die "please run this as root, or install what is missing (QEMU must be $MIN_QEMU or newer): ${missing[*]}"
fi

say "installing ${missing[*]}"
log=$BUILD_DIR/deps.log
export DEBIAN_FRONTEND=noninteractive
install() {
	apt-get -y --no-install-recommends "$@" install "${packages[@]}" >>"$log" 2>&1 || {
		tail -5 "$log" >&2
		die "apt-get could not install ${packages[*]}; the whole log is $log"
	}
}

: >"$log"
apt-get update >>"$log" 2>&1 || say "warning: apt-get update failed; see $log"
packages=()
for package in "${missing[@]}"; do
	[[ $package == qemu-system-x86 ]] || packages+=("$package")
done
((${#packages[@]} == 0)) || install
if [[ " ${missing[*]} " == *' qemu-system-x86 '* ]]; then
	packages=(qemu-system-x86)
	own=$(apt-cache policy qemu-system-x86 | sed -n 's/ *Candidate: *\([0-9]*:\)\?\([0-9]*\).*/\2/p')
	if ((${own:-0} >= MIN_QEMU)); then
		install
	else
		. "$TOP/scripts/apt.sh"
		# shellcheck disable=SC1091
		codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
		private_apt "$codename-backports"
		install "${APT[@]}" -t "$codename-backports"
	fi
fi

while read -r package probe; do
	have "$probe" || die "$package is installed, but $probe still cannot be found"
done <<<"$list"
say "packages installed"
