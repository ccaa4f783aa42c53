/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enforce [HOOK ...]: what it costs an act that a rule is decided about in the kernel, without the daemon.
 *
 * A line of a table for each hook: processor time of the act without a rule, when no program is on the
 * hook, and what is added to it by one rule that compares and does not match, and by one that denies,
 * which is less where most of the act does not happen then.  The same processor time and turns as of
 * tests/bench/tracers.  A hook that this machine has not is named on standard error.  Needs root.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "rules/enforce.h"
#include "rules/parse.h"
#include "samples.h"
#include "spawn.h"
#include "turns.h"

#define ROUNDS_MAX 100
#define PORT 4833
#define TEXT(number) #number
#define STRING(number) TEXT(number)

static char folder[] = "/var/tmp/bpfd-bench-XXXXXX";	/* to mount on */
static char file[PATH_MAX];		/* that is executed and opened */

/* The path is the kernel's. */
static bool
find_file(void)
{
	char name[PATH_MAX];

	return spawn_find(name) && realpath(name, file);
}

/* ---- acts: each ends what it began, whatever became of it ---- */

static bool
open_file(void)
{
	close(open(file, O_RDONLY | O_CLOEXEC));
	return true;
}

static bool
run_nothing(void)
{
	spawn_wait(file);
	return true;
}

static bool
on_socket(int type, int (*act)(int, const struct sockaddr *, socklen_t))
{
	const struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	if (act)
		act(fd, (const struct sockaddr *)&to, sizeof(to));
	close(fd);
	return true;
}

static int
send_one(int fd, const struct sockaddr *to, socklen_t len)
{
	return (int)sendto(fd, "", 0, 0, to, len);
}

static int
bind_listen(int fd, const struct sockaddr *at, socklen_t len)
{
	return bind(fd, at, len) || listen(fd, 1);
}

static bool connect_tcp(void) { return on_socket(SOCK_STREAM, connect); }
static bool connect_udp(void) { return on_socket(SOCK_DGRAM, connect); }
static bool send_udp(void) { return on_socket(SOCK_DGRAM, send_one); }
static bool bind_udp(void) { return on_socket(SOCK_DGRAM, bind); }
static bool make_udp(void) { return on_socket(SOCK_DGRAM, NULL); }
static bool listen_tcp(void) { return on_socket(SOCK_STREAM, bind_listen); }

static bool
make_unix(void)
{
	close(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	return true;
}

static bool
mount_umount(void)
{
	if (!mount("none", folder, "tmpfs", 0, NULL))
		umount2(folder, MNT_DETACH);
	return true;
}

static bool
read_other(void)
{
	char byte;
	struct iovec here = { &byte, 1 }, there = { folder, 1 };

	process_vm_readv(getppid(), &here, 1, &there, 1, 0);
	return true;
}

static bool
make_map(void)
{
	union bpf_attr a = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1 };

	close((int)syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof(a)));
	return true;
}

/* A file of no length: that it is no module the kernel finds after it has asked, and logs nothing. */
static bool
load_module(void)
{
	int fd = open("/proc/version", O_RDONLY | O_CLOEXEC);

	syscall(SYS_finit_module, fd, "", 0);
	close(fd);
	return true;
}

/* ---- the table ---- */

static const struct hook {
	const char *name, *what, *programs[2], *tracer, *action;
	const char *field;		/* that the rule compares: with the file, the port or the name of this process */
	unsigned int n;
	bool lsm;
	bool (*once)(void);
} hooks[] = {
	{ "executed", "spawn, exec, exit; killed", { "enforce_executed" }, "exec", "kernel_kill",
		"path", 10, false, run_nothing },
	{ "connect", "TCP connect that is refused", { "enforce_connect4" }, "tcpstate", "deny",
		"dport", 50, false, connect_tcp },
	{ "connect_udp", "UDP connect", { "enforce_connect4" }, "udp", "deny",
		"dport", 200, false, connect_udp },
	{ "sendmsg", "datagram to nobody", { "enforce_sendmsg4" }, "udp", "deny",
		"dport", 100, false, send_udp },
	{ "bind", "socket, bind, close", { "enforce_bind4" }, "bind", "deny",
		"port", 200, false, bind_udp },
	{ "socket", "socket, close", { "enforce_socket" }, "socket", "deny",
		"comm", 200, false, make_udp },
	{ "exec", "spawn, exec, exit", { "enforce_exec" }, "exec", "deny",
		"path", 10, true, run_nothing },
	{ "open", "open, close", { "enforce_open" }, "open", "deny",
		"path", 200, true, open_file },
	{ "listen", "socket, bind, listen, close", { "enforce_listen" }, "bind", "deny",
		"port", 100, true, listen_tcp },
	{ "socket_other", "unix socket, close", { "enforce_socket_other" }, "socket", "deny",
		"comm", 200, true, make_unix },
	{ "mount", "mount, umount", { "enforce_mount", "enforce_umount" }, "mount", "deny",
		"comm", 20, true, mount_umount },
	{ "ptrace", "process_vm_readv of the parent", { "enforce_ptrace" }, "ptrace", "deny",
		"comm", 200, true, read_other },
	{ "bpf", "MAP_CREATE, close", { "enforce_bpf" }, "bpf", "deny",
		"comm", 50, true, make_map },
	{ "module", "finit_module of what is none", { "enforce_module" }, "module", "deny",
		"comm", 100, true, load_module },
};

