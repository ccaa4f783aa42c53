/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_IPC_ACTIONS_H
#define BPFD_IPC_ACTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The action instances of a host: those that are always there, named as their type, and those of
 * actions.d/NAME.toml.  bpfd-config makes the table once at start; it travels as a sealed memfd to
 * the API (names of rules to bits) and to every action worker.  Bit i of rec_hdr.actions is a[i].
 */
#define ACTIONS_MAX	64
#define ACTION_ARGS_MAX	2048		/* bytes: arguments, each followed by NUL */
#define ACTIONS_MAGIC	0x41667062u
#define ACTION_KEEP_CONFIGURED UINT64_MAX	/* 0 keeps no rotated file */

enum action_class {
#define ACTION_CLASS(id, name, exe, user, caps, help) CLASS_##id,
#include "ipc/classes.def"
	N_ACTION_CLASSES
};
enum action_type {
#define ACTION(id, name, class, destructive, help) ACTION_##id,
#include "ipc/actions.def"
	N_ACTION_TYPES
};
struct action_type_info { const char *name; enum action_class class; int destructive; const char *help; };
extern const struct action_type_info action_types[N_ACTION_TYPES];
extern const char *const action_class_names[N_ACTION_CLASSES];

enum action_stat {
#define ACTION_STAT(id, name, help) STAT_##id,
#include "ipc/action_stats.def"
	N_ACTION_STATS
};
#define ACTION_STATS_AT 48		/* word of ring_scratch() */

/*
 * Of what is sent to another machine (classes WEB and MAIL); docs/ALERTS.md.  The files hold secrets:
 * the supervisor opens them, here are only their absolute names, "" for none.
 */
enum action_tls { NET_PLAIN, NET_TLS, NET_STARTTLS, N_NET_TLS };
struct action_net {
	uint64_t entries, spool_bytes, max_age_s, tries;	/* as in struct queue_limits (alerts/queue.h) */
	uint64_t batch, gather_ms, retry_ms, retry_most_ms, breaker_after, breaker_s;
	uint64_t rule_per_hour, digest_s;	/* email: so many of a rule as they come, the others together */
	uint32_t port, tls;			/* enum action_tls */
	char host[256];				/* name or address without brackets; lmtp: also the path of a socket */
	char url[1024];				/* webhook: all of it, host and port are of it */
	char secret_file[256], token_file[256];
	char ca_file[256];			/* certificates to trust in place of the system's */
	char content_type[64];			/* webhook, of a template */
	char text[2048];			/* webhook: template */
	char from[256], subject[128];		/* email; those to whom: args */
	char user[128];				/* email: who logs in; slack: who it says that it is */
	char channel[128], icon[64];		/* slack; "" what its webhook has */
	uint32_t lmtp, reserved;		/* email: by LMTP, not SMTP */
};
enum webhook_format { WEBHOOK_JSON, WEBHOOK_CLOUDEVENTS, WEBHOOK_FALCO, WEBHOOK_TEMPLATE, N_WEBHOOK_FORMATS };

/* What becomes of a container whose checkpoint is written, and flags of such an action. */
enum checkpoint_after { CHECKPOINT_RUN, CHECKPOINT_PAUSE, CHECKPOINT_KILL, N_CHECKPOINT_AFTER };
enum { CHECKPOINT_COMMAND = 1 /* of the runtime, not criu */, CHECKPOINT_FREEZE = 2 /* before */ };
#define CHECKPOINT_CRIU	"/usr/sbin/criu"

struct action_def {
	char name[64];
	uint32_t type, format;		/* enum action_type; enum render_format, webhook: enum webhook_format */
	uint64_t max_bytes, keep;	/* checkpoint: of one; log: rotation, 0 and ACTION_KEEP_CONFIGURED: log_bytes, log_keep */
	uint64_t timeout_ms, parallel, per_minute;
	int32_t signal;
	uint32_t uid, gid;		/* exec: run as */
	uint32_t args_len;
	uint32_t after, flags;		/* checkpoint: enum checkpoint_after; CHECKPOINT_* */
	char path[256];			/* log: file name within the log directory; exec, checkpoint: program */
	char args[ACTION_ARGS_MAX];	/* exec, CHECKPOINT_COMMAND: argv with argv[0]; checkpoint: criu's options; webhook: headers; email: addresses */
	struct action_net net;
};
struct action_table { uint32_t magic, n; struct action_def a[ACTIONS_MAX]; };

enum { ACTION_FORMAT_JSON = 0, ACTION_FORMAT_SEED = 2, ACTION_FORMATS = 6 };	/* as enum render_format */

/* An instance of that type without a name, before its file is read. */
void	action_init(struct action_def *a, enum action_type type);
/* Its instances need a word of the administrator's: a program to run, a machine to send to. */
bool	action_needs_file(enum action_type type);
/* Fills in the instances that are always there, named as their type: all but those that need a file. */
void	action_table_init(struct action_table *t);
/* What an instance's file leaves out: limits of exec, the signal, the log file's name (NAME.json). */
void	action_defaults(struct action_def *a);
/* 0, or -EINVAL with the reason in why (room bytes): names, ranges, strings, duplicates. */
int	action_table_check(const struct action_table *t, char *why, size_t room);
/* A sealed memfd with what action_table_init() fills in. */
int	action_table_standard(void);
/* Seals the memfd, maps it, which all processes share, and checks all of it.  -EINVAL. */
int	action_table_receive(int fd, const struct action_table **out);
void	action_table_free(const struct action_table *t);	/* NULL is fine */
#define ACTION_TO_MAX	32		/* email: addresses in args */
#define ACTION_SLACK_MAX 20		/* slack: events in a message */
/* An address without a name: what may stand in a mail's envelope and header as it is. */
bool	action_address_ok(const char *s);
/* Sent to another machine. */
bool	action_is_net(const struct action_def *a);
int	action_by_name(const struct action_table *t, const char *name);	/* index, or -ENOENT */

#endif
