/* SPDX-License-Identifier: Apache-2.0 */
/* LINK_SITES: looks into a file, and answers. */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "linker/linker.h"
#include "linker/sites.h"

#define FILE_MAX (512u << 20)

int
link_sites(struct linker *ln, const struct msg_link_sites *m, int fd)
{
	static struct sites s;
	struct msg_linked_sites last = { 0 };
	struct stat st;
	void *image;
	int err = 0;

	if (fstat(fd, &st) < 0 || !IPC_STR_OK(m->provider) || !IPC_STR_OK(m->names))
		return -EINVAL;
	if (st.st_size <= 0 || st.st_size > FILE_MAX) {
		last.err = sites_fail(&s, -EFBIG, "the file is empty or has more than %u MiB",
			FILE_MAX >> 20);
	} else {
		image = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
		if (image == MAP_FAILED)
			return -errno;
		last.err = sites_find(&s, m, image, (size_t)st.st_size);
	}
	for (size_t i = 0; i < s.n && !last.err && !err; i++)
		err = chan_send(ln->ch, IPC_LINKED_SITE, 0, &s.all[i], NULL);
	last.n = last.err ? 0 : (uint32_t)s.n;
	if (last.err)
		snprintf(last.text, sizeof(last.text), "%s", s.text);
	/* A long name of the client's may have been cut within a letter. */
	for (char *c = last.text; !IPC_STR_OK(last.text) && *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return err ? err : chan_send(ln->ch, IPC_LINKED_SITES, 0, &last, NULL);
}
