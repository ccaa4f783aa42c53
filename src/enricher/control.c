/* SPDX-License-Identifier: Apache-2.0 */
/* What the others tell the enricher.  A handler's negative errno ends the peer. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "common/auto.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memfd.h"
#include "enricher/enricher.h"

#define RULESET_MAX (512u << 20)

/* ---- from the supervisor ---- */

static int
on_START_ENRICHER(struct enricher *en, struct chan *ch, const struct msg_hdr *h,
	const struct msg_start_enricher *m, int *fds)
{
	return -EPROTO;			/* main.c has taken it */
}

static int
on_ENRICHER_CONSUMER(struct enricher *en, struct chan *ch, const struct msg_hdr *h,
	const struct msg_consumer *m, int *fds)
{
	int err = m->id <= N_ACTION_CLASSES && en->n_consumers < ARRAY_SIZE(en->consumers) ?
		ring_watch(en->ring, fds[0], fds[1]) : -EPROTO;

	if (err)
		return log_err(err, "enricher.consumer", "id=%u", m->id);
	en->consumers[en->n_consumers++] = m->id;	/* by number of the watch */
	fds[1] = -1;			/* the ring writes to it from now on */
	return 0;
}

static int
on_ENRICHER_GO(struct enricher *en, struct chan *ch, const struct msg_hdr *h,
	const struct msg_none *m, int *fds)
{
	chan_set_phase(ch, PHASE_RUN);
	/* Every consumer that there may be is watched now. */
	ring_stay_low(en->ring, RING_LOW_BYTES);
	return 0;
}

static int
replace(struct enricher *en, struct chan **place, int *fd, unsigned int peers)
{
	struct chan *ch;
	int err = chan_new(TAKE_FD(*fd), ROLE_ENRICHER, peers, &ch);

	if (err)
		return err;
	chan_set_phase(ch, PHASE_RUN);
	err = loop_watch(en, chan_fd(ch), ch);
	if (err) {
		chan_free(ch);
		return err;
	}
	chan_free(*place);
	*place = ch;
	return 0;
}

static int
on_ENRICHER_LOADER(struct enricher *en, struct chan *ch, const struct msg_hdr *h,
	const struct msg_none *m, int *fds)
{
	krings_free(&en->coming);
	binaries_forget(en);
	return replace(en, &en->loader, &fds[0], FROM_LOADER);
}

static int
on_ENRICHER_API(struct enricher *en, struct chan *ch, const struct msg_hdr *h,
	const struct msg_none *m, int *fds)
{
	return replace(en, &en->api, &fds[0], FROM_API);
}

static int
on_ENRICHER_ACTION(struct enricher *en, struct chan *ch, const struct msg_hdr *h,
	const struct msg_consumer *m, int *fds)
{
	if (m->id < 1 || m->id > N_ACTION_CLASSES)
		return -EPROTO;
	return replace(en, &en->actions[m->id - 1], &fds[0], FROM_ACTION);
}

static int
on_ENRICHER_STOP(struct enricher *en, struct chan *ch, const struct msg_hdr *h,
	const struct msg_stop *m, int *fds)
{
	en->stop = true;
	return 0;
}

static int
on_CONTAINER_FOUND(struct enricher *en, struct chan *ch, const struct msg_hdr *h,
	const struct msg_container_found *m, int *fds)
{
	return naming_answer(en, h->seq, m, fds[0]);
}

/* ---- from the loader ---- */

static void
drop_shared(struct ev_cpu **shared, size_t bytes)
{
	if (*shared)
		munmap(*shared, bytes);
	*shared = NULL;
}

