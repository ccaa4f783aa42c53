/* SPDX-License-Identifier: Apache-2.0 */
#include "events/dns.h"

#include <arpa/inet.h>
#include <string.h>

#define HEAD		12
#define NAME_MAX_BYTES	255		/* of a name on the wire, RFC 1035, 3.1 */
#define POINTER		0xc0

enum { TYPE_A = 1, TYPE_NS = 2, TYPE_CNAME = 5, TYPE_PTR = 12, TYPE_AAAA = 28, CLASS_IN = 1 };

static uint16_t
be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

bool
dns_head(const uint8_t *p, size_t len, struct dns_head *out)
{
	if (len < HEAD)
		return false;
	out->id = be16(p);
	out->flags = be16(p + 2);
	out->n_questions = be16(p + 4);
	out->n_answers = be16(p + 6);
	return true;
}

static char *
put_byte(char *to, uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		c |= 0x20;
	if (c > ' ' && c < 0x7f && c != '.' && c != '\\') {
		*to++ = (char)c;
		return to;
	}
	*to++ = '\\';
	*to++ = (char)('0' + c / 100);
	*to++ = (char)('0' + c / 10 % 10);
	*to++ = (char)('0' + c % 10);
	return to;
}

/* A pointer leads to what lies before all that was read of the name, so none is followed twice.  Where
 * the message goes on, 0: malformed.  out: NULL, or the text and its length. */
static size_t
name_at(const uint8_t *p, size_t len, size_t at, char out[DNS_NAME_ROOM], size_t *n)
{
	size_t next = 0, from = at, bytes = 0;
	char *to = out;

	for (;;) {
		if (at >= len)
			return 0;
		if (p[at] >= POINTER) {
			if (at + 1 >= len)
				return 0;
			if (!next)
				next = at + 2;
			at = be16(p + at) & 0x3fff;
			if (at >= from)
				return 0;
			from = at;
			continue;
		}
		bytes += p[at] + 1U;
		if (p[at] > 63 || at + 1 + p[at] > len || bytes > NAME_MAX_BYTES)
			return 0;
		if (!p[at])
			break;
		if (out && to != out)
			*to++ = '.';
		for (size_t i = 1; out && i <= p[at]; i++)
			to = put_byte(to, p[at + i]);
		at += p[at] + 1U;
	}
	if (out && to == out)
		*to++ = '.';
	if (out)
		*n = (size_t)(to - out);
	return next ? next : at + 1;
}

size_t
dns_question(const uint8_t *p, size_t len, char name[DNS_NAME_ROOM], uint16_t *type)
{
	struct dns_head h;
	size_t at, n = 0;

	if (!dns_head(p, len, &h) || !h.n_questions)
		return 0;
	at = name_at(p, len, HEAD, name, &n);
	if (!at || at + 4 > len)
		return 0;
	*type = be16(p + at);
	return n;
}

/* The text of a record's data, 0: it has none. */
static size_t
data_text(const uint8_t *p, size_t len, uint16_t type, size_t at, size_t size, char text[DNS_NAME_ROOM])
{
	size_t n = 0;

	switch (type) {
	case TYPE_A:
		return size == 4 && inet_ntop(AF_INET, p + at, text, DNS_NAME_ROOM) ? strlen(text) : 0;
	case TYPE_AAAA:
		return size == 16 && inet_ntop(AF_INET6, p + at, text, DNS_NAME_ROOM) ? strlen(text) : 0;
	case TYPE_NS:
	case TYPE_CNAME:
	case TYPE_PTR:
		return name_at(p, len, at, text, &n) ? n : 0;
	default:
		return 0;
	}
}

size_t
dns_answers(const uint8_t *p, size_t len, unsigned int max, char *out, size_t room)
{
	char text[DNS_NAME_ROOM];
	struct dns_head h;
	size_t at = HEAD, n = 0;

	if (!dns_head(p, len, &h))
		return 0;
	for (unsigned int i = 0; i < h.n_questions; i++) {
		at = name_at(p, len, at, NULL, NULL);
		if (!at || len - at < 4)
			return 0;
		at += 4;
	}
	for (unsigned int i = 0, taken = 0; i < h.n_answers && taken < max; i++) {
		size_t size, got;

		at = name_at(p, len, at, NULL, NULL);
		if (!at || len - at < 10 || len - at - 10 < be16(p + at + 8))
			break;
		size = be16(p + at + 8);
		got = be16(p + at + 2) == CLASS_IN ? data_text(p, len, be16(p + at), at + 10, size, text) : 0;
		at += 10 + size;
		if (!got)
			continue;
		if (got >= room - n)
			break;
		memcpy(out + n, text, got);
		out[n + got] = '\0';
		n += got + 1;
		taken++;
	}
	return n;
}
