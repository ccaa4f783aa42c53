/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFCTL_APPLY_INPUT_H
#define BPFD_BPFCTL_APPLY_INPUT_H

#include "bpfctl/apply_plan.h"

/* What `apply` reads of files and of the daemon.  Each: CTL_DONE, or an exit status, reported. */

/* The files, folders (*.toml in them) and "-" that -f names, then objects and rules that they name. */
int	apply_input_files(struct ctl *ctl, const struct args *args, struct apply_want *w);
/* What the daemon thinks of each rule, and its name. */
int	apply_input_rules(struct ctl *ctl, struct apply_want *w);
/* Lines of w->problems, if there are any: CTL_FAILED. */
int	apply_input_problems(const struct apply_want *w);

/* The daemon's state, with what it points to. */
struct apply_state {
	struct apply_actual actual;
	Bpfd__V1__ListResponse *programs;
	Bpfd__V1__ListLinksResponse *links;
	Bpfd__V1__GetRuleResponse **rules;
	Bpfd__V1__Rule **each_rule;
};
int	apply_state_read(struct ctl *ctl, const char *what, struct apply_state *out);
void	apply_state_free(struct apply_state *s);

/* "sha256:..." of data as the daemon writes it. */
void	apply_digest(const uint8_t *data, size_t len, char out[APPLY_DIGEST_MAX]);

static inline __attribute__((unused)) void
auto_apply_state(struct apply_state *s)
{
	apply_state_free(s);
}

#endif
