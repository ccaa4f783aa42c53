/* SPDX-License-Identifier: Apache-2.0 */
/* udp and dns: datagrams between sockets of a network namespace of the test's own. */
#include <sys/wait.h>

#include "bpf/dns.h"
#include "bpf/udp.h"
#include "tracers-sock.h"

static int
setup(void **state)
{
	static const char *const tracers[] = { "udp", "dns", NULL };

	return open_rig(tracers);
}

/* ---- udp ---- */

static void
datagram(int fd, int family, const char *to, uint16_t port)
{
	struct sockaddr_storage sa;
	socklen_t len = address(family, to, port, &sa);

	assert_int_equal(sendto(fd, "x", 1, 0, (struct sockaddr *)&sa, len), 1);
}

static void
sends(int family, const char *to)
{
	int fd = socket(family, SOCK_DGRAM, 0);
	const struct ev_udp *e;

	assert_true(fd >= 0);
	datagram(fd, family, to, 4001);
	e = only(TR_UDP, UDP_SEND);
	assert_address(e->daddr, family, to);
	assert_int_equal(e->dport, 4001);
	assert_int_equal(e->sport, port_of(fd));
	assert_int_equal(e->count, 1);
	assert_int_equal(e->family, family);
	assert_int_equal(e->protocol, IPPROTO_UDP);
	assert_int_equal(e->netns, netns);
	assert_true(e->cookie);
	close(fd);
	forget(NULL);
}

static void
udp_tells_where_a_datagram_goes(void **state)
{
	sends(AF_INET, "127.0.0.1");
	sends(AF_INET6, "::1");
}

static void
udp_tells_where_a_socket_is_connected(void **state)
{
	struct sockaddr_storage sa;
	socklen_t len = address(AF_INET, "127.0.0.1", 4002, &sa);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	const struct ev_udp *e;

	assert_int_equal(connect(fd, (struct sockaddr *)&sa, len), 0);
	assert_int_equal(write(fd, "x", 1), 1);
	e = only(TR_UDP, UDP_CONNECT);
	assert_address(e->daddr, AF_INET, "127.0.0.1");
	assert_int_equal(e->dport, 4002);
	nothing(TR_UDP, UDP_SEND);
	close(fd);
}

static void
udp_tells_each_destination_once(void **state)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	size_t at = 0, n = 0;

	for (int i = 0; i < 100; i++)
		datagram(fd, AF_INET, i % 2 ? "127.0.0.2" : "127.0.0.3", 4003);
	tracerrig_drain(rig, 200);
	while (tracerrig_next(rig, &at, TR_UDP, UDP_SEND, (uint32_t)getpid()))
		n++;
	assert_int_equal(n, 2);
	close(fd);
}

static void
udp_is_silent_about_tcp(void **state)
{
	int server = bound(AF_INET, SOCK_STREAM, "127.0.0.1", 0), fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_storage sa;
	socklen_t len = address(AF_INET, "127.0.0.1", port_of(server), &sa);

	assert_int_equal(listen(server, 1), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, len), 0);
	nothing(TR_UDP, UDP_CONNECT);
	close(fd);
	close(server);
}

/* ---- dns ---- */

/* A query for a.Example of type A; as an answer, its address too. */
static const uint8_t dns_query[] = "\x12\x34\x01\0\0\1\0\0\0\0\0\0\1a\7Example\0\0\1\0\1";
static const uint8_t dns_answer[] = "\x12\x34\x81\x80\0\1\0\1\0\0\0\0\1a\7Example\0\0\1\0\1"
	"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x0a\1\2\3";
#define BYTES(text) (text), sizeof(text) - 1

static void
pass_on(int from, int to, const void *bytes, size_t len)
{
	char room[2048];

	assert_int_equal(send(from, bytes, len, 0), len);
	assert_int_equal(recv(to, room, sizeof(room), 0), len);
}

/* A server's socket, and a client's that is connected to it; what connecting made is forgotten. */
static void
dns_pair(int family, const char *addr, uint16_t port, int *server, int *client)
{
	struct sockaddr_storage sa;
	socklen_t len = address(family, addr, port, &sa);

	*server = bound(family, SOCK_DGRAM, addr, port);
	*client = socket(family, SOCK_DGRAM, 0);
	assert_int_equal(connect(*client, (struct sockaddr *)&sa, len), 0);
	len = address(family, addr, port_of(*client), &sa);
	assert_int_equal(connect(*server, (struct sockaddr *)&sa, len), 0);
	forget(NULL);
}

