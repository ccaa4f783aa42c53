/* SPDX-License-Identifier: Apache-2.0 */
/* The fake loader of apirig.h. */
#include "component/apirig.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/auto.h"
#include "common/memfd.h"

#define LOG "verifier says: R1 is not a pointer\n"

static void
result(struct apirig *r, uint32_t seq, enum ipc_code code, uint32_t n, const char *text)
{
	struct msg_result m = { .code = code, .n_items = n };

	snprintf(m.text, sizeof(m.text), "%s", text);
	chan_send(r->chan, IPC_RESULT, seq, &m, NULL);
}

static void
send_prog(struct apirig *r, uint32_t seq, const struct fake_prog *p, const char *name)
{
	struct msg_prog_facts f = { .gid = p->gid, .id = p->id, .type = 6, .loaded_boot_ns = 1,
		.run_cnt = 7, .xlated_bytes = 64, .n_maps = r->n_foreign ? 8 : 1, .map_ids = { p->id + 1000 },
		.flags = PROG_MANAGED | PROG_GPL, .tag = { 0xde, 0xad }, .kname = "fake" };

	snprintf(f.name, sizeof(f.name), "%s", name);
	chan_send(r->chan, IPC_PROG, seq, &f, NULL);
}

static void
send_link(struct apirig *r, uint32_t seq, const struct fake_link *l)
{
	const struct msg_link_facts f = { .link_id = l->link_id, .gid = l->gid, .prog_id = l->prog_id,
		.kernel_link_id = 5, .ifindex = l->ifindex, .kind = "xdp", .backend = "link", .mode = "skb" };

	chan_send(r->chan, IPC_LINK_FACTS, seq, &f, NULL);
}

static void
token(struct apirig *r, uint32_t seq, uint64_t id)
{
	struct msg_token t = { "a token of this group or link, " };

	t.mac[31] = (uint8_t)id;
	chan_send(r->chan, IPC_TOKEN, seq, &t, NULL);
}

static bool
is_token(const struct msg_token *t, uint64_t id)
{
	return memcmp(t->mac, "a token of this group or link, ", 31) == 0 && t->mac[31] == (uint8_t)id;
}

static void
finish_load(struct apirig *r, uint32_t seq, bool answer)
{
	const struct msg_load *m = &r->last_load;
	uint32_t n = m->n_progs ? m->n_progs : 1;
	struct msg_map_facts map = { .gid = m->gid, .id = r->next_id + 1000, .type = 2, .name = "counts" };

	if (answer && (m->flags & LOAD_PERSISTENT))
		token(r, seq, m->gid);
	if (answer)
		chan_send(r->chan, IPC_MAP, seq, &map, NULL);
	for (uint32_t i = 0; i < n; i++) {
		struct fake_prog p = { .gid = m->gid, .id = r->next_id++ };

		if (r->mood == FAKE_LIES)
			p.gid++;
		if (answer)
			send_prog(r, seq, &p, m->n_progs ? m->progs[i].name : "only");
		if (!(m->flags & LOAD_DRY_RUN))
			r->progs[r->n_progs++] = p;
	}
	if (answer)
		result(r, seq, IPC_OK, n + 1, "");
}

static void
refuse(struct apirig *r, uint32_t seq)
{
	size_t len = r->log_bytes ? r->log_bytes : sizeof(LOG) - 1;
	AUTO(mem) char *text = malloc(len);
	const struct msg_result_log log = { .len = len };
	AUTO(fd) int fd = -1;

	if (!text)
		abort();
	for (size_t i = 0; i < len; i++)
		text[i] = r->log_bytes ? apirig_log_byte(i) : LOG[i];
	fd = memfd_sealed("log", text, len);

	chan_send(r->chan, IPC_RESULT_LOG, seq, &log, &fd);
	result(r, seq, IPC_FAILED_PRECONDITION, 0, "the verifier refused it");
}

/* False: the fake loader is to die. */
static bool
on_load(struct apirig *r, uint32_t seq, const struct msg_load *m)
{
	r->last_load = *m;
	switch (r->mood) {
	case FAKE_REFUSES:
		refuse(r, seq);
		return true;
	case FAKE_DIES:
		return false;
	case FAKE_DIES_LATE:
		finish_load(r, seq, false);
		return false;
	case FAKE_WAITS:
		r->waiting_seq = seq;
		return true;
	case FAKE_KILLS_API:
		finish_load(r, seq, false);
		kill(r->api, SIGKILL);
		return false;
	case FAKE_LIES:
	case FAKE_WORKS:
		break;
	}
	finish_load(r, seq, true);
	return true;
}

