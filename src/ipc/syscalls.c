/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/syscalls.h"

#include <stddef.h>
#include <sys/syscall.h>

#include "common/auto.h"

#define SOCKETCALL_32	102
#define SAME_FROM_32	424		/* from here on a call has one number in all tables */

static const struct { uint32_t tracer, number; } calls[] = {
	{ TR_NONE, 0 },			/* an array needs one */
#define SYSCALL(tracer, call) { TR_##tracer, SYS_##call },
#include "bpf/syscalls.def"
};

/* The 64-bit table's numbers, plus 1, as in struct ev_slot. */
static const struct { uint16_t native; uint8_t form; } calls32[SAME_FROM_32] = {
#define CALL32(number, call, form) [number] = { SYS_##call + 1, EV_FORM_##form },
#include "bpf/calls32.def"
};

static const struct { uint16_t native; uint8_t args; } socketcalls[] = {
#define SOCKETCALL(number, call, args) [number] = { SYS_##call + 1, args },
#include "bpf/calls32.def"
};

static const uint16_t callsx32[EV_SYSCALLS] = {
#define CALLX32(number, call) [number] = SYS_##call + 1,
#include "bpf/calls32.def"
};

/* native: plus 1. */
static bool
sees(unsigned int tracer, uint32_t native)
{
	for (size_t i = 1; i < ARRAY_SIZE(calls); i++)
		if (calls[i].tracer == tracer && calls[i].number + 1 == native)
			return true;
	return false;
}

static bool
sees_32(unsigned int tracer, uint32_t number)
{
	if (number >= SAME_FROM_32)
		return sees(tracer, number + 1);
	if (number != SOCKETCALL_32)
		return sees(tracer, calls32[number].native);
	for (size_t i = 1; i < ARRAY_SIZE(socketcalls); i++)
		if (sees(tracer, socketcalls[i].native))
			return true;
	return false;
}

static void
set_bit(uint64_t *mask, unsigned int tracer, bool on)
{
	if (on)
		*mask |= 1ULL << tracer;
	else
		*mask &= ~(1ULL << tracer);
}

bool
syscalls_slot(unsigned int tracer, uint32_t number, bool on, struct ev_slot *slot)
{
	bool here = sees(tracer, number + 1), in32 = sees_32(tracer, number);
	bool socketcall = number < ARRAY_SIZE(socketcalls) && sees(tracer, socketcalls[number].native);

	if (!here && !in32 && !socketcall && !sees(tracer, callsx32[number]))
		return false;
	if (here)
		set_bit((uint64_t *)&slot->mask, tracer, on);
	if (in32)
		set_bit((uint64_t *)&slot->mask32, tracer, on);
	slot->asx32 = callsx32[number];
	if (number < SAME_FROM_32) {
		slot->as32 = calls32[number].native;
		slot->form = number == SOCKETCALL_32 ? EV_FORM_MEMORY : calls32[number].form;
	}
	if (number < ARRAY_SIZE(socketcalls)) {
		slot->socketcall = socketcalls[number].native;
		slot->socketcall_args = socketcalls[number].args;
	}
	return true;
}
