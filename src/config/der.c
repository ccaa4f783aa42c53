/* SPDX-License-Identifier: Apache-2.0 */
#include "config/der.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"
#include "common/base64.h"

#define BEGIN	"-----BEGIN "
#define END	"-----END "
#define DASHES	"-----"

/* ---- PEM, RFC 7468 ---- */

static const char *
find(const char *p, const char *end, const char *what)
{
	return memmem(p, (size_t)(end - p), what, strlen(what));
}

long
der_pem(const char **p, const char *end, char label[32], uint8_t *out, size_t room)
{
	const char *begin = find(*p, end, BEGIN), *name = begin ? begin + strlen(BEGIN) : NULL;
	const char *body = name ? find(name, end, DASHES) : NULL, *stop = body ? find(body + 1, end, END) : NULL;
	AUTO(mem) char *text = stop ? malloc((size_t)(stop - body)) : NULL;
	AUTO(mem) uint8_t *der = stop ? malloc((size_t)(stop - body)) : NULL;
	size_t n = 0;
	long len;

	if (!begin)
		return 0;
	if (!stop || (size_t)(body - name) >= 32)
		return -EINVAL;
	if (!text || !der)
		return -ENOMEM;
	for (const char *c = body + strlen(DASHES); c < stop; c++)
		if (!strchr(" \t\r\n", *c))
			text[n++] = *c;
	len = base64_decode(der, text, n);
	if (len <= 0)
		return -EINVAL;
	if ((size_t)len > room)
		return -ENOSPC;
	memcpy(label, name, (size_t)(body - name));
	label[body - name] = '\0';
	memcpy(out, der, (size_t)len);
	*p = stop + strlen(END);
	return len;
}

/* ---- DER ---- */

#define SEQUENCE	0x30
#define OBJECT		0x06
#define BIT_STRING	0x03

struct der { const uint8_t *at, *end; };

/* The content of the next element, which has that tag; in moves behind it. */
static bool
element(struct der *in, uint8_t tag, struct der *out)
{
	size_t len, bytes;

	if (in->end - in->at < 2 || in->at[0] != tag)
		return false;
	len = in->at[1];
	in->at += 2;
	if (len >= 0x80) {
		bytes = len & 0x7f;
		if (!bytes || bytes > 3 || (size_t)(in->end - in->at) < bytes)
			return false;
		for (len = 0; bytes; bytes--)
			len = len << 8 | *in->at++;
	}
	if ((size_t)(in->end - in->at) < len)
		return false;
	*out = (struct der){ in->at, in->at + len };
	in->at += len;
	return true;
}

static bool
is(const struct der *d, const char *bytes, size_t len)
{
	return (size_t)(d->end - d->at) == len && memcmp(d->at, bytes, len) == 0;
}
#define IS(d, literal) is((d), (literal), sizeof(literal) - 1)

#define OID_RSA		"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"
#define OID_EC		"\x2a\x86\x48\xce\x3d\x02\x01"
#define OID_ED25519	"\x2b\x65\x70"
#define OID_P256	"\x2a\x86\x48\xce\x3d\x03\x01\x07"
#define OID_P384	"\x2b\x81\x04\x00\x22"
#define OID_P521	"\x2b\x81\x04\x00\x23"
#define RSA_BYTES_MIN	(2048 / 8)

static const char *
algorithm_fault(struct der algorithm, const struct der *key)
{
	struct der oid, curve = { 0 };

	if (!element(&algorithm, OBJECT, &oid))
		return "it is no public key";
	if (IS(&oid, OID_ED25519))
		return NULL;
	if (IS(&oid, OID_RSA))
		return key->end - key->at < RSA_BYTES_MIN ? "an RSA key has 2048 bits at least" : NULL;
	if (!IS(&oid, OID_EC))
		return "its kind is not taken: ECDSA, RSA or Ed25519";
	if (!element(&algorithm, OBJECT, &curve) ||
	    !(IS(&curve, OID_P256) || IS(&curve, OID_P384) || IS(&curve, OID_P521)))
		return "its curve is not taken: P-256, P-384 or P-521";
	return NULL;
}

const char *
der_key_fault(const uint8_t *der, size_t len)
{
	struct der in = { der, der + len }, whole, algorithm, key;

	if (!element(&in, SEQUENCE, &whole) || in.at != in.end || !element(&whole, SEQUENCE, &algorithm) ||
	    !element(&whole, BIT_STRING, &key) || whole.at != whole.end)
		return "it is no public key";
	return algorithm_fault(algorithm, &key);
}

const char *
der_certificate_fault(const uint8_t *der, size_t len)
{
	struct der in = { der, der + len }, whole, signed_part, algorithm, signature;

	if (!element(&in, SEQUENCE, &whole) || in.at != in.end || !element(&whole, SEQUENCE, &signed_part) ||
	    !element(&whole, SEQUENCE, &algorithm) || !element(&whole, BIT_STRING, &signature) || whole.at != whole.end)
		return "it is no certificate";
	return NULL;
}
