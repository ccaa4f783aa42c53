/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFD_TEXTS_H
#define BPFD_BPFD_TEXTS_H

#include "common/auto.h"
#include "ipc/bundle.h"

/*
 * The files of rules, lists and actions, read but not looked into: bpfd-config gets them as one
 * bundle.  A file that others than root may change, or that is no file, is in it with the reason
 * in the place of its text.
 */
#define TEXTS_FILES_MAX 4096		/* of one folder */

struct texts {
	struct bundle_file *files;	/* paths and texts are allocated */
	size_t n, room;
};

/* NAME.toml of a folder (of BUNDLE_TRUST keys and certificates, too), in the order of their names; no folder: none.  -ENOMEM; or the folder
 * cannot be used, logged. */
int	texts_read(struct texts *t, enum bundle_kind kind, const char *dir);
int	texts_add(struct texts *t, enum bundle_kind kind, const char *path, const char *text, size_t len);
/* All of them as a sealed memfd; the caller's. */
int	texts_pack(const struct texts *t);
void	texts_free(struct texts *t);
/* Why a file or a folder may not be used: whose it is, who may write to it; NULL: it may. */
struct stat;
const char *texts_distrust(const struct stat *st);

AUTO_DEFINE(texts, struct texts *, texts_free)

#endif
