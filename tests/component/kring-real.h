/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_KRING_REAL_H
#define BPFD_TESTS_KRING_REAL_H

#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf/event.h"

/* A ring buffer of the kernel's and a program that puts what lies in a mapped array into it. */
struct real_ring {
	int ring, array, prog;
	char *bytes;			/* of the array's element */
};
#define REAL_RING_BYTES 65536
#define REAL_RECORD_BYTES 152

static inline long
real_bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static inline int
real_map(uint32_t type, uint32_t key, uint32_t value, uint32_t entries, uint32_t flags)
{
	union bpf_attr a = { .map_type = type, .key_size = key, .value_size = value,
		.max_entries = entries, .map_flags = flags };
	long fd = real_bpf(BPF_MAP_CREATE, &a);

	return fd < 0 ? -errno : (int)fd;
}

#define REAL_LD64(dst, src, imm_) { BPF_LD | BPF_IMM | BPF_DW, dst, src, 0, imm_ }, { 0, 0, 0, 0, 0 }
#define REAL_MOV(dst, imm_) { BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, imm_ }

/* flags: of bpf_ringbuf_output().  Negative errno. */
static inline int
real_ring_make(struct real_ring *r, int flags)
{
	char log[4096] = "";
	union bpf_attr a = { 0 };
	void *p;

	r->ring = real_map(BPF_MAP_TYPE_RINGBUF, 0, 0, REAL_RING_BYTES, 0);
	r->array = real_map(BPF_MAP_TYPE_ARRAY, 4, 4096, 1, BPF_F_MMAPABLE);
	if (r->ring < 0 || r->array < 0)
		return r->ring < 0 ? r->ring : r->array;
	struct bpf_insn insns[] = {
		REAL_LD64(BPF_REG_1, BPF_PSEUDO_MAP_FD, r->ring),
		REAL_LD64(BPF_REG_2, BPF_PSEUDO_MAP_VALUE, r->array),
		REAL_MOV(BPF_REG_3, REAL_RECORD_BYTES),
		REAL_MOV(BPF_REG_4, flags),
		{ BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_ringbuf_output },
		{ BPF_JMP | BPF_EXIT, 0, 0, 0, 0 },
	};

	a.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	a.insns = (uint64_t)(uintptr_t)insns;
	a.insn_cnt = sizeof(insns) / sizeof(insns[0]);
	a.license = (uint64_t)(uintptr_t)"GPL";
	a.log_buf = (uint64_t)(uintptr_t)log;
	a.log_size = sizeof(log);
	a.log_level = 1;
	r->prog = (int)real_bpf(BPF_PROG_LOAD, &a);
	if (r->prog < 0)
		return -errno;
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, r->array, 0);
	if (p == MAP_FAILED)
		return -errno;
	r->bytes = p;
	return 0;
}

/* One record, as it lies in bytes.  The program's result: 0, or the helper's error. */
static inline int
real_ring_put(struct real_ring *r)
{
	char packet[64] = { 0 };
	union bpf_attr a = { .test = { .prog_fd = (uint32_t)r->prog, .data_size_in = sizeof(packet),
		.data_in = (uint64_t)(uintptr_t)packet, .repeat = 1 } };

	if (real_bpf(BPF_PROG_TEST_RUN, &a) < 0)
		return -errno;
	return (int)a.test.retval;
}

#endif
