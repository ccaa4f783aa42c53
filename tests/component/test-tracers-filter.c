/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's filter by the tracer open: real acts on real files. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bpf/open.h"
#include "ipc/kfilter.h"
#include "unit/rules_make.h"
#include "tracers-dir.h"

/* Opens name; did the event come? */
static bool
passes(const char *name)
{
	forget(NULL);
	close(open(name, O_RDONLY));
	tracerrig_drain(rig, 20);
	return tracerrig_find(rig, TR_OPEN, OPEN_OPEN, (uint32_t)getpid());
}

static void
filter_of_the_cheap_kinds(void **state)
{
	const struct ev_hdr *h;
	struct ev_count before, after;
	char comm[16] = "";

	make_file("plain");
	h = last(TR_OPEN, OPEN_OPEN);
	prctl(PR_GET_NAME, comm);
	const struct { uint32_t dim; uint64_t right, wrong; const char *text; } kinds[] = {
		{ DIM_PID, h->tgid, 1, NULL }, { DIM_UID, h->uid, 4242, NULL },
		{ DIM_CGROUP, h->cgroup ? h->cgroup : h->cgroup1, 424242, NULL }, { DIM_COMM, 0, 0, comm },
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (kinds[i].dim == DIM_PID)
			continue;	/* what all others of these tests go by */
		tracerrig_filter(rig, TR_OPEN, (struct ev_tracer_filter){ .dims = kinds[i].dim | DIM_PID });
		before = tracerrig_count(rig, TR_OPEN);
		assert_false(passes("plain"));
		after = tracerrig_count(rig, TR_OPEN);
		assert_true(after.filtered > before.filtered);
		if (kinds[i].text)
			tracerrig_filter_text(rig, TR_OPEN, kinds[i].dim, kinds[i].text);
		else
			tracerrig_filter_number(rig, TR_OPEN, kinds[i].dim, kinds[i].right);
		assert_true(passes("plain"));
		/* Of so many that they are looked up. */
		for (uint64_t more = 1; more <= EV_INLINE; more++)
			tracerrig_filter_number(rig, TR_OPEN, kinds[i].dim, 1000000 + more);
		assert_true(passes("plain"));
	}
	own_alone(TR_OPEN);
}

static uint32_t
components(const char *path)
{
	uint32_t n = 0;

	for (; *path; path++)
		n += *path == '/';
	return n;
}

static void
filter_of_paths_and_prefixes(void **state)
{
	struct ev_tracer_filter f = { .dims = DIM_PID | DIM_PATH };

	make_file("wanted");
	make_file("wanted-not");
	assert_int_equal(mkdir("tree", 0755), 0);
	make_file("tree/leaf");
	assert_int_equal(symlink("wanted", "alias"), 0);

	tracerrig_filter(rig, TR_OPEN, f);
	tracerrig_filter_text(rig, TR_OPEN, DIM_PATH, in_dir("wanted"));
	assert_true(passes("wanted"));
	assert_true(passes("alias"));
	assert_true(passes(in_dir("tree/../wanted")));
	assert_false(passes("wanted-not"));
	assert_false(passes("tree/leaf"));

	f.dims = DIM_PID | DIM_PREFIX;
	f.depths = 1u << components(in_dir("tree"));
	tracerrig_filter(rig, TR_OPEN, f);
	assert_false(passes("tree/leaf"));
	tracerrig_filter_text(rig, TR_OPEN, DIM_PREFIX, in_dir("tree"));
	assert_true(passes("tree/leaf"));
	assert_false(passes("wanted"));
	assert_true(passes("tree/none"));

	f.dims = DIM_PID | DIM_PATH | DIM_PREFIX;
	tracerrig_filter(rig, TR_OPEN, f);
	assert_true(passes("tree/leaf"));
	assert_true(passes("wanted"));
	assert_false(passes("wanted-not"));
	own_alone(TR_OPEN);
}

static struct { const char *name; int flags; } acts[] = {
	{ "lib.so", O_RDONLY }, { "lib.so", O_RDWR }, { "lib.so.1", O_RDONLY }, { "none.so", O_RDONLY },
	{ "made", O_WRONLY | O_CREAT }, { "so", O_RDONLY }, { "./lib.so", O_RDONLY | O_DIRECTORY },
};

/* Which of the acts the kernel lets through; of those the rule's matcher alone, when there is one. */
static unsigned int
let_through(struct matcher *m)
{
	static struct match_result got;
	unsigned int mask = 0;

	for (size_t i = 0; i < ARRAY_SIZE(acts); i++) {
		const struct ev_hdr *h;
		struct event e;

		forget(NULL);
		close(open(acts[i].name, acts[i].flags, 0600));
		tracerrig_drain(rig, 20);
		h = tracerrig_find(rig, TR_OPEN, OPEN_OPEN, (uint32_t)getpid());
		if (!h)
			continue;
		assert_int_equal(record_check_kernel(h, h->len, NULL, &e), 0);
		mask |= (unsigned int)(!m || matcher_run(m, &e, &got)) << i;
	}
	return mask;
}

