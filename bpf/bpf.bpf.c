/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who loads, attaches, pins and gets what by bpf(2).  Elements of maps are left out, and what only
 * asks.  What is told of an object is read from the object that the returned descriptor is of.
 */
#define EV_THIS BPF
#include "bpf/bpfd.bpf.h"
#include "bpf/file.bpf.h"

#include "bpf/bpfaudit.h"
#include "bpf/bpfinsns.bpf.h"

#define CMD_MAP_UPDATE		2
#define CGROUP2_MAGIC		0x63677270
#define NAME_MAX		255
/* Attach types newer than the headers may be. */
#define ATTACH_XDP		37
#define ATTACH_TCX_FIRST	46
#define ATTACH_TCX_LAST		47
#define ATTACH_NETKIT_FIRST	54
#define ATTACH_NETKIT_LAST	55

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct bpf_prog;
struct bpf_prog_aux {
	__u32 id;
	const char *attach_func_name;
	char name[16];
};
struct bpf_prog {
	enum bpf_prog_type type;
	enum bpf_attach_type expected_attach_type;
	__u32 len;
	__u16 kprobe_override : 1;
	struct bpf_prog_aux *aux;
};
struct bpf_map {
	enum bpf_map_type map_type;
	__u32 key_size, value_size, max_entries, id;
	char name[16];
};
struct bpf_link {
	__u32 id;
	enum bpf_link_type type;
	struct bpf_prog *prog;
};
struct btf { __u32 id; };
struct file___private { void *private_data; };
#pragma clang attribute pop

/*
 * Who is bpfd: whoever updates the map "settings", its loader, and all that its parent has started.  Only
 * the kernel says whose child a process is, and nobody else has that map.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct self);
} bpf_self SEC(".maps");
struct self { __u64 start; __u32 tgid, reserved; };

static __always_inline struct self *
self(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&bpf_self, &zero);
}

static __always_inline struct task_struct *
parent(void)
{
	return ev_task()->real_parent->group_leader;
}

static __always_inline bool
is_self(void)
{
	const struct self *s = self();
	struct task_struct *p = parent();

	return s && s->tgid && s->tgid == (__u32)p->tgid && s->start == p->start_boottime;
}

static __always_inline __u32
attr_u32(const struct ev_call *c, __u32 off)
{
	__u32 value = 0;

	bpf_probe_read_user(&value, sizeof(value), (const void *)(c->arg[1] + off));
	return value;
}

static __always_inline __u64
attr_u64(const struct ev_call *c, __u32 off)
{
	__u64 value = 0;

	bpf_probe_read_user(&value, sizeof(value), (const void *)(c->arg[1] + off));
	return value;
}
#define ATTR(member) offsetof(union bpf_attr, member)

/* What a descriptor is of; *at its address. */
static __always_inline enum ev_bpf_object
object_of(__u32 fd, __u64 *at)
{
	const struct file *file = file_of(fd);
	struct file_anon anon;

	if (!file || !file_anon_of(file, &anon))
		return BPFAUDIT_NOTHING;
	*at = FILE_READ(struct file___private, file, private_data);
	if (file_anon_is(&anon, "bpf-prog"))
		return BPFAUDIT_PROG;
	if (file_anon_is(&anon, "bpf-map"))
		return BPFAUDIT_MAP;
	if (file_anon_is(&anon, "bpf_link") || file_anon_is(&anon, "bpf-link"))
		return BPFAUDIT_LINK;
	return file_anon_is(&anon, "btf") ? BPFAUDIT_BTF : BPFAUDIT_NOTHING;
}

static __always_inline void
read_name(struct ev_bpfaudit *e, const void *from)
{
	bpf_probe_read_kernel(e->name, sizeof(e->name), from);
}

static __always_inline void
add_prog(struct ev_scratch *s, struct ev_bpfaudit *e, __u64 prog)
{
	struct bpf_prog *p = (struct bpf_prog *)prog;
	struct bpf_prog_aux *aux = BPF_CORE_READ(p, aux);
	const char *function = BPF_CORE_READ(aux, attach_func_name);

	e->prog_type = BPF_CORE_READ(p, type);
	e->prog_id = BPF_CORE_READ(aux, id);
	e->insns = BPF_CORE_READ(p, len);
	e->attach_type = BPF_CORE_READ(p, expected_attach_type);
	read_name(e, &aux->name);
	if (function)
		ev_add_kernel_str(s, &e->target, function, NAME_MAX);
}

static __always_inline void
add_map(struct ev_bpfaudit *e, __u64 map)
{
	struct bpf_map *m = (struct bpf_map *)map;

	e->id = BPF_CORE_READ(m, id);
	e->map_type = BPF_CORE_READ(m, map_type);
	e->key_size = BPF_CORE_READ(m, key_size);
	e->value_size = BPF_CORE_READ(m, value_size);
	e->max_entries = BPF_CORE_READ(m, max_entries);
	read_name(e, &m->name);
}

