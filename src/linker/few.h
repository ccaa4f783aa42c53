/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LINKER_FEW_H
#define BPFD_LINKER_FEW_H

#include <bpf/btf.h>
#include <stdint.h>

#include "common/kbtf.h"

/*
 * For CO-RE libbpf goes through all types of the kernel, a hundred thousand, once for each type that
 * an object names: 1 ms each.  So it gets a BTF of its own that has only those: every type whose name
 * the object has in a relocation, as a hook or as a kernel function, what lies within them, and
 * nothing of what they point to, which no relocation asks for.  Its ids are not the kernel's;
 * few_kernel_id() tells those, and where the object asks for a type's id, few_make() puts it in.
 */
struct few {
	struct btf *btf;		/* libbpf's; NULL: all of the kernel's are to be used */
	uint32_t *kernel_ids;		/* by its ids */
	uint32_t n;			/* one more than the last id */
};

/* The kernel's types, read once for many objects. */
struct few_kernel {
	struct kbtf types;
	uint16_t *begins;		/* of each type, how its name begins; NULL: not read */
};
/* fd as kbtf_open(); nothing to do when it is there.  -EINVAL, -ENOENT, -ENOMEM: it is as it was. */
int	few_kernel_open(int fd, struct few_kernel *k);
int	few_kernel_names(struct few_kernel *k);		/* of types that are there; -ENOMEM */
void	few_kernel_close(struct few_kernel *k);

/* image: the object as object_check() left it; writable, and changed.  -ENOTSUP: it asks for what
 * only all types answer, it is unchanged; -EINVAL: it is malformed, -ENOMEM. */
int	few_make(const struct few_kernel *kernel, void *image, size_t size, struct few *out);
void	few_free(struct few *few);
/* 0: the kernel has no such. */
uint32_t few_kernel_id(const struct few *few, uint32_t id);

#define HOOK_NAME_MAX 160
/* hooks.c: the type of the kernel that tells whether it has the hook of a section.  False: none does. */
bool	hook_type(const char *section, char *name, size_t size, uint32_t *kind);

/* few_wants.c: the types that an object asks for. */
struct want {
	const char *name;		/* not NUL-terminated */
	size_t len;
	uint32_t kinds;			/* bits of BTF_KIND_* */
	uint32_t n_found, id;		/* the kernel's: how many, and the last one */
};

/* An instruction that is to hold the id of a kernel's type. */
struct want_id {
	uint32_t want;
	uint8_t *insn;			/* in the image */
};

struct wants {
	struct kbtf local;		/* the object's own types */
	void *btf, *ext;		/* copies of its sections */
	uint8_t *ext_at;		/* where the second is in the image */
	size_t ext_len;
	struct want *all;
	struct want_id *ids;
	char **names;			/* of hooks */
	size_t n, room, n_ids, room_ids, n_names, room_names;
};

/* As few_make().  wants_free() in every case. */
int	wants_read(void *image, size_t size, struct wants *w);
void	wants_free(struct wants *w);
/* All of ids have exactly one type: they are put in, and their relocations are removed. */
int	wants_put_ids(struct wants *w);

#endif
