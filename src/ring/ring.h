/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_RING_RING_H
#define BPFD_RING_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The event ring: one producer, any number of consumers, in a memfd.  The producer never waits; a
 * consumer that falls a whole ring behind is lapped, counts what it missed and goes on at the
 * oldest record.  Consumers map it read-only; where each stands is in a page of its own (cursor),
 * which outlives it.  What the producer must know after its death is in the ring itself: a commit
 * publishes, in one atomic store, the records written since the last one together with how far
 * the producer had read each of its own sources, so that a restarted producer neither loses nor
 * repeats anything.
 */
#define RING_SOURCES_MAX 2048	/* kernel rings: CPUs x classes */
#define RING_BYTES_MIN	(64 << 10)
#define RING_BYTES_MAX	(1 << 30)

/* Bytes of a memfd for a ring with room for data_bytes (power of two) of records. */
size_t	ring_file_bytes(size_t data_bytes);
#define RING_CURSOR_BYTES 4096

/* For the supervisor: memfds of the right size, zero, that can neither shrink nor grow (what the
 * others insist on), and the same file again for those who must not write.  CLOEXEC, the caller's;
 * negative errno. */
int	ring_memfd(size_t data_bytes);
int	ring_cursor_memfd(void);
int	ring_readonly(int fd);			/* by /proc/self/fd */

/* ---- producer ---- */
struct ring;

/* Maps the ring; an empty file (all zero) is set up, one in use is continued.  fd: borrowed,
 * read-write, size by ring_file_bytes().  -EINVAL, -ENOMEM. */
int	ring_new(int fd, size_t data_bytes, struct ring **out);
void	ring_free(struct ring *r);			/* NULL is fine */

/* Room for a record of len bytes (multiple of 8, <= a quarter of the ring), filled in by the
 * caller; ring_push() ends it.  Its seq is the return value; never fails. */
uint64_t ring_reserve(struct ring *r, size_t len, void **out);
void	ring_push(struct ring *r);

/*
 * What a record has in common with an earlier one need not be written again: readers get it put in.  The
 * earlier one must be complete itself, and not so far back that ring_in_reach() says no.
 */
struct ring_share {
	uint64_t place;			/* of the earlier one, of ring_place() */
	uint16_t off, len;		/* the bytes of it; multiples of 8, len <= RING_SHARED_MAX */
	uint16_t at;			/* behind so many of the record's own bytes; multiple of 8 */
	uint16_t reserved;
};
#define RING_SHARED_MAX	1536
/* Where the next record will be; ring_reserve_sharing() must come next.  Not 0 but for the very first. */
uint64_t ring_place(struct ring *r);
bool	ring_in_reach(const struct ring *r, uint64_t place);
/* As ring_reserve(); len: the record's own bytes, with: NULL or what it shares. */
uint64_t ring_reserve_sharing(struct ring *r, size_t len, const struct ring_share *with, void **out);
/* Position of source i of the producer (below RING_SOURCES_MAX), part of the next commit. */
void	ring_source_set(struct ring *r, unsigned int i, uint64_t pos);
uint64_t ring_source(const struct ring *r, unsigned int i);	/* as of the last commit, at start */
void	ring_commit(struct ring *r);
/*
 * From now on, where all watched consumers have read everything and the place in the data is not
 * below low_bytes, goes on at the data's beginning: memory that was never needed is not touched, and
 * what is used stays in the processor's cache.  To be called when all consumers are watched: of one
 * that is not, nothing is known.
 */
void	ring_stay_low(struct ring *r, size_t low_bytes);

/* A consumer's cursor page, read-only here, and its eventfd: ring_commit() wakes it when it sleeps. */
int	ring_watch(struct ring *r, int cursor_fd, int event_fd);
/* Unread bytes of the slowest watched consumer, for the linger decision. */
size_t	ring_backlog(const struct ring *r);
/* What the i-th watched consumer says of itself.  False: it has never been there. */
struct ring_watched { uint64_t missed, behind; const uint64_t *scratch; };	/* behind: records */
bool	ring_watched(const struct ring *r, size_t i, struct ring_watched *out);

/* ---- consumer ---- */
struct ring_reader;

/* fd: read-only; cursor_fd: read-write.  A fresh cursor begins at the newest record.  Checks sizes
 * and magic: -EINVAL.  Descriptors are borrowed. */
int	ring_open(int fd, int cursor_fd, struct ring_reader **out);
void	ring_close(struct ring_reader *r);
/* 1: the next record, copied out and therefore stable until the next call; 0: none. */
int	ring_next(struct ring_reader *r, const void **rec, size_t *len);
/* What the record handed out last takes in the ring, without what it shares. */
size_t	ring_taken(const struct ring_reader *r);
/* The records handed out so far are done with: a restarted consumer goes on after them. */
void	ring_done(struct ring_reader *r);
/* RING_SCRATCH words of the cursor page for the consumer's own use (what it was about to do). */
#define RING_SCRATCH	256
uint64_t *ring_scratch(struct ring_reader *r);
uint64_t ring_missed(const struct ring_reader *r);	/* records lapped, from the holes in seq */
/* Before a wait on the eventfd.  False: there is a record already, do not wait. */
bool	ring_sleep(struct ring_reader *r);
void	ring_awake(struct ring_reader *r);
/* Nobody reads for a while: the producer neither wakes this consumer nor minds how far behind it
 * is.  resume goes on at the newest record; what was passed over is not missed. */
void	ring_pause(struct ring_reader *r);
void	ring_resume(struct ring_reader *r);

#endif
