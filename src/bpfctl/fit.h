/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFCTL_FIT_H
#define BPFD_BPFCTL_FIT_H

#include <stddef.h>

#include "bpfctl/buf.h"
#include "bpfctl/spec.h"

/*
 * Which of the programs just loaded `load --attach` means: the one called spec->program, else the
 * only one, else the only one whose type fits the kind, else the only one of those whose section
 * is for this very target.  The daemon still judges the attachment itself.
 * NULL with a sentence in *why that lists the candidates.
 */
const Bpfd__V1__Program *fit_program(const struct spec_attach *spec,
		Bpfd__V1__Program *const *programs, size_t n, struct buf *why);

#endif
