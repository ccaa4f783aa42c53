/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/auto.h"
#include "unit/oci_make.h"

#define REF "quay.io/bpf/pass:v1"
#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DESC(media, size) "{\"mediaType\":\"" media "\",\"digest\":\"" DIGEST "\",\"size\":" size "}"

AUTO_DEFINE(made, struct made *, made_free)

static struct oci_why why;
static struct image_facts facts;
static const struct oci_limits limits = { .object_bytes = 1 << 20, .layer_bytes = 4 << 20 };
static const char *const archs[] = { "amd64", "arm64", "s390x" };

static int
read_image(const char *ref, const char *arch, const struct oci_blob *blobs, size_t n)
{
	memset(&facts, 0, sizeof(facts));
	why.text[0] = '\0';
	return oci_image_read(ref, blobs, n, arch, &facts, &why);
}

static void
make(size_t n, enum make_compression c, struct made *out)
{
	const struct tiny_object o = tiny_object();

	if (tiny_image(&o, archs, n, c, out, &why))
		fail_msg("%s", why.text);
}

/* ---- what was made is read ---- */

static void
reads_its_own_images_in_every_compression(void **state)
{
	const struct tiny_object o = tiny_object();

	for (enum make_compression c = MAKE_GZIP; c < N_MAKE_COMPRESSIONS; c++) {
		struct made m = { 0 };
		AUTO(made) struct made *owner = &m;
		AUTO(mem) void *object = NULL;
		struct oci_blob blobs[4];
		size_t n, len;

		make(1, c, owner);
		n = tiny_blobs(&m, 0, blobs);
		assert_int_equal(read_image(REF, "", blobs, n), 0);
		assert_int_equal(oci_image_object(blobs, n, &limits, &facts, &object, &len, &why), 0);
		assert_int_equal(len, sizeof(o));
		assert_memory_equal(object, &o, len);
		assert_int_equal(facts.object_bytes, len);
		assert_string_equal(facts.ref, REF);
		assert_string_equal(facts.digest, facts.manifest);
		assert_int_equal(facts.n_programs, 1);
		assert_string_equal(facts.programs[0].name, "pass");
		assert_string_equal(facts.programs[0].kind, "xdp");
		assert_int_equal(facts.n_maps, 1);
		assert_string_equal(facts.maps[0].name, "hits");
		assert_string_equal(facts.created, "1970-01-01T00:00:00Z");
		assert_int_equal(image_facts_check(&facts), 0);
	}
}

static void
the_same_object_makes_the_same_image(void **state)
{
	struct made a = { 0 }, b = { 0 };
	AUTO(made) struct made *own_a = &a, *own_b = &b;

	make(3, MAKE_GZIP, own_a);
	make(3, MAKE_GZIP, own_b);
	assert_int_equal(a.n, 10);
	assert_string_equal(a.blobs[9].desc.digest, b.blobs[9].desc.digest);
}

static void
picks_the_architecture_of_an_index(void **state)
{
	struct made m = { 0 };
	AUTO(made) struct made *owner = &m;
	struct oci_blob blobs[4];
	size_t n;

	make(3, MAKE_GZIP, owner);
	n = tiny_blobs(&m, 1, blobs);
	assert_int_equal(read_image(REF, "arm64", blobs, n), 0);
	assert_string_equal(facts.arch, "arm64");
	assert_string_not_equal(facts.digest, facts.manifest);
	/* Another's manifest, though it is of the same image. */
	assert_int_equal(read_image(REF, "s390x", blobs, n), -EBADMSG);
	assert_int_equal(read_image(REF, "riscv64", blobs, n), -ENOENT);
	assert_non_null(strstr(why.text, "linux/amd64, linux/arm64, linux/s390x"));
}

/* ---- what is not what it says ---- */

static void
every_blob_must_have_its_digest_and_size(void **state)
{
	struct made m = { 0 };
	AUTO(made) struct made *owner = &m;
	struct oci_blob blobs[4];
	size_t n;

	make(2, MAKE_GZIP, owner);
	n = tiny_blobs(&m, 0, blobs);
	assert_int_equal(n, 4);
	for (size_t i = 0; i < n; i++) {
		uint8_t *bytes = (uint8_t *)(uintptr_t)blobs[i].bytes;
		struct oci_blob cut[4];

		bytes[blobs[i].len / 2] ^= 1;
		assert_int_equal(read_image(REF, "amd64", blobs, n), -EBADMSG);
		bytes[blobs[i].len / 2] ^= 1;
		memcpy(cut, blobs, sizeof(cut));
		cut[i].len--;
		assert_int_equal(read_image(REF, "amd64", cut, n), -EBADMSG);
		cut[i].len++;
		cut[i].role = OCI_ROLE_SIGNATURE;
		assert_int_equal(read_image(REF, "amd64", cut, n), -EBADMSG);
	}
	assert_int_equal(read_image(REF, "amd64", blobs, n), 0);
}

