/* SPDX-License-Identifier: Apache-2.0 */
/* RULES_PARSE: bpfd-config reads the text of one rule. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "bpfd/sup.h"
#include "common/auto.h"
#include "common/memfd.h"

#define PARSED_MAX	(8u << 20)

static void
answer(struct child *api, uint32_t seq, int err, int result)
{
	struct msg_rules_parsed m = { .err = err };
	AUTO(fd) int empty = -1;
	struct stat st;

	if (!err && fstat(result, &st) == 0)
		m.len = (uint64_t)st.st_size;
	if (err)
		result = empty = memfd_sealed("bpfd-nothing", "", 0);
	if (result >= 0)
		child_say(api, IPC_RULES_PARSED, seq, &m, &result);
}

/* The text is moved, not looked into. */
static int
bundle(struct sup *s, const char *file, int text)
{
	struct texts t = { 0 };
	AUTO(texts) struct texts *owner = &t;
	long len = memfd_seal_received(text, BUNDLE_TEXT_MAX);
	AUTO(mem) char *bytes = len > 0 ? malloc((size_t)len) : NULL;
	int err;

	if (len < 0 || !bytes)
		return len < 0 ? (int)len : -ENOMEM;
	if (pread(text, bytes, (size_t)len, 0) != len)
		return -EIO;
	err = texts_add(owner, BUNDLE_RULE, file, bytes, (size_t)len);
	if (!err)
		err = rules_beside(s, owner);
	return err ? err : texts_pack(owner);
}

int
parse_begin(struct child *api, uint32_t seq, const char *file, int text)
{
	AUTO(fd) int in = bundle(api->task.sup, file, text);
	char entries[CONFRUN_ENTRIES];
	const struct job_start start = { .seq = seq, .mode = "--rules",
		.name = confrun_entries(api->task.sup, entries), .in = in, .max = PARSED_MAX, .answer = answer };
	int err = in < 0 ? in : job_begin(api, &start);

	if (err)
		answer(api, seq, err, -1);
	return 0;
}
