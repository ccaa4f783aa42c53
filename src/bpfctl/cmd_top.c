/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpfctl/client_call.h"
#include "bpfctl/ctl.h"
#include "bpfctl/spec.h"
#include "bpfctl/waiter.h"
#include "common/clock.h"

#define SECOND_MS	1000
#define OWNERS_EVERY	10		/* intervals: who holds a program is looked for more rarely */
#define ROWS_ON_SCREEN	40
#define COUNT_MAX	1000000

/* What was counted at one moment. */
struct sample {
	Bpfd__V1__ListResponse *all;
	uint64_t ns;			/* CLOCK_MONOTONIC */
};

static void
sample_free(struct sample *s)
{
	if (s->all)
		protobuf_c_message_free_unpacked(&s->all->base, NULL);
	s->all = NULL;
}

static int
take(struct ctl *ctl, const struct args *args, bool owners, struct sample *out)
{
	Bpfd__V1__ListRequest req = BPFD__V1__LIST_REQUEST__INIT;
	AUTO(client_error) struct client_error e = { 0 };
	const char *type = args_get(args, "type");

	req.all = true;
	req.stats = true;
	req.owners = owners;
	req.max_bytes = CALL_MESSAGE_MAX;
	if (type)
		req.type = (char *)(uintptr_t)type;
	if (rpc_list(ctl->client, &req, &out->all, &e))
		return ctl_fail_call(ctl, "top", &e);
	out->ns = clock_ns(CLOCK_MONOTONIC);
	return CTL_DONE;
}

static const Bpfd__V1__Program *
find(const Bpfd__V1__ListResponse *all, uint32_t id)
{
	for (size_t i = 0; all && id && i < all->n_programs; i++)
		if (all->programs[i]->id == id)
			return all->programs[i];
	return NULL;
}

struct rows {
	struct field_top *v;
	char (*cpu)[24];
	const void **shown;
	size_t n;
};

static void
rows_free(struct rows *r)
{
	free(r->v);
	free(r->cpu);
	free(r->shown);
}

static inline void
auto_rows(struct rows *r)
{
	rows_free(r);
}

static int
busier(const void *a, const void *b)
{
	const struct field_top *x = *(const struct field_top *const *)a, *y = *(const struct field_top *const *)b;

	if (x->ns_per_s != y->ns_per_s)
		return x->ns_per_s < y->ns_per_s ? 1 : -1;
	return x->id < y->id ? -1 : x->id > y->id;
}

/* Counters only grow; what was not there before began at 0, but not in this interval. */
static int
compare(const struct sample *before, const struct sample *now, const Bpfd__V1__ListResponse *owners,
	struct rows *r)
{
	uint64_t span = now->ns - before->ns, n = now->all->n_programs;

	r->v = calloc(n + 1, sizeof(*r->v));
	r->cpu = calloc(n + 1, sizeof(*r->cpu));
	r->shown = calloc(n + 1, sizeof(*r->shown));
	if (!r->v || !r->cpu || !r->shown || !span)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const Bpfd__V1__Program *p = now->all->programs[i], *was = find(before->all, p->id);
		const Bpfd__V1__Program *owner = find(owners, p->id);
		uint64_t runs = was ? p->run_count - was->run_count : 0;
		uint64_t ns = was ? p->run_time_ns - was->run_time_ns : 0;
		struct field_top *t = &r->v[r->n];

		if (!runs)
			continue;
		*t = (struct field_top){ .id = p->id, .name = p->name, .type = p->type,
			.owner = owner ? owner->owner : p->owner, .ns_per_run = ns / runs,
			.runs_per_s = (uint64_t)((double)runs * 1e9 / (double)span),
			.ns_per_s = (uint64_t)((double)ns * 1e9 / (double)span) };
		snprintf(r->cpu[r->n], sizeof(r->cpu[0]), "%.2f", (double)t->ns_per_s / 1e7);
		t->cpu = r->cpu[r->n];
		r->shown[r->n++] = t;
	}
	qsort(r->shown, r->n, sizeof(*r->shown), busier);
	return 0;
}

static int
show(struct ctl *ctl, const struct sample *before, const struct sample *now,
	const Bpfd__V1__ListResponse *owners, bool screen)
{
	struct out_style style = ctl->out->style;
	AUTO(rows) struct rows r = { 0 };
	int status;

	if (compare(before, now, owners, &r))
		return ctl_fail(ctl, CTL_FAILED, NULL, "top", "no memory");
	if (screen)
		fputs("\033[H\033[2J", stdout);
	out_list(ctl->out, "programs", &schema_top, r.shown,
		screen && r.n > ROWS_ON_SCREEN ? ROWS_ON_SCREEN : r.n, SHOW_TABLE);
	status = ctl_print(ctl);
	if (!screen && style.format < OUT_JSON)
		putchar('\n');
	fflush(stdout);
	out_free(ctl->out);
	ctl->out = NULL;
	if (out_new(&style, &ctl->out))
		return ctl_fail(ctl, CTL_FAILED, NULL, "top", "no memory");
	return status;
}

static int
watch(struct ctl *ctl, const struct args *args, uint64_t count, bool screen)
{
	struct sample owners = { 0 }, before = { 0 }, now = { 0 };
	int status = take(ctl, args, true, &owners);

	if (!status)
		status = take(ctl, args, false, &before);
	for (uint64_t i = 0; !status && (!count || i < count); i++) {
		struct waiter w = { .signal_fd = -1 };

		if (waiter_begin(&w, 0)) {
			status = CTL_FAILED;
			break;
		}
		if (waiter_sleep(&w, SECOND_MS)) {
			waiter_end(&w);
			break;
		}
		waiter_end(&w);
		status = take(ctl, args, false, &now);
		if (!status)
			status = show(ctl, &before, &now, owners.all, screen);
		sample_free(&before);
		before = now;
		now.all = NULL;
		if (!status && i % OWNERS_EVERY == OWNERS_EVERY - 1) {
			sample_free(&owners);
			status = take(ctl, args, true, &owners);
		}
	}
	sample_free(&owners);
	sample_free(&before);
	return status;
}

static int
run_top(struct ctl *ctl, const struct args *args)
{
	const char *text = args_get(args, "count");
	uint64_t count = 0;
	bool screen;

	if (text && spec_number(text, 1, COUNT_MAX, &count))
		return ctl_fail(ctl, CTL_USAGE, NULL, "top", "--count: \"%s\" is not a number from 1 to %d", text, COUNT_MAX);
	screen = ctl->out->style.format < OUT_JSON && isatty(STDOUT_FILENO);
	return watch(ctl, args, count, screen);
}

static const struct opt opts[] = {
	{ "count", 'n', "N", "end after N intervals of a second; otherwise until Ctrl-C" },
	{ "type", 0, "TYPE", "only programs of this type", WORD_TYPE },
	OPT_END
};

const struct command cmd_top = {
	.name = "top",
	.synopsis = "",
	.help = "show which programs of the kernel run most, every second",
	.more = "All programs, not only bpfd's, by the processor time that they take: 100 is one processor.\n"
		"The kernel counts only while somebody asks, and up to ten seconds longer.\n",
	.opts = opts,
	.run = run_top,
};
