/* SPDX-License-Identifier: Apache-2.0 */
#include "image/reach.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "common/log.h"
#include "image/file.h"

#define SYSTEM_CA "/etc/ssl/certs/ca-certificates.crt"
#define CA_MAX (4u << 20)
#define AUTH_MAX (1u << 20)
#define CONNECT_MS 10000
#define PATH_ROOM 4096

AUTO_DEFINE(addrinfo, struct addrinfo *, freeaddrinfo)

/* *has: there are some for it.  -ENOENT: there is no such file. */
static int
read_auth(const char *file, const struct oci_ref *ref, struct oci_auth *out, bool *has, struct oci_why *why)
{
	AUTO(mem) void *bytes = NULL;
	size_t len;
	int err = file_read(AT_FDCWD, file, AUTH_MAX, &bytes, &len, why);

	if (err)
		return err;
	err = oci_auth_find(bytes, len, ref, out, why);
	explicit_bzero(bytes, len);
	*has = !err;
	return err == -ENOENT ? 0 : err;
}

/* Where `skopeo login`, `podman login` and `docker login` write. */
static int
default_auth(const struct oci_ref *ref, struct oci_auth *out, bool *has, struct oci_why *why)
{
	const struct { const char *env, *below; } places[] = {
		{ "REGISTRY_AUTH_FILE", "" },
		{ "XDG_RUNTIME_DIR", "/containers/auth.json" },
		{ "HOME", "/.config/containers/auth.json" },
		{ "DOCKER_CONFIG", "/config.json" },
		{ "HOME", "/.docker/config.json" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(places) && !*has; i++) {
		const char *value = getenv(places[i].env);
		char path[PATH_ROOM];
		int err;

		if (!value || !*value || snprintf(path, sizeof(path), "%s%s", value, places[i].below) >= PATH_ROOM)
			continue;
		err = read_auth(path, ref, out, has, why);
		if (err && err != -ENOENT)
			return err;
	}
	return 0;
}

int
reach_open(struct reach *r, const struct oci_ref *ref, const char *ca_file, const char *auth_file, struct oci_why *why)
{
	int err = file_read(AT_FDCWD, ca_file ? ca_file : SYSTEM_CA, CA_MAX, &r->ca, &r->ca_len, why);

	/* A registry by http needs none. */
	if (err && (ca_file || err != -ENOENT))
		return err;
	r->auth = calloc(1, sizeof(*r->auth));
	if (!r->auth)
		return oci_refuse(why, -ENOMEM, "no memory for the credentials");
	return auth_file ? read_auth(auth_file, ref, r->auth, &r->has_auth, why) :
		default_auth(ref, r->auth, &r->has_auth, why);
}

void
reach_close(struct reach *r)
{
	free(r->ca);
	if (r->auth)
		explicit_bzero(r->auth, sizeof(*r->auth));
	free(r->auth);
	*r = (struct reach){ 0 };
}

static int
connect_in_time(int fd, const struct addrinfo *a)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	socklen_t len = sizeof(int);
	int err = 0;

	if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return -errno;
	if (poll(&p, 1, CONNECT_MS) <= 0)
		return -ETIMEDOUT;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		return -errno;
	return -err;
}

int
reach_connect(void *arg, const char *host, uint16_t port, bool local, struct oci_why *why)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
	AUTO(addrinfo) struct addrinfo *all = NULL;
	char service[8];
	int err;

	snprintf(service, sizeof(service), "%u", port);
	err = getaddrinfo(host, service, &hints, &all);
	if (err)
		return oci_refuse(why, -EHOSTUNREACH, "%s: %s", host, gai_strerror(err));
	for (const struct addrinfo *a = all; a; a = a->ai_next) {
		AUTO(fd) int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

		err = fd < 0 ? -errno : connect_in_time(fd, a);
		if (!err)
			return TAKE_FD(fd);
	}
	return oci_refuse(why, -EHOSTUNREACH, "%s:%u: %s", host, port, strerror(-err));
}
