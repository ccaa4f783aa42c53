/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <endian.h>

#include "ipc/kfilter.h"
#include "rules/runtimes.h"
#include "unit/rules_make.h"

static struct made made;
static struct made_set set;
static struct kfilter *filter;

static int
clean(void **state)
{
	made_set_clear(&set);
	free(filter);
	filter = NULL;
	return 0;
}

static const struct ev_tracer_filter *
push(void)
{
	void *out = NULL;
	size_t len = 0;

	free(filter);
	assert_int_equal(push_compute(&set.set, UINT64_MAX, &out, &len), 0);
	filter = out;
	assert_int_equal(filter->magic, KFILTER_MAGIC);
	assert_int_equal(len, sizeof(*filter) + filter->n_entries * sizeof(struct kfilter_entry));
	return &filter->filter.t[TR_OPEN];
}

/* ---- the kernel's side, as bpf/filter.bpf.h has it ---- */

static bool
in_set(uint64_t value, uint32_t dim, unsigned int tracer)
{
	for (uint32_t i = 0; i < filter->n_entries; i++)
		if (filter->entries[i].value == value && filter->entries[i].dim == dim)
			return filter->entries[i].tracers >> tracer & 1;
	return false;
}

/* As ev_hash_path(). */
static uint64_t
path_hash_of(const char *path)
{
	uint64_t h = EV_HASH_INIT, word;

	while (*path) {
		size_t n = strcspn(++path, "/");

		h = EV_HASH_SLASH(h);
		for (; n >= 8; n -= 8, path += 8) {
			memcpy(&word, path, 8);
			h = EV_HASH_WORD(h, word);
		}
		word = 0;
		memcpy(&word, path, n);
		h = EV_HASH_WORD(h, word);
		path += n;
	}
	return h;
}

static bool
path_passes(const struct ev_tracer_filter *f, const char *path, unsigned int tracer)
{
	uint64_t h = EV_HASH_INIT, word;
	uint32_t depth = 0;
	size_t n;

	if (path[0] != '/')
		return true;
	if ((f->dims & DIM_PREFIX) && (f->depths & 1))
		return true;
	for (const char *p = path; depth < 32;) {
		n = strcspn(++p, "/");
		h = EV_HASH_SLASH(h);
		for (; n >= 8; n -= 8, p += 8) {
			memcpy(&word, p, 8);
			h = EV_HASH_WORD(h, word);
		}
		word = 0;
		memcpy(&word, p, n);
		p += n;
		h = EV_HASH_WORD(h, word);
		depth++;
		if ((f->dims & DIM_PREFIX) && depth <= EV_PREFIX_MAX && (f->depths & 1u << depth) &&
		    in_set(h, DIM_PREFIX, tracer))
			return true;
		if (!*p)
			return (f->dims & DIM_PATH) && in_set(h, DIM_PATH, tracer);
	}
	return true;
}

static uint64_t
word_at(const struct event *e, size_t off)
{
	uint64_t w;

	memcpy(&w, (const char *)e->ev + off, sizeof(w));
	return w;
}

#define CUT(member) EV_CUT(offsetof(struct ev_open, member))

/* As ev_test_passes(). */
static bool
test_passes(const struct event *e, const struct ev_test *t)
{
	uint64_t word = word_at(e, t->off);
	uint32_t at = (uint32_t)word & 0xffff;

	if (t->kind == EV_TEST_NONE)
		return true;
	if (t->kind < EV_TEST_ADDRESS)
		return ev_test_number(t, word);
	if (t->kind == EV_TEST_ADDRESS)
		return ev_test_address(t, word, word_at(e, t->off + 8));
	if (t->kind == EV_TEST_TAIL)
		at += (uint32_t)(word >> 16 & 0xffff) - 8;
	return (e->ev->cut & EV_CUT(t->off)) || ev_test_word(t, word_at(e, at));
}

static bool
tests_pass(const struct event *e, const struct ev_tracer_filter *f)
{
	for (size_t i = 0; (f->dims & DIM_TESTS) && i < EV_TESTS; i++)
		if (!test_passes(e, &f->test[i]))
			return false;
	return true;
}

/* As the rows of runtimes[] say it; told: the kernel side knows. */
static bool
runtime_passes(uint32_t mask, const char *runtime, const char *pod)
{
	uint32_t kind = 1u << (runtime[0] ? runtime_by_name(runtime) : RT_NOT_FOUND);

	return mask & (kind | (pod[0] ? EV_RUNTIME_POD : 0));
}

