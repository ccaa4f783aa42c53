/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/enforce.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/auto.h"

const char *const enforce_hook_names[N_ENF_HOOKS] = {
#define ENF_HOOK(id, name, kind, help) [ENF_##id] = #name,
#include "bpf/enforce_hooks.def"
};
const char *const enforce_hook_kinds[N_ENF_HOOKS] = {
#define ENF_HOOK(id, name, kind, help) [ENF_##id] = kind,
#include "bpf/enforce_hooks.def"
};
_Static_assert(N_ENF_HOOKS <= ENF_HOOKS_MAX, "a table has a first step for each");

/* Who may not bind to it does not listen there, but with a socket that was bound before the rule. */
uint32_t
enforce_hooks_needed(uint32_t hooks)
{
	return hooks >> ENF_BIND & 1 ? hooks & ~(1u << ENF_LISTEN) : hooks;
}

static bool
next_ok(const struct enf_table *t, uint16_t next)
{
	return next < ENF_STEPS || next == ENF_END || ((next & ~(ENF_ROWS - 1)) == ENF_MATCH &&
		(next & (ENF_ROWS - 1)) < t->n_rows);
}

int
enforce_table_check(const struct enf_table *t)
{
	if (t->magic != ENF_MAGIC || t->n_rows > ENF_ROWS || t->n_protect > ENF_PROTECT)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(t->first); i++)
		if (t->first[i] != ENF_END && (t->first[i] >= ENF_STEPS || i >= N_ENF_HOOKS))
			return -EINVAL;
	for (uint32_t i = 0; i < ENF_STEPS; i++) {
		const struct enf_step *s = &t->steps[i];

		if (!next_ok(t, s->yes) || !next_ok(t, s->no) || s->field >= N_ENF_FIELDS || s->op >= N_ENF_OPS ||
		    s->bits > 128 || s->row >= ENF_ROWS)
			return -EINVAL;
	}
	for (uint32_t i = 0; i < t->n_rows; i++)
		if (!next_ok(t, t->rows[i].next) || t->rows[i].hook >= N_ENF_HOOKS ||
		    t->rows[i].name_len >= ENF_NAME_MAX || t->rows[i].severity >= 7)
			return -EINVAL;
	return 0;
}
