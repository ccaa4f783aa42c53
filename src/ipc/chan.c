/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/chan.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/auto.h"
#include "common/clock.h"
#include "common/log.h"

struct rule {
	const char *name;
	unsigned int from;
	size_t size;
	unsigned int fds;
	unsigned int phases;
	unsigned int to;
};

static const struct rule rules[N_IPC_TYPES] = {
#define RULE(n, f, p, d, ph, role) [IPC_##n] = { #n, f, sizeof(struct msg_##p), d, ph, role },
#define TO_SUP(n, f, p, d, ph)     RULE(n, f, p, d, ph, FROM_SUP)
#define TO_LOADER(n, f, p, d, ph)  RULE(n, f, p, d, ph, FROM_LOADER)
#define TO_LINKER(n, f, p, d, ph)  RULE(n, f, p, d, ph, FROM_LINKER)
#define TO_ONESHOT(n, f, p, d, ph) RULE(n, f, p, d, ph, FROM_ONESHOT)
#define TO_API(n, f, p, d, ph)     RULE(n, f, p, d, ph, FROM_API)
#define TO_ENRICHER(n, f, p, d, ph) RULE(n, f, p, d, ph, FROM_ENRICHER)
#define TO_ACTION(n, f, p, d, ph)  RULE(n, f, p, d, ph, FROM_ACTION)
#define TO_XDP(n, f, p, d, ph)     RULE(n, f, p, d, ph, FROM_XDP)
#define TO_CHECKPOINT(n, f, p, d, ph) RULE(n, f, p, d, ph, FROM_CHECKPOINT)
#define TO_FETCH(n, f, p, d, ph)   RULE(n, f, p, d, ph, FROM_FETCH)
#define TO_SUP_FETCH(n, f, p, d, ph) RULE(n, f, p, d, ph, FROM_SUP)
#define TO_CONNECT(n, f, p, d, ph) RULE(n, f, p, d, ph, FROM_CONNECT)
#define TO_SUP_CONNECT(n, f, p, d, ph) RULE(n, f, p, d, ph, FROM_SUP)
#include "ipc/messages.def"
};

struct chan {
	int fd;
	unsigned int self;
	unsigned int peers;
	enum ipc_phase phase;
	size_t room;			/* of in.payload: for the longest that may come */
	struct {
		struct msg_hdr hdr;
		_Alignas(8) unsigned char payload[];
	} in;
};

const char *
ipc_type_name(uint32_t type)
{
	return type > 0 && type < N_IPC_TYPES ? rules[type].name : "?";
}

size_t
ipc_payload_size(uint32_t type)
{
	return type > 0 && type < N_IPC_TYPES ? rules[type].size : 0;
}

unsigned int
ipc_fd_count(uint32_t type)
{
	return type > 0 && type < N_IPC_TYPES ? rules[type].fds : 0;
}

/* Length of a valid UTF-8 sequence at p (no overlong form, surrogate or control); 0 if none. */
static size_t
utf8_len(const unsigned char *p, size_t room)
{
	static const struct {
		unsigned char mask, lead;
		uint32_t min;
	} forms[] = { { 0x80, 0x00, 0x20 }, { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 },
		{ 0xf8, 0xf0, 0x10000 } };

	for (size_t n = 0; n < ARRAY_SIZE(forms) && n < room; n++) {
		uint32_t cp = p[0] & (unsigned char)~forms[n].mask;

		if ((p[0] & forms[n].mask) != forms[n].lead)
			continue;
		for (size_t i = 1; i <= n; i++) {
			if ((p[i] & 0xc0) != 0x80)
				return 0;
			cp = cp << 6 | (p[i] & 0x3f);
		}
		if (cp < forms[n].min || cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000) ||
		    (cp >= 0x7f && cp < 0xa0))
			return 0;
		return n + 1;
	}
	return 0;
}

bool
ipc_str_ok(const char *s, size_t size)
{
	const unsigned char *p = (const unsigned char *)s, *end = p + size;

	while (p < end && *p) {
		size_t n = utf8_len(p, (size_t)(end - p));

		if (!n)
			return false;
		p += n;
	}
	return p < end;
}

/* A process has several channels, and the longest message of all is a load's, 50 KiB. */
static size_t
longest(unsigned int self, unsigned int peers)
{
	size_t room = 0;

	for (size_t i = 0; i < N_IPC_TYPES; i++)
		if ((rules[i].from & peers) && (rules[i].to & self) && rules[i].size > room)
			room = rules[i].size;
	return room;
}

int
chan_new(int take_fd, enum ipc_role self, unsigned int peers, struct chan **out)
{
	size_t room = longest(1u << self, peers);
	struct chan *c = calloc(1, sizeof(*c) + room);

	if (!c) {
		close(take_fd);
		return -ENOMEM;
	}
	c->fd = take_fd;
	c->self = 1u << self;
	c->peers = peers;
	c->phase = PHASE_START;
	c->room = room;
	*out = c;
	return 0;
}

void
chan_free(struct chan *c)
{
	if (!c)
		return;
	close(c->fd);
	free(c);
}

int
chan_fd(const struct chan *c)
{
	return c->fd;
}

void
chan_set_phase(struct chan *c, enum ipc_phase phase)
{
	c->phase = phase;
}

enum ipc_phase
chan_phase(const struct chan *c)
{
	return c->phase;
}

