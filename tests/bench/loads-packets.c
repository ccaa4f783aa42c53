/* SPDX-License-Identifier: Apache-2.0 */
/* Workloads of the tracers of packets: from one end of a veth pair to the other, in a network namespace of the program's own. */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/if_ether.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../component/bpf-prog.h"
#include "loads.h"

#define ENDS "ip link add from0 type veth peer name to0 && " \
	"ip link set from0 addrgenmode none up && ip link set to0 addrgenmode none up"

static struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_halen = ETH_ALEN, .sll_addr = "\xff\xff\xff\xff\xff\xff" };
static struct ether_arp request;
static int out = -1, link_fd = -1;

static bool
make_ends(void)
{
	if (unshare(CLONE_NEWNET) || system(ENDS))
		return false;
	to.sll_protocol = htons(ETH_P_ARP);
	to.sll_ifindex = (int)if_nametoindex("from0");
	request.ea_hdr = (struct arphdr){ .ar_hrd = htons(ARPHRD_ETHER), .ar_pro = htons(ETH_P_IP), .ar_hln = ETH_ALEN,
		.ar_pln = 4, .ar_op = htons(ARPOP_REQUEST) };
	memcpy(request.arp_spa, "\12\143\11\1", 4);
	memcpy(request.arp_tpa, "\12\143\11\2", 4);
	out = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return out >= 0;
}

/* The interfaces go with the namespace. */
static void
end(void)
{
	close(link_fd);
	close(out);
}

static bool
ask(void)
{
	return sendto(out, &request, sizeof(request), 0, (struct sockaddr *)&to, sizeof(to)) == sizeof(request);
}

static bool
abort_there(void)
{
	int prog;

	if (!make_ends())
		return false;
	prog = bpf_test_prog(BPF_PROG_TYPE_XDP, BPF_XDP, -1, XDP_ABORTED);
	if (prog < 0)
		return false;
	link_fd = bpf_link_create(prog, (int)if_nametoindex("to0"), BPF_XDP, NULL);
	close(prog);
	return link_fd >= 0;
}

const struct load loads_packets[] = {
	{ "arp", "request over a veth pair", 200, make_ends, ask, end },
	{ "xdpcount", "packet over a veth pair, aborted", 200, abort_there, ask, end },
	{ .tracer = NULL },
};
