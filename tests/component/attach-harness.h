/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_ATTACH_HARNESS_H
#define BPFD_TESTS_ATTACH_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bpf-prog.h"
#include "loader/attach.h"

/*
 * A loader for tests of the attach kinds: its table of links, its oneshots (the built
 * bpfd-oneshot), and an interface vb0 with its peer vt1 in the namespace "two", all in namespaces
 * of the test's own.
 */
struct loader {
	struct { struct msg_link_facts facts; int fd, array; char suffix[ATTACH_SUFFIX_MAX]; } links[16];
	size_t n;
	uint64_t next_id;
	int array;				/* of the stub that was made last, or 0 */
	int map_fd, prog_fd;			/* a map "sockets" and a program that it keeps, or 0 */
	uint32_t map_id;
};

extern struct loader ld;
extern struct config cfg;
extern int rtnl;
extern struct msg_result res;		/* of the last attach_req() */
extern struct attach_out out;
extern size_t n_oneshots;

/* attach_run(); a link that was made goes into ld. */
int	attach_req(struct msg_attach *req, int prog, uint32_t type, uint32_t attach_type);
int	detach(size_t i, const char *netns);	/* as the loader does; the last one takes its place */
void	detach_all(const char *netns);

struct msg_attach request(const char *kind, const char *target);
struct msg_attach tc_request(const char *kind, const char *target, const char *direction,
		int priority, const char *netns);

void	assert_refused(int err, enum ipc_code code, const char *text);
void	assert_attached(int err);

void	shell(const char *cmd);				/* fails the test when cmd fails */
bool	shell_says(const char *cmd, const char *text);
void	ping(void);					/* three packets through vb0, both ways */

/* Group fixtures, and a program pinned as /run/bpffs/theirs. */
int	harness_setup(void **state);
int	harness_teardown(void **state);

#endif
