/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch-run KEY=VALUE... REF: the real bpfd-fetch with supervisor and API in one, who connect to
 * whomever it names.  Prints what it says, a line each: "connect HOST PORT local|remote", "progress WHAT
 * DONE TOTAL" (the last of each WHAT), "verdict SIGNATURE SIGNER", "failed CODE TEXT", or the facts; object= and save=
 * name files for the object and the bundle.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/auto.h"
#include "common/memfd.h"
#include "ipc/chan.h"

struct run {
	struct msg_start_fetch limits;
	struct image_request req;
	const char *ca, *auth, *trust, *bundle, *object, *save;
	uint32_t hang_up_ms;			/* the API goes away then; 0: never */
	uint32_t own;			/* the first host is in the own network */
	struct chan *sup, *api;
	struct msg_fetch_progress last;
	pid_t pid;
	bool done;
};

static void
die(const char *what)
{
	perror(what);
	exit(99);
}

static int
file(const char *path)
{
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : memfd_sealed("nothing", "", 0);

	if (fd < 0)
		die(path ? path : "memfd");
	return fd;
}

static void
option(struct run *r, char *arg)
{
	const struct { const char *key; uint64_t *value; } numbers[] = {
		{ "object_bytes", &r->limits.object_bytes }, { "layer_bytes", &r->limits.layer_bytes },
		{ "manifest_bytes", &r->limits.manifest_bytes }, { "memory_bytes", &r->limits.memory_bytes } };
	const struct { const char *key; uint32_t *value; } small[] = { { "idle_ms", &r->limits.idle_ms },
		{ "total_ms", &r->limits.total_ms }, { "retries", &r->limits.retries },
		{ "hang_up_ms", &r->hang_up_ms }, { "own", &r->own } };
	const struct { const char *key; const char **value; } files[] = { { "ca", &r->ca }, { "auth", &r->auth },
		{ "trust", &r->trust }, { "bundle", &r->bundle }, { "object", &r->object }, { "save", &r->save } };
	const struct { const char *key; char *value; size_t room; } texts[] = {
		{ "user", r->req.username, sizeof(r->req.username) },
		{ "password", r->req.password, sizeof(r->req.password) },
		{ "arch", r->req.arch, sizeof(r->req.arch) },
		{ "plain", r->limits.plain[0], sizeof(r->limits.plain[0]) } };
	char *value = strchr(arg, '=');

	if (!value) {
		snprintf(r->req.ref, sizeof(r->req.ref), "%s", arg);
		return;
	}
	*value++ = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (strcmp(arg, numbers[i].key) == 0)
			*numbers[i].value = strtoull(value, NULL, 10);
	for (size_t i = 0; i < ARRAY_SIZE(small); i++)
		if (strcmp(arg, small[i].key) == 0)
			*small[i].value = (uint32_t)strtoul(value, NULL, 10);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (strcmp(arg, files[i].key) == 0)
			*files[i].value = value;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (strcmp(arg, texts[i].key) == 0)
			snprintf(texts[i].value, texts[i].room, "%s", value);
}

static void
begin(struct run *r)
{
	const char *build = getenv("BPFD_BUILD");
	int sup[2], api[2], request;
	char path[512];
	int fds[4];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sup) < 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, api) < 0)
		die("socketpair");
	snprintf(path, sizeof(path), "%s/bpfd-fetch", build ? build : ".");
	r->pid = fork();
	if (r->pid == 0) {
		int chan = fcntl(sup[1], F_DUPFD, 10);

		dup2(open("/dev/null", O_RDWR), 0);
		dup2(0, 1);
		dup2(chan, 3);
		execle(path, "bpfd-fetch", (char *)NULL, (char *[]){ NULL });
		_exit(127);
	}
	close(sup[1]);
	if (chan_new(sup[0], ROLE_SUP, FROM_FETCH, &r->sup) || chan_new(api[0], ROLE_API, FROM_FETCH, &r->api))
		die("chan");
	chan_set_phase(r->sup, PHASE_RUN);
	chan_set_phase(r->api, PHASE_RUN);
	request = memfd_sealed("request", &r->req, sizeof(r->req));
	fds[0] = request;
	fds[1] = r->bundle ? memfd_create("bundle", MFD_ALLOW_SEALING) : file(NULL);
	fds[2] = api[1];
	if (r->bundle) {
		static char bytes[64 << 20];
		int in = file(r->bundle);
		ssize_t n = read(in, bytes, sizeof(bytes));

		if (n < 0 || write(fds[1], bytes, (size_t)n) != n)
			die("bundle");
	}
	if (chan_send(r->sup, IPC_START_FETCH, 0, &r->limits, fds))
		die("START_FETCH");
	close(api[1]);
	fds[0] = file(r->ca);
	fds[1] = file(r->auth);
	fds[2] = file(r->trust);
	fds[3] = open("/proc/self/fdinfo", O_PATH | O_DIRECTORY);	/* a place where nothing is */
	if (chan_send(r->sup, IPC_FETCH_FILES, 0, NULL, fds))
		die("FETCH_FILES");
}

