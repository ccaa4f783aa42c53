/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/slots.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/array.h"
#include "common/auto.h"

int
slots_add(struct slots *t, const struct slot *s, uint64_t bytes)
{
	AUTO(fd) int fd = memfd_create("bpf-object", MFD_CLOEXEC);
	struct stat st;
	int err;

	if (fd < 0 || fstat(fd, &st) < 0 || (bytes && ftruncate(fd, (off_t)bytes) < 0))
		return -errno;
	err = array_room(&t->all, t->n, &t->room, sizeof(*t->all));
	if (err)
		return err;

	t->all[t->n] = *s;
	t->all[t->n].dev = st.st_dev;
	t->all[t->n].ino = st.st_ino;
	t->n++;
	return TAKE_FD(fd);
}

const struct slot *
slots_find(const struct slots *t, int fd)
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return NULL;
	for (size_t i = t->n; i-- > 0;)
		if (t->all[i].ino == st.st_ino && t->all[i].dev == st.st_dev)
			return &t->all[i];
	return NULL;
}

void
slots_reset(struct slots *t)
{
	free(t->all);
	*t = (struct slots){ 0 };
}
