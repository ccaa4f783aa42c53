/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "enricher/procs.h"
#include "unit/kring_fake.h"

#define N	64
#define CGROUPS	16
#define LARGE	8

/* The state, and the tables over it, which can be made again as a successor does. */
static unsigned char *memory;
static uint64_t high[4];
static uint32_t host_mntns;
static struct pool pool;
static struct naming naming;
static struct cgroups cgroups;
static struct procs procs;
static char room[FAKE_MAX] __attribute__((aligned(8)));

static void
attach(void)
{
	unsigned char *large = memory + (N + 2 * CGROUPS) * STATE_SLOT_BYTES;

	memset(&procs, 0, sizeof(procs));
	memset(&naming, 0, sizeof(naming));
	assert_int_equal(pool_init(&pool, large, LARGE, &high[0]), 0);
	assert_int_equal(naming_init(&naming, memory + (N + CGROUPS) * STATE_SLOT_BYTES, CGROUPS, &high[3], &pool),
		0);
	assert_int_equal(cgroups_init(&cgroups, memory + N * STATE_SLOT_BYTES, CGROUPS, &high[1], &pool, &naming),
		0);
	assert_int_equal(procs_init(&procs, memory, N, &high[2], &pool, &cgroups, &host_mntns), 0);
	pool_ready(&pool);
}

static void
detach(void)
{
	procs_fini(&procs);
	cgroups_fini(&cgroups);
	naming_fini(&naming);
	pool_fini(&pool);
}

static int
set_up(void **state)
{
	memory = aligned_alloc(64, (N + 2 * CGROUPS) * STATE_SLOT_BYTES + LARGE * STATE_LARGE_BYTES);
	memset(memory, 0, (N + 2 * CGROUPS) * STATE_SLOT_BYTES + LARGE * STATE_LARGE_BYTES);
	memset(high, 0, sizeof(high));
	host_mntns = 0;
	attach();
	return 0;
}

static int
tear_down(void **state)
{
	detach();
	free(memory);
	return 0;
}

static bool
tell_args(uint64_t ts, uint32_t tgid, uint32_t exec_id, const char *exe, const char *args, size_t len)
{
	size_t n = fake_proc(room, ts, tgid, exec_id, exe, args, len);
	bool evicted;

	assert_int_equal(procs_info(&procs, room, n, &evicted), 0);
	return evicted;
}

static bool
tell(uint64_t ts, uint32_t tgid, uint32_t exec_id, const char *exe)
{
	return tell_args(ts, tgid, exec_id, exe, "x", 2);
}

static void
tell_gone(uint64_t ts, uint32_t tgid, uint32_t exec_id)
{
	fake_gone(room, ts, tgid, exec_id);
	procs_gone(&procs, (const struct ev_hdr *)room);
}

static const struct rec_ctx *
context(uint64_t ts, uint32_t tgid, uint32_t exec_id)
{
	struct ev_hdr *h = (struct ev_hdr *)room;

	fake_open(room, ts, tgid, "/");
	h->exec_id = exec_id;
	return procs_context(&procs, h);
}

static bool
exe_is(const struct rec_ctx *c, const char *want)
{
	return (c->flags & CTX_PROC) && c->exe.len == strlen(want) &&
		memcmp((const char *)c + c->exe.off, want, c->exe.len) == 0;
}

static void
an_older_word_does_not_undo_a_newer_one(void **state)
{
	tell(10, 1, 1, "/new");
	tell(5, 1, 0, "/old");
	assert_true(exe_is(context(6, 1, 0), "/old"));
	assert_true(exe_is(context(11, 1, 1), "/new"));
	procs_expire(&procs, 20 + PROCS_GRACE_NS);
	assert_true(exe_is(context(11, 1, 1), "/new"));
}

static void
arguments_stay_known_when_the_iterator_has_none(void **state)
{
	tell_args(10, 1, 0, "/x", "a\0b", 4);
	tell_args(20, 1, 0, "/x", "", 0);
	assert_int_equal(context(21, 1, 0)->args.len, 4);
	tell_args(20, 2, 0, "/x", "", 0);
	tell_args(10, 2, 0, "/x", "c", 2);
	assert_int_equal(context(21, 2, 0)->args.len, 2);
}

/* Which is when it was executed: what it writes over them later is its own word. */
static void
arguments_stay_those_that_were_told_first(void **state)
{
	const struct rec_ctx *c;

	tell_args(10, 1, 0, "/x", "a\0b", 4);
	tell_args(20, 1, 0, "/x", "sshd", 5);
	c = context(21, 1, 0);
	assert_int_equal(c->args.len, 4);
	assert_memory_equal((const char *)c + c->args.off, "a\0b", 4);
	tell_args(30, 1, 1, "/x", "other", 6);
	assert_int_equal(context(31, 1, 1)->args.len, 6);
}

