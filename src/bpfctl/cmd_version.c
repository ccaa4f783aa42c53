/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl/ctl.h"

struct own {
	const char *version;
};
static const struct field own_fields[] = {
	{ "bpfctl", "BPFCTL", FIELD_STR, SHOW_TABLE, offsetof(struct own, version), 0 },
};
static const struct schema own_schema = { own_fields, ARRAY_SIZE(own_fields) };

static int
run_version(struct ctl *ctl, const struct args *args)
{
	const struct own own = { PACKAGE_VERSION };
	Bpfd__V1__VersionRequest req = BPFD__V1__VERSION_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__VersionResponse *daemon = NULL;
	AUTO(client_error) struct client_error e = { 0 };
	int err = rpc_version(ctl->client, &req, &daemon, &e), printed;

	out_object(ctl->out, NULL, &own_schema, &own);
	if (!err)
		out_object(ctl->out, "bpfd", &schema_version, daemon);
	printed = ctl_print(ctl);
	return err ? ctl_fail_call(ctl, "version", &e) : printed;
}

static const struct opt opts[] = { OPT_END };

const struct command cmd_version = {
	.name = "version",
	.synopsis = "",
	.help = "show the versions of bpfctl, bpfd and the kernel",
	.opts = opts,
	.run = run_version,
};
