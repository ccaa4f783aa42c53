/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of the kernel that can be traced and fit a list of names and patterns, in a memfd. */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/closest.h"
#include "oneshot/oneshot.h"

#define PATTERNS_MAX 64
#define BEGIN_LEN 3		/* letters that are taken for right, in a name that is compared */

static const struct sandbox_rule rules[] = {
#define SANDBOX_OP SANDBOX_OP_FUNCTIONS
#include "oneshot/sandbox.def"
};

struct search {
	const char *patterns[PATTERNS_MAX];
	bool seen[PATTERNS_MAX], glob[PATTERNS_MAX];
	size_t n;
	struct closest near;		/* to the first pattern */
	int out;
	char room[65536];		/* names on their way to out */
	size_t len;
	uint64_t bytes;
	int err;
};

static int
split(struct search *s, char *names)
{
	char *word;

	while ((word = strsep(&names, ","))) {
		if (!word[0] || s->n == PATTERNS_MAX)
			return -EINVAL;
		s->glob[s->n] = strpbrk(word, "*?[") != NULL;
		s->patterns[s->n++] = word;
	}
	return s->n ? 0 : -EINVAL;
}

static void
flush(struct search *s)
{
	size_t done = 0;

	while (!s->err && done < s->len) {
		ssize_t n = write(s->out, s->room + done, s->len - done);

		if (n < 0)
			s->err = -errno;
		else
			done += (size_t)n;
	}
	s->len = 0;
}

static void
take(struct search *s, const char *name)
{
	size_t len = strlen(name) + 1;
	bool fits = false;

	for (size_t i = 0; i < s->n; i++)
		if (s->glob[i] ? fnmatch(s->patterns[i], name, 0) == 0 : strcmp(s->patterns[i], name) == 0)
			fits = s->seen[i] = true;
	if (!s->glob[0] && strncmp(s->patterns[0], name, BEGIN_LEN) == 0)
		closest_offer(&s->near, name);
	if (!fits)
		return;
	if (s->len + len > sizeof(s->room))
		flush(s);
	memcpy(s->room + s->len, name, len);
	s->len += len;
	s->bytes += len;
}

/* Lines "NAME" or "NAME [MODULE]"; names of sections that went away are no functions. */
static void
read_all(struct search *s, FILE *f)
{
	char line[1024];

	while (!s->err && fgets(line, sizeof(line), f)) {
		line[strcspn(line, " \t\n")] = '\0';
		if (line[0] && strncmp(line, "__ftrace_invalid_address", 24) != 0)
			take(s, line);
	}
	flush(s);
}

static int
answer(struct oneshot *o, struct search *s)
{
	const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	const struct msg_one_fd facts = { .size = s->bytes };

	if (s->err)
		return one_refuse(o, IPC_RESOURCE_EXHAUSTED, s->err, "no room for the names of functions");
	for (size_t i = 0; i < s->n; i++)
		if (!s->seen[i])
			return one_refuse(o, IPC_NOT_FOUND, -ENOENT, "no function of the kernel that can be "
				"traced fits %s%s", s->patterns[i], i ? "" : CLOSEST_TEXT(&s->near));
	if (fcntl(s->out, F_ADD_SEALS, seals) < 0)
		return one_refuse(o, IPC_INTERNAL, -errno, "cannot seal the names: %m");
	return one_answer(o, s->out, &facts);
}

static int
run(struct oneshot *o, const void *payload, int *fds)
{
	static struct search s;
	static char names[IPC_OPTIONS_MAX], buffer[65536];
	const struct msg_functions *req = payload;
	FILE *f;
	int fd, err;

	if (!IPC_STR_OK(req->names))
		return one_refuse(o, IPC_INVALID_ARGUMENT, -EINVAL, "not names of functions");
	strcpy(names, req->names);
	if (split(&s, names))
		return one_refuse(o, IPC_INVALID_ARGUMENT, -EINVAL, "\"%s\" is not a list of up to %d names "
			"or patterns with a comma between", req->names, PATTERNS_MAX);
	closest_init(&s.near, s.patterns[0]);
	fd = openat(o->dir, "available_filter_functions", O_RDONLY | O_CLOEXEC);
	err = -errno;
	one_keep_caps(0);
	f = fd < 0 ? NULL : fdopen(fd, "r");
	if (!f)
		return one_refuse(o, IPC_FAILED_PRECONDITION, err,
			"this kernel has no list of functions that can be traced (CONFIG_DYNAMIC_FTRACE)");
	setvbuf(f, buffer, _IOFBF, sizeof(buffer));
	s.out = memfd_create("bpfd-functions", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (s.out < 0)
		return one_refuse(o, IPC_INTERNAL, -errno, "memfd: %m");
	read_all(&s, f);
	return answer(o, &s);
}

const struct one_op op_ONE_FUNCTIONS = {
	.caps = CAP_BIT(DAC_READ_SEARCH),
	.dir_only = true,
	ONE_RULES_FIELDS,
	.prepare = one_open_tracefs,
	.run = run,
};
