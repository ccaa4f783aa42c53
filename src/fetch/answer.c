/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/memfd.h"
#include "fetch/fetch.h"

#define PROGRESS_MS 100

void
answer_progress(void *arg, const char *what, uint64_t done, uint64_t total)
{
	struct fetch *f = arg;
	struct msg_fetch_progress m = { .done = done, .total = total };
	int64_t now = clock_ms();

	if (now - f->told_ms < PROGRESS_MS && done != total)
		return;
	f->told_ms = now;
	snprintf(m.what, sizeof(m.what), "%s", what);
	/* Who does not read them in time misses some. */
	chan_send_nonblock(f->api, IPC_FETCH_PROGRESS, 0, &m, NULL);
}

/* The loader has the verdict before the API has the object. */
static int
tell_verdict(struct fetch *f, const struct image_facts *facts)
{
	struct msg_verdict v = { .signature = facts->signature };
	struct chan_msg m;
	int err;

	memcpy(v.object_sha256, facts->object_sha256, sizeof(v.object_sha256));
	memcpy(v.digest, facts->digest, sizeof(v.digest));
	memcpy(v.ref, facts->ref, sizeof(v.ref));
	memcpy(v.signer, facts->signer, sizeof(v.signer));
	err = chan_send(f->sup, IPC_FETCH_VERDICT, 0, &v, NULL);
	if (!err)
		err = chan_wait(f->sup, &m, -1);
	if (err > 0)
		err = m.hdr.type == IPC_FETCH_NOTED ? 0 : -EPROTO;
	else if (!err)
		err = -EPIPE;
	return err ? oci_refuse(&f->why, -ECANCELED, "bpfd ends") : 0;
}

static int
give(struct fetch *f, const struct image_facts *facts, const void *object, const void *bundle)
{
	AUTO(fd) int facts_fd = memfd_sealed("bpfd-facts", facts, sizeof(*facts));
	AUTO(fd) int object_fd = memfd_sealed("bpfd-object", object, facts->object_bytes);
	AUTO(fd) int bundle_fd = memfd_sealed("bpfd-bundle", bundle, facts->bundle_bytes);
	int err;

	if (facts_fd < 0 || object_fd < 0 || bundle_fd < 0)
		return oci_refuse(&f->why, -ENOMEM, "out of memory");
	err = tell_verdict(f, facts);
	if (err)
		return err;
	return chan_send(f->api, IPC_FETCH_DONE, 0, NULL, (int[]){ facts_fd, object_fd, bundle_fd });
}

int
answer_image(struct fetch *f)
{
	const struct oci_limits limits = { .object_bytes = f->limits.object_bytes,
		.layer_bytes = f->limits.object_bytes + (1u << 20) };
	const struct oci_blob *blobs = f->got.blobs;
	AUTO(mem) struct image_facts *facts = calloc(1, sizeof(*facts));
	AUTO(mem) void *object = NULL;
	AUTO(mem) void *bundle = NULL;
	size_t object_len, bundle_len;
	int err = facts ? 0 : oci_refuse(&f->why, -ENOMEM, "out of memory");

	if (!err)
		err = oci_image_read(f->request->ref, blobs, f->got.n, f->request->arch, facts, &f->why);
	if (!err)
		err = signature_decide(f->trust, blobs, f->got.n, facts, &f->why);
	/* Nothing is unpacked that is not to be trusted. */
	if (!err)
		err = oci_image_object(blobs, f->got.n, &limits, facts, &object, &object_len, &f->why);
	if (!err && oci_bundle_pack(facts->ref, blobs, f->got.n, &bundle, &bundle_len))
		err = oci_refuse(&f->why, -ENOMEM, "out of memory");
	if (err)
		return err;
	facts->bundle_bytes = bundle_len;
	return give(f, facts, object, bundle);
}

/* A stored image that is damaged is lost; a registry's is no precondition of what is wanted. */
static enum ipc_code
code_of(int err, const struct fetch *f)
{
	const bool stored = f->request && f->request->mode == IMAGE_CHECK;

	switch (err) {
	case -ENOENT:
		return IPC_NOT_FOUND;
	case -EPERM:
		return IPC_UNAUTHENTICATED;
	case -EACCES:
	case -EKEYREJECTED:
		return IPC_PERMISSION_DENIED;
	case -ETIMEDOUT:
		return IPC_DEADLINE_EXCEEDED;
	case -EHOSTUNREACH:
	case -EAGAIN:
		return IPC_UNAVAILABLE;
	case -EFBIG:
	case -ENOMEM:
		return IPC_RESOURCE_EXHAUSTED;
	case -ECANCELED:
		return IPC_CANCELLED;
	case -EBADMSG:
		return stored ? IPC_DATA_LOSS : IPC_FAILED_PRECONDITION;
	case -EINVAL:
		return f->ref.name[0] ? IPC_FAILED_PRECONDITION : IPC_INVALID_ARGUMENT;
	default:
		return IPC_INTERNAL;
	}
}

void
answer_failure(struct fetch *f, int err)
{
	struct msg_fetch_failed m = { .code = code_of(err, f), .err = err };

	snprintf(m.text, sizeof(m.text), "%s", f->why.text[0] ? f->why.text : strerrordesc_np(-err));
	chan_send(f->api, IPC_FETCH_FAILED, 0, &m, NULL);
}
