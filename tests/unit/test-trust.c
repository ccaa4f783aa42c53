/* SPDX-License-Identifier: Apache-2.0 */
/* Policies: for which images they are, how they are read, and what lies beside an image. */
#include "unit/signature_rig.h"

static void
misread(const char *name, const char *because)
{
	read_trust(name);
	if (!trust.broken[0] || !strstr(mistakes, because))
		fail_msg("%s: \"%s\" does not say \"%s\"", name, mistakes, because);
	refused(name, "whom to trust is not known");
}

static void
a_policy_is_for_its_places_and_all_below(void **state)
{
	static const char *const of[] = { "registry.example.org/acme:1", "registry.example.org/acme/a/b@sha256:00",
		"Registry.Example.ORG/acme/tool:1", "registry.example.org:443/acme/tool:1", "registry.example.org./acme/tool:1" };
	static const char *const others[] = { "registry.example.org/acmeevil/tool:1", "registry.example.org/other:1",
		"example.org/acme/tool:1", "evil.registry.example.org/acme/tool:1" };

	for (size_t i = 0; i < ARRAY_SIZE(of); i++) {
		assert_int_equal(decide_for("none", of[i]), -EKEYREJECTED);
		assert_true(signature_wanted(&trust, of[i]));
	}
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		assert_int_equal(decide_for("none", others[i]), 0);
		assert_int_equal(facts.signature, IMAGE_UNSIGNED);
		assert_false(signature_wanted(&trust, others[i]));
	}
}

static void
the_most_exact_place_decides(void **state)
{
	static const struct trust_place places[] = { { "", 0 }, { "docker.io", 1 }, { "docker.io/acme", 2 }, { "docker.io/acme/a", 3 },
		{ "[::1]:5000/x", 4 }, { "r.example.org:5000", 5 }, { "r.example.org", 6 } };

	trust_init(&trust);
	trust.n_policies = ARRAY_SIZE(places);
	trust.n_places = ARRAY_SIZE(places);
	memcpy(trust.places, places, sizeof(places));
	assert_int_equal(trust_policy_of(&trust, "quay.io/x:1"), 0);
	assert_int_equal(trust_policy_of(&trust, "docker.io/library/x:1"), 1);
	assert_int_equal(trust_policy_of(&trust, "registry-1.docker.io/library/x:1"), 1);
	assert_int_equal(trust_policy_of(&trust, "INDEX.docker.io:443/acme/b:1"), 2);
	assert_int_equal(trust_policy_of(&trust, "docker.io/acme/a/c@sha256:00"), 3);
	assert_int_equal(trust_policy_of(&trust, "[::1]:5000/x:1"), 4);
	assert_int_equal(trust_policy_of(&trust, "[::1]:5001/x:1"), 0);
	assert_int_equal(trust_policy_of(&trust, "r.example.org:5000/x:1"), 5);
	assert_int_equal(trust_policy_of(&trust, "r.example.org:5001/x:1"), 6);
	trust.n_places = 0;
	assert_int_equal(trust_policy_of(&trust, "quay.io/x:1"), -1);
}

static void
a_mistake_in_a_policy_is_named_and_no_image_is_taken(void **state)
{
	misread("private", "it holds a private key");
	misread("no-such-file", "there is no file \"release.pub\"");
	misread("weak", "an RSA key has 2048 bits at least");
	misread("curve", "its curve is not taken");
	misread("certificate-for-key", "something else than public keys");
	misread("nobody", "nobody is named who may sign");
	misread("identity-without-issuer", "an identity has a subject and an issuer");
	misread("identity-without-log", "identities need fulcio");
	assert_int_equal(decide_for("private", "elsewhere.example.org/x:1"), -EKEYREJECTED);
}

