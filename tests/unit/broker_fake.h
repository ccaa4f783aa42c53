/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_BROKER_FAKE_H
#define BPFD_TESTS_BROKER_FAKE_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "loader/broker.h"
#include "unit/config_make.h"

/* A broker whose kernel accepts everything and whose arena is a memfd, for tests and the fuzzer. */
#define FAKE_ARENA (1u << 20)

struct fake {
	struct config cfg;
	struct kernel kernel;
	struct probes probes;
	struct byname byname;
	struct broker_stats stats;
	struct broker b;
	uint8_t *arena;			/* the linker's view */
};

/* What the last call looked like to the kernel. */
static struct {
	uint32_t cmd, size;
	union bpf_attr attr;
	struct bpf_insn insns[16];
	uint8_t value[32];
	size_t value_len;		/* how much of a value there is, given by the test */
	long err;			/* answered instead, when negative */
} fake_seen;

/* Reads every byte that the attr says there is: a length that is wrong is a read behind it. */
static uint32_t
fake_touch(uint64_t p, size_t len)
{
	const volatile uint8_t *b = (const uint8_t *)(uintptr_t)p;
	uint32_t sum = 0;

	for (size_t i = 0; p && i < len; i++)
		sum += b[i];
	return sum;
}

static long
fake_kernel(uint32_t cmd, union bpf_attr *attr, uint32_t size)
{
	const struct bpfcmd *c = bpfcmd_find(cmd);

	fake_seen.cmd = cmd;
	fake_seen.size = size;
	fake_seen.attr = *attr;
	for (size_t i = 0; c && i < BPFCMD_FIELDS_MAX && c->fields[i].dir != BPFCMD_END; i++) {
		const struct bpfcmd_field *f = &c->fields[i];
		uint64_t p = bpfcmd_get64(attr, f->offset);
		size_t len = 0;

		if (f->offset + 8 > size || (f->dir != BPFCMD_IN && f->dir != BPFCMD_OUT))
			continue;
		if (f->len == BPFCMD_LEN_TEXT)
			len = p ? strlen((const char *)(uintptr_t)p) + 1 : 0;
		else if (f->len == BPFCMD_LEN_COUNT || f->len == BPFCMD_LEN_RECORDS)
			bpfcmd_len(f, attr, 0, 0, &len);
		if (f->dir == BPFCMD_OUT && p)
			memset((void *)(uintptr_t)p, 'o', len);
		fake_touch(p, len);
	}
	if (cmd == BPF_PROG_LOAD && attr->insns && attr->insn_cnt)
		memcpy(fake_seen.insns, (void *)(uintptr_t)attr->insns,
			(attr->insn_cnt < 16 ? attr->insn_cnt : 16) * sizeof(struct bpf_insn));
	if (cmd == BPF_MAP_UPDATE_ELEM && fake_seen.value_len)
		memcpy(fake_seen.value, (void *)(uintptr_t)attr->value, fake_seen.value_len);
	if (fake_seen.err)
		return fake_seen.err;
	if ((c && c->makes) || cmd == BPF_OBJ_GET)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	return 0;
}

static void
fake_open(struct fake *f)
{
	memset(f, 0, sizeof(*f));
	memset(&fake_seen, 0, sizeof(fake_seen));
	config_defaults(&f->cfg);
	f->cfg.policy_program_types.mask = ~0ULL;
	f->cfg.policy_map_types.mask = ~0ULL;
	f->cfg.policy_deny_helpers.bits[109 / 64] = 1ULL << (109 % 64);
	f->cfg.limits_maps = f->cfg.limits_programs = 8;
	f->kernel.call = fake_kernel;
	f->byname.kernel = &f->kernel;
	f->byname.dir = -1;
	f->b = (struct broker){ .cfg = &f->cfg, .kernel = &f->kernel, .probes = &f->probes,
		.byname = &f->byname, .stats = &f->stats, .n_cpus = 2, .arena_bytes = FAKE_ARENA,
		.arena = memfd_create("arena", MFD_CLOEXEC) };
	if (ftruncate(f->b.arena, FAKE_ARENA) < 0)
		abort();
	f->arena = mmap(NULL, FAKE_ARENA, PROT_READ | PROT_WRITE, MAP_SHARED, f->b.arena, 0);
	if (f->arena == MAP_FAILED)
		abort();
	broker_init(&f->b);
}

static void
fake_close(struct fake *f)
{
	broker_end(&f->b);
	byname_free(&f->byname);
	munmap(f->arena, FAKE_ARENA);
	close(f->b.arena);
}

#endif
