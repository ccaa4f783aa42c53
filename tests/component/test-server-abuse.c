/* SPDX-License-Identifier: Apache-2.0 */
/* Clients that keep to no rule, and the limits: the server lives, and serves the others. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/auto.h"
#include "frames.h"
#include "h2client.h"
#include "ipc/messages.h"
#include "served.h"

#define EMPTY "\0\0\0\0\0", 5
#define NOW "/bpfd.v1.System/Version"
#define HELD "/bpfd.v1.System/Counters"
#define LOAD "/bpfd.v1.Programs/Load"
#define BIG "/bpfd.v1.System/Status"
#define NOBODY 65534
#define CONVERSATIONS 4000

static void
turn(struct served *s, int times)
{
	while (times-- > 0)
		event_base_loop(s->base, EVLOOP_NONBLOCK);
}

static double
now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
turn_for(struct served *s, double seconds)
{
	const struct timespec pause = { 0, 5000000 };

	for (double end = now_s() + seconds; now_s() < end; nanosleep(&pause, NULL))
		turn(s, 1);
}

static void
assert_serving(struct served *s)
{
	struct client *c = client_new(s->base, s->path);
	const struct reply *r = client_wait(c, client_start(c, NOW, NULL, EMPTY, true));

	assert_int_equal(r->status, 0);
	client_free(c);
	turn(s, 2);
}

/* Writes while the server takes it; the number of bytes.  Reads nothing. */
static size_t
shove(struct served *s, int fd, const uint8_t *data, size_t len)
{
	size_t off = 0;

	for (int idle = 0; off < len && idle < 20; idle++) {
		ssize_t n = send(fd, data + off, len - off, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN)
			break;
		if (n > 0) {
			off += (size_t)n;
			idle = 0;
		}
		turn(s, 1);
	}
	turn(s, 5);
	return off;
}

/* Reads what there is; true: the server has closed. */
static bool
drained(struct served *s, int fd)
{
	uint8_t buf[65536];

	for (;;) {
		ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

		if (n == 0 || (n < 0 && errno != EAGAIN))
			return true;
		if (n < 0)
			return false;
		turn(s, 1);
	}
}

/* Sends frames again and again, reading nothing unless read is set, until the server closes. */
static size_t
flood(struct served *s, const struct frames *start, const struct frames *again, size_t max, bool read)
{
	AUTO(fd) int fd = client_socket(s->path);
	size_t times = 0;

	turn(s, 3);
	shove(s, fd, start->bytes, start->len);
	for (; times < max; times++) {
		if (shove(s, fd, again->bytes, again->len) < again->len)
			break;
		if (read && drained(s, fd))
			break;
	}
	return times;
}

/* ---- malformed conversations ---- */

static uint32_t
next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(*seed >> 33);
}

static void
mutate(struct frames *f, uint64_t *seed)
{
	size_t at, n = 1 + next_random(seed) % 16;

	if (f->len < 2)
		return;
	at = next_random(seed) % f->len;
	if (n > f->len - at)
		n = f->len - at;
	switch (next_random(seed) % 6) {
	case 0:
		f->bytes[at] ^= (uint8_t)(1 << next_random(seed) % 8);
		break;
	case 1:
		f->bytes[at] = (uint8_t)next_random(seed);
		break;
	case 2:		/* a part is missing */
		memmove(f->bytes + at, f->bytes + at + n, f->len - at - n);
		f->len -= n;
		break;
	case 3:		/* a part is there twice */
		memmove(f->bytes + at + n, f->bytes + at, f->len - at);
		f->len += n;
		break;
	case 4:
		memset(f->bytes + at, next_random(seed) % 2 ? 0xff : 0, n);
		break;
	default:	/* the end is missing */
		f->len = at + 1;
		break;
	}
}

static void
converse(struct served *s, const struct frames *f, uint64_t *seed)
{
	AUTO(fd) int fd = client_socket(s->path);
	size_t off = 0;

	while (off < f->len) {
		size_t n = 1 + next_random(seed) % f->len;

		if (n > f->len - off)
			n = f->len - off;
		if (send(fd, f->bytes + off, n, MSG_NOSIGNAL) < 0)
			break;
		off += n;
		turn(s, 2);
	}
	if (next_random(seed) % 2)
		shutdown(fd, SHUT_WR);
	if (next_random(seed) % 2)
		drained(s, fd);
	turn(s, 2);
}

