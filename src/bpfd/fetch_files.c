/* SPDX-License-Identifier: Apache-2.0 */
/* What a bpfd-fetch is given: its limits, its image, and files that are opened here and read there after it is sealed. */
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

static int
open_ca(const struct sup *s)
{
	int fd;

	if (s->cfg->images_ca_file[0])
		return open_key(s, "ca_file", s->cfg->images_ca_file, false);
	fd = trusted_ca();
	return fd < 0 ? nothing() : fd;
}

static int
open_auth(const struct sup *s)
{
	return s->cfg->images_auth_file[0] ? open_key(s, "auth_file", s->cfg->images_auth_file, true) : nothing();
}

static int
open_trust(const struct sup *s)
{
	int fd = s->lasting.trust < 0 ? -1 : fcntl(s->lasting.trust, F_DUPFD_CLOEXEC, 0);

	if (s->lasting.trust < 0)
		return log_err(-ENOKEY, "fetch.trust", "key=images.trust_dir it could not be read, so no image is taken");
	return fd < 0 ? -errno : fd;
}

static void
limits(const struct config *c, struct msg_start_fetch *m)
{
	static_assert(sizeof(m->plain) == sizeof(c->images_insecure_registries.glob), "one list");

	m->object_bytes = c->limits_object_bytes;
	m->layer_bytes = c->images_layer_bytes;
	m->manifest_bytes = c->images_manifest_bytes;
	m->memory_bytes = c->images_memory_bytes;
	m->cpu_s = c->images_cpu_s;
	m->idle_ms = (uint32_t)c->images_idle_ms;
	m->total_ms = (uint32_t)c->images_timeout_ms;
	m->retries = (uint32_t)c->images_retries;
	m->n_plain = c->images_insecure_registries.n;
	memcpy(m->plain, c->images_insecure_registries.glob, sizeof(m->plain));
}

int
fetch_give(struct fetch *f)
{
	struct sup *s = f->task.sup;
	AUTO(fd) int ca = open_ca(s);
	AUTO(fd) int auth = ca < 0 ? ca : open_auth(s);
	AUTO(fd) int trust = auth < 0 ? auth : open_trust(s);
	struct msg_start_fetch start = { 0 };
	int err;

	if (trust < 0)
		return trust;
	limits(s->cfg, &start);
	err = chan_send_nonblock(f->chan, IPC_START_FETCH, 0, &start, (int[]){ f->request, f->bundle, f->api });
	return err ? err : chan_send_nonblock(f->chan, IPC_FETCH_FILES, 0, NULL, (int[]){ ca, auth, trust, s->empty });
}
