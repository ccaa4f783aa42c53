/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpfd-config [--print | --check] NAME
 *
 * Reads TOML from descriptor 0, says every mistake on 2, and writes the resolved struct config to
 * descriptor 3 when there is none.  --check writes nothing to 3; --print writes a file with every
 * key to 1.  One throw-away process, so that no other parses the text.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "common/auto.h"
#include "common/log.h"
#include "common/sandbox.h"
#include "config/read.h"

#define RESULT_FD	3
#define TEXT_MAX	(1 << 20)
#define BTF_MAX		(64 << 20)

struct reading {
	struct names names;
	const char *file;
	bool check, print;
	struct sandbox sb;
};

static const struct sandbox_rule rules[] = {
#include "config/sandbox.def"
};

/* sysfs gives the file in pages; its size is true. */
static void
read_btf(struct names *n)
{
	AUTO(fd) int fd = open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC);
	struct stat st;
	size_t got = 0;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size <= 0 || st.st_size > BTF_MAX)
		return;
	n->btf = malloc((size_t)st.st_size);
	while (n->btf && got < (size_t)st.st_size) {
		ssize_t r = read(fd, (char *)n->btf + got, (size_t)st.st_size - got);

		if (r <= 0)
			break;
		got += (size_t)r;
	}
	n->btf_size = got;
}

static int
start(int argc, char **argv, struct reading *r)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--check") == 0)
			r->check = true;
		else if (strcmp(argv[i], "--print") == 0)
			r->print = true;
		else
			r->file = argv[i];
	}
	sandbox_close_from(r->check || r->print ? RESULT_FD : RESULT_FD + 1);
	r->names.passwd = fopen("/etc/passwd", "re");
	r->names.group = fopen("/etc/group", "re");
	if (!r->print)
		read_btf(&r->names);
	return sandbox_user("bpfd-conf", &r->sb.uid, &r->sb.gid);
}

static int
seal(struct reading *r)
{
	r->sb.name = "bpfd-config";
	r->sb.root_fd = -1;
	r->sb.landlock = true;
	r->sb.limits.cpu_s = 10;
	r->sb.rules = rules;
	r->sb.n_rules = ARRAY_SIZE(rules);
	return sandbox_enter(&r->sb);
}

static int
read_text(const struct reading *r, char **out, size_t *len)
{
	AUTO(mem) char *text = malloc(TEXT_MAX + 1);
	size_t got = 0;

	while (text && got <= TEXT_MAX) {
		ssize_t n = read(STDIN_FILENO, text + got, TEXT_MAX + 1 - got);

		if (n < 0) {
			fprintf(stderr, "%s: cannot be read: %s\n", r->file, strerrordesc_np(errno));
			return -errno;
		}
		if (n == 0)
			break;
		got += (size_t)n;
	}
	if (!text)
		return -ENOMEM;
	if (got > TEXT_MAX) {
		fprintf(stderr, "%s: larger than %d bytes\n", r->file, TEXT_MAX);
		return -EFBIG;
	}
	*len = got;
	*out = TAKE_PTR(text);
	return 0;
}

static int
give(const struct config *c)
{
	const char *p = (const char *)c;
	size_t left = sizeof(*c);

	while (left > 0) {
		ssize_t n = write(RESULT_FD, p, left);

		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		p += n;
		left -= (size_t)n;
	}
	return 0;
}

static int
run(struct reading *r)
{
	AUTO(mem) struct config *c = malloc(sizeof(*c));
	AUTO(mem) char *text = NULL;
	size_t len = 0;

	if (r->print) {
		config_print(stdout);
		return fflush(stdout) ? -EIO : 0;
	}
	if (!c || read_text(r, &text, &len) < 0)
		return -EIO;
	if (config_read(&r->names, r->file, text, len, stderr, c))
		return -EINVAL;
	return r->check ? 0 : give(c);
}

int
main(int argc, char **argv)
{
	static struct reading r = { .file = "bpfd.toml" };

	if (start(argc, argv, &r) < 0 || seal(&r) < 0)
		return EXIT_FAILURE;
	return run(&r) ? EXIT_FAILURE : EXIT_SUCCESS;
}
