/* SPDX-License-Identifier: Apache-2.0 */
/* The real bpfd-enricher asks what containers are called, and waits for nobody. */
#include <errno.h>

#include "common/memfd.h"
#include "component/enricher-put.h"

#define SCOPE "/system.slice/docker-" H ".scope"

/* The question that it asks next; 0: none within a third of a second. */
static uint32_t
asked(struct msg_container *out)
{
	struct chan_msg m;

	if (chan_wait(rig.sup, &m, 300) != 1)
		return 0;
	assert_int_equal(m.hdr.type, IPC_CONTAINER_WANTED);
	*out = *(const struct msg_container *)m.payload;
	return m.hdr.seq;
}

static void
answer(uint32_t seq, int err, const void *bytes, size_t len)
{
	const struct msg_container_found m = { .err = err };
	int fd = memfd_sealed("facts", bytes, len);

	assert_int_equal(chan_send(rig.sup, IPC_CONTAINER_FOUND, seq, &m, &fd), 0);
	close(fd);
}

static struct container_facts
facts_of(const char *name)
{
	struct container_facts f = { .image = "nginx:1.25", .pod = "web-0", .k8s_ns = "prod",
		.labels = "app=shop\0tier=front", .labels_len = sizeof("app=shop\0tier=front") };

	strncpy(f.name, name, sizeof(f.name) - 1);
	return f;
}

/* One event of process 5 in cgroup 1, as it comes out. */
static struct event
event_at(uint64_t ts)
{
	struct ev_hdr *h = (struct ev_hdr *)room;
	struct event e;
	size_t len = fake_open(room, ts, 5, "/x");

	h->cgroup = 1;
	assert_true(enrig_put(&rig, ENRIG_BULK, room, len));
	assert_true(enrig_take(&rig, &e));
	return e;
}

/* It has taken the answer when its counter says so. */
static bool
named(uint64_t n)
{
	for (int i = 0; i < 100 && enrig_stat(&rig, "events.enricher.named_containers") != n; i++)
		usleep(10000);
	return enrig_stat(&rig, "events.enricher.named_containers") == n;
}

static void
begin(const char *cgroup)
{
	assert_int_equal(enrig_want(&rig, OPENS), 0);
	put_cgroup(ENRIG_CONTROL, 10, 1, 2, cgroup);
	put_proc(ENRIG_CONTROL, 20, 5, "/bin/x");
}

static void
events_have_the_names_once_the_answer_is_there(void **state)
{
	struct container_facts f = facts_of("shop-web-1");
	struct msg_container m;
	struct event e;
	uint32_t seq;

	skip_without_users();
	begin(SCOPE);
	e = event_at(30);
	assert_int_equal(e.ctx->flags & (CTX_CONTAINER | CTX_CLAIM), CTX_CONTAINER);
	assert_int_equal(e.ctx->name.len + e.ctx->image.len + e.ctx->labels.len, 0);
	seq = asked(&m);
	assert_int_not_equal(seq, 0);
	assert_string_equal(m.id, H);
	assert_int_equal(m.stores, 1 << STORE_DOCKER);
	answer(seq, 0, &f, sizeof(f));
	assert_true(named(1));
	e = event_at(40);
	assert_true(is(e.ctx, e.ctx->name, "shop-web-1"));
	assert_true(is(e.ctx, e.ctx->image, "nginx:1.25"));
	assert_true(is(e.ctx, e.ctx->pod, "web-0"));
	assert_true(is(e.ctx, e.ctx->k8s_ns, "prod"));
	assert_int_equal(e.ctx->labels.len, f.labels_len);
	assert_memory_equal((const char *)e.ctx + e.ctx->labels.off, f.labels, f.labels_len);
	assert_true(is(e.ctx, e.ctx->container, H));
	assert_true(is(e.ctx, e.ctx->cgroup, SCOPE));
}

static void
a_container_is_asked_about_once(void **state)
{
	struct container_facts f = facts_of("a");
	struct msg_container m;

	skip_without_users();
	begin(SCOPE);
	answer(asked(&m), 0, &f, sizeof(f));
	assert_true(named(1));
	put_cgroup(ENRIG_CONTROL, 50, 2, 2, SCOPE "/init.scope");
	put_cgroup(ENRIG_CONTROL, 60, 3, 2, SCOPE "/system.slice/x.service");
	assert_int_equal(asked(&m), 0);
	/* Made anew long after, it may be another one. */
	put_cgroup(ENRIG_CONTROL, 60000000000, 4, 2, SCOPE);
	assert_int_not_equal(asked(&m), 0);
}