static int
send_flags(struct chan *c, enum ipc_type type, uint32_t seq, const void *payload, const int *fds,
	int flags)
{
	const struct rule *r = &rules[type];
	struct msg_hdr hdr = { IPC_MAGIC, IPC_VERSION, (uint16_t)type, (uint32_t)r->size, seq, r->fds, 0 };
	struct iovec iov[2] = { { &hdr, sizeof(hdr) }, { (void *)payload, r->size } };
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int) * IPC_MAX_FDS)];
	} control = { 0 };
	struct msghdr mh = { .msg_iov = iov, .msg_iovlen = r->size ? 2 : 1 };

	if (r->fds) {
		struct cmsghdr *cm;

		mh.msg_control = control.buf;
		mh.msg_controllen = CMSG_SPACE(sizeof(int) * r->fds);
		cm = CMSG_FIRSTHDR(&mh);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN(sizeof(int) * r->fds);
		memcpy(CMSG_DATA(cm), fds, sizeof(int) * r->fds);
	}
	for (;;) {
		if (sendmsg(c->fd, &mh, MSG_NOSIGNAL | flags) >= 0)
			return 0;
		if (errno != EINTR)
			return -errno;
	}
}

int
chan_send(struct chan *c, enum ipc_type type, uint32_t seq, const void *payload, const int *fds)
{
	return send_flags(c, type, seq, payload, fds, 0);
}

int
chan_send_nonblock(struct chan *c, enum ipc_type type, uint32_t seq, const void *payload,
	const int *fds)
{
	return send_flags(c, type, seq, payload, fds, MSG_DONTWAIT);
}

void
chan_drop_fds(struct chan_msg *m)
{
	for (unsigned int i = 0; i < m->n_fds; i++)
		if (m->fds[i] >= 0)
			close(m->fds[i]);
	m->n_fds = 0;
}

/* Takes every descriptor that came, also those beyond what the message may carry: those are
 * closed and counted, so that none is left open behind a short control buffer. */
static unsigned int
collect_fds(struct msghdr *mh, struct chan_msg *m)
{
	unsigned int total = 0;

	for (struct cmsghdr *cm = CMSG_FIRSTHDR(mh); cm; cm = CMSG_NXTHDR(mh, cm)) {
		size_t n;

		if (cm->cmsg_level != SOL_SOCKET || cm->cmsg_type != SCM_RIGHTS)
			continue;
		n = (cm->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(cm) + i * sizeof(int), sizeof(int));
			total++;
			if (m->n_fds < IPC_MAX_FDS)
				m->fds[m->n_fds++] = fd;
			else
				close(fd);
		}
	}
	return total;
}

static const char *
refusal(const struct chan *c, const struct msg_hdr *h, size_t got, int flags, unsigned int n_fds)
{
	const struct rule *r;

	if (flags & MSG_TRUNC)
		return "longer than any message to this role";
	if (flags & MSG_CTRUNC)
		return "descriptors were cut off";
	if (got < sizeof(*h) || h->magic != IPC_MAGIC || h->version != IPC_VERSION || h->reserved)
		return "no header";
	if (h->type == 0 || h->type >= N_IPC_TYPES)
		return "unknown type";
	r = &rules[h->type];
	if (!(r->from & c->peers) || !(r->to & c->self))
		return "not a message for this role";
	if (!(r->phases & c->phase))
		return "wrong phase";
	if (h->len != r->size || got != sizeof(*h) + r->size)
		return "wrong size";
	if (h->nfds != r->fds || n_fds != r->fds)
		return "wrong number of descriptors";
	return NULL;
}

static ssize_t
receive(int fd, struct msghdr *mh)
{
	ssize_t n;

	do {
		n = recvmsg(fd, mh, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	return n;
}

int
chan_recv(struct chan *c, struct chan_msg *m)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int) * IPC_MAX_FDS)];
	} control;
	struct iovec iov = { &c->in, sizeof(c->in) + c->room };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.buf,
		.msg_controllen = sizeof(control.buf) };
	unsigned int n_fds;
	const char *why;
	ssize_t n;

	memset(m, 0, sizeof(*m));
	n = receive(c->fd, &mh);
	/* Who went without reading all that we said: the kernel tells that first, once, and then what it said. */
	if (n < 0 && errno == ECONNRESET)
		n = receive(c->fd, &mh);
	if (n < 0)
		return errno == ECONNRESET ? 0 : -errno;
	n_fds = collect_fds(&mh, m);
	if (n == 0 && !n_fds)
		return 0;
	why = refusal(c, &c->in.hdr, (size_t)n, mh.msg_flags, n_fds);
	if (why) {
		log_event(LOG_LVL_ERR, "ipc.refused", "type=%s bytes=%zd fds=%u why=\"%s\"",
			(size_t)n >= sizeof(c->in.hdr) ? ipc_type_name(c->in.hdr.type) : "?", n, n_fds, why);
		chan_drop_fds(m);
		return -EPROTO;
	}
	m->hdr = c->in.hdr;
	m->payload = c->in.payload;
	return 1;
}

int
chan_wait(struct chan *c, struct chan_msg *m, int timeout_ms)
{
	int64_t end = clock_ms() + timeout_ms;

	for (;;) {
		struct pollfd p = { .fd = c->fd, .events = POLLIN };
		int64_t left = timeout_ms < 0 ? -1 : end - clock_ms();
		int err;

		if (timeout_ms >= 0 && left < 0)
			left = 0;
		err = poll(&p, 1, (int)left);
		if (err < 0 && errno != EINTR)
			return -errno;
		if (err == 0)
			return -ETIMEDOUT;
		if (err < 0)
			continue;
		err = chan_recv(c, m);
		if (err != -EAGAIN)
			return err;
	}
}
