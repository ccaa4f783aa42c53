/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_ENRICHER_KRINGS_H
#define BPFD_ENRICHER_KRINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/event.h"

/*
 * The kernel's ring buffers (BPF_MAP_TYPE_RINGBUF), read by mmap alone: a page with the position
 * of the consumer, a page with that of the producer, the data twice.
 */
struct kring {
	int fd;				/* owned */
	uint32_t class_, cpu, map_id;
	size_t bytes;
	uint64_t *consumer;
	const uint64_t *producer;
	const unsigned char *data;
	uint64_t pos;			/* of the next record to read */
	uint64_t released;		/* what consumer says */
	uint64_t snap;			/* read up to here in this drain */
	/* The record at pos, when there is one. */
	const struct ev_hdr *rec;
	uint32_t len;			/* of its bytes */
	uint32_t span;			/* with its header, rounded */
};

struct krings {
	struct kring *r;
	size_t n, room;
	struct kring **heap;		/* those with a record, earliest first */
	size_t n_heap;
	bool held;			/* a control ring ends in a record that is being written */
	uint64_t held_since;		/* first time this was so, ns; 0: it is not */
	uint64_t discarded, damaged;
	unsigned int fill;		/* of the fullest at the snapshot, in 16ths */
};

/* Takes fd on success.  -EINVAL: sizes; what mmap says. */
int	krings_add(struct krings *k, int take_fd, size_t data_bytes, uint32_t class_,
		uint32_t cpu, uint32_t map_id);
void	krings_free(struct krings *k);

/* Goes on where its consumer page says. */
void	kring_reload(struct kring *r);
/* Goes on at pos where that is further on and possible. */
void	kring_skip(struct kring *r, uint64_t pos);

/*
 * Snapshot: the positions of all bulk rings, then those of the control rings.  What an event needs
 * to be understood was sent to a control ring before the event was, so it is within the snapshot.
 * now_ns: any clock; a control ring's record that has been in the making for longer than
 * KRINGS_PATIENCE_NS no longer holds the others up.
 */
#define KRINGS_PATIENCE_NS 10000000ull
void	krings_begin(struct krings *k, uint64_t now_ns);
/* The ring with the earliest record, or NULL: this drain is done.  The record is there until
 * kring_release(). */
struct kring *krings_next(struct krings *k);
/* Its record has been read. */
void	krings_advance(struct krings *k, struct kring *r);
/* Gives what was read back to the kernel. */
void	kring_release(struct kring *r);
bool	krings_waiting(const struct krings *k);	/* something that is not yet read */

#endif
