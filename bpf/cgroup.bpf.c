/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Cgroups of every hierarchy: made, removed, joined. */
#define EV_THIS CGROUP
#include "bpf/bpfd.bpf.h"
#include "bpf/cgroup.h"

/* What the cgroup is called is said right away, if its hierarchy is one that events name. */
static __always_inline void
say(struct ev_scratch *s, struct cgroup *cgrp, int hierarchy, __u64 id)
{
	struct task_struct *t = ev_task();
	struct css_set *cset = t->cgroups;
	struct ev_scratch *i = ev_scratch(1);
	struct ev_v1 *v1 = ev_v1();
	struct cgroup *mine;

	if (!i)
		return;
	if (!hierarchy) {
		ev_say_cgroup(i, cgrp, 2, s->generation, 0);
		return;
	}
	if (!v1 || v1->controller >= EV_V1_NONE)
		return;
	mine = ev_v1_cgroup(cset, v1->controller);
	if (mine && mine->root->hierarchy_id == hierarchy)
		ev_say_cgroup(i, cgrp, 1, s->generation, v1->epoch);
}

static __always_inline int
cgroup_event(__u16 event, struct cgroup *cgrp, struct task_struct *target, bool whole)
{
	struct ev_scratch *s = ev_new(event, sizeof(struct ev_cgroup));
	struct ev_cgroup *e;

	if (!s)
		return 0;
	cgrp = EV_READ_ONLY(struct cgroup, cgrp);
	e = ev_record(s);
	e->id = cgrp->kn->id;
	e->hierarchy = cgrp->root->hierarchy_id;
	e->level = cgrp->level;
	if (target) {
		e->target = target->tgid;
		e->target_tid = whole ? target->tgid : target->pid;
	}
	ev_add_cgroup_path(s, &e->path, cgrp);
	if (!ev_path_passes(s, &e->path))
		return 0;
	if (event != CGROUP_RMDIR)
		say(s, cgrp, e->hierarchy, e->id);
	ev_send(s);
	return 0;
}

SEC("tp_btf/cgroup_mkdir")
int
BPF_PROG(cgroup_mkdir, struct cgroup *cgrp)
{
	return cgroup_event(CGROUP_MKDIR, cgrp, NULL, false);
}

SEC("tp_btf/cgroup_rmdir")
int
BPF_PROG(cgroup_rmdir, struct cgroup *cgrp)
{
	return cgroup_event(CGROUP_RMDIR, cgrp, NULL, false);
}

SEC("tp_btf/cgroup_attach_task")
int
BPF_PROG(cgroup_attach, struct cgroup *cgrp, const char *path, struct task_struct *t, bool whole)
{
	return cgroup_event(CGROUP_ATTACH, cgrp, t, whole);
}
