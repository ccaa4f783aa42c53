/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFD_FETCH_H
#define BPFD_BPFD_FETCH_H

#include "bpfd/sup.h"

/*
 * fetch_files.c: descriptors for FETCH_FILES, the caller's.  Something empty when there is none; an
 * error, logged, when the configuration names what cannot be had.
 */
int	fetch_open_ca(const struct sup *s);
int	fetch_open_auth(const struct sup *s);
int	fetch_open_trust(const struct sup *s);

#endif
