/* SPDX-License-Identifier: Apache-2.0 */
/* What a bpfd-fetch is given besides its image: opened here, read there after it is sealed. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "bpfd/fetch.h"
#include "common/auto.h"
#include "common/log.h"
#include "common/memfd.h"

/* Where distributions keep the certificates that they trust. */
static const char *const ca_places[] = { "/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem" };

/* Only of root's, which nobody else may write; secret: nor read. */
static int
open_trusted(const char *path, bool secret)
{
	AUTO(fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_uid != 0 || (st.st_mode & (secret ? 077 : 022)))
		return -EPERM;
	return TAKE_FD(fd);
}

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
		fd = open_trusted(path, secret);
	return fd < 0 ? log_err(fd, "fetch.file", "key=images.%s path=%s%s", key, path, fd == -EPERM ?
		secret ? " it must be root's, mode 0600" : " it must be root's and nobody else may write it" : "") : fd;
}

int
fetch_open_ca(const struct sup *s)
{
	if (s->cfg->images_ca_file[0])
		return open_key(s, "ca_file", s->cfg->images_ca_file, false);
	for (size_t i = 0; i < ARRAY_SIZE(ca_places); i++) {
		int fd = open_trusted(ca_places[i], false);

		if (fd >= 0)
			return fd;
	}
	return nothing();
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
