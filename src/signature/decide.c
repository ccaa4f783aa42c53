/* SPDX-License-Identifier: Apache-2.0 */
/* All signatures of an image against the policy for its place. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/glob.h"
#include "common/log.h"
#include "signature/parts.h"

#define SIMPLE	"application/vnd.dev.cosign.simplesigning.v1+json"
#define BUNDLE	"application/vnd.dev.sigstore.bundle"	/* .v0.3+json, +json;version=0.2 */

struct deciding {
	struct sig_case c;
	const char *ref;
	struct sig_finding found;
	bool good;
	unsigned int n;				/* looked at */
	unsigned int untold;			/* for which there was no room in faults */
	char faults[sizeof(((struct oci_why *)0)->text) - 192];
};

static const char *
policy_name(const struct deciding *d)
{
	return d->c.trust->policies[d->c.policy].name;
}

static void
note_fault(struct deciding *d, const char *digest, const struct oci_why *why)
{
	size_t len = strlen(d->faults), room = sizeof(d->faults) - len;
	int n = snprintf(d->faults + len, room, "%s(%u) %s", len ? "; " : "", d->n, why->text);

	log_notice("signature.refused", "ref=%s digest=%.71s policy=%s why=%s", d->ref, digest, policy_name(d), why->text);
	if (n >= 0 && (size_t)n < room)
		return;
	d->faults[len] = '\0';
	d->untold++;
}

/* ---- one signature ---- */

static int
manifest_of(const struct sig_case *c, const char *digest, struct bytes *out, struct oci_why *why)
{
	if (!sig_names_image(c, digest + 7))
		return sig_refuse(why, "it is of another image, %.23s...", digest);
	for (size_t i = 0; i < c->n_blobs; i++) {
		const struct oci_blob *b = &c->blobs[i];

		if ((b->role == OCI_ROLE_TOP || b->role == OCI_ROLE_MANIFEST) && oci_digest_is(digest, b->bytes, b->len)) {
			*out = (struct bytes){ b->bytes, b->len };
			return 0;
		}
	}
	return sig_refuse(why, "what it is of, %.23s..., is not there", digest);
}

/* That it is about this image, and what is signed then. */
static int
of_image(const struct sig_case *c, const struct sig *s, struct bytes *message, struct oci_why *why)
{
	*message = (struct bytes){ s->message.at, s->message.len };
	switch (s->form) {
	case SIG_SIMPLE:
		return simple_of(c, s, why);
	case SIG_DSSE:
		return dsse_of(c, s, why);
	case SIG_MESSAGE:
		return manifest_of(c, s->digest, message, why);
	}
	return -EKEYREJECTED;
}

static int
by_key(const struct sig_case *c, const struct sig *s, const struct bytes *message, struct sig_finding *out,
	struct oci_why *why)
{
	unsigned int tried = 0;

	for (uint32_t i = 0; i < c->trust->n_keys; i++) {
		const struct trust_key *k = &c->trust->keys[i];
		AUTO(pkey) EVP_PKEY *key = k->policy == c->policy ? sig_key(c->trust->der + k->der.at, k->der.len) : NULL;

		if (!key)
			continue;
		tried++;
		if (!sig_verify(key, message->at, message->len, &s->signature))
			continue;
		out->kind = IMAGE_SIGNED_KEY;
		snprintf(out->signer, sizeof(out->signer), "%s", k->name);
		return 0;
	}
	if (!tried)
		return sig_refuse(why, "it is a key's, and no key is trusted");
	return sig_refuse(why, "it was made by none of the %u keys that are trusted, or what it signs was changed", tried);
}

static bool
fits(const char *want, bool pattern, const char *is)
{
	return pattern ? glob_match(want, strlen(want), is, strlen(is), true) : strcmp(want, is) == 0;
}

static int
trusted(const struct sig_case *c, const struct sig_finding *f, struct oci_why *why)
{
	for (uint32_t i = 0; i < c->trust->n_identities; i++) {
		const struct trust_identity *id = &c->trust->identities[i];

		if (id->policy == c->policy && fits(id->subject, id->flags & TRUST_SUBJECT_PATTERN, f->signer) &&
		    fits(id->issuer, id->flags & TRUST_ISSUER_PATTERN, f->issuer))
			return 0;
	}
	return sig_refuse(why, "it was made by %.120s (issuer %.80s), who is not trusted", f->signer, f->issuer);
}

static int
by_identity(const struct sig_case *c, const struct sig *s, const struct bytes *message, struct sig_finding *out,
	struct oci_why *why)
{
	EVP_PKEY *key = X509_get0_pubkey(s->cert);
	AUTO(x509) X509 *issuer = NULL;
	int err = rekor_check(c, s, message, why);

	if (!err)
		err = certificate_check(c, s, &issuer, why);
	if (!err)
		err = sct_check(c, s->cert, issuer, why);
	if (!err && (!key || !sig_key_kind_ok(key)))
		err = sig_refuse(why, "its certificate has a key of a kind that is not taken");
	if (!err && !sig_verify(key, message->at, message->len, &s->signature))
		err = sig_refuse(why, "it was not made by its certificate's key, or what it signs was changed");
	if (!err)
		err = certificate_identity(s->cert, out, why);
	if (!err)
		err = trusted(c, out, why);
	out->kind = IMAGE_SIGNED_IDENTITY;
	out->signed_s = (uint64_t)s->entry.integrated_s;
	return err;
}

