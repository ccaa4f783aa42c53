/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures: good ones, and what is wrong with others. */
#include "unit/signature_rig.h"

#include <openssl/ct.h>
#include <openssl/pem.h>

#define SUBJECT	"https://github.com/acme/bpf/.github/workflows/release.yml@refs/tags/v1"
#define ISSUER	"https://token.actions.githubusercontent.com"
#define TIME	1750000000

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

/* ---- */

static int
make(void **state)
{
	return make_cases("signatures");
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
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("signature", tests, make, remove_cases);
}
