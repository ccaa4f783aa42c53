/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpfd-config [--print | --check] NAME
 *
 * Reads TOML from descriptor 0, says every mistake on 2, and writes the resolved struct config to
 * descriptor 3 when there is none.  --check writes nothing to 3; --print writes a file with every
 * key to 1.  One throw-away process, so that no other parses the text.
 *
 * --rules: 0 is a bundle (ipc/bundle.h) of rule files and lists, 3 gets the bytes of parsed_pack();
 * --list-entries=N is what one list may have.
 * --actions: 0 is a bundle of actions, 3 gets struct action_table.
 * --tracers: 0 is a bundle of declared tracers, 3 gets struct declared_table.
 * --trust: 0 is a bundle of trust.d, 3 gets struct image_trust.
 * --docker, --containerd, --crio, --podman ID: 0 is a file of that runtime, 3 gets struct container_facts.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "common/auto.h"
#include "common/log.h"
#include "common/sandbox.h"
#include "config/actions.h"
#include "config/container.h"
#include "config/read.h"
#include "config/rules.h"
#include "config/tracers.h"
#include "config/trust.h"
#include "ipc/bundle.h"
#include "rules/parse.h"

#define RESULT_FD	3
#define TEXT_MAX	(1 << 20)
#define BTF_MAX		(64 << 20)

enum mode { READ, CHECK, PRINT, RULES, ACTIONS, TRACERS, TRUST, STORES, N_MODES = STORES + N_CONTAINER_STORES };
static const char *const mode_words[N_MODES] = {
	[READ] = "", [CHECK] = "--check", [PRINT] = "--print", [RULES] = "--rules",
	[ACTIONS] = "--actions", [TRACERS] = "--tracers", [TRUST] = "--trust",
#define CONTAINER_STORE(ID, word, max) [STORES + STORE_##ID] = "--" word,
#include "ipc/stores.def"
};
static const size_t text_max[N_MODES] = {
	[READ] = TEXT_MAX, [CHECK] = TEXT_MAX, [RULES] = BUNDLE_BYTES_MAX,
	[ACTIONS] = BUNDLE_BYTES_MAX, [TRACERS] = BUNDLE_BYTES_MAX,
	[TRUST] = BUNDLE_BYTES_MAX,
#define CONTAINER_STORE(ID, word, max) [STORES + STORE_##ID] = (max),
#include "ipc/stores.def"
};

struct reading {
	struct names names;
	const char *file;
	enum mode mode;
	uint32_t list_entries;
	struct sandbox sb;
};

static const struct sandbox_rule rules[] = {
#include "config/sandbox.def"
};

/* sysfs gives the file in pages, by a thousand reads; its size is true.  Mapped since Linux 6.16. */
static void
read_btf(struct names *n)
{
	AUTO(fd) int fd = open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC);
	struct stat st;
	size_t got = 0;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size <= 0 || st.st_size > BTF_MAX)
		return;
	n->btf = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (n->btf != MAP_FAILED) {
		n->btf_size = (size_t)st.st_size;
		return;
	}
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
		enum mode m = CHECK;

		while (m < N_MODES && strcmp(argv[i], mode_words[m]) != 0)
			m++;
		if (m < N_MODES)
			r->mode = m;
		else if (sscanf(argv[i], "--list-entries=%u", &r->list_entries) != 1)
			r->file = argv[i];
	}
	sandbox_close_from(r->mode == CHECK || r->mode == PRINT ? RESULT_FD : RESULT_FD + 1);
	r->names.passwd = fopen("/etc/passwd", "re");
	r->names.group = fopen("/etc/group", "re");
	if (r->mode == READ || r->mode == CHECK || r->mode == TRACERS)
		read_btf(&r->names);
	if (r->mode >= TRUST)
		json_object_seed(0);	/* opens /dev/urandom */
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
	size_t max = text_max[r->mode], room = 0, got = 0;
	AUTO(mem) char *text = NULL;

	for (;;) {
		ssize_t n;

		if (got == room) {
			char *more = realloc(text, room = room ? 2 * room : 65536);

			if (!more)
				return -ENOMEM;
			text = more;
		}
		n = read(STDIN_FILENO, text + got, room - got);
		if (n < 0) {
			fprintf(stderr, "%s: cannot be read: %s\n", r->file, strerrordesc_np(errno));
			return -errno;
		}
		if (n == 0)
			break;
		got += (size_t)n;
		if (got > max) {
			fprintf(stderr, "%s: larger than %zu bytes\n", r->file, max);
			return -EFBIG;
		}
	}
	*len = got;
	*out = TAKE_PTR(text);
	return 0;
}

