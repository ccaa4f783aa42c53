/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>


static bool
name_ok(const char *name, size_t len)
{
	return len > 0 && len < IPC_OPTION_NAME_MAX &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") >= len;
}

static bool
value_ok(const char *value)
{
	for (; *value; value++)
		if ((unsigned char)*value < ' ' || *value == 0x7f)
			return false;
	return true;
}

size_t
options_len(const char options[IPC_OPTIONS_MAX])
{
	size_t at = 0;

	while (options[at])
		at += strlen(options + at) + 1;
	return at;
}

int
options_add(char options[IPC_OPTIONS_MAX], const char *name, const char *value)
{
	size_t at = options_len(options), len = strlen(name) + strlen(value) + 2;

	if (!name_ok(name, strlen(name)) || !value_ok(value))
		return -EINVAL;
	if (options_get(options, name))
		return -EEXIST;
	if (len >= IPC_OPTIONS_MAX - at)
		return -ENOSPC;
	sprintf(options + at, "%s=%s", name, value);
	return 0;
}

bool
options_ok(const char options[IPC_OPTIONS_MAX])
{
	char again[IPC_OPTIONS_MAX] = "";
	size_t at = 0;

	/* Two zeros at the end: whatever begins before them ends before them. */
	if (options[IPC_OPTIONS_MAX - 1] || options[IPC_OPTIONS_MAX - 2])
		return false;
	while (options[at]) {
		const char *text = options + at, *equals = strchr(text, '=');
		char name[IPC_OPTION_NAME_MAX];

		if (!equals || !name_ok(text, (size_t)(equals - text)))
			return false;
		snprintf(name, sizeof(name), "%.*s", (int)(equals - text), text);
		if (options_add(again, name, equals + 1) < 0)
			return false;
		at += strlen(text) + 1;
	}
	return memcmp(options, again, sizeof(again)) == 0;
}

bool
options_each(const char options[IPC_OPTIONS_MAX], size_t *at, char name[IPC_OPTION_NAME_MAX],
	const char **value)
{
	const char *text = options + *at, *equals = strchr(text, '=');

	if (!text[0] || !equals)
		return false;
	snprintf(name, IPC_OPTION_NAME_MAX, "%.*s", (int)(equals - text), text);
	*value = equals + 1;
	*at += strlen(text) + 1;
	return true;
}

const char *
options_get(const char options[IPC_OPTIONS_MAX], const char *name)
{
	char found[IPC_OPTION_NAME_MAX];
	const char *value;
	size_t at = 0;

	while (options_each(options, &at, found, &value))
		if (strcmp(found, name) == 0)
			return value;
	return NULL;
}