/* What the kernel side was told of the process and its cgroup. */
struct told { const char *exe, *runtime, *pod; };	/* NULL: nothing */

static bool
kernel_passes(const struct event *e, const char *path, const struct told *told)
{
	unsigned int tracer = e->ev->tracer;
	const struct ev_tracer_filter *f = &filter->filter.t[tracer];
	uint64_t h = EV_HASH_INIT;

	for (int i = 0; i < EV_COMM; i += 8)
		h = EV_HASH_WORD(h, *(const uint64_t *)&e->ev->comm[i]);
	if ((f->dims & DIM_PID) && !in_set(e->ev->tgid, DIM_PID, tracer))
		return false;
	if ((f->dims & DIM_UID) && !in_set(e->ev->uid, DIM_UID, tracer))
		return false;
	if ((f->dims & DIM_COMM) && !in_set(h, DIM_COMM, tracer))
		return false;
	if ((f->dims & DIM_CGROUP) && !in_set(e->ev->cgroup, DIM_CGROUP, tracer) &&
	    !in_set(e->ev->cgroup1, DIM_CGROUP, tracer))
		return false;
	if ((f->dims & DIM_RUNTIME) && told->runtime && !runtime_passes(f->runtimes, told->runtime, told->pod))
		return false;
	if ((f->dims & DIM_EXE) && told->exe && !in_set(path_hash_of(told->exe), DIM_EXE, tracer))
		return false;
	if (!tests_pass(e, f))
		return false;
	if (!(f->dims & (DIM_PATH | DIM_PREFIX)) || (e->ev->cut & CUT(path)))
		return true;
	return path_passes(f, path, tracer);
}

/* ---- */

static void
a_dimension_is_pushed_when_every_rule_has_it(void **state)
{
	const struct ev_tracer_filter *f;

	made_open_rule(&set, "{field='uid', op='in', values=[1,2]}, {field='path', op='pathprefix', value='/etc/ssh/'}");
	f = push();
	assert_int_equal(f->dims, DIM_UID | DIM_PREFIX);
	assert_int_equal(f->depths, 1 << 2);
	made_open_rule(&set, "{field='path', value='/root/x'}");
	f = push();
	assert_int_equal(f->dims, DIM_PATH | DIM_PREFIX);
	made_open_rule(&set, "{field='comm', value='bash'}");
	assert_int_equal(push()->dims, 0);
	made_set_clear(&set);
	assert_int_equal(push()->dims, 0);
	made_open_rule(&set, "{field='cgroup.id', op='in', values=[7,8]}");
	made_open_rule(&set, "{field='cgroup.id1', value=9}");
	assert_int_equal(push()->dims, DIM_CGROUP);
	assert_int_equal(filter->n_entries, 3);
	made_set_clear(&set);
	assert_int_equal(push()->dims, 0);
}

static void
alternatives_need_the_dimension_in_each_branch(void **state)
{
	made_open_rule(&set, "{any=[{field='uid', value=1}, {all=[{field='uid', value=2}, {field='comm', value='x'}]}]}");
	assert_int_equal(push()->dims, DIM_UID);
	made_set_clear(&set);
	made_open_rule(&set, "{any=[{field='uid', value=1}, {field='comm', value='x'}]}");
	assert_int_equal(push()->dims, 0);
	made_set_clear(&set);
	made_open_rule(&set, "{field='uid', value=1, not=true}");
	assert_int_equal(push()->dims, 0);
	made_set_clear(&set);
	made_open_rule(&set, "{not={any=[{field='uid', op='ne', value=1}, {field='comm', value='x'}]}}");
	assert_int_equal(push()->dims, DIM_UID);
}

static void
substrings_of_the_first_bpfd_and_wide_prefixes_are_not_pushed(void **state)
{
	made_rule(&set, "tracer='open'\n[filterEvents.path]\nvalues=['/etc/shadow']\n");
	assert_int_equal(push()->dims, 0);
	made_set_clear(&set);
	made_open_rule(&set, "{field='path', op='pathprefix', value='/'}");
	assert_int_equal(push()->dims, 0);
	made_set_clear(&set);
	made_open_rule(&set, "{field='path', op='prefix', value='/etc/ss'}");
	assert_int_equal(push()->dims, DIM_PREFIX);
	assert_int_equal(push()->depths, 1 << 1);
}

