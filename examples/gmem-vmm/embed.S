/* SPDX-License-Identifier: GPL-2.0 */
/* The guest's image, and what a right run shows, as bytes in the program. */
	.section .rodata
	.globl	guest_image, guest_image_end, expected_run, expected_device
guest_image:
	.incbin	"guest.bin"
guest_image_end:
expected_run:
	.incbin	"expected.txt"
	.byte	0
expected_device:
	.incbin	"expected-device.txt"
	.byte	0

	.section .note.GNU-stack, "", @progbits
