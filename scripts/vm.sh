#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Boots a VM: vm.sh LANE MODE KERNEL INITRAMFS DIR [QEMU ARGUMENTS...]
#   LANE  svm     AMD with nested virtualization, 2 CPUs
#         icount  the same with one CPU, for measurements
#         modules as vtd, for a kernel with KVM, iommufd and VFIO as modules
#         vtd     svm with two devices whose DMA goes through a VT-d IOMMU
#         inplace vtd, with KVM converting all memory in place, as Linux 7.4 does
#                 with kvm.gmem_in_place_conversion=1
#         virtio  svm with the same devices behind a virtio IOMMU
#         intel   Intel with nested virtualization: Bochs, with one CPU and no
#                 devices; no MODE but test
#   MODE  test    guest/run-tests; each result is shown when it comes
#         run     the initramfs' command; its output is shown
#         shell   a prompt
# All but icount and intel have two NUMA nodes.
# In DIR: console.log (the kernel's), ktap.log or output.log (the results),
# live.log (what the tests print, at once), and problem, if the VM had to be
# stopped: one sentence. APPEND= adds to the kernel's command line.
#
# QEMU emulates the CPUs in turn, switching every fraction of a millisecond, and
# derives the guest's time from the instructions that were executed: nothing in
# the guest depends on how busy our machine is. PARALLEL=1 has each CPU emulated
# by a thread of its own, in real time; there are 3 then, of which tests use 2
# (guest/init says why). Also for prompts, as people live in real time.
. "$(dirname "$0")/lib.sh"

lane=$1 mode=$2 kernel=$3 initramfs=$4 dir=$5
shift 5
mkdir -p "$dir"
rm -f "$dir"/{console,ktap,live,output}.log "$dir/problem"

qemu=(qemu-system-x86_64 -M 'q35,kernel-irqchip=split' -cpu 'EPYC,+svm,+npt,phys-bits=48'
	-m 4G -display none -no-reboot -nodefaults -kernel "$kernel" -initrd "$initramfs")

# A network card that sends to itself, and QEMU's own teaching device; both get
# vfio-pci as their driver. Tests know them by their addresses.
devices=(-netdev 'hubport,id=n0,hubid=0' -device 'igb,netdev=n0,addr=8' -device 'edu,addr=9')
vfio='vfio-pci.ids=8086:10c9,1234:11e8'
lane_append=''
case $lane in
svm | vtd | inplace | virtio | modules)
	# A node's CPUs must have a socket of their own, which Linux warns of otherwise.
	# Tests reach both nodes with 3 CPUs, too, of which they don't use the first.
	if [[ ${PARALLEL:-} || $mode == shell ]]; then
		qemu+=(-accel 'tcg,thread=multi' -smp '3,sockets=3')
		node0=0-1 node1=2
	else
		qemu+=(-accel 'tcg,thread=single' -icount 'shift=2,sleep=off' -smp '2,sockets=2')
		node0=0 node1=1
	fi
	qemu+=(-object 'memory-backend-ram,id=m0,size=2G' -numa "node,memdev=m0,cpus=$node0"
		-object 'memory-backend-ram,id=m1,size=2G' -numa "node,memdev=m1,cpus=$node1")
	;;
icount) qemu+=(-accel 'tcg,thread=single' -icount 'shift=0,sleep=off' -smp 1) ;;
intel) [[ $mode == test ]] || die "lane intel runs tests only" ;;
*) die "no such lane: '$lane'" ;;
esac
case $lane in
svm)
	# Devices that VFIO gives away without an IOMMU
	qemu+=("${devices[@]}")
	lane_append="vfio.enable_unsafe_noiommu_mode=1 $vfio"
	;;
vtd)
	qemu+=(-device 'intel-iommu,intremap=on' "${devices[@]}")
	lane_append="intel_iommu=on $vfio"
	;;
inplace)
	qemu+=(-device 'intel-iommu,intremap=on' "${devices[@]}")
	lane_append="intel_iommu=on kvm.gmem_in_place_conversion=1 $vfio"
	;;
modules)
	qemu+=(-device 'intel-iommu,intremap=on' "${devices[@]}")
	lane_append="intel_iommu=on"
	;;
virtio)
	# It remaps no interrupts, which VFIO takes for unsafe.
	qemu+=(-device 'virtio-iommu-pci,addr=a' "${devices[@]}")
	lane_append="iommufd.allow_unsafe_interrupts=1 vfio_iommu_type1.allow_unsafe_interrupts=1 $vfio"
	;;
