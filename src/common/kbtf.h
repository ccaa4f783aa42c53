/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_COMMON_KBTF_H
#define BPFD_COMMON_KBTF_H

#include <linux/btf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A BTF blob as it lies in memory, in the format that the kernel documents as "BPF Type Format",
 * with where each type is.  Reading the kernel's so takes a tenth of what libbpf takes to parse it.
 */
struct kbtf {
	const uint8_t *types;
	const char *strings;
	uint32_t types_len, strings_len;
	uint32_t *at;		/* of each type within types; [0] is none */
	uint32_t n;		/* one more than the last id; 0: not read yet */
	void *memory;		/* what kbtf_open() took */
	size_t memory_len;
	bool mapped;
};

/* fd: /sys/kernel/btf/vmlinux, borrowed.  Every offset is checked.  -EINVAL: not BTF as we know it;
 * -ENOENT, -ENOMEM. */
int	kbtf_open(int fd, struct kbtf *k);
/* The same of a blob that the caller keeps. */
int	kbtf_read(const void *blob, size_t size, struct kbtf *k);
void	kbtf_close(struct kbtf *k);
/* Without remembering where types are: calls each() for every function, in the order of ids.  -EINVAL. */
int	kbtf_functions(const void *blob, size_t size, void (*each)(void *arg, uint32_t id, const char *name),
		void *arg);

/* NULL: there is no such type.  All that belongs to it lies within the blob. */
const struct btf_type *kbtf_type(const struct kbtf *k, uint32_t id);
const char *kbtf_name(const struct kbtf *k, const struct btf_type *t);	/* "" when it has none */
size_t	kbtf_bytes(const struct btf_type *t);	/* 0: a kind that is not known */

const char *kbtf_str(const struct kbtf *k, uint32_t off);	/* "" too where off is outside */
/* The type behind typedefs and qualifiers; NULL: void, none, or a chain without end. */
const struct btf_type *kbtf_skip(const struct kbtf *k, uint32_t id, uint32_t *id_out);
/* How many bytes a value of the type takes; -EINVAL: it has none, -E2BIG: more than UINT32_MAX. */
int64_t	kbtf_value_bytes(const struct kbtf *k, uint32_t id);

/* "file" of "file___old": how many bytes of a type's name CO-RE compares. */
size_t	kbtf_essential_len(const char *name);

#endif
