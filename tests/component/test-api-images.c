/* SPDX-License-Identifier: Apache-2.0 */
/* The real bpfd-api, and a bpfd-fetch that has every image: the cache, pull policies, what is shown. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/auto.h"
#include "component/apicall.h"
#include "component/fakefetch.h"
#include "proto/grpc.h"

#define DIGEST_A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SECRET "a-secret-that-nobody-keeps"

static struct fakefetch fetch;

static int
setup(void **state)
{
	int err = apicall_setup(state);
	struct apicall *t = *state;

	if (err)
		return err;
	fakefetch_init(&fetch, &t->rig);
	fakefetch_start(&fetch);
	return 0;
}

static int
teardown(void **state)
{
	fakefetch_stop(&fetch);
	return apicall_teardown(state);
}

static void
restart(struct apicall *t)
{
	fakefetch_stop(&fetch);
	apicall_restart(t);
	fakefetch_start(&fetch);
}

static int
pull(struct apicall *t, const char *ref, Bpfd__V1__PullPolicy policy)
{
	Bpfd__V1__PullImageRequest rq = BPFD__V1__PULL_IMAGE_REQUEST__INIT;
	Bpfd__V1__ImageSource image = BPFD__V1__IMAGE_SOURCE__INIT;

	image.reference = (char *)ref;
	image.policy = policy;
	image.username = "somebody";
	image.password = SECRET;
	rq.image = &image;
	return apicall(t, "/bpfd.v1.Images/Pull", &rq.base, NULL);
}

static int
load(struct apicall *t, const char *ref, Bpfd__V1__PullPolicy policy)
{
	Bpfd__V1__LoadRequest rq = BPFD__V1__LOAD_REQUEST__INIT;
	Bpfd__V1__ImageSource image = BPFD__V1__IMAGE_SOURCE__INIT;

	image.reference = (char *)ref;
	image.policy = policy;
	rq.object_case = BPFD__V1__LOAD_REQUEST__OBJECT_IMAGE;
	rq.image = &image;
	return apicall(t, "/bpfd.v1.Programs/Load", &rq.base, &bpfd__v1__load_response__descriptor);
}

static const Bpfd__V1__ListImagesResponse *
images(struct apicall *t)
{
	Bpfd__V1__ListImagesRequest rq = BPFD__V1__LIST_IMAGES_REQUEST__INIT;

	assert_int_equal(apicall(t, "/bpfd.v1.Images/List", &rq.base, &bpfd__v1__list_images_response__descriptor), 0);
	return (const void *)t->answer;
}

static int
verify(struct apicall *t, const char *image)
{
	Bpfd__V1__VerifyImageRequest rq = BPFD__V1__VERIFY_IMAGE_REQUEST__INIT;

	rq.image = (char *)image;
	return apicall(t, "/bpfd.v1.Images/Verify", &rq.base, &bpfd__v1__verify_image_response__descriptor);
}

static int
remove_image(struct apicall *t, const char *image)
{
	Bpfd__V1__RemoveImageRequest rq = BPFD__V1__REMOVE_IMAGE_REQUEST__INIT;

	rq.image = (char *)image;
	return apicall(t, "/bpfd.v1.Images/Remove", &rq.base, NULL);
}

static void
a_program_says_of_which_image_it_is_and_who_signed_that(void **state)
{
	struct apicall *t = *state;
	const Bpfd__V1__Program *p;
	const Bpfd__V1__Image *i;

	assert_int_equal(load(t, "count", BPFD__V1__PULL_POLICY__IF_NOT_PRESENT), 0);
	for (int again = 0; again < 2; again++) {
		p = again ? api_list(t)->programs[0] : ((const Bpfd__V1__LoadResponse *)t->answer)->programs[0];
		assert_string_equal(p->source, "docker.io/library/count:latest");
		assert_string_equal(p->image, "docker.io/library/count:latest");
		assert_string_equal(p->image_digest, DIGEST_A);
		assert_string_equal(p->signature, "key");
		assert_string_equal(p->signer, "release");
		restart(t);
	}
	assert_int_equal(images(t)->n_images, 1);
	i = images(t)->images[0];
	assert_int_equal(i->n_references, 1);
	assert_string_equal(i->references[0], "docker.io/library/count:latest");
	assert_string_equal(i->programs[0]->key, "only");
	assert_string_equal(i->programs[0]->value, "xdp");
	assert_int_equal(i->bundle_bytes, 32);
	assert_int_equal(i->n_groups, 1);
	assert_string_equal(i->object_digest, "sha256:"
		"12800d554a9cb0877514889372b43a05129f5dd5d6b54ee76d7831fa0a5a85e2");
}

static void
the_pull_policy_decides_between_registry_and_cache(void **state)
{
	struct apicall *t = *state;

	assert_int_equal(load(t, "host.example/x:1", BPFD__V1__PULL_POLICY__NEVER), IPC_NOT_FOUND);
	assert_string_equal(t->text, "image host.example/x:1 is not in the cache, and the pull policy is Never");
	assert_int_equal(fetch.pulls + fetch.checks, 0);
	assert_int_equal(load(t, "host.example/x:1", BPFD__V1__PULL_POLICY__IF_NOT_PRESENT), 0);
	assert_int_equal(fetch.pulls, 1);
	assert_int_equal(fetch.checks, 1);		/* of what was pulled, by one without a connection */
	assert_int_equal(load(t, "host.example/x:1", BPFD__V1__PULL_POLICY__IF_NOT_PRESENT), 0);
	assert_int_equal(fetch.pulls, 1);
	assert_int_equal(fetch.checks, 2);
	assert_string_equal(fetch.bundle, "bundle of a");
	assert_string_equal(fetch.request.ref, "host.example/x:1");
	assert_int_equal(load(t, "HOST.example:443/x:1", BPFD__V1__PULL_POLICY__NEVER), 0);
	assert_int_equal(fetch.checks, 3);
	assert_int_equal(load(t, "host.example/x:1", BPFD__V1__PULL_POLICY__ALWAYS), 0);
	assert_int_equal(fetch.pulls, 2);
	assert_int_equal(load(t, "host.example/x@" DIGEST_A, BPFD__V1__PULL_POLICY__NEVER), 0);
	assert_int_equal(load(t, "host.example/y@" DIGEST_A, BPFD__V1__PULL_POLICY__NEVER), IPC_NOT_FOUND);
	assert_int_equal(load(t, "not a reference", BPFD__V1__PULL_POLICY__ALWAYS), IPC_INVALID_ARGUMENT);
	assert_int_equal(load(t, "host.example/x:1", 3), IPC_INVALID_ARGUMENT);
}

