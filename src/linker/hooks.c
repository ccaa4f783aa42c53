/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "common/auto.h"
#include "linker/few.h"

/* Hooks whose presence the kernel's BTF tells, by the section's prefix. */
static const struct {
	const char *section, *before;
	uint32_t kind;
} hooks[] = {
	{ "tp_btf/", "btf_trace_", BTF_KIND_TYPEDEF },
	{ "raw_tp/", "btf_trace_", BTF_KIND_TYPEDEF },
	{ "raw_tracepoint/", "btf_trace_", BTF_KIND_TYPEDEF },
	{ "iter/", "bpf_iter_", BTF_KIND_FUNC },
	{ "fentry/", "", BTF_KIND_FUNC },
	{ "fexit/", "", BTF_KIND_FUNC },
	{ "lsm/", "bpf_lsm_", BTF_KIND_FUNC },
};

bool
hook_type(const char *section, char *name, size_t size, uint32_t *kind)
{
	section += section[0] == '?';
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++) {
		size_t n = strlen(hooks[i].section);

		if (strncmp(section, hooks[i].section, n) != 0)
			continue;
		snprintf(name, size, "%s%s", hooks[i].before, section + n);
		*kind = hooks[i].kind;
		return true;
	}
	return false;
}
