/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Iterators for the system tests: they say what they went over. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct seq_file;
struct bpf_iter_meta {
	struct seq_file *seq;
	__u64 session_id;
	__u64 seq_num;
} __attribute__((preserve_access_index));
struct task_struct {
	int pid, tgid;
	char comm[16];
} __attribute__((preserve_access_index));
struct kernfs_node {
	__u64 id;
} __attribute__((preserve_access_index));
struct cgroup {
	struct kernfs_node *kn;
} __attribute__((preserve_access_index));

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
} __attribute__((preserve_access_index));
struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	void *key;
	void *value;
} __attribute__((preserve_access_index));
struct bpf_iter__cgroup {
	struct bpf_iter_meta *meta;
	struct cgroup *cgroup;
} __attribute__((preserve_access_index));

/* Lines of the task iterator for each task. */
const volatile __u32 lines = 1;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
} iters_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} iters_array SEC(".maps");

static const char wide[] = "................................................................"
	"................................................................"
	"................................................................";

SEC("iter/task")
int
on_task(struct bpf_iter__task *ctx)
{
	static const char head[] = "task %d %s\n", line[] = "%s\n";
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;
	__u64 args[2];

	if (!task)
		return 0;
	args[0] = (__u64)task->tgid;
	args[1] = (__u64)(long)task->comm;
	bpf_seq_printf(seq, head, sizeof(head), args, sizeof(args));
	args[0] = (__u64)(long)wide;
	for (__u32 i = 1; i < lines && i < 100; i++)
		bpf_seq_printf(seq, line, sizeof(line), args, 8);
	return 0;
}

SEC("iter/bpf_map_elem")
int
on_elem(struct bpf_iter__bpf_map_elem *ctx)
{
	static const char line[] = "elem %u %llu\n";
	__u32 *key = ctx->key;
	__u64 *value = ctx->value;
	__u64 args[2];

	if (!key || !value)
		return 0;
	args[0] = *key;
	args[1] = *value;
	bpf_seq_printf(ctx->meta->seq, line, sizeof(line), args, sizeof(args));
	return 0;
}

SEC("iter/cgroup")
int
on_cgroup(struct bpf_iter__cgroup *ctx)
{
	static const char line[] = "cgroup %llu\n";
	struct cgroup *cgroup = ctx->cgroup;
	__u64 id;

	if (!cgroup)
		return 0;
	id = cgroup->kn->id;
	bpf_seq_printf(ctx->meta->seq, line, sizeof(line), &id, sizeof(id));
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
