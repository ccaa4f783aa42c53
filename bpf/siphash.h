/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_SIPHASH_H
#define BPFD_BPF_SIPHASH_H

#include <linux/types.h>

/*
 * SipHash-1-3 (https://www.aumasson.jp/siphash/siphash.pdf) of whole words, the same in the kernel's
 * programs and here.  Who does not know the key finds no second text with the same hash.
 */
struct sip { __u64 v0, v1, v2, v3; };

#define SIP_ROTL(x, n) ((x) << (n) | (x) >> (64 - (n)))

static inline __attribute__((always_inline)) void
sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v2 += s->v3;
	s->v1 = SIP_ROTL(s->v1, 13) ^ s->v0;
	s->v3 = SIP_ROTL(s->v3, 16) ^ s->v2;
	s->v0 = SIP_ROTL(s->v0, 32) + s->v3;
	s->v2 += s->v1;
	s->v3 = SIP_ROTL(s->v3, 21) ^ s->v0;
	s->v1 = SIP_ROTL(s->v1, 17) ^ s->v2;
	s->v2 = SIP_ROTL(s->v2, 32);
}

static inline __attribute__((always_inline)) void
sip_begin(struct sip *s, const __u64 key[2])
{
	s->v0 = key[0] ^ 0x736f6d6570736575ULL;
	s->v1 = key[1] ^ 0x646f72616e646f6dULL;
	s->v2 = key[0] ^ 0x6c7967656e657261ULL;
	s->v3 = key[1] ^ 0x7465646279746573ULL;
}

static inline __attribute__((always_inline)) void
sip_word(struct sip *s, __u64 word)
{
	s->v3 ^= word;
	sip_round(s);
	s->v0 ^= word;
}

static inline __attribute__((always_inline)) __u64
sip_end(struct sip *s)
{
	s->v2 ^= 0xff;
	sip_round(s);
	sip_round(s);
	sip_round(s);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

/*
 * The hash of a path is that of (hash of the path without its last component, hash of that), of "/"
 * it is SIP_ROOT; of a component that of its words, the last one filled up with zeros, and its length.
 */
#define SIP_ROOT 1ULL

static inline __attribute__((always_inline)) __u64
sip_join(const __u64 key[2], __u64 path, __u64 component)
{
	struct sip s;

	sip_begin(&s, key);
	sip_word(&s, path);
	sip_word(&s, component);
	sip_word(&s, 1ULL << 63);	/* no length of a component */
	return sip_end(&s);
}

#endif
