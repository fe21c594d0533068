#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Would the tests notice? Each tests/mutants/NAME.mutant breaks a line of the
# series, and the tests that it names must fail: mutate.sh [--check]
#   M=PATTERN         only mutants whose name contains PATTERN (extended regexp)
#   RACE_SECONDS=20   how long the race tests race
# --check only looks whether the mutants still apply, and name tests that exist.
# The last line is "N caught, N survived"; the exit status follows it.
#
# A mutant begins with a header:
#   What: one sentence
#   Caught-by: LANE NAME...     as many lines as needed, each is a boot
# NAME is a test of tests/LANE.list; kunit:SUITE, for a suite of tests/kunit.list,
# or kunit:SUITE:CASE, which need no other test; or boot, i.e. the kernel does not
# get as far as the first test, or complains before that. Each NAME must fail, and
# nothing else needs to. A test also fails if the kernel complains while it runs.
# If all names on a line are of one suite, only that suite runs.
# Lane kunit-pt is the kernel of configs/kunit-pt.config, for kunit:SUITE:CASE only.
# Then comes the diff, as from `git diff -U2`: a place is found by its lines, of
# which one before and one after the change must still be there, and its function.
. "$(dirname "$0")/lib.sh"
. "$TOP/scripts/series.sh"

pattern=${M:-.}
# To kbuild M= is a module's directory, also if it comes from our make's command line.
unset M MAKEFLAGS MFLAGS
work=$BUILD_DIR/mutate
case ${1:-} in
'') ;;
--check) work=$BUILD_DIR/.mutate-check ;;
*) die "mutate.sh takes nothing but --check, not '$1'" ;;
esac
tree=$work/linux

[[ $SRC == "$TREE" ]] || die "make mutate breaks the tree that patches/ gives, not TEST_TREE"
[[ -d $TREE/.git ]] || die "no kernel tree in $TREE: run 'make tree' first"
last=$(branch_parts "$TREE" | tail -1)
[[ $last ]] || die "$TREE has no part of the series, so that there is nothing to break"
lock "mutate${1:+-check}"
mkdir -p "$work"
[[ ${1:-} != --check ]] || trap 'rm -rf "$work"' EXIT

# KUnit's are part of the kernel, and the initramfs gets nothing else then.
kunit_only() {
	local name
	for name; do
		[[ $name == boot || $name == kunit:* ]] || return 1
	done
}

mutants=()
for file in "$TOP"/tests/mutants/*.mutant; do
	name=$(basename "$file" .mutant)
	[[ ! $name =~ $pattern ]] || mutants+=("$name")
done
((${#mutants[@]})) || die "no mutant in tests/mutants has a name that matches '$pattern'"

# A work tree of its own, which has its objects beside it, as the other one does:
# only then ccache has most of them from there.
if [[ ! -d $tree/.git ]]; then
	rm -rf "$tree"
	git clone -q --shared --no-checkout "$TREE" "$tree"
fi
git -C "$tree" fetch -q --prune "$TREE" '+refs/heads/*:refs/remotes/origin/*'

path() { echo "$TOP/tests/mutants/$1.mutant"; }
header() { sed -n "/^diff \|^--- /q; s/^$2: *//p" "$(path "$1")"; }

# Names of the functions that the hunks of a diff are in.
functions() { sed -nE 's/^@@ [^@]*@@ *//p' | sed -E 's/^([^(]*[ *])?(\w+)\(.*/\2/'; }

# wrong MUTANT: says in one sentence what is wrong with it, or is false.
wrong() {
	local mutant=$1 lane names name list want got lines
	local file=tests/mutants/$mutant.mutant log=$work/apply.log
	[[ $(header "$mutant" What) ]] || { echo "$file has no line 'What: ...' before its diff"; return; }
	[[ $(header "$mutant" Caught-by) ]] || { echo "$file has no line 'Caught-by: LANE NAME...' before its diff"; return; }

	while read -r lane names; do
		list=$TOP/tests/$lane.list
		if [[ $lane == kunit-pt ]]; then
			for name in ${names:-nothing}; do
				[[ $name == kunit:*:* ]] ||
					{ echo "$file: lane kunit-pt has kunit:SUITE:CASE, no '$name'"; return; }
			done
			continue
		fi
		[[ $lane != modules ]] || { echo "$file: lane modules has a kernel of its own, which is not mutated"; return; }
		[[ $lane != kunit && -f $list ]] || { echo "$file: there is no lane '$lane'"; return; }
		[[ $names ]] || { echo "$file says lane $lane, but not which test there"; return; }
		for name in $names; do
			case $name in
			boot) continue ;;
			kunit:*) got=${name#kunit:} got=${got%%:*} list=$TOP/tests/kunit.list ;;
			*) got=$name list=$TOP/tests/$lane.list ;;
			esac
			sed 's/#.*//; s/^?//' "$list" | awk -v n="$got" '$1 == n { f = 1 } END { exit !f }' ||
				{ echo "$file: tests/$(basename "$list") has no '$got'"; return; }
		done
	done < <(header "$mutant" Caught-by)

	local -x GIT_INDEX_FILE=$work/index
	cp "$work/index.head" "$work/index"
	git -C "$tree" apply --cached -C1 --whitespace=nowarn "$(path "$mutant")" >"$log" 2>&1 || {
		grep -q '^@@ ' "$(path "$mutant")" || { echo "$file holds no diff"; return; }
		echo "$file does not apply to $last any more: $(sed -n 's/^error: //p' "$log" | head -1)"
		return
	}
	lines=$(awk '/^@@ / { h = 1; next } h && /^( |$)/ { n++; next } h { exit } END { print n + 0 }' "$(path "$mutant")")
	git -C "$tree" diff --cached "-U$lines" "origin/$last" >"$work/applied.diff"
	while IFS='|' read -r want got; do
		[[ ! $want || $want == "$got" ]] ||
			{ echo "$file applies to $last in $got() and not in $want(): give it more lines around the change"; return; }
	done < <(paste -d'|' <(functions <"$(path "$mutant")") <(functions <"$work/applied.diff"))
	false
}

