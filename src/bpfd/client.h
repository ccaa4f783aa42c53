/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFD_CLIENT_H
#define BPFD_BPFD_CLIENT_H

#include "bpfd/options.h"

/* Becomes bpfctl, which does what the words of o->client say.  An exit status when it is not there. */
int	client_exec(const struct options *o);

#endif