enum { WITHOUT, UNLIKE, DENIED, N_KINDS };
struct figures { double ns[N_KINDS][TURNS]; };

static const struct hook *current;	/* of tracerrig's callback */

static void
leave_out_others(struct bpf_object *object, size_t i)
{
	const char *const *wanted = current->programs;
	struct bpf_program *p;

	bpf_object__for_each_program(p, object) {
		const char *name = bpf_program__name(p);

		bpf_program__set_autoload(p, strcmp(name, wanted[0]) == 0 || (wanted[1] && strcmp(name, wanted[1]) == 0));
	}
}

/* The table of one rule, in the place of whatever is there. */
static bool
put_rule(struct tracerrig *rig, bool matches)
{
	static struct enf_table table;
	struct enforce_source source = { .enforce = true };
	struct rules_parsed p;
	const char *field = current->field;
	const char *is = strcmp(field, "path") == 0 ? file : strcmp(field, "comm") == 0 ? "enforce" : STRING(PORT);
	char text[PATH_MAX + 256], why[400];
	uint32_t zero = 0;
	int outer = bpf_object__find_map_fd_by_name(tracerrig_object(rig, 1), "enforce_tables"), inner, err;

	snprintf(text, sizeof(text), "version = 2\ntracer = \"%s\"\nactions = [\"%s\"]\nmode = \"enforce\"\n[match]\n"
		"all = [{ field = \"%s\", value = \"%s%s\" }]\n", current->tracer, current->action, field, is, matches ? "" : "0");
	if (rules_parse("bench", text, strlen(text), NULL, &p))
		return false;
	source.rule = p.rule;
	errno = EINVAL;
	if (!p.rule || enforce_compile(&source, 1, &(struct enforce_protect){ 0 }, &table, why, sizeof(why)))
		return false;
	rules_parsed_free(&p);
	inner = bpf_map_create(BPF_MAP_TYPE_ARRAY, "table", 4, sizeof(table), 1, NULL);
	err = inner < 0 || bpf_map_update_elem(inner, &zero, &table, 0) || bpf_map_update_elem(outer, &zero, &inner, 0);
	close(inner);
	return !err;
}

static bool
measure(const struct hook *h, struct figures *f)
{
	const struct tracerrig_options opts = { .prepare = leave_out_others };
	AUTO(tracerrig) struct tracerrig *rig = NULL;

	current = h;
	if (!turns(h->once, h->n, NULL, f->ns[WITHOUT]))
		return false;
	errno = -tracerrig_open((const char *const[]){ "enforce", NULL }, &opts, &rig);
	return !errno && put_rule(rig, false) && turns(h->once, h->n, rig, f->ns[UNLIKE]) &&
		put_rule(rig, true) && turns(h->once, h->n, rig, f->ns[DENIED]);
}

/* In a process of its own: a network where nobody listens, mounts of its own. */
static bool
begin(void)
{
	struct ifreq up = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	if (unshare(CLONE_NEWNET | CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return false;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return !ioctl(fd, SIOCSIFFLAGS, &up) && !close(fd);
}

static bool
run(const void *of, void *out)
{
	const struct hook *h = of;
	bool good = begin() && measure(h, out);

	if (!good)
		fprintf(stderr, "enforce: %s: %s: %s\n", h->name, h->what, strerror(errno));
	return good;
}

static void
print(const struct hook *h, struct samples ns[N_KINDS])
{
	double base = samples_at(&ns[WITHOUT], LOWER);

	printf("| %s | %s | %.0f | %+.0f | %+.0f |\n", h->name, h->what, base, samples_at(&ns[UNLIKE], LOWER) - base,
		samples_at(&ns[DENIED], LOWER) - base);
}

int
main(int argc, char **argv)
{
	static struct samples all[ARRAY_SIZE(hooks)][N_KINDS];
	int rounds = getenv("ROUNDS") ? atoi(getenv("ROUNDS")) : 3;
	bool lsm = tracerrig_has_lsm();
	struct utsname u = { .release = "" };
	struct figures f;

	if (argc < 1 || rounds < 1 || rounds > ROUNDS_MAX || geteuid() != 0 || !find_file() || !mkdtemp(folder))
		return 2;
	for (int r = 0; r < rounds; r++)
		for (size_t i = 0; i < ARRAY_SIZE(hooks); i++) {
			if ((hooks[i].lsm && !lsm) || !turns_wanted(hooks[i].name, argv + 1) || !turns_apart(run, &hooks[i], &f, sizeof(f)))
				continue;
			for (int k = 0; k < N_KINDS; k++)
				for (int t = 0; t < TURNS; t++)
					samples_note(&all[i][k], f.ns[k][t]);
		}
	rmdir(folder);
	uname(&u);
	printf("Linux %s, %d rounds\n\n", u.release, rounds);
	printf("| hook | act | no rule, ns | no match | denied |\n|---|---|---|---|---|\n");
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++)
		if (all[i][DENIED].n)
			print(&hooks[i], all[i]);
		else if (hooks[i].lsm && !lsm && turns_wanted(hooks[i].name, argv + 1))
			fprintf(stderr, "enforce: %s: this kernel lets no program of a security module load\n", hooks[i].name);
	return 0;
}