static void
a_tag_that_moved_leaves_the_older_image_to_be_asked_for_by_digest(void **state)
{
	struct apicall *t = *state;

	assert_int_equal(pull(t, "host.example/x:1", BPFD__V1__PULL_POLICY__ALWAYS), 0);
	fetch.digest = 'b';
	assert_int_equal(pull(t, "host.example/x:1", BPFD__V1__PULL_POLICY__ALWAYS), 0);
	assert_int_equal(images(t)->n_images, 2);
	assert_string_equal(images(t)->images[0]->references[0], "host.example/x@" DIGEST_A);
	assert_int_equal(verify(t, "host.example/x:1"), 0);
	assert_string_equal(fetch.bundle, "bundle of b");
	fetch.digest = 'a';
	assert_int_equal(verify(t, "host.example/x@" DIGEST_A), 0);
	assert_int_equal(verify(t, DIGEST_A), 0);
	assert_string_equal(fetch.bundle, "bundle of a");
	assert_int_equal(verify(t, "host.example/z"), IPC_NOT_FOUND);
}

static void
a_pull_tells_how_far_it_is_and_at_last_what_came(void **state)
{
	struct apicall *t = *state;
	Bpfd__V1__PullImageRequest rq = BPFD__V1__PULL_IMAGE_REQUEST__INIT;
	Bpfd__V1__ImageSource image = BPFD__V1__IMAGE_SOURCE__INIT;
	Bpfd__V1__PullImageResponse *first, *last;
	const struct reply *r;
	int32_t stream;
	uint32_t n;

	image.reference = "host.example/x";
	rq.image = &image;
	rq.dry_run = true;
	stream = apicall_start(t, "/bpfd.v1.Images/Pull", &rq.base);
	r = client_wait(t->client, stream);
	assert_int_equal(r->status, 0);
	n = grpc_prefix_len(r->body);
	first = bpfd__v1__pull_image_response__unpack(NULL, n, r->body + GRPC_PREFIX_LEN);
	assert_string_equal(first->progress->what, "layer");
	assert_int_equal(first->progress->done, 5);
	assert_int_equal(first->progress->total, 10);
	last = bpfd__v1__pull_image_response__unpack(NULL, grpc_prefix_len(r->body + GRPC_PREFIX_LEN + n),
		r->body + 2 * GRPC_PREFIX_LEN + n);
	assert_string_equal(last->image->digest, DIGEST_A);
	assert_string_equal(last->image->references[0], "host.example/x:latest");
	bpfd__v1__pull_image_response__free_unpacked(first, NULL);
	bpfd__v1__pull_image_response__free_unpacked(last, NULL);
	assert_int_equal(images(t)->n_images, 0);	/* a dry run */
}

