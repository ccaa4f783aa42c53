/* SPDX-License-Identifier: Apache-2.0 */
/* An in-toto statement in a DSSE envelope, as cosign 3 signs images. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "signature/parts.h"

#define STATEMENT	"application/vnd.in-toto+json"
#define STATEMENT_TYPE	"https://in-toto.io/Statement/"
#define SIGNED		"https://sigstore.dev/cosign/sign/v1"

/* "DSSEv1 LEN TYPE LEN PAYLOAD": https://github.com/secure-systems-lab/dsse, protocol.md */
static int
preauth(struct sig *s)
{
	char head[128];
	int n = snprintf(head, sizeof(head), "DSSEv1 %zu %s %zu ", strlen(STATEMENT), STATEMENT, s->payload.len);

	s->message.at = malloc((size_t)n + s->payload.len + 1);
	if (!s->message.at)
		return -ENOMEM;
	memcpy(s->message.at, head, (size_t)n);
	memcpy(s->message.at + n, s->payload.at, s->payload.len);
	s->message.len = (size_t)n + s->payload.len;
	return 0;
}

int
dsse_read(const json_t *envelope, struct sig *s, struct oci_why *why)
{
	const char *type = json_string_value(json_object_get(envelope, "payloadType"));
	const json_t *signatures = json_object_get(envelope, "signatures");

	s->form = SIG_DSSE;
	if (!type || strcmp(type, STATEMENT) != 0)
		return sig_refuse(why, "its envelope does not hold an in-toto statement");
	if (json_array_size(signatures) != 1)
		return sig_refuse(why, "its envelope has %zu signatures, not one", json_array_size(signatures));
	if (sig_base64(json_object_get(json_array_get(signatures, 0), "sig"), &s->signature) ||
	    sig_base64(json_object_get(envelope, "payload"), &s->payload))
		return sig_refuse(why, "its envelope cannot be understood");
	return preauth(s);
}

static bool
has_subject(const struct sig_case *c, const json_t *statement, const char **other)
{
	const json_t *all = json_object_get(statement, "subject");

	for (size_t i = 0; i < json_array_size(all); i++) {
		const char *hex = json_string_value(json_object_get(json_object_get(json_array_get(all, i), "digest"),
			"sha256"));

		if (sig_names_image(c, hex))
			return true;
		if (hex)
			*other = hex;
	}
	return false;
}

int
dsse_of(const struct sig_case *c, const struct sig *s, struct oci_why *why)
{
	AUTO(json) json_t *statement = sig_json(s->payload.at, s->payload.len);
	const char *type = json_string_value(json_object_get(statement, "_type"));
	const char *predicate = json_string_value(json_object_get(statement, "predicateType"));
	const char *other = "nothing";

	if (!type || strncmp(type, STATEMENT_TYPE, strlen(STATEMENT_TYPE)) != 0 || !predicate)
		return sig_refuse(why, "its in-toto statement cannot be understood");
	/* Another statement about an image, a list of what is in it, or of its faults, is no signature of it. */
	if (strcmp(predicate, SIGNED) != 0)
		return sig_refuse(why, "it is an attestation of another kind, not a signature");
	if (!has_subject(c, statement, &other))
		return sig_refuse(why, "it is of another image, %.16s...", other);
	return 0;
}
