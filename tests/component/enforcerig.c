/* SPDX-License-Identifier: Apache-2.0 */
#include "enforcerig.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rules/enforce.h"
#include "rules/parse.h"

struct tracerrig *rig;
char dir[64];
const char *enforce_protect;
bool enforce_observe;

static struct enf_table made;
static pid_t last_pid;

const struct enf_table *
enforce_made(void)
{
	return &made;
}

void
enforce_table(const struct enf_table *t)
{
	int outer = bpf_object__find_map_fd_by_name(tracerrig_object(rig, 1), "enforce_tables");
	uint32_t zero = 0;
	int inner;

	if (!t) {
		bpf_map_delete_elem(outer, &zero);
		return;
	}
	inner = bpf_map_create(BPF_MAP_TYPE_ARRAY, "table", 4, sizeof(*t), 1, NULL);
	assert_true(inner >= 0);
	assert_int_equal(bpf_map_update_elem(inner, &zero, t, 0), 0);
	assert_int_equal(bpf_map_update_elem(outer, &zero, &inner, 0), 0);
	close(inner);
}

static char *
with_folder(const char *text)
{
	size_t n = strlen(text), len = strlen(dir);
	char *out = calloc(1, n * 32 + 1), *to = out;

	for (; *text; text++) {
		if (text[0] != '%' || text[1] != 'D') {
			*to++ = *text;
			continue;
		}
		memcpy(to, dir, len);
		to += len;
		text++;
	}
	return out;
}

void
enforce_rules(const char *const *texts)
{
	const struct enforce_protect protect = { &enforce_protect, enforce_protect != NULL };
	struct enforce_source sources[8] = { 0 };
	struct rules_parsed parsed[8];
	char why[400] = "", name[16];
	size_t n = 0;

	for (; texts[n]; n++) {
		char *text = with_folder(texts[n]);

		snprintf(name, sizeof(name), "r%zu", n);
		assert_int_equal(rules_parse(name, text, strlen(text), NULL, &parsed[n]), 0);
		for (size_t i = 0; i < parsed[n].n_problems; i++)
			print_message("%s\n", parsed[n].problems[i].text);
		assert_non_null(parsed[n].rule);
		sources[n] = (struct enforce_source){ .rule = parsed[n].rule,
			.enforce = parsed[n].rule->mode == RULE_ENFORCE && !enforce_observe };
		free(text);
	}
	assert_int_equal(enforce_compile(sources, n, &protect, &made, why, sizeof(why)), 0);
	assert_int_equal(enforce_table_check(&made), 0);
	while (n-- > 0)
		rules_parsed_free(&parsed[n]);
	enforce_table(&made);
}

int
enforce_setup(void **state)
{
	int err = tracerrig_open((const char *const[]){ "enforce", NULL }, NULL, &rig);

	if (err)
		return err;
	strcpy(dir, "/var/tmp/bpfd-enforce-XXXXXX");
	return !mkdtemp(dir) || chmod(dir, 0755) ? -errno : 0;
}

int
enforce_teardown(void **state)
{
	char cmd[128];

	tracerrig_close(rig);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd);
}

int
enforce_forget(void **state)
{
	enforce_protect = NULL;
	enforce_observe = false;
	enforce_table(NULL);
	tracerrig_drain(rig, 0);
	tracerrig_forget(rig);
	return 0;
}

const char *
in_dir(const char *name)
{
	static char paths[4][256];
	static unsigned int at;
	char *path = paths[at++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	return path;
}

void
enforce_copy(const char *from, const char *name)
{
	int in = open(from, O_RDONLY | O_CLOEXEC), out = open(in_dir(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	char buf[65536];
	ssize_t n;

	assert_true(in >= 0 && out >= 0);
	while ((n = read(in, buf, sizeof(buf))) > 0)
		assert_int_equal(write(out, buf, (size_t)n), n);
	close(in);
	close(out);
}

int
enforce_act(int (*act)(const void *arg), const void *arg)
{
	int status = 0;

	last_pid = fork();
	assert_true(last_pid >= 0);
	if (last_pid == 0)
		_exit(act(arg));
	assert_int_equal(waitpid(last_pid, &status, 0), last_pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

pid_t
enforce_last_pid(void)
{
	return last_pid;
}

const struct ev_enforce *
enforce_decision(pid_t pid)
{
	const struct ev_enforce *e = NULL;

	for (int i = 0; i < 500 && !e; i++) {
		tracerrig_drain(rig, 1);
		e = tracerrig_find(rig, TR_ENFORCE, ENFORCE_DECISION, (uint32_t)pid);
	}
	return e;
}

int
enforce_run(const void *path)
{
	execl(path, "touch", in_dir("ran"), NULL);
	return errno;
}

bool
enforce_ran(void)
{
	return unlink(in_dir("ran")) == 0;
}

void
enforce_need_lsm(void)
{
	if (tracerrig_has_lsm())
		return;
	print_message("this kernel lets no program of a security module load\n");
	skip();
}

void
enforce_decided(const struct ev_enforce *e, enum enf_hook hook, enum enf_outcome outcome, const char *path)
{
	assert_non_null(e);
	assert_int_equal(e->hook, hook);
	assert_int_equal(e->outcome, outcome);
	assert_string_equal(tracerrig_str(e, e->rule), "r0");
	assert_int_equal(e->h.ret, outcome == ENF_DENIED || outcome == ENF_DENIED_UNDECIDED ? -EPERM : 0);
	if (path)
		assert_string_equal(tracerrig_str(e, e->path), path);
}
