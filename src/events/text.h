/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_EVENTS_TEXT_H
#define BPFD_EVENTS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * A writer into a buffer of fixed size.  What does not fit is dropped and full is set; strings
 * from outside are cut at cap bytes, so that a caller can begin again with a smaller one.
 */
struct text {
	char *p, *end;
	size_t cap;			/* bytes taken of any one string */
	bool full, cut;			/* cut: of some string only cap bytes were taken */
	bool quoted;			/* the whole is inside a Go string: '"' and '\' get a '\' more */
};

void	text_bytes_slow(struct text *t, const char *s, size_t len);

/*
 * Few bytes by two stores.  The compiler must not see how small a length is that it does not
 * know: it would write "rep movs", which takes longer to begin than most of these copies.
 */
static inline void
text_copy(char *to, const char *s, size_t len)
{
	uint64_t head, tail;

	if (__builtin_constant_p(len)) {
		memcpy(to, s, len);
		return;
	}
	if (len - 8 <= 8) {
		memcpy(&head, s, 8);
		memcpy(&tail, s + len - 8, 8);
		memcpy(to, &head, 8);
		memcpy(to + len - 8, &tail, 8);
		return;
	}
	__asm__("" : "+r" (len));
	memcpy(to, s, len);
}

/* As they are: our own. */
static inline void
text_bytes(struct text *t, const char *s, size_t len)
{
	if (__builtin_expect(t->quoted || t->full || len > (size_t)(t->end - t->p), 0)) {
		text_bytes_slow(t, s, len);
		return;
	}
	text_copy(t->p, s, len);
	t->p += len;
}

static inline void
text_char(struct text *t, char c)
{
	text_bytes(t, &c, 1);
}

void	text_u64(struct text *t, uint64_t u);
void	text_i64(struct text *t, int64_t i);
void	text_hex(struct text *t, uint64_t u);			/* 0x1f */
/* CLOCK_REALTIME ns as 2026-01-02T03:04:05.678901234Z; _clock: 03:04:05.678 */
void	text_time(struct text *t, int64_t real_ns);
void	text_clock(struct text *t, int64_t real_ns);

/* s as a JSON string with its quotes.  False: it has bytes that are not UTF-8, replaced here. */
bool	text_json(struct text *t, const void *s, size_t len);
void	text_json_hex(struct text *t, const void *s, size_t len);	/* "0aff", quotes too */
/* On a line: controls, '\', invalid UTF-8 and the bytes of also as \n, \t, \\, \xNN. */
void	text_line(struct text *t, const void *s, size_t len, const char *also);
void	text_go(struct text *t, const void *s, size_t len);	/* as Go's %q, with the quotes */

/* Length of the UTF-8 sequence at s, or 0; *code is its character. */
size_t	text_utf8(const unsigned char *s, size_t len, uint32_t *code);

#define TEXT_LIT(t, lit) text_bytes((t), "" lit, sizeof(lit) - 1)
static inline void
text_str(struct text *t, const char *s)
{
	text_bytes(t, s, strlen(s));
}

#endif