static void
defaults_and_streams_count_and_urgent_rules_are_marked(void **state)
{
	made_rule(&set, "version=2\ntracer='open'\nurgent=true\n[match]\nfield='uid'\nvalue=1\n");
	assert_int_equal(push()->dims, DIM_UID);
	assert_int_equal(push()->flags, EV_FILTER_URGENT);
	made_rule(&set, "version=2\ntracer='open'\n")->stream = 1;
	assert_int_equal(push()->dims, 0);
	made_set_clear(&set);
	made_open_rule(&set, "{field='uid', value=1}");
	set.set.defaults = 1ULL << TR_OPEN;
	assert_int_equal(push()->dims, 0);
}

static void
a_set_that_is_too_large_is_not_pushed(void **state)
{
	size_t room = 1 << 20, at;
	char *text = malloc(room);

	at = (size_t)sprintf(text, "version=2\ntracer='open'\n[match]\nall=[{field='comm', value='x'},{field='uid', values=[");
	for (unsigned int i = 0; i < EV_FILTER_SET_MAX / 2 + 10; i++)
		at += (size_t)sprintf(text + at, "%u,", i);
	sprintf(text + at, "]}]\n");
	made_rule(&set, text);
	assert_int_equal(push()->dims, DIM_COMM);
	free(text);
}

/* The one test of the filter of these rules' tracer. */
static const struct ev_test *
only_test(const char *text, unsigned int tracer)
{
	made_set_clear(&set);
	made_rule(&set, text);
	push();
	assert_int_equal(filter->filter.t[tracer].dims, DIM_TESTS);
	assert_int_equal(filter->filter.t[tracer].test[1].kind, EV_TEST_NONE);
	return &filter->filter.t[tracer].test[0];
}

static void
members_of_a_record_are_tested(void **state)
{
	const struct ev_test *t = only_test("version=2\ntracer='open'\ncondition='retval < 0'\n", TR_OPEN);

	assert_int_equal(t->kind, EV_TEST_SIGNED);
	assert_int_equal(t->off, offsetof(struct ev_hdr, ret));
	assert_true(ev_test_number(t, (uint64_t)-2) && !ev_test_number(t, 0) && !ev_test_number(t, 7));
	t = only_test("version=2\ntracer='tcpstate'\ncondition='event in {connect, close}'\n", TR_TCPSTATE);
	assert_int_equal(t->off, offsetof(struct ev_hdr, event));
	assert_int_equal(t->shift, 48);
	t = only_test("version=2\ntracer='tcpstate'\ncondition='daddr cidr {10.0.0.0/8, fe80::/10}'\n", TR_TCPSTATE);
	assert_int_equal(t->kind, EV_TEST_ADDRESS);
	assert_true(ev_test_address(t, 0, htobe64(0xffff0a010203)) && !ev_test_address(t, 0, htobe64(0xffff0b010203)));
	assert_true(ev_test_address(t, htobe64(0xfe80ULL << 48), 99));
	t = only_test("version=2\ntracer='open'\ncondition='flags hasany O_CREAT|O_EXCL'\n", TR_OPEN);
	assert_int_equal(t->kind, EV_TEST_BITS);
	t = only_test("version=2\ntracer='open'\ncondition='path suffix .so'\n", TR_OPEN);
	assert_int_equal(t->kind, EV_TEST_TAIL);
	t = only_test("version=2\ntracer='open'\ncondition='ns.mnt in {1,2,3,4,5,6,7,8,20}'\n", TR_OPEN);
	assert_true(ev_test_number(t, 19) && ev_test_number(t, 1) && !ev_test_number(t, 21) && !ev_test_number(t, 0));
	/* Two fields of the event are never compared there, nor what the kernel does not have. */
	made_set_clear(&set);
	made_rule(&set, "version=2\ntracer='open'\ncondition='ns.mnt = field(host.ns.mnt) and container.trusted'\n");
	assert_int_equal(push()->dims, 0);
	/* Another rule without it. */
	made_rule(&set, "version=2\ntracer='open'\ncondition='retval < 0'\n");
	assert_int_equal(push()->dims, 0);
}

