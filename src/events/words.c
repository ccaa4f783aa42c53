/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>

#include "events/words.h"

#define BIT(flag) { flag, #flag }

const struct field_word words_open_flags[] = {
	BIT(O_TMPFILE), BIT(O_SYNC),
	BIT(O_WRONLY), BIT(O_RDWR), BIT(O_CREAT), BIT(O_EXCL), BIT(O_NOCTTY), BIT(O_TRUNC),
	BIT(O_APPEND), BIT(O_NONBLOCK), BIT(O_DSYNC), BIT(O_ASYNC), BIT(O_DIRECT),
	{ 0100000, "O_LARGEFILE" },	/* the libc's own is 0 where off_t has 64 bits */
	BIT(O_DIRECTORY), BIT(O_NOFOLLOW), BIT(O_NOATIME), BIT(O_CLOEXEC), BIT(O_PATH),
	{ 0, NULL },
};

const struct field_word words_tcp_states[] = {
	{ 1, "ESTABLISHED" }, { 2, "SYN_SENT" }, { 3, "SYN_RECV" }, { 4, "FIN_WAIT1" },
	{ 5, "FIN_WAIT2" }, { 6, "TIME_WAIT" }, { 7, "CLOSE" }, { 8, "CLOSE_WAIT" },
	{ 9, "LAST_ACK" }, { 10, "LISTEN" }, { 11, "CLOSING" }, { 12, "NEW_SYN_RECV" },
	{ 0, NULL },
};

bool
words_get_name(const struct event *e, const struct field *f, struct value *out)
{
	struct ev_str s;
	const char *path, *slash;

	memcpy(&s, (const char *)e->ev + f->off, sizeof(s));
	if (!s.len)
		return false;
	path = (const char *)e->ev + s.off;
	slash = memrchr(path, '/', s.len);
	out->type = f->type;
	out->u = 0;
	out->data = slash ? slash + 1 : path;
	out->len = slash ? s.len - (size_t)(slash + 1 - path) : s.len;
	return true;
}

bool
words_get_fd(const struct event *e, const struct field *f, struct value *out)
{
	if (e->ev->ret < 0)
		return false;
	out->type = f->type;
	out->u = (uint64_t)e->ev->ret;
	out->data = NULL;
	out->len = 0;
	return true;
}
