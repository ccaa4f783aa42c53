/* SPDX-License-Identifier: Apache-2.0 */
/* bpfd-oneshot, as in test-oneshot: files as the client, what a process runs and its uprobes. */
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/auto.h"
#include "oneshot-refusals.h"

#define UID_TEST	65531
#define GID_TEST	65530

/* ---- files as the client ---- */

/* A connection whose other end belongs to this user, as the API's clients' do. */
static int
client(uid_t uid, gid_t gid, gid_t extra)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX, .sun_path = "/run/client.sock" };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), sock;
	pid_t pid;

	unlink(sun.sun_path);
	assert_int_equal(bind(listener, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(chmod(sun.sun_path, 0666), 0);
	assert_int_equal(listen(listener, 1), 0);
	pid = fork();
	if (pid == 0) {
		int s = socket(AF_UNIX, SOCK_STREAM, 0);

		if (setgroups(1, &extra) < 0 || setresgid(gid, gid, gid) < 0 ||
		    setresuid(uid, uid, uid) < 0 || connect(s, (struct sockaddr *)&sun, sizeof(sun)) < 0)
			_exit(1);
		_exit(0);
	}
	sock = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	waitpid(pid, NULL, 0);
	close(listener);
	return sock;
}

static void
open_path(const char *path, uint64_t max, int sock)
{
	static struct msg_path req;

	memset(&req, 0, sizeof(req));
	req.max_bytes = max;
	snprintf(req.path, sizeof(req.path), "%s", path);
	one_run(ROLE_LOADER, IPC_ONE_OPEN, &req, &sock, &run);
}

static void
write_file(const char *path, const char *text, mode_t mode, uid_t uid, gid_t gid)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchown(fd, uid, gid), 0);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void
copies_a_file_that_the_client_may_read(void **state)
{
	int sock = client(UID_TEST, UID_TEST, GID_TEST);
	const int all = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	char text[16] = "";

	write_file("/run/own", "own file", 0400, UID_TEST, 0);
	open_path("/run/own", 100, sock);
	assert_accepted();
	assert_confined(UID_TEST, 0);
	assert_int_equal(run.facts.size, 8);
	assert_int_equal(pread(run.fd, text, sizeof(text), 0), 8);
	assert_string_equal(text, "own file");
	assert_int_equal(fcntl(run.fd, F_GET_SEALS) & all, all);
	close(run.fd);

	write_file("/run/group", "by group", 0040, 0, GID_TEST);
	open_path("/run/group", 8, sock);
	assert_accepted();
	close(run.fd);
	close(sock);
}

static void
refuses_what_the_client_may_not_read(void **state)
{
	int sock = client(UID_TEST, UID_TEST, GID_TEST);

	write_file("/run/secret", "swordfish", 0600, 0, 0);
	open_path("/run/secret", 100, sock);
	assert_refused(IPC_PERMISSION_DENIED, "you (uid 65531) may not read /run/secret");
	assert_null(strstr(run.res.text, "swordfish"));
	assert_confined(UID_TEST, 0);
	open_path("/root/.ssh/nothing", 100, sock);
	assert_true(run.res.code == IPC_PERMISSION_DENIED || run.res.code == IPC_NOT_FOUND);
	close(sock);
}

static void
reads_for_root_whatever_root_reads(void **state)
{
	int sock = client(0, 0, 0);

	write_file("/run/theirs", "x", 0000, UID_TEST, UID_TEST);
	open_path("/run/theirs", 100, sock);
	assert_accepted();
	assert_confined(0, 1ULL << CAP_DAC_READ_SEARCH);
	close(run.fd);
	close(sock);
}

static void
refuses_what_is_no_object_file(void **state)
{
	int sock = client(UID_TEST, UID_TEST, UID_TEST);

	write_file("/run/empty", "", 0444, 0, 0);
	write_file("/run/big", "123456789", 0444, 0, 0);
	open_path("/run/nothing", 100, sock);
	assert_refused(IPC_NOT_FOUND, "there is no file /run/nothing");
	open_path("/run/big/nothing", 100, sock);
	assert_refused(IPC_NOT_FOUND, "there is no file");
	open_path("own", 100, sock);
	assert_refused(IPC_INVALID_ARGUMENT, "absolute");
	open_path("/run", 100, sock);
	assert_refused(IPC_INVALID_ARGUMENT, "not a regular file");
	open_path("/run/fifo", 100, sock);
	assert_refused(IPC_INVALID_ARGUMENT, "not a regular file");
	open_path("/dev/zero", 100, sock);
	assert_refused(IPC_INVALID_ARGUMENT, "not a regular file");
	open_path("/run/empty", 100, sock);
	assert_refused(IPC_INVALID_ARGUMENT, "is empty");
	open_path("/run/big", 8, sock);
	assert_refused(IPC_RESOURCE_EXHAUSTED, "larger than the 8 bytes");
	open_path("/proc/self/fd/3", 100, sock);
	assert_true(run.res.code != IPC_OK && run.fd < 0);
	close(sock);
}

static void
takes_no_identity_from_an_internal_channel(void **state)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	open_path("/etc/shadow", 1 << 20, pair[0]);
	assert_refused(IPC_INTERNAL, "cannot take the client's identity");
	close(pair[0]);
	close(pair[1]);
	open_path("/etc/shadow", 1 << 20, STDERR_FILENO);
	assert_refused(IPC_INTERNAL, "cannot take the client's identity");
}

