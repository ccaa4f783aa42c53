/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_UNIT_CONFIG_MAKE_H
#define BPFD_TESTS_UNIT_CONFIG_MAKE_H

#include <string.h>

#include "ipc/config.h"

/* Every key at its default; words and lists are empty. */
static inline void
config_defaults(struct config *c)
{
	memset(c, 0, sizeof(*c));
	c->magic = CONFIG_MAGIC;
	c->size = sizeof(*c);
#define CONF_UINT(section, key, dflt, min, max, help)  c->section##_##key = dflt;
#define CONF_BOOL(section, key, dflt, help)            c->section##_##key = dflt;
#define CONF_STR(section, key, dflt, room, help)       strcpy(c->section##_##key, dflt);
#include "ipc/config.def"
}

#endif
