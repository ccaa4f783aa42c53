/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/mount.h"
#include "events/words.h"

#define EVENT(id, name) name,
static const char *const events[] = { MOUNTOPS(EVENT) NULL };
#undef EVENT

#define ON(id) (1U << MOUNTOP_##id)

/* linux/mount.h, linux/fs.h, sys/mount.h, linux/fcntl.h */
static const struct field_word mount_flags[] = {
	{ 1, "MS_RDONLY" }, { 2, "MS_NOSUID" }, { 4, "MS_NODEV" }, { 8, "MS_NOEXEC" },
	{ 0x10, "MS_SYNCHRONOUS" }, { 0x20, "MS_REMOUNT" }, { 0x40, "MS_MANDLOCK" },
	{ 0x80, "MS_DIRSYNC" }, { 0x100, "MS_NOSYMFOLLOW" }, { 0x400, "MS_NOATIME" },
	{ 0x800, "MS_NODIRATIME" }, { 0x1000, "MS_BIND" }, { 0x2000, "MS_MOVE" },
	{ 0x4000, "MS_REC" }, { 0x8000, "MS_SILENT" }, { 1 << 16, "MS_POSIXACL" },
	{ 1 << 17, "MS_UNBINDABLE" }, { 1 << 18, "MS_PRIVATE" }, { 1 << 19, "MS_SLAVE" },
	{ 1 << 20, "MS_SHARED" }, { 1 << 21, "MS_RELATIME" }, { 1 << 23, "MS_I_VERSION" },
	{ 1 << 24, "MS_STRICTATIME" }, { 1 << 25, "MS_LAZYTIME" },
	{ 0, NULL },
};
static const struct field_word umount_flags[] = {
	{ 1, "MNT_FORCE" }, { 2, "MNT_DETACH" }, { 4, "MNT_EXPIRE" }, { 8, "UMOUNT_NOFOLLOW" },
	{ 0, NULL },
};
static const struct field_word move_flags[] = {
	{ 0x1, "MOVE_MOUNT_F_SYMLINKS" }, { 0x2, "MOVE_MOUNT_F_AUTOMOUNTS" },
	{ 0x4, "MOVE_MOUNT_F_EMPTY_PATH" }, { 0x10, "MOVE_MOUNT_T_SYMLINKS" },
	{ 0x20, "MOVE_MOUNT_T_AUTOMOUNTS" }, { 0x40, "MOVE_MOUNT_T_EMPTY_PATH" },
	{ 0x100, "MOVE_MOUNT_SET_GROUP" }, { 0x200, "MOVE_MOUNT_BENEATH" },
	{ 0, NULL },
};
static const struct field_word tree_flags[] = {
	{ 1, "OPEN_TREE_CLONE" }, { 0x100, "AT_SYMLINK_NOFOLLOW" }, { 0x800, "AT_NO_AUTOMOUNT" },
	{ 0x1000, "AT_EMPTY_PATH" }, { 0x8000, "AT_RECURSIVE" }, { 02000000, "OPEN_TREE_CLOEXEC" },
	{ 0, NULL },
};
static const struct field_word attrs[] = {
	{ 0x1, "MOUNT_ATTR_RDONLY" }, { 0x2, "MOUNT_ATTR_NOSUID" }, { 0x4, "MOUNT_ATTR_NODEV" },
	{ 0x8, "MOUNT_ATTR_NOEXEC" }, { 0x70, "MOUNT_ATTR__ATIME" }, { 0x10, "MOUNT_ATTR_NOATIME" },
	{ 0x20, "MOUNT_ATTR_STRICTATIME" }, { 0x80, "MOUNT_ATTR_NODIRATIME" },
	{ 0x100000, "MOUNT_ATTR_IDMAP" }, { 0x200000, "MOUNT_ATTR_NOSYMFOLLOW" },
	{ 0, NULL },
};
static const struct field_word commands[] = {
	{ 0, "FSCONFIG_SET_FLAG" }, { 1, "FSCONFIG_SET_STRING" }, { 2, "FSCONFIG_SET_BINARY" },
	{ 3, "FSCONFIG_SET_PATH" }, { 4, "FSCONFIG_SET_PATH_EMPTY" }, { 5, "FSCONFIG_SET_FD" },
	{ 6, "FSCONFIG_CMD_CREATE" }, { 7, "FSCONFIG_CMD_RECONFIGURE" },
	{ 8, "FSCONFIG_CMD_CREATE_EXCL" },
	{ 0, NULL },
};

