/* SPDX-License-Identifier: GPL-2.0 */
#ifndef GMEM_VMM_H
#define GMEM_VMM_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/kvm.h>

#ifndef GUEST_MEMFD_FLAG_CONVERTIBLE
#error "HDRS= must name the UAPI headers of a kernel with the gmem-dma series"
#endif

struct vm {
	int fd;
	int vcpu;
	struct kvm_run *run;
	int gmem;	/* the guest_memfd that is the guest's memory */
	int held_gfns;	/* plays the firmware that holds pages for the guest */
	char *mem;	/* the host's mapping of it: only shared pages can be used */
	int requests, granted, refused, invalid, sigbus;	/* for the last line */
};

/* embed.S */
extern const char guest_image[], guest_image_end[], expected_run[], expected_device[];

/* vmm.c */
void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
int convert(struct vm *vm, bool to_private, uint64_t offset, uint64_t size, uint32_t flags);

/* host.c */
void host_turn(struct vm *vm, int what, int page, int npages);

/* device.c */
void device_open(const char *bdf);
void device_turn(struct vm *vm, int what, int page);

/* timeline.c */
void timeline_start(bool check, bool device);
void timeline_step(const char *title);
void timeline_guest(const char *text);
void timeline_host(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void timeline_map(const char *map);
void timeline_skip(const char *why);
void timeline_summary(const char *line);
int timeline_end(void);

#endif
