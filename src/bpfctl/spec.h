/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFCTL_SPEC_H
#define BPFD_BPFCTL_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpfctl/buf.h"
#include "bpfd_v1.pb-c.h"

/* Readers of the small languages in options.  Each returns 0, or -EINVAL with a sentence in *why
 * (which the caller frees), or -ENOMEM. */

/* Decimal or 0x hexadecimal in min..max, nothing around it. */
int	spec_number(const char *text, uint64_t min, uint64_t max, uint64_t *out);	/* -EINVAL */
bool	spec_is_id(const char *text);		/* decimal digits only */

/* KEY=VALUE, split at the first '='; key is not empty.  Both are allocated. */
int	spec_pair(const char *text, char **key, char **value, struct buf *why);

/* NAME=HEX: an even number of hexadecimal digits, 0x before them allowed; or NAME=TYPE:NUMBER with
 * TYPE u8 to u64 or i8 to i64. */
int	spec_global(const char *text, char **name, uint8_t **value, size_t *len, struct buf *why);

/* NAME[:TYPE[:TARGET]]; what is missing is "".  Points into *copy, which the caller frees. */
int	spec_program(const char *text, Bpfd__V1__ProgramSpec *out, char **copy, struct buf *why);

/* Adds an element to an array of pointers (array: where it is), whatever they point to.  -ENOMEM. */
int	spec_append(void *array, size_t *n, void *element);

/*
 * An attachment: KIND[:TARGET][,KEY=VALUE...] of `load --attach`, or built key by key.  req is
 * ready to be sent but for its program.
 */
struct spec_attach {
	Bpfd__V1__AttachRequest req;
	const char *program;		/* key program; NULL: not given */
	char **owned;			/* every text that req points to */
	size_t n_owned;
};
void	spec_attach_init(struct spec_attach *s);
/* Keys: direction, mode, netns, priority, proceed-on, cookie, metadata, program, future; any other is an
 * option of the kind, which the daemon checks. */
int	spec_attach_set(struct spec_attach *s, const char *key, const char *value, struct buf *why);
int	spec_attach_option(struct spec_attach *s, const char *key, const char *value);	/* -ENOMEM */
int	spec_attach_pair(struct spec_attach *s, char *text, struct buf *why);	/* KEY=VALUE; cuts text */
int	spec_attach_target(struct spec_attach *s, const char *kind, const char *target);
int	spec_attach_read(struct spec_attach *s, const char *text, struct buf *why);
void	spec_attach_free(struct spec_attach *s);

static inline __attribute__((unused)) void
auto_spec_attach(struct spec_attach *s)
{
	spec_attach_free(s);
}

#endif
