/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_CONFIG_ACTIONS_READER_H
#define BPFD_CONFIG_ACTIONS_READER_H

#include "config/lists.h"
#include "config/mistakes.h"
#include "config/toml.h"
#include "ipc/actions.h"

/* One file of actions.d, while it is read. */
struct action_reader {
	struct names *names;
	struct action_table *table;
	struct action_def *a;
	struct mistakes mistakes;
	bool has_user, has_type, has_args, has_pause, has_subject, has_tls, has_digest, has_per_hour;
};

/* Reads the value of a key; actions.c has the table of keys. */
typedef void action_read_fn(struct action_reader *r, const char *key, const struct toml_value *v);

/* A number that a key takes, and where it goes. */
struct action_number { const char *key; uint64_t *to, min, max; };
void	action_read_number(struct action_reader *r, const char *key, const struct toml_value *v,
		const struct action_number *all, size_t n);

/* ---- actions_net.c: what is sent to another machine ---- */

action_read_fn net_read_url, net_read_file, net_read_number, net_read_headers, net_read_text, net_read_format,
	net_read_content_type;
/* Keys that belong together, once all were read. */
bool	net_is_loopback(const char *host);
void	net_complete(struct action_reader *r);

/* ---- actions_mail.c: slack, and mail ---- */

action_read_fn mail_read_text, mail_read_word, mail_read_number, mail_read_from, mail_read_to;
void	slack_complete(struct action_reader *r);
void	mail_complete(struct action_reader *r);

#endif
