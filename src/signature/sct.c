/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The promise of a log of certificates that it has this one (RFC 6962, section 3.2), which the
 * authority puts into it.  OpenSSL's own check takes its logs from a file only.
 */
#include <openssl/ct.h>
#include <openssl/err.h>
#include <string.h>

#include "signature/parts.h"

#define HEAD 44		/* version, type, time, kind of entry, hash of the issuer's key */

static void
put(uint8_t *to, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (uint8_t)(v >> 8 * (n - 1 - i));
}

/* The certificate as it was before the promise was put in. */
static int
without_promise(X509 *cert, unsigned char **out)
{
	AUTO(x509) X509 *before = X509_dup(cert);
	int at = before ? X509_get_ext_by_NID(before, NID_ct_precert_scts, -1) : -1;

	if (at < 0)
		return -1;
	X509_EXTENSION_free(X509_delete_ext(before, at));
	return i2d_re_X509_tbs(before, out);
}

static int
key_hash(X509 *issuer, uint8_t out[32])
{
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(issuer), &der);

	if (len > 0)
		oci_sha256(der, (size_t)len, out);
	OPENSSL_free(der);
	return len > 0 ? 0 : -EKEYREJECTED;
}

/* What the log signed. */
static int
promised(const SCT *sct, X509 *cert, X509 *issuer, struct buffer *out)
{
	unsigned char *tbs = NULL, *ext = NULL;
	size_t ext_len = SCT_get0_extensions(sct, &ext);
	int len = without_promise(cert, &tbs);
	uint8_t *p = len > 0 && ext_len <= UINT16_MAX ? malloc(HEAD + 3 + (size_t)len + 2 + ext_len) : NULL;

	if (!p || key_hash(issuer, p + 12)) {
		OPENSSL_free(tbs);
		free(p);
		return -EKEYREJECTED;
	}
	put(p, 0, 2);					/* v1, certificate_timestamp */
	put(p + 2, SCT_get_timestamp(sct), 8);
	put(p + 10, 1, 2);				/* precert_entry */
	put(p + HEAD, (uint64_t)len, 3);
	memcpy(p + HEAD + 3, tbs, (size_t)len);
	put(p + HEAD + 3 + len, ext_len, 2);
	if (ext_len)
		memcpy(p + HEAD + 5 + len, ext, ext_len);
	OPENSSL_free(tbs);
	*out = (struct buffer){ p, HEAD + 5 + (size_t)len + ext_len };
	return 0;
}

static bool
by_log(const struct sig_case *c, const struct trust_anchor *a, const SCT *sct, const struct buffer *message)
{
	const uint8_t *der = c->trust->der + a->der.at;
	unsigned char *id = NULL, *sig = NULL;
	size_t id_len = SCT_get0_log_id(sct, &id), sig_len = SCT_get0_signature(sct, &sig);
	const struct buffer signature = { sig, sig_len };
	AUTO(pkey) EVP_PKEY *key = NULL;
	uint8_t hash[32];

	oci_sha256(der, a->der.len, hash);
	if (id_len != sizeof(hash) || memcmp(id, hash, sizeof(hash)) != 0 ||
	    !sig_anchor_good(&a->der, (int64_t)(SCT_get_timestamp(sct) / 1000)))
		return false;
	key = sig_key(der, a->der.len);
	return key && sig_verify(key, message->at, message->len, &signature);
}

static bool
is_good(const struct sig_case *c, const SCT *sct, X509 *cert, X509 *issuer)
{
	struct buffer message = { 0 };
	bool good = false;

	if (SCT_get_version(sct) != SCT_VERSION_V1 || promised(sct, cert, issuer, &message))
		return false;
	for (uint32_t i = 0; i < c->trust->n_anchors && !good; i++) {
		const struct trust_anchor *a = &c->trust->anchors[i];

		good = a->use == TRUST_CTLOG && a->policy == c->policy && by_log(c, a, sct, &message);
	}
	free(message.at);
	return good;
}

static bool
is_wanted(const struct sig_case *c)
{
	for (uint32_t i = 0; i < c->trust->n_anchors; i++)
		if (c->trust->anchors[i].use == TRUST_CTLOG && c->trust->anchors[i].policy == c->policy)
			return true;
	return false;
}

int
sct_check(const struct sig_case *c, X509 *cert, X509 *issuer, struct oci_why *why)
{
	STACK_OF(SCT) *all;
	int n;
	bool good = false;

	if (!is_wanted(c))
		return 0;
	all = X509_get_ext_d2i(cert, NID_ct_precert_scts, NULL, NULL);
	n = all ? sk_SCT_num(all) : 0;
	for (int i = 0; i < n && i < SIG_CHAIN_MAX && !good; i++)
		good = is_good(c, sk_SCT_value(all, i), cert, issuer);
	SCT_LIST_free(all);
	ERR_clear_error();
	if (!n)
		return sig_refuse(why, "its certificate is in no log of certificates");
	return good ? 0 : sig_refuse(why, "its certificate is in no log of certificates that is trusted");
}
