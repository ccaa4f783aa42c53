/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "loader/loader.h"

int
result_set(struct msg_result *res, enum ipc_code code, int err, const char *fmt, ...)
{
	va_list ap;

	memset(res, 0, sizeof(*res));
	va_start(ap, fmt);
	vsnprintf(res->text, sizeof(res->text), fmt, ap);
	va_end(ap);
	res->code = code;
	res->err = err ? err : -EINVAL;
	return res->err;
}

/* May wait until the API reads: it never waits for us. */
void
reply(struct loader *ld, enum ipc_type type, uint32_t seq, const void *payload, const int *fds)
{
	int err;

	if (!ld->api || ld->api_gone)
		return;
	err = chan_send(ld->api, type, seq, payload, fds);
	if (err) {
		ld->api_gone = true;
		log_err(err, "loader.reply", "type=%s", ipc_type_name(type));
	}
}

void
reply_result(struct loader *ld, uint32_t seq, const struct msg_result *res)
{
	struct msg_result copy = *res;

	/* Foreign names went into it: what is no text in UTF-8 does not leave. */
	copy.text[sizeof(copy.text) - 1] = '\0';
	if (!IPC_STR_OK(copy.text))
		for (char *p = copy.text; *p; p++)
			if (*p < 0x20 || *p > 0x7e)
				*p = '?';
	reply(ld, IPC_RESULT, seq, &copy, NULL);
}

void
reply_ok(struct loader *ld, uint32_t seq, uint32_t n_items)
{
	struct msg_result res = { .code = IPC_OK, .n_items = n_items };

	reply(ld, IPC_RESULT, seq, &res, NULL);
}

void
reply_done(struct loader *ld, uint32_t seq, int err, const struct msg_result *res)
{
	if (err)
		reply_result(ld, seq, res);
	else
		reply_ok(ld, seq, 0);
}
