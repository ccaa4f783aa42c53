/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpfctl-image: what `bpfctl image` does with images in files, as the user who asks and without bpfd.  A
 * program of its own, so that bpfctl has neither libcurl nor libarchive.
 */
#include <stdio.h>
#include <string.h>

#include "common/auto.h"
#include "image/command.h"

int
main(int argc, char **argv)
{
	static const struct {
		const char *word;
		int (*run)(int argc, char **argv);
	} words[] = { { "build", command_build }, { "push", command_push } };

	for (size_t i = 0; i < ARRAY_SIZE(words) && argc > 1; i++)
		if (strcmp(argv[1], words[i].word) == 0)
			return words[i].run(argc - 1, argv + 1);
	fprintf(stderr, "bpfctl-image is a part of bpfctl: see `bpfctl image --help`\n");
	return COMMAND_USAGE;
}
