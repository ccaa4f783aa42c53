/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_COMMON_DIR_H
#define BPFD_COMMON_DIR_H

#include <dirent.h>

#include "common/auto.h"

/* AUTO(dir): from opendir() or fdopendir(); NULL is fine. */
static inline void
dir_close(DIR *d)
{
	if (d)
		closedir(d);
}
AUTO_DEFINE(dir, DIR *, dir_close)

#endif
