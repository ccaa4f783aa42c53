/* SPDX-License-Identifier: Apache-2.0 */
/* Files of the administrator's that are opened here and read by somebody else. */
#include "bpfd/trusted.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "common/auto.h"

/* Where distributions keep the certificates that they trust. */
static const char *const ca_places[] = { "/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem" };

int
trusted_open(const char *path, bool secret)
{
	AUTO(fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_uid != 0 || (st.st_mode & (secret ? 077 : 022)))
		return -EPERM;
	return TAKE_FD(fd);
}

const char *
trusted_want(int err, bool secret)
{
	if (err != -EPERM)
		return "";
	return secret ? " it must be root's, mode 0600" : " it must be root's and nobody else may write it";
}

int
trusted_ca(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(ca_places); i++) {
		int fd = trusted_open(ca_places[i], false);

		if (fd >= 0)
			return fd;
	}
	return -ENOENT;
}
