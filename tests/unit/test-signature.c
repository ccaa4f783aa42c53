/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images and signatures that signature-cases.py makes anew for each run, against the policies beside
 * them, from the text of trust.d to the verdict.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <openssl/ct.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"
#include "config/trust.h"
#include "ipc/bundle.h"
#include "signature/signature.h"

#define FILES_MAX	64
#define SUBJECT	"https://github.com/acme/bpf/.github/workflows/release.yml@refs/tags/v1"
#define ISSUER	"https://token.actions.githubusercontent.com"
#define TIME	1750000000

static char folder[] = "/tmp/test-signature-XXXXXX";
static struct image_trust trust;
static struct image_facts facts;
static struct oci_why why;
static char mistakes[4096];

/* ---- a case, from its folder ---- */

struct file { char name[NAME_MAX + 1]; char *bytes; size_t len; };
struct files { struct file f[FILES_MAX]; size_t n; };

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct file *)a)->name, ((const struct file *)b)->name);
}

static void
read_file(const char *path, struct file *out)
{
	FILE *f = fopen(path, "re");

	assert_non_null(f);
	out->bytes = malloc(1 << 18);
	assert_non_null(out->bytes);
	out->len = fread(out->bytes, 1, 1 << 18, f);
	fclose(f);
	out->bytes = realloc(out->bytes, out->len + !out->len);		/* for AddressSanitizer: no more than there is */
}

static void
read_folder(const char *path, struct files *out)
{
	char name[2 * PATH_MAX];
	DIR *d = opendir(path);
	const struct dirent *e;

	out->n = 0;
	assert_non_null(d);
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.' || e->d_type == DT_DIR)
			continue;
		assert_true(out->n < FILES_MAX);
		snprintf(out->f[out->n].name, sizeof(out->f[0].name), "%s", e->d_name);
		snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		read_file(name, &out->f[out->n++]);
	}
	closedir(d);
	qsort(out->f, out->n, sizeof(out->f[0]), by_name);
}

static void
free_files(struct files *files)
{
	for (size_t i = 0; i < files->n; i++)
		free(files->f[i].bytes);
}

static void
read_trust(const char *name)
{
	static struct files files;
	struct bundle_file in[FILES_MAX] = { 0 };
	char path[PATH_MAX];
	FILE *errors = fmemopen(mistakes, sizeof(mistakes), "we");
	void *bytes;
	size_t len;

	snprintf(path, sizeof(path), "%s/%s/trust.d", folder, name);
	read_folder(path, &files);
	for (size_t i = 0; i < files.n; i++)
		in[i] = (struct bundle_file){ BUNDLE_TRUST, false, files.f[i].name, files.f[i].bytes, files.f[i].len };
	assert_int_equal(bundle_pack(in, files.n, &bytes, &len), 0);
	memset(mistakes, 0, sizeof(mistakes));
	assert_int_equal(trust_read_bundle(bytes, len, errors, &trust), 0);
	fclose(errors);
	assert_int_equal(trust_check(&trust), 0);
	free(bytes);
	free_files(&files);
}

static enum oci_role
role_of(const char *name)
{
	static const char *const roles[N_OCI_ROLES] = { [OCI_ROLE_TOP] = "top", [OCI_ROLE_MANIFEST] = "manifest",
		[OCI_ROLE_SIGNATURE] = "signature", [OCI_ROLE_SIGNATURE_BLOB] = "blob" };

	for (size_t i = 0; i < N_OCI_ROLES; i++)
		if (roles[i] && strcmp(roles[i], name) == 0)
			return i;
	fail_msg("no role %s", name);
	return 0;
}

static int
decide_for(const char *name, const char *ref)
{
	static struct files files;
	struct oci_blob blobs[FILES_MAX] = { 0 };
	char path[PATH_MAX];
	int err;

	read_trust(name);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	read_folder(path, &files);
	memset(&facts, 0, sizeof(facts));
	snprintf(facts.ref, sizeof(facts.ref), "%s", ref);
	for (size_t i = 0; i < files.n; i++) {
		struct oci_blob *b = &blobs[i];

		*b = (struct oci_blob){ role_of(files.f[i].name + 3), { .size = files.f[i].len }, files.f[i].bytes, files.f[i].len };
		oci_digest(b->bytes, b->len, b->desc.digest);
	}
	assert_string_equal(files.f[0].name, "00-top");
	memcpy(facts.digest, blobs[0].desc.digest, sizeof(facts.digest));
	memcpy(facts.manifest, blobs[1].desc.digest, sizeof(facts.manifest));
	memset(&why, 0, sizeof(why));
	err = signature_decide(&trust, blobs, files.n, &facts, &why);
	free_files(&files);
	return err;
}

