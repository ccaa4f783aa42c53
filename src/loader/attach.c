/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "common/auto.h"
#include "common/mountinfo.h"
#include "ipc/bpfnames.h"
#include "ipc/chan.h"
#include "loader/attach_hook.h"
#include "loader/oneshot.h"

#define DEFAULT_PRIORITY	50

#define ATTACH_KIND(name) extern const struct attach_kind attach_kind_##name;
#include "loader/attach.def"

static const struct attach_kind *const kinds[] = {
#define ATTACH_KIND(name) &attach_kind_##name,
#include "loader/attach.def"
};

/* Found once, in attach_init(): afterwards the sandbox lets nobody ask. */
static struct attach_host host = { .netns = -1 };
static const char *missing[ARRAY_SIZE(kinds)];

const struct attach_kind *const *
attach_kinds(size_t *n)
{
	*n = ARRAY_SIZE(kinds);
	return kinds;
}

const struct attach_host *
attach_host(void)
{
	return &host;
}

const char *
attach_unavailable(const struct attach_kind *k)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i] == k && missing[i])
			return missing[i];
	return "";
}

const char *
attach_no_hook(uint32_t prog_type, uint32_t attach_type)
{
	uint64_t bit = prog_type < 64 ? 1ULL << prog_type : 0;
	const char *why = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!(kinds[i]->prog_types & bit))
			continue;
		if (!missing[i])
			return prog_type == BPF_PROG_TYPE_CGROUP_SOCK_ADDR ? attach_no_unix(attach_type) : NULL;
		why = missing[i];
	}
	return why;
}

static bool
locked_down(void)
{
	AUTO(fd) int fd = open("/sys/kernel/security/lockdown", O_RDONLY | O_CLOEXEC);
	char text[128] = "";

	return fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && strchr(text, '[') &&
		!strstr(text, "[none]");
}

int
attach_init(const struct config *cfg, int *rtnl_out)
{
	int rtnl = netlink_open();
	struct utsname uts;
	struct stat st;
	unsigned int major, minor;

	if (rtnl < 0)
		return rtnl;
	host.netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (host.netns >= 0 && fstat(host.netns, &st) == 0)
		host.netns_ino = st.st_ino;
	if (uname(&uts) == 0 && sscanf(uts.release, "%u.%u", &major, &minor) == 2)
		host.kernel = major << 8 | (minor & 0xff);
	host.lockdown = locked_down();
	if (mountinfo_cgroup2(host.cgroup2, sizeof(host.cgroup2)) < 0)
		host.cgroup2[0] = '\0';
	attach_btf_init();
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		missing[i] = kinds[i]->unavailable ? kinds[i]->unavailable(cfg) : NULL;
	*rtnl_out = rtnl;
	return 0;
}

/* Appends ", name" for every kind that accepts one of the types. */
static const char *
kind_names(uint64_t prog_types, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(kinds) && len < size; i++)
		if (kinds[i]->prog_types & prog_types)
			len += (size_t)snprintf(out + len, size - len, "%s%s", len ? ", " : "", kinds[i]->name);
	return out;
}
#define KIND_NAMES(types) kind_names((types), (char[768]){0}, 768)

static const struct attach_kind *
kind_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i]->name, name) == 0)
			return kinds[i];
	return NULL;
}

static int
check_text(const struct msg_attach *req, struct msg_result *res)
{
	if (!IPC_STR_OK(req->kind) || !IPC_STR_OK(req->target) || !IPC_STR_OK(req->netns) ||
	    !IPC_STR_OK(req->direction) || !IPC_STR_OK(req->mode) || !IPC_STR_OK(req->section) ||
	    !options_ok(req->options))
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "a field of the request is not text");
	if (req->priority < 0 || req->priority > 1000)
		return result_set(res, IPC_INVALID_ARGUMENT, -ERANGE, "priority %d is not in 1 to 1000",
			req->priority);
	return 0;
}

static const struct attach_option *
option_named(const struct attach_kind *k, const char *name)
{
	for (const struct attach_option *o = k->options; o && o->name; o++)
		if (strcmp(o->name, name) == 0)
			return o;
	return NULL;
}

static bool
is_number(const char *value, uint64_t *out)
{
	char *end;

	/* strtoull() itself takes white space and a sign. */
	if (value[0] < '0' || value[0] > '9')
		return false;
	errno = 0;
	*out = strtoull(value, &end, strncmp(value, "0x", 2) == 0 ? 16 : 10);
	return errno == 0 && *end == '\0';
}

