// SPDX-License-Identifier: GPL-2.0
/* The host's side of the story: what it sees, and how it gets in the way. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "gmem-vmm.h"
#include "protocol.h"

static sigjmp_buf no_access;

static void on_sigbus(int sig)
{
	(void)sig;
	siglongjmp(no_access, 1);
}

/* Copies a string from or to guest memory; false if the page is private. */
static bool copy(struct vm *vm, volatile char *to, const volatile char *from)
{
	struct sigaction act = { .sa_handler = on_sigbus }, old;
	volatile bool ok = false;
	int i;

	sigaction(SIGBUS, &act, &old);
	if (!sigsetjmp(no_access, 1)) {
		for (i = 0; i < TEXT_MAX - 1 && (to[i] = from[i]); i++)
			;
		to[i] = 0;
		ok = true;
	}
	sigaction(SIGBUS, &old, NULL);
	vm->sigbus += !ok;
	return ok;
}

/* One KVM_GMEM_QUERY for each run of pages in the same state. */
static void show_map(struct vm *vm)
{
	char map[MEM_PAGES + 1] = {};
	uint64_t offset, end;

	for (offset = 0; offset < MEM_SIZE; offset = end) {
		struct kvm_gmem_query q = { .offset = offset };

		if (ioctl(vm->gmem, KVM_GMEM_QUERY, &q))
			die("KVM_GMEM_QUERY: %s", strerror(errno));
		end = offset + q.size;
		if (end <= offset || end > MEM_SIZE || end % PAGE_SIZE)
			die("KVM_GMEM_QUERY: a run of 0x%llx bytes at 0x%llx", q.size, q.offset);
		memset(map + offset / PAGE_SIZE, q.state == KVM_GMEM_PRIVATE ? 'P' :
		       q.state == KVM_GMEM_SHARED ? 'S' : '?', q.size / PAGE_SIZE);
	}
	timeline_map(map);
}

/* The pipe holds the page itself, not a copy of it: as a device with DMA would. */
static void pin(char *mem, int page, int *pipes)
{
	struct iovec iov = { .iov_base = mem, .iov_len = TEXT_MAX };

	if (pipe(pipes) || vmsplice(pipes[1], &iov, 1, 0) != TEXT_MAX)
		die("cannot vmsplice a shared page: %s", strerror(errno));
	timeline_host("pins page %d (vmsplice into a pipe)", page);
}

static void unpin(int *pipes)
{
	char text[TEXT_MAX] = "";

	if (read(pipes[0], text, TEXT_MAX) != TEXT_MAX)
		die("cannot read the pipe: %s", strerror(errno));
	close(pipes[0]);
	close(pipes[1]);
	timeline_host("drains the pipe (\"%.*s\"): unpinned", TEXT_MAX, text);
}

void host_turn(struct vm *vm, int what, int page, int npages)
{
	static int pipes[2];
	char *mem = vm->mem + page * PAGE_SIZE;
	char text[TEXT_MAX];

	switch (what) {
	case HOST_READ:
		if (copy(vm, text, mem))
			timeline_host("reads page %d: \"%s\"", page, text);
		else
			timeline_host("reads page %d: SIGBUS", page);
		break;
	case HOST_WRITE:
		if (copy(vm, mem, "from host"))
			timeline_host("writes \"from host\" to page %d", page);
		else
			timeline_host("writes to page %d: SIGBUS", page);
		break;
	case HOST_MAP:
		show_map(vm);
		break;
	case HOST_DRY_RUN:
		convert(vm, true, page * PAGE_SIZE, npages * PAGE_SIZE, KVM_GMEM_CONVERT_DRY_RUN);
		break;
	case HOST_PIN:
		pin(mem, page, pipes);
		break;
	case HOST_UNPIN:
		unpin(pipes);
		break;
	case HOST_PUNCH:
		if (!fallocate(vm->gmem, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			       page * PAGE_SIZE, PAGE_SIZE))
			timeline_host("punches a hole: page %d is freed", page);
		else if (errno == EBUSY)	/* the guest holds it */
			timeline_host("punches a hole: EBUSY, page %d stays", page);
		else
			die("PUNCH_HOLE: %s", strerror(errno));
		break;
	case HOST_DEVICE_MAP:
	case HOST_DEVICE_READ:
	case HOST_DEVICE_WRITE:
		device_turn(vm, what, page);
		break;
	default:
		die("the guest wants the host to do %d", what);
	}
}