# In an index of our own, as the work tree's files must keep their times.
GIT_INDEX_FILE=$work/index.head git -C "$tree" read-tree "origin/$last"
bad=0
for mutant in "${mutants[@]}"; do
	if sentence=$(wrong "$mutant"); then
		printf 'error: %s\n' "$sentence" >&2
		bad=1
	fi
done
((!bad)) || exit 1
[[ ${1:-} != --check ]] || { say "${#mutants[@]} mutants apply"; exit; }

[[ ! $(git -C "$TREE" status --porcelain -uno) ]] ||
	say "the mutants are of $last as it is committed, without the other changes in $TREE"
go() { git -C "$tree" checkout -q -f --detach "origin/$last"; }
go
SRC=$tree
export TEST_TREE=$tree PROGRAMS=$work/selftests
all=$(for mutant in "${mutants[@]}"; do header "$mutant" Caught-by; done)
# shellcheck disable=SC2046 # words
kunit_only $(cut -d' ' -f2- <<<"$all") || "$TOP/scripts/selftests.sh"
export RACE_SECONDS=${RACE_SECONDS:-20} PROGRAMS_BUILT=1 KERNEL_BUILT=1 KERNEL=debug OBJ=$work/obj-debug

configure_pt() {
	local obj=$1 config=$2
	kmake "$obj" -s tinyconfig &&
		"$SRC/scripts/kconfig/merge_config.sh" -m -O "$obj" "$obj/.config" "$config" &&
		kmake "$obj" -s olddefconfig &&
		! grep -E '^(CONFIG_|# CONFIG_)' "$config" | grep -vxFf "$obj/.config" &&
		cp "$config" "$obj/.wanted"
}

# build LANE...: the kernels of these lanes
build() {
	local obj=$work/obj-kunit-pt config=$TOP/configs/kunit-pt.config
	if [[ " $* " =~ ' kunit-pt ' ]]; then
		mkdir -p "$obj"
		cmp -s "$config" "$obj/.wanted" ||
			quietly "$obj/config.log" "configuration 'kunit-pt'" configure_pt "$obj" "$config" ||
			return
		quietly "$obj/build.log" "kernel 'kunit-pt'" kmake "$obj" bzImage || return
	fi
	! printf '%s\n' "$@" | grep -qvx kunit-pt || "$TOP/scripts/build.sh" debug
}

