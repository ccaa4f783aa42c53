/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of the kernel, byte for byte, and answers that it would never give. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loader/netlink.h"

/* Plays the kernel for one request. */
static struct kernel {
	int sock;
	char request[4096], answer[4096];
	size_t request_len, answer_len;
	pthread_t thread;
} k;
static int sock;

static void *
serve(void *arg)
{
	ssize_t n = recv(k.sock, k.request, sizeof(k.request), 0);
	char *at = k.answer;

	k.request_len = n > 0 ? (size_t)n : 0;
	while (at < k.answer + k.answer_len) {
		struct nlmsghdr *nh = (struct nlmsghdr *)at;

		nh->nlmsg_seq += ((struct nlmsghdr *)k.request)->nlmsg_seq;
		at += MNL_ALIGN(nh->nlmsg_len);
		if (nh->nlmsg_len < sizeof(*nh))
			break;
	}
	send(k.sock, k.answer, k.answer_len, MSG_NOSIGNAL);
	return NULL;
}

static struct nlmsghdr *
answer_with(uint16_t type)
{
	struct nlmsghdr *nh = mnl_nlmsg_put_header(k.answer + k.answer_len);

	nh->nlmsg_type = type;
	return nh;
}

static void
answer_done(struct nlmsghdr *nh)
{
	k.answer_len += MNL_ALIGN(nh->nlmsg_len);
}

static void
answer_ack(int err)
{
	struct nlmsghdr *nh = answer_with(NLMSG_ERROR);
	struct nlmsgerr *e = mnl_nlmsg_put_extra_header(nh, sizeof(*e));

	e->error = err;
	e->msg.nlmsg_len = sizeof(e->msg);
	answer_done(nh);
}

static int
setup(void **state)
{
	int pair[2];

	memset(&k, 0, sizeof(k));
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	sock = pair[0];
	k.sock = pair[1];
	return 0;
}

static int
teardown(void **state)
{
	close(sock);
	close(k.sock);
	return 0;
}

#define WITH_KERNEL(call)                                                                          \
	({                                                                                         \
		int ret_;                                                                          \
		assert_int_equal(pthread_create(&k.thread, NULL, serve, NULL), 0);                 \
		ret_ = (call);                                                                     \
		shutdown(sock, SHUT_RDWR);                                                         \
		pthread_join(k.thread, NULL);                                                      \
		ret_;                                                                              \
	})

static const struct nlattr *
attr_of(unsigned int offset, uint16_t type)
{
	const struct nlmsghdr *nh = (const struct nlmsghdr *)k.request;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nh, offset)
		if (mnl_attr_get_type(attr) == type)
			return attr;
	return NULL;
}

static void
asks_for_an_interface_by_its_name(void **state)
{
	struct nlmsghdr *nh = answer_with(RTM_NEWLINK);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(nh, sizeof(*ifi));
	struct netlink_iface it;
	struct nlattr *xdp;

	ifi->ifi_index = 12;
	mnl_attr_put_strz(nh, IFLA_IFNAME, "eth0");
	xdp = mnl_attr_nest_start(nh, IFLA_XDP);
	mnl_attr_put_u8(nh, IFLA_XDP_ATTACHED, XDP_ATTACHED_DRV);
	mnl_attr_put_u32(nh, IFLA_XDP_PROG_ID, 99);
	mnl_attr_nest_end(nh, xdp);
	answer_done(nh);
	answer_ack(0);
	assert_int_equal(WITH_KERNEL(netlink_iface(sock, "eth0", &it)), 0);
	assert_string_equal(it.name, "eth0");
	assert_int_equal(it.ifindex, 12);
	assert_int_equal(it.xdp_prog_id, 99);
	nh = (struct nlmsghdr *)k.request;
	assert_int_equal(nh->nlmsg_type, RTM_GETLINK);
	assert_int_equal(nh->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
	assert_string_equal(mnl_attr_get_str(attr_of(sizeof(*ifi), IFLA_IFNAME)), "eth0");
}

static void
asks_for_a_long_name_as_an_alternative_one(void **state)
{
	struct netlink_iface it = { .ifindex = 7 };

	answer_ack(-ENODEV);
	assert_int_equal(WITH_KERNEL(netlink_iface(sock, "a-name-of-16-chr", &it)), -ENODEV);
	assert_int_equal(it.ifindex, 7);
	assert_non_null(attr_of(sizeof(struct ifinfomsg), IFLA_ALT_IFNAME));
}

static void
adds_a_filter_in_direct_action_mode(void **state)
{
	struct netlink_filter f = { .ifindex = 5, .dir = NETLINK_EGRESS, .priority = 50 };
	struct nlmsghdr *nh = answer_with(RTM_NEWTFILTER);
	struct tcmsg *tcm = mnl_nlmsg_put_extra_header(nh, sizeof(*tcm));
	const struct nlattr *options, *attr;
	uint32_t flags = 0, fd = 0;

	tcm->tcm_handle = 3;
	answer_done(nh);
	answer_ack(0);
	assert_int_equal(WITH_KERNEL(netlink_filter_add(sock, &f, 17, NULL)), 0);
	assert_int_equal(f.handle, 3);
	nh = (struct nlmsghdr *)k.request;
	tcm = mnl_nlmsg_get_payload(nh);
	assert_int_equal(nh->nlmsg_type, RTM_NEWTFILTER);
	assert_int_equal(nh->nlmsg_flags,
		NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ECHO);
	assert_int_equal(tcm->tcm_ifindex, 5);
	assert_int_equal(tcm->tcm_parent, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS));
	assert_int_equal(tcm->tcm_info, TC_H_MAKE(50u << 16, htons(ETH_P_ALL)));
	assert_string_equal(mnl_attr_get_str(attr_of(sizeof(*tcm), TCA_KIND)), "bpf");
	options = attr_of(sizeof(*tcm), TCA_OPTIONS);
	mnl_attr_for_each_nested(attr, options) {
		if (mnl_attr_get_type(attr) == TCA_BPF_FLAGS)
			flags = mnl_attr_get_u32(attr);
		if (mnl_attr_get_type(attr) == TCA_BPF_FD)
			fd = mnl_attr_get_u32(attr);
	}
	assert_int_equal(flags, TCA_BPF_FLAG_ACT_DIRECT);
	assert_int_equal(fd, 17);
}

