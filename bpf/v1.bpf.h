/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_V1_BPF_H
#define BPFD_BPF_V1_BPF_H

#include "bpf/record.bpf.h"

/*
 * The cgroup v1 hierarchy that events name.  On a hybrid host containers show in version 1 only,
 * and not in every hierarchy: the one with the most cgroups is taken, of equal ones the first
 * here.  It is kept until another has half as many more, so that it does not flap.
 */
#define EV_V1_CONTROLLERS(V)                                                                       \
	V(1, pids_cgrp_id) V(2, memory_cgrp_id) V(3, freezer_cgrp_id) V(4, devices_cgrp_id) V(5, cpu_cgrp_id)
#define EV_V1_NONE	6

/* The number of a controller becomes known at load: a constant, as typed pointers demand it. */
#define EV_V1_CSS(id) (sizeof(void *) * bpf_core_enum_value(enum cgroup_subsys_id, id))
#define EV_V1_CGROUP(cset, id)                                                                     \
	({                                                                                         \
		struct cgroup_subsys_state *css_ = *(struct cgroup_subsys_state **)                \
			((void *)&(cset)->subsys + EV_V1_CSS(id));                                 \
		struct cgroup *cgrp_ = css_->cgroup;                                               \
		asm volatile("" : "+r"(cgrp_));                                                    \
		cgrp_;                                                                             \
	})

/* The cgroup of a controller; NULL: the kernel has no such controller. */
static __always_inline struct cgroup *
ev_v1_cgroup(struct css_set *cset, __u32 controller)
{
#define V(n, id)                                                                                   \
	if (controller == (n) && bpf_core_enum_value_exists(enum cgroup_subsys_id, id))            \
		return EV_V1_CGROUP(cset, id);
	EV_V1_CONTROLLERS(V)
#undef V
	return NULL;
}

/* The number of the current task's; 0: it has none.  Not static: the verifier looks at it once. */
__noinline __u64
ev_v1_id(__u32 controller)
{
	struct cgroup *cgrp = ev_v1_cgroup(ev_task()->cgroups, controller);

	return cgrp ? cgrp->kn->id : 0;
}

/*
 * Chooses anew: at the first event, and when a cgroup is made.  Not static, as others of these: the
 * verifier looks at such a function once, apart from what calls it, and each load of a pointer
 * through a trusted one costs Linux 6.18 a search of all its BTF.
 */
__noinline int
ev_v1_choose(void)
{
	struct task_struct *t = ev_task();
	struct css_set *cset = t->cgroups;
	__u32 zero = 0, which = EV_V1_NONE, at = 0;
	struct ev_v1 *v1 = bpf_map_lookup_elem(&cgroup_v1, &zero);
	int best = 0, kept = 0;

	if (!v1)
		return 0;
#define V(n, id)                                                                                   \
	if (bpf_core_enum_value_exists(enum cgroup_subsys_id, id)) {                               \
		struct cgroup_root *root = EV_V1_CGROUP(cset, id)->root;                           \
		int members = root->cgrp.nr_descendants;                                           \
                                                                                                   \
		if (root->hierarchy_id && members > best) {                                        \
			best = members;                                                            \
			which = (n);                                                               \
			at = EV_V1_CSS(id);                                                        \
		}                                                                                  \
		if (root->hierarchy_id && v1->controller == (n))                                   \
			kept = members;                                                            \
	}
	EV_V1_CONTROLLERS(V)
#undef V
	if (which == v1->controller || (kept && best <= kept + (kept >> 1)))
		return 0;
	v1->css = at + bpf_core_field_offset(struct css_set, subsys);
	v1->controller = which;
	__sync_fetch_and_add(&v1->epoch, 1);
	return 0;
}

static __always_inline struct ev_v1 *
ev_v1(void)
{
	__u32 zero = 0;
	struct ev_v1 *v1 = bpf_map_lookup_elem(&cgroup_v1, &zero);

	if (v1 && !v1->controller)
		ev_v1_choose();
	return v1;
}

/* The number of its cgroup in the hierarchy that was chosen; 0: none.  t: the current task. */
static __always_inline __u64
ev_v1_now(struct task_struct *t, const struct ev_v1 *v1)
{
	struct cgroup_subsys_state *css;
	__u64 at;

	if (!v1 || v1->controller >= EV_V1_NONE)
		return 0;
	if (!bpf_rdonly_cast)
		return ev_v1_id(v1->controller);
	at = (__u64)t->cgroups + v1->css;
	css = (void *)EV_READ_ONLY(struct timespec64, (struct timespec64 *)at)->tv_sec;
	return EV_READ_ONLY(struct cgroup_subsys_state, css)->cgroup->kn->id;
}

#endif