# run_pt MUTANT NAME...: the same for lane kunit-pt, a boot each
run_pt() {
	local dir=$work/logs/$1/kunit-pt name rc=0
	shift
	mkdir -p "$dir"
	for name; do
		name=${name#kunit:}
		# As `kunit.py exec` does, but never with KVM, be it there or not.
		timeout -k 5 120 qemu-system-x86_64 -nodefaults -m 1024 -cpu max -accel tcg \
			-nographic -no-reboot -bios qboot.rom -serial "file:$dir/$name.raw" \
			-kernel "$work/obj-kunit-pt/arch/x86/boot/bzImage" \
			-append "console=ttyS0 kunit.enable=1 kunit_shutdown=reboot kunit.filter_glob=${name/:/.}" \
			</dev/null >"$dir/$name.vm" 2>&1 || true
		python3 "$tree/tools/testing/kunit/kunit.py" parse "$dir/$name.raw" \
			>"$dir/$name.log" 2>&1 </dev/null || true
		grep -qF "[PASSED] ${name#*:}" "$dir/$name.log" || rc=1
	done
	return $rc
}

# The same for lane kunit-pt; a suite that began and has no result crashed.
failed_pt() {
	local name=${3#kunit:} log
	log=$work/logs/$1/kunit-pt/$name.log
	! grep -qF -e "[PASSED] ${name#*:}" -e "[SKIPPED] ${name#*:}" "$log" &&
		grep -qE "= ${name%%:*} \(" "$log" || return 1
	{ grep -oE '(EXPECTATION|ASSERTION) FAILED at .*' "${log%.log}.raw" | tr -d '\r' || echo 'it crashed or hung'; } | head -1
}

# run MUTANT LANE NAME...: the tests of that name, with logs in $work/logs/MUTANT/LANE
run() {
	[[ $2 != kunit-pt ]] || { run_pt "$1" "${@:3}"; return; }
	local mutant=$1 logs=$work/logs/$1 lane=$2 name tests=() suites=() list='' names=. append=''
	shift 2
	mkdir -p "$logs"
	for name; do
		[[ $name == boot || $name == kunit:* ]] || tests+=("${name//./\\.}")
		[[ $name != kunit:* ]] || suites+=("$(cut -d: -f2 <<<"$name")")
	done
	if kunit_only "$@"; then
		# KUnit has run when the VM gets to its first test, so any will do.
		list=$logs/list
		echo 'nothing 10 true' >"$list"
		mapfile -t suites < <(printf '%s\n' "${suites[@]}" | sort -u)
		[[ $mutant == none || " $* " == *' boot '* ]] || ((${#suites[@]} != 1)) ||
			append=kunit.filter_glob=${suites[0]}
	else
		names="^($(IFS='|'; echo "${tests[*]}"))\$"
	fi
	LOGS=$logs TESTS=$list T=$names APPEND=$append \
		"$TOP/scripts/test.sh" "$lane" >"$logs/$lane.log" 2>&1
}

# failed MUTANT LANE NAME: why it failed in that run, or false.
failed() {
	[[ $2 != kunit-pt ]] || { failed_pt "$@"; return; }
	local log=$work/logs/$1/$2.log dir=$work/logs/$1/$2 name=$3 booted=''
	! grep -qs '^# begin ' "$dir/ktap.log" || booted=1
	# Without a result: no fault of a test that never began.
	case $name in
	boot) [[ $booted ]] || { cat "$dir/problem" 2>/dev/null; return; } ;;
	kunit:*) [[ $booted ]] || return 1 ;;
	*) grep -qs "^# begin $name " "$dir/ktap.log" || return 1 ;;
	esac
	awk -v n="$name:" '
	/^FAILED: / {
		s = $0
		sub(/^FAILED: (after )?/, "", s)
		if (index(s, n) == 1) { print substr(s, length(n) + 1); f = 1; exit }
	}
	END { exit !f }' "$log" | sed -E 's/^ +//' | cut -c 1-160
}

# First without a mutant: a test that fails anyway catches nothing.
rm -rf "$work/logs/none"
# shellcheck disable=SC2046 # words
build $(cut -d' ' -f1 <<<"$all")
while read -r lane; do
	names=$(awk -v l="$lane" '$1 == l { $1 = ""; print }' <<<"$all" | xargs -n1 | sort -u)
	say "lane $lane without a mutant: $(xargs <<<"$names")"
	# shellcheck disable=SC2086 # words
	run none "$lane" $names </dev/null || {
		grep -hE '^(FAILED|error)' "$work/logs/none/$lane.log" >&2 || true
		die "the tests of lane $lane fail without any mutant, see $work/logs/none/$lane*"
	}
done < <(awk '{ print $1 }' <<<"$all" | sort -u)

caught=0 survived=0 unbuilt=0
for mutant in "${mutants[@]}"; do
	say "$mutant: $(header "$mutant" What)"
	rm -rf "$work/logs/$mutant"
	go
	git -C "$tree" apply -C1 --whitespace=nowarn "$(path "$mutant")" 2>"$work/apply.log" ||
		die "tests/mutants/$mutant.mutant could not be applied, see $work/apply.log"
	# shellcheck disable=SC2046 # words
	build $(header "$mutant" Caught-by | cut -d' ' -f1) || {
		say "$mutant: does not build, so that it says nothing about the tests"
		unbuilt=$((unbuilt + 1))
		continue
	}
	alive=''
	while read -r lane names; do
		# shellcheck disable=SC2086 # words
		run "$mutant" "$lane" $names </dev/null || true
		for name in $names; do
			if why=$(failed "$mutant" "$lane" "$name"); then
				say "$mutant: caught by $name ($why)"
			else
				problem=$(cat "$work/logs/$mutant/$lane/problem" 2>/dev/null || true)
				say "$mutant: SURVIVED $name${problem:+ (though $problem)}, see $work/logs/$mutant/$lane*"
				alive=1
			fi
		done
	done < <(header "$mutant" Caught-by)
	if [[ $alive ]]; then
		survived=$((survived + 1))
	else
		caught=$((caught + 1))
	fi
done
go
echo "$caught caught, $survived survived$( ((!unbuilt)) || echo ", $unbuilt not built")"
((!survived && !unbuilt))
