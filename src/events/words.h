/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_EVENTS_WORDS_H
#define BPFD_EVENTS_WORDS_H

#include "events/schema.h"

/* Names of values that several tracers have. */
extern const struct field_word words_open_flags[];	/* O_*; what has several bits comes first */
extern const struct field_word words_caps[], words_cap[];	/* CAP_*: of a set, of one number */
extern const struct field_word words_tcp_states[];	/* as genuinetools/bpfd spelled them */

extern const struct field_word words_drop_reasons[];	/* of bpf/tcpdrop.h */
extern const struct field_word words_families[];	/* of sockets, without AF_ as go-ebpf's socketsnoop */
extern const struct field_word words_socket_types[];
extern const struct field_word words_protocols[];	/* of INET and INET6 */

/* The last component of the path that the field's offset names; F_STR. */
bool	words_get_name(const struct event *e, const struct field *f, struct value *out);
/* ret as a descriptor; false when it is an error. */
bool	words_get_fd(const struct event *e, const struct field *f, struct value *out);

#endif
