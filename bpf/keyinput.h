/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_KEYINPUT_H
#define BPFD_BPF_KEYINPUT_H

#include "bpf/event.h"

enum ev_keyinput_event { KEYINPUT_COUNT, N_KEYINPUT_EVENTS };

/* Never which key, and never when: counts of a whole second of the clock, told at its end. */
struct ev_keyinput {
	struct ev_hdr h;		/* EV_NO_OWNER */
	__u64 presses, repeats, releases;	/* of keys */
	__u64 moves;			/* of a pointer, and its buttons */
	char name[64];			/* of the device */
	__u16 bus, vendor, product, version;
};
_Static_assert(sizeof(struct ev_keyinput) == 200, "record of keyinput");

#endif