static bool
is_one_of(const char *value, const char *words)
{
	size_t len = strlen(value);

	for (const char *at = words; len && (at = strstr(at, value)); at += len)
		if ((at == words || at[-1] == '|') && (at[len] == '|' || !at[len]))
			return true;
	return false;
}

static int
check_direction(const struct attach_kind *k, const struct msg_attach *req, struct msg_result *res)
{
	const char *words = k->directions ? k->directions : "ingress|egress", *bar;

	if (!req->direction[0] ? words[0] == '|' : is_one_of(req->direction, words))
		return 0;
	words += words[0] == '|';
	bar = strchr(words, '|');
	return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "attach kind %s needs a direction: "
		"%.*s or %s%s%s", k->name, (int)(bar - words), words, bar + 1,
		req->direction[0] ? ", not " : "", req->direction);
}

/* What a kind does not use is refused, so that nobody believes that it had an effect. */
static int
check_takes(const struct attach_kind *k, const struct msg_attach *req, struct msg_result *res)
{
	const struct {
		uint32_t bit;
		const char *what;
		bool given;
	} fields[] = {
		{ TAKES_NETNS, "network namespace", req->netns[0] },
		{ TAKES_DIRECTION, "direction", req->direction[0] },
		{ TAKES_MODE, "mode", req->mode[0] },
		{ TAKES_COOKIE, "cookie", req->cookie || (req->flags & ATTACH_HAS_COOKIE) },
	};

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (fields[i].given && !(k->takes & fields[i].bit))
			return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "attach kind %s takes no %s",
				k->name, fields[i].what);
	if ((k->takes & TAKES_TARGET) && !req->target[0])
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "attach kind %s needs a target: %s",
			k->name, k->target);
	return k->takes & TAKES_DIRECTION ? check_direction(k, req, res) : 0;
}

static int
check_value(const struct attach_kind *k, const struct attach_option *o, const char *value,
	struct msg_result *res)
{
	bool number = strcmp(o->values, "number") == 0, flag = strcmp(o->values, "flag") == 0;
	const char *words = flag ? "yes|no" : o->values;
	uint64_t ignored;

	if (number ? is_number(value, &ignored) : words[0] ? is_one_of(value, words) : value[0] != '\0')
		return 0;
	return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "attach kind %s: %s is \"%s\", not %s%s",
		k->name, o->name, value, number ? "a number" : words[0] ? "one of " : "some text",
		number ? "" : words);
}

static const char *
option_names(const struct attach_kind *k, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (const struct attach_option *o = k->options; o && o->name && len < size; o++)
		len += (size_t)snprintf(out + len, size - len, "%s%s", len ? ", " : "", o->name);
	return out;
}
#define OPTION_NAMES(k) option_names((k), (char[512]){0}, 512)

static int
check_options(const struct attach_kind *k, const struct msg_attach *req, struct msg_result *res)
{
	char name[IPC_OPTION_NAME_MAX];
	const char *value;
	size_t at = 0;

	while (options_each(req->options, &at, name, &value)) {
		const struct attach_option *o = option_named(k, name);
		int err;

		if (!o)
			return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "attach kind %s has no option "
				"%s; %s%s", k->name, name, k->options ? "it has: " : "it has none",
				OPTION_NAMES(k));
		err = check_value(k, o, value, res);
		if (err)
			return err;
	}
	return 0;
}

const char *
attach_text(const struct attach_in *in, const char *name)
{
	return options_get(in->req->options, name);
}

bool
attach_number(const struct attach_in *in, const char *name, uint64_t *out)
{
	const char *value = attach_text(in, name);

	return value && is_number(value, out);
}

bool
attach_flag(const struct attach_in *in, const char *name)
{
	const char *value = attach_text(in, name);

	return value && strcmp(value, "yes") == 0;
}

void
attach_default_target(struct msg_attach *req)
{
	const char *section = req->section, *slash;
	const struct attach_kind *k = IPC_STR_OK(req->kind) ? kind_named(req->kind) : NULL;
	char prefix[IPC_NAME_MAX];

	if (!k || !k->sections || req->target[0] || !IPC_STR_OK(req->section))
		return;
	section += section[0] == '?';	/* not loaded unless it is asked for */
	slash = strchr(section, '/');
	if (!slash || !slash[1])
		return;
	snprintf(prefix, sizeof(prefix), "%.*s", (int)(slash - section), section);
	if (slash - section > 2 && strcmp(prefix + (slash - section) - 2, ".s") == 0)
		prefix[slash - section - 2] = '\0';	/* it may sleep */
	if (is_one_of(prefix, k->sections))
		snprintf(req->target, sizeof(req->target), "%s", slash + 1);
}

