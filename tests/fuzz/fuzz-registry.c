/* SPDX-License-Identifier: Apache-2.0 */
/* What a registry says of itself: whom it asks for rights, what is wrong, where it sends us. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/chan.h"
#include "registry/parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_text(const char *s, size_t room)
{
	if (!ipc_str_ok(s, room))
		abort();
}

static void
try_challenge(const char *text)
{
	struct challenge c;

	if (!challenge_parse(text, &c))
		return;
	check_text(c.realm, sizeof(c.realm));
	check_text(c.service, sizeof(c.service));
}

static void
try_refusal(const uint8_t *data, size_t size)
{
	static struct registry r;
	static struct http_answer a;
	struct oci_why why;

	a.status = 400;
	a.error_len = size < sizeof(a.error) ? size : sizeof(a.error) - 1;
	memcpy(a.error, data, a.error_len);
	if (registry_refusal(&r, &a, &why) >= 0)
		abort();
	check_text(why.text, sizeof(why.text));
}

static void
try_token(const uint8_t *data, size_t size)
{
	static struct registry r;
	static struct http_answer a;
	struct oci_why why;

	a.bytes = (unsigned char *)data;
	a.len = size;
	if (registry_token_take(&r, &a, "host", &why))
		check_text(why.text, sizeof(why.text));
	for (const char *p = r.token; *p; p++)
		if (*p <= ' ' || *p > '~')
			abort();
}

static void
try_url(const char *text)
{
	struct http_url u;
	struct oci_why why;

	if (http_url(text, &u, &why))
		check_text(why.text, sizeof(why.text));
	else if ((strcmp(u.scheme, "https") != 0 && strcmp(u.scheme, "http") != 0) || !u.host[0] || !u.port)
		abort();
	else
		check_text(u.host, sizeof(u.host));
}

/* The first byte says which of them. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = size ? malloc(size) : NULL;

	if (!text)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	switch (data[0] % 4) {
	case 0:
		try_challenge(text);
		break;
	case 1:
		try_refusal(data + 1, size - 1);
		break;
	case 2:
		try_token(data + 1, size - 1);
		break;
	default:
		try_url(text);
	}
	free(text);
	return 0;
}
