/* SPDX-License-Identifier: Apache-2.0 */
#include "component/enricher-rig.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "common/auto.h"
#include "common/memfd.h"
#include "ipc/counters.h"
#include "ipc/state.h"
#include "unit/config_make.h"

static void
enricher_config(struct config *c)
{
	config_defaults(c);
	c->log_level = 1;
	c->policy_interfaces.n = c->policy_cgroups.n = 1;
	strcpy(c->policy_interfaces.glob[0], "*");
	strcpy(c->policy_cgroups.glob[0], "*");
}

static int
state_memfd(const struct config *c)
{
	int fd = memfd_create("state", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, (off_t)state_bytes(c->events_processes, c->events_cgroups)) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return -1;
	return fd;
}

static int
shared_map(struct enrig *r)
{
	size_t len = (ENRIG_CPUS * sizeof(struct ev_cpu) + 4095) & ~(size_t)4095;

	r->shared_fd = memfd_create("shared", MFD_CLOEXEC);
	if (r->shared_fd < 0 || ftruncate(r->shared_fd, (off_t)len) < 0)
		return -errno;
	r->shared = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, r->shared_fd, 0);
	return r->shared == MAP_FAILED ? -errno : 0;
}

int
enrig_open(struct enrig *r, size_t ring_bytes, size_t kring_bytes)
{
	char dir[] = "/tmp/enrig.XXXXXX";

	memset(r, 0, sizeof(*r));
	enricher_config(&r->cfg);
	r->ring_bytes = ring_bytes ? ring_bytes : 1 << 20;
	r->kring_bytes = kring_bytes ? kring_bytes : 65536;
	r->cfg.events_ring_bytes = r->ring_bytes;
	r->map_id = 100;
	if (!mkdtemp(dir))
		return -errno;
	r->empty = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rmdir(dir);
	r->ring = ring_memfd(r->ring_bytes);
	r->ring_ro = ring_readonly(r->ring);
	r->cursor = ring_cursor_memfd();
	r->cursor_ro = ring_readonly(r->cursor);
	r->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	r->state = state_memfd(&r->cfg);
	for (unsigned int i = 0; i < N_ENRIG_RINGS; i++)
		r->rings[i] = fake_ring_make(r->kring_bytes);
	if (r->empty < 0 || r->ring < 0 || r->ring_ro < 0 || r->cursor < 0 || r->event < 0 ||
	    r->state < 0 || shared_map(r) < 0)
		return -EIO;
	return ring_open(r->ring_ro, r->cursor, &r->reader);
}

static void
drop_channels(struct enrig *r)
{
	struct chan **all[] = { &r->sup, &r->loader, &r->api, &r->action };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		chan_free(*all[i]);
		*all[i] = NULL;
	}
}

void
enrig_kill(struct enrig *r)
{
	if (r->pid > 0) {
		kill(r->pid, SIGKILL);
		waitpid(r->pid, NULL, 0);
	}
	r->pid = 0;
	drop_channels(r);
}

