/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_CONFIG_TRUST_READER_H
#define BPFD_CONFIG_TRUST_READER_H

#include <jansson.h>

#include "config/mistakes.h"
#include "signature/trust.h"

struct bundle_file;

/* The reading of one file of trust.d, for trust.c, trust_files.c and trusted_root.c. */
struct trust_reader {
	const void *bundle;		/* all files of the folder */
	size_t bundle_len;
	struct image_trust *t;
	uint32_t policy;		/* the number of the one that is being read */
	struct mistakes mistakes;
};

/* Keeps DER; 0: it is a mistake, at that place, and said. */
bool	trust_keep(struct trust_reader *r, struct toml_place at, const char *file, const uint8_t *der, size_t len,
		struct trust_der *out);
/* One that is kept is trusted for that. */
void	trust_anchor(struct trust_reader *r, struct toml_place at, enum trust_use use, const struct trust_der *d);
/* Keeps what is in the file that the value of a key names. */
void	trust_file(struct trust_reader *r, const char *key, const struct toml_value *v);
/* Sigstore's trusted_root.json: logs and authorities, and when each was in use. */
void	trusted_root_read(struct trust_reader *r, struct toml_place at, const struct bundle_file *f);

#endif
