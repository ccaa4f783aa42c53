/* SPDX-License-Identifier: Apache-2.0 */
/* A file that is to have uprobes, of any bytes: the first one chooses what is looked for. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "linker/sites.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct msg_link_sites wants[] = {
		{ .what = SITES_FUNCTIONS, .names = "main,probed_*" },
		{ .what = SITES_FUNCTIONS, .names = "nosuch" },
		{ .what = SITES_USDT, .provider = "probed", .names = "called" },
		{ .what = SITES_USDT, .names = "nosuch" },
	};
	static struct sites s;
	char *copy;
	int err;

	if (size < 2)
		return 0;
	copy = malloc(size - 1);	/* libelf converts in place */
	assert(copy);
	memcpy(copy, data + 1, size - 1);
	err = sites_find(&s, &wants[data[0] % 4], copy, size - 1);
	assert(s.n <= IPC_SITES_MAX && (err ? s.text[0] != '\0' : s.n > 0));
	assert(memchr(s.text, '\0', sizeof(s.text)));
	free(copy);
	return 0;
}