static void
survives_thousands_of_malformed_conversations(void **state)
{
	static struct frames base, f;
	struct served *s = *state;
	uint64_t seed = 20240607;

	frames_start(&base);
	frames_conversation(&base);
	converse(s, &base, &seed);
	assert_true(served_counter(s, "api.answers.OK") >= 2);
	for (int i = 0; i < CONVERSATIONS; i++) {
		memcpy(&f, &base, offsetof(struct frames, bytes) + base.len);
		for (uint32_t n = 1 + next_random(&seed) % 8; n > 0; n--)
			mutate(&f, &seed);
		converse(s, &f, &seed);
		if (i % 500 == 0)
			assert_serving(s);
	}
	assert_serving(s);
	turn(s, 10);
	assert_int_equal(served_counter(s, "api.connections_open"), 1);
	assert_int_equal(served_counter(s, "api.calls_open"), 0);
	assert_int_equal(served_counter(s, "api.memory_bytes"), 0);
	assert_int_equal(s->api.held, s->api.cancelled);
}

/* ---- floods ---- */

/* A request and a frame that ends it, on one stream after the other, until the client is ended. */
static void
reset_streams(struct served *s, uint8_t frame, uint32_t value)
{
	static struct frames start, again;
	AUTO(fd) int fd = client_socket(s->path);
	uint32_t stream = 1;
	bool closed = false;

	frames_start(&start);
	shove(s, fd, start.bytes, start.len);
	for (; stream < 20000 && !closed; stream += 2) {
		again.len = 0;
		frames_request(&again, stream, HELD, F_END_HEADERS);
		frames_put(&again, F_DATA, F_END_STREAM, stream, EMPTY);
		frames_put_u32(&again, frame, stream, value);
		closed = shove(s, fd, again.bytes, again.len) < again.len || drained(s, fd);
	}
	assert_true(closed && stream < 2000);
	assert_int_equal(s->api.held, s->api.cancelled);
	assert_serving(s);
}

static void
ends_a_client_that_resets_all_its_streams(void **state)
{
	reset_streams(*state, F_RST_STREAM, 8);
}

static void
ends_a_client_that_makes_the_server_reset_streams(void **state)
{
	reset_streams(*state, F_WINDOW_UPDATE, 0x7fffffff);	/* overflows */
	assert_true(served_counter(*state, "api.connections_abusive") > 0);
}

static void
ends_a_flood_of_continuations(void **state)
{
	static struct frames start, again;
	struct served *s = *state;

	frames_start(&start);
	frames_request(&start, 1, NOW, 0);
	again.len = 0;
	frames_put(&again, F_CONTINUATION, 0, 1, "\0\1x\1y", 5);
	assert_true(flood(s, &start, &again, 10000, true) < 100);
	assert_serving(s);
}

static void
ends_floods_of_control_frames_when_the_client_does_not_read(void **state)
{
	static struct frames start, again;
	struct served *s = *state;

	frames_start(&start);
	again.len = 0;
	for (int i = 0; i < 1000; i++)
		frames_put(&again, F_PING, 0, 0, "pingpong", 8);
	assert_true(flood(s, &start, &again, 1000, false) < 1000);
	again.len = 0;
	for (int i = 0; i < 1000; i++)
		frames_put(&again, F_SETTINGS, 0, 0, "\0\4\0\0\xff\xff", 6);
	assert_true(flood(s, &start, &again, 1000, false) < 1000);
	assert_serving(s);
}

static void
holds_bounded_memory_for_a_client_that_never_reads(void **state)
{
	static struct frames f;
	struct served *s = *state;
	AUTO(fd) int fd = client_socket(s->path);
	uint64_t most = 2 * s->cfg->limits_message_bytes + (4 << 20);

	frames_start(&f);
	frames_put(&f, F_SETTINGS, 0, 0, "\0\4\x7f\xff\xff\xff", 6);
	frames_put_u32(&f, F_WINDOW_UPDATE, 0, 0x7fff0000);
	for (uint32_t stream = 1; stream < 256; stream += 2) {
		frames_request(&f, stream, BIG, F_END_HEADERS);
		frames_put(&f, F_DATA, F_END_STREAM, stream, EMPTY);
	}
	shove(s, fd, f.bytes, f.len);
	assert_true(served_counter(s, "api.memory_bytes") > 1 << 20);
	assert_true(served_counter(s, "api.memory_bytes") <= most);
	assert_true(served_counter(s, "api.memory_refused") > 0);
	assert_serving(s);

	/* and it does not stay for ever */
	s->cfg->limits_idle_s = 1;
	s->cfg->limits_header_s = 1;
	close(fd);
	fd = client_socket(s->path);
	turn(s, 3);
	shove(s, fd, f.bytes, f.len);
	turn_for(s, 3.2);
	assert_true(drained(s, fd));
	assert_int_equal(served_counter(s, "api.memory_bytes"), 0);
}

