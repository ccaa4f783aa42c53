/* SPDX-License-Identifier: Apache-2.0 */
#include "signature/parts.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/base64.h"
#include "common/utf8.h"

/* Times of certificates are compared by gmtime_r(), which reads the time zone at its first call. */
int
signature_start(void)
{
	const time_t now = 0;
	struct tm tm;

	if (!OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_LOAD_CRYPTO_STRINGS |
	    OPENSSL_INIT_ADD_ALL_CIPHERS | OPENSSL_INIT_ADD_ALL_DIGESTS, NULL) || !gmtime_r(&now, &tm))
		return -ENOMEM;
	json_object_seed(0);
	return 0;
}

/* Texts of those who sign are shown to people, on terminals. */
static void
plain(char *text)
{
	bool utf8 = utf8_ok(text, strlen(text));

	for (unsigned char *c = (unsigned char *)text; *c; c++)
		if (*c < ' ' || *c == 0x7f || (*c >= 0x80 && !utf8))
			*c = '?';
}

int
sig_refuse(struct oci_why *why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
	plain(why->text);
	return -EKEYREJECTED;
}

json_t *
sig_json(const void *bytes, size_t len)
{
	return json_loadb(bytes, len, JSON_REJECT_DUPLICATES, NULL);
}

int
sig_base64(const json_t *v, struct buffer *out)
{
	size_t len = json_string_length(v);
	AUTO(mem) uint8_t *bytes = json_is_string(v) ? malloc(len / 4 * 3 + 3) : NULL;
	long n = bytes ? base64_decode(bytes, json_string_value(v), len) : -EINVAL;

	if (n < 0)
		return -EKEYREJECTED;
	out->at = TAKE_PTR(bytes);
	out->len = (size_t)n;
	return 0;
}

int
sig_number(const json_t *v, int64_t *out)
{
	const char *text = json_string_value(v);
	char *end;

	if (json_is_integer(v)) {
		*out = json_integer_value(v);
		return 0;
	}
	if (!text || strspn(text, "0123456789") != strlen(text) || !*text || strlen(text) > 18)
		return -EKEYREJECTED;
	*out = strtoll(text, &end, 10);
	return 0;
}

X509 *
sig_certificate(const void *der, size_t len)
{
	const unsigned char *p = der;
	AUTO(x509) X509 *cert = len <= SIG_CERT_MAX ? d2i_X509(NULL, &p, (long)len) : NULL;

	ERR_clear_error();
	return cert && p == (const unsigned char *)der + len ? TAKE_PTR(cert) : NULL;
}

/* The next one of the text; NULL: there is none, or it is something else. */
static X509 *
next_pem(BIO *text)
{
	unsigned char *der = NULL;
	long len = 0;
	X509 *cert = NULL;

	if (PEM_bytes_read_bio(&der, &len, NULL, PEM_STRING_X509, text, NULL, NULL))
		cert = sig_certificate(der, (size_t)len);
	OPENSSL_free(der);
	ERR_clear_error();
	return cert;
}

int
sig_pem(const void *text, size_t len, X509 **first, STACK_OF(X509) **rest)
{
	BIO *in = len && len <= SIG_CHAIN_MAX * SIG_CERT_MAX ? BIO_new_mem_buf(text, (int)len) : NULL;
	int n = 0;
	X509 *cert;

	while (in && n < SIG_CHAIN_MAX && (cert = next_pem(in))) {
		n++;
		if (first && !*first) {
			*first = cert;
			continue;
		}
		if (!*rest)
			*rest = sk_X509_new_null();
		if (!*rest || !sk_X509_push(*rest, cert))
			X509_free(cert);
	}
	BIO_free(in);
	return n ? 0 : -EKEYREJECTED;
}

const char *
sig_names_image(const struct sig_case *c, const char *hex)
{
	for (size_t i = 0; hex && i < ARRAY_SIZE(c->digests); i++)
		if (c->digests[i] && strncmp(c->digests[i], "sha256:", 7) == 0 && strcmp(c->digests[i] + 7, hex) == 0)
			return c->digests[i];
	return NULL;
}

void
sig_clear(struct sig *s)
{
	free(s->payload.at);
	free(s->message.at);
	free(s->signature.at);
	free(s->entry.body);
	free(s->entry.set.at);
	X509_free(s->cert);
	sk_X509_pop_free(s->chain, X509_free);
	*s = (struct sig){ 0 };
}
