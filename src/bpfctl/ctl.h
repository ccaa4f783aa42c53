/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFCTL_CTL_H
#define BPFD_BPFCTL_CTL_H

#include <stdbool.h>
#include <stdint.h>

#include "bpfctl/args.h"
#include "bpfctl/client.h"
#include "bpfctl/out.h"
#include "bpfctl/rpc.h"

/* Exit statuses: bpfctl(8) explains them. */
enum ctl_exit {
	CTL_DONE = 0, CTL_FAILED = 1, CTL_USAGE = 2, CTL_NOT_FOUND = 3, CTL_UNREACHABLE = 4,
	CTL_DENIED = 5, CTL_CONFLICT = 6, CTL_PARTLY = 7, CTL_CHANGES = 8, CTL_TIMEOUT = 124,
};

/* What every command gets. */
struct ctl {
	struct client *client;
	struct out *out;
	bool quiet;
};

/* Reads the global options.  Returns CTL_DONE or CTL_USAGE, which is reported. */
int	ctl_open(struct ctl *ctl, const struct args *args);
void	ctl_close(struct ctl *ctl);

/* The socket to use: what -s gave (NULL: nothing), then $BPFD_HOST ("unix:PATH" or a path), then
 * the default. */
const char *ctl_socket(const char *given);

/* Prints the document of ctl->out unless quiet.  CTL_DONE, or CTL_FAILED, reported. */
int	ctl_print(struct ctl *ctl);
/* The same of one link as the whole document; NULL: none, as after a dry run. */
int	ctl_print_link(struct ctl *ctl, const Bpfd__V1__Link *link);

/* "bpfctl: WHAT: text" on standard error, then the hint (NULL: none) on a line of its own unless
 * quiet.  Returns code, so that it can end a function. */
int	ctl_fail(const struct ctl *ctl, enum ctl_exit code, const char *hint, const char *what,
		const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* For a file that cannot be read: err is a negative errno. */
int	ctl_fail_file(const struct ctl *ctl, const char *what, const char *file, int err);
/* The same for a call that failed; the verifier's log follows unless quiet, whole when the daemon
 * still has it.  Returns the exit status that fits. */
int	ctl_fail_call(const struct ctl *ctl, const char *what, const struct client_error *e);
/* Adds a part of what the daemon sends in several, total bytes of at most max, to those in out.  -EPROTO:
 * it cannot be one; -ENOMEM. */
int	ctl_take_part(struct buf *out, const ProtobufCBinaryData *part, uint64_t total, uint64_t max);
enum ctl_exit ctl_exit_of(int client_code);
const char *ctl_text_of(const struct client_error *e);		/* never empty */

/* The exit status after n_failed of n failed, the first with first. */
int	ctl_exit_of_many(size_t n, size_t n_failed, int first);

/* PROG on the command line: an id, or a name that one program of bpfd's has.  CTL_DONE with *id, or
 * reported: CTL_NOT_FOUND, CTL_USAGE when several have the name (they are listed). */
int	ctl_find_program(struct ctl *ctl, const char *what, const char *prog, uint32_t *id);

/* A number on the command line that names a link, map or group.  CTL_USAGE, reported. */
int	ctl_read_id(const struct ctl *ctl, const char *what, const char *text, uint64_t max,
		uint64_t *id);

#endif
