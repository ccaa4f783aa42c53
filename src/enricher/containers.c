/* SPDX-License-Identifier: Apache-2.0 */
#include "enricher/containers.h"

#include <string.h>

#include "common/auto.h"

#define ID64 64

/* A component with systemd's "\x2d" read as '-'; never longer than a file name. */
struct comp {
	char s[256];
	size_t len;
};

struct scan {
	struct comp cur, prev;
	unsigned int index;		/* of cur, from 0 */
	bool kube, first_containerd;
	unsigned int ecs;		/* components since "ecs", 1: it was the last; 0: none */
	struct container *out;
};

static bool
is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool
all_hex(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!is_hex(s[i]))
			return false;
	return true;
}

static bool
is_word(const struct comp *c, const char *word)
{
	return c->len == strlen(word) && memcmp(c->s, word, c->len) == 0;
}

static bool
cut_prefix(struct span *v, const char *prefix)
{
	size_t n = strlen(prefix);

	if (v->len < n || memcmp(v->s, prefix, n) != 0)
		return false;
	v->s += n;
	v->len -= n;
	return true;
}

static bool
cut_suffix(struct span *v, const char *suffix)
{
	size_t n = strlen(suffix);

	if (v->len < n || memcmp(v->s + v->len - n, suffix, n) != 0)
		return false;
	v->len -= n;
	return true;
}

static bool
is_id64(struct span v)
{
	return v.len == ID64 && all_hex(v.s, ID64);
}

/* 8-4-4-4-12 hexadecimal digits, with '-' or '_' between. */
static bool
is_uuid(const char *s, size_t len)
{
	static const unsigned char groups[] = { 8, 4, 4, 4, 12 };
	size_t at = 0;

	if (len < 36)
		return false;
	for (size_t g = 0; g < sizeof(groups); g++) {
		if (!all_hex(s + at, groups[g]))
			return false;
		at += groups[g];
		if (g < 4 && s[at] != '-' && s[at] != '_')
			return false;
		at++;
	}
	return true;
}

static bool
of_set(struct span v, size_t min, size_t max, bool upper, const char *more)
{
	if (v.len < min || v.len > max)
		return false;
	for (size_t i = 0; i < v.len; i++) {
		char c = v.s[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (upper && c >= 'A' && c <= 'Z') ||
		      (c && strchr(more, c))))
			return false;
	}
	return true;
}

static bool
found(struct scan *sc, enum runtime rt, struct span id)
{
	if (!id.len || id.len > CONTAINER_ID_MAX)
		return false;
	sc->out->runtime = rt;
	sc->out->id_len = (uint32_t)id.len;
	memcpy(sc->out->id, id.s, id.len);
	return true;
}

/* PREFIX<64 hex>[.scope]; a prefix that ends in ".scope" less the id asks for it. */
static bool
engine_scope(struct scan *sc)
{
	static const struct {
		const char *prefix;
		enum runtime rt;
		enum { SCOPE_MUST, SCOPE_MAY } scope;
	} forms[] = {
		{ "docker-", RT_DOCKER, SCOPE_MUST },
		{ "nerdctl-", RT_NERDCTL, SCOPE_MUST },
		{ "cri-containerd-", RT_CONTAINERD, SCOPE_MAY },
		{ "cri-containerd:", RT_CONTAINERD, SCOPE_MAY },
		{ "crio-", RT_CRIO, SCOPE_MAY },
		{ "crio:", RT_CRIO, SCOPE_MAY },
		{ "libpod-payload-", RT_PODMAN, SCOPE_MAY },
		{ "libpod-", RT_PODMAN, SCOPE_MAY },
	};
	struct span whole = { sc->cur.s, sc->cur.len };
	/* containerd's systemd form: SLICE:cri-containerd:ID */
	const char *cri = memmem(whole.s, whole.len, ":cri", 4);

	if (cri)
		whole = (struct span){ cri + 1, (size_t)(whole.s + whole.len - cri - 1) };
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		struct span v = whole;

		if (!cut_prefix(&v, forms[i].prefix))
			continue;
		if (!cut_suffix(&v, ".scope") && forms[i].scope == SCOPE_MUST)
			continue;
		if (is_id64(v))
			return found(sc, forms[i].rt, v);
	}
	return false;
}

/* machine-NAME.scope: systemd-nspawn, libvirt's lxc, rkt; virtual machines and pods are none. */
static bool
machine_scope(struct scan *sc)
{
	struct span v = { sc->cur.s, sc->cur.len };

	if (!cut_prefix(&v, "machine-") || !cut_suffix(&v, ".scope"))
		return false;
	if (cut_prefix(&v, "rkt-"))
		return v.len == 36 && is_uuid(v.s, v.len) && found(sc, RT_RKT, v);
	if (cut_prefix(&v, "lxc-")) {
		size_t n = 0;

		while (n < v.len && v.s[n] >= '0' && v.s[n] <= '9')
			n++;
		if (!n || n + 1 >= v.len || v.s[n] != '-')
			return false;
		return found(sc, RT_LXC_LIBVIRT, (struct span){ v.s + n + 1, v.len - n - 1 });
	}
	if (cut_prefix(&v, "qemu-") || cut_prefix(&v, "libpod_"))
		return false;
	return found(sc, RT_NSPAWN, v);
}

static bool
named(struct scan *sc)
{
	struct span v = { sc->cur.s, sc->cur.len };

	if (cut_prefix(&v, "lxc.payload."))
		return found(sc, RT_LXC, v);
	if (cut_prefix(&v, "systemd-nspawn@") && cut_suffix(&v, ".service"))
		return found(sc, RT_NSPAWN, v);
	return machine_scope(sc);
}

