/* SPDX-License-Identifier: Apache-2.0 */
/* Programs on a function of the kernel: fentry, fexit, fmod_ret, lsm.  One way of attaching. */
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include "common/auto.h"
#include "common/bpf_compat.h"
#include "ipc/bpfnames.h"
#include "loader/attach_hook.h"
#include "loader/oneshot.h"

static const char *
unavailable(const struct config *cfg)
{
	return attach_no_trampolines();
}

static const char *
lsm_unavailable(const struct config *cfg)
{
	const char *why = attach_no_trampolines();

	return why ? why : attach_no_bpf_lsm();
}

static int
attach(const struct attach_in *in, struct attach_out *out, struct msg_result *res)
{
	struct compat_link_create lc = { .prog_fd = (uint32_t)in->prog_fd,
		.attach_type = in->prog_attach_type, .tracing_cookie = in->req->cookie };
	const char *kind = bpf_prog_kind_name(in->prog_type, in->prog_attach_type);
	int err;

	if (strcmp(kind, in->req->kind) != 0)
		return result_set(res, IPC_FAILED_PRECONDITION, -EINVAL, "program %u was loaded as %s, not as "
			"%s", in->req->prog_id, kind, in->req->kind);
	err = attach_btf_target(in, &out->facts, res);
	if (!err)
		err = attach_check_new(in, &out->facts, res);
	if (err || (in->req->flags & ATTACH_DRY_RUN))
		return err;
	out->link_fd = compat_link_create(&lc);
	if (out->link_fd >= 0)
		return 0;
	if (out->link_fd == -E2BIG && in->req->cookie)
		return result_set(res, IPC_FAILED_PRECONDITION, out->link_fd, "this kernel has no cookies for "
			"%s (Linux 5.19 has)", kind);
	return attach_refused(res, out->link_fd, out->facts.target[0] ? out->facts.target : "its function");
}

#define TRACING_KIND(word, hook, text, type, why)                                                  \
	const struct attach_kind attach_kind_##word = {                                            \
		.name = #word,                                                                     \
		.target = hook,                                                                    \
		.help = text,                                                                      \
		.prog_types = PROG_BIT(type),                                                      \
		.takes = TAKES_COOKIE,                                                             \
		.unavailable = why,                                                                \
		.attach = attach,                                                                  \
	}

TRACING_KIND(fentry, "FUNCTION", "where a kernel function begins; FUNCTION may be left out", TRACING,
	unavailable);
TRACING_KIND(fexit, "FUNCTION", "where a kernel function returns; FUNCTION may be left out", TRACING,
	unavailable);
TRACING_KIND(fmod_ret, "FUNCTION", "may return in place of a kernel function; FUNCTION may be left out",
	TRACING, unavailable);
TRACING_KIND(lsm, "HOOK", "a hook of security modules, may refuse an act; HOOK may be left out", LSM,
	lsm_unavailable);
