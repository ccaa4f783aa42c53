/* SPDX-License-Identifier: Apache-2.0 */
/* sigstore's bundle: https://github.com/sigstore/protobuf-specs, sigstore_bundle.proto, as JSON. */
#include <stdio.h>
#include <string.h>

#include "signature/parts.h"

static int
add_certificate(struct sig *s, const json_t *v)
{
	struct buffer der = { 0 };
	X509 *cert = sig_base64(json_object_get(v, "rawBytes"), &der) ? NULL : sig_certificate(der.at, der.len);

	free(der.at);
	if (!cert)
		return -EKEYREJECTED;
	if (!s->cert) {
		s->cert = cert;
		return 0;
	}
	if (!s->chain)
		s->chain = sk_X509_new_null();
	if (s->chain && sk_X509_push(s->chain, cert))
		return 0;
	X509_free(cert);
	return -ENOMEM;
}

static int
read_certificates(const json_t *material, struct sig *s, struct oci_why *why)
{
	const json_t *one = json_object_get(material, "certificate");
	const json_t *all = json_object_get(json_object_get(material, "x509CertificateChain"), "certificates");
	size_t n = json_array_size(all);

	if (n > SIG_CHAIN_MAX)
		return sig_refuse(why, "it brings more than %d certificates", SIG_CHAIN_MAX);
	if (one && add_certificate(s, one))
		return sig_refuse(why, "its certificate cannot be read");
	for (size_t i = 0; i < n; i++)
		if (add_certificate(s, json_array_get(all, i)))
			return sig_refuse(why, "its certificates cannot be read");
	if (!s->cert && !json_object_get(material, "publicKey"))
		return sig_refuse(why, "it says of neither a key nor a certificate that it is theirs");
	return 0;
}

static int
log_id(const json_t *v, uint8_t out[32])
{
	struct buffer id = { 0 };
	int err = sig_base64(v, &id);

	if (!err && id.len != 32)
		err = -EKEYREJECTED;
	if (!err)
		memcpy(out, id.at, 32);
	free(id.at);
	return err;
}

static int
read_entry(const json_t *entries, struct sig_entry *e, struct oci_why *why)
{
	const json_t *v = json_array_get(entries, 0);
	const json_t *set = json_object_get(json_object_get(v, "inclusionPromise"), "signedEntryTimestamp");
	const char *body = json_string_value(json_object_get(v, "canonicalizedBody"));

	if (!v)
		return 0;
	if (json_array_size(entries) != 1)
		return sig_refuse(why, "it has %zu log entries, not one", json_array_size(entries));
	if (!body || sig_number(json_object_get(v, "logIndex"), &e->index) ||
	    (set && sig_base64(set, &e->set)) ||
	    log_id(json_object_get(json_object_get(v, "logId"), "keyId"), e->log))
		return sig_refuse(why, "its log entry cannot be understood");
	/* Logs that give no time of their own leave it out; there is no timestamp then either. */
	if (sig_number(json_object_get(v, "integratedTime"), &e->integrated_s))
		e->integrated_s = 0;
	e->body = strdup(body);
	return e->body ? 0 : -ENOMEM;
}

static int
read_message(const json_t *m, struct sig *s, struct oci_why *why)
{
	const json_t *digest = json_object_get(m, "messageDigest");
	const char *algorithm = json_string_value(json_object_get(digest, "algorithm"));
	struct buffer raw = { 0 };

	s->form = SIG_MESSAGE;
	if (sig_base64(json_object_get(m, "signature"), &s->signature) || !algorithm ||
	    strcmp(algorithm, "SHA2_256") != 0 || sig_base64(json_object_get(digest, "digest"), &raw) || raw.len != 32) {
		free(raw.at);
		return sig_refuse(why, "its message signature cannot be understood");
	}
	snprintf(s->digest, sizeof(s->digest), "sha256:");
	for (size_t i = 0; i < 32; i++)
		snprintf(s->digest + 7 + 2 * i, 3, "%02x", raw.at[i]);
	free(raw.at);
	return 0;
}

int
bundle_read(const void *bytes, size_t len, struct sig *s, struct oci_why *why)
{
	AUTO(json) json_t *bundle = sig_json(bytes, len);
	const json_t *material = json_object_get(bundle, "verificationMaterial");
	const json_t *dsse = json_object_get(bundle, "dsseEnvelope"), *message = json_object_get(bundle, "messageSignature");
	const char *media = json_string_value(json_object_get(bundle, "mediaType"));
	int err;

	if (!media || strncmp(media, "application/vnd.dev.sigstore.bundle", 35) != 0 || !material)
		return sig_refuse(why, "its bundle cannot be understood");
	if (!dsse == !message)
		return sig_refuse(why, "its bundle does not hold one signature");
	err = read_certificates(material, s, why);
	if (!err)
		err = read_entry(json_object_get(material, "tlogEntries"), &s->entry, why);
	if (!err)
		err = dsse ? dsse_read(dsse, s, why) : read_message(message, s, why);
	return err;
}