static void
the_ended_stay_for_a_while(void **state)
{
	tell(1, 1, 0, "/x");
	tell_gone(100, 1, 0);
	procs_expire(&procs, 100 + PROCS_GRACE_NS);
	assert_true(exe_is(context(101, 1, 0), "/x"));
	procs_expire(&procs, 101 + PROCS_GRACE_NS);
	assert_int_equal(context(101, 1, 0)->flags & CTX_PROC, 0);
	assert_int_equal(procs.t.n_free, 1);
}

static void
the_ended_make_room_before_the_living(void **state)
{
	for (uint32_t i = 1; i <= N; i++)
		assert_false(tell(i, i, 0, "/x"));
	for (uint32_t i = 1; i <= N; i += 4)
		tell_gone(N + i, i, 0);
	for (uint32_t i = 1; i <= N / 4; i++)
		assert_false(tell(1000 + i, 1000 + i, 0, "/new"));
	for (uint32_t i = 2; i <= N; i += 4)
		assert_true(exe_is(context(2000, i, 0), "/x"));
	/* Then those that were used longest ago. */
	assert_true(tell(3000, 3000, 0, "/newer"));
	assert_true(exe_is(context(3001, 3000, 0), "/newer"));
}

static void
finds_everybody_over_many_comings_and_goings(void **state)
{
	for (uint32_t i = 1; i < 20000; i++) {
		tell(i * 10, i, 0, "/x");
		if (i > 32) {
			assert_true(exe_is(context(i * 10, i - 32, 0), "/x"));
			tell_gone(i * 10 + 1, i - 32, 0);
		}
		procs_expire(&procs, i * 10 + PROCS_GRACE_NS - 20);
	}
	/* 32 alive, and the few that ended a moment ago: nothing has leaked. */
	assert_true(high[2] - procs.t.n_free < 40);
}

static void
long_ones_share_what_there_is(void **state)
{
	static char args[4000];

	for (uint32_t i = 1; i <= LARGE + 4; i++)
		tell_args(i, i, 0, "/x", args, sizeof(args));
	assert_int_equal(context(100, 1, 0)->args.len, 4000);
	assert_int_equal(context(100, LARGE + 1, 0)->flags & CTX_CUT, CTX_CUT);
	assert_true(exe_is(context(100, LARGE + 1, 0), "/x"));
	for (uint32_t i = 1; i <= LARGE + 4; i++)
		tell_gone(200, i, 0);
	procs_expire(&procs, 300 + PROCS_GRACE_NS);
	tell_args(400, 50, 0, "/x", args, sizeof(args));
	assert_int_equal(context(401, 50, 0)->args.len, 4000);
}

static void
a_successor_takes_over_what_is_whole(void **state)
{
	static char args[4000];

	tell(1, 1, 0, "/one");
	tell_args(2, 2, 0, "/two", args, sizeof(args));
	tell(3, 3, 0, "/three");
	tell(4, 4, 0, "/four");
	tell_gone(5, 4, 0);
	/* Killed while it wrote the third; another one makes no sense. */
	((struct slot *)(memory + 2 * STATE_SLOT_BYTES))->ready = 0;
	detach();
	attach();
	assert_true(exe_is(context(10, 1, 0), "/one"));
	assert_true(exe_is(context(10, 2, 0), "/two"));
	assert_int_equal(context(10, 2, 0)->args.len, 4000);
	assert_int_equal(context(10, 3, 0)->flags & CTX_PROC, 0);
	assert_true(exe_is(context(10, 4, 0), "/four"));
	procs_expire(&procs, 6 + PROCS_GRACE_NS);
	assert_int_equal(context(10, 4, 0)->flags & CTX_PROC, 0);
}

static void
a_successor_believes_no_nonsense(void **state)
{
	for (unsigned int seed = 0; seed < 300; seed++) {
		uint32_t x = seed * 2654435761u + 1;

		for (uint32_t i = 1; i <= 8; i++)
			tell(i + seed, i, seed, "/x");
		for (unsigned int i = 0; i < 40; i++) {
			x = x * 1664525 + 1013904223;
			memory[x % (9 * STATE_SLOT_BYTES)] = (unsigned char)(x >> 24);
		}
		high[0] = x;
		detach();
		attach();
		for (uint32_t i = 1; i <= 8; i++) {
			const struct rec_ctx *c = context(1000, i, seed);

			assert_true(context_sound(c, STATE_LARGE_BYTES));
		}
	}
}

static void
the_host_is_where_the_first_process_is(void **state)
{
	tell(1, 5, 0, "/x");
	assert_int_equal(context(2, 5, 0)->flags & CTX_HOST, 0);
	tell(3, 1, 0, "/sbin/init");
	assert_int_equal(context(4, 5, 0)->flags & CTX_HOST, CTX_HOST);
	fake_open(room, 5, 5, "/");
	((struct ev_hdr *)room)->mntns = 99;
	assert_int_equal(procs_context(&procs, (struct ev_hdr *)room)->flags & CTX_HOST, 0);
}

