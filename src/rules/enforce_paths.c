/* SPDX-License-Identifier: Apache-2.0 */
/* The paths and names of a table: bits for those that differ, and hashes to find them by. */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "bpf/siphash.h"
#include "common/auto.h"
#include "rules/enforce_parts.h"

#define COMPONENT_MAX	255
#define KEYS		64	/* that are tried */

/* What a path may be for the kernel's to be equal to it. */
static const char *
wrong_path(const char *path, size_t len)
{
	unsigned int n = 0;

	if (!len || path[0] != '/')
		return "it does not begin with a slash";
	if (len >= EV_PATH_MAX)
		return "it is too long";
	for (size_t at = 0, end; at < len && len > 1; at = end) {
		const char *slash = memchr(path + at + 1, '/', len - at - 1);
		size_t part;

		end = slash ? (size_t)(slash - path) : len;
		part = end - at - 1;
		if (!part || (part == 1 && path[at + 1] == '.') ||
		    (part == 2 && path[at + 1] == '.' && path[at + 2] == '.'))
			return "the kernel's paths have no empty part, no \".\" and no \"..\"";
		if (part > COMPONENT_MAX)
			return "a part of it is too long";
		if (++n > ENF_PATH_DEPTH)
			return "it has more than 16 parts";
	}
	return NULL;
}

int
enforce_path(struct enforce_paths *p, const struct rule_value *v, enum enforce_path_kind kind,
	char *why, size_t room)
{
	const char *wrong = NULL;
	size_t len = v->len;

	if (kind == PATH_BELOW && len > 1 && v->data[len - 1] == '/')
		len--;			/* "/etc/" begins all that is below /etc */
	else if (kind == PATH_BELOW && len != 1)
		wrong = "a prefix must end with a slash, as pathprefix means it";
	if (kind == PATH_PREFIX)
		while (len > 1 && v->data[len - 1] == '/')
			len--;
	if (kind == PATH_NAME && (!len || len > COMPONENT_MAX || memchr(v->data, '/', len)))
		wrong = "it is no name of a file";
	if (!wrong && kind != PATH_NAME)
		wrong = wrong_path(v->data, len);
	if (wrong) {
		snprintf(why, room, "\"%.80s\" cannot be compared in the kernel: %s", v->data, wrong);
		return -EINVAL;
	}
	for (uint32_t i = 0; i < p->n; i++)
		if (p->v[i].kind == kind && strlen(p->v[i].text) == len && memcmp(p->v[i].text, v->data, len) == 0)
			return (int)i;
	if (p->n == ENF_PATHS)
		return -ENOSPC;
	if (!p->v)
		p->v = calloc(ENF_PATHS, sizeof(*p->v));
	if (!p->v)
		return -ENOMEM;
	memcpy(p->v[p->n].text, v->data, len);
	p->v[p->n].text[len] = '\0';
	p->v[p->n].kind = kind;
	return (int)p->n++;
}

static uint64_t
hash_component(const __u64 key[2], const char *p, size_t len)
{
	struct sip s;

	sip_begin(&s, key);
	for (size_t at = 0; at < len; at += 8) {
		uint64_t word = 0;

		memcpy(&word, p + at, len - at < 8 ? len - at : 8);
		sip_word(&s, le64toh(word));
	}
	sip_word(&s, len);
	return sip_end(&s);
}

static uint64_t
hash_path(const __u64 key[2], const char *path)
{
	uint64_t h = SIP_ROOT;

	while (path[0] && path[1]) {
		size_t len = strcspn(path + 1, "/");

		h = sip_join(key, h, hash_component(key, path + 1, len));
		path += 1 + len;
	}
	return h;
}

static struct enf_path *
slot_of(struct enf_table *t, uint64_t hash)
{
	for (uint32_t i = 0; i < ENF_PATH_PROBES; i++) {
		struct enf_path *slot = &t->paths[(hash + i) % ENF_PATH_SLOTS];

		if (slot->hash == hash || !slot->hash) {
			slot->hash = hash;
			return slot;
		}
	}
	return NULL;
}

static int
fill(const struct enforce_paths *p, struct enf_table *t)
{
	memset(t->paths, 0, sizeof(t->paths));
	for (uint32_t i = 0; i < p->n; i++) {
		const char *text = p->v[i].text;
		bool name = p->v[i].kind == PATH_NAME;
		struct enf_path *slot = slot_of(t, name ? hash_component(t->key, text, strlen(text)) :
			hash_path(t->key, text));

		if (!slot)
			return -ENOSPC;
		*(p->v[i].kind == PATH_EXACT ? &slot->exact : p->v[i].kind == PATH_BELOW ? &slot->below :
			name ? &slot->name : &slot->prefix) |= 1ULL << i;
	}
	return 0;
}

/* 16 bytes of the kernel's for this process alone; not as they are, because libc guards itself with them. */
static void
random_key(__u64 key[2])
{
	const void *random = (const void *)getauxval(AT_RANDOM);
	__u64 from[2] = { 0, 0 };

	if (random)
		memcpy(from, random, sizeof(from));
	key[0] = sip_join(from, 0, 1);
	key[1] = sip_join(from, 0, 2);
}

int
enforce_paths_fill(const struct enforce_paths *p, struct enf_table *t)
{
	int err = -ENOSPC;

	random_key(t->key);
	for (unsigned int i = 0; i < KEYS && err; i++) {
		t->key[0] += i;
		err = fill(p, t);
	}
	return err;
}

void
enforce_paths_clear(struct enforce_paths *p)
{
	free(p->v);
	memset(p, 0, sizeof(*p));
}
