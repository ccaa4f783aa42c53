/* SPDX-License-Identifier: Apache-2.0 */
#include "api/descset.h"

#include <string.h>

#include "common/auto.h"
#include "proto/wire.h"

/* Made by protoc from proto/; the path is relative to the build directory. */
__asm__(".pushsection .rodata\n"
	".global descset_bytes\n.hidden descset_bytes\n"
	".global descset_end\n.hidden descset_end\n"
	"descset_bytes:\n\t.incbin \"gen/descriptors.pb\"\n"
	"descset_end:\n\t.byte 0\n"
	".popsection\n");
extern const uint8_t descset_bytes[], descset_end[];

/* Field numbers of google/protobuf/descriptor.proto. */
enum { SET_FILE = 1 };
enum { NAME = 1 };		/* of every kind of descriptor */
enum { FILE_PACKAGE = 2 };
enum { METHOD_CLIENT_STREAMING = 5, METHOD_SERVER_STREAMING = 6 };

/* What may stand inside what; a kind without children ends the walk. */
enum kind { KIND_NONE, KIND_FILE, KIND_MESSAGE, KIND_ENUM, KIND_SERVICE, KIND_LEAF };
static const struct {
	enum kind parent;
	uint32_t number;
	enum kind child;
	bool in_outer;		/* an enum's values are named beside the enum, not inside it */
} nesting[] = {
	{ KIND_FILE, 4, KIND_MESSAGE }, { KIND_FILE, 5, KIND_ENUM }, { KIND_FILE, 6, KIND_SERVICE },
	{ KIND_FILE, 7, KIND_LEAF },					/* extension */
	{ KIND_MESSAGE, 2, KIND_LEAF },					/* field */
	{ KIND_MESSAGE, 3, KIND_MESSAGE }, { KIND_MESSAGE, 4, KIND_ENUM },
	{ KIND_MESSAGE, 6, KIND_LEAF }, { KIND_MESSAGE, 8, KIND_LEAF },	/* extension, oneof */
	{ KIND_ENUM, 2, KIND_LEAF, true },				/* value */
	{ KIND_SERVICE, 2, KIND_LEAF },					/* method */
};

struct text {
	const char *p;
	size_t len;
};

static struct text
string_field(struct wire w, uint32_t number)
{
	struct wire_field f;

	while (wire_next(&w, &f) > 0)
		if (f.number == number && f.type == WIRE_LEN)
			return (struct text){ (const char *)f.data, f.len };
	return (struct text){ "", 0 };
}

/* Takes "name" or "name." off the front of symbol. */
static bool
take_name(struct text *symbol, struct text name)
{
	if (name.len == 0)
		return true;
	if (symbol->len < name.len || memcmp(symbol->p, name.p, name.len) != 0)
		return false;
	if (symbol->len > name.len &&
	    (symbol->p[name.len] != '.' || symbol->len == name.len + 1))
		return false;
	name.len += symbol->len > name.len;
	symbol->p += name.len;
	symbol->len -= name.len;
	return true;
}

static enum kind
child_kind(enum kind parent, uint32_t number, bool *in_outer)
{
	for (size_t i = 0; i < ARRAY_SIZE(nesting); i++) {
		if (nesting[i].parent != parent || nesting[i].number != number)
			continue;
		*in_outer = nesting[i].in_outer;
		return nesting[i].child;
	}
	return KIND_NONE;
}

/*
 * Does the descriptor w define symbol, whose part before the descriptor's own name is taken off?
 * found gets the descriptor itself.  Recursion follows the nesting of our own proto files.
 */
static bool
defines(struct wire w, enum kind kind, struct text symbol, struct wire *found)
{
	struct text inside = symbol;
	struct wire_field f;

	if (!take_name(&inside, string_field(w, kind == KIND_FILE ? FILE_PACKAGE : NAME)))
		inside.p = NULL;
	else if (kind != KIND_FILE && inside.len == 0) {
		*found = w;
		return true;
	}
	for (struct wire it = w; wire_next(&it, &f) > 0;) {
		bool in_outer = false;
		enum kind child = child_kind(kind, f.number, &in_outer);
		struct text rest = in_outer ? symbol : inside;

		if (child != KIND_NONE && f.type == WIRE_LEN && rest.p && rest.len > 0 &&
		    defines((struct wire)WIRE(f.data, f.len), child, rest, found))
			return true;
	}
	return false;
}

bool
descset_file(const char *name, size_t len, struct descset_file *out)
{
	struct wire set = WIRE(descset_bytes, descset_end - descset_bytes);
	struct wire_field f;

	while (wire_next(&set, &f) > 0) {
		struct text t = { "", 0 };

		if (f.number == SET_FILE && f.type == WIRE_LEN)
			t = string_field((struct wire)WIRE(f.data, f.len), NAME);
		if (t.len == 0 || t.len != len || memcmp(t.p, name, len) != 0)
			continue;
		*out = (struct descset_file){ f.data, f.len };
		return true;
	}
	return false;
}

static bool
find_symbol(const char *symbol, size_t len, struct descset_file *file, struct wire *found)
{
	struct wire set = WIRE(descset_bytes, descset_end - descset_bytes);
	struct wire_field f;

	if (len == 0)
		return false;
	while (wire_next(&set, &f) > 0) {
		if (f.number != SET_FILE || !defines((struct wire)WIRE(f.data, f.len), KIND_FILE,
				(struct text){ symbol, len }, found))
			continue;
		*file = (struct descset_file){ f.data, f.len };
		return true;
	}
	return false;
}

bool
descset_symbol(const char *symbol, size_t len, struct descset_file *out)
{
	struct wire ignored;

	return find_symbol(symbol, len, out, &ignored);
}

bool
descset_method(const char *service, const char *method, bool *client_streams, bool *server_streams)
{
	struct descset_file file;
	struct wire found;
	struct wire_field f;
	char name[256];
	size_t s = strlen(service), m = strlen(method);

	if (s + m + 2 > sizeof(name))
		return false;
	memcpy(name, service, s);
	name[s] = '.';
	memcpy(name + s + 1, method, m);
	if (!find_symbol(name, s + m + 1, &file, &found))
		return false;

	*client_streams = *server_streams = false;
	while (wire_next(&found, &f) > 0) {
		if (f.number == METHOD_CLIENT_STREAMING)
			*client_streams = f.value != 0;
		if (f.number == METHOD_SERVER_STREAMING)
			*server_streams = f.value != 0;
	}
	return true;
}
