/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl/args.h"

#include <string.h>

static void
option_lines(struct buf *b, const struct opt *opts)
{
	for (const struct opt *o = opts; o->name; o++) {
		size_t start = b->len, used;

		if (o->letter)
			buf_printf(b, "  -%c, --%s", o->letter, o->name);
		else
			buf_printf(b, "      --%s", o->name);
		if (o->arg)
			buf_printf(b, " %s", o->arg);
		used = b->len - start;
		if (used > 34)
			buf_printf(b, "\n%*s", 36, "");
		else
			buf_fill(b, ' ', 36 - used);
		buf_printf(b, "%s%s\n", o->help, o->many ? "; may be repeated" : "");
	}
}

static void
program_help(struct buf *b)
{
	buf_str(b, "usage: bpfctl [options] COMMAND ...\n\n"
		   "Loads and attaches BPF programs through bpfd, keeps its rules, shows its events.\n\n"
		   "commands:\n");
	for (size_t i = 0; commands[i]; i++) {
		size_t start = b->len;

		if (commands[i]->hidden)
			continue;
		buf_printf(b, "  %s %s", commands[i]->name, commands[i]->synopsis);
		if (b->len - start > 34)
			buf_printf(b, "\n%*s", 36, "");
		else
			buf_fill(b, ' ', 36 - (b->len - start));
		buf_printf(b, "%s\n", commands[i]->help);
	}
	buf_str(b, "\noptions, before or after the command:\n");
	option_lines(b, global_opts);
	buf_str(b, "\nbpfctl COMMAND --help tells more of a command; bpfctl(8) has it all.\n");
}

void
help_text(struct buf *b, const struct command *cmd)
{
	if (!cmd) {
		program_help(b);
		return;
	}
	buf_printf(b, "usage: bpfctl %s [options]%s%s\n\n%s\n", cmd->name,
		*cmd->synopsis ? " " : "", cmd->synopsis, cmd->help);
	if (cmd->more)
		buf_printf(b, "\n%s", cmd->more);
	if (cmd->opts->name) {
		buf_str(b, "\noptions:\n");
		option_lines(b, cmd->opts);
	}
	buf_str(b, "\noptions of every command:\n");
	option_lines(b, global_opts);
}
