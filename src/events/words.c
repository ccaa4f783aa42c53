/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>

#include "bpf/tcpdrop.h"
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

/* linux/capability.h of Linux 6.18 */
#define CAPS(W) \
	W(0, CHOWN) W(1, DAC_OVERRIDE) W(2, DAC_READ_SEARCH) W(3, FOWNER) W(4, FSETID) \
	W(5, KILL) W(6, SETGID) W(7, SETUID) W(8, SETPCAP) W(9, LINUX_IMMUTABLE) \
	W(10, NET_BIND_SERVICE) W(11, NET_BROADCAST) W(12, NET_ADMIN) W(13, NET_RAW) \
	W(14, IPC_LOCK) W(15, IPC_OWNER) W(16, SYS_MODULE) W(17, SYS_RAWIO) \
	W(18, SYS_CHROOT) W(19, SYS_PTRACE) W(20, SYS_PACCT) W(21, SYS_ADMIN) \
	W(22, SYS_BOOT) W(23, SYS_NICE) W(24, SYS_RESOURCE) W(25, SYS_TIME) \
	W(26, SYS_TTY_CONFIG) W(27, MKNOD) W(28, LEASE) W(29, AUDIT_WRITE) \
	W(30, AUDIT_CONTROL) W(31, SETFCAP) W(32, MAC_OVERRIDE) W(33, MAC_ADMIN) \
	W(34, SYSLOG) W(35, WAKE_ALARM) W(36, BLOCK_SUSPEND) W(37, AUDIT_READ) \
	W(38, PERFMON) W(39, BPF) W(40, CHECKPOINT_RESTORE)
#define W(n, name) { 1ULL << (n), "CAP_" #name },
const struct field_word words_caps[] = { CAPS(W) { 0, NULL } };
#undef W
#define W(n, name) { n, "CAP_" #name },
const struct field_word words_cap[] = { CAPS(W) { 0, NULL } };
#undef W

#define WORD(name) { TCPDROP_##name, #name },
const struct field_word words_drop_reasons[] = {
	{ TCPDROP_UNKNOWN, "UNKNOWN" },
	TCPDROP_REASONS(WORD)
	{ 0, NULL },
};
#undef WORD

const struct field_word words_families[] = {
	{ 1, "UNIX" }, { 2, "INET" }, { 10, "INET6" }, { 15, "KEY" }, { 16, "NETLINK" }, { 17, "PACKET" }, { 21, "RDS" },
	{ 23, "IRDA" }, { 24, "PPPOX" }, { 29, "CAN" }, { 30, "TIPC" }, { 31, "BLUETOOTH" }, { 33, "RXRPC" },
	{ 35, "PHONET" }, { 36, "IEEE802154" }, { 37, "CAIF" }, { 38, "ALG" }, { 39, "NFC" }, { 40, "VSOCK" }, { 41, "KCM" },
	{ 42, "QIPCRTR" }, { 43, "SMC" }, { 44, "XDP" }, { 45, "MCTP" }, { 0, NULL },
};

const struct field_word words_socket_types[] = {
	{ 1, "STREAM" }, { 2, "DGRAM" }, { 3, "RAW" }, { 4, "RDM" }, { 5, "SEQPACKET" }, { 6, "DCCP" }, { 10, "PACKET" },
	{ 0, NULL },
};

const struct field_word words_protocols[] = {
	{ 1, "ICMP" }, { 2, "IGMP" }, { 6, "TCP" }, { 17, "UDP" }, { 33, "DCCP" }, { 47, "GRE" }, { 50, "ESP" }, { 51, "AH" },
	{ 58, "ICMPV6" }, { 115, "L2TP" }, { 132, "SCTP" }, { 136, "UDPLITE" }, { 255, "RAW" }, { 262, "MPTCP" },
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