/* ---- limits ---- */

static void
takes_ten_thousand_connections_in_a_bounded_time(void **state)
{
	struct served *s = *state;
	double begin = now_s();

	for (int i = 0; i < 10000; i++) {
		int fd = client_socket(s->path);

		if (i % 3 == 0)
			send(fd, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24, MSG_NOSIGNAL);
		if (i % 64 == 0)
			turn(s, 4);
		close(fd);
	}
	turn(s, 400);
	assert_true(now_s() - begin < 20);
	assert_int_equal(served_counter(s, "api.connections"), 10001);
	assert_int_equal(served_counter(s, "api.connections_open"), 1);
	assert_serving(s);
}

static void
refuses_connections_over_the_limit_with_a_reason(void **state)
{
	struct served *s = *state;
	int fds[50];
	char buf[256];
	ssize_t n;

	s->cfg->limits_connections = 20;	/* one is the fixture's */
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = client_socket(s->path);
	turn(s, 10);
	assert_int_equal(served_counter(s, "api.connections_open"), 20);
	assert_int_equal(served_counter(s, "api.connections_refused"), 31);
	n = recv(fds[49], buf, sizeof(buf), MSG_DONTWAIT);
	assert_int_equal(n, 9 + 9 + 34);
	assert_int_equal(buf[9 + 2], 34);
	assert_non_null(memmem(buf, (size_t)n, "too many connections", 20));
	assert_int_equal(recv(fds[49], buf, sizeof(buf), MSG_DONTWAIT), 0);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
	turn(s, 10);
	assert_serving(s);
}

static struct client *
client_as(struct served *s, uid_t uid)
{
	uid_t self = geteuid();
	struct client *c;

	assert_int_equal(seteuid(uid), 0);
	c = client_new(s->base, s->path);
	assert_int_equal(seteuid(self), 0);
	turn(s, 3);
	return c;
}

static void
refuses_connections_over_the_limit_of_a_user(void **state)
{
	struct served *s = *state;
	struct client *clients[4];

	if (geteuid() != 0)
		skip();		/* needs root: connects as another user */
	s->cfg->limits_connections_per_user = 3;
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++)
		clients[i] = client_as(s, NOBODY);
	assert_int_equal(served_counter(s, "api.connections_refused_user"), 1);
	assert_int_equal(served_counter(s, "api.connections_open"), 4);
	assert_serving(s);	/* root */
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++)
		client_free(clients[i]);
	turn(s, 5);
	clients[0] = client_as(s, NOBODY);
	assert_int_equal(served_counter(s, "api.connections_refused_user"), 1);
	client_free(clients[0]);
}

static void
names_the_role_that_is_missing(void **state)
{
	struct served *s = *state;
	struct client *c;
	const struct reply *r;

	if (geteuid() != 0)
		skip();		/* needs root: connects as another user */
	c = client_as(s, NOBODY);
	r = client_wait(c, client_start(c, NOW, NULL, EMPTY, true));
	assert_int_equal(r->status, IPC_PERMISSION_DENIED);
	assert_non_null(strstr(r->message, "uid 65534 is nobody"));
	assert_non_null(strstr(r->message, NOW));
	assert_non_null(strstr(r->message, "access.viewer"));
	r = client_wait(c, client_start(c, "/grpc.health.v1.Health/Check", NULL, EMPTY, true));
	assert_int_equal(r->status, 0);
	client_free(c);

	s->cfg->access_viewer = (struct conf_WHO){ .n_uids = 1, .uids = { NOBODY } };
	c = client_as(s, NOBODY);
	assert_int_equal(client_wait(c, client_start(c, NOW, NULL, EMPTY, true))->status, 0);
	r = client_wait(c, client_start(c, LOAD, NULL, EMPTY, true));
	assert_int_equal(r->status, IPC_PERMISSION_DENIED);
	assert_non_null(strstr(r->message, "is viewer"));
	assert_non_null(strstr(r->message, "access.admin"));
	client_free(c);
}

