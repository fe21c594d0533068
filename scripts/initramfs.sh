#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Packs an initramfs: initramfs.sh OUT.cpio.gz TESTS [COMMAND]
# TESTS is a list as the guest reads it: "name seconds program arguments...",
# programs relative to /t; those that are built go in, also behind a wrapper of
# guest/ ("/guest/as-nobody program arguments..."). COMMAND is what
# gmem_mode=run executes there. MODULES= is a directory with lib/modules.
. "$(dirname "$0")/lib.sh"

out=$1 tests=$2 command=${3:-true}
root=$(mktemp -d "$BUILD_DIR/initramfs.XXXXXX")
trap 'rm -rf "$root"' EXIT

mkdir -p "$root"/{bin,etc,guest,t}
cp "$(command -v busybox)" "$root/bin/busybox"
cp "$TOP/guest/init" "$root/init"
cp "$TOP/guest/run-tests" "$TOP/guest/as-nobody" "$root/guest/"
printf '%s\n' root:x:0:0::/root:/bin/sh nobody:x:65534:65534::/:/bin/sh >"$root/etc/passwd"
printf '%s\n' root:x:0: nogroup:x:65534: >"$root/etc/group"
cp "$tests" "$root/tests"
printf '%s\n' "$command" >"$root/command"

# First word of each command that is one of our programs, under its short name.
{ cat "$tests"; printf -- '- - %s\n' "$command"; } |
while read -r _ _ program arguments; do
	[[ $program != /guest/* ]] || program=${arguments%% *}
	program=${program#./}
	for file in "$PROGRAMS/kselftest/$program" "$PROGRAMS/$program"; do
		[[ -f $file ]] || continue
		mkdir -p "$root/t/$(dirname "$program")"
		cp "$file" "$root/t/$program"
		break
	done
done

if [[ ${MODULES:-} ]]; then
	mkdir -p "$root/lib"
	cp -a "$MODULES/lib/modules" "$root/lib/"
	# Links to where they were built
	find "$root/lib/modules" -type l -delete
fi

# For the test programs that are run as nobody: / is what mktemp made it, the rest
# what our umask says.
chmod -R u=rwX,go=rX "$root"
(cd "$root" && find . | LC_ALL=C sort | cpio -o -H newc --quiet -R 0:0 | gzip -1) >"$out.new"
mv "$out.new" "$out"
