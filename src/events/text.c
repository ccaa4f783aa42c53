/* SPDX-License-Identifier: Apache-2.0 */
#include "events/text.h"

static const char hex_digits[] = "0123456789abcdef";

static inline void
put(struct text *t, const char *s, size_t len)
{
	if (__builtin_expect(t->full || len > (size_t)(t->end - t->p), 0)) {
		t->full = true;
		return;
	}
	text_copy(t->p, s, len);
	t->p += len;
}

#define EACH(byte) (0x0101010101010101ULL * (byte))

/* Whether one of the eight bytes is a control, '"', '\\', DEL or above ASCII; never misses one. */
static inline uint64_t
special8(uint64_t x)
{
	uint64_t quote = x ^ EACH('"'), slash = x ^ EACH('\\'), del = x ^ EACH(0x7f);
	uint64_t hit = x | (x - EACH(0x20)) | (quote - EACH(1)) | (slash - EACH(1)) | (del - EACH(1));

	return hit & EACH(0x80);
}

static inline bool
special(unsigned char c)
{
	return c < 0x20 || c >= 0x7f || c == '"' || c == '\\';
}

static inline uint64_t
load8(const unsigned char *s)
{
	uint64_t x;

	memcpy(&x, s, sizeof(x));
	return x;
}

/* The same of sixteen at s. */
static inline bool
special16(const unsigned char *s)
{
	typedef unsigned char bytes __attribute__((vector_size(16)));
	uint64_t half[2];
	bytes x, hit;

	memcpy(&x, s, sizeof(x));
	hit = (bytes)((x < 0x20) | (x >= 0x7f) | (x == '"') | (x == '\\'));
	memcpy(half, &hit, sizeof(half));
	return half[0] | half[1];
}

/* Bytes at s that need no escape in a JSON string, nor on a line. */
static size_t
plain_run(const unsigned char *s, size_t len)
{
	size_t i = 0;

	if (len >= 16) {
		while (i + 16 <= len && !special16(s + i))
			i += 16;
		if (i + 16 > len && !special16(s + len - 16))
			return len;
	} else if (len >= 8 && !(special8(load8(s)) | special8(load8(s + len - 8)))) {
		return len;
	}
	while (i < len && !special(s[i]))
		i++;
	return i;
}

void
text_bytes_slow(struct text *t, const char *s, size_t len)
{
	size_t run = 0, plain = t->quoted ? plain_run((const unsigned char *)s, len) : len;

	for (size_t i = plain; i < len; i++) {
		if (s[i] != '"' && s[i] != '\\')
			continue;
		put(t, s + run, i - run);
		put(t, "\\", 1);
		run = i;
	}
	put(t, s + run, len - run);
}

static unsigned int
digits_of(uint64_t u)
{
	unsigned int n = 1;

	for (; u >= 10000; u /= 10000)
		n += 4;
	return n + (u >= 10) + (u >= 100) + (u >= 1000);
}

void
text_u64(struct text *t, uint64_t u)
{
	static const char pairs[] =
		"00010203040506070809101112131415161718192021222324252627282930313233343536373839"
		"40414243444546474849505152535455565758596061626364656667686970717273747576777879"
		"8081828384858687888990919293949596979899";
	unsigned int n = digits_of(u);
	char *p;

	if (__builtin_expect(t->full || n > (size_t)(t->end - t->p), 0)) {
		t->full = true;
		return;
	}
	p = t->p += n;
	for (; u >= 100; u /= 100) {
		p -= 2;
		memcpy(p, pairs + 2 * (u % 100), 2);
	}
	if (u >= 10)
		memcpy(p - 2, pairs + 2 * u, 2);
	else
		p[-1] = (char)('0' + u);
}

void
text_i64(struct text *t, int64_t i)
{
	if (i < 0)
		put(t, "-", 1);
	text_u64(t, i < 0 ? 0 - (uint64_t)i : (uint64_t)i);
}

void
text_hex(struct text *t, uint64_t u)
{
	char digits[16], *p = digits + sizeof(digits);

	do
		*--p = hex_digits[u & 15];
	while (u >>= 4);
	put(t, "0x", 2);
	put(t, p, (size_t)(digits + sizeof(digits) - p));
}

static void
two_digits(char *at, int n)
{
	at[0] = (char)('0' + n / 10 % 10);
	at[1] = (char)('0' + n % 10);
}

