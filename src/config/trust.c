/* SPDX-License-Identifier: Apache-2.0 */
/* trust.d/NAME.toml: who may sign the images of some places; and the files of keys that it names. */
#include "config/trust.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"
#include "common/closest.h"
#include "config/trust_reader.h"
#include "ipc/bundle.h"
#include "ipc/chan.h"
#include "rules/rule.h"

/* ---- files that are named ---- */

struct item { struct trust_reader *r; const char *key; };

static int
read_file_item(void *arg, const struct toml_value *v)
{
	const struct item *it = arg;

	trust_file(it->r, it->key, v);
	return 0;
}

static void
read_files(struct trust_reader *r, const char *key, const struct toml_value *v)
{
	toml_items(v->node, read_file_item, &(struct item){ r, key });
}

/* ---- places ---- */

static const char *
place_fault(const char *text, size_t len)
{
	size_t host = strcspn(text, "/");

	if (!len || len >= sizeof(((struct trust_place *)0)->prefix) || !ipc_str_ok(text, len + 1))
		return "a place is 1 to 255 bytes of plain text";
	if (strstr(text, "://"))
		return "a place has no \"https://\" before it";
	if (strpbrk(text, "*@ "))
		return "a place is HOST[:PORT][/NAME...], which means all below it; \"*\" alone: every image";
	if (strchr(text + host, ':'))
		return "a place is all tags of an image: leave the tag out";
	if (!memchr(text, '.', host) && !memchr(text, ':', host) && strncmp(text, "localhost", host) != 0)
		return "a place begins with the registry's host: docker.io/library/...";
	return NULL;
}

/* Names end at tags and slashes: "ghcr.io/acme/", "ghcr.io/acme/" and a star are "ghcr.io/acme". */
static size_t
place_len(const struct toml_value *v)
{
	size_t len = v->len;

	if (len > 2 && memcmp(v->text + len - 2, "/*", 2) == 0)
		len -= 2;
	while (len > 1 && v->text[len - 1] == '/')
		len--;
	return len;
}

static int
read_place(void *arg, const struct toml_value *v)
{
	struct trust_reader *r = arg;
	struct image_trust *t = r->t;
	struct trust_place p = { .policy = r->policy };
	char text[sizeof(p.prefix)] = "";
	const char *fault;

	if (v->kind != TOML_STRING || v->len >= sizeof(text) || memchr(v->text, '\0', v->len)) {
		mistake(&r->mistakes, v->at, "images is an array of strings of at most 255 bytes");
		return 0;
	}
	memcpy(text, v->text, place_len(v));
	fault = strcmp(text, "*") == 0 ? NULL : place_fault(text, strlen(text));
	if (fault) {
		mistake(&r->mistakes, v->at, "%s", fault);
		return 0;
	}
	strcpy(p.prefix, strcmp(text, "*") == 0 ? "" : text);
	for (uint32_t i = 0; i < t->n_places; i++)
		if (trust_same_place(t->places[i].prefix, p.prefix))
			mistake(&r->mistakes, v->at, "this place is named already, in %s.toml",
				t->places[i].policy == r->policy ? "this" : t->policies[t->places[i].policy].name);
	if (t->n_places == TRUST_PLACES_MAX)
		mistake(&r->mistakes, v->at, "more than %d places in all files", TRUST_PLACES_MAX);
	else
		t->places[t->n_places++] = p;
	return 0;
}

static void
read_places(struct trust_reader *r, const char *key, const struct toml_value *v)
{
	toml_items(v->node, read_place, r);
}

/* ---- identities ---- */

struct identity_reader { struct trust_reader *r; struct trust_identity id; };