static void
a_reference_by_digest_is_of_that_image_alone(void **state)
{
	struct made m = { 0 }, other = { 0 };
	AUTO(made) struct made *own_m = &m, *own_other = &other;
	struct oci_blob blobs[4];
	char ref[IMAGE_REF_MAX];
	size_t n;

	make(1, MAKE_GZIP, own_m);
	make(1, MAKE_ZSTD, own_other);
	n = tiny_blobs(&m, 0, blobs);
	snprintf(ref, sizeof(ref), "quay.io/a@%s", m.blobs[m.n - 1].desc.digest);
	assert_int_equal(read_image(ref, "", blobs, n), 0);
	assert_string_equal(facts.ref, ref);
	snprintf(ref, sizeof(ref), "quay.io/a@%s", other.blobs[other.n - 1].desc.digest);
	assert_int_equal(read_image(ref, "", blobs, n), -EBADMSG);
}

static void
the_object_is_of_the_layer_that_was_read(void **state)
{
	struct made m = { 0 }, other = { 0 };
	AUTO(made) struct made *own_m = &m, *own_other = &other;
	AUTO(mem) void *object = NULL;
	struct oci_blob blobs[4], others[4];
	size_t n, len;

	make(1, MAKE_GZIP, own_m);
	make(1, MAKE_ZSTD, own_other);
	n = tiny_blobs(&m, 0, blobs);
	tiny_blobs(&other, 0, others);
	assert_int_equal(read_image(REF, "", blobs, n), 0);
	assert_int_equal(oci_image_object(others, n, &limits, &facts, &object, &len, &why), -EBADMSG);
	assert_null(object);
}

/* The image with a manifest of this text instead; only the digests are right. */
static int
read_with_manifest(const struct made *m, const char *text)
{
	struct oci_blob blobs[4];
	const size_t n = tiny_blobs(m, 0, blobs);

	blobs[0].bytes = text;
	blobs[0].len = strlen(text);
	oci_digest(text, strlen(text), blobs[0].desc.digest);
	return read_image(REF, "", blobs, n);
}

static void
a_manifest_may_not_say_another_size_or_have_two_layers(void **state)
{
	static const char form[] = "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%llu},"
		"\"layers\":[{\"mediaType\":\"" OCI_MEDIA_LAYER "+gzip\",\"digest\":\"%s\",\"size\":%llu}%s]}";
	struct made m = { 0 };
	AUTO(made) struct made *owner = &m;
	const struct oci_desc *layer, *config;
	char text[2048];

	make(1, MAKE_GZIP, owner);
	layer = &m.blobs[0].desc;
	config = &m.blobs[1].desc;
#define WITH(media, config_size, layer_size, more)                                                 \
	(snprintf(text, sizeof(text), form, (media), config->digest, (unsigned long long)(config_size), layer->digest, \
		(unsigned long long)(layer_size), (more)), read_with_manifest(&m, text))
	assert_int_equal(WITH(OCI_MEDIA_CONFIG, config->size, layer->size, ""), 0);
	assert_int_equal(WITH(OCI_MEDIA_DOCKER_CONFIG, config->size, layer->size, ""), 0);
	assert_int_equal(WITH(OCI_MEDIA_CONFIG, config->size + 1, layer->size, ""), -EBADMSG);
	assert_int_equal(WITH(OCI_MEDIA_CONFIG, config->size, layer->size - 1, ""), -EBADMSG);
	assert_int_equal(WITH("application/vnd.cncf.helm.config.v1+json", config->size, layer->size, ""), -EINVAL);
	assert_int_equal(WITH(OCI_MEDIA_CONFIG, config->size, layer->size, "," DESC("x", "1")), -EINVAL);
	assert_non_null(strstr(why.text, "2 layers"));
#undef WITH
}

/* ---- labels ---- */

