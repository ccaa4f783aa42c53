/* SPDX-License-Identifier: Apache-2.0 */
#include "xdp/chain.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xdp/libxdp.h>

#include "common/auto.h"
#include "xdp/hooks.h"
#include "xdp/refuse.h"
#include "xdp/runconfig.h"
#include "xdp/stale.h"

#define TRIES		8	/* somebody else changes the same chain */
#define TRY_AGAIN_US	20000

AUTO_DEFINE(chain, struct xdp_multiprog *, xdp_multiprog__close)
AUTO_DEFINE(xdp_prog, struct xdp_program *, xdp_program__close)

/* ---- what is there ---- */

static struct xdp_program *
main_prog(const struct xdp_multiprog *mp)
{
	return mp ? xdp_multiprog__main_prog((struct xdp_multiprog *)(uintptr_t)mp) : NULL;
}

static uint32_t
main_id(const struct xdp_multiprog *mp)
{
	struct xdp_program *p = main_prog(mp);

	return p ? xdp_program__id(p) : 0;
}

static bool
is_chain(const struct xdp_multiprog *mp)
{
	return mp && !xdp_multiprog__is_legacy(mp);
}

/* A dispatcher without its pins: somebody puts another in its place just now, or took them away. */
static bool
is_headless(const struct xdp_multiprog *mp)
{
	struct xdp_program *p = main_prog(mp);

	return p && !is_chain(mp) && strcmp(xdp_program__name(p), "xdp_dispatcher") == 0;
}

/* The chain of an interface: 0 with *mp, NULL for none; negative errno. */
static int
read_chain(uint32_t ifindex, struct xdp_multiprog **mp)
{
	long err = 0;

	for (int i = 0; i < TRIES; i++) {
		AUTO(chain) struct xdp_multiprog *own = NULL;
		struct xdp_multiprog *found = xdp_multiprog__get_from_ifindex((int)ifindex);

		err = libxdp_get_error(found);
		own = err ? NULL : found;
		if (hooks.locked_out)
			return -EWOULDBLOCK;
		if ((!err && !is_headless(own)) || err == -ENOENT || err == -ENODEV) {
			*mp = TAKE_PTR(own);
			return err == -ENOENT ? 0 : (int)err;
		}
		usleep(TRY_AGAIN_US);
	}
	return err ? (int)err : -EUCLEAN;
}

/* Position of a program in the chain, -1 when it is not there. */
static int
position(const struct xdp_multiprog *mp, uint32_t prog_id)
{
	const struct xdp_program *p = NULL;

	if (is_chain(mp))
		for (int i = 0; (p = xdp_multiprog__next_prog(p, mp)); i++)
			if (xdp_program__id(p) == prog_id)
				return i;
	return -1;
}

static uint32_t
actions(const struct xdp_program *p)
{
	uint32_t bits = 0;

	for (uint32_t i = 0; i < 5; i++)
		bits |= (uint32_t)xdp_program__chain_call_enabled(p, i) << i;
	return bits;
}

/* Sends what is there and the last word. */
static void
answer(struct xdp *x, const struct xdp_multiprog *mp)
{
	struct msg_xdp_done done = { .code = IPC_OK, .dispatcher_id = main_id(mp) };
	const struct xdp_program *p = NULL;

	if (mp)
		done.mode = xdp_multiprog__attach_mode(mp) == XDP_MODE_SKB ? XDP_SKB : XDP_NATIVE;
	if (is_chain(mp)) {
		done.flags = XDP_CHAINED | (xdp_multiprog__xdp_frags_support(mp) ? XDP_FRAGS : 0);
		while ((p = xdp_multiprog__next_prog(p, mp)) && done.n_progs < XDP_PROGS_MAX) {
			struct msg_xdp_prog out = { .id = xdp_program__id(p), .position = done.n_progs++,
				.priority = xdp_program__run_prio(p), .proceed_on = actions(p) };

			snprintf(out.name, sizeof(out.name), "%s", xdp_program__name(p));
			chan_send(x->ch, IPC_XDP_PROG, x->seq, &out, NULL);
		}
	}
	chan_send(x->ch, IPC_XDP_DONE, x->seq, &done, NULL);
}

static void
answer_anew(struct xdp *x, uint32_t ifindex)
{
	AUTO(chain) struct xdp_multiprog *mp = NULL;
	int err = read_chain(ifindex, &mp);

	if (hooks.locked_out)
		refuse_locked(x);
	else if (err)
		refuse(x, IPC_UNAVAILABLE, err, "the chain cannot be read: %s", strerrordesc_np(-err));
	else
		answer(x, mp);
}

/* ---- changes ---- */

