/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/bpfnames.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"
#include "ipc/messages.h"

static const char *const prog_types[BPFNAMES_PROG_TYPES] = {
#define PROG_TYPE(name) #name,
#include "common/bpftypes.def"
};

static const char *const map_types[BPFNAMES_MAP_TYPES] = {
#define MAP_TYPE(name) #name,
#include "common/bpftypes.def"
};

/* The 6.1 header's own list, and what came after it. */
static const char *const helpers[] = {
#define HELPER_NAME(x) #x
	__BPF_FUNC_MAPPER(HELPER_NAME)
#ifndef ___BPF_FUNC_MAPPER
	"cgrp_storage_get",	/* 6.2 */
	"cgrp_storage_delete",	/* 6.2 */
#endif
};

/* Expected attach types that the headers of Debian 12 may not have. */
enum { ATTACH_TRACE_RAW_TP = 23, ATTACH_FENTRY = 24, ATTACH_FEXIT = 25, ATTACH_MODIFY_RETURN = 26,
	ATTACH_LSM_MAC = 27, ATTACH_TRACE_ITER = 28, ATTACH_SK_LOOKUP = 36, ATTACH_KPROBE_MULTI = 42,
	ATTACH_LSM_CGROUP = 43, ATTACH_NETFILTER = 45, ATTACH_UPROBE_MULTI = 48 };

/* First match wins in both directions, so a type's plain word comes before its aliases. */
static const struct kind {
	const char *name;
	uint32_t type, attach_type;
} kinds[] = {
	{ "tc", 3, IPC_ANY_ATTACH },
	{ "tcx", 3, IPC_ANY_ATTACH },
	{ "netkit", 3, IPC_ANY_ATTACH },
	{ "classifier", 3, IPC_ANY_ATTACH },
	{ "kprobe.multi", 2, ATTACH_KPROBE_MULTI },
	{ "kprobe_multi", 2, ATTACH_KPROBE_MULTI },
	{ "uprobe.multi", 2, ATTACH_UPROBE_MULTI },
	{ "uprobe_multi", 2, ATTACH_UPROBE_MULTI },
	{ "kprobe", 2, IPC_ANY_ATTACH },
	{ "kretprobe", 2, IPC_ANY_ATTACH },
	{ "uprobe", 2, IPC_ANY_ATTACH },
	{ "uretprobe", 2, IPC_ANY_ATTACH },
	{ "usdt", 2, IPC_ANY_ATTACH },
	{ "tp_btf", 26, ATTACH_TRACE_RAW_TP },
	{ "fentry", 26, ATTACH_FENTRY },
	{ "fexit", 26, ATTACH_FEXIT },
	{ "fmod_ret", 26, ATTACH_MODIFY_RETURN },
	{ "iter", 26, ATTACH_TRACE_ITER },
	{ "lsm_cgroup", 29, ATTACH_LSM_CGROUP },
	{ "lsm", 29, ATTACH_LSM_MAC },
	{ "raw_tp", 17, IPC_ANY_ATTACH },
	{ "tp", 5, IPC_ANY_ATTACH },
	{ "socket", 1, IPC_ANY_ATTACH },
	{ "freplace", 28, IPC_ANY_ATTACH },
	{ "sk_lookup", 30, ATTACH_SK_LOOKUP },
	{ "netfilter", 32, ATTACH_NETFILTER },
};

static int
find(const char *const *table, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(table[i], name) == 0)
			return (int)i;
	return -ENOENT;
}

const char *
bpf_prog_type_name(uint32_t type)
{
	return type < BPFNAMES_PROG_TYPES ? prog_types[type] : NULL;
}

int
bpf_prog_type_from_name(const char *name)
{
	return find(prog_types, BPFNAMES_PROG_TYPES, name);
}

const char *
bpf_map_type_name(uint32_t type)
{
	return type < BPFNAMES_MAP_TYPES ? map_types[type] : NULL;
}

int
bpf_map_type_from_name(const char *name)
{
	return find(map_types, BPFNAMES_MAP_TYPES, name);
}

