/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_ENFORCERIG_H
#define BPFD_TESTS_ENFORCERIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <sys/types.h>

#include "bpf/enforce.h"
#include "tracerrig.h"

/* bpf/enforce.bpf.o with tables made from rules, and a folder of the test's own. */
extern struct tracerrig *rig;
extern char dir[64];
int	enforce_setup(void **state);
int	enforce_teardown(void **state);
int	enforce_forget(void **state);		/* no table, no events */

/* Rules of format 2, NULL ends; "%D" in them is the folder. */
void	enforce_rules(const char *const *texts);
#define RULES(...) enforce_rules((const char *const[]){ __VA_ARGS__, NULL })
void	enforce_table(const struct enf_table *t);	/* NULL: none */
const struct enf_table *enforce_made(void);		/* the last one */
extern const char *enforce_protect;		/* a name that is protected; NULL: none */
extern bool enforce_observe;			/* the daemon does not allow it */

void	enforce_copy(const char *from, const char *name);	/* a program into the folder */
const char *in_dir(const char *name);
/* What a child says of an act: exit status of act(arg), or minus the signal that ended it. */
int	enforce_act(int (*act)(const void *arg), const void *arg);
pid_t	enforce_last_pid(void);
/* The decision about the last child; NULL within half a second: there was none. */
const struct ev_enforce *enforce_decision(pid_t pid);

#define KILL(match) "version = 2\ntracer = \"exec\"\nactions = [\"kernel_kill\"]\nmode = \"enforce\"\n[match]\nall = [" match "]\n"
#define DENY(tracer, match) "version = 2\ntracer = \"" tracer "\"\nactions = [\"deny\"]\nmode = \"enforce\"\n[match]\nall = [" match "]\n"
#define PATH(path) "{ field = \"path\", value = \"" path "\" }"

/* The program makes a file: that it is there says that an instruction of it ran. */
int	enforce_run(const void *path);
bool	enforce_ran(void);		/* since it was asked last */

/* A decision about r0; path: NULL: any. */
void	enforce_decided(const struct ev_enforce *e, enum enf_hook hook, enum enf_outcome outcome, const char *path);

void	enforce_need_lsm(void);		/* skips the test where the kernel runs no programs on such hooks */

#define TEST(name) cmocka_unit_test_setup(name, enforce_forget)

#endif
