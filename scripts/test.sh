#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Runs the tests in VMs: test.sh [LANE...]     (default: every tests/*.list, but
#                  modules, which takes a kernel of its own, and intel, which
#                  takes long)
#   T=PATTERN         only tests whose name contains PATTERN (extended regexp)
#   KERNEL=debug      which kernel of scripts/build.sh; lane modules has its own
#   RACE_SECONDS=60   how long the race tests race
#   SLOW=1            multiplies every time limit
#   TESTS=FILE        this list instead of tests/LANE.list
#   LOGS=DIR          logs go to DIR/LANE, which nobody else must use, instead of
#                     $BUILD_DIR/test-KERNEL/LANE
# The last line is "N passed, N failed, N skipped"; the exit status follows it.
. "$(dirname "$0")/lib.sh"

kernel=${KERNEL:-debug} slow=${SLOW:-1} pattern=${T:-.}
export RACE_SECONDS=${RACE_SECONDS:-60}
lanes=("$@")
((${#lanes[@]})) || for list in "$TOP"/tests/*.list; do
	case $list in
	*/kunit.list | */modules.list | */intel.list) ;;
	*) lanes+=("$(basename "$list" .list)") ;;
	esac
done

[[ ${PROGRAMS_BUILT:-} ]] || "$TOP/scripts/selftests.sh"
logs=${LOGS:-$BUILD_DIR/test-$kernel}
[[ ${LOGS:-} ]] || lock "test-$kernel"

in_tree() {
	case $1 in
	./*) has_series && [[ -f $TOP/examples/${1#./}/Makefile || -f $TOP/tests/modules/${1#./}.c ]] ;;
	*) [[ -f $SRC/tools/testing/selftests/$1.c ]] ;;
	esac
}

# The list as the guest reads it, from tests/LANE.list.
make_list() {
	local name seconds program arguments tested
	sed -e 's/#.*//' -e "s/@RACE_SECONDS@/$RACE_SECONDS/g" "$1" |
		while read -r name seconds program arguments; do
			[[ $name ]] || continue
			if [[ $name == \?* ]]; then
				name=${name#\?} tested=$program
				[[ $program != /guest/* ]] || tested=${arguments%% *}
				in_tree "$tested" || { say "$name: not in this tree, left out" >&2; continue; }
			fi
			[[ $name =~ $pattern ]] || continue
			echo "$name $(((seconds) * slow)) $program $arguments"
		done
}

# The suites that must run; LENIENT=1 (bisection): that this tree has.
kunit_list() {
	sed -e 's/#.*//' "$TOP/tests/kunit.list" | while read -r suite; do
		[[ $suite ]] || continue
		[[ ! ${LENIENT:-} ]] ||
			grep -rqF --include='*.c' "\"$suite\"" "$SRC"/{virt/kvm,arch/x86/kvm,drivers/iommu} ||
			continue
		echo "$suite"
	done
}

dirs=()
for lane in "${lanes[@]}"; do
	dir=$logs/$lane
	mkdir -p "$dir"
	make_list "${TESTS:-$TOP/tests/$lane.list}" >"$dir/tests"
	[[ -s $dir/tests ]] || continue
	lane_kernel=$kernel modules=''
	rm -f "$dir/kunit"
	if [[ $lane == modules ]]; then
		lane_kernel=modules modules=$BUILD_DIR/obj-modules/root
	else
		kunit_list >"$dir/kunit"
	fi
	[[ ${KERNEL_BUILT:-} ]] || "$TOP/scripts/build.sh" "$lane_kernel"
	MODULES=$modules "$TOP/scripts/initramfs.sh" "$dir/initramfs.cpio.gz" "$dir/tests"
	say "lane $lane: $(wc -l <"$dir/tests") tests on kernel '$lane_kernel'; logs in $dir"
	"$TOP/scripts/vm.sh" "$lane" test "${OBJ:-$BUILD_DIR/obj-$lane_kernel}/arch/x86/boot/bzImage" \
		"$dir/initramfs.cpio.gz" "$dir" || true
	dirs+=("$dir")
done
((${#dirs[@]})) || die "no test has a name that matches '$pattern'"

exec python3 "$TOP/scripts/report.py" "$SRC" "$TOP/tests" "${dirs[@]}"
