/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes that a program's author has put into it by <sys/sdt.h>.  One of them may lie at several
 * places, each with other registers for its arguments; bpf_usdt_arg() of libbpf's usdt.bpf.h finds
 * them in the object's map __bpf_usdt_specs, under the number that is the place's cookie.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"
#include "common/bpf_compat.h"
#include "loader/attach_hook.h"
#include "loader/oneshot.h"

#define SPECS_MAP "__bpf_usdt_specs"
#define SPECS_MAX 4096

/* As struct __bpf_usdt_spec. */
struct spec {
	struct usdt_arg args[IPC_USDT_ARGS_MAX];
	uint64_t cookie;
	int16_t n_args;
	uint8_t pad[6];
};
static_assert(sizeof(struct spec) == 208, "as in usdt.bpf.h");

/* The records of one attachment: places with the same arguments share one. */
struct specs {
	struct spec all[IPC_SITES_MAX];
	uint32_t n, first;
	uint32_t of_site[IPC_SITES_MAX];
};

/* FILE:PROVIDER:NAME, or FILE and the options. */
static int
read_request(const struct attach_in *in, struct attach_place *p, char provider[IPC_NAME_MAX],
	struct msg_result *res)
{
	const char *name = attach_text(in, "name"), *of = attach_text(in, "provider");
	int err = attach_place(in, p, res);
	char *colon;

	if (err)
		return err;
	if (name) {
		strcpy(p->file.path, in->req->target);
		snprintf(p->function, sizeof(p->function), "%s", name);
	}
	colon = name ? NULL : strchr(p->function, ':');
	if (!p->function[0] || (colon && of))
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "attach kind usdt needs a probe, as "
			"FILE:PROVIDER:NAME or as name=NAME and provider=PROVIDER");
	if (colon) {
		*colon = '\0';
		of = p->function;
	}
	if (of && strlen(of) >= IPC_NAME_MAX)
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "the provider's name is too long");
	snprintf(provider, IPC_NAME_MAX, "%s", of ? of : "");
	if (colon)
		memmove(p->function, colon + 1, strlen(colon + 1) + 1);
	return 0;
}

static int
look(const struct attach_in *in, struct msg_link_sites *what, int *file, struct msg_result *res)
{
	struct attach_place p;
	int err = read_request(in, &p, what->provider, res);

	if (err)
		return err;
	what->what = SITES_USDT;
	strcpy(what->names, p.function);
	return attach_look_into(in, &p, file, res);
}

static void
make_specs(const struct attach_in *in, struct specs *s)
{
	for (size_t i = 0; i < in->found->n; i++) {
		const struct msg_linked_site *site = &in->found->sites[i];
		struct spec spec = { .cookie = in->req->cookie, .n_args = (int16_t)site->n_args };
		uint32_t k = 0;

		memcpy(spec.args, site->args, sizeof(spec.args));
		while (k < s->n && memcmp(&s->all[k], &spec, sizeof(spec)) != 0)
			k++;
		s->all[k] = spec;
		s->of_site[i] = k;
		s->n += k == s->n;
	}
}

struct taken {
	struct loader *ld;
	uint32_t map_id;
	bool at[SPECS_MAX];
};

/* Other attachments of programs that share the map. */
static int
take_range(void *arg, const struct msg_link_facts *l)
{
	struct taken *t = arg;

	if (l->n_specs && loader_group_map(t->ld, l->gid, SPECS_MAP, NULL) == t->map_id)
		for (uint32_t i = l->spec_first; i < l->spec_first + l->n_specs && i < SPECS_MAX; i++)
			t->at[i] = true;
	return 0;
}

/* The first room for n records.  -ENOSPC. */
static int
find_room(struct loader *ld, uint32_t map_id, uint32_t n, uint32_t entries, uint32_t *first)
{
	struct taken *t = calloc(1, sizeof(*t));
	uint32_t run = 0;

	if (!t)
		return -ENOMEM;
	t->ld = ld;
	t->map_id = map_id;
	loader_links_each(ld, take_range, t);
	for (uint32_t i = 0; i < entries && i < SPECS_MAX && run < n; i++) {
		run = t->at[i] ? 0 : run + 1;
		*first = i + 1 - run;
	}
	free(t);
	return run == n ? 0 : -ENOSPC;
}

