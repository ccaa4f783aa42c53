/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_HASH_BPF_H
#define BPFD_BPF_HASH_BPF_H

/* Names and paths to one word, as bpf/event.h says. */
#include "bpf/record.bpf.h"

/* The kernel fills a task's comm with zeros. */
static __always_inline __u64
ev_hash_comm(const char *comm)
{
	__u64 hash = EV_HASH_WORD(EV_HASH_INIT, ((const __u64 *)comm)[0]);

	return EV_HASH_WORD(hash, ((const __u64 *)comm)[1]);
}

struct ev_judging { struct ev_scratch *s; };

#define EV_ONES 0x0101010101010101ULL

/* The highest bit of each byte that is 0; above the first one perhaps of others too. */
static __always_inline __u64
ev_hash_zeros(__u64 word)
{
	return (word - EV_ONES) & ~word & (EV_ONES << 7);
}

/*
 * Takes the hash on by the words of a component, at most EV_HASH_RUN of them.  True: it has ended.
 * Few branches and constant offsets, because the verifier walks each repetition; and what goes from
 * one to the next lies in the scratch, of which it knows nothing, so that all look alike to it.
 */
#define EV_HASH_RUN 4
static __always_inline bool
ev_hash_component(struct ev_scratch *s)
{
	__u32 at = s->judge.at;
	__s64 left;
	__u64 hash = s->judge.hash, word, stop, below;
	const __u8 *p;
	int i;

	if (!s->judge.inside) {
		hash = EV_HASH_SLASH(hash);
		at++;
	}
	s->judge.inside = 1;
	left = s->judge.end - at;
	/* The verifier must see the bound at the register that is used. */
	asm volatile("" : "+r"(at));
	if (at >= EV_OFFS + EV_PATH_MAX)
		return true;
	p = &s->b[at];
	for (i = 0; i < EV_HASH_RUN; i++, left -= 8) {
		word = *(const __u64 *)(p + 8 * i);
		/* The lowest bit that is set: of the first slash, or of the path's end. */
		stop = ev_hash_zeros(word ^ (EV_ONES * '/'));
		stop |= (0x80ULL << ((left * 8) & 63)) & (left - 8) >> 63;
		below = ((stop & -stop) >> 7) - 1;
		if (stop) {
			hash = EV_HASH_WORD(hash, word & below);
			at += 8 * i + (((below & EV_ONES) * EV_ONES) >> 56);
			s->judge.inside = 0;
			break;
		}
		hash = EV_HASH_WORD(hash, word);
	}
	s->judge.at = i < EV_HASH_RUN ? at : at + 8 * EV_HASH_RUN;
	s->judge.hash = hash;
	return !s->judge.inside;
}

static __always_inline void
ev_hash_begin(struct ev_scratch *s, __u32 off, __u32 len)
{
	s->judge.at = off;
	s->judge.end = off + len;
	s->judge.hash = EV_HASH_INIT;
	s->judge.depth = s->judge.inside = s->judge.passes = 0;
}

static int
ev_hash_step(__u32 i, struct ev_judging *judging)
{
	struct ev_scratch *s = judging->s;

	return ev_hash_component(s) && s->judge.at >= s->judge.end;
}

/* Of a path in the record, into judge.hash.  0: it is not whole, or longer than rules tell apart. */
static __always_inline int
ev_hash_path(struct ev_scratch *s, __u32 off, __u32 len)
{
	struct ev_judging judging = { s };

	if (!len || off >= EV_OFFS || len >= EV_PATH_MAX - 8 || s->b[off] != '/')
		return 0;
	ev_hash_begin(s, off, len);
	bpf_loop(EV_PATH_MAX, ev_hash_step, &judging, 0);
	return 1;
}

#endif
