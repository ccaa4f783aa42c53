/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_DECLARED_BPF_H
#define BPFD_BPF_DECLARED_BPF_H

/*
 * What the two programs of bpf/declared.h share.  The verifier knows what is in "declared", so that
 * all that is asked of it here costs nothing when the program runs.
 */
#include "bpf/declared.h"

const volatile struct declared_probe declared = {};

#define EV_THIS DECLARED
#define EV_TRACER (declared.tracer)
#include "bpf/bpfd.bpf.h"

#include <bpf/bpf_endian.h>

/* Argument i of what the program is at: the object's own. */
static __always_inline __u64 declared_arg(void *ctx, __u32 i);

static __always_inline void
declared_number(__u64 *out, const volatile struct declared_read *r, __u64 v)
{
	__u32 spare = 64 - 8 * r->size;

	v <<= spare & 63;
	if (r->type == DECLARED_SIGNED)
		v = (__s64)v >> (spare & 63);
	else
		v >>= spare & 63;
	*out = r->type == DECLARED_PORT ? bpf_ntohs((__u16)v) : v;
}

/* Where the value lies, or 0. */
static __always_inline __u64
declared_follow(const volatile struct declared_read *r, __u64 at)
{
	for (__u32 i = 0; i < DECLARED_STEPS_MAX; i++) {
		if (i >= r->n_steps)
			break;
		if (i && bpf_probe_read_kernel(&at, sizeof(at), (void *)at))
			return 0;
		at += r->steps[i];
	}
	return at;
}

static __always_inline void
declared_address(__u8 *out, const volatile struct declared_read *r, __u64 at)
{
	if (r->type == DECLARED_MAC) {
		bpf_probe_read_kernel(out, 6, (void *)at);
	} else if (r->size == 16) {
		bpf_probe_read_kernel(out, 16, (void *)at);
	} else {
		((__u32 *)out)[2] = bpf_htonl(0xffff);
		bpf_probe_read_kernel(out + 12, 4, (void *)at);
	}
}

static __always_inline void
declared_read(struct ev_scratch *s, __u32 i, __u64 arg)
{
	const volatile struct declared_read *r = &declared.fields[i];
	struct ev_declared *e = ev_record(s);
	__u64 at = declared_follow(r, arg), number = 0;

	if (r->type == DECLARED_USER_STRING) {
		ev_add_user_str(s, &e->str[i], (void *)at, DECLARED_STR_MAX);
	} else if (r->type == DECLARED_STRING) {
		ev_add_kernel_str(s, &e->str[i], (void *)at, DECLARED_STR_MAX);
	} else if (r->type == DECLARED_IP || r->type == DECLARED_MAC) {
		declared_address(e->value[i], r, at);
	} else if (!r->n_steps) {
		declared_number((__u64 *)e->value[i], r, arg);
	} else {
		bpf_probe_read_kernel(&number, r->size, (void *)at);
		declared_number((__u64 *)e->value[i], r, number);
	}
}

/* A string that is cut may begin so, but for what is missing of it: it passes. */
static __always_inline bool
declared_begins(struct ev_scratch *s, struct ev_str str, const volatile struct declared_filter *f)
{
	__u32 at = str.off;

	if (str.len < f->prefix_len)
		return ev_head(s)->flags & EV_TRUNCATED;
	asm volatile("" : "+r"(at));
	if (at >= EV_OFFS)
		return true;
	for (__u32 i = 0; i < DECLARED_PREFIX_MAX; i++) {
		if (i >= f->prefix_len)
			break;
		if (s->b[at + i] != (__u8)f->prefix[i])
			return false;
	}
	return true;
}

static __always_inline bool
declared_passes(struct ev_scratch *s, __u32 i)
{
	struct ev_declared *e = ev_record(s);

	for (__u32 n = 0; n < DECLARED_FILTERS_MAX; n++) {
		const volatile struct declared_filter *f = &declared.filters[n];

		if (n >= declared.n_filters)
			break;
		if (f->field != i)
			continue;
		if (f->prefix_len ? !declared_begins(s, e->str[i], f) : *(__u64 *)e->value[i] != f->value)
			return false;
	}
	return true;
}

static __always_inline void
declared_tell(void *ctx)
{
	struct ev_scratch *s = ev_new_bare(NULL, 0, sizeof(struct ev_declared));
	struct ev_declared *e;

	if (!s)
		return;
	e = ev_record(s);
	e->id = declared.id;
	for (__u32 i = 0; i < DECLARED_FIELDS_MAX; i++) {
		if (i >= declared.n_fields)
			break;
		declared_read(s, i, declared_arg(ctx, declared.fields[i].arg));
		if (!declared_passes(s, i)) {
			ev_count_filtered();
			return;
		}
	}
	ev_fill_current(s);
	ev_send(s);
}

#endif
