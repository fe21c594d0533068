/* SPDX-License-Identifier: GPL-2.0 */
/* What the guest and the VMM have agreed on: addresses, ports, requests. */
#ifndef PROTOCOL_H
#define PROTOCOL_H

#define PAGE_SIZE	4096
#define TEXT_MAX	32	/* of what is read and written, at the start of a page */

/*
 * The guest's program lives in ordinary memory: KVM emulates port I/O, and for
 * that reads the guest's code, which it cannot do in private memory.
 */
#define PROG_GPA	0x0
#define PROG_SIZE	0x10000
/* The guest starts as if called by the VMM, with one argument: is there a device? */
#define PROG_STACK	(PROG_SIZE - 16)
#define PROG_ARGUMENT	(PROG_STACK + 4)

/* The guest's memory, all of it in one guest_memfd. */
#define MEM_GPA		0x40000000
#define MEM_PAGES	16
#define MEM_SIZE	(MEM_PAGES * PAGE_SIZE)

/*
 * Attributes of KVM_HC_MAP_GPA_RANGE, beyond KVM's, to hold pages for DMA and to
 * release them: where a guest has firmware that it trusts, it asks that.
 */
#define MAP_GPA_HOLD	0x100
#define MAP_GPA_RELEASE	0x200

#define PORT_TEXT	0xe9	/* one character of what the guest says */
#define PORT_SAY	0xea	/* end of a line */
#define PORT_STEP	0xeb	/* end of a title */
#define PORT_HOST	0xec	/* the host's turn: HOST_TURN(what, page, npages) */
#define PORT_DONE	0xed

enum {
	HOST_READ,	/* read the page */
	HOST_WRITE,	/* write to the page */
	HOST_MAP,	/* show which pages are private */
	HOST_DRY_RUN,	/* could the pages become private? */
	HOST_PIN,	/* take a reference to the page, as DMA would */
	HOST_UNPIN,
	HOST_PUNCH,	/* free the page */
	HOST_DEVICE_MAP,	/* give a device all of guest memory */
	HOST_DEVICE_READ,	/* have the device read the page */
	HOST_DEVICE_WRITE,	/* have it write to the page */
};

#define HOST_TURN(what, page, npages)	((what) << 16 | (page) << 8 | (npages))

#endif
