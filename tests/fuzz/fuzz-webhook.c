/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/webhook.h"
#include "ipc/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A template, NUL, and what the event has: what is a template can be filled in, with any bytes. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, '\0', size);
	struct alert a = { .severity = 1 };
	size_t at = 0, len;
	char *bytes = NULL;

	if (!end)
		return 0;
	for (int i = 0; i < N_ALERT_TEXTS; i++)
		a.text[i] = (struct alert_str){ (const char *)end + 1, size - (size_t)(end + 1 - data) };
	for (int format = 0; format < N_WEBHOOK_FORMATS; format++) {
		const struct webhook w = { .format = (enum webhook_format)format, .json = size & 1, .template = (const char *)data,
			.many = format != WEBHOOK_TEMPLATE };

		if (template_wrong((const char *)data, &at)) {
			if (at > (size_t)(end - data))
				abort();
			return 0;
		}
		len = webhook_write(&w, &a, 1, &bytes);
		if (!len && (format != WEBHOOK_TEMPLATE || !bytes))
			continue;
		free(bytes);
		bytes = NULL;
	}
	return 0;
}
