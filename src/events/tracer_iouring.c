/* SPDX-License-Identifier: Apache-2.0 */
#include <netinet/in.h>
#include <sys/socket.h>

#include "bpf/iouring.h"
#include "events/words.h"

static const char *const events[] = { "submit", "create", NULL };
#define ON(id) (1U << IOURING_##id)

/* The kernel's uring_cmd and the rest of what is newer have their number. */
static const struct field_word op_words[] = {
	{ 13, "ACCEPT" }, { 16, "CONNECT" }, { 17, "FALLOCATE" }, { 18, "OPENAT" }, { 21, "STATX" },
	{ 28, "OPENAT2" }, { 35, "RENAMEAT" }, { 36, "UNLINKAT" }, { 37, "MKDIRAT" }, { 38, "SYMLINKAT" },
	{ 39, "LINKAT" }, { 41, "FSETXATTR" }, { 42, "SETXATTR" }, { 43, "FGETXATTR" }, { 44, "GETXATTR" },
	{ 45, "SOCKET" }, { 46, "URING_CMD" }, { 50, "WAITID" }, { 54, "FIXED_FD_INSTALL" },
	{ 55, "FTRUNCATE" }, { 56, "BIND" }, { 57, "LISTEN" }, { 62, "PIPE" }, { 0, NULL },
};

static const struct field_word sqe_words[] = {
	{ 1, "FIXED_FILE" }, { 2, "IO_DRAIN" }, { 4, "IO_LINK" }, { 8, "IO_HARDLINK" }, { 16, "ASYNC" },
	{ 32, "BUFFER_SELECT" }, { 64, "CQE_SKIP_SUCCESS" }, { 0, NULL },
};

static bool
get_fd(const struct event *e, const struct field *f, struct value *out)
{
	int32_t fd = ((const struct ev_iouring *)e->ev)->fd;

	(void)f;
	out->u = (uint64_t)fd;
	return fd >= 0;
}

static bool
get_addr(const struct event *e, const struct field *f, struct value *out)
{
	const struct ev_iouring *u = (const struct ev_iouring *)e->ev;

	(void)f;
	out->data = (const char *)u->addr;
	out->len = sizeof(u->addr);
	return u->family == AF_INET || u->family == AF_INET6;
}

static const struct field fields[] = {
	FIELD_NUM(ev_iouring, opcode, "op", F_ENUM, .words = op_words, .events = ON(SUBMIT), .help = "IORING_OP_* of the request"),
	FIELD_REF(ev_iouring, path, "path", F_PATH, .flags = FIELD_OPTIONAL, .events = ON(SUBMIT),
		  .help = "file that it is for, as given; of a unix socket its address"),
	FIELD_REF(ev_iouring, path2, "path2", F_PATH, .flags = FIELD_OPTIONAL, .events = ON(SUBMIT),
		  .help = "the new name; of SYMLINKAT what it points to"),
	FIELD_NUM(ev_iouring, addr, "daddr", F_IP, .get = get_addr, .events = ON(SUBMIT), .help = "address of CONNECT and BIND"),
	FIELD_NUM(ev_iouring, port, "dport", F_U64, .flags = FIELD_OPTIONAL, .events = ON(SUBMIT), .help = "its port"),
	FIELD_NUM(ev_iouring, fd, "fd", F_I64, .get = get_fd, .help = "descriptor that it is for, or that the ring has"),
	FIELD_NUM(ev_iouring, flags, "flags", F_U64, .flags = FIELD_OPTIONAL | FIELD_HEX, .events = ON(SUBMIT),
		  .help = "O_*, AT_* or RENAME_* as given"),
	FIELD_NUM(ev_iouring, mode, "mode", F_U64, .flags = FIELD_OPTIONAL, .events = ON(SUBMIT), .help = "permissions for what is made"),
	FIELD_NUM(ev_iouring, sqe_flags, "sqe_flags", F_FLAGS, .words = sqe_words, .flags = FIELD_OPTIONAL | FIELD_DETAIL,
		  .events = ON(SUBMIT), .help = "IOSQE_* of the request"),
	FIELD_NUM(ev_iouring, user_data, "user_data", F_U64, .flags = FIELD_OPTIONAL | FIELD_HEX | FIELD_DETAIL,
		  .events = ON(SUBMIT), .help = "what the process calls it"),
	FIELD_NUM(ev_iouring, entries, "entries", F_U64, .events = ON(CREATE), .help = "size of the ring"),
	FIELD_NUM(ev_iouring, sqe_flags, "setup", F_U64, .flags = FIELD_OPTIONAL | FIELD_HEX, .events = ON(CREATE),
		  .help = "IORING_SETUP_* of the ring"),
	{ .name = NULL },
};

const struct tracer_info tracer_iouring = {
	.name = "iouring",
	.class = EV_BULK,
	.help = "requests of io_uring that name a file or an address, and rings made",
	.events = events,
	.min_size = sizeof(struct ev_iouring),
	.fields = fields,
};
