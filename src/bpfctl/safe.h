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

/* For people: unsafe characters as \n, \t, \xNN or \u{NNNN}, a backslash as it is.  With
 * keep_lines newlines and tabs stay. */
void	safe_plain(struct buf *b, const char *s, size_t len, bool keep_lines);

/* A JSON string with its quotes (RFC 8259), also a YAML double-quoted scalar: unsafe characters as
 * \uNNNN, invalid bytes as U+FFFD. */
void	safe_json(struct buf *b, const char *s, size_t len);

/* Columns that safe_plain()'s output takes: its number of characters. */
size_t	safe_width(const char *s, size_t len);

#endif