/*
 * "2026-01-02T03:04:05".  gmtime_r() would look for a time zone's file, which is not for a sealed
 * process.  Days to a date: years that begin in March, in eras of 400.
 */
static void
put_date(char *date, int64_t second)
{
	int64_t day = second / 86400 - (second % 86400 < 0), left = second - day * 86400;
	int64_t z = day + 719468, era = (z >= 0 ? z : z - 146096) / 146097, doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
	int64_t month = mp < 10 ? mp + 3 : mp - 9, year = yoe + era * 400 + (month <= 2);

	if (year < 0 || year > 9999)
		return;
	two_digits(date, (int)(year / 100));
	two_digits(date + 2, (int)(year % 100));
	two_digits(date + 5, (int)month);
	two_digits(date + 8, (int)(doy - (153 * mp + 2) / 5 + 1));
	two_digits(date + 11, (int)(left / 3600));
	two_digits(date + 14, (int)(left / 60 % 60));
	two_digits(date + 17, (int)(left % 60));
}

/* The last second asked for is kept: events come in order.  *rest: ns behind it. */
static const char *
date_of(int64_t ns, uint32_t *rest)
{
	static char date[] = "0000-00-00T00:00:00";
	static uint64_t from;		/* ns of the date's second; 0: none yet */
	uint64_t left = (uint64_t)ns - from;
	int64_t second;

	if (__builtin_expect(!from || left >= 1000000000, 0)) {
		second = ns / 1000000000 - (ns % 1000000000 < 0);
		put_date(date, second);
		from = (uint64_t)second * 1000000000;
		left = (uint64_t)ns - from;
	}
	*rest = (uint32_t)left;
	return date;
}

static inline void
digits3(char *out, uint32_t n)
{
	out[0] = (char)('0' + n / 100);
	out[1] = (char)('0' + n / 10 % 10);
	out[2] = (char)('0' + n % 10);
}

/* Room for len bytes that are no quotes, taken; NULL: there is none. */
static inline char *
take(struct text *t, size_t len)
{
	char *p = t->p;

	if (__builtin_expect(t->full || len > (size_t)(t->end - p), 0)) {
		t->full = true;
		return NULL;
	}
	t->p += len;
	return p;
}

void
text_time(struct text *t, int64_t real_ns)
{
	char *out = take(t, strlen("2026-01-02T03:04:05.678901234Z"));
	uint32_t rest;

	if (!out)
		return;
	memcpy(out, date_of(real_ns, &rest), 19);
	out[19] = '.';
	digits3(out + 20, rest / 1000000);
	digits3(out + 23, rest / 1000 % 1000);
	digits3(out + 26, rest % 1000);
	out[29] = 'Z';
}

void
text_clock(struct text *t, int64_t real_ns)
{
	char *out = take(t, strlen("03:04:05.678"));
	uint32_t rest;

	if (!out)
		return;
	memcpy(out, date_of(real_ns, &rest) + 11, 8);
	out[8] = '.';
	digits3(out + 9, rest / 1000000);
}

size_t
text_utf8(const unsigned char *s, size_t len, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = s[0] < 0x80 ? 1 : (s[0] & 0xe0) == 0xc0 ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 :
		(s[0] & 0xf8) == 0xf0 ? 4 : 0;
	uint32_t c = n == 1 ? s[0] : s[0] & (0x7fU >> n);

	if (!n || n > len)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*code = c;
	return n;
}

