/* SPDX-License-Identifier: Apache-2.0 */
/* bpfd: starts, confines, watches and restarts all the others. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "bpfd/client.h"
#include "bpfd/logout.h"
#include "bpfd/sup.h"
#include "common/auto.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/sandbox.h"

/* What each gets to end in order; together less than init waits for us. */
#define API_STOP_MS	5000
#define LOADER_STOP_MS	8000
#define ENRICHER_STOP_MS 3000
#define WORKERS_STOP_MS	5000

/* ---- start ---- */

static int
open_signals(struct sup *s)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	s->signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->signals.fd < 0 ? -errno : loop_add(s->loop, &s->signals);
}

static void
on_signal(void *arg)
{
	struct sup *s = arg;
	struct signalfd_siginfo si;

	while (read(s->signals.fd, &si, sizeof(si)) == sizeof(si)) {
		log_info("bpfd.signal", "name=SIG%s from_pid=%u", sigabbrev_np((int)si.ssi_signo), si.ssi_pid);
		if (si.ssi_signo == SIGHUP)
			s->reload_wanted = true;
		else if (s->stop_wanted)
			s->hurry = true;
		else
			s->stop_wanted = true;
	}
}

/* The parent stays until the daemon is ready or has failed, so that init scripts can tell. */
static int
to_background(struct sup *s)
{
	int pipefd[2], status;
	char ready;
	pid_t pid;

	if (pipe2(pipefd, O_CLOEXEC) < 0)
		return EXIT_FAILED;
	pid = fork();
	if (pid < 0)
		return EXIT_FAILED;
	if (pid > 0) {
		close(pipefd[1]);
		if (read(pipefd[0], &ready, 1) == 1)
			_exit(EXIT_DONE);
		_exit(waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) :
			EXIT_FAILED);
	}
	close(pipefd[0]);
	s->daemon_pipe = pipefd[1];
	setsid();
	return chdir("/") < 0 ? EXIT_FAILED : 0;
}

/* Relative roots are of the caller's folder, which the daemon leaves. */
static int
resolve_root(struct sup *s, char room[PATHS_MAX])
{
	char *path;

	if (!s->opt.root)
		return 0;
	if (mkdir(s->opt.root, 0755) < 0 && errno != EEXIST)
		return -errno;
	path = realpath(s->opt.root, NULL);
	if (!path)
		return -errno;
	if (strlen(path) >= PATHS_MAX) {
		free(path);
		return -ENAMETOOLONG;
	}
	strcpy(room, path);
	free(path);
	s->opt.root = room;
	return 0;
}

/* So are folders of rules. */
static int
resolve_rules(struct sup *s, char room[PATH_MAX])
{
	AUTO(mem) char *cwd = NULL;

	if (!s->opt.rules_dir)
		return 0;
	cwd = s->opt.rules_dir[0] == '/' ? strdup("") : getcwd(NULL, 0);
	if (!cwd)
		return -errno;
	if (snprintf(room, PATH_MAX, "%s%s%s", cwd, cwd[0] ? "/" : "", s->opt.rules_dir) >=
		(int)sizeof(((struct config *)0)->rules_dir))
		return -ENAMETOOLONG;
	s->opt.rules_dir = room;
	return 0;
}

/* Who else may write there could lead us elsewhere, with a link in the place of a folder. */
static int
check_root(const char *root)
{
	struct stat st;

	if (!root)
		return 0;
	if (stat(root, &st) < 0)
		return log_err(-errno, "start.root", "path=%s", root);
	if (st.st_uid != 0 || (st.st_mode & 022))
		return log_err(-EPERM, "start.root", "path=%s it must be root's and nobody else may write "
			"there", root);
	return 0;
}

static int
prepare(struct sup *s, char root[PATHS_MAX], char rules[PATH_MAX])
{
	int err;

	if (geteuid() != 0) {
		log_err(-EPERM, "start.rights", "bpfd is started by root; it gives up what it does not need");
		return EXIT_RIGHTS;
	}
	err = resolve_root(s, root);
	if (!err)
		err = paths_init(s->opt.root, &s->paths);
	if (err)
		return log_err(err, "start.root", "path=%s", s->opt.root ? s->opt.root : "/"), EXIT_FAILED;
	if (check_root(s->opt.root))
		return EXIT_FAILED;
	err = resolve_rules(s, rules);
	if (err || (s->opt.grpc_addr && strlen(s->opt.grpc_addr) >= PATHS_MAX))
		return log_err(err ? err : -ENAMETOOLONG, "start.options", "rules_dir=%s grpc_addr=%s",
			s->opt.rules_dir ? s->opt.rules_dir : "", s->opt.grpc_addr ? s->opt.grpc_addr : ""),
			EXIT_USAGE;
	s->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (s->null < 0)
		return log_err(-errno, "start.null", "path=/dev/null"), EXIT_FAILED;
	return proc_open_all(s->exes) < 0 ? EXIT_MISSING : 0;
}

/* The configuration is read meanwhile. */
static int
set_up(struct sup *s)
{
	int status = setup_places(s);

	if (status)
		return status;
	helper_foresee(s);
	return confine_prepare() ? EXIT_FAILED : 0;
}