static void
labels_may_not_name_what_the_object_lacks(void **state)
{
	const struct tiny_object o = tiny_object();

	memset(&facts, 0, sizeof(facts));
	facts.n_programs = facts.n_maps = 1;
	strcpy(facts.programs[0].name, "pass");
	strcpy(facts.maps[0].name, "hits");
	assert_int_equal(oci_object_check(&o, sizeof(o), &facts, &why), 0);
	strcpy(facts.programs[0].kind, "tc");
	assert_int_equal(oci_object_check(&o, sizeof(o), &facts, &why), -EINVAL);
	assert_non_null(strstr(why.text, "in the object it is xdp"));
	strcpy(facts.programs[0].kind, "xdp");
	strcpy(facts.programs[0].name, "helper");	/* a function of .text is no program */
	assert_int_equal(oci_object_check(&o, sizeof(o), &facts, &why), -EINVAL);
	strcpy(facts.programs[0].name, "pass");
	strcpy(facts.maps[0].name, "other");
	assert_int_equal(oci_object_check(&o, sizeof(o), &facts, &why), -EINVAL);
	assert_non_null(strstr(why.text, "\"other\""));
	strcpy(facts.maps[0].name, ".maps");	/* a section, as global data is */
	assert_int_equal(oci_object_check(&o, sizeof(o), &facts, &why), 0);
}

static int
read_config(const char *json)
{
	memset(&facts, 0, sizeof(facts));
	return oci_config_parse(json, strlen(json), &facts, &why);
}
#define LABELS(text) "{\"config\":{\"Labels\":{" text "}}}"

static void
reads_labels_of_both_forms(void **state)
{
	assert_int_equal(read_config(LABELS("\"io.ebpf.programs\":\"{\\\"a\\\":\\\"xdp\\\",\\\"b\\\":\\\"tc\\\"}\"")), 0);
	assert_int_equal(facts.n_programs, 2);
	assert_int_equal(read_config(LABELS("\"io.ebpf.program_type\":\"xdp\",\"io.ebpf.bpf_function_name\":\"f\"")), 0);
	assert_string_equal(facts.programs[0].name, "f");
}

static void
refuses_images_without_labels_or_with_odd_ones(void **state)
{
	static const char *const bad[] = { "{}", "{\"config\":null}", LABELS(""), LABELS("\"io.ebpf.programs\":\"{}\""),
		LABELS("\"io.ebpf.programs\":\"pass\""), LABELS("\"io.ebpf.programs\":{\"pass\":\"xdp\"}"),
		LABELS("\"io.ebpf.programs\":\"{\\\"pass\\\":1}\""), LABELS("\"io.ebpf.programs\":\"[\\\"pass\\\"]\""),
		LABELS("\"io.ebpf.programs\":\"{\\\"a\\\":\\\"xdp\\\",\\\"a\\\":\\\"tc\\\"}\""),
		LABELS("\"io.ebpf.programs\":\"{\\\"\\\":\\\"xdp\\\"}\""), LABELS("\"io.ebpf.programs\":\"{\\\"a\\\\n\\\":\\\"xdp\\\"}\""),
		LABELS("\"io.ebpf.programs\":\"{\\\"a\\\":\\\"xdp\\\"}\",\"io.ebpf.maps\":\"x\""),
		LABELS("\"io.ebpf.programs\":\"{\\\"a\\\":\\\"xdp123456789012345678901234567890\\\"}\"") };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (read_config(bad[i]) != -EINVAL)
			fail_msg("taken: %s", bad[i]);
}

/* ---- manifests ---- */

static int
read_manifest(const char *json)
{
	AUTO(mem) struct oci_manifest *m = calloc(1, sizeof(*m));

	return oci_manifest_parse(json, strlen(json), m, &why);
}

static void
takes_manifests_without_a_media_type(void **state)
{
	assert_int_equal(read_manifest("{\"schemaVersion\":2,\"config\":" DESC("x", "1") ",\"layers\":[" DESC("y", "2") "]}"), 0);
	assert_int_equal(read_manifest("{\"schemaVersion\":2,\"manifests\":[]}"), 0);
}

