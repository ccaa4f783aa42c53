/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What others took off tracers: a link detached by its number, a pin removed.  A tracer is loaded again, a
 * program of the core attached again, so often and no more.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bpf/own.h"
#include "common/auto.h"
#include "common/clock.h"
#include "common/log.h"
#include "loader/attach.h"
#include "loader/tracers_parts.h"

#define BIT(n) (1ULL << (n))
#define OBJECTS "mpelsdiucbq"	/* kinds of pins that are no marks, see tracers.h */

static void
say(struct loader *ld, unsigned int n, enum ev_own_event event, enum ev_own_cause cause, const char *pin,
	const char *text)
{
	struct msg_own m = { .event = event, .cause = cause, .tries = ld->tracers.guard[n].tries, .kind = "tracer" };

	snprintf(m.program, sizeof(m.program), "%s", pin ? pin + 2 : "");
	snprintf(m.target, sizeof(m.target), "%s", tracer_name(n));
	snprintf(m.text, sizeof(m.text), "%s", text);
	reply(ld, IPC_OWN_LOST, 0, &m, NULL);
}

static void
give_up(struct loader *ld, unsigned int n, const char *pin, const char *text)
{
	struct tracer_guard *g = &ld->tracers.guard[n];

	g->given_up = true;
	g->coming = false;
	log_warn("tracer.given_up", "tracer=%s tries=%u text=%s", tracer_name(n), g->tries, LOG_QUOTE(text));
	say(ld, n, OWN_EV_GIVEN_UP, 0, pin, text);
	if (ld->tracers.t[n].loaded)
		tracer_miss(&ld->tracers.t[n], "somebody took off what belongs to it: %s", text);
	tracer_report(ld, 0, n);
}

static bool
may_try(const struct config *cfg, struct tracer_guard *g)
{
	int64_t now = clock_ms();

	if (!g->tries || now - g->since_ms > (int64_t)cfg->detach_within_s * 1000)
		*g = (struct tracer_guard){ .since_ms = now };
	if (g->tries >= cfg->detach_tries)
		return false;
	g->tries++;
	return true;
}

/* Links of its programs come back; its maps hold what all tracers have, so they do not. */
static void
mend_core(struct loader *ld, const char *pin)
{
	if (pin[0] == 'l') {
		tracer_unpin(ld, TRACER_CORE, pin);
		tracers_core_hooks(ld);
	}
	if (pin[0] == 'l' && tracer_has_pin(&ld->tracers.t[TRACER_CORE], pin))
		say(ld, TRACER_CORE, OWN_EV_REATTACHED, 0, pin, "");
	else
		give_up(ld, TRACER_CORE, pin, "it comes back when bpfd is stopped and started");
}

static void
mend(struct loader *ld, unsigned int n, enum ev_own_cause cause, const char *pin)
{
	struct tracers *t = &ld->tracers;

	log_warn("tracer.detached", "tracer=%s pin=%s %s", tracer_name(n), pin,
		cause == OWN_UNPINNED ? "somebody else has removed it" : "somebody else has detached it");
	say(ld, n, OWN_EV_DETACHED, cause, pin, "");
	if (!may_try(ld->cfg, &t->guard[n])) {
		give_up(ld, n, pin, "it was put back so often that bpfd stops");
	} else if (n == TRACER_CORE) {
		mend_core(ld, pin);
	} else {
		if (n == TR_ENFORCE && pin[0] == 'l')
			enforce_unhook(ld, pin);	/* the others go on stopping */
		else
			tracer_remove(ld, n);
		t->guard[n].coming = t->busy = t->step = true;
		/* Without a table the API has not said yet what is to be in force. */
		t->enforce_new = t->enforce_new || (n == TR_ENFORCE && t->enforce);
		enforce_again(ld);
	}
}

static enum ev_own_cause
cause_of(struct loader *ld, unsigned int n, const char *pin)
{
	AUTO(fd) int fd = tracer_get(ld, n, pin);

	if (fd == -ENOENT)
		return OWN_UNPINNED;
	return fd >= 0 && pin[0] == 'l' && attach_link_gone(fd) ? OWN_DETACHED : 0;
}

/* The first is enough: all of the tracer comes again; of what stops acts the next look finds the next. */
static void
look_at(struct loader *ld, unsigned int n)
{
	const struct tracer_pins *p = &ld->tracers.t[n].pins;
	char pin[IPC_NAME_MAX];

	for (size_t i = 0; i < p->n; i++) {
		enum ev_own_cause cause;

		memcpy(pin, p->names[i], sizeof(pin));	/* it moves */
		cause = pin[1] == '-' && strchr(OBJECTS, pin[0]) ? cause_of(ld, n, pin) : 0;
		if (cause) {
			mend(ld, n, cause, pin);
			return;
		}
	}
}

bool
tracers_any(const struct loader *ld)
{
	return ld->tracers.t[TRACER_CORE].loaded;
}

void
tracers_look(struct loader *ld)
{
	struct tracers *t = &ld->tracers;

	for (unsigned int n = TRACER_CORE; n < N_TRACERS && !t->busy; n++)
		if (t->t[n].loaded && !t->guard[n].given_up)
			look_at(ld, n);
}

void
tracers_settled(struct loader *ld)
{
	struct tracers *t = &ld->tracers;

	for (unsigned int n = TRACER_CORE + 1; n < N_TRACERS; n++) {
		struct tracer_guard *g = &t->guard[n];

		if (!(t->want & BIT(n)))
			*g = (struct tracer_guard){ 0 };
		if (!g->coming)
			continue;
		g->coming = false;
		if (!t->t[n].loaded) {
			give_up(ld, n, NULL, t->t[n].reason);
			continue;
		}
		log_notice("tracer.reattached", "tracer=%s tries=%u", tracer_name(n), g->tries);
		say(ld, n, OWN_EV_REATTACHED, 0, NULL, "");
		tracer_report(ld, 0, n);
	}
}
