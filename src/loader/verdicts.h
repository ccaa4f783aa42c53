/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LOADER_VERDICTS_H
#define BPFD_LOADER_VERDICTS_H

#include <stdint.h>

#include "ipc/image.h"

/*
 * What a bpfd-fetch said of the signatures of objects, by way of the supervisor: the API has no part
 * in it.  The newest VERDICTS_MAX are kept: a load comes right after the check of its image.
 */
#define VERDICTS_MAX 256

struct verdicts {
	uint32_t n;			/* ever */
	struct { uint8_t sha256[32]; enum image_signature signature; } of[VERDICTS_MAX];
};

/* The newest of an object, by its SHA-256; IMAGE_UNSIGNED when there is none. */
enum image_signature verdicts_find(const struct verdicts *v, const uint8_t sha256[32]);

#endif
