/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/actions.h"
#include "config/rules.h"
#include "ipc/bundle.h"
#include "rules/parse.h"

static const char passwd[] = "root:x:0:0::/:/bin/sh\nnobody:x:65534:65533::/:/bin/false\npager:x:77:78::/:/bin/sh\n";
static char *said;

#define FILE_OF(kind_, path_, text_) { .kind = kind_, .path = path_, .text = text_, .text_len = sizeof(text_) - 1 }

/* ---- rules ---- */

struct seen { unsigned int n; char files[400], problems[2000]; unsigned int packed; };

static int
see(void *arg, const struct parsed_file *f)
{
	struct seen *s = arg;

	s->n++;
	s->packed += f->packed != NULL;
	strcat(strcat(s->files, f->file), " ");
	for (size_t i = 0; i < f->n_problems; i++)
		sprintf(s->problems + strlen(s->problems), "%s:%u:%u: %s\n", f->file, f->problems[i].line,
			f->problems[i].column, f->problems[i].text);
	return 0;
}

static struct seen
read_rules(const struct bundle_file *files, size_t n)
{
	struct seen seen = { 0 };
	void *bundle, *out;
	size_t len, out_len, said_len;
	FILE *errors;

	free(said);
	errors = open_memstream(&said, &said_len);
	assert_int_equal(bundle_pack(files, n, &bundle, &len), 0);
	assert_int_equal(rules_read_bundle(bundle, len, RULE_LIST_DEFAULT, errors, &out, &out_len), 0);
	fclose(errors);
	assert_int_equal(parsed_each(out, out_len, see, &seen), 0);
	free(bundle);
	free(out);
	return seen;
}

static void
a_file_with_a_mistake_is_named_and_the_others_load(void **state)
{
	const struct bundle_file files[] = {
		FILE_OF(BUNDLE_RULE, "r/a.toml", "version=2\ntracer='open'\nx=1\n"),
		FILE_OF(BUNDLE_RULE, "r/b.toml", "version=2\ntracer='open'\n[match]\nfield='comm'\nlist='l'\n"),
		{ .kind = BUNDLE_RULE, .refused = true, .path = "r/c.toml", .text = "not root's", .text_len = 10 },
		FILE_OF(BUNDLE_LIST, "l/l.toml", "[lists]\nl=['a']\n"),
		FILE_OF(BUNDLE_LIST, "l/m.toml", "[lists\n"),
	};
	struct seen seen = read_rules(files, 5);

	assert_string_equal(seen.files, "r/a.toml r/b.toml r/c.toml ");
	assert_int_equal(seen.packed, 1);
	assert_string_equal(seen.problems, "r/a.toml:3:1: there is no key \"x\" in a rule\nr/c.toml:0:0: not root's\n");
	assert_non_null(strstr(said, "l/m.toml:1:"));
}

static void
a_damaged_bundle_is_refused(void **state)
{
	const struct bundle_file files[] = { FILE_OF(BUNDLE_RULE, "r/a.toml", "tracer='open'\n") };
	void *bundle, *out = NULL;
	size_t len, out_len;

	assert_int_equal(bundle_pack(files, 1, &bundle, &len), 0);
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(rules_read_bundle(bundle, cut, RULE_LIST_DEFAULT, stderr, &out, &out_len), -EBADMSG);
	free(bundle);
}

/* ---- actions ---- */

static struct action_table table;

/* The one action of a text, or NULL; what was said is in said. */
static const struct action_def *
action(const char *text)
{
	const struct bundle_file f = { .kind = BUNDLE_ACTION, .path = "actions.d/mine.toml", .text = text,
		.text_len = strlen(text) };
	struct names *names = calloc(1, sizeof(*names));
	void *bundle;
	size_t len, said_len;
	FILE *errors;
	int i;

	free(said);
	errors = open_memstream(&said, &said_len);
	names->passwd = fmemopen((void *)(uintptr_t)passwd, sizeof(passwd) - 1, "r");
	assert_int_equal(bundle_pack(&f, 1, &bundle, &len), 0);
	assert_int_equal(actions_read_bundle(names, bundle, len, errors, &table), 0);
	fclose(errors);
	fclose(names->passwd);
	free(names);
	free(bundle);
	assert_true(action_by_name(&table, "stdout") >= 0);
	i = action_by_name(&table, "mine");
	return i < 0 ? NULL : &table.a[i];
}

