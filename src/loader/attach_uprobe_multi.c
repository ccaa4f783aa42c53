/* SPDX-License-Identifier: Apache-2.0 */
/* Many functions or places of one program or library, by one link of the kernel's. */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/bpf_compat.h"
#include "loader/attach_hook.h"
#include "loader/oneshot.h"

static bool
at_return(const struct attach_in *in)
{
	return attach_text(in, "return") ? attach_flag(in, "return") :
		strncmp(in->req->section, "uretprobe.multi", 15) == 0;
}

static int
read_request(const struct attach_in *in, struct attach_place *p, struct msg_result *res)
{
	int err = attach_check_type(in, COMPAT_BPF_TRACE_UPROBE_MULTI, res);

	if (!err)
		err = attach_place(in, p, res);
	if (!err && !p->function[0] && !attach_text(in, "offset"))
		err = result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "attach kind uprobe_multi needs functions: "
			"%s:FUNCTION,..., or function=NAME,..., or places in the file: offset=N,...",
			in->req->target);
	if (!err && p->offset)
		err = result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "attach kind uprobe_multi takes the "
			"beginning of functions; other places are offset=N,... in the file");
	return err;
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
add_site(struct msg_uprobe *m, uint64_t offset, uint64_t cookie, struct msg_result *res)
{
	for (uint32_t i = 0; i < m->n_sites; i++)
		if (m->sites[i].offset == offset)
			return 0;
	if (m->n_sites == IPC_SITES_MAX)
		return result_set(res, IPC_RESOURCE_EXHAUSTED, -E2BIG, "more than %d places", IPC_SITES_MAX);
	m->sites[m->n_sites++] = (struct probe_site){ .offset = offset, .cookie = cookie };
	return 0;
}

/* "0x10,32" */
static int
add_offsets(struct msg_uprobe *m, const char *at, uint64_t cookie, struct msg_result *res)
{
	const char *text = at;
	int err = 0;

	while (at && !err) {
		char *end = NULL;
		uint64_t value = 0;

		errno = at[0] >= '0' && at[0] <= '9' ? 0 : EINVAL;
		if (!errno)
			value = strtoull(at, &end, strncmp(at, "0x", 2) == 0 ? 16 : 10);
		if (errno || (*end && *end != ','))
			return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "attach kind uprobe_multi: offset is "
				"\"%s\", not numbers with a comma between", text);
		err = add_site(m, value, cookie, res);
		at = *end ? end + 1 : NULL;
	}
	return err;
}

static int
attach(const struct attach_in *in, struct attach_out *out, struct msg_result *res)
{
	struct msg_uprobe m = { .flags = at_return(in) ? PROBE_RETURN : 0 };
	struct attach_place p;
	int err = read_request(in, &p, res);

	for (size_t i = 0; !err && in->found && i < in->found->n; i++)
		err = add_site(&m, in->found->sites[i].offset, in->req->cookie, res);
	if (!err)
		err = add_offsets(&m, attach_text(in, "offset"), in->req->cookie, res);
	return err ? err : attach_in_file(in, &p, &m, true, out, res);
}

static const char *
unavailable(const struct config *cfg)
{
	return attach_no_multi(COMPAT_BPF_TRACE_UPROBE_MULTI, "this kernel has no links of many uprobes "
		"(Linux 6.6 has): attach kind uprobe takes one function at a time");
}

static const struct attach_option options[] = {
	{ "function", "", "names or patterns (* and ?) with a comma between, if not in the target" },
	{ "offset", "", "places in the file, numbers with a comma between" },
	{ "return", "flag", "at the return of functions; else as the program's section says" },
	ATTACH_OPTIONS_FILE,
	{ 0 },
};

const struct attach_kind attach_kind_uprobe_multi = {
	.name = "uprobe_multi",
	.target = "FILE[:FUNCTION,...]",
	.help = "functions of a program or library, one link for all",
	.prog_types = PROG_BIT(KPROBE),
	.takes = TAKES_TARGET | TAKES_COOKIE,
	.options = options,
	.sections = "uprobe.multi|uretprobe.multi",
	.unavailable = unavailable,
	.look = look,
	.attach = attach,
};
