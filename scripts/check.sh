#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Everything about the series that needs no VM. A warning that the base gives
# for the same file already does not count.
# shellcheck disable=SC2030,SC2031 # SRC is changed in a subshell on purpose
. "$(dirname "$0")/lib.sh"
. "$TOP/scripts/series.sh"

# The python that Debian's packages belong to comes first.
PATH=/usr/bin:$PATH

failed=()
log=$BUILD_DIR/check
mkdir -p "$log"

# step NAME COMMAND...: the next steps run even if this one fails.
step() {
	local name=$1
	shift
	if ("$@") >"$log/$name.log" 2>&1; then
		say "$name: $(tail -1 "$log/$name.log")"
	else
		failed+=("$name")
		say "$name: FAILED"
		sed 's/^/   | /' "$log/$name.log" | tail -60
	fi
}

# What the series touches, of kind $1 (an extended regexp over the path).
last=$(branch_parts "$TREE" | tail -1)
touched() {
	[[ ! $last ]] || git -C "$TREE" diff --name-only --diff-filter=d base "$last" | grep -E "$1" || true
}

shell_scripts() {
	shellcheck -x "$TOP"/scripts/*.sh "$TOP"/bench/*.sh "$TOP"/guest/* "$TOP/.ci/run" && echo "no finding"
}

checkpatch() {
	local patch bad=0 n=0
	for patch in "$TOP"/patches/*/[0-9]*.patch; do
		n=$((n + 1))
		# Sign-offs come from the people who send the series.
		"$TREE/scripts/checkpatch.pl" --root="$TREE" --strict --terse --no-summary \
			--show-types --ignore MISSING_SIGN_OFF "$patch" ||
			bad=1
	done
	((n)) || echo "nothing to check"
	((!bad)) && echo "$n patches, no finding"
}

# A second work tree with the base, only made when there is something to compare.
base_tree() {
	local dir=$BUILD_DIR/check-base
	if [[ ! -f $dir/Makefile ]]; then
		rm -rf "$dir"
		git clone -q --shared --no-checkout "$TREE" "$dir"
		git -C "$dir" checkout -q --detach "$(git -C "$TREE" rev-parse 'base^{commit}')"
	fi
	echo "$dir"
}

# new_warnings NAME FILES COMMAND...: runs COMMAND with SRC as the series and,
# if that warns about one of FILES, as the base; fails on what is new.
new_warnings() {
	local name=$1 files=$2 base
	shift 2
	"$@" >"$log/$name.series" 2>&1 || {
		grep -E -A4 'error: ' "$log/$name.series" || tail -20 "$log/$name.series"
		return 1
	}
	pick "$files" <"$log/$name.series" >"$log/$name.new"
	if [[ -s $log/$name.new ]]; then
		base=$(base_tree)
		(SRC=$base; "$@") >"$log/$name.base" 2>&1 || true
		pick "$files" <"$log/$name.base" >"$log/$name.old"
		sort -u "$log/$name.old" -o "$log/$name.old"
		sort -u "$log/$name.new" | comm -23 - "$log/$name.old" >"$log/$name.diff"
		# Show them as they were, with their line numbers.
		if [[ -s $log/$name.diff ]]; then
			sed 's/^/new: /' "$log/$name.diff"
			return 1
		fi
	fi
}
# Warnings about FILES ($1, words), without directories above them and lines.
pick() {
	grep -aiE '(warning|error): ' | grep -F -f <(tr ' ' '\n' <<<"$1") |
		sed -E 's|^.*/(linux\|check-base)/||; s|^(\.\./)+||; s/:[0-9]+(:[0-9]+)?:? /: /g' || true
}

# sparse and W=1 over each object that the series touches.
compile() {
	local obj=$BUILD_DIR/obj-check file objects=()
	[[ $SRC == "$TREE" ]] || obj=$BUILD_DIR/obj-check-base
	LENIENT=1 TEST_TREE=$SRC OBJ=$obj "$TOP/scripts/build.sh" debug config &&
		kmake "$obj" -s prepare || return
	for file in $1; do
		[[ -f $SRC/$file ]] || continue
		# Included by its neighbour, hence no object of its own.
		! grep -qs "^#include \"${file##*/}\"" "$SRC/${file%/*}"/*.c || continue
		rm -f "$obj/${file%.c}.o"
		objects+=("${file%.c}.o")
	done
	# Releases of sparse before 0.6.5 know only the older keyword. What it
	# finds is compared with the base: its exit status must not end the build.
	kmake "$obj" -k W=1 C=2 CHECK="$TOP/scripts/sparse.sh -D__typeof_unqual__=__typeof__" \
		"${objects[@]}" || return
	# It must not be left out silently.
	! grep -q 'sparse is not available' "$log/compile.series"
}
sparse() {
	local files
	files=$(touched '^(virt|arch/x86|drivers|mm|fs|lib|kernel|include)/.*\.c$' | grep -v selftests | paste -sd' ')
	[[ $files ]] || { echo "nothing to check"; return; }
	new_warnings compile "$files $(touched '\.h$' | paste -sd' ')" compile "$files" &&
		echo "$(wc -w <<<"$files") files with C=2 W=1, no new warning"
}

kernel_doc() {
	local files
	files=$(touched '^(include|virt|arch|drivers)/.*\.[ch]$' | paste -sd' ')
	[[ $files ]] || { echo "nothing to check"; return; }
	new_warnings kernel-doc "$files" run_kernel_doc "$files" &&
		echo "$(wc -w <<<"$files") files, no new warning"
}
run_kernel_doc() {
	local file script
	for script in "$SRC"/tools/docs/kernel-doc "$SRC"/scripts/kernel-doc{.py,}; do
		[[ ! -x $script ]] || break
	done
	for file in $1; do
		[[ ! -f $SRC/$file ]] || (cd "$SRC" && "$script" -none -Wall "$file") || true
	done
}

docs() {
	local files dirs
	files=$(touched '^Documentation/.*\.rst$' | paste -sd' ')
	[[ $files ]] || { echo "nothing to check"; return; }
	dirs=$(for file in $files; do
		dir=$(dirname "$file")
		while [[ ! -f $TREE/$dir/index.rst && $dir == */* ]]; do dir=$(dirname "$dir"); done
		echo "${dir#Documentation/}"
	done | sort -u | paste -sd' ')
	new_warnings docs "$files" htmldocs "$dirs" && echo "$dirs: no new warning"
}
htmldocs() {
	local out=$BUILD_DIR/obj-docs
	[[ $SRC == "$TREE" ]] || out=$BUILD_DIR/obj-docs-base
	mkdir -p "$out"
	rm -rf "$out/Documentation/output"
	kmake "$out" SPHINXDIRS="$1" htmldocs
}

# The fuzzer's descriptions against the headers.
syzkaller() {
	local out=$BUILD_DIR/obj-headers
	mkdir -p "$out"
	kmake "$out" headers_install >"$log/headers" 2>&1 || { tail -5 "$log/headers"; return 1; }
	"$TOP/contrib/syzkaller/check" "$out/usr/include"
}

[[ $SRC == "$TREE" ]] || die "make check looks at the tree that patches/ gives, not at TEST_TREE"
step shellcheck shell_scripts
step round-trip "$TOP/scripts/roundtrip.sh"
step mutants "$TOP/scripts/mutate.sh" --check
step checkpatch checkpatch
step sparse-W1 sparse
step kernel-doc kernel_doc
step docs docs
step syzkaller syzkaller
((${#failed[@]} == 0)) || die "make check found something: ${failed[*]}; logs in $log"
say "make check: nothing found"