static bool
address_passes(const struct ev_test *t, unsigned int first, unsigned int rest)
{
	return ev_test_address(t, 0, htobe64(0xffff00000000 | (uint64_t)first << 24 | rest));
}

static bool
ends(const struct ev_test *t, const char text[static 8])
{
	uint64_t word;

	memcpy(&word, text, sizeof(word));
	return ev_test_word(t, word);
}

static void
more_values_than_there_is_room_for_are_covered_by_wider_ones(void **state)
{
	const struct ev_test *t = only_test("version=2\ntracer='tcpstate'\ncondition='daddr cidr {10.1.0.0/16, 10.2.0.0/16, "
		"10.3.0.0/16, 192.168.1.0/24, 192.168.2.0/24, 172.16.0.0/12, fe80::/10}'\n", TR_TCPSTATE);

	assert_true(address_passes(t, 10, 0x010101) && address_passes(t, 10, 0x020101) && address_passes(t, 10, 0x03ffff));
	assert_true(address_passes(t, 192, 0xa80101) && address_passes(t, 192, 0xa80201));
	assert_true(address_passes(t, 172, 0x1f0001));
	assert_true(ev_test_address(t, htobe64(0xfe80ULL << 48), 99));
	/* What is beside a group of neighbours is held back still. */
	assert_false(address_passes(t, 10, 0x400101));
	assert_false(address_passes(t, 192, 0xa70101));
	assert_false(address_passes(t, 8, 0x080808));
	assert_false(ev_test_address(t, htobe64(0x2001ULL << 48), 1));
	t = only_test("version=2\ntracer='open'\ncondition='path suffix {.so, .sa, .ko, .1, .2, .3, .4, .conf, .cont, /id_rsa}'\n",
		TR_OPEN);
	assert_true(ends(t, "_libc.so") && ends(t, "/thing.2") && ends(t, "abc.conf") && ends(t, "h/id_rsa"));
	assert_false(ends(t, "abc.html") || ends(t, "/bin/cat"));
	/* One of them holds for everything. */
	made_set_clear(&set);
	made_rule(&set, "version=2\ntracer='tcpstate'\ncondition='daddr cidr {10.0.0.0/8, 12.0.0.0/8, 14.0.0.0/8, 16.0.0.0/8, "
		"::/0}'\n");
	push();
	assert_int_equal(filter->filter.t[TR_TCPSTATE].dims, 0);
}

static void
containers_and_executables_are_asked_for(void **state)
{
	const uint32_t host = 1u << RT_NOT_FOUND, docker = 1u << RT_DOCKER;
	const struct ev_tracer_filter *f;

	made_open_rule(&set, "{field='container', value=true}");
	f = push();
	assert_int_equal(f->dims, DIM_RUNTIME);
	assert_true((f->runtimes & docker) && !(f->runtimes & host));
	made_rule(&set, "version=2\ntracer='open'\nruntimes=['host']\n");
	assert_true(push()->runtimes & host);
	made_set_clear(&set);
	made_rule(&set, "version=2\ntracer='open'\nruntimes=['docker']\n");
	assert_int_equal(push()->runtimes, docker);
	made_set_clear(&set);
	made_rule(&set, "tracer='open'\ncontainerRuntimes=['docker', 'kube']\n");
	assert_int_equal(push()->runtimes, docker | 1u << RT_KUBE | EV_RUNTIME_POD);
	made_set_clear(&set);
	made_open_rule(&set, "{field='container', value=false}, {field='exe', op='in', values=['/bin/a', '/bin/b']}");
	f = push();
	assert_int_equal(f->dims, DIM_RUNTIME | DIM_EXE);
	assert_int_equal(f->runtimes, host);
	assert_int_equal(filter->n_entries, 2);
	assert_true(in_set(path_hash_of("/bin/b"), DIM_EXE, TR_OPEN));
	/* The parent's is not known there. */
	made_set_clear(&set);
	made_open_rule(&set, "{field='pexe', value='/bin/a'}, {field='container.trusted', value=true}");
	assert_int_equal(push()->dims, 0);
}

/* ---- whatever the matcher matches passes ---- */

static unsigned int seed = 12345;

static unsigned int
dice(unsigned int n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % n;
}

static const char *const dirs[] = { "", "/a", "/a/b", "/a/b/c", "/aa", "/a/bb", "/d", "/d/e/f/g", "rel", "rel/x" };

