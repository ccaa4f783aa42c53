/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/json.h"

#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "ipc/chan.h"

int
oci_json_load(const void *bytes, size_t len, const char *what, json_t **out, struct oci_why *why)
{
	AUTO(json) json_t *root = NULL;
	json_error_t error;

	root = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &error);
	if (!root && json_error_code(&error) == json_error_out_of_memory)
		return oci_refuse(why, -ENOMEM, "%s: no memory for it", what);
	if (!root) {
		/* What follows is of the text itself, which may be somebody's credentials. */
		char *near = strstr(error.text, " near ");

		if (near)
			*near = '\0';
		return oci_refuse(why, -EINVAL, "%s is not JSON: line %d, column %d: %s", what, error.line, error.column,
			LOG_QUOTE(error.text));
	}
	if (!json_is_object(root))
		return oci_refuse(why, -EINVAL, "%s is JSON, but no object", what);
	*out = TAKE_PTR(root);
	return 0;
}

int
oci_json_text(const json_t *object, const char *key, char *out, size_t room, struct oci_why *why)
{
	const json_t *v = json_object_get(object, key);
	const char *text = json_string_value(v);

	if (!v || json_is_null(v)) {
		out[0] = '\0';
		return 0;
	}
	if (!text)
		return oci_refuse(why, -EINVAL, "\"%s\" is no text", key);
	if (strlen(text) >= room || !ipc_str_ok(text, strlen(text) + 1))
		return oci_refuse(why, -EINVAL, "\"%s\" is longer than %zu bytes, or has control characters", key,
			room - 1);
	memcpy(out, text, strlen(text) + 1);
	return 0;
}

int
oci_json_desc(const json_t *object, const char *what, struct oci_desc *out, struct oci_why *why)
{
	const json_t *size = json_object_get(object, "size");
	struct oci_desc d = { 0 };

	if (!json_is_object(object))
		return oci_refuse(why, -EINVAL, "%s has no descriptor", what);
	if (OCI_JSON_TEXT(object, "mediaType", d.media, why) || OCI_JSON_TEXT(object, "digest", d.digest, why))
		return -EINVAL;
	if (!oci_digest_ok(d.digest))
		return oci_refuse(why, -EINVAL, "%s: %s is no digest of sha256, the only one that is taken", what,
			LOG_QUOTE(d.digest));
	if (!json_is_integer(size) || json_integer_value(size) < 0)
		return oci_refuse(why, -EINVAL, "%s has no size", what);
	d.size = (uint64_t)json_integer_value(size);
	*out = d;
	return 0;
}
