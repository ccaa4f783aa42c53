/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl/safe.h"

#include "events/text.h"

static bool
is_unsafe(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0x0000, 0x001f }, { 0x007f, 0x009f },
		{ 0x00ad, 0x00ad },	/* soft hyphen */
		{ 0x061c, 0x061c }, { 0x200b, 0x200f }, { 0x2028, 0x202e },	/* marks, bidi */
		{ 0x2060, 0x206f }, { 0xfeff, 0xfeff }, { 0xfff9, 0xfffb },
		{ 0xe0000, 0xe0fff },	/* tags and variation selectors */
	};

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

void
safe_plain(struct buf *b, const char *s, size_t len, bool keep_lines)
{
	const uint8_t *p = (const uint8_t *)s, *end = p + len;

	while (p < end) {
		uint32_t c;
		size_t n = text_utf8(p, (size_t)(end - p), &c);

		if (n == 0)
			buf_printf(b, "\\x%02x", *p);
		else if (keep_lines && (c == '\n' || c == '\t'))
			buf_char(b, (char)c);
		else if (c == '\n' || c == '\t')
			buf_str(b, c == '\n' ? "\\n" : "\\t");
		else if (!is_unsafe(c))
			buf_add(b, p, n);
		else if (c < 0x80)
			buf_printf(b, "\\x%02x", c);
		else
			buf_printf(b, "\\u{%x}", c);
		p += n ? n : 1;
	}
}

static void
json_char(struct buf *b, uint32_t c)
{
	static const char shorts[] = "\"\"\\\\\bb\ff\nn\rr\tt";

	for (size_t i = 0; i < sizeof(shorts) - 1; i += 2)
		if (c == (uint8_t)shorts[i]) {
			buf_char(b, '\\');
			buf_char(b, shorts[i + 1]);
			return;
		}
	if (c < 0x10000)
		buf_printf(b, "\\u%04x", c);
	else
		buf_printf(b, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10),
			0xdc00 + ((c - 0x10000) & 0x3ff));
}

void
safe_json(struct buf *b, const char *s, size_t len)
{
	const uint8_t *p = (const uint8_t *)s, *end = p + len;

	buf_char(b, '"');
	while (p < end) {
		uint32_t c;
		size_t n = text_utf8(p, (size_t)(end - p), &c);

		if (n == 0)
			buf_str(b, "\xef\xbf\xbd");
		else if (c == '"' || c == '\\' || is_unsafe(c))
			json_char(b, c);
		else
			buf_add(b, p, n);
		p += n ? n : 1;
	}
	buf_char(b, '"');
}

size_t
safe_width(const char *s, size_t len)
{
	size_t width = 0;

	for (size_t i = 0; i < len; i++)
		width += ((uint8_t)s[i] & 0xc0) != 0x80;
	return width;
}
