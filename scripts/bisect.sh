#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Does every patch build by itself? The debug kernel for each patch; at the end
# of each part also KVM and iommufd as =y, =m and unset, and KVM for arm64.
#   PART=P   of the last two, only what stands at the end of part P
#   BOOT=1   boots the kernel of each patch too, with kvm/guest_memfd_test
#   FROM=N   begins with the Nth patch
#   ONLY=patches|combinations|arm64   leaves out the other two
. "$(dirname "$0")/lib.sh"
. "$TOP/scripts/series.sh"

# Another .config is another header for every object, but few objects look at what
# differs in it: let ccache compare what the preprocessor makes of it.
unset CCACHE_DEPEND

work=$BUILD_DIR/bisect
mkdir -p "$work"
lock bisect

last=$(branch_parts "$TREE" | tail -1)
[[ $last ]] || { say "bisect: nothing to check"; exit; }

# A work tree of its own: between patches only the files that differ change.
tree=$work/linux
if [[ ! -d $tree/.git ]]; then
	git clone -q --shared --no-checkout "$TREE" "$tree"
fi
git -C "$tree" fetch -q --prune "$TREE" '+refs/heads/*:refs/remotes/origin/*'
go() { git -C "$tree" checkout -q -f --detach "$1"; }
export TEST_TREE=$tree PROGRAMS=$work/selftests
SRC=$tree

# combination KVM IOMMUFD [OPTION...]: the debug kernel with these two as y, m or n,
# and without the options.
combination() {
	local kvm=$1 iommufd=$2 obj=$work/obj-combination option
	shift 2
	mkdir -p "$obj"
	rm -f "$obj/.wanted" # start from the debug kernel's options every time
	OBJ=$obj LENIENT=1 "$TOP/scripts/build.sh" debug config
	for option in KVM KVM_AMD KVM_INTEL; do set_option "$option" "$kvm"; done
	for option in IOMMUFD VFIO VFIO_PCI; do set_option "$option" "$iommufd"; done
	for option; do set_option "$option" n; done
	kmake "$obj" -s olddefconfig >"$obj/config.log" 2>&1 || die "olddefconfig failed in $obj"
	grep -q "^CONFIG_KVM=$kvm" "$obj/.config" || [[ $kvm == n ]] || die "KVM=$kvm was not accepted"
	grep -q "^CONFIG_IOMMUFD=$iommufd" "$obj/.config" || [[ $iommufd == n ]] ||
		die "IOMMUFD=$iommufd was not accepted"
	for option; do
		! grep -q "^CONFIG_$option=" "$obj/.config" || die "$option=n was not accepted"
	done
	quietly "$obj/build.log" "KVM=$kvm IOMMUFD=$iommufd" kmake "$obj" bzImage modules
}
set_option() { "$tree/scripts/config" --file "$obj/.config" --set-val "$1" "$2"; }

arm64() {
	local obj=$work/obj-arm64
	[[ -f $tree/arch/arm64/kvm/Makefile ]] ||
		{ say "arm64: left out, this base holds no arch/arm64"; return; }
	mkdir -p "$obj"
	cross() {
		make -C "$tree" O="$obj" -j"$JOBS" LOCALVERSION= ARCH=arm64 \
			CROSS_COMPILE=aarch64-linux-gnu- "$@"
	}
	if [[ ! -f $obj/.config ]]; then
		cross -s defconfig >"$obj/config.log" 2>&1 || die "arm64's defconfig failed"
	fi
	# KVM's directory takes in virt/kvm.
	quietly "$obj/build.log" "arm64" cross prepare arch/arm64/kvm/
}

wanted() { [[ ${ONLY:-$1} == "$1" ]] && [[ $1 == patches || ${PART:-$part} == "$part" ]]; }

prev=base n=0
total=$(git -C "$tree" rev-list --count "base..origin/$last")
for part in $(branch_parts "$TREE"); do
	for commit in $(git -C "$tree" rev-list --reverse "$prev..origin/$part"); do
		n=$((n + 1))
		if ((n < ${FROM:-1})) || ! wanted patches; then
			continue
		fi
		name="$part $n/$total: $(git -C "$tree" log -1 --format=%s "$commit")"
		say "$name"
		go "$commit"
		LENIENT=1 OBJ=$work/obj-debug "$TOP/scripts/build.sh" debug ||
			die "the first patch that does not build is $name"
		[[ ! ${BOOT:-} ]] ||
			LENIENT=1 KERNEL_BUILT=1 OBJ=$work/obj-debug T='^kvm/guest_memfd_test$' \
				"$TOP/scripts/test.sh" svm ||
			die "the first patch whose kernel fails is $name"
		export PROGRAMS_BUILT=1 # that one is upstream's, no patch changes it
	done
	go "origin/$part"
	for kvm in y m n; do
		for iommufd in y m n; do
			wanted combinations || continue
			say "$part with KVM=$kvm and IOMMUFD=$iommufd"
			combination $kvm $iommufd || die "$part does not build with KVM=$kvm and IOMMUFD=$iommufd"
		done
	done
	# Neither of those whose guests can hold memory, nor what needs its hooks.
	if wanted combinations; then
		without=(KVM_SW_PROTECTED_VM KVM_INTEL_TDX KVM_AMD_SEV)
		say "$part without ${without[*]}"
		combination y y "${without[@]}" || die "$part does not build without ${without[*]}"
	fi
	! wanted arm64 || arm64 || die "$part does not build on arm64"
	prev=origin/$part
done
say "bisect: $total patches, nothing failed${ONLY:+ (only $ONLY)}"
