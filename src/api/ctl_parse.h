/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_CTL_PARSE_H
#define BPFD_API_CTL_PARSE_H

#include <sys/queue.h>

#include "api/ctl.h"
#include "ipc/chan.h"

/* Texts of rules that bpfd-config is reading: RULES_PARSE to RULES_PARSED. */
struct parse;
struct ctl_parses {
	TAILQ_HEAD(, parse) all;
	size_t n;
};
struct event_base;

void	ctl_parse_init(struct ctl_parses *ps);
void	ctl_parse_clear(struct ctl_parses *ps);		/* each learns -ECANCELED */
/* See ctl_rules_parse().  -EBUSY: too many are being read. */
int	ctl_parse_ask(struct ctl_parses *ps, struct event_base *base, struct chan *chan, uint32_t seq,
		const char *file, const char *text, size_t len, ctl_parsed_fn *fn, void *arg);
void	ctl_parse_done(struct ctl_parses *ps, uint32_t seq, const struct msg_rules_parsed *m, int fd);

/* A sealed memfd's bytes, allocated; *len at most max.  -EINVAL and what memfd_seal_received() says. */
int	ctl_read_sealed(int fd, size_t max, void **out, size_t *len);

#endif
