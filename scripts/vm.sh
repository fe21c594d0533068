#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Boots a VM: vm.sh LANE MODE KERNEL INITRAMFS DIR [QEMU ARGUMENTS...]
#   LANE  svm     AMD with nested virtualization, 3 CPUs, of which tests use 2
#                 (guest/init says why)
#         icount  the same with one CPU that counts instructions as time
#         modules as vtd, for a kernel with KVM, iommufd and VFIO as modules
#         vtd     svm with two devices whose DMA goes through a VT-d IOMMU
#         virtio  svm with the same devices behind a virtio IOMMU
#   MODE  test    guest/run-tests; each result is shown when it comes
#         run     the initramfs' command; its output is shown
#         shell   a prompt
# In DIR: console.log (the kernel's), ktap.log or output.log (the results),
# live.log (what the tests print, at once), and problem, if the VM had to be
# stopped: one sentence. APPEND= adds to the kernel's command line.
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
svm | vtd | virtio | modules) qemu+=(-accel 'tcg,thread=multi' -smp 3) ;;
icount) qemu+=(-accel 'tcg,thread=single' -icount 'shift=0,sleep=off' -smp 1) ;;
*) die "no such lane: '$lane'" ;;
esac
case $lane in
vtd)
	qemu+=(-device 'intel-iommu,intremap=on' "${devices[@]}")
	lane_append="intel_iommu=on $vfio"
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
esac
append="console=ttyS0 gmem_mode=$mode oops=panic panic=-1 no_timer_check printk.devkmsg=on"
append+=" $lane_append ${APPEND:-}"
# Maple nodes from per-CPU sheaves could not be made to fail.
[[ $mode != test ]] || append+=" slab_debug=F,maple_node"

case $mode in
shell)
	exec "${qemu[@]}" -serial mon:stdio -append "$append loglevel=4" "$@" 2>"$dir/qemu.log"
	;;
run)
	status=0
	timeout -k 5 "${VM_TIMEOUT:-600}" "${qemu[@]}" -serial "file:$dir/console.log" \
		-chardev stdio,id=out,signal=off -serial chardev:out \
		-append "$append quiet loglevel=3" "$@" </dev/null 2>"$dir/qemu.log" |
		tee "$dir/output.log" | sed -u '/^# exit status [0-9]*\r*$/d' || status=$?
	status=$(sed -n 's/^# exit status \([0-9]*\).*/\1/p' "$dir/output.log" | tail -1)
	[[ $status ]] || {
		tail -30 "$dir/console.log" >&2
		die "the VM stopped before the program ended; the kernel's log is $dir/console.log"
	}
	exit "$status"
	;;
esac

: >"$dir/ktap.log"
"${qemu[@]}" -serial "file:$dir/console.log" -serial "file:$dir/ktap.log" \
	-serial "file:$dir/live.log" -append "$append loglevel=7" "$@" \
	</dev/null >"$dir/qemu.log" 2>&1 &
vm=$!
trap 'kill -KILL $vm 2>/dev/null' EXIT

# The guest ends a test that takes too long; if the guest itself no longer
# answers, we end the guest.
slack=${VM_SLACK:-60} test='boot' wait_for=$slack
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
	'# begin '*) read -r _ _ test limit <<<"$line"; wait_for=$((limit + slack)) ;;
	'# done') test='power-off' wait_for=$slack ;;
	'ok '* | 'not ok '*) printf '   %s\n' "$line"; test="what follows $test" wait_for=$slack ;;
	esac
done || true
wait $vm 2>/dev/null || [[ -f $dir/problem ]] || echo "qemu failed: $(tail -1 "$dir/qemu.log")" >"$dir/problem"
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
