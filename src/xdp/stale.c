/* SPDX-License-Identifier: Apache-2.0 */
#include "xdp/stale.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/dir.h"
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
remove_tests(DIR *dir)
{
	const struct dirent *e;

	while ((e = readdir(dir)))
		if (strncmp(e->d_name, "prog-test-link-", 15) == 0)
			unlinkat(dirfd(dir), e->d_name, 0);
}

/* Ids of the programs that are pinned there, by position; how many, from the first on. */
static uint32_t
read_dispatcher(uint32_t ifindex, uint32_t id, uint32_t ids[XDP_PROGS_MAX])
{
	struct bpf_prog_info info;
	char path[128];
	uint32_t n, len;

	for (n = 0; n < XDP_PROGS_MAX; n++) {
		AUTO(fd) int fd = -1;

		snprintf(path, sizeof(path), XDP_DIR "/dispatch-%u-%u/prog%u-prog", ifindex, id, n);
		fd = bpf_obj_get(path);
		len = sizeof(info);
		memset(&info, 0, sizeof(info));
		if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len) < 0)
			break;
		ids[n] = info.id;
	}
	return n;
}

static bool
has(const uint32_t *ids, uint32_t n, uint32_t id)
{
	while (n && ids[n - 1] != id)
		n--;
	return n != 0;
}

int
stale_find(const struct msg_xdp_find *m, uint32_t *id, uint32_t ids[XDP_PROGS_MAX], uint32_t *n)
{
	AUTO(dir) DIR *d = opendir(XDP_DIR);
	uint32_t found[XDP_PROGS_MAX], n_found, ifindex, at, best = 0;
	const struct dirent *e;

	if (!d || flock(dirfd(d), LOCK_EX) < 0)
		return -errno;
	while ((e = readdir(d))) {
		if (sscanf(e->d_name, "dispatch-%" SCNu32 "-%" SCNu32, &ifindex, &at) != 2 || ifindex != m->ifindex ||
		    at <= m->behind || (best && at >= best))
			continue;
		n_found = read_dispatcher(ifindex, at, found);
		if (!has(found, n_found, m->prog_id))
			continue;
		best = at;
		*n = n_found;
		memcpy(ids, found, n_found * sizeof(*ids));
	}
	if (!best)
		return -ENOENT;
	*id = best;
	return 0;
}

int
stale_remove(uint32_t ifindex, uint32_t attached_id, const uint32_t *ids, uint32_t n)
{
	AUTO(dir) DIR *dir = opendir(XDP_DIR);

	if (!dir || flock(dirfd(dir), LOCK_EX) < 0)
		return -errno;
	for (uint32_t i = 0; i < n; i++)
		if (ids[i] && ids[i] != attached_id)
			remove_dispatcher(dirfd(dir), ifindex, ids[i]);
	remove_tests(dir);
	return 0;
}
