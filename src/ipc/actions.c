/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/actions.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "common/auto.h"
#include "common/memfd.h"
#include "ipc/chan.h"

const struct action_type_info action_types[N_ACTION_TYPES] = {
#define ACTION(id, name, class, destructive, help) { #name, CLASS_##class, destructive, help },
#include "ipc/actions.def"
};

const char *const action_class_names[N_ACTION_CLASSES] = {
#define ACTION_CLASS(id, name, exe, user, caps, help) name,
#include "ipc/classes.def"
};

#define ADDRESS_MAX	254		/* RFC 5321, 4.5.3.1.3 */
#define CRIU_OPTIONS	"--tcp-established\0--ext-unix-sk\0--file-locks\0--manage-cgroups=ignore\0--external\0mnt[]:m"
#define CHECKPOINT_TIMEOUT_MS 120000
#define CHECKPOINT_BYTES (4ULL << 30)
#define EXEC_TIMEOUT_MS	10000
#define EXEC_PARALLEL	4
#define EXEC_PER_MINUTE	30

void
action_init(struct action_def *a, enum action_type type)
{
	*a = (struct action_def){ .type = type, .keep = ACTION_KEEP_CONFIGURED,
		.format = type == ACTION_STDOUT ? ACTION_FORMAT_SEED : ACTION_FORMAT_JSON };
	if (type != ACTION_CHECKPOINT)
		return;
	a->flags = CHECKPOINT_FREEZE;
	a->timeout_ms = CHECKPOINT_TIMEOUT_MS;
	a->max_bytes = CHECKPOINT_BYTES;
	a->args_len = sizeof(CRIU_OPTIONS);
	memcpy(a->args, CRIU_OPTIONS, sizeof(CRIU_OPTIONS));
	strcpy(a->path, CHECKPOINT_CRIU);
}

bool
action_is_net(const struct action_def *a)
{
	return action_types[a->type].class == CLASS_WEB || action_types[a->type].class == CLASS_MAIL;
}

static void
set_default(uint64_t *to, uint64_t value)
{
	if (!*to)
		*to = value;
}

static void
net_defaults(struct action_def *a)
{
	struct action_net *n = &a->net;

	set_default(&a->timeout_ms, 10000);
	set_default(&a->per_minute, 60);
	set_default(&n->entries, 10000);
	set_default(&n->spool_bytes, 16 << 20);
	set_default(&n->max_age_s, 86400);
	set_default(&n->batch, 1);
	set_default(&n->gather_ms, 1000);
	set_default(&n->retry_ms, 1000);
	set_default(&n->retry_most_ms, 300000);
	set_default(&n->breaker_after, 5);
	set_default(&n->breaker_s, 60);
}

void
action_defaults(struct action_def *a)
{
	bool exec = a->type == ACTION_EXEC;

	if (action_is_net(a))
		net_defaults(a);
	if (exec && !a->timeout_ms)
		a->timeout_ms = EXEC_TIMEOUT_MS;
	if (exec && !a->parallel)
		a->parallel = EXEC_PARALLEL;
	if (exec && !a->per_minute)
		a->per_minute = EXEC_PER_MINUTE;
	if (a->type == ACTION_KILL)
		a->signal = SIGKILL;
	if (a->type == ACTION_INTERRUPT)
		a->signal = SIGINT;
	if (a->type == ACTION_SIGNAL && !a->signal)
		a->signal = SIGTERM;
	if (a->type == ACTION_LOG && !a->path[0])
		snprintf(a->path, sizeof(a->path), "%s.json", a->name);
}

bool
action_needs_file(enum action_type type)
{
	return type == ACTION_EXEC || type == ACTION_CHECKPOINT || action_is_net(&(struct action_def){ .type = type });
}

void
action_table_init(struct action_table *t)
{
	memset(t, 0, sizeof(*t));
	t->magic = ACTIONS_MAGIC;
	for (uint32_t type = 0; type < N_ACTION_TYPES; type++) {
		struct action_def *a = &t->a[t->n];

		if (action_needs_file(type))
			continue;
		action_init(a, type);
		if (type == ACTION_LOG)		/* the file that everybody looks for */
			snprintf(a->path, sizeof(a->path), "events.json");
		snprintf(a->name, sizeof(a->name), "%s", action_types[type].name);
		action_defaults(a);
		t->n++;
	}
}

