/* SPDX-License-Identifier: Apache-2.0 */
#include "enricher/procs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"

#define HOST_PIDNS 0xeffffffcu	/* PROC_PID_INIT_INO of the kernel */
#define ANY_EXEC (1ull << 32)

static uint64_t
key2_of(uint32_t tgid, uint32_t exec_id)
{
	return (uint64_t)tgid << 32 | exec_id;
}

static bool
sound(const struct slotmap *t, const struct slot *s)
{
	const struct proc *pr = (const struct proc *)s;
	size_t room = s->large ? STATE_LARGE_BYTES : STATE_SLOT_BYTES - sizeof(*pr);

	return context_sound(slotmap_bytes(t, s, sizeof(*pr)), room);
}

static uint32_t
number_of(const struct procs *p, const struct slot *s)
{
	return (uint32_t)((size_t)((const unsigned char *)s - p->t.base) / STATE_SLOT_BYTES);
}

static void
forget(struct procs *p)
{
	struct procs_gone *g = &p->gone[p->gone_at];
	struct slot *s = slotmap_slot(&p->t, g->slot);

	if (s->ready == SLOT_READY && s->gone == g->ts)
		slotmap_remove(&p->t, s);
	p->gone_at = (p->gone_at + 1) % p->t.n;
	p->n_gone--;
}

static void
mark_gone(struct procs *p, struct slot *s, uint64_t ts)
{
	if (s->gone)
		return;
	if (p->n_gone == p->t.n)
		forget(p);
	s->gone = ts ? ts : 1;
	p->gone[(p->gone_at + p->n_gone++) % p->t.n] = (struct procs_gone){ s->gone, number_of(p, s) };
}

/* What a predecessor left: contexts are made anew, since epochs are this process's own. */
static void
take_over(struct procs *p)
{
	for (uint32_t i = 0; i < *p->t.high; i++) {
		struct proc *pr = (struct proc *)slotmap_slot(&p->t, i);

		if (pr->s.ready != SLOT_READY)
			continue;
		pr->epoch = 0;
		if (pr->s.gone)
			p->gone[p->n_gone++] = (struct procs_gone){ pr->s.gone, i };
	}
}

int
procs_init(struct procs *p, unsigned char *base, uint32_t n, uint64_t *high, struct pool *pool,
	struct cgroups *cgroups, uint32_t *host_mntns)
{
	int err = slotmap_init(&p->t, base, n, high, pool, sound);

	if (err)
		return err;
	p->cgroups = cgroups;
	p->host_mntns = host_mntns;
	p->gone = calloc(n, sizeof(*p->gone));
	p->told = calloc(n, sizeof(*p->told));
	if (!p->gone || !p->told)
		return -ENOMEM;
	take_over(p);
	return 0;
}

void
procs_fini(struct procs *p)
{
	slotmap_fini(&p->t);
	free(p->gone);
	free(p->told);
}

static bool
info_str(const struct ev_proc_info *in, size_t len, struct ev_str s, struct span *out)
{
	if (s.len && (s.off < sizeof(*in) || (size_t)s.off + s.len > len))
		return false;
	*out = (struct span){ (const char *)in + s.off, s.len };
	return true;
}

/* False: its strings are not within it. */
static bool
read_info(const struct ev_proc_info *in, size_t len, struct context_in *out)
{
	*out = (struct context_in){ .n = {
		.cap_eff = in->cap_eff, .exe_dev = in->exe_dev, .exe_ino = in->exe_ino, .flags = CTX_PROC,
		.euid = in->euid, .egid = in->egid, .loginuid = in->loginuid, .sessionid = in->sessionid,
		.ns_pid = in->ns_pid, .pidns = in->pidns, .netns = in->netns, .userns = in->userns,
		.cgroupns = in->cgroupns, .exe_nlink = in->exe_nlink,
	} };
	out->pcomm = (struct span){ in->pcomm, strnlen(in->pcomm, sizeof(in->pcomm)) };
	out->tty = (struct span){ in->tty, strnlen(in->tty, sizeof(in->tty)) };
	return info_str(in, len, in->exe, &out->exe) && info_str(in, len, in->cwd, &out->cwd) &&
		info_str(in, len, in->pexe, &out->pexe) && info_str(in, len, in->args, &out->args);
}

