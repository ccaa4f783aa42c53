/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpfctl/image_source.h"
#include "bpfctl/safe.h"

#define METHOD "/bpfd.v1.Images/Pull"
#define BAR_WIDTH 30
#define CLEAR_LINE "\r\033[K"

bool
image_bar_wanted(const struct ctl *ctl)
{
	return !ctl->quiet && isatty(STDERR_FILENO);
}

/* "layer  [##########          ]  20.0 of 61.3 KiB" */
static void
show(const Bpfd__V1__PullProgress *p)
{
	AUTO(buf) struct buf line = { 0 };
	size_t full = p->total ? (size_t)((double)p->done * BAR_WIDTH / (double)p->total) : 0;

	buf_str(&line, CLEAR_LINE);
	safe_plain(&line, p->what, strlen(p->what), false);
	if (p->total) {
		full = full > BAR_WIDTH ? BAR_WIDTH : full;
		buf_str(&line, "  [");
		buf_fill(&line, '#', full);
		buf_fill(&line, ' ', BAR_WIDTH - full);
		buf_printf(&line, "]  %.1f of %.1f KiB", (double)p->done / 1024, (double)p->total / 1024);
	} else if (p->done) {
		buf_printf(&line, "  %.1f KiB", (double)p->done / 1024);
	}
	fputs(buf_text(&line), stderr);
}

/* 0 with the image, or -EIO: *e says why, or what came is no answer. */
static int
read_answer(struct ctl *ctl, bool bar, Bpfd__V1__PullImageResponse **out, struct client_error *e)
{
	uint8_t *msg;
	size_t len;
	int got;

	while ((got = client_next(ctl->client, &msg, &len, e)) > 0) {
		Bpfd__V1__PullImageResponse *r = bpfd__v1__pull_image_response__unpack(NULL, len, msg);

		free(msg);
		if (r && r->what_case == BPFD__V1__PULL_IMAGE_RESPONSE__WHAT_IMAGE && !*out) {
			*out = r;
			continue;
		}
		if (r && bar && r->what_case == BPFD__V1__PULL_IMAGE_RESPONSE__WHAT_PROGRESS)
			show(r->progress);
		if (r)
			bpfd__v1__pull_image_response__free_unpacked(r, NULL);
		else
			client_cancel(ctl->client);
		if (!r)
			return -EIO;
	}
	return got ? got : *out ? 0 : -EIO;
}

int
image_pull(struct ctl *ctl, const char *what, const struct image_source *s, bool dry_run,
	Bpfd__V1__PullImageResponse **out)
{
	Bpfd__V1__PullImageRequest req = BPFD__V1__PULL_IMAGE_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__PullImageResponse *reply = NULL;
	AUTO(client_error) struct client_error e = { 0 };
	bool bar = image_bar_wanted(ctl);
	AUTO(mem) uint8_t *packed = NULL;
	size_t len;
	int err = -EIO;

	req.image = (Bpfd__V1__ImageSource *)(uintptr_t)&s->msg;
	req.dry_run = dry_run;
	len = bpfd__v1__pull_image_request__get_packed_size(&req);
	packed = malloc(len);
	if (!packed)
		return ctl_fail(ctl, CTL_FAILED, NULL, what, "no memory");
	bpfd__v1__pull_image_request__pack(&req, packed);
	if (client_start(ctl->client, METHOD, packed, len, &e) == 0)
		err = read_answer(ctl, bar, &reply, &e);
	explicit_bzero(packed, len);
	if (bar)
		fputs(CLEAR_LINE, stderr);
	if (e.code)
		return ctl_fail_call(ctl, what, &e);
	if (err)
		return ctl_fail(ctl, CTL_FAILED, NULL, what, "the answer is malformed");
	if (out)
		*out = TAKE_PTR(reply);
	return CTL_DONE;
}
