/* SPDX-License-Identifier: Apache-2.0 */
/* events-doc man|schema: a part of the build. */
#include <stdio.h>
#include <string.h>

#include "events/doc.h"

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "man") == 0)
		return doc_print(doc_man) ? 1 : 0;
	if (argc == 2 && strcmp(argv[1], "schema") == 0)
		return doc_print(doc_schema) ? 1 : 0;
	fprintf(stderr, "usage: events-doc man|schema\n");
	return 1;
}