static __always_inline void
add_link(struct ev_scratch *s, struct ev_bpfaudit *e, __u64 link)
{
	struct bpf_link *l = (struct bpf_link *)link;
	__u64 prog = (__u64)BPF_CORE_READ(l, prog);

	e->id = BPF_CORE_READ(l, id);
	e->link_type = BPF_CORE_READ(l, type);
	if (prog)
		add_prog(s, e, prog);
}

/* The kernel's own word of it. */
__noinline int
add_object(struct ev_scratch *s, __u32 fd)
{
	struct ev_bpfaudit *e;
	__u64 at = 0;

	if (!s)
		return 0;
	e = ev_record(s);
	e->object = object_of(fd, &at);
	switch (e->object) {
	case BPFAUDIT_PROG:
		add_prog(s, e, at);
		e->id = e->prog_id;
		break;
	case BPFAUDIT_MAP:
		add_map(e, at);
		break;
	case BPFAUDIT_LINK:
		add_link(s, e, at);
		break;
	case BPFAUDIT_BTF:
		e->id = BPF_CORE_READ((struct btf *)at, id);
		break;
	}
	return 0;
}

/*
 * The kernel's own copy has addresses for numbers by now.  Of override_return it has a note as well,
 * so that whoever changes his copy meanwhile hides the others alone.
 */
static __always_inline __u32
helpers_of(const struct ev_call *c, long fd)
{
	struct insns in = { .at = attr_u64(c, ATTR(insns)), .left = attr_u32(c, ATTR(insn_cnt)) };
	__u64 at = 0;

	insns_look(&in);
	if (fd >= 0 && object_of(fd, &at) == BPFAUDIT_PROG &&
	    BPF_CORE_READ_BITFIELD_PROBED((struct bpf_prog *)at, kprobe_override))
		in.helpers |= BPFAUDIT_OVERRIDE_RETURN;
	return in.helpers;
}

/* Of a load that failed there is nothing but what was asked for. */
static __always_inline void
add_asked(struct ev_bpfaudit *e, const struct ev_call *c)
{
	e->h.flags |= EV_UNTRUSTED;
	if (e->h.event == BPFAUDIT_MAP_CREATE) {
		e->object = BPFAUDIT_MAP;
		e->map_type = attr_u32(c, ATTR(map_type));
		e->key_size = attr_u32(c, ATTR(key_size));
		e->value_size = attr_u32(c, ATTR(value_size));
		e->max_entries = attr_u32(c, ATTR(max_entries));
		bpf_probe_read_user(e->name, sizeof(e->name), (const void *)(c->arg[1] + ATTR(map_name)));
		return;
	}
	e->object = BPFAUDIT_PROG;
	e->prog_type = attr_u32(c, ATTR(prog_type));
	e->insns = attr_u32(c, ATTR(insn_cnt));
	e->attach_type = attr_u32(c, ATTR(expected_attach_type));
	bpf_probe_read_user(e->name, sizeof(e->name), (const void *)(c->arg[1] + ATTR(prog_name)));
}

/* Where something is attached: an interface's number, or a descriptor, told where it is a cgroup's. */
static __always_inline void
add_where(struct ev_scratch *s, struct ev_bpfaudit *e, __u32 where)
{
	const struct file *file;
	__u32 type = e->attach_type;
	__u64 inode, sb;

	if (type == ATTACH_XDP || (type >= ATTACH_TCX_FIRST && type <= ATTACH_TCX_LAST) ||
	    (type >= ATTACH_NETKIT_FIRST && type <= ATTACH_NETKIT_LAST)) {
		e->ifindex = where;
		return;
	}
	file = e->target.off ? NULL : file_of(where);
	if (!file)
		return;
	inode = FILE_READ(struct file, file, f_inode);
	sb = FILE_READ(struct inode, inode, i_sb);
	if (FILE_READ(struct super_block, sb, s_magic) == CGROUP2_MAGIC)
		file_add_path(s, &e->target, file_where(file));
}

static __always_inline void
add_pin(struct ev_scratch *s, struct ev_bpfaudit *e, const struct ev_call *c)
{
	e->h.flags |= EV_UNRESOLVED;
	file_add_given(s, &e->path, FILE_AT_FDCWD, (const char *)attr_u64(c, ATTR(pathname)));
}

static __always_inline void
attached(struct ev_scratch *s, struct ev_bpfaudit *e, const struct ev_call *c)
{
	__u32 fd = attr_u32(c, ATTR(attach_bpf_fd));

	if (fd || e->h.event == BPFAUDIT_PROG_ATTACH)
		add_object(s, fd);
	e->attach_type = attr_u32(c, ATTR(attach_type));
	add_where(s, e, attr_u32(c, ATTR(target_fd)));
}

