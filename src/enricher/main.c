/* SPDX-License-Identifier: Apache-2.0 */
/* bpfd-enricher: from the kernel's rings to the shared one.  No bpf(2), no open(2), no privilege. */
#include <fcntl.h>
#include <sys/mman.h>

#include "common/auto.h"
#include "common/log.h"
#include "common/sandbox.h"
#include "enricher/enricher.h"

#define CHANNEL_FD 3

static const struct sandbox_rule rules[] = {
#include "enricher/sandbox.def"
};

struct starting { int root; uid_t uid; gid_t gid; };

static int
on_start(struct enricher *en, const struct msg_start_enricher *m, int *fds, struct starting *st)
{
	int err = config_receive(fds[0], &en->cfg);

	if (err)
		return log_err(err, "enricher.start", "step=config");
	schema_declare(&en->cfg->declared);
	log_set_level((enum log_level)(LOG_LVL_ERR + en->cfg->log_level));
	en->ring_bytes = m->ring_bytes;
	err = ring_new(fds[1], m->ring_bytes, &en->ring);
	if (err)
		return log_err(err, "enricher.start", "step=ring");
	err = state_attach(en, fds[2]);
	if (err)
		return log_err(err, "enricher.start", "step=state");
	st->root = TAKE_FD(fds[3]);
	enricher_counters_load(en);
	return 0;
}

/* One message of the supervisor's before ENRICHER_GO. */
static int
next_step(struct enricher *en, struct starting *st)
{
	struct chan_msg m;
	int err = chan_wait(en->sup, &m, -1);

	if (err <= 0)
		return err ? err : -EPIPE;
	if (m.hdr.type == IPC_START_ENRICHER && !en->ring)
		err = on_start(en, m.payload, m.fds, st);
	else
		err = en->ring ? control_message(en, en->sup, &m, m.fds) : -EPROTO;
	chan_drop_fds(&m);
	return err;
}

static int
start(struct enricher *en, struct starting *st)
{
	int err = sandbox_close_from(CHANNEL_FD + 1);

	if (!err)
		err = chan_new(CHANNEL_FD, ROLE_ENRICHER, FROM_SUP, &en->sup);
	if (err)
		return log_err(err, "enricher.start", "step=channel");
	err = sandbox_user("bpfd-enrich", &st->uid, &st->gid);
	while (!err && chan_phase(en->sup) == PHASE_START)
		err = next_step(en, st);
	return err ? err : loop_init(en);
}

static int
seal(struct enricher *en, struct starting *st)
{
	const struct sandbox sb = { .name = "bpfd-enricher", .uid = st->uid, .gid = st->gid,
		.root_fd = st->root, .landlock = true, .rules = rules, .n_rules = ARRAY_SIZE(rules),
		/* Two sets of rings while a new loader's take the place of the old ones. */
		.limits = { .nofile = 256 + 2 * SOURCE_COUNTERS } };
	int err = sandbox_enter(&sb);

	if (err)
		return err;
	close_keep_errno(TAKE_FD(st->root));
	err = chan_send(en->sup, IPC_READY, 0, NULL, NULL);
	return err ? log_err(err, "enricher.seal", "step=ready") : 0;
}

static void
stop(struct enricher *en)
{
	krings_free(&en->coming);
	krings_free(&en->krings);
	matcher_free(en->matcher);
	state_detach(en);
	ring_free(en->ring);
	chan_free(en->loader);
	chan_free(en->api);
	for (size_t i = 0; i < N_ACTION_CLASSES; i++)
		chan_free(en->actions[i]);
	chan_free(en->sup);
	config_free(en->cfg);
}

int
main(void)
{
	static struct enricher en = { .epoll = -1 };
	struct starting st = { .root = -1 };
	int err;

	if (start(&en, &st) < 0 || seal(&en, &st) < 0)
		return EXIT_FAILURE;
	err = loop_run(&en);
	stop(&en);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
