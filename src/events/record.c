/* SPDX-License-Identifier: Apache-2.0 */
#include "events/record.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "common/auto.h"
#include "events/tables.h"

const char *const severity_names[N_SEVERITIES] = {
	"debug", "info", "notice", "low", "medium", "high", "critical",
};

/* The smallest tables that can be asked once for each event, made from the tracers' at first use. */
static const struct record_shape *
shape_of(unsigned int tracer)
{
	static struct record_shape shapes[N_TRACERS];
	const struct tracer_info *t;
	struct record_shape *s;

	if (tracer >= N_TRACERS)
		return NULL;
	s = &shapes[tracer];
	if (s->min_size)
		return s;
	t = tracer_info(tracer);
	if (!t)
		return NULL;
	for (const struct field *f = t->fields; f->name; f++)
		if ((f->type == F_STR || f->type == F_PATH || f->type == F_LIST) &&
		    f->size == sizeof(struct ev_str) && s->n_strs < ARRAY_SIZE(s->strs))
			s->strs[s->n_strs++] = (uint16_t)f->off;
	while (t->events[s->n_events])
		s->n_events++;
	s->min_size = t->min_size;
	return s;
}

/* Without branches: most records are sound. */
static inline unsigned int
str_bad(struct ev_str s, size_t from, size_t len)
{
	return (unsigned int)(s.len != 0) &
		((unsigned int)(s.off < from) | (unsigned int)((size_t)s.off + s.len > len));
}

/* The kernel's part: *ev is at least as long as its tracer's struct, with its strings behind it. */
static int
check_event(const void *bytes, size_t len)
{
	const struct ev_hdr *ev = bytes;
	const struct record_shape *s;
	unsigned int bad = 0;

	if (len < sizeof(*ev) || ev->len > len || ev->len > EV_RECORD_MAX || ev->len % 8)
		return -EBADMSG;
	s = shape_of(ev->tracer);
	if (!s || ev->len < s->min_size || ev->event >= s->n_events)
		return -EBADMSG;
	for (uint32_t i = 0; i < s->n_strs; i++) {
		struct ev_str str;

		memcpy(&str, (const char *)bytes + s->strs[i], sizeof(str));
		bad |= str_bad(str, s->min_size, ev->len);
	}
	if (ev->tracer >= TR_DECLARED)	/* made for another declaration, its fields mean something else */
		bad |= !declared_id_ok(ev);
	return bad ? -EBADMSG : 0;
}

/* From the first string of a context to its end. */
#define CTX_STRS_OFF	offsetof(struct rec_ctx, exe)
#define CTX_STRS_BYTES	(sizeof(struct rec_ctx) - CTX_STRS_OFF)
static_assert(CTX_STRS_BYTES == 18 * 4, "strings and hierarchy, side by side");

/* memcmp() takes as long to be called as to look at so few. */
static inline bool
same_strs(const void *a, const void *b)
{
	typedef uint64_t words __attribute__((vector_size(16)));
	words differ = { 0 }, x, y;
	uint64_t last[2];

#pragma GCC unroll 8
	for (size_t i = 0; i + sizeof(x) <= CTX_STRS_BYTES; i += sizeof(x)) {
		memcpy(&x, (const char *)a + i, sizeof(x));
		memcpy(&y, (const char *)b + i, sizeof(y));
		differ |= x ^ y;
	}
	memcpy(&last[0], (const char *)a + CTX_STRS_BYTES - 8, 8);
	memcpy(&last[1], (const char *)b + CTX_STRS_BYTES - 8, 8);
	return !(differ[0] | differ[1] | (last[0] ^ last[1]));
}

static int
check_ctx(const void *bytes, size_t len)
{
	/* What was sound last time: all that is looked at are these numbers and the length. */
	static struct { unsigned char strs[CTX_STRS_BYTES]; size_t len; } sound;
	const struct rec_ctx *c = bytes;
	unsigned int bad;

	if (len < sizeof(*c) || c->len != len)
		return -EBADMSG;
	if (len == sound.len && same_strs((const char *)c + CTX_STRS_OFF, sound.strs))
		return 0;
	if (len % 8 || c->cgroup_hierarchy > 2)
		return -EBADMSG;
#define BAD(member) str_bad(c->member, sizeof(*c), len)
	bad = BAD(exe) | BAD(cwd) | BAD(pexe) | BAD(args) | BAD(pcomm) | BAD(tty) | BAD(cgroup) |
		BAD(cgroup_dir) | BAD(container) | BAD(runtime) | BAD(pod_uid) | BAD(name) |
		BAD(image) | BAD(pod) | BAD(k8s_ns) | BAD(labels);
#undef BAD
	if (bad)
		return -EBADMSG;
	memcpy(sound.strs, (const char *)c + CTX_STRS_OFF, sizeof(sound.strs));
	sound.len = len;
	return 0;
}

static int
check_matches(const struct rec_hdr *r)
{
	const struct rec_match *m = (const void *)((const char *)r + r->off_match);
	size_t names = r->off_match + (size_t)r->n_matches * sizeof(*m);

	if (r->n_matches > REC_MATCHES_MAX || names > r->len)
		return -EBADMSG;
	for (uint32_t i = 0; i < r->n_matches; i++)
		if (m[i].severity >= N_SEVERITIES || m[i].name_len > r->len || m[i].name_off < names ||
		    m[i].name_off > r->len - m[i].name_len)
			return -EBADMSG;
	return 0;
}

int
record_check(const void *bytes, size_t len, struct event *out)
{
	const struct rec_hdr *r = bytes;
	const struct ev_hdr *ev = (const void *)(r + 1);
	int err;

	if ((uintptr_t)bytes % 8 || len < sizeof(*r) || r->len != len || len % 8 || len > REC_MAX ||
	    r->off_ctx % 8 || r->off_match % 8 || r->off_ctx < sizeof(*r) + sizeof(*ev) ||
	    r->off_match < r->off_ctx || r->off_match > len)
		return -EBADMSG;
	err = check_event(ev, r->off_ctx - sizeof(*r));
	if (!err && ev->len != r->off_ctx - sizeof(*r))
		err = -EBADMSG;
	if (!err)
		err = check_ctx((const char *)bytes + r->off_ctx, r->off_match - r->off_ctx);
	if (!err)
		err = check_matches(r);
	if (err)
		return err;

	*out = (struct event){
		.rec = r,
		.ev = ev,
		.ctx = (const void *)((const char *)bytes + r->off_ctx),
		.matches = (const void *)((const char *)bytes + r->off_match),
		.n_matches = r->n_matches,
	};
	return 0;
}

int
record_check_kernel(const void *bytes, size_t len, const struct rec_ctx *ctx, struct event *out)
{
	static const struct rec_ctx nothing = { .len = sizeof(nothing) };
	int err = (uintptr_t)bytes % 8 ? -EBADMSG : check_event(bytes, len);

	if (err)
		return err;
	*out = (struct event){ .ev = bytes, .ctx = ctx ? ctx : &nothing };
	return 0;
}