static void
every_type_has_its_keys(void **state)
{
	const struct action_def *a;

	a = action("type='exec'\nargv=['/bin/x','-y']\nuser='pager'\ntimeout_ms=5\nparallel=2\nper_minute=9\nformat='seed'\n");
	assert_non_null(a);
	assert_string_equal(a->path, "/bin/x");
	assert_memory_equal(a->args, "/bin/x\0-y\0", 10);
	assert_int_equal(a->uid, 77);
	assert_int_equal(a->gid, 78);
	assert_int_equal(a->timeout_ms, 5);
	assert_int_equal(action("type='exec'\nargv=['/bin/x']\n")->uid, 65534);
	a = action("type='log'\npath='x.json'\nmax_bytes=65536\nkeep=2\n");
	assert_string_equal(a->path, "x.json");
	assert_int_equal(a->keep, 2);
	assert_int_equal(action("type='log'\npath='x.json'\nkeep=0\n")->keep, 0);
	assert_int_equal(action("type='log'\npath='x.json'\n")->keep, ACTION_KEEP_CONFIGURED);
	assert_int_equal(action("type='stdout'\n")->format, ACTION_FORMAT_SEED);
	assert_int_equal(action("type='stdout'\nformat='json'\n")->format, ACTION_FORMAT_JSON);
	a = action("type='signal'\nsignal='SIGSTOP'\n");
	assert_int_equal(a->signal, SIGSTOP);
	assert_int_equal(action("type='kill'\n")->signal, SIGKILL);
	assert_string_equal(said, "");
}

static void
a_checkpoint_is_criu_s_unless_a_command_is_named(void **state)
{
	const struct action_def *a = action("type='checkpoint'\n");

	assert_string_equal(a->path, "/usr/sbin/criu");
	assert_int_equal(a->flags, CHECKPOINT_FREEZE);
	assert_int_equal(a->after, CHECKPOINT_RUN);
	assert_int_equal(a->timeout_ms, 120000);
	assert_memory_equal(a->args, "--tcp-established", 18);
	a = action("type='checkpoint'\npath='/opt/criu'\noptions=['--shell-job']\npause=false\nafter='kill'\nmax_bytes=8192\n");
	assert_string_equal(a->path, "/opt/criu");
	assert_int_equal(a->args_len, 12);
	assert_int_equal(a->flags, 0);
	assert_int_equal(a->after, CHECKPOINT_KILL);
	assert_int_equal(a->max_bytes, 8192);
	assert_int_equal(action("type='checkpoint'\noptions=[]\n")->args_len, 0);
	a = action("type='checkpoint'\nargv=['/usr/bin/runc','checkpoint','{id}']\n");
	assert_string_equal(a->path, "/usr/bin/runc");
	assert_int_equal(a->flags, CHECKPOINT_COMMAND);
	a = action("type='checkpoint'\nargv=['/usr/bin/x']\npause=true\nafter='pause'\n");
	assert_int_equal(a->flags, CHECKPOINT_COMMAND | CHECKPOINT_FREEZE);
	assert_int_equal(a->after, CHECKPOINT_PAUSE);
	assert_string_equal(said, "");
}

static void
a_webhook_is_taken_apart(void **state)
{
	const struct action_def *a = action("type='webhook'\nurl='https://hooks.example:8443/x?y=1'\nsecret_file='/etc/s'\n"
		"token_file='/etc/t'\nca_file='/etc/c'\nheaders=['X-A: b']\nformat='cloudevents'\nbatch=10\nqueue=5\n"
		"spool_bytes=131072\ntries=3\nretry_ms=50\nbreaker_s=7\n");

	assert_string_equal(said, "");
	assert_string_equal(a->net.host, "hooks.example");
	assert_int_equal(a->net.port, 8443);
	assert_int_equal(a->net.tls, NET_TLS);
	assert_string_equal(a->net.url, "https://hooks.example:8443/x?y=1");
	assert_string_equal(a->net.secret_file, "/etc/s");
	assert_memory_equal(a->args, "X-A: b", 7);
	assert_int_equal(a->format, WEBHOOK_CLOUDEVENTS);
	assert_int_equal(a->net.entries, 5);
	assert_int_equal(a->timeout_ms, 10000);
	a = action("type='webhook'\nurl='https://[::1]/'\ntemplate='{{{comm}}}'\ncontent_type='text/plain'\n");
	assert_string_equal(a->net.host, "::1");
	assert_int_equal(a->net.port, 443);
	assert_int_equal(a->format, WEBHOOK_TEMPLATE);
	a = action("type='webhook'\nurl='http://localhost:2801'\n");
	assert_int_equal(a->net.tls, NET_PLAIN);
	assert_int_equal(a->net.port, 2801);
}