static int
give(const void *result, size_t left)
{
	const char *p = result;

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
run_config(struct reading *r, const char *text, size_t len)
{
	AUTO(mem) struct config *c = malloc(sizeof(*c));

	if (!c)
		return -ENOMEM;
	if (config_read(&r->names, r->file, text, len, stderr, c))
		return -EINVAL;
	return r->mode == CHECK ? 0 : give(c, sizeof(*c));
}

static int
run_rules(const struct reading *r, const char *text, size_t len)
{
	AUTO(mem) void *result = NULL;
	size_t result_len = 0;
	int err = rules_read_bundle(text, len, r->list_entries, stderr, &result, &result_len);

	if (err) {
		fprintf(stderr, "rules cannot be read: %s\n", strerrordesc_np(-err));
		return err;
	}
	return give(result, result_len);
}

static int
run_actions(struct reading *r, const char *text, size_t len)
{
	AUTO(mem) struct action_table *t = calloc(1, sizeof(*t));
	int err = t ? actions_read_bundle(&r->names, text, len, stderr, t) : -ENOMEM;

	return err ? err : give(t, sizeof(*t));
}

static int
run_tracers(struct reading *r, const char *text, size_t len)
{
	AUTO(mem) struct declared_table *t = malloc(sizeof(*t));
	int err = t ? tracers_read_bundle(&r->names, text, len, stderr, t) : -ENOMEM;

	return err ? err : give(t, sizeof(*t));
}

static int
run_trust(const char *text, size_t len)
{
	AUTO(mem) struct image_trust *t = malloc(sizeof(*t));
	int err = t ? trust_read_bundle(text, len, stderr, t) : -ENOMEM;

	return err ? err : give(t, sizeof(*t));
}

static int
run_container(const struct reading *r, const char *text, size_t len)
{
	struct container_facts facts = { 0 };
	int err = container_read((enum container_store)(r->mode - STORES), r->file, text, len, &facts);

	/* An index without it, as of a user's container beside root's, is an answer and no mistake. */
	if (err == -ENOENT)
		err = 0;
	if (err == -EBADMSG)
		fprintf(stderr, "the file of container %s cannot be understood\n", r->file);
	return err ? err : give(&facts, sizeof(facts));
}

static int
run(struct reading *r)
{
	AUTO(mem) char *text = NULL;
	size_t len = 0;

	if (r->mode == PRINT) {
		config_print(stdout);
		return fflush(stdout) ? -EIO : 0;
	}
	if (read_text(r, &text, &len) < 0)
		return -EIO;
	if (r->mode == RULES)
		return run_rules(r, text, len);
	if (r->mode == ACTIONS)
		return run_actions(r, text, len);
	if (r->mode == TRACERS)
		return run_tracers(r, text, len);
	if (r->mode == TRUST)
		return run_trust(text, len);
	if (r->mode >= STORES)
		return run_container(r, text, len);
	return run_config(r, text, len);
}

int
main(int argc, char **argv)
{
	static struct reading r = { .file = "bpfd.toml", .list_entries = RULE_LIST_DEFAULT };

	if (start(argc, argv, &r) < 0 || seal(&r) < 0)
		return EXIT_FAILURE;
	return run(&r) ? EXIT_FAILURE : EXIT_SUCCESS;
}