static void
what_fails_is_said_and_nothing_is_kept(void **state)
{
	static const struct {
		enum fetch_mood mood;
		int code;
		const char *text;
	} all[] = {
		{ FETCH_FAILS, IPC_PERMISSION_DENIED, "no good signature" },
		{ FETCH_REFUSES, IPC_RESOURCE_EXHAUSTED, "images.parallel" },
		{ FETCH_DIES, IPC_UNAVAILABLE, "bpfd-fetch ended without an answer: try again, and see bpfd's log" },
		{ FETCH_LIES_NAME, IPC_DATA_LOSS, "bpfd-fetch gave another image than the one that was asked for" },
		{ FETCH_BABBLES, IPC_INTERNAL, "bpfd-fetch's answer is none" },
	};
	struct apicall *t = *state;

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		fakefetch_mood(&fetch, all[i].mood);
		assert_int_equal(pull(t, "host.example/x", BPFD__V1__PULL_POLICY__ALWAYS), all[i].code);
		assert_string_equal(t->text, all[i].text);
		assert_int_equal(load(t, "host.example/x", BPFD__V1__PULL_POLICY__IF_NOT_PRESENT), all[i].code);
		assert_string_equal(t->text, all[i].text);
	}
	fakefetch_mood(&fetch, FETCH_LIES);
	assert_int_equal(load(t, "host.example/x@" DIGEST_A, BPFD__V1__PULL_POLICY__ALWAYS), IPC_DATA_LOSS);
	assert_int_equal(images(t)->n_images, 0);
	assert_int_equal(api_list(t)->n_programs, 0);
	assert_int_equal(apirig_count(&t->rig, IPC_LOAD), 0);
	fakefetch_mood(&fetch, FETCH_WORKS);
	apirig_mood(&t->rig, FAKE_REFUSES);
	assert_int_equal(load(t, "host.example/x", BPFD__V1__PULL_POLICY__ALWAYS), IPC_FAILED_PRECONDITION);
	assert_int_equal(api_list(t)->n_programs, 0);
}

static void
a_client_that_goes_away_ends_the_fetch(void **state)
{
	struct apicall *t = *state;
	Bpfd__V1__LoadRequest rq = BPFD__V1__LOAD_REQUEST__INIT;
	Bpfd__V1__ImageSource image = BPFD__V1__IMAGE_SOURCE__INIT;
	int32_t stream;

	image.reference = "host.example/x";
	rq.object_case = BPFD__V1__LOAD_REQUEST__OBJECT_IMAGE;
	rq.image = &image;
	fakefetch_mood(&fetch, FETCH_WAITS);
	stream = apicall_start(t, "/bpfd.v1.Programs/Load", &rq.base);
	for (int i = 0; i < 1000 && !fakefetch_get(&fetch, &fetch.pulls); i++)
		client_turn(t->client, 5);
	client_cancel(t->client, stream);
	for (int i = 0; i < 1000 && !fakefetch_get(&fetch, &fetch.ended); i++)
		client_turn(t->client, 5);
	assert_int_equal(fakefetch_get(&fetch, &fetch.ended), 1);
	fakefetch_mood(&fetch, FETCH_WORKS);
	assert_int_equal(api_list(t)->n_programs, 0);
	assert_int_equal(images(t)->n_images, 0);
}

