/* SPDX-License-Identifier: Apache-2.0 */
#include "component/rig.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/bpf.h>
#include <poll.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "common/memfd.h"
#include "ipc/bpfnames.h"
#include "unit/config_make.h"

#define ARENA_BYTES (64u << 20)
#define CAP(name) (1ULL << CAP_##name)
#define START_CAPS (CAP(SETUID) | CAP(SETGID) | CAP(SETPCAP) | CAP(SYS_CHROOT))

static void
config_words(struct conf_HELPERS *h, const char *words)
{
	char copy[512], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", words);
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		int id = bpf_helper_from_name(w);

		if (id > 0)
			h->bits[id / 64] |= 1ULL << (id % 64);
	}
}

static void
rig_config(struct config *c)
{
	config_defaults(c);
	c->log_level = 3;
	c->access_admin.n_uids = 1;
	c->policy_program_types.mask = ~(1ULL << BPF_PROG_TYPE_SYSCALL);
	c->policy_map_types.mask = ~0ULL;
	c->policy_interfaces.n = c->policy_cgroups.n = 1;
	strcpy(c->policy_interfaces.glob[0], "*");
	strcpy(c->policy_cgroups.glob[0], "*");
	config_words(&c->policy_deny_helpers, "probe_write_user override_return send_signal "
		"send_signal_thread sys_bpf btf_find_by_name_kind sys_close");
}

int
rig_open(struct rig *r)
{
	const struct passwd *pw = getpwnam("bpfd-load");
	char path[96];

	memset(r, 0, sizeof(*r));
	rig_config(&r->cfg);
	r->bpffs = -1;
	if (!pw)
		return -ENOENT;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	snprintf(r->dir, sizeof(r->dir), "/tmp/bpfd-rig-XXXXXX");
	if (!mkdtemp(r->dir))
		return -errno;
	snprintf(path, sizeof(path), "%s/bpffs", r->dir);
	if (mkdir(path, 0700) < 0 || mount("bpffs", path, "bpf", 0, "mode=0700") < 0 ||
	    chown(path, pw->pw_uid, pw->pw_gid) < 0)
		return -errno;
	r->bpffs = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	snprintf(path, sizeof(path), "%s/empty", r->dir);
	return r->bpffs < 0 || mkdir(path, 0755) < 0 ? -errno : 0;
}

/* The child has what the supervisor leaves it: these capabilities and those that sealing needs. */
static pid_t
spawn(const char *name, int channel, uint64_t caps)
{
	char self[256], path[320];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	pid_t pid;

	if (n < 0)
		return -errno;
	self[n] = '\0';
	for (int up = 0; up < 3; up++)
		*strrchr(self, '/') = '\0';
	snprintf(path, sizeof(path), "%s/%s", self, name);
	pid = fork();
	if (pid)
		return pid;
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (!((caps | START_CAPS) >> cap & 1))
			prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	dup2(channel, 3);
	fcntl(3, F_SETFD, 0);
	dup2(open("/dev/null", O_RDWR), 0);
	execl(path, name, NULL);
	_exit(127);
}

