/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/image_pb.h"
#include "api/images.h"
#include "api/programs_op.h"
#include "api/rpc_images.h"
#include "common/auto.h"
#include "common/log.h"

#define UNSENT_MAX	(64u << 10)	/* for the client, before it is told no more */

/* A pull, or the check of a cached image. */
struct pull {
	struct op op;
	struct image_get *get;
	bool dry_run;
	void (*progress)(struct call *call, const char *what, uint64_t done, uint64_t total);
	void (*reply)(struct call *call, const struct image_facts *f, bool dry_run);
};

struct load_image *
rpc_image_take(struct call *call, const char *url, int policy, const char *username, const char *password)
{
	struct load_image *i = calloc(1, sizeof(*i));

	if (!i) {
		programs_refuse(call, IPC_RESOURCE_EXHAUSTED, "no memory for the request");
		return NULL;
	}
	if (policy < 0 || policy >= N_IMAGE_PULLS) {
		programs_refuse(call, IPC_INVALID_ARGUMENT, "image: pull policy %d is none of 0 (Always), "
			"1 (IfNotPresent) and 2 (Never)", policy);
	} else if (rpc_string(call, "image: reference", url, i->ref, sizeof(i->ref), false) &&
		   rpc_string(call, "image: username", username, i->username, sizeof(i->username), true) &&
		   rpc_string(call, "image: password", password, i->password, sizeof(i->password), true)) {
		i->policy = (enum image_pull)policy;
		explicit_bzero((char *)(uintptr_t)password, strlen(password));	/* in the call's own memory */
		return i;
	}
	load_image_free(i);
	return NULL;
}

struct load_image *
rpc_image_source(struct call *call, const Bpfd__V1__ImageSource *rq)
{
	if (rq)
		return rpc_image_take(call, rq->reference, (int)rq->policy, rq->username, rq->password);
	programs_refuse(call, IPC_INVALID_ARGUMENT, "image: is not set");
	return NULL;
}

static void
pull_free(void *arg)
{
	struct pull *p = arg;

	images_cancel(p->get);
	free(p);
}

static void
on_cancelled(void *op)
{
	op_fail(op, IPC_CANCELLED, "cancelled");
}

static void
on_progress(void *arg, const char *what, uint64_t done, uint64_t total)
{
	struct pull *p = arg;

	if (p->progress && p->op.call)
		p->progress(p->op.call, what, done, total);
}

static void
on_got(void *arg, struct image_got *got, enum ipc_code code, const char *text)
{
	struct pull *p = arg;
	const struct image_facts *f = got ? got->facts : NULL;

	p->get = NULL;
	if (!f) {
		op_fail(&p->op, code, "%s", text);
		return;
	}
	op_what(&p->op, "image=%s digest=%s signature=%s signer=%s%s", LOG_QUOTE(f->ref), f->digest,
		image_signature_name((enum image_signature)f->signature), LOG_QUOTE(f->signer),
		p->dry_run ? " dry_run=1" : "");
	p->reply(p->op.call, f, p->dry_run);
	op_ok(&p->op);
}

static struct pull *
pull_new(struct call *call, const char *ref)
{
	struct pull *p = calloc(1, sizeof(*p));

	if (!p) {
		programs_refuse(call, IPC_RESOURCE_EXHAUSTED, "no memory for the request");
		return NULL;
	}
	op_start(&p->op, call, pull_free);
	p->op.cancelled = on_cancelled;
	op_what(&p->op, "image=%s", LOG_QUOTE(ref));
	return p;
}

static void
pull_run(struct pull *p, struct image_want *want)
{
	char text[IPC_TEXT_MAX];
	enum ipc_code code;

	want->dry_run = p->dry_run;
	want->progress = on_progress;
	want->done = on_got;
	want->arg = p;
	code = images_get(p->op.api, want, &p->get, text, sizeof(text));
	if (code != IPC_OK)
		op_fail(&p->op, code, "%s", text);
}