/* ---- the channel ---- */

static int
open_binary(uint32_t pid, const char *path)
{
	struct msg_binary req = { .pid = pid };

	snprintf(req.path, sizeof(req.path), "%s", path);
	one_run(ROLE_LOADER, IPC_ONE_BINARY, &req, NULL, &run);
	return run.fd;
}

/* Where a function of this program lies in its file. */
static uint64_t
offset_of(void (*function)(void **))
{
	uint64_t from, to, offset, at = (uintptr_t)function;
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512];

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64, &from, &to, &offset) == 3 &&
		    at >= from && at < to) {
			fclose(maps);
			return at - from + offset;
		}
	fclose(maps);
	return 0;
}

static void
opens_what_a_process_runs_and_probes_it(void **state)
{
	const struct msg_uprobe req = { .n_sites = 1, .flags = PROBE_RETURN,
		.sites = { { .offset = offset_of(opens_what_a_process_runs_and_probes_it) } } };
	struct stat st, self;
	AUTO(fd) int fd = open_binary((uint32_t)getpid(), "");

	assert_accepted();
	assert_confined(once_uid(), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(stat("/proc/self/exe", &self), 0);
	assert_int_equal(st.st_ino, self.st_ino);
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	one_run(ROLE_LOADER, IPC_ONE_UPROBE, &req, &fd, &run);
	assert_accepted();
	assert_confined(once_uid(), 0);
	close(run.fd);
}

static void
opens_no_other_thing_than_a_regular_file(void **state)
{
	assert_int_equal(open_binary(0, "/run/fifo"), -1);
	assert_refused(IPC_INVALID_ARGUMENT, "regular");
	assert_int_equal(open_binary(0, "/nonexistent"), -1);
	assert_refused(IPC_NOT_FOUND, "/nonexistent");
	assert_int_equal(open_binary(0, "relative"), -1);
	assert_refused(IPC_INVALID_ARGUMENT, "neither");
	assert_int_equal(open_binary(UINT32_MAX, ""), -1);
	assert_refused(IPC_NOT_FOUND, "cannot be opened");
}

static void
open_file(uint32_t pid, const char *path, int sock)
{
	struct msg_file req = { .pid = pid };

	snprintf(req.path, sizeof(req.path), "%s", path);
	one_run(ROLE_LOADER, IPC_ONE_FILE, &req, &sock, &run);
}

static void
opens_a_file_for_a_probe_as_the_client(void **state)
{
	int user = client(UID_TEST, UID_TEST, GID_TEST), root = client(0, 0, 0);
	struct stat st, want;

	write_file("/run/own", "own file", 0400, UID_TEST, 0);
	write_file("/run/secret", "swordfish", 0600, 0, 0);
	open_file(0, "/run/own", user);
	assert_accepted();
	assert_confined(UID_TEST, 0);
	assert_int_equal(fstat(run.fd, &st), 0);
	assert_int_equal(stat("/run/own", &want), 0);
	assert_true(st.st_ino == want.st_ino && run.facts.size == 8);
	assert_int_equal(fcntl(run.fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	close(run.fd);
	open_file(0, "/run/secret", user);
	assert_refused(IPC_PERMISSION_DENIED, "you (uid 65531) may not read /run/secret");
	/* The root of a process is opened with our rights, what is in it with the client's. */
	open_file((uint32_t)getpid(), "/run/secret", user);
	assert_refused(IPC_PERMISSION_DENIED, "may not read /run/secret in the root of process");
	open_file((uint32_t)getpid(), "/run/secret", root);
	assert_accepted();
	close(run.fd);
	open_file(0, "/run/fifo", root);
	assert_refused(IPC_INVALID_ARGUMENT, "not a regular file");
	open_file(0, "/run", root);
	assert_refused(IPC_INVALID_ARGUMENT, "not a regular file");
	open_file(0, "relative/path", root);
	assert_refused(IPC_INVALID_ARGUMENT, "absolute path");
	open_file(INT32_MAX, "/run/own", root);
	assert_refused(IPC_NOT_FOUND, "no process 2147483647");
	close(user);
	close(root);
}

static void
finds_a_library_by_its_name(void **state)
{
	int sock = client(0, 0, 0);

	open_file(0, "libc", sock);
	assert_accepted();
	close(run.fd);
	open_file(0, "libc.so.6", sock);
	assert_accepted();
	close(run.fd);
	open_file(0, "libc.so", sock);	/* where there is one it is a linker's script, and a file */
	close_keep_errno(run.fd);
	open_file(0, "libnosuch", sock);
	assert_refused(IPC_NOT_FOUND, "there is no library libnosuch");
	close(sock);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_a_file_that_the_client_may_read),
		cmocka_unit_test(refuses_what_the_client_may_not_read),
		cmocka_unit_test(reads_for_root_whatever_root_reads),
		cmocka_unit_test(refuses_what_is_no_object_file),
		cmocka_unit_test(takes_no_identity_from_an_internal_channel),
		cmocka_unit_test(opens_what_a_process_runs_and_probes_it),
		cmocka_unit_test(opens_no_other_thing_than_a_regular_file),
		cmocka_unit_test(opens_a_file_for_a_probe_as_the_client),
		cmocka_unit_test(finds_a_library_by_its_name),
	};

	if (geteuid() != 0)
		return puts("1..0 # SKIP needs root") < 0;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("oneshot-files", tests, setup, teardown);
}
