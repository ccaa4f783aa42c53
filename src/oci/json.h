/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_OCI_JSON_H
#define BPFD_OCI_JSON_H

#include <jansson.h>

#include "common/auto.h"
#include "oci/oci.h"

/* JSON of somebody else's, by jansson; its getters take NULL and what is of another type as nothing there. */

AUTO_DEFINE(json, json_t *, json_decref)

/* what: of which file the text in why is.  Duplicate keys and a NUL in a text are refused.  *out is
 * an object, the caller's.  -EINVAL, -ENOMEM. */
int	oci_json_load(const void *bytes, size_t len, const char *what, json_t **out, struct oci_why *why);

/* A text of at most room - 1 bytes, UTF-8 without controls; absent: "".  -EINVAL. */
int	oci_json_text(const json_t *object, const char *key, char *out, size_t room, struct oci_why *why);
#define OCI_JSON_TEXT(object, key, array, why) oci_json_text((object), (key), (array), sizeof(array), (why))

/* A descriptor: digest and size must be there.  -EINVAL. */
int	oci_json_desc(const json_t *object, const char *what, struct oci_desc *out, struct oci_why *why);

#endif
