/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "bpf/dns.h"
#include "events/dns.h"
#include "events/words.h"

#define ANSWERS_MAX	16
#define RCODE		0xf		/* of the header's flags */

static const char *const events[] = { "query", "response", NULL };

static const struct field_word type_words[] = {
	{ 1, "A" }, { 2, "NS" }, { 5, "CNAME" }, { 6, "SOA" }, { 10, "NULL" }, { 12, "PTR" }, { 13, "HINFO" }, { 15, "MX" },
	{ 16, "TXT" }, { 28, "AAAA" }, { 33, "SRV" }, { 35, "NAPTR" }, { 43, "DS" }, { 46, "RRSIG" }, { 47, "NSEC" },
	{ 48, "DNSKEY" }, { 52, "TLSA" }, { 64, "SVCB" }, { 65, "HTTPS" }, { 252, "AXFR" }, { 255, "ANY" }, { 257, "CAA" },
	{ 0, NULL },
};
static const struct field_word rcode_words[] = {
	{ 0, "NOERROR" }, { 1, "FORMERR" }, { 2, "SERVFAIL" }, { 3, "NXDOMAIN" }, { 4, "NOTIMP" }, { 5, "REFUSED" },
	{ 9, "NOTAUTH" }, { 0, NULL },
};

static const uint8_t *
message(const struct event *e, size_t *len)
{
	const struct ev_dns *d = (const struct ev_dns *)e->ev;

	*len = d->message.len;
	return (const uint8_t *)d + d->message.off;
}

/* Texts lie in memory of these functions until the next call. */
static bool
get_qname(const struct event *e, const struct field *f, struct value *out)
{
	static char name[DNS_NAME_ROOM];
	size_t len;
	const uint8_t *p = message(e, &len);
	uint16_t type;

	(void)f;
	out->data = name;
	out->len = dns_question(p, len, name, &type);
	return out->len;
}

static bool
get_qtype(const struct event *e, const struct field *f, struct value *out)
{
	char name[DNS_NAME_ROOM];
	size_t len;
	const uint8_t *p = message(e, &len);
	uint16_t type;

	(void)f;
	if (!dns_question(p, len, name, &type))
		return false;
	out->u = type;
	return true;
}

static bool
get_answers(const struct event *e, const struct field *f, struct value *out)
{
	static char list[ANSWERS_MAX * DNS_NAME_ROOM];
	size_t len;
	const uint8_t *p = message(e, &len);

	(void)f;
	out->data = list;
	out->len = dns_answers(p, len, ANSWERS_MAX, list, sizeof(list));
	return out->len;
}

#define GET_HEAD(what, expression)                                                                 \
	static bool get_##what(const struct event *e, const struct field *f, struct value *out)    \
	{                                                                                          \
		size_t len;                                                                        \
		const uint8_t *p = message(e, &len);                                               \
		struct dns_head h;                                                                 \
                                                                                                   \
		(void)f;                                                                           \
		if (!dns_head(p, len, &h))                                                         \
			return false;                                                              \
		out->u = (expression);                                                             \
		return true;                                                                       \
	}
GET_HEAD(id, h.id)
GET_HEAD(rcode, h.flags & RCODE)
GET_HEAD(n_answers, h.n_answers)

#define RESPONSE (1U << DNS_RESPONSE)

static const struct field fields[] = {
	{ .name = "qname", .type = F_STR, .flags = FIELD_UNTRUSTED, .get = get_qname,
	  .help = "name that is asked for, in small letters; what is not printable is \\DDD" },
	{ .name = "qtype", .type = F_ENUM, .words = type_words, .get = get_qtype, .help = "type that is asked for" },
	{ .name = "rcode", .type = F_ENUM, .words = rcode_words, .get = get_rcode, .events = RESPONSE, .help = "what the server says" },
	{ .name = "answers", .type = F_LIST, .flags = FIELD_UNTRUSTED, .get = get_answers, .events = RESPONSE,
	  .help = "addresses and names of the answer, 16 at most" },
	FIELD_NUM(ev_dns, latency_ns, "latency_ns", F_U64, .flags = FIELD_OPTIONAL, .events = RESPONSE, .help = "how long the answer took"),
	FIELD_REF(ev_dns, server, "server", F_IP, .help = "address of the server"),
	FIELD_NUM(ev_dns, dport, "dport", F_U64, .help = "port of the server; 5353: mDNS"),
	FIELD_NUM(ev_dns, sport, "sport", F_U64, .flags = FIELD_DETAIL, .help = "port of this end"),
	{ .name = "id", .type = F_U64, .flags = FIELD_UNTRUSTED | FIELD_DETAIL, .get = get_id, .help = "number of the query" },
	{ .name = "n_answers", .type = F_U64, .flags = FIELD_UNTRUSTED | FIELD_DETAIL, .get = get_n_answers, .events = RESPONSE,
	  .help = "how many records of all types the answer says it has" },
	FIELD_NUM(ev_dns, len, "len", F_U64, .flags = FIELD_DETAIL, .help = "bytes of the message; of more than 512 the rest is not looked at"),
	FIELD_NUM(ev_dns, cookie, "cookie", F_U64, .flags = FIELD_OPTIONAL | FIELD_HEX | FIELD_DETAIL, .help = "the kernel's cookie of the socket"),
	FIELD_REF(ev_dns, message, "message", F_STR, .flags = FIELD_OPTIONAL | FIELD_UNTRUSTED | FIELD_HIDDEN, .help = "first 512 bytes of the message"),
	{ .name = NULL },
};

const struct tracer_info tracer_dns = {
	.name = "dns",
	.class = EV_BULK,
	.flags = TR_COSTLY,
	.help = "names that processes look up, and the answers",
	.events = events,
	.min_size = sizeof(struct ev_dns),
	.fields = fields,
};