static void
the_host_is_known_by_the_first_thread_of_the_kernel(void **state)
{
	tell(1, 5, 0, "/x");
	tell(2, 2, 0, "");
	assert_int_equal(context(3, 5, 0)->flags & CTX_HOST, CTX_HOST);
	assert_int_not_equal(host_mntns, 0);
	host_mntns = 99;		/* what process 1 said goes before */
	tell(4, 2, 0, "");
	assert_int_equal(host_mntns, 99);
}

static void
a_cgroup_that_comes_late_or_is_renamed_is_seen_at_once(void **state)
{
	static const char id[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	char path[128];
	bool evicted;
	size_t len;

	tell(1, 5, 0, "/x");
	assert_int_equal(context(2, 5, 0)->flags & CTX_CONTAINER, 0);
	snprintf(path, sizeof(path), "/docker/%s", id);
	len = fake_cgroup(room, 3, 1, 2, path);
	assert_int_equal(cgroups_info(&cgroups, room, len, &evicted), 0);
	assert_int_equal(context(4, 5, 0)->flags & CTX_CONTAINER, CTX_CONTAINER);
	len = fake_cgroup(room, 5, 1, 2, "/plain");
	assert_int_equal(cgroups_info(&cgroups, room, len, &evicted), 0);
	assert_int_equal(context(6, 5, 0)->flags & CTX_CONTAINER, 0);
}

static void
kinds_of_cgroups_are_noted_for_the_kernels_filter(void **state)
{
	static const char pod[] = "/kubepods.slice/kubepods-pod1f3b2a4c_0000_1111_2222_333344445555.slice";
	uint64_t *kinds = mmap(NULL, CGROUP_KINDS_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char path[200], rec[1000];
	bool evicted;

	assert_ptr_not_equal(kinds, MAP_FAILED);
	snprintf(path, sizeof(path), "/docker/%064d", 7);
	cgroups_info(&cgroups, rec, fake_cgroup(rec, 1, 77, 2, path), &evicted);
	kinds[EV_KIND_PLACE(99, 2)] = EV_KIND_WORD(99, 2, 0, RT_NOT_FOUND);
	cgroups_kinds(&cgroups, kinds);
	/* Another enricher's: it goes by what is said to this one. */
	assert_int_equal(kinds[EV_KIND_PLACE(99, 2)], 0);
	/* What was known before the map came is noted when it is said again. */
	cgroups_info(&cgroups, rec, fake_cgroup(rec, 2, 77, 2, path), &evicted);
	assert_int_equal(kinds[EV_KIND_PLACE(77, 2)], EV_KIND_WORD(77, 2, 0, RT_DOCKER));
	cgroups_info(&cgroups, rec, fake_cgroup(rec, 3, 78, 2, "/system.slice/cron.service"), &evicted);
	assert_int_equal(kinds[EV_KIND_PLACE(78, 2)], EV_KIND_WORD(78, 2, 0, RT_NOT_FOUND));
	fake_cgroup(rec, 4, 77, 1, "/user.slice");
	((struct ev_cgroup_info *)rec)->epoch = 3;
	cgroups_info(&cgroups, rec, sizeof(rec), &evicted);
	assert_int_equal(kinds[EV_KIND_PLACE(77, 1)], EV_KIND_WORD(77, 1, 3, RT_NOT_FOUND));
	cgroups_info(&cgroups, rec, fake_cgroup(rec, 5, 79, 2, pod), &evicted);
	assert_true(kinds[EV_KIND_PLACE(79, 2)] & EV_KIND_POD);
	cgroups_info(&cgroups, rec, fake_cgroup(rec, 6, EV_KIND_ID_MAX + 80, 2, pod), &evicted);
	assert_int_equal(kinds[EV_KIND_PLACE(EV_KIND_ID_MAX + 80, 2)], 0);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(an_older_word_does_not_undo_a_newer_one),
		T(arguments_stay_known_when_the_iterator_has_none),
		T(arguments_stay_those_that_were_told_first),
		T(the_ended_stay_for_a_while),
		T(the_ended_make_room_before_the_living),
		T(finds_everybody_over_many_comings_and_goings),
		T(long_ones_share_what_there_is),
		T(a_successor_takes_over_what_is_whole),
		T(a_successor_believes_no_nonsense),
		T(the_host_is_where_the_first_process_is),
		T(the_host_is_known_by_the_first_thread_of_the_kernel),
		T(a_cgroup_that_comes_late_or_is_renamed_is_seen_at_once),
		T(kinds_of_cgroups_are_noted_for_the_kernels_filter),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("procs", tests, NULL, NULL);
}
