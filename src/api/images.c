/* SPDX-License-Identifier: Apache-2.0 */
#include "api/images.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "api/ctl_fetch.h"
#include "api/ctl_parse.h"
#include "api/image_pb.h"
#include "api/programs.h"
#include "api/store_images.h"
#include "common/auto.h"
#include "common/log.h"
#include "oci/oci.h"

struct images {
	uint64_t pulled, checked, failed;	/* checked: from the cache */
	uint64_t evicted;			/* for others, see images.cache_bytes */
	uint64_t running;			/* or waits: images.parallel and images.waiting at most */
};

struct image_get {
	struct api *api;
	struct image_want want;			/* its strings are not kept */
	struct fetch *fetch;
	struct oci_ref ref;
	char full[IMAGE_REF_MAX];		/* the same as text */
	char cached[IMAGE_DIGEST_MAX];		/* "": it is pulled */
	bool pulled;				/* it is there, and now it is checked */
};

int
images_new(struct api *api, struct images **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

void
images_free(struct images *im)
{
	free(im);
}

static int
add_up(void *arg, const struct stored_image *i)
{
	uint64_t *sums = arg;

	sums[0]++;
	sums[1] += i->bundle_bytes;
	return 0;
}

void
images_counters(struct api *api, void (*each)(void *arg, const char *name, uint64_t value), void *arg)
{
	const struct images *im = api->images;
	uint64_t sums[2] = { 0 };

	store_each_image(api->store, NULL, add_up, sums);
	each(arg, "images.cached", sums[0]);
	each(arg, "images.cached_bytes", sums[1]);
	each(arg, "images.pulled", im->pulled);
	each(arg, "images.checked", im->checked);
	each(arg, "images.failed", im->failed);
	each(arg, "images.evicted", im->evicted);
}

static enum ipc_code
parse(const char *text, struct oci_ref *out, char full[IMAGE_REF_MAX], char *why, size_t size)
{
	struct oci_why w = { "" };

	if (oci_ref_parse(text, out, &w) == 0 && oci_ref_text(out, full, IMAGE_REF_MAX) == 0)
		return IPC_OK;
	snprintf(why, size, "%s: %s", text, w.text[0] ? w.text : "the reference is too long");
	return IPC_INVALID_ARGUMENT;
}

static enum ipc_code
store_failed(int err, char *text, size_t size)
{
	snprintf(text, size, "%s", err == -EUCLEAN ? "the cache of images is damaged: bpfd puts it aside at its next start" :
		programs_store_text(err));
	return programs_store_code(err);
}

enum ipc_code
images_find(struct api *api, const char *what, char digest[IMAGE_DIGEST_MAX], char *text, size_t size)
{
	char full[IMAGE_REF_MAX];
	struct oci_ref ref;
	enum ipc_code code;
	int err;

	if (oci_digest_ok(what)) {
		snprintf(full, sizeof(full), "%s", what);
	} else {
		code = parse(what, &ref, full, text, size);
		if (code != IPC_OK)
			return code;
	}
	err = store_find_image(api->store, full, digest);
	if (err == -ENOENT) {
		snprintf(text, size, "image %s is not in the cache", full);
		return IPC_NOT_FOUND;
	}
	return err ? store_failed(err, text, size) : IPC_OK;
}

static void
end(struct image_get *g, struct image_got *got, enum ipc_code code, const char *text)
{
	struct images *im = g->api->images;

	im->running--;
	if (!got)
		im->failed++;
	else if (got->pulled)
		im->pulled++;
	else
		im->checked++;
	g->want.done(g->want.arg, got, code, text);
	free(g);
}

static int
note_bytes(void *arg, const struct stored_image *i)
{
	*(uint64_t *)arg = i->bundle_bytes;
	return 0;
}

/*
 * Bundles of one digest differ in their signatures.  The same image under another name may have none
 * there, or nobody asks for them: those that are here belong to a name that would be refused without.
 */
static int
bundle_to_keep(struct api *api, const struct image_facts *f, int bundle_fd, void **out, size_t *len)
{
	const bool is_signed = f->signature == IMAGE_SIGNED_KEY || f->signature == IMAGE_SIGNED_IDENTITY;
	uint64_t there = 0;
	int err = is_signed ? 0 : store_each_image(api->store, f->digest, note_bytes, &there);

	if (err)
		return err;
	if (there > f->bundle_bytes)
		return store_bundle(api->store, f->digest, out, len);
	return ctl_read_sealed(bundle_fd, api->cfg->images_cache_bytes, out, len);
}

/* Under the reference that was asked for, and under its digest: what a tag meant can be asked for when
 * the tag means something else. */
static int
put(struct image_get *g, const struct image_facts *f, const void *packed, size_t packed_len, int bundle_fd)
{
	struct api *api = g->api;
	const struct config *cfg = api->cfg;
	const struct trim_images trim = { .keep = f->digest, .max_bytes = cfg->images_cache_bytes,
		.max_n = cfg->images_cache_entries, .in_use = image_in_use, .arg = &api->model };
	const char *refs[3] = { f->ref };
	struct stored_image i = { .digest = f->digest, .facts = packed, .facts_len = packed_len };
	struct oci_ref by_digest = g->ref;
	char ref[IMAGE_REF_MAX];
	AUTO(mem) void *bundle = NULL;
	unsigned int removed = 0;
	size_t len;
	int err = bundle_to_keep(api, f, bundle_fd, &bundle, &len);

	if (err)
		return err;
	by_digest.tag[0] = '\0';
	snprintf(by_digest.digest, sizeof(by_digest.digest), "%s", f->digest);
	if (oci_ref_text(&by_digest, ref, sizeof(ref)) == 0 && strcmp(ref, f->ref) != 0)
		refs[1] = ref;
	i.bundle_bytes = len;
	i.pulled_ns = i.used_ns = programs_now_ns();
	err = store_put_image(api->store, &i, bundle, refs);
	if (!err)
		err = store_trim_images(api->store, &trim, &removed);
	if (removed)
		log_info("images.evicted", "images=%u for=%s", removed, LOG_QUOTE(f->ref));
	api->images->evicted += removed;
	return err;
}

/* Into the cache, or what the check of a cached one found. */
static int
keep(struct image_get *g, const struct image_facts *f, int bundle_fd)
{
	AUTO(mem) void *packed = NULL;
	size_t len;
	int err = image_pack(f, &packed, &len);

	if (err)
		return err;
	if (g->cached[0])
		return store_touch_image(g->api->store, g->cached, packed, len, g->want.check_only ? 0 : programs_now_ns());
	return put(g, f, packed, len, bundle_fd);
}

/* So that a bpfd-fetch that a registry has taken over speaks for no other image. */
static bool
is_what_was_asked_for(const struct image_get *g, const struct image_facts *f)
{
	const char *digest = g->cached[0] ? g->cached : g->ref.digest;

	return strcmp(f->ref, g->full) == 0 && oci_digest_ok(f->digest) &&
	       (!digest[0] || strcmp(digest, f->digest) == 0);
}

static fetch_done on_fetched;

static void
on_progress(void *arg, const char *what, uint64_t done, uint64_t total)
{
	const struct image_get *g = arg;

	if (g->want.progress)
		g->want.progress(g->want.arg, what, done, total);
}

/* A request in its own memory, which is wiped when bpfd-fetch has a copy.  bundle: what is to be checked; NULL:
 * it is pulled, with these credentials. */
static int
ask(struct image_get *g, const void *bundle, size_t bundle_len, const char *username, const char *password)
{
	struct image_request *rq = calloc(1, sizeof(*rq));
	struct fetch_setup setup = { .request = rq, .bundle = bundle, .bundle_len = bundle_len, .progress = g->pulled ? NULL : on_progress,
		.done = on_fetched, .arg = g };
	int err;

	if (!rq)
		return -ENOMEM;
	rq->magic = IMAGE_REQUEST_MAGIC;
	rq->mode = bundle ? IMAGE_CHECK : IMAGE_PULL;
	snprintf(rq->ref, sizeof(rq->ref), "%s", g->full);
	snprintf(rq->username, sizeof(rq->username), "%s", username);
	snprintf(rq->password, sizeof(rq->password), "%s", password);
	err = fetch_start(g->api, &setup, &g->fetch);
	explicit_bzero(rq, sizeof(*rq));
	free(rq);
	return err;
}

/*
 * Who talked to a registry is not asked what the image is: another bpfd-fetch, which never has a
 * connection, checks what was brought, and it alone gives verdicts.
 */
static int
check_pulled(struct image_get *g, int bundle_fd)
{
	AUTO(mem) void *bundle = NULL;
	size_t len;
	int err = ctl_read_sealed(bundle_fd, g->api->cfg->images_cache_bytes, &bundle, &len);

	g->pulled = true;
	return err ? err : ask(g, bundle, len, "", "");
}

static void
on_fetched(void *arg, struct fetched *f)
{
	struct image_get *g = arg;
	struct image_got got = { .facts = f->facts, .object = f->object, .pulled = g->pulled };
	uint64_t max = g->api->cfg->images_cache_bytes;
	enum ipc_code code = IPC_OK;
	char text[IPC_TEXT_MAX] = "";
	int err;

	g->fetch = NULL;
	if (f->code != IPC_OK) {
		end(g, NULL, f->code, f->text);
		return;
	}
	if (!is_what_was_asked_for(g, f->facts)) {
		end(g, NULL, IPC_DATA_LOSS, "bpfd-fetch gave another image than the one that was asked for");
		return;
	}
	if (g->cached[0] || g->pulled) {
		err = g->want.dry_run ? 0 : keep(g, f->facts, f->bundle);
	} else {
		err = check_pulled(g, f->bundle);
		if (!err)
			return;
	}
	if (err == -EFBIG) {
		snprintf(text, sizeof(text), "%s has %llu bytes, more than images.cache_bytes = %llu: nothing was kept",
			f->facts->ref, (unsigned long long)f->facts->bundle_bytes, (unsigned long long)max);
		code = IPC_RESOURCE_EXHAUSTED;
	} else if (err) {
		code = store_failed(err, text, sizeof(text));
	}
	got.object = TAKE_FD(f->object);
	end(g, code == IPC_OK ? &got : NULL, code, text);
	close_keep_errno(got.object);
}

static int
start(struct image_get *g, const struct image_want *want)
{
	AUTO(mem) void *bundle = NULL;
	size_t len = 0;
	int err = g->cached[0] ? store_bundle(g->api->store, g->cached, &bundle, &len) : 0;

	return err ? err : ask(g, bundle, len, want->username, want->password);
}

/* Which cached image it is, if it is to be one; else g->cached stays "". */
static enum ipc_code
choose(struct image_get *g, const struct image_want *want, char *text, size_t size)
{
	int err;

	if (!want->check_only && want->policy == IMAGE_PULL_ALWAYS)
		return IPC_OK;
	err = store_find_image(g->api->store, g->full, g->cached);
	if (err == -ENOENT && want->check_only) {
		snprintf(text, size, "image %s is not in the cache", g->full);
		return IPC_NOT_FOUND;
	}
	if (err == -ENOENT && want->policy == IMAGE_PULL_NEVER) {
		snprintf(text, size, "image %s is not in the cache, and the pull policy is Never", g->full);
		return IPC_NOT_FOUND;
	}
	return err && err != -ENOENT ? store_failed(err, text, size) : IPC_OK;
}

static int
first_ref(void *arg, const char *ref)
{
	snprintf(arg, IMAGE_REF_MAX, "%s", ref);
	return 1;
}

/* Of a digest alone the first reference that it has. */
static enum ipc_code
full_ref(struct image_get *g, const struct image_want *want, char *text, size_t size)
{
	char digest[IMAGE_DIGEST_MAX], first[IMAGE_REF_MAX] = "";
	enum ipc_code code;

	if (!want->check_only || !oci_digest_ok(want->ref))
		return parse(want->ref, &g->ref, g->full, text, size);
	code = images_find(g->api, want->ref, digest, text, size);
	if (code != IPC_OK)
		return code;
	store_each_image_ref(g->api->store, digest, first_ref, first);
	return first[0] ? parse(first, &g->ref, g->full, text, size) : store_failed(-EUCLEAN, text, size);
}

enum ipc_code
images_get(struct api *api, const struct image_want *want, struct image_get **out, char *text, size_t size)
{
	AUTO(mem) struct image_get *g = calloc(1, sizeof(*g));
	enum ipc_code code;
	int err;

	if (!g) {
		snprintf(text, size, "no memory for the request");
		return IPC_RESOURCE_EXHAUSTED;
	}
	g->api = api;
	g->want = *want;
	code = full_ref(g, want, text, size);
	if (code == IPC_OK)
		code = choose(g, want, text, size);
	if (code != IPC_OK)
		return code;
	if (api->images->running >= api->cfg->images_parallel + api->cfg->images_waiting) {
		snprintf(text, size, "%llu images are being fetched already (images.parallel) and %llu wait (images.waiting)",
			(unsigned long long)api->cfg->images_parallel, (unsigned long long)api->cfg->images_waiting);
		return IPC_RESOURCE_EXHAUSTED;
	}
	err = start(g, want);
	g->want.ref = g->want.username = g->want.password = NULL;
	if (err) {
		snprintf(text, size, "bpfd-fetch cannot be asked for (%s): try again", strerrorname_np(-err));
		return err == -EAGAIN ? IPC_UNAVAILABLE : IPC_RESOURCE_EXHAUSTED;
	}
	api->images->running++;
	*out = TAKE_PTR(g);
	return IPC_OK;
}

void
images_cancel(struct image_get *g)
{
	if (!g)
		return;
	g->api->images->running--;
	fetch_cancel(g->fetch);
	free(g);
}
