#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Builds the test programs, all static, into $PROGRAMS:
#   kselftest/{kvm,iommu,vfio}   the kernel's own
#   gmem-vmm, gmem-bench, gmem-modules   ours, if the tree has what they need
# Our Makefiles take HDRS= (the kernel's UAPI headers) and O= (where the
# program goes).
. "$(dirname "$0")/lib.sh"

[[ -f $SRC/Kconfig ]] || die "no kernel tree in $SRC: run 'make tree' first"
out=$PROGRAMS
mkdir -p "$out"
lock selftests

all() {
	kmake "$out" headers_install &&
		make -C "$SRC/tools/testing/selftests" -j"$JOBS" O="$out" \
			TARGETS='kvm iommu vfio' FORCE_TARGETS=1 "${CC_ARGS[0]}" \
			KHDR_INCLUDES="-isystem $out/usr/include" LDFLAGS=-static &&
		for dir in "$TOP/examples/gmem-vmm" "$TOP/bench" "$TOP/tests/modules"; do
			! has_series || [[ ! -f $dir/Makefile ]] ||
				make -C "$dir" HDRS="$out/usr/include" O="$out" || return
		done
}
quietly "$out/build.log" "test programs" all
