/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "alerts/webhook.h"
#include "ipc/template.h"

#define HOSTILE "a\"}\\,{\n\r\t\x01\x7f<\xff\xe2\x80\xae \xc3\xa9{comm}"

static struct alert
alert(const char *text)
{
	struct alert a = { .epoch = 0x1f, .seq = 9, .time_ns = 1795306349000000000, .severity = 5, .pid = 42, .uid = 1000,
		.suppressed = 3 };

	for (int i = 0; i < N_ALERT_TEXTS; i++)
		a.text[i] = (struct alert_str){ text, strlen(text) };
	a.text[ALERT_JSON] = (struct alert_str){ "{\"pid\":42}", 10 };
	a.text[ALERT_TRACER] = (struct alert_str){ "exec", 4 };
	return a;
}

static json_t *
body(const struct webhook *w, const struct alert *alerts, size_t n)
{
	char *bytes;
	size_t len = webhook_write(w, alerts, n, &bytes);
	json_error_t wrong;
	json_t *doc;

	assert_true(len > 0);
	doc = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &wrong);
	if (!doc)
		fail_msg("%s: %.*s", wrong.text, (int)len, bytes);
	free(bytes);
	return doc;
}

static const char *
text_of(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static void
an_event_is_its_document_and_more_are_an_array(void **state)
{
	const struct alert two[] = { alert("x"), alert("y") };
	json_t *one = body(&(struct webhook){ .format = WEBHOOK_JSON }, two, 1);
	json_t *many = body(&(struct webhook){ .format = WEBHOOK_JSON, .many = true }, two, 2);
	json_t *single = body(&(struct webhook){ .format = WEBHOOK_JSON, .many = true }, two, 1);

	assert_int_equal(json_integer_value(json_object_get(one, "pid")), 42);
	assert_int_equal(json_array_size(many), 2);
	assert_int_equal(json_array_size(single), 1);
	json_decref(one);
	json_decref(many);
	json_decref(single);
}

static void
a_cloudevent_has_what_the_standard_asks_for(void **state)
{
	const struct alert a = alert("r/1");
	json_t *e = body(&(struct webhook){ .format = WEBHOOK_CLOUDEVENTS }, &a, 1);

	assert_string_equal(text_of(e, "specversion"), "1.0");
	assert_string_equal(text_of(e, "id"), "000000000000001f-9");
	assert_string_equal(text_of(e, "source"), "/bpfd/r1");
	assert_string_equal(text_of(e, "type"), "bpfd.exec");
	assert_string_equal(text_of(e, "subject"), "r/1");
	assert_string_equal(text_of(e, "severity"), "high");
	assert_string_equal(text_of(e, "datacontenttype"), "application/json");
	assert_non_null(strstr(text_of(e, "time"), "2026-11-"));
	assert_int_equal(json_integer_value(json_object_get(json_object_get(e, "data"), "pid")), 42);
	json_decref(e);
}

static void
falco_s_severities_are_its_own(void **state)
{
	const struct alert a = alert("x");
	json_t *e = body(&(struct webhook){ .format = WEBHOOK_FALCO }, &a, 1), *fields = json_object_get(e, "output_fields");

	assert_string_equal(text_of(e, "priority"), "Critical");
	assert_string_equal(text_of(e, "rule"), "x");
	assert_string_equal(text_of(fields, "container.id"), "x");
	assert_int_equal(json_integer_value(json_object_get(fields, "proc.pid")), 42);
	json_decref(e);
}

static void
nothing_in_an_event_breaks_a_document(void **state)
{
	const struct alert a = alert(HOSTILE);

	for (int f = 0; f < N_WEBHOOK_FORMATS; f++) {
		struct webhook w = { .format = (enum webhook_format)f, .json = true,
			.template = "{{\"a\":\"{comm}\",\"b\":\"{line}\",\"c\":{json},\"d\":{pid}}}" };
		json_t *e = body(&w, &a, 1);

		assert_true(json_is_object(e));
		if (f == WEBHOOK_TEMPLATE)
			assert_int_equal(json_object_size(e), 4);
		json_decref(e);
	}
}

static void
a_text_of_its_own_has_no_line_that_an_event_made(void **state)
{
	const struct alert a = alert(HOSTILE);
	const struct webhook w = { .format = WEBHOOK_TEMPLATE, .template = "{rule}|{severity}|{suppressed}|{id}|{{{uid}}}" };
	char *bytes;
	size_t len = webhook_write(&w, &a, 1, &bytes);

	assert_null(memchr(bytes, '\n', len));
	assert_null(memchr(bytes, '\x01', len));
	assert_non_null(memmem(bytes, len, "|high|3|000000000000001f-9|{1000}", 33));
	free(bytes);
}

static void
a_template_s_mistake_is_found(void **state)
{
	static const struct { const char *text; size_t at; const char *words; } wrong[] = {
		{ "x{comn}", 1, "no such {field}" }, { "{", 0, "no such" }, { "a}b", 1, "a } without" }, { "{{{", 2, "no such" },
		{ "{comm", 0, "no such" }, { "{}", 0, "no such" }, { "{comm}}", 6, "a } without" },
	};
	static const char *const right[] = { "", "x", "{{}}", "{comm}", "{{{comm}}}", "{json}{line}" };
	size_t at;

	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
		assert_null(template_wrong(right[i], &at));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *why = template_wrong(wrong[i].text, &at);

		assert_non_null(why);
		assert_non_null(strstr(why, wrong[i].words));
		assert_int_equal(at, wrong[i].at);
	}
}

static void
the_longest_texts_fit_however_often(void **state)
{
	struct alert a = alert("x");
	char *worst = malloc(65536), *bytes;
	struct webhook w = { .format = WEBHOOK_TEMPLATE, .json = true, .template = "{line}{line}{line}{line}{exe}" };

	memset(worst, 1, 65536);	/* \u0001 */
	a.text[ALERT_LINE] = (struct alert_str){ worst, 65536 };
	assert_int_equal(webhook_write(&w, &a, 1, &bytes), 4 * 6 * 65536 + 1);
	free(bytes);
	w.format = WEBHOOK_FALCO;
	assert_true(webhook_write(&w, &a, 1, &bytes) > 6 * 65536);
	free(bytes);
	free(worst);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_is_its_document_and_more_are_an_array),
		cmocka_unit_test(a_cloudevent_has_what_the_standard_asks_for),
		cmocka_unit_test(falco_s_severities_are_its_own),
		cmocka_unit_test(nothing_in_an_event_breaks_a_document),
		cmocka_unit_test(a_text_of_its_own_has_no_line_that_an_event_made),
		cmocka_unit_test(a_template_s_mistake_is_found),
		cmocka_unit_test(the_longest_texts_fit_however_often),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("alerts-webhook", tests, NULL, NULL);
}
