/* SPDX-License-Identifier: Apache-2.0 */
/* Workload of bashreadline: an interactive bash at a pseudo-terminal, which the loader's probe is put into. */
#include <bpf/libbpf.h>
#include <pty.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loads.h"

#define BASH "/bin/bash"
#define LINES 100

static struct bpf_link *probe;

static bool
put_probe(struct bpf_object *tracer)
{
	LIBBPF_OPTS(bpf_uprobe_opts, opts, .retprobe = true, .func_name = "readline");
	struct bpf_program *p = bpf_object__find_program_by_name(tracer, "bashreadline_line");

	probe = bpf_program__attach_uprobe_opts(p, -1, BASH, 0, &opts);
	return probe;
}

static void
take_probe(void)
{
	bpf_link__destroy(probe);
}

/* No file of the user's is read or written. */
static void
be_bash(void)
{
	static char *const env[] = { "TERM=dumb", "HISTFILE=", "INPUTRC=/dev/null", "PS1=", NULL };

	execle(BASH, "bash", "--norc", "--noprofile", "-i", NULL, env);
	_exit(127);
}

static bool
type(int tty)
{
	char lines[2 * LINES + sizeof("exit\n") - 1];

	for (int i = 0; i < LINES; i++)
		memcpy(lines + 2 * i, ":\n", 2);
	memcpy(lines + 2 * LINES, "exit\n", sizeof("exit\n") - 1);
	return write(tty, lines, sizeof(lines)) == sizeof(lines);
}

/* All that it says, until it is gone: its processor time counts when it is waited for. */
static bool
bash(void)
{
	char bytes[4096];
	int tty, status;
	bool typed;
	pid_t pid = forkpty(&tty, NULL, NULL, NULL);

	if (pid < 0)
		return false;
	if (!pid)
		be_bash();
	typed = type(tty);
	while (typed && read(tty, bytes, sizeof(bytes)) > 0)
		;
	close(tty);
	return waitpid(pid, &status, 0) == pid && typed && !status;
}

const struct load loads_bash[] = {
	{ "bashreadline", "bash, 100 lines typed, exit", 1, NULL, bash, take_probe, put_probe },
	{ .tracer = NULL },
};
