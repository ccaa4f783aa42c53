/* SPDX-License-Identifier: Apache-2.0 */
#include "alerts/mime.h"

#include "common/base64.h"

#define LINE		76		/* characters of one, without its end */
#define WORD_MOST	60		/* of a text that is folded at blanks */
#define WORD_BYTES	42		/* of an encoded word: 56 of base64, 12 around them */

/* ASCII that can be folded, and that nobody takes for an encoded word. */
static bool
plain(const char *s, size_t len)
{
	size_t word = 0;

	for (size_t i = 0; i < len; i++) {
		word = s[i] == ' ' ? 0 : word + 1;
		if (s[i] < ' ' || s[i] > '~' || word > WORD_MOST || (s[i] == '=' && i + 1 < len && s[i + 1] == '?'))
			return false;
	}
	return true;
}

/* Broken before blanks, which belong to the next line then. */
static void
fold(struct text *t, size_t column, const char *s, size_t len)
{
	size_t word;

	for (size_t i = 0; i < len; i += word) {
		for (word = 1; i + word < len && s[i + word] != ' '; word++)
			;
		if (column + word > LINE && s[i] == ' ' && word > 1) {
			TEXT_LIT(t, "\r\n");
			column = 0;
		}
		text_bytes(t, s + i, word);
		column += word;
	}
}

static void
encoded_words(struct text *t, const char *s, size_t len)
{
	char word[BASE64_SIZE(WORD_BYTES)];
	size_t n, out;

	for (size_t i = 0; i < len; i += n) {
		n = len - i < WORD_BYTES ? len - i : WORD_BYTES;
		/* No character is in two words. */
		while (i + n < len && n > 1 && (s[i + n] & 0xc0) == 0x80)
			n--;
		out = base64_encode(word, s + i, n);
		text_str(t, i ? "\r\n =?UTF-8?B?" : "=?UTF-8?B?");
		text_bytes(t, word, out);
		text_bytes(t, "==", -out % 4);
		TEXT_LIT(t, "?=");
	}
}

void
mime_header(struct text *t, const char *name, const char *s, size_t len)
{
	text_str(t, name);
	TEXT_LIT(t, ": ");
	if (plain(s, len))
		fold(t, strlen(name) + 2, s, len);
	else
		encoded_words(t, s, len);
	TEXT_LIT(t, "\r\n");
}

/* strftime() would ask for a locale and a time zone, which are files. */
void
mime_date(struct text *t, int64_t s)
{
	static const char days[] = "ThuFriSatSunMonTueWed";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char iso[40];
	struct text to = { .p = iso, .end = iso + sizeof(iso), .cap = sizeof(iso) };
	unsigned int month;

	text_time(&to, s * 1000000000);
	month = (unsigned int)((iso[5] - '0') * 10 + iso[6] - '0' - 1) % 12;
	TEXT_LIT(t, "Date: ");
	text_bytes(t, days + (size_t)(s / 86400 % 7) * 3, 3);
	TEXT_LIT(t, ", ");
	text_bytes(t, iso + 8, 2);
	text_char(t, ' ');
	text_bytes(t, months + (size_t)month * 3, 3);
	text_char(t, ' ');
	text_bytes(t, iso, 4);
	text_char(t, ' ');
	text_bytes(t, iso + 11, 8);
	TEXT_LIT(t, " +0000\r\n");
}

static bool
qp_plain(const char *s, size_t i, size_t len, size_t column)
{
	char c = s[i];

	if (c == '.' && column == 0)
		return false;
	if (c == ' ')			/* at a line's end it would be lost */
		return i + 1 < len && s[i + 1] != '\n';
	return c > ' ' && c <= '~' && c != '=';
}

void
mime_qp(struct text *t, const char *s, size_t len)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t column = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		bool as_is = qp_plain(s, i, len, column);

		if (c == '\n') {
			TEXT_LIT(t, "\r\n");
			column = 0;
			continue;
		}
		if (column + (as_is ? 1 : 3) > LINE - 1) {
			TEXT_LIT(t, "=\r\n");
			column = 0;
			as_is = qp_plain(s, i, len, column);
		}
		if (as_is)
			text_char(t, (char)c);
		else
			text_bytes(t, (char[3]){ '=', digits[c >> 4], digits[c & 15] }, 3);
		column += as_is ? 1 : 3;
	}
	if (column)
		TEXT_LIT(t, "\r\n");
}
