/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds that are attached to a map of sockets: sk_msg, sk_skb. */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"
#include "common/bpf_compat.h"
#include "loader/attach_hook.h"
#include "loader/attach_suffix.h"
#include "loader/oneshot.h"

#define KERNEL_WITH_LINKS (6 << 8 | 10)

static const struct hook {
	const char *kind, *name;
	uint32_t attach_type;
} hooks[] = {
	{ "sk_msg", "msg_verdict", BPF_SK_MSG_VERDICT },
	{ "sk_skb", "stream_parser", BPF_SK_SKB_STREAM_PARSER },
	{ "sk_skb", "stream_verdict", BPF_SK_SKB_STREAM_VERDICT },
	{ "sk_skb", "verdict", BPF_SK_SKB_VERDICT },
};

static const struct hook *
hook_typed(uint32_t attach_type)
{
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++)
		if (hooks[i].attach_type == attach_type)
			return &hooks[i];
	return NULL;
}

void
attach_sockmap_facts(uint32_t attach_type, struct msg_link_facts *facts)
{
	const struct hook *h = hook_typed(attach_type);

	if (h)
		strcpy(facts->kind, h->kind);
	facts->attach_type = attach_type;
}

/* The option, or what the section says; sk_msg has one hook only. */
static const struct hook *
hook_of(const struct attach_in *in)
{
	const char *asked = attach_text(in, "hook");
	const struct hook *h = hook_typed(strcmp(in->req->kind, "sk_msg") == 0 ? BPF_SK_MSG_VERDICT :
								      in->prog_attach_type);

	for (size_t i = 0; asked && i < ARRAY_SIZE(hooks); i++)
		if (strcmp(hooks[i].name, asked) == 0)
			return &hooks[i];
	return h && strcmp(h->kind, in->req->kind) == 0 ? h : NULL;
}

/* ---- the map ---- */

struct sought {
	const char *target;
	uint32_t id;			/* 0: not found */
	char number[16];
	char names[256];		/* those there are */
};

static int
compare(void *arg, uint32_t id, const char *name)
{
	struct sought *s = arg;
	size_t len = strlen(s->names);

	snprintf(s->number, sizeof(s->number), "%u", id);
	if (strcmp(s->target, name) == 0 || strcmp(s->target, s->number) == 0)
		s->id = id;
	snprintf(s->names + len, sizeof(s->names) - len, "%s%s", len ? ", " : "", name);
	return s->id != 0;
}

/* A map that the program's load made or shares.  Its descriptor, the caller's. */
static int
open_map(const struct attach_in *in, uint32_t *id, struct msg_result *res)
{
	struct sought s = { .target = in->req->target };
	struct bpf_map_info info;
	AUTO(fd) int fd = -1;

	loader_maps_of(in->ld, in->req->prog_id, compare, &s);
	if (!s.id)
		return result_set(res, IPC_NOT_FOUND, -ENOENT, "program %u was loaded with no map %s; with it "
			"are: %s", in->req->prog_id, s.target, s.names[0] ? s.names : "none");
	fd = loader_map_open(in->ld, 0, s.number);
	memset(&info, 0, sizeof(info));
	if (fd < 0 || compat_obj_info(fd, &info, sizeof(info)) < 0)
		return result_set(res, IPC_DATA_LOSS, -EIO, "the pin of map %s is gone", s.target);
	if (info.type != BPF_MAP_TYPE_SOCKMAP && info.type != BPF_MAP_TYPE_SOCKHASH)
		return result_set(res, IPC_FAILED_PRECONDITION, -EINVAL, "map %s holds no sockets: it is neither "
			"a sockmap nor a sockhash", s.target);
	*id = s.id;
	return TAKE_FD(fd);
}

/* Without links the kernel would put a new program into the place of the old one, whoever's it is. */
static int
check_free(const struct hook *h, int map, const char *target, struct msg_result *res)
{
	uint32_t prog_id = 0;
	union bpf_attr attr;
	int err;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = (uint32_t)map;
	attr.query.attach_type = h->attach_type;
	attr.query.prog_ids = (uint64_t)(uintptr_t)&prog_id;
	attr.query.prog_cnt = 1;
	err = compat_bpf(BPF_PROG_QUERY, &attr, sizeof(attr.query));
	if (!err && prog_id)
		return result_set(res, IPC_FAILED_PRECONDITION, -EBUSY, "map %s has a %s program already, %u: "
			"it takes one", target, h->name, prog_id);
	return 0;
}

