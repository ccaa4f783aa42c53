/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fake child for tests of the supervisor: loader, API, enricher or action worker, by the name
 * that it is started under.  It behaves as the words in the file NAME.do beside its executable say, and logs what it is told.
 * Without a file it says READY and waits.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/memfd.h"
#include "ipc/chan.h"

struct fake {
	const char *name;
	struct chan *ch;
	char words[256];
};

static bool
is_to(const struct fake *f, const char *word)
{
	const char *p = strstr(f->words, word);

	return p && (p[strlen(word)] == '\0' || p[strlen(word)] == ' ' || p[strlen(word)] == '\n');
}

/* The words are from the supervisor's folder, which its children may still read as root. */
static void
read_words(struct fake *f)
{
	char exe[PATH_MAX] = "", path[PATH_MAX + 64];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	int fd;

	if (n < 0)
		return;
	snprintf(path, sizeof(path), "%s/%s.do", dirname(exe), f->name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, f->words, sizeof(f->words) - 1);
	f->words[n > 0 ? n : 0] = '\0';
	close(fd);
}

/* What it was given: descriptors, environment, capabilities that it may get. */
static void
tell_start(const char *arg, char **envp)
{
	char fds[64] = "";
	unsigned long long bounding = 0;

	for (int fd = 0; fd < 64; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			snprintf(fds + strlen(fds), sizeof(fds) - strlen(fds), "%s%d", fd ? "," : "", fd);
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		bounding |= (unsigned long long)prctl(PR_CAPBSET_READ, cap, 0, 0, 0) << cap;
	fprintf(stderr, "<5>fake.start: fds=%s environment=%s bounding=%llx argument=%s\n", fds,
		envp[0] ? "some" : "none", bounding, arg ? arg : "none");
}

static void
talk_nonsense(const struct fake *f)
{
	if (is_to(f, "garbage")) {
		fprintf(stderr, "\033[31m\r\001\n");
		for (int i = 0; i < 5000; i++)
			fputc('x', stderr);
		fputc('\n', stderr);
	}
	if (is_to(f, "flood"))
		for (int i = 0; i < 3000; i++)
			fprintf(stderr, "flood\n");
	if (is_to(f, "short") && send(chan_fd(f->ch), "bpfd", 4, 0) < 0)
		_exit(3);
	if (is_to(f, "wrong_phase"))
		chan_send(f->ch, IPC_HELPER_WANTED, 0, &(struct msg_helper){ HELPER_KIND_LINKER, 0 }, NULL);
}

static void
want_helpers(const struct fake *f)
{
	if (is_to(f, "oneshot"))
		chan_send(f->ch, IPC_HELPER_WANTED, 0, &(struct msg_helper){ HELPER_KIND_ONESHOT, 0 }, NULL);
	if (is_to(f, "linker"))
		chan_send(f->ch, IPC_HELPER_WANTED, 0, &(struct msg_helper){ HELPER_KIND_LINKER, 0 }, NULL);
	if (is_to(f, "wrong_helper"))
		chan_send(f->ch, IPC_HELPER_WANTED, 0, &(struct msg_helper){ 77, 0 }, NULL);
	if (is_to(f, "many_helpers"))
		for (int i = 0; i < 200; i++)
			chan_send(f->ch, IPC_HELPER_WANTED, 0,
				&(struct msg_helper){ HELPER_KIND_ONESHOT, 0 }, NULL);
}

/* Ends helpers as the loader does: by their channel, or by the supervisor. */
static void
end_helper(const struct fake *f, const struct chan_msg *m)
{
	const struct msg_helper *h = m->payload;

	if (is_to(f, "kill_helpers"))
		chan_send(f->ch, IPC_HELPER_KILL, 0, h, NULL);
	if (is_to(f, "keep_helpers"))
		for (unsigned int i = 0; i < m->n_fds; i++)
			fcntl(m->fds[i], F_DUPFD_CLOEXEC, 100);
}

/* Can it be written, through the descriptor or through another one of the same file? */
static const char *
access_to(int fd)
{
	char path[64];

	if (pwrite(fd, "", 0, 0) == 0 && (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR)
		return "writable";
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (setresuid(65534, 65534, 0) < 0)
		return "?";
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (setresuid(0, 0, 0) < 0)
		return "?";
	return fd < 0 ? "readonly" : "reopened";
}

/* A number at the end of a file, which outlives whoever counts it up. */
static unsigned char
count(int fd)
{
	unsigned char n = 0;
	struct stat st;

	if (fstat(fd, &st) < 0 || pread(fd, &n, 1, st.st_size - 1) != 1)
		return 0;
	n++;
	return pwrite(fd, &n, 1, st.st_size - 1) == 1 ? n : 0;
}

static long
bytes_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? -1 : (long)st.st_size;
}

static void
tell_memory(const struct chan_msg *m)
{
	const struct msg_consumer *consumer = m->payload;
	const struct msg_action_fd *fd = m->payload;

	switch (m->hdr.type) {
	case IPC_START_ENRICHER:
		fprintf(stderr, "<5>fake.memory: ring=%s state=%s shrink=%s starts=%u\n", access_to(m->fds[1]),
			access_to(m->fds[2]), ftruncate(m->fds[1], 0) < 0 ? "no" : "yes", count(m->fds[2]));
		break;
	case IPC_ENRICHER_CONSUMER:
		fprintf(stderr, "<5>fake.consumer: id=%u cursor=%s\n", consumer->id, access_to(m->fds[0]));
		break;
	case IPC_API_EVENTS:
		fprintf(stderr, "<5>fake.events: ring=%s cursor=%s actions=%ld starts=%u\n", access_to(m->fds[0]),
			access_to(m->fds[1]), bytes_of(m->fds[3]), count(m->fds[1]));
		break;
	case IPC_START_RULES:
		fprintf(stderr, "<5>fake.rules: bytes=%ld\n", bytes_of(m->fds[0]));
		break;
	case IPC_START_ACTION:
		fprintf(stderr, "<5>fake.action: ring=%s enforce=%u\n", access_to(m->fds[2]),
			((const struct msg_start_action *)m->payload)->flags);
		break;
	case IPC_ACTION_CURSOR:
		fprintf(stderr, "<5>fake.cursor: cursor=%s starts=%u\n", access_to(m->fds[0]), count(m->fds[0]));
		break;
	case IPC_ACTION_FD:
		fprintf(stderr, "<5>fake.place: kind=%u index=%u\n", fd->kind, fd->index);
		break;
	case IPC_RULES_PARSED:
		fprintf(stderr, "<5>fake.parsed: seq=%u err=%d len=%llu bytes=%ld\n", m->hdr.seq,
			((const struct msg_rules_parsed *)m->payload)->err,
			(unsigned long long)((const struct msg_rules_parsed *)m->payload)->len,
			bytes_of(m->fds[0]));
		break;
	default:
		break;
	}
}

/* What the API asks the supervisor for. */
static void
ask(const struct fake *f)
{
	static const char rule[] = "tracer = \"exec\"\nactions = [\"stdout\"]\n";
	struct msg_mask classes = { 0 };
	struct msg_rules_parse parse = { .file = "asked.toml" };
	int fd = -1;

	classes.mask = is_to(f, "all_classes") ? 31 : is_to(f, "one_class") ? 1 : is_to(f, "wrong_class") ? 1ULL << 40 : 0;
	if (classes.mask)
		chan_send(f->ch, IPC_CLASSES_WANTED, 0, &classes, NULL);
	if (is_to(f, "procs"))
		chan_send(f->ch, IPC_PROCS, 7, NULL, NULL);
	if (!is_to(f, "parse"))
		return;
	fd = memfd_sealed("rule", rule, sizeof(rule) - 1);
	chan_send(f->ch, IPC_RULES_PARSE, 21, &parse, &fd);
	close(fd);
}

static void
tell(const struct fake *f, const struct chan_msg *m)
{
	const struct msg_helper_gone *gone = m->payload;
	const struct msg_proc *proc = m->payload;
	const struct msg_helper *helper = m->payload;

	tell_memory(m);

	if (m->hdr.type == IPC_HELPER_GONE)
		fprintf(stderr, "<5>fake.gone: kind=%u status=%d err=%d\n", gone->kind, gone->wait_status, gone->err);
	else if (m->hdr.type == IPC_PROC)
		fprintf(stderr, "<5>fake.proc: name=%s running=%u restarts=%u\n", proc->name, proc->running,
			proc->restarts);
	else if (m->hdr.type == IPC_HELPER_LINKER)
		fprintf(stderr, "<5>fake.got: type=HELPER_LINKER fds=%u id=%u\n", m->n_fds, helper->id);
	else
		fprintf(stderr, "<5>fake.got: type=%s fds=%u\n", ipc_type_name(m->hdr.type), m->n_fds);
}

/* False: the end. */
static bool
answer(const struct fake *f, const struct chan_msg *m)
{
	switch (m->hdr.type) {
	case IPC_START_LOADER:
	case IPC_API_GO:
	case IPC_ENRICHER_GO:
	case IPC_ACTION_GO:
		chan_set_phase(f->ch, PHASE_RUN);
		talk_nonsense(f);
		if (!is_to(f, "silent"))
			chan_send(f->ch, IPC_READY, 0, NULL, NULL);
		if (is_to(f, "connect"))	/* by an instance that sends nothing */
			chan_send(f->ch, IPC_ACTION_CONNECT, 0, &(struct msg_action_connect){ .index = 0 }, NULL);
		break;
	case IPC_LOADER_PEER:
		want_helpers(f);
		break;
	case IPC_API_PEER:
		ask(f);
		break;
	case IPC_HELPER_ONESHOT:
	case IPC_HELPER_LINKER:
		end_helper(f, m);
		break;
	case IPC_LOADER_STOP:
		if (!is_to(f, "ignore_stop"))
			chan_send(f->ch, IPC_STOPPED, 0, NULL, NULL);
		break;
	case IPC_API_STOP:
	case IPC_ENRICHER_STOP:
	case IPC_ACTION_STOP:
		return is_to(f, "ignore_stop");
	default:
		break;
	}
	return true;
}

static enum ipc_role
role_of(const char *name)
{
	return strcmp(name, "bpfd-api") == 0 ? ROLE_API : strcmp(name, "bpfd-enricher") == 0 ? ROLE_ENRICHER :
		strcmp(name, "bpfd-action") == 0 ? ROLE_ACTION : ROLE_LOADER;
}

int
main(int argc, char **argv, char **envp)
{
	struct fake f = { .name = basename(argv[0]) };
	struct chan_msg m;

	setlinebuf(stderr);
	read_words(&f);
	tell_start(argv[1], envp);
	if (is_to(&f, "die"))
		return 9;
	if (chan_new(3, role_of(f.name), FROM_SUP, &f.ch) < 0)
		return 8;
	while (chan_wait(f.ch, &m, -1) == 1) {
		bool go_on;

		tell(&f, &m);
		go_on = answer(&f, &m);
		chan_drop_fds(&m);
		if (!go_on)
			return 0;
	}
	if (is_to(&f, "ignore_stop"))
		pause();
	return 0;
}