int
enrig_stop(struct enrig *r)
{
	const struct msg_stop m = { 0 };
	int status = -1;

	chan_send(r->sup, IPC_ENRICHER_STOP, 0, &m, NULL);
	waitpid(r->pid, &status, 0);
	r->pid = 0;
	drop_channels(r);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool
enrig_running(struct enrig *r)
{
	return waitpid(r->pid, NULL, WNOHANG) == 0;
}

void
enrig_close(struct enrig *r)
{
	const int fds[] = { r->empty, r->ring, r->ring_ro, r->cursor, r->cursor_ro, r->event, r->state,
		r->shared_fd };

	enrig_kill(r);
	ring_close(r->reader);
	for (unsigned int i = 0; i < N_ENRIG_RINGS; i++)
		fake_ring_drop(&r->rings[i]);
	munmap(r->shared, (ENRIG_CPUS * sizeof(struct ev_cpu) + 4095) & ~(size_t)4095);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
}

static void
child(int ctl)
{
	const char *build = getenv("BPFD_BUILD");
	char path[512];
	int fd = fcntl(ctl, F_DUPFD, 10), null = open("/dev/null", O_RDWR);

	snprintf(path, sizeof(path), "%s/bpfd-enricher", build ? build : ".");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(null, 0);
	dup2(null, 1);
	dup2(fd, 3);
	closefrom(4);
	execl(path, path, (char *)NULL);
	_exit(127);
}

static int
pair(int *theirs, unsigned int self, struct chan **ours)
{
	int sv[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0)
		return -errno;
	err = chan_new(sv[0], self, FROM_ENRICHER, ours);
	*theirs = sv[1];
	return err;
}

/* A channel whose other end goes to the enricher by a message of the supervisor's. */
static int
introduce(struct enrig *r, enum ipc_type type, const void *payload, unsigned int self, struct chan **ch)
{
	int theirs, err;

	chan_free(*ch);
	err = pair(&theirs, self, ch);
	if (err)
		return err;
	chan_set_phase(*ch, PHASE_RUN);
	err = chan_send(r->sup, type, 0, payload, &theirs);
	close(theirs);
	return err;
}

int
enrig_loader(struct enrig *r)
{
	return introduce(r, IPC_ENRICHER_LOADER, NULL, ROLE_LOADER, &r->loader);
}

int
enrig_rings(struct enrig *r)
{
	const struct msg_ev_shared shared = { .bytes = ENRIG_CPUS * sizeof(struct ev_cpu),
		.n_cpus = ENRIG_CPUS };
	int err = chan_send(r->loader, IPC_EV_SHARED, 0, &shared, &r->shared_fd);

	for (uint32_t i = 0; i < N_ENRIG_RINGS && !err; i++) {
		const struct msg_ev_ring m = { .data_bytes = r->kring_bytes, .class_ = i % 2, .cpu = i / 2,
			.map_id = r->map_id + i };

		err = chan_send(r->loader, IPC_EV_RING, 0, &m, &r->rings[i].fd);
	}
	return err ? err : chan_send(r->loader, IPC_EV_RINGS_END, 0, NULL, NULL);
}

int
enrig_start(struct enrig *r)
{
	const struct msg_start_enricher start = { .ring_bytes = r->ring_bytes, .n_cpus = ENRIG_CPUS };
	const struct msg_consumer consumer = { 0 }, worker = { .id = 1 };
	AUTO(fd) int cfg = memfd_sealed("config", &r->cfg, sizeof(r->cfg));
	struct chan_msg m;
	int theirs, err = pair(&theirs, ROLE_SUP, &r->sup);

	if (err || cfg < 0)
		return err ? err : cfg;
	r->pid = fork();
	if (r->pid == 0)
		child(theirs);
	close(theirs);
	err = chan_send(r->sup, IPC_START_ENRICHER, 0, &start,
		(int[]){ cfg, r->ring, r->state, r->empty });
	if (!err)
		err = chan_send(r->sup, IPC_ENRICHER_CONSUMER, 0, &consumer, (int[]){ r->cursor_ro, r->event });
	if (!err)
		err = chan_send(r->sup, IPC_ENRICHER_GO, 0, NULL, NULL);
	if (!err && chan_wait(r->sup, &m, 5000) != 1)
		err = -ETIMEDOUT;
	chan_set_phase(r->sup, PHASE_RUN);
	if (!err)
		err = enrig_loader(r);
	if (!err)
		err = introduce(r, IPC_ENRICHER_API, NULL, ROLE_API, &r->api);
	if (!err)
		err = introduce(r, IPC_ENRICHER_ACTION, &worker, ROLE_ACTION, &r->action);
	return err ? err : enrig_rings(r);
}

int
enrig_ruleset(struct enrig *r, const struct ruleset *set)
{
	struct msg_ruleset m = { .generation = set->generation };
	AUTO(mem) void *bytes = NULL;
	struct chan_msg answer;
	size_t len;
	int err = ruleset_pack(set, &bytes, &len), fd;

	if (err)
		return err;
	m.len = len;
	fd = memfd_sealed("rules", bytes, len);
	err = chan_send(r->api, IPC_RULESET, 1, &m, &fd);
	close(fd);
	if (err || chan_wait(r->api, &answer, 5000) != 1 || answer.hdr.type != IPC_RULESET_USED)
		return err ? err : -ETIMEDOUT;
	return ((const struct msg_ruleset_used *)answer.payload)->err;
}

int
enrig_want(struct enrig *r, uint64_t tracers)
{
	const struct ruleset set = { .generation = ++r->generation, .defaults = tracers,
		.default_actions = 1 };

	return enrig_ruleset(r, &set);
}

bool
enrig_put(struct enrig *r, unsigned int ring, const void *rec, size_t len)
{
	return fake_ring_put(&r->rings[ring], rec, len, 0, NULL);
}

bool
enrig_take(struct enrig *r, struct event *out)
{
	for (unsigned int i = 0; i < 100; i++) {
		struct pollfd p = { .fd = r->event, .events = POLLIN };
		const void *rec;
		uint64_t drop;
		size_t len;

		if (ring_next(r->reader, &rec, &len)) {
			ring_done(r->reader);
			return record_check(rec, len, out) == 0;
		}
		if (ring_sleep(r->reader)) {
			poll(&p, 1, 10);
			(void)!read(r->event, &drop, sizeof(drop));
		}
		ring_awake(r->reader);
	}
	return false;
}

static void
look_for(const char *name, const struct msg_counter *v, uint32_t n, uint64_t *value)
{
	for (uint32_t i = 0; i < n; i++)
		if (strcmp(v[i].name, name) == 0)
			*value = v[i].value;
}

uint64_t
enrig_stat(struct enrig *r, const char *name)
{
	struct msg_counter v[IPC_KERNEL_COUNTERS];
	uint64_t value = ~0ull;
	struct chan_msg m;

	if (chan_send(r->api, IPC_EV_STATS, 9, NULL, NULL))
		return value;
	while (chan_wait(r->api, &m, 5000) == 1 && m.hdr.type != IPC_EV_STATS_END) {
		const struct msg_ev_kernel *k = m.payload;
		const struct msg_ev_stat *s = m.payload;

		if (m.hdr.type == IPC_EV_STAT)
			look_for(name, s->v, s->n, &value);
		for (uint32_t i = 0; m.hdr.type == IPC_EV_KERNEL && i < k->n; i++)
			look_for(name, v, ipc_kernel_counters(&k->of[i], v), &value);
	}
	return value;
}
