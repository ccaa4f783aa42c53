/* SPDX-License-Identifier: Apache-2.0 */
#include "api/programs_restore_step.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api/images.h"
#include "common/auto.h"
#include "oci/oci.h"

/* host/name@digest, which the cache has for each image: a tag may mean another one by now. */
static int
by_digest(const struct group_image *i, char out[IMAGE_REF_MAX])
{
	struct oci_why why;
	struct oci_ref ref;
	int err = oci_ref_parse(i->ref, &ref, &why);

	if (err)
		return err;
	ref.tag[0] = '\0';
	snprintf(ref.digest, sizeof(ref.digest), "%s", i->digest);
	return oci_ref_text(&ref, out, IMAGE_REF_MAX);
}

static void
failed(struct restore *r, struct group *g, const char *text)
{
	restore_failed(r, &g->reason, "group", g->gid, "not loaded again: policy.signed_only, and %s", text);
}

static void
on_checked(void *arg, struct image_got *got, enum ipc_code code, const char *text)
{
	struct restore *r = arg;
	struct group *g = model_group(&r->api->model, r->gid);

	r->check = NULL;
	if (g)
		g->busy--;
	/* Without a loader the next one brings another restoration. */
	if (!g || !r->api->loader || !ctl_loader_is_ready(r->api->loader)) {
		restore_end(r, false);
		return;
	}
	if (got && memcmp(got->facts->object_sha256, g->digest, sizeof(g->digest)) == 0) {
		restore_checked(r, g);
		return;
	}
	failed(r, g, got ? "its image has another object now" : text);
	restore_step(r);
}

int
restore_check_image(struct restore *r, struct group *g)
{
	char ref[IMAGE_REF_MAX], text[IPC_TEXT_MAX] = "the reference of its image is none";
	const struct image_want want = { .ref = ref, .username = "", .password = "", .check_only = true,
		.done = on_checked, .arg = r };

	if (!r->api->cfg->policy_signed_only || !g->image)
		return 0;
	if (by_digest(g->image, ref) < 0 ||
	    images_get(r->api, &want, &r->check, text, sizeof(text)) != IPC_OK) {
		failed(r, g, text);
		return -ENOKEY;
	}
	g->busy++;
	return 1;
}