static void
closes_a_connection_without_preface_in_time(void **state)
{
	struct served *s = *state;
	AUTO(fd) int silent = -1;
	AUTO(fd) int slow = -1;
	static struct frames f;

	client_turn(s->client, 10);
	s->cfg->limits_header_s = 1;
	silent = client_socket(s->path);
	slow = client_socket(s->path);
	frames_start(&f);
	frames_request(&f, 1, NOW, 0);		/* its header block never ends */
	turn(s, 3);
	shove(s, slow, f.bytes, f.len);
	turn_for(s, 0.5);
	assert_false(drained(s, silent) || drained(s, slow));
	turn_for(s, 1.5);
	assert_true(drained(s, silent) && drained(s, slow));
	assert_int_equal(served_counter(s, "api.connections_late"), 2);
}

static void
ends_a_call_whose_message_does_not_come_and_no_other(void **state)
{
	struct served *s = *state;
	int32_t late, held;

	s->cfg->limits_header_s = 1;
	held = client_start(s->client, HELD, NULL, EMPTY, true);
	late = client_start(s->client, LOAD, NULL, "\0\0\0\0\5ab", 7, false);
	assert_int_equal(client_wait(s->client, late)->status, IPC_DEADLINE_EXCEEDED);
	assert_non_null(strstr(client_reply(s->client, late)->message, "limits.header_s"));
	client_turn(s->client, 50);
	assert_false(client_reply(s->client, held)->closed);
	assert_int_equal(client_wait(s->client, client_start(s->client, NOW, NULL, EMPTY, true))->status, 0);
}

static void
says_goodbye_to_an_idle_connection_but_not_to_a_waiting_one(void **state)
{
	struct served *s = *state;
	struct client *busy;

	s->cfg->limits_idle_s = 1;
	s->cfg->limits_header_s = 1;
	busy = client_new(s->base, s->path);
	client_start(busy, HELD, NULL, EMPTY, true);
	client_until(busy, &s->api.held, 1);
	client_free(s->client);
	s->client = client_new(s->base, s->path);
	client_turn(s->client, 2600);
	assert_true(client_eof(s->client));
	assert_int_equal(client_goaway(s->client), 0);
	assert_int_equal(served_counter(s, "api.connections_idle"), 1);
	client_turn(busy, 20);
	assert_false(client_eof(busy));
	client_free(busy);
}

static void
a_half_closed_socket_ends_the_connection(void **state)
{
	static struct frames f;
	struct served *s = *state;
	AUTO(fd) int fd = client_socket(s->path);

	frames_start(&f);
	frames_request(&f, 1, HELD, F_END_HEADERS);
	frames_put(&f, F_DATA, F_END_STREAM, 1, EMPTY);
	shove(s, fd, f.bytes, f.len);
	assert_int_equal(s->api.held, 1);
	shutdown(fd, SHUT_WR);
	turn(s, 3);
	assert_int_equal(s->api.cancelled, 1);
	assert_true(drained(s, fd));
}

static void
waits_when_descriptors_run_out(void **state)
{
	struct served *s = *state;
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	AUTO(fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct rlimit old, none;

	strcpy(sun.sun_path, s->path);
	turn(s, 3);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	turn(s, 10);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(served_counter(s, "api.accept_failures"), 1);	/* it does not spin */
	turn_for(s, 1.3);
	assert_int_equal(served_counter(s, "api.connections"), 2);
	assert_serving(s);
}

static void
has_no_timer_without_a_connection(void **state)
{
	struct served *s = *state;

	turn(s, 3);
	assert_true(event_base_get_num_events(s->base, EVENT_BASE_COUNT_ADDED) > 1);
	client_free(s->client);
	s->client = NULL;
	turn(s, 3);
	assert_int_equal(event_base_get_num_events(s->base, EVENT_BASE_COUNT_ADDED), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, served_setup, served_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(survives_thousands_of_malformed_conversations),
		TEST(ends_a_client_that_resets_all_its_streams),
		TEST(ends_a_client_that_makes_the_server_reset_streams),
		TEST(ends_a_flood_of_continuations),
		TEST(ends_floods_of_control_frames_when_the_client_does_not_read),
		TEST(holds_bounded_memory_for_a_client_that_never_reads),
		TEST(takes_ten_thousand_connections_in_a_bounded_time),
		TEST(refuses_connections_over_the_limit_with_a_reason),
		TEST(refuses_connections_over_the_limit_of_a_user),
		TEST(names_the_role_that_is_missing),
		TEST(closes_a_connection_without_preface_in_time),
		TEST(ends_a_call_whose_message_does_not_come_and_no_other),
		TEST(says_goodbye_to_an_idle_connection_but_not_to_a_waiting_one),
		TEST(a_half_closed_socket_ends_the_connection),
		TEST(waits_when_descriptors_run_out),
		TEST(has_no_timer_without_a_connection),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