static void
so_many_images_at_a_time_as_configured(void **state)
{
	struct apicall *t = *state;
	Bpfd__V1__PullImageRequest rq = BPFD__V1__PULL_IMAGE_REQUEST__INIT;
	Bpfd__V1__ImageSource image = BPFD__V1__IMAGE_SOURCE__INIT;
	int32_t stream;

	t->rig.cfg.images_parallel = 1;
	t->rig.cfg.images_waiting = 0;
	restart(t);
	image.reference = "host.example/x";
	rq.image = &image;
	fakefetch_mood(&fetch, FETCH_WAITS);
	stream = apicall_start(t, "/bpfd.v1.Images/Pull", &rq.base);
	for (int i = 0; i < 1000 && !fakefetch_get(&fetch, &fetch.pulls); i++)
		client_turn(t->client, 5);
	assert_int_equal(pull(t, "host.example/y", BPFD__V1__PULL_POLICY__ALWAYS), IPC_RESOURCE_EXHAUSTED);
	assert_string_equal(t->text, "1 images are being fetched already (images.parallel) and 0 wait "
		"(images.waiting)");
	client_cancel(t->client, stream);
	for (int i = 0; i < 1000 && !fakefetch_get(&fetch, &fetch.ended); i++)
		client_turn(t->client, 5);
	for (int i = 0; i < 3; i++) {		/* ended, failed or cancelled: none is counted any more */
		fakefetch_mood(&fetch, FETCH_WORKS);
		assert_int_equal(pull(t, "host.example/y", BPFD__V1__PULL_POLICY__ALWAYS), 0);
		fakefetch_mood(&fetch, FETCH_FAILS);
		assert_int_equal(pull(t, "host.example/y", BPFD__V1__PULL_POLICY__ALWAYS), IPC_PERMISSION_DENIED);
	}
}

static void
credentials_reach_the_fetch_and_no_file(void **state)
{
	struct apicall *t = *state;
	char path[80], bytes[4096];

	assert_int_equal(pull(t, "host.example/x", BPFD__V1__PULL_POLICY__ALWAYS), 0);
	assert_string_equal(fetch.pull.username, "somebody");
	assert_string_equal(fetch.pull.password, SECRET);
	assert_int_equal(fetch.request.mode, IMAGE_CHECK);
	assert_string_equal(fetch.request.username, "");
	assert_string_equal(fetch.request.password, "");
	for (const char *const *f = (const char *const[]){ "bpfd.db", "bpfd.db-wal", "images.db", "images.db-wal", NULL };
	     *f; f++) {
		AUTO(fd) int fd = -1;
		ssize_t n;
		off_t at = 0;

		snprintf(path, sizeof(path), "%s/state/%s", t->rig.dir, *f);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		assert_true(fd >= 0);
		for (; (n = pread(fd, bytes, sizeof(bytes), at)) > 0; at += n > 2048 ? 2048 : n)
			assert_null(memmem(bytes, (size_t)n, SECRET, strlen(SECRET)));
	}
}

