/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bpfctl/ctl.h"
#include "bpfctl/rpc.h"
#include "bpfctl/safe.h"
#include "proto/grpc.h"

#define VERIFIER_LOG_MAX (64u << 20)	/* bytes; the daemon keeps less */

/* What a code of a failed call means for the exit status and for what to do next. */
static const struct {
	int code;
	enum ctl_exit exit;
	const char *hint;
} codes[] = {
	{ CLIENT_UNREACHABLE, CTL_UNREACHABLE,
		"is bpfd running? systemctl status bpfd; -s or $BPFD_HOST name another socket" },
	{ CLIENT_NO_ACCESS, CTL_DENIED, "run bpfctl as root or as a member of the group bpfd" },
	{ CLIENT_PROTOCOL, CTL_FAILED, "is this bpfd's socket?" },
	{ CLIENT_TIMEOUT, CTL_TIMEOUT, "--timeout gives it more time" },
	{ CLIENT_INTERRUPTED, CTL_FAILED, NULL },
	{ CLIENT_NO_MEMORY, CTL_FAILED, NULL },
	{ GRPC_DEADLINE_EXCEEDED, CTL_TIMEOUT, "--timeout gives it more time" },
	{ GRPC_NOT_FOUND, CTL_NOT_FOUND, NULL },
	{ GRPC_ALREADY_EXISTS, CTL_CONFLICT, NULL },
	{ GRPC_PERMISSION_DENIED, CTL_DENIED, NULL },
	{ GRPC_ABORTED, CTL_CONFLICT, NULL },
	{ GRPC_UNIMPLEMENTED, CTL_FAILED, "this bpfd may be older than bpfctl: bpfctl version" },
	{ GRPC_INTERNAL, CTL_FAILED, "this is a bug in bpfd; its log says more" },
	{ GRPC_UNAVAILABLE, CTL_UNREACHABLE, "a part of bpfd is being restarted, or a registry does not answer: try again" },
	{ GRPC_UNAUTHENTICATED, CTL_DENIED, NULL },
};

enum ctl_exit
ctl_exit_of(int code)
{
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (codes[i].code == code)
			return codes[i].exit;
	return code == CLIENT_OK ? CTL_DONE : CTL_FAILED;
}

static const char *
hint_of(int code)
{
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (codes[i].code == code)
			return codes[i].hint;
	return NULL;
}

const char *
ctl_text_of(const struct client_error *e)
{
	if (e->text && *e->text)
		return e->text;
	return e->code <= 16 ? grpc_status_name((unsigned int)e->code) : "failed";
}

static void
put_error(const struct ctl *ctl, const char *hint, const char *what, const char *text)
{
	AUTO(buf) struct buf line = { 0 };

	buf_printf(&line, "bpfctl: %s: ", what);
	safe_plain(&line, text, strlen(text), true);
	if (hint && !ctl->quiet)
		buf_printf(&line, "\n        %s", hint);
	buf_char(&line, '\n');
	fputs(buf_text(&line), stderr);
}

int
ctl_fail(const struct ctl *ctl, enum ctl_exit code, const char *hint, const char *what,
	const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	put_error(ctl, hint, what, n < 0 ? "no memory" : text);
	if (n >= 0)
		free(text);
	return code;
}

int
ctl_fail_file(const struct ctl *ctl, const char *what, const char *file, int err)
{
	enum ctl_exit status = err == -ENOENT || err == -ENOTDIR ? CTL_NOT_FOUND :
			       err == -EACCES || err == -EPERM   ? CTL_DENIED :
								   CTL_FAILED;

	return ctl_fail(ctl, status, NULL, what, "%s: %s", file,
		err == -EFBIG ? "the file is too large" : strerror(-err));
}

int
ctl_take_part(struct buf *out, const ProtobufCBinaryData *part, uint64_t total, uint64_t max)
{
	if (!part->len || total > max || out->len > total || part->len > total - out->len)
		return -EPROTO;
	buf_add(out, part->data, part->len);
	return out->failed ? -ENOMEM : 0;
}

/* The daemon keeps a log that was too long for the answer.  False: it does not any more. */
static bool
fetch_log(const struct ctl *ctl, uint64_t id, struct buf *out)
{
	Bpfd__V1__VerifierLogRequest req = BPFD__V1__VERIFIER_LOG_REQUEST__INIT;
	uint64_t total = 0;

	req.id = id;
	for (; req.offset == 0 || req.offset < total; req.offset = out->len) {
		AUTO(reply) Bpfd__V1__VerifierLogResponse *reply = NULL;
		AUTO(client_error) struct client_error e = { 0 };

		if (rpc_verifier_log(ctl->client, &req, &reply, &e))
			return false;
		total = reply->total;
		if (ctl_take_part(out, &reply->part, total, VERIFIER_LOG_MAX))
			return false;
	}
	return true;
}

int
ctl_fail_call(const struct ctl *ctl, const char *what, const struct client_error *e)
{
	AUTO(buf) struct buf whole = { 0 }, log = { 0 };

	put_error(ctl, hint_of(e->code), what, ctl_text_of(e));
	if (!e->log || ctl->quiet)
		return ctl_exit_of(e->code);
	if (e->log_id && fetch_log(ctl, e->log_id, &whole))
		safe_plain(&log, buf_text(&whole), whole.len, true);
	else
		safe_plain(&log, e->log, strlen(e->log), true);
	if (log.len && log.data[log.len - 1] != '\n')
		buf_char(&log, '\n');
	fputs(buf_text(&log), stderr);
	return ctl_exit_of(e->code);
}

int
ctl_exit_of_many(size_t n, size_t n_failed, int first)
{
	if (n_failed == 0)
		return CTL_DONE;
	return n_failed < n ? CTL_PARTLY : first;
}
