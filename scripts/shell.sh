#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The VM with a prompt: KERNEL=debug|bench|kasan, LANE=svm.
. "$(dirname "$0")/lib.sh"

kernel=${KERNEL:-debug} dir=$BUILD_DIR/shell
"$TOP/scripts/build.sh" "$kernel"
"$TOP/scripts/selftests.sh"
mkdir -p "$dir"
sed -e 's/#.*//' -e '/^ *$/d' -e 's/^?//' -e 's/@RACE_SECONDS@/60/g' "$TOP/tests/svm.list" >"$dir/tests"
"$TOP/scripts/initramfs.sh" "$dir/initramfs.cpio.gz" "$dir/tests"
"$TOP/scripts/vm.sh" "${LANE:-svm}" shell "$BUILD_DIR/obj-$kernel/arch/x86/boot/bzImage" \
	"$dir/initramfs.cpio.gz" "$dir"
