// SPDX-License-Identifier: GPL-2.0
/*
 * A VMM whose guest converts its own memory between private and shared, in
 * place. convert() and map_gpa_range() are the part to copy.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <linux/kvm_para.h>

#include "gmem-vmm.h"
#include "protocol.h"

/* Returns 0 or an errno; then nothing at all has changed. */
int convert(struct vm *vm, bool to_private, uint64_t offset, uint64_t size, uint32_t flags)
{
	static const char *const reasons[] = {
		[KVM_GMEM_REASON_HOST_PIN] = "HOST_PIN",
		[KVM_GMEM_REASON_DMA_PINNED] = "DMA_PINNED",
		[KVM_GMEM_REASON_DMA_HELD] = "DMA_HELD",
		[KVM_GMEM_REASON_HWPOISON] = "HWPOISON",
	};
	struct kvm_gmem_convert c = { .offset = offset, .size = size, .flags = flags };
	int err;

	do {
		err = ioctl(vm->gmem, to_private ? KVM_GMEM_CONVERT_PRIVATE :
						   KVM_GMEM_CONVERT_SHARED, &c) ? errno : 0;
	} while (err == EINTR);

	timeline_host("%sCONVERT_%s 0x%llx+0x%llx -> %s",
		      flags & KVM_GMEM_CONVERT_DRY_RUN ? "DRY_RUN " : "KVM_GMEM_",
		      to_private ? "PRIVATE" : "SHARED", c.offset, c.size,
		      err ? strerrorname_np(err) : "0");
	if (c.error_reason)
		timeline_host("  %s at 0x%llx+0x%llx",
			      c.error_reason < sizeof(reasons) / sizeof(*reasons) ?
			      reasons[c.error_reason] : "unknown reason",
			      c.error_offset, c.error_size);
	return err;
}

/*
 * The guest asks for [gpa, gpa + size) to be private or shared. Returns what to
 * tell it: 0, EAGAIN or EINVAL. A VMM with several memslots splits the request
 * where slots end; one that uses shared pages itself, or has pinned them for
 * others, takes them back before they become private.
 */
static int map_gpa_range(struct vm *vm, uint64_t gpa, uint64_t npages, uint64_t attrs)
{
	uint64_t page = (gpa - MEM_GPA) / PAGE_SIZE;
	int err;

	if (gpa < MEM_GPA || page >= MEM_PAGES || npages > MEM_PAGES - page) {
		timeline_host("no such memory: answers EINVAL");
		return EINVAL;
	}

	err = convert(vm, attrs & KVM_MAP_GPA_RANGE_ENCRYPTED, page * PAGE_SIZE,
		      npages * PAGE_SIZE, 0);
	switch (err) {
	case 0:
		return 0;
	case EAGAIN:	/* the host itself holds a page: it lets go, then it works */
	case EBUSY:	/* the guest itself or a device does: trying again is no use */
	case ENOMEM:
		timeline_host("  answers EAGAIN");
		return EAGAIN;
	case EHWPOISON:	/* it will never work */
		timeline_host("  answers EINVAL");
		return EINVAL;
	default:	/* a bug: all arguments were checked */
		die("conversion: %s", strerror(err));
	}
}

/*
 * Plays the firmware that holds private pages for the guest, which is no part of
 * a real VMM: a TD, for example, holds what it has accepted, and all that the VMM
 * ever sees of it is EBUSY.
 */
static int hold(struct vm *vm, const char *verb, uint64_t gpa, uint64_t npages)
{
	if (vm->held_gfns < 0) {
		timeline_skip("KVM has no held_gfns in debugfs");
		return EINVAL;
	}
	if (dprintf(vm->held_gfns, "%s 0x%lx %lu", verb, gpa / PAGE_SIZE, npages) < 0) {
		timeline_host("held_gfns: cannot %s: %s", verb, strerror(errno));
		return EINVAL;
	}
	timeline_host("held_gfns: %s 0x%lx %lu", verb, gpa / PAGE_SIZE, npages);
	return 0;
}

static void handle_hypercall(struct vm *vm)
{
	__u64 *args = vm->run->hypercall.args;
	int ret;

	if (vm->run->hypercall.nr != KVM_HC_MAP_GPA_RANGE)
		die("unexpected hypercall %llu", vm->run->hypercall.nr);

	if (args[2] & (MAP_GPA_HOLD | MAP_GPA_RELEASE)) {
		vm->run->hypercall.ret = hold(vm, args[2] & MAP_GPA_HOLD ? "hold" : "release",
					      args[0], args[1]);
		return;
	}

	ret = map_gpa_range(vm, args[0], args[1], args[2]);
	vm->run->hypercall.ret = ret;

	vm->requests++;
	vm->granted += ret == 0;
	vm->refused += ret == EAGAIN;
	vm->invalid += ret == EINVAL;
}

/* False when the guest is done. */
static bool handle_io(struct vm *vm)
{
	static char text[128];
	static size_t len;
	uint32_t v = 0;

	memcpy(&v, (char *)vm->run + vm->run->io.data_offset, vm->run->io.size);
	if (vm->run->io.port == PORT_TEXT) {
		if (len < sizeof(text) - 1)
			text[len++] = v;
		return true;
	}

	text[len] = 0;
	len = 0;
	switch (vm->run->io.port) {
	case PORT_SAY:
		timeline_guest(text);
		return true;
	case PORT_STEP:
		timeline_step(text);
		return true;
	case PORT_HOST:
		host_turn(vm, v >> 16, v >> 8 & 0xff, v & 0xff);
		return true;
	case PORT_DONE:
		return false;
	default:
		die("the guest used port 0x%x", vm->run->io.port);
	}
}

