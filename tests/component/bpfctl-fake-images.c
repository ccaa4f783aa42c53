/* SPDX-License-Identifier: Apache-2.0 */
/* The fake daemon's images.  "host.example/error:N" is answered by the gRPC code N. */
#include <stdio.h>
#include <string.h>

#include "bpfctl-fake.h"
#include "bpfd_v1.pb-c.h"

static void
fill_image(Bpfd__V1__Image *i)
{
	static char *references[] = { (char *)"host.example/count:1" };
	static uint64_t groups[] = { 5 };

	bpfd__v1__image__init(i);
	i->digest = (char *)"sha256:aa";
	i->references = references;
	i->n_references = 1;
	i->signature = (char *)"key";
	i->signer = (char *)"release\x1b";
	i->bundle_bytes = 1234;
	i->groups = groups;
	i->n_groups = 1;
}

static bool
fails(struct call *call, const char *reference)
{
	int code;

	if (sscanf(reference, "host.example/error:%d", &code) != 1)
		return false;
	call_error(call, (enum ipc_code)code, "the fake says %d", code);
	return true;
}

bool
fake_image_source(struct call *call, const char *what, const Bpfd__V1__ImageSource *s, bool dry_run)
{
	fake_note("%s %s policy=%d user=%s password=%s%s", what, s->reference, (int)s->policy, s->username, s->password,
		dry_run ? ", dry run" : "");
	return !fails(call, s->reference);
}

void
fake_image_pull(struct call *call, const ProtobufCMessage *msg)
{
	const Bpfd__V1__PullImageRequest *req = (const void *)msg;
	Bpfd__V1__PullImageResponse reply = BPFD__V1__PULL_IMAGE_RESPONSE__INIT;
	Bpfd__V1__PullProgress progress = BPFD__V1__PULL_PROGRESS__INIT;
	Bpfd__V1__Image image;

	if (!fake_image_source(call, "Pull", req->image, req->dry_run))
		return;
	progress.what = (char *)"layer";
	progress.done = 512;
	progress.total = 1024;
	reply.what_case = BPFD__V1__PULL_IMAGE_RESPONSE__WHAT_PROGRESS;
	reply.progress = &progress;
	call_send(call, &reply.base);
	fill_image(&image);
	reply.what_case = BPFD__V1__PULL_IMAGE_RESPONSE__WHAT_IMAGE;
	reply.image = &image;
	call_send(call, &reply.base);
	call_finish(call);
}

/* Get and Verify: their messages are alike. */
static void
answer_one(struct call *call, const char *what, const char *name)
{
	Bpfd__V1__GetImageResponse reply = BPFD__V1__GET_IMAGE_RESPONSE__INIT;
	Bpfd__V1__Image image;

	fake_note("%s %s", what, name);
	fill_image(&image);
	reply.image = &image;
	if (!fails(call, name))
		call_reply(call, &reply.base);
}

void
fake_image_get(struct call *call, const ProtobufCMessage *msg)
{
	answer_one(call, "GetImage", ((const Bpfd__V1__GetImageRequest *)msg)->image);
}

void
fake_image_verify(struct call *call, const ProtobufCMessage *msg)
{
	answer_one(call, "Verify", ((const Bpfd__V1__VerifyImageRequest *)msg)->image);
}

void
fake_image_remove(struct call *call, const ProtobufCMessage *msg)
{
	const Bpfd__V1__RemoveImageRequest *req = (const void *)msg;

	answer_one(call, req->dry_run ? "Remove, dry run" : "Remove", req->image);
}

void
fake_image_list(struct call *call, const ProtobufCMessage *msg)
{
	Bpfd__V1__ListImagesResponse reply = BPFD__V1__LIST_IMAGES_RESPONSE__INIT;
	Bpfd__V1__Image image, *all[] = { &image };

	fill_image(&image);
	reply.images = all;
	reply.n_images = 1;
	call_reply(call, &reply.base);
}

void
fake_image_prune(struct call *call, const ProtobufCMessage *msg)
{
	const Bpfd__V1__PruneImagesRequest *req = (const void *)msg;
	Bpfd__V1__PruneImagesResponse reply = BPFD__V1__PRUNE_IMAGES_RESPONSE__INIT;

	fake_note("Prune unused=%llu all=%d dry_run=%d", (unsigned long long)req->unused_s, req->all, req->dry_run);
	call_reply(call, &reply.base);
}
