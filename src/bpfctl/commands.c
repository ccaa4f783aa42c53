/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl/args.h"

#define COMMAND(name) extern const struct command cmd_##name;
#include "bpfctl/commands.def"

#define COMMAND(name) &cmd_##name,
const struct command *const commands[] = {
#include "bpfctl/commands.def"
	NULL
};

const struct opt global_opts[] = {
	{ "socket", 's', "SOCKET", "bpfd's socket (default: $BPFD_HOST, then " BPFD_RUNSTATEDIR
		"/bpfd/bpfd.sock)", WORD_FILE },
	{ "output", 'o', "FORMAT", "table, wide, json, yaml or kv", WORD_CHOICE,
		"table|wide|json|yaml|kv" },
	{ "quiet", 'q', NULL, "print errors only, without the verifier's log" },
	{ "no-color", 0, NULL, "no colours, as with NO_COLOR in the environment" },
	{ "no-headers", 0, NULL, "tables without their first line" },
	{ "timeout", 0, "SECONDS", "give up after this time (default 30; 0: never)" },
	{ "help", 'h', NULL, "this text" },
	{ "version", 0, NULL, "the version of bpfctl" },
	OPT_END
};