static void
step(void *arg, uint32_t dispatcher_id)
{
	struct xdp *x = arg;
	const struct msg_xdp_step m = { .dispatcher_id = dispatcher_id };

	chan_send(x->ch, IPC_XDP_STEP, x->seq, &m, NULL);
}

/* The old dispatcher is left behind by who dies between attaching the new one and unpinning it. */
static void
begin(struct xdp *x, const struct xdp_multiprog *mp)
{
	hooks.dispatcher = step;
	hooks.arg = x;
	if (is_chain(mp))
		step(x, main_id(mp));
}

static enum xdp_attach_mode
mode_of(const struct xdp_multiprog *mp, uint32_t wanted)
{
	if (wanted == XDP_ANY)
		return mp ? xdp_multiprog__attach_mode(mp) : XDP_MODE_UNSPEC;
	return wanted == XDP_SKB ? XDP_MODE_SKB : XDP_MODE_NATIVE;
}

static bool
too_high(const struct xdp_multiprog *mp)
{
	const struct xdp_program *p = NULL;

	while (is_chain(mp) && (p = xdp_multiprog__next_prog(p, mp)))
		if (xdp_program__run_prio(p) >= HOOKS_PRIORITY_MAX)
			return true;
	return false;
}

/* Why the program cannot come to what is there: false, answered. */
static bool
fits(struct xdp *x, const struct msg_xdp_add *m, const struct xdp_multiprog *mp, uint32_t prog_id)
{
	const char *there = mp && xdp_multiprog__attach_mode(mp) == XDP_MODE_SKB ? "skb" : "native";
	int leaving = m->replace_id ? position(mp, m->replace_id) : -1;

	if (m->replace_id && leaving < 0)
		refuse(x, IPC_NOT_FOUND, -ENOENT, "program %u is not on the interface any more",
			m->replace_id);
	else if (mp && !is_chain(mp))
		refuse(x, IPC_FAILED_PRECONDITION, -EBUSY, "the interface has XDP program %u, which was "
			"not attached by way of libxdp and so cannot share it; detach it first", main_id(mp));
	else if (mp && xdp_multiprog__hw_prog((struct xdp_multiprog *)(uintptr_t)mp))
		refuse(x, IPC_FAILED_PRECONDITION, -EBUSY, "the interface has a program in its hardware, "
			"which cannot share it");
	else if (position(mp, prog_id) >= 0 && prog_id != m->replace_id)
		refuse(x, IPC_ALREADY_EXISTS, -EEXIST, "program %u is attached to the interface already",
			prog_id);
	else if (too_high(mp))
		refuse(x, IPC_FAILED_PRECONDITION, -ERANGE, "a program of the interface has a priority of "
			"%u or more, beside which bpfd cannot put another", HOOKS_PRIORITY_MAX);
	else if (mp && leaving < 0 && xdp_multiprog__program_count(mp) >= XDP_PROGS_MAX)
		refuse(x, IPC_RESOURCE_EXHAUSTED, -ENOSPC, "the interface has %d XDP programs, which is "
			"as many as libxdp's dispatcher takes; detach one first", XDP_PROGS_MAX);
	else if (mp && mode_of(mp, m->mode) != xdp_multiprog__attach_mode(mp))
		refuse(x, IPC_FAILED_PRECONDITION, -EBUSY, "the programs of the interface run in mode %s, "
			"and all of a chain run in one mode: leave the mode out", there);
	else
		return true;
	return false;
}

static bool
changed_meanwhile(int err)
{
	return err == -EBUSY || err == -EEXIST || err == -EAGAIN || err == -ENOENT;
}

/* One try: 0; 1: answered; negative errno. */
static int
try_add(struct xdp *x, const struct msg_xdp_add *m, struct xdp_program *p)
{
	AUTO(chain) struct xdp_multiprog *mp = NULL;
	enum xdp_attach_mode mode;
	int err = read_chain(m->ifindex, &mp);

	if (err)
		return err;
	if (!fits(x, m, mp, xdp_program__id(p)))
		return 1;
	begin(x, mp);
	mode = mode_of(mp, m->mode);
	hooks.changing = true;
	hooks.actions = m->proceed_on;
	if (m->replace_id) {
		hooks.hide = (unsigned int)position(mp, m->replace_id);
		hooks.hide_in = main_id(mp);
	}
	err = xdp_program__attach(p, (int)m->ifindex, mode, 0);
	hooks.hide_in = 0;
	hooks.changing = false;
	return err;
}

/*
 * Sends the chain, with the program in it.  -EPROTO, nothing sent: libxdp falls back to the program alone
 * where it thinks that its dispatcher is of no use.
 */
