/* SPDX-License-Identifier: Apache-2.0 */
#include "checkpoint/starter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/auto.h"
#include "common/log.h"
#include "common/sandbox.h"
#include "ipc/chan.h"

#define CONTROL_FD	3

static int
drop_rights(void)
{
	struct __user_cap_header_struct hdr = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { { 0 } };

	if (prctl(PR_SET_NAME, "bpfd-checkpoint", 0, 0, 0) < 0 || syscall(SYS_capset, &hdr, none) < 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return -errno;
	return 0;
}

static pid_t
spawn(int exe, int channel)
{
	char *argv[] = { (char[]){ "bpfd-checkpoint" }, NULL }, *envp[] = { NULL };
	pid_t pid = fork();

	if (pid)
		return pid;
	if (dup2(channel, CONTROL_FD) < 0 || syscall(SYS_close_range, CONTROL_FD + 1, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		_exit(127);
	syscall(SYS_execveat, exe, "", argv, envp, AT_EMPTY_PATH);
	_exit(127);
}

/* One at a time: the channel of another is closed, which its worker understands. */
static void
serve(int exe, int channel, pid_t *running)
{
	if (*running > 0 && waitpid(*running, NULL, WNOHANG) == 0) {
		log_warn("checkpoint.busy", "another one is being written");
		return;
	}
	*running = spawn(exe, channel);
	if (*running < 0)
		log_err(-errno, "checkpoint.spawn", "step=fork");
}

int
starter(void)
{
	AUTO(fd) int exe = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	struct chan *ch;
	struct chan_msg m;
	pid_t running = 0;
	int err = exe < 0 ? -errno : drop_rights();

	if (!err)
		err = chan_new(CONTROL_FD, ROLE_CHECKPOINT, FROM_SUP, &ch);
	if (err)
		return log_err(err, "checkpoint.start", "what=starter"), 1;
	for (;;) {
		err = chan_wait(ch, &m, -1);
		if (err <= 0)
			return err ? 1 : 0;
		serve(exe, m.fds[0], &running);
		chan_drop_fds(&m);
	}
}