static void
one_question_after_the_other(void **state)
{
	struct container_facts f = facts_of("second");
	struct msg_container m;
	uint32_t first;

	skip_without_users();
	begin("/kubepods/burstable/podaaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee/" H);
	put_cgroup(ENRIG_CONTROL, 50, 2, 2, "/machine.slice/libpod-" H ".scope");
	first = asked(&m);
	assert_int_equal(m.stores, 1 << STORE_DOCKER | 1 << STORE_CONTAINERD | 1 << STORE_CRIO);
	assert_int_equal(asked(&m), 0);
	answer(first, -ENOENT, "", 0);
	assert_int_not_equal(asked(&m), 0);
	assert_int_equal(m.stores, 1 << STORE_PODMAN);
	/* An answer to a question that is not open. */
	answer(first, 0, &f, sizeof(f));
	assert_int_equal(asked(&m), 0);
	assert_int_equal(enrig_stat(&rig, "events.enricher.named_containers"), 0);
}

static void
what_may_be_no_part_of_a_path_is_not_asked_about(void **state)
{
	struct msg_container m;

	skip_without_users();
	begin("/lxc.payload.web");
	put_cgroup(ENRIG_CONTROL, 50, 2, 2, "/default/a.b");
	put_cgroup(ENRIG_CONTROL, 50, 3, 2, "/garden/..");
	assert_int_not_equal(asked(&m), 0);
	assert_string_equal(m.id, "a.b");
	answer(1, -ENOENT, "", 0);
	assert_int_equal(asked(&m), 0);
}

static void
a_claim_keeps_its_mark_with_names(void **state)
{
	struct container_facts f = facts_of("not-his");
	struct msg_container m;
	struct event e;

	skip_without_users();
	begin("/user.slice/user-1000.slice/user@1000.service/docker-" H ".scope");
	answer(asked(&m), 0, &f, sizeof(f));
	assert_true(named(1));
	e = event_at(40);
	assert_true(is(e.ctx, e.ctx->name, "not-his"));
	assert_int_equal(e.ctx->flags & (CTX_CONTAINER | CTX_CLAIM), CTX_CONTAINER | CTX_CLAIM);
}

static void
an_answer_that_is_not_as_it_should_be_is_none(void **state)
{
	struct container_facts f = facts_of("x");
	struct msg_container m;
	struct event e;

	skip_without_users();
	begin(SCOPE);
	memset(f.name, 'x', sizeof(f.name));
	answer(asked(&m), 0, &f, sizeof(f));
	put_cgroup(ENRIG_CONTROL, 60000000000, 2, 2, SCOPE);
	f = facts_of("x");
	f.labels_len = UINT32_MAX;
	answer(asked(&m), 0, &f, sizeof(f));
	put_cgroup(ENRIG_CONTROL, 120000000000, 3, 2, SCOPE);
	answer(asked(&m), 0, &f, sizeof(f) - 1);
	put_cgroup(ENRIG_CONTROL, 180000000000, 4, 2, SCOPE);
	assert_int_not_equal(asked(&m), 0);
	assert_true(enrig_running(&rig));
	e = event_at(190000000000);
	assert_int_equal(e.ctx->name.len, 0);
}

static void
names_and_open_questions_outlive_the_enricher(void **state)
{
	struct container_facts f = facts_of("kept");
	struct msg_container m;
	struct event e;

	skip_without_users();
	begin(SCOPE);
	answer(asked(&m), 0, &f, sizeof(f));
	assert_true(named(1));
	put_cgroup(ENRIG_CONTROL, 30, 2, 2, "/machine.slice/libpod-" H ".scope");
	assert_int_not_equal(asked(&m), 0);
	enrig_kill(&rig);
	assert_int_equal(enrig_start(&rig), 0);
	assert_int_equal(enrig_want(&rig, OPENS), 0);
	e = event_at(40);
	assert_true(is(e.ctx, e.ctx->name, "kept"));
	assert_int_not_equal(asked(&m), 0);
	assert_int_equal(m.stores, 1 << STORE_PODMAN);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(events_have_the_names_once_the_answer_is_there),
		T(a_container_is_asked_about_once),
		T(one_question_after_the_other),
		T(what_may_be_no_part_of_a_path_is_not_asked_about),
		T(a_claim_keeps_its_mark_with_names),
		T(an_answer_that_is_not_as_it_should_be_is_none),
		T(names_and_open_questions_outlive_the_enricher),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("enricher-names", tests, NULL, NULL);
}
