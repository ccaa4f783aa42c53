/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_ENFORCE_PATH_BPF_H
#define BPFD_BPF_ENFORCE_PATH_BPF_H

/*
 * Which of a table's paths a file has.  The path is that of bpf/path.bpf.h; it is never put together:
 * going up, each component is hashed and the last ENF_PATH_DEPTH of them, which are the first of the
 * path, are kept; going down again the hashes of path and folders are looked for.
 */
#include "bpf/enforce.h"
#include "bpf/siphash.h"

#define ENF_WALK_MAX	512		/* components and mounts */

struct enf_walk {
	const struct enf_table *t;
	__u64 dentry, mount;
	struct ev_mount m;
	__u64 components[ENF_PATH_DEPTH];
	__u64 hash, mask;
	__u32 from, n;			/* n - from components were seen, see enf_path() */
	__u32 whole;
};

/* Not static, as others of these: the verifier looks at it once, apart from what calls it. */
__noinline __u64
enf_hash_name(__u64 key0, __u64 key1, __u64 name, __u32 len)
{
	const __u64 key[2] = { key0, key1 };
	struct sip s;

	sip_begin(&s, key);
	for (__u32 off = 0; off < 256; off += 8) {
		__u32 left = len - off;
		__u64 word = 0;

		if (off >= len)
			break;
		if (left > 8)
			left = 8;
		/* The verifier must see the bound at the register that is used. */
		asm volatile("" : "+r"(left));
		if (left > 8)
			break;
		bpf_probe_read_kernel(&word, left, (const void *)(name + off));
		sip_word(&s, word);
	}
	sip_word(&s, len);
	return sip_end(&s);
}

/* The slot of a hash, or ENF_PATH_SLOTS. */
__noinline __u32
enf_path_find(const struct enf_table *t, __u64 hash)
{
	if (!t)
		return ENF_PATH_SLOTS;
	for (__u32 i = 0; i < ENF_PATH_PROBES; i++) {
		__u32 slot = (hash + i) & (ENF_PATH_SLOTS - 1);

		if (t->paths[slot].hash == hash)
			return slot;
	}
	return ENF_PATH_SLOTS;
}

static __always_inline const struct enf_path *
enf_path_at(const struct enf_table *t, __u64 hash)
{
	__u64 slot = enf_path_find(t, hash);

	if (slot == ENF_PATH_SLOTS)
		return NULL;
	asm volatile("" : "+r"(slot));
	return &t->paths[slot & (ENF_PATH_SLOTS - 1)];
}

static int
enf_walk_up(__u32 i, struct enf_walk *w)
{
	const struct dentry *d = (const struct dentry *)w->dentry;
	const struct enf_path *slot;
	struct ev_dentry at = {};
	__u64 hash;

	if (w->dentry == w->m.root) {
		if (w->m.parent == w->mount || !w->m.parent) {
			w->whole = 1;
			return 1;
		}
		w->dentry = w->m.mountpoint;
		w->mount = w->m.parent;
		ev_read_mount(&w->m, w->mount);
		return 0;
	}
	ev_read_dentry(&at, w->dentry);
	hash = enf_hash_name(w->t->key[0], w->t->key[1], at.name,
		BPF_CORE_READ((const struct dentry___len *)d, d_name.len));
	if (w->n == w->from) {
		slot = enf_path_at(w->t, hash);
		w->mask = slot ? slot->name : 0;
	}
	w->components[w->n & (ENF_PATH_DEPTH - 1)] = hash;
	w->n++;
	/* Not in its mount's tree: a pipe, a socket, what was moved out of a bind mount. */
	if (at.parent == w->dentry || !at.parent) {
		w->whole = 1;
		return 1;
	}
	w->dentry = at.parent;
	return 0;
}

static int
enf_walk_down(__u32 i, struct enf_walk *w)
{
	const struct enf_path *slot = enf_path_at(w->t, w->hash);
	__u32 n = w->n - w->from;

	if (slot)
		w->mask |= slot->prefix | (i == n ? slot->exact : slot->below);
	if (i >= n)
		return 1;
	w->hash = sip_join(w->t->key, w->hash, w->components[(w->n - 1 - i) & (ENF_PATH_DEPTH - 1)]);
	return 0;
}

/* By address: such a function may be given memory, and numbers, but no pointers of the kernel's. */
struct enf_where { __u64 mnt, dentry, mask; };

/* Fills in at->mask.  False: it cannot be told. */
__noinline int
enf_path(const struct enf_table *t, struct enf_where *at)
{
	struct enf_walk w = { .t = t, .hash = SIP_ROOT };

	if (!t || !at || !at->mnt || !at->dentry)
		return false;
	w.dentry = at->dentry;
	w.mount = at->mnt - bpf_core_field_offset(struct mount, mnt);
	/* A number that the verifier does not know: counting from there, all turns look alike to it. */
	w.from = w.n = t->magic;
	ev_read_mount(&w.m, w.mount);
	bpf_loop(ENF_WALK_MAX, enf_walk_up, &w, 0);
	if (!w.whole)
		return false;
	bpf_loop(ENF_PATH_DEPTH + 1, enf_walk_down, &w, 0);
	at->mask = w.mask;
	return true;
}

#endif