/* 0, or what is wrong; then nothing of a signature may be told. */
static int
decide(const char *name)
{
	int err = decide_for(name, "registry.example.org/acme/tool:1");

	if (err) {
		assert_int_equal(facts.signature, IMAGE_UNSIGNED);
		assert_string_equal(facts.signer, "");
		assert_int_equal(facts.signed_s, 0);
	}
	return err;
}

static void
refused(const char *name, const char *because)
{
	assert_int_equal(decide(name), -EKEYREJECTED);
	if (!strstr(why.text, because))
		fail_msg("%s: \"%s\" does not say \"%s\"", name, why.text, because);
}

static void
signed_by_key(const char *name)
{
	if (decide(name))
		fail_msg("%s: %s%s", name, why.text, mistakes);
	assert_int_equal(facts.signature, IMAGE_SIGNED_KEY);
	assert_string_equal(facts.signer, "release.pub");
	assert_string_equal(facts.issuer, "");
}

static void
signed_by(const char *name, const char *subject, const char *issuer)
{
	if (decide(name))
		fail_msg("%s: %s%s", name, why.text, mistakes);
	assert_int_equal(facts.signature, IMAGE_SIGNED_IDENTITY);
	assert_string_equal(facts.signer, subject);
	assert_string_equal(facts.issuer, issuer);
	assert_int_equal(facts.signed_s, TIME);
}

static void
misread(const char *name, const char *because)
{
	read_trust(name);
	if (!trust.broken[0] || !strstr(mistakes, because))
		fail_msg("%s: \"%s\" does not say \"%s\"", name, mistakes, because);
	refused(name, "whom to trust is not known");
}

/* ---- keys ---- */

static void
a_key_of_each_kind_signs(void **state)
{
	signed_by_key("key-p256");
	signed_by_key("key-p384");
	signed_by_key("key-p384-sha384");
	signed_by_key("key-p521");
	signed_by_key("key-rsa");
	signed_by_key("key-ed25519");
}

static void
the_manifest_of_this_machine_may_be_what_is_signed(void **state)
{
	signed_by_key("key-child");
}

static void
a_bundle_of_sigstore_signs_by_statement_or_message(void **state)
{
	signed_by_key("key-bundle");
	signed_by_key("key-message");
}

static void
one_good_signature_among_others_is_enough(void **state)
{
	signed_by_key("key-second");
	signed_by_key("key-other-file");
}

static void
without_a_signature_a_required_one_is_missed(void **state)
{
	refused("none", "has no signature, and trust.d/acme.toml requires one");
	assert_int_equal(decide("none-allowed"), 0);
	assert_int_equal(facts.signature, IMAGE_UNSIGNED);
}

static void
a_key_that_nobody_trusts_is_told_from_none(void **state)
{
	refused("stranger", "none of 1 is good: (1) it was made by none of the 1 keys that are trusted");
	assert_int_equal(decide("stranger-allowed"), 0);
	assert_int_equal(facts.signature, IMAGE_SIGNED_UNKNOWN);
	assert_string_equal(facts.signer, "");
}

static void
a_signature_of_another_image_is_refused(void **state)
{
	refused("other-image", "it is of another image, sha256:");
	refused("other-image-bundle", "it is of another image");
	refused("other-image-message", "it is of another image, sha256:");
}

static void
what_is_signed_cannot_be_changed(void **state)
{
	refused("payload-changed", "or what it signs was changed");
	refused("payload-missing", "its data is missing");
	refused("untyped", "or what it signs was changed");
}

static void
the_error_says_of_each_signature_what_is_wrong_with_it(void **state)
{
	refused("two-bad", "none of 2 is good: (1) it is of another image");
	assert_non_null(strstr(why.text, "; (2) it was made by none"));
	refused("many", "none of 40 is good: (1) ");
	assert_non_null(strstr(why.text, " more, see the log"));
}

