/* SPDX-License-Identifier: Apache-2.0 */
/* What a bpfd-fetch is given besides its image: opened here, read there after it is sealed. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "bpfd/fetch.h"
#include "bpfd/trusted.h"
#include "common/auto.h"
#include "common/log.h"
#include "common/memfd.h"

static int
nothing(void)
{
	return memfd_sealed("bpfd-nothing", "", 0);
}

static int
open_key(const struct sup *s, const char *key, const char *name, bool secret)
{
	char path[PATH_MAX];
	int fd = confrun_beside(s, name, path);

	if (!fd)
		fd = trusted_open(path, secret);
	return fd < 0 ? log_err(fd, "fetch.file", "key=images.%s path=%s%s", key, path, trusted_want(fd, secret)) : fd;
}

int
fetch_open_ca(const struct sup *s)
{
	int fd;

	if (s->cfg->images_ca_file[0])
		return open_key(s, "ca_file", s->cfg->images_ca_file, false);
	fd = trusted_ca();
	return fd < 0 ? nothing() : fd;
}

int
fetch_open_auth(const struct sup *s)
{
	return s->cfg->images_auth_file[0] ? open_key(s, "auth_file", s->cfg->images_auth_file, true) : nothing();
}

int
fetch_open_trust(const struct sup *s)
{
	int fd = s->lasting.trust < 0 ? -1 : fcntl(s->lasting.trust, F_DUPFD_CLOEXEC, 0);

	if (s->lasting.trust < 0)
		return log_err(-ENOKEY, "fetch.trust", "key=images.trust_dir it could not be read, so no image is taken");
	return fd < 0 ? -errno : fd;
}
