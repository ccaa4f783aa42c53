/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_BPFCTL_FAKE_H
#define BPFD_TESTS_BPFCTL_FAKE_H

#include "api/rpc.h"
#include "bpfd_v1.pb-c.h"

/*
 * A daemon for tests of bpfctl: the real gRPC server with handlers that answer by what they are
 * asked.  Serves the listening socket fd and never returns.  A line per request goes to the file
 * log_fd: "Load", "Load cancelled", "Unload group=5", ...
 *
 * An id of 900 + N, an attach target "N" of kind "error", and an object "error N" are answered by
 * the gRPC code N.  An object "hang" and the attach target "hang" are never answered.
 */
void	fake_serve(int fd, int log_fd) __attribute__((noreturn));

/* Between its files. */
void	fake_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
rpc_handler fake_rule_create, fake_rule_list, fake_rule_get, fake_rule_remove;
bool	fake_image_source(struct call *call, const char *what, const Bpfd__V1__ImageSource *s, bool dry_run);
rpc_handler fake_image_pull, fake_image_list, fake_image_get, fake_image_verify, fake_image_remove, fake_image_prune;
rpc_handler fake_events, fake_tracers, fake_stats;

#endif
