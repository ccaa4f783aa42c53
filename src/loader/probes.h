/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LOADER_PROBES_H
#define BPFD_LOADER_PROBES_H

#include <stdint.h>

/*
 * libbpf asks the kernel what it can do by loading tiny programs, maps and BTF, the same ones
 * for every object.  They reach the kernel once: repeats, recognised by content, are answered from
 * here.  What such an answer names is made only when a real program or map uses it.
 */
#define PROBES_MAX	64
#define PROBES_KEY_MAX	640

struct probes {
	struct probe {
		uint32_t len;
		int32_t ret;		/* >= 0 or negative errno, as the kernel said */
		uint8_t key[PROBES_KEY_MAX];
	} all[PROBES_MAX];
	uint32_t n;
};

struct broker;
struct call;

/*
 * Writes the content of a call to key when it is one that libbpf's probes make: no handle but of
 * other probes, only harmless helpers, few instructions.  Returns its length, 0 when it is not.
 */
uint32_t probes_key(const struct broker *b, const struct call *c, uint8_t key[PROBES_KEY_MAX]);

/* The number of the probe with this key, from 1; 0: never seen. */
uint32_t probes_find(const struct probes *p, const uint8_t *key, uint32_t len);

/* Remembers the kernel's answer, unless it is one that may pass.  Its number, 0: not kept. */
uint32_t probes_add(struct probes *p, const uint8_t *key, uint32_t len, int ret);

#endif
