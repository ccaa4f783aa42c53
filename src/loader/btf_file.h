/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LOADER_BTF_FILE_H
#define BPFD_LOADER_BTF_FILE_H

#include <linux/btf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The kernel's own BTF, read piece by piece from its file: links and programs tell what they are
 * attached to as the number of a type there.  No copy is kept, only where every 1024th type begins.
 * The format is that of Documentation/bpf/btf.rst; the file is the kernel's and is believed, but a
 * number that it does not have ends every walk.
 */
#define BTF_MARKS 256

struct btf_file {
	int fd;				/* -1: none */
	uint32_t type_off, type_len, str_off, str_len;	/* in the file */
	uint32_t n_marks, marks[BTF_MARKS];	/* offset of type 1, 1025, ..., as far as was walked */
};

struct btf_found {
	struct btf_type t;
	uint32_t id, extra;		/* where in the file what follows the struct is */
};

/* Takes fd.  -EINVAL: not BTF of this machine's byte order. */
int	btf_file_open(int take_fd, struct btf_file *out);

int	btf_file_type(struct btf_file *b, uint32_t id, struct btf_found *out);	/* -ENOENT */

/* Member i of a struct.  -ENOENT. */
int	btf_file_member(const struct btf_file *b, const struct btf_found *s, uint32_t i,
		struct btf_member *out);

/* The name of a type or member.  -ENOENT: it has none; -E2BIG: not in size bytes. */
int	btf_file_text(const struct btf_file *b, uint32_t name_off, char *out, size_t size);

/* Both in one: the name of type id. */
int	btf_file_name(struct btf_file *b, uint32_t id, char *out, size_t size);

/* The type behind const, volatile, restrict and typedef. */
int	btf_file_resolve(struct btf_file *b, uint32_t id, struct btf_found *out);

#endif
