/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_IMAGE_COMMAND_H
#define BPFD_IMAGE_COMMAND_H

#include "oci/oci.h"

/* Statuses of bpfctl, which executes this program and has read its arguments already: bpfctl(8). */
enum command_exit { COMMAND_DONE = 0, COMMAND_FAILED = 1, COMMAND_USAGE = 2, COMMAND_NOT_FOUND = 3,
	COMMAND_UNREACHABLE = 4, COMMAND_DENIED = 5, COMMAND_TIMEOUT = 124 };

/* argv[0] is the command's word; options as --NAME=VALUE.  An exit status, reported. */
int	command_build(int argc, char **argv);
int	command_push(int argc, char **argv);

/* "bpfctl: image WORD: why" on standard error.  The exit status that fits err, a negative errno. */
int	command_fail(const char *word, int err, const struct oci_why *why);

/* What bpfctl's options of every command say. */
struct command_output {
	const char *format;		/* --output; NULL: the plain text */
	bool quiet;
};
/* Prints the digest, and the image (NULL: it has no name) where the format has members.  An exit status. */
int	command_print(const struct command_output *o, const char *image, const char *digest);

/* DIR[:TAG], cut in place.  *tag is NULL when there is none.  -EINVAL: it is no tag. */
int	command_layout(char *text, const char **tag, struct oci_why *why);

#endif
