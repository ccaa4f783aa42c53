/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFCTL_IMAGE_SOURCE_H
#define BPFD_BPFCTL_IMAGE_SOURCE_H

#include "bpfctl/ctl.h"

/*
 * An image on the command line.  A word means an image and no file when it begins with docker://, or when
 * it is HOST/NAME with a dot, a colon or localhost in HOST, does not end in .o, and no file of that name exists.
 */
bool	image_is_meant(const char *word);
const char *image_reference(const char *word);		/* behind docker:// */

#define IMAGE_POLICIES "always|if-not-present|never"

struct image_source {
	Bpfd__V1__ImageSource msg;
	char *username, *password;
};

/* Reference, --pull-policy and --auth-file.  CTL_DONE, or reported; s is to be freed in any case. */
int	image_source_read(struct ctl *ctl, const struct args *args, const char *what, const char *word,
		Bpfd__V1__PullPolicy policy, struct image_source *s);
void	image_source_free(struct image_source *s);	/* wipes the password */

static inline __attribute__((unused)) void
auto_image_source(struct image_source *s)
{
	image_source_free(s);
}

/* A pull has the daemon's time limit (images.timeout_ms), unless --timeout was given. */
void	image_no_hurry(struct ctl *ctl, const struct args *args);

/* Pulls, with a bar on standard error when that is a terminal.  out: NULL if nobody wants it. */
int	image_pull(struct ctl *ctl, const char *what, const struct image_source *s, bool dry_run,
		Bpfd__V1__PullImageResponse **out);
bool	image_bar_wanted(const struct ctl *ctl);

#endif