static void
connect_it(struct run *r, const struct msg_fetch_connect *m)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	const struct msg_fetch_socket yes = { .own = r->own };
	struct msg_fetch_failed no = { 0 };
	struct addrinfo *list = NULL;
	char port[16];
	int fd = -1;

	printf("connect %s %u %s\n", m->host, m->port, m->local ? "local" : "remote");
	snprintf(port, sizeof(port), "%u", m->port);
	if (getaddrinfo(m->host, port, &hints, &list) == 0)
		fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, list->ai_addr, list->ai_addrlen) == 0) {
		fcntl(fd, F_SETFL, O_NONBLOCK);
		chan_send(r->sup, IPC_FETCH_SOCKET, 0, &yes, &fd);
	} else {
		no.err = list ? -errno : -ENOENT;
		snprintf(no.text, sizeof(no.text), "%s port %u: %s", m->host, m->port, strerrordesc_np(-no.err));
		chan_send(r->sup, IPC_FETCH_NO_SOCKET, 0, &no, NULL);
	}
	close(fd);
}

static void
on_sup(struct run *r)
{
	struct chan_msg m;

	if (chan_recv(r->sup, &m) != 1) {
		r->done = true;
		return;
	}
	if (m.hdr.type == IPC_FETCH_CONNECT) {
		connect_it(r, m.payload);
	} else {
		const struct msg_verdict *v = m.payload;

		printf("verdict %u %s\n", v->signature, v->signer);
		chan_send(r->sup, IPC_FETCH_NOTED, 0, NULL, NULL);
	}
}

static void
keep(const char *path, int fd, uint64_t len)
{
	char *bytes = malloc(len + 1);
	int out = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;

	if (!bytes || (path && (out < 0 || pread(fd, bytes, len, 0) != (ssize_t)len || write(out, bytes, len) != (ssize_t)len)))
		die(path ? path : "memory");
	close(out);
	free(bytes);
}

static void
show(const struct image_facts *f)
{
	printf("ref %s\ndigest %s\nmanifest %s\nlayer %s\nconfig %s\narch %s\nos %s\nsignature %u\nsigner %s\nissuer %s\n",
		f->ref, f->digest, f->manifest, f->layer, f->config, f->arch, f->os, f->signature, f->signer, f->issuer);
	printf("object_bytes %llu\nlayer_bytes %llu\nbundle_bytes %llu\nsha256 ", (unsigned long long)f->object_bytes,
		(unsigned long long)f->layer_bytes, (unsigned long long)f->bundle_bytes);
	for (size_t i = 0; i < sizeof(f->object_sha256); i++)
		printf("%02x", f->object_sha256[i]);
	printf("\n");
	for (uint32_t i = 0; i < f->n_programs; i++)
		printf("program %s %s\n", f->programs[i].name, f->programs[i].kind);
	for (uint32_t i = 0; i < f->n_maps; i++)
		printf("map %s %s\n", f->maps[i].name, f->maps[i].kind);
}

static void
on_done(struct run *r, struct chan_msg *m)
{
	const struct image_facts *f;

	if (memfd_seal_received(m->fds[0], sizeof(*f)) != (long)sizeof(*f) || !(f = memfd_map(m->fds[0], sizeof(*f))) ||
	    image_facts_check(f))
		die("facts");
	show(f);
	keep(r->object, m->fds[1], f->object_bytes);
	keep(r->save, m->fds[2], f->bundle_bytes);
}

static void
on_api(struct run *r)
{
	const struct msg_fetch_progress *p;
	const struct msg_fetch_failed *no;
	struct chan_msg m;

	if (chan_recv(r->api, &m) != 1) {
		r->done = true;
		return;
	}
	p = m.payload;
	if (r->last.what[0] && (m.hdr.type != IPC_FETCH_PROGRESS || strcmp(p->what, r->last.what) != 0))
		printf("progress %s %llu %llu\n", r->last.what, (unsigned long long)r->last.done,
			(unsigned long long)r->last.total);
	if (m.hdr.type == IPC_FETCH_PROGRESS) {
		r->last = *p;
	} else if (m.hdr.type == IPC_FETCH_FAILED) {
		no = m.payload;
		printf("failed %u %s\n", no->code, no->text);
	} else {
		on_done(r, &m);
	}
	chan_drop_fds(&m);
}

int
main(int argc, char **argv)
{
	static struct run r = { .limits = { .object_bytes = 16 << 20, .layer_bytes = 16 << 20, .manifest_bytes = 4 << 20,
		.memory_bytes = 1 << 30, .cpu_s = 30, .idle_ms = 5000, .total_ms = 20000, .retries = 2, .n_plain = 1 } };
	int status;

	for (int i = 1; i < argc; i++)
		option(&r, argv[i]);
	r.req.magic = IMAGE_REQUEST_MAGIC;
	r.req.mode = r.bundle ? IMAGE_CHECK : IMAGE_PULL;
	setvbuf(stdout, NULL, _IOLBF, 0);
	begin(&r);
	while (!r.done) {
		struct pollfd p[] = { { .fd = chan_fd(r.sup), .events = POLLIN },
			{ .fd = r.api ? chan_fd(r.api) : -1, .events = POLLIN } };
		int n = poll(p, 2, r.hang_up_ms ? (int)r.hang_up_ms : -1);

		if (n == 0 && r.api) {
			printf("hung up\n");
			chan_free(r.api);
			r.api = NULL;
		}
		if (p[1].revents)
			on_api(&r);
		else if (p[0].revents)
			on_sup(&r);
	}
	waitpid(r.pid, &status, 0);
	printf("ended %s %d\n", WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "with", WEXITSTATUS(status));
	return WIFSIGNALED(status);
}
