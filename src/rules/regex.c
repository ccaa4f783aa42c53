/* SPDX-License-Identifier: Apache-2.0 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "rules/regex.h"

#include <errno.h>
#include <pcre2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/auto.h"

/* PCRE2 keeps one block for its frames and, when that is too small, copies it to a larger one. */
#define HALF (REGEX_HEAP_KIB * 1024 + 256)

struct regex_engine {
	pcre2_general_context *general;
	pcre2_match_context *limits;
	pcre2_match_data *data;
	bool sealed;			/* from now on memory comes from below only */
	bool taken[2];
	_Alignas(16) uint8_t half[2][HALF];
};

static void *
take(PCRE2_SIZE size, void *arg)
{
	struct regex_engine *e = arg;

	if (!e->sealed)
		return malloc(size);
	for (int i = 0; i < 2 && size <= HALF; i++) {
		if (!e->taken[i]) {
			e->taken[i] = true;
			return e->half[i];
		}
	}
	return NULL;
}

static void
give(void *p, void *arg)
{
	struct regex_engine *e = arg;

	for (int i = 0; i < 2; i++) {
		if (p == e->half[i]) {
			e->taken[i] = false;
			return;
		}
	}
	free(p);
}

void
regex_engine_free(struct regex_engine *e)
{
	if (!e)
		return;
	pcre2_match_data_free(e->data);
	pcre2_match_context_free(e->limits);
	pcre2_general_context_free(e->general);
	free(e);
}

int
regex_engine_new(struct regex_engine **out)
{
	struct regex_engine *e = calloc(1, sizeof(*e));

	if (!e)
		return -ENOMEM;
	e->general = pcre2_general_context_create(take, give, e);
	e->limits = e->general ? pcre2_match_context_create(e->general) : NULL;
	e->data = e->limits ? pcre2_match_data_create(1, e->general) : NULL;
	if (!e->data) {
		regex_engine_free(e);
		return -ENOMEM;
	}
	pcre2_set_match_limit(e->limits, REGEX_MATCH_LIMIT);
	pcre2_set_depth_limit(e->limits, REGEX_DEPTH_LIMIT);
	pcre2_set_heap_limit(e->limits, REGEX_HEAP_KIB);
	e->sealed = true;
	*out = e;
	return 0;
}

int
regex_new(const char *pattern, size_t len, struct regex **out, char *why, size_t room)
{
	int code;
	PCRE2_SIZE at;
	pcre2_code *re = pcre2_compile((PCRE2_SPTR)pattern, len,
		PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_NO_AUTO_CAPTURE | PCRE2_DOLLAR_ENDONLY | PCRE2_DOTALL,
		&code, &at, NULL);
	char words[160];

	if (!re) {
		pcre2_get_error_message(code, (PCRE2_UCHAR *)words, sizeof(words));
		snprintf(why, room, "regular expression: %s at character %zu", words, at + 1);
		return code == PCRE2_ERROR_NOMEMORY ? -ENOMEM : -EINVAL;
	}
	*out = (struct regex *)re;
	return 0;
}

void
regex_free(struct regex *r)
{
	pcre2_code_free((pcre2_code *)r);
}

int
regex_match(struct regex_engine *e, const struct regex *r, const char *text, size_t len)
{
	int n = pcre2_match((const pcre2_code *)r, (PCRE2_SPTR)text, len, 0, PCRE2_NO_JIT, e->data, e->limits);

	if (n >= 0)
		return 1;
	return n == PCRE2_ERROR_NOMATCH ? 0 : -E2BIG;
}
