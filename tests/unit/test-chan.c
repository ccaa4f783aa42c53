/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"
#include "ipc/chan.h"

struct pair {
	struct chan *loader;	/* at the loader, its peer is the API */
	int raw;		/* the API's end, as bare bytes */
};

static int
open_pair(void **state)
{
	struct pair *p = calloc(1, sizeof(*p));
	int sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv), 0);
	assert_int_equal(chan_new(sv[0], ROLE_LOADER, FROM_API, &p->loader), 0);
	chan_set_phase(p->loader, PHASE_RUN);
	p->raw = sv[1];
	*state = p;
	return 0;
}

static int
close_pair(void **state)
{
	struct pair *p = *state;

	chan_free(p->loader);
	close(p->raw);
	free(p);
	return 0;
}

static int
count_open_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* Sends len bytes with n_fds duplicates of standard input. */
static void
send_raw(int fd, const void *data, size_t len, unsigned int n_fds)
{
	struct iovec iov = { (void *)data, len };
	char control[CMSG_SPACE(sizeof(int) * 64)] __attribute__((aligned(8))) = { 0 };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (n_fds) {
		struct cmsghdr *cm;
		int zero = 0;

		mh.msg_control = control;
		mh.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
		cm = CMSG_FIRSTHDR(&mh);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
		for (unsigned int i = 0; i < n_fds; i++)
			memcpy(CMSG_DATA(cm) + i * sizeof(int), &zero, sizeof(int));
	}
	assert_int_equal(sendmsg(fd, &mh, 0), (ssize_t)len);
}

static size_t
build(unsigned char *buf, uint32_t type)
{
	struct msg_hdr h = { IPC_MAGIC, IPC_VERSION, (uint16_t)type, (uint32_t)ipc_payload_size(type), 7,
		ipc_fd_count(type), 0 };

	memset(buf, 0, sizeof(h) + h.len);
	memcpy(buf, &h, sizeof(h));
	return sizeof(h) + h.len;
}

static void
delivers_a_message_with_its_descriptor(void **state)
{
	struct pair *p = *state;
	unsigned char buf[1 << 17];
	struct chan_msg m;

	send_raw(p->raw, buf, build(buf, IPC_DETACH), 1);
	assert_int_equal(chan_recv(p->loader, &m), 1);
	assert_int_equal(m.hdr.type, IPC_DETACH);
	assert_int_equal(m.hdr.seq, 7);
	assert_int_equal(m.n_fds, 1);
	assert_int_equal(fcntl(m.fds[0], F_GETFD), FD_CLOEXEC);
	chan_drop_fds(&m);
}

static void
takes_only_what_its_role_may_get_in_this_phase(void **state)
{
	struct pair *p = *state;
	unsigned char buf[1 << 17];

	for (uint32_t type = 0; type < N_IPC_TYPES + 2; type++) {
		struct chan_msg m;
		static const uint32_t mine[] = { IPC_LOAD, IPC_OPEN_PATH, IPC_ATTACH, IPC_LINK_UPDATE, IPC_DETACH, IPC_UNLOAD,
			IPC_ITER_READ, IPC_MAP_BTF, IPC_MAP_READ, IPC_MAP_UPDATE, IPC_MAP_DELETE,
			IPC_COMMIT, IPC_UNDO, IPC_INVENTORY, IPC_PROG_GET, IPC_KERNEL_LIST, IPC_LINKS_GONE,
			IPC_SLOTS, IPC_RESTORE_LOAD, IPC_RESTORE_ATTACH, IPC_WISH_ATTACH, IPC_WISH_DETACH,
			IPC_IFACES_WATCH,
			IPC_LOADER_STATS, IPC_TRACERS_WANT, IPC_ENFORCE_WANT, IPC_TRACERS_LIST };
		int want = -EPROTO;

		for (size_t i = 0; i < sizeof(mine) / sizeof(mine[0]); i++)
			if (mine[i] == type)
				want = 1;
		send_raw(p->raw, buf, build(buf, type), ipc_fd_count(type));
		assert_int_equal(chan_recv(p->loader, &m), want);
		chan_drop_fds(&m);
	}
	chan_set_phase(p->loader, PHASE_START);
	for (uint32_t type = 1; type < N_IPC_TYPES; type++) {
		struct chan_msg m;
		int want = type == IPC_UNDO || type == IPC_INVENTORY || type == IPC_RECONCILED ? 1 : -EPROTO;

		send_raw(p->raw, buf, build(buf, type), ipc_fd_count(type));
		assert_int_equal(chan_recv(p->loader, &m), want);
		chan_drop_fds(&m);
	}
}

