/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/open.h"
#include "events/words.h"

static const char *const events[] = { "open", NULL };

static const struct field fields[] = {
	FIELD_REF(ev_open, path, "path", F_PATH, .help = "file that was opened; of a failed open what was asked for"),
	FIELD_REF(ev_open, filename, "filename", F_STR, .flags = FIELD_UNTRUSTED, .help = "path as the process gave it"),
	FIELD_REF(ev_open, path, "name", F_STR, .get = words_get_name, .help = "last component of path"),
	FIELD_NUM(ev_open, oflags, "flags", F_FLAGS, .words = words_open_flags, .help = "O_* as given"),
	FIELD_NUM(ev_open, mode, "mode", F_U64, .flags = FIELD_OPTIONAL, .help = "permissions for a file that is made"),
	FIELD_NUM(ev_open, h.ret, "fd", F_I64, .get = words_get_fd, .help = "descriptor"),
	FIELD_NUM(ev_open, created, "created", F_BOOL, .help = "this open made the file"),
	FIELD_NUM(ev_open, dev, "dev", F_U64, .flags = FIELD_OPTIONAL | FIELD_DETAIL, .help = "device of the file: major << 20 | minor"),
	FIELD_NUM(ev_open, ino, "ino", F_U64, .flags = FIELD_OPTIONAL | FIELD_DETAIL, .help = "inode number of the file"),
	{ .name = NULL },
};

const struct tracer_info tracer_open = {
	.name = "open",
	.class = EV_BULK,
	.help = "files opened or created",
	.events = events,
	.min_size = sizeof(struct ev_open),
	.fields = fields,
};
