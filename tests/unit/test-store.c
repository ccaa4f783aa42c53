/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "api/store.h"

struct fixture {
	char dir[32], db[64];
	struct store *st;
	struct model m;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->dir, "/tmp/test-store-XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	snprintf(f->db, sizeof(f->db), "%s/bpfd.db", f->dir);
	model_init(&f->m);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	char cmd[64];

	store_close(f->st);
	model_clear(&f->m);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", f->dir);
	free(f);
	return system(cmd);
}

static void
reopen(struct fixture *f)
{
	store_close(f->st);
	f->st = NULL;
	model_clear(&f->m);
	assert_int_equal(store_open(f->db, &f->st), 0);
	assert_int_equal(store_read(f->st, &f->m), 0);
}

static struct group *
intent(struct fixture *f, const char *object, uint8_t digest)
{
	struct group *g = group_new();

	memset(g->digest, digest, sizeof(g->digest));
	g->uid = 1000;
	group_set(&g->source, "/lib/bpf/count.o");
	group_set(&g->uuid, "a-uuid");
	kvs_set(&g->metadata, "owner", "test", 4);
	kvs_set(&g->globals, "limit", "\0\1\2\3", 4);
	g->image = calloc(1, sizeof(*g->image));
	*g->image = (struct group_image){ IMAGE_PULL_NEVER, IMAGE_SIGNED_KEY, "count", "docker.io/library/count:latest",
		"sha256:00", "release", "issuer" };
	assert_int_equal(store_add_group(f->st, g, object, strlen(object)), 0);
	assert_int_equal(model_add_group(&f->m, g), 0);
	return g;
}

static struct group *
done(struct fixture *f, const char *object, uint8_t digest, uint32_t prog_id)
{
	struct group *g = intent(f, object, digest);
	struct msg_prog_facts p = { .gid = g->gid, .id = prog_id, .type = 6, .name = "count_xdp",
		.section = "xdp", .kname = "count_xdp", .tag = { 1, 2, 3, 4, 5, 6, 7, 8 } };
	struct msg_map_facts map = { .gid = g->gid, .id = prog_id + 1, .type = 2, .key_size = 4,
		.value_size = 8, .max_entries = 1, .name = "counts" };

	g->loaded_ns = 1234567890;
	assert_int_equal(model_add_prog(&f->m, g, &p, LIVE), 0);
	assert_int_equal(model_add_map(g, &map, LIVE), 0);
	assert_int_equal(store_finish_group(f->st, g), 0);
	return g;
}

static struct link *
attach(struct fixture *f, struct group *g, uint32_t prog_id)
{
	struct link *l = calloc(1, sizeof(*l));

	l->facts = (struct msg_link_facts){ .gid = g->gid, .prog_id = prog_id, .priority = 50,
		.cookie = UINT64_MAX, .kind = "xdp", .target = "eth0", .mode = "native" };
	strcpy(l->netns, "/run/netns/x");
	kvs_set(&l->metadata, "why", "test", 4);
	assert_int_equal(store_add_link(f->st, l), 0);
	assert_int_equal(model_add_link(&f->m, g, l), 0);
	return l;
}

