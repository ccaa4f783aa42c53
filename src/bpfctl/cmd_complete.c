/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "bpfctl/complete.h"
#include "bpfctl/ctl.h"

#define COMPLETE_TIMEOUT_MS 300

/*
 * What the shells' completion scripts call with the words up to the cursor.  Whatever goes wrong,
 * it says nothing: somebody is typing.
 */
static int
run_complete(struct ctl *ctl, const struct args *args)
{
	AUTO(client) struct client *client = NULL;
	struct complete c = { 0 };

	if (args->n_words == 0)
		return CTL_USAGE;
	if (client_new(ctl_socket(complete_socket(args->words, args->n_words)), &client) == 0) {
		client_set_timeout(client, COMPLETE_TIMEOUT_MS);
		c.client = client;
	}
	complete_line(&c, args->words, args->n_words);
	fputs(buf_text(&c.out), stdout);
	buf_free(&c.out);
	return CTL_DONE;
}

static const struct opt opts[] = { OPT_END };

const struct command cmd_complete = {
	.name = "__complete",
	.synopsis = "WORD...",
	.help = "candidates for the last word, for completion scripts",
	.opts = opts,
	.hidden = true, .raw = true,
	.run = run_complete,
};