const char *
bpf_helper_name(uint32_t id)
{
	return id < ARRAY_SIZE(helpers) ? helpers[id] : NULL;
}

int
bpf_helper_from_name(const char *name)
{
	if (strncmp(name, "bpf_", 4) == 0)
		name += 4;
	return find(helpers, ARRAY_SIZE(helpers), name);
}

const char *
bpf_prog_kind_name(uint32_t type, uint32_t attach_type)
{
	static char unknown[24];

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct kind *k = &kinds[i];
		bool plain = k->attach_type == IPC_ANY_ATTACH && (type == 3 || type == 1 || type == 28);

		if (k->type == type && (plain || k->attach_type == attach_type))
			return k->name;
	}
	if (type < BPFNAMES_PROG_TYPES)
		return prog_types[type];
	snprintf(unknown, sizeof(unknown), "type-%u", type);
	return unknown;
}

int
bpf_prog_kind_from_name(const char *name, uint32_t *type, uint32_t *attach_type)
{
	int plain;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0) {
			*type = kinds[i].type;
			*attach_type = kinds[i].attach_type;
			return 0;
		}
	plain = bpf_prog_type_from_name(name);
	if (plain <= 0)
		return -ENOENT;
	*type = (uint32_t)plain;
	*attach_type = IPC_ANY_ATTACH;
	return 0;
}

/* Where the first word of a section is not the kind itself.  The longer before the shorter. */
static const struct section_kind {
	const char *prefix, *kind;
} section_kinds[] = {
	{ "classifier", "tc" },
	{ "action", "sched_act" },
	{ "tp/", "tracepoint" },
	{ "raw_tracepoint.w/", "raw_tracepoint_writable" },
	{ "raw_tp.w/", "raw_tracepoint_writable" },
	{ "raw_tracepoint", "raw_tp" },
	{ "kretprobe.multi", "kprobe.multi" },
	{ "uretprobe.multi", "uprobe.multi" },
	{ "kretsyscall/", "kretprobe" },
	{ "ksyscall/", "kprobe" },
	{ "sockops", "sock_ops" },
	{ "lsm_cgroup/", "lsm_cgroup" },
	{ "cgroup_skb/", "cgroup_skb" },
	{ "cgroup/skb", "cgroup_skb" },
	{ "cgroup/dev", "cgroup_device" },
	{ "cgroup/sysctl", "cgroup_sysctl" },
	{ "cgroup/getsockopt", "cgroup_sockopt" },
	{ "cgroup/setsockopt", "cgroup_sockopt" },
	{ "cgroup/sock", "cgroup_sock" },
	{ "cgroup/post_bind", "cgroup_sock" },
	{ "cgroup/", "cgroup_sock_addr" },
};

const char *
bpf_prog_kind_of_section(const char *section)
{
	uint32_t type, attach_type;
	char word[32];
	size_t len;

	section += *section == '?';
	for (size_t i = 0; i < ARRAY_SIZE(section_kinds); i++)
		if (strncmp(section, section_kinds[i].prefix, strlen(section_kinds[i].prefix)) == 0)
			return section_kinds[i].kind;
	len = strcspn(section, "/+");
	snprintf(word, sizeof(word), "%.*s", (int)(len < sizeof(word) ? len : 0), section);
	/* "xdp.frags", "uprobe.multi.s": what is behind a dot may be a part of the kind, or how it runs. */
	while (bpf_prog_kind_from_name(word, &type, &attach_type)) {
		char *dot = strrchr(word, '.');

		if (!dot)
			return NULL;
		*dot = '\0';
	}
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i].name, word) == 0)
			return kinds[i].name;
	return bpf_prog_type_name(type);
}

static bool
is_kind(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return true;
	return false;
}

const char *
bpf_prog_kinds(void)
{
	static char text[1024];
	size_t n = 0;

	if (text[0])
		return text;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", n ? ", " : "", kinds[i].name);
	for (size_t i = 1; i < BPFNAMES_PROG_TYPES; i++)
		if (!is_kind(prog_types[i]))
			n += (size_t)snprintf(text + n, sizeof(text) - n, ", %s", prog_types[i]);
	return text;
}