int
attach_out_add(struct attach_out *out, int take_fd)
{
	int *more;

	if (out->link_fd < 0) {
		out->link_fd = take_fd;
		return 0;
	}
	more = reallocarray(out->more, out->n_more + 1, sizeof(*more));
	if (!more) {
		close_keep_errno(take_fd);
		return -ENOMEM;
	}
	out->more = more;
	out->more[out->n_more++] = take_fd;
	return 0;
}

void
attach_out_close(struct attach_out *out)
{
	for (size_t i = 0; i < out->n_more; i++)
		close_keep_errno(out->more[i]);
	free(out->more);
	close_keep_errno(out->link_fd);
	close_keep_errno(out->stub_fd);
	out->link_fd = out->stub_fd = -1;
	out->more = NULL;
	out->n_more = 0;
}

static int
check_program(const struct attach_kind *k, const struct attach_in *in, struct msg_result *res)
{
	uint64_t bit = in->prog_type < 64 ? 1ULL << in->prog_type : 0;
	const char *fit = KIND_NAMES(bit);

	if (k->prog_types & bit)
		return 0;
	return result_set(res, IPC_FAILED_PRECONDITION, -EINVAL, "program %u is of type %s, which cannot be "
		"attached as %s; %s%s", in->req->prog_id,
		bpf_prog_kind_name(in->prog_type, in->prog_attach_type), k->name,
		fit[0] ? "kinds that fit it: " : "bpfd has no attach kind for it yet", fit);
}

static void
begin(const struct attach_kind *k, const struct attach_in *in, struct attach_out *out)
{
	const struct msg_attach *req = in->req;

	*out = (struct attach_out)ATTACH_OUT_NONE;
	out->facts.prog_id = req->prog_id;
	out->facts.priority = req->priority ? req->priority : DEFAULT_PRIORITY;
	out->facts.cookie = req->cookie;
	strcpy(out->facts.kind, k->name);
	strcpy(out->facts.backend, "link");
	strcpy(out->facts.target, req->target);
	strcpy(out->facts.direction, req->direction);
	strcpy(out->facts.mode, req->mode);
}

/* What only the kernel knows of a link. */
static void
finish(const struct attach_in *in, struct attach_out *out)
{
	struct msg_link_facts info = { 0 };

	if (out->link_fd >= 0 && attach_link_info(out->link_fd, in->prog_type, -1, &info) == 0) {
		out->facts.kernel_link_id = info.kernel_link_id;
		out->facts.kernel_link_type = info.kernel_link_type;
	}
}

/* Everything that is the same for all kinds. */
static int
check(const struct attach_in *in, const struct attach_kind **kind, struct msg_result *res)
{
	const struct attach_kind *k;
	int err = check_text(in->req, res);

	if (err)
		return err;
	k = kind_named(in->req->kind);
	if (!k)
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "there is no attach kind %s; there are: %s",
			in->req->kind, KIND_NAMES(UINT64_MAX));
	if (attach_unavailable(k)[0])
		return result_set(res, IPC_FAILED_PRECONDITION, -EOPNOTSUPP, "attach kind %s: %s", k->name,
			attach_unavailable(k));
	err = check_takes(k, in->req, res);
	if (!err)
		err = check_options(k, in->req, res);
	if (!err)
		err = check_program(k, in, res);
	*kind = k;
	return err;
}

int
attach_look(const struct attach_in *in, struct msg_link_sites *what, int *file, struct msg_result *res)
{
	const struct attach_kind *k;
	int err = check(in, &k, res);

	return err || !k->look ? err : k->look(in, what, file, res);
}

int
attach_run(const struct attach_in *in, struct attach_out *out, struct msg_result *res)
{
	const struct attach_kind *k;
	int err = check(in, &k, res);

	if (err)
		return err;
	begin(k, in, out);
	err = k->attach(in, out, res);
	if (err) {
		if (!out->n_more)
			out->link_fd = -1;	/* it may hold an errno by now */
		attach_out_close(out);
	} else {
		finish(in, out);
	}
	return err;
}

int
attach_wish(const struct attach_in *in, struct msg_link_facts *facts, struct msg_result *res)
{
	const struct attach_kind *k;
	struct attach_out out;
	int err = check(in, &k, res);

	if (err)
		return err;
	if (!(k->takes & TAKES_WISH))
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "attach kind %s is not attached to interfaces: "
			"there are none to come", k->name);
	begin(k, in, &out);
	*facts = out.facts;
	strcpy(facts->backend, "");
	return 0;
}
