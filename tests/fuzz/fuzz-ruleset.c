/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/rules_make.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A set that is accepted can be run on any event, and the kernel's filter be made of it. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct made a, b, copy;
	static struct match_result got;
	static struct event whole, cut;
	struct matcher *m = NULL;
	char why[300], path[200];

	if (!whole.ev) {
		memset(path, 'x', sizeof(path));
		path[0] = '/';
		path[199] = '\0';
		made_open(&a, &(struct made_open){ .path = "/etc/passwd", .args = "a\0b", .args_len = 4, .runtime = "docker" }, &whole);
		made_open(&b, &(struct made_open){ .path = path, .cut = EV_CUT(offsetof(struct ev_open, path)) }, &cut);
	}
	if (matcher_new(data, size, &m, why, sizeof(why)))
		return 0;
	for (int i = 0; i < 3; i++) {
		matcher_run(m, &whole, &got);
		matcher_run(m, &cut, &got);
	}
	if (got.redact) {
		struct event e;

		copy = b;
		matcher_redact(m, got.redact, made_ev(&copy), made_rec_ctx(&copy));
		if (record_check(copy.bytes, copy.len, &e))
			abort();
	}
	matcher_free(m);
	return 0;
}
