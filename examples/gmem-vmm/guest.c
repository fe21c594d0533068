// SPDX-License-Identifier: GPL-2.0
/*
 * The guest: 32-bit protected mode, flat, no paging. main() is the script of
 * the whole run: the guest also says when it is the host's turn, so that both
 * sides can be read here in their order.
 */
#include <asm/errno.h>
#include <linux/kvm_para.h>

#include "protocol.h"

#define page(n) ((char *)(MEM_GPA + (n) * PAGE_SIZE))

static void out(unsigned short port, unsigned int v)
{
	asm volatile("outl %0, %1" : : "a"(v), "Nd"(port) : "memory");
}

static void host(int what, int first, int npages)
{
	out(PORT_HOST, HOST_TURN(what, first, npages));
}

static void put(const char *s)
{
	while (*s)
		out(PORT_TEXT, *s++);
}

static void step(const char *title)
{
	put(title);
	out(PORT_STEP, 0);
}

/* %s, and %d up to 99. */
static void say(const char *fmt, ...)
{
	__builtin_va_list args;
	int n;

	__builtin_va_start(args, fmt);
	for (; *fmt; fmt++) {
		if (*fmt != '%') {
			out(PORT_TEXT, *fmt);
		} else if (*++fmt == 's') {
			put(__builtin_va_arg(args, const char *));
		} else {
			n = __builtin_va_arg(args, int);
			if (n > 9)
				out(PORT_TEXT, '0' + n / 10);
			out(PORT_TEXT, '0' + n % 10);
		}
	}
	__builtin_va_end(args);
	out(PORT_SAY, 0);
}

static void write(int n, const char *text)
{
	char *to = page(n);

	say("writes \"%s\" to page %d", text, n);
	while ((*to++ = *text++))
		;
}

static void read(int n)
{
	say("reads page %d: \"%s\"", n, page(n));
}

/* Where VMMCALL is the instruction, KVM replaces this VMCALL by it. */
static int hypercall(int first, int npages, int attrs)
{
	int ret;

	asm volatile("vmcall" : "=a"(ret) : "a"(KVM_HC_MAP_GPA_RANGE),
		     "b"(page(first)), "c"(npages), "d"(attrs) : "memory");
	return ret;
}

static int map_gpa_range(int first, int npages, int attrs)
{
	int ret;

	if (npages == 1)
		say("asks: page %d %s", first, attrs ? "private" : "shared");
	else
		say("asks: pages %d-%d %s", first, first + npages - 1,
		    attrs ? "private" : "shared");

	ret = hypercall(first, npages, attrs);
	if (ret == EAGAIN)
		say("is told: not now (EAGAIN)");
	else if (ret)
		say("is told: never (%s)", ret == EINVAL ? "EINVAL" : "?");
	return ret;
}

static int share(int first, int npages)
{
	return map_gpa_range(first, npages, KVM_MAP_GPA_RANGE_DECRYPTED);
}

static int make_private(int first, int npages)
{
	return map_gpa_range(first, npages, KVM_MAP_GPA_RANGE_ENCRYPTED);
}

/* For DMA by a device that the guest trusts: nobody can take the page away. */
static int hold(int n)
{
	say("holds page %d for DMA", n);
	return hypercall(n, 1, MAP_GPA_HOLD);
}

/* Before it asks for shared, a guest stops the device, and then does this. */
static int release(int n)
{
	say("releases page %d", n);
	return hypercall(n, 1, MAP_GPA_RELEASE);
}

static void show_map(void)
{
	host(HOST_MAP, 0, 0);
}

static void run(void)
{
	int ret;

	step("Guest memory starts private: the host cannot look");
	show_map();
	write(3, "my words");
	host(HOST_READ, 3, 1);

	step("The guest shares page 3: nothing is copied, the host sees it");
	share(3, 1);
	host(HOST_READ, 3, 1);
	show_map();

	step("Shared memory works both ways");
	host(HOST_WRITE, 3, 1);
	read(3);

	step("Private again: the contents stay, the host is out");
	make_private(3, 1);
	read(3);
	host(HOST_READ, 3, 1);
	host(HOST_WRITE, 3, 1);
	read(3);

	step("A range, and then a part of it");
	share(4, 4);
	make_private(5, 2);
	show_map();

	step("In bulk: what is shared already is left alone");
	write(4, "keep me");
	share(2, 12);
	host(HOST_READ, 4, 1);
	show_map();

	step("A dry run asks, and changes nothing");
	host(HOST_DRY_RUN, 0, MEM_PAGES);
	show_map();

	step("The host pins page 6: private is refused, and the reason told");
	host(HOST_PIN, 6, 1);
	host(HOST_DRY_RUN, 4, 6);
	ret = make_private(4, 6);
	show_map();

	step("Refused means that nothing happened: the guest goes on");
	write(6, "carry on");
	host(HOST_READ, 6, 1);

	step("The host lets go, the guest tries again");
	host(HOST_UNPIN, 6, 1);
	if (ret == EAGAIN)
		make_private(4, 6);
	read(6);
	host(HOST_READ, 6, 1);
	show_map();

	step("A punched hole frees the page and keeps its state");
	write(12, "old");
	host(HOST_PUNCH, 6, 1);
	host(HOST_PUNCH, 12, 1);
	read(6);
	host(HOST_READ, 6, 1);
	read(12);
	host(HOST_READ, 12, 1);
	show_map();

	step("A request past the end of memory: an error, not a wait");
	share(14, 4);
	show_map();

	step("The guest holds page 8 for DMA: nobody can take it away");
	if (!hold(8)) {
		share(7, 3);
		write(8, "in use");
		host(HOST_PUNCH, 8, 1);
		read(8);
		show_map();
	}

	step("The guest lets go first, and then asks again");
	if (!release(8)) {
		share(7, 3);
		host(HOST_READ, 8, 1);
		show_map();
	}
}

static void device_reads(int n)
{
	host(HOST_DEVICE_READ, n, 1);
}

static void device_writes(int n)
{
	host(HOST_DEVICE_WRITE, n, 1);
}

static void run_device(void)
{
	step("A device is given all of guest memory, and reaches what is shared");
	host(HOST_DEVICE_MAP, 0, MEM_PAGES);
	write(2, "hello");
	device_reads(2);
	device_writes(3);
	read(3);
	write(5, "a secret");
	device_reads(5);

	step("The guest takes its buffer back: nothing has to be unmapped first");
	make_private(3, 1);
	write(3, "mine now");

	step("DMA to it is blocked from then on, other DMA is not");
	device_reads(3);
	device_writes(3);
	read(3);
	device_writes(2);
	read(2);

	step("The buffer is shared again: DMA works, nobody had to map it");
	share(3, 1);
	device_reads(3);
	device_writes(3);
	read(3);
}

/* The first instruction of the image; see guest.lds. The VMM set the stack. */
__attribute__((section(".start"), used)) void start(int device)
{
	run();
	if (device)
		run_device();
	for (;;)
		out(PORT_DONE, 0);
}
