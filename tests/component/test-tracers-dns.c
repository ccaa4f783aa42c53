/* SPDX-License-Identifier: Apache-2.0 */
/* dns: queries and answers between two sockets of a network namespace of the test's own. */
#include <sys/wait.h>

#include "bpf/dns.h"
#include "tracers-sock.h"

static int
setup(void **state)
{
	static const char *const tracers[] = { "dns", NULL };

	return open_rig(tracers);
}

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
		TEST(dns_tells_a_query_and_its_answer),
		TEST(dns_names_who_asked_when_the_answer_arrives),
		TEST(dns_cuts_a_long_message),
		TEST(dns_is_silent_about_other_datagrams),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, close_rig);
}
