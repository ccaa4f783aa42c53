/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "common/log.h"
#include "common/memfd.h"
#include "ipc/bpfnames.h"
#include "ipc/globals.h"
#include "loader/tracers_functions.h"
#include "loader/tracers_parts.h"

#define PAGE 4096u
#define TRIES 2		/* when it is not the object's fault */
#define TYPE(name) (1ULL << BPF_PROG_TYPE_##name)
#define MAP(name) (1ULL << BPF_MAP_TYPE_##name)
/* A shift that does not compile when the helper is of another word. */
#define HELPER(name, word) (1ULL << (BPF_FUNC_##name - (word) * 64))

/*
 * bpfd's own objects are not the user's: what policy.* and limits.* say of objects that come from
 * outside does not hold for them.  Every check of the broker stays, against what the tracers need;
 * no helper that writes to another's memory, signals or changes a return value; of the kernel's
 * functions those of tracer_kfuncs, which are filled in once, at start.
 */
#define OWN_LIMITS(more_types, signals)                                                             \
	.policy_program_types.mask = TYPE(TRACING) | TYPE(RAW_TRACEPOINT) | TYPE(KPROBE) | TYPE(XDP) | \
		TYPE(CGROUP_SKB) | TYPE(CGROUP_SOCK) | TYPE(CGROUP_SOCK_ADDR) | (more_types),       \
	.policy_map_types.mask = MAP(HASH) | MAP(ARRAY) | MAP(PROG_ARRAY) | MAP(PERCPU_HASH) |       \
		MAP(PERCPU_ARRAY) | MAP(LRU_HASH) | MAP(LRU_PERCPU_HASH) | MAP(ARRAY_OF_MAPS) |     \
		MAP(RINGBUF) | MAP(TASK_STORAGE) | MAP(SK_STORAGE) | MAP(STACK) | MAP(QUEUE),       \
	.policy_deny_helpers.bits = {                                                              \
		[0] = HELPER(probe_write_user, 0) | HELPER(override_return, 0),                    \
		[1] = (signals) | HELPER(send_signal_thread, 1),                                   \
		[2] = HELPER(sys_bpf, 2) | HELPER(btf_find_by_name_kind, 2) | HELPER(sys_close, 2), \
	},                                                                                         \
	.limits_map_bytes = 1ULL << 30,                                                            \
	.limits_maps = 64,                                                                         \
	.limits_programs = 64,                                                                     \
	.limits_instructions = 1000000,                                                            \
	.limits_btf_bytes = 4 << 20
static struct config own_limits = { OWN_LIMITS(0, HELPER(send_signal, 1)) };

/* The one that stops acts: it may be on hooks that refuse them, and send a signal. */
static struct config enforce_limits = { OWN_LIMITS(TYPE(LSM), 0) };

static const struct config *
limits_of(unsigned int n)
{
	return n == TR_ENFORCE ? &enforce_limits : &own_limits;
}

void
tracer_limits(const struct config *cfg)
{
	struct conf_KFUNCS *kfuncs[] = { &own_limits.policy_kfuncs, &enforce_limits.policy_kfuncs };

	for (size_t i = 0; i < ARRAY_SIZE(kfuncs); i++) {
		kfuncs[i]->n = cfg->tracer_kfuncs.n;
		memcpy(kfuncs[i]->ids, cfg->tracer_kfuncs.ids, sizeof(cfg->tracer_kfuncs.ids));
	}
}

/* The core's maps, by their names; the core itself gets those that are there before it. */
static int
share(struct loader *ld, struct session *s)
{
	const struct tracer_facts *core = &ld->tracers.t[TRACER_CORE];
	int err = 0;

	for (const char *pin = tracer_pin_of(core, 'm', NULL); pin && !err; pin = tracer_pin_of(core, 'm', pin))
		err = session_share(s, pin + 2, tracer_get(ld, TRACER_CORE, pin));
	return !err && s->seq == TR_ENFORCE ? enforce_share(ld, s) : err;
}

static int
keep(struct loader *ld, struct session *s, struct msg_result *res)
{
	return tracer_keep(ld, s->seq, s, res);
}

static void
done(struct loader *ld, struct session *s, const struct msg_result *res)
{
	struct tracers *t = &ld->tracers;
	struct tracer_facts *f = &t->t[s->seq];

	t->running--;
	pool_rest(ld);
	t->step = true;
	f->loading = false;
	if (res->code == IPC_OK)
		return;
	if (!f->loaded)
		tracer_unpin_all(ld, s->seq, false);
	if (s->seq == TRACER_CORE)
		tracers_rings_drop(ld);
	f->passing = res->code == IPC_UNAVAILABLE || res->code == IPC_RESOURCE_EXHAUSTED ||
		res->code == IPC_DEADLINE_EXCEEDED;
	f->failed = !f->loaded && (!f->passing || f->tries >= TRIES);
	f->half = f->half && f->passing && f->tries < TRIES;
	if (s->seq == TR_ENFORCE && f->passing && f->tries < TRIES)
		enforce_again(ld);
	tracer_miss(f, "%.600s", res->text);
	for (size_t i = 0; i < s->n_without; i++)
		tracer_without(f, &s->without[i]);
	log_err(res->err, "tracers.load", "tracer=%s why=%s", tracer_name(s->seq), LOG_QUOTE(f->reason));
}

