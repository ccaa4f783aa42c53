/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "bpfctl/ctl.h"
#include "bpfctl/safe.h"

#define METHOD "/bpfd.v1.Programs/ReadIter"

/* Programs write what they find, names of processes too: a terminal gets no control characters. */
static int
print(const Bpfd__V1__ReadIterResponse *r, bool terminal)
{
	AUTO(buf) struct buf b = { 0 };

	if (!terminal)
		return fwrite(r->part.data, 1, r->part.len, stdout) == r->part.len ? 0 : -EIO;
	safe_plain(&b, (const char *)r->part.data, r->part.len, true);
	return fwrite(buf_text(&b), 1, b.len, stdout) == b.len ? 0 : -EIO;
}

/* 0 at the end; -EIO: *e says why, or what came is no text; -EPIPE: nobody reads the output. */
static int
copy(struct ctl *ctl, struct client_error *e)
{
	bool terminal = isatty(STDOUT_FILENO);
	uint8_t *msg;
	size_t len;
	int got;

	while ((got = client_next(ctl->client, &msg, &len, e)) > 0) {
		Bpfd__V1__ReadIterResponse *r = bpfd__v1__read_iter_response__unpack(NULL, len, msg);
		int err = r ? print(r, terminal) : -EIO;

		free(msg);
		if (r)
			bpfd__v1__read_iter_response__free_unpacked(r, NULL);
		if (err) {
			client_cancel(ctl->client);
			return r ? -EPIPE : -EIO;
		}
	}
	return got;
}

static int
run_iter(struct ctl *ctl, const struct args *args)
{
	Bpfd__V1__ReadIterRequest req = BPFD__V1__READ_ITER_REQUEST__INIT;
	AUTO(client_error) struct client_error e = { 0 };
	uint8_t packed[32];
	int err = -EIO;

	if (ctl_read_id(ctl, "iter", args->words[0], UINT64_MAX, &req.link))
		return CTL_USAGE;
	if (client_start(ctl->client, METHOD, packed, bpfd__v1__read_iter_request__pack(&req, packed), &e) == 0)
		err = copy(ctl, &e);
	if (fflush(stdout) && !err)
		err = -EPIPE;
	if (e.code)
		return ctl_fail_call(ctl, "iter", &e);
	if (err)
		return ctl_fail(ctl, CTL_FAILED, NULL, "iter", err == -EPIPE ? "the text cannot be written" :
			"the answer is malformed");
	return CTL_DONE;
}

static const struct opt opts[] = {
	OPT_END
};

const struct command cmd_iter = {
	.name = "iter",
	.synopsis = "LINK",
	.help = "read an iterator: run its program and print what it writes",
	.more = "LINK is the number of a link of kind iter: bpfctl list links.  Each time is a run of its own.\n"
		"When the text was cut (limits.iter_bytes, limits.iter_s) an error at the end says so.\n",
	.opts = opts,
	.min_words = 1, .max_words = 1,
	.words = { WORD_LINK },
	.run = run_iter,
};
