/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and certificates that a policy of trust.d names: files beside it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"
#include "config/der.h"
#include "config/trust_reader.h"
#include "ipc/bundle.h"
#include "ipc/chan.h"

#define FILE_KEYS_MAX	16	/* in one PEM file */
#define DER_MAX		(16 << 10)	/* one key or certificate */

/* ---- what is kept ---- */

bool
trust_keep(struct trust_reader *r, struct toml_place at, const char *file, const uint8_t *der, size_t len,
	struct trust_der *out)
{
	struct image_trust *t = r->t;

	if (len > sizeof(t->der) - t->der_len) {
		mistake(&r->mistakes, at, "%s: the keys of all files are more than %zu bytes", file, sizeof(t->der));
		return false;
	}
	*out = (struct trust_der){ .at = t->der_len, .len = (uint32_t)len };
	memcpy(t->der + t->der_len, der, len);
	t->der_len += (uint32_t)len;
	return true;
}

void
trust_anchor(struct trust_reader *r, struct toml_place at, enum trust_use use, const struct trust_der *d)
{
	struct image_trust *t = r->t;

	if (t->n_anchors == TRUST_ANCHORS_MAX)
		mistake(&r->mistakes, at, "more than %d certificates and keys of logs in all files", TRUST_ANCHORS_MAX);
	else
		t->anchors[t->n_anchors++] = (struct trust_anchor){ *d, r->policy, use };
}

static void
keep_key(struct trust_reader *r, struct toml_place at, const char *name, const struct trust_der *d)
{
	struct image_trust *t = r->t;
	struct trust_key *k = &t->keys[t->n_keys];

	if (t->n_keys == TRUST_KEYS_MAX) {
		mistake(&r->mistakes, at, "more than %d keys in all files", TRUST_KEYS_MAX);
		return;
	}
	if (strlen(name) >= sizeof(k->name) || !ipc_str_ok(name, strlen(name) + 1)) {
		mistake(&r->mistakes, at, "the name of a key's file is plain text of at most %zu bytes", sizeof(k->name) - 1);
		return;
	}
	*k = (struct trust_key){ .der = *d, .policy = r->policy };
	strcpy(k->name, name);
	t->n_keys++;
}

/* ---- files that are named ---- */

struct wanted { struct trust_reader *r; const struct toml_value *v; const char *key; bool seen; };

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void
take_block(struct wanted *w, const struct bundle_file *f, const char *label, const uint8_t *der, size_t len)
{
	const bool certificate = strcmp(w->key, "fulcio") == 0;
	const char *fault = NULL;
	struct trust_der d;

	if (strstr(label, "PRIVATE KEY"))
		fault = "it holds a private key: only the public one belongs here (cosign public-key)";
	else if (strcmp(label, certificate ? "CERTIFICATE" : "PUBLIC KEY") != 0)
		fault = certificate ? "it holds something else than certificates" :
			"it holds something else than public keys (BEGIN PUBLIC KEY)";
	else
		fault = certificate ? der_certificate_fault(der, len) : der_key_fault(der, len);
	if (fault)
		mistake(&w->r->mistakes, w->v->at, "%s: %s", f->path, fault);
	else if (!trust_keep(w->r, w->v->at, f->path, der, len, &d))
		return;
	else if (strcmp(w->key, "keys") == 0)
		keep_key(w->r, w->v->at, base_name(f->path), &d);
	else
		trust_anchor(w->r, w->v->at, certificate ? TRUST_FULCIO : strcmp(w->key, "rekor") == 0 ? TRUST_REKOR :
			TRUST_CTLOG, &d);
}

static void
take_pem(struct wanted *w, const struct bundle_file *f)
{
	const char *p = f->text, *end = f->text + f->text_len;
	AUTO(mem) uint8_t *der = malloc(DER_MAX);
	char label[32];
	long len = der ? 0 : -ENOMEM;
	int n = 0;

	while (der && n < FILE_KEYS_MAX && (len = der_pem(&p, end, label, der, DER_MAX)) > 0) {
		take_block(w, f, label, der, (size_t)len);
		n++;
	}
	if (len < 0 || !n)
		mistake(&w->r->mistakes, w->v->at, "%s: it is no PEM file, or not a whole one", f->path);
	else if (n == FILE_KEYS_MAX && der_pem(&p, end, label, der, DER_MAX))
		mistake(&w->r->mistakes, w->v->at, "%s: more than %d in one file", f->path, FILE_KEYS_MAX);
}

static int
take_named(void *arg, const struct bundle_file *f)
{
	struct wanted *w = arg;

	if (f->kind != BUNDLE_TRUST || strcmp(base_name(f->path), w->v->text) != 0)
		return 0;
	w->seen = true;
	if (f->refused)
		mistake(&w->r->mistakes, w->v->at, "%s: %.*s", f->path, (int)f->text_len, f->text);
	else if (strcmp(w->key, "trusted_root") == 0)
		trusted_root_read(w->r, w->v->at, f);
	else
		take_pem(w, f);
	return 0;
}

void
trust_file(struct trust_reader *r, const char *key, const struct toml_value *v)
{
	struct wanted w = { r, v, key, false };

	if (v->kind != TOML_STRING || memchr(v->text, '\0', v->len) || strchr(v->text, '/')) {
		mistake(&r->mistakes, v->at, "%s: the name of a file beside this one", key);
		return;
	}
	bundle_each(r->bundle, r->bundle_len, take_named, &w);
	if (!w.seen)
		mistake(&r->mistakes, v->at, "%s: there is no file \"%.100s\" in this folder (NAME.pub, NAME.pem, NAME.crt, "
			"NAME.json)", key, v->text);
}
