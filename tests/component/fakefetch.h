/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_FAKEFETCH_H
#define BPFD_TESTS_FAKEFETCH_H

#include "component/apirig.h"

/* The supervisor's part of FETCH, and a bpfd-fetch that has no registry, in a thread beside an apirig. */
enum fetch_mood {
	FETCH_WORKS,
	FETCH_FAILS,		/* PERMISSION_DENIED, as for a bad signature */
	FETCH_REFUSES,		/* the supervisor: RESOURCE_EXHAUSTED */
	FETCH_DIES,		/* without a word */
	FETCH_LIES,		/* facts of an image with another digest */
	FETCH_LIES_NAME,	/* facts of an image with another name */
	FETCH_OTHER_OBJECT,	/* the object has other bytes */
	FETCH_BABBLES,		/* facts that are none */
	FETCH_WAITS,		/* says nothing until its channel ends, or the mood is another one */
};

struct fakefetch {
	struct apirig *rig;
	pthread_t thread;
	bool running, stop;
	struct chan *waiting;

	pthread_mutex_t lock;	/* of all below */
	enum fetch_mood mood;
	char digest;		/* of what the registry has: sha256: and 64 of it */
	uint32_t signature;
	char signer[64];
	size_t bundle_bytes;	/* of the next pull; 0: a short one */
	struct image_request request;	/* the last */
	struct image_request pull;	/* the last of IMAGE_PULL */
	char bundle[64];	/* beginning of what the last check was of */
	unsigned int pulls, checks, ended;	/* ended: those that waited, by their channel's end */
};

void	fakefetch_init(struct fakefetch *f, struct apirig *rig);
void	fakefetch_start(struct fakefetch *f);	/* after apirig_start() */
void	fakefetch_stop(struct fakefetch *f);	/* before the rig's bpfd-api ends */
void	fakefetch_mood(struct fakefetch *f, enum fetch_mood mood);
unsigned int fakefetch_get(struct fakefetch *f, const unsigned int *which);

#endif
