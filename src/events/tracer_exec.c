/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/exec.h"
#include "events/words.h"

static const char *const events[] = { "exec", NULL };

static const struct field_word stdio_words[] = {
	{ EXEC_STDIN_NET, "STDIN_NET" }, { EXEC_STDOUT_NET, "STDOUT_NET" }, { 0, NULL },
};
static const struct field_word origin_words[] = {
	{ EXEC_NO_NAME, "noname" }, { EXEC_TMPFS, "tmpfs" }, { EXEC_FROM_FD, "fd" }, { 0, NULL },
};

static const struct field fields[] = {
	FIELD_REF(ev_exec, path, "path", F_PATH, .flags = FIELD_OPTIONAL,
		  .help = "executable; of a script its interpreter; nothing when it failed"),
	FIELD_REF(ev_exec, args, "args", F_LIST, .flags = FIELD_UNTRUSTED, .help = "arguments, the program's name first"),
	FIELD_REF(ev_exec, filename, "filename", F_STR, .flags = FIELD_UNTRUSTED, .help = "path as the process gave it"),
	FIELD_REF(ev_exec, interp, "interp", F_STR, .flags = FIELD_OPTIONAL | FIELD_DETAIL, .help = "interpreter of a script, else filename"),
	FIELD_NUM(ev_exec, argc, "argc", F_U64, .flags = FIELD_OPTIONAL | FIELD_DETAIL, .help = "how many arguments there were"),
	FIELD_NUM(ev_exec, mode, "mode", F_U64, .flags = FIELD_OPTIONAL | FIELD_DETAIL, .help = "type and permissions of the executable"),
	FIELD_NUM(ev_exec, owner, "owner", F_U64, .flags = FIELD_DETAIL, .help = "uid of the executable's owner"),
	FIELD_NUM(ev_exec, old_euid, "old_euid", F_U64, .flags = FIELD_DETAIL, .help = "effective user before"),
	FIELD_NUM(ev_exec, euid, "euid", F_U64, .flags = FIELD_DETAIL, .help = "effective user after"),
	FIELD_NUM(ev_exec, stdio, "stdio", F_FLAGS, .flags = FIELD_OPTIONAL, .words = stdio_words, .help = "standard input or output is a network connection"),
	FIELD_NUM(ev_exec, origin, "origin", F_FLAGS, .flags = FIELD_OPTIONAL, .words = origin_words,
		  .help = "noname: deleted or a memfd; tmpfs: in memory; fd: by descriptor"),
	FIELD_NUM(ev_exec, nlink, "nlink", F_U64, .flags = FIELD_DETAIL, .help = "names that the executable has"),
	FIELD_NUM(ev_exec, dev, "dev", F_U64, .flags = FIELD_OPTIONAL | FIELD_DETAIL, .help = "device of the executable: major << 20 | minor"),
	FIELD_NUM(ev_exec, ino, "ino", F_U64, .flags = FIELD_OPTIONAL | FIELD_DETAIL, .help = "inode number of the executable"),
	{ .name = NULL },
};

const struct tracer_info tracer_exec = {
	.name = "exec",
	.class = EV_CONTROL,
	.help = "programs executed, failures too",
	.events = events,
	.min_size = sizeof(struct ev_exec),
	.fields = fields,
};