/* ---- attaching ---- */

/* The kernel's link, -1 for none, or with *err a refusal. */
static int
create(const struct attach_in *in, const struct hook *h, int map, int *err)
{
	const struct compat_link_create lc = { .prog_fd = (uint32_t)in->prog_fd, .target = (uint32_t)map,
		.attach_type = h->attach_type };
	const struct compat_prog_attach pa = { .prog_fd = (uint32_t)in->prog_fd, .target_fd = (uint32_t)map,
		.attach_type = h->attach_type };
	int link = compat_link_create(&lc);

	*err = 0;
	if (link >= 0)
		return link;
	*err = link != -EINVAL || attach_host()->kernel >= KERNEL_WITH_LINKS ? link :
		compat_bpf(BPF_PROG_ATTACH, &pa, sizeof(pa));
	return -1;
}

static int
attach(const struct attach_in *in, struct attach_out *out, struct msg_result *res)
{
	struct attach_suffix suffix = { .kind = ATTACH_SUFFIX_MAP, .priority = (uint16_t)out->facts.priority,
		.prog_id = in->req->prog_id };
	const struct hook *h = hook_of(in);
	char what[IPC_TARGET_MAX + 32];
	AUTO(fd) int map = -1;
	int err;

	if (!h)
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "the section of program %u does not say "
			"which hook: give hook=stream_parser, hook=stream_verdict or hook=verdict",
			in->req->prog_id);
	map = open_map(in, &suffix.map_id, res);
	if (map < 0)
		return map;
	strcpy(out->facts.backend, "sockmap");
	out->facts.object_id = suffix.map_id;
	out->facts.attach_type = suffix.attach_type = h->attach_type;
	err = attach_check_new(in, &out->facts, res);
	if (!err)
		err = check_free(h, map, in->req->target, res);
	if (err || (in->req->flags & ATTACH_DRY_RUN))
		return err;
	out->link_fd = create(in, h, map, &err);
	if (err) {
		snprintf(what, sizeof(what), "%s of map %s", h->name, in->req->target);
		return attach_refused(res, err, what);
	}
	if (out->link_fd >= 0)
		return 0;
	attach_suffix_write(&suffix, out->pin_suffix);
	return 0;
}

int
attach_sockmap_detach(struct loader *ld, const struct attach_suffix *s, struct msg_result *res)
{
	AUTO(fd) int prog = loader_prog_open(ld, s->prog_id);
	struct compat_prog_attach pa = { .prog_fd = (uint32_t)prog, .attach_type = s->attach_type };
	AUTO(fd) int map = -1;
	char number[16];
	int err;

	snprintf(number, sizeof(number), "%u", s->map_id);
	map = loader_map_open(ld, 0, number);
	pa.target_fd = (uint32_t)map;
	err = map < 0 || prog < 0 ? 0 : compat_bpf(BPF_PROG_DETACH, &pa, sizeof(pa));
	/* Somebody took it off, or put another one into its place. */
	if (!err || err == -ENOENT || err == -EINVAL)
		return 0;
	return result_set(res, IPC_INTERNAL, err, "cannot take the program off map %u: %s", s->map_id,
		strerrordesc_np(-err));
}

static const struct attach_option skb_options[] = {
	{ "hook", "stream_parser|stream_verdict|verdict", "which one, where the section does not say it" },
	{ NULL, NULL, NULL },
};

const struct attach_kind attach_kind_sk_msg = {
	.name = "sk_msg",
	.target = "MAP",
	.help = "messages sent by the sockets in a sockmap or sockhash",
	.prog_types = PROG_BIT(SK_MSG),
	.takes = TAKES_TARGET,
	.attach = attach,
};

const struct attach_kind attach_kind_sk_skb = {
	.name = "sk_skb",
	.target = "MAP",
	.help = "data received by the sockets in a sockmap or sockhash",
	.prog_types = PROG_BIT(SK_SKB),
	.takes = TAKES_TARGET,
	.options = skb_options,
	.attach = attach,
};
