/* SPDX-License-Identifier: Apache-2.0 */
/* What a client sees of the gRPC server: tests/component/fake-rpcs.h says what is served. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/auto.h"
#include "fake-rpcs.h"
#include "h2client.h"
#include "ipc/messages.h"
#include "proto/details.h"
#include "proto/grpc.h"
#include "served.h"

#define EMPTY "\0\0\0\0\0", 5
#define ANSWERED "/bpfd.v1.System/Version"
#define LOAD "/bpfd.v1.Programs/Load"
#define HELD "/bpfd.v1.System/Counters"
#define REFLECT "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"

static const struct reply *
call(struct served *s, const char *path, const char *const *extra, const void *body, size_t len)
{
	return client_wait(s->client, client_start(s->client, path, extra, body, len, true));
}

static void
assert_error(const struct reply *r, int status, const char *part)
{
	assert_true(r->closed);
	assert_int_equal(r->http, 200);
	assert_int_equal(r->status, status);
	assert_int_equal(r->len, 0);
	assert_true(r->headers_only);
	if (!strstr(r->message, part))
		fail_msg("\"%s\" is not in \"%s\"", part, r->message);
}

static void
answers_a_unary_call(void **state)
{
	struct served *s = *state;
	const struct reply *r = call(s, ANSWERED, NULL, EMPTY);

	assert_int_equal(r->http, 200);
	assert_int_equal(r->status, 0);
	assert_int_equal(r->len, 5 + 9);
	assert_memory_equal(r->body, "\0\0\0\0\x09\x0a\x07VERSION", 14);
	assert_int_equal(r->error_code, 0);
}

static void
takes_a_message_split_anywhere(void **state)
{
	struct served *s = *state;
	uint8_t body[5 + 3 + 300] = { 0, 0, 0, 1, 0x2f, 0x0a, 0xac, 0x02 };

	for (size_t frame = 1; frame < 12; frame++) {
		const struct reply *r;

		client_limit_frames(s->client, frame);
		r = call(s, LOAD, NULL, body, sizeof(body));
		assert_int_equal(r->status, 0);
		assert_memory_equal(r->body + 5, "\x08\xac\x02", 3);	/* group = 300 */
	}
}

static void
takes_a_message_of_sixteen_mebibytes(void **state)
{
	struct served *s = *state;
	size_t len = 16 << 20;
	AUTO(mem) uint8_t *body = calloc(1, len + 10);
	const struct reply *r;

	grpc_prefix_put(body, (uint32_t)len + 5);
	memcpy(body + 5, "\x0a\x80\x80\x80\x08", 5);
	r = call(s, LOAD, NULL, body, len + 10);
	assert_int_equal(r->status, 0);
	assert_memory_equal(r->body + 5, "\x08\x80\x80\x80\x08", 5);
	assert_int_equal(served_counter(s, "api.memory_bytes"), 0);
}

static void
refuses_a_message_over_the_limit(void **state)
{
	struct served *s = *state;
	uint8_t prefix[5];

	grpc_prefix_put(prefix, (uint32_t)s->cfg->limits_message_bytes + 1);
	assert_error(call(s, LOAD, NULL, prefix, 5), IPC_RESOURCE_EXHAUSTED, "limits.message_bytes");
	grpc_prefix_put(prefix, 2 << 20);	/* nothing that only reads needs so much */
	assert_error(call(s, ANSWERED, NULL, prefix, 5), IPC_RESOURCE_EXHAUSTED, "1048576");
}

static void
sends_an_answer_larger_than_every_window(void **state)
{
	struct served *s = *state;
	const struct reply *r = call(s, "/bpfd.v1.System/Status", NULL, EMPTY);

	assert_int_equal(r->status, 0);
	assert_int_equal(r->len, 5 + 20000 * 102);
	assert_int_equal(served_counter(s, "api.memory_bytes"), 0);
}

