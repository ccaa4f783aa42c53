/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates of those who sign, which live for minutes: checked as of the time at which the log
 * took the signature.  https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md
 */
#include <errno.h>
#include <openssl/asn1.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#include "ipc/chan.h"
#include "signature/parts.h"

#define OID_ISSUER_RAW	"1.3.6.1.4.1.57264.1.1"
#define OID_ISSUER	"1.3.6.1.4.1.57264.1.8"
#define OID_OTHER_NAME	"1.3.6.1.4.1.57264.1.7"
#define SECURITY_LEVEL	2	/* of OpenSSL: 112 bits, so neither SHA-1 nor RSA below 2048 */

/* ---- who made it ---- */

AUTO_DEFINE(store, X509_STORE *, X509_STORE_free)
AUTO_DEFINE(store_ctx, X509_STORE_CTX *, X509_STORE_CTX_free)

/* The authorities that the policy names, as far as they were in use then. */
static X509_STORE *
authorities(const struct sig_case *c, int64_t at_s)
{
	AUTO(store) X509_STORE *store = X509_STORE_new();

	for (uint32_t i = 0; store && i < c->trust->n_anchors; i++) {
		const struct trust_anchor *a = &c->trust->anchors[i];
		AUTO(x509) X509 *cert = NULL;

		if (a->use != TRUST_FULCIO || a->policy != c->policy || !sig_anchor_good(&a->der, at_s))
			continue;
		cert = sig_certificate(c->trust->der + a->der.at, a->der.len);
		if (cert && !X509_STORE_add_cert(store, cert))
			return NULL;
	}
	return TAKE_PTR(store);
}

/* An intermediate that the administrator named is as good as a root: PARTIAL_CHAIN. */
static int
check_chain(const struct sig_case *c, const struct sig *s, X509 **issuer, struct oci_why *why)
{
	AUTO(store) X509_STORE *store = authorities(c, s->entry.integrated_s);
	AUTO(store_ctx) X509_STORE_CTX *ctx = store ? X509_STORE_CTX_new() : NULL;
	X509_VERIFY_PARAM *param;
	STACK_OF(X509) *chain;

	if (!ctx || !X509_STORE_CTX_init(ctx, store, s->cert, s->chain))
		return -ENOMEM;
	param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_time(param, s->entry.integrated_s);
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
	X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_ANY);
	X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
	X509_VERIFY_PARAM_set_depth(param, SIG_CHAIN_MAX);
	if (X509_verify_cert(ctx) != 1)
		return sig_refuse(why, "its certificate is not good: %s",
			X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
	chain = X509_STORE_CTX_get0_chain(ctx);
	if (sk_X509_num(chain) < 2)
		return sig_refuse(why, "its certificate is an authority's own");
	*issuer = sk_X509_value(chain, 1);
	X509_up_ref(*issuer);
	return 0;
}

int
certificate_check(const struct sig_case *c, const struct sig *s, X509 **out, struct oci_why *why)
{
	AUTO(x509) X509 *issuer = NULL;
	int err = check_chain(c, s, &issuer, why);

	ERR_clear_error();
	if (err)
		return err;
	/* X509_PURPOSE_CODE_SIGN is of OpenSSL 3.2. Both functions say "everything" where an extension is missing. */
	if (!(X509_get_extension_flags(s->cert) & EXFLAG_XKUSAGE) || !(X509_get_extended_key_usage(s->cert) & XKU_CODE_SIGN))
		return sig_refuse(why, "its certificate is not for signing code");
	if (!(X509_get_key_usage(s->cert) & KU_DIGITAL_SIGNATURE) || X509_check_ca(s->cert))
		return sig_refuse(why, "its certificate is not for signatures");
	*out = TAKE_PTR(issuer);
	return 0;
}

/* ---- whose it is ---- */

static int
take(const unsigned char *text, int len, char *out, size_t room)
{
	if (len <= 0 || (size_t)len >= room || memchr(text, '\0', (size_t)len))
		return -EKEYREJECTED;
	memcpy(out, text, (size_t)len);
	out[len] = '\0';
	return ipc_str_ok(out, (size_t)len + 1) ? 0 : -EKEYREJECTED;
}

static int
take_string(const ASN1_STRING *s, char *out, size_t room)
{
	return take(ASN1_STRING_get0_data(s), ASN1_STRING_length(s), out, room);
}

/* A user name that Fulcio puts there where the issuer knows no mail address. */
static int
take_other(const OTHERNAME *name, char *out, size_t room)
{
	char oid[80];

	OBJ_obj2txt(oid, sizeof(oid), name->type_id, 1);
	if (strcmp(oid, OID_OTHER_NAME) != 0 || name->value->type != V_ASN1_UTF8STRING)
		return -EKEYREJECTED;
	return take_string(name->value->value.utf8string, out, room);
}

static int
take_name(const GENERAL_NAME *name, char *out, size_t room)
{
	switch (name->type) {
	case GEN_URI:
	case GEN_EMAIL:
		return take_string(name->d.ia5, out, room);
	case GEN_OTHERNAME:
		return take_other(name->d.otherName, out, room);
	default:
		return -EKEYREJECTED;
	}
}

/* One name and no other: of two, which one was meant? */
static int
subject(X509 *cert, char *out, size_t room)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	int err = -EKEYREJECTED;

	if (sk_GENERAL_NAME_num(names) == 1)
		err = take_name(sk_GENERAL_NAME_value(names, 0), out, room);
	GENERAL_NAMES_free(names);
	return err;
}

/* 0, -ENOENT, or -EKEYREJECTED: it is there twice, or no text. */
static int
extension(X509 *cert, const char *oid, bool is_der, char *out, size_t room)
{
	ASN1_OBJECT *obj = OBJ_txt2obj(oid, 1);
	int at = obj ? X509_get_ext_by_OBJ(cert, obj, -1) : -1;
	const ASN1_OCTET_STRING *data = at < 0 ? NULL : X509_EXTENSION_get_data(X509_get_ext(cert, at));
	ASN1_UTF8STRING *text = NULL;
	int err = -EKEYREJECTED;

	if (data && X509_get_ext_by_OBJ(cert, obj, at) < 0) {
		const unsigned char *p = ASN1_STRING_get0_data(data), *end = p + ASN1_STRING_length(data);

		if (!is_der)
			err = take_string(data, out, room);
		else if (d2i_ASN1_UTF8STRING(&text, &p, end - p) && p == end)
			err = take_string(text, out, room);
	}
	ASN1_UTF8STRING_free(text);
	ASN1_OBJECT_free(obj);
	return data ? err : -ENOENT;
}

static int
issuer_of(X509 *cert, char *out, size_t room)
{
	char raw[256];
	int err = extension(cert, OID_ISSUER, true, out, room), old = extension(cert, OID_ISSUER_RAW, false, raw, sizeof(raw));

	if (err == -ENOENT && !old) {
		snprintf(out, room, "%s", raw);
		return 0;
	}
	if (!err && old != -ENOENT && (old || strcmp(raw, out) != 0))
		return -EKEYREJECTED;
	return err;
}

int
certificate_identity(X509 *cert, struct sig_finding *out, struct oci_why *why)
{
	char signer[sizeof(out->signer)], issuer[sizeof(out->issuer)];
	int err = subject(cert, signer, sizeof(signer));

	if (!err)
		err = issuer_of(cert, issuer, sizeof(issuer));
	ERR_clear_error();
	if (err)
		return sig_refuse(why, "its certificate does not say clearly whose it is, and who says so");
	memcpy(out->signer, signer, sizeof(signer));
	memcpy(out->issuer, issuer, sizeof(issuer));
	return 0;
}
