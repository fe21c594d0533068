# SPDX-License-Identifier: GPL-2.0
# Sourced by the other scripts: where things are, how to talk, how to compile.
# shellcheck shell=bash
set -euo pipefail
shopt -s inherit_errexit nullglob

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD_DIR=$(realpath -m "${BUILD_DIR:-$TOP/build}")
TREE=$BUILD_DIR/linux
# $TEST_TREE: another kernel tree to build from, for work in progress.
SRC=$(realpath -m "${TEST_TREE:-$TREE}")
# The test programs; not to be shared between trees, whose headers differ.
PROGRAMS=${PROGRAMS:-$BUILD_DIR/selftests}
# shellcheck disable=SC2034 # for those who source this
JOBS=${JOBS:-$(nproc)}
mkdir -p "$BUILD_DIR"

say() { printf '%s\n' "== $*"; }
die() { printf '%s\n' "error: $*" >&2; exit 1; }

# Version of the kernel in directory $1, as 7.3.4.
kernel_version() {
	sed -n -e 's/^VERSION = //p' -e 's/^PATCHLEVEL = //p' -e 's/^SUBLEVEL = //p' \
		"$1/Makefile" | paste -sd.
}

# Are parts 1 to 3 of the series in the tree? Our own programs need their UAPI.
has_series() { grep -q IOMMU_IOAS_MAP_GMEM "$SRC/include/uapi/linux/iommufd.h"; }

# One user at a time of what $1 names; the lock goes with this process.
lock() {
	exec 9>"$BUILD_DIR/.lock-$1"
	flock -n 9 || { say "waiting for another run that uses $1"; flock 9; }
}

# The same inputs must give the same compiler command lines, whatever the
# directory, the clock and the user: then ccache hits across directories.
export CCACHE_BASEDIR=$BUILD_DIR CCACHE_NOHASHDIR=1 CCACHE_DEPEND=1
export KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 1970'
export KBUILD_BUILD_USER=gmem-dma KBUILD_BUILD_HOST=gmem-dma
# shellcheck disable=SC2034
if command -v ccache >/dev/null; then
	CC_ARGS=(CC="$TOP/scripts/ccache-gcc" HOSTCC="$TOP/scripts/ccache-gcc")
else
	CC_ARGS=(CC=gcc HOSTCC=gcc)
fi

# kmake OBJ ARGS...: make in the kernel tree $SRC with output directory OBJ.
kmake() {
	local obj=$1
	shift
	make -C "$SRC" O="$obj" -j"$JOBS" LOCALVERSION= "${CC_ARGS[@]}" "$@"
}

# quietly LOG WHAT CMD...: run CMD with its output in LOG, show that it moves,
# and on failure say so in one sentence followed by the errors.
quietly() {
	local log=$1 what=$2 pid rc=0 t0=$SECONDS n shown=0
	shift 2
	set -m # a process group of its own, to be ended as one
	"$@" >"$log" 2>&1 9>&- </dev/null &
	pid=$!
	set +m
	# shellcheck disable=SC2064
	trap "kill -- -$pid 2>/dev/null" EXIT
	while kill -0 $pid 2>/dev/null; do
		sleep 0.5
		n=$(grep -cE '^  (CC|AS|LD|AR|HOSTCC) ' "$log" || true)
		if [[ -t 1 ]]; then
			printf '\r   %s: %d objects, %d s ' "$what" "$n" $((SECONDS - t0))
		elif ((SECONDS - t0 >= shown + 15)); then
			shown=$((SECONDS - t0))
			printf '   %s: %d objects, %d s\n' "$what" "$n" $shown
		fi
	done
	wait $pid || rc=$?
	trap - EXIT
	[[ ! -t 1 ]] || printf '\r\033[K'
	if ((rc)); then
		printf 'error: %s failed; the whole log is %s\n' "$what" "$log" >&2
		grep -E -A3 '(error|warning):|^(ld|make.*\*\*\*)|undefined reference' "$log" |
			head -40 >&2 || true
		grep -qE 'error:|\*\*\*|undefined' "$log" || tail -20 "$log" >&2
		return $rc
	fi
	say "$what: done in $((SECONDS - t0)) s"
}
