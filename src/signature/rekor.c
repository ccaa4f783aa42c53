/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log of signatures: its promise that it has the entry (SET), which is where the time of a
 * signature comes from, and that the entry is about this very signature.
 */
#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "common/base64.h"
#include "signature/parts.h"

/* The key of the log that the entry names: a log is known by the hash of its key. */
static const struct trust_anchor *
find_log(const struct sig_case *c, const struct sig_entry *e)
{
	for (uint32_t i = 0; i < c->trust->n_anchors; i++) {
		const struct trust_anchor *a = &c->trust->anchors[i];
		uint8_t id[32];

		if (a->use != TRUST_REKOR || a->policy != c->policy)
			continue;
		oci_sha256(c->trust->der + a->der.at, a->der.len, id);
		if (memcmp(id, e->log, sizeof(id)) == 0)
			return a;
	}
	return NULL;
}

/* Canonical JSON (RFC 8785) of the four, as the log signed it; body is base64, so nothing in it is escaped. */
static int
promise(const struct sig_entry *e, char **out, size_t *len)
{
	char id[65];
	int n;

	for (size_t i = 0; i < sizeof(e->log); i++)
		snprintf(id + 2 * i, 3, "%02x", e->log[i]);
	n = asprintf(out, "{\"body\":\"%s\",\"integratedTime\":%" PRId64 ",\"logID\":\"%s\",\"logIndex\":%" PRId64 "}",
		e->body, e->integrated_s, id, e->index);
	*len = n < 0 ? 0 : (size_t)n;
	return n < 0 ? -ENOMEM : 0;
}

static int
check_promise(const struct sig_case *c, const struct sig_entry *e, struct oci_why *why)
{
	const struct trust_anchor *log = find_log(c, e);
	AUTO(pkey) EVP_PKEY *key = log ? sig_key(c->trust->der + log->der.at, log->der.len) : NULL;
	AUTO(mem) char *text = NULL;
	size_t len = 0;

	if (!e->set.len || e->integrated_s <= 0)
		return sig_refuse(why, "its log entry has no signed entry timestamp, so when it was made is not known");
	if (!log)
		return sig_refuse(why, "its log, %02x%02x%02x%02x..., is not one that is trusted", e->log[0], e->log[1],
			e->log[2], e->log[3]);
	if (!key)
		return sig_refuse(why, "the key of its log cannot be used");
	if (!sig_anchor_good(&log->der, e->integrated_s))
		return sig_refuse(why, "the key of its log was not in use at the time of its entry");
	if (promise(e, &text, &len))
		return -ENOMEM;
	if (!sig_verify(key, text, len, &e->set))
		return sig_refuse(why, "the timestamp of its log entry is not signed by the log");
	return 0;
}

/* ---- what the entry is about ---- */

static bool
is_hash(const json_t *v, const struct bytes *of)
{
	const char *algorithm = json_string_value(json_object_get(v, "algorithm"));
	const char *value = json_string_value(json_object_get(v, "value"));
	char digest[IMAGE_DIGEST_MAX];

	oci_digest(of->at, of->len, digest);
	return algorithm && value && strcmp(algorithm, "sha256") == 0 && strcmp(value, digest + 7) == 0;
}

static bool
is_signature(const json_t *v, const struct sig *s)
{
	struct buffer b = { 0 };
	bool same = sig_base64(v, &b) == 0 && b.len == s->signature.len && memcmp(b.at, s->signature.at, b.len) == 0;

	free(b.at);
	return same;
}

/* Base64 of the PEM of the certificate. */
static bool
is_certificate(const json_t *v, const struct sig *s)
{
	STACK_OF(X509) *rest = NULL;
	struct buffer pem = { 0 };
	X509 *cert = NULL;
	bool same = sig_base64(v, &pem) == 0 && sig_pem(pem.at, pem.len, &cert, &rest) == 0 && X509_cmp(cert, s->cert) == 0;

	X509_free(cert);
	sk_X509_pop_free(rest, X509_free);
	free(pem.at);
	return same;
}

/* hashedrekord 0.0.1 */
static bool
hashed_fits(const json_t *spec, const struct sig *s, const struct bytes *message)
{
	const json_t *signature = json_object_get(spec, "signature");

	return is_hash(json_object_get(json_object_get(spec, "data"), "hash"), message) &&
		is_signature(json_object_get(signature, "content"), s) &&
		is_certificate(json_object_get(json_object_get(signature, "publicKey"), "content"), s);
}

/* dsse 0.0.1 */
static bool
dsse_fits(const json_t *spec, const struct sig *s)
{
	const struct bytes payload = { s->payload.at, s->payload.len };
	const json_t *all = json_object_get(spec, "signatures"), *one = json_array_get(all, 0);

	return json_array_size(all) == 1 && is_hash(json_object_get(spec, "payloadHash"), &payload) &&
		is_signature(json_object_get(one, "signature"), s) && is_certificate(json_object_get(one, "verifier"), s);
}

static int
check_body(const struct sig *s, const struct bytes *message, struct oci_why *why)
{
	size_t len = strlen(s->entry.body);
	AUTO(mem) uint8_t *bytes = malloc(len / 4 * 3 + 3);
	long n = bytes ? base64_decode(bytes, s->entry.body, len) : -ENOMEM;
	AUTO(json) json_t *body = n > 0 ? sig_json(bytes, (size_t)n) : NULL;
	const char *kind = json_string_value(json_object_get(body, "kind"));
	const char *version = json_string_value(json_object_get(body, "apiVersion"));
	const json_t *spec = json_object_get(body, "spec");
	bool fits;

	if (!kind || !version || !spec)
		return sig_refuse(why, "its log entry cannot be understood");
	if (strcmp(version, "0.0.1") != 0 || (strcmp(kind, "hashedrekord") != 0 && strcmp(kind, "dsse") != 0))
		return sig_refuse(why, "its log entry is of a kind that is not taken, %.32s %.16s", kind, version);
	fits = strcmp(kind, "dsse") == 0 ? s->form == SIG_DSSE && dsse_fits(spec, s) : hashed_fits(spec, s, message);
	return fits ? 0 : sig_refuse(why, "its log entry is about another signature");
}

int
rekor_check(const struct sig_case *c, const struct sig *s, const struct bytes *message, struct oci_why *why)
{
	int err;

	if (!s->entry.body)
		return sig_refuse(why, "it has a certificate but no log entry, so when it was made is not known");
	err = check_promise(c, &s->entry, why);
	return err ? err : check_body(s, message, why);
}
