/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hostile linker: the input is a sequence of calls, each a command, an attr and bytes for the
 * arena.  The kernel is a fake that reads and writes all that it is told of, under the sanitizer.
 */
#include <stddef.h>
#include <stdint.h>

#include "unit/broker_fake.h"

#define CALLS_MAX 24

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t
take(const uint8_t **data, size_t *left, void *out, size_t len)
{
	size_t n = *left < len ? *left : len;

	if (n)
		memcpy(out, *data, n);
	*data += n;
	*left -= n;
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fake fake;
	struct { uint8_t cmd, attr_len, err, memory; } head;

	fake_open(&fake);
	for (int i = 0; i < CALLS_MAX && size >= sizeof(head); i++) {
		struct msg_bpf_call m = { 0 };
		struct msg_bpf_ret ret;

		take(&data, &size, &head, sizeof(head));
		m.cmd = head.cmd;
		m.attr_size = head.attr_len;
		take(&data, &size, m.attr, head.attr_len < sizeof(m.attr) ? head.attr_len : sizeof(m.attr));
		take(&data, &size, fake.arena + 64, head.memory);
		fake_seen.err = head.err < 128 ? 0 : -(long)(head.err - 127);
		broker_call(&fake.b, &m, &ret);
	}
	fake_close(&fake);
	return 0;
}
