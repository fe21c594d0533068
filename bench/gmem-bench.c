// SPDX-License-Identifier: GPL-2.0
/*
 * What a conversion costs, in place and the base kernel's way, on one kernel in
 * one boot. It is meant for a VM whose clock counts instructions (QEMU -icount
 * shift=0): then a nanosecond is an instruction, and a run can be repeated. The
 * first line says whether that is so. Results are lines "BENCH key=value ...";
 * report.sh makes the table, the plot and the verdicts from them.
 *
 * A round trip of a populated range, private to shared and back:
 *   convert  the call that changes the state: KVM_GMEM_CONVERT_* on the gmem,
 *            or KVM_SET_MEMORY_ATTRIBUTES
 *   discard  base only: free the pages of the backing that is no longer used,
 *            with PUNCH_HOLE on the gmem or MADV_DONTNEED on the shared memory
 *   touch    the host writes to each shared page
 *   fault    KVM_PRE_FAULT_MEMORY: every page is in the guest's page tables
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <linux/iommufd.h>
#include <linux/kvm.h>
#include <linux/membarrier.h>
#include <linux/vfio.h>

#ifndef GUEST_MEMFD_FLAG_CONVERTIBLE
#error "HDRS= must name the UAPI headers of a kernel with the gmem-dma series"
#endif

#define PAGE	4096ULL
#define KB(n)	((n) * 1024ULL)
#define MB(n)	KB(KB(n))
#define GB(n)	MB(KB(n))
#define TB(n)	GB(KB(n))

/* Where scripts/bench.sh puts the device. */
#define BENCH_DEVICE "0000:00:09.0"

/* Where the memory is in the guest's address space; 1 TiB fits before bit 48. */
#define GPA	TB(1)

enum way {
	INPLACE,	/* one backing: a convertible guest_memfd */
	BASE,		/* two backings: guest_memfd and anonymous memory, 4 KiB pages */
	BASE_THP,	/* the same, and the anonymous memory in huge pages */
	BLOCKS,		/* like INPLACE, in blocks of 2 MiB */
};

static const char *const way_name[] = { "inplace", "base", "base-thp", "inplace-2m" };

struct mem {
	enum way way;
	uint64_t size;
	int vm, vcpu, gmem;
	char *host;	/* the shared side in our address space */
};

