/* SPDX-License-Identifier: Apache-2.0 */
/* Containers that the real bpfd-action kills, freezes and thaws, and what it leaves alone. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "action-acts.h"
#include "common/auto.h"

static char own[32];	/* path of the container, of this process alone: the test may run twice at a time */

/* A path made of it; good until the next one. */
static const char *
with(const char *before, const char *after)
{
	static char path[64];

	snprintf(path, sizeof(path), "%s%s%s", before, own, after);
	return path;
}

/* Where the hierarchy is mounted, or NULL with a reason. */
static const char *
hierarchy(const char *controller)
{
	static char path[64];
	struct statfs fs;

	if (!controller) {
		strcpy(path, "/sys/fs/cgroup/unified");
		if (access("/sys/fs/cgroup/cgroup.procs", F_OK) == 0)
			strcpy(path, "/sys/fs/cgroup");
		return statfs(path, &fs) == 0 && fs.f_type == 0x63677270 ? path : NULL;
	}
	snprintf(path, sizeof(path), "/sys/fs/cgroup/%s", controller);
	return statfs(path, &fs) == 0 && fs.f_type == 0x27e0eb ? path : NULL;
}

static void
write_to(const char *dir, const char *file, const char *text)
{
	char path[640];
	AUTO(fd) int fd = -1;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_true(write(fd, text, strlen(text)) > 0);
}

/* n processes in dir and n in a cgroup below it. */
static void
populate(char dirs[][128], size_t n_dirs, pid_t *pids, int n)
{
	char text[16], below[544];

	for (size_t d = 0; d < n_dirs; d++) {
		snprintf(below, sizeof(below), "%s/below", dirs[d]);
		if ((mkdir(dirs[d], 0755) < 0 && errno != EEXIST) ||
		    (mkdir(below, 0755) < 0 && errno != EEXIST))
			fail_msg("mkdir %s: %s", dirs[d], strerror(errno));
	}
	for (int i = 0; i < n; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (;;)
				pause();
		}
		snprintf(text, sizeof(text), "%d", pids[i]);
		for (size_t d = 0; d < n_dirs; d++) {
			snprintf(below, sizeof(below), "%s/below", dirs[d]);
			write_to(i % 2 ? below : dirs[d], "cgroup.procs", text);
		}
	}
}

