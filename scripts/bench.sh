#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Measures in one instruction-counted boot of a kernel without debug options.
#   ARGS=   arguments for gmem-bench
# The contract with bench/: scripts/selftests.sh builds `gmem-bench`, it prints
# lines "BENCH key=value ...", and report.sh makes results.txt and results.svg
# from them and fails if a target is missed.
. "$(dirname "$0")/lib.sh"

"$TOP/scripts/build.sh" bench
"$TOP/scripts/selftests.sh"
[[ -x $PROGRAMS/gmem-bench ]] ||
	die "there is nothing to measure: $SRC lacks the series"
dir=$BUILD_DIR/bench
mkdir -p "$dir"
: >"$dir/tests"
"$TOP/scripts/initramfs.sh" "$dir/initramfs.cpio.gz" "$dir/tests" "./gmem-bench ${ARGS:-}"
# RCU's callbacks, e.g. to free what a conversion before has replaced, in a thread of
# their own: as a softirq, they would count as part of whatever runs at that time.
say "measuring; the raw values are also in $dir/output.log"
APPEND='intel_iommu=on rcutree.use_softirq=0' VM_TIMEOUT=${VM_TIMEOUT:-3600} "$TOP/scripts/vm.sh" icount run \
	"$BUILD_DIR/obj-bench/arch/x86/boot/bzImage" "$dir/initramfs.cpio.gz" "$dir" \
	-device intel-iommu,intremap=on -device edu,addr=9 ||
	die "the benchmark failed; its output is $dir/output.log"
"$TOP/bench/report.sh" "$dir/output.log" ||
	die "a target is missed, or the results are not complete"
say "bench/results.txt and bench/results.svg are written"
