/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <string.h>

#include "common/auto.h"
#include "enricher/enricher.h"

/* Bytes of the matches that fit into room with their names; *n is how many of them do. */
static size_t
matches_bytes(const struct match_result *m, size_t room, uint32_t *n)
{
	size_t bytes = 0;

	for (*n = 0; *n < m->n && *n < REC_MATCHES_MAX; (*n)++) {
		size_t more = sizeof(struct rec_match) + m->match[*n].name_len;

		if (record_round(bytes + more) > room)
			break;
		bytes += more;
	}
	return record_round(bytes);
}

/* At off of the record's len own bytes; so many others are in front of them. */
static void
put_matches(const struct match_result *m, uint32_t n, char *rec, size_t off, size_t len, size_t others)
{
	struct rec_match *to = (struct rec_match *)(rec + off);
	size_t name = off + n * sizeof(*to);

	if (len > name)		/* what is behind the last name is in its last word */
		memset(rec + len - 8, 0, 8);
	for (uint32_t i = 0; i < n; i++) {
		to[i] = (struct rec_match){ .actions = m->match[i].actions, .name_off = (uint32_t)(name + others),
			.name_len = m->match[i].name_len, .severity = m->match[i].severity,
			.flags = m->match[i].flags, .suppressed = m->match[i].suppressed };
		memcpy(rec + name, m->match[i].name, m->match[i].name_len);
		name += m->match[i].name_len;
	}
}

static_assert(sizeof(struct rec_hdr) + EV_RECORD_MAX <= UINT16_MAX, "off and at of a share");

/* What the record shares with the last one that had the same context.  False: nothing. */
static bool
find_share(const struct enricher *en, const struct procs_told *told, size_t off_ctx, size_t ctx_len,
	struct ring_share *out)
{
	if (!told || !told->place || !ring_in_reach(en->ring, told->place))
		return false;
	*out = (struct ring_share){ .place = told->place, .off = told->off, .len = (uint16_t)ctx_len,
		.at = (uint16_t)off_ctx };
	return true;
}

/*
 * The context is most of a record and the same for most events of a process: where the ring still has it, it is
 * not written again.  What is redacted is of that event alone.
 */
void
enricher_publish(struct enricher *en, const struct event *e, const struct match_result *m)
{
	size_t off_ctx = sizeof(struct rec_hdr) + e->ev->len, ctx_len = e->ctx->len, skipped, own;
	size_t off_match = off_ctx + ctx_len;
	size_t most = en->ring_bytes / 4 < REC_MAX ? en->ring_bytes / 4 : REC_MAX;
	struct procs_told *told = m->redact || ctx_len > RING_SHARED_MAX ? NULL : en->procs.told_now;
	/* Those that no record has told yet. */
	uint64_t seq, place, lost = en->count[COUNT_lost] - en->count[COUNT_reported_lost];
	struct ring_share with;
	struct rec_hdr *h;
	uint32_t n = 0;
	bool shares;
	void *rec;

	if (off_match > most) {
		en->count[COUNT_too_large]++;
		en->count[COUNT_lost]++;
		return;
	}
	place = ring_place(en->ring);
	shares = find_share(en, told, off_ctx, ctx_len, &with);
	skipped = shares ? ctx_len : 0;
	own = off_match - skipped + matches_bytes(m, most - off_match, &n);
	seq = ring_reserve_sharing(en->ring, own, shares ? &with : NULL, &rec);
	h = rec;
	*h = (struct rec_hdr){ .seq = seq, .actions = m->actions, .streams = m->streams,
		.len = (uint32_t)(own + skipped), .generation = matcher_generation(en->matcher),
		.off_ctx = (uint32_t)off_ctx, .off_match = (uint32_t)off_match, .n_matches = n,
		.lost = lost < UINT32_MAX ? (uint32_t)lost : UINT32_MAX };
	memcpy(h + 1, e->ev, e->ev->len);
	if (!shares)
		memcpy((char *)rec + off_ctx, e->ctx, ctx_len);
	if (!shares && told)
		*told = (struct procs_told){ place, (uint16_t)off_ctx };
	if (__builtin_expect(m->redact != 0, 0))
		matcher_redact(en->matcher, m->redact, (struct ev_hdr *)(h + 1), (void *)((char *)rec + off_ctx));
	put_matches(m, n, rec, off_match - skipped, own, skipped);
	ring_push(en->ring);
	en->count[COUNT_reported_lost] += lost;
	en->count[COUNT_written]++;
	en->batch_bytes += own + 16;
}
