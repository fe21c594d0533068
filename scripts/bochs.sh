#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# An Intel machine with VMX and EPT, as QEMU emulates none: Bochs.
# bochs.sh KERNEL INITRAMFS DIR COMMAND-LINE, for scripts/vm.sh. The serial
# ports go to DIR/console.log, ktap.log and live.log.
. "$(dirname "$0")/lib.sh"

kernel=$(realpath "$1") initramfs=$(realpath "$2") append=$4
cd "$3"

# Bochs boots what a BIOS can: a CD with GRUB.
cat >grub.cfg <<END
linux /bzImage $append
initrd /initramfs
boot
END
grub-mkrescue -o boot.iso "/bzImage=$kernel" "/initramfs=$initramfs" \
	/boot/grub/grub.cfg=grub.cfg >iso.log 2>&1 || {
	tail -5 iso.log
	exit 1
}

# Time is the count of instructions, ips= of them a second: about what a core of
# today emulates. With corei7_skylake_x Linux doesn't boot. One CPU, as more would
# take turns. Bochs ends in a panic, also at power-off, and at the triple fault
# that vm.sh makes a reboot.
cat >bochsrc <<END
config_interface: textconfig
display_library: sdl2
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
cpu: model=corei7_haswell_4770, count=1, ips=50000000, reset_on_triple_fault=0
memory: guest=2048, host=2048
ata0-master: type=cdrom, path=boot.iso, status=inserted
boot: cdrom
clock: sync=none, time0=utc
com1: enabled=1, mode=file, dev=console.log
com2: enabled=1, mode=file, dev=ktap.log
com3: enabled=1, mode=file, dev=live.log
log: bochs.log
panic: action=fatal
error: action=report
info: action=ignore
END
# Debian's has a debugger, which waits for a command.
echo c >debugger

# A display it must have; the one named term blocks when nobody reads what it draws.
SDL_VIDEODRIVER=dummy exec bochs -q -f bochsrc -rc debugger
