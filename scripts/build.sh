#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Builds a kernel out of tree: build.sh debug|kasan|bench|modules [config]
# With `config` it only configures.
# Result: $BUILD_DIR/obj-NAME/arch/x86/boot/bzImage, and for modules also
# $BUILD_DIR/obj-modules/root/lib/modules
# LENIENT=1: an option that the tree does not know is no error (bisection).
# OBJ= another output directory.
. "$(dirname "$0")/lib.sh"

name=${1:-debug}
case $name in
debug | bench | modules) fragments=("$TOP/configs/base.config" "$TOP/configs/$name.config") ;;
kasan) fragments=("$TOP/configs/"{base,debug,kasan}.config) ;;
*) die "no such kernel: '$name' (there are debug, kasan, bench and modules)" ;;
esac
[[ -f $SRC/Kconfig ]] || die "no kernel tree in $SRC: run 'make tree' first"

obj=${OBJ:-$BUILD_DIR/obj-$name}
mkdir -p "$obj"
lock "$(basename "$(dirname "$obj")")-$(basename "$obj")"

# Every option asked for must be there; the last fragment has the last word.
check_config() {
	awk '
	FNR == 1 { file++ }
	match($0, /^CONFIG_[A-Za-z0-9_]+=/) {
		k = substr($0, 1, RLENGTH - 1); v = substr($0, RLENGTH + 1)
		if (file < last) want[k] = v; else have[k] = v
	}
	/^# CONFIG_[A-Za-z0-9_]+ is not set/ && file < last { want[$2] = "n" }
	END {
		for (k in want) {
			h = (k in have) ? have[k] : "n"
			if (h != want[k]) { printf " %s=%s", k, want[k]; bad = 1 }
		}
		exit bad
	}' last=$((${#fragments[@]} + 1)) "${fragments[@]}" "$obj/.config"
}

configure() {
	kmake "$obj" -s tinyconfig &&
		"$SRC/scripts/kconfig/merge_config.sh" -m -O "$obj" "$obj/.config" "${fragments[@]}" &&
		kmake "$obj" -s olddefconfig
}

cat "${fragments[@]}" >"$obj/.wanted.new"
# Another tree, in between, may have dropped what it doesn't know.
if [[ ! -f $obj/.config ]] || ! cmp -s "$obj/.wanted" "$obj/.wanted.new" ||
	! check_config >/dev/null; then
	rm -f "$obj/.wanted"
	configure >"$obj/config.log" 2>&1 || {
		tail -5 "$obj/config.log" >&2
		die "the kernel could not be configured"
	}
	if missing=$(check_config); then
		mv "$obj/.wanted.new" "$obj/.wanted"
	else
		# The next tree may know the option: ask again then.
		[[ ${LENIENT:-} ]] || die "Kconfig did not accept from configs/:$missing"
	fi
fi

[[ ${2:-} != config ]] || exit 0
if [[ $name == modules ]]; then
	quietly "$obj/build.log" "kernel '$name'" kmake "$obj" bzImage modules
	rm -rf "$obj/root"
	PATH=$PATH:/usr/sbin:/sbin quietly "$obj/install.log" "modules" \
		kmake "$obj" modules_install INSTALL_MOD_PATH="$obj/root"
else
	quietly "$obj/build.log" "kernel '$name'" kmake "$obj" bzImage
fi
