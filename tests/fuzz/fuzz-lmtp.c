/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "alerts/lmtp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * What a server may say, in pieces: a byte 0 ends one, and lets the client say all that it has to.
 * It ends, says one thing at a time, and nobody both has the message and never will.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char to[] = "a@x\0b@x\0c@x";
	const struct lmtp_mail m = { .helo = "h", .from = "f@x", .to = to, .to_len = sizeof(to),
		.skip = size & 1, .message = "x\r\n", .len = 3 };
	const uint8_t *end = data + size;
	const char *bytes;
	struct lmtp l;
	size_t n;

	lmtp_begin(&l, &m);
	while (data < end && !lmtp_over(&l)) {
		const uint8_t *zero = memchr(data, 0, (size_t)(end - data));
		const uint8_t *to_here = zero ? zero : end;
		char *copy = malloc((size_t)(to_here - data) + 1);

		if (!copy)
			abort();
		memcpy(copy, data, (size_t)(to_here - data));
		lmtp_input(&l, copy, (size_t)(to_here - data));
		free(copy);
		data = to_here + (zero != NULL);
		for (int i = 0; (n = lmtp_output(&l, &bytes)) > 0; i++) {
			if (i > 2)
				abort();
			lmtp_sent(&l, n);
		}
	}
	lmtp_lost(&l, "the end");
	if (!lmtp_over(&l) || l.delivered & l.refused || (l.delivered | l.refused) & ~l.accepted ||
	    l.accepted & m.skip || l.accepted > 7 || strlen(l.text) >= sizeof(l.text))
		abort();
	if (l.result == QUEUE_DELIVERED && !l.delivered)
		abort();
	return 0;
}