static bool
name_ok(const char *s, size_t size)
{
	size_t len = strnlen(s, size);

	return len > 0 && len < size && s[0] != '.' && s[0] != '-' &&
		strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == len;
}

/* Arguments end each with a NUL; there is a first one, the program's name. */
static bool
args_ok(const struct action_def *a)
{
	return a->args_len > 1 && a->args_len <= sizeof(a->args) && a->args[a->args_len - 1] == '\0';
}

bool
action_address_ok(const char *s)
{
	static const char name[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.!#$%&'*+/=?^_`{|}~-";
	static const char host[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
	const char *at = strchr(s, '@');

	return at && at != s && at[1] && s[0] != '-' && at[1] != '-' && strlen(s) <= ADDRESS_MAX &&
		strspn(s, name) == (size_t)(at - s) && strspn(at + 1, host) == strlen(at + 1);
}

static const char *
check_email(const struct action_def *a)
{
	const struct action_net *n = &a->net;
	uint32_t to = 0;

	for (uint32_t at = 0; at < a->args_len; at += (uint32_t)strlen(a->args + at) + 1)
		if (!action_address_ok(a->args + at) || ++to > ACTION_TO_MAX)
			return "it has too many addresses, or one that is none";
	if (!to || !action_address_ok(n->from))
		return "it has nobody who sends it, or to whom";
	if (n->user[0] && n->tls == NET_PLAIN)
		return "its password would be sent in the clear";
	return n->lmtp > 1 || (n->lmtp && n->tls) || (n->host[0] == '/') != !n->port ? "its server is not one of mail" : NULL;
}

static const char *
check_net(const struct action_def *a)
{
	const struct action_net *n = &a->net;
	const char *const files[] = { n->secret_file, n->token_file, n->ca_file };

	if (!ipc_str_ok(n->host, sizeof(n->host)) || !ipc_str_ok(n->url, sizeof(n->url)) ||
	    !ipc_str_ok(n->from, sizeof(n->from)) || !ipc_str_ok(n->subject, sizeof(n->subject)) ||
	    !ipc_str_ok(n->user, sizeof(n->user)) || !ipc_str_ok(n->channel, sizeof(n->channel)) ||
	    !ipc_str_ok(n->icon, sizeof(n->icon)) ||
	    !ipc_str_ok(n->content_type, sizeof(n->content_type)) || !memchr(n->text, '\0', sizeof(n->text)))
		return "a text has control characters or does not end";
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (!ipc_str_ok(files[i], sizeof(n->ca_file)) || (files[i][0] && files[i][0] != '/'))
			return "a file's name is not an absolute path";
	if (!n->host[0] || (n->port < 1 && a->type != ACTION_EMAIL) || n->port > 65535 || n->tls >= N_NET_TLS)
		return "it has no host or no port";
	if (a->timeout_ms < 1 || a->timeout_ms > 3600000 || a->per_minute < 1 || n->entries < 1 || n->batch < 1 ||
	    n->batch > 1000 || n->spool_bytes < 65536 || n->spool_bytes > 1ULL << 30 || n->retry_ms < 1 ||
	    n->retry_most_ms < n->retry_ms)
		return "a limit is out of range";
	if (a->args_len > sizeof(a->args) || (a->args_len && a->args[a->args_len - 1]))
		return "the list does not end";
	if (a->type == ACTION_EMAIL)
		return check_email(a);
	if (a->type == ACTION_SLACK && n->batch > ACTION_SLACK_MAX)
		return "Slack takes no more events in a message";
	return a->type == ACTION_WEBHOOK && a->format >= N_WEBHOOK_FORMATS ? "unknown format" : NULL;
}

static const char *
check_checkpoint(const struct action_def *a)
{
	if (a->path[0] != '/')
		return "the program is not an absolute path";
	if (a->args_len > sizeof(a->args) || (a->args_len && a->args[a->args_len - 1]) ||
	    (a->flags & CHECKPOINT_COMMAND && !args_ok(a)))
		return "the arguments do not end";
	if (a->flags & ~(uint32_t)(CHECKPOINT_COMMAND | CHECKPOINT_FREEZE) || a->after >= N_CHECKPOINT_AFTER)
		return "what it does before and after is not known";
	return a->timeout_ms < 1 || a->timeout_ms > 3600000 || a->max_bytes < 4096 ? "a limit is out of range" : NULL;
}

static const char *
check_def(const struct action_def *a)
{
	if (!name_ok(a->name, sizeof(a->name)))
		return "the name has other than letters, digits, '_', '.', '-'";
	if (a->type >= N_ACTION_TYPES)
		return "unknown type";
	if (a->format >= ACTION_FORMATS)
		return "unknown format";
	if (a->signal < 0 || a->signal > SIGRTMAX)
		return "there is no such signal";
	if (action_types[a->type].class == CLASS_SIGNAL && !a->signal)
		return "no signal";
	if (!ipc_str_ok(a->path, sizeof(a->path)))
		return "the path is not printable text";
	if (a->type == ACTION_LOG && !name_ok(a->path, sizeof(a->path)))
		return "the log file is not a plain file name";
	if (action_is_net(a))
		return check_net(a);
	if (a->type == ACTION_CHECKPOINT)
		return check_checkpoint(a);
	if (a->type != ACTION_EXEC)
		return NULL;
	if (a->path[0] != '/')
		return "the program is not an absolute path";
	if (!args_ok(a))
		return "the arguments do not end";
	if (a->timeout_ms < 1 || a->timeout_ms > 3600000 || a->parallel < 1 || a->parallel > 64 ||
	    a->per_minute < 1)
		return "a limit is out of range";
	return a->uid == 0 ? "it would run as root" : NULL;
}

int
action_table_check(const struct action_table *t, char *why, size_t room)
{
	if (t->magic != ACTIONS_MAGIC || t->n > ACTIONS_MAX) {
		snprintf(why, room, "not a table of actions");
		return -EINVAL;
	}
	for (uint32_t i = 0; i < t->n; i++) {
		const char *wrong = check_def(&t->a[i]);

		if (!wrong && (strcmp(t->a[i].name, "deny") == 0 || strcmp(t->a[i].name, "kernel_kill") == 0))
			wrong = "deny and kernel_kill are the kernel's, no file can be called so";
		if (!wrong && action_by_name(t, t->a[i].name) != (int)i)
			wrong = "there are two of this name";
		if (!wrong && t->a[i].type == ACTION_LOG)
			for (uint32_t k = 0; k < i; k++)
				if (t->a[k].type == ACTION_LOG && strcmp(t->a[k].path, t->a[i].path) == 0)
					wrong = "another one writes the same file";
		if (wrong) {
			snprintf(why, room, "action %u: %s", i, wrong);
			return -EINVAL;
		}
	}
	return 0;
}

int
action_table_standard(void)
{
	AUTO(mem) struct action_table *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	action_table_init(t);
	return memfd_sealed("bpfd-actions", t, sizeof(*t));
}

int
action_table_receive(int fd, const struct action_table **out)
{
	const struct action_table *t;
	char why[128];

	if (memfd_seal_received(fd, sizeof(*t)) != (long)sizeof(*t))
		return -EINVAL;
	t = memfd_map(fd, sizeof(*t));
	if (!t)
		return -errno;
	if (action_table_check(t, why, sizeof(why)) < 0) {
		action_table_free(t);
		return -EINVAL;
	}
	*out = t;
	return 0;
}

void
action_table_free(const struct action_table *t)
{
	if (t)
		munmap((void *)(uintptr_t)t, sizeof(*t));
}

int
action_by_name(const struct action_table *t, const char *name)
{
	for (uint32_t i = 0; i < t->n && i < ACTIONS_MAX; i++)
		if (strcmp(t->a[i].name, name) == 0)
			return (int)i;
	return -ENOENT;
}
