/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/filetop.h"
#include "events/words.h"

static const char *const events[] = { "file", NULL };

static const struct field fields[] = {
	FIELD_NUM(ev_filetop, reads, "reads", F_U64, .help = "read calls in the interval"),
	FIELD_NUM(ev_filetop, writes, "writes", F_U64, .help = "write calls in the interval"),
	FIELD_NUM(ev_filetop, rbytes, "rbytes", F_U64, .help = "bytes read in the interval"),
	FIELD_NUM(ev_filetop, wbytes, "wbytes", F_U64, .help = "bytes written in the interval"),
	FIELD_REF(ev_filetop, path, "name", F_STR, .get = words_get_name, .help = "last component of path"),
	FIELD_REF(ev_filetop, path, "path", F_PATH, .help = "the file"),
	FIELD_NUM(ev_filetop, interval_ns, "interval_ns", F_U64, .help = "length of the interval"),
	FIELD_NUM(ev_filetop, dev, "dev", F_U64, .flags = FIELD_DETAIL, .help = "device of the file: major << 20 | minor"),
	FIELD_NUM(ev_filetop, ino, "ino", F_U64, .flags = FIELD_DETAIL, .help = "inode number of the file"),
	{ .name = NULL },
};

const struct tracer_info tracer_filetop = {
	.name = "filetop",
	.class = EV_BULK,
	.flags = TR_COSTLY,
	.help = "reads and writes by process and file, each second",
	.events = events,
	.min_size = sizeof(struct ev_filetop),
	.fields = fields,
};
