/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_PROGRAMS_LOAD_PARTS_H
#define BPFD_API_PROGRAMS_LOAD_PARTS_H

#include "api/programs_op.h"

/* A load in progress: programs_load_object.c gets its object, programs_load.c has it loaded. */
struct image_get;

struct load_op {
	struct op op;
	struct load_args args;
	struct group *group;		/* ours until it is in the model */
	struct group *owner;		/* of the maps; busy meanwhile */
	struct image_get *get;		/* while the image is awaited */
	int object;			/* that came from an image, sealed; -1: none */
	load_reply *reply;
};

/* Gets the object and a loader, then load_send(), or ends the operation. */
void	load_begin(struct load_op *o);
/* object: len bytes, also in the sealed memfd; both stay the caller's. */
void	load_send(struct load_op *o, int memfd, const void *object, size_t len);

#endif
