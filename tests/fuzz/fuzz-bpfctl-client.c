/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bpfctl/client_call.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
drain(nghttp2_session *h2)
{
	const uint8_t *frame;

	while (nghttp2_session_mem_send(h2, &frame) > 0)
		;
}

/* data is what a server answers: it ends in messages and a result, or in an error with a text. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct call_state call = { .stream = -1 };
	AUTO(client_error) struct client_error e = { 0 };
	nghttp2_session *h2 = NULL;
	uint8_t *msg;
	size_t len;

	if (call_session_new(&call, &h2))
		return 0;
	nghttp2_submit_settings(h2, NGHTTP2_FLAG_NONE, NULL, 0);
	if (call_submit(&call, h2, "/bpfd.v1.Programs/List", "request", 7, 1000) == 0) {
		drain(h2);
		while (size > 0) {
			size_t some = size < 100 ? size : 100;

			if (nghttp2_session_mem_recv(h2, data, some) < 0)
				break;
			drain(h2);
			data += some;
			size -= some;
		}
		while (call_message(&call, &msg, &len) == 1)
			free(msg);
		if (call_result(&call, &e) && !e.code)
			abort();
	}
	nghttp2_session_del(h2);
	call_clear(&call);
	return 0;
}