static const char *const exes[] = { "/bin/a", "/bin/bash", "/usr/lib/exactly8/12345678", "memfd:x", "/" };
static const struct { const char *runtime, *pod; } runtimes[] = {
	{ "", "" }, { "", "pod1" }, { "docker", "" }, { "containerd", "pod2" }, { "kube", "pod3" }, { "lxc", "" },
};

/* Of containers and executables. */
static void
random_where(FILE *out)
{
	switch (dice(9)) {
	case 0:
		fprintf(out, "{field='container', op='%s', value=%s}", dice(4) ? "eq" : "ne", dice(2) ? "true" : "false");
		return;
	case 1:
		fprintf(out, "{field='container.runtime', op='%s', values=['docker','%s']}", dice(3) ? "in" : "notin",
			dice(2) ? "lxc" : "containerd");
		return;
	case 2:
		fprintf(out, "{field='container.%s', op='exists', not=%s}", dice(2) ? "runtime" : "pod_uid",
			dice(3) ? "false" : "true");
		return;
	case 3:
		fprintf(out, "{field='container.%s', op='%s', value='d'}", dice(2) ? "runtime" : "pod_uid",
			dice(2) ? "contains" : "ne");
		return;
	case 4:
		fprintf(out, "{field='lower(container.runtime)', op='%s', value='docker'}", dice(3) ? "eq" : "ne");
		return;
	default:
		fprintf(out, "{field='exe', op='%s', values=['%s','%s']}", dice(4) ? "in" : "notin", exes[dice(5)],
			exes[dice(5)]);
	}
}

static void
random_condition(FILE *out, int depth)
{
	static const char *const numbers[] = { "ge", "lt", "le", "gt" };

	switch (dice(depth < 3 ? 26 : 20)) {
	case 16: case 17: case 18: case 19:
		random_where(out);
		return;
	case 8:
		fprintf(out, "{field='retval', op='%s', value=%d}", numbers[dice(4)], (int)dice(5) - 2);
		return;
	case 9:
		fprintf(out, "{field='retval', op='in', values=['ENOENT', %d]}", (int)dice(5) - 2);
		return;
	case 10:
		fprintf(out, "{field='flags', op='%s', values=['O_WRONLY|O_CREAT', 'O_EXCL']}", dice(2) ? "hasany" : "hasall");
		return;
	case 11:
		fprintf(out, "{field='%s', op='suffix', value='%sf'}", dice(2) ? "path" : "filename", dirs[dice(10)]);
		return;
	case 12:
		fprintf(out, "{field='%s', op='prefix', value='%s'}", dice(2) ? "filename" : "exe", dirs[dice(10)]);
		return;
	case 13:
		fprintf(out, "{field='basename(%s)', op='eq', values=['f', 'x'%s]}", dice(2) ? "filename" : "path",
			dice(2) ? "" : ", 'fx', 'c', 'b', 'ff', '1', '2', '3', 'aa'");
		return;
	case 14:
		fprintf(out, dice(2) ? "{field='error', op='exists'}" : "{field='error', value='ENOENT'}");
		return;
	case 15:
		fprintf(out, "{field='uid', op='inrange', value='%u..%u'}", dice(4), dice(4));
		return;
	case 0:
		fprintf(out, "{field='uid', op='%s', values=[%u,%u]}", dice(4) ? "in" : "notin", dice(4), dice(4));
		return;
	case 1:
		fprintf(out, "{field='pid', op='eq', value=%u, not=%s}", dice(4), dice(4) ? "false" : "true");
		return;
	case 2:
		fprintf(out, "{field='comm', op='%s', values=['c%u','c%u']}", dice(3) ? "in" : "prefix", dice(4), dice(4));
		return;
	case 3:
		fprintf(out, "{field='path', op='eq', value='%s/f'}", dirs[dice(10)]);
		return;
	case 4:
		fprintf(out, "{field='path', op='pathprefix', values=['%s','%s/']}", dirs[dice(10)], dirs[dice(10)]);
		return;
	case 5:
		fprintf(out, "{field='path', op='prefix', value='%s/f'}", dirs[dice(10)]);
		return;
	case 6:
		fprintf(out, "{field='path', op='glob', value='%s/%s'}", dirs[dice(10)], dice(2) ? "**" : "f*");
		return;
	case 7:
		fprintf(out, "{field='path', op='contains', value='%s'}", dice(2) ? "f" : "b");
		return;
	case 20: case 21:
		fputs("{not=", out);
		random_condition(out, depth + 1);
		fputs("}", out);
		return;
	default:
		fprintf(out, "{%s=[", dice(2) ? "all" : "any");
		random_condition(out, depth + 1);
		fputs(",", out);
		random_condition(out, depth + 1);
		fputs("]}", out);
	}
}

