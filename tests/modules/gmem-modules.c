// SPDX-License-Identifier: GPL-2.0
/*
 * KVM and iommufd as modules: they load in either order, can't be unloaded while
 * iommufd maps a guest_memfd, and can be when it doesn't. KTAP.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <linux/iommufd.h>
#include <linux/kvm.h>

#define SIZE	(16 * 4096)
#define IOVA	0x100000

static int test, failures;
static bool ok;

/* A failed step fails the test, and the next steps show what follows from it. */
static void step(bool good, const char *fmt, ...)
{
	va_list args;

	printf("# %s: ", good ? "yes" : "NO");
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
	ok &= good;
}

static void result(const char *fmt, ...)
{
	va_list args;

	printf("%s %d - ", ok ? "ok" : "not ok", ++test);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
	failures += !ok;
	ok = true;
}

static bool is_loaded(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", name);
	return !access(path, F_OK);
}

static void load(const char *name)
{
	char command[64];

	snprintf(command, sizeof(command), "modprobe %s", name);
	step(!system(command) && is_loaded(name), "%s loads", name);
}

static int unload(const char *name)
{
	/* Without waiting for users to go away */
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? errno : 0;
}

static void must_unload(const char *name)
{
	int err = unload(name);

	step(!err && !is_loaded(name), "%s unloads%s%s", name, err ? ": " : "",
	     err ? strerror(err) : "");
}

static void must_stay(const char *name, const char *why)
{
	int err = unload(name);

	step(err == EWOULDBLOCK && is_loaded(name), "%s stays, as %s (%s)", name, why,
	     err ? strerror(err) : "it was unloaded");
}

/* Whatever a failed step left behind must not make the next test fail. */
static void unload_all(void)
{
	unload("iommufd");
	unload("kvm_amd");
	unload("kvm");
}

struct mapping {
	int vm;
	int gmem;
	int iommufd;
	uint32_t ioas;
};

static int open_iommufd(struct mapping *m)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };

	m->iommufd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (m->iommufd < 0 || ioctl(m->iommufd, IOMMU_IOAS_ALLOC, &alloc))
		return -1;
	m->ioas = alloc.out_ioas_id;
	return 0;
}

static int open_gmem(struct mapping *m)
{
	struct kvm_create_guest_memfd create = {
		.size = SIZE,
		.flags = GUEST_MEMFD_FLAG_CONVERTIBLE | GUEST_MEMFD_FLAG_MMAP |
			 GUEST_MEMFD_FLAG_INIT_SHARED,
	};
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (kvm < 0)
		return -1;
	m->vm = ioctl(kvm, KVM_CREATE_VM, KVM_X86_SW_PROTECTED_VM);
	close(kvm);
	if (m->vm < 0)
		return -1;
	m->gmem = ioctl(m->vm, KVM_CREATE_GUEST_MEMFD, &create);
	return m->gmem < 0 ? -1 : 0;
}

static int map(struct mapping *m, int fd)
{
	struct iommu_ioas_map_gmem map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE |
			 IOMMU_IOAS_MAP_FIXED_IOVA,
		.ioas_id = m->ioas,
		.fd = fd,
		.length = SIZE,
		.iova = IOVA,
	};

	return ioctl(m->iommufd, IOMMU_IOAS_MAP_GMEM, &map) ? errno : 0;
}

static int unmap(struct mapping *m)
{
	struct iommu_ioas_unmap unmap = {
		.size = sizeof(unmap),
		.ioas_id = m->ioas,
		.iova = IOVA,
		.length = SIZE,
	};

	return ioctl(m->iommufd, IOMMU_IOAS_UNMAP, &unmap) ? errno : 0;
}

static void close_gmem(struct mapping *m)
{
	close(m->gmem);
	close(m->vm);
}

static void set_up(struct mapping *m)
{
	step(!open_iommufd(m), "an IOAS");
	step(!open_gmem(m), "a VM with a guest_memfd");
}