static bool
on_attach(struct apirig *r, uint32_t seq, const struct msg_attach *m)
{
	struct fake_link l = { m->link_id, m->gid, m->prog_id, 3 };

	r->last_attach = *m;
	if (r->mood == FAKE_REFUSES)
		refuse(r, seq);
	if (r->mood == FAKE_REFUSES || r->mood == FAKE_DIES)
		return r->mood == FAKE_REFUSES;
	if (!(m->flags & (ATTACH_DRY_RUN | ATTACH_FUTURE)))
		r->links[r->n_links++] = l;
	if (r->mood == FAKE_DIES_LATE)
		return false;
	if (m->flags & (ATTACH_PERSISTENT | ATTACH_FUTURE))
		token(r, seq, m->link_id);
	send_link(r, seq, &l);
	result(r, seq, IPC_OK, 1, "");
	return true;
}

static bool
on_restore_load(struct apirig *r, uint32_t seq, const struct msg_restore_load *m)
{
	if (is_token(&m->token, m->load.gid))
		return on_load(r, seq, &m->load);
	result(r, seq, IPC_PERMISSION_DENIED, 0, "a wrong token");
	return true;
}

static bool
on_restore_attach(struct apirig *r, uint32_t seq, const struct msg_restore_attach *m)
{
	if (is_token(&m->token, m->attach.link_id))
		return on_attach(r, seq, &m->attach);
	result(r, seq, IPC_PERMISSION_DENIED, 0, "a wrong token");
	return true;
}

static bool
drop_links(struct apirig *r, uint64_t link_id, uint64_t gid, uint32_t prog_id)
{
	size_t n = 0, had = r->n_links;

	for (size_t i = 0; i < r->n_links; i++) {
		const struct fake_link *l = &r->links[i];

		if (l->link_id != link_id && l->gid != gid && l->prog_id != prog_id)
			r->links[n++] = *l;
	}
	r->n_links = n;
	return n < had;
}

static bool
drop_progs(struct apirig *r, uint64_t gid, uint32_t prog_id)
{
	size_t n = 0, had = r->n_progs;

	for (size_t i = 0; i < r->n_progs; i++)
		if (r->progs[i].id != prog_id && r->progs[i].gid != gid)
			r->progs[n++] = r->progs[i];
	r->n_progs = n;
	drop_links(r, 0, gid, prog_id);
	return n < had;
}

static void
on_undo(struct apirig *r, uint32_t seq, const struct msg_object *m)
{
	if (r->waiting_seq && m->id == r->last_load.gid) {
		result(r, r->waiting_seq, IPC_CANCELLED, 0, "the load was cancelled");
		r->waiting_seq = 0;
	}
	if (m->kind == OBJECT_GROUP)
		drop_progs(r, m->id, 0);
	else
		drop_links(r, m->id, 0, 0);
	result(r, seq, IPC_OK, 0, "");
}

static void
on_inventory(struct apirig *r, uint32_t seq)
{
	for (size_t i = 0; i < r->n_progs; i++)
		send_prog(r, seq, &r->progs[i], "");
	for (size_t i = 0; i < r->n_links; i++)
		send_link(r, seq, &r->links[i]);
	result(r, seq, IPC_OK, (uint32_t)(r->n_progs + r->n_links), "");
}

static void
on_prog_get(struct apirig *r, uint32_t seq, const struct msg_object *m)
{
	struct fake_prog p = { .id = (uint32_t)m->id };

	send_prog(r, seq, &p, "");
	result(r, seq, IPC_OK, 1, "");
}

static void
on_open(struct apirig *r, uint32_t seq, const struct msg_path *m)
{
	const struct msg_object_fd object = { .size = 6 };
	AUTO(fd) int fd = memfd_sealed("opened", "opened", 6);

	if (strcmp(m->path, "/there.o") != 0) {
		result(r, seq, IPC_NOT_FOUND, 0, "there is no such file");
		return;
	}
	chan_send(r->chan, IPC_OBJECT, seq, &object, &fd);
	result(r, seq, IPC_OK, 1, "");
}