/* 32 hexadecimal digits, '-', up to 10 digits: a task of Fargate. */
static bool
is_fargate(struct span v)
{
	if (v.len < 34 || v.len > 43 || !all_hex(v.s, 32) || v.s[32] != '-')
		return false;
	for (size_t i = 33; i < v.len; i++)
		if (v.s[i] < '0' || v.s[i] > '9')
			return false;
	return true;
}

/* What the component before, or one further up, makes of it. */
static bool
by_parent(struct scan *sc)
{
	const struct comp *p = &sc->prev;
	struct span v = { sc->cur.s, sc->cur.len };

	if (is_word(p, "docker") && is_id64(v))
		return found(sc, RT_DOCKER, v);
	if (sc->kube && p->len > 3 && memcmp(p->s, "pod", 3) == 0 && is_id64(v))
		return found(sc, RT_KUBE, v);
	if (is_word(p, "lxc") || is_word(p, "lxc.payload"))
		return found(sc, RT_LXC, v);
	if (is_word(p, "lxc-libvirt"))
		return found(sc, RT_LXC_LIBVIRT, v);
	if (is_word(p, "garden") && of_set(v, 1, 64, true, "-"))
		return found(sc, RT_GARDEN, v);
	if (sc->ecs >= 2 && (is_id64(v) || is_fargate(v)))
		return found(sc, RT_ECS, v);
	if (is_word(p, "buildkit") && of_set(v, 25, 25, false, ""))
		return found(sc, RT_BUILDKIT, v);
	if (is_word(p, "mesos") && v.len == 36 && is_uuid(v.s, v.len))
		return found(sc, RT_MESOS, v);
	if (sc->index == 1 && sc->first_containerd && of_set(v, 1, 76, true, "_.-") && v.s[0] != '_' &&
	    v.s[0] != '.' && v.s[0] != '-')
		return found(sc, RT_CONTAINERD, v);
	return false;
}

/* [word-]<64 hex>[.scope]: somebody's container. */
static bool
unknown_engine(struct scan *sc)
{
	struct span v = { sc->cur.s, sc->cur.len };
	struct span id, word;

	cut_suffix(&v, ".scope");
	if (v.len < ID64)
		return false;
	id = (struct span){ v.s + v.len - ID64, ID64 };
	word = (struct span){ v.s, v.len - ID64 };
	if (!is_id64(id))
		return false;
	if (word.len && (word.len < 2 || word.s[word.len - 1] != '-' || word.s[0] < 'a' ||
			word.s[0] > 'z' || !of_set(word, 1, 255, false, "_-")))
		return false;
	return found(sc, RT_UNKNOWN, id);
}

/* The engines' processes that stand beside a container. */
static bool
is_monitor(const struct comp *c)
{
	static const char *const words[] = { "libpod-conmon-", "crio-conmon-", "lxc.monitor" };
	struct span v = { c->s, c->len };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (cut_prefix(&v, words[i]))
			return true;
	return false;
}

static void
note_pod(struct scan *sc)
{
	struct container *out = sc->out;
	const char *s = sc->cur.s, *end = s + sc->cur.len;

	while ((s = memmem(s, (size_t)(end - s), "pod", 3))) {
		size_t n;

		s += 3;
		n = is_uuid(s, (size_t)(end - s)) ? 36 : end - s >= 32 && all_hex(s, 32) ? 32 : 0;
		if (!n || (s + n < end && is_hex(s[n])))
			continue;
		for (size_t i = 0; i < n; i++)
			out->pod[i] = s[i];
		if (n == 36)
			out->pod[8] = out->pod[13] = out->pod[18] = out->pod[23] = '-';
		out->pod_len = (uint32_t)n;
	}
}

static void
note_ancestor(struct scan *sc)
{
	struct span v = { sc->cur.s, sc->cur.len };
	const struct comp *c = &sc->cur;

	if (cut_prefix(&v, "kubepods"))
		sc->kube = true;
	if (sc->index == 0)
		sc->first_containerd = is_word(c, "default") || is_word(c, "moby") || is_word(c, "k8s.io") ||
			is_word(c, "buildkit");
	if (is_word(c, "user.slice") || cut_prefix(&v, "user@"))
		sc->out->claim = true;
	sc->ecs = is_word(c, "ecs") ? 1 : sc->ecs ? sc->ecs + 1 : 0;
}

/* False: longer than a file name can be. */
static bool
read_component(const char *s, size_t len, struct comp *out)
{
	out->len = 0;
	if (len > sizeof(out->s))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (len - i >= 4 && memcmp(s + i, "\\x2d", 4) == 0) {
			out->s[out->len++] = '-';
			i += 3;
			continue;
		}
		out->s[out->len++] = s[i];
	}
	return true;
}

void
container_of(const char *path, size_t len, struct container *out)
{
	struct scan sc = { .out = out };
	size_t at = 0;

	*out = (struct container){ .runtime = RT_NOT_FOUND };
	while (at < len) {
		const char *slash;
		size_t n;

		if (path[at] == '/') {
			at++;
			continue;
		}
		slash = memchr(path + at, '/', len - at);
		n = slash ? (size_t)(slash - path) - at : len - at;
		if (!read_component(path + at, n, &sc.cur))
			sc.cur.len = 0;
		at += n;
		note_pod(&sc);
		if (!is_monitor(&sc.cur) &&
		    (engine_scope(&sc) || by_parent(&sc) || named(&sc) || unknown_engine(&sc)))
			out->dir_len = (uint32_t)at;
		note_ancestor(&sc);
		sc.prev = sc.cur;
		sc.index++;
	}
	if (out->runtime == RT_NOT_FOUND)
		out->claim = false;
}
