/* SPDX-License-Identifier: Apache-2.0 */
/* Probes of kernel functions: ONE_KPROBE makes the perf event of one. */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/closest.h"
#include "oneshot/oneshot.h"

#define OFFER_MS 1000		/* for the suggestion: there are 200000 symbols, and an answer is waited for */
#define BEGIN_LEN 3		/* letters that are taken for right */

static const struct sandbox_rule rules[] = {
#define SANDBOX_OP SANDBOX_OP_KPROBE
#include "oneshot/sandbox.def"
};

static uint32_t kprobe_type;
static FILE *symbols;		/* names are for everybody, addresses are not asked for */

static int
prepare(struct oneshot *o)
{
	int err = one_event_type(o, "kprobe", &kprobe_type);

	if (err)
		return err;
	symbols = fopen("/proc/kallsyms", "re");
	if (symbols)
		setvbuf(symbols, NULL, _IOFBF, 65536);
	return 0;
}

/* "ADDRESS TYPE NAME [MODULE]": functions that begin as the word does, as far as there is time. */
static void
offer_functions(struct closest *near)
{
	int64_t end = clock_ms() + OFFER_MS;
	unsigned int n = 0;
	char line[512];

	while (symbols && fgets(line, sizeof(line), symbols) && (++n % 1024 || clock_ms() < end)) {
		char *type = strchr(line, ' '), *name = type ? type + 3 : NULL;

		if (!type || strlen(type) < 4 || !strchr("tTwW", type[1]) ||
		    strncmp(name, near->word, BEGIN_LEN) != 0)
			continue;
		name[strcspn(name, " \t\n")] = '\0';
		closest_offer(near, name);
	}
}

static int
refuse(struct oneshot *o, const struct msg_kprobe *req, int err)
{
	struct closest near;

	switch (err) {
	case -ENOENT:
		closest_init(&near, req->function);
		offer_functions(&near);
		if (near.n && strcmp(near.best[0].name, req->function) == 0)
			return one_refuse(o, IPC_INVALID_ARGUMENT, err, "nothing at %s+0x%llx can be probed",
				req->function, (unsigned long long)req->offset);
		return one_refuse(o, IPC_NOT_FOUND, err, "the kernel has no function %s%s", req->function,
			CLOSEST_TEXT(&near));
	case -EADDRNOTAVAIL:
		return one_refuse(o, IPC_FAILED_PRECONDITION, err, "the kernel has several functions %s, and "
			"a probe needs one", req->function);
	case -EILSEQ:
		return one_refuse(o, IPC_INVALID_ARGUMENT, err, "no instruction begins at %s+0x%llx",
			req->function, (unsigned long long)req->offset);
	case -EINVAL:
		return one_refuse(o, IPC_FAILED_PRECONDITION, err, "the kernel lets nobody probe %s+0x%llx: "
			"it is on its list of functions that cannot be (debugfs, kprobes/blacklist), or the "
			"offset is outside of it or, for a kretprobe, not 0", req->function,
			(unsigned long long)req->offset);
	default:
		return one_refuse(o, IPC_FAILED_PRECONDITION, err, "the kernel refuses the kprobe %s: %s",
			req->function, strerrordesc_np(-err) ? strerrordesc_np(-err) : "not there");
	}
}

static int
run(struct oneshot *o, const void *payload, int *fds)
{
	const struct msg_kprobe *req = payload;
	struct perf_event_attr attr = { .type = kprobe_type, .size = sizeof(attr),
		.config = req->flags & PROBE_RETURN, .probe_offset = req->offset, .disabled = 1 };
	AUTO(fd) int event = -1;
	int err;

	if (!IPC_STR_OK(req->function) || !req->function[0])
		return one_refuse(o, IPC_INVALID_ARGUMENT, -EINVAL, "not the name of a function");
	attr.kprobe_func = (uint64_t)(uintptr_t)req->function;
	/* PERFMON is enough unless perf_event_paranoid is 3, Debian's own value. */
	event = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	err = event < 0 ? -errno : 0;
	one_keep_caps(0);
	return err ? refuse(o, req, err) : one_answer(o, event, NULL);
}

const struct one_op op_ONE_KPROBE = {
	.caps = CAP_BIT(SYS_ADMIN) | CAP_BIT(PERFMON),
	ONE_RULES_FIELDS,
	.prepare = prepare,
	.run = run,
};