static void
the_cache_keeps_to_its_limits(void **state)
{
	struct apicall *t = *state;
	const Bpfd__V1__ListImagesResponse *all;

	t->rig.cfg.images_cache_entries = 2;
	t->rig.cfg.images_cache_bytes = 1 << 20;
	restart(t);
	assert_int_equal(pull(t, "host.example/x", BPFD__V1__PULL_POLICY__ALWAYS), 0);
	fetch.digest = 'b';
	assert_int_equal(pull(t, "host.example/y", BPFD__V1__PULL_POLICY__ALWAYS), 0);
	fetch.digest = 'a';
	assert_int_equal(load(t, "host.example/x", BPFD__V1__PULL_POLICY__NEVER), 0);	/* x is the newer one now */
	fetch.digest = 'c';
	assert_int_equal(pull(t, "host.example/z", BPFD__V1__PULL_POLICY__ALWAYS), 0);
	all = images(t);
	assert_int_equal(all->n_images, 2);
	assert_string_equal(all->images[0]->digest, DIGEST_A);
	assert_string_equal(all->images[1]->references[0], "host.example/z:latest");
	fetch.digest = 'd';
	fetch.bundle_bytes = (1 << 20) - 20;
	assert_int_equal(pull(t, "host.example/large", BPFD__V1__PULL_POLICY__ALWAYS), 0);
	assert_int_equal(images(t)->n_images, 1);
	fetch.bundle_bytes = (1 << 20) + 1;
	assert_int_equal(pull(t, "host.example/larger", BPFD__V1__PULL_POLICY__ALWAYS), IPC_RESOURCE_EXHAUSTED);
	assert_non_null(strstr(t->text, "images.cache_bytes = 1048576"));
	assert_int_equal(images(t)->n_images, 1);
	assert_string_equal(images(t)->images[0]->references[0], "host.example/large:latest");
}

static void
a_full_disk_keeps_the_cache_as_it_was(void **state)
{
	struct apicall *t = *state;

	t->rig.file_bytes = 1 << 20;
	restart(t);
	fetch.bundle_bytes = 700000;
	assert_int_equal(pull(t, "host.example/x", BPFD__V1__PULL_POLICY__ALWAYS), 0);
	fetch.digest = 'b';
	assert_int_equal(pull(t, "host.example/x", BPFD__V1__PULL_POLICY__ALWAYS), IPC_UNAVAILABLE);
	assert_non_null(strstr(t->text, "nothing was changed"));
	assert_int_equal(load(t, "host.example/x", BPFD__V1__PULL_POLICY__ALWAYS), IPC_UNAVAILABLE);
	assert_int_equal(api_list(t)->n_programs, 0);
	t->rig.file_bytes = 0;
	restart(t);
	assert_int_equal(images(t)->n_images, 1);
	assert_string_equal(images(t)->images[0]->references[0], "host.example/x:latest");
	fetch.digest = 'a';
	assert_int_equal(load(t, "host.example/x", BPFD__V1__PULL_POLICY__NEVER), 0);
	fetch.digest = 'b';
	assert_int_equal(pull(t, "host.example/x", BPFD__V1__PULL_POLICY__ALWAYS), 0);
}

static void
removed_and_pruned_images_are_gone_and_programs_stay(void **state)
{
	Bpfd__V1__PruneImagesRequest prune = BPFD__V1__PRUNE_IMAGES_REQUEST__INIT;
	const Bpfd__V1__PruneImagesResponse *pruned;
	struct apicall *t = *state;

	assert_int_equal(load(t, "host.example/x", BPFD__V1__PULL_POLICY__ALWAYS), 0);
	fetch.digest = 'b';
	assert_int_equal(pull(t, "host.example/y", BPFD__V1__PULL_POLICY__ALWAYS), 0);
	prune.unused_s = 3600;
	assert_int_equal(apicall(t, "/bpfd.v1.Images/Prune", &prune.base, NULL), 0);
	assert_int_equal(images(t)->n_images, 2);
	prune.unused_s = 0;
	prune.dry_run = true;
	assert_int_equal(apicall(t, "/bpfd.v1.Images/Prune", &prune.base, NULL), 0);
	assert_int_equal(images(t)->n_images, 2);
	prune.dry_run = false;
	assert_int_equal(apicall(t, "/bpfd.v1.Images/Prune", &prune.base, &bpfd__v1__prune_images_response__descriptor), 0);
	pruned = (const void *)t->answer;
	assert_int_equal(pruned->n_images, 1);
	assert_string_equal(pruned->images[0]->digest, DIGEST_B);
	assert_int_equal(pruned->freed_bytes, 32);
	assert_int_equal(images(t)->n_images, 1);
	assert_int_equal(remove_image(t, "host.example/x"), 0);
	assert_int_equal(remove_image(t, "host.example/x"), IPC_NOT_FOUND);
	assert_int_equal(images(t)->n_images, 0);
	assert_string_equal(api_list(t)->programs[0]->image_digest, DIGEST_A);
}

