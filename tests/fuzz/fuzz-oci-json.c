/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests, indexes, configurations, files of credentials and references of any bytes. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"
#include "oci/oci.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was taken is spelled in the one way that is taken again. */
static void
read_reference(const char *text)
{
	char again[IMAGE_REF_MAX], once_more[IMAGE_REF_MAX];
	struct oci_ref r, same;
	struct oci_why why;

	if (oci_ref_parse(text, &r, &why) || oci_ref_text(&r, again, sizeof(again)))
		return;
	assert(oci_ref_parse(again, &same, &why) == 0 && oci_ref_text(&same, once_more, sizeof(once_more)) == 0);
	assert(strcmp(again, once_more) == 0 && strcmp(r.endpoint, same.endpoint) == 0);
	assert(!strstr(r.name, "..") && r.name[0] != '/');
}

static void
read_manifest(const void *data, size_t size)
{
	static struct oci_manifest m;
	struct oci_desc d;
	struct oci_why why;

	if (oci_manifest_parse(data, size, &m, &why) == 0)
		assert(m.n_layers <= OCI_LAYERS_MAX && (m.kind == OCI_INDEX || oci_digest_ok(m.config.digest)));
	if (oci_index_pick(data, size, "amd64", &d, &why) == 0)
		assert(oci_digest_ok(d.digest));
}

static void
read_config(const void *data, size_t size)
{
	static struct image_facts f;
	struct oci_why why;

	memset(&f, 0, sizeof(f));
	f.magic = IMAGE_FACTS_MAGIC;
	if (oci_config_parse(data, size, &f, &why) == 0)
		assert(f.n_programs > 0 && image_facts_check(&f) == 0);
}

static void
read_credentials(const void *data, size_t size)
{
	static struct oci_auth a;
	struct oci_ref r;
	struct oci_why why;

	assert(oci_ref_parse("q.io/n/r", &r, &why) == 0);
	if (oci_auth_find(data, size, &r, &a, &why) == 0)
		assert(a.username[0] || a.identity_token[0]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(mem) char *text = malloc(size + 1);

	assert(text);
	memcpy(text, data, size);
	text[size] = '\0';
	read_reference(text);
	read_manifest(data, size);
	read_config(data, size);
	read_credentials(data, size);
	return 0;
}
