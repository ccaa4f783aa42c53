/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_TCPDROP_H
#define BPFD_BPF_TCPDROP_H

#include "bpf/event.h"

enum ev_tcpdrop_event { TCPDROP_DROP, N_TCPDROP_EVENTS };

/*
 * The reasons by the kernel's names (SKB_DROP_REASON_...).  Their numbers differ from kernel to
 * kernel; the place in this list, from 1, is what a record carries.  New ones go at the end.
 */
#define TCPDROP_REASONS(R)                                                                         \
	R(NOT_SPECIFIED) R(NO_SOCKET) R(SOCKET_CLOSE) R(SOCKET_FILTER) R(SOCKET_RCVBUFF)           \
	R(UNIX_DISCONNECT) R(UNIX_SKIP_OOB) R(PKT_TOO_SMALL) R(TCP_CSUM) R(UDP_CSUM)               \
	R(NETFILTER_DROP) R(OTHERHOST) R(IP_CSUM) R(IP_INHDR) R(IP_RPFILTER)                       \
	R(UNICAST_IN_L2_MULTICAST) R(XFRM_POLICY) R(IP_NOPROTO) R(PROTO_MEM)                       \
	R(TCP_AUTH_HDR) R(TCP_MD5NOTFOUND) R(TCP_MD5UNEXPECTED) R(TCP_MD5FAILURE)                  \
	R(TCP_AONOTFOUND) R(TCP_AOUNEXPECTED) R(TCP_AOKEYNOTFOUND) R(TCP_AOFAILURE)                \
	R(SOCKET_BACKLOG) R(TCP_FLAGS) R(TCP_ABORT_ON_DATA) R(TCP_ZEROWINDOW)                      \
	R(TCP_OLD_DATA) R(TCP_OVERWINDOW) R(TCP_OFOMERGE) R(TCP_RFC7323_PAWS)                      \
	R(TCP_RFC7323_PAWS_ACK) R(TCP_RFC7323_TW_PAWS) R(TCP_RFC7323_TSECR)                        \
	R(TCP_LISTEN_OVERFLOW) R(TCP_OLD_SEQUENCE) R(TCP_INVALID_SEQUENCE)                         \
	R(TCP_INVALID_END_SEQUENCE) R(TCP_INVALID_ACK_SEQUENCE) R(TCP_RESET)                       \
	R(TCP_INVALID_SYN) R(TCP_CLOSE) R(TCP_FASTOPEN) R(TCP_OLD_ACK) R(TCP_TOO_OLD_ACK)          \
	R(TCP_ACK_UNSENT_DATA) R(TCP_OFO_QUEUE_PRUNE) R(TCP_OFO_DROP) R(IP_OUTNOROUTES)            \
	R(BPF_CGROUP_EGRESS) R(IPV6DISABLED) R(NEIGH_CREATEFAIL) R(NEIGH_FAILED)                   \
	R(NEIGH_QUEUEFULL) R(NEIGH_DEAD) R(NEIGH_HH_FILLFAIL) R(TC_EGRESS) R(SECURITY_HOOK)        \
	R(QDISC_DROP) R(QDISC_OVERLIMIT) R(QDISC_CONGESTED) R(CAKE_FLOOD) R(FQ_BAND_LIMIT)         \
	R(FQ_HORIZON_LIMIT) R(FQ_FLOW_LIMIT) R(CPU_BACKLOG) R(XDP) R(TC_INGRESS)                   \
	R(UNHANDLED_PROTO) R(SKB_CSUM) R(SKB_GSO_SEG) R(SKB_UCOPY_FAULT) R(DEV_HDR)                \
	R(DEV_READY) R(FULL_RING) R(NOMEM) R(HDR_TRUNC) R(TAP_FILTER) R(TAP_TXFILTER)              \
	R(ICMP_CSUM) R(INVALID_PROTO) R(IP_INADDRERRORS) R(IP_INNOROUTES)                          \
	R(IP_LOCAL_SOURCE) R(IP_INVALID_SOURCE) R(IP_LOCALNET) R(IP_INVALID_DEST)                  \
	R(PKT_TOO_BIG) R(DUP_FRAG) R(FRAG_REASM_TIMEOUT) R(FRAG_TOO_FAR) R(TCP_MINTTL)             \
	R(IPV6_BAD_EXTHDR) R(IPV6_NDISC_FRAG) R(IPV6_NDISC_HOP_LIMIT)                              \
	R(IPV6_NDISC_BAD_CODE) R(IPV6_NDISC_BAD_OPTIONS) R(IPV6_NDISC_NS_OTHERHOST)                \
	R(QUEUE_PURGE) R(TC_COOKIE_ERROR) R(PACKET_SOCK_ERROR) R(TC_CHAIN_NOTFOUND)                \
	R(TC_RECLASSIFY_LOOP) R(VXLAN_INVALID_HDR) R(VXLAN_VNI_NOT_FOUND)                          \
	R(MAC_INVALID_SOURCE) R(VXLAN_ENTRY_EXISTS) R(NO_TX_TARGET) R(IP_TUNNEL_ECN)               \
	R(TUNNEL_TXINFO) R(LOCAL_MAC) R(ARP_PVLAN_DISABLE) R(MAC_IEEE_MAC_CONTROL)                 \
	R(BRIDGE_INGRESS_STP_STATE) R(CAN_RX_INVALID_FRAME) R(CANFD_RX_INVALID_FRAME)              \
	R(CANXL_RX_INVALID_FRAME) R(PFMEMALLOC) R(DUALPI2_STEP_DROP) R(PSP_INPUT)                  \
	R(PSP_OUTPUT) R(RECURSION_LIMIT)
enum ev_tcpdrop_reason {
	TCPDROP_UNKNOWN,		/* has no name here, see kernel_reason */
#define TCPDROP_ID(name) TCPDROP_##name,
	TCPDROP_REASONS(TCPDROP_ID)
#undef TCPDROP_ID
	N_TCPDROP_REASONS
};
#define TCPDROP_DEV	16

struct ev_tcpdrop {
	struct ev_hdr h;		/* EV_NO_OWNER when it was dropped in an interrupt */
	__u8 saddr[16], daddr[16];	/* of the segment: of its sender, of its receiver; IPv4 mapped */
	char dev[TCPDROP_DEV];		/* "" when it has none */
	__u32 seq, ack;
	__u32 len;			/* bytes of data in the segment */
	__u32 reason;			/* enum ev_tcpdrop_reason */
	__u32 kernel_reason;		/* number of the running kernel */
	__u32 ifindex, netns;
	__u16 sport, dport;
	__u8 state;			/* of the socket, 1: ESTABLISHED ...; 0: no socket */
	__u8 tcpflags;			/* 1: FIN, 2: SYN, ... as in the header */
	__u8 reserved[6];
};
_Static_assert(sizeof(struct ev_tcpdrop) == 184, "record of tcpdrop");

#endif
