/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bpfctl/attach_glob.h"
#include "bpfctl/ctl.h"
#include "bpfctl/spec.h"

/* Gives every option that is also a key of --attach to the reader of those. */
static int
read_options(struct ctl *ctl, const struct args *args, struct spec_attach *spec)
{
	static const char *const keys[] = {
		"direction", "mode", "netns", "priority", "proceed-on", "cookie", "metadata",
	};
	const char *target = args->n_words > 2 ? args->words[2] : "";

	if (spec_attach_target(spec, args->words[1], target))
		return ctl_fail(ctl, CTL_FAILED, NULL, "attach", "no memory");
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		AUTO(buf) struct buf why = { 0 };
		const char *value;
		size_t at = 0;

		while ((value = args_each(args, keys[i], &at)))
			if (spec_attach_set(spec, keys[i], value, &why))
				return ctl_fail(ctl, CTL_USAGE, NULL, "attach", "%s",
					buf_text(&why));
	}
	for (size_t i = 3; i < args->n_words; i++) {
		AUTO(buf) struct buf why = { 0 };
		AUTO(mem) char *pair = strdup(args->words[i]);

		if (!pair)
			return ctl_fail(ctl, CTL_FAILED, NULL, "attach", "no memory");
		if (spec_attach_pair(spec, pair, &why))
			return ctl_fail(ctl, CTL_USAGE, "bpfctl status -o wide shows what each kind takes",
				"attach", "%s", buf_text(&why));
	}
	spec->req.dry_run = args_has(args, "dry-run");
	spec->req.future |= args_has(args, "future");
	return CTL_DONE;
}

struct row {
	const char *interface, *result;
};
static const struct field row_fields[] = {
	{ "interface", "INTERFACE", FIELD_STR, SHOW_TABLE, offsetof(struct row, interface), 0 },
	{ "result", "RESULT", FIELD_STR, SHOW_TABLE, offsetof(struct row, result), 0 },
};
static const struct schema row_schema = { row_fields, ARRAY_SIZE(row_fields) };

/* What became of the interfaces that are there. */
static int
print_interfaces(struct ctl *ctl, const Bpfd__V1__Link *l, bool dry_run)
{
	size_t n = l->n_interfaces + l->n_failures, k = 0;
	AUTO(mem) struct row *rows = calloc(n + 1, sizeof(*rows));
	AUTO(mem) const void **all = calloc(n + 1, sizeof(*all));

	if (!rows || !all)
		return ctl_fail(ctl, CTL_FAILED, NULL, "attach", "no memory");
	for (size_t i = 0; i < l->n_interfaces; i++)
		rows[k++] = (struct row){ l->interfaces[i], dry_run ? "would be attached" : "attached" };
	for (size_t i = 0; i < l->n_failures; i++)
		rows[k++] = (struct row){ l->failures[i]->key, l->failures[i]->value };
	for (size_t i = 0; i < n; i++)
		all[i] = &rows[i];
	out_list(ctl->out, "interfaces", &row_schema, all, n, SHOW_TABLE);
	return CTL_DONE;
}

static int
attach_one(struct ctl *ctl, const struct spec_attach *spec)
{
	AUTO(reply) Bpfd__V1__AttachResponse *reply = NULL;
	AUTO(client_error) struct client_error e = { 0 };
	int status = CTL_DONE;

	if (rpc_attach(ctl->client, &spec->req, &reply, &e))
		return ctl_fail_call(ctl, "attach", &e);
	out_list(ctl->out, "links", &schema_link, (const void *const *)&reply->link,
		reply->link ? 1 : 0, SHOW_TABLE);
	if (reply->link && reply->link->future)
		status = print_interfaces(ctl, reply->link, spec->req.dry_run);
	return status ? status : ctl_print(ctl);
}

static int
run_attach(struct ctl *ctl, const struct args *args)
{
	AUTO(spec_attach) struct spec_attach spec = { 0 };
	int status;

	spec_attach_init(&spec);
	status = read_options(ctl, args, &spec);
	if (!status)
		status = ctl_find_program(ctl, "attach", args->words[0], &spec.req.program);
	if (status)
		return status;
	return attach_is_glob(ctl, &spec.req) ? attach_glob(ctl, &spec.req) : attach_one(ctl, &spec);
}

static const struct opt opts[] = {
	{ "direction", 0, "DIRECTION", "tc, tcx, cgroup_skb: ingress or egress; netkit: primary or peer",
		WORD_CHOICE, "ingress|egress|primary|peer" },
	{ "mode", 0, "MODE", "xdp: native, skb or hw; without it native, then skb", WORD_CHOICE,
		"native|skb|hw" },
	{ "netns", 0, "NETNS", "another network namespace: a path or pid:N", WORD_NETNS },
	{ "priority", 0, "N", "1 (first) to 1000; default 50" },
	{ "proceed-on", 0, "ACTION[,ACTION]", "results after which the next program runs",
		.many = true },
	{ "cookie", 0, "N", "what bpf_get_attach_cookie() returns in the program" },
	{ "metadata", 0, "KEY=VALUE", "kept with the link", .many = true },
	{ "future", 0, NULL, "to every interface that TARGET fits, now and as they come" },
	{ "dry-run", 0, NULL, "check everything, attach nothing" },
	OPT_END
};

const struct command cmd_attach = {
	.name = "attach",
	.synopsis = "PROGRAM KIND [TARGET [NAME=VALUE...]]",
	.help = "attach a loaded program",
	.more = "PROGRAM is an id, or a name that only one program has.  bpfctl status shows the kinds\n"
		"and what their targets are: an interface, CATEGORY/NAME of a tracepoint, ...; with -o wide\n"
		"also what else a kind takes, as NAME=VALUE.  TARGET is \"\" where a kind needs none.\n"
		"An interface may be a pattern (* ? []): the program is attached to all that fit now.  With\n"
		"--future also to those that come, get such a name, or are not there yet, until the link that\n"
		"stands for all of them is detached.\n",
	.opts = opts,
	.min_words = 2, .max_words = 35,
	.words = { WORD_PROGRAM, WORD_KIND, WORD_TARGET, WORD_OPTION },
	.run = run_attach,
};