static int
on_EV_SHARED(struct enricher *en, struct chan *ch, const struct msg_hdr *h,
	const struct msg_ev_shared *m, int *fds)
{
	size_t page = (size_t)getpagesize(), len;
	void *p;

	if (!m->n_cpus || m->n_cpus > SOURCE_CPUS)
		return -EPROTO;
	len = ((size_t)m->n_cpus * sizeof(struct ev_cpu) + page - 1) & ~(page - 1);
	if (m->bytes < (size_t)m->n_cpus * sizeof(struct ev_cpu))
		return -EPROTO;
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fds[0], 0);
	if (p == MAP_FAILED)
		return log_err(-errno, "enricher.shared", "bytes=%zu", len);
	krings_free(&en->coming);
	drop_shared(&en->shared_coming, en->shared_coming_bytes);
	en->shared_coming = p;
	en->shared_coming_bytes = len;
	en->n_cpus_coming = m->n_cpus;
	return 0;
}

static int
on_EV_KINDS(struct enricher *en, struct chan *ch, const struct msg_hdr *h, const struct msg_none *m,
	int *fds)
{
	void *p = mmap(NULL, CGROUP_KINDS_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fds[0], 0);

	if (p == MAP_FAILED)
		return log_err(-errno, "enricher.kinds", "bytes=%zu", CGROUP_KINDS_BYTES);
	cgroups_kinds(&en->cgroups, p);
	return 0;
}

static int
on_EV_RING(struct enricher *en, struct chan *ch, const struct msg_hdr *h,
	const struct msg_ev_ring *m, int *fds)
{
	int err;

	if (m->class_ >= N_EV_CLASSES || m->cpu >= SOURCE_CPUS)
		return -EPROTO;
	for (size_t i = 0; i < en->coming.n; i++)
		if (en->coming.r[i].class_ == m->class_ && en->coming.r[i].cpu == m->cpu)
			return -EPROTO;
	err = krings_add(&en->coming, fds[0], m->data_bytes, m->class_, m->cpu, m->map_id);
	if (err)
		return log_err(err, "enricher.ring", "cpu=%u class=%u bytes=%llu", m->cpu, m->class_,
			(unsigned long long)m->data_bytes);
	fds[0] = -1;
	return 0;
}

/* The iterator gives records one behind the other; a read may end within one. */
static int
on_EV_TASKS(struct enricher *en, struct chan *ch, const struct msg_hdr *h, const struct msg_none *m,
	int *fds)
{
	static unsigned char buf[4 * EV_RECORD_MAX] __attribute__((aligned(8)));
	size_t have = 0;
	ssize_t n;

	while ((n = read(fds[0], buf + have, sizeof(buf) - have)) > 0) {
		size_t at = 0;

		have += (size_t)n;
		while (have - at >= sizeof(struct ev_hdr)) {
			const struct ev_hdr *rec = (const struct ev_hdr *)(buf + at);

			if (rec->len < sizeof(*rec) || rec->len % 8 || rec->len > EV_RECORD_MAX)
				return log_err(-EBADMSG, "enricher.tasks", "len=%u", rec->len);
			if (rec->len > have - at)
				break;
			enricher_info(en, rec, rec->len);
			at += rec->len;
		}
		memmove(buf, buf + at, have - at);
		have -= at;
	}
	if (n < 0)
		log_err(-errno, "enricher.tasks", "processes come with their next event instead");
	return 0;
}

/* Where to go on with a ring: where its consumer page says, or further on, when a predecessor was
 * killed after a commit; but only when the commit was of this ring. */
static void
settle(struct enricher *en, struct kring *r)
{
	unsigned int i = r->cpu * N_EV_CLASSES + r->class_;

	kring_reload(r);
	if (en->state->map_ids[i] == r->map_id)
		kring_skip(r, ring_source(en->ring, i));
	else
		ring_source_set(en->ring, i, r->pos);
}