static void
a_mail_has_what_its_file_leaves_out(void **state)
{
	const struct action_def *a = action("type='email'\nserver='mx'\nfrom='b@x'\nto=['c@x','d@x']\n");

	assert_string_equal(said, "");
	assert_string_equal(a->net.host, "mx");
	assert_int_equal(a->net.port, 587);
	assert_int_equal(a->net.tls, NET_STARTTLS);
	assert_memory_equal(a->args, "c@x\0d@x", 8);
	assert_string_equal(a->net.subject, "[bpfd] ");
	assert_int_equal(a->net.rule_per_hour, 10);
	assert_int_equal(a->net.digest_s, 3600);
	assert_int_equal(a->timeout_ms, 30000);
	a = action("type='email'\nserver='mx'\nfrom='b@x'\nto=['c@x']\ntls='tls'\ndigest_s=60\n");
	assert_int_equal(a->net.port, 465);
	assert_int_equal(a->net.rule_per_hour, 0);
	a = action("type='email'\nserver='/run/lmtp'\nprotocol='lmtp'\nfrom='b@x'\nto=['c@x']\nsubject=' '\n");
	assert_int_equal(a->net.port, 0);
	assert_int_equal(a->net.lmtp, 1);
	assert_int_equal(a->net.tls, NET_PLAIN);
	assert_string_equal(a->net.subject, " ");
	assert_int_equal(action("type='email'\nserver='::1'\nprotocol='lmtp'\nfrom='b@x'\nto=['c@x']\n")->net.port, 24);
}

static void
slack_is_where_it_always_is(void **state)
{
	const struct action_def *a = action("type='slack'\nsecret_file='/etc/s'\nchannel='#x'\nusername='b'\n");

	assert_string_equal(said, "");
	assert_string_equal(a->net.url, "https://hooks.slack.com");
	assert_string_equal(a->net.host, "hooks.slack.com");
	assert_int_equal(a->net.port, 443);
	assert_int_equal(a->net.tls, NET_TLS);
	assert_int_equal(a->net.batch, 20);
	a = action("type='slack'\nurl='https://chat.example:8065/hooks/x'\n");
	assert_string_equal(a->net.host, "chat.example");
}