static int
read_identity_key(void *arg, const char *key, struct toml_place at, const struct toml_value *v)
{
	static const char *const names[] = { "subject", "subject_pattern", "issuer", "issuer_pattern" };
	struct identity_reader *ir = arg;
	struct closest near;
	size_t k = 0;
	char *to;

	closest_init(&near, key);
	while (k < ARRAY_SIZE(names) && strcmp(names[k], key) != 0)
		closest_offer(&near, names[k++]);
	if (k == ARRAY_SIZE(names)) {
		mistake(&ir->r->mistakes, at, "an identity has no key \"%.60s\"%s", key, CLOSEST_TEXT(&near));
		return 0;
	}
	to = k < 2 ? ir->id.subject : ir->id.issuer;
	if (v->kind != TOML_STRING || !v->len || v->len >= (k < 2 ? sizeof(ir->id.subject) : sizeof(ir->id.issuer)) ||
	    !ipc_str_ok(v->text, v->len + 1))
		mistake(&ir->r->mistakes, v->at, "%s is plain text of 1 to %d bytes", key, k < 2 ? 511 : 255);
	else if (*to)
		mistake(&ir->r->mistakes, v->at, "%s or %s, not both", names[k & ~1UL], names[k | 1]);
	else {
		memcpy(to, v->text, v->len + 1);
		ir->id.flags |= k == 1 ? TRUST_SUBJECT_PATTERN : k == 3 ? TRUST_ISSUER_PATTERN : 0;
	}
	return 0;
}

static int
read_identity(void *arg, const struct toml_value *v)
{
	struct trust_reader *r = arg;
	struct identity_reader ir = { r, { .policy = r->policy } };
	unsigned int before = r->mistakes.n;

	if (v->kind != TOML_TABLE) {
		mistake(&r->mistakes, v->at, "identities are tables: [[identities]]");
		return 0;
	}
	toml_each(NULL, v->node, read_identity_key, &ir);
	if (r->mistakes.n != before)
		return 0;
	if (!ir.id.subject[0] || !ir.id.issuer[0])
		mistake(&r->mistakes, v->at, "an identity has a subject and an issuer: without the issuer anybody could "
			"call himself so");
	else if (r->t->n_identities == TRUST_IDENTITIES_MAX)
		mistake(&r->mistakes, v->at, "more than %d identities in all files", TRUST_IDENTITIES_MAX);
	else
		r->t->identities[r->t->n_identities++] = ir.id;
	return 0;
}

static void
read_identities(struct trust_reader *r, const char *key, const struct toml_value *v)
{
	if (v->kind != TOML_ARRAY)
		mistake(&r->mistakes, v->at, "identities are tables: [[identities]]");
	else
		toml_items(v->node, read_identity, r);
}

/* ---- a policy ---- */

static void
read_need(struct trust_reader *r, const char *key, const struct toml_value *v)
{
	static const char *const words[N_TRUST_NEEDS] = { [TRUST_ALLOW] = "allow", [TRUST_REQUIRE] = "require" };

	for (uint32_t i = 0; i < N_TRUST_NEEDS; i++)
		if (strcmp(words[i], v->text) == 0) {
			r->t->policies[r->policy].need = i;
			return;
		}
	mistake(&r->mistakes, v->at, "signatures is \"require\" or \"allow\"");
}

static const struct trust_key_word {
	const char *name;
	enum toml_kind kind;		/* TOML_OTHER: the key looks itself */
	void (*read)(struct trust_reader *r, const char *key, const struct toml_value *v);
} words[] = {
	{ "images", TOML_ARRAY, read_places },
	{ "signatures", TOML_STRING, read_need },
	{ "keys", TOML_ARRAY, read_files },
	{ "identities", TOML_OTHER, read_identities },
	{ "fulcio", TOML_ARRAY, read_files },
	{ "rekor", TOML_ARRAY, read_files },
	{ "ctlog", TOML_ARRAY, read_files },
	{ "trusted_root", TOML_STRING, trust_file },
};

static int
read_word(void *arg, const char *key, struct toml_place at, const struct toml_value *v)
{
	struct trust_reader *r = arg;
	struct closest near;

	closest_init(&near, key);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		closest_offer(&near, words[i].name);
		if (strcmp(words[i].name, key) != 0)
			continue;
		if (words[i].kind != TOML_OTHER && v->kind != words[i].kind)
			mistake(&r->mistakes, v->at, "%s is %s, not %s", key, toml_kind_name(words[i].kind), toml_kind_name(v->kind));
		else
			words[i].read(r, key, v);
		return 0;
	}
	mistake(&r->mistakes, at, "a policy has no key \"%.60s\"%s", key, CLOSEST_TEXT(&near));
	return 0;
}

