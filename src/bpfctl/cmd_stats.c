/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "bpfctl/ctl.h"
#include "bpfctl/waiter.h"

#define WATCH_MS 1000

static int
print_once(struct ctl *ctl)
{
	Bpfd__V1__StatsRequest req = BPFD__V1__STATS_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__StatsResponse *all = NULL;
	AUTO(client_error) struct client_error e = { 0 };

	if (rpc_stats(ctl->client, &req, &all, &e))
		return ctl_fail_call(ctl, "stats", &e);
	out_list(ctl->out, "counters", &schema_counter, (const void *const *)all->counters,
		all->n_counters, SHOW_TABLE);
	return ctl_print(ctl);
}

/* One document after another, until a signal. */
static int
watch(struct ctl *ctl)
{
	struct out_style style = ctl->out->style;
	int status = CTL_DONE;

	while (status == CTL_DONE) {
		struct waiter w = { .signal_fd = -1 };

		status = print_once(ctl);
		fflush(stdout);
		out_free(ctl->out);
		ctl->out = NULL;
		if (status || out_new(&style, &ctl->out))
			return status ? status : ctl_fail(ctl, CTL_FAILED, NULL, "stats", "no memory");
		if (waiter_begin(&w, 0))
			return CTL_FAILED;
		if (waiter_sleep(&w, WATCH_MS)) {
			waiter_end(&w);
			return CTL_DONE;
		}
		waiter_end(&w);
		if (style.format < OUT_JSON)
			putchar('\n');
	}
	return status;
}

static int
run_stats(struct ctl *ctl, const struct args *args)
{
	return args_has(args, "watch") ? watch(ctl) : print_once(ctl);
}

static const struct opt opts[] = {
	{ "watch", 0, NULL, "every second, until Ctrl-C" },
	OPT_END
};

const struct command cmd_stats = {
	.name = "stats",
	.synopsis = "",
	.help = "show how many events came, went and were lost at each stage",
	.opts = opts,
	.run = run_stats,
};