static void die(const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	fputs("gmem-bench: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputs("\n", stderr);
	exit(1);
}

static int must(int ret, const char *what)
{
	if (ret < 0)
		die("%s: %s", what, strerror(errno));
	return ret;
}

/* The clock. */

static uint64_t now_cost;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static uint64_t since(uint64_t start)
{
	uint64_t t = now() - start;

	return t > now_cost ? t - now_cost : 0;
}

static void check_clock(void)
{
	const uint64_t insns = 20000000;
	uint64_t i, t, n = insns / 2;
	struct utsname u;

	for (i = 0, t = now(); i < 1000; i++)
		now();
	now_cost = (now() - t) / 1001;

	t = now();
	asm volatile("1: dec %0; jnz 1b" : "+r"(n));
	t = since(t);
	uname(&u);
	printf("BENCH test=clock kernel=%s lockdep=%d ns_per_1000_instructions=%lu read_cost=%lu\n",
	       u.release, !access("/proc/lockdep_stats", F_OK), t * 1000 / insns, now_cost);
}

/* Memory of a VM, in one of the three ways. */

static uint64_t gmem_flags(int vm)
{
	return must(ioctl(vm, KVM_CHECK_EXTENSION, KVM_CAP_GUEST_MEMFD_FLAGS),
		    "KVM_CAP_GUEST_MEMFD_FLAGS");
}

static int create_vm(void)
{
	int kvm = must(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
	int vm = must(ioctl(kvm, KVM_CREATE_VM, KVM_X86_SW_PROTECTED_VM),
		      "no VM with private memory (CONFIG_KVM_SW_PROTECTED_VM, EPT or NPT)");

	close(kvm);
	return vm;
}

static bool in_place(enum way way)
{
	return way == INPLACE || way == BLOCKS;
}

static void set_attributes(struct mem *m, uint64_t size, bool private)
{
	struct kvm_memory_attributes attr = {
		.address = GPA,
		.size = size,
		.attributes = private ? KVM_MEMORY_ATTRIBUTE_PRIVATE : 0,
	};

	must(ioctl(m->vm, KVM_SET_MEMORY_ATTRIBUTES, &attr), "KVM_SET_MEMORY_ATTRIBUTES");
}

static void gmem_convert(struct mem *m, uint64_t offset, uint64_t size, bool private)
{
	struct kvm_gmem_convert c = { .offset = offset, .size = size };

	if (ioctl(m->gmem, private ? KVM_GMEM_CONVERT_PRIVATE : KVM_GMEM_CONVERT_SHARED, &c))
		die("converting 0x%lx+0x%lx to %s: %s (reason %u at 0x%llx+0x%llx)", offset, size,
		    private ? "private" : "shared", strerror(errno), c.error_reason,
		    c.error_offset, c.error_size);
}

/* All private, nothing populated. */
static struct mem create_mem(enum way way, uint64_t size)
{
	struct mem m = { .way = way, .size = size, .vm = create_vm() };
	struct kvm_create_guest_memfd gmem = { .size = size };
	struct kvm_userspace_memory_region2 slot = {
		.flags = KVM_MEM_GUEST_MEMFD,
		.guest_phys_addr = GPA,
		.memory_size = size,
	};

	if (in_place(way))
		gmem.flags = GUEST_MEMFD_FLAG_CONVERTIBLE | GUEST_MEMFD_FLAG_MMAP;
	if (way == BLOCKS)
		gmem.flags |= GUEST_MEMFD_FLAG_HUGE_2M;
	m.gmem = must(ioctl(m.vm, KVM_CREATE_GUEST_MEMFD, &gmem), "KVM_CREATE_GUEST_MEMFD");

	/* Aligned as the guest's addresses, always in the same place, without neighbours. */
	m.host = mmap((void *)TB(16), size, PROT_READ | PROT_WRITE,
		      MAP_FIXED_NOREPLACE | MAP_NORESERVE |
		      (in_place(way) ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS),
		      in_place(way) ? m.gmem : -1, 0);
	must(m.host == MAP_FAILED ? -1 : 0, "mmap");
	if (!in_place(way))
		must(madvise(m.host, size, way == BASE ? MADV_NOHUGEPAGE : MADV_HUGEPAGE),
		     "madvise");

	slot.userspace_addr = (uintptr_t)m.host;
	slot.guest_memfd = m.gmem;
	must(ioctl(m.vm, KVM_SET_USER_MEMORY_REGION2, &slot), "KVM_SET_USER_MEMORY_REGION2");
	m.vcpu = must(ioctl(m.vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
	if (!in_place(way))
		set_attributes(&m, size, true);
	return m;
}

static void destroy_mem(struct mem *m)
{
	munmap(m->host, m->size);
	close(m->gmem);
	close(m->vcpu);
	close(m->vm);
}

/* The phases; each returns its cost. */

static uint64_t convert(struct mem *m, uint64_t size, bool private)
{
	uint64_t t = now();

	if (in_place(m->way))
		gmem_convert(m, 0, size, private);
	else
		set_attributes(m, size, private);
	return since(t);
}

static uint64_t discard(struct mem *m, bool private)
{
	uint64_t t = now();

	if (in_place(m->way))
		return 0;
	if (private)
		must(madvise(m->host, m->size, MADV_DONTNEED), "MADV_DONTNEED");
	else
		must(fallocate(m->gmem, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, m->size),
		     "PUNCH_HOLE");
	return since(t);
}

static uint64_t touch(struct mem *m)
{
	uint64_t t = now(), i;

	for (i = 0; i < m->size; i += PAGE)
		*(volatile char *)(m->host + i) = 1;
	return since(t);
}

static uint64_t fault_range(struct mem *m, uint64_t offset, uint64_t size)
{
	struct kvm_pre_fault_memory range = { .gpa = GPA + offset, .size = size };
	uint64_t t = now();

	while (range.size)
		if (ioctl(m->vcpu, KVM_PRE_FAULT_MEMORY, &range) && errno != EINTR && errno != EAGAIN)
			die("KVM_PRE_FAULT_MEMORY: %s", strerror(errno));
	return since(t);
}

static uint64_t fault(struct mem *m)
{
	return fault_range(m, 0, m->size);
}

/* The measurements. */

enum { S_CONVERT, S_DISCARD, S_TOUCH, S_FAULT, P_CONVERT, P_DISCARD, P_FAULT, COLUMNS };

static const char *const column[] = {
	"s_convert", "s_discard", "s_touch", "s_fault", "p_convert", "p_discard", "p_fault",
};

static void print_costs(const char *test, struct mem *m, uint64_t size, const uint64_t *sum, int reps)
{
	int i;

	printf("BENCH test=%s way=%s size=%lu", test, way_name[m->way], size);
	for (i = 0; i < COLUMNS; i++)
		printf(" %s=%lu", column[i], sum[i] / reps);
	printf("\n");
}

/* Populated: every page is there and mapped in the guest, and stays or is again. */
static void round_trip(enum way way, uint64_t size)
{
	struct mem m = create_mem(way, size);
	uint64_t sum[COLUMNS] = {};
	int reps = size <= MB(2) ? 4 : 1, rep;

	fault(&m);
	for (rep = size <= MB(32) ? -1 : 0; rep < reps; rep++) {
		if (!rep)	/* the first trip is a warm-up */
			memset(sum, 0, sizeof(sum));
		sum[S_CONVERT] += convert(&m, size, false);
		sum[S_DISCARD] += discard(&m, false);
		sum[S_TOUCH] += touch(&m);
		sum[S_FAULT] += fault(&m);
		sum[P_CONVERT] += convert(&m, size, true);
		sum[P_DISCARD] += discard(&m, true);
		sum[P_FAULT] += fault(&m);
	}
	print_costs("populated", &m, size, sum, reps);
	destroy_mem(&m);
}

static uint64_t vm_stat(struct mem *m, const char *name)
{
	int fd = must(ioctl(m->vm, KVM_GET_STATS_FD, NULL), "KVM_GET_STATS_FD");
	struct kvm_stats_desc *desc;
	struct kvm_stats_header h;
	uint64_t val = 0;
	size_t size, i;

	must(pread(fd, &h, sizeof(h), 0), "statistics");
	size = sizeof(*desc) + h.name_size;
	desc = malloc(size);
	for (i = 0; i < h.num_desc; i++) {
		must(pread(fd, desc, size, h.desc_offset + i * size), "statistics");
		if (!strcmp(desc->name, name))
			must(pread(fd, &val, sizeof(val), h.data_offset + desc->offset), name);
	}
	free(desc);
	close(fd);
	return val;
}

/* Page tables of VMs and IOMMUs, in bytes. */
static uint64_t page_tables(void)
{
	char line[128];
	uint64_t kb = 0;
	FILE *f = fopen("/proc/meminfo", "r");

	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "SecPageTables: %lu", &kb);
	if (f)
		fclose(f);
	return KB(kb);
}

/* The first access to memory that nobody has used yet, by a vCPU. */
static void first_access(enum way way, uint64_t size)
{
	struct mem m = create_mem(way, size);
	uint64_t tables, cost;

	/* The upper levels of the page tables, of memory that isn't counted. */
	fault_range(&m, 0, MB(2));
	tables = page_tables();
	cost = fault_range(&m, MB(2), size - MB(2));
	printf("BENCH test=first_access way=%s size=%lu cost=%lu tables=%lu pages_2m=%lu pages_4k=%lu\n",
	       way_name[way], size - MB(2), cost, page_tables() - tables,
	       vm_stat(&m, "pages_2m"), vm_stat(&m, "pages_4k"));
	destroy_mem(&m);
}

/* A page in the middle of 2 MiB that are private and mapped, there and back. */
static uint64_t page_trip(struct mem *m)
{
	const uint64_t offset = 100 * PAGE;
	uint64_t t = now();

	gmem_convert(m, offset, PAGE, false);
	*(volatile char *)(m->host + offset) = 1;
	fault_range(m, offset, PAGE);
	gmem_convert(m, offset, PAGE, true);
	fault_range(m, offset, PAGE);
	return since(t);
}

static void one_page(enum way way)
{
	struct mem m = create_mem(way, MB(2));
	uint64_t first, repeated = 0;
	int i;

	/* What it takes to map anything here, e.g. the host's page tables. */
	gmem_convert(&m, 0, MB(2), false);
	touch(&m);
	gmem_convert(&m, 0, MB(2), true);
	fault(&m);
	first = page_trip(&m);
	for (i = 0; i < 8; i++)
		repeated += page_trip(&m) / 8;
	printf("BENCH test=one_page way=%s first=%lu repeated=%lu\n", way_name[way], first,
	       repeated);
	destroy_mem(&m);
}

/* Nothing populated: the calls alone, in one slot of slot_size. */
static void empty(enum way way, uint64_t slot_size, const uint64_t *sizes)
{
	struct mem m = create_mem(way, slot_size);
	int reps, rep;

	for (; *sizes && *sizes <= slot_size; sizes++) {
		uint64_t sum[COLUMNS] = {};

		reps = way == INPLACE || *sizes <= MB(32) ? 4 : 1;
		for (rep = -1; rep < reps; rep++) {
			if (!rep)
				memset(sum, 0, sizeof(sum));
			sum[S_CONVERT] += convert(&m, *sizes, false);
			sum[P_CONVERT] += convert(&m, *sizes, true);
		}
		print_costs("empty", &m, *sizes, sum, reps);
	}
	destroy_mem(&m);
}

/* Bytes in maple tree nodes, after all that waits for RCU has been freed. */
static uint64_t tree_bytes(const char **source)
{
	unsigned long objects, total, size, bytes = 0;
	char line[256];
	FILE *f;

	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	sleep(10);	/* batches of freed nodes wait up to 5 s for more */
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	sleep(1);

	*source = "slabinfo";
	f = fopen("/proc/slabinfo", "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "maple_node %lu %lu %lu", &objects, &total, &size) == 3)
			bytes = objects * size;
	if (f)
		fclose(f);
	if (bytes)
		return bytes;

	*source = "meminfo";
	f = fopen("/proc/meminfo", "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Slab: %lu kB", &size) == 1)
			bytes = KB(size);
	if (f)
		fclose(f);
	return bytes;
}

/* Every second page, one call each: the tree grows to two runs per call. */
static void alternate(uint64_t size, bool random)
{
	uint64_t calls = size / PAGE / 2, i, j, t, from, seed = 1, before, after = 0, end;
	const char *order = random ? "random" : "ascending", *source;
	uint32_t *page = malloc(calls * sizeof(*page)), swap;
	struct mem m = create_mem(INPLACE, size);
	int back;

	if (!page)
		die("out of memory");
	for (i = 0; i < calls; i++)
		page[i] = 2 * i;
	for (i = calls - 1; random && i > 0; i--) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		j = (seed >> 33) % (i + 1);
		swap = page[i];
		page[i] = page[j];
		page[j] = swap;
	}

	before = tree_bytes(&source);
	for (back = 0; back < 2; back++) {
		for (i = 0, from = 0; i < calls; from = i) {
			uint64_t to = from ? 2 * from : 16;

			if (to > calls)
				to = calls;
			for (t = now(); i < to; i++)
				gmem_convert(&m, page[i] * PAGE, PAGE, back);
			printf("BENCH test=alternate order=%s to=%s from=%lu calls=%lu per_call=%lu\n",
			       order, back ? "private" : "shared", from, to - from,
			       since(t) / (to - from));
		}
		if (!back)
			after = tree_bytes(&source);
	}
	end = tree_bytes(&source);
	printf("BENCH test=tree order=%s runs=%lu bytes=%ld bytes_when_merged=%ld source=%s\n",
	       order, 2 * calls, after - before, end - before, source);
	free(page);
	destroy_mem(&m);
}

/* Make every second page shared, the first one of them first. */
static void fragment(struct mem *m, uint64_t size)
{
	uint64_t i;

	for (i = 0; i < size; i += 2 * PAGE)
		gmem_convert(m, i, PAGE, false);
}

/* One call over pages of which every second one changes. */
static void fragmented(uint64_t size, bool populated)
{
	struct mem m = create_mem(INPLACE, size);
	uint64_t i, cost, refault;
	int private;

	for (private = 1; private >= 0; private--) {
		fragment(&m, size);
		if (populated) {
			for (i = 0; private && i < size; i += 2 * PAGE)
				*(volatile char *)(m.host + i) = 1;
			fault(&m);
		}
		cost = convert(&m, size, private);
		refault = populated ? fault(&m) : 0;
		printf("BENCH test=fragmented populated=%d to=%s runs=%llu cost=%lu refault=%lu\n",
		       populated, private ? "private" : "shared", size / PAGE, cost, refault);
		convert(&m, size, true);
	}
	destroy_mem(&m);
}

static void on_signal(int nr)
{
	(void)nr;
}

/* Conversions of populated memory, with and without signals. */
static void signals(uint64_t size, int reps)
{
	struct itimerval every_ms = { { 0, 1000 }, { 0, 1000 } }, never = {};
	struct sigaction action = { .sa_handler = on_signal };
	struct mem m = create_mem(INPLACE, size);
	uint64_t t, cost[2];
	int rep, timer;

	must(sigaction(SIGALRM, &action, NULL), "sigaction");
	fault(&m);
	for (timer = 0; timer < 2; timer++) {
		if (timer)
			must(setitimer(ITIMER_REAL, &every_ms, NULL), "setitimer");
		/* Ends if one fails. */
		for (t = now(), rep = 0; rep < reps; rep++)
			gmem_convert(&m, 0, size, rep & 1);
		cost[timer] = since(t);
		must(setitimer(ITIMER_REAL, &never, NULL), "setitimer");
	}
	printf("BENCH test=signals size=%lu conversions=%d alone=%lu signals=%lu\n",
	       size, reps, cost[0], cost[1]);
	destroy_mem(&m);
}

/*
 * Somebody else who accesses other pages of a file of which a part is converted, for
 * whom nothing but the conversion stands in the way: with one CPU, a thread of higher
 * priority runs whenever it doesn't have to wait for a lock. So does the one that
 * converts, whenever the other one waits: otherwise, whoever has the CPU next, e.g. to
 * free what RCU kept, would be what is waited for.
 */
static void set_priority(int policy, int priority)
{
	struct sched_param param = { .sched_priority = priority };

	must(-pthread_setschedparam(pthread_self(), policy, &param), "pthread_setschedparam");
}

/* Convert all of it at a stretch, while others measure how long they wait. */
static uint64_t convert_beside(struct mem *m, uint64_t size, bool private, bool *stop)
{
	uint64_t cost;

	set_priority(SCHED_FIFO, 5);
	cost = now();
	gmem_convert(m, 0, size, private);
	cost = since(cost);
	set_priority(SCHED_OTHER, 0);
	__atomic_store_n(stop, true, __ATOMIC_SEQ_CST);
	return cost;
}

#define ELSEWHERE	MB(128)	/* shared, and as much private memory behind */
#define STRIDE		16	/* pages that one fault of the host maps */

enum { W_FAULT, W_HOST, W_QUERY, W_MMAP, W_LOOKUP, WAITERS };

static const char *const waiter[] = { "fault", "host", "query", "mmap", "lookup" };

struct stall {
	struct mem *m;
	uint64_t size;		/* of the part that is converted */
	bool device;
	bool inside;
	bool stop;
	uint64_t longest[WAITERS];
	unsigned long count;
};

static void look_up(struct mem *m, uint64_t offset);

static void one_access(struct stall *s, int what, uint64_t page)
{
	struct kvm_gmem_query query = { .offset = s->size };
	struct kvm_pre_fault_memory range = {
		.gpa = GPA + s->size + ELSEWHERE + page * PAGE, .size = PAGE,
	};
	uint64_t t = now();
	void *p;

	switch (what) {
	case W_FAULT:
		must(ioctl(s->m->vcpu, KVM_PRE_FAULT_MEMORY, &range), "KVM_PRE_FAULT_MEMORY");
		break;
	case W_HOST:
		*(volatile char *)(s->m->host + s->size + page * STRIDE * PAGE) = 1;
		break;
	case W_QUERY:
		must(ioctl(s->m->gmem, KVM_GMEM_QUERY, &query), "KVM_GMEM_QUERY");
		break;
	case W_MMAP:
		p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		must(p == MAP_FAILED ? -1 : munmap(p, PAGE), "mmap");
		break;
	case W_LOOKUP:
		if (s->device)
			look_up(s->m, s->size + page * PAGE);
		break;
	}
	t = since(t);
	if (t > s->longest[what])
		s->longest[what] = t;
}

static void *wait_elsewhere(void *arg)
{
	const struct timespec pause = { .tv_nsec = 400000 };
	struct stall *s = arg;
	int what;

	set_priority(SCHED_FIFO, 10);
	while (!__atomic_load_n(&s->stop, __ATOMIC_SEQ_CST) && s->count < ELSEWHERE / PAGE / STRIDE) {
		for (what = 0; what < WAITERS; what++)
			one_access(s, what, s->count);
		__atomic_store_n(&s->count, s->count + 1, __ATOMIC_SEQ_CST);
		nanosleep(&pause, NULL);
	}
	return NULL;
}

/* Waits until the memory is shared, which must not keep others from mmap_lock. */
static void *wait_inside(void *arg)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	struct stall *s = arg;

	set_priority(SCHED_FIFO, 7);
	__atomic_store_n(&s->inside, true, __ATOMIC_SEQ_CST);
	nanosleep(&pause, NULL);
	*(volatile char *)(s->m->host + s->size / 2) = 1;
	return NULL;
}

static void map_follow(struct mem *m, uint64_t size);
static void unmap_follow(uint64_t size);

static void stall(uint64_t size, bool runs, bool device, bool follow)
{
	struct mem m = create_mem(INPLACE, size + 2 * ELSEWHERE);
	uint64_t cost;
	pthread_t thread, inside;
	int private, i;

	gmem_convert(&m, size, ELSEWHERE, false);
	for (private = 0; private < 2; private++) {
		struct stall s = { .m = &m, .size = size, .device = device };
		struct kvm_pre_fault_memory range = { .gpa = GPA, .size = size };

		/*
		 * Elsewhere, pages and page tables are there, only the last entry is
		 * missing: to allocate memory takes up to 300,000 instructions, and
		 * has nothing to do with a conversion.
		 */
		must(fallocate(m.gmem, FALLOC_FL_KEEP_SIZE, size, 2 * ELSEWHERE), "fallocate");
		for (cost = 0; cost < ELSEWHERE; cost += MB(2)) {
			struct kvm_pre_fault_memory table = {
				.gpa = GPA + size + ELSEWHERE + cost + MB(2) - PAGE, .size = PAGE,
			};

			*(volatile char *)(m.host + size + cost + MB(2) - PAGE) = 1;
			must(ioctl(m.vcpu, KVM_PRE_FAULT_MEMORY, &table), "KVM_PRE_FAULT_MEMORY");
		}

		/* Start from the other state, and every page mapped. */
		gmem_convert(&m, 0, size, !private);
		for (cost = 0; runs && cost < size; cost += 2 * PAGE)
			gmem_convert(&m, cost, PAGE, private);
		while (range.size)
			must(ioctl(m.vcpu, KVM_PRE_FAULT_MEMORY, &range), "KVM_PRE_FAULT_MEMORY");
		if (follow)
			map_follow(&m, size);

		must(-pthread_create(&thread, NULL, wait_elsewhere, &s), "pthread_create");
		if (!private)
			must(-pthread_create(&inside, NULL, wait_inside, &s), "pthread_create");
		while (!__atomic_load_n(&s.count, __ATOMIC_SEQ_CST) ||
		       (!private && !__atomic_load_n(&s.inside, __ATOMIC_SEQ_CST)))
			sched_yield();
		cost = convert_beside(&m, size, private, &s.stop);
		pthread_join(thread, NULL);
		if (!private)
			pthread_join(inside, NULL);

		printf("BENCH test=stall size=%lu runs=%d follow=%d to=%s cost=%lu accesses=%lu",
		       size, runs, follow, private ? "private" : "shared", cost, s.count);
		for (i = 0; i < WAITERS; i++)
			printf(" %s=%lu", waiter[i], s.longest[i]);
		printf("\n");
		if (follow)
			unmap_follow(size);
		must(fallocate(m.gmem, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, size, 2 * ELSEWHERE),
		     "PUNCH_HOLE");
	}
	destroy_mem(&m);
}

/*
 * A vCPU that accesses the range while it is converted, and thus can't go on, and that
 * somebody wants out of KVM_RUN; and somebody who changes other memslots of the VM.
 */
#define LOW_SIZE	KB(16)	/* the vCPU's code and page tables, not of guest_memfd */
#define OTHER_SLOT	MB(1)	/* where the other memslot comes and goes */
#define VIRT		GB(512)	/* where the vCPU sees the range */

struct stop {
	struct mem *m;
	uint64_t size;		/* of the part that is converted */
	int vcpu, run_size;
	struct kvm_run *run;
	char *low, *other;
	sem_t go, out;
	bool stop;		/* of who waits, who then tells the vCPU's thread */
	bool quit;
	bool through;		/* the vCPU could access its page meanwhile */
	uint64_t left;		/* when the vCPU was out of KVM_RUN */
	uint64_t memslot, signal;
	bool runs;
	unsigned long changes, stopped;
};

/* Of the vCPU's thread. */
static struct kvm_run *interrupted;
static volatile sig_atomic_t kicked;

static void on_kick(int nr)
{
	(void)nr;
	kicked = 1;
	interrupted->immediate_exit = 1;
}

static void set_slot(struct mem *m, int slot, uint64_t gpa, void *host, uint64_t size)
{
	struct kvm_userspace_memory_region2 region = {
		.slot = slot,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)host,
	};

	must(ioctl(m->vm, KVM_SET_USER_MEMORY_REGION2, &region), "KVM_SET_USER_MEMORY_REGION2");
}