/* What its client asked with, it reads back, and compares. */
static void
bpfman_gets_the_location_as_it_gave_it(void **state)
{
	struct apicall *t = *state;
	Bpfman__V1__PullBytecodeRequest pull_rq = BPFMAN__V1__PULL_BYTECODE_REQUEST__INIT;
	Bpfman__V1__LoadRequest rq = BPFMAN__V1__LOAD_REQUEST__INIT;
	Bpfman__V1__BytecodeLocation where = BPFMAN__V1__BYTECODE_LOCATION__INIT;
	Bpfman__V1__BytecodeImage image = BPFMAN__V1__BYTECODE_IMAGE__INIT;
	Bpfman__V1__LoadInfo a = BPFMAN__V1__LOAD_INFO__INIT;
	Bpfman__V1__GetRequest get = BPFMAN__V1__GET_REQUEST__INIT;
	const Bpfman__V1__BytecodeImage *got;

	image.url = "host.example/count";
	image.image_pull_policy = 1;
	image._username_case = BPFMAN__V1__BYTECODE_IMAGE___USERNAME_USERNAME;
	image.username = "somebody";
	image._password_case = BPFMAN__V1__BYTECODE_IMAGE___PASSWORD_PASSWORD;
	image.password = SECRET;
	pull_rq.image = &image;
	assert_int_equal(apicall(t, "/bpfman.v1.Bpfman/PullBytecode", &pull_rq.base,
		&bpfman__v1__pull_bytecode_response__descriptor), 0);
	assert_int_equal(fetch.pulls, 1);
	assert_string_equal(fetch.pull.password, SECRET);
	where.location_case = BPFMAN__V1__BYTECODE_LOCATION__LOCATION_IMAGE;
	where.image = &image;
	a.name = "only";
	rq.bytecode = &where;
	rq.info = &(Bpfman__V1__LoadInfo *){ &a };
	rq.n_info = 1;
	assert_int_equal(apicall(t, "/bpfman.v1.Bpfman/Load", &rq.base, &bpfman__v1__load_response__descriptor), 0);
	assert_int_equal(fetch.pulls, 1);
	assert_int_equal(fetch.checks, 2);
	get.id = ((const Bpfman__V1__LoadResponse *)t->answer)->programs[0]->kernel_info->id;
	restart(t);
	assert_int_equal(apicall(t, "/bpfman.v1.Bpfman/Get", &get.base, &bpfman__v1__get_response__descriptor), 0);
	where = *((const Bpfman__V1__GetResponse *)t->answer)->info->bytecode;
	assert_int_equal(where.location_case, BPFMAN__V1__BYTECODE_LOCATION__LOCATION_IMAGE);
	got = where.image;
	assert_string_equal(got->url, "host.example/count");
	assert_int_equal(got->image_pull_policy, 1);
	assert_int_equal(got->_password_case, BPFMAN__V1__BYTECODE_IMAGE___PASSWORD__NOT_SET);
	image.image_pull_policy = 7;
	assert_int_equal(apicall(t, "/bpfman.v1.Bpfman/PullBytecode", &pull_rq.base, NULL), IPC_INVALID_ARGUMENT);
}

/* A reboot: pins and programs are gone, the store is there; no registry is asked. */
static void
reboot_now(struct apicall *t)
{
	fakefetch_stop(&fetch);
	apicall_hang_up(t);
	apirig_kill(&t->rig);
	apirig_reset_counts(&t->rig);
	t->rig.n_progs = t->rig.n_links = 0;
	assert_int_equal(apirig_start(&t->rig), 0);
	apirig_loader(&t->rig);
	fakefetch_start(&fetch);
}

static void
load_persistent(struct apicall *t)
{
	Bpfd__V1__LoadRequest rq = BPFD__V1__LOAD_REQUEST__INIT;
	Bpfd__V1__ImageSource image = BPFD__V1__IMAGE_SOURCE__INIT;

	image.reference = "host.example/x";
	rq.object_case = BPFD__V1__LOAD_REQUEST__OBJECT_IMAGE;
	rq.image = &image;
	rq.persistent = true;
	assert_int_equal(apicall(t, "/bpfd.v1.Programs/Load", &rq.base, NULL), 0);
}

