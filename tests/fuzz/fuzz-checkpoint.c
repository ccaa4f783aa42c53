/* SPDX-License-Identifier: Apache-2.0 */
/* What a program said, and a process's status, as bpfd-checkpoint reads both. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint/checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), line[32];
	struct task_facts facts;

	if (!text)
		return 0;
	memcpy(text, data, size);
	reason_of_output(text, size, line, sizeof(line));
	if (strlen(line) >= sizeof(line) || strpbrk(line, "\n\033"))
		abort();
	text[size] = '\0';
	if (target_status(text, &facts) && (facts.depth < 1 || facts.inner < 1 || facts.ppid < 0))
		abort();
	free(text);
	return 0;
}
