/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_EVENTS_DNS_H
#define BPFD_EVENTS_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Messages of the DNS (RFC 1035, 4.1), as anybody may have sent them.  Every length and pointer in one
 * is checked; nothing is allocated, and no loop is longer than the message or a name.
 *
 * A name is written in small letters, as names compare, without the dot at its end; the root
 * is ".".  Of a label, a dot, a backslash and what is not printable ASCII is \DDD.
 */
#define DNS_NAME_ROOM	1024		/* 255 bytes of which each may need four */

struct dns_head { uint16_t id, flags, n_questions, n_answers; };
bool	dns_head(const uint8_t *p, size_t len, struct dns_head *out);

/* The first question's name and type.  Length of the name, 0: there is none, or it is malformed. */
size_t	dns_question(const uint8_t *p, size_t len, char name[DNS_NAME_ROOM], uint16_t *type);

/*
 * Addresses (A, AAAA) and names (CNAME, NS, PTR) of the answers, in their order, each followed by NUL.
 * At most max of them, up to what is cut or malformed.  Bytes written.
 */
size_t	dns_answers(const uint8_t *p, size_t len, unsigned int max, char *out, size_t room);

#endif
