/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reads and writes of regular files, added up by process and file and told once a second. */
#define EV_THIS FILETOP
#include "bpf/rows.bpf.h"
#include "bpf/file.bpf.h"

#include "bpf/filetop.h"

#define FILETOP_ROWS	4096

struct filetop_key {
	__u64 start, ino;		/* of the process, of the file */
	__u32 dev, tgid;
	__u32 generation;		/* a new one: the process is to be announced again */
	__u32 reserved;
};
struct filetop_row {
	struct ev_hdr h;		/* of the process when the row was made */
	__u64 reads, writes, rbytes, wbytes;
	__u64 since_ns;			/* end of the last interval, or the first call */
	__u32 life;			/* enum rows_life */
	__u32 path_len;
	char path[FILETOP_PATH_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, FILETOP_ROWS);
	__type(key, struct filetop_key);
	__type(value, struct filetop_row);
} filetop_rows SEC(".maps");
ROWS_TICKS(filetop_ticks);

struct filetop_record {
	struct ev_filetop e;
	char path[FILETOP_PATH_MAX];
};
/* A row that is made, and a record that is sent by the tick: not the same, the tick interrupts. */
struct filetop_room {
	struct filetop_row row;
	struct filetop_record record;
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct filetop_room);
} filetop_rooms SEC(".maps");

static __always_inline struct filetop_room *
room(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&filetop_rooms, &zero);
}

static __always_inline void
send_row(struct filetop_record *r, struct filetop_row *row, __u64 now)
{
	__u32 len = row->path_len < FILETOP_PATH_MAX ? row->path_len : FILETOP_PATH_MAX - 1, size;

	r->e.h = row->h;
	r->e.h.ts = now;
	r->e.interval_ns = now - row->since_ns;
	r->e.path.off = sizeof(r->e);
	r->e.path.len = len;
	r->e.reserved = 0;
	row->since_ns = now;
	/* Behind the path all is zero. */
	__builtin_memcpy(r->path, row->path, sizeof(r->path));
	size = sizeof(r->e) + ((len + 7) & ~7U);
	r->e.h.len = size;
	asm volatile("" : "+r"(size));
	if (size <= sizeof(*r))
		ev_output(EV_CLASS, EV_TRACER, &r->e.h, size, false);
}

static long
tick_row(void *map, struct filetop_key *key, struct filetop_row *row, void *ctx)
{
	struct filetop_room *rm = room();
	struct filetop_record *r;

	if (!rm)
		return 0;
	r = &rm->record;
	r->e.reads = __sync_lock_test_and_set(&row->reads, 0);
	r->e.writes = __sync_lock_test_and_set(&row->writes, 0);
	r->e.rbytes = __sync_lock_test_and_set(&row->rbytes, 0);
	r->e.wbytes = __sync_lock_test_and_set(&row->wbytes, 0);
	r->e.dev = key->dev;
	r->e.ino = key->ino;
	if (r->e.reads | r->e.writes | r->e.rbytes | r->e.wbytes) {
		send_row(r, row, bpf_ktime_get_boot_ns());
	} else if (rows_age(&row->life)) {
		bpf_map_delete_elem(&filetop_rows, key);
	}
	return 0;
}

static int
tick(void *map, __u32 *key, struct rows_tick *t)
{
	rows_tick(t, &filetop_rows, tick_row);
	return 0;
}

struct filetop_op { __u64 bytes; bool write; };

static __always_inline void
add(struct filetop_row *row, const struct filetop_op *op)
{
	if (op->write) {
		__sync_fetch_and_add(&row->writes, 1);
		__sync_fetch_and_add(&row->wbytes, op->bytes);
	} else {
		__sync_fetch_and_add(&row->reads, 1);
		__sync_fetch_and_add(&row->rbytes, op->bytes);
	}
}

