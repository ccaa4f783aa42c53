/* SPDX-License-Identifier: Apache-2.0 */
/* events-doc man|schema: a part of the build. */
#include <stdio.h>
#include <string.h>

#include "events/doc.h"

int
main(int argc, char **argv)
{
	static char out[1 << 21];
	struct text t = { .p = out, .end = out + sizeof(out), .cap = SIZE_MAX };

	if (argc == 2 && strcmp(argv[1], "man") == 0)
		doc_man(&t);
	else if (argc == 2 && strcmp(argv[1], "schema") == 0)
		doc_schema(&t);
	else
		t.full = true;
	if (t.full || fwrite(out, 1, (size_t)(t.p - out), stdout) != (size_t)(t.p - out) || fflush(stdout)) {
		fprintf(stderr, "usage: events-doc man|schema\n");
		return 1;
	}
	return 0;
}