static void
removes_one_filter_only(void **state)
{
	const struct netlink_filter f = { .ifindex = 5, .dir = NETLINK_INGRESS, .priority = 50, .handle = 3 };
	const struct tcmsg *tcm;

	answer_ack(0);
	assert_int_equal(WITH_KERNEL(netlink_filter_del(sock, &f)), 0);
	tcm = mnl_nlmsg_get_payload((struct nlmsghdr *)k.request);
	assert_int_equal(((struct nlmsghdr *)k.request)->nlmsg_type, RTM_DELTFILTER);
	assert_int_equal(tcm->tcm_handle, 3);
	assert_int_equal(tcm->tcm_parent, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS));
	assert_int_equal(tcm->tcm_info >> 16, 50);
}

static void
keeps_the_kernels_own_words(void **state)
{
	struct nlmsghdr *nh = answer_with(NLMSG_ERROR);
	struct nlmsgerr *e = mnl_nlmsg_put_extra_header(nh, sizeof(*e));
	struct netlink_err why = { "" };

	e->error = -EINVAL;
	e->msg.nlmsg_len = sizeof(e->msg);
	nh->nlmsg_flags = NLM_F_ACK_TLVS;
	mnl_attr_put_strz(nh, NLMSGERR_ATTR_MSG, "Not today");
	answer_done(nh);
	assert_int_equal(WITH_KERNEL(netlink_clsact_add(sock, 1, &why)), -EINVAL);
	assert_string_equal(why.text, "Not today");
}

static void
ignores_answers_to_earlier_requests(void **state)
{
	struct netlink_iface it;

	answer_ack(-EPERM);
	((struct nlmsghdr *)k.answer)->nlmsg_seq = (uint32_t)-1;
	answer_ack(-ENODEV);
	assert_int_equal(WITH_KERNEL(netlink_iface(sock, "eth0", &it)), -ENODEV);
}

static void
survives_answers_that_are_none(void **state)
{
	struct nlmsghdr *nh = answer_with(NLMSG_ERROR);
	struct netlink_iface it;

	answer_done(nh);	/* an error without a number */
	assert_int_equal(WITH_KERNEL(netlink_iface(sock, "eth0", &it)), -EBADMSG);
	teardown(NULL);
	setup(NULL);
	nh = answer_with(RTM_NEWTFILTER);	/* another type than was asked for */
	answer_done(nh);
	answer_ack(0);
	assert_int_equal(WITH_KERNEL(netlink_iface(sock, "eth0", &it)), -EBADMSG);
	teardown(NULL);
	setup(NULL);
	nh = answer_with(RTM_NEWLINK);	/* without its header */
	answer_done(nh);
	answer_ack(0);
	assert_int_equal(WITH_KERNEL(netlink_iface(sock, "eth0", &it)), -EBADMSG);
	teardown(NULL);
	setup(NULL);
	nh = answer_with(NLMSG_ERROR);	/* the refused request is longer than the answer */
	((struct nlmsgerr *)mnl_nlmsg_put_extra_header(nh, sizeof(struct nlmsgerr)))->error = -EINVAL;
	((struct nlmsgerr *)mnl_nlmsg_get_payload(nh))->msg.nlmsg_len = 4000000000u;
	nh->nlmsg_flags = NLM_F_ACK_TLVS;
	answer_done(nh);
	assert_int_equal(WITH_KERNEL(netlink_clsact_add(sock, 1, &(struct netlink_err){ "" })), -EINVAL);
}

