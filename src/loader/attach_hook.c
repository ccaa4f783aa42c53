/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/attach_hook.h"

#include <errno.h>
#include <string.h>

#include "common/auto.h"
#include "loader/oneshot.h"

struct sought {
	const struct msg_link_facts *want;
	uint64_t but, found;		/* link_id */
};

/* Hooks are told apart by the number of what they are on where they have one, else by hash or name. */
static int
same_hook(void *arg, const struct msg_link_facts *l)
{
	struct sought *s = arg;
	const struct msg_link_facts *w = s->want;
	bool number = w->ifindex || w->object_id;

	if (l->link_id == s->but || l->prog_id != w->prog_id || strcmp(l->backend, w->backend) != 0 ||
	    l->ifindex != w->ifindex || l->netns_ino != w->netns_ino || l->object_id != w->object_id ||
	    l->attach_type != w->attach_type || strcmp(l->direction, w->direction) != 0)
		return 0;
	if (!number && (strcmp(l->kind, w->kind) != 0 || (w->hook ? l->hook != w->hook :
			strcmp(l->target, w->target) != 0)))
		return 0;
	s->found = l->link_id;
	return 1;
}

int
attach_check_new(const struct attach_in *in, const struct msg_link_facts *want,
	struct msg_result *res)
{
	struct sought s = { .want = want, .but = in->replaces ? in->replaces->link_id : 0 };

	if (!loader_links_each(in->ld, same_hook, &s))
		return 0;
	return result_set(res, IPC_ALREADY_EXISTS, -EEXIST, "program %u is attached to %s%s%s already, "
		"by link %llu", want->prog_id, want->target[0] ? want->target : "that network namespace",
		want->direction[0] ? " " : "", want->direction, (unsigned long long)s.found);
}

int
attach_refused(struct msg_result *res, int err, const char *what)
{
	static const struct {
		int err;
		enum ipc_code code;
		const char *why;
	} known[] = {
		{ -EEXIST, IPC_ALREADY_EXISTS, "the program is attached there already" },
		{ -ENODEV, IPC_NOT_FOUND, "it has just gone away" },
		{ -ENOENT, IPC_NOT_FOUND, "it has just gone away" },
		{ -ERANGE, IPC_RESOURCE_EXHAUSTED, "it has as many programs as the kernel allows (64)" },
		{ -E2BIG, IPC_RESOURCE_EXHAUSTED, "it has as many programs as the kernel allows (64)" },
		{ -ENOMEM, IPC_RESOURCE_EXHAUSTED, "no memory" },
		{ -EINVAL, IPC_FAILED_PRECONDITION, "the program does not fit, or this kernel is too old" },
		{ -EOPNOTSUPP, IPC_FAILED_PRECONDITION, "this kernel or driver does not support it" },
		{ -EPERM, IPC_FAILED_PRECONDITION, "not permitted" },
		{ -EACCES, IPC_FAILED_PRECONDITION, "the program reads more than the hook gives it" },
		{ -EBUSY, IPC_FAILED_PRECONDITION, "it is in use" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (known[i].err == err)
			return result_set(res, known[i].code, err, "the kernel refuses to attach the program "
				"to %s: %s (%s)", what, known[i].why, strerrorname_np(-err));
	return result_set(res, IPC_INTERNAL, err, "the kernel refuses to attach the program to %s: %s",
		what, strerrordesc_np(-err));
}
