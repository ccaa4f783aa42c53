/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Modules of the kernel: what is asked for, and what becomes of it. */
#define EV_THIS MODULE
#include "bpf/bpfd.bpf.h"
#include "bpf/file.bpf.h"

#include "bpf/module.h"

#define NAME_MAX	63
#define PARAMS_MAX	1023

struct module {
	char name[56];
	unsigned long taints;
} __attribute__((preserve_access_index));

static __always_inline int
tell(struct module *m, __u16 event)
{
	struct ev_scratch *s = ev_new(event, sizeof(struct ev_module));
	struct ev_module *e;

	if (!s)
		return 0;
	e = ev_record(s);
	e->taints = m->taints;
	ev_add_kernel_str(s, &e->name, &m->name, NAME_MAX);
	ev_send(s);
	return 0;
}

SEC("tp_btf/module_load")
int
BPF_PROG(module_loaded, struct module *m)
{
	return tell(m, MODULE_LOAD);
}

SEC("tp_btf/module_free")
int
BPF_PROG(module_freed, struct module *m)
{
	return tell(m, MODULE_FREE);
}

SEC("tp_btf/module_request")
int
BPF_PROG(module_requested, char *name)
{
	struct ev_scratch *s = ev_new(MODULE_REQUEST, sizeof(struct ev_module));
	struct ev_module *e;

	if (!s)
		return 0;
	e = ev_record(s);
	ev_add_kernel_str(s, &e->name, name, NAME_MAX);
	ev_send(s);
	return 0;
}

static __always_inline void
describe(struct ev_scratch *s, struct ev_module *e, const struct ev_call *c)
{
	struct file *file;

	switch (c->nr) {
	case __NR_init_module:
		ev_add_user_str(s, &e->params, (const void *)c->arg[2], PARAMS_MAX);
		return;
	case __NR_finit_module:
		file = file_of(c->arg[0]);
		if (file)
			file_add_path(s, &e->path, file_where(file));
		ev_add_user_str(s, &e->params, (const void *)c->arg[1], PARAMS_MAX);
		e->flags = (__u32)c->arg[2];
		return;
	case __NR_delete_module:
		ev_add_user_str(s, &e->name, (const void *)c->arg[0], NAME_MAX);
		e->flags = (__u32)c->arg[1];
		return;
	}
}

SEC("tp_btf/sys_exit")
int
BPF_PROG(module_exit, struct pt_regs *regs, long ret)
{
	struct ev_call call, *c = &call;
	struct ev_scratch *s;
	struct ev_module *e;

	ev_call(c, regs);
	s = ev_new(c->nr == __NR_init_module ? MODULE_INIT : c->nr == __NR_finit_module ? MODULE_FINIT : MODULE_DELETE,
		sizeof(*e));
	if (!s)
		goto next;
	e = ev_record(s);
	e->h.ret = ret;
	describe(s, e, c);
	ev_send(s);
next:
	ev_next_call(ctx, c->nr);
	return 0;
}