static int
check(const struct sig_case *c, const struct sig *s, struct sig_finding *out, struct oci_why *why)
{
	struct bytes message;
	int err = of_image(c, s, &message, why);

	if (err)
		return err;
	return s->cert ? by_identity(c, s, &message, out, why) : by_key(c, s, &message, out, why);
}

/* ---- all of them ---- */

static const struct oci_blob *
find_blob(const struct sig_case *c, const char *digest)
{
	for (size_t i = 0; i < c->n_blobs; i++)
		if (c->blobs[i].role == OCI_ROLE_SIGNATURE_BLOB && strcmp(c->blobs[i].desc.digest, digest) == 0)
			return &c->blobs[i];
	return NULL;
}

static int
read_layer(const struct oci_blob *b, const char *media, const json_t *layer, struct sig *s, struct oci_why *why)
{
	if (strcmp(media, SIMPLE) == 0)
		return simple_read(json_object_get(layer, "annotations"), b->bytes, b->len, s, why);
	return bundle_read(b->bytes, b->len, s, why);
}

static void
look_at_layer(struct deciding *d, const json_t *layer)
{
	const char *media = json_string_value(json_object_get(layer, "mediaType"));
	const char *digest = json_string_value(json_object_get(layer, "digest"));
	struct sig_finding found = { 0 };
	const struct oci_blob *b;
	struct oci_why why = { 0 };
	struct sig s = { 0 };
	int err;

	if (!media || !digest || !oci_digest_ok(digest) ||
	    (strcmp(media, SIMPLE) != 0 && strncmp(media, BUNDLE, strlen(BUNDLE)) != 0))
		return;		/* what else lies beside an image is no signature */
	d->n++;
	b = find_blob(&d->c, digest);
	err = b ? read_layer(b, media, layer, &s, &why) : sig_refuse(&why, "its data is missing");
	if (!err)
		err = check(&d->c, &s, &found, &why);
	sig_clear(&s);
	if (err == -ENOMEM)
		sig_refuse(&why, "there was not enough memory to check it");
	if (err) {
		note_fault(d, digest, &why);
		return;
	}
	d->found = found;
	d->good = true;
}

static void
look_at_all(struct deciding *d)
{
	for (size_t i = 0; i < d->c.n_blobs && !d->good; i++) {
		AUTO(json) json_t *manifest = d->c.blobs[i].role == OCI_ROLE_SIGNATURE ?
			sig_json(d->c.blobs[i].bytes, d->c.blobs[i].len) : NULL;
		const json_t *layers = json_object_get(manifest, "layers");

		for (size_t l = 0; l < json_array_size(layers) && !d->good && d->n < SIGNATURE_TRIES_MAX; l++)
			look_at_layer(d, json_array_get(layers, l));
	}
}

static int
refuse(const struct deciding *d, struct oci_why *why)
{
	char more[64] = "";

	if (!d->n)
		return sig_refuse(why, "%.160s has no signature, and trust.d/%s.toml requires one: have it signed "
			"(cosign sign) and pull it again, or change the policy", d->ref, policy_name(d));
	if (d->untold)
		snprintf(more, sizeof(more), "; and %u more, see the log", d->untold);
	return sig_refuse(why, "trust.d/%s.toml requires a signature, and none of %u is good: %s%s", policy_name(d), d->n,
		d->faults, more);
}

static bool
names_anybody(const struct image_trust *t, uint32_t policy)
{
	for (uint32_t i = 0; i < t->n_keys; i++)
		if (t->keys[i].policy == policy)
			return true;
	for (uint32_t i = 0; i < t->n_identities; i++)
		if (t->identities[i].policy == policy)
			return true;
	return false;
}

bool
signature_wanted(const struct image_trust *t, const char *ref)
{
	int policy = trust_policy_of(t, ref);

	return policy >= 0 && (t->policies[policy].need == TRUST_REQUIRE || names_anybody(t, (uint32_t)policy));
}

static bool
has_any(const struct oci_blob *blobs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (blobs[i].role == OCI_ROLE_SIGNATURE)
			return true;
	return false;
}

int
signature_decide(const struct image_trust *t, const struct oci_blob *blobs, size_t n, struct image_facts *facts,
	struct oci_why *why)
{
	int policy = trust_policy_of(t, facts->ref);
	struct deciding d = { .c = { t, (uint32_t)policy, blobs, n, { facts->digest, facts->manifest } }, .ref = facts->ref };

	facts->signature = IMAGE_UNSIGNED;
	facts->signed_s = 0;
	facts->signer[0] = facts->issuer[0] = '\0';
	if (t->broken[0])
		return sig_refuse(why, "whom to trust is not known, so no image is taken: %s cannot be understood, see bpfd's "
			"log and start bpfd again when it is mended", t->broken);
	if (policy < 0) {
		facts->signature = has_any(blobs, n) ? IMAGE_SIGNED_UNKNOWN : IMAGE_UNSIGNED;
		return 0;
	}
	look_at_all(&d);
	if (!d.good && t->policies[policy].need != TRUST_ALLOW)
		return refuse(&d, why);
	facts->signature = d.good ? d.found.kind : d.n ? IMAGE_SIGNED_UNKNOWN : IMAGE_UNSIGNED;
	memcpy(facts->signer, d.found.signer, sizeof(facts->signer));
	memcpy(facts->issuer, d.found.issuer, sizeof(facts->issuer));
	facts->signed_s = d.found.signed_s;
	return 0;
}