static void
a_mistake_in_an_action_is_named_and_leaves_the_standard_ones(void **state)
{
	static const struct { const char *text, *words; } wrong[] = {
		{ "type='exce'\n", "mine.toml:1:6: there is no action of this type; did you mean exec" },
		{ "argv=['/x']\n", "the action has no type" },
		{ "type='log'\nargv=['/x']\n", "mine.toml:2:1: an action of type log has no key \"argv\"" },
		{ "type='exec'\nargv=['x']\n", "absolute path" },
		{ "type='exec'\nargv=['/x']\nuser='root'\n", "mine.toml:3:6: user: a program is never run as root" },
		{ "type='exec'\nargv=['/x']\nuser='pagr'\n", "did you mean pager" },
		{ "type='exec'\nargv=['/x']\nparallel=100\n", "parallel is from 1 to 64" },
		{ "type='signal'\nsignal='XYZ'\n", "signal is the name" },
		{ "type='log'\npath='a/b'\n", "plain file name" },
		{ "type='log'\nkeep='2'\n", "keep is an integer" },
		{ "type='checkpoint'\npath='criu'\n", "the program is not an absolute path" },
		{ "type='checkpoint'\nargv=['runc']\n", "argv begins with the absolute path" },
		{ "type='checkpoint'\nargv=['/x']\nafter='kill'\n", "the command of argv has to do it" },
		{ "type='checkpoint'\nargv=['/x']\noptions=['-v']\n", "mine.toml:3:9: options are criu's" },
		{ "type='checkpoint'\noptions=['-v']\nargv=['/x']\n", "mine.toml:2:9: options are criu's" },
		{ "type='checkpoint'\nafter='resume'\n", "after is one of run, pause, kill" },
		{ "type='checkpoint'\nmax_bytes=1\n", "max_bytes is from 4096" },
		{ "type='checkpoint'\nuser='pager'\n", "an action of type checkpoint has no key \"user\"" },
		{ "type='webhook'\n", "a webhook needs a url" },
		{ "type='webhook'\nurl='ftp://x/'\n", "mine.toml:2:5: url begins with https://" },
		{ "type='webhook'\nurl='http://hooks.example/'\n", "http:// is for a server on this host only" },
		{ "type='webhook'\nurl='https://u:p@hooks.example/'\n", "put a secret into token_file" },
		{ "type='webhook'\nurl='https://hooks.example:0/'\n", "url is https://HOST" },
		{ "type='webhook'\nurl='https:///x'\n", "url is https://HOST" },
		{ "type='webhook'\nurl='https://a b/'\n", "url is https://HOST" },
		{ "type='webhook'\nurl='https://a/'\nsecret_file='s'\n", "secret_file is an absolute path" },
		{ "type='webhook'\nurl='https://a/'\nheaders=['Host: x']\n", "this header is bpfd's own" },
		{ "type='webhook'\nurl='https://a/'\nheaders=[\"A: b\\r\\nC: d\"]\n", "headers is an array of strings" },
		{ "type='webhook'\nurl='https://a/'\nheaders=['Authorization: x']\n", "put it into token_file" },
		{ "type='webhook'\nurl='https://a/'\ntemplate='{comn}'\n", "template, byte 1: no such {field}" },
		{ "type='webhook'\nurl='https://a/'\nformat='falco'\nbatch=2\n", "each request has one event" },
		{ "type='webhook'\nurl='https://a/'\nretry_ms=500\nretry_max_ms=100\n", "retry_ms is larger" },
		{ "type='webhook'\nurl='https://a/'\nspool_bytes=1\n", "spool_bytes is from 65536" },
		{ "type='slack'\n", "slack needs secret_file" },
		{ "type='slack'\nsecret_file='/s'\nbatch=21\n", "Slack takes up to 20" },
		{ "type='slack'\nsecret_file='/s'\nchannel=\"a\\nb\"\n", "mine.toml:3:9: channel is 1 to 127 bytes" },
		{ "type='email'\nfrom='b@x'\nto=['c@x']\n", "email needs server, from and to" },
		{ "type='email'\nserver='mx'\nfrom='b'\nto=['c@x']\n", "mine.toml:3:6: from: an address is name@host" },
		{ "type='email'\nserver='mx'\nfrom='b@x'\nto=[\"c@x\\r\\nRCPT TO:<d@x>\"]\n", "to: an address is name@host" },
		{ "type='email'\nserver='mx'\nfrom='b@x'\nto=[]\n", "email needs server, from and to" },
		{ "type='email'\nserver='mx'\nfrom='b@x'\nto=['c@x']\ntls='ssl'\n", "tls is one of starttls, tls, none" },
		{ "type='email'\nserver='mx'\nfrom='b@x'\nto=['c@x']\nprotocol='imap'\n", "protocol is smtp or lmtp" },
		{ "type='email'\nserver='mx'\nfrom='b@x'\nto=['c@x']\nport=0\n", "port is from 1 to 65535" },
		{ "type='email'\nserver='mx'\nfrom='b@x'\nto=['c@x']\nuser='u'\ntls='none'\nsecret_file='/s'\n",
			"a password is never sent in the clear" },
		{ "type='email'\nserver='mx'\nfrom='b@x'\nto=['c@x']\nuser='u'\n", "secret_file has to name the file with the password" },
		{ "type='email'\nserver='mx'\nfrom='b@x'\nto=['c@x']\nsecret_file='/s'\n", "whose is for user to say" },
		{ "type='email'\nserver='/s'\nfrom='b@x'\nto=['c@x']\n", "a socket's path is for protocol" },
		{ "type='email'\nserver='/s'\nprotocol='lmtp'\nport=24\nfrom='b@x'\nto=['c@x']\n", "a socket's path has no port" },
		{ "type='email'\nserver='mx'\nprotocol='lmtp'\ntls='tls'\nfrom='b@x'\nto=['c@x']\n", "LMTP has neither tls nor user" },
		{ "type='email'\nserver='mx'\nprotocol='lmtp'\nfrom='b@x'\nto=['c@x']\n", "LMTP is not encrypted" },
		{ "type=\n", "mine.toml:1:" },
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_null(action(wrong[i].text));
		if (!strstr(said, wrong[i].words))
			fail_msg("%s: %s", wrong[i].words, said);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_with_a_mistake_is_named_and_the_others_load),
		cmocka_unit_test(a_damaged_bundle_is_refused),
		cmocka_unit_test(every_type_has_its_keys),
		cmocka_unit_test(a_checkpoint_is_criu_s_unless_a_command_is_named),
		cmocka_unit_test(a_webhook_is_taken_apart),
		cmocka_unit_test(a_mail_has_what_its_file_leaves_out),
		cmocka_unit_test(slack_is_where_it_always_is),
		cmocka_unit_test(a_mistake_in_an_action_is_named_and_leaves_the_standard_ones),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
