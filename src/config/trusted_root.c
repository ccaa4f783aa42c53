/* SPDX-License-Identifier: Apache-2.0 */
/* trusted_root.json: https://github.com/sigstore/protobuf-specs, sigstore_trustroot.proto, as JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"
#include "common/base64.h"
#include "config/der.h"
#include "config/trust_reader.h"
#include "ipc/bundle.h"

AUTO_DEFINE(json, json_t *, json_decref)

struct root {
	struct trust_reader *r;
	struct toml_place at;
	const char *file;
};

/* libc's timegm() would open the time zone's file. https://howardhinnant.github.io/date_algorithms.html */
static int64_t
seconds(int y, int mon, int day, int h, int min, int s)
{
	int64_t year = y - (mon <= 2), era = year / 400, of_era = year - era * 400;
	int64_t of_year = (153 * (mon + (mon > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t days = era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;

	return ((days * 24 + h) * 60 + min) * 60 + s;
}

/* "2021-03-07T03:20:29.000Z"; missing: 0. */
static bool
read_time(const json_t *v, int64_t *out)
{
	const char *text = json_string_value(v);
	int y, mon, day, h, min, s, n = 0;

	*out = 0;
	if (!v)
		return true;
	if (!text || sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &y, &mon, &day, &h, &min, &s, &n) != 6)
		return false;
	if (text[n] == '.')
		n += 1 + (int)strspn(text + n + 1, "0123456789");
	if (strcmp(text + n, "Z") != 0 || y < 1971 || mon < 1 || mon > 12 || day < 1 || day > 31 || h < 0 || h > 23 ||
	    min < 0 || min > 59 || s < 0 || s > 60)
		return false;
	*out = seconds(y, mon, day, h, min, s);
	return true;
}

static void
add(const struct root *root, enum trust_use use, const json_t *raw, const json_t *valid)
{
	size_t len = json_string_length(raw);
	AUTO(mem) uint8_t *der = raw ? malloc(len / 4 * 3 + 3) : NULL;
	long n = der ? base64_decode(der, json_string_value(raw) ? json_string_value(raw) : "", len) : -1;
	const char *fault = n <= 0 ? "rawBytes are missing, or not in base64" :
		use == TRUST_FULCIO ? der_certificate_fault(der, (size_t)n) : der_key_fault(der, (size_t)n);
	struct trust_der d;
	int64_t from = 0, until = 0;

	if (!fault && (!read_time(json_object_get(valid, "start"), &from) || !read_time(json_object_get(valid, "end"), &until)))
		fault = "a time is not like 2026-01-31T23:59:59Z";
	if (fault) {
		mistake(&root->r->mistakes, root->at, "%s: %s", root->file, fault);
		return;
	}
	if (!trust_keep(root->r, root->at, root->file, der, (size_t)n, &d))
		return;
	d.from_s = from;
	d.until_s = until;
	trust_anchor(root->r, root->at, use, &d);
}

static void
add_logs(const struct root *root, enum trust_use use, const json_t *all)
{
	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *key = json_object_get(json_array_get(all, i), "publicKey");

		add(root, use, json_object_get(key, "rawBytes"), json_object_get(key, "validFor"));
	}
}

static void
add_authorities(const struct root *root, const json_t *all)
{
	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *ca = json_array_get(all, i);
		const json_t *certs = json_object_get(json_object_get(ca, "certChain"), "certificates");

		for (size_t c = 0; c < json_array_size(certs); c++)
			add(root, TRUST_FULCIO, json_object_get(json_array_get(certs, c), "rawBytes"),
				json_object_get(ca, "validFor"));
	}
}

void
trusted_root_read(struct trust_reader *r, struct toml_place at, const struct bundle_file *f)
{
	json_error_t why;
	AUTO(json) json_t *doc = json_loadb(f->text, f->text_len, JSON_REJECT_DUPLICATES, &why);
	const char *media = json_string_value(json_object_get(doc, "mediaType"));
	const struct root root = { r, at, f->path };

	if (!doc) {
		mistake(&r->mistakes, at, "%s:%d:%d: %s", f->path, why.line, why.column, why.text);
		return;
	}
	if (!media || strncmp(media, "application/vnd.dev.sigstore.trustedroot", 40) != 0) {
		mistake(&r->mistakes, at, "%s is no trusted root of sigstore's: its mediaType is another", f->path);
		return;
	}
	add_logs(&root, TRUST_REKOR, json_object_get(doc, "tlogs"));
	add_logs(&root, TRUST_CTLOG, json_object_get(doc, "ctlogs"));
	add_authorities(&root, json_object_get(doc, "certificateAuthorities"));
}