static void
refuses_what_is_not_grpc(void **state)
{
	struct served *s = *state;
	static const struct {
		const char *method, *type;
		int http;
	} cases[] = {
		{ "GET", "application/grpc", 405 }, { "PUT", "application/grpc", 405 },
		{ "POST", "text/plain", 415 }, { "POST", "application/grpc+json", 415 },
		{ "POST", "application/grpc-web", 415 }, { "POST", "application/json", 415 },
		{ "POST", "application/grpc", 200 }, { "POST", "application/grpc+proto", 200 },
		{ "POST", "application/grpc;charset=utf-8", 200 },
		{ "POST", "application/grpc+proto; x", 200 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *const fields[] = { ":method", cases[i].method, ":scheme", "http", ":path",
			ANSWERED, ":authority", "x", "content-type", cases[i].type, "te", "trailers", NULL };
		const struct reply *r =
			client_wait(s->client, client_start_raw(s->client, fields, EMPTY, true));

		assert_true(r->closed);
		assert_int_equal(r->http, cases[i].http);
		assert_int_equal(r->status, cases[i].http == 200 ? 0 : -1);
	}
}

static void
wants_te_trailers(void **state)
{
	struct served *s = *state;
	const char *const fields[] = { ":method", "POST", ":scheme", "http", ":path", ANSWERED,
		":authority", "x", "content-type", "application/grpc", NULL };

	assert_error(client_wait(s->client, client_start_raw(s->client, fields, EMPTY, true)),
		IPC_INVALID_ARGUMENT, "te: trailers");
}

static void
tells_an_unknown_method_from_an_unknown_service(void **state)
{
	struct served *s = *state;

	assert_error(call(s, "/bpfd.v1.System/Nope", NULL, EMPTY), IPC_UNIMPLEMENTED,
		"bpfd.v1.System has no method \"Nope\"");
	assert_error(call(s, "/bpfd.v1.Nope/Version", NULL, EMPTY), IPC_UNIMPLEMENTED,
		"no service \"bpfd.v1.Nope\"");
	assert_error(call(s, "/x", NULL, EMPTY), IPC_UNIMPLEMENTED, "no service \"x\"");
	assert_error(call(s, "/", NULL, EMPTY), IPC_UNIMPLEMENTED, "no service");
}

static void
refuses_compression_and_says_what_it_takes(void **state)
{
	struct served *s = *state;
	const char *const gzip[] = { "grpc-encoding", "gzip", NULL };
	const char *const identity[] = { "grpc-encoding", "identity", NULL };
	const struct reply *r = call(s, ANSWERED, gzip, EMPTY);

	assert_error(r, IPC_UNIMPLEMENTED, "identity");
	assert_string_equal(r->accept_encoding, "identity");
	r = call(s, ANSWERED, NULL, "\1\0\0\0\0", 5);
	assert_error(r, IPC_UNIMPLEMENTED, "compressed");
	assert_string_equal(r->accept_encoding, "identity");
	assert_int_equal(call(s, ANSWERED, identity, EMPTY)->status, 0);
}

static void
takes_exactly_one_message(void **state)
{
	struct served *s = *state;

	assert_error(call(s, ANSWERED, NULL, NULL, 0), IPC_UNIMPLEMENTED, "none came");
	assert_error(call(s, ANSWERED, NULL, "\0\0\0\0\0\0\0\0\0\0", 10), IPC_UNIMPLEMENTED, "exactly one");
	assert_error(call(s, ANSWERED, NULL, "\0\0\0", 3), IPC_INVALID_ARGUMENT, "ends after 0");
	assert_error(call(s, ANSWERED, NULL, "\0\0\0\0\3ab", 7), IPC_INVALID_ARGUMENT, "2 of the 3");
}

static void
names_the_malformed_field(void **state)
{
	struct served *s = *state;

	assert_error(call(s, LOAD, NULL, "\0\0\0\0\3\x1a\1\xff", 8), IPC_INVALID_ARGUMENT,
		"bpfd.v1.LoadRequest.source");
	assert_error(call(s, LOAD, NULL, "\0\0\0\0\2\x1a\5", 7), IPC_INVALID_ARGUMENT, "well-formed");
}

static void
refuses_a_message_that_grows_too_much_when_unpacked(void **state)
{
	struct served *s = *state;
	size_t len = 1000000;
	AUTO(mem) uint8_t *body = calloc(1, len + 5);

	grpc_prefix_put(body, (uint32_t)len);
	for (size_t i = 0; i < len; i += 2)
		body[5 + i] = 0x22;		/* an empty ProgramSpec, half a million times */
	assert_error(call(s, LOAD, NULL, body, len + 5), IPC_RESOURCE_EXHAUSTED, "too many parts");
	assert_int_equal(served_counter(s, "api.memory_bytes"), 0);
}

static void
percent_encodes_the_error_text(void **state)
{
	struct served *s = *state;

	assert_error(call(s, "/bpfd.v1.Programs/Get", NULL, EMPTY), IPC_NOT_FOUND,
		"f\xc3\xbcr 100%\nzweite Zeile");
}

static void
sends_the_end_of_a_long_log_within_what_clients_take(void **state)
{
	struct served *s = *state;
	const struct reply *r = call(s, "/bpfd.v1.Programs/Unload", NULL, EMPTY);
	AUTO(mem) char *log = NULL;
	uint64_t log_id = 0;

	assert_error(r, IPC_FAILED_PRECONDITION, "refused");
	assert_true(strlen(r->details) > 4096 && strlen(r->details) < 8192 - 256);
	log = details_log(r->details, strlen(r->details), &log_id);
	assert_int_equal(log_id, 1234567);
	assert_non_null(log);
	assert_true(strlen(log) > 3000);
	assert_string_equal(log + strlen(log) - 9, "\nthe end\n");
}

static void
frees_the_stream_when_the_error_comes_before_the_end_of_the_request(void **state)
{
	struct served *s = *state;

	for (int i = 0; i < 300; i++) {		/* more than limits.streams */
		int32_t stream = client_start(s->client, "/x/y", NULL, EMPTY, false);
		const struct reply *r = client_wait(s->client, stream);

		assert_error(r, IPC_UNIMPLEMENTED, "no service");
		assert_int_equal(r->error_code, 0);	/* RST_STREAM(NO_ERROR) */
	}
	assert_int_equal(client_goaway(s->client), -1);
}

static void
enforces_the_deadline_and_runs_the_cancel_callback(void **state)
{
	struct served *s = *state;
	const char *const timeout[] = { "grpc-timeout", "50m", NULL };
	const struct reply *r = call(s, HELD, timeout, EMPTY);

	assert_error(r, IPC_DEADLINE_EXCEEDED, "deadline");
	assert_int_equal(s->api.cancelled, 1);
}

static void
a_deadline_counts_before_the_message_is_there(void **state)
{
	struct served *s = *state;
	const char *const timeout[] = { "grpc-timeout", "50000u", NULL };
	const char *const zero[] = { "grpc-timeout", "0n", NULL };
	int32_t stream = client_start(s->client, HELD, timeout, "\0\0", 2, false);

	assert_error(client_wait(s->client, stream), IPC_DEADLINE_EXCEEDED, "deadline");
	assert_error(call(s, HELD, zero, EMPTY), IPC_DEADLINE_EXCEEDED, "zero");
	assert_int_equal(s->api.held, 0);
	assert_int_equal(s->api.cancelled, 0);
}

static void
tells_the_handler_the_time_left(void **state)
{
	struct served *s = *state;
	const char *const timeout[] = { "grpc-timeout", "10S", NULL };
	const char *const endless[] = { "grpc-timeout", "99999999H", NULL };

	assert_int_equal(call(s, ANSWERED, NULL, EMPTY)->status, 0);
	assert_int_equal(s->api.time_left_ms, -1);
	assert_int_equal(call(s, ANSWERED, timeout, EMPTY)->status, 0);
	assert_true(s->api.time_left_ms > 5000 && s->api.time_left_ms <= 10000);
	assert_int_equal(call(s, ANSWERED, endless, EMPTY)->status, 0);
}

static void
refuses_a_malformed_timeout(void **state)
{
	struct served *s = *state;
	const char *const timeout[] = { "grpc-timeout", "123456789S", NULL };

	assert_error(call(s, ANSWERED, timeout, EMPTY), IPC_INVALID_ARGUMENT, "grpc-timeout");
}

static void
refuses_more_than_sixteen_kibibytes_of_headers(void **state)
{
	struct served *s = *state;
	char value[5000];
	const char *const big[] = { "x-a", value, "x-b", value, "x-c", value, "x-d", value, NULL };

	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	assert_error(call(s, ANSWERED, big, EMPTY), IPC_RESOURCE_EXHAUSTED, "header");
	assert_int_equal(call(s, ANSWERED, NULL, EMPTY)->status, 0);
}

static void
a_cancelled_call_runs_the_callback_once(void **state)
{
	struct served *s = *state;
	int32_t stream = client_start(s->client, HELD, NULL, EMPTY, true);

	client_until(s->client, &s->api.held, 1);
	assert_int_equal(s->api.held, 1);
	client_cancel(s->client, stream);
	client_until(s->client, &s->api.cancelled, 1);
	client_turn(s->client, 10);
	assert_int_equal(s->api.cancelled, 1);
	assert_int_equal(served_counter(s, "api.calls_open"), 0);
}

static void
a_lost_connection_cancels_its_calls(void **state)
{
	struct served *s = *state;

	for (int i = 0; i < 3; i++)
		client_start(s->client, HELD, NULL, EMPTY, true);
	client_until(s->client, &s->api.held, 3);
	client_free(s->client);
	s->client = client_new(s->base, s->path);
	client_until(s->client, &s->api.cancelled, 3);
	assert_int_equal(s->api.cancelled, 3);
	assert_int_equal(call(s, ANSWERED, NULL, EMPTY)->status, 0);
}

static void
refuses_streams_over_the_limit_and_serves_the_others(void **state)
{
	struct served *s = *state;
	int32_t last = 0;

	call(s, ANSWERED, NULL, EMPTY);
	for (unsigned int i = 0; i < s->cfg->limits_streams; i++)
		last = client_start(s->client, HELD, NULL, EMPTY, true);
	client_until(s->client, &s->api.held, (unsigned int)s->cfg->limits_streams);
	assert_int_equal(s->api.held, s->cfg->limits_streams);
	client_cancel(s->client, last);
	client_until(s->client, &s->api.cancelled, 1);
	assert_int_equal(call(s, ANSWERED, NULL, EMPTY)->status, 0);
}

static void
health_check_knows_the_services(void **state)
{
	struct served *s = *state;
	const struct reply *r = call(s, "/grpc.health.v1.Health/Check", NULL, EMPTY);

	assert_int_equal(r->status, 0);
	assert_memory_equal(r->body, "\0\0\0\0\2\x08\1", 7);		/* SERVING */
	r = call(s, "/grpc.health.v1.Health/Check", NULL, "\0\0\0\0\x10\x0a\x0e" "bpfd.v1.System", 21);
	assert_memory_equal(r->body, "\0\0\0\0\2\x08\1", 7);
	assert_error(call(s, "/grpc.health.v1.Health/Check", NULL, "\0\0\0\0\3\x0a\1x", 8),
		IPC_NOT_FOUND, "no service \"x\"");
}

static void
health_watch_stays_open(void **state)
{
	struct served *s = *state;
	int32_t stream = client_start(s->client, "/grpc.health.v1.Health/Watch", NULL,
		"\0\0\0\0\3\x0a\1x", 8, true);

	client_until_bytes(s->client, stream, 7);
	client_turn(s->client, 20);
	assert_false(client_reply(s->client, stream)->closed);
	assert_memory_equal(client_reply(s->client, stream)->body, "\0\0\0\0\2\x08\3", 7);
	client_cancel(s->client, stream);
	client_turn(s->client, 10);
	assert_int_equal(served_counter(s, "api.calls_open"), 0);
}

static void
reflection_answers_each_question_of_a_stream(void **state)
{
	struct served *s = *state;
	int32_t stream = client_start(s->client, REFLECT, NULL, "\0\0\0\0\2\x3a\0", 7, false);
	const struct reply *r;
	size_t len;

	client_until_bytes(s->client, stream, 5);
	r = client_reply(s->client, stream);
	assert_non_null(memmem(r->body, r->len, "bpfd.v1.Programs", 16));
	len = r->len;
	/* half of the next question, then the rest with another behind it */
	client_more(s->client, stream, "\0\0\0\0\x0e\x1a\x0chea", 10, false);
	client_turn(s->client, 10);
	assert_int_equal(r->len, len);
	client_more(s->client, stream, "lth.proto" "\0\0\0\0\4\x22\2no", 18, true);
	r = client_wait(s->client, stream);
	assert_int_equal(r->status, 0);
	assert_non_null(memmem(r->body, r->len, "HealthCheckResponse", 19));
	assert_non_null(memmem(r->body, r->len, "there is no symbol \"no\"", 23));
}

static void
reflection_finds_every_kind_of_symbol(void **state)
{
	struct served *s = *state;
	static const struct {
		const char *symbol;
		bool there;
	} cases[] = {
		{ "bpfd.v1.LoadRequest", true }, { "bpfd.v1.LoadRequest.source", true },
		{ "bpfd.v1.Programs", true }, { "bpfd.v1.Programs.Load", true },
		{ "grpc.health.v1.HealthCheckResponse.ServingStatus", true },
		{ "grpc.health.v1.HealthCheckResponse.SERVING", true },
		{ "bpfd.v1.LoadRequest.GlobalsEntry", true },
		{ "bpfd.v1", false }, { "bpfd.v1.", false }, { "bpfd.v1.Load", false },
		{ "bpfd.v1.LoadRequest.", false }, { "LoadRequest", false }, { "", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t n = strlen(cases[i].symbol);
		uint8_t body[80] = { 0, 0, 0, 0, (uint8_t)(n + 2), 0x22, (uint8_t)n };
		const struct reply *r;

		memcpy(body + 7, cases[i].symbol, n);
		r = call(s, REFLECT, NULL, body, 7 + n);
		assert_int_equal(r->status, 0);
		if (cases[i].there == (memmem(r->body, r->len, "there is no", 11) != NULL))
			fail_msg("%s", cases[i].symbol);
	}
}

static void
a_stream_with_a_malformed_message_ends_with_the_error(void **state)
{
	struct served *s = *state;
	int32_t stream = client_start(s->client, REFLECT, NULL, "\0\0\0\0\2\x3a\0" "\0\0\0\0\3\x1a\1\xff",
		15, false);
	const struct reply *r = client_wait(s->client, stream);

	assert_int_equal(r->status, IPC_INVALID_ARGUMENT);
	assert_non_null(strstr(r->message, "file_by_filename"));
	assert_true(r->len > 5);		/* the first was answered */
}

static void
on_done(void *arg)
{
	++*(unsigned int *)arg;
}

static void
drain_finishes_unary_calls_and_ends_streams(void **state)
{
	struct served *s = *state;
	const char *const timeout[] = { "grpc-timeout", "100m", NULL };
	int32_t watch = client_start(s->client, "/grpc.health.v1.Health/Watch", NULL, EMPTY, true);
	int32_t held = client_start(s->client, HELD, timeout, EMPTY, true);
	unsigned int done = 0;

	client_until(s->client, &s->api.held, 1);
	server_drain(s->server, on_done, &done);
	assert_int_equal(client_wait(s->client, watch)->status, IPC_UNAVAILABLE);
	assert_int_equal(client_goaway(s->client), 0);
	assert_int_equal(client_wait(s->client, held)->status, IPC_DEADLINE_EXCEEDED);
	client_until(s->client, &done, 1);
	assert_int_equal(done, 1);
	client_turn(s->client, 10);
	assert_true(client_eof(s->client));
}

static void
drain_without_a_connection_is_done_at_once(void **state)
{
	struct served *s = *state;
	unsigned int done = 0;

	client_turn(s->client, 10);
	client_free(s->client);
	s->client = NULL;
	event_base_loop(s->base, EVLOOP_NONBLOCK);
	server_drain(s->server, on_done, &done);
	event_base_loop(s->base, EVLOOP_NONBLOCK);
	assert_int_equal(done, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, served_setup, served_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(answers_a_unary_call),
		TEST(takes_a_message_split_anywhere),
		TEST(takes_a_message_of_sixteen_mebibytes),
		TEST(refuses_a_message_over_the_limit),
		TEST(sends_an_answer_larger_than_every_window),
		TEST(refuses_what_is_not_grpc),
		TEST(wants_te_trailers),
		TEST(tells_an_unknown_method_from_an_unknown_service),
		TEST(refuses_compression_and_says_what_it_takes),
		TEST(takes_exactly_one_message),
		TEST(names_the_malformed_field),
		TEST(refuses_a_message_that_grows_too_much_when_unpacked),
		TEST(percent_encodes_the_error_text),
		TEST(sends_the_end_of_a_long_log_within_what_clients_take),
		TEST(frees_the_stream_when_the_error_comes_before_the_end_of_the_request),
		TEST(enforces_the_deadline_and_runs_the_cancel_callback),
		TEST(a_deadline_counts_before_the_message_is_there),
		TEST(tells_the_handler_the_time_left),
		TEST(refuses_a_malformed_timeout),
		TEST(refuses_more_than_sixteen_kibibytes_of_headers),
		TEST(a_cancelled_call_runs_the_callback_once),
		TEST(a_lost_connection_cancels_its_calls),
		TEST(refuses_streams_over_the_limit_and_serves_the_others),
		TEST(health_check_knows_the_services),
		TEST(health_watch_stays_open),
		TEST(reflection_answers_each_question_of_a_stream),
		TEST(reflection_finds_every_kind_of_symbol),
		TEST(a_stream_with_a_malformed_message_ends_with_the_error),
		TEST(drain_finishes_unary_calls_and_ends_streams),
		TEST(drain_without_a_connection_is_done_at_once),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