/* Where the event was. */
static bool
find_place(const struct procs *p, const struct ev_hdr *h, struct context_in *in)
{
	in->g1 = h->cgroup1 ? cgroups_find(p->cgroups, h->cgroup1, 1) : NULL;
	in->g2 = h->cgroup ? cgroups_find(p->cgroups, h->cgroup, 2) : NULL;
	in->n.host_mntns = *p->host_mntns;
	in->host = in->n.pidns == HOST_PIDNS && h->mntns == *p->host_mntns;
	if (in->g1)
		((struct cgroup *)in->g1)->s.last = h->ts;
	if (in->g2)
		((struct cgroup *)in->g2)->s.last = h->ts;
	return (in->g1 || !h->cgroup1) && (in->g2 || !h->cgroup);
}

/* Makes the context in the slot.  Strings of in may lie in the slot: it is made elsewhere first. */
static void
make(struct procs *p, struct proc *pr, const struct ev_hdr *h, struct context_in *in)
{
	bool known = find_place(p, h, in);
	size_t want = context_bytes(in, p->cgroups), room;
	struct rec_ctx *made = (struct rec_ctx *)p->scratch;
	void *to;

	context_make(in, p->cgroups, made, want < sizeof(p->scratch) ? want : sizeof(p->scratch));
	slot_write_begin(&pr->s);
	to = slotmap_room(&p->t, &pr->s, sizeof(*pr), made->len, &room);
	if (made->len > room) {		/* no large one is left: cut it once more */
		static unsigned char cut[STATE_SLOT_BYTES] __attribute__((aligned(8)));
		struct context_in again;

		context_of(made, &again);
		again.host = in->host;
		again.g1 = in->g1;
		again.g2 = in->g2;
		context_make(&again, p->cgroups, cut, room & ~(size_t)7);
		made = (struct rec_ctx *)cut;
		made->flags |= CTX_CUT;
	}
	memcpy(to, made, made->len);
	pr->s.len = made->len;
	pr->epoch = known ? p->cgroups->epoch : 0;
	pr->cgroup = h->cgroup;
	pr->cgroup1 = h->cgroup1;
	pr->mntns = h->mntns;
	p->told[number_of(p, &pr->s)].place = 0;
	slot_write_end(&pr->s);
}

/*
 * Arguments stay those that were told first, which is at the exec: the process may have written others over
 * them since.  The iterator over processes cannot read them at all.  False: nothing new.
 */
static bool
merge_known(const struct procs *p, const struct slot *s, uint64_t ts, struct context_in *facts)
{
	const struct rec_ctx *c = slotmap_bytes(&p->t, s, sizeof(struct proc));

	if (facts->args.len && !c->args.len)
		return true;
	facts->args = (struct span){ (const char *)c + c->args.off, c->args.len };
	return ((const struct proc *)s)->info <= ts;
}

/*
 * The host's mount namespace is that of process 1.  The kernel's iterator over processes may begin
 * behind it (Linux 6.18); then kthreadd's, the one they both were started in, does until it is heard
 * of.
 */
static void
note_host(struct procs *p, const struct ev_proc_info *in)
{
	if (in->pidns != HOST_PIDNS || *p->host_mntns == in->h.mntns)
		return;
	if (in->h.tgid == 1 || (in->h.tgid == 2 && !*p->host_mntns)) {
		*p->host_mntns = in->h.mntns;
		p->cgroups->epoch++;
	}
}

