/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tracer bashreadline: a probe at the end of readline() in every distinct bash, the host's and
 * those of containers.  A file goes from a oneshot that opens it, as it is seen by the process that
 * runs it, to a linker that finds the function (anybody may have made the file; a linker has no
 * rights), and to a second oneshot that makes the perf event.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/bpf_compat.h"
#include "common/clock.h"
#include "common/log.h"
#include "loader/handlers.h"
#include "loader/tracers_parts.h"

#define BINARIES_MAX 64
#define LOOKS_MAX 64		/* in LOOKS_MS: each is a process or three, and we wait for them */
#define LOOKS_MS 10000

/*
 * "l-bash-INODE-HASH".  Images of containers share files by overlays: another device, but the same
 * inode, size and times, and one probe in the file beneath sees them all.
 */
static int
pin_name(int file, char pin[IPC_NAME_MAX])
{
	struct stat st;
	uint64_t h = EV_HASH_INIT;

	if (fstat(file, &st) < 0)
		return -errno;
	const uint64_t words[] = { (uint64_t)st.st_size, (uint64_t)st.st_mtim.tv_sec,
		(uint64_t)st.st_mtim.tv_nsec, (uint64_t)st.st_ctim.tv_sec, (uint64_t)st.st_ctim.tv_nsec };
	for (size_t i = 0; i < sizeof(words); i++)
		h = EV_HASH_STEP(h, ((const uint8_t *)words)[i]);
	snprintf(pin, IPC_NAME_MAX, "l-bash-%llx-%llx", (unsigned long long)st.st_ino,
		(unsigned long long)h);
	return 0;
}

static unsigned int
n_binaries(const struct tracer_facts *f)
{
	unsigned int n = 0;

	for (const char *pin = tracer_pin_of(f, 'l', NULL); pin; pin = tracer_pin_of(f, 'l', pin))
		n++;
	return n;
}

static int
take_event(void *arg, int take_fd, struct msg_result *res)
{
	int *event = arg;

	close_keep_errno(*event);
	*event = take_fd;
	return 0;
}

/* The function is found: the rest of the way. */
static int
probe(struct loader *ld, int file, uint64_t offset, struct msg_result *res)
{
	struct tracer_facts *f = &ld->tracers.t[TR_BASHREADLINE];
	const char *program = tracer_pin_of(f, 'u', NULL);
	const struct msg_uprobe m = { .sites = { { .offset = offset } }, .n_sites = 1,
		.flags = PROBE_RETURN };
	struct compat_link_create lc = { .attach_type = BPF_PERF_EVENT };
	AUTO(fd) int event = -1;
	AUTO(fd) int prog = -1;
	AUTO(fd) int link = -1;
	char pin[IPC_NAME_MAX];
	int err = pin_name(file, pin);

	if (err || !program || !f->loaded || tracer_has_pin(f, pin))
		return 0;	/* not wanted any more, or there by now */
	err = oneshot_fds(ld, IPC_ONE_UPROBE, &m, &file, take_event, &event, res);
	if (err)
		return err;
	prog = tracer_get(ld, TR_BASHREADLINE, program);
	lc.prog_fd = (uint32_t)prog;
	lc.target = (uint32_t)event;
	link = prog < 0 ? prog : compat_link_create(&lc);
	err = link < 0 ? link : tracer_pin(ld, TR_BASHREADLINE, pin, link);
	if (err)
		return result_set(res, IPC_INTERNAL, err, "the program cannot be attached: %s",
			strerrordesc_np(-err));
	f->n_attached = 1;
	f->reason[0] = '\0';
	ld->counts.attaches++;
	log_info("tracers.bash", "probe=%s offset=%llu", pin + 2, (unsigned long long)offset);
	return 0;
}

static void
refused(struct loader *ld, const struct msg_result *res)
{
	struct tracer_facts *f = &ld->tracers.t[TR_BASHREADLINE];

	log_warn("tracers.bash", "why=%s", LOG_QUOTE(res->text));
	if (f->loaded && !f->n_attached)
		snprintf(f->reason, sizeof(f->reason), "no bash has a probe yet; the last one: %.800s",
			res->text);
}

void
tracers_uprobe_found(struct loader *ld)
{
	struct tracers *t = &ld->tracers;

	while (t->n_found) {
		const struct tracer_found found = t->found[--t->n_found];
		struct msg_result res = { 0 };

		if (probe(ld, found.file, found.offset, &res))
			refused(ld, &res);
		close_keep_errno(found.file);
	}
}

/* For the loop: a linker may say this while a oneshot is waited for, and one waits at a time. */
static int
keep(struct loader *ld, struct session *s, struct msg_result *res)
{
	struct tracers *t = &ld->tracers;

	if (t->n_found == ARRAY_SIZE(t->found))
		return result_set(res, IPC_RESOURCE_EXHAUSTED, -ENOSPC, "too many at a time");
	t->found[t->n_found++] = (struct tracer_found){ TAKE_FD(s->object), s->found[0].offset };
	t->step = true;
	return 0;
}

static void
done(struct loader *ld, struct session *s, const struct msg_result *res)
{
	if (res->code != IPC_OK)
		refused(ld, res);
}

static const struct session_owner owner = { .lasting = true, .keep = keep, .done = done };

static void
look_into(struct loader *ld, const struct msg_binary *m)
{
	static const struct msg_link_sites function = { .what = SITES_FUNCTIONS, .names = "readline" };
	struct tracer_facts *f = &ld->tracers.t[TR_BASHREADLINE];
	struct msg_one_fd facts;
	struct msg_result res = { 0 };
	AUTO(fd) int file = -1;
	char pin[IPC_NAME_MAX];
	int err = oneshot_fd(ld, IPC_ONE_BINARY, m, NULL, &facts, &file, &res);

	if (!err)
		err = pin_name(file, pin);
	if (err == 0 && !tracer_has_pin(f, pin))
		err = session_new(ld, &owner, TR_BASHREADLINE, NULL, &function, TAKE_FD(file), NULL, &res);
	if (err)
		log_info("tracers.bash", "pid=%u path=%s why=%s", m->pid, LOG_QUOTE(m->path),
			LOG_QUOTE(res.text));
}

void
tracers_uprobe_host(struct loader *ld)
{
	static const char *const paths[] = { "/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash" };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct msg_binary m = { 0 };

		snprintf(m.path, sizeof(m.path), "%s", paths[i]);
		look_into(ld, &m);
	}
}

static bool
may_look(struct tracers *t)
{
	int64_t now = clock_ms();

	if (now - t->looks_since_ms >= LOOKS_MS) {
		t->looks_since_ms = now;
		t->looks = 0;
	}
	if (t->looks++ == LOOKS_MAX)
		log_warn("tracers.bash", "more than %d executables in %d s: the others are not looked into",
			LOOKS_MAX, LOOKS_MS / 1000);
	return t->looks <= LOOKS_MAX;
}

int
on_BINARY_SEEN(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_binary *m,
	int *fds)
{
	struct tracer_facts *f = &ld->tracers.t[TR_BASHREADLINE];
	struct msg_binary binary = *m;

	if (m->pid == 0 || !IPC_STR_OK(m->path))
		return -EPROTO;
	if (!f->loaded || !tracer_pin_of(f, 'u', NULL))
		return 0;
	if (n_binaries(f) >= BINARIES_MAX) {
		snprintf(f->reason, sizeof(f->reason), "%d distinct bash are probed already, more are not",
			BINARIES_MAX);
		return 0;
	}
	binary.path[0] = '\0';
	if (may_look(&ld->tracers))
		look_into(ld, &binary);
	return 0;
}
