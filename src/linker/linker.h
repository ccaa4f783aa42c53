/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LINKER_LINKER_H
#define BPFD_LINKER_LINKER_H

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdint.h>

#include "ipc/chan.h"
#include "linker/arena.h"
#include "linker/few.h"
#include "linker/slots.h"

#define LINKER_SHARED_MAX 256
#define LINKER_WARNINGS_MAX 3

/* One bpfd-linker: a process that links one object and ends. */
struct linker {
	struct chan *ch;		/* fd 3: the loader */
	struct arena arena;
	struct slots slots;
	int btf_fd, kconfig_fd;		/* the kernel's; -1 when it has none */
	int n_cpus;			/* possible ones */
	struct btf *vmlinux;		/* parsed once, for every object; libbpf only borrows it */
	struct few_kernel kernel;	/* the same as it lies in memory, once a tracer needs it */
	struct few few;			/* what of it the tracer in work asks for */
	uint64_t arena_bytes, memory_bytes, cpu_s;
	uint32_t flags;
	int root_fd;
	struct msg_link_map shared[LINKER_SHARED_MAX];
	size_t n_shared;
	char warnings[LINKER_WARNINGS_MAX][256];	/* libbpf's last ones */
	unsigned int n_warnings;
};

/* broker.c: bpf(2) by way of the loader; as the system call: -1 and errno.  Ends the process
 * when the loader is gone: nobody is left to work for. */
long	linker_bpf(struct linker *ln, uint32_t cmd, void *attr, uint32_t size);

/* A placeholder for a map that the loader gave by LINK_MAP.  The caller's, or negative errno. */
int	linker_shared_fd(struct linker *ln, uint32_t handle);

/* shims.c: makes libbpf of this process use ln. */
void	shims_install(struct linker *ln);
/* Parses the kernel's BTF.  NULL with errno set. */
struct btf *shims_parse_vmlinux(int fd);

/* warm.c: loads a small object of our own, so that libbpf has asked the kernel its questions and the
 * libraries' pages are there before a load arrives. */
void	linker_warm_up(struct linker *ln);

/* sections.c: names of sections that are newer than libbpf. */
void	sections_register(void);

/* tracer.c: LOAD_TRACER.  Programs without a hook and those that were refused are left out. */
struct tracer {
	struct { char name[IPC_NAME_MAX]; } refused[16];
	size_t n_refused, tries;
	const struct msg_load *req;
};
void	tracer_begin(struct tracer *t, const struct msg_load *req);
void	tracer_end(struct linker *ln);
/* Few types of the kernel, or all; changes the object. */
void	tracer_types(struct linker *ln, void *image, size_t size);
int	tracer_programs(struct linker *ln, struct tracer *t, struct bpf_object *obj);
int	tracer_maps(struct linker *ln, struct bpf_object *obj);	/* before shared ones are put in */
/* Remembers and reports a program that the kernel refused: link again.  -ENOENT: there is none of
 * that name, -ELOOP: it was left out already. */
int	tracer_refused(struct linker *ln, struct tracer *t, const struct bpf_object *obj, const char *name,
		int err, const char *verdict);

/* ops.c: struct_ops.  Puts handles in place of the descriptors of programs in a map's value. */
int	ops_put_handles(struct linker *ln, const struct slot *map, void *value, size_t len);
/* After the load: gives each struct_ops map its value.  Negative errno with *out filled. */
int	ops_fill(struct bpf_object *obj, struct msg_linked *out);

/* places.c: finds places in the ELF file fd; sends a LINKED_SITE for each, and LINKED_SITES. */
int	link_sites(struct linker *ln, const struct msg_link_sites *m, int fd);

/* link.c: what was asked for a program; NULL: it was not named. */
const struct load_prog *link_wanted(const struct msg_load *req, const char *name);

/* Opens, links and loads the object in fd; sends what came of it and LINKED. */
int	link_object(struct linker *ln, const struct msg_load *req, int fd);

#endif