static void
answer_found(struct apirig *r, uint32_t seq, bool found)
{
	result(r, seq, found ? IPC_OK : IPC_NOT_FOUND, 0, found ? "" : "not there");
}

static void
on_kernel_list(struct apirig *r, uint32_t seq)
{
	uint32_t n = r->n_foreign ? r->n_foreign : 1;

	for (uint32_t i = 0; i < n; i++)
		send_prog(r, seq, &(struct fake_prog){ .id = 9 + i }, "");
	result(r, seq, IPC_OK, n, "");
}

static void
on_tracers_want(struct apirig *r, uint32_t seq, const struct msg_tracers_want *m)
{
	uint32_t n = 0;

	r->tracers = m->tracers;
	for (uint32_t t = 1; t < 64; t++) {
		struct msg_tracer_state s = { .tracer = t, .status = TRACER_ON, .n_programs = 1,
			.n_attached = 1 };

		if (!(m->tracers & 1ULL << t))
			continue;
		if (t == r->failing_tracer) {
			s.status = TRACER_FAILED;
			strcpy(s.reason, "the kernel has no such hook");
		}
		chan_send(r->chan, IPC_TRACER_STATE, seq, &s, NULL);
		n++;
	}
	result(r, seq, IPC_OK, n, "");
}

/* ---- wishes ---- */

static void
on_ifaces_watch(struct apirig *r, uint32_t seq)
{
	for (size_t i = 0; i < r->n_ifaces; i++)
		chan_send(r->chan, IPC_IFACE, seq, &r->ifaces[i], NULL);
	result(r, seq, IPC_OK, (uint32_t)r->n_ifaces, "");
}

static bool
on_wish_attach(struct apirig *r, uint32_t seq, const struct msg_wish *m)
{
	struct fake_link l = { m->link_id, m->attach.gid, m->attach.prog_id, m->ifindex };

	if (r->mood == FAKE_REFUSES)
		result(r, seq, IPC_FAILED_PRECONDITION, 0, "the driver is not ready");
	if (r->mood != FAKE_WORKS)
		return r->mood == FAKE_REFUSES;
	if (!is_token(&m->token, m->attach.link_id)) {
		result(r, seq, IPC_PERMISSION_DENIED, 0, "a wrong token");
		return true;
	}
	r->links[r->n_links++] = l;
	token(r, seq, m->link_id);
	send_link(r, seq, &l);
	result(r, seq, IPC_OK, 1, "");
	return true;
}

static void
on_wish_detach(struct apirig *r, uint32_t seq, const struct msg_wish *m)
{
	const struct msg_link_facts gone = { .link_id = m->link_id, .hook_flags = LINK_GONE };
	bool right = is_token(&m->token, m->attach.link_id) && is_token(&m->link_token, m->link_id);

	if (r->gone_first)
		chan_send(r->chan, IPC_LINK_FACTS, 0, &gone, NULL);
	if (right)
		answer_found(r, seq, drop_links(r, m->link_id, 0, 0));
	else
		result(r, seq, IPC_PERMISSION_DENIED, 0, "a wrong token");
}

void
apirig_iface(struct apirig *r, uint32_t ifindex, const char *name, bool gone)
{
	struct msg_iface m = { .ifindex = ifindex, .flags = gone ? IFACE_GONE : 0 };

	snprintf(m.name, sizeof(m.name), "%s", name);
	pthread_mutex_lock(&r->lock);
	chan_send(r->chan, IPC_IFACE, 0, &m, NULL);
	pthread_mutex_unlock(&r->lock);
}

