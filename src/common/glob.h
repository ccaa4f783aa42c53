/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_COMMON_GLOB_H
#define BPFD_COMMON_GLOB_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Shell patterns over bytes: ? * [a-z] [!a-z] \x.  path: ? * and sets do not match a slash, and **
 * does ("dir/" followed by "**" is everything below).
 */
bool	glob_match(const char *pattern, size_t plen, const char *text, size_t len, bool path);

#endif
