#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# patches/ -> branches -> patches again must leave no difference. On another
# base than the one in patches/BASE, blob names and line numbers may differ.
. "$(dirname "$0")/lib.sh"
. "$TOP/scripts/series.sh"
lock tree

[[ $(patch_parts) ]] || { say "round trip: nothing to check"; exit; }
work=$BUILD_DIR/.roundtrip
trap 'rm -rf "$work" "$work.out"' EXIT
rm -rf "$work.out"
apply_series "$work"
export_series "$work" "$work.out"
loose=''
[[ $(git -C "$TREE" rev-parse 'base^{tree}') == "$(sed -n 2p "$TOP/patches/BASE" 2>/dev/null)" ]] || loose=1
same_series "$work.out" $loose ||
	die "patches/$DIFFERS is not what export makes of it: run 'make tree patches'"
say "round trip: $APPLIED patches, no difference${loose:+ but blob names and line numbers (another base)}"
