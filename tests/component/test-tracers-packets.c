/* SPDX-License-Identifier: Apache-2.0 */
/* skbdrop, arp and xdpcount: packets of any protocol. */
#include <bpf/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>

#include "bpf/arp.h"
#include "bpf/skbdrop.h"
#include "bpf/tcpdrop.h"
#include "bpf/xdpcount.h"
#include "tracers-net.h"

static int
setup(void **state)
{
	return open_net((const char *const[]){ "skbdrop", "arp", "xdpcount", NULL });
}

/* ---- skbdrop ---- */

static void
datagrams(uint16_t port, unsigned int n)
{
	struct sockaddr_storage sa;
	socklen_t len = address(AF_INET, "127.0.0.1", port, &sa);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	while (n--)
		assert_int_equal(sendto(fd, "x", 1, 0, (struct sockaddr *)&sa, len), 1);
	close(fd);
}

static uint64_t
dropped(const char *location, unsigned int reason)
{
	const struct ev_skbdrop *e;
	uint64_t packets = 0;
	size_t at = 0;

	while ((e = tracerrig_next(rig, &at, TR_SKBDROP, SKBDROP_COUNT, 0)))
		if (strstr(e->location, location) && e->reason == reason)
			packets += e->packets;
	return packets;
}

static void
skbdrop_adds_up_what_nobody_takes(void **state)
{
	int taken = bound(AF_INET, SOCK_DGRAM, "127.0.0.1", 0);

	datagrams(9, 50);
	datagrams(port_of(taken), 1000);
	for (int i = 0; i < 25 && dropped("udp", TCPDROP_NO_SOCKET) < 50; i++) {
		usleep(100000);
		tracerrig_drain(rig, 0);
	}
	/* Those of others are counted too; not those that were taken. */
	assert_in_range(dropped("udp", TCPDROP_NO_SOCKET), 50, 500);
	close(taken);
}

/* ---- arp ---- */

static void
arp_has_both_ways_and_both_ends(void **state)
{
	static const uint8_t here[16] = { [10] = 0xff, 0xff, 10, 99, 9, 1 };
	static const uint8_t there[16] = { [10] = 0xff, 0xff, 10, 99, 9, 2 };
	const struct ev_arp *e, *request = NULL, *reply = NULL;
	size_t at = 0;

	assert_int_equal(shell("ping -c 1 -W 2 10.99.9.2 >/dev/null"), 0);
	tracerrig_drain(rig, 200);
	while ((e = tracerrig_next(rig, &at, TR_ARP, ARP_SENT, 0)))
		if (e->netns == netns && e->op == 1 && !memcmp(e->tip, there, 16))
			request = e;
	at = 0;
	while ((e = tracerrig_next(rig, &at, TR_ARP, ARP_RECEIVED, 0)))
		if (e->netns == netns && e->op == 2)
			reply = e;
	assert_non_null(request);
	assert_memory_equal(request->sip, here, 16);
	assert_string_equal(request->dev, "trv0");
	assert_int_equal(request->ifindex, if_nametoindex("trv0"));
	assert_memory_equal(request->tmac, "\0\0\0\0\0\0", 6);
	assert_non_null(reply);
	assert_memory_equal(reply->sip, there, 16);
	assert_memory_equal(reply->tip, here, 16);
	assert_memory_equal(reply->tmac, request->smac, 6);
	assert_memory_not_equal(reply->smac, "\0\0\0\0\0\0", 6);
	assert_true(reply->h.flags & EV_NO_OWNER);
}

/* ---- xdpcount ---- */

static int
program(int32_t action)
{
	struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = action },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return bpf_prog_load(BPF_PROG_TYPE_XDP, "tr_action", "GPL", insns, 2, NULL);
}

static uint64_t
packets_with(int32_t returned, uint32_t action)
{
	int prog = program(returned), link;
	const struct ev_xdpcount *e;
	uint64_t packets = 0;
	size_t at = 0;

	assert_true(prog >= 0);
	link = bpf_link_create(prog, (int)if_nametoindex("trv0"), BPF_XDP, NULL);
	assert_true(link >= 0);
	shell("ip netns exec $NS ping -c 5 -i 0.05 -W 1 10.99.9.1 >/dev/null");
	sleep(2);
	close(link);
	close(prog);
	tracerrig_drain(rig, 100);
	while ((e = tracerrig_next(rig, &at, TR_XDPCOUNT, XDPCOUNT_COUNT, 0)))
		if (e->netns == netns && e->action == action) {
			assert_string_equal(e->dev, "trv0");
			packets += e->packets;
		}
	return packets;
}

static void
xdpcount_adds_up_what_was_aborted_or_unknown(void **state)
{
	/* Pings, and perhaps an ARP packet. */
	assert_in_range(packets_with(XDP_ABORTED, XDPCOUNT_ABORTED), 5, 12);
	assert_in_range(packets_with(77, XDPCOUNT_INVALID), 5, 12);
}

static void
xdpcount_adds_up_what_was_sent_back(void **state)
{
	assert_in_range(packets_with(XDP_TX, XDPCOUNT_TX) + packets_with(XDP_TX, XDPCOUNT_TX_DROP), 5, 40);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(skbdrop_adds_up_what_nobody_takes),
		TEST(arp_has_both_ways_and_both_ends),
		TEST(xdpcount_adds_up_what_was_aborted_or_unknown),
		TEST(xdpcount_adds_up_what_was_sent_back),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, close_net);
}