static int
pair(int fds[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0 ? -errno : 0;
}

static void
remember(struct rig *r, pid_t pid, uint32_t kind, uint32_t id)
{
	for (size_t i = 0; i < RIG_HELPERS; i++) {
		if (r->helpers[i].pid)
			continue;
		r->helpers[i] = (struct rig_helper){ pid, kind, id };
		r->n_started++;
		return;
	}
}

void
rig_linker(struct rig *r)
{
	struct msg_start_linker start = { .arena_bytes = ARENA_BYTES,
		.memory_bytes = r->cfg.limits_linker_memory_bytes, .cpu_s = r->cfg.limits_linker_cpu_s,
		.flags = r->cfg.linker_spare_btf ? LINKER_SPARE_BTF : 0 };
	struct msg_helper m = { .kind = HELPER_KIND_LINKER, .id = ++r->next_id };
	AUTO(fd) int arena = memfd_create("arena", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	AUTO(fd) int root = -1;
	char path[96];
	int fds[2];
	struct chan *ch;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/empty", r->dir);
	root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (pair(fds) < 0 || ftruncate(arena, ARENA_BYTES) < 0)
		return;
	fcntl(arena, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
	pid = spawn("bpfd-linker", fds[1], 0);
	close(fds[1]);
	remember(r, pid, HELPER_KIND_LINKER, m.id);
	chan_new(dup(fds[0]), ROLE_SUP, FROM_LINKER, &ch);
	chan_send(ch, IPC_START_LINKER, 0, &start, (int[]){ arena, root });
	chan_free(ch);
	chan_send(r->ctl, IPC_HELPER_LINKER, 0, &m, (int[]){ fds[0], arena });
	close(fds[0]);
}

static void
start_oneshot(struct rig *r)
{
	struct msg_helper m = { .kind = HELPER_KIND_ONESHOT, .id = ++r->next_id };
	int fds[2];

	if (pair(fds) < 0)
		return;
	remember(r, spawn("bpfd-oneshot", fds[1], CAP(SYS_ADMIN) | CAP(NET_ADMIN) | CAP(PERFMON) |
		CAP(DAC_READ_SEARCH) | CAP(SYS_PTRACE)), HELPER_KIND_ONESHOT, m.id);
	close(fds[1]);
	chan_send(r->ctl, IPC_HELPER_ONESHOT, 0, &m, fds);
	close(fds[0]);
}

static void
on_control(struct rig *r, const struct chan_msg *m)
{
	const struct msg_helper *h = m->payload;

	if (m->hdr.type == IPC_HELPER_KILL) {
		for (size_t i = 0; i < RIG_HELPERS; i++)
			if (r->helpers[i].pid && r->helpers[i].id == h->id)
				kill(r->helpers[i].pid, SIGKILL);
	} else if (m->hdr.type == IPC_HELPER_WANTED &&
		   (h->kind == HELPER_KIND_ONESHOT ? r->no_oneshots : r->no_linkers)) {
		struct msg_helper_gone gone = { .kind = h->kind, .err = EMFILE };

		chan_send(r->ctl, IPC_HELPER_GONE, 0, &gone, NULL);
	} else if (m->hdr.type == IPC_HELPER_WANTED && h->kind == HELPER_KIND_ONESHOT) {
		start_oneshot(r);
	} else if (m->hdr.type == IPC_HELPER_WANTED) {
		rig_linker(r);
	} else if (m->hdr.type == IPC_VERDICT_NOTED) {
		r->n_noted++;
	}
}

static void
reap(struct rig *r)
{
	for (size_t i = 0; i < RIG_HELPERS; i++) {
		struct rig_helper *h = &r->helpers[i];
		struct msg_helper_gone gone = { .kind = h->kind, .id = h->id };

		if (!h->pid || waitpid(h->pid, &gone.wait_status, WNOHANG) != h->pid)
			continue;
		h->pid = 0;
		r->n_gone++;
		r->last_status = gone.wait_status;
		if (r->ctl)
			chan_send(r->ctl, IPC_HELPER_GONE, 0, &gone, NULL);
	}
}

/* One round of the supervisor's work.  True when the API's channel has something. */
static bool
turn(struct rig *r, int ms)
{
	struct pollfd p[2] = { { chan_fd(r->ctl), POLLIN, 0 }, { chan_fd(r->api), POLLIN, 0 } };
	struct chan_msg m;

	reap(r);
	if (poll(p, 2, ms < 5 ? ms : 5) <= 0)
		return false;
	if (p[0].revents && chan_recv(r->ctl, &m) > 0) {
		on_control(r, &m);
		chan_drop_fds(&m);
	}
	return p[1].revents;
}

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

void
rig_serve(struct rig *r, int ms)
{
	int64_t end = now_ms() + ms;

	while (now_ms() < end)
		turn(r, 5);
}

static void
keep_log(const struct chan_msg *m, struct rig_answer *out)
{
	const struct msg_result_log *log = m->payload;
	ssize_t n = pread(m->fds[0], out->log, log->len < sizeof(out->log) - 1 ? log->len :
		sizeof(out->log) - 1, (off_t)log->offset);

	out->log_len = log->len;
	out->log[n > 0 ? n : 0] = '\0';
}

static int
collect(const struct chan_msg *m, struct rig_answer *out)
{
	switch (m->hdr.type) {
	case IPC_PROG:
		if (out->n_progs < ARRAY_SIZE(out->progs))
			out->progs[out->n_progs] = *(const struct msg_prog_facts *)m->payload;
		out->n_progs++;
		return 0;
	case IPC_MAP:
		if (out->n_maps < ARRAY_SIZE(out->maps))
			out->maps[out->n_maps] = *(const struct msg_map_facts *)m->payload;
		out->n_maps++;
		return 0;
	case IPC_LINK_FACTS:
		if (out->n_links < ARRAY_SIZE(out->links))
			out->links[out->n_links] = *(const struct msg_link_facts *)m->payload;
		out->n_links++;
		return 0;
	case IPC_IFACE:
		if (out->n_ifaces < ARRAY_SIZE(out->ifaces))
			out->ifaces[out->n_ifaces] = *(const struct msg_iface *)m->payload;
		out->n_ifaces++;
		return 0;
	case IPC_TOKEN:
		out->token = *(const struct msg_token *)m->payload;
		out->has_token = true;
		return 0;
	case IPC_TRACER_STATE: {
		const struct msg_tracer_state *t = m->payload;

		if (t->tracer < ARRAY_SIZE(out->tracers))
			out->tracers[t->tracer] = *t;
		out->n_tracers++;
		return 0;
	}
	case IPC_RESULT_LOG:
		keep_log(m, out);
		return 0;
	case IPC_RESULT:
		out->res = *(const struct msg_result *)m->payload;
		return 1;
	default:
		return 0;
	}
}

int
rig_answer(struct rig *r, uint32_t seq, struct rig_answer *out)
{
	int64_t end = now_ms() + 30000;

	memset(out, 0, sizeof(*out));
	out->res.code = IPC_UNKNOWN;
	while (now_ms() < end) {
		struct chan_msg m;
		int err, done;

		if (!turn(r, 5))
			continue;
		err = chan_recv(r->api, &m);
		if (err <= 0)
			return err ? err : -EPIPE;
		if (m.hdr.type == IPC_IFACE && !m.hdr.seq) {
			r->told = *(const struct msg_iface *)m.payload;
			r->n_told++;
		}
		done = m.hdr.seq == seq && collect(&m, out);
		chan_drop_fds(&m);
		if (done)
			return 0;
	}
	return -ETIMEDOUT;
}

int
rig_request(struct rig *r, enum ipc_type type, const void *payload, const int *fds,
	struct rig_answer *out)
{
	int err = chan_send(r->api, type, ++r->seq, payload, fds);

	return err ? err : rig_answer(r, r->seq, out);
}

/* A new API's channel, and what its start-up says on it. */
static int
connect_api(struct rig *r)
{
	struct chan_msg m;
	int fds[2], err = pair(fds);

	if (!err)
		err = chan_new(fds[0], ROLE_API, FROM_LOADER, &r->api);
	if (err)
		return err;
	chan_send(r->ctl, IPC_LOADER_PEER, 0, NULL, &fds[1]);
	close(fds[1]);
	do {
		err = chan_wait(r->api, &m, 5000);
	} while (err > 0 && (m.hdr.type == IPC_KIND || m.hdr.type == IPC_KIND_OPTION));
	if (err <= 0 || m.hdr.type != IPC_HELLO)
		return -EPROTO;
	chan_set_phase(r->api, PHASE_RUN);
	return chan_send(r->api, IPC_RECONCILED, 0, NULL, NULL);
}

int
rig_enricher(struct rig *r)
{
	int fds[2], err = pair(fds);

	chan_free(r->enricher);
	r->enricher = NULL;
	if (!err)
		err = chan_new(fds[0], ROLE_ENRICHER, FROM_LOADER, &r->enricher);
	if (!err)
		err = chan_send(r->ctl, IPC_LOADER_ENRICHER, 0, NULL, &fds[1]);
	close(fds[1]);
	return err;
}

int
rig_start(struct rig *r)
{
	const struct msg_start_loader start = { .flags = START_PRIVATE, .key = "the key of the tests" };
	AUTO(fd) int cfg = memfd_sealed("config", &r->cfg, sizeof(r->cfg));
	struct chan_msg m;
	int fds[2], err = pair(fds);

	if (err)
		return err;
	chan_new(fds[0], ROLE_SUP, FROM_LOADER, &r->ctl);
	r->loader = spawn(r->program ? r->program : "bpfd-loader", fds[1], CAP(BPF) | CAP(PERFMON) | CAP(NET_ADMIN));
	close(fds[1]);
	chan_send(r->ctl, IPC_START_LOADER, 0, &start, (int[]){ cfg, r->bpffs });
	err = chan_wait(r->ctl, &m, 5000);
	if (err <= 0 || m.hdr.type != IPC_READY)
		return err < 0 ? err : -EPROTO;
	chan_set_phase(r->ctl, PHASE_RUN);
	return connect_api(r);
}

static void
forget(struct rig *r)
{
	chan_free(r->ctl);
	chan_free(r->api);
	chan_free(r->enricher);
	r->ctl = r->api = r->enricher = NULL;
	for (size_t i = 0; i < RIG_HELPERS; i++)
		if (r->helpers[i].pid) {	/* it ends by itself: its loader is gone */
			waitpid(r->helpers[i].pid, NULL, 0);
			r->helpers[i].pid = 0;
		}
}

int
rig_stop(struct rig *r, uint32_t flags)
{
	const struct msg_stop stop = { .flags = flags };
	struct chan_msg m;
	int status = -1, err = chan_send(r->ctl, IPC_LOADER_STOP, 0, &stop, NULL);

	while (!err && (err = chan_wait(r->ctl, &m, 10000)) > 0 && m.hdr.type != IPC_STOPPED) {
		on_control(r, &m);
		chan_drop_fds(&m);
		err = 0;
	}
	if (err <= 0)
		kill(r->loader, SIGKILL);
	forget(r);
	waitpid(r->loader, &status, 0);
	r->loader = 0;
	return status;
}

void
rig_kill_loader(struct rig *r)
{
	kill(r->loader, SIGKILL);
	waitpid(r->loader, NULL, 0);
	r->loader = 0;
	forget(r);
}

void
rig_close(struct rig *r)
{
	char path[96];

	if (r->loader)
		rig_kill_loader(r);
	close_keep_errno(r->bpffs);
	snprintf(path, sizeof(path), "%s/bpffs", r->dir);
	umount2(path, MNT_DETACH);
	rmdir(path);
	snprintf(path, sizeof(path), "%s/empty", r->dir);
	rmdir(path);
	rmdir(r->dir);
}

int
rig_object(const char *name)
{
	char path[320], self[256];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	AUTO(fd) int file = -1;
	struct stat st;
	void *map;
	int fd;

	if (n < 0)
		return -errno;
	self[n] = '\0';
	for (int up = 0; up < 2; up++)
		*strrchr(self, '/') = '\0';
	snprintf(path, sizeof(path), "%s/%s.bpf.o", self, name);
	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0 || fstat(file, &st) < 0)
		return -errno;
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, file, 0);
	if (map == MAP_FAILED)
		return -errno;
	fd = memfd_sealed("object", map, (size_t)st.st_size);
	munmap(map, (size_t)st.st_size);
	return fd;
}

int
rig_client(void)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	close(fds[1]);
	return fds[0];
}

int
rig_load(struct rig *r, const char *object, const struct msg_load *req, struct rig_answer *out)
{
	AUTO(fd) int fd = rig_object(object);
	AUTO(fd) int client = rig_client();

	if (fd < 0)
		return fd;
	return rig_request(r, IPC_LOAD, req, (int[]){ fd, client }, out);
}

int
rig_unload(struct rig *r, uint64_t gid, uint32_t prog_id)
{
	const struct msg_unload m = { .gid = gid, .prog_id = prog_id };
	AUTO(mem) struct rig_answer *a = calloc(1, sizeof(*a));
	AUTO(fd) int client = rig_client();
	int err = rig_request(r, IPC_UNLOAD, &m, &client, a);

	return err ? err : (int)a->res.code;
}

static unsigned int
count(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	unsigned int n = 0;
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			n += 1 + (e->d_type == DT_DIR ? count(dirfd(d), e->d_name) : 0);
	if (d)
		closedir(d);
	return n;
}

unsigned int
rig_pins(const struct rig *r, const char *dir)
{
	return count(r->bpffs, dir);
}

unsigned int
rig_descriptors(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	return count(AT_FDCWD, path);
}