static int
start(struct sup *s)
{
	static char root[PATHS_MAX], rules[PATH_MAX];
	int status = prepare(s, root, rules);

	if (status)
		return status;
	if (s->opt.action == DO_CHECK || s->opt.action == DO_PRINT_CONFIG)
		return confrun_show(s, s->opt.action == DO_CHECK ? "--check" : "--print");
	status = setup_users(s);
	if (!status && s->opt.daemon)
		status = to_background(s);
	if (status)
		return status;
	s->loop = loop_new();
	if (s->loop < 0)
		return log_err(-errno, "start.loop", "step=epoll"), EXIT_FAILED;
	if (confrun_begin(s))
		return EXIT_CONFIG;
	status = set_up(s);
	if (status) {
		confrun_stop(s);
		return status;
	}
	if (confrun_read(s))
		return EXIT_CONFIG;
	status = lasting_make(s);
	if (status)
		return status;
	setup_log_dir(s);
	setup_checkpoint_dir(s);
	/* Whoever cannot listen has mounted nothing yet. */
	status = listen_open(s);
	if (status)
		return status;
	status = setup_mounts(s);
	if (status) {
		listen_close(s);
		return status;
	}
	if (open_signals(s))
		return log_err(-errno, "start.loop", "step=signals"), EXIT_FAILED;
	notify_init(&s->notify, clock_ms());
	if (s->opt.daemon && logout_syslog())
		log_warn("start.syslog", "path=/dev/log nobody listens yet");
	return 0;
}

/* ---- stop ---- */

static bool
any_runs(const struct sup *s, size_t first, size_t last)
{
	for (size_t i = first; i <= last; i++)
		if (s->children[i].task.pid)
			return true;
	return false;
}

/* Tells these children to end, and waits until they did or their time is over. */
static void
end(struct sup *s, size_t first, size_t last, uint32_t flags, int ms)
{
	for (size_t i = first; i <= last; i++)
		child_stop(&s->children[i], flags, s->hurry ? 0 : ms);
	while (any_runs(s, first, last)) {
		if (s->hurry)
			for (size_t i = first; i <= last; i++)
				task_kill(&s->children[i].task);
		child_start_due(s);
		if (loop_round(s->loop, child_next_ms(s)) < 0)
			return;
	}
}

/*
 * Who is asked first, then where events come from, then those they go to: what the enricher writes
 * while it drains is still read by the workers, and the numbers of actions that it writes are
 * those that they know.
 */
static void
end_all(struct sup *s, uint32_t flags)
{
	end(s, API, API, flags, API_STOP_MS);
	end(s, LOADER, LOADER, flags, LOADER_STOP_MS);
	end(s, ENRICHER, ENRICHER, flags, ENRICHER_STOP_MS);
	end(s, WORKERS, N_CHILDREN - 1, flags, WORKERS_STOP_MS);
}

static void
stop(struct sup *s)
{
	bool leave_nothing = s->paths.private && !s->opt.keep;

	s->stopping = true;
	notify_say(&s->notify, "STOPPING=1");
	end_all(s, leave_nothing ? STOP_DETACH : 0);
	helper_kill_all(s);
	job_kill_all(s);
	checkpoint_stop(s);
	fetch_kill_all(s);
	connect_kill_all(s);
	if (leave_nothing)
		helper_unmount(s);
	listen_close(s);
	log_notice("bpfd.stopped", "%s", leave_nothing ? "nothing is left attached or mounted" :
		"programs stay attached");
}

/* ---- run ---- */

static void
reload(struct sup *s)
{
	s->reload_wanted = false;
	notify_say(&s->notify, "RELOADING=1");
	if (confrun_read(s) == 0) {
		s->reloading = true;
		end_all(s, STOP_AGAIN);
		rules_read(s);
		s->reloading = false;
		log_notice("bpfd.reload", "the configuration is read, its readers are started anew");
	}
	notify_say(&s->notify, "READY=1");
}

static int
run(struct sup *s)
{
	int err = 0;

	s->started_boot_ns = clock_ns(CLOCK_BOOTTIME);
	child_init(s);
	while (!s->stop_wanted && !err) {
		int64_t next, tick = s->notify.next_ms;

		child_start_due(s);
		notify_tick(&s->notify, clock_ms());
		job_kill_late(s);
		fetch_kill_late(s);
		connect_kill_late(s);
		next = child_next_ms(s);
		if (job_next_ms(s) < next)
			next = job_next_ms(s);
		if (fetch_next_ms(s) < next)
			next = fetch_next_ms(s);
		if (connect_next_ms(s) < next)
			next = connect_next_ms(s);
		err = loop_round(s->loop, next < tick ? next : tick);
		if (s->reload_wanted)
			reload(s);
	}
	if (err)
		return log_err(err, "bpfd.loop", "step=epoll");
	return s->failed ? -ECHILD : 0;
}

int
main(int argc, char **argv)
{
	static struct sup s = { .cfg_fd = -1, .loop = -1, .null = -1, .lock = -1, .bpffs = -1, .state = -1,
		.empty = -1, .run_dir = -1, 
		.lasting = { .rules = -1, .actions = -1, .trust = -1, .log_dir = -1, .spool_dir = -1, .checkpoint_dir = -1 },
		.daemon_pipe = -1, .signals = { -1, on_signal, &s } };
	int status = options_parse(argc, argv, &s.opt);

	if (s.opt.action == DO_EXIT)
		return status;
	if (s.opt.action == DO_CLIENT)
		return client_exec(&s.opt);
	logout_init("bpfd");
	status = start(&s);
	if (status)
		helper_give_up(&s);
	if (status || s.opt.action != DO_RUN)
		return status;
	checkpoint_start(&s);
	if (confine())
		return EXIT_FAILED;
	status = run(&s);
	stop(&s);
	return status ? EXIT_FAILED : EXIT_DONE;
}
