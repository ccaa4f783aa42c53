/* SPDX-License-Identifier: Apache-2.0 */
#include <sha2.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "oci/oci.h"

#define ALGORITHM "sha256:"
#define HEX_LEN (2 * 32)

int
oci_refuse(struct oci_why *why, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
	return err;
}

void
oci_sha256(const void *bytes, size_t len, uint8_t out[32])
{
	SHA2_CTX sha;

	SHA256Init(&sha);
	SHA256Update(&sha, bytes, len);
	SHA256Final(out, &sha);
}

void
oci_digest(const void *bytes, size_t len, char out[IMAGE_DIGEST_MAX])
{
	uint8_t sum[32];
	int n = snprintf(out, IMAGE_DIGEST_MAX, ALGORITHM);

	oci_sha256(bytes, len, sum);
	for (size_t i = 0; i < sizeof(sum); i++)
		n += snprintf(out + n, IMAGE_DIGEST_MAX - (size_t)n, "%02x", sum[i]);
}

bool
oci_digest_ok(const char *text)
{
	const size_t prefix = strlen(ALGORITHM);

	return strncmp(text, ALGORITHM, prefix) == 0 && strlen(text) == prefix + HEX_LEN &&
		strspn(text + prefix, "0123456789abcdef") == HEX_LEN;
}

bool
oci_digest_is(const char *digest, const void *bytes, size_t len)
{
	char is[IMAGE_DIGEST_MAX];

	oci_digest(bytes, len, is);
	return strcmp(digest, is) == 0;
}
