/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel side is to let through, as the loader and the enricher would say it. */
#include "tracerrig_parts.h"

#include <bpf/bpf.h>
#include <string.h>

/* Few values into the filter itself, as the loader does. */
static void
write_filter(struct tracerrig *r, unsigned int tracer)
{
	struct ev_tracer_filter *f = &r->filter.t[tracer];
	uint32_t zero = 0;

	f->inlined = 0;
	for (uint32_t dim = DIM_PID; dim <= DIM_EXE; dim *= 2) {
		const struct few *few = &r->few[tracer][dim];

		if (!(f->dims & dim) || !few->n || few->n > EV_INLINE)
			continue;
		f->inlined |= dim;
		for (uint32_t i = 0; i < EV_INLINE; i++) {
			uint64_t v = few->v[i < few->n ? i : 0];

			if (dim == DIM_PID)
				f->pid[i] = (uint32_t)v;
			else if (dim == DIM_UID)
				f->uid[i] = (uint32_t)v;
			else if (dim == DIM_COMM)
				f->comm[i] = v;
			else if (dim == DIM_CGROUP)
				f->cgroup[i] = v;
			else
				f->exe[i] = v;
		}
	}
	bpf_map_update_elem(tracerrig_map(r, "filters"), &zero, &r->filter, BPF_ANY);
}

void
tracerrig_filter(struct tracerrig *r, unsigned int tracer, struct ev_tracer_filter f)
{
	r->filter.t[tracer] = f;
	write_filter(r, tracer);
}

void
tracerrig_filter_number(struct tracerrig *r, unsigned int tracer, uint32_t dim, uint64_t value)
{
	struct ev_filter_key key = { .value = value, .dim = dim };
	uint64_t mask = 0;

	bpf_map_lookup_elem(tracerrig_map(r, "filter_set"), &key, &mask);
	if (mask >> tracer & 1)
		return;
	mask |= 1ULL << tracer;
	bpf_map_update_elem(tracerrig_map(r, "filter_set"), &key, &mask, BPF_ANY);
	if (dim > DIM_CGROUP && dim != DIM_EXE)
		return;
	if (r->few[tracer][dim].n++ < EV_INLINE)
		r->few[tracer][dim].v[r->few[tracer][dim].n - 1] = value;
	write_filter(r, tracer);
}

uint64_t
tracerrig_hash(uint32_t dim, const char *text)
{
	uint64_t h = EV_HASH_INIT;
	char name[512 + 8];
	size_t n;

	for (; dim != DIM_COMM && *text; text += n) {
		n = strcspn(++text, "/");
		memset(name, 0, sizeof(name));
		memcpy(name, text, n);
		h = EV_HASH_SLASH(h);
		for (size_t i = 0; i <= n; i += 8)
			h = EV_HASH_WORD(h, *(uint64_t *)(name + i));
	}
	if (dim != DIM_COMM)
		return h;
	memset(name, 0, sizeof(name));
	strncpy(name, text, EV_COMM);
	h = EV_HASH_WORD(h, *(uint64_t *)name);
	return EV_HASH_WORD(h, *(uint64_t *)(name + 8));
}

void
tracerrig_filter_text(struct tracerrig *r, unsigned int tracer, uint32_t dim, const char *text)
{
	tracerrig_filter_number(r, tracer, dim, tracerrig_hash(dim, text));
}

void
tracerrig_kind(struct tracerrig *r, const struct ev_hdr *h, uint32_t kind)
{
	const uint64_t ids[] = { h->cgroup, h->cgroup1 };
	struct { uint32_t controller, epoch; } v1 = { 0, 0 };
	uint32_t zero = 0;

	bpf_map_lookup_elem(tracerrig_map(r, "cgroup_v1"), &zero, &v1);
	for (uint32_t hierarchy = 2; hierarchy >= 1; hierarchy--) {
		uint64_t id = ids[2 - hierarchy];
		uint64_t word = EV_KIND_WORD(id, hierarchy, hierarchy == 1 ? v1.epoch : 0, kind);
		uint32_t place = EV_KIND_PLACE(id, hierarchy);

		if (id)
			bpf_map_update_elem(tracerrig_map(r, "cgroup_kinds"), &place, &word, BPF_ANY);
	}
}
