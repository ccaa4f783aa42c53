/* SPDX-License-Identifier: Apache-2.0 */
#include "component/fakefetch.h"

#include <errno.h>
#include <poll.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/auto.h"
#include "common/memfd.h"

#define OBJECT "an object of an image"

static int
memfd(const void *bytes, size_t len)
{
	int fd = memfd_sealed("fakefetch", bytes, len);

	if (fd < 0)
		abort();
	return fd;
}

static void
fill(const struct fakefetch *f, struct image_facts *facts)
{
	SHA2_CTX sha;

	facts->magic = IMAGE_FACTS_MAGIC;
	facts->signature = f->signature;
	facts->n_programs = facts->n_maps = 1;
	facts->object_bytes = sizeof(OBJECT) - 1;
	facts->layer_bytes = 17;
	SHA256Init(&sha);
	SHA256Update(&sha, (const uint8_t *)OBJECT, sizeof(OBJECT) - 1);
	SHA256Final(facts->object_sha256, &sha);
	facts->object_sha256[0] ^= f->mood == FETCH_OTHER_OBJECT;
	snprintf(facts->ref, sizeof(facts->ref), "%s", f->request.ref);
	strcpy(facts->digest, "sha256:");
	memset(facts->digest + 7, f->mood == FETCH_LIES ? 'e' : f->digest, 64);
	strcpy(facts->arch, "amd64");
	strcpy(facts->signer, f->signer);
	strcpy(facts->programs[0].name, "only");
	strcpy(facts->programs[0].kind, "xdp");
	strcpy(facts->maps[0].name, "counts");
	strcpy(facts->maps[0].kind, "hash");
	if (f->mood == FETCH_LIES_NAME)
		facts->ref[0] = 'x';
	if (f->mood == FETCH_BABBLES)
		facts->n_maps = IMAGE_NAMES_MAX + 1;
}

static void
finish(struct fakefetch *f, struct chan *c)
{
	const struct msg_fetch_progress half = { .done = 5, .total = 10, .what = "layer" };
	const struct msg_fetch_failed no = { .code = IPC_PERMISSION_DENIED, .text = "no good signature" };
	AUTO(mem) struct image_facts *facts = calloc(1, sizeof(*facts));
	size_t len = f->bundle_bytes ? f->bundle_bytes : 32;
	AUTO(mem) char *bytes = calloc(1, len + 1);
	AUTO(fd) int facts_fd = -1, object = memfd(OBJECT, sizeof(OBJECT) - 1), bundle = -1;

	if (!facts || !bytes)
		abort();
	fill(f, facts);
	facts->bundle_bytes = len;
	facts_fd = memfd(facts, sizeof(*facts));
	snprintf(bytes, len, "bundle of %c", f->digest);
	bundle = memfd(bytes, len);
	if (f->mood != FETCH_DIES)
		chan_send(c, IPC_FETCH_PROGRESS, 0, &half, NULL);
	if (f->mood == FETCH_FAILS)
		chan_send(c, IPC_FETCH_FAILED, 0, &no, NULL);
	else if (f->mood != FETCH_DIES)
		chan_send(c, IPC_FETCH_DONE, 0, NULL, (int[]){ facts_fd, object, bundle });
	chan_free(c);
}

static void
on_fetch(struct fakefetch *f, const struct chan_msg *m)
{
	const struct msg_fetch_failed no = { .code = IPC_RESOURCE_EXHAUSTED, .text = "images.parallel" };
	struct chan *c = NULL;
	int sv[2];

	if (pread(m->fds[0], &f->request, sizeof(f->request), 0) != sizeof(f->request))
		abort();
	memset(f->bundle, 0, sizeof(f->bundle));
	if (f->request.mode == IMAGE_CHECK && pread(m->fds[1], f->bundle, sizeof(f->bundle) - 1, 0) < 0)
		abort();
	if (f->request.mode == IMAGE_PULL)
		f->pull = f->request;
	f->pulls += f->request.mode == IMAGE_PULL;
	f->checks += f->request.mode == IMAGE_CHECK;
	if (f->mood == FETCH_REFUSES) {
		chan_send(f->rig->ctl, IPC_FETCH_FAILED, m->hdr.seq, &no, NULL);
		return;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0)
		abort();
	chan_new(sv[0], ROLE_FETCH, FROM_API, &c);
	chan_send(f->rig->ctl, IPC_FETCH_CHANNEL, m->hdr.seq, NULL, &sv[1]);
	close(sv[1]);
	if (f->mood == FETCH_WAITS)
		f->waiting = c;
	else
		finish(f, c);
}

static void
turn(struct fakefetch *f)
{
	struct chan_msg m;

	if (f->waiting && f->mood != FETCH_WAITS) {
		finish(f, f->waiting);
		f->waiting = NULL;
	} else if (f->waiting && chan_recv(f->waiting, &m) == 0) {
		chan_free(f->waiting);
		f->waiting = NULL;
		f->ended++;
	}
	while (chan_recv(f->rig->ctl, &m) > 0) {
		if (m.hdr.type == IPC_FETCH)
			on_fetch(f, &m);
		chan_drop_fds(&m);
	}
}

static void *
serve(void *arg)
{
	struct fakefetch *f = arg;
	bool stop = false;

	while (!stop) {
		struct pollfd p = { chan_fd(f->rig->ctl), POLLIN, 0 };

		poll(&p, 1, 5);
		pthread_mutex_lock(&f->lock);
		stop = f->stop;
		if (!stop)
			turn(f);
		pthread_mutex_unlock(&f->lock);
	}
	chan_free(f->waiting);
	f->waiting = NULL;
	return NULL;
}

void
fakefetch_init(struct fakefetch *f, struct apirig *rig)
{
	*f = (struct fakefetch){ .rig = rig, .digest = 'a', .signature = IMAGE_SIGNED_KEY, .signer = "release" };
	pthread_mutex_init(&f->lock, NULL);
}

void
fakefetch_start(struct fakefetch *f)
{
	f->stop = false;
	f->running = pthread_create(&f->thread, NULL, serve, f) == 0;
}

void
fakefetch_stop(struct fakefetch *f)
{
	if (!f->running)
		return;
	pthread_mutex_lock(&f->lock);
	f->stop = true;
	pthread_mutex_unlock(&f->lock);
	pthread_join(f->thread, NULL);
	f->running = false;
}

void
fakefetch_mood(struct fakefetch *f, enum fetch_mood mood)
{
	pthread_mutex_lock(&f->lock);
	f->mood = mood;
	pthread_mutex_unlock(&f->lock);
}

unsigned int
fakefetch_get(struct fakefetch *f, const unsigned int *which)
{
	unsigned int n;

	pthread_mutex_lock(&f->lock);
	n = *which;
	pthread_mutex_unlock(&f->lock);
	return n;
}
