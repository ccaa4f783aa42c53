/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFCTL_BTF_VALUE_H
#define BPFD_BPFCTL_BTF_VALUE_H

#include "bpfctl/buf.h"
#include "common/kbtf.h"

/*
 * Keys and values of maps as text, by their type in a BTF blob.  Blob and bytes come from others:
 * neither is trusted.  The text is JSON: structs, unions and sections of variables are objects (what
 * an anonymous member holds belongs to its parent), enums their names, arrays of char that hold text
 * strings, pointers "0x...".  Bytes that nothing describes are "hex:0102".
 */

/* Type 0, or one that does not fit the len bytes: hex.  Appends exactly one JSON value. */
void	btf_show(struct buf *b, const struct kbtf *k, uint32_t type, const void *data, size_t len);
void	btf_show_hex(struct buf *b, const void *data, size_t len);

/*
 * The way back, also of what people write: bare names of enums and members, 0x numbers, a string
 * without quotes where the whole is one.  Members that are not named are 0.  Without a type: a
 * number when there are 1, 2, 4 or 8 bytes, or hex.  -EINVAL with words in why; data is then undefined.
 */
int	btf_parse(const char *text, const struct kbtf *k, uint32_t type, void *data, size_t len,
		struct buf *why);

/* Of both: the type of an array's elements, when they are characters. */
bool	btf_is_char(const struct kbtf *k, uint32_t type);

#endif
