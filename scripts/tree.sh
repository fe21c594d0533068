#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Makes $BUILD_DIR/linux from the base and patches/: one commit a patch, one
# branch a part. Work in that tree that is not in patches/ is never touched,
# and files that do not change keep their times, so that rebuilds are small.
# --use: a tree with such work is taken as it is, instead of refusing.
. "$(dirname "$0")/lib.sh"
. "$TOP/scripts/series.sh"
lock tree
tmp=$BUILD_DIR/.tree

if [[ ! -d $TREE/.git ]]; then
	[[ ! -e $TREE ]] || die "$TREE is there, but it is no git tree"
	rm -rf "$tmp"
	"$TOP/scripts/base.sh" "$tmp"
	say "making a git tree of it"
	git -C "$tmp" -c init.defaultBranch=base init -q
	git -C "$tmp" config user.name gmem-dma
	git -C "$tmp" config user.email gmem-dma@localhost
	git -C "$tmp" config gc.auto 0
	git -C "$tmp" add -A -f
	GIT_AUTHOR_DATE='1970-01-01T00:00:00Z' GIT_COMMITTER_DATE='1970-01-01T00:00:00Z' \
		git -C "$tmp" commit -q -m "Linux $(head -1 "$BUILD_DIR/base.info")"
	git -C "$tmp" tag base
	git -C "$tmp" checkout -q --detach
	git -C "$tmp" branch -q -D base
	cp "$BUILD_DIR/base.info" "$tmp/.git/gmem-dma-base"
	printf '%s\n' "${LINUX_SRC:-}" >>"$tmp/.git/gmem-dma-base"
	mv "$tmp" "$TREE"
fi
git -C "$TREE" rev-parse -q --verify refs/tags/base >/dev/null || die "$TREE has no tag 'base'"
if [[ ${LINUX_SRC:-} && -f $TREE/.git/gmem-dma-base &&
	$(sed -n 3p "$TREE/.git/gmem-dma-base") != "$LINUX_SRC" ]]; then
	die "$TREE was made from $(sed -n 2p "$TREE/.git/gmem-dma-base"): remove it to change the base, or use another BUILD_DIR="
fi
origin=$(sed -n 2p "$TREE/.git/gmem-dma-base" 2>/dev/null) || origin='a tree of yours'

# Does the tree say what patches/ says?
rm -rf "$tmp"
export_series "$TREE" "$tmp"
if same_series "$tmp" && [[ $(branch_parts "$TREE") == "$(patch_parts)" ]]; then
	rm -rf "$tmp"
	remember
	say "tree: Linux $(base_version) ($origin) with patches/, $TREE"
	exit
fi
rm -rf "$tmp"

# No. Then patches/ wins, unless the tree holds work that is nowhere else.
if [[ $(git -C "$TREE" status --porcelain -uno) ]]; then
	work='changes that are not committed'
elif [[ $(heads "$TREE") != "$(cat "$TREE/.git/gmem-dma-heads" 2>/dev/null)" ]] ||
	[[ ! $(git -C "$TREE" for-each-ref --contains HEAD --count=1 'refs/heads/[0-9]*-*' refs/tags/base) ]]; then
	work='commits that are not in patches/'
else
	work=''
fi
if [[ $work && ${1:-} == --use ]]; then
	say "tree: $TREE has $work; it is used as it is"
	exit
elif [[ $work ]]; then
	die "$TREE has $work: commit and 'make patches', or drop them"
fi

apply_series "$tmp"
git -C "$TREE" fetch -q "$tmp" '+refs/heads/*:refs/applied/*'
last=$(patch_parts | tail -1)
target=${last:+refs/applied/$last}
git -C "$TREE" checkout -q --detach "${target:-base}"
for part in $(branch_parts "$TREE"); do
	git -C "$TREE" branch -q -D "$part"
done
for part in $(patch_parts); do
	git -C "$TREE" branch -q -f "$part" "refs/applied/$part"
	git -C "$TREE" update-ref -d "refs/applied/$part"
done
[[ ! $last ]] || git -C "$TREE" checkout -q "$last"
rm -rf "$tmp"
remember
say "tree: Linux $(base_version) ($origin) and $APPLIED patches, $TREE"
