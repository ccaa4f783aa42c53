/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_ALERTS_SPOOL_H
#define BPFD_ALERTS_SPOOL_H

#include <stddef.h>
#include <stdint.h>

/*
 * The file of a queue: a head of 4096 bytes with two states, the rest goes round.  Records are only
 * appended and only released from the oldest on; a kill at any point leaves all records that
 * spool_append() returned for, and none twice.  It is written by pwrite(): a death of the process
 * loses nothing, a power loss what the kernel had not written back.
 */
struct spool;

struct spool_rec {
	uint64_t number;		/* 1, 2, ... over the file's life */
	uint64_t epoch, seq, key, wall_s;	/* the caller's */
	uint32_t len, reserved;
};

/* What is there already, oldest first, before spool_open() returns.  pos: for spool_read(). */
typedef int spool_found_fn(void *arg, const struct spool_rec *rec, uint64_t pos);

/* fd: see queue_open(); random: any, for the identity of a new file.  *damaged: records that were
 * there once and cannot be read.  -EINVAL, -ENOMEM, what found says, what pread and pwrite say. */
int	spool_open(int fd, uint64_t random, spool_found_fn *found, void *arg, uint64_t *damaged,
		struct spool **out);
void	spool_free(struct spool *s);		/* NULL is fine; the fd is the caller's */

/* rec->number is filled in.  -ENOSPC: not now; -EMSGSIZE: never; else what pwrite says. */
int	spool_append(struct spool *s, struct spool_rec *rec, const void *bytes, uint64_t *pos);
/* rec->len bytes of the record at pos.  -EBADMSG: they are not what was written. */
int	spool_read(const struct spool *s, const struct spool_rec *rec, uint64_t pos, void *out);
/* The n records before oldest, which is at pos, are done with; oldest NULL: all are.  last: the
 * newest of them. */
int	spool_release(struct spool *s, size_t n, const struct spool_rec *oldest, uint64_t pos,
		const struct spool_rec *last);

/* Of the newest record that was ever released: 0, 0 when none was. */
void	spool_last(const struct spool *s, uint64_t *epoch, uint64_t *seq);
uint64_t spool_id(const struct spool *s);
uint64_t spool_used(const struct spool *s);
uint64_t spool_room(const struct spool *s);	/* bytes for records, in all */

#endif
