/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "common/io.h"
#include "common/log.h"
#include "common/memfd.h"
#include "fetch/fetch.h"

#define CA_MAX		(4u << 20)
#define AUTH_MAX	(1u << 20)

int
given_take(struct given *g, struct chan *sup)
{
	struct chan_msg m;
	int err = 0;

	while (!err && (g->request < 0 || g->root < 0)) {
		err = chan_wait(sup, &m, -1);
		if (err <= 0)
			return err ? err : -EPIPE;
		err = 0;
		if (m.hdr.type == IPC_START_FETCH) {
			g->limits = *(const struct msg_start_fetch *)m.payload;
			g->request = TAKE_FD(m.fds[0]);
			g->bundle = TAKE_FD(m.fds[1]);
			g->api = TAKE_FD(m.fds[2]);
		} else if (m.hdr.type == IPC_FETCH_FILES) {
			g->ca = TAKE_FD(m.fds[0]);
			g->auth = TAKE_FD(m.fds[1]);
			g->trust = TAKE_FD(m.fds[2]);
			g->root = TAKE_FD(m.fds[3]);
		} else {
			err = -EPROTO;
		}
		chan_drop_fds(&m);
	}
	chan_set_phase(sup, PHASE_RUN);
	return err;
}

/* The whole of a file, of none NULL.  -EFBIG. */
static int
read_all(int fd, size_t max, void **out, size_t *len)
{
	AUTO(mem) char *bytes = NULL;
	struct stat st;
	int err;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -EINVAL;
	if ((uint64_t)st.st_size > max)
		return -EFBIG;
	bytes = malloc((size_t)st.st_size + 1);
	if (!bytes)
		return -ENOMEM;
	err = io_read_at(fd, bytes, (size_t)st.st_size, 0);
	if (err)
		return err;
	*len = (size_t)st.st_size;
	*out = *len ? TAKE_PTR(bytes) : NULL;
	return 0;
}

static int
read_request(struct fetch *f, int fd)
{
	const long len = memfd_seal_received(fd, sizeof(*f->request));

	f->request = len == (long)sizeof(*f->request) ? memfd_map(fd, sizeof(*f->request)) : NULL;
	if (!f->request || image_request_check(f->request))
		return oci_refuse(&f->why, -EINVAL, "the request for the image is malformed");
	return oci_ref_parse(f->request->ref, &f->ref, &f->why);
}

/* The request's own go first, then those of root's file. */
static int
read_auth(struct fetch *f, int fd)
{
	AUTO(mem) void *json = NULL;
	size_t len = 0;
	int err = -ENOENT;

	if (f->request->username[0]) {
		memcpy(f->auth.username, f->request->username, sizeof(f->request->username));
		memcpy(f->auth.password, f->request->password, sizeof(f->request->password));
		f->has_auth = true;
		return 0;
	}
	err = read_all(fd, AUTH_MAX, &json, &len);
	if (err)
		return oci_refuse(&f->why, err, "images.auth_file cannot be read");
	err = json ? oci_auth_find(json, len, &f->ref, &f->auth, &f->why) : -ENOENT;
	if (json)
		explicit_bzero(json, len);
	f->has_auth = !err;
	return err == -ENOENT ? 0 : err;
}

/* Without any every image is taken. */
static int
read_trust(struct fetch *f, int fd)
{
	struct stat st;
	struct image_trust *none;

	if (fstat(fd, &st) < 0)
		return oci_refuse(&f->why, -errno, "trust.d cannot be read");
	if (st.st_size) {
		f->trust = memfd_map(fd, sizeof(*f->trust));
		return f->trust && !trust_check(f->trust) ? 0 :
			oci_refuse(&f->why, -EINVAL, "what was made of trust.d is malformed");
	}
	none = malloc(sizeof(*none));
	if (!none)
		return oci_refuse(&f->why, -ENOMEM, "out of memory");
	trust_init(none);
	f->trust = none;
	return 0;
}

int
given_read(struct fetch *f, struct given *g)
{
	int err = read_request(f, g->request);

	f->limits = g->limits;
	if (!err)
		err = read_trust(f, g->trust);
	if (!err && f->request->mode == IMAGE_PULL)
		err = read_auth(f, g->auth);
	if (!err && f->request->mode == IMAGE_PULL && read_all(g->ca, CA_MAX, &f->ca, &f->ca_len))
		err = oci_refuse(&f->why, -EINVAL, "the certificates of images.ca_file cannot be read");
	/* Others' credentials are not there while a server talks to us. */
	close_keep_errno(TAKE_FD(g->auth));
	return err;
}

/* The layer is most of one; the rest is manifests and signatures. */
int
given_bundle(struct fetch *f, int fd, const void **bytes, size_t *len)
{
	const long n = memfd_seal_received(fd, f->limits.layer_bytes + 16 * f->limits.manifest_bytes);

	if (n < 0)
		return oci_refuse(&f->why, n == -EFBIG ? -EFBIG : -EBADMSG, "the stored image cannot be read: %s",
			n == -EFBIG ? "it is larger than images.layer_bytes allows" : "it is empty, or no memory of the API's");
	*bytes = memfd_map(fd, (size_t)n);
	*len = (size_t)n;
	return *bytes ? 0 : oci_refuse(&f->why, -ENOMEM, "out of memory");
}
