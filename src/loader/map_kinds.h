/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LOADER_MAP_KINDS_H
#define BPFD_LOADER_MAP_KINDS_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>

/* What may be done with a map's elements from outside, by its type (BPF_MAP_TYPE_*). */
enum map_act { MAP_ACT_READ, MAP_ACT_UPDATE, MAP_ACT_DELETE };

/* NULL: it may; else why not, for a person, beginning with the type's name. */
const char *map_kind_refusal(uint32_t type, enum map_act act);

/* Bytes of a value as bpf(2) copies it, and of how many CPUs it holds one (1: none in particular). */
void	map_kind_values(const struct bpf_map_info *info, uint32_t n_cpus, uint32_t *bytes, uint32_t *n);

#endif