static void
other_statements_about_an_image_are_no_signature(void **state)
{
	refused("other-type", "it is of type \"a ?[31mreceipt\"");
	refused("attestation", "an attestation of another kind");
	refused("two-in-one", "has 2 signatures, not one");
}

static void
what_is_cut_or_says_two_things_is_refused(void **state)
{
	refused("twice-the-digest", "what it signs cannot be understood");
	refused("bundle-truncated", "its bundle cannot be understood");
	refused("manifest-truncated", "has no signature");
	refused("no-annotation", "it has no signature (annotation");
}

/* ---- identities ---- */

static void
an_identity_signs_by_its_certificate_and_log_entry(void **state)
{
	signed_by("identity", SUBJECT, ISSUER);
	signed_by("identity-bundle", SUBJECT, ISSUER);
	signed_by("identity-message", SUBJECT, ISSUER);
	signed_by("identity-mail", "dev@example.org", "https://accounts.example.org");
	signed_by("log-rsa", SUBJECT, ISSUER);
}

static void
authorities_and_logs_may_be_pem_files(void **state)
{
	signed_by("identity-files", SUBJECT, ISSUER);
	signed_by("identity-intermediate", SUBJECT, ISSUER);
}

static void
an_identity_may_be_a_pattern_whose_star_ends_at_a_slash(void **state)
{
	signed_by("identity-pattern", SUBJECT, ISSUER);
	refused("identity-pattern-deeper", "who is not trusted");
	refused("identity-star-is-no-pattern", "who is not trusted");
}

static void
another_identity_or_issuer_is_refused_by_name(void **state)
{
	refused("wrong-subject", "it was made by https://github.com/evil/bpf/");
	refused("wrong-issuer", "(issuer https://evil.example.org), who is not trusted");
	refused("two-issuers", "does not say clearly whose it is");
	refused("two-subjects", "does not say clearly whose it is");
	refused("key-of-nobody", "it is a key's, and no key is trusted");
}

static void
only_a_trusted_log_tells_the_time(void **state)
{
	refused("wrong-log", "is not one that is trusted");
	refused("forged-log", "is not signed by the log");
	refused("no-log", "a certificate but no log entry");
	refused("no-promise", "has no signed entry timestamp");
	refused("time-changed", "is not signed by the log");
	refused("log-truncated", "its log entry (annotation dev.sigstore.cosign/bundle) cannot be understood");
	refused("log-not-in-use", "was not in use at the time of its entry");
	refused("log-out-of-use", "was not in use at the time of its entry");
}

static void
the_log_entry_is_about_this_signature(void **state)
{
	refused("entry-of-another", "is about another signature");
	refused("entry-signature", "is about another signature");
	refused("entry-certificate", "is about another signature");
	refused("entry-payload", "is about another signature");
	refused("entry-hash", "is about another signature");
	refused("entry-verifier", "is about another signature");
	refused("entry-envelope", "is about another signature");
	refused("entry-kind", "of a kind that is not taken, intoto 0.0.1");
}

static void
a_certificate_is_good_only_while_it_lives(void **state)
{
	refused("expired", "its certificate is not good: certificate has expired");
	refused("too-early", "its certificate is not good: certificate is not yet valid");
}

static void
a_certificate_is_of_a_trusted_authority_and_for_code(void **state)
{
	refused("other-authority", "its certificate is not good: ");
	refused("made-by-a-signer", "its certificate is not good: invalid CA certificate");
	refused("not-for-code", "is not for signing code");
	refused("not-for-signatures", "is not for signatures");
	refused("stolen-certificate", "it was not made by its certificate's key");
}

static void
where_a_log_of_certificates_is_named_the_certificate_is_in_it(void **state)
{
	signed_by("sct", SUBJECT, ISSUER);
	signed_by("sct-bundle", SUBJECT, ISSUER);
	signed_by("sct-not-asked", SUBJECT, ISSUER);
	refused("sct-missing", "is in no log of certificates");
	refused("sct-other-log", "in no log of certificates that is trusted");
	refused("sct-forged", "in no log of certificates that is trusted");
	refused("sct-of-another", "in no log of certificates that is trusted");
}

static X509 *
read_certificate(const char *name)
{
	char path[PATH_MAX];
	FILE *f;
	X509 *cert;

	snprintf(path, sizeof(path), "%s/ct/%s", folder, name);
	f = fopen(path, "re");
	assert_non_null(f);
	cert = PEM_read_X509(f, NULL, NULL, NULL);
	fclose(f);
	assert_non_null(cert);
	return cert;
}

