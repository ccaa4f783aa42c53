/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFCTL_SAFE_H
#define BPFD_BPFCTL_SAFE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpfctl/buf.h"

/*
 * Foreign text on its way out.  Names, paths and messages come from objects and other users:
 * control characters (C0, DEL, C1), characters that change the direction of writing or are
 * invisible, and bytes that are not UTF-8 never reach a terminal.
 */

/* Decodes one character.  Returns its length in bytes, or 0 when *s does not start one (RFC 3629:
 * no overlong form, no surrogate, at most U+10FFFF).  len is at least 1. */
size_t	safe_utf8(const uint8_t *s, size_t len, uint32_t *cp);

/* For people: unsafe characters as \n, \t, \xNN or \u{NNNN}, a backslash as it is.  With
 * keep_lines newlines and tabs stay. */
void	safe_plain(struct buf *b, const char *s, size_t len, bool keep_lines);

/* A JSON string with its quotes (RFC 8259), also a YAML double-quoted scalar: unsafe characters as
 * \uNNNN, invalid bytes as U+FFFD. */
void	safe_json(struct buf *b, const char *s, size_t len);

/* Columns that safe_plain()'s output takes: its number of characters. */
size_t	safe_width(const char *s, size_t len);

#endif
