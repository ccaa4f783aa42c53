/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_XDP_RUNCONFIG_H
#define BPFD_XDP_RUNCONFIG_H

#include <stdint.h>

struct xdp_program;

/*
 * libxdp's program of a loaded one, with the run priority that is asked for, whatever its own
 * BTF says.  prog_fd belongs to *out then.  Negative
 * errno; -EPROTO: this libxdp does not take it from there.
 */
int	runconfig_program(int prog_fd, uint32_t priority, struct xdp_program **out);

#endif
