/* SPDX-License-Identifier: Apache-2.0 */
/* A function, or an instruction, of a program or a library; kinds uprobe and uretprobe. */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

#include "loader/attach_hook.h"
#include "loader/oneshot.h"

static bool
at_return(const struct attach_in *in)
{
	return strcmp(in->req->kind, "uretprobe") == 0;
}

static int
read_request(const struct attach_in *in, struct attach_place *p, struct msg_result *res)
{
	int err = attach_check_type(in, 0, res);

	if (!err)
		err = attach_place(in, p, res);
	if (err)
		return err;
	if (!p->function[0] && !attach_text(in, "offset"))
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "attach kind %s needs a function: "
			"%s:FUNCTION, or function=NAME; or offset=N, a place in the file", in->req->kind,
			in->req->target);
	if (strpbrk(p->function, ",*?["))
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "\"%s\" is not one function: attach kind "
			"uprobe_multi takes several and patterns", p->function);
	if (p->offset && attach_text(in, "offset"))
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "%s has an offset already",
			in->req->target);
	attach_number(in, "offset", &p->offset);
	if (p->offset && p->function[0] && at_return(in))
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "attach kind uretprobe waits for the "
			"function's return: it takes no offset beside a function");
	return 0;
}

static int
look(const struct attach_in *in, struct msg_link_sites *what, int *file, struct msg_result *res)
{
	struct attach_place p;
	int err = read_request(in, &p, res);

	if (err || !p.function[0])
		return err;
	what->what = SITES_FUNCTIONS;
	strcpy(what->names, p.function);
	return attach_look_into(in, &p, file, res);
}

static int
attach(const struct attach_in *in, struct attach_out *out, struct msg_result *res)
{
	struct msg_uprobe m = { .n_sites = 1, .flags = at_return(in) ? PROBE_RETURN : 0 };
	struct attach_place p;
	int err = read_request(in, &p, res);

	if (err)
		return err;
	m.sites[0] = (struct probe_site){ .offset = p.offset, .cookie = in->req->cookie };
	if (in->found && __builtin_add_overflow(p.offset, in->found->sites[0].offset, &m.sites[0].offset))
		return result_set(res, IPC_INVALID_ARGUMENT, -ERANGE, "the offset is not in the file");
	return attach_in_file(in, &p, &m, false, out, res);
}

static const struct attach_option options[] = {
	{ "function", "", "where the probe is, if not in the target" },
	{ "offset", "number", "from the function's beginning; without a function, from the file's" },
	ATTACH_OPTIONS_FILE,
	{ 0 },
};

const struct attach_kind attach_kind_uprobe = {
	.name = "uprobe",
	.target = "FILE[:FUNCTION[+OFFSET]]",
	.help = "a function of a program or library, by path or as libc",
	.prog_types = PROG_BIT(KPROBE),
	.takes = TAKES_TARGET | TAKES_COOKIE,
	.options = options,
	.sections = "uprobe|uretprobe",
	.unavailable = attach_no_uprobes,
	.look = look,
	.attach = attach,
};

const struct attach_kind attach_kind_uretprobe = {
	.name = "uretprobe",
	.target = "FILE[:FUNCTION]",
	.help = "the return of a function of a program or library",
	.prog_types = PROG_BIT(KPROBE),
	.takes = TAKES_TARGET | TAKES_COOKIE,
	.options = options,
	.sections = "uprobe|uretprobe",
	.unavailable = attach_no_uprobes,
	.look = look,
	.attach = attach,
};