static int64_t
count(struct fixture *f, const char *table)
{
	sqlite3_stmt *s = NULL;
	sqlite3 *db = NULL;
	char sql[64];
	int64_t n;

	store_close(f->st);
	f->st = NULL;
	snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", table);
	assert_int_equal(sqlite3_open(f->db, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	n = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	sqlite3_close(db);
	reopen(f);
	return n;
}

static void
gives_back_all_that_was_stored(void **state)
{
	struct fixture *f = *state;
	struct group *g;
	struct prog *p;
	struct link *l;
	uint64_t link_id;

	reopen(f);
	g = done(f, "object", 7, 33);
	l = attach(f, g, 33);
	l->facts.ifindex = 4;
	l->attached_ns = 99;
	strcpy(l->facts.backend, "link");
	assert_int_equal(store_finish_link(f->st, l), 0);
	link_id = l->facts.link_id;

	reopen(f);
	g = model_group(&f->m, 1);
	assert_non_null(g);
	assert_int_equal(g->state, ROW_DONE);
	assert_int_equal(g->uid, 1000);
	assert_int_equal(g->loaded_ns, 1234567890);
	assert_int_equal(g->object_bytes, 6);
	assert_int_equal(g->digest[31], 7);
	assert_string_equal(g->source, "/lib/bpf/count.o");
	assert_string_equal(g->uuid, "a-uuid");
	assert_string_equal((char *)kvs_get(&g->metadata, "owner")->value, "test");
	assert_memory_equal(kvs_get(&g->globals, "limit")->value, "\0\1\2\3", 4);
	assert_non_null(g->image);
	assert_int_equal(g->image->policy, IMAGE_PULL_NEVER);
	assert_int_equal(g->image->signature, IMAGE_SIGNED_KEY);
	assert_string_equal(g->image->url, "count");
	assert_string_equal(g->image->ref, "docker.io/library/count:latest");
	assert_string_equal(g->image->digest, "sha256:00");
	assert_string_equal(g->image->signer, "release");
	assert_string_equal(g->image->issuer, "issuer");
	p = model_prog(&f->m, 33);
	assert_string_equal(p->facts.name, "count_xdp");
	assert_int_equal(p->facts.tag[7], 8);
	assert_int_equal(p->live, LIVE_UNKNOWN);
	assert_string_equal(TAILQ_FIRST(&g->maps)->facts.name, "counts");
	l = model_link(&f->m, link_id);
	assert_int_equal(l->state, ROW_DONE);
	assert_int_equal(l->facts.ifindex, 4);
	assert_true(l->facts.cookie == UINT64_MAX);
	assert_string_equal(l->netns, "/run/netns/x");
	assert_string_equal((char *)kvs_get(&l->metadata, "why")->value, "test");
}

static void
an_intent_survives_a_death(void **state)
{
	struct fixture *f = *state;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct group *g;

		reopen(f);
		g = done(f, "object", 1, 33);
		attach(f, g, 33);
		intent(f, "other", 2);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	reopen(f);
	assert_int_equal(model_group(&f->m, 1)->state, ROW_DONE);
	assert_int_equal(model_link(&f->m, 1)->state, ROW_INTENT);
	assert_int_equal(model_group(&f->m, 2)->state, ROW_INTENT);
	assert_true(TAILQ_EMPTY(&model_group(&f->m, 2)->progs));
}

static void
keeps_an_object_once_and_drops_it_with_its_last_group(void **state)
{
	struct fixture *f = *state;

	reopen(f);
	done(f, "object", 1, 33);
	done(f, "object", 1, 44);
	done(f, "another", 2, 55);
	assert_int_equal(count(f, "objects"), 2);
	assert_int_equal(store_del_group(f->st, 1), 0);
	assert_int_equal(count(f, "objects"), 2);
	assert_int_equal(store_del_group(f->st, 2), 0);
	assert_int_equal(count(f, "objects"), 1);
	assert_int_equal(count(f, "programs"), 1);
}

static void
never_uses_a_number_twice(void **state)
{
	struct fixture *f = *state;
	struct group *g;

	reopen(f);
	g = done(f, "object", 1, 33);
	assert_int_equal(attach(f, g, 33)->facts.link_id, 1);
	assert_int_equal(store_del_group(f->st, 1), 0);
	reopen(f);
	g = done(f, "object", 1, 33);
	assert_int_equal(g->gid, 2);
	assert_int_equal(attach(f, g, 33)->facts.link_id, 2);
}

static void
deletes_all_that_belongs_to_a_group(void **state)
{
	struct fixture *f = *state;
	struct group *g;

	reopen(f);
	g = done(f, "object", 1, 33);
	attach(f, g, 33);
	assert_int_equal(store_del_group(f->st, g->gid), 0);
	assert_int_equal(count(f, "links"), 0);
	assert_int_equal(count(f, "maps"), 0);
	assert_int_equal(count(f, "attrs"), 0);
	assert_int_equal(f->m.n_progs, 0);
}

static void
deletes_one_program_with_its_links(void **state)
{
	struct fixture *f = *state;
	struct group *g;

	reopen(f);
	g = done(f, "object", 1, 33);
	attach(f, g, 33);
	assert_int_equal(store_set_prog(f->st, g->gid, 33, ROW_REMOVING), 0);
	reopen(f);
	assert_int_equal(model_prog(&f->m, 33)->state, ROW_REMOVING);
	assert_int_equal(store_del_prog(f->st, 1, 33), 0);
	assert_int_equal(count(f, "links"), 0);
	assert_int_equal(count(f, "attrs"), 2);
}

static void
overwrite(const char *path, off_t at, const void *bytes, size_t n)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, n, at), n);
	close(fd);
}

