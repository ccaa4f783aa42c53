/* SPDX-License-Identifier: Apache-2.0 */
/* Few types of the kernel must make of each of bpfd's objects what all of them make. */
#include <bpf/libbpf.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/auto.h"
#include "linker/few.h"

#define PROGRAMS_MAX 32

/* What libbpf gave to the kernel, which is not asked. */
struct given {
	struct {
		char name[BPF_OBJ_NAME_LEN];
		uint32_t attach_id, n;
		struct bpf_insn *insns;
	} progs[PROGRAMS_MAX];
	size_t n;
};

static struct given *given;
static struct few few;
static struct btf *all;

static uint32_t
kernel_id(uint32_t id)
{
	return few.btf && id ? few_kernel_id(&few, id) : id;
}

/* As src/linker/broker.c does it; maps are other descriptors each time. */
static void
put_ids(struct bpf_insn *in)
{
	bool wide = in->code == (BPF_LD | BPF_IMM | BPF_DW);

	if (in->code == (BPF_JMP | BPF_CALL) && in->src_reg == BPF_PSEUDO_KFUNC_CALL)
		in->imm = (int32_t)kernel_id((uint32_t)in->imm);
	if (wide && in->src_reg == BPF_PSEUDO_BTF_ID)
		in->imm = (int32_t)kernel_id((uint32_t)in->imm);
	if (wide && (in->src_reg == BPF_PSEUDO_MAP_FD || in->src_reg == BPF_PSEUDO_MAP_VALUE))
		in->imm = 0;
}

