/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_RULES_VALUE_H
#define BPFD_RULES_VALUE_H

#include "rules/rule.h"

/* What a predicate's field is once its function was applied. */
enum field_type value_type(const struct field *f, enum rule_fn fn);
bool	value_is_number(enum field_type t);
bool	value_is_text(enum field_type t);		/* F_STR, F_PATH, F_LIST */

/* format 1 compares every field as text, by op contains. */
bool	op_fits(enum rule_op op, enum field_type t, uint32_t format);

/* A value of a rule, read as its field's type. */
struct typed {
	uint64_t u, hi;			/* numbers; inrange: u..hi */
	const char *data;		/* text, bytes of an address: of the value, or of bytes below */
	size_t len;
	unsigned int bits;		/* cidr: leading bits of 128 */
	uint8_t bytes[16];
};

/* 0, or -EINVAL with the reason in why.  text: compare as text whatever the field is. */
int	value_read(const struct field *f, enum rule_fn fn, enum rule_op op, const struct rule_value *v,
		bool text, struct typed *out, char *why, size_t room);

#endif
