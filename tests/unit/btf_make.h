/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_BTF_MAKE_H
#define BPFD_TESTS_BTF_MAKE_H

#include <linux/btf.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * BTF of a kernel with one tracepoint, "born", called with (struct task *p, const char *why, bool lost):
 *
 *	struct task { int pid; char comm[16]; struct task *parent; unsigned char mac[6]; u16 port;
 *		struct { u32 addr; }; u32 flags:3; };
 */
enum {
	BTF_VOID, BTF_INT, BTF_CHAR, BTF_BYTE, BTF_U16, BTF_U32, BTF_BOOL, BTF_COMM, BTF_MAC, BTF_PTR_VOID, BTF_PTR_CHAR,
	BTF_UNNAMED, BTF_TASK, BTF_PTR_TASK, BTF_PROTO, BTF_FUNC, BTF_PTR_PROTO, BTF_TYPEDEF,
};

static const char btf_strings[] =
	"\0int\0char\0byte\0u16\0u32\0_Bool\0pid\0comm\0parent\0mac\0port\0addr\0flags\0task\0p\0why\0lost\0__data\0"
	"__traceiter_born\0btf_trace_born";

struct btf_made {
	struct btf_header h;
	struct { struct btf_type t; uint32_t encoding; } ints[6];
	struct { struct btf_type t; struct btf_array a; } comm, mac;
	struct btf_type ptr_void, ptr_char;
	struct { struct btf_type t; struct btf_member m[1]; } unnamed;
	struct { struct btf_type t; struct btf_member m[7]; } task;
	struct btf_type ptr_task;
	struct { struct btf_type t; struct btf_param p[4]; } proto;
	struct btf_type func, ptr_proto, type;
	char strings[sizeof(btf_strings)];
} __attribute__((packed));

static uint32_t
btf_name(const char *name)
{
	for (size_t at = 0; at < sizeof(btf_strings); at += strlen(btf_strings + at) + 1)
		if (strcmp(btf_strings + at, name) == 0)
			return (uint32_t)at;
	return 0;
}

#define BTF_MADE(kind, vlen, flag) ((uint32_t)(flag) << 31 | (kind) << 24 | (vlen))
#define BTF_M(name, type_, bits, at) { .name_off = btf_name(name), .type = (type_), .offset = (bits) << 24 | (at) * 8 }

static inline struct btf_made
btf_make(void)
{
	struct btf_made b = { .h = { .magic = BTF_MAGIC, .version = 1, .hdr_len = sizeof(b.h) } };
	static const struct { const char *name; uint32_t size, encoding; } ints[] = {
		{ "int", 4, BTF_INT_SIGNED }, { "char", 1, BTF_INT_SIGNED }, { "byte", 1, 0 }, { "u16", 2, 0 }, { "u32", 4, 0 },
		{ "_Bool", 1, BTF_INT_BOOL },
	};
	const struct btf_member members[] = {
		BTF_M("pid", BTF_INT, 0u, 0u), BTF_M("comm", BTF_COMM, 0u, 4u), BTF_M("parent", BTF_PTR_TASK, 0u, 24u),
		BTF_M("mac", BTF_MAC, 0u, 32u), BTF_M("port", BTF_U16, 0u, 38u), BTF_M("", BTF_UNNAMED, 0u, 40u),
		BTF_M("flags", BTF_U32, 3u, 44u),
	};
	const struct btf_param params[] = {
		{ btf_name("__data"), BTF_PTR_VOID }, { btf_name("p"), BTF_PTR_TASK }, { btf_name("why"), BTF_PTR_CHAR },
		{ btf_name("lost"), BTF_BOOL },
	};

	b.h.type_len = offsetof(struct btf_made, strings) - sizeof(b.h);
	b.h.str_off = b.h.type_len;
	b.h.str_len = sizeof(btf_strings);
	for (size_t i = 0; i < 6; i++) {
		b.ints[i].t = (struct btf_type){ btf_name(ints[i].name), BTF_MADE(BTF_KIND_INT, 0, 0), { ints[i].size } };
		b.ints[i].encoding = ints[i].encoding << 24 | ints[i].size * 8;
	}
	b.comm.t = b.mac.t = (struct btf_type){ .info = BTF_MADE(BTF_KIND_ARRAY, 0, 0) };
	b.comm.a = (struct btf_array){ BTF_CHAR, BTF_INT, 16 };
	b.mac.a = (struct btf_array){ BTF_BYTE, BTF_INT, 6 };
	b.ptr_void = (struct btf_type){ .info = BTF_MADE(BTF_KIND_PTR, 0, 0) };
	b.ptr_char = (struct btf_type){ .info = BTF_MADE(BTF_KIND_PTR, 0, 0), .type = BTF_CHAR };
	b.unnamed.t = (struct btf_type){ .info = BTF_MADE(BTF_KIND_STRUCT, 1, 1), .size = 4 };
	b.unnamed.m[0] = (struct btf_member)BTF_M("addr", BTF_U32, 0u, 0u);
	b.task.t = (struct btf_type){ btf_name("task"), BTF_MADE(BTF_KIND_STRUCT, 7, 1), { 48 } };
	memcpy(b.task.m, members, sizeof(members));
	b.ptr_task = (struct btf_type){ .info = BTF_MADE(BTF_KIND_PTR, 0, 0), .type = BTF_TASK };
	b.proto.t = (struct btf_type){ .info = BTF_MADE(BTF_KIND_FUNC_PROTO, 4, 0), .type = BTF_INT };
	memcpy(b.proto.p, params, sizeof(params));
	b.func = (struct btf_type){ btf_name("__traceiter_born"), BTF_MADE(BTF_KIND_FUNC, 0, 0), { BTF_PROTO } };
	b.ptr_proto = (struct btf_type){ .info = BTF_MADE(BTF_KIND_PTR, 0, 0), .type = BTF_PROTO };
	b.type = (struct btf_type){ btf_name("btf_trace_born"), BTF_MADE(BTF_KIND_TYPEDEF, 0, 0), { BTF_PTR_PROTO } };
	memcpy(b.strings, btf_strings, sizeof(btf_strings));
	return b;
}

#endif
