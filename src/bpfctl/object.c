/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl/object.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/io.h"

#define ASK_FROM_BYTES (1u << 20)	/* smaller objects are below any sensible limit */
#define LIMIT_DEFAULT (16u << 20)	/* for a daemon that does not tell */

static int
check_size(struct ctl *ctl, const char *what, const char *file, size_t size)
{
	Bpfd__V1__VersionRequest req = BPFD__V1__VERSION_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__VersionResponse *daemon = NULL;
	AUTO(client_error) struct client_error e = { 0 };
	uint64_t limit;

	if (size < ASK_FROM_BYTES)
		return CTL_DONE;
	if (rpc_version(ctl->client, &req, &daemon, &e))
		return ctl_fail_call(ctl, what, &e);
	limit = daemon->object_bytes_max ? daemon->object_bytes_max : LIMIT_DEFAULT;
	if (size <= limit)
		return CTL_DONE;
	return ctl_fail(ctl, CTL_FAILED,
		"llvm-strip -g removes debug information; bpfd.toml has the limit: object_bytes",
		what, "%s is too large: %zu bytes; bpfd takes objects up to %llu", file, size,
		(unsigned long long)limit);
}

int
object_read(struct ctl *ctl, const char *what, const char *file, uint8_t **data, size_t *len, char **path)
{
	AUTO(fd) int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	AUTO(mem) char *absolute = NULL;
	AUTO(mem) uint8_t *p = NULL;
	struct stat st;
	int err;

	if (fd < 0 || fstat(fd, &st) < 0)
		return ctl_fail_file(ctl, what, file, -errno);
	if (!S_ISREG(st.st_mode) || st.st_size == 0)
		return ctl_fail(ctl, CTL_FAILED, NULL, what, "%s is %s", file,
			S_ISREG(st.st_mode) ? "empty" : "no file");
	err = check_size(ctl, what, file, (size_t)st.st_size);
	if (err)
		return err;
	absolute = realpath(file, NULL);
	p = malloc((size_t)st.st_size);
	if (!absolute || !p)
		return ctl_fail_file(ctl, what, file, -errno);
	err = io_read(fd, p, (size_t)st.st_size, len);
	if (err)
		return ctl_fail_file(ctl, what, file, err);
	*data = TAKE_PTR(p);
	*path = TAKE_PTR(absolute);
	return CTL_DONE;
}