/* ---- what is told unasked ---- */

static struct { struct netlink_iface it[8]; bool gone[8]; size_t n; } told;

static void
tell(void *arg, const struct netlink_iface *it, bool gone)
{
	assert_in_range(told.n, 0, 7);
	told.it[told.n] = *it;
	told.gone[told.n++] = gone;
}

static struct nlmsghdr *
change(uint16_t type, unsigned char family, int ifindex, const char *name)
{
	struct nlmsghdr *nh = answer_with(type);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(nh, sizeof(*ifi));

	ifi->ifi_family = family;
	ifi->ifi_index = ifindex;
	if (name)
		mnl_attr_put_strz(nh, IFLA_IFNAME, name);
	answer_done(nh);
	return nh;
}

static void
hears_of_interfaces_and_of_nothing_else(void **state)
{
	told.n = 0;
	change(RTM_NEWLINK, AF_UNSPEC, 3, "eth0");
	change(RTM_DELLINK, AF_BRIDGE, 3, "eth0");	/* a port left its bridge */
	change(RTM_NEWADDR, AF_UNSPEC, 3, "eth0");
	change(RTM_NEWLINK, AF_UNSPEC, -3, "eth0");
	change(RTM_NEWLINK, AF_UNSPEC, 4, NULL);
	change(RTM_DELLINK, AF_UNSPEC, 5, "veth0");
	netlink_watch_parse(k.answer, k.answer_len, tell, NULL);
	assert_int_equal(told.n, 2);
	assert_string_equal(told.it[0].name, "eth0");
	assert_int_equal(told.it[0].ifindex, 3);
	assert_false(told.gone[0]);
	assert_string_equal(told.it[1].name, "veth0");
	assert_true(told.gone[1]);
	assert_false(told.it[1].moved);
}

static void
cut_messages_are_no_news(void **state)
{
	change(RTM_NEWLINK, AF_UNSPEC, 3, "eth0");
	for (size_t len = 0; len < k.answer_len; len++) {
		told.n = 0;
		netlink_watch_parse(k.answer, len, tell, NULL);
		assert_int_equal(told.n, 0);
	}
}

static void
messages_of_other_processes_are_not_believed(void **state)
{
	struct sockaddr_nl from = { 0 };
	socklen_t len = sizeof(from);
	int watch = netlink_watch_open(), other = netlink_open();

	assert_true(watch >= 0 && other >= 0);
	while (netlink_watch_read(watch, tell, NULL) == 1)
		told.n = 0;
	change(RTM_DELLINK, AF_UNSPEC, 1, "lo");
	assert_int_equal(getsockname(watch, (struct sockaddr *)&from, &len), 0);
	/* Only root may send it at all. */
	if (sendto(other, k.answer, k.answer_len, 0, (struct sockaddr *)&from, len) < 0)
		assert_true(errno == EPERM || errno == ECONNREFUSED);
	told.n = 0;
	netlink_watch_read(watch, tell, NULL);
	for (size_t i = 0; i < told.n; i++)
		assert_false(told.gone[i] && told.it[i].ifindex == 1);
	close(watch);
	close(other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(asks_for_an_interface_by_its_name, setup, teardown),
		cmocka_unit_test_setup_teardown(asks_for_a_long_name_as_an_alternative_one, setup, teardown),
		cmocka_unit_test_setup_teardown(adds_a_filter_in_direct_action_mode, setup, teardown),
		cmocka_unit_test_setup_teardown(removes_one_filter_only, setup, teardown),
		cmocka_unit_test_setup_teardown(keeps_the_kernels_own_words, setup, teardown),
		cmocka_unit_test_setup_teardown(ignores_answers_to_earlier_requests, setup, teardown),
		cmocka_unit_test_setup_teardown(survives_answers_that_are_none, setup, teardown),
		cmocka_unit_test_setup_teardown(hears_of_interfaces_and_of_nothing_else, setup, teardown),
		cmocka_unit_test_setup_teardown(cut_messages_are_no_news, setup, teardown),
		cmocka_unit_test_setup_teardown(messages_of_other_processes_are_not_believed, setup, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("netlink", tests, NULL, NULL);
}
