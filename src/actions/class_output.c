/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actions/output.h"
#include "common/clock.h"
#include "common/log.h"

struct outputs {
	struct output of[ACTIONS_MAX];
	uint64_t last;			/* seq of the last event of the batch */
	uint64_t again;			/* a batch up to this seq was under way when the last one died */
	uint64_t done;			/* outputs that had it */
	struct render render;
	int dir_fds[1];
};

/* ---- lines ---- */

static void
add_line(struct worker *w, struct output *o, const struct event *e)
{
	struct outputs *all = w->own;
	size_t n;

	if (o->skip)
		return;
	if (o->len + RENDER_ROOM > OUTPUT_ROOM) {
		worker_count(w, STAT_DROPPED);
		return;
	}
	all->render.format = w->table->a[o->action].format;
	n = render_event(&all->render, e, o->buf + o->len, RENDER_ROOM - 1);
	if (!n)
		return;			/* not an event of this format */
	o->buf[o->len + n] = '\n';
	o->len += n + 1;
	o->last_line = n + 1;
	worker_count(w, STAT_DONE);
}

/*
 * The batch that was under way is not in the ring: it had been noted as done, or was lapped.  A
 * part of it that is in a file may end within a line.
 */
static void
forget_recovery(struct worker *w)
{
	struct outputs *all = w->own;

	for (uint64_t rest = w->mask; rest; rest &= rest - 1) {
		struct output *o = &all->of[__builtin_ctzll(rest)];

		if (o->regular && o->skip_bytes && !o->skip_whole) {
			memmove(o->buf + 1, o->buf, o->len);
			o->buf[0] = '\n';
			o->len++;
		}
		o->skip = false;
		o->skip_bytes = 0;
	}
	all->again = all->done = 0;
}

static void
act(struct worker *w, const struct event *e, uint64_t actions)
{
	struct outputs *all = w->own;

	if (all->again && e->rec->seq > all->again)
		forget_recovery(w);
	all->last = e->rec->seq;
	for (uint64_t rest = actions; rest; rest &= rest - 1)
		add_line(w, &all->of[__builtin_ctzll(rest)], e);
}

static bool
full(const struct worker *w)
{
	const struct outputs *all = w->own;

	if (all->again)
		return all->last >= all->again;
	for (uint64_t rest = w->mask; rest; rest &= rest - 1) {
		const struct output *o = &all->of[__builtin_ctzll(rest)];
		size_t now = o->len - o->old;

		/* One more line like the last one, and the file would not take the batch. */
		if (now >= OUTPUT_BATCH || (now && o->size + now + o->last_line > o->max_bytes))
			return true;
	}
	return false;
}

/* ---- writing ---- */

/* What is left of the buffer after its first bytes were written. */
static void
written(struct output *o, size_t n)
{
	memmove(o->buf, o->buf + n, o->len - n);
	o->len -= n;
	o->old -= n < o->old ? n : o->old;
}

