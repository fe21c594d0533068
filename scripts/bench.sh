#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Measures in one instruction-counted boot of a kernel without debug options.
# The contract with bench/ (built by scripts/selftests.sh as `gmem-bench`):
#   - it prints, among whatever else, lines "BENCH key=value key=value ...";
#   - bench/results.txt holds these lines as a table, in order, under a header;
#   - bench/plot.gp, if it is there, is a gnuplot script that reads results.txt
#     in the current directory and writes results.svg beside it;
#   - exit status 0 means that what was to be shown was shown.
. "$(dirname "$0")/lib.sh"

"$TOP/scripts/build.sh" bench
"$TOP/scripts/selftests.sh"
[[ -x $BUILD_DIR/selftests/gmem-bench ]] ||
	die "there is nothing to measure: no bench/ or no series in $SRC"
dir=$BUILD_DIR/bench
mkdir -p "$dir"
: >"$dir/tests"
"$TOP/scripts/initramfs.sh" "$dir/initramfs.cpio.gz" "$dir/tests" "./gmem-bench ${ARGS:-}"
status=0
VM_TIMEOUT=${VM_TIMEOUT:-1800} "$TOP/scripts/vm.sh" icount run \
	"$BUILD_DIR/obj-bench/arch/x86/boot/bzImage" "$dir/initramfs.cpio.gz" "$dir" || status=$?
grep -q '^BENCH ' "$dir/output.log" || die "the benchmark gave no result; its output is $dir/output.log"

# One table per set of keys: a header when the keys change, then the values.
tr -d '\r' <"$dir/output.log" | awk '
	BEGIN { print "# Guest instructions; made by make bench" }
	$1 == "BENCH" {
		keys = values = ""
		for (i = 2; i <= NF; i++) {
			split($i, kv, "=")
			keys = keys sprintf(" %14s", kv[1])
			values = values sprintf(" %14s", kv[2])
		}
		if (keys != last) {
			if (last != "") print "\n"
			print "#" substr(keys, 2)
			last = keys
		}
		print values
	}' >"$dir/results.txt"
cp "$dir/results.txt" "$TOP/bench/results.txt"
if [[ -f $TOP/bench/plot.gp ]]; then
	(cd "$TOP/bench" && gnuplot plot.gp) || die "gnuplot could not plot bench/results.txt"
fi
say "bench/results.txt is written"
exit $status
