/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_EVCALLS_H
#define BPFD_TESTS_EVCALLS_H

/* Calls of the tests of rules and events, on struct evrig. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "component/evrig.h"

#define BIT(t) (1ULL << (t))

static inline int
create(struct evrig *e, const char *file, const char *text, bool replace, bool dry_run)
{
	Bpfd__V1__CreateRuleRequest rq = BPFD__V1__CREATE_RULE_REQUEST__INIT;

	rq.file = (char *)(uintptr_t)file;
	rq.text = (char *)(uintptr_t)text;
	rq.replace = replace;
	rq.dry_run = dry_run;
	return apicall(e->t, "/bpfd.v1.Rules/Create", &rq.base,
		&bpfd__v1__create_rule_response__descriptor);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, evrig_setup, evrig_teardown)

#endif
