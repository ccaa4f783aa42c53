/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpfctl/ctl.h"

struct row {
	const char *what, *problem, *result, *text;
	uint64_t id;
};
static const struct field row_fields[] = {
	{ "what", "WHAT", FIELD_STR, SHOW_TABLE, offsetof(struct row, what), 0 },
	{ "id", "ID", FIELD_ID64, SHOW_TABLE, offsetof(struct row, id), 0 },
	{ "problem", "PROBLEM", FIELD_STR, SHOW_TABLE, offsetof(struct row, problem), 0 },
	{ "result", "RESULT", FIELD_STR, SHOW_TABLE, offsetof(struct row, result), 0 },
	{ "text", "WHY", FIELD_STR, SHOW_TABLE, offsetof(struct row, text), 0 },
};
static const struct schema row_schema = { row_fields, ARRAY_SIZE(row_fields) };

static int
drop(struct ctl *ctl, const Bpfd__V1__Finding *f, struct client_error *e)
{
	Bpfd__V1__UnloadRequest unload = BPFD__V1__UNLOAD_REQUEST__INIT;
	Bpfd__V1__DetachRequest detach = BPFD__V1__DETACH_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__UnloadResponse *unloaded = NULL;
	AUTO(reply) Bpfd__V1__DetachResponse *detached = NULL;

	if (strcmp(f->what, "link") == 0) {
		detach.link = f->id;
		return rpc_detach(ctl->client, &detach, &detached, e);
	}
	if (strcmp(f->what, "group") == 0) {
		unload.what_case = BPFD__V1__UNLOAD_REQUEST__WHAT_GROUP;
		unload.group = f->id;
	} else {
		unload.what_case = BPFD__V1__UNLOAD_REQUEST__WHAT_PROGRAM;
		unload.program = (uint32_t)f->id;
	}
	return rpc_unload(ctl->client, &unload, &unloaded, e);
}

/* Orphans have no owner, and what is hopeless has nothing to come back from; the rest stays. */
static const char *
mend(struct ctl *ctl, const Bpfd__V1__Finding *f)
{
	AUTO(client_error) struct client_error e = { 0 };
	bool orphan = strcmp(f->problem, "orphan") == 0;

	if (!orphan && !f->hopeless)
		return "stays";
	if (drop(ctl, f, &e) == 0)
		return orphan ? "removed" : "dropped";
	ctl_fail_call(ctl, "fsck --repair", &e);
	return "stays";
}

static int
print(struct ctl *ctl, Bpfd__V1__Finding *const *findings, size_t n, bool repair)
{
	AUTO(mem) struct row *rows = calloc(n + 1, sizeof(*rows));
	AUTO(mem) const void **all = calloc(n + 1, sizeof(*all));
	size_t stay = 0;
	int printed;

	if (!rows || !all)
		return ctl_fail(ctl, CTL_FAILED, NULL, "fsck", "no memory");
	for (size_t i = 0; i < n; i++) {
		const Bpfd__V1__Finding *f = findings[i];

		rows[i] = (struct row){ f->what, f->problem, repair ? mend(ctl, f) : "", f->text, f->id };
		stay += !repair || strcmp(rows[i].result, "stays") == 0;
		all[i] = &rows[i];
	}
	out_list(ctl->out, "findings", &row_schema, all, n, SHOW_TABLE);
	printed = ctl_print(ctl);
	if (!n && !ctl->quiet)
		fputs("bpfctl: fsck: nothing is wrong\n", stderr);
	return stay ? CTL_FAILED : printed;
}

static int
run_fsck(struct ctl *ctl, const struct args *args)
{
	Bpfd__V1__FsckRequest check = BPFD__V1__FSCK_REQUEST__INIT;
	Bpfd__V1__RepairRequest repair = BPFD__V1__REPAIR_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__FsckResponse *found = NULL;
	AUTO(reply) Bpfd__V1__RepairResponse *left = NULL;
	AUTO(client_error) struct client_error e = { 0 };

	if (args_has(args, "repair")) {
		if (rpc_repair(ctl->client, &repair, &left, &e))
			return ctl_fail_call(ctl, "fsck --repair", &e);
		return print(ctl, left->findings, left->n_findings, true);
	}
	if (rpc_fsck(ctl->client, &check, &found, &e))
		return ctl_fail_call(ctl, "fsck", &e);
	return print(ctl, found->findings, found->n_findings, false);
}

static const struct opt opts[] = {
	{ "repair", 0, NULL, "restore what can come back, remove orphans and what never can" },
	OPT_END
};

const struct command cmd_fsck = {
	.name = "fsck",
	.synopsis = "",
	.help = "compare store, pins and kernel",
	.more = "Without --repair nothing is changed.  The exit status is 1 while something is wrong.\n",
	.opts = opts,
	.run = run_fsck,
};
