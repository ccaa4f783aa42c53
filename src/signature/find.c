/* SPDX-License-Identifier: Apache-2.0 */
/* What lies beside an image and may be a signature of it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "signature/parts.h"

#define PREDICATE	"dev.sigstore.bundle.predicateType"
#define SIGNED		"https://sigstore.dev/cosign/sign/v1"

void
signature_tag(const char *digest, char out[SIGNATURE_TAG_MAX])
{
	const char *hex = strchr(digest, ':');

	snprintf(out, SIGNATURE_TAG_MAX, "sha256-%.64s.sig", hex ? hex + 1 : digest);
}

/* The index may be wrong about the type (cosign 2.5 says "empty"): only what surely is another is left out. */
static bool
may_be_one(const json_t *d)
{
	static const char *const types[] = { "", "application/vnd.oci.empty.v1+json",
		"application/vnd.dev.cosign.artifact.sig.v1+json", "application/vnd.oci.image.config.v1+json" };
	const char *type = json_string_value(json_object_get(d, "artifactType"));
	const char *predicate = json_string_value(json_object_get(json_object_get(d, "annotations"), PREDICATE));

	if (predicate && strcmp(predicate, SIGNED) != 0)
		return false;
	if (type && strncmp(type, "application/vnd.dev.sigstore.bundle", 35) == 0)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (strcmp(type ? type : "", types[i]) == 0)
			return true;
	return false;
}

int
signature_referrers(const void *index, size_t len, struct oci_desc *out, size_t *n, struct oci_why *why)
{
	AUTO(json) json_t *doc = sig_json(index, len);
	const json_t *all = json_object_get(doc, "manifests");
	const size_t room = *n;
	struct oci_why ignored;

	if (!json_is_array(all)) {
		snprintf(why->text, sizeof(why->text), "the list of what refers to the image cannot be understood");
		return -EINVAL;
	}
	*n = 0;
	for (size_t i = 0; i < json_array_size(all) && *n < room; i++) {
		const json_t *d = json_array_get(all, i);

		if (may_be_one(d) && oci_json_desc(d, "the list of what refers to the image", &out[*n], &ignored) == 0)
			(*n)++;
	}
	return 0;
}
