/* SPDX-License-Identifier: Apache-2.0 */
/* Many functions of the kernel, by one link: quick to attach, for it does not stop the kernel for each. */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/auto.h"
#include "common/bpf_compat.h"
#include "loader/attach_hook.h"
#include "loader/oneshot.h"

#define BYTES_MAX (8u << 20)	/* of the names: all functions of a kernel have 1 to 2 MiB */

struct functions {
	char *text;			/* the names, each with NUL */
	const char **names;		/* sorted, each once */
	uint64_t *cookies;
	uint32_t n;
};

static void
functions_free(struct functions f)
{
	free(f.text);
	free(f.names);
	free(f.cookies);
}
AUTO_DEFINE(functions, struct functions, functions_free)

static bool
at_return(const struct attach_in *in)
{
	return attach_text(in, "return") ? attach_flag(in, "return") :
		strncmp(in->req->section, "kretprobe.multi", 15) == 0;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* f->text, bytes long, is names, each with NUL. */
static int
index_names(struct functions *f, size_t bytes)
{
	size_t n = 0;

	for (size_t i = 0; i < bytes; i++)
		n += f->text[i] == '\0';
	f->names = calloc(n, sizeof(*f->names));
	f->cookies = calloc(n, sizeof(*f->cookies));
	if (!f->names || !f->cookies)
		return -ENOMEM;
	n = 0;
	for (const char *at = f->text; at < f->text + bytes; at += strlen(at) + 1)
		f->names[n++] = at;
	/* Several functions may have one name, and the kernel takes each once. */
	qsort(f->names, n, sizeof(*f->names), by_name);
	for (size_t i = 0; i < n; i++)
		if (!f->n || strcmp(f->names[f->n - 1], f->names[i]) != 0)
			f->names[f->n++] = f->names[i];
	return 0;
}

static int
read_names(int memfd, uint64_t bytes, struct functions *f)
{
	if (!bytes || bytes > BYTES_MAX)
		return -EPROTO;
	f->text = malloc(bytes);
	if (!f->text)
		return -ENOMEM;
	if (pread(memfd, f->text, bytes, 0) != (ssize_t)bytes || f->text[bytes - 1])
		return -EPROTO;
	return index_names(f, bytes);
}

/* What can be traced and fits: the kernel itself takes no patterns, and does not say which name it lacks. */
static int
search(const struct attach_in *in, struct functions *f, struct msg_result *res)
{
	struct msg_functions m;
	struct msg_one_fd facts;
	AUTO(fd) int memfd = -1;
	int err;

	snprintf(m.names, sizeof(m.names), "%s", in->req->target);
	err = oneshot_fd(in->ld, IPC_ONE_FUNCTIONS, &m, NULL, &facts, &memfd, res);
	if (err)
		return err;
	err = read_names(memfd, facts.size, f);
	return err ? result_set(res, IPC_INTERNAL, err, "the names of functions cannot be read") : 0;
}

static int
find(const struct attach_in *in, struct functions *f, struct msg_result *res)
{
	size_t len = strlen(in->req->target);

	if (strpbrk(in->req->target, "*?["))
		return search(in, f, res);
	f->text = strdup(in->req->target);
	for (char *c = f->text; c && *c; c++)
		if (*c == ',')
			*c = '\0';
	return f->text && index_names(f, len + 1) == 0 ? 0 :
		result_set(res, IPC_RESOURCE_EXHAUSTED, -ENOMEM, "no memory for the names of functions");
}

static int
refuse(const struct attach_in *in, int err, struct msg_result *res)
{
	AUTO(functions) struct functions again = { 0 };
	struct msg_result better;

	if (err == -ESRCH || err == -ENOENT)
		result_set(res, IPC_NOT_FOUND, err, "the kernel has no function %s, or it cannot be traced",
			in->req->target);
	else
		attach_refused(res, err, in->req->target);
	if (search(in, &again, &better) && (better.code == IPC_NOT_FOUND || better.code == IPC_INVALID_ARGUMENT))
		*res = better;
	return res->err;
}

static uint64_t
hash(const struct functions *f, bool ret)
{
	uint64_t h = attach_hash(ATTACH_HASH_INIT, &ret, sizeof(ret));

	for (uint32_t i = 0; i < f->n; i++)
		h = attach_hash(h, f->names[i], strlen(f->names[i]) + 1);
	return h;
}

/* Of a dry run the link goes again at once: the kernel offers no other way to ask. */
static int
attach(const struct attach_in *in, struct attach_out *out, struct msg_result *res)
{
	struct compat_kprobe_multi lc = { .prog_fd = (uint32_t)in->prog_fd,
		.attach_type = BPF_TRACE_KPROBE_MULTI, .flags = at_return(in) };
	AUTO(functions) struct functions f = { 0 };
	int link, err = attach_check_type(in, BPF_TRACE_KPROBE_MULTI, res);

	if (!err)
		err = find(in, &f, res);
	if (err)
		return err;
	attach_hook(out, hash(&f, lc.flags));
	err = attach_check_new(in, &out->facts, res);
	if (err)
		return err;
	for (uint32_t i = 0; i < f.n; i++)
		f.cookies[i] = in->req->cookie;
	lc.cnt = f.n;
	lc.syms = (uint64_t)(uintptr_t)f.names;
	lc.cookies = (uint64_t)(uintptr_t)f.cookies;
	link = compat_bpf(BPF_LINK_CREATE, &lc, sizeof(lc));
	if (link < 0)
		return refuse(in, link, res);
	if (in->req->flags & ATTACH_DRY_RUN)
		close_keep_errno(link);
	else
		out->link_fd = link;
	return 0;
}

static const char *
unavailable(const struct config *cfg)
{
	return attach_no_multi(BPF_TRACE_KPROBE_MULTI, "this kernel has no links of many kprobes "
		"(CONFIG_FPROBE): attach kinds kprobe or fentry take one function at a time");
}

static const struct attach_option options[] = {
	{ "return", "flag", "at the return of functions; else as the program's section says" },
	{ 0 },
};

const struct attach_kind attach_kind_kprobe_multi = {
	.name = "kprobe_multi",
	.target = "FUNCTION|PATTERN,...",
	.help = "functions of the kernel, one link for all",
	.prog_types = PROG_BIT(KPROBE),
	.takes = TAKES_TARGET | TAKES_COOKIE,
	.options = options,
	.sections = "kprobe.multi|kretprobe.multi",
	.unavailable = unavailable,
	.attach = attach,
};
