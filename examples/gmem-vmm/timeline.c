// SPDX-License-Identifier: GPL-2.0
/*
 * The timeline: numbered steps, the guest on the left, the host on the right;
 * what the guest does and how the host reacts stand on one line.
 *
 * With --check every step is compared with its like in expected.txt, the record
 * of a right run, and becomes one test result in KTAP.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "gmem-vmm.h"

#define GUEST_WIDTH 27

static bool checking;
static int step, steps, wrong;
static char guest[128];		/* said by the guest; waits for the reaction */
static char title[160];
static char shown[4096];	/* the step so far, as in expected.txt */
static const char *skipped;	/* why the step could not be shown */
static bool incomplete;		/* any of the steps */
static const char *expected;	/* what remains of expected.txt */
static const char *more;	/* what follows its last step but one */

/* In expected.txt an empty line ends each step. */
static size_t step_len(const char *text)
{
	const char *end = strstr(text, "\n\n");

	return end ? (size_t)(end - text) + 1 : strlen(text);
}

static const char *next_step(const char *text)
{
	text += step_len(text);
	return text + (*text == '\n');
}

/* With a device the run goes on where otherwise it would end. */
static void next_expected(void)
{
	expected = next_step(expected);
	if (more && !*next_step(expected)) {
		expected = more;
		more = NULL;
	}
}

static void print_comment(const char *text, size_t len)
{
	const char *line, *end;

	for (line = text; line < text + len; line = end + 1) {
		end = memchr(line, '\n', text + len - line);
		printf("#   %.*s\n", (int)(end - line), line);
	}
}

/* One line, of what the guest said last and what the host has to say now. */
static void show(const char *host)
{
	size_t len = strlen(shown);
	char line[300];

	if (*host)
		snprintf(line, sizeof(line), "    %-*s %s\n", GUEST_WIDTH, guest, host);
	else
		snprintf(line, sizeof(line), "    %s\n", guest);
	*guest = 0;
	snprintf(shown + len, sizeof(shown) - len, "%s", line);
	if (!checking)
		fputs(line, stdout);
}

static void end_step(void)
{
	size_t must = step_len(expected);

	if (*guest)
		show("");
	if (!checking || !step)
		return;

	print_comment(shown, strlen(shown));
	if (skipped) {
		printf("ok %d - %s # SKIP %s\n", step, title, skipped);
	} else if (strlen(shown) == must && !memcmp(shown, expected, must)) {
		printf("ok %d - %s\n", step, title);
	} else {
		printf("# wrong, it must be:\n");
		print_comment(expected, must);
		printf("not ok %d - %s\n", step, title);
		wrong++;
	}
	next_expected();
}

void timeline_start(bool check, bool device)
{
	const char *text;

	setvbuf(stdout, NULL, _IOLBF, 0);
	checking = check;
	expected = expected_run;
	more = device ? expected_device : NULL;
	if (check) {
		for (text = expected; *text; text = next_step(text))
			steps++;
		for (text = more; text && *text; text = next_step(text))
			steps++;
		steps -= device;	/* the last one of expected.txt */
		printf("TAP version 13\n1..%d\n", steps);
		return;
	}
	puts("A guest and its host take turns with the same 16 pages of memory.\n"
	     "P is private: only the guest can use the page. S is shared: the host can too.\n"
	     "The guest asks by hypercall, the host (this VMM) converts by ioctl, in place.\n"
	     "0x4000+0x6000 means 0x6000 bytes at offset 0x4000 of the guest_memfd.\n");
	printf("    %-*s HOST\n", GUEST_WIDTH, "GUEST");
}

static void begin_step(const char *name, const char *line)
{
	end_step();
	skipped = NULL;
	step++;
	snprintf(title, sizeof(title), "%s", name);
	snprintf(shown, sizeof(shown), "%s\n", line);
	if (!checking)
		printf("\n%s", shown);
}

void timeline_step(const char *text)
{
	char line[160];

	snprintf(line, sizeof(line), "%2d. %s", step + 1, text);
	begin_step(text, line);
}

/* This machine can't show the step, which isn't wrong. */
void timeline_skip(const char *why)
{
	timeline_host("skipped: %s", why);
	skipped = why;
	incomplete = true;
}

void timeline_summary(const char *line)
{
	begin_step("the whole run", line);
	if (incomplete)
		skipped = "a step was";
}

void timeline_guest(const char *text)
{
	if (*guest)
		show("");
	snprintf(guest, sizeof(guest), "%s", text);
}

void timeline_host(const char *fmt, ...)
{
	char host[128];
	va_list args;

	va_start(args, fmt);
	vsnprintf(host, sizeof(host), fmt, args);
	va_end(args);
	show(host);
}

/* Not a reaction, so on a line of its own. */
void timeline_map(const char *map)
{
	if (*guest)
		show("");
	timeline_host("KVM_GMEM_QUERY -> %s", map);
}

/* The exit status: 0 if every step showed what it must. */
int timeline_end(void)
{
	if (!expected)
		return 1;
	end_step();
	if (!checking)
		return 0;
	for (; step < steps; wrong++)
		printf("not ok %d - not reached\n", ++step);
	printf("# %d of %d steps wrong\n", wrong, steps);
	return wrong || step != steps;
}