/* Unused, they come and go as one likes. */
static void test_unused(const char *first, const char *second, bool same_order)
{
	load(first);
	load(second);
	must_unload(same_order ? first : second);
	must_unload(same_order ? second : first);
	must_unload("kvm");
	result("%s, %s load, and unload in %s order", first, second,
	       same_order ? "the same" : "reverse");
	unload_all();
}

static void test_mapped(const char *first, const char *second)
{
	struct mapping m = {};
	int i, err;

	load(first);
	load(second);
	set_up(&m);

	for (i = 0; i < 2; i++) {
		err = map(&m, m.gmem);
		step(!err, "IOMMU_IOAS_MAP_GMEM (%s)", strerror(err));
		must_stay("kvm_amd", "there is a VM");
		must_stay("kvm", "kvm_amd uses it");
		must_stay("iommufd", "its file is open");

		/* The mapping remains, as a hole. */
		close_gmem(&m);
		must_unload("kvm_amd");
		must_stay("kvm", "iommufd has a mapping");

		err = unmap(&m);
		step(!err, "IOMMU_IOAS_UNMAP (%s)", strerror(err));
		must_unload("kvm");
		must_stay("iommufd", "its file is open");

		/* Once more, with another kvm, and the same IOAS */
		load("kvm_amd");
		step(!open_gmem(&m), "another VM with a guest_memfd");
	}
	close_gmem(&m);
	close(m.iommufd);
	must_unload("iommufd");
	must_unload("kvm_amd");
	must_unload("kvm");
	result("%s, %s: in use while a guest_memfd is mapped", first, second);
	unload_all();
}

/* The iommufd's file is what goes away first. */
static void test_close_iommufd(void)
{
	struct mapping m = {};

	load("iommufd");
	load("kvm_amd");
	set_up(&m);
	step(!map(&m, m.gmem), "IOMMU_IOAS_MAP_GMEM");
	close(m.iommufd);
	must_unload("iommufd");
	must_stay("kvm", "there is a VM");
	close_gmem(&m);
	must_unload("kvm_amd");
	must_unload("kvm");
	result("closing the iommufd lets go of kvm");
	unload_all();
}

/* Other files don't need kvm, and don't load it. */
static void test_without_kvm(void)
{
	struct mapping m = {};
	int fd = memfd_create("memfd", MFD_CLOEXEC), err;

	load("iommufd");
	step(!open_iommufd(&m), "an IOAS");
	step(!ftruncate(fd, SIZE), "a memfd");
	err = map(&m, fd);
	step(err == EINVAL, "IOMMU_IOAS_MAP_GMEM refuses a memfd (%s)", strerror(err));
	step(!is_loaded("kvm"), "kvm wasn't loaded");

	/* With kvm it is no guest_memfd either, and nothing is left of looking. */
	load("kvm_amd");
	err = map(&m, fd);
	step(err == EINVAL, "IOMMU_IOAS_MAP_GMEM refuses a memfd (%s)", strerror(err));
	must_unload("kvm_amd");
	must_unload("kvm");
	close(m.iommufd);
	close(fd);
	must_unload("iommufd");
	result("a memfd has nothing to do with kvm");
	unload_all();
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);

	if (is_loaded("kvm") || is_loaded("iommufd") ||
	    !access("/sys/module/kvm", F_OK) || !access("/sys/module/iommufd", F_OK)) {
		printf("SKIP: kvm or iommufd is loaded already, or isn't a module\n");
		return 4;
	}

	printf("TAP version 13\n1..8\n");
	ok = true;
	test_unused("kvm_amd", "iommufd", true);
	test_unused("kvm_amd", "iommufd", false);
	test_unused("iommufd", "kvm_amd", true);
	test_unused("iommufd", "kvm_amd", false);
	test_mapped("kvm_amd", "iommufd");
	test_mapped("iommufd", "kvm_amd");
	test_close_iommufd();
	test_without_kvm();
	return !!failures;
}
