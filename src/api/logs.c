/* SPDX-License-Identifier: Apache-2.0 */
#include "api/logs.h"

#include <event2/event.h>
#include <stdlib.h>

#include "common/clock.h"

/* For the oldest; none: no timer. */
static void
arm(struct logs *ls)
{
	const struct kept_log *first = STAILQ_FIRST(&ls->all);
	int64_t left_ms = first ? first->until_ms - clock_ms() : 0;
	struct timeval tv = { 0 };

	if (!first) {
		event_del(&ls->timer);
		return;
	}
	if (left_ms > 0)
		tv = (struct timeval){ left_ms / 1000, left_ms % 1000 * 1000 };
	/* Without memory for the timer the log goes when the next one comes. */
	event_add(&ls->timer, &tv);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct logs *ls = arg;
	struct kept_log *log;
	int64_t now = clock_ms();

	while ((log = STAILQ_FIRST(&ls->all)) && log->until_ms <= now)
		logs_drop(ls, log);
	arm(ls);
}

void
logs_init(struct logs *ls, struct event_base *base)
{
	*ls = (struct logs){ 0 };
	STAILQ_INIT(&ls->all);
	event_assign(&ls->timer, base, -1, 0, on_timer, ls);
}

void
logs_clear(struct logs *ls)
{
	struct kept_log *log;

	while ((log = STAILQ_FIRST(&ls->all)))
		logs_drop(ls, log);
}

uint64_t
logs_keep(struct logs *ls, uid_t uid, char *take_text, size_t len)
{
	struct kept_log *log = len <= LOGS_BYTES_MAX ? malloc(sizeof(*log)) : NULL;

	if (!log)
		return 0;
	while (ls->n >= LOGS_MAX || ls->bytes > LOGS_BYTES_MAX - len)
		logs_drop(ls, STAILQ_FIRST(&ls->all));
	*log = (struct kept_log){ .id = ++ls->last_id, .until_ms = clock_ms() + LOGS_KEEP_S * 1000,
		.uid = uid, .text = take_text, .len = len };
	STAILQ_INSERT_TAIL(&ls->all, log, next);
	ls->n++;
	ls->bytes += len;
	arm(ls);
	return log->id;
}

struct kept_log *
logs_find(struct logs *ls, uid_t uid, uint64_t id)
{
	struct kept_log *log;

	STAILQ_FOREACH(log, &ls->all, next)
		if (log->id == id && log->uid == uid)
			return log;
	return NULL;
}

void
logs_drop(struct logs *ls, struct kept_log *log)
{
	STAILQ_REMOVE(&ls->all, log, kept_log, next);
	ls->n--;
	ls->bytes -= log->len;
	free(log->text);
	free(log);
	if (STAILQ_EMPTY(&ls->all))
		event_del(&ls->timer);
}
