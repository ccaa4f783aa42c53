/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_MODULE_H
#define BPFD_BPF_MODULE_H

#include "bpf/event.h"

enum ev_module_event {
	MODULE_LOAD, MODULE_FREE,	/* what the kernel did */
	MODULE_REQUEST,			/* the kernel asks for modprobe */
	MODULE_INIT, MODULE_FINIT, MODULE_DELETE,	/* the calls, with their result */
	N_MODULE_EVENTS
};

struct ev_module {
	struct ev_hdr h;
	__u64 taints;			/* LOAD, FREE: what the module did to the kernel's taint */
	__u64 flags;			/* FINIT, DELETE: as given */
	/*
	 * name: of the module; of REQUEST what is asked for, of DELETE as given.
	 * path: of the file, FINIT; the kernel's.  params: of the module, as given.
	 */
	struct ev_str name, path, params;
	__u32 reserved;
};
_Static_assert(sizeof(struct ev_module) == 128, "record of module");

#endif