/* That both this test's maker and the check under test have RFC 6962 right. */
static void
openssl_takes_the_same_promise_of_a_log(void **state)
{
	CT_POLICY_EVAL_CTX *policy = CT_POLICY_EVAL_CTX_new();
	CTLOG_STORE *logs = CTLOG_STORE_new();
	X509 *leaf = read_certificate("leaf.pem"), *issuer = read_certificate("issuer.pem");
	STACK_OF(SCT) *all = X509_get_ext_d2i(leaf, NID_ct_precert_scts, NULL, NULL);
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/ct/logs.conf", folder);
	assert_int_equal(CTLOG_STORE_load_file(logs, path), 1);
	CT_POLICY_EVAL_CTX_set1_cert(policy, leaf);
	CT_POLICY_EVAL_CTX_set1_issuer(policy, issuer);
	CT_POLICY_EVAL_CTX_set_shared_CTLOG_STORE(policy, logs);
	CT_POLICY_EVAL_CTX_set_time(policy, (TIME + 60) * 1000ULL);
	assert_int_equal(sk_SCT_num(all), 1);
	assert_int_equal(SCT_LIST_validate(all, policy), 1);
	assert_int_equal(SCT_get_validation_status(sk_SCT_value(all, 0)), SCT_VALIDATION_STATUS_VALID);
	SCT_LIST_free(all);
	X509_free(leaf);
	X509_free(issuer);
	CT_POLICY_EVAL_CTX_free(policy);
	CTLOG_STORE_free(logs);
}

/* ---- policies ---- */

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
make_cases(void **state)
{
	char command[2 * PATH_MAX];

	if (!mkdtemp(folder))
		return -1;
	snprintf(command, sizeof(command), "/usr/bin/python3 %s/tests/unit/signature-cases.py %s", TEST_SRCDIR, folder);
	/* The sanitizer's runtime is not for python's libraries. */
	unsetenv("LD_PRELOAD");
	return system(command) || signature_start() ? -1 : 0;
}

static int
remove_cases(void **state)
{
	char command[2 * PATH_MAX];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_of_each_kind_signs),
		cmocka_unit_test(the_manifest_of_this_machine_may_be_what_is_signed),
		cmocka_unit_test(a_bundle_of_sigstore_signs_by_statement_or_message),
		cmocka_unit_test(one_good_signature_among_others_is_enough),
		cmocka_unit_test(without_a_signature_a_required_one_is_missed),
		cmocka_unit_test(a_key_that_nobody_trusts_is_told_from_none),
		cmocka_unit_test(a_signature_of_another_image_is_refused),
		cmocka_unit_test(what_is_signed_cannot_be_changed),
		cmocka_unit_test(the_error_says_of_each_signature_what_is_wrong_with_it),
		cmocka_unit_test(other_statements_about_an_image_are_no_signature),
		cmocka_unit_test(what_is_cut_or_says_two_things_is_refused),
		cmocka_unit_test(an_identity_signs_by_its_certificate_and_log_entry),
		cmocka_unit_test(authorities_and_logs_may_be_pem_files),
		cmocka_unit_test(an_identity_may_be_a_pattern_whose_star_ends_at_a_slash),
		cmocka_unit_test(another_identity_or_issuer_is_refused_by_name),
		cmocka_unit_test(only_a_trusted_log_tells_the_time),
		cmocka_unit_test(the_log_entry_is_about_this_signature),
		cmocka_unit_test(a_certificate_is_good_only_while_it_lives),
		cmocka_unit_test(a_certificate_is_of_a_trusted_authority_and_for_code),
		cmocka_unit_test(where_a_log_of_certificates_is_named_the_certificate_is_in_it),
		cmocka_unit_test(openssl_takes_the_same_promise_of_a_log),
		cmocka_unit_test(a_policy_is_for_its_places_and_all_below),
		cmocka_unit_test(the_most_exact_place_decides),
		cmocka_unit_test(a_mistake_in_a_policy_is_named_and_no_image_is_taken),
		cmocka_unit_test(signatures_are_found_by_tag_and_among_referrers),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("signature", tests, make_cases, remove_cases);
}