int
procs_info(struct procs *p, const void *rec, size_t len, bool *evicted)
{
	const struct ev_proc_info *in = rec;
	struct context_in facts;
	struct slot *s, *old;

	*evicted = false;
	if (len < sizeof(*in) || !read_info(in, len, &facts))
		return -EBADMSG;
	note_host(p, in);
	s = slotmap_find(&p->t, in->h.start, key2_of(in->h.tgid, in->h.exec_id));
	if (s && !merge_known(p, s, in->h.ts, &facts))
		return 0;
	/* It executed another program: what it was before has ended. */
	old = slotmap_find_any(&p->t, in->h.start, in->h.tgid, in->h.exec_id);
	if (old && ((struct proc *)old)->info < in->h.ts)
		mark_gone(p, old, in->h.ts);
	if (!s)
		s = slotmap_add(&p->t, in->h.start, key2_of(in->h.tgid, in->h.exec_id), evicted);
	s->last = in->h.ts;
	((struct proc *)s)->info = in->h.ts;
	make(p, (struct proc *)s, &in->h, &facts);
	return 0;
}

void
procs_gone(struct procs *p, const struct ev_hdr *h)
{
	struct slot *s = slotmap_find(&p->t, h->start, key2_of(h->tgid, h->exec_id));

	if (!s)
		s = slotmap_find_any(&p->t, h->start, h->tgid, ANY_EXEC);
	if (s)
		mark_gone(p, s, h->ts);
}

void
procs_expire(struct procs *p, uint64_t ts)
{
	while (p->n_gone && p->gone[p->gone_at].ts + PROCS_GRACE_NS < ts)
		forget(p);
}

/* The context anew, from its own facts, for where the event was.  Apart, so that the usual way
 * does not clear so large a variable. */
static __attribute__((noinline)) void
make_again(struct procs *p, struct proc *pr, const struct ev_hdr *h)
{
	struct context_in in;

	context_of(slotmap_bytes(&p->t, &pr->s, sizeof(*pr)), &in);
	make(p, pr, h, &in);
}

static __attribute__((noinline)) const struct rec_ctx *
of_event_alone(struct procs *p, const struct ev_hdr *h)
{
	struct context_in in = { .n = { 0 } };
	static const struct span none = { "", 0 };

	in.exe = in.cwd = in.pexe = in.args = in.pcomm = in.tty = none;
	if (!(h->flags & EV_NO_OWNER))
		find_place(p, h, &in);
	context_make(&in, p->cgroups, p->scratch, sizeof(p->scratch));
	return (const struct rec_ctx *)p->scratch;
}

const struct rec_ctx *
procs_context(struct procs *p, const struct ev_hdr *h)
{
	struct proc *pr = NULL;

	if (!(h->flags & EV_NO_OWNER))
		pr = (struct proc *)slotmap_find(&p->t, h->start, key2_of(h->tgid, h->exec_id));
	p->told_now = NULL;
	if (!pr) {
		p->unknown += h->tgid && !(h->flags & EV_NO_OWNER);
		return of_event_alone(p, h);
	}
	pr->s.last = h->ts;
	if (pr->epoch != p->cgroups->epoch || pr->cgroup != h->cgroup || pr->cgroup1 != h->cgroup1 ||
	    pr->mntns != h->mntns)
		make_again(p, pr, h);
	p->told_now = &p->told[number_of(p, &pr->s)];
	return slotmap_bytes(&p->t, &pr->s, sizeof(*pr));
}

bool
procs_last_exec(const struct procs *p, uint32_t tgid, uint64_t start, struct ev_hdr *out)
{
	const struct proc *pr = (const struct proc *)slotmap_find_any(&p->t, start, tgid, ANY_EXEC);

	if (!pr)
		return false;
	out->exec_id = (uint32_t)pr->s.key2;
	out->cgroup = pr->cgroup;
	out->cgroup1 = pr->cgroup1;
	out->mntns = pr->mntns;
	return true;
}