/* Of the policy that is read, the last one. */
static bool
has_anchor(const struct trust_reader *r, enum trust_use use)
{
	for (uint32_t i = 0; i < r->t->n_anchors; i++)
		if (r->t->anchors[i].policy == r->policy && r->t->anchors[i].use == use)
			return true;
	return false;
}

static void
check_whole(struct trust_reader *r)
{
	const struct toml_place nowhere = { 0, 0 };
	const struct image_trust *t = r->t;
	bool place = t->n_places && t->places[t->n_places - 1].policy == r->policy;
	bool key = t->n_keys && t->keys[t->n_keys - 1].policy == r->policy;
	bool identity = t->n_identities && t->identities[t->n_identities - 1].policy == r->policy;

	if (!place)
		mistake(&r->mistakes, nowhere, "images says for which it is: images = [\"ghcr.io/acme\"]");
	if (t->policies[r->policy].need == TRUST_REQUIRE && !key && !identity)
		mistake(&r->mistakes, nowhere, "nobody is named who may sign, so no image could be taken: keys or identities");
	if (identity && (!has_anchor(r, TRUST_FULCIO) || !has_anchor(r, TRUST_REKOR)))
		mistake(&r->mistakes, nowhere, "identities need fulcio, which makes their certificates, and rekor, which logs "
			"their signatures: both, or trusted_root");
}

static void
read_doc(struct trust_reader *r, const struct bundle_file *f)
{
	struct toml_doc *doc = mistakes_toml(&r->mistakes, f->text, f->text_len);
	char stem[NAME_MAX + 1];

	if (!doc)
		return;
	rule_stem(f->path, stem, sizeof(stem));
	if (strlen(stem) >= sizeof(r->t->policies[0].name) || !ipc_str_ok(stem, strlen(stem) + 1))
		mistake(&r->mistakes, (struct toml_place){ 0, 0 }, "the name of the file is plain text of at most %zu bytes",
			sizeof(r->t->policies[0].name) - 1);
	else
		strcpy(r->t->policies[r->policy].name, stem);
	r->t->policies[r->policy].need = TRUST_REQUIRE;
	toml_each(doc, NULL, read_word, r);
	if (!r->mistakes.n)
		check_whole(r);
	toml_free(doc);
}

static bool
nameable(const char *path)
{
	return strlen(path) < sizeof(((struct image_trust *)0)->broken) && ipc_str_ok(path, strlen(path) + 1);
}

static int
take(void *arg, const struct bundle_file *f)
{
	struct trust_reader *r = arg;
	struct image_trust *t = r->t;
	const char *end = strrchr(f->path, '.');

	if (f->kind != BUNDLE_TRUST || !end || strcmp(end, ".toml") != 0)
		return 0;
	r->mistakes.file = f->path;
	r->mistakes.n = 0;
	if (f->refused)
		mistake(&r->mistakes, (struct toml_place){ 0, 0 }, "%.*s", (int)f->text_len, f->text);
	else if (t->n_policies == TRUST_POLICIES_MAX)
		mistake(&r->mistakes, (struct toml_place){ 0, 0 }, "more than %d policies", TRUST_POLICIES_MAX);
	else {
		r->policy = t->n_policies++;
		read_doc(r, f);
	}
	if (r->mistakes.n && !t->broken[0])
		snprintf(t->broken, sizeof(t->broken), "%s", nameable(f->path) ? f->path : "a file of trust.d");
	return 0;
}

int
trust_read_bundle(const void *bytes, size_t len, FILE *errors, struct image_trust *out)
{
	struct trust_reader r = { .bundle = bytes, .bundle_len = len, .t = out, .mistakes.to = errors };

	trust_init(out);
	return bundle_each(bytes, len, take, &r);
}