static void *map_anonymous(uint64_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(p == MAP_FAILED ? -1 : 0, "mmap");
	return p;
}

/* A second vCPU, in long mode, that reads the byte in the middle of the range for ever. */
static void create_reader(struct stop *s)
{
	static const uint8_t code[] = {
		0x8a, 0x06,	/* mov (%rsi),%al */
		0xe6, 0x10,	/* out %al,$0x10 */
		0xeb, 0xfa,	/* jmp to the first */
	};
	struct kvm_segment seg = { .type = 3, .present = 1, .s = 1, .db = 1, .g = 1, .limit = ~0u };
	/* Of every two pages, it's the second one that changes. */
	struct kvm_regs regs = {
		.rflags = 2, .rsi = VIRT + s->size / 2 + (s->runs ? PAGE : 0),
	};
	int kvm = must(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
	struct kvm_cpuid2 *cpuid;
	struct kvm_sregs sregs;
	uint64_t *low, i;

	s->low = map_anonymous(LOW_SIZE);
	memcpy(s->low, code, sizeof(code));
	low = (void *)(s->low + 0x1000);
	low[0] = 0x2003;			/* PML4: code in pages of 1 GiB, */
	low[VIRT / GB(512)] = 0x3003;		/* and the range */
	low = (void *)(s->low + 0x2000);
	low[0] = 0x83;
	low = (void *)(s->low + 0x3000);
	for (i = 0; i < 512; i++)
		low[i] = (GPA + i * GB(1)) | 0x83;
	set_slot(s->m, 1, 0, s->low, LOW_SIZE);

	s->vcpu = must(ioctl(s->m->vm, KVM_CREATE_VCPU, 1), "KVM_CREATE_VCPU");
	s->run_size = must(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");
	s->run = mmap(NULL, s->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, s->vcpu, 0);
	must(s->run == MAP_FAILED ? -1 : 0, "mmap");

	/* Long mode is a feature. */
	cpuid = calloc(1, sizeof(*cpuid) + 100 * sizeof(cpuid->entries[0]));
	cpuid->nent = 100;
	must(ioctl(kvm, KVM_GET_SUPPORTED_CPUID, cpuid), "KVM_GET_SUPPORTED_CPUID");
	must(ioctl(s->vcpu, KVM_SET_CPUID2, cpuid), "KVM_SET_CPUID2");
	free(cpuid);
	close(kvm);

	must(ioctl(s->vcpu, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	sregs.ds = sregs.es = sregs.ss = seg;
	seg.type = 11;
	seg.db = 0;
	seg.l = 1;
	sregs.cs = seg;
	sregs.cr0 = 0x80000011;
	sregs.cr3 = 0x1000;
	sregs.cr4 = 0x20;
	sregs.efer = 0x500;
	must(ioctl(s->vcpu, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
	must(ioctl(s->vcpu, KVM_SET_REGS, &regs), "KVM_SET_REGS");
}

/* Runs the vCPU, whenever it is told to, until a signal comes. */
static void *run_reader(void *arg)
{
	struct stop *s = arg;

	set_priority(SCHED_FIFO, 7);
	for (;;) {
		sem_wait(&s->go);
		if (s->quit)
			return NULL;
		s->through = false;
		while (!kicked) {
			if (!ioctl(s->vcpu, KVM_RUN, 0)) {
				if (s->run->exit_reason != KVM_EXIT_IO)
					die("KVM_RUN: exit reason %u", s->run->exit_reason);
				s->through = true;
			} else if (errno != EINTR) {
				die("KVM_RUN: %s", strerror(errno));
			}
		}
		s->left = now();
		kicked = 0;
		s->run->immediate_exit = 0;
		sem_post(&s->out);
	}
}

static uint64_t change_slot(struct stop *s, bool there)
{
	uint64_t t = now();

	set_slot(s->m, 2, OTHER_SLOT, s->other, there ? KB(16) : 0);
	return since(t);
}

struct stopper {
	struct stop *s;
	pthread_t reader;
};

static void *wait_others(void *arg)
{
	const struct timespec pause = { .tv_nsec = 300000 }, running = { .tv_nsec = 100000 };
	struct stopper *p = arg;
	struct stop *s = p->s;
	uint64_t t;

	set_priority(SCHED_FIFO, 10);
	while (!__atomic_load_n(&s->stop, __ATOMIC_SEQ_CST)) {
		t = change_slot(s, !(s->changes & 1));
		if (t > s->memslot)
			s->memslot = t;
		__atomic_store_n(&s->changes, s->changes + 1, __ATOMIC_SEQ_CST);

		/* Long enough to fault, and to be where it is when it can't go on. */
		sem_post(&s->go);
		nanosleep(&running, NULL);
		t = now();
		must(-pthread_kill(p->reader, SIGUSR1), "pthread_kill");
		sem_wait(&s->out);
		if (!s->through) {
			t = s->left - t;
			if (t > s->signal)
				s->signal = t;
			s->stopped++;
		}
		nanosleep(&pause, NULL);
	}
	if (s->changes & 1)
		change_slot(s, false);
	s->quit = true;
	sem_post(&s->go);
	return NULL;
}

/*
 * A memslot that goes away waits for readers of SRCU, i.e. for kernel threads which
 * tell that there are none.  They must not have to wait for the CPU: with one, they
 * would get it when the conversion is over.
 */
static void raise_kernel_threads(void)
{
	struct sched_param param = { .sched_priority = 8 };
	char name[32];
	size_t i;
	glob_t found;
	FILE *f;

	if (glob("/proc/[0-9]*/comm", 0, NULL, &found))
		die("/proc isn't there");
	for (i = 0; i < found.gl_pathc; i++) {
		f = fopen(found.gl_pathv[i], "r");
		if (f && fgets(name, sizeof(name), f) &&
		    (!strncmp(name, "kworker/", 8) || !strncmp(name, "rcu_", 4)))
			sched_setscheduler(atoi(found.gl_pathv[i] + strlen("/proc/")),
					   SCHED_FIFO, &param);
		if (f)
			fclose(f);
	}
	globfree(&found);
}

/* All of the range in one state, or every second page, and mapped in the guest. */
static void start_from(struct mem *m, uint64_t size, bool private, bool runs)
{
	struct kvm_pre_fault_memory range = { .gpa = GPA, .size = size };
	uint64_t i;

	gmem_convert(m, 0, size, private);
	for (i = 0; runs && i < size; i += 2 * PAGE)
		gmem_convert(m, i, PAGE, !private);
	while (range.size)
		must(ioctl(m->vcpu, KVM_PRE_FAULT_MEMORY, &range), "KVM_PRE_FAULT_MEMORY");
}

static void stops(uint64_t size, bool runs)
{
	struct sigaction action = { .sa_handler = on_kick };
	struct mem m = create_mem(INPLACE, size);
	struct stop s = { .m = &m, .size = size, .runs = runs };
	struct stopper stopper = { .s = &s };
	uint64_t cost, alone = 0, i;
	pthread_t thread;
	int private;

	s.other = map_anonymous(KB(16));
	create_reader(&s);
	interrupted = s.run;
	must(sigaction(SIGUSR1, &action, NULL), "sigaction");
	raise_kernel_threads();
	for (i = 0; i < 8; i++) {
		cost = change_slot(&s, !(i & 1));
		if (cost > alone)
			alone = cost;
	}

	for (private = 0; private < 2; private++) {
		s.memslot = s.signal = s.changes = s.stopped = 0;
		s.stop = s.quit = false;
		start_from(&m, size, !private, runs);
		must(sem_init(&s.go, 0, 0), "sem_init");
		must(sem_init(&s.out, 0, 0), "sem_init");
		must(-pthread_create(&stopper.reader, NULL, run_reader, &s), "pthread_create");
		must(-pthread_create(&thread, NULL, wait_others, &stopper), "pthread_create");
		while (!__atomic_load_n(&s.changes, __ATOMIC_SEQ_CST))
			sched_yield();
		cost = convert_beside(&m, size, private, &s.stop);
		pthread_join(thread, NULL);
		pthread_join(stopper.reader, NULL);
		printf("BENCH test=stop size=%lu runs=%d to=%s cost=%lu alone=%lu changes=%lu memslot=%lu stopped=%lu signal=%lu\n",
		       size, runs, private ? "private" : "shared", cost, alone, s.changes,
		       s.memslot, s.stopped, s.signal);
	}
	munmap(s.run, s.run_size);
	close(s.vcpu);
	munmap(s.low, LOW_SIZE);
	munmap(s.other, KB(16));
	destroy_mem(&m);
}

/*
 * SIGKILL of a process that converts, after a part of the time that it takes: how long
 * until it is gone, and what it has left.  All of the range is mapped, in the guest and,
 * if it is shared, in the host.
 */
static void kills(uint64_t size)
{
	struct mem m = create_mem(INPLACE, size);
	struct timespec pause;
	uint64_t cost, t, rest;
	int private, point, status;
	pid_t child;

	for (private = 0; private < 2; private++) {
		for (cost = 0, point = 0; point < 8; point++) {
			struct kvm_gmem_query query = {};

			start_from(&m, size, !private, false);
			if (private)
				touch(&m);
			if (!point) {
				set_priority(SCHED_FIFO, 5);
				cost = convert(&m, size, private);
				set_priority(SCHED_OTHER, 0);
				continue;
			}

			/* Both at once: the child begins when we sleep. */
			set_priority(SCHED_FIFO, 10);
			child = must(fork(), "fork");
			if (!child) {
				set_priority(SCHED_FIFO, 5);
				convert(&m, size, private);
				_exit(0);
			}
			pause = (struct timespec) {
				.tv_sec = cost * point / 8 / 1000000000,
				.tv_nsec = cost * point / 8 % 1000000000,
			};
			nanosleep(&pause, NULL);
			t = now();
			must(kill(child, SIGKILL), "kill");
			must(waitpid(child, &status, 0), "waitpid");
			rest = since(t);
			set_priority(SCHED_OTHER, 0);

			must(ioctl(m.gmem, KVM_GMEM_QUERY, &query), "KVM_GMEM_QUERY");
			if (query.size != size)
				die("a conversion that was killed has changed 0x%llx of 0x%lx bytes",
				    query.size, size);
			printf("BENCH test=kill size=%lu to=%s cost=%lu point=%d killed=%d done=%d rest=%lu\n",
			       size, private ? "private" : "shared", cost, point, WIFSIGNALED(status),
			       query.state == (private ? KVM_GMEM_PRIVATE : KVM_GMEM_SHARED), rest);
		}
	}
	destroy_mem(&m);
}

#ifdef IOMMU_IOAS_MAP_GMEM
/*
 * Devices: the first PCI device that can be had, behind a real IOMMU driver. It
 * doesn't do anything, but without it there is no I/O page table.
 */
#define NR_OTHERS	64	/* users of other ranges */

static int iommufd = -1;
static uint32_t ioas;

static void write_file(const char *dir, const char *name, const char *value)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = must(open(path, O_WRONLY | O_TRUNC), path);
	must(write(fd, value, strlen(value)), path);
	close(fd);
}

/* Bind a device to vfio-pci and to an iommufd; false if there is none. */
static bool open_device(const char *device)
{
	struct vfio_device_bind_iommufd bind = { .argsz = sizeof(bind) };
	struct vfio_device_attach_iommufd_pt attach = { .argsz = sizeof(attach) };
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	const char *slash;
	char path[512];
	glob_t found;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", device);
	if (access(path, F_OK))
		return false;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", device);
	write_file(path, "driver_override", "vfio-pci");
	write_file("/sys/bus/pci", "drivers_probe", device);

	strcat(path, "/vfio-dev/vfio*");
	if (glob(path, 0, NULL, &found))
		die("%s isn't bound to vfio-pci", device);
	slash = strrchr(found.gl_pathv[0], '/');
	snprintf(path, sizeof(path), "/dev/vfio/devices%s", slash);
	globfree(&found);

	fd = must(open(path, O_RDWR), path);
	iommufd = must(open("/dev/iommu", O_RDWR), "/dev/iommu");
	bind.iommufd = iommufd;
	must(ioctl(fd, VFIO_DEVICE_BIND_IOMMUFD, &bind), "VFIO_DEVICE_BIND_IOMMUFD");
	must(ioctl(iommufd, IOMMU_IOAS_ALLOC, &alloc), "IOMMU_IOAS_ALLOC");
	ioas = alloc.out_ioas_id;
	attach.pt_id = ioas;
	must(ioctl(fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach), "VFIO_DEVICE_ATTACH_IOMMUFD_PT");
	return true;
}

#define RW	(IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_WRITEABLE | IOMMU_IOAS_MAP_READABLE)
#define IOVA	GB(4)

static uint64_t map_memfd(int fd, uint64_t size)
{
	struct iommu_ioas_map_file map = {
		.size = sizeof(map), .flags = RW, .ioas_id = ioas, .fd = fd,
		.length = size, .iova = IOVA,
	};
	uint64_t t = now();

	must(ioctl(iommufd, IOMMU_IOAS_MAP_FILE, &map), "IOMMU_IOAS_MAP_FILE");
	return since(t);
}

static uint64_t map_gmem(struct mem *m, uint64_t offset, uint64_t size)
{
	struct iommu_ioas_map_gmem map = {
		.size = sizeof(map), .flags = RW, .ioas_id = ioas, .fd = m->gmem,
		.start = offset, .length = size, .iova = IOVA + offset,
	};
	uint64_t t = now();

	must(ioctl(iommufd, IOMMU_IOAS_MAP_GMEM, &map), "IOMMU_IOAS_MAP_GMEM");
	return since(t);
}

static uint64_t unmap(uint64_t offset, uint64_t size)
{
	struct iommu_ioas_unmap unmap = {
		.size = sizeof(unmap), .ioas_id = ioas, .iova = IOVA + offset, .length = size,
	};
	uint64_t t = now();

	must(ioctl(iommufd, IOMMU_IOAS_UNMAP, &unmap), "IOMMU_IOAS_UNMAP");
	return since(t);
}

/*
 * Allocate all pages of a mapping. Those that are next to each other are so in
 * physical memory as well, or almost none of them: returns which, as it came out.
 */
static const char *touch_pages(char *p, uint64_t size, bool scattered)
{
	uint64_t nr = size / PAGE, nr_adjacent = 0, i, entry, last = 0;
	int fd = must(open("/proc/self/pagemap", O_RDONLY), "/proc/self/pagemap");

	/* An odd number, i.e. all of the power of two that nr is are visited. */
	for (i = 0; i < nr; i++)
		*(volatile char *)(p + (scattered ? i * 1237 % nr : i) * PAGE) = 1;

	for (i = 0; i < nr; i++) {
		must(pread(fd, &entry, sizeof(entry), ((uintptr_t)p / PAGE + i) * sizeof(entry)),
		     "/proc/self/pagemap");
		entry &= (1ull << 55) - 1;
		nr_adjacent += i && entry == last + 1;
		last = entry;
	}
	close(fd);
	return nr_adjacent > nr / 10 * 9 ? "contiguous" :
	       nr_adjacent < nr / 10 ? "scattered" : "mixed";
}

/*
 * Map and unmap what is there: pinned, and not pinned. The second time counts. How
 * much an IOMMU driver can do in one go depends on which pages are neighbours.
 */
static void device_map(enum way way, uint64_t size, bool scattered)
{
	struct mem m = create_mem(way, size);
	uint64_t map = 0, unmapped = 0;
	const char *layout = way == BLOCKS ? "blocks" : scattered ? "scattered" : "contiguous", *found;
	char *p;
	int fd, rep;

	fd = must(memfd_create("bench", MFD_CLOEXEC), "memfd_create");
	must(ftruncate(fd, size), "ftruncate");
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(p == MAP_FAILED ? -1 : 0, "mmap");
	must(madvise(p, size, MADV_NOHUGEPAGE), "madvise");
	gmem_convert(&m, 0, size, false);

	/* Makes neighbours of what CPUs keep for themselves, and is free, too. */
	write_file("/proc/sys/vm", "compact_memory", "1");
	found = touch_pages(p, size, scattered);
	for (rep = 0; rep < 2; rep++) {
		map = map_memfd(fd, size);
		unmapped = unmap(0, size);
	}
	printf("BENCH test=device_map layout=%s found=%s way=memfd size=%lu map=%lu unmap=%lu\n",
	       layout, found, size, map, unmapped);
	found = touch_pages(m.host, size, scattered);
	for (rep = 0; rep < 2; rep++) {
		map = map_gmem(&m, 0, size);
		unmapped = unmap(0, size);
	}
	printf("BENCH test=device_map layout=%s found=%s way=gmem size=%lu map=%lu unmap=%lu\n",
	       layout, found, size, map, unmapped);
	munmap(p, size);
	close(fd);
	destroy_mem(&m);
}

/* How many IOTLB flushes the kernel has traced since the last call. */
static long count_flushes(bool start)
{
	static const char dir[] = "/sys/kernel/tracing";
	char line[512];
	long n = 0;
	FILE *f;

	if (access("/sys/kernel/tracing/events/intel_iommu/cache_tag_flush_range", F_OK))
		return -1;
	if (start) {
		write_file(dir, "trace", "");
		write_file(dir, "events/intel_iommu/cache_tag_flush_range/enable", "1");
		return 0;
	}
	write_file(dir, "events/intel_iommu/cache_tag_flush_range/enable", "0");
	f = fopen("/sys/kernel/tracing/trace", "r");
	while (f && fgets(line, sizeof(line), f))
		n += line[0] != '#' && strstr(line, "cache_tag_flush_range:");
	if (f)
		fclose(f);
	return n;
}

/*
 * Conversion of populated memory, guest page tables filled, while devices have it
 * mapped (mapped), or have pages next to it (others).
 */
static void device_convert(enum way way, uint64_t size, bool mapped, int others)
{
	struct mem m = create_mem(way, size + NR_OTHERS * PAGE);
	uint64_t shared = 0, private = 0;
	long flushes;
	int i, rep;

	gmem_convert(&m, 0, m.size, false);
	touch(&m);
	if (mapped)
		map_gmem(&m, 0, size);
	for (i = 0; i < others; i++)
		map_gmem(&m, size + i * PAGE, PAGE);
	for (rep = 0; rep < 2; rep++) {
		fault(&m);
		private = convert(&m, size, true);
		fault(&m);
		shared = convert(&m, size, false);
	}

	count_flushes(true);
	gmem_convert(&m, 0, size, true);
	flushes = count_flushes(false);

	printf("BENCH test=device_convert way=%s size=%lu mapped=%d others=%d to_private=%lu to_shared=%lu flushes=%ld\n",
	       way_name[way], size, mapped, others, private, shared, flushes);
	if (mapped)
		unmap(0, size);
	for (i = 0; i < others; i++)
		unmap(size + i * PAGE, PAGE);
	destroy_mem(&m);
}

/* Above all that is mapped otherwise. */
static void look_up(struct mem *m, uint64_t offset)
{
	map_gmem(m, offset, PAGE);
	unmap(offset, PAGE);
}

static void map_follow(struct mem *m, uint64_t size)
{
	map_gmem(m, 0, size);
}

static void unmap_follow(uint64_t size)
{
	unmap(0, size);
}

static bool devices(bool quick, bool blocks)
{
	if (!open_device(BENCH_DEVICE)) {
		printf("BENCH test=no_device\n");
		return false;
	}

	device_map(INPLACE, MB(2), false);
	device_map(INPLACE, MB(2), true);
	device_map(INPLACE, quick ? MB(8) : MB(256), false);
	device_map(INPLACE, quick ? MB(8) : MB(256), true);
	device_convert(INPLACE, MB(2), false, 0);
	device_convert(INPLACE, MB(2), false, NR_OTHERS);
	device_convert(INPLACE, MB(2), true, 0);
	device_convert(INPLACE, MB(2), true, NR_OTHERS);
	if (blocks) {
		device_map(BLOCKS, quick ? MB(8) : MB(256), false);
		device_convert(BLOCKS, MB(2), false, 0);
		device_convert(BLOCKS, MB(2), true, 0);
	}
	return true;
}
#else
static void look_up(struct mem *m, uint64_t offset)
{
	(void)m;
	(void)offset;
}

static void map_follow(struct mem *m, uint64_t size)
{
	(void)m;
	(void)size;
}

static void unmap_follow(uint64_t size)
{
	(void)size;
}

static bool devices(bool quick, bool blocks)
{
	(void)quick;
	(void)blocks;
	return false;
}
#endif

static void stalls(const uint64_t *size, bool device)
{
	for (; *size; size++) {
		stall(*size, false, device, false);
		stall(*size, true, device, false);
		if (device) {
			stall(*size, false, device, true);
			stall(*size, true, device, true);
		}
	}
}

/* Without --only, everything is measured. */
static const char *only;

static bool wanted(const char *test)
{
	return !only || !strcmp(only, test);
}

int main(int argc, char **argv)
{
	static const uint64_t full[] = { KB(4), KB(64), MB(2), MB(32), GB(1), 0 };
	static const uint64_t quick[] = { KB(4), KB(64), MB(2), MB(8), 0 };
	static const uint64_t huge[] = { KB(4), KB(64), MB(2), MB(32), GB(1), GB(32), TB(1), 0 };
	const uint64_t *sizes = full, *size;
	static const uint64_t few[] = { MB(8), 0 }, many[] = { MB(64), MB(256), GB(1), 0 };
	bool inplace, blocks, device = false;
	int vm, i;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--quick"))
			sizes = quick;
		else if (!strncmp(argv[i], "--only=", 7))
			only = argv[i] + 7;
		else
			die("usage: gmem-bench [--quick] [--only=device|populated|empty|alternate|fragmented|signals|stall|stop|kill]");
	}

	setvbuf(stdout, NULL, _IOLBF, 0);
	check_clock();
	vm = create_vm();
	inplace = gmem_flags(vm) & GUEST_MEMFD_FLAG_CONVERTIBLE;
	blocks = inplace && gmem_flags(vm) & GUEST_MEMFD_FLAG_HUGE_2M;
	close(vm);

	/* First, while free memory is contiguous. */
	if (wanted("device"))
		device = devices(sizes == quick, blocks);

	for (size = sizes; wanted("populated") && *size; size++) {
		round_trip(BASE, *size);
		round_trip(BASE_THP, *size);
		if (inplace)
			round_trip(INPLACE, *size);
		if (blocks && *size >= MB(2))
			round_trip(BLOCKS, *size);
	}
	if (blocks && wanted("populated")) {
		first_access(INPLACE, sizes == full ? GB(1) : MB(8));
		first_access(BLOCKS, sizes == full ? GB(1) : MB(8));
		one_page(INPLACE);
		one_page(BLOCKS);
	}
	if (wanted("empty"))
		empty(BASE, sizes == full ? GB(1) : MB(32), sizes);
	if (!inplace)
		die("this kernel cannot convert guest_memfd memory in place: only the base's way was measured");

	if (wanted("empty"))
		empty(INPLACE, TB(1), huge);
	if (wanted("alternate")) {
		alternate(sizes == full ? GB(1) : MB(32), false);
		alternate(sizes == full ? GB(1) : MB(32), true);
	}
	if (wanted("fragmented")) {
		fragmented(sizes == full ? MB(256) : MB(8), false);
		fragmented(sizes == full ? MB(256) : MB(8), true);
	}
	if (wanted("signals"))
		signals(sizes == full ? MB(256) : MB(8), 100);
	if (wanted("stall"))
		stalls(sizes == full ? many : few, device);
	for (size = sizes == full ? many : few; wanted("kill") && *size; size++)
		kills(*size);
	/* Last, as it changes what priority kernel threads have. */
	for (size = sizes == full ? many : few; wanted("stop") && *size; size++) {
		stops(*size, false);
		stops(*size, true);
	}
	printf("BENCH test=done\n");
	return 0;
}