static void
leaves_a_newer_database_alone(void **state)
{
	static const uint8_t newer[4] = { 0, 0, 0, 200 };
	struct fixture *f = *state;
	struct stat before, after;

	reopen(f);
	assert_int_equal(store_checkpoint(f->st), 0);
	store_close(f->st);
	f->st = NULL;
	overwrite(f->db, 60, newer, 4);		/* user_version, see the file format */
	assert_int_equal(stat(f->db, &before), 0);
	assert_int_equal(store_open(f->db, &f->st), -ENOTSUP);
	assert_int_equal(stat(f->db, &after), 0);
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
}

static void
leaves_a_foreign_database_alone(void **state)
{
	struct fixture *f = *state;
	struct stat before, after;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(f->db, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "CREATE TABLE mail(x)", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(stat(f->db, &before), 0);
	assert_int_equal(store_open(f->db, &f->st), -ENOTSUP);
	assert_int_equal(stat(f->db, &after), 0);
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
}

static void
refuses_a_damaged_database(void **state)
{
	struct fixture *f = *state;
	static uint8_t noise[4096];

	reopen(f);
	for (uint32_t i = 0; i < 64; i++)
		done(f, "object", (uint8_t)i, i + 1);
	assert_int_equal(store_checkpoint(f->st), 0);
	store_close(f->st);
	f->st = NULL;
	memset(noise, 0xa5, sizeof(noise));
	overwrite(f->db, 4096 * 2, noise, sizeof(noise));
	assert_int_equal(store_open(f->db, &f->st), -EUCLEAN);
	overwrite(f->db, 0, noise, sizeof(noise));
	assert_int_equal(store_open(f->db, &f->st), -EUCLEAN);
	assert_int_equal(access(f->db, F_OK), 0);
}

static int
see_rule(void *arg, const struct stored_rule *r)
{
	unsigned int *n = arg;

	assert_string_equal(r->name, *n ? "second" : "first");
	assert_string_equal(r->tracers, "exec,open");
	assert_int_equal(r->text_len, 4);
	assert_memory_equal(r->packed, "packed", r->packed_len);
	assert_int_equal(r->created_ns, 9);
	assert_int_equal(r->uid, 1000);
	++*n;
	return 0;
}

static void
keeps_replaces_and_forgets_rules(void **state)
{
	struct stored_rule r = { .name = "first", .tracers = "exec,open", .text = "text", .text_len = 4,
		.packed = "packed", .packed_len = 6, .uid = 1000, .created_ns = 9 };
	struct fixture *f = *state;
	unsigned int n = 0;
	uint64_t id[3];

	reopen(f);
	assert_int_equal(store_add_rule(f->st, &r, NULL, 0, &id[0]), 0);
	r.name = "second";
	assert_int_equal(store_add_rule(f->st, &r, NULL, 0, &id[1]), 0);
	assert_int_equal(store_add_rule(f->st, &r, &id[1], 1, &id[2]), 0);
	assert_int_not_equal(id[1], id[2]);
	reopen(f);
	assert_int_equal(store_each_rule(f->st, see_rule, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(store_del_rules(f->st, (uint64_t[]){ id[0], id[2] }, 2), 0);
	n = 0;
	assert_int_equal(store_each_rule(f->st, see_rule, &n), 0);
	assert_int_equal(n, 0);
}

static void
adds_what_a_database_of_version_1_lacks(void **state)
{
	struct stored_rule r = { .name = "first", .tracers = "exec", .text = "text", .text_len = 4,
		.packed = "packed", .packed_len = 6 };
	struct fixture *f = *state;
	sqlite3 *db;
	uint64_t id;

	reopen(f);
	done(f, "object", 1, 1);
	assert_int_equal(store_checkpoint(f->st), 0);
	store_close(f->st);
	f->st = NULL;
	assert_int_equal(sqlite3_open(f->db, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "DROP TABLE rules; DROP TRIGGER link_attrs;"
		"DROP TABLE wanted_progs; DROP TABLE wanted_loads; DROP TABLE wanted_links; DROP TABLE wish_links;"
		"DROP TABLE group_images;"
		"CREATE TRIGGER link_attrs AFTER DELETE ON links BEGIN SELECT 1; END;"
		"PRAGMA user_version = 1", NULL, NULL,
		NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(store_open(f->db, &f->st), 0);
	assert_int_equal(store_add_rule(f->st, &r, NULL, 0, &id), 0);
}

static void
keeps_what_a_wish_asked_for_and_what_it_brought(void **state)
{
	struct fixture *f = *state;
	struct link *wish = calloc(1, sizeof(*wish)), *l = calloc(1, sizeof(*l));
	struct group *g;
	uint64_t id;

	reopen(f);
	done(f, "object", 1, 1);
	g = TAILQ_FIRST(&f->m.groups);
	wish->facts = l->facts = (struct msg_link_facts){ .gid = g->gid, .kind = "xdp", .target = "eth*",
		.prog_id = TAILQ_FIRST(&g->progs)->facts.id };
	wish->wanted = calloc(1, sizeof(*wish->wanted));
	wish->wanted->flags = ATTACH_FUTURE;
	strcpy(wish->wanted->target, "eth*");
	assert_int_equal(store_add_link(f->st, wish), 0);
	assert_int_equal(store_finish_link(f->st, wish), 0);
	l->wish = id = wish->facts.link_id;
	l->wish_token.mac[3] = 5;
	strcpy(l->facts.target, "eth0");
	assert_int_equal(store_add_link(f->st, l), 0);
	assert_int_equal(store_finish_link(f->st, l), 0);
	link_free(wish);
	link_free(l);
	reopen(f);
	g = TAILQ_FIRST(&f->m.groups);
	wish = TAILQ_FIRST(&g->links);
	l = TAILQ_NEXT(wish, in_group);
	assert_true(link_is_wish(wish));
	assert_false(link_is_wish(l));
	assert_int_equal(wish->wish, 0);
	assert_int_equal(l->wish, id);
	assert_int_equal(l->wish_token.mac[3], 5);
	assert_null(l->wanted);
	assert_int_equal(store_del_link(f->st, l->facts.link_id), 0);
	reopen(f);
	assert_null(TAILQ_NEXT(TAILQ_FIRST(&TAILQ_FIRST(&f->m.groups)->links), in_group));
}

/* After a reboot the kernel counts from the beginning: the new number of one is the old one of another. */
static void
gives_a_restored_group_its_new_numbers(void **state)
{
	struct fixture *f = *state;
	struct msg_prog_facts progs[2] = { { .id = 12, .name = "first" }, { .id = 11, .name = "second" } };
	struct msg_map_facts map = { .id = 12, .name = "counts" };
	struct group *g;
	size_t len = 0;
	void *object = NULL;

	reopen(f);
	g = intent(f, "object", 1);
	g->wanted = calloc(1, sizeof(*g->wanted) + sizeof(g->wanted->progs[0]));
	g->wanted->n_progs = 1;
	strcpy(g->wanted->progs[0].name, "first");
	g->wanted->token.mac[31] = 7;
	for (int i = 0; i < 2; i++) {
		struct link *l = calloc(1, sizeof(*l));
		struct msg_prog_facts old = progs[!i];

		strcpy(old.name, progs[i].name);
		assert_int_equal(model_add_prog(&f->m, g, &old, LIVE), 0);
		if (i)
			assert_int_equal(store_finish_group(f->st, g), 0);
		l->facts = (struct msg_link_facts){ .gid = g->gid, .prog_id = old.id, .kind = "tc" };
		l->wanted = calloc(1, sizeof(*l->wanted));
		strcpy(l->wanted->target, "eth0");
		l->wanted->uid = 1000;
		if (i) {
			assert_int_equal(store_add_link(f->st, l), 0);
			assert_int_equal(store_finish_link(f->st, l), 0);
		}
		link_free(l);
	}
	map.gid = g->gid;
	assert_int_equal(store_set_group(f->st, g->gid, ROW_RESTORING), 0);
	assert_int_equal(store_restored_group(f->st, g, progs, 2, &map, 1), 0);
	reopen(f);
	g = TAILQ_FIRST(&f->m.groups);
	assert_false(g->restoring);
	assert_int_equal(TAILQ_FIRST(&g->progs)->facts.id, 11);
	assert_string_equal(TAILQ_FIRST(&g->progs)->facts.name, "second");
	assert_int_equal(TAILQ_FIRST(&g->links)->facts.prog_id, 11);
	assert_string_equal(TAILQ_FIRST(&g->links)->wanted->target, "eth0");
	assert_int_equal(TAILQ_FIRST(&g->links)->wanted->uid, 1000);
	assert_int_equal(TAILQ_FIRST(&g->maps)->facts.id, 12);
	assert_int_equal(g->wanted->n_progs, 1);
	assert_string_equal(g->wanted->progs[0].name, "first");
	assert_int_equal(g->wanted->token.mac[31], 7);
	assert_int_equal(store_object(f->st, g, &object, &len), 0);
	assert_int_equal(len, 6);
	assert_memory_equal(object, "object", 6);
	free(object);
	assert_int_equal(store_set_group(f->st, g->gid, ROW_RESTORING), 0);
	reopen(f);
	assert_true(TAILQ_FIRST(&f->m.groups)->restoring);
	assert_int_equal(TAILQ_FIRST(&f->m.groups)->state, ROW_DONE);
}

static void
refuses_a_row_that_bpfd_does_not_write(void **state)
{
	struct fixture *f = *state;
	sqlite3 *db;

	reopen(f);
	done(f, "object", 1, 33);
	store_close(f->st);
	f->st = NULL;
	assert_int_equal(sqlite3_open(f->db, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "UPDATE programs SET name = hex(zeroblob(200))", NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(db);
	model_clear(&f->m);
	assert_int_equal(store_open(f->db, &f->st), 0);
	assert_int_equal(store_read(f->st, &f->m), -EUCLEAN);
}

static void
says_that_another_process_has_it(void **state)
{
	struct fixture *f = *state;
	int status;
	pid_t pid;

	reopen(f);
	pid = fork();		/* POSIX locks are not a child's */
	if (pid == 0) {
		struct store *other = NULL;

		_exit(store_open(f->db, &other) == -EBUSY ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
a_full_disk_undoes_the_transaction_and_no_more(void **state)
{
	struct fixture *f = *state;
	struct rlimit all, small = { 0 };
	struct group *g = group_new();
	char *big = malloc(1 << 20);

	memset(big, 'x', 1 << 20);
	reopen(f);
	done(f, "object", 1, 33);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &all), 0);
	small.rlim_max = all.rlim_max;
	small.rlim_cur = 300000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	memset(g->digest, 9, sizeof(g->digest));
	assert_int_equal(store_add_group(f->st, g, big, 1 << 20), -EIO);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &all), 0);
	assert_int_equal(store_add_group(f->st, g, big, 1 << 20), 0);
	group_free(g);
	free(big);
	reopen(f);
	assert_non_null(model_prog(&f->m, 33));
	assert_int_equal(count(f, "groups"), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(gives_back_all_that_was_stored),
		TEST(an_intent_survives_a_death),
		TEST(keeps_an_object_once_and_drops_it_with_its_last_group),
		TEST(never_uses_a_number_twice),
		TEST(deletes_all_that_belongs_to_a_group),
		TEST(deletes_one_program_with_its_links),
		TEST(leaves_a_newer_database_alone),
		TEST(leaves_a_foreign_database_alone),
		TEST(keeps_replaces_and_forgets_rules),
		TEST(adds_what_a_database_of_version_1_lacks),
		TEST(refuses_a_damaged_database),
		TEST(keeps_what_a_wish_asked_for_and_what_it_brought),
		TEST(gives_a_restored_group_its_new_numbers),
		TEST(refuses_a_row_that_bpfd_does_not_write),
		TEST(says_that_another_process_has_it),
		TEST(a_full_disk_undoes_the_transaction_and_no_more),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
