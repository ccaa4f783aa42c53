/* SPDX-License-Identifier: Apache-2.0 */
/* What bpfd-config found in rule files, as bytes.  Each part begins at a multiple of 8. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rules/flat.h"
#include "rules/parse.h"

#define PARSED_MAGIC	0x73726170u
#define PARSED_BYTES_MAX ((size_t)1 << 30)
#define PROBLEMS_MAX	1000
#define FILE_NAME_MAX	4096
#define NO_RULE		UINT32_MAX

static void
put_aligned(struct flat_out *o, const void *data, size_t len)
{
	static const char zero[8];

	flat_put(o, data, len);
	flat_put(o, zero, -len & 7);
}

static const char *
get_aligned(struct flat_in *in, size_t len)
{
	const char *at = flat_get(in, len);

	return at && flat_get(in, -len & 7) ? at : NULL;
}

/* Without what padding and the room behind a text may hold. */
static void
put_problem(struct flat_out *o, const struct rule_problem *p)
{
	struct rule_problem *at = flat_room(o, sizeof(*p));

	if (!at)
		return;
	memset(at, 0, sizeof(*at));
	at->line = p->line;
	at->column = p->column;
	at->warning = p->warning;
	memcpy(at->code, p->code, strnlen(p->code, sizeof(at->code) - 1));
	memcpy(at->text, p->text, strnlen(p->text, sizeof(at->text) - 1));
}

int
parsed_pack(const struct parsed_file *files, size_t n, void **out, size_t *len)
{
	struct flat_out o = { .max = PARSED_BYTES_MAX };

	flat_put_u32(&o, PARSED_MAGIC);
	flat_put_u32(&o, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		const struct parsed_file *f = &files[i];
		size_t n_problems = f->n_problems < PROBLEMS_MAX ? f->n_problems : PROBLEMS_MAX;

		flat_put_u32(&o, (uint32_t)strlen(f->file));
		flat_put_u32(&o, (uint32_t)f->text_len);
		flat_put_u32(&o, (uint32_t)n_problems);
		flat_put_u32(&o, f->packed ? (uint32_t)f->packed_len : NO_RULE);
		put_aligned(&o, f->file, strlen(f->file) + 1);
		put_aligned(&o, f->text, f->text_len);
		for (size_t k = 0; k < n_problems; k++)
			put_problem(&o, &f->problems[k]);
		flat_put(&o, "\0\0\0\0\0\0\0", -(n_problems * sizeof(struct rule_problem)) & 7);
		put_aligned(&o, f->packed, f->packed ? f->packed_len : 0);
	}
	if (o.failed) {
		free(o.data);
		return -E2BIG;
	}
	*out = o.data;
	*len = o.len;
	return 0;
}

static bool
problems_ok(const struct rule_problem *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char warning;

		memcpy(&warning, &p[i].warning, 1);
		if (warning > 1 || !memchr(p[i].code, '\0', sizeof(p[i].code)) ||
		    !memchr(p[i].text, '\0', sizeof(p[i].text)))
			return false;
	}
	return true;
}

static int
get_file(struct flat_in *in, struct parsed_file *f)
{
	size_t file_len = flat_get_u32(in), bytes;
	uint32_t packed_len;
	const char *at;

	f->text_len = flat_get_u32(in);
	f->n_problems = flat_get_u32(in);
	packed_len = flat_get_u32(in);
	if (in->failed || file_len >= FILE_NAME_MAX || f->text_len > RULE_TEXT_MAX || f->n_problems > PROBLEMS_MAX ||
	    (packed_len != NO_RULE && packed_len > RULE_PACKED_MAX))
		return -EBADMSG;
	f->file = get_aligned(in, file_len + 1);
	f->text = get_aligned(in, f->text_len);
	bytes = f->n_problems * sizeof(*f->problems);
	at = get_aligned(in, bytes);
	f->problems = (const struct rule_problem *)(const void *)at;
	f->packed_len = packed_len == NO_RULE ? 0 : packed_len;
	f->packed = get_aligned(in, f->packed_len);
	if (in->failed || f->file[file_len] || strlen(f->file) != file_len || !problems_ok(f->problems, f->n_problems))
		return -EBADMSG;
	if (packed_len == NO_RULE)
		f->packed = NULL;
	return 0;
}

int
parsed_each(const void *bytes, size_t len, int (*fn)(void *arg, const struct parsed_file *f), void *arg)
{
	struct flat_in in = { .p = bytes, .end = (const char *)bytes + len };
	uint32_t n;
	int err = 0;

	if ((uintptr_t)bytes % 8 || flat_get_u32(&in) != PARSED_MAGIC)
		return -EBADMSG;
	n = flat_get_u32(&in);
	for (uint32_t i = 0; i < n && !in.failed && !err; i++) {
		struct parsed_file f = { 0 };

		err = get_file(&in, &f);
		if (!err)
			err = fn(arg, &f);
	}
	return err ? err : in.failed || in.p != in.end ? -EBADMSG : 0;
}
