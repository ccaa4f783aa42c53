/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/globals.h"

#include <errno.h>
#include <string.h>

#include "ipc/messages.h"

struct record {
	uint16_t name_len, value_len;
};

int
globals_add(uint8_t *area, size_t size, size_t *len, const char *name, size_t name_len,
	const void *value, size_t value_len)
{
	struct record r = { (uint16_t)name_len, (uint16_t)value_len };

	if (name_len == 0 || name_len >= IPC_NAME_MAX || memchr(name, '\0', name_len))
		return -EINVAL;
	if (*len > size || size - *len < sizeof(r) || value_len > UINT16_MAX ||
	    size - *len - sizeof(r) < name_len + value_len)
		return -ENOSPC;
	memcpy(area + *len, &r, sizeof(r));
	memcpy(area + *len + sizeof(r), name, name_len);
	if (value_len)
		memcpy(area + *len + sizeof(r) + name_len, value, value_len);
	*len += sizeof(r) + name_len + value_len;
	return 0;
}

int
globals_next(const uint8_t *area, size_t len, size_t *pos, struct global *g)
{
	struct record r;
	size_t left;

	if (*pos > len)
		return -EINVAL;
	left = len - *pos;
	if (left == 0)
		return 0;
	if (left < sizeof(r))
		return -EINVAL;
	memcpy(&r, area + *pos, sizeof(r));
	left -= sizeof(r);
	if (r.name_len == 0 || r.name_len >= IPC_NAME_MAX ||
	    left < (size_t)r.name_len + r.value_len ||
	    memchr(area + *pos + sizeof(r), '\0', r.name_len))
		return -EINVAL;
	g->name = (const char *)area + *pos + sizeof(r);
	g->name_len = r.name_len;
	g->value = area + *pos + sizeof(r) + r.name_len;
	g->value_len = r.value_len;
	*pos += sizeof(r) + r.name_len + r.value_len;
	return 1;
}