static long
put(struct worker *w, struct output *o, const char *buf, size_t len)
{
	size_t done = 0;

	if (!o->regular)
		return stdout_write(w, o, buf, len);
	while (done < len) {
		ssize_t n = write(o->fd, buf + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return done ? (long)done : n ? -errno : -EIO;
		done += (size_t)n;
		o->size += (size_t)n;
	}
	return (long)done;
}

static int
ready(struct worker *w, struct output *o)
{
	bool log = w->table->a[o->action].type == ACTION_LOG;
	int err = 0;

	if (o->fd < 0 || (log && !o->skip_bytes && log_moved(w, o)))
		err = log ? log_open(w, o) : -EBADF;
	if (!err && log && o->size && !o->skip_bytes && o->size + o->len > o->max_bytes)
		err = log_rotate(w, o);
	return err;
}

/* The lines of earlier batches are not in the ring any more: they are written without a note. */
static int
write_old(struct worker *w, struct output *o)
{
	long n = o->old ? put(w, o, o->buf, o->old) : 0;

	if (n > 0)
		written(o, (size_t)n);
	return n < 0 ? (int)n : o->old ? -EAGAIN : 0;
}

static int
write_new(struct worker *w, struct output *o)
{
	size_t skip = o->skip_bytes < o->len ? o->skip_bytes : o->len;
	long n;

	o->skip_bytes = 0;
	output_note(w, OUT_OFFSET, o->size - skip);
	output_note(w, OUT_BYTES, o->len);
	output_note(w, OUT_INO, o->regular ? o->ino : 0);
	output_note(w, OUT_SENT, skip);
	output_note(w, OUT_NOW, 1 + o->action);
	n = skip < o->len ? put(w, o, o->buf + skip, o->len - skip) : 0;
	if (n >= 0 && skip + (size_t)n == o->len) {
		o->len = 0;
		return 0;
	}
	written(o, skip + (size_t)(n > 0 ? n : 0));
	return n < 0 ? (int)n : -EAGAIN;
}

static void
flush_one(struct worker *w, struct output *o)
{
	uint64_t now;
	int err;

	if (!o->len && !o->skip_bytes)
		return;
	if (o->retry_at) {
		now = clock_ns(CLOCK_BOOTTIME);
		if (now < o->retry_at) {
			o->old = o->len;
			return;
		}
	}
	err = ready(w, o);
	if (!err)
		err = write_old(w, o);
	if (!err)
		err = write_new(w, o);
	o->retry_at = 0;
	if (!err)
		return;
	o->retry_at = clock_ns(CLOCK_BOOTTIME) + OUTPUT_RETRY_NS;
	o->old = o->len;
	worker_trouble(w, o->action, err, "lines cannot be written and wait in memory");
}

static void
flush(struct worker *w)
{
	struct outputs *all = w->own;

	if (all->again && all->last < all->again)
		all->last = all->again;		/* the rest of it was lapped */
	output_note(w, OUT_NOW, 0);
	output_note(w, OUT_DONE, all->done);
	output_note(w, OUT_CLOCK, (uint64_t)all->render.boot_offset_ns);
	output_note(w, OUT_LAST, all->last);
	for (uint64_t rest = w->mask; rest; rest &= rest - 1) {
		unsigned int i = (unsigned int)__builtin_ctzll(rest);

		flush_one(w, &all->of[i]);
		all->of[i].skip = false;
		output_note(w, OUT_DONE, w->scratch[OUT_DONE] | 1ULL << i);
		output_note(w, OUT_NOW, 0);
	}
	all->again = all->done = 0;
	all->render.boot_offset_ns = w->boot_offset_ns;
}

/* Lines that wait are tried again without a new event. */
static size_t
wait_for(struct worker *w, struct pollfd *fds, size_t room, int *timeout_ms)
{
	struct outputs *all = w->own;

	(void)fds, (void)room;
	for (uint64_t rest = w->mask; rest; rest &= rest - 1)
		if (all->of[__builtin_ctzll(rest)].old)
			*timeout_ms = 1000;
	return 0;
}

static void
woken(struct worker *w, const struct pollfd *fds, size_t n)
{
	struct outputs *all = w->own;

	(void)fds, (void)n;
	for (uint64_t rest = w->mask; rest; rest &= rest - 1) {
		struct output *o = &all->of[__builtin_ctzll(rest)];

		if (o->old && clock_ns(CLOCK_BOOTTIME) >= o->retry_at)
			flush_one(w, o);
	}
}

/* ---- start ---- */

static int
open_one(struct worker *w, unsigned int i)
{
	struct outputs *all = w->own;
	struct output *o = &all->of[i];
	struct stat st;

	o->action = i;
	o->fd = -1;
	o->max_bytes = w->table->a[i].max_bytes ? w->table->a[i].max_bytes : w->cfg->actions_log_bytes;
	o->keep = w->table->a[i].keep != ACTION_KEEP_CONFIGURED ? w->table->a[i].keep :
		w->cfg->actions_log_keep;
	o->buf = mmap(NULL, OUTPUT_ROOM, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (o->buf == MAP_FAILED)
		return -ENOMEM;
	if (w->table->a[i].type == ACTION_LOG)
		return 0;
	o->max_bytes = UINT64_MAX / 2;
	o->fd = w->fd[ACTION_FD_STDOUT];
	if (o->fd < 0 || fstat(o->fd, &st) < 0)
		return 0;
	o->pipe = S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode);
	o->regular = S_ISREG(st.st_mode);
	o->size = (uint64_t)st.st_size;
	o->ino = st.st_ino;
	return 0;
}

/* By how much the file has grown since the note; not opened, which is for the sealed process. */
static uint64_t
file_grew(struct worker *w, const struct output *o)
{
	struct stat st = { .st_size = (off_t)o->size, .st_ino = o->ino };

	if (!o->regular && fstatat(w->fd[ACTION_FD_LOG_DIR], w->table->a[o->action].path, &st,
	    AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (st.st_ino != w->scratch[OUT_INO] || (uint64_t)st.st_size < w->scratch[OUT_OFFSET])
		return 0;
	return (uint64_t)st.st_size - w->scratch[OUT_OFFSET];
}

/*
 * A batch was under way when the last worker died: some outputs have it, one has a part.  Its
 * lines are made again, with that one's clock, and each output gets what it has not got.
 */
static void
recover(struct worker *w)
{
	struct outputs *all = w->own;
	uint64_t now = w->scratch[OUT_NOW], bytes = w->scratch[OUT_BYTES], part;
	struct output *o;

	all->again = w->scratch[OUT_LAST];
	all->done = w->scratch[OUT_DONE] & w->mask;
	if (!all->again)
		return;
	all->render.boot_offset_ns = (int64_t)w->scratch[OUT_CLOCK];
	for (uint64_t rest = all->done; rest; rest &= rest - 1)
		all->of[__builtin_ctzll(rest)].skip = true;
	if (!now || now > ACTIONS_MAX || !(w->mask >> (now - 1) & 1))
		return;
	o = &all->of[now - 1];
	part = w->scratch[OUT_SENT];
	if (w->scratch[OUT_INO])
		part = file_grew(w, o);
	o->skip_bytes = part < bytes ? part : bytes;
	o->skip_whole = part >= bytes;
	log_info("action.resumed", "action=%s bytes=%llu of=%llu", w->table->a[o->action].name,
		(unsigned long long)o->skip_bytes, (unsigned long long)bytes);
}

static int
prepare(struct worker *w, struct sandbox *sb)
{
	static const struct sandbox_rule rules[] = {
#define SANDBOX_CLASS_OUTPUT
#include "actions/sandbox.def"
	};
	struct outputs *all = calloc(1, sizeof(*all));
	int err = 0;

	if (!all)
		return -ENOMEM;
	w->own = all;
	all->render = (struct render){ .boot_offset_ns = w->boot_offset_ns, .host = w->host };
	for (uint64_t rest = w->mask; rest && !err; rest &= rest - 1)
		err = open_one(w, (unsigned int)__builtin_ctzll(rest));
	all->dir_fds[0] = w->fd[ACTION_FD_LOG_DIR];
	sb->landlock = true;
	sb->allow_rw_fds = all->dir_fds;
	sb->n_allow_rw = all->dir_fds[0] >= 0;
	sb->rules = rules;
	sb->n_rules = sizeof(rules) / sizeof(rules[0]);
	recover(w);
	return err;
}

const struct class_ops class_output = {
	.prepare = prepare, .act = act, .flush = flush, .full = full,
	.wait = wait_for, .woken = woken, .batch = 4096,
};