static void
refuses_manifests_that_two_readers_would_read_differently(void **state)
{
	static const char *const bad[] = {
		"{\"schemaVersion\":2,\"manifests\":[],\"config\":" DESC("x", "1") ",\"layers\":[]}",
		"{\"schemaVersion\":2,\"manifests\":[],\"layers\":[]}",
		"{\"schemaVersion\":2}", "{\"schemaVersion\":1,\"manifests\":[]}", "[]", "{", "{\"schemaVersion\":2,\"manifests\":[]} x",
		"{\"schemaVersion\":2,\"schemaVersion\":2,\"manifests\":[]}",
		"{\"schemaVersion\":2,\"mediaType\":\"" OCI_MEDIA_MANIFEST "\",\"manifests\":[]}",
		"{\"schemaVersion\":2,\"mediaType\":\"" OCI_MEDIA_INDEX "\",\"config\":" DESC("x", "1") ",\"layers\":[]}",
		"{\"schemaVersion\":2,\"mediaType\":\"text/plain\",\"manifests\":[]}",
		"{\"schemaVersion\":2,\"config\":" DESC("x", "-1") ",\"layers\":[]}",
		"{\"schemaVersion\":2,\"config\":" DESC("x", "1.5") ",\"layers\":[]}",
		"{\"schemaVersion\":2,\"config\":" DESC("x", "99999999999999999999") ",\"layers\":[]}",
		"{\"schemaVersion\":2,\"config\":" DESC("x", "1") ",\"layers\":[{}]}",
		"{\"schemaVersion\":2,\"config\":" DESC("x", "1") "}",
		"{\"schemaVersion\":2,\"config\":{\"digest\":\"sha512:00\",\"size\":1},\"layers\":[]}" };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (read_manifest(bad[i]) != -EINVAL)
			fail_msg("taken: %s", bad[i]);
}

static void
an_index_gives_the_plainest_variant_and_no_index(void **state)
{
	static const char variants[] = "{\"schemaVersion\":2,\"manifests\":["
		"{\"digest\":\"" DIGEST "\",\"size\":3,\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\",\"variant\":\"v3\"}},"
		"{\"digest\":\"" DIGEST "\",\"size\":1,\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}},"
		"{\"digest\":\"" DIGEST "\",\"size\":2,\"platform\":{\"os\":\"windows\",\"architecture\":\"arm64\"}},"
		"{\"digest\":\"" DIGEST "\",\"size\":2,\"mediaType\":\"" OCI_MEDIA_INDEX
		"\",\"platform\":{\"os\":\"linux\",\"architecture\":\"s390x\"}}]}";
	struct oci_desc d;

	assert_int_equal(oci_index_pick(variants, sizeof(variants) - 1, "amd64", &d, &why), 0);
	assert_int_equal(d.size, 1);
	assert_int_equal(oci_index_pick(variants, sizeof(variants) - 1, "arm64", &d, &why), -ENOENT);
	assert_int_equal(oci_index_pick(variants, sizeof(variants) - 1, "s390x", &d, &why), -EINVAL);
}

/* ---- bundles ---- */

static void
a_bundle_gives_back_what_was_put_in(void **state)
{
	struct made m = { 0 };
	AUTO(made) struct made *owner = &m;
	AUTO(mem) void *bundle = NULL;
	struct oci_blob blobs[4], back[OCI_BUNDLE_BLOBS_MAX];
	char ref[IMAGE_REF_MAX];
	size_t n, n_back, len;

	make(2, MAKE_GZIP, owner);
	n = tiny_blobs(&m, 1, blobs);
	assert_int_equal(oci_bundle_pack(REF, blobs, n, &bundle, &len), 0);
	assert_int_equal(oci_bundle_open(bundle, len, ref, back, &n_back, &why), 0);
	assert_string_equal(ref, REF);
	assert_int_equal(n_back, n);
	assert_int_equal(read_image(ref, "arm64", back, n_back), 0);
	assert_memory_equal(&back[1].desc, &blobs[1].desc, sizeof(blobs[1].desc));
}

static void
every_damage_of_a_bundle_is_found(void **state)
{
	struct made m = { 0 };
	AUTO(made) struct made *owner = &m;
	AUTO(mem) uint8_t *bundle = NULL;
	struct oci_blob blobs[4], back[OCI_BUNDLE_BLOBS_MAX];
	char ref[IMAGE_REF_MAX];
	size_t n, len;

	make(1, MAKE_GZIP, owner);
	n = tiny_blobs(&m, 0, blobs);
	assert_int_equal(oci_bundle_pack(REF, blobs, n, (void **)&bundle, &len), 0);
	for (size_t i = 0; i < len; i += 7) {
		bundle[i] ^= 4;
		assert_int_equal(oci_bundle_open(bundle, len, ref, back, &n, &why), -EBADMSG);
		bundle[i] ^= 4;
		assert_int_equal(oci_bundle_open(bundle, i, ref, back, &n, &why), -EBADMSG);
	}
	assert_int_equal(oci_bundle_open(bundle, len, ref, back, &n, &why), 0);
}

