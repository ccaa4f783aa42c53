/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "loader/netlink.h"
#include "loader/netlink_ask.h"

static struct nlmsghdr *
tc_request(union netlink_request *req, uint16_t type, uint16_t flags, uint32_t ifindex,
	struct tcmsg **tcm)
{
	struct nlmsghdr *nh = mnl_nlmsg_put_header(req);

	nh->nlmsg_type = type;
	nh->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	*tcm = mnl_nlmsg_put_extra_header(nh, sizeof(**tcm));
	(*tcm)->tcm_ifindex = (int)ifindex;
	return nh;
}

static uint32_t
parent(enum netlink_dir dir)
{
	return TC_H_MAKE(TC_H_CLSACT, dir == NETLINK_INGRESS ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS);
}

struct qdisc {
	uint32_t ifindex;
	bool clsact;
};

static int
kind_attr(const struct nlattr *attr, void *arg)
{
	if (mnl_attr_get_type(attr) == TCA_KIND && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
		*(const char **)arg = mnl_attr_get_str(attr);
	return MNL_CB_OK;
}

static int
qdisc_msg(const struct nlmsghdr *nh, void *arg)
{
	const struct tcmsg *tcm = mnl_nlmsg_get_payload(nh);
	struct qdisc *q = arg;
	const char *kind = "";

	if (mnl_nlmsg_get_payload_len(nh) < sizeof(*tcm) ||
	    mnl_attr_parse(nh, sizeof(*tcm), kind_attr, &kind) == MNL_CB_ERROR)
		return MNL_CB_ERROR;
	if ((uint32_t)tcm->tcm_ifindex == q->ifindex && strcmp(kind, "clsact") == 0)
		q->clsact = true;
	return MNL_CB_OK;
}

static bool
has_clsact(int sock, uint32_t ifindex)
{
	union netlink_request req;
	struct tcmsg *tcm;
	struct nlmsghdr *nh = tc_request(&req, RTM_GETQDISC, NLM_F_DUMP, ifindex, &tcm);
	struct qdisc q = { .ifindex = ifindex };
	struct netlink_answer a = { .each = qdisc_msg, .arg = &q };

	return netlink_ask(sock, nh, &a) == 0 && q.clsact;
}

int
netlink_clsact_add(int sock, uint32_t ifindex, struct netlink_err *why)
{
	union netlink_request req;
	struct tcmsg *tcm;
	struct nlmsghdr *nh = tc_request(&req, RTM_NEWQDISC, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
		ifindex, &tcm);
	struct netlink_answer a = { .why = why };
	int err;

	tcm->tcm_parent = TC_H_CLSACT;
	tcm->tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
	mnl_attr_put_strz(nh, TCA_KIND, "clsact");
	err = netlink_ask(sock, nh, &a);
	if (err == -EEXIST && has_clsact(sock, ifindex))
		return 0;
	return err ? err : 1;
}

int
netlink_clsact_del(int sock, uint32_t ifindex)
{
	union netlink_request req;
	struct tcmsg *tcm;
	struct nlmsghdr *nh = tc_request(&req, RTM_DELQDISC, NLM_F_ACK, ifindex, &tcm);
	struct netlink_answer a = { 0 };
	int err;

	tcm->tcm_parent = TC_H_CLSACT;
	tcm->tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
	mnl_attr_put_strz(nh, TCA_KIND, "clsact");
	err = netlink_ask(sock, nh, &a);
	return err == -ENOENT || err == -ENODEV || err == -EINVAL ? 0 : err;
}

struct filters {
	void (*each)(void *arg, const struct netlink_filter *f);
	void *arg;
	struct netlink_filter f;
};

static int
bpf_attr(const struct nlattr *attr, void *arg)
{
	struct netlink_filter *f = arg;

	if (mnl_attr_get_type(attr) == TCA_BPF_ID && mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
		f->prog_id = mnl_attr_get_u32(attr);
	if (mnl_attr_get_type(attr) == TCA_BPF_NAME && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
		snprintf(f->name, sizeof(f->name), "%s", mnl_attr_get_str(attr));
	return MNL_CB_OK;
}

static int
filter_attr(const struct nlattr *attr, void *arg)
{
	struct netlink_filter *f = arg;
	const char *kind = NULL;

	if (mnl_attr_get_type(attr) == TCA_KIND && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
		kind = mnl_attr_get_str(attr);
	if (kind)
		f->is_bpf = strcmp(kind, "bpf") == 0;
	if (kind && !f->is_bpf)
		snprintf(f->name, sizeof(f->name), "%s", kind);
	if (mnl_attr_get_type(attr) == TCA_OPTIONS && f->is_bpf)
		return mnl_attr_parse_nested(attr, bpf_attr, f);
	return MNL_CB_OK;
}

static int
filter_msg(const struct nlmsghdr *nh, void *arg)
{
	const struct tcmsg *tcm = mnl_nlmsg_get_payload(nh);
	struct filters *l = arg;
	struct netlink_filter f = l->f;

	if (nh->nlmsg_type != RTM_NEWTFILTER || mnl_nlmsg_get_payload_len(nh) < sizeof(*tcm))
		return MNL_CB_ERROR;
	f.priority = (uint16_t)(tcm->tcm_info >> 16);
	f.handle = tcm->tcm_handle;
	if (mnl_attr_parse(nh, sizeof(*tcm), filter_attr, &f) == MNL_CB_ERROR)
		return MNL_CB_ERROR;
	l->each(l->arg, &f);
	return MNL_CB_OK;
}

int
netlink_filters(int sock, uint32_t ifindex, enum netlink_dir dir,
	void (*each)(void *arg, const struct netlink_filter *f), void *arg)
{
	union netlink_request req;
	struct tcmsg *tcm;
	struct nlmsghdr *nh = tc_request(&req, RTM_GETTFILTER, NLM_F_DUMP, ifindex, &tcm);
	struct filters l = { each, arg, { .ifindex = ifindex, .dir = dir } };
	struct netlink_answer a = { .each = filter_msg, .arg = &l };

	tcm->tcm_parent = parent(dir);
	return netlink_ask(sock, nh, &a);
}

static void
keep_handle(void *arg, const struct netlink_filter *f)
{
	*(uint32_t *)arg = f->handle;
}

static int
put_filter(int sock, uint16_t flags, struct netlink_filter *f, int prog_fd, struct netlink_err *why)
{
	union netlink_request req;
	struct tcmsg *tcm;
	struct nlmsghdr *nh = tc_request(&req, RTM_NEWTFILTER, (uint16_t)(NLM_F_ACK | NLM_F_ECHO | flags),
		f->ifindex, &tcm);
	struct filters l = { keep_handle, &f->handle, *f };
	struct netlink_answer a = { .each = filter_msg, .arg = &l, .why = why };
	struct nlattr *options;

	tcm->tcm_parent = parent(f->dir);
	tcm->tcm_handle = f->handle;
	tcm->tcm_info = TC_H_MAKE((uint32_t)f->priority << 16, htons(ETH_P_ALL));
	mnl_attr_put_strz(nh, TCA_KIND, "bpf");
	options = mnl_attr_nest_start(nh, TCA_OPTIONS);
	mnl_attr_put_u32(nh, TCA_BPF_FD, (uint32_t)prog_fd);
	mnl_attr_put_strz(nh, TCA_BPF_NAME, f->name);
	mnl_attr_put_u32(nh, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
	mnl_attr_nest_end(nh, options);
	return netlink_ask(sock, nh, &a);
}

int
netlink_filter_add(int sock, struct netlink_filter *f, int prog_fd, struct netlink_err *why)
{
	return put_filter(sock, NLM_F_CREATE | NLM_F_EXCL, f, prog_fd, why);
}

int
netlink_filter_replace(int sock, struct netlink_filter *f, int prog_fd, struct netlink_err *why)
{
	return put_filter(sock, 0, f, prog_fd, why);
}

int
netlink_filter_del(int sock, const struct netlink_filter *f)
{
	union netlink_request req;
	struct tcmsg *tcm;
	struct nlmsghdr *nh = tc_request(&req, RTM_DELTFILTER, NLM_F_ACK, f->ifindex, &tcm);
	struct netlink_answer a = { 0 };

	tcm->tcm_parent = parent(f->dir);
	tcm->tcm_handle = f->handle;
	tcm->tcm_info = TC_H_MAKE((uint32_t)f->priority << 16, htons(ETH_P_ALL));
	mnl_attr_put_strz(nh, TCA_KIND, "bpf");
	return netlink_ask(sock, nh, &a);
}