/* Most have a channel to each of their peers, and the longest message is one of two. */
static void
has_room_for_no_more_than_may_come(void **state)
{
	struct chan *c;
	int sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv), 0);
	assert_int_equal(chan_new(sv[0], ROLE_SUP, FROM_ENRICHER, &c), 0);
	assert_true(malloc_usable_size(c) < 1024);
	chan_free(c);
	close(sv[1]);
}

static void
refuses_every_other_size(void **state)
{
	struct pair *p = *state;
	unsigned char buf[1 << 17];
	size_t len = build(buf, IPC_UNLOAD);
	struct chan_msg m;

	for (size_t n = 1; n < len + 16; n++) {
		if (n == len)
			continue;
		send_raw(p->raw, buf, n, 1);
		assert_int_equal(chan_recv(p->loader, &m), -EPROTO);
	}
	send_raw(p->raw, buf, sizeof(buf), 1);
	assert_int_equal(chan_recv(p->loader, &m), -EPROTO);
}

static void
closes_descriptors_of_a_refused_message(void **state)
{
	struct pair *p = *state;
	unsigned char buf[1 << 17];
	struct chan_msg m;
	int before = count_open_fds();

	for (unsigned int n = 0; n < 40; n++) {
		int want = n == 1 ? 1 : -EPROTO;

		send_raw(p->raw, buf, build(buf, IPC_UNLOAD), n);
		assert_int_equal(chan_recv(p->loader, &m), want);
		chan_drop_fds(&m);
		assert_int_equal(count_open_fds(), before);
	}
}

static void
refuses_a_wrong_header(void **state)
{
	struct pair *p = *state;
	unsigned char buf[1 << 17];
	struct chan_msg m;

	for (size_t at = 0; at < sizeof(struct msg_hdr); at++) {
		size_t len = build(buf, IPC_INVENTORY);

		if (at >= offsetof(struct msg_hdr, seq) && at < offsetof(struct msg_hdr, nfds))
			continue;
		buf[at] ^= 0x80;
		send_raw(p->raw, buf, len, 0);
		assert_int_equal(chan_recv(p->loader, &m), -EPROTO);
	}
}

static void
tells_the_end_of_the_peer(void **state)
{
	struct pair *p = *state;
	struct chan_msg m;

	assert_int_equal(chan_recv(p->loader, &m), -EAGAIN);
	assert_int_equal(chan_wait(p->loader, &m, 10), -ETIMEDOUT);
	shutdown(p->raw, SHUT_RDWR);
	assert_int_equal(chan_wait(p->loader, &m, 1000), 0);
	assert_int_equal(chan_send(p->loader, IPC_RESULT, 1, &(struct msg_result){ 0 }, NULL), -EPIPE);
}

/* The kernel reports words that the peer did not read before it gives out what the peer said. */
static void
hears_the_last_words_of_who_does_not_listen(void **state)
{
	struct pair *p = *state;
	unsigned char buf[1 << 17];
	size_t len = build(buf, IPC_UNLOAD);
	struct chan_msg m;

	assert_int_equal(chan_send(p->loader, IPC_RESULT, 1, &(struct msg_result){ .code = IPC_OK }, NULL), 0);
	send_raw(p->raw, buf, len, 1);
	close(p->raw);
	p->raw = -1;
	assert_int_equal(chan_recv(p->loader, &m), 1);
	assert_int_equal(m.hdr.type, IPC_UNLOAD);
	chan_drop_fds(&m);
	assert_int_equal(chan_recv(p->loader, &m), 0);
}

static void
accepts_text_and_nothing_else(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		bool ok;
	} cases[] = {
		{ "", 1, true }, { "eth0", 5, true }, { "eth0", 4, false }, { "gr\xc3\xbc\xc3\x9f", 8, true },
		{ "\xf0\x9f\x90\x9d", 5, true }, { "a\nb", 4, false }, { "\x1b[0m", 5, false },
		{ "\xc0\x80", 3, false }, { "\xed\xa0\x80", 4, false }, { "\xf4\x90\x80\x80", 5, false },
		{ "\xff", 2, false }, { "\xc3", 2, false }, { "\xc2\x85", 3, false }, { "\x7f", 2, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(ipc_str_ok(cases[i].bytes, cases[i].size), cases[i].ok);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(delivers_a_message_with_its_descriptor, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(takes_only_what_its_role_may_get_in_this_phase, open_pair,
			close_pair),
		cmocka_unit_test_setup_teardown(has_room_for_no_more_than_may_come, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(refuses_every_other_size, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(closes_descriptors_of_a_refused_message, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(refuses_a_wrong_header, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(tells_the_end_of_the_peer, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(hears_the_last_words_of_who_does_not_listen, open_pair, close_pair),
		cmocka_unit_test(accepts_text_and_nothing_else),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("chan", tests, NULL, NULL);
}
