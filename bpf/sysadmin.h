/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_SYSADMIN_H
#define BPFD_BPF_SYSADMIN_H

#include "bpf/event.h"

/* The event's number, and the system call.  CALL(ID, name) */
#define SYSADMINS(CALL)                                                                            \
	CALL(KEXEC_LOAD, kexec_load)                                                               \
	CALL(KEXEC_FILE_LOAD, kexec_file_load)                                                     \
	CALL(REBOOT, reboot)                                                                       \
	CALL(SWAPON, swapon)                                                                       \
	CALL(SWAPOFF, swapoff)                                                                     \
	CALL(SETTIMEOFDAY, settimeofday)                                                           \
	CALL(CLOCK_SETTIME, clock_settime)                                                         \
	CALL(SETHOSTNAME, sethostname)                                                             \
	CALL(SETDOMAINNAME, setdomainname)                                                         \
	CALL(ACCT, acct)                                                                           \
	CALL(QUOTACTL, quotactl)                                                                   \
	CALL(QUOTACTL_FD, quotactl_fd)                                                             \
	CALL(IOPL, iopl)                                                                           \
	CALL(IOPERM, ioperm)                                                                       \
	CALL(SYSLOG, syslog)                                                                       \
	CALL(KEYCTL, keyctl)                                                                       \
	CALL(ADD_KEY, add_key)                                                                     \
	CALL(REQUEST_KEY, request_key)                                                             \
	CALL(PERF_EVENT_OPEN, perf_event_open)                                                     \
	CALL(USERFAULTFD, userfaultfd)                                                             \
	CALL(FANOTIFY_INIT, fanotify_init)
enum ev_sysadmin_event {
#define SYSADMIN_ID(id, name) SYSADMIN_##id,
	SYSADMINS(SYSADMIN_ID)
#undef SYSADMIN_ID
	N_SYSADMINS
};

struct ev_sysadmin {
	struct ev_hdr h;		/* event: enum ev_sysadmin_event */
	__u64 flags;			/* of kexec, swapon, perf, userfaultfd, fanotify */
	/*
	 * settimeofday, clock_settime: seconds, clock
	 * iopl: level; ioperm: first port, how many, on or off
	 * keyctl: key; perf_event_open: process, CPU, what is counted (config)
	 */
	__s64 n[3];
	__u32 op;			/* of reboot, syslog, keyctl, quotactl; type of perf_event_open */
	/*
	 * path: of a swap or accounting file, a quota's device, as given (EV_UNRESOLVED); of
	 *	kexec_file_load and quotactl_fd the kernel's.
	 * initrd: of kexec_file_load.
	 * text: the host's name, a kernel's command line, a key's description.
	 * type: of a key.
	 */
	struct ev_str path, initrd, text, type;
	__u32 reserved;
};
_Static_assert(sizeof(struct ev_sysadmin) == 152, "record of sysadmin");

#endif
