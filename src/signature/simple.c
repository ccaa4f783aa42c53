/* SPDX-License-Identifier: Apache-2.0 */
/* cosign's signatures under the tag sha256-HEX.sig: a layer is what is signed, its annotations the rest. */
#include <string.h>

#include "signature/parts.h"

#define SIGNATURE	"dev.cosignproject.cosign/signature"
#define CERTIFICATE	"dev.sigstore.cosign/certificate"
#define CHAIN		"dev.sigstore.cosign/chain"
#define BUNDLE		"dev.sigstore.cosign/bundle"

static int
log_id(const char *hex, uint8_t out[32])
{
	long len = 0;
	unsigned char *bytes = hex && strlen(hex) == 64 ? OPENSSL_hexstr2buf(hex, &len) : NULL;

	if (!bytes || len != 32) {
		OPENSSL_free(bytes);
		return -EKEYREJECTED;
	}
	memcpy(out, bytes, 32);
	OPENSSL_free(bytes);
	return 0;
}

static int
read_entry(const char *text, struct sig_entry *e, struct oci_why *why)
{
	AUTO(json) json_t *bundle = sig_json(text, strlen(text));
	json_t *payload = json_object_get(bundle, "Payload");
	const char *body = json_string_value(json_object_get(payload, "body"));

	if (!body || sig_base64(json_object_get(bundle, "SignedEntryTimestamp"), &e->set) ||
	    sig_number(json_object_get(payload, "integratedTime"), &e->integrated_s) ||
	    sig_number(json_object_get(payload, "logIndex"), &e->index) ||
	    log_id(json_string_value(json_object_get(payload, "logID")), e->log))
		return sig_refuse(why, "its log entry (annotation %s) cannot be understood", BUNDLE);
	e->body = strdup(body);
	return e->body ? 0 : -ENOMEM;
}

static int
read_certificate(const json_t *annotations, struct sig *s, struct oci_why *why)
{
	const char *leaf = json_string_value(json_object_get(annotations, CERTIFICATE));
	const char *chain = json_string_value(json_object_get(annotations, CHAIN));

	if (!leaf || !*leaf)
		return 0;
	if (sig_pem(leaf, strlen(leaf), &s->cert, &s->chain))
		return sig_refuse(why, "its certificate (annotation %s) cannot be read", CERTIFICATE);
	if (chain && *chain && sig_pem(chain, strlen(chain), NULL, &s->chain))
		return sig_refuse(why, "its chain (annotation %s) cannot be read", CHAIN);
	return 0;
}

static int
copy(struct buffer *to, const void *bytes, size_t len)
{
	to->at = malloc(len + 1);
	if (!to->at)
		return -ENOMEM;
	memcpy(to->at, bytes, len);
	to->len = len;
	return 0;
}

int
simple_read(const json_t *annotations, const void *payload, size_t len, struct sig *s, struct oci_why *why)
{
	const char *entry = json_string_value(json_object_get(annotations, BUNDLE));
	int err;

	s->form = SIG_SIMPLE;
	if (sig_base64(json_object_get(annotations, SIGNATURE), &s->signature))
		return sig_refuse(why, "it has no signature (annotation %s), or not in base64", SIGNATURE);
	err = copy(&s->payload, payload, len);
	if (!err)
		err = copy(&s->message, payload, len);
	if (!err)
		err = read_certificate(annotations, s, why);
	if (!err && entry && *entry)
		err = read_entry(entry, &s->entry, why);
	return err;
}

int
simple_of(const struct sig_case *c, const struct sig *s, struct oci_why *why)
{
	AUTO(json) json_t *payload = sig_json(s->payload.at, s->payload.len);
	json_t *critical = json_object_get(payload, "critical");
	const char *type = json_string_value(json_object_get(critical, "type"));
	const char *digest = json_string_value(json_object_get(json_object_get(critical, "image"),
		"docker-manifest-digest"));

	if (!type || !digest || !oci_digest_ok(digest))
		return sig_refuse(why, "what it signs cannot be understood");
	if (strcmp(type, "cosign container image signature") != 0)
		return sig_refuse(why, "it is of type \"%.60s\", not of a container image", type);
	if (!sig_names_image(c, strchr(digest, ':') + 1))
		return sig_refuse(why, "it is of another image, %.23s...", digest);
	return 0;
}
