/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/auto.h"
#include "common/memfd.h"

static void
nobody_can_change_a_sealed_one(void **state)
{
	AUTO(fd) int fd = memfd_sealed("test", "hello", 5);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(ftruncate(fd, 10), -1);
	assert_ptr_equal(mmap(NULL, 5, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	assert_int_equal(memfd_seal_received(fd, 5), 5);
	assert_int_equal(memfd_seal_received(fd, 4), -EFBIG);
}

static void
seals_what_it_received_itself(void **state)
{
	AUTO(fd) int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_int_equal(write(fd, "hello", 5), 5);
	assert_int_equal(memfd_seal_received(fd, 100), 5);
	assert_int_equal(write(fd, "x", 1), -1);
}

static void
refuses_one_that_somebody_can_still_write(void **state)
{
	AUTO(fd) int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	void *map;

	assert_int_equal(ftruncate(fd, 4096), 0);
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(map, MAP_FAILED);
	assert_int_equal(memfd_seal_received(fd, 8192), -EBUSY);
	munmap(map, 4096);
}

static void
does_not_take_future_write_for_write(void **state)
{
	AUTO(fd) int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	void *map;

	assert_int_equal(ftruncate(fd, 4096), 0);
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS,
		F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), 0);
	assert_true(memfd_seal_received(fd, 8192) < 0);
	munmap(map, 4096);
}

static void
refuses_what_is_no_memfd(void **state)
{
	char name[] = "/tmp/bpfd-test-memfd-XXXXXX";
	AUTO(fd) int file = mkstemp(name);
	int pipefd[2];

	assert_int_equal(write(file, "x", 1), 1);
	assert_int_equal(memfd_seal_received(file, 100), -EINVAL);
	unlink(name);
	assert_int_equal(pipe(pipefd), 0);
	assert_int_equal(memfd_seal_received(pipefd[0], 100), -EINVAL);
	close(pipefd[0]);
	close(pipefd[1]);
	AUTO(fd) int empty = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_int_equal(memfd_seal_received(empty, 100), -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_can_change_a_sealed_one),
		cmocka_unit_test(seals_what_it_received_itself),
		cmocka_unit_test(refuses_one_that_somebody_can_still_write),
		cmocka_unit_test(does_not_take_future_write_for_write),
		cmocka_unit_test(refuses_what_is_no_memfd),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("memfd", tests, NULL, NULL);
}