static __always_inline void
linked(struct ev_scratch *s, struct ev_bpfaudit *e, const struct ev_call *c)
{
	if (e->h.ret >= 0)
		add_object(s, e->h.ret);
	else
		add_object(s, attr_u32(c, ATTR(link_create.prog_fd)));
	e->attach_type = attr_u32(c, ATTR(link_create.attach_type));
	add_where(s, e, attr_u32(c, ATTR(link_create.target_fd)));
}

static __always_inline void
raw_tracepoint(struct ev_scratch *s, struct ev_bpfaudit *e, const struct ev_call *c)
{
	const char *name = (const char *)attr_u64(c, ATTR(raw_tracepoint.name));

	if (e->h.ret >= 0)
		add_object(s, e->h.ret);
	else
		add_object(s, attr_u32(c, ATTR(raw_tracepoint.prog_fd)));
	if (name && !e->target.off)
		ev_add_user_str(s, &e->target, name, NAME_MAX);
}

static __always_inline void
describe(struct ev_scratch *s, struct ev_bpfaudit *e, const struct ev_call *c)
{
	switch (e->h.event) {
	case BPFAUDIT_PROG_LOAD:
		e->helpers = helpers_of(c, e->h.ret);
	case BPFAUDIT_MAP_CREATE:
		if (e->h.ret >= 0)
			add_object(s, e->h.ret);
		else
			add_asked(e, c);
		return;
	case BPFAUDIT_OBJ_PIN:
		add_object(s, attr_u32(c, ATTR(bpf_fd)));
		add_pin(s, e, c);
		return;
	case BPFAUDIT_OBJ_GET:
		if (e->h.ret >= 0)
			add_object(s, e->h.ret);
		add_pin(s, e, c);
		return;
	case BPFAUDIT_PROG_ATTACH:
	case BPFAUDIT_PROG_DETACH:
		attached(s, e, c);
		return;
	case BPFAUDIT_RAW_TP_OPEN:
		raw_tracepoint(s, e, c);
		return;
	case BPFAUDIT_LINK_CREATE:
		linked(s, e, c);
		return;
	case BPFAUDIT_LINK_UPDATE:
	case BPFAUDIT_LINK_DETACH:
	case BPFAUDIT_ITER_CREATE:
		add_object(s, attr_u32(c, 0));	/* link_fd, in each of them */
		return;
	case BPFAUDIT_PROG_BY_ID:
	case BPFAUDIT_MAP_BY_ID:
	case BPFAUDIT_BTF_BY_ID:
	case BPFAUDIT_LINK_BY_ID:
	case BPFAUDIT_BTF_LOAD:
		if (e->h.ret >= 0)
			add_object(s, e->h.ret);
		else if (e->h.event != BPFAUDIT_BTF_LOAD)
			e->id = attr_u32(c, 0);
		return;
	}
}

/* At the loader's update of "settings": its parent is bpfd. */
static __always_inline void
note_self(const struct ev_call *c)
{
	struct self *s = self();
	struct task_struct *p = parent();
	__u64 at = 0;

	if (!s || object_of(attr_u32(c, ATTR(map_fd)), &at) != BPFAUDIT_MAP)
		return;
	if (BPF_CORE_READ((struct bpf_map *)at, id) != ((struct bpf_map *)&settings)->id)
		return;
	s->start = p->start_boottime;
	s->tgid = p->tgid;
}

static __always_inline int
event_of(__u32 cmd)
{
	switch (cmd) {
#define CASE(id, number, name) case number: return BPFAUDIT_##id;
	EV_BPF_COMMANDS(CASE)
#undef CASE
	}
	return -1;
}

static __always_inline void
tell(const struct ev_call *c, long ret)
{
	int event = event_of(c->arg[0]);
	struct ev_scratch *s;
	struct ev_bpfaudit *e;

	if ((__u32)c->arg[0] == CMD_MAP_UPDATE && !ret)
		note_self(c);
	if (event < 0)
		return;
	s = ev_new(event, sizeof(*e));
	if (!s)
		return;
	e = ev_record(s);
	e->h.ret = ret;
	e->prog_type = e->map_type = e->link_type = e->attach_type = ~0U;
	e->self = is_self();
	describe(s, e, c);
	ev_send(s);
}

/* Also where a program of type syscall calls bpf(2): that one is of the call that runs the program. */
SEC("?fexit/__sys_bpf")
int
bpf__function(void *ctx)
{
	struct ev_call call;

	ev_call(&call, ev_call_regs(bpf_get_current_task_btf()));
	if (call.nr == __NR_bpf)
		tell(&call, ev_function_ret(ctx));
	return 0;
}

SEC("?tp_btf/sys_exit")
int
BPF_PROG(bpf__call, struct pt_regs *regs, long ret)
{
	struct ev_call call;

	ev_call(&call, regs);
	tell(&call, ret);
	ev_next_call(ctx, call.nr);
	return 0;
}
