/* SPDX-License-Identifier: GPL-2.0 */
/* What the guest and the VMM have agreed on: addresses, ports, requests. */
#ifndef PROTOCOL_H
#define PROTOCOL_H

#define PAGE_SIZE	4096

/*
 * The guest's program lives in ordinary memory: KVM emulates port I/O, and for
 * that reads the guest's code, which it cannot do in private memory.
 */
#define PROG_GPA	0x0
#define PROG_SIZE	0x10000

/* The guest's memory, all of it in one guest_memfd. */
#define MEM_GPA		0x40000000
#define MEM_PAGES	16
#define MEM_SIZE	(MEM_PAGES * PAGE_SIZE)

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
};

#define HOST_TURN(what, page, npages)	((what) << 16 | (page) << 8 | (npages))

#endif
