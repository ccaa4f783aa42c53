/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpfd-fetch: one bytecode image, from its registry or from a stored bundle, checked whole, and the
 * end.  Only here are a registry's answers, layers and signatures read.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <malloc.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "common/log.h"
#include "common/sandbox.h"
#include "fetch/fetch.h"

#define CHANNEL_FD 3

static const struct sandbox_rule rules[] = {
#include "fetch/sandbox.def"
};

/* Root's file of credentials goes through jansson: what it frees is wiped. */
static void
free_wiped(void *p)
{
	if (p)
		explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

/* What libraries read and make once, they do now. */
static int
start(struct fetch *f, struct given *g)
{
	int err = sandbox_close_from(CHANNEL_FD + 1);

	if (!err)
		err = chan_new(CHANNEL_FD, ROLE_FETCH, FROM_SUP, &f->sup);
	if (!err)
		err = given_take(g, f->sup);
	if (!err)
		err = chan_new(TAKE_FD(g->api), ROLE_FETCH, FROM_API, &f->api);
	if (!err)
		err = registry_new(&f->registry);
	if (!err)
		err = signature_start();
	json_object_seed(0);
	json_set_alloc_funcs(malloc, free_wiped);
	return err;
}

static int
seal(const struct given *g)
{
	struct sandbox sb = { .name = "bpfd-fetch", .root_fd = g->root, .landlock = true,
		.limits = { .nofile = 64, .as_bytes = g->limits.memory_bytes, .cpu_s = g->limits.cpu_s },
		.rules = rules, .n_rules = ARRAY_SIZE(rules) };
	int err = sandbox_user("bpfd-fetch", &sb.uid, &sb.gid);

	if (!err)
		err = sandbox_enter(&sb);
	close(g->root);
	return err;
}

static int
run(struct fetch *f, struct given *g)
{
	char ref[IMAGE_REF_MAX];
	const void *bytes;
	size_t len;
	int err = given_read(f, g);

	if (!err && f->request->mode == IMAGE_PULL)
		err = pull(f);
	else if (!err)
		err = given_bundle(f, g->bundle, &bytes, &len);
	if (!err && f->request->mode == IMAGE_CHECK)
		err = oci_bundle_open(bytes, len, ref, f->got.blobs, &f->got.n, &f->why);
	return err ? err : answer_image(f);
}

int
main(void)
{
	static struct fetch f;
	struct given g = { .request = -1, .bundle = -1, .api = -1, .ca = -1, .auth = -1, .trust = -1, .root = -1 };
	int err = start(&f, &g);

	if (!err)
		err = seal(&g);
	if (err) {
		log_err(err, "fetch.start", "it ends");
		_exit(EXIT_FAILURE);
	}
	err = run(&f, &g);
	explicit_bzero(&f.auth, sizeof(f.auth));
	if (err && err != -ECANCELED)
		answer_failure(&f, err);
	_exit(EXIT_SUCCESS);
}