static void
exchange(int family, const char *addr, uint16_t port)
{
	const struct ev_dns *e;
	int server, client;

	dns_pair(family, addr, port, &server, &client);
	pass_on(client, server, BYTES(dns_query));
	usleep(20000);
	pass_on(server, client, BYTES(dns_answer));
	e = only(TR_DNS, DNS_QUERY);
	assert_address(e->server, family, addr);
	assert_int_equal(e->dport, port);
	assert_int_equal(e->sport, port_of(client));
	assert_int_equal(e->len, sizeof(dns_query) - 1);
	assert_int_equal(e->message.len, sizeof(dns_query) - 1);
	assert_memory_equal((const char *)e + e->message.off, dns_query, e->message.len);
	e = only(TR_DNS, DNS_RESPONSE);
	assert_int_equal(e->h.flags, 0);
	assert_address(e->server, family, addr);
	assert_int_equal(e->dport, port);
	assert_int_equal(e->sport, port_of(client));
	assert_in_range(e->latency_ns, 20000000, 2000000000);
	assert_int_equal(e->message.len, sizeof(dns_answer) - 1);
	assert_memory_equal((const char *)e + e->message.off, dns_answer, e->message.len);
	close(client);
	close(server);
}

static void
dns_tells_a_query_and_its_answer(void **state)
{
	exchange(AF_INET, "127.0.0.1", 53);
	exchange(AF_INET6, "::1", 53);
	exchange(AF_INET, "127.0.0.1", 5353);
}

static void
dns_names_who_asked_when_the_answer_arrives(void **state)
{
	const struct ev_dns *e;
	int server, client;
	pid_t child;

	dns_pair(AF_INET, "127.0.0.1", 53, &server, &client);
	child = fork();
	if (!child)
		_exit(send(client, BYTES(dns_query), 0) < 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	pass_on(server, client, BYTES(dns_answer));
	e = tracerrig_wait(rig, TR_DNS, DNS_RESPONSE, (uint32_t)child);
	assert_non_null(e);
	assert_int_equal(e->h.flags & EV_NO_OWNER, 0);
	nothing(TR_DNS, DNS_RESPONSE);
	close(client);
	close(server);
}

static void
dns_cuts_a_long_message(void **state)
{
	uint8_t bytes[1000];
	const struct ev_dns *e;
	int server, client;

	memset(bytes, 0, sizeof(bytes));
	memcpy(bytes, BYTES(dns_query));
	dns_pair(AF_INET, "127.0.0.1", 53, &server, &client);
	pass_on(client, server, bytes, sizeof(bytes));
	e = only(TR_DNS, DNS_QUERY);
	assert_int_equal(e->len, sizeof(bytes));
	assert_int_equal(e->message.len, DNS_MESSAGE_MAX);
	assert_true(e->h.flags & EV_TRUNCATED);
	close(client);
	close(server);
}

static void
dns_is_silent_about_other_datagrams(void **state)
{
	int server, client;

	dns_pair(AF_INET, "127.0.0.1", 54, &server, &client);
	pass_on(client, server, BYTES(dns_query));
	pass_on(server, client, BYTES(dns_answer));
	close(client);
	close(server);
	dns_pair(AF_INET, "127.0.0.1", 53, &server, &client);
	pass_on(client, server, BYTES("short"));
	pass_on(client, server, BYTES(dns_answer));	/* no query */
	pass_on(server, client, BYTES(dns_query));	/* no answer */
	nothing(TR_DNS, DNS_QUERY);
	nothing(TR_DNS, DNS_RESPONSE);
	close(client);
	close(server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(udp_tells_where_a_datagram_goes),
		TEST(udp_tells_where_a_socket_is_connected),
		TEST(udp_tells_each_destination_once),
		TEST(udp_is_silent_about_tcp),
		TEST(dns_tells_a_query_and_its_answer),
		TEST(dns_names_who_asked_when_the_answer_arrives),
		TEST(dns_cuts_a_long_message),
		TEST(dns_is_silent_about_other_datagrams),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, close_rig);
}
