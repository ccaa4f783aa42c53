/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, and signatures by them. */
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <string.h>

#include "signature/parts.h"

/* Curve of an EC key; NID_undef: another one, or no EC key. */
static int
curve(const EVP_PKEY *key)
{
	char name[64];
	size_t len;

	if (!EVP_PKEY_get_group_name((EVP_PKEY *)key, name, sizeof(name), &len))
		return NID_undef;
	return OBJ_txt2nid(name);
}

bool
sig_key_kind_ok(EVP_PKEY *key)
{
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_EC:
		return curve(key) == NID_X9_62_prime256v1 || curve(key) == NID_secp384r1 || curve(key) == NID_secp521r1;
	case EVP_PKEY_RSA:
		return EVP_PKEY_get_bits(key) >= SIG_RSA_BITS_MIN && EVP_PKEY_get_bits(key) <= SIG_RSA_BITS_MAX;
	case EVP_PKEY_ED25519:
		return true;
	default:
		return false;
	}
}

EVP_PKEY *
sig_key(const void *der, size_t len)
{
	const unsigned char *p = der;
	AUTO(pkey) EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)len);

	ERR_clear_error();
	if (!key || p != (const unsigned char *)der + len || !sig_key_kind_ok(key))
		return NULL;
	return TAKE_PTR(key);
}

static bool
verify_by(EVP_PKEY *key, const EVP_MD *hash, const void *message, size_t len, const struct buffer *signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = ctx && EVP_DigestVerifyInit(ctx, NULL, hash, NULL, key) == 1 &&
		EVP_DigestVerify(ctx, signature->at, signature->len, message, len) == 1;

	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return good;
}

/*
 * cosign hashed with SHA-256 whatever the curve; newer ones take the hash that goes with it.  Ed25519
 * signs the message itself.
 */
bool
sig_verify(EVP_PKEY *key, const void *message, size_t len, const struct buffer *signature)
{
	const int nid = curve(key);

	if (!signature->len)
		return false;
	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519)
		return verify_by(key, NULL, message, len, signature);
	return verify_by(key, EVP_sha256(), message, len, signature) ||
		(nid == NID_secp384r1 && verify_by(key, EVP_sha384(), message, len, signature)) ||
		(nid == NID_secp521r1 && verify_by(key, EVP_sha512(), message, len, signature));
}

bool
sig_anchor_good(const struct trust_der *d, int64_t at_s)
{
	return at_s >= d->from_s && (!d->until_s || at_s <= d->until_s);
}
