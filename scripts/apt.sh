# SPDX-License-Identifier: GPL-2.0
# Sourced: Debian packages of other suites without touching the machine's apt.
# shellcheck shell=bash

# private_apt SUITE...: fill the array APT with options for apt-get, such that
# it knows the machine's own Debian release and SUITE..., from the same mirror,
# and keeps its lists and downloads in $BUILD_DIR/apt. False if it cannot be.
private_apt() {
	local dir=$BUILD_DIR/apt codename key='' targets main suite
	command -v apt-get >/dev/null || return 1
	# shellcheck disable=SC1091
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	# shellcheck disable=SC2016 # these $() are apt-get's
	targets=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' \
		'Identifier: Packages' 'Component: main' 2>/dev/null |
		awk -v c="$codename" '$2 == c || $2 == c "-updates" || $2 == c "-security"' |
		sort -u)
	main=$(awk -v c="$codename" '$2 == c { print $1; exit }' <<<"$targets")
	[[ $main ]] || return 1
	[[ ! -f /usr/share/keyrings/debian-archive-keyring.gpg ]] ||
		key='[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] '

	mkdir -p "$dir"/{lists,archives}/partial
	{
		sed "s|^|deb $key|; s|\$| main|" <<<"$targets"
		for suite; do
			echo "deb $key$main $suite main"
		done
	} >"$dir/sources.list"
	APT=(-o Dir::State::lists="$dir/lists" -o Dir::Cache::archives="$dir/archives"
		-o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
		-o Dir::Etc::sourcelist="$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null
		-o Acquire::Languages=none -o APT::Sandbox::User=root)
	apt-get "${APT[@]}" update >"$dir/update.log" 2>&1
}
