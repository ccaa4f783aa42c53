/* SPDX-License-Identifier: Apache-2.0 */
#include "connect/connect.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nss.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"
#include "common/clock.h"
#include "connect/address.h"

static inline void
release_addresses(struct addrinfo *list)
{
	if (list)
		freeaddrinfo(list);
}
AUTO_DEFINE(addresses, struct addrinfo *, release_addresses)

void
connect_init(void)
{
	__nss_configure_lookup("hosts", "files dns");
}

__attribute__((format(printf, 3, 4))) static int
refuse(struct msg_connected *out, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out->text, sizeof(out->text), fmt, ap);
	va_end(ap);
	out->err = err;
	return err;
}

static int
look_up(const struct msg_connect *want, struct addrinfo **list, struct msg_connected *out)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
	char port[16];
	int got;

	snprintf(port, sizeof(port), "%u", want->port);
	got = getaddrinfo(want->host, port, &hints, list);
	switch (got) {
	case 0:
		return 0;
	case EAI_NONAME:
	case EAI_NODATA:
		return refuse(out, -ENOENT, "there is no host %s: neither /etc/hosts nor DNS has it", want->host);
	case EAI_AGAIN:
		return refuse(out, -EAGAIN, "no name server answered for %s: is /etc/resolv.conf right?", want->host);
	default:
		return refuse(out, -EHOSTUNREACH, "%s cannot be looked up: %s", want->host, gai_strerror(got));
	}
}

/* 0 when it is connected, else -errno. */
static int
await(int fd, int64_t until_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	socklen_t len = sizeof(int);
	int64_t left;
	int err = 0, got;

	do {
		left = until_ms - clock_ms();
		got = left > 0 ? poll(&p, 1, (int)left) : 0;
	} while (got < 0 && errno == EINTR);
	if (got <= 0)
		return got ? -errno : -ETIMEDOUT;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0 ? -errno : -err;
}

static int
try_one(const struct addrinfo *a, int64_t until_ms)
{
	AUTO(fd) int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const int on = 1;
	int err = 0;

	if (fd < 0)
		return -errno;
	if (connect(fd, a->ai_addr, a->ai_addrlen) < 0)
		err = errno == EINPROGRESS ? await(fd, until_ms) : -errno;
	if (!err && (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0 ||
			    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)) < 0))
		err = -errno;
	return err ? err : TAKE_FD(fd);
}

static const char *
why(int err)
{
	if (err == -EAFNOSUPPORT)
		return "bpfd is not let use the network: see network.conf of bpfd.service";
	return err == -ETIMEDOUT ? "it does not answer" : strerrordesc_np(-err);
}

/* Which of them may be connected to stay in the list; the reason of the last that may not in out. */
static unsigned int
usable(const struct msg_connect *want, struct addrinfo *list, struct msg_connected *out)
{
	unsigned int n = 0;

	for (struct addrinfo *a = list; a; a = a->ai_next) {
		const char *what = address_refused(a->ai_addr, want->flags & CONNECT_REMOTE, &want->allow);
		char text[ADDRESS_TEXT];

		n += !what;
		if (!what)
			continue;
		a->ai_socktype = 0;	/* passed over */
		address_text(a->ai_addr, text);
		refuse(out, -EACCES, "%s is %s, which is %s: nothing is sent there unless network.allow in bpfd.toml has it",
			want->host, text, what);
	}
	return n;
}

int
connect_to(const struct msg_connect *want, struct msg_connected *out)
{
	AUTO(addresses) struct addrinfo *list = NULL;
	const int64_t end_ms = clock_ms() + want->ms;
	int fd = look_up(want, &list, out);
	unsigned int n;

	if (fd)
		return fd;
	n = usable(want, list, out);
	if (!n)
		return out->err;
	for (struct addrinfo *a = list; a; a = a->ai_next) {
		char text[ADDRESS_TEXT];

		if (!a->ai_socktype)
			continue;
		fd = try_one(a, clock_ms() + (end_ms - clock_ms()) / n--);
		address_text(a->ai_addr, text);
		if (fd < 0) {
			refuse(out, fd, "%s (%s) port %u: %s", want->host, text, want->port, why(fd));
			continue;
		}
		out->err = 0;
		out->own = address_refused(a->ai_addr, true, &(struct conf_NETS){ 0 }) != NULL;
		snprintf(out->text, sizeof(out->text), "%s", text);
		return fd;
	}
	return out->err;
}