static int
write_specs(int map, const struct specs *s)
{
	union bpf_attr attr;
	int err = 0;

	for (uint32_t i = 0; i < s->n && !err; i++) {
		uint32_t key = s->first + i;

		memset(&attr, 0, sizeof(attr));
		attr.map_fd = (uint32_t)map;
		attr.key = (uint64_t)(uintptr_t)&key;
		attr.value = (uint64_t)(uintptr_t)&s->all[i];
		err = compat_bpf(BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr));
	}
	return err;
}

/* A program that reads no argument needs no map. */
static int
place_specs(const struct attach_in *in, struct specs *s, struct msg_link_facts *facts,
	struct msg_result *res)
{
	AUTO(fd) int map = -1;
	uint32_t map_id = loader_group_map(in->ld, in->gid, SPECS_MAP, &map);
	struct bpf_map_info info;
	int err;

	if (!map_id) {
		s->n = 0;
		return 0;
	}
	memset(&info, 0, sizeof(info));
	err = map < 0 ? map : compat_obj_info(map, &info, sizeof(info));
	if (err < 0)
		return result_set(res, IPC_DATA_LOSS, err, "the map %s cannot be opened", SPECS_MAP);
	if (info.key_size != sizeof(uint32_t) || info.value_size != sizeof(struct spec))
		return result_set(res, IPC_FAILED_PRECONDITION, -EINVAL, "the object's map %s has values of %u "
			"bytes, not %zu: it was compiled with a usdt.bpf.h that bpfd does not know", SPECS_MAP,
			info.value_size, sizeof(struct spec));
	err = find_room(in->ld, map_id, s->n, info.max_entries, &s->first);
	if (err)
		return result_set(res, IPC_RESOURCE_EXHAUSTED, err, "the object's map %s has no room for %u more "
			"descriptions of arguments: define BPF_USDT_MAX_SPEC_CNT before usdt.bpf.h is included",
			SPECS_MAP, s->n);
	facts->spec_first = s->first;
	facts->n_specs = s->n;
	err = in->req->flags & ATTACH_DRY_RUN ? 0 : write_specs(map, s);
	return err ? result_set(res, IPC_INTERNAL, err, "the map %s cannot be written", SPECS_MAP) : 0;
}

static void
fill(const struct attach_in *in, const struct specs *s, struct msg_uprobe *m)
{
	m->n_sites = (uint32_t)in->found->n;
	for (uint32_t i = 0; i < m->n_sites; i++)
		m->sites[i] = (struct probe_site){ .offset = in->found->sites[i].offset,
			.ref_ctr_offset = in->found->sites[i].ref_ctr_offset,
			.cookie = s->n ? s->first + s->of_site[i] : in->req->cookie };
}

static int
attach(const struct attach_in *in, struct attach_out *out, struct msg_result *res)
{
	bool multi = in->prog_attach_type == COMPAT_BPF_TRACE_UPROBE_MULTI;
	AUTO(mem) struct specs *s = calloc(1, sizeof(*s));
	struct msg_uprobe m = { 0 };
	char provider[IPC_NAME_MAX];
	struct attach_place p;
	int err = read_request(in, &p, provider, res);

	if (!s || !in->found)
		return result_set(res, IPC_RESOURCE_EXHAUSTED, -ENOMEM, "no memory for the probe");
	if (!err && !multi)
		err = attach_check_type(in, 0, res);
	if (err)
		return err;
	make_specs(in, s);
	m.pid = p.pid;
	fill(in, s, &m);
	attach_hook(out, attach_file_hash(in->found->file, &m));
	err = attach_check_new(in, &out->facts, res);
	if (!err)
		err = place_specs(in, s, &out->facts, res);
	if (err)
		return err;
	attach_hook(out, out->facts.hook);	/* with the records now */
	fill(in, s, &m);
	return attach_sites(in, in->found->file, &m, multi, out, res);
}

static const struct attach_option options[] = {
	{ "provider", "", "of the probe, if not in the target; without it any" },
	{ "name", "", "of the probe, if not in the target" },
	ATTACH_OPTIONS_FILE,
	{ 0 },
};

const struct attach_kind attach_kind_usdt = {
	.name = "usdt",
	.target = "FILE[:PROVIDER:NAME]",
	.help = "a probe that the author of a program or library put into it",
	.prog_types = PROG_BIT(KPROBE),
	.takes = TAKES_TARGET | TAKES_COOKIE,
	.options = options,
	.sections = "usdt",
	.unavailable = attach_no_uprobes,
	.look = look,
	.attach = attach,
};
