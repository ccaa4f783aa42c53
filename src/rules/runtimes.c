/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/runtimes.h"

#include <stddef.h>
#include <strings.h>

const char *const runtime_names[N_RUNTIMES] = {
	[RT_NOT_FOUND] = "not-found",
#define RUNTIME(id, name) [RT_##id] = name,
#include "rules/runtimes.def"
};

int
runtime_by_name(const char *name)
{
	static const struct { const char *alias; enum runtime rt; } aliases[] = {
		{ "host", RT_NOT_FOUND }, { "crio", RT_CRIO }, { "nspawn", RT_NSPAWN },
	};

	for (int i = 0; i < N_RUNTIMES; i++)
		if (strcasecmp(runtime_names[i], name) == 0)
			return i;
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (strcasecmp(aliases[i].alias, name) == 0)
			return (int)aliases[i].rt;
	return -1;
}