static void
a_bundle_ends_where_it_says(void **state)
{
	struct made m = { 0 };
	AUTO(made) struct made *owner = &m;
	AUTO(mem) uint8_t *bundle = NULL, *longer = NULL;
	struct oci_blob blobs[4], back[OCI_BUNDLE_BLOBS_MAX];
	char ref[IMAGE_REF_MAX];
	size_t n, len;

	make(1, MAKE_GZIP, owner);
	n = tiny_blobs(&m, 0, blobs);
	assert_int_equal(oci_bundle_pack(REF, blobs, n, (void **)&bundle, &len), 0);
	longer = calloc(1, len + 8);
	memcpy(longer, bundle, len - 32);
	oci_sha256(longer, len + 8 - 32, longer + len + 8 - 32);
	assert_int_equal(oci_bundle_open(longer, len + 8, ref, back, &n, &why), -EBADMSG);
	assert_non_null(strstr(why.text, "more than it says"));
}

/* Who can write the file can write its checksum too. */
static void
a_bundle_with_a_good_checksum_is_still_checked(void **state)
{
	struct made m = { 0 };
	AUTO(made) struct made *owner = &m;
	AUTO(mem) uint8_t *bundle = NULL;
	struct oci_blob blobs[4], back[OCI_BUNDLE_BLOBS_MAX];
	char ref[IMAGE_REF_MAX];
	size_t n, len;

	make(1, MAKE_GZIP, owner);
	n = tiny_blobs(&m, 0, blobs);
	for (size_t i = 0; i < n; i++) {
		strcpy(blobs[i].desc.digest, m.blobs[(i + 1) % m.n].desc.digest);
		assert_int_equal(oci_bundle_pack(REF, blobs, n, (void **)&bundle, &len), 0);
		assert_int_equal(oci_bundle_open(bundle, len, ref, back, &n, &why), -EBADMSG);
		free(TAKE_PTR(bundle));
		tiny_blobs(&m, 0, blobs);
		blobs[i].desc.size++;
		assert_int_equal(oci_bundle_pack(REF, blobs, n, (void **)&bundle, &len), 0);
		assert_int_equal(oci_bundle_open(bundle, len, ref, back, &n, &why), -EBADMSG);
		free(TAKE_PTR(bundle));
		tiny_blobs(&m, 0, blobs);
		blobs[i].role = N_OCI_ROLES;
		assert_int_equal(oci_bundle_pack(REF, blobs, n, (void **)&bundle, &len), 0);
		assert_int_equal(oci_bundle_open(bundle, len, ref, back, &n, &why), -EBADMSG);
		free(TAKE_PTR(bundle));
		tiny_blobs(&m, 0, blobs);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_its_own_images_in_every_compression),
		cmocka_unit_test(the_same_object_makes_the_same_image),
		cmocka_unit_test(picks_the_architecture_of_an_index),
		cmocka_unit_test(every_blob_must_have_its_digest_and_size),
		cmocka_unit_test(a_reference_by_digest_is_of_that_image_alone),
		cmocka_unit_test(the_object_is_of_the_layer_that_was_read),
		cmocka_unit_test(a_manifest_may_not_say_another_size_or_have_two_layers),
		cmocka_unit_test(labels_may_not_name_what_the_object_lacks),
		cmocka_unit_test(reads_labels_of_both_forms),
		cmocka_unit_test(refuses_images_without_labels_or_with_odd_ones),
		cmocka_unit_test(takes_manifests_without_a_media_type),
		cmocka_unit_test(refuses_manifests_that_two_readers_would_read_differently),
		cmocka_unit_test(an_index_gives_the_plainest_variant_and_no_index),
		cmocka_unit_test(a_bundle_gives_back_what_was_put_in),
		cmocka_unit_test(every_damage_of_a_bundle_is_found),
		cmocka_unit_test(a_bundle_ends_where_it_says),
		cmocka_unit_test(a_bundle_with_a_good_checksum_is_still_checked),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("oci-image", tests, NULL, NULL);
}