static void
whatever_a_rule_matches_passes_the_kernel(void **state)
{
	static const char *const words[] = { "'docker'", "'host'", "'kube'", "'lxc','containerd'" };
	static struct match_result got;
	unsigned int pushed = 0, matched = 0, tested = 0, rejected = 0;
	unsigned int by_exe = 0, by_runtime = 0, outside = 0;
	char text[4000], path[200], comm[16];

	for (int round = 0; round < 2500; round++) {
		struct matcher *m;
		unsigned int n = 1 + dice(3);

		for (unsigned int i = 0; i < n; i++) {
			FILE *out = fmemopen(text, sizeof(text), "w");

			random_condition(out, 0);
			fclose(out);
			made_open_rule_of(&set, text, dice(8) ? "" : words[dice(4)])->stream = dice(4) == 0;
		}
		m = made_matcher(&set);
		pushed += push()->dims != 0;
		tested += (filter->filter.t[TR_OPEN].dims & DIM_TESTS) != 0;
		by_exe += (filter->filter.t[TR_OPEN].dims & DIM_EXE) != 0;
		by_runtime += (filter->filter.t[TR_OPEN].dims & DIM_RUNTIME) != 0;
		for (int k = 0; k < 200; k++) {
			unsigned int rt = dice(6), exe = dice(5);
			struct told told = { exes[exe][0] == '/' && dice(4) ? exes[exe] : NULL,
				dice(4) ? runtimes[rt].runtime : NULL, runtimes[rt].pod };
			struct event e;

			snprintf(path, sizeof(path), "%s%s", dirs[dice(10)], dice(3) ? "/f" : dice(2) ? "/f/x" : "");
			snprintf(comm, sizeof(comm), "c%u", dice(4));
			made_open(&made, &(struct made_open){ .path = path[0] ? path : "/", .comm = comm, .uid = dice(4),
				.filename = dirs[dice(10)], .oflags = dice(2) ? 0101 : dice(2) ? 0200 : 0,
				.ret = (int64_t)dice(5) - 2, .pid = dice(4), .cut = dice(10) ? 0 : dice(2) ? CUT(path) : CUT(filename),
				.exe = exes[exe], .pod = runtimes[rt].pod,
				.runtime = runtimes[rt].runtime[0] ? runtimes[rt].runtime : NULL }, &e);
			rejected += !tests_pass(&e, &filter->filter.t[TR_OPEN]);
			outside += !kernel_passes(&e, path[0] ? path : "/", &told);
			if (!matcher_run(m, &e, &got))
				continue;
			matched++;
			if (!kernel_passes(&e, path[0] ? path : "/", &told))
				fail_msg("%s by %s", path, text);
		}
		matcher_free(m);
		made_set_clear(&set);
	}
	assert_true(pushed > 50 && matched > 1000);
	assert_true(tested > 50 && rejected > 1000);
	assert_true(by_exe > 50 && by_runtime > 50 && outside > rejected);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_dimension_is_pushed_when_every_rule_has_it, clean),
		cmocka_unit_test_teardown(alternatives_need_the_dimension_in_each_branch, clean),
		cmocka_unit_test_teardown(substrings_of_the_first_bpfd_and_wide_prefixes_are_not_pushed, clean),
		cmocka_unit_test_teardown(defaults_and_streams_count_and_urgent_rules_are_marked, clean),
		cmocka_unit_test_teardown(a_set_that_is_too_large_is_not_pushed, clean),
		cmocka_unit_test_teardown(members_of_a_record_are_tested, clean),
		cmocka_unit_test_teardown(more_values_than_there_is_room_for_are_covered_by_wider_ones, clean),
		cmocka_unit_test_teardown(containers_and_executables_are_asked_for, clean),
		cmocka_unit_test_teardown(whatever_a_rule_matches_passes_the_kernel, clean),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
