/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_RULES_CHECK_H
#define BPFD_RULES_CHECK_H

#include "rules/rule.h"

#define RULE_BURST_MAX	1000000u
#define RULE_WITHIN_MAX_NS (86400ULL * 1000000000)
#define RULE_WINDOW_MAX_NS (30ULL * 86400 * 1000000000)

/* Parts of rule_check(), for the parser, which knows line and column of each. */
const struct field *check_field(unsigned int tracer, const char *name, char *why, size_t room);
/* A NODE_TEST alone: field, operator, values.  0 or -EINVAL. */
int	check_test(const struct rule_node *n, unsigned int tracer, uint32_t format, char *why, size_t room);
/* One value of it, for every tracer of the mask. */
int	check_test_value(const struct rule_node *n, const struct rule_value *v, uint64_t tracers,
		uint32_t format, char *why, size_t room);
bool	check_redact(const char *item, uint64_t tracers);	/* of one of the tracers at least */
bool	check_action_name(const char *s);

#endif
