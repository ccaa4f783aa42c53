/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/fileops.h"
#include "events/words.h"

#define EVENT(id, name) name,
static const char *const events[] = { FILEOPS(EVENT) NULL };
#undef EVENT

#define WORD(id, name) { FILEOP_##id, name },
static const struct field_word op_words[] = { FILEOPS(WORD) { 0, NULL } };
#undef WORD

#define ON(id) (1U << FILEOP_##id)

static const struct field fields[] = {
	FIELD_NUM(ev_fileops, h.event, "op", F_ENUM, .words = op_words, .help = "what was done"),
	FIELD_REF(ev_fileops, path, "path", F_PATH, .help = "file that it was done to; of rename and link the old name"),
	FIELD_REF(ev_fileops, path2, "path2", F_PATH, .events = ON(RENAME) | ON(LINK) | ON(SYMLINK),
		  .help = "the new name; of symlink what it points to"),
	FIELD_REF(ev_fileops, path, "filename", F_STR, .get = words_get_name, .help = "last component of path"),
	FIELD_NUM(ev_fileops, mode, "mode", F_U64, .events = ON(MKDIR) | ON(MKNOD) | ON(CHMOD), .help = "permissions, and the type for mknod"),
	FIELD_NUM(ev_fileops, owner, "owner", F_U64, .events = ON(CHOWN), .help = "new uid; 4294967295: as it was"),
	FIELD_NUM(ev_fileops, group, "group", F_U64, .events = ON(CHOWN), .help = "new gid; 4294967295: as it was"),
	FIELD_NUM(ev_fileops, rdev, "rdev", F_U64, .events = ON(MKNOD), .help = "device number of the node, as given"),
	FIELD_NUM(ev_fileops, size, "size", F_U64, .events = ON(TRUNCATE), .help = "new length"),
	FIELD_NUM(ev_fileops, flags, "flags", F_U64, .flags = FIELD_OPTIONAL | FIELD_HEX, .help = "flags of the call"),
	FIELD_REF(ev_fileops, name, "xattr", F_STR, .flags = FIELD_UNTRUSTED, .events = ON(SETXATTR) | ON(REMOVEXATTR),
		  .help = "name of the extended attribute"),
	{ .name = NULL },
};

const struct tracer_info tracer_fileops = {
	.name = "fileops",
	.class = EV_BULK,
	.help = "files made, removed, renamed, linked and changed in mode or owner",
	.events = events,
	.min_size = sizeof(struct ev_fileops),
	.fields = fields,
};