static void run_guest(struct vm *vm)
{
	bool running = true;

	while (running) {
		if (ioctl(vm->vcpu, KVM_RUN, NULL))
			die("KVM_RUN: %s", strerror(errno));

		if (vm->run->exit_reason == KVM_EXIT_HYPERCALL)
			handle_hypercall(vm);
		else if (vm->run->exit_reason == KVM_EXIT_IO)
			running = handle_io(vm);
		else
			die("the guest stopped with KVM exit %u", vm->run->exit_reason);
	}
}

static int must(int ret, const char *what)
{
	if (ret < 0)
		die("%s: %s", what, strerror(errno));
	return ret;
}

static void *map(size_t size, int flags, int fd, const char *what)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);

	must(p == MAP_FAILED ? -1 : 0, what);
	return p;
}

/* Emulation of held pages: -1 if the kernel, or who runs this, doesn't have it. */
static int open_held_gfns(struct vm *vm)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%d-%d/held_gfns", getpid(), vm->fd);
	return open(path, O_WRONLY | O_CLOEXEC);
}

static void create_vm(struct vm *vm, bool device)
{
	struct kvm_enable_cap hypercalls = {
		.cap = KVM_CAP_EXIT_HYPERCALL,
		.args[0] = 1 << KVM_HC_MAP_GPA_RANGE,
	};
	struct kvm_create_guest_memfd gmem = {
		.size = MEM_SIZE,
		.flags = GUEST_MEMFD_FLAG_CONVERTIBLE | GUEST_MEMFD_FLAG_MMAP,
	};
	struct kvm_userspace_memory_region2 prog_slot = {
		.slot = 0,
		.guest_phys_addr = PROG_GPA,
		.memory_size = PROG_SIZE,
	};
	struct kvm_userspace_memory_region2 mem_slot = {
		.slot = 1,
		.flags = KVM_MEM_GUEST_MEMFD,
		.guest_phys_addr = MEM_GPA,
		.memory_size = MEM_SIZE,
	};
	int kvm = must(open("/dev/kvm", O_RDWR | O_CLOEXEC), "cannot open /dev/kvm");
	void *prog;

	vm->fd = must(ioctl(kvm, KVM_CREATE_VM, KVM_X86_SW_PROTECTED_VM),
		      "no VM with private memory (CONFIG_KVM_SW_PROTECTED_VM, EPT or NPT)");
	/* Ask the VM, not /dev/kvm: other VM types may not have it. */
	if (!(ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_GUEST_MEMFD_FLAGS) &
	      GUEST_MEMFD_FLAG_CONVERTIBLE))
		die("this kernel cannot convert guest_memfd memory in place");
	must(ioctl(vm->fd, KVM_ENABLE_CAP, &hypercalls), "KVM_CAP_EXIT_HYPERCALL");
	vm->held_gfns = open_held_gfns(vm);

	prog = map(PROG_SIZE, MAP_PRIVATE | MAP_ANONYMOUS, -1, "program memory");
	memcpy(prog, guest_image, guest_image_end - guest_image);
	*(uint32_t *)((char *)prog + PROG_ARGUMENT) = device;
	prog_slot.userspace_addr = (uintptr_t)prog;
	must(ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION2, &prog_slot), "program slot");

	/* One file in both states: the slot is the guest's way in, the mapping ours. */
	vm->gmem = must(ioctl(vm->fd, KVM_CREATE_GUEST_MEMFD, &gmem), "KVM_CREATE_GUEST_MEMFD");
	vm->mem = map(MEM_SIZE, MAP_SHARED, vm->gmem, "cannot map the guest_memfd");
	mem_slot.userspace_addr = (uintptr_t)vm->mem;
	mem_slot.guest_memfd = vm->gmem;
	must(ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION2, &mem_slot), "memory slot");

	vm->vcpu = must(ioctl(vm->fd, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
	vm->run = map(must(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE"),
		      MAP_SHARED, vm->vcpu, "cannot map the vCPU");
}

/* 32-bit protected mode, all segments flat, no paging. */
static void set_registers(struct vm *vm)
{
	struct kvm_regs regs = { .rip = PROG_GPA, .rsp = PROG_GPA + PROG_STACK, .rflags = 2 };
	struct kvm_segment flat = {
		.limit = 0xffffffff, .selector = 0x10, .type = 3,
		.present = 1, .s = 1, .db = 1, .g = 1,
	};
	struct kvm_sregs sregs;

	must(ioctl(vm->vcpu, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	sregs.cs = sregs.ds = sregs.es = sregs.ss = flat;
	sregs.cs.selector = 0x8;
	sregs.cs.type = 11;
	sregs.cr0 |= 1;
	must(ioctl(vm->vcpu, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
	must(ioctl(vm->vcpu, KVM_SET_REGS, &regs), "KVM_SET_REGS");
}

void die(const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	fputs("gmem-vmm: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputs("\n", stderr);
	timeline_end();
	exit(1);
}

int main(int argc, char **argv)
{
	const char *device = NULL;
	struct vm vm = {};
	bool check = false;
	char summary[128];
	int i;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--check"))
			check = true;
		else if (!strcmp(argv[i], "--device") && i + 1 < argc)
			device = argv[++i];
		else
			die("usage: gmem-vmm [--check] [--device SEGMENT:BUS:DEVICE.FUNCTION]");
	}

	create_vm(&vm, device);
	if (device)
		device_open(device);
	timeline_start(check, device);
	set_registers(&vm);
	run_guest(&vm);

	snprintf(summary, sizeof(summary),
		 "%d requests: %d granted, %d refused, %d invalid; host kept out %d times",
		 vm.requests, vm.granted, vm.refused, vm.invalid, vm.sigbus);
	timeline_summary(summary);
	return timeline_end();
}
