/* SPDX-License-Identifier: Apache-2.0 */
#include "connect/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "common/auto.h"

#define V4(a, b, c, d)	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d

/* The first that fits counts.  From IANA's registries of special addresses, and what clouds document. */
static const struct special {
	struct ipc_net net;
	const char *what;
	bool always;			/* else where a server named the host */
} specials[] = {
	{ { { V4(169, 254, 169, 254) }, 128 }, "a metadata service", true },
	{ { { V4(169, 254, 0, 0) }, 112 }, "link-local", true },
	{ { { V4(100, 100, 100, 200) }, 128 }, "a metadata service", true },	/* Alibaba */
	{ { { V4(168, 63, 129, 16) }, 128 }, "a metadata service", true },	/* Azure */
	{ { { V4(192, 0, 0, 192) }, 128 }, "a metadata service", true },	/* Oracle */
	{ { { V4(0, 0, 0, 0) }, 104 }, "unspecified", true },
	{ { { V4(224, 0, 0, 0) }, 100 }, "multicast", true },
	{ { { V4(240, 0, 0, 0) }, 100 }, "reserved or broadcast", true },
	{ { { V4(127, 0, 0, 0) }, 104 }, "this host", false },
	{ { { V4(10, 0, 0, 0) }, 104 }, "private", false },
	{ { { V4(172, 16, 0, 0) }, 108 }, "private", false },
	{ { { V4(192, 168, 0, 0) }, 112 }, "private", false },
	{ { { V4(100, 64, 0, 0) }, 106 }, "private", false },
	{ { { V4(192, 0, 0, 0) }, 120 }, "private", false },
	{ { { V4(198, 18, 0, 0) }, 111 }, "private", false },
	{ { { 0xfd, 0, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54 }, 128 }, "a metadata service", true },	/* AWS */
	{ { { 0xfd, 0x20, 0, 0xce, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54 }, 128 }, "a metadata service", true },	/* GCE */
	{ { { 0 }, 128 }, "unspecified", true },
	{ { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 }, 128 }, "this host", false },
	{ { { 0xfe, 0x80 }, 10 }, "link-local", true },
	{ { { 0xff }, 8 }, "multicast", true },
	{ { { 0xfc }, 7 }, "private", false },
	{ { { 0xfe, 0xc0 }, 10 }, "private", false },
};

/* Forms of IPv6 that lead to an address of IPv4, which begins at that byte. */
static const struct { struct ipc_net net; unsigned int at; } carriers[] = {
	{ { { 0 }, 96 }, 12 },						/* ::A.B.C.D, given up long ago */
	{ { { 0, 0x64, 0xff, 0x9b }, 96 }, 12 },			/* NAT64 */
	{ { { 0x20, 0x02 }, 16 }, 2 },					/* 6to4 */
};

static bool
within(const uint8_t address[16], const struct ipc_net *net)
{
	const unsigned int bytes = net->bits / 8, rest = net->bits % 8;

	if (net->bits > 128 || memcmp(address, net->address, bytes) != 0)
		return false;
	return !rest || !((address[bytes] ^ net->address[bytes]) >> (8 - rest));
}

static bool
listed(const uint8_t address[16], const struct conf_NETS *allow)
{
	for (uint32_t i = 0; i < allow->n && i < IPC_NETS_MAX; i++)
		if (within(address, &allow->net[i]))
			return true;
	return false;
}

static const char *
special(const uint8_t address[16], bool remote)
{
	for (size_t i = 0; i < ARRAY_SIZE(specials); i++)
		if (within(address, &specials[i].net))
			return specials[i].always || remote ? specials[i].what : NULL;
	return NULL;
}

static void
as_v6(const struct sockaddr *sa, uint8_t out[16])
{
	static const uint8_t mapped[16] = { V4(0, 0, 0, 0) };

	if (sa->sa_family == AF_INET6) {
		memcpy(out, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr, 16);
		return;
	}
	memcpy(out, mapped, 16);
	memcpy(out + 12, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, 4);
}

const char *
address_refused(const struct sockaddr *sa, bool remote, const struct conf_NETS *allow)
{
	uint8_t address[16], carried[16] = { V4(0, 0, 0, 0) };
	const char *what;

	if (sa->sa_family != AF_INET && sa->sa_family != AF_INET6)
		return "of no internet family";
	as_v6(sa, address);
	if (listed(address, allow))
		return NULL;
	what = special(address, remote);
	for (size_t i = 0; !what && i < ARRAY_SIZE(carriers); i++) {
		if (!within(address, &carriers[i].net) || special(address, true))
			continue;
		memcpy(carried + 12, address + carriers[i].at, 4);
		what = special(carried, remote);
	}
	return what;
}

void
address_text(const struct sockaddr *sa, char out[ADDRESS_TEXT])
{
	const struct sockaddr_in *in = (const void *)sa;
	const struct sockaddr_in6 *in6 = (const void *)sa;

	if (!inet_ntop(sa->sa_family, sa->sa_family == AF_INET6 ? (const void *)&in6->sin6_addr :
		(const void *)&in->sin_addr, out, ADDRESS_TEXT))
		strcpy(out, "?");
}