/* The verifier's last words are the reason already; all of them are for whoever writes a tracer. */
static void
write_log(struct loader *ld, struct session *s, const struct msg_result_log *log)
{
	char text[4096];
	size_t len = log->len < sizeof(text) - 1 ? log->len : sizeof(text) - 1;
	ssize_t n = pread(s->b.arena, text, len, (off_t)(log->offset + log->len - len));

	text[n > 0 ? n : 0] = '\0';
	log_debug("tracers.verifier", "tracer=%s log=%s", tracer_name(s->seq), LOG_QUOTE(text));
}

#define OWNER(limits) { .cfg = limits, .lasting = true, .share = share, .keep = keep, .log = write_log, .done = done }
static const struct session_owner owner = OWNER(&own_limits), enforce_owner = OWNER(&enforce_limits);

/* The pages that hold nothing but the object: they are read again from the program's file. */
static void
let_go(const void *data, size_t len)
{
	uintptr_t from = ((uintptr_t)data + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
	uintptr_t to = ((uintptr_t)data + len) & ~(uintptr_t)(PAGE - 1);

	if (to > from)
		madvise((void *)from, to - from, MADV_DONTNEED);
}

/*
 * The kernel verifies their programs for io_uring for as long as the one that most of their events are from,
 * or twice as long, and nothing else can be done meanwhile: that one is loaded, and switched on, before.
 */
#define IN_TWO_PARTS (1ULL << TR_OPEN | 1ULL << TR_OPENBREAKOUT | 1ULL << TR_FILEOPS)

static uint32_t
part_of(const struct loader *ld, unsigned int n)
{
	if (!(IN_TWO_PARTS >> n & 1))
		return 0;
	return ld->tracers.t[n].half ? LOAD_REST : LOAD_FIRST;
}

static int
start(struct loader *ld, unsigned int n, struct msg_result *res)
{
	AUTO(mem) struct msg_load *req = calloc(1, sizeof(*req));
	const struct declared *d = tracer_declared(ld, n);
	size_t len, globals_len = 0;
	const void *data;
	int fd, err;

	if (!req)
		return result_set(res, IPC_RESOURCE_EXHAUSTED, -ENOMEM, "no memory");
	if (n == TR_ENFORCE)
		enforce_request(ld, req);
	if (!tracer_object(ld, n, &data, &len))
		return result_set(res, IPC_UNIMPLEMENTED, -ENOENT, "this bpfd was built without it");
	fd = memfd_sealed(tracer_name(n), data, len);
	let_go(data, len);
	if (fd < 0)
		return result_set(res, IPC_RESOURCE_EXHAUSTED, fd, "no memory for its object");
	err = n == TRACER_CORE ? tracers_core_begin(ld) : 0;
	if (err) {
		close(fd);
		tracer_unpin_all(ld, n, false);
		return result_set(res, IPC_INTERNAL, err, "its rings cannot be made: %s", strerrordesc_np(-err));
	}
	req->type_grant = limits_of(n)->policy_program_types.mask;
	req->flags = LOAD_TRACER | LOAD_MORE | part_of(ld, n) | (enforce_no_lsm() ? LOAD_NO_LSM : 0) |
		(tracers_no_functions(ld->cfg) ? LOAD_NO_FUNCTIONS : 0);
	if (d)
		globals_add(req->globals, sizeof(req->globals), &globals_len, "declared", strlen("declared"), &d->probe,
			sizeof(d->probe));
	req->globals_len = (uint32_t)globals_len;
	return session_new(ld, n == TR_ENFORCE ? &enforce_owner : &owner, n, req, NULL, fd, NULL, res);
}

void
tracer_load(struct loader *ld, unsigned int n)
{
	struct tracer_facts *f = &ld->tracers.t[n];
	struct msg_result res;
	int err;

	if (n == TR_ENFORCE && !enforce_lacks(ld)) {	/* no rule needs it: it is there, with nothing */
		err = tracer_done(ld, n);
		f->loaded = !err;
		f->failed = err;
		return;
	}
	ld->tracers.running++;
	f->loading = true;
	f->tries++;
	err = start(ld, n, &res);
	if (!err)
		return;
	ld->tracers.running--;
	ld->tracers.step = true;
	f->loading = false;
	f->failed = true;
	snprintf(f->reason, sizeof(f->reason), "%s", res.text);
	log_err(err, "tracers.load", "tracer=%s why=%s", tracer_name(n), LOG_QUOTE(res.text));
}
