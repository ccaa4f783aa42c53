/* SPDX-License-Identifier: Apache-2.0 */
#include "xdp/refuse.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <xdp/libxdp.h>

#include "xdp/hooks.h"

static char warning[256];	/* the last one of either library */

static void
keep_warning(const char *fmt, va_list ap)
{
	size_t len;

	vsnprintf(warning, sizeof(warning), fmt, ap);
	len = strlen(warning);
	while (len && (unsigned char)warning[len - 1] <= ' ')
		warning[--len] = '\0';
	for (size_t i = 0; i < len; i++)
		if (warning[i] < ' ' || warning[i] > '~')
			warning[i] = '?';
}

static int
on_libxdp(enum libxdp_print_level level, const char *fmt, va_list ap)
{
	if (level == LIBXDP_WARN)
		keep_warning(fmt, ap);
	return 0;
}

static int
on_libbpf(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	if (level == LIBBPF_WARN && !warning[0])
		keep_warning(fmt, ap);
	return 0;
}

void
refuse_init(void)
{
	libxdp_set_print(on_libxdp);
	libbpf_set_print(on_libbpf);
}

void
refuse_forget(void)
{
	warning[0] = '\0';
}

void
refuse(struct xdp *x, enum ipc_code code, int err, const char *fmt, ...)
{
	struct msg_xdp_done done = { .code = code, .err = err };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(done.text, sizeof(done.text), fmt, ap);
	va_end(ap);
	chan_send(x->ch, IPC_XDP_DONE, x->seq, &done, NULL);
}

void
refuse_locked(struct xdp *x)
{
	refuse(x, IPC_UNAVAILABLE, -EWOULDBLOCK, "another process has held libxdp's lock of " XDP_DIR
		" for %d seconds; try again when it is done (fuser -v " XDP_DIR " names it)",
		HOOKS_LOCK_MS / 1000);
}

void
refuse_headless(struct xdp *x)
{
	refuse(x, IPC_FAILED_PRECONDITION, -EUCLEAN, "the interface has a dispatcher of libxdp whose pins "
		"in " XDP_DIR " are missing, so nobody knows its programs: take it off (ip link set dev "
		"INTERFACE xdp off) and attach them again");
}

void
refuse_attach(struct xdp *x, const struct msg_xdp_add *m, int err)
{
	if (hooks.locked_out)
		refuse_locked(x);
	else if (err == -EUCLEAN)
		refuse_headless(x);
	else if (err == -EOPNOTSUPP && m->mode == XDP_NATIVE)
		refuse(x, IPC_FAILED_PRECONDITION, err, "the driver of the interface has no native XDP, or "
			"not in its present state: use mode skb (%s)", warning);
	else if (err == -ERANGE && m->mode != XDP_SKB)
		refuse(x, IPC_FAILED_PRECONDITION, err, "the driver of the interface refuses a chain of XDP "
			"programs as it is (%s): lower the MTU, or use mode skb", warning);
	else if (err == -EBUSY || err == -EEXIST || err == -EAGAIN)
		refuse(x, IPC_FAILED_PRECONDITION, err, "the interface is taken by an XDP program that "
			"cannot be shared, or others change its chain all the time (%s)", warning);
	else
		refuse(x, IPC_FAILED_PRECONDITION, err, "libxdp cannot attach the program: %s%s%s%s",
			strerrordesc_np(-err) ?: "?", warning[0] ? " (" : "", warning, warning[0] ? ")" : "");
}

void
refuse_detach(struct xdp *x, uint32_t prog_id, int err)
{
	refuse(x, IPC_FAILED_PRECONDITION, err, "libxdp cannot detach program %u: %s%s%s%s", prog_id,
		strerrordesc_np(-err) ?: "?", warning[0] ? " (" : "", warning, warning[0] ? ")" : "");
}
