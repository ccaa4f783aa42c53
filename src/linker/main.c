/* SPDX-License-Identifier: Apache-2.0 */
/* bpfd-linker: links one BPF object with libbpf, without any right to call bpf(2), and ends. */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>

#include "common/auto.h"
#include "common/log.h"
#include "common/sandbox.h"
#include "linker/linker.h"

#define CHANNEL_FD 3
#define NOFILE_MAX 8192		/* placeholders: an object may have that many maps and programs */

static const struct sandbox_rule rules[] = {
#include "linker/sandbox.def"
};

/* "0-3,8": one more than the last number. */
static int
possible_cpus(void)
{
	AUTO(fd) int fd = openat(AT_FDCWD, "/sys/devices/system/cpu/possible", O_RDONLY | O_CLOEXEC);
	char text[256] = "";
	char *last = text;

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return (int)sysconf(_SC_NPROCESSORS_CONF);
	for (char *p = text; *p; p++)
		if (*p == '-' || *p == ',')
			last = p + 1;
	return atoi(last) + 1;
}

static int
open_kernel_config(void)
{
	struct utsname u;
	char path[128];
	int fd = openat(AT_FDCWD, "/proc/config.gz", O_RDONLY | O_CLOEXEC);

	if (fd >= 0 || uname(&u) < 0)
		return fd;
	snprintf(path, sizeof(path), "/boot/config-%s", u.release);
	return openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
}

static int
on_START_LINKER(struct linker *ln, const struct msg_start_linker *m, int *fds)
{
	int err = arena_map(fds[0], m->arena_bytes, &ln->arena);

	if (err)
		return err;
	ln->root_fd = TAKE_FD(fds[1]);
	ln->memory_bytes = m->memory_bytes;
	ln->cpu_s = m->cpu_s;
	ln->flags = m->flags;
	chan_set_phase(ln->ch, PHASE_RUN);
	return 0;
}

static int
start(struct linker *ln)
{
	struct chan_msg m;
	int err = sandbox_close_from(CHANNEL_FD + 1);

	if (!err)
		err = chan_new(CHANNEL_FD, ROLE_LINKER, FROM_SUP | FROM_LOADER, &ln->ch);
	if (err)
		return log_err(err, "linker.start", "step=channel");
	ln->btf_fd = openat(AT_FDCWD, "/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC);
	ln->kconfig_fd = open_kernel_config();
	ln->n_cpus = possible_cpus();
	err = chan_wait(ln->ch, &m, -1);
	if (err <= 0)
		return err ? log_err(err, "linker.start", "step=wait") : -EPIPE;
	err = m.hdr.type == IPC_START_LINKER ? on_START_LINKER(ln, m.payload, m.fds) : -EPROTO;
	chan_drop_fds(&m);
	return err ? log_err(err, "linker.start", "step=arena") : 0;
}

static int
seal(struct linker *ln)
{
	struct sandbox sb = { .name = "bpfd-linker", .root_fd = ln->root_fd, .landlock = true,
		.limits = { .nofile = NOFILE_MAX, .as_bytes = ln->memory_bytes, .cpu_s = ln->cpu_s },
		.rules = rules, .n_rules = ARRAY_SIZE(rules) };
	int err = sandbox_user("bpfd-link", &sb.uid, &sb.gid);

	if (err)
		return err;
	shims_install(ln);
	err = sandbox_enter(&sb);
	close(ln->root_fd);
	return err;
}

/* One object, or a file of anybody's. */
static int
serve(struct linker *ln, const struct chan_msg *m, struct msg_load *req)
{
	int err;

	if (m->hdr.type == IPC_LINK_SITES) {
		err = link_sites(ln, m->payload, m->fds[0]);
		return err ? log_err(err, "linker.sites", "step=file") : 0;
	}
	if (m->hdr.type != IPC_LINK)
		return log_err(-EPROTO, "linker.run", "type=%s", ipc_type_name(m->hdr.type));
	*req = *(const struct msg_load *)m->payload;
	err = link_object(ln, req, m->fds[0]);
	return err ? log_err(err, "linker.link", "gid=%llu", (unsigned long long)req->gid) : 0;
}

/* Maps to share, then the object.  What a user sent is the only one and the last; of bpfd's own
 * the loader may send one after the other. */
static int
run(struct linker *ln)
{
	AUTO(mem) struct msg_load *req = calloc(1, sizeof(*req));
	struct chan_msg m;
	int err;

	if (!req)
		return log_err(-ENOMEM, "linker.run", "step=memory");
	if (ln->flags & LINKER_FOR_TRACERS)
		few_kernel_open(ln->btf_fd, &ln->kernel);	/* a failure is told by the first that needs it */
	if (ln->flags & LINKER_SPARE_BTF)
		ln->vmlinux = shims_parse_vmlinux(ln->btf_fd);
	linker_warm_up(ln);
	malloc_trim(0);		/* a spare one may wait for days */
	err = chan_send(ln->ch, IPC_LINKER_READY, 0, NULL, NULL);
	if (err)
		return err;
	while ((err = chan_wait(ln->ch, &m, -1)) > 0) {
		if (m.hdr.type == IPC_LINK_MAP) {
			if (ln->n_shared == LINKER_SHARED_MAX)
				return log_err(-E2BIG, "linker.run", "step=share");
			ln->shared[ln->n_shared++] = *(const struct msg_link_map *)m.payload;
			continue;
		}
		err = serve(ln, &m, req);
		chan_drop_fds(&m);
		if (err || !(req->flags & LOAD_MORE))
			return err;
		slots_reset(&ln->slots);
		ln->n_shared = 0;
		ln->n_warnings = 0;
	}
	return err;	/* the loader is gone: nothing to do */
}

int
main(void)
{
	static struct linker ln = { .btf_fd = -1, .kconfig_fd = -1, .root_fd = -1 };

	if (start(&ln) < 0 || seal(&ln) < 0)
		return EXIT_FAILURE;
	return run(&ln) ? EXIT_FAILURE : EXIT_SUCCESS;
}
