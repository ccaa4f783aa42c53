/* SPDX-License-Identifier: Apache-2.0 */
#include "events/doc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/auto.h"

#define DOC_ROOM (1 << 20)		/* ten times what the tables fill */

int
doc_print(void (*doc)(struct text *))
{
	AUTO(mem) char *out = malloc(DOC_ROOM);
	struct text t = { .p = out, .end = out + DOC_ROOM, .cap = SIZE_MAX };

	if (!out)
		return -ENOMEM;
	doc(&t);
	if (t.full)
		return -ENOMEM;
	errno = 0;
	if (fwrite(out, 1, (size_t)(t.p - out), stdout) != (size_t)(t.p - out) || fflush(stdout))
		return errno ? -errno : -EIO;
	return 0;
}