static bool
on_message(struct apirig *r, const struct chan_msg *m)
{
	const struct msg_unload *unload = m->payload;
	const struct msg_detach *detach = m->payload;
	uint32_t seq = m->hdr.seq;

	r->count[m->hdr.type]++;
	switch (m->hdr.type) {
	case IPC_LOAD:
		return on_load(r, seq, m->payload);
	case IPC_ATTACH:
		return on_attach(r, seq, m->payload);
	case IPC_RESTORE_LOAD:
		return on_restore_load(r, seq, m->payload);
	case IPC_RESTORE_ATTACH:
		return on_restore_attach(r, seq, m->payload);
	case IPC_IFACES_WATCH:
		on_ifaces_watch(r, seq);
		return true;
	case IPC_WISH_ATTACH:
		return on_wish_attach(r, seq, m->payload);
	case IPC_WISH_DETACH:
		on_wish_detach(r, seq, m->payload);
		return true;
	case IPC_DETACH:
		answer_found(r, seq, drop_links(r, detach->link_id, 0, 0));
		return true;
	case IPC_UNLOAD:
		answer_found(r, seq, drop_progs(r, unload->prog_id ? 0 : unload->gid, unload->prog_id));
		return true;
	case IPC_UNDO:
		on_undo(r, seq, m->payload);
		return true;
	case IPC_INVENTORY:
		on_inventory(r, seq);
		return true;
	case IPC_PROG_GET:
		on_prog_get(r, seq, m->payload);
		return true;
	case IPC_KERNEL_LIST:
		on_kernel_list(r, seq);
		return true;
	case IPC_OPEN_PATH:
		on_open(r, seq, m->payload);
		return true;
	case IPC_TRACERS_WANT:
		on_tracers_want(r, seq, m->payload);
		return true;
	case IPC_TRACERS_LIST:
	case IPC_LINKS_GONE:
	case IPC_LOADER_STATS:
		result(r, seq, IPC_OK, 0, "");
		return true;
	case IPC_RECONCILED:
		chan_set_phase(r->chan, PHASE_RUN);
		return true;
	default:
		return true;
	}
}

static void *
serve(void *arg)
{
	struct apirig *r = arg;
	bool alive = true;

	while (alive) {
		struct pollfd p = { chan_fd(r->chan), POLLIN, 0 };
		struct chan_msg m;
		int err;

		poll(&p, 1, 5);
		pthread_mutex_lock(&r->lock);
		if (r->waiting_seq && r->mood == FAKE_WORKS) {
			finish_load(r, r->waiting_seq, true);
			r->waiting_seq = 0;
		}
		err = r->stop ? 0 : chan_recv(r->chan, &m);
		alive = err > 0 ? on_message(r, &m) : err == -EAGAIN;
		if (err > 0)
			chan_drop_fds(&m);
		pthread_mutex_unlock(&r->lock);
	}
	chan_free(r->chan);
	r->chan = NULL;
	return NULL;
}

void
apirig_no_loader(struct apirig *r)
{
	if (!r->running)
		return;
	pthread_mutex_lock(&r->lock);
	r->stop = true;
	pthread_mutex_unlock(&r->lock);
	pthread_join(r->thread, NULL);
	r->running = r->stop = false;
	r->waiting_seq = 0;
}

struct chan *
apirig_raw_loader(struct apirig *r)
{
	struct chan *c = NULL;
	int fds[2];

	apirig_no_loader(r);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		abort();
	chan_new(fds[0], ROLE_LOADER, FROM_API, &c);
	chan_send(r->ctl, IPC_API_PEER, 0, NULL, &fds[1]);
	close(fds[1]);
	return c;
}

void
apirig_loader(struct apirig *r)
{
	const struct msg_kind kind = { .prog_types = 1 << 6, .name = "xdp", .target = "INTERFACE" };
	const struct msg_hello hello = { .flags = HELLO_BTF };

	r->chan = apirig_raw_loader(r);
	chan_send(r->chan, IPC_KIND, 0, &kind, NULL);
	chan_send(r->chan, IPC_HELLO, 0, &hello, NULL);
	r->running = pthread_create(&r->thread, NULL, serve, r) == 0;
}

void
apirig_mood(struct apirig *r, enum fake_mood mood)
{
	pthread_mutex_lock(&r->lock);
	r->mood = mood;
	pthread_mutex_unlock(&r->lock);
}

unsigned int
apirig_count(struct apirig *r, enum ipc_type type)
{
	unsigned int n;

	pthread_mutex_lock(&r->lock);
	n = r->count[type];
	pthread_mutex_unlock(&r->lock);
	return n;
}

void
apirig_reset_counts(struct apirig *r)
{
	pthread_mutex_lock(&r->lock);
	memset(r->count, 0, sizeof(r->count));
	pthread_mutex_unlock(&r->lock);
}

bool
apirig_until(struct apirig *r, enum ipc_type type, unsigned int n)
{
	for (int i = 0; i < 1000 && apirig_count(r, type) < n; i++)
		usleep(5000);
	return apirig_count(r, type) >= n;
}
