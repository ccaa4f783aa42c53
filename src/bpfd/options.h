/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFD_OPTIONS_H
#define BPFD_BPFD_OPTIONS_H

#include <stdbool.h>

/* Exit status of bpfd; bpfd(8) lists them. */
enum {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_CONFIG = 3,	/* the configuration is refused */
	EXIT_RIGHTS = 4,	/* not root, or a capability is missing */
	EXIT_IN_USE = 5,	/* another bpfd, or another server on the socket */
	EXIT_MISSING = 6,	/* a user, group or executable that bpfd needs */
};

/* What bpfd is asked to do. */
struct options {
	enum { DO_RUN, DO_CHECK, DO_PRINT_CONFIG, DO_CLIENT, DO_EXIT } action;
	bool daemon;
	bool keep;
	int log_level;		/* enum log_level, or -1: the configuration's */
	const char *root;	/* NULL: the installed instance */
	const char *config;	/* NULL: the instance's own */
	const char *rules_dir;	/* NULL: the configuration's */
	const char *grpc_addr;	/* NULL: no other socket than the usual one */
	bool watch;		/* the word daemon: without a configuration enable some tracers */
	char **client;		/* DO_CLIENT: create, ls, rm, trace or version and what follows it; NULL ends */
};

/* Prints help, version or an error itself: then action is DO_EXIT and the exit status returned. */
int	options_parse(int argc, char **argv, struct options *out);

#endif
