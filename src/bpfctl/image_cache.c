/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl/image_cache.h"

#include <stdio.h>
#include <stdlib.h>

#include "bpfctl/image_source.h"
#include "proto/grpc.h"

#define NOT_CACHED "bpfctl image list shows those that are there, bpfctl image pull fetches it"

static int
print_image(struct ctl *ctl, const Bpfd__V1__Image *image)
{
	if (image)
		out_object(ctl->out, "image", &schema_image, image);
	return ctl_print(ctl);
}

static int
fail(struct ctl *ctl, const char *verb, const char *word, const struct client_error *e)
{
	AUTO(buf) struct buf what = { 0 };

	buf_printf(&what, "image %s %s", verb, word);
	if (e->code == GRPC_NOT_FOUND)
		return ctl_fail(ctl, CTL_NOT_FOUND, NOT_CACHED, buf_text(&what), "%s", ctl_text_of(e));
	if (e->code == GRPC_DATA_LOSS)
		return ctl_fail(ctl, CTL_FAILED, "bpfctl image pull fetches it again, bpfctl image rm forgets it",
			buf_text(&what), "%s", ctl_text_of(e));
	return ctl_fail_call(ctl, buf_text(&what), e);
}

int
image_run_pull(struct ctl *ctl, const struct args *args)
{
	AUTO(image_source) struct image_source s = { .username = NULL };
	AUTO(reply) Bpfd__V1__PullImageResponse *got = NULL;
	AUTO(buf) struct buf what = { 0 };
	int status;

	buf_printf(&what, "image pull %s", args->words[1]);
	status = image_source_read(ctl, args, buf_text(&what), args->words[1], BPFD__V1__PULL_POLICY__ALWAYS, &s);
	if (status)
		return status;
	image_no_hurry(ctl, args);
	status = image_pull(ctl, buf_text(&what), &s, args_has(args, "dry-run"), &got);
	return status ? status : print_image(ctl, got->image);
}

int
image_run_inspect(struct ctl *ctl, const struct args *args)
{
	Bpfd__V1__GetImageRequest req = BPFD__V1__GET_IMAGE_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__GetImageResponse *got = NULL;
	AUTO(client_error) struct client_error e = { 0 };

	req.image = (char *)(uintptr_t)image_reference(args->words[1]);
	if (rpc_get_image(ctl->client, &req, &got, &e))
		return fail(ctl, "inspect", args->words[1], &e);
	return print_image(ctl, got->image);
}

int
image_run_verify(struct ctl *ctl, const struct args *args)
{
	Bpfd__V1__VerifyImageRequest req = BPFD__V1__VERIFY_IMAGE_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__VerifyImageResponse *got = NULL;
	AUTO(client_error) struct client_error e = { 0 };

	req.image = (char *)(uintptr_t)image_reference(args->words[1]);
	if (rpc_verify_image(ctl->client, &req, &got, &e))
		return fail(ctl, "verify", args->words[1], &e);
	return print_image(ctl, got->image);
}

int
image_run_list(struct ctl *ctl, const struct args *args)
{
	Bpfd__V1__ListImagesRequest req = BPFD__V1__LIST_IMAGES_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__ListImagesResponse *all = NULL;
	AUTO(client_error) struct client_error e = { 0 };

	if (rpc_list_images(ctl->client, &req, &all, &e))
		return ctl_fail_call(ctl, "image list", &e);
	out_list(ctl->out, "images", &schema_image, (const void *const *)all->images, all->n_images, SHOW_TABLE);
	return ctl_print(ctl);
}

int
image_run_rm(struct ctl *ctl, const struct args *args)
{
	size_t n = args->n_words - 1, n_failed = 0;
	int first = 0;

	for (size_t i = 0; i < n; i++) {
		Bpfd__V1__RemoveImageRequest req = BPFD__V1__REMOVE_IMAGE_REQUEST__INIT;
		AUTO(reply) Bpfd__V1__RemoveImageResponse *done = NULL;
		AUTO(client_error) struct client_error e = { 0 };
		int status;

		req.image = (char *)(uintptr_t)image_reference(args->words[1 + i]);
		req.dry_run = args_has(args, "dry-run");
		if (rpc_remove_image(ctl->client, &req, &done, &e) == 0) {
			if (!ctl->quiet)
				puts(args->words[1 + i]);
			continue;
		}
		status = fail(ctl, "rm", args->words[1 + i], &e);
		if (n_failed++ == 0)
			first = status;
	}
	return n_failed ? ctl_exit_of_many(n, n_failed, first) : CTL_DONE;
}

/* "90", "90s", "15m", "12h", "7d": seconds without a letter. */
static int
read_age(const struct ctl *ctl, const char *text, uint64_t *s)
{
	static const struct {
		char unit;
		uint64_t s;
	} units[] = { { '\0', 1 }, { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	char *end = NULL;
	unsigned long n = text[0] >= '0' && text[0] <= '9' ? strtoul(text, &end, 10) : 0;

	for (size_t i = 0; end && n < 1000000000 && i < ARRAY_SIZE(units); i++)
		if (end[0] == units[i].unit && (!end[0] || !end[1])) {
			*s = n * units[i].s;
			return CTL_DONE;
		}
	return ctl_fail(ctl, CTL_USAGE, "a number and s, m, h or d, as 7d", "image prune --unused",
		"\"%s\" is no time", text);
}

int
image_run_prune(struct ctl *ctl, const struct args *args)
{
	Bpfd__V1__PruneImagesRequest req = BPFD__V1__PRUNE_IMAGES_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__PruneImagesResponse *gone = NULL;
	AUTO(client_error) struct client_error e = { 0 };
	const char *unused = args_get(args, "unused");

	if (unused && read_age(ctl, unused, &req.unused_s))
		return CTL_USAGE;
	req.all = args_has(args, "all");
	req.dry_run = args_has(args, "dry-run");
	if (rpc_prune_images(ctl->client, &req, &gone, &e))
		return ctl_fail_call(ctl, "image prune", &e);
	out_list(ctl->out, "images", &schema_image, (const void *const *)gone->images, gone->n_images, SHOW_TABLE);
	return ctl_print(ctl);
}
