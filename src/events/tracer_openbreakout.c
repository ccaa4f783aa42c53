/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/openbreakout.h"
#include "events/words.h"

static const char *const events[] = { "open", NULL };

static const struct field_word via_words[] = {
	{ BREAKOUT_MNTNS, "foreign-mntns" },
	{ BREAKOUT_HOSTMOUNT, "hostmount" },
	{ BREAKOUT_SOCKET, "socket" },
	{ BREAKOUT_SYSCTL, "sysctl" },
	{ BREAKOUT_CORE_PATTERN, "core-pattern" },
	{ BREAKOUT_RELEASE_AGENT, "release-agent" },
	{ 0, NULL },
};

static const struct field fields[] = {
	FIELD_REF(ev_openbreakout, path, "path", F_PATH, .help = "file that was opened, in the mount namespace it is in"),
	FIELD_REF(ev_openbreakout, filename, "filename", F_STR, .flags = FIELD_UNTRUSTED, .help = "path as the process gave it"),
	FIELD_REF(ev_openbreakout, path, "name", F_STR, .get = words_get_name, .help = "last component of path"),
	FIELD_NUM(ev_openbreakout, via, "via", F_FLAGS, .words = via_words, .help = "why it counts as a way out of the container"),
	FIELD_NUM(ev_openbreakout, file_mntns, "file_mntns", F_U64, .flags = FIELD_OPTIONAL, .help = "mount namespace of the file"),
	FIELD_NUM(ev_openbreakout, oflags, "flags", F_FLAGS, .words = words_open_flags, .help = "O_* as given"),
	FIELD_NUM(ev_openbreakout, mode, "mode", F_U64, .flags = FIELD_OPTIONAL, .help = "permissions for a file that is made"),
	FIELD_NUM(ev_openbreakout, h.ret, "fd", F_I64, .get = words_get_fd, .help = "descriptor"),
	FIELD_NUM(ev_openbreakout, dev, "dev", F_U64, .flags = FIELD_OPTIONAL | FIELD_DETAIL, .help = "device of the file: major << 20 | minor"),
	FIELD_NUM(ev_openbreakout, ino, "ino", F_U64, .flags = FIELD_OPTIONAL | FIELD_DETAIL, .help = "inode number of the file"),
	{ .name = NULL },
};

const struct tracer_info tracer_openbreakout = {
	.name = "openbreakout",
	.class = EV_CONTROL,
	.help = "files outside its own mounts opened by a container",
	.events = events,
	.min_size = sizeof(struct ev_openbreakout),
	.fields = fields,
	.seed_name = "dockeropenbreakout",
};
