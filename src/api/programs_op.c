/* SPDX-License-Identifier: Apache-2.0 */
#include "api/programs_op.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api/api.h"
#include "common/clock.h"
#include "common/log.h"
#include "proto/grpc.h"

#define TEXT_MAX (IPC_TEXT_MAX + 64)

static void
audit(uid_t uid, pid_t pid, const char *method, const char *what, enum ipc_code code,
	const char *text)
{
	log_notice("audit", "uid=%u pid=%d request=%s%s%s result=%s%s%s", uid, pid, method,
		what[0] ? " " : "", what, grpc_status_name(code), text[0] ? " text=" : "",
		text[0] ? LOG_QUOTE(text) : "");
}

void
programs_refuse(struct call *call, enum ipc_code code, const char *fmt, ...)
{
	const struct peer *peer = call_peer(call);
	char text[TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	audit(peer->uid, peer->pid, call_method(call), "", code, text);
	call_error(call, code, "%s", text);
}

static void
on_cancel(void *arg)
{
	struct op *op = arg;

	op->call = NULL;
	if (op->cancelled)
		op->cancelled(op);
}

void
op_start(struct op *op, struct call *call, void (*release)(void *op))
{
	const struct peer *peer = call_peer(call);

	op->api = call_api(call);
	op->call = call;
	op->uid = peer->uid;
	op->pid = peer->pid;
	op->free = release;
	snprintf(op->method, sizeof(op->method), "%s", call_method(call));
	call_on_cancel(call, on_cancel, op);
}

void
op_what(struct op *op, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(op->what, sizeof(op->what), fmt, ap);
	va_end(ap);
}

void
op_ok(struct op *op)
{
	audit(op->uid, op->pid, op->method, op->what, IPC_OK, "");
	op->free(op);
}

static void
fail(struct op *op, enum ipc_code code, const char *text)
{
	audit(op->uid, op->pid, op->method, op->what, op->call ? code : IPC_CANCELLED,
		op->call ? text : "the client went away");
	if (op->call)
		call_error(op->call, code, "%s", text);
	op->free(op);
}

/* The answer carries the end of the log; what is longer is kept until it is fetched. */
static void
fail_log(struct op *op, enum ipc_code code, const char *text, struct answer *a)
{
	uint64_t id = 0;

	audit(op->uid, op->pid, op->method, op->what, code, text);
	if (a->log_len > call_detail_room(text))
		id = logs_keep(&op->api->logs, op->uid, a->log, a->log_len);
	call_error_detail(op->call, code, text, a->log, a->log_len, id);
	if (id)
		a->log = NULL;
	op->free(op);
}

void
op_fail(struct op *op, enum ipc_code code, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fail(op, code, text);
}

void
op_fail_answer(struct op *op, struct answer *a)
{
	const struct msg_result *r = &a->result;

	if (r->code == IPC_OK)
		fail(op, IPC_INTERNAL, "bpfd-loader's answer does not fit the request");
	else if (op->call && a->log_len)
		fail_log(op, (enum ipc_code)r->code, r->text, a);
	else
		fail(op, (enum ipc_code)r->code, r->text);
}

void
op_fail_errno(struct op *op, int err)
{
	if (err == -ENOTCONN)
		op_fail_away(op);
	else if (err == -EBUSY)
		op_fail(op, IPC_RESOURCE_EXHAUSTED, "too many requests are in progress: try again");
	else
		op_fail(op, IPC_RESOURCE_EXHAUSTED, "no memory or descriptors for the request (%s)",
			strerrorname_np(-err));
}

void
op_fail_away(struct op *op)
{
	op_fail(op, IPC_UNAVAILABLE, "bpfd-loader is being restarted: try again");
}

enum ipc_code
programs_store_code(int err)
{
	if (err == -ENOSPC || err == -ENOMEM || err == -EFBIG)
		return IPC_RESOURCE_EXHAUSTED;
	return err == -EUCLEAN ? IPC_DATA_LOSS : IPC_UNAVAILABLE;
}

const char *
programs_store_text(int err)
{
	if (err == -ENOSPC)
		return "the disk with bpfd's store is full: nothing was changed";
	if (err == -EUCLEAN)
		return "bpfd's store is damaged, see its log: nothing was changed";
	return "bpfd's store cannot be written, see its log: nothing was changed";
}

void
op_fail_store(struct op *op, int err)
{
	op_fail(op, programs_store_code(err), "%s", programs_store_text(err));
}

int64_t
programs_now_ns(void)
{
	return (int64_t)clock_ns(CLOCK_REALTIME);
}

int64_t
programs_unix_ns(uint64_t boot_ns)
{
	return programs_now_ns() - (int64_t)clock_ns(CLOCK_BOOTTIME) + (int64_t)boot_ns;
}
