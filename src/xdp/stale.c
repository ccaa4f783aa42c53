/* SPDX-License-Identifier: Apache-2.0 */
#include "xdp/stale.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/auto.h"
#include "xdp/chain.h"

/* Links first: as long as one of them is there, the program is of no use to another dispatcher. */
static void
remove_dispatcher(int dir, uint32_t ifindex, uint32_t id)
{
	static const char *const what[] = { "link", "prog" };
	char name[96];

	for (unsigned int i = 0; i < 2 * XDP_PROGS_MAX; i++) {
		snprintf(name, sizeof(name), "dispatch-%u-%u/prog%u-%s", ifindex, id, i % XDP_PROGS_MAX,
			what[i / XDP_PROGS_MAX]);
		unlinkat(dir, name, 0);
	}
	snprintf(name, sizeof(name), "dispatch-%u-%u", ifindex, id);
	unlinkat(dir, name, AT_REMOVEDIR);
}

static void
remove_tests(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;

	if (!d) {
		close_keep_errno(fd);
		return;
	}
	while ((e = readdir(d)))
		if (strncmp(e->d_name, "prog-test-link-", 15) == 0)
			unlinkat(dir, e->d_name, 0);
	closedir(d);
}

int
stale_remove(uint32_t ifindex, uint32_t attached_id, const uint32_t *ids, uint32_t n)
{
	AUTO(fd) int dir = open(XDP_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0 || flock(dir, LOCK_EX) < 0)
		return -errno;
	for (uint32_t i = 0; i < n; i++)
		if (ids[i] && ids[i] != attached_id)
			remove_dispatcher(dir, ifindex, ids[i]);
	remove_tests(dir);
	return 0;
}
