/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl/spec.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
spec_number(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	const char *digits = hex ? text + 2 : text;
	unsigned long long v;
	char *end;

	if (!isxdigit((unsigned char)digits[0]))
		return -EINVAL;
	errno = 0;
	v = strtoull(digits, &end, hex ? 16 : 10);
	if (errno || *end || end == digits || v < min || v > max)
		return -EINVAL;
	*out = v;
	return 0;
}

bool
spec_is_id(const char *text)
{
	return *text && text[strspn(text, "0123456789")] == '\0';
}

int
spec_pair(const char *text, char **key, char **value, struct buf *why)
{
	const char *eq = strchr(text, '=');
	AUTO(mem) char *k = NULL;
	char *v;

	if (!eq || eq == text) {
		buf_printf(why, "\"%s\" is not KEY=VALUE", text);
		return -EINVAL;
	}
	k = strndup(text, (size_t)(eq - text));
	v = strdup(eq + 1);
	if (!k || !v) {
		free(v);
		return -ENOMEM;
	}
	*key = TAKE_PTR(k);
	*value = v;
	return 0;
}

static int
nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "u32:64": the bytes of a number as the variable of that type has them. */
static int
typed_number(const char *text, uint8_t **bytes, size_t *len)
{
	unsigned int bits = 0;
	bool is_signed = text[0] == 'i';
	bool minus = is_signed && strchr(text, ':') && strchr(text, ':')[1] == '-';
	uint64_t v, max;
	int at = 0;

	if (sscanf(text + 1, "%2u:%n", &bits, &at) != 1 || !at ||
	    (bits != 8 && bits != 16 && bits != 32 && bits != 64))
		return -EINVAL;
	max = UINT64_MAX >> (64 - bits + is_signed);
	if (spec_number(text + 1 + at + minus, 0, max + minus, &v))
		return -EINVAL;
	v = minus ? -v : v;
	*bytes = malloc(sizeof(v));
	if (!*bytes)
		return -ENOMEM;
	*len = bits / 8;
	memcpy(*bytes, (uint8_t *)&v + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? sizeof(v) - *len : 0), *len);
	return 0;
}

static int
hex_bytes(const char *hex, uint8_t **bytes, size_t *len)
{
	const char *digits = strncasecmp(hex, "0x", 2) == 0 ? hex + 2 : hex;
	size_t n = strlen(digits);
	AUTO(mem) uint8_t *b = malloc(n / 2 + 1);

	if (!b)
		return -ENOMEM;
	for (size_t i = 0; i < n / 2; i++) {
		int high = nibble(digits[2 * i]), low = nibble(digits[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		b[i] = (uint8_t)(high << 4 | low);
	}
	if (n == 0 || n % 2)
		return -EINVAL;
	*bytes = TAKE_PTR(b);
	*len = n / 2;
	return 0;
}

int
spec_global(const char *text, char **name, uint8_t **value, size_t *len, struct buf *why)
{
	AUTO(mem) char *key = NULL;
	AUTO(mem) char *words = NULL;
	int err = spec_pair(text, &key, &words, why);

	if (err) {
		buf_str(why, err == -EINVAL ? ": NAME=HEX is wanted" : "");
		return err;
	}
	err = words[0] == 'u' || words[0] == 'i' ? typed_number(words, value, len) :
		hex_bytes(words, value, len);
	if (err == -EINVAL)
		buf_printf(why, "the value of %s is neither pairs of hexadecimal digits, the bytes of the "
			"variable in memory order, nor a number with its type, as u32:64", key);
	if (!err)
		*name = TAKE_PTR(key);
	return err;
}

int
spec_program(const char *text, Bpfd__V1__ProgramSpec *out, char **copy, struct buf *why)
{
	char *rest, *word;

	if (!*text || *text == ':') {
		buf_printf(why, "\"%s\" is not NAME[:TYPE[:TARGET]]", text);
		return -EINVAL;
	}
	rest = strdup(text);
	if (!rest)
		return -ENOMEM;
	*copy = rest;
	bpfd__v1__program_spec__init(out);
	out->name = strsep(&rest, ":");
	if ((word = strsep(&rest, ":")))
		out->type = word;
	if (rest)
		out->attach_to = rest;
	return 0;
}

int
spec_append(void *array, size_t *n, void *element)
{
	char *list;

	memcpy(&list, array, sizeof(list));
	list = reallocarray(list, *n + 1, sizeof(element));
	if (!list)
		return -ENOMEM;
	memcpy(array, &list, sizeof(list));
	memcpy(list + *n * sizeof(element), &element, sizeof(element));
	(*n)++;
	return 0;
}