/* Rules that the kernel can ask to the end: what it lets through is what they match. */
static void
filter_of_members_of_the_record(void **state)
{
	static const struct { const char *condition; unsigned int mask; } rules[] = {
		{ "retval < 0", 1 << 3 | 1 << 6 },
		{ "retval >= 0", 0x7f & ~(1 << 3 | 1 << 6) },
		{ "error = ENOENT", 1 << 3 },
		{ "error exists", 1 << 3 | 1 << 6 },
		{ "flags hasany O_CREAT|O_RDWR", 1 << 1 | 1 << 4 },
		{ "path suffix .so", 1 << 0 | 1 << 1 | 1 << 3 | 1 << 6 },
		{ "basename(path) in {so, made}", 1 << 0 | 1 << 1 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 },
		{ "filename prefix ./", 1 << 6 },
		{ "filename in {lib.so.1, so}", 1 << 2 | 1 << 5 },
		{ "path suffix .so and retval >= 0 and flags hasany O_RDWR", 1 << 1 },
		{ "ns.mnt = 1", 0 },
		{ "event = open and uid inrange 0..4000000000 and not error exists", 0x7f },
	};

	make_file("lib.so");
	make_file("lib.so.1");
	make_file("so");
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		static struct made_set set;
		struct ev_tracer_filter f;
		struct matcher *m;
		struct kfilter *k;
		unsigned int kernel, wanted;
		char text[300];
		void *out;
		size_t len;

		snprintf(text, sizeof(text), "version = 2\ntracer = 'open'\ncondition = '%s'\n", rules[i].condition);
		made_rule(&set, text);
		m = made_matcher(&set);
		assert_int_equal(push_compute(&set.set, UINT64_MAX, &out, &len), 0);
		k = out;
		own_alone(TR_OPEN);
		wanted = let_through(m);
		f = k->filter.t[TR_OPEN];
		assert_true(f.dims & DIM_TESTS);
		f.dims |= DIM_PID;
		tracerrig_filter(rig, TR_OPEN, f);
		kernel = let_through(NULL);
		if (kernel != rules[i].mask || (wanted & ~kernel))
			fail_msg("%s: %x, %x wanted", rules[i].condition, kernel, wanted);
		free(out);
		matcher_free(m);
		made_set_clear(&set);
	}
	own_alone(TR_OPEN);
}

/* In a child that was never announced, and then executes: does the event of its own come? */
static bool
child_passes(bool executes)
{
	const struct ev_open *e;
	size_t at = 0;
	pid_t pid;

	forget(NULL);
	pid = fork();
	if (pid == 0) {
		if (executes)
			execl("/bin/cat", "cat", "plain", NULL);
		close(open("plain", O_RDONLY));
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	tracerrig_drain(rig, 20);
	while ((e = tracerrig_next(rig, &at, TR_OPEN, OPEN_OPEN, (uint32_t)pid)))
		if (strcmp(tracerrig_str(e, e->filename), "plain") == 0)
			return true;
	return false;
}

static void
filter_of_executables(void **state)
{
	char exe[PATH_MAX] = "";

	assert_true(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
	make_file("plain");
	own_alone(TR_OPEN);
	assert_true(passes("plain"));
	tracerrig_filter(rig, TR_OPEN, (struct ev_tracer_filter){ .dims = DIM_EXE | DIM_PID });
	tracerrig_filter_text(rig, TR_OPEN, DIM_EXE, "/bin/another");
	assert_false(passes("plain"));
	/* To another enricher nothing was said: once it passes. */
	tracerrig_generation(rig);
	assert_true(passes("plain"));
	assert_false(passes("plain"));
	tracerrig_filter_text(rig, TR_OPEN, DIM_EXE, exe);
	assert_true(passes("plain"));
	for (int more = 0; more < EV_INLINE; more++)
		tracerrig_filter_text(rig, TR_OPEN, DIM_EXE, (const char *const[]){ "/a", "/b", "/c", "/d" }[more]);
	assert_true(passes("plain"));

	/* Nobody knows yet what a new process runs, nor one that has just executed something. */
	tracerrig_filter(rig, TR_OPEN, (struct ev_tracer_filter){ .dims = DIM_EXE });
	assert_true(child_passes(false));
	tracerrig_filter(rig, TR_OPEN, (struct ev_tracer_filter){ .dims = DIM_EXE | DIM_PATH });
	tracerrig_filter_text(rig, TR_OPEN, DIM_PATH, in_dir("plain"));
	assert_true(child_passes(true));
	own_alone(TR_OPEN);
}

static void
filter_of_containers(void **state)
{
	const uint32_t host = 1, one = 1u << 3, pod = EV_RUNTIME_POD;
	struct ev_tracer_filter f = { .dims = DIM_RUNTIME | DIM_PID };
	struct ev_hdr h;

	make_file("plain");
	own_alone(TR_OPEN);
	assert_true(passes("plain"));
	h = *(const struct ev_hdr *)last(TR_OPEN, OPEN_OPEN);
	f.runtimes = one;
	tracerrig_filter(rig, TR_OPEN, f);
	assert_true(passes("plain"));		/* nobody said what it is */
	tracerrig_kind(rig, &h, 0);
	assert_false(passes("plain"));
	tracerrig_kind(rig, &h, 3);
	assert_true(passes("plain"));
	tracerrig_kind(rig, &h, 4);
	assert_false(passes("plain"));
	f.runtimes = host | pod;
	tracerrig_filter(rig, TR_OPEN, f);
	assert_false(passes("plain"));
	tracerrig_kind(rig, &h, 4 | EV_KIND_POD);
	assert_true(passes("plain"));
	tracerrig_kind(rig, &h, 0);
	assert_true(passes("plain"));

	/* What another cgroup at the same place is says nothing. */
	f.runtimes = one;
	tracerrig_filter(rig, TR_OPEN, f);
	assert_false(passes("plain"));
	h.cgroup += EV_KIND_PLACES;
	h.cgroup1 += h.cgroup1 ? EV_KIND_PLACES : 0;
	tracerrig_kind(rig, &h, 0);
	assert_true(passes("plain"));
	own_alone(TR_OPEN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(filter_of_the_cheap_kinds),
		TEST(filter_of_paths_and_prefixes),
		TEST(filter_of_members_of_the_record),
		TEST(filter_of_executables),
		TEST(filter_of_containers),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
