/* SPDX-License-Identifier: Apache-2.0 */
#include "common/mountinfo.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"

/* "\040" and the like for the blanks in a path. */
static void
unescape(char *s)
{
	char *out = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] && s[2] && s[3]) {
			*out++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*out++ = *s;
		}
	}
	*out = '\0';
}

int
mountinfo_each(int (*each)(void *arg, const struct mountinfo *m), void *arg)
{
	char root[4096], point[4096], type[64], options[1024];
	const struct mountinfo m = { root, point, type, options };
	FILE *f = fopen("/proc/self/mountinfo", "re");
	AUTO(mem) char *line = NULL;
	size_t room = 0;
	int ret = 0;

	if (!f)
		return -errno;
	while (!ret && getline(&line, &room, f) > 0) {
		const char *rest = strstr(line, " - ");

		if (!rest || sscanf(line, "%*s %*s %*s %4095s %4095s", root, point) != 2 ||
		    sscanf(rest, " - %63s %*s %1023s", type, options) != 2)
			continue;
		unescape(root);
		unescape(point);
		ret = each(arg, &m);
	}
	fclose(f);
	return ret;
}

struct sought {
	char *out;
	size_t size;
};

static int
take_cgroup2(void *arg, const struct mountinfo *m)
{
	const struct sought *s = arg;

	if (strcmp(m->type, "cgroup2") != 0 || strcmp(m->root, "/") != 0)
		return 0;
	if (strlen(m->point) >= s->size)
		return -ENAMETOOLONG;
	strcpy(s->out, m->point);
	return 1;
}

int
mountinfo_cgroup2(char *out, size_t size)
{
	struct sought s = { out, size };
	int ret = mountinfo_each(take_cgroup2, &s);

	return ret == 1 ? 0 : ret ? ret : -ENOENT;
}