/* The program is, or gets, into that state. */
static const Bpfd__V1__Program *
program_is(struct apicall *t, const char *state, const char *reason)
{
	const Bpfd__V1__Program *p = api_list(t)->programs[0];

	for (int i = 0; i < 1000 && (strcmp(p->state, state) != 0 || !strstr(p->reason, reason)); i++) {
		usleep(5000);
		p = api_list(t)->programs[0];
	}
	assert_string_equal(p->state, state);
	assert_non_null(strstr(p->reason, reason));
	return p;
}

/* With policy.signed_only the loader wants a verdict on it first. */
static void
what_must_be_signed_is_verified_before_it_comes_back(void **state)
{
	struct apicall *t = *state;
	unsigned int checks;

	t->rig.cfg.policy_signed_only = true;
	restart(t);
	load_persistent(t);
	checks = fetch.checks;
	reboot_now(t);
	program_is(t, "loaded", "");
	assert_int_equal(fetch.checks, checks + 1);
	assert_string_equal(fetch.request.ref, "host.example/x@" DIGEST_A);
	assert_int_equal(apirig_count(&t->rig, IPC_RESTORE_LOAD), 1);
	fakefetch_mood(&fetch, FETCH_FAILS);
	reboot_now(t);
	program_is(t, "lost", "policy.signed_only, and no good signature");
	assert_int_equal(apirig_count(&t->rig, IPC_RESTORE_LOAD), 0);
	fakefetch_mood(&fetch, FETCH_OTHER_OBJECT);
	reboot_now(t);
	program_is(t, "lost", "policy.signed_only, and its image has another object now");
	fakefetch_mood(&fetch, FETCH_WORKS);
	assert_int_equal(remove_image(t, DIGEST_A), 0);
	reboot_now(t);
	program_is(t, "lost", "image host.example/x@" DIGEST_A " is not in the cache");
	/* It ends while a check is under way. */
	assert_int_equal(pull(t, "host.example/x", BPFD__V1__PULL_POLICY__ALWAYS), 0);
	fakefetch_mood(&fetch, FETCH_WAITS);
	checks = fetch.checks;
	reboot_now(t);
	for (int i = 0; i < 1000 && fakefetch_get(&fetch, &fetch.checks) == checks; i++)
		usleep(5000);
	fakefetch_stop(&fetch);
	apicall_hang_up(t);
	assert_int_equal(apirig_stop(&t->rig), 0);
}

static void
what_is_persistent_comes_back_from_the_kept_object(void **state)
{
	struct apicall *t = *state;
	const Bpfd__V1__Program *p;

	load_persistent(t);
	assert_int_equal(remove_image(t, "host.example/x"), 0);
	reboot_now(t);
	p = program_is(t, "loaded", "");
	assert_string_equal(p->state, "loaded");
	assert_string_equal(p->image_digest, DIGEST_A);
	assert_string_equal(p->signer, "release");
	assert_int_equal(fetch.pulls, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(a_program_says_of_which_image_it_is_and_who_signed_that),
		T(the_pull_policy_decides_between_registry_and_cache),
		T(a_tag_that_moved_leaves_the_older_image_to_be_asked_for_by_digest),
		T(a_pull_tells_how_far_it_is_and_at_last_what_came),
		T(what_fails_is_said_and_nothing_is_kept),
		T(a_client_that_goes_away_ends_the_fetch),
		T(so_many_images_at_a_time_as_configured),
		T(credentials_reach_the_fetch_and_no_file),
		T(the_cache_keeps_to_its_limits),
		T(a_full_disk_keeps_the_cache_as_it_was),
		T(removed_and_pruned_images_are_gone_and_programs_stay),
		T(bpfman_gets_the_location_as_it_gave_it),
		T(what_is_persistent_comes_back_from_the_kept_object),
		T(what_must_be_signed_is_verified_before_it_comes_back),
#undef T
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
