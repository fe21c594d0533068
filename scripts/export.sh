#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Writes the branches of $BUILD_DIR/linux as patches into patches/.
. "$(dirname "$0")/lib.sh"
. "$TOP/scripts/series.sh"
lock tree

git -C "$TREE" rev-parse -q --verify refs/tags/base >/dev/null 2>&1 ||
	die "$TREE is no tree of this project: run 'make tree' first"
[[ -z $(git -C "$TREE" status --porcelain -uno) ]] ||
	die "$TREE has changes that are not committed"
branches=$(branch_parts "$TREE")
[[ $branches ]] || die "$TREE has no branch of a part (NUMBER-NAME)"
for part in $(patch_parts); do
	grep -qxF "$part" <<<"$branches" ||
		die "patches/$part has no branch in $TREE: make one, or remove the directory"
done

tmp=$BUILD_DIR/.export
rm -rf "$tmp"
export_series "$TREE" "$tmp"
for part in $branches; do
	mkdir -p "$TOP/patches/$part"
	rm -f "$TOP/patches/$part"/[0-9]*.{patch,mbox}
	for file in "$tmp/$part"/*; do
		mv "$file" "$TOP/patches/$part/"
	done
	say "patches/$part: $(find "$TOP/patches/$part" -name '*.patch' | wc -l) patches"
done
rm -rf "$tmp"
{ base_version; git -C "$TREE" rev-parse 'base^{tree}'; } >"$TOP/patches/BASE"
remember
