/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_RULES_HASH_H
#define BPFD_RULES_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Quick hashes for tables that are filled from rules and only asked about events. */
static inline uint64_t
hash_load64(const char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint32_t
hash_load32(const char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Different numbers have different hashes. */
static inline uint64_t
hash_number(uint64_t n)
{
	n *= 0x9e3779b97f4a7c15ULL;
	n ^= n >> 32;
	n *= 0xd6e8feb86659fd93ULL;
	return n ^ n >> 29;
}

static inline uint64_t
hash_mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9fb21c651e98df25ULL;
	return h ^ h >> 31;
}

/* Below 8 bytes: all of them, without reading past the end. */
static inline uint64_t
hash_load_few(const char *p, size_t n)
{
	if (n >= 4)
		return hash_load32(p) | (uint64_t)hash_load32(p + n - 4) << 32;
	if (n == 0)
		return 0;
	return (uint8_t)p[0] | (uint64_t)(uint8_t)p[n / 2] << 8 | (uint64_t)(uint8_t)p[n - 1] << 16;
}

static inline uint64_t
hash_bytes(const char *p, size_t n, uint64_t seed)
{
	uint64_t h = seed ^ n * 0xd6e8feb86659fd93ULL;

	if (n < 8)
		return hash_number(h ^ hash_load_few(p, n));
	const char *last = p + n - 8;	/* some of its bytes are perhaps read twice */

	for (; p < last; p += 8)
		h = hash_mix(h, hash_load64(p));
	return hash_number(h ^ hash_load64(last));
}

#endif