static int
answer_added(struct xdp *x, uint32_t ifindex, uint32_t prog_id)
{
	AUTO(chain) struct xdp_multiprog *mp = NULL;

	if (read_chain(ifindex, &mp) < 0 || position(mp, prog_id) < 0)
		return -EPROTO;
	answer(x, mp);
	return 0;
}

void
chain_add(struct xdp *x, const struct msg_xdp_add *m, int prog_fd)
{
	AUTO(xdp_prog) struct xdp_program *p = NULL;
	int err = runconfig_program(prog_fd, m->priority * HOOKS_STEP + HOOKS_NEW, &p);

	if (err) {
		refuse(x, IPC_FAILED_PRECONDITION, err, "libxdp does not take the program: %s",
			err == -EPROTO ? "this libxdp does not look for a priority in its BTF" :
			strerrordesc_np(-err));
		return;
	}
	for (int i = 0; i < TRIES; i++) {
		refuse_forget();
		err = try_add(x, m, p);
		if (!changed_meanwhile(err) || hooks.locked_out)
			break;
		usleep(TRY_AGAIN_US);
	}
	if (err > 0)
		return;
	if (!err) {
		err = answer_added(x, m->ifindex, xdp_program__id(p));
		if (err)
			xdp_program__detach(p, (int)m->ifindex, mode_of(NULL, m->mode), 0);
	}
	if (err)
		refuse_attach(x, m, err);
}

static int
try_del(struct xdp *x, const struct msg_xdp_del *m)
{
	AUTO(chain) struct xdp_multiprog *mp = NULL;
	AUTO(xdp_prog) struct xdp_program *p = NULL;
	struct xdp_program *found;
	int err = read_chain(m->ifindex, &mp);

	if (err || position(mp, m->prog_id) < 0)
		return err;
	found = xdp_program__from_id(m->prog_id);
	if (libxdp_get_error(found))
		return (int)libxdp_get_error(found);
	p = found;
	begin(x, mp);
	hooks.changing = true;
	err = xdp_program__detach(p, (int)m->ifindex, xdp_multiprog__attach_mode(mp), 0);
	hooks.changing = false;
	return err;
}

void
chain_del(struct xdp *x, const struct msg_xdp_del *m)
{
	int err = 0;

	for (int i = 0; i < TRIES; i++) {
		refuse_forget();
		err = try_del(x, m);
		if (!changed_meanwhile(err) || hooks.locked_out)
			break;
		usleep(TRY_AGAIN_US);
	}
	if (hooks.locked_out)
		refuse_locked(x);
	else if (err == -ENODEV)
		refuse(x, IPC_OK, 0, "the interface is gone");
	else if (err == -EUCLEAN)
		refuse_headless(x);
	else if (err)
		refuse_detach(x, m->prog_id, err);
	else
		answer_anew(x, m->ifindex);
}

void
chain_list(struct xdp *x, const struct msg_xdp_list *m)
{
	AUTO(chain) struct xdp_multiprog *mp = NULL;
	int err = read_chain(m->ifindex, &mp);

	if ((!err || err == -ENODEV) && m->n_stale) {
		int removed = stale_remove(m->ifindex, err ? 0 : main_id(mp), m->stale, m->n_stale);

		err = err ? err : removed;
	}
	if (err == -EWOULDBLOCK || hooks.locked_out)
		refuse_locked(x);
	else if (err == -EUCLEAN)
		refuse_headless(x);
	else if (err == -ENODEV)
		refuse(x, IPC_OK, 0, "the interface is gone");
	else if (err)
		refuse(x, IPC_UNAVAILABLE, err, "the chain cannot be read: %s", strerrordesc_np(-err));
	else
		answer(x, mp);
}

void
chain_find(struct xdp *x, const struct msg_xdp_find *m)
{
	struct msg_xdp_done done = { .code = IPC_OK, .flags = XDP_CHAINED };
	struct msg_xdp_prog out = { .id = 0 };
	uint32_t ids[XDP_PROGS_MAX];
	int err = stale_find(m, &done.dispatcher_id, ids, &done.n_progs);

	if (hooks.locked_out) {
		refuse_locked(x);
		return;
	}
	if (err && err != -ENOENT) {
		refuse(x, IPC_UNAVAILABLE, err, "libxdp's pins cannot be read: %s", strerrordesc_np(-err));
		return;
	}
	for (uint32_t i = 0; i < done.n_progs; i++) {
		out.id = ids[i];
		out.position = i;
		chan_send(x->ch, IPC_XDP_PROG, x->seq, &out, NULL);
	}
	chan_send(x->ch, IPC_XDP_DONE, x->seq, &done, NULL);
}