intel)
	# Bochs stops at a triple fault; another reset would boot again. Bochs, 3.0
	# too, lets no interrupt end a guest's turn if the guest has its own off, so
	# that a loop with PAUSE in it must: after 100,000 instructions.
	lane_append='reboot=triple kvm_intel.ple_gap=1000000 kvm_intel.ple_window=100000'
	lane_append+=' kvm_intel.ple_window_grow=0'
	;;
esac
append="console=ttyS0,115200 gmem_mode=$mode oops=panic panic=-1 no_timer_check printk.devkmsg=on"
append+=" $lane_append ${APPEND:-}"
# Maple nodes from per-CPU sheaves could not be made to fail.
[[ $mode != test ]] || append+=" slab_debug=F,maple_node"

case $mode in
shell)
	exec "${qemu[@]}" -serial mon:stdio -append "$append loglevel=4" "$@" 2>"$dir/vm.log"
	;;
run)
	status=0
	timeout -k 5 "${VM_TIMEOUT:-600}" "${qemu[@]}" -serial "file:$dir/console.log" \
		-chardev stdio,id=out,signal=off -serial chardev:out \
		-append "$append quiet loglevel=3" "$@" </dev/null 2>"$dir/vm.log" |
		tee "$dir/output.log" | sed -u '/^# exit status [0-9]*\r*$/d' || status=$?
	status=$(sed -n 's/^# exit status \([0-9]*\).*/\1/p' "$dir/output.log" | tail -1)
	[[ $status ]] || {
		tail -30 "$dir/console.log" >&2
		die "the VM stopped before the program ended; the kernel's log is $dir/console.log"
	}
	exit "$status"
	;;
esac

touch "$dir"/{console,ktap,live}.log
append+=" loglevel=7"
# How many of our seconds the guest may take for one of its own, on a busy machine.
pace=5
[[ ! ${PARALLEL:-} ]] || pace=1
if [[ $lane == intel ]]; then
	pace=10
	machine=("$TOP/scripts/bochs.sh" "$kernel" "$initramfs" "$dir" "$append")
else
	machine=("${qemu[@]}" -serial "file:$dir/console.log" -serial "file:$dir/ktap.log"
		-serial "file:$dir/live.log" -append "$append" "$@")
fi
"${machine[@]}" </dev/null >"$dir/vm.log" 2>&1 &
vm=$!
trap 'kill -KILL $vm 2>/dev/null' EXIT

# What the last test said before it failed, in a few lines.
why() {
	tac "$dir/ktap.log" | tr -d '\r' | sed '/^# begin /q' | tac |
		grep -E '# (killed|exit status)|[Ee]xpect|[Aa]ssert|[Ff]ail|^ *not ok |==== ' |
		head -8 | cut -c 1-160 | sed 's/^ */   | /'
}

# The guest ends a test that takes too long; if the guest itself no longer
# answers, we end the guest.
slack=$((${VM_SLACK:-60} * pace)) test='boot' wait_for=$slack
tail -n +1 -s 0.2 -f --pid=$vm "$dir/ktap.log" 2>/dev/null | while :; do
	rc=0
	IFS= read -r -t "$wait_for" line || rc=$?
	line=${line%$'\r'}
	if ((rc > 128)); then
		echo "the VM hung in $test: no result for $wait_for s" >"$dir/problem"
		kill -KILL $vm
		break
	elif ((rc)); then
		break
	fi
	case $line in
	'# begin '*) read -r _ _ test limit <<<"$line"; wait_for=$((limit * pace + slack)) ;;
	'# done') test='power-off' wait_for=$slack ;;
	'ok '* | 'not ok '*)
		printf '   %s\n' "$line"
		[[ $line == ok* ]] || why
		test="what follows $test" wait_for=$slack
		;;
	esac
done || true
# Bochs calls power-off a panic, and what it says last is of no use.
wait $vm 2>/dev/null || [[ -f $dir/problem ]] || grep -q 'soft power off' "$dir/vm.log" ||
	echo "the emulator failed: $(grep -v '^[=(]' "$dir/vm.log" | tail -1)" >"$dir/problem"
trap - EXIT
grep -q '^# done' "$dir/ktap.log" || [[ -f $dir/problem ]] ||
	echo "the VM stopped before the last test" >"$dir/problem"
[[ ! -f $dir/problem ]] || {
	printf '   problem: %s\n' "$(cat "$dir/problem")"
	for log in live console; do
		printf '   --- end of %s\n' "$dir/$log.log"
		tail -25 "$dir/$log.log" | tr -d '\r' | sed 's/^/   | /'
	done
	exit 1
}