static const struct field fields[] = {
	FIELD_REF(ev_mountop, source, "source", F_PATH, .flags = FIELD_OPTIONAL,
		  .help = "what is mounted: a device, a folder, a server, any word; of pivot_root the new root"),
	FIELD_REF(ev_mountop, target, "target", F_PATH, .flags = FIELD_OPTIONAL,
		  .help = "where, as the process gave it; of pivot_root where the old root goes"),
	FIELD_REF(ev_mountop, mounted, "mounted", F_PATH, .flags = FIELD_OPTIONAL,
		  .events = ON(MOUNT) | ON(MOVE) | ON(FSMOUNT),
		  .help = "where it is now, by the kernel; of mount the place of the namespace's newest mount"),
	FIELD_REF(ev_mountop, fstype, "fstype", F_STR, .flags = FIELD_OPTIONAL,
		  .help = "type of the file system: the kernel's, or of a call that failed the one that was asked for"),
	FIELD_NUM(ev_mountop, flags, "flags", F_FLAGS, .events = ON(MOUNT), .words = mount_flags, .help = "MS_* as given"),
	FIELD_NUM(ev_mountop, flags, "umount_flags", F_FLAGS, .events = ON(UMOUNT), .words = umount_flags,
		  .help = "MNT_* as given"),
	FIELD_NUM(ev_mountop, flags, "move_flags", F_FLAGS, .events = ON(MOVE), .words = move_flags,
		  .help = "MOVE_MOUNT_* as given"),
	FIELD_NUM(ev_mountop, flags, "tree_flags", F_FLAGS, .events = ON(OPEN_TREE) | ON(SETATTR), .words = tree_flags,
		  .help = "OPEN_TREE_* and AT_* as given"),
	FIELD_NUM(ev_mountop, flags, "fs_flags", F_U64, .flags = FIELD_HEX | FIELD_OPTIONAL | FIELD_DETAIL,
		  .events = ON(FSOPEN) | ON(FSPICK) | ON(FSMOUNT), .help = "flags of the call"),
	FIELD_NUM(ev_mountop, attr_set, "attr_set", F_FLAGS, .flags = FIELD_OPTIONAL,
		  .events = ON(FSMOUNT) | ON(OPEN_TREE) | ON(SETATTR), .words = attrs, .help = "attributes that are set"),
	FIELD_NUM(ev_mountop, attr_clr, "attr_clr", F_FLAGS, .flags = FIELD_OPTIONAL,
		  .events = ON(OPEN_TREE) | ON(SETATTR), .words = attrs, .help = "attributes that are cleared"),
	FIELD_NUM(ev_mountop, cmd, "cmd", F_ENUM, .events = ON(FSCONFIG), .words = commands, .help = "what fsconfig does"),
	FIELD_REF(ev_mountop, key, "key", F_STR, .flags = FIELD_UNTRUSTED | FIELD_OPTIONAL, .events = ON(FSCONFIG),
		  .help = "name of the parameter"),
	FIELD_REF(ev_mountop, data, "options", F_STR, .flags = FIELD_UNTRUSTED | FIELD_SENSITIVE | FIELD_OPTIONAL,
		  .events = ON(MOUNT) | ON(FSCONFIG), .help = "options of the file system, or the parameter's value"),
	FIELD_NUM(ev_mountop, dev, "dev", F_U64, .flags = FIELD_OPTIONAL | FIELD_DETAIL,
		  .help = "device of the file system: major << 20 | minor"),
	{ .name = NULL },
};

const struct tracer_info tracer_mount = {
	.name = "mount",
	.class = EV_CONTROL,
	.help = "file systems mounted, moved, changed and unmounted",
	.events = events,
	.min_size = sizeof(struct ev_mountop),
	.fields = fields,
};