static void
what_cannot_be_meant_is_explained_with_its_place(void **state)
{
	static const struct { const char *text, *because; } bad[] = {
		{ "image = [\"ghcr.io\"]", "a.toml:1:1: a policy has no key \"image\"; did you mean images?" },
		{ "images = \"ghcr.io\"", "images is an array of strings, not a string" },
		{ "images = [7]", "images is an array of strings" },
		{ "images = [\"https://ghcr.io\"]", "a place has no \"https://\" before it" },
		{ "images = [\"ghcr.io/*/tool\"]", "a place is HOST[:PORT][/NAME...]" },
		{ "images = [\"ghcr.io/acme/tool:1\"]", "leave the tag out" },
		{ "images = [\"acme/tool\"]", "begins with the registry's host: docker.io/" },
		{ "images = [\"docker.io\", \"index.docker.io/\"]", "named already, in this.toml" },
		{ "keys = []", "images says for which it is" },
		{ "images = [\"*\"]\nsignatures = \"some\"", "a.toml:2:14: signatures is \"require\" or \"allow\"" },
		{ "images = [\"*\"]\nkeys = [\"../a.pub\"]", "the name of a file beside this one" },
		{ "images = [\"*\"]\ntrusted_root = \"b.json\"", "b.json:1:" },
		{ "images = [\"*\"]\n[[identities]]\nsubject = \"a\"\nsubject_pattern = \"b\"", "subject or subject_pattern, not both" },
		{ "images = [\"*\"]\n[[identities]]\nsubjet = \"a\"", "did you mean subject" },
		{ "images = [\"*\"]\n[[identities]]\nsubject = \"\"", "subject is plain text of 1 to 511 bytes" },
		{ "images = [\"*\"]\nidentities = \"a@b.c\"", "identities are tables: [[identities]]" },
		{ "images = [\"*\"]\nidentities = [\"a@b.c\"]", "identities are tables: [[identities]]" },
		{ "images = ", "a.toml:1:" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const struct bundle_file in[] = { { BUNDLE_TRUST, false, "trust.d/a.toml", bad[i].text, strlen(bad[i].text) },
			{ BUNDLE_TRUST, false, "trust.d/b.json", "{", 1 } };

		read_policies(in, ARRAY_SIZE(in));
		assert_string_equal(trust.broken, "trust.d/a.toml");
		if (!strstr(mistakes, bad[i].because))
			fail_msg("\"%s\" does not say \"%s\"", mistakes, bad[i].because);
	}
}

static void
a_file_that_others_may_write_is_not_read(void **state)
{
	const struct bundle_file in = { BUNDLE_TRUST, true, "trust.d/a.toml", "others may", 10 };

	read_policies(&in, 1);
	assert_string_equal(trust.broken, "trust.d/a.toml");
	assert_non_null(strstr(mistakes, "others may"));
	read_policies(NULL, 0);
	assert_string_equal(trust.broken, "");
}

/* ---- what lies beside an image ---- */

static void
signatures_are_found_by_tag_and_among_referrers(void **state)
{
#define DIGEST(c) "sha256:" c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c
	static const char index[] = "{\"schemaVersion\":2,\"manifests\":["
		"{\"mediaType\":\"m\",\"size\":9,\"digest\":\"" DIGEST("00") "\",\"artifactType\":\"application/spdx+json\"},"
		"{\"mediaType\":\"m\",\"size\":9,\"digest\":\"" DIGEST("11") "\",\"artifactType\":\"application/vnd.oci.empty.v1+json\"},"
		"{\"mediaType\":\"m\",\"size\":9,\"digest\":\"" DIGEST("22") "\",\"artifactType\":\"application/vnd.dev.sigstore.bundle.v0.3+json\","
		"\"annotations\":{\"dev.sigstore.bundle.predicateType\":\"https://slsa.dev/provenance/v1\"}},"
		"{\"mediaType\":\"m\",\"size\":9,\"digest\":\"nonsense\"},"
		"{\"mediaType\":\"m\",\"size\":9,\"digest\":\"" DIGEST("33") "\",\"artifactType\":\"application/vnd.dev.sigstore.bundle.v0.3+json\"},"
		"{\"mediaType\":\"m\",\"size\":9,\"digest\":\"" DIGEST("44") "\"}]}";
	char tag[SIGNATURE_TAG_MAX];
	struct oci_desc found[2];
	size_t n = 2;

	signature_tag(DIGEST("ab"), tag);
	assert_int_equal(strncmp(tag, "sha256-abab", 11), 0);
	assert_string_equal(tag + 7 + 64, ".sig");
	assert_int_equal(signature_referrers(index, sizeof(index) - 1, found, &n, &why), 0);
	assert_int_equal(n, 2);
	assert_string_equal(found[0].digest, DIGEST("11"));
	assert_string_equal(found[1].digest, DIGEST("33"));
	assert_int_equal(signature_referrers("{}", 2, found, &n, &why), -EINVAL);
}

/* ---- */

static int
make(void **state)
{
	return make_cases("policies");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_policy_is_for_its_places_and_all_below),
		cmocka_unit_test(the_most_exact_place_decides),
		cmocka_unit_test(a_mistake_in_a_policy_is_named_and_no_image_is_taken),
		cmocka_unit_test(what_cannot_be_meant_is_explained_with_its_place),
		cmocka_unit_test(a_file_that_others_may_write_is_not_read),
		cmocka_unit_test(signatures_are_found_by_tag_and_among_referrers),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("trust", tests, make, remove_cases);
}
