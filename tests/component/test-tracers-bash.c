/* SPDX-License-Identifier: Apache-2.0 */
/* bashreadline: a real interactive bash at a real pseudo-terminal. */

#include <bpf/libbpf.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "bpf/bashreadline.h"
#include "tracers-own.h"

static const char *const tracers[] = { "bashreadline", NULL };
static struct bpf_link *probe;

static int
setup(void **state)
{
	LIBBPF_OPTS(bpf_uprobe_opts, opts, .retprobe = true, .func_name = "readline");
	int err = tracerrig_open(tracers, NULL, &rig);
	struct bpf_program *p;

	if (err)
		return err;
	p = bpf_object__find_program_by_name(tracerrig_object(rig, 1), "bashreadline_line");
	probe = bpf_program__attach_uprobe_opts(p, -1, "/bin/bash", 0, &opts);
	return probe ? 0 : -1;
}

static int
teardown(void **state)
{
	bpf_link__destroy(probe);
	close_rig(state);
	return 0;
}

static pid_t
start_bash(int *tty)
{
	pid_t pid = forkpty(tty, NULL, NULL, NULL);

	assert_true(pid >= 0);
	if (!pid) {
		execl("/bin/bash", "bash", "--norc", "--noprofile", "-i", NULL);
		_exit(127);
	}
	return pid;
}

/* Until the prompt is there: nothing more comes for a while. */
static void
read_all(int tty)
{
	struct pollfd p = { .fd = tty, .events = POLLIN };
	char bytes[4096];

	while (poll(&p, 1, 300) > 0 && read(tty, bytes, sizeof(bytes)) > 0)
		;
}

static void
type(int tty, const char *line)
{
	size_t len = strlen(line);

	assert_int_equal(write(tty, line, len), len);
	assert_int_equal(write(tty, "\r", 1), 1);
	read_all(tty);
}

static void
end(pid_t pid, int tty)
{
	kill(pid, SIGHUP);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(tty);
}

static void
line_is_what_was_typed(void **state)
{
	const struct ev_bashreadline *e;
	size_t at = 0;
	int tty;
	pid_t pid = start_bash(&tty);

	read_all(tty);
	type(tty, ": first  command 'with quotes'");
	type(tty, "");
	type(tty, ": second");
	tracerrig_drain(rig, 300);
	e = tracerrig_next(rig, &at, TR_BASHREADLINE, BASHREADLINE_LINE, (uint32_t)pid);
	assert_non_null(e);
	assert_string_equal(tracerrig_str(e, e->line), ": first  command 'with quotes'");
	assert_true(e->h.flags & EV_UNTRUSTED);
	assert_string_equal(e->h.comm, "bash");
	e = tracerrig_next(rig, &at, TR_BASHREADLINE, BASHREADLINE_LINE, (uint32_t)pid);
	assert_non_null(e);
	assert_int_equal(e->line.len, 0);
	e = tracerrig_next(rig, &at, TR_BASHREADLINE, BASHREADLINE_LINE, (uint32_t)pid);
	assert_non_null(e);
	assert_string_equal(tracerrig_str(e, e->line), ": second");
	/* The process has been announced, with its terminal. */
	{
		const struct ev_proc_info *info = tracerrig_find(rig, TR_NONE, EV_PROC_INFO, (uint32_t)pid);

		assert_non_null(info);
		assert_int_equal(strncmp(info->tty, "pts", 3), 0);
	}
	end(pid, tty);
}

static void
line_that_is_long_is_cut_and_says_so(void **state)
{
	const struct ev_bashreadline *e;
	char line[6000];
	size_t len = sizeof(line) - 1, done = 0;
	int tty;
	pid_t pid = start_bash(&tty);

	memset(line, 'x', sizeof(line));
	line[0] = ':';
	line[1] = ' ';
	line[len] = '\0';
	read_all(tty);
	while (done < len) {	/* a terminal takes no more than it has room for */
		size_t n = len - done < 500 ? len - done : 500;

		assert_int_equal(write(tty, line + done, n), n);
		done += n;
		read_all(tty);
	}
	type(tty, "");
	e = tracerrig_wait(rig, TR_BASHREADLINE, BASHREADLINE_LINE, (uint32_t)pid);
	assert_non_null(e);
	assert_int_equal(e->line.len, BASHREADLINE_MAX);
	assert_true(e->h.flags & EV_TRUNCATED);
	assert_memory_equal(tracerrig_str(e, e->line), line, BASHREADLINE_MAX);
	end(pid, tty);
}

static void
line_of_a_script_is_not_seen(void **state)
{
	assert_int_equal(system("/bin/bash -c ': script'; echo ': piped' | /bin/bash"), 0);
	tracerrig_drain(rig, 200);
	for (size_t i = 0; i < tracerrig_n(rig); i++) {
		const struct ev_hdr *h = tracerrig_event(rig, i);

		assert_false(h->tracer == TR_BASHREADLINE && (int)h->ppid == getpid());
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(line_is_what_was_typed),
		TEST(line_that_is_long_is_cut_and_says_so),
		TEST(line_of_a_script_is_not_seen),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
