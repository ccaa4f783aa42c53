/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tracers that look into programs: a probe in a file, of bash (tracers_bash.c) or where root declared
 * one (tracers_declared.c).  A file goes from a oneshot that opens it to a linker that finds the
 * function (anybody may have made the file; a linker has no rights), and to a second oneshot that
 * makes the perf event.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/bpf_compat.h"
#include "common/log.h"
#include "loader/handlers.h"
#include "loader/tracers_parts.h"

/*
 * Images of containers share files by overlays: another device, but the same inode, size and times,
 * and one probe in the file beneath sees them all.
 */
int
tracers_uprobe_pin(int file, char pin[IPC_NAME_MAX])
{
	struct stat st;
	uint64_t h = EV_HASH_INIT;

	if (fstat(file, &st) < 0)
		return -errno;
	const uint64_t words[] = { (uint64_t)st.st_size, (uint64_t)st.st_mtim.tv_sec,
		(uint64_t)st.st_mtim.tv_nsec, (uint64_t)st.st_ctim.tv_sec, (uint64_t)st.st_ctim.tv_nsec };
	for (size_t i = 0; i < sizeof(words); i++)
		h = EV_HASH_STEP(h, ((const uint8_t *)words)[i]);
	snprintf(pin, IPC_NAME_MAX, "l-file-%llx-%llx", (unsigned long long)st.st_ino,
		(unsigned long long)h);
	return 0;
}

static int
take_event(void *arg, int take_fd, struct msg_result *res)
{
	int *event = arg;

	close_keep_errno(*event);
	*event = take_fd;
	return 0;
}

/* What was declared is in one file: where it was replaced, the old one has no probe any more. */
static void
drop_others(struct loader *ld, unsigned int n, const char *keep)
{
	char pins[4][IPC_NAME_MAX];
	size_t found = 0;

	for (const char *pin = tracer_pin_of(&ld->tracers.t[n], 'l', NULL); pin && found < ARRAY_SIZE(pins);
	     pin = tracer_pin_of(&ld->tracers.t[n], 'l', pin))
		if (strcmp(pin, keep) != 0)
			snprintf(pins[found++], IPC_NAME_MAX, "%s", pin);
	while (found)
		tracer_unpin(ld, n, pins[--found]);
}

/* The function is found: the rest of the way. */
static int
probe(struct loader *ld, unsigned int n, int file, uint64_t offset, struct msg_result *res)
{
	struct tracer_facts *f = &ld->tracers.t[n];
	const struct declared *d = tracer_declared(ld, n);
	const char *program = tracer_pin_of(f, 'u', NULL);
	const struct msg_uprobe m = { .sites = { { .offset = offset } }, .n_sites = 1,
		.flags = !d || d->flags & DECLARED_AT_RETURN ? PROBE_RETURN : 0 };
	struct compat_link_create lc = { .attach_type = BPF_PERF_EVENT };
	AUTO(fd) int event = -1;
	AUTO(fd) int prog = -1;
	AUTO(fd) int link = -1;
	char pin[IPC_NAME_MAX];
	int err = tracers_uprobe_pin(file, pin);

	if (err || !program || !f->loaded || tracer_has_pin(f, pin))
		return 0;	/* not wanted any more, or there by now */
	err = oneshot_fds(ld, IPC_ONE_UPROBE, &m, &file, take_event, &event, res);
	if (err)
		return err;
	prog = tracer_get(ld, n, program);
	lc.prog_fd = (uint32_t)prog;
	lc.target = (uint32_t)event;
	link = prog < 0 ? prog : compat_link_create(&lc);
	err = link < 0 ? link : tracer_pin(ld, n, pin, link);
	if (err)
		return result_set(res, IPC_INTERNAL, err, "the program cannot be attached: %s",
			strerrordesc_np(-err));
	if (d)
		drop_others(ld, n, pin);
	f->n_attached = 1;
	f->reason[0] = '\0';
	ld->counts.attaches++;
	log_info("tracers.uprobe", "tracer=%s probe=%s offset=%llu", tracer_name(n), pin + 2, (unsigned long long)offset);
	return 0;
}

void
tracers_uprobe_refused(struct loader *ld, unsigned int n, const struct msg_result *res)
{
	struct tracer_facts *f = &ld->tracers.t[n];

	log_warn("tracers.uprobe", "tracer=%s why=%s", tracer_name(n), LOG_QUOTE(res->text));
	if (f->loaded && !f->n_attached)
		snprintf(f->reason, sizeof(f->reason), "%s%.800s",
			n == TR_BASHREADLINE ? "no bash has a probe yet; the last one: " : "", res->text);
}

void
tracers_uprobe_found(struct loader *ld)
{
	struct tracers *t = &ld->tracers;

	while (t->n_found) {
		const struct tracer_found found = t->found[--t->n_found];
		struct msg_result res = { 0 };

		if (probe(ld, found.tracer, found.file, found.offset, &res))
			tracers_uprobe_refused(ld, found.tracer, &res);
		close_keep_errno(found.file);
	}
}

/* For the loop: a linker may say this while a oneshot is waited for, and one waits at a time. */
int
tracers_uprobe_at(struct loader *ld, unsigned int n, int take_file, uint64_t offset, struct msg_result *res)
{
	struct tracers *t = &ld->tracers;

	if (t->n_found == ARRAY_SIZE(t->found)) {
		close_keep_errno(take_file);
		return result_set(res, IPC_RESOURCE_EXHAUSTED, -ENOSPC, "too many at a time");
	}
	t->found[t->n_found++] = (struct tracer_found){ take_file, n, offset };
	t->step = true;
	return 0;
}

static int
keep(struct loader *ld, struct session *s, struct msg_result *res)
{
	return tracers_uprobe_at(ld, s->seq, TAKE_FD(s->object), s->found[0].offset, res);
}

static void
done(struct loader *ld, struct session *s, const struct msg_result *res)
{
	if (res->code != IPC_OK)
		tracers_uprobe_refused(ld, s->seq, res);
}

int
tracers_uprobe_in(struct loader *ld, unsigned int n, int take_file, const char *function, struct msg_result *res)
{
	static const struct session_owner owner = { .lasting = true, .keep = keep, .done = done };
	struct msg_link_sites m = { .what = SITES_FUNCTIONS };

	snprintf(m.names, sizeof(m.names), "%s", function);
	return session_new(ld, &owner, n, NULL, &m, take_file, NULL, res);
}