static int
on_EV_RINGS_END(struct enricher *en, struct chan *ch, const struct msg_hdr *h,
	const struct msg_none *m, int *fds)
{
	if (!en->shared_coming)
		return -EPROTO;
	enricher_drain(en);
	loop_forget_rings(en);
	krings_free(&en->krings);
	drop_shared(&en->shared, en->shared_bytes);
	en->krings = en->coming;
	en->coming = (struct krings){ 0 };
	en->shared = TAKE_PTR(en->shared_coming);
	en->shared_bytes = en->shared_coming_bytes;
	en->n_cpus = en->n_cpus_coming;
	for (size_t i = 0; i < en->krings.n; i++)
		settle(en, &en->krings.r[i]);
	ring_commit(en->ring);
	/* Only now: killed before, a successor takes the consumer pages' positions as well. */
	for (size_t i = 0; i < en->krings.n; i++) {
		const struct kring *r = &en->krings.r[i];

		en->state->map_ids[r->cpu * N_EV_CLASSES + r->class_] = r->map_id;
	}
	log_info("enricher.rings", "rings=%zu cpus=%u", en->krings.n, en->n_cpus);
	return loop_watch_rings(en);
}

/* ---- from the API ---- */

static int
use_ruleset(struct enricher *en, const struct msg_ruleset *m, int fd, char *why, size_t room)
{
	struct matcher *set;
	const void *bytes;
	long len = memfd_seal_received(fd, RULESET_MAX);
	int err;

	snprintf(why, room, "the rule set is not sealed, or too large");
	if (len < 0)
		return (int)len;
	if ((uint64_t)len != m->len)
		return -EINVAL;
	bytes = memfd_map(fd, (size_t)len);
	if (!bytes)
		return -errno;
	err = matcher_new(bytes, (size_t)len, &set, why, room);
	munmap((void *)bytes, (size_t)len);
	if (err)
		return err;
	if (matcher_generation(set) != m->generation) {
		matcher_free(set);
		snprintf(why, room, "the rule set is of another generation");
		return -EINVAL;
	}
	if (en->matcher)
		matcher_adopt(set, en->matcher);
	matcher_free(en->matcher);
	en->matcher = set;
	en->urgent = matcher_urgent(set);
	why[0] = '\0';
	return 0;
}

static int
on_RULESET(struct enricher *en, struct chan *ch, const struct msg_hdr *h, const struct msg_ruleset *m,
	int *fds)
{
	struct msg_ruleset_used used = { .generation = m->generation };

	used.err = use_ruleset(en, m, fds[0], used.text, sizeof(used.text));
	if (used.err)
		log_err(used.err, "enricher.ruleset", "generation=%u why=%s", m->generation,
			LOG_QUOTE(used.text));
	return chan_send_nonblock(ch, IPC_RULESET_USED, h->seq, &used, NULL);
}

static int
on_EV_STATS(struct enricher *en, struct chan *ch, const struct msg_hdr *h, const struct msg_none *m,
	int *fds)
{
	return stats_send(en, ch, h->seq);
}

static int
on_EV_RULES(struct enricher *en, struct chan *ch, const struct msg_hdr *h, const struct msg_ev_rules *m,
	int *fds)
{
	return stats_send_rules(en, ch, h->seq, m->from);
}

static int
on_OWN_EVENT(struct enricher *en, struct chan *ch, const struct msg_hdr *h, const struct msg_own *m, int *fds)
{
	return made_own(en, m);
}

/* ---- from an action worker ---- */

static int
on_ACTION_RESULT(struct enricher *en, struct chan *ch, const struct msg_hdr *h,
	const struct msg_action_result *m, int *fds)
{
	return made_action_result(en, m);
}

/* ---- */

int
control_message(struct enricher *en, struct chan *ch, const struct chan_msg *m, int *fds)
{
	int err = -EPROTO;

	switch (m->hdr.type) {
#define CASE(NAME, payload_) case IPC_##NAME: \
		err = on_##NAME(en, ch, &m->hdr, (const struct msg_##payload_ *)m->payload, fds); break;
#define TO_ENRICHER(NAME, from, payload, n_fds, phase) CASE(NAME, payload)
#include "ipc/messages.def"
#undef CASE
	}
	return err;
}

void
control_drop(struct enricher *en, struct chan *ch)
{
	struct chan **places[] = { &en->loader, &en->api };

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (*places[i] == ch)
			*places[i] = NULL;
	for (size_t i = 0; i < N_ACTION_CLASSES; i++)
		if (en->actions[i] == ch)
			en->actions[i] = NULL;
	chan_free(ch);
}
