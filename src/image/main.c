/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpfctl-image: what `bpfctl image` does with images in files, as the user who asks and without bpfd.  A
 * program of its own, so that bpfctl has neither libcurl nor libarchive.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"
#include "image/command.h"

int
command_fail(const char *word, int err, const struct oci_why *why)
{
	static const struct { int err; enum command_exit status; } statuses[] = {
		{ -ENOENT, COMMAND_NOT_FOUND }, { -EHOSTUNREACH, COMMAND_UNREACHABLE },
		{ -EACCES, COMMAND_DENIED }, { -EPERM, COMMAND_DENIED }, { -ETIMEDOUT, COMMAND_TIMEOUT },
	};

	fprintf(stderr, "bpfctl: image %s: %s\n", word, why->text[0] ? why->text : strerror(-err));
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++)
		if (statuses[i].err == err)
			return statuses[i].status;
	return COMMAND_FAILED;
}

int
command_layout(char *text, const char **tag, struct oci_why *why)
{
	char *colon = strrchr(text, ':'), like[IMAGE_REF_MAX];
	struct oci_ref r;

	*tag = NULL;
	if (!colon || strchr(colon, '/'))
		return 0;
	*colon = '\0';
	*tag = colon + 1;
	snprintf(like, sizeof(like), "localhost/image:%.256s", *tag);
	return oci_ref_parse(like, &r, why);
}

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