/* A record of this call alone, when there is no row to add it to. */
static __always_inline void
send_alone(struct ev_scratch *s, const struct filetop_key *key, const struct filetop_op *op)
{
	struct ev_filetop *e = ev_record(s);

	e->dev = key->dev;
	e->ino = key->ino;
	e->reads = !op->write;
	e->writes = op->write;
	e->rbytes = op->write ? 0 : op->bytes;
	e->wbytes = op->write ? op->bytes : 0;
	ev_send(s);
}

static __always_inline void
fill_row(struct filetop_row *row, struct ev_scratch *s, const struct ev_str *path)
{
	__u32 len = path->len, off = path->off;

	row->h = *ev_head(s);
	row->reads = row->writes = row->rbytes = row->wbytes = 0;
	row->since_ns = bpf_ktime_get_boot_ns();
	row->life = ROWS_LIVE;
	__builtin_memset(row->path, 0, sizeof(row->path));
	if (len > FILETOP_PATH_MAX - 1) {
		len = FILETOP_PATH_MAX - 1;
		row->h.flags |= EV_TRUNCATED;
		row->h.cut |= EV_CUT(__builtin_offsetof(struct ev_filetop, path));
	}
	row->path_len = len;
	asm volatile("" : "+r"(len));
	if (len < FILETOP_PATH_MAX && off < EV_OFFS)
		bpf_probe_read_kernel(row->path, len, &s->b[off]);
}

/* The first call on a file: is it wanted, and what is its path. */
static __always_inline void
first(struct filetop_key *key, const struct file *file, const struct filetop_op *op, bool alone)
{
	struct ev_scratch *s = ev_new(FILETOP_FILE, sizeof(struct ev_filetop)), *info = ev_scratch(1);
	struct filetop_room *rm = room();
	struct ev_filetop *e;

	if (!s || !rm || !info)
		return;
	e = ev_record(s);
	file_add_path(s, &e->path, file_where(file));
	if (!ev_path_passes(s, &e->path))
		return;
	if (!alone) {
		fill_row(&rm->row, s, &e->path);
		add(&rm->row, op);
		ev_announce(info, s);
		if (!bpf_map_update_elem(&filetop_rows, key, &rm->row, BPF_NOEXIST)) {
			if (rows_arm(&filetop_ticks, tick))
				return;
			bpf_map_delete_elem(&filetop_rows, key);
		}
	}
	send_alone(s, key, op);
}

static __always_inline void
moved(int fd, const struct filetop_op *op)
{
	struct task_struct *t = bpf_get_current_task_btf();
	const struct file *file = file_of(fd);
	struct ev_settings *set = ev_settings();
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct filetop_key key = {};
	struct filetop_row *row;

	if (!FILE_S_ISREG(BPF_CORE_READ(inode, i_mode)) || !set || !(set->on & EV_BIT))
		return;
	key.start = t->group_leader->start_boottime;
	key.tgid = t->tgid;
	key.ino = BPF_CORE_READ(inode, i_ino);
	key.dev = BPF_CORE_READ(inode, i_sb, s_dev);
	key.generation = set->generation;
	row = bpf_map_lookup_elem(&filetop_rows, &key);
	if (row && rows_use(&row->life))
		add(row, op);
	else
		first(&key, file, op, row != NULL);
}

static __always_inline bool
is_write(long nr)
{
	return nr == __NR_write || nr == __NR_pwrite64 || nr == __NR_writev || nr == __NR_pwritev ||
	       nr == __NR_pwritev2;
}

SEC("tp_btf/sys_exit")
int
BPF_PROG(filetop_exit, struct pt_regs *regs, long ret)
{
	__u32 compat = ev_compat(bpf_get_current_task_btf()), nr = ev_call_nr(regs, compat);
	struct filetop_op op = { ret, is_write(nr) };

	if (ret > 0)
		moved(EV_ARG(regs, ev_way(compat), di, bx), &op);
	ev_next_call(ctx, nr);
	return 0;
}
