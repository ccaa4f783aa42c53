/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "events/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In memory that ends where the message does. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[DNS_NAME_ROOM], list[4 * DNS_NAME_ROOM];
	uint8_t *copy = malloc(size ? size : 1);
	struct dns_head h;
	uint16_t type;
	size_t n;

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	dns_head(copy, size, &h);
	n = dns_question(copy, size, name, &type);
	if (n > sizeof(name))
		abort();
	for (size_t i = 0; i < n; i++)
		if (name[i] <= ' ' || name[i] > '~')
			abort();
	n = dns_answers(copy, size, 16, list, sizeof(list));
	if (n > sizeof(list) || (n && list[n - 1]))
		abort();
	free(copy);
	return 0;
}