void
rpc_image_pull(struct call *call, struct load_image *i, bool dry_run,
	void (*progress)(struct call *call, const char *what, uint64_t done, uint64_t total),
	void (*reply)(struct call *call, const struct image_facts *f, bool dry_run))
{
	struct image_want want = { .ref = i->ref, .username = i->username, .password = i->password,
		.policy = i->policy };
	struct pull *p = pull_new(call, i->ref);

	if (p) {
		p->dry_run = dry_run;
		p->progress = progress;
		p->reply = reply;
		pull_run(p, &want);
	}
	load_image_free(i);
}

static void
send_progress(struct call *call, const char *what, uint64_t done, uint64_t total)
{
	Bpfd__V1__PullImageResponse rs = BPFD__V1__PULL_IMAGE_RESPONSE__INIT;
	Bpfd__V1__PullProgress progress = BPFD__V1__PULL_PROGRESS__INIT;

	if (call_unsent(call) > UNSENT_MAX)
		return;
	progress.what = (char *)what;
	progress.done = done;
	progress.total = total;
	rs.what_case = BPFD__V1__PULL_IMAGE_RESPONSE__WHAT_PROGRESS;
	rs.progress = &progress;
	call_send(call, &rs.base);
}

/* As it is in the cache now, or, when it is not kept, as it was found. */
static Bpfd__V1__Image *
message(struct scratch *s, struct api *api, const struct image_facts *f, bool dry_run)
{
	Bpfd__V1__Image *image = dry_run ? NULL : image_find(s, api, f->digest);

	if (image)
		return image;
	image = scratch_take(s, 1, sizeof(*image));
	if (!image)
		return NULL;
	image_fill(s, f, image);
	image->references = scratch_take(s, 1, sizeof(*image->references));
	if (image->references)
		image->references[image->n_references++] = (char *)f->ref;
	return image;
}

static void
reply_pull(struct call *call, const struct image_facts *f, bool dry_run)
{
	Bpfd__V1__PullImageResponse rs = BPFD__V1__PULL_IMAGE_RESPONSE__INIT;
	struct scratch s;

	scratch_start(&s);
	rs.image = message(&s, call_api(call), f, dry_run);
	if (s.failed) {
		call_error(call, IPC_RESOURCE_EXHAUSTED, "no memory for the answer");
	} else {
		rs.what_case = BPFD__V1__PULL_IMAGE_RESPONSE__WHAT_IMAGE;
		call_send(call, &rs.base);
		call_finish(call);
	}
	arena_end(&s.arena);
}

void
rpc_images_pull(struct call *call, const ProtobufCMessage *request)
{
	const Bpfd__V1__PullImageRequest *rq = (const void *)request;
	struct load_image *i = rpc_image_source(call, rq->image);

	if (i)
		rpc_image_pull(call, i, rq->dry_run, send_progress, reply_pull);
}

static void
reply_verify(struct call *call, const struct image_facts *f, bool dry_run)
{
	Bpfd__V1__VerifyImageResponse rs = BPFD__V1__VERIFY_IMAGE_RESPONSE__INIT;
	struct scratch s;

	scratch_start(&s);
	rs.image = message(&s, call_api(call), f, dry_run);
	rpc_reply(call, &s, &rs.base);
}

void
rpc_images_verify(struct call *call, const ProtobufCMessage *request)
{
	const Bpfd__V1__VerifyImageRequest *rq = (const void *)request;
	struct image_want want = { .ref = rq->image, .username = "", .password = "", .check_only = true };
	char ref[IMAGE_REF_MAX];
	struct pull *p;

	if (!rpc_string(call, "image", rq->image, ref, sizeof(ref), false))
		return;
	p = pull_new(call, ref);
	if (!p)
		return;
	p->reply = reply_verify;
	pull_run(p, &want);
}
