#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Builds a kernel without debug options and shows the example VMM in a VM,
# with a device behind an IOMMU.
. "$(dirname "$0")/lib.sh"

"$TOP/scripts/build.sh" bench
"$TOP/scripts/selftests.sh"
[[ -x $PROGRAMS/gmem-vmm ]] ||
	die "there is no example VMM to run: $SRC lacks the series"
dir=$BUILD_DIR/run
mkdir -p "$dir"
: >"$dir/tests"
"$TOP/scripts/initramfs.sh" "$dir/initramfs.cpio.gz" "$dir/tests" "./gmem-vmm --device 0000:00:09.0"
say "the VM boots, and in it the example VMM runs a guest of its own, with a device"
VM_TIMEOUT=120 "$TOP/scripts/vm.sh" vtd run "$BUILD_DIR/obj-bench/arch/x86/boot/bzImage" \
	"$dir/initramfs.cpio.gz" "$dir" ||
	die "the example VMM failed; the kernel's log is $dir/console.log"
say "the VM is off"
