# SPDX-License-Identifier: GPL-2.0
# Sourced: patches/ <-> git branches.
# A part of the series is a branch of the tree, named NUMBER-NAME as its
# directory in patches/; part 1 starts at the tag `base`, each other one where
# the part before it ends. patches/PART/cover.txt (subject, empty line, text)
# is written by hand, everything else there comes from scripts/export.sh.
# shellcheck shell=bash

# No setting of the user's may change what the patches look like.
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE "${!GIT_AUTHOR_@}" "${!GIT_COMMITTER_@}"
export GIT_COMMITTER_NAME=gmem-dma GIT_COMMITTER_EMAIL=gmem-dma@localhost

# Parts in order: as directories of patches/, and as branches of repository $1.
patch_parts() {
	[[ ! -d $TOP/patches ]] ||
		find "$TOP/patches" -mindepth 1 -maxdepth 1 -type d -name '[0-9]*-*' -printf '%f\n' | sort -V
}
branch_parts() {
	git -C "$1" for-each-ref --format='%(refname:short)' 'refs/heads/[0-9]*-*' | sort -V
}

# apply_series REPO: a new repository that shares $TREE's objects, without a
# work tree, with every part of patches/ as a branch.
apply_series() {
	local repo=$1 part patch n=0
	local base
	base=$(git -C "$TREE" rev-parse --verify 'base^{commit}')
	rm -rf "$repo"
	git -c init.defaultBranch=none init -q "$repo"
	git -C "$TREE" rev-parse --path-format=absolute --git-path objects \
		>"$repo/.git/objects/info/alternates"
	git -C "$repo" update-ref refs/tags/base "$base"
	echo "$base" >"$repo/.git/HEAD"
	# An index without files: git am brings in only the files it touches.
	git -C "$repo" read-tree HEAD
	for part in $(patch_parts); do
		for patch in "$TOP/patches/$part"/[0-9]*.patch; do
			git -C "$repo" -c gc.auto=0 am -q --no-3way --committer-date-is-author-date \
				"$patch" >"$repo/.git/am.log" 2>&1 || {
				grep -E '^error:' "$repo/.git/am.log" | head -5 >&2 ||
					tail -3 "$repo/.git/am.log" >&2
				die "${patch#"$TOP/"} does not apply to Linux $(base_version)"
			}
			n=$((n + 1))
		done
		git -C "$repo" branch -f "$part" HEAD
	done
	# shellcheck disable=SC2034
	APPLIED=$n
}

base_version() {
	git -C "$TREE" show base:Makefile | sed -n -e 's/^VERSION = //p' \
		-e 's/^PATCHLEVEL = //p' -e 's/^SUBLEVEL = //p' | paste -sd.
}

# export_series REPO DIR: writes every part of REPO as patches into DIR/PART.
export_series() {
	local repo=$1 dir=$2 part prev=base cover date
	for part in $(branch_parts "$repo"); do
		git -C "$repo" merge-base --is-ancestor "$prev" "$part" ||
			die "branch $part does not start from $prev"
		[[ -z $(git -C "$repo" rev-list --merges "$prev..$part") ]] ||
			die "branch $part contains a merge"
		mkdir -p "$dir/$part"
		rm -f "$dir/$part"/[0-9]*.patch "$dir/$part/0000-cover-letter.mbox"
		cover=()
		if [[ -f $TOP/patches/$part/cover.txt ]]; then
			cover=(--cover-letter --cover-from-description=subject)
		fi
		date=$(git -C "$repo" log -1 --format=%aI "$part")
		GIT_COMMITTER_DATE=$date git -C "$repo" \
			-c "branch.$part.description=$(cat "$TOP/patches/$part/cover.txt" 2>/dev/null)" \
			-c core.attributesFile="$TOP/scripts/gitattributes" -c core.quotePath=true -c diff.renames=true -c core.abbrev=12 \
			format-patch -q --numbered --zero-commit --no-signature --full-index \
			--no-base --no-thread --no-notes --diff-algorithm=histogram \
			"${cover[@]}" -o "$dir/$part" "$prev..$part"
		# Not a patch: `git am patches/PART/*.patch` must not meet it.
		[[ ! -f $dir/$part/0000-cover-letter.patch ]] ||
			mv "$dir/$part/0000-cover-letter.patch" "$dir/$part/0000-cover-letter.mbox"
		prev=$part
	done
}

# same_series DIR: is what DIR holds what patches/ holds? Hand-written files
# do not count. With a second argument, blob names and the line numbers of
# hunks do not count either: they depend on the base.
# shellcheck disable=SC2034 # DIFFERS is for the caller
same_series() {
	local dir=$1 filter=(cat) file list
	[[ ! ${2:-} ]] || filter=(sed -E '/^index [0-9a-f]+\.\./d; s/^@@ -[0-9,]+ \+[0-9,]+ @@.*/@@/')
	list=$({ generated "$dir"; generated "$TOP/patches"; } | sort -u)
	[[ $list ]] || return 0
	while read -r file; do
		[[ -f $dir/$file && -f $TOP/patches/$file ]] || { DIFFERS=$file; return 1; }
		cmp -s <("${filter[@]}" "$dir/$file") <("${filter[@]}" "$TOP/patches/$file") ||
			{ DIFFERS=$file; return 1; }
	done <<<"$list"
}
generated() {
	[[ ! -d $1 ]] || (cd "$1" && find . -mindepth 2 -maxdepth 2 -path './[0-9]*-*/[0-9]*' \
		\( -name '*.patch' -o -name '*.mbox' \) | sed 's|^\./||')
}

# Where the branches were when tree and patches/ last agreed.
heads() { git -C "$1" for-each-ref --format='%(objectname) %(refname)' 'refs/heads/[0-9]*-*'; }
remember() { heads "$TREE" >"$TREE/.git/gmem-dma-heads"; }