static int
take_program(const union bpf_attr *attr)
{
	size_t bytes = attr->insn_cnt * sizeof(struct bpf_insn), n = given->n;

	/* libbpf's questions to the kernel are as short as no program of ours. */
	if (attr->insn_cnt < 8 || n == PROGRAMS_MAX)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	memcpy(given->progs[n].name, attr->prog_name, BPF_OBJ_NAME_LEN);
	given->progs[n].attach_id = kernel_id(attr->attach_btf_id);
	given->progs[n].n = attr->insn_cnt;
	given->progs[n].insns = memcpy(malloc(bytes), (void *)(uintptr_t)attr->insns, bytes);
	for (uint32_t i = 0; i < attr->insn_cnt; i++)
		put_ids(&given->progs[n].insns[i]);
	given->n++;
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static int
map_fd(const union bpf_attr *attr)
{
	int fd = memfd_create("map", MFD_CLOEXEC);

	return ftruncate(fd, (off_t)attr->value_size * attr->max_entries + 4096) < 0 ? -1 : fd;
}

long
syscall(long nr, ...)
{
	static long (*libc_syscall)(long nr, ...);
	long a[6];
	va_list ap;

	va_start(ap, nr);
	for (size_t i = 0; i < ARRAY_SIZE(a); i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (!libc_syscall)
		libc_syscall = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	if (nr != __NR_bpf)
		return libc_syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	switch (a[0]) {
	case BPF_PROG_LOAD:
		return take_program((const union bpf_attr *)a[1]);
	case BPF_MAP_CREATE:
		return map_fd((const union bpf_attr *)a[1]);
	case BPF_BTF_LOAD:
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	case BPF_MAP_UPDATE_ELEM:
	case BPF_MAP_FREEZE:
	case BPF_PROG_BIND_MAP:
		return 0;
	}
	errno = ENOENT;
	return -1;
}

struct btf *
btf__load_vmlinux_btf(void)
{
	return few.btf ? few.btf : all;
}

void
btf__free(struct btf *btf)
{
	static void (*libbpf_free)(struct btf *btf);

	if (!libbpf_free)
		libbpf_free = (void (*)(struct btf *))dlsym(RTLD_NEXT, "btf__free");
	if (btf && btf != all && btf != few.btf)
		libbpf_free(btf);
}

static void
drop_few(void)
{
	struct few old = few;

	memset(&few, 0, sizeof(few));
	few_free(&old);
}

static void *
read_file(const char *path, size_t *size)
{
	AUTO(fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *p;

	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	*size = (size_t)st.st_size;
	p = malloc(*size);
	assert_int_equal(read(fd, p, *size), *size);
	return p;
}

/* Programs whose hook this kernel lacks cannot be attached and are not linked. */
static void
link_image(void *image, size_t size, struct given *out)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "bpfd");
	struct bpf_object *obj = bpf_object__open_mem(image, size, &opts);
	struct bpf_program *p;

	assert_non_null(obj);
	bpf_object__for_each_program(p, obj) {
		char name[HOOK_NAME_MAX];
		uint32_t kind;

		if (hook_type(bpf_program__section_name(p), name, sizeof(name), &kind))
			bpf_program__set_autoload(p,
				btf__find_by_name_kind(btf__load_vmlinux_btf(), name, kind) > 0);
	}
	given = out;
	assert_int_equal(bpf_object__load(obj), 0);
	bpf_object__close(obj);
}

static void
compare(const char *object, struct given *a, struct given *b)
{
	assert_int_equal(a->n, b->n);
	for (size_t i = 0; i < a->n; i++) {
		assert_string_equal(a->progs[i].name, b->progs[i].name);
		if (a->progs[i].attach_id != b->progs[i].attach_id || a->progs[i].n != b->progs[i].n ||
		    memcmp(a->progs[i].insns, b->progs[i].insns, a->progs[i].n * sizeof(struct bpf_insn)) != 0)
			fail_msg("%s: program %s differs", object, a->progs[i].name);
		free(a->progs[i].insns);
		free(b->progs[i].insns);
	}
}

static void
few_types_and_all_types_make_the_same_programs(void **state)
{
	static const char *const objects[] = { "core",
#define TRACER(id, name, class, flags, help) #name,
#include "bpf/tracers.def"
	};
	struct few_kernel kernel = { 0 };
	AUTO(fd) int fd = open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC);
	const char *build = getenv("BPFD_BUILD");
	size_t n = 0;

	if (fd < 0)
		skip();
	assert_int_equal(few_kernel_open(fd, &kernel), 0);
	all = btf__parse("/sys/kernel/btf/vmlinux", NULL);
	assert_non_null(all);
	for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
		struct given with_all = { 0 }, with_few = { 0 };
		AUTO(mem) void *image = NULL;
		char path[512];
		size_t size;

		snprintf(path, sizeof(path), "%s/bpf/%s.bpf.o", build ? build : ".", objects[i]);
		if (access(path, R_OK) < 0)
			continue;	/* a tracer without a kernel side */
		image = read_file(path, &size);
		link_image(image, size, &with_all);
		assert_int_equal(few_make(&kernel, image, size, &few), 0);
		assert_true(few.n < 20000);
		link_image(image, size, &with_few);
		drop_few();
		assert_true(with_all.n > 0);
		compare(path, &with_all, &with_few);
		n++;
	}
	assert_true(n > 10);
	few_kernel_close(&kernel);
}

static void
a_flavour_is_no_part_of_the_name(void **state)
{
	assert_int_equal(kbtf_essential_len("file"), 4);
	assert_int_equal(kbtf_essential_len("kernfs_node___renamed"), 11);
	assert_int_equal(kbtf_essential_len("a___b"), 1);
	assert_int_equal(kbtf_essential_len("___b"), 4);
	assert_int_equal(kbtf_essential_len("a___"), 4);
	assert_int_equal(kbtf_essential_len("a____b"), 6);
	assert_int_equal(kbtf_essential_len("a___b___c"), 5);
}

/* Types of 12 and 16 bytes, then strings. */
struct blob {
	struct btf_header h;
	struct btf_type i;
	uint32_t of_int;
	struct btf_type s;
	struct btf_member m;
	char strings[8];
};

