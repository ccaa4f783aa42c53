/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_REGISTRY_CHALLENGE_H
#define BPFD_REGISTRY_CHALLENGE_H

#include <stdbool.h>

/* What WWW-Authenticate asks for (RFC 9110, 11.6.1). */
struct challenge {
	bool basic, bearer;
	char realm[1024], service[256];		/* of Bearer, each "" when it is not said */
};

/*
 * headers: of each a line.  Schemes that are not known are left out.  False: a header that cannot be
 * understood, or values that are too long or have control characters.
 */
bool	challenge_parse(const char *headers, struct challenge *out);

#endif
