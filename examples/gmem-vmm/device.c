// SPDX-License-Identifier: GPL-2.0
/*
 * A real device with DMA, in the hands of the VMM: QEMU's teaching device "edu",
 * by vfio-pci's character device and iommufd. device_map() is the part to copy;
 * the rest is what any user of VFIO does, and what the device is like.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <linux/iommufd.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>

#include "gmem-vmm.h"
#include "protocol.h"

/* The device can't address more than 28 bits. */
#define GUEST_IOVA	0x1000000
#define MAILBOX_IOVA	0x2000000

/* Its registers, and where it sees its own buffer of a page */
#define EDU_DMA_SRC	0x80
#define EDU_DMA_DST	0x88
#define EDU_DMA_COUNT	0x90
#define EDU_DMA_COMMAND	0x98
#define   EDU_DMA_RUN		1
#define   EDU_DMA_TO_MEMORY	2
#define EDU_BUFFER	0x40000

static int vfio = -1, iommufd = -1;
static uint32_t ioas;
static volatile char *regs;
static char *mailbox;	/* memory of the VMM, which the device can always reach */

static int must(int ret, const char *what)
{
	if (ret < 0)
		die("%s: %s", what, strerror(errno));
	return ret;
}

/* The name in /dev/vfio/devices is that of a directory in sysfs. */
static int open_cdev(const char *bdf)
{
	char path[512];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vfio-dev", bdf);
	dir = opendir(path);
	if (!dir)
		die("%s: %s: is the device there, and bound to vfio-pci?", path, strerror(errno));
	while ((entry = readdir(dir)) && strncmp(entry->d_name, "vfio", 4))
		;
	if (!entry)
		die("%s is empty", path);
	snprintf(path, sizeof(path), "/dev/vfio/devices/%s", entry->d_name);
	closedir(dir);
	return must(open(path, O_RDWR | O_CLOEXEC), path);
}

static struct vfio_region_info region(uint32_t index)
{
	struct vfio_region_info info = { .argsz = sizeof(info), .index = index };

	must(ioctl(vfio, VFIO_DEVICE_GET_REGION_INFO, &info), "VFIO_DEVICE_GET_REGION_INFO");
	return info;
}

static void allow_dma(void)
{
	off_t command = region(VFIO_PCI_CONFIG_REGION_INDEX).offset + PCI_COMMAND;
	uint16_t bits;

	must(pread(vfio, &bits, sizeof(bits), command), "PCI configuration");
	bits |= PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	must(pwrite(vfio, &bits, sizeof(bits), command), "PCI configuration");
}

void device_open(const char *bdf)
{
	struct vfio_device_bind_iommufd bind = { .argsz = sizeof(bind) };
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	struct vfio_device_attach_iommufd_pt attach = { .argsz = sizeof(attach) };
	struct iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE |
			 IOMMU_IOAS_MAP_FIXED_IOVA,
		.length = PAGE_SIZE,
		.iova = MAILBOX_IOVA,
	};
	struct vfio_region_info bar;

	iommufd = must(open("/dev/iommu", O_RDWR | O_CLOEXEC), "/dev/iommu");
	must(ioctl(iommufd, IOMMU_IOAS_ALLOC, &alloc), "IOMMU_IOAS_ALLOC");
	ioas = alloc.out_ioas_id;

	vfio = open_cdev(bdf);
	bind.iommufd = iommufd;
	must(ioctl(vfio, VFIO_DEVICE_BIND_IOMMUFD, &bind), "VFIO_DEVICE_BIND_IOMMUFD");
	attach.pt_id = ioas;
	must(ioctl(vfio, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach), "VFIO_DEVICE_ATTACH_IOMMUFD_PT");

	allow_dma();
	bar = region(VFIO_PCI_BAR0_REGION_INDEX);
	regs = mmap(NULL, bar.size, PROT_READ | PROT_WRITE, MAP_SHARED, vfio, bar.offset);
	must(regs == MAP_FAILED ? -1 : 0, "device registers");

	mailbox = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(mailbox == MAP_FAILED ? -1 : 0, "mailbox");
	map.ioas_id = ioas;
	map.user_va = (uintptr_t)mailbox;
	must(ioctl(iommufd, IOMMU_IOAS_MAP, &map), "IOMMU_IOAS_MAP");
}

/*
 * All of guest memory, once and for all: the device reaches what is shared, and
 * nothing else, whatever the guest converts from now on. A page that is being
 * taken from it is no obstacle to a conversion, since nothing is pinned.
 */
static void device_map(struct vm *vm)
{
	struct iommu_ioas_map_gmem map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE |
			 IOMMU_IOAS_MAP_FIXED_IOVA,
		.ioas_id = ioas,
		.fd = vm->gmem,
		.start = 0,
		.length = MEM_SIZE,
		.iova = GUEST_IOVA,
		.access = IOMMU_GMEM_ACCESS_SHARED,
		.on_convert = IOMMU_GMEM_FOLLOW,
	};

	must(ioctl(iommufd, IOMMU_IOAS_MAP_GMEM, &map), "IOMMU_IOAS_MAP_GMEM");
	timeline_host("IOMMU_IOAS_MAP_GMEM: all %d pages", MEM_PAGES);
}

static void write_reg(uint32_t reg, uint64_t v)
{
	*(volatile uint64_t *)(regs + reg) = v;
}

static void dma(uint64_t dst, uint64_t src, uint32_t command)
{
	write_reg(EDU_DMA_SRC, src);
	write_reg(EDU_DMA_DST, dst);
	write_reg(EDU_DMA_COUNT, TEXT_MAX);
	write_reg(EDU_DMA_COMMAND, command | EDU_DMA_RUN);

	/* It takes its time, and then says that it's done, allowed or not. */
	while (*(volatile uint64_t *)(regs + EDU_DMA_COMMAND) & EDU_DMA_RUN)
		usleep(1000);
}

/* In two steps, as the device only knows memory and its own buffer. */
static void copy(uint64_t dst, uint64_t src)
{
	dma(EDU_BUFFER, src, 0);
	dma(dst, EDU_BUFFER, EDU_DMA_TO_MEMORY);
}

void device_turn(struct vm *vm, int what, int page)
{
	uint64_t iova = GUEST_IOVA + page * PAGE_SIZE;
	static int writes;

	switch (what) {
	case HOST_DEVICE_MAP:
		device_map(vm);
		break;
	case HOST_DEVICE_READ:
		strcpy(mailbox, "?");
		copy(MAILBOX_IOVA, iova);
		mailbox[TEXT_MAX - 1] = 0;
		timeline_host("device reads page %d: \"%s\"", page, mailbox);
		break;
	case HOST_DEVICE_WRITE:
		snprintf(mailbox, TEXT_MAX, "DMA no. %d", ++writes);
		copy(iova, MAILBOX_IOVA);
		timeline_host("device writes \"%s\" to page %d", mailbox, page);
		break;
	}
}