static struct blob
sound(void)
{
	return (struct blob){ .h = { BTF_MAGIC, BTF_VERSION, 0, sizeof(struct btf_header), 0, 40, 40, 8 },
		.i = { 1, BTF_KIND_INT << 24, { 4 } }, .of_int = 32,
		.s = { 3, BTF_KIND_STRUCT << 24 | 1, { 4 } }, .m = { 5, 1, 0 }, .strings = "\0i\0s\0m" };
}

static void
btf_that_is_cut_anywhere_is_refused(void **state)
{
	struct blob b = sound();
	struct kbtf k = { 0 };

	assert_int_equal(kbtf_read(&b, sizeof(b), &k), 0);
	assert_int_equal(k.n, 3);
	assert_string_equal(kbtf_name(&k, kbtf_type(&k, 2)), "s");
	assert_null(kbtf_type(&k, 0));
	assert_null(kbtf_type(&k, 3));
	kbtf_close(&k);
	for (size_t n = 0; n < sizeof(b); n++) {
		AUTO(mem) void *cut = malloc(n + 1);

		memcpy(cut, &b, n);
		assert_int_equal(kbtf_read(cut, n, &k), -EINVAL);
	}
	for (uint32_t n = 1; n < 40; n++) {
		b = sound();
		b.h.type_len = n;
		assert_int_equal(kbtf_read(&b, sizeof(b), &k), n == 16 ? 0 : -EINVAL);
		kbtf_close(&k);
	}
}

static void
btf_with_a_name_or_kind_of_no_sense_is_refused(void **state)
{
	struct kbtf k = { 0 };
	struct blob b = sound();

	b.s.name_off = 8;
	assert_int_equal(kbtf_read(&b, sizeof(b), &k), -EINVAL);
	b = sound();
	b.s.info = 31u << 24;
	assert_int_equal(kbtf_read(&b, sizeof(b), &k), -EINVAL);
	b = sound();
	b.s.info = 0;
	assert_int_equal(kbtf_read(&b, sizeof(b), &k), -EINVAL);
	b = sound();
	b.strings[7] = 'x';
	assert_int_equal(kbtf_read(&b, sizeof(b), &k), -EINVAL);
}

/* The objects are bpfd's own; a reader of files does not rely on it. */
static void
objects_that_are_cut_or_changed_anywhere_harm_nothing(void **state)
{
	struct blob b = sound();
	struct few_kernel kernel = { 0 };
	const char *build = getenv("BPFD_BUILD");
	char path[512];
	size_t size, step;
	AUTO(mem) uint8_t *image = NULL;
	AUTO(mem) uint8_t *changed = NULL;

	snprintf(path, sizeof(path), "%s/bpf/core.bpf.o", build ? build : ".");
	image = read_file(path, &size);
	changed = malloc(size);
	assert_int_equal(kbtf_read(&b, sizeof(b), &kernel.types), 0);
	assert_int_equal(few_kernel_names(&kernel), 0);
	step = size / 499;
	for (size_t i = 0; i < size; i += step) {
		struct few made = { 0 };
		uint8_t *cut = malloc(i + 1);

		memcpy(cut, image, i);
		if (few_make(&kernel, cut, i, &made) == 0)
			few_free(&made);
		free(cut);
		memcpy(changed, image, size);
		for (size_t j = i; j < i + 8 && j < size; j++)
			changed[j] ^= 0xff;
		if (few_make(&kernel, changed, size, &made) == 0)
			few_free(&made);
	}
	few_kernel_close(&kernel);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_types_and_all_types_make_the_same_programs),
		cmocka_unit_test(a_flavour_is_no_part_of_the_name),
		cmocka_unit_test(btf_that_is_cut_anywhere_is_refused),
		cmocka_unit_test(btf_with_a_name_or_kind_of_no_sense_is_refused),
		cmocka_unit_test(objects_that_are_cut_or_changed_anywhere_harm_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