static void
clear(char dirs[][128], size_t n_dirs, pid_t *pids, int n)
{
	char below[544];

	for (int i = 0; i < n; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	for (size_t d = 0; d < n_dirs; d++) {
		snprintf(below, sizeof(below), "%s/below", dirs[d]);
		for (int i = 0; i < 100 && rmdir(below) < 0 && errno == EBUSY; i++)
			usleep(10000);
		for (int i = 0; i < 100 && rmdir(dirs[d]) < 0 && errno == EBUSY; i++)
			usleep(10000);
	}
}

static void
put_container(const char *dir, uint32_t hierarchy_no, uint32_t flags, pid_t pid, const char *action)
{
	struct ev_open o = { .h = { .tracer = TR_OPEN, .ts = arig_now_ns(), .tgid = (uint32_t)pid,
		.start = 1000, .comm = "thing" } };
	struct rec_ctx *c;

	made_event(&rig.made, &o, sizeof(o));
	made_str(&rig.made, ev_open, path, "/x");
	c = made_ctx(&rig.made, CTX_PROC | flags);
	c->cgroup_hierarchy = hierarchy_no;
	made_ctx_str(&rig.made, cgroup_dir, dir);
	made_ctx_str(&rig.made, container, "0123");
	made_match(&rig.made, "r1", arig_bit(&rig, action), MATCH_ENFORCE);
	made_end(&rig.made);
	arig_put(&rig);
	arig_commit(&rig);
}

static char dirs[4][128];
static size_t n_dirs;
static uint32_t number;

static int
setup_cgroup(const char *const *controllers)
{
	static const struct { const char *name; uint32_t index; } known[] = {
		{ "freezer", CGROUP1_FREEZER }, { "pids", CGROUP1_PIDS }, { "memory", CGROUP1_MEMORY } };

	arig_open(&rig, CLASS_CGROUP);
	rig.flags = ACTION_ALLOW_ENFORCE;
	arig_give(&rig, ACTION_FD_PROC, 0, rig.proc_fd);
	n_dirs = 0;
	number = controllers ? 1 : 2;
	for (; controllers && *controllers; controllers++) {
		const char *path = hierarchy(*controllers);

		for (size_t k = 0; path && k < ARRAY_SIZE(known); k++) {
			if (strcmp(known[k].name, *controllers) != 0)
				continue;
			arig_give(&rig, ACTION_FD_CGROUP1, known[k].index,
				open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
			snprintf(dirs[n_dirs++], sizeof(dirs[0]), "%s%s", path, own);
		}
	}
	if (number == 2 && hierarchy(NULL)) {
		arig_give(&rig, ACTION_FD_CGROUP2, 0, open(hierarchy(NULL), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
		snprintf(dirs[n_dirs++], sizeof(dirs[0]), "%s%s", hierarchy(NULL), own);
	}
	return 0;
}

static int
setup_v1(void **state)
{
	return setup_cgroup((const char *const[]){ "freezer", "pids", "memory", NULL });
}

static int
setup_v1_without_freezer(void **state)
{
	return setup_cgroup((const char *const[]){ "pids", "memory", NULL });
}

static int
setup_v2(void **state)
{
	return setup_cgroup(NULL);
}

static int
teardown_cgroup(void **state)
{
	for (unsigned int i = 0; i < rig.n_given; i++)
		if (rig.given[i].m.kind != ACTION_FD_PROC)
			close(rig.given[i].fd);
	return teardown(state);
}

static void
skip_without_hierarchy(void)
{
	if (n_dirs)
		return;
	print_message("this machine has no cgroups of version %u\n", number);
	skip();
}

static void
kills_every_process_of_a_container(void **state)
{
	pid_t pids[10], other = fork();

	if (other == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	skip_without_hierarchy();
	populate(dirs, n_dirs, pids, 10);
	arig_start(&rig);
	put_container(own, number, CTX_CONTAINER, pids[0], "kill_container");
	/* They are this test's children and stay as zombies until they are waited for. */
	for (int i = 0; i < 10; i++) {
		for (int k = 0; k < 300 && waitpid(pids[i], NULL, WNOHANG) == 0; k++)
			usleep(10000);
		assert_false(alive(pids[i]));
	}
	assert_int_equal(outcome(), OUTCOME_DONE);
	assert_string_equal(res.container, "0123");
	assert_true(alive(other));
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	clear(dirs, n_dirs, pids, 0);
}

static bool
frozen(void)
{
	char path[160], buf[128] = "";
	AUTO(fd) int fd = -1;

	snprintf(path, sizeof(path), "%s/%s", dirs[0], number == 2 ? "cgroup.events" : "freezer.state");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(read(fd, buf, sizeof(buf) - 1) > 0);
	return strstr(buf, number == 2 ? "frozen 1" : "FROZEN");
}

static void
freezes_and_thaws_a_container(void **state)
{
	pid_t pids[4];

	skip_without_hierarchy();
	populate(dirs, n_dirs, pids, 4);
	arig_start(&rig);
	put_container(own, number, CTX_CONTAINER, pids[0], "pause");
	assert_int_equal(outcome(), OUTCOME_DONE);
	assert_true(frozen());
	put_container(own, number, CTX_CONTAINER, pids[0], "resume");
	assert_int_equal(outcome(), OUTCOME_DONE);
	assert_false(frozen());
	clear(dirs, n_dirs, pids, 4);
}

static void
refuses_the_root_and_what_is_no_container(void **state)
{
	static const char *const bad[] = { "/", "", "/../etc" };
	pid_t pids[2];

	skip_without_hierarchy();
	populate(dirs, n_dirs, pids, 2);
	arig_start(&rig);
	put_container(own, number, 0, pids[0], "kill_container");
	assert_int_equal(outcome(), OUTCOME_PROTECTED);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		put_container(bad[i], number, CTX_CONTAINER, pids[0], "kill_container");
		assert_int_not_equal(outcome(), OUTCOME_DONE);
	}
	put_container(with("/.", "/../.."), number, CTX_CONTAINER, pids[0], "kill_container");
	assert_int_not_equal(outcome(), OUTCOME_DONE);
	put_container(with("", "/"), number, CTX_CONTAINER, pids[0], "kill_container");
	assert_int_not_equal(outcome(), OUTCOME_DONE);
	put_container(with("", "-that-is-gone"), number, CTX_CONTAINER, pids[0], "kill_container");
	assert_int_equal(outcome(), OUTCOME_GONE);
	assert_true(alive(pids[0]) && alive(pids[1]));
	clear(dirs, n_dirs, pids, 2);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define IN(where, name) { #name "_" #where, name, setup_##where, teardown_cgroup, NULL }
		IN(v1, kills_every_process_of_a_container),
		IN(v1_without_freezer, kills_every_process_of_a_container),
		IN(v1, freezes_and_thaws_a_container),
		IN(v1, refuses_the_root_and_what_is_no_container),
		IN(v2, kills_every_process_of_a_container),
		IN(v2, freezes_and_thaws_a_container),
		IN(v2, refuses_the_root_and_what_is_no_container),
	};

	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_DFL);	/* shells let what runs behind them ignore it */
	snprintf(own, sizeof(own), "/bpfd-test-%d", getpid());
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("action-cgroup", tests, NULL, NULL);
}
