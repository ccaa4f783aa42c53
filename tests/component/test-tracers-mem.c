/* SPDX-License-Identifier: Apache-2.0 */
/* mem: what memory is made executable, and what is not worth a word. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "bpf/mem.h"
#include "tracers-own.h"

#define PAGE 4096

static const char *const tracers[] = { "mem", NULL };

static int
setup(void **state)
{
	return tracerrig_open(tracers, NULL, &rig);
}

static size_t
n_of(uint32_t pid)
{
	size_t n = 0;

	for (size_t i = 0; i < tracerrig_n(rig); i++)
		n += tracerrig_event(rig, i)->tracer == TR_MEM && tracerrig_event(rig, i)->tgid == pid;
	return n;
}

static void *
map(int prot, int flags, int fd)
{
	void *p = mmap(NULL, PAGE, prot, flags, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

static int
maps_to_write_and_execute(void)
{
	return !map(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static void
memory_to_write_and_execute_is_told(void **state)
{
	uint32_t pid = child(maps_to_write_and_execute);
	const struct ev_mem *e = tracerrig_find(rig, TR_MEM, MEM_MMAP, pid);

	assert_non_null(e);
	assert_int_equal(e->why, MEM_WX | MEM_ANON);
	assert_int_equal(e->prot, PROT_READ | PROT_WRITE | PROT_EXEC);
	assert_int_equal(e->flags, MAP_PRIVATE | MAP_ANONYMOUS);
	assert_true(e->addr && e->size >= PAGE);
	assert_int_equal(e->h.ret, 0);
	assert_int_equal(e->count, 1);
	assert_int_equal(n_of(pid), 1);
}

static int
maps_shared_to_execute(void)
{
	return !map(PROT_READ | PROT_EXEC, MAP_SHARED | MAP_ANONYMOUS, -1);
}

static void
shared_memory_without_a_file_is_anonymous_too(void **state)
{
	const struct ev_mem *e = tracerrig_find(rig, TR_MEM, MEM_MMAP, child(maps_shared_to_execute));

	assert_non_null(e);
	assert_int_equal(e->why, MEM_ANON);
}

static int
writes_then_executes(void)
{
	void *p = map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	return !p || mprotect(p, PAGE, PROT_READ | PROT_EXEC);
}

static void
anonymous_memory_made_executable_is_told(void **state)
{
	uint32_t pid = child(writes_then_executes);
	const struct ev_mem *e = tracerrig_find(rig, TR_MEM, MEM_MPROTECT, pid);

	assert_non_null(e);
	assert_int_equal(e->why, MEM_ANON);
	assert_int_equal(e->prot, PROT_READ | PROT_EXEC);
	assert_int_equal(e->size, PAGE);
	assert_int_equal(n_of(pid), 1);
}

static int
executes_a_memfd(void)
{
	int fd = memfd_create("library", MFD_CLOEXEC);

	return fd < 0 || ftruncate(fd, PAGE) || !map(PROT_READ | PROT_EXEC, MAP_PRIVATE, fd);
}

static void
a_library_without_a_name_is_told(void **state)
{
	uint32_t pid = child(executes_a_memfd);
	const struct ev_mem *e = tracerrig_find(rig, TR_MEM, MEM_MEMFD_CREATE, pid);

	assert_non_null(e);
	assert_string_equal(tracerrig_str(e, e->path), "/memfd:library");
	assert_int_equal(e->flags, MFD_CLOEXEC);
	assert_true(e->h.ret >= 0 && e->ino);
	assert_int_equal(e->h.flags, 0);	/* the kernel's name, not the caller's memory */
	e = tracerrig_find(rig, TR_MEM, MEM_MMAP, pid);
	assert_non_null(e);
	assert_int_equal(e->why, MEM_NAMELESS);
	assert_string_equal(tracerrig_str(e, e->path), "/memfd:library");
	assert_int_equal(n_of(pid), 2);
}

static int
does_what_all_do(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	void *p = map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	if (fd < 0 || !p || !map(PROT_READ | PROT_EXEC, MAP_PRIVATE, fd))
		return 1;
	if (mprotect(p, PAGE, PROT_READ) || mprotect(p, PAGE, PROT_NONE) || personality(0xffffffff) < 0)
		return 1;
	return mmap(NULL, 0, PROT_EXEC, MAP_PRIVATE, fd, 0) != MAP_FAILED;
}

static void
libraries_and_data_are_not(void **state)
{
	assert_int_equal(n_of(child(does_what_all_do)), 0);
}

static int
compiles_all_the_time(void)
{
	for (int i = 0; i < 100; i++) {
		void *p = map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

		if (!p || mprotect(p, PAGE, PROT_READ | PROT_EXEC) || munmap(p, PAGE))
			return 1;
	}
	return 0;
}

static void
what_a_process_does_again_and_again_is_told_once(void **state)
{
	uint64_t before = tracerrig_count(rig, TR_MEM).filtered;
	uint32_t pid = child(compiles_all_the_time);

	assert_int_equal(n_of(pid), 1);
	assert_true(tracerrig_count(rig, TR_MEM).filtered - before >= 99);
}

static int
makes_reading_executing(void)
{
	if (personality(READ_IMPLIES_EXEC) < 0)
		return 1;
	return !map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static void
what_a_personality_makes_executable_is_told_too(void **state)
{
	uint32_t pid = child(makes_reading_executing);
	const struct ev_mem *e = tracerrig_find(rig, TR_MEM, MEM_PERSONALITY, pid);

	assert_non_null(e);
	assert_int_equal(e->what, READ_IMPLIES_EXEC);
	e = tracerrig_find(rig, TR_MEM, MEM_MMAP, pid);
	assert_non_null(e);
	assert_int_equal(e->why, MEM_WX | MEM_ANON);
}

static int
advises_its_parent(void)
{
	struct iovec v = { &rig, PAGE };
	int fd = (int)syscall(SYS_pidfd_open, getppid(), 0);

	v.iov_base = (void *)((uintptr_t)&rig & ~(PAGE - 1UL));
	return fd < 0 || syscall(SYS_process_madvise, fd, &v, 1, 20 /* MADV_COLD */, 0) < 0;
}

static void
advice_for_another_has_its_target(void **state)
{
	uint32_t pid = child(advises_its_parent);
	const struct ev_mem *e = tracerrig_find(rig, TR_MEM, MEM_PROCESS_MADVISE, pid);

	assert_non_null(e);
	assert_int_equal(e->what, 20);
	assert_int_equal(e->target.pid, getpid());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(memory_to_write_and_execute_is_told),
		TEST(shared_memory_without_a_file_is_anonymous_too),
		TEST(anonymous_memory_made_executable_is_told),
		TEST(a_library_without_a_name_is_told),
		TEST(libraries_and_data_are_not),
		TEST(what_a_process_does_again_and_again_is_told_once),
		TEST(what_a_personality_makes_executable_is_told_too),
		TEST(advice_for_another_has_its_target),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, close_rig);
}
