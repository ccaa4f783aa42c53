/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_SIGNATURE_PARTS_H
#define BPFD_SIGNATURE_PARTS_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "common/auto.h"
#include "oci/json.h"
#include "signature/signature.h"

/* Within src/signature.  Every function that refuses returns -EKEYREJECTED, with why. */

AUTO_DEFINE(pkey, EVP_PKEY *, EVP_PKEY_free)
AUTO_DEFINE(x509, X509 *, X509_free)

struct bytes { const uint8_t *at; size_t len; };
struct buffer { uint8_t *at; size_t len; };	/* allocated */

#define SIG_CHAIN_MAX		8		/* certificates that come with a signature */
#define SIG_CERT_MAX		(64 << 10)	/* of one, DER */
#define SIG_RSA_BITS_MIN	2048
#define SIG_RSA_BITS_MAX	8192

/* An entry of a log of signatures, as it came. */
struct sig_entry {
	char *body;			/* base64; NULL: there is none */
	int64_t integrated_s, index;
	uint8_t log[32];
	struct buffer set;		/* signed entry timestamp; empty: none */
};

/* How the signature says of which image it is. */
enum sig_form {
	SIG_SIMPLE,			/* payload: cosign's "simple signing" JSON, signed as it is */
	SIG_DSSE,			/* payload: an in-toto statement, signed with its type */
	SIG_MESSAGE,			/* the manifest itself is what is signed */
};

/* One signature as it came: nothing of it is believed yet. */
struct sig {
	enum sig_form form;
	struct buffer payload;		/* empty of SIG_MESSAGE */
	struct buffer message;		/* what signature is of; of SIG_MESSAGE empty: the manifest */
	struct buffer signature;
	char digest[IMAGE_DIGEST_MAX];	/* of SIG_MESSAGE: of what it is said to be */
	X509 *cert;			/* NULL: it is a key's */
	STACK_OF(X509) *chain;		/* what came with the certificate; may be NULL */
	struct sig_entry entry;
};
void	sig_clear(struct sig *s);

/* What has been found out about one. */
struct sig_finding {
	enum image_signature kind;
	char signer[512], issuer[256];
	uint64_t signed_s;
};

/* What a signature is held against. */
struct sig_case {
	const struct image_trust *trust;
	uint32_t policy;
	const struct oci_blob *blobs;
	size_t n_blobs;
	const char *digests[2];		/* of the image: top and manifest */
};

/* ---- parts.c ---- */
int	sig_refuse(struct oci_why *why, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Of JSON without duplicate keys.  NULL: it is none. */
json_t	*sig_json(const void *bytes, size_t len);
/* Base64 of a JSON string; not a string, or not base64: refused. */
int	sig_base64(const json_t *v, struct buffer *out);
/* A whole number, as such or as protobuf's JSON has it, as a string. */
int	sig_number(const json_t *v, int64_t *out);
/* Certificates of PEM one after another, at most SIG_CHAIN_MAX; the first one into *first when it is not NULL. */
int	sig_pem(const void *text, size_t len, X509 **first, STACK_OF(X509) **rest);
X509	*sig_certificate(const void *der, size_t len);		/* the whole of it, or NULL */
/* Without "sha256:"; what it is of, or NULL. */
const char *sig_names_image(const struct sig_case *c, const char *hex);

/* ---- keys.c ---- */
/* A public key in DER of a kind and size that is taken, or NULL. */
EVP_PKEY *sig_key(const void *der, size_t len);
bool	sig_verify(EVP_PKEY *key, const void *message, size_t len, const struct buffer *signature);
bool	sig_key_kind_ok(EVP_PKEY *key);
bool	sig_anchor_good(const struct trust_der *d, int64_t at_s);

/* ---- simple.c, dsse.c, bundle.c: from the wire.  s is empty before; sig_clear() after, in any case ---- */
int	simple_read(const json_t *annotations, const void *payload, size_t len, struct sig *s, struct oci_why *why);
int	bundle_read(const void *json, size_t len, struct sig *s, struct oci_why *why);
int	dsse_read(const json_t *envelope, struct sig *s, struct oci_why *why);
/* Whether it says that it is of this image. */
int	simple_of(const struct sig_case *c, const struct sig *s, struct oci_why *why);
int	dsse_of(const struct sig_case *c, const struct sig *s, struct oci_why *why);

/* ---- rekor.c: whether a trusted log has this signature by this certificate; then entry.integrated_s is true ---- */
int	rekor_check(const struct sig_case *c, const struct sig *s, const struct bytes *message, struct oci_why *why);

/* ---- certificate.c ---- */
/* Whether a trusted authority made it, as it was at that time, for signing code.  *issuer: the caller's. */
int	certificate_check(const struct sig_case *c, const struct sig *s, X509 **issuer, struct oci_why *why);
/* Whose it is. */
int	certificate_identity(X509 *cert, struct sig_finding *out, struct oci_why *why);

/* ---- sct.c: whether a trusted log of certificates has it, where one is configured ---- */
int	sct_check(const struct sig_case *c, X509 *cert, X509 *issuer, struct oci_why *why);

#endif