/* Characters above ASCII that steer a terminal or turn the order of what is shown. */
static bool
steers(uint32_t c)
{
	return (c >= 0x80 && c < 0xa0) || c == 0xad || c == 0x61c || (c >= 0x200b && c <= 0x200f) ||
		(c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
		(c >= 0xfff9 && c <= 0xfffb) || c >= 0xe0000;
}

/* How many bytes of a string are taken: never a part of a character that is whole. */
static size_t
capped(struct text *t, const unsigned char *s, size_t len)
{
	size_t n = t->cap;

	if (len <= n)
		return len;
	t->cut = true;
	for (int i = 0; i < 3 && n > 0 && (s[n] & 0xc0) == 0x80; i++)
		n--;
	return n;
}

static void
json_unit(struct text *t, uint32_t unit)
{
	const char esc[6] = { '\\', 'u', hex_digits[unit >> 12 & 15], hex_digits[unit >> 8 & 15],
		hex_digits[unit >> 4 & 15], hex_digits[unit & 15] };

	put(t, esc, sizeof(esc));
}

static void
json_escape(struct text *t, uint32_t c)
{
	static const char short_of[0x20] = { ['\n'] = 'n', ['\t'] = 't', ['\r'] = 'r', ['\b'] = 'b',
		['\f'] = 'f' };
	char esc[2] = { '\\', (char)c };

	if (c < 0x20)
		esc[1] = short_of[c];
	if (esc[1] && c < 0x7f) {
		put(t, esc, 2);
	} else if (c > 0xffff) {
		json_unit(t, 0xd800 + ((c - 0x10000) >> 10));
		json_unit(t, 0xdc00 + (c & 0x3ff));
	} else {
		json_unit(t, c);
	}
}

bool
text_json(struct text *t, const void *bytes, size_t len)
{
	const unsigned char *s = bytes;
	size_t n = capped(t, s, len), run, width;
	bool valid = true;
	uint32_t c;

	put(t, "\"", 1);
	run = plain_run(s, n);
	if (run == n) {
		put(t, bytes, n);
		put(t, "\"", 1);
		return true;
	}
	for (size_t i = 0; i < n && !t->full; i += width) {
		run = plain_run(s + i, n - i);
		put(t, (const char *)s + i, run);
		i += run;
		width = 1;
		if (i == n)
			break;
		if (s[i] < 0x80) {
			json_escape(t, s[i]);
			continue;
		}
		width = text_utf8(s + i, n - i, &c);
		if (!width) {
			valid = false;
			width = 1;
			put(t, "\\ufffd", 6);
		} else if (steers(c)) {
			json_escape(t, c);
		} else {
			put(t, (const char *)s + i, width);
		}
	}
	put(t, "\"", 1);
	return valid;
}

void
text_json_hex(struct text *t, const void *bytes, size_t len)
{
	const unsigned char *s = bytes;
	size_t n = capped(t, s, len);

	put(t, "\"", 1);
	for (size_t i = 0; i < n && !t->full; i++)
		put(t, (char[2]){ hex_digits[s[i] >> 4], hex_digits[s[i] & 15] }, 2);
	put(t, "\"", 1);
}

static void
line_escape(struct text *t, unsigned char c)
{
	static const char short_of[0x20] = { ['\n'] = 'n', ['\t'] = 't', ['\r'] = 'r' };

	if (c == '\\')
		text_bytes(t, "\\\\", 2);
	else if (c < 0x20 && short_of[c])
		text_bytes(t, (char[2]){ '\\', short_of[c] }, 2);
	else
		text_bytes(t, (char[4]){ '\\', 'x', hex_digits[c >> 4], hex_digits[c & 15] }, 4);
}

/* Both kinds of line: each character as it is, or each of its bytes escaped. */
static void
line(struct text *t, const unsigned char *s, size_t len, const char *also)
{
	size_t width;
	uint32_t c;

	for (size_t i = 0; i < len && !t->full; i += width) {
		width = plain_run(s + i, len - i);
		for (const char *a = also; width && *a; a++) {
			const unsigned char *at = memchr(s + i, *a, width);

			width = at ? (size_t)(at - (s + i)) : width;
		}
		if (width) {
			text_bytes(t, (const char *)s + i, width);
			continue;
		}
		width = text_utf8(s + i, len - i, &c);
		if (width && c >= 0x20 && c != 0x7f && c != '\\' && !steers(c) &&
		    !(c < 0x80 && strchr(also, (int)c))) {
			text_bytes(t, (const char *)s + i, width);
			continue;
		}
		width = width ? width : 1;
		for (size_t k = 0; k < width; k++)
			line_escape(t, s[i + k]);
	}
}

void
text_line(struct text *t, const void *s, size_t len, const char *also)
{
	line(t, s, capped(t, s, len), also);
}

void
text_go(struct text *t, const void *bytes, size_t len)
{
	const unsigned char *s = bytes, *end = s + capped(t, s, len), *q;

	text_char(t, '"');
	/* A quote inside is the only thing that %q escapes and a line does not. */
	for (; s < end && (q = memchr(s, '"', (size_t)(end - s))) != NULL; s = q + 1) {
		line(t, s, (size_t)(q - s), "");
		text_bytes(t, "\\\"", 2);
	}
	line(t, s, (size_t)(end - s), "");
	text_char(t, '"');
}
