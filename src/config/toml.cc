/* SPDX-License-Identifier: Apache-2.0 */
/* The only C++ of bpfd: toml++ without exceptions. */
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#define TOML_ENABLE_UNRELEASED_FEATURES 0
#include <toml++/toml.h>

#include <cstdio>

#include "config/toml.h"

struct toml_doc {
	toml::table root;
};

static toml_place
place_of(const toml::source_region &r)
{
	return { r.begin.line, r.begin.column };
}

static toml_value
value_of(const toml::node &n)
{
	toml_value v = {};

	v.kind = TOML_OTHER;
	v.at = place_of(n.source());
	v.node = &n;
	if (auto s = n.as_string()) {
		v.kind = TOML_STRING;
		v.text = s->get().c_str();
		v.len = s->get().size();
	} else if (auto i = n.as_integer()) {
		v.kind = TOML_INTEGER;
		v.number = i->get();
	} else if (auto b = n.as_boolean()) {
		v.kind = TOML_BOOL;
		v.number = b->get();
	} else if (n.is_array()) {
		v.kind = TOML_ARRAY;
	} else if (n.is_table()) {
		v.kind = TOML_TABLE;
	}
	return v;
}

extern "C" struct toml_doc *
toml_read(const char *text, size_t len, char *why, size_t room, struct toml_place *at)
{
	toml::parse_result result = toml::parse(std::string_view(text, len));

	if (result.failed()) {
		auto words = result.error().description();

		std::snprintf(why, room, "%.*s", static_cast<int>(words.size()), words.data());
		*at = place_of(result.error().source());
		return nullptr;
	}
	return new toml_doc{ std::move(result).table() };
}

extern "C" void
toml_free(struct toml_doc *doc)
{
	delete doc;
}

extern "C" int
toml_each(const struct toml_doc *doc, const void *node, toml_entry_fn *fn, void *arg)
{
	const toml::table *t = node ? static_cast<const toml::node *>(node)->as_table() : &doc->root;

	if (!t)
		return 0;
	for (auto &&[key, value] : *t) {
		toml_value v = value_of(value);
		int result = fn(arg, std::string(key.str()).c_str(), place_of(key.source()), &v);

		if (result)
			return result;
	}
	return 0;
}

extern "C" int
toml_items(const void *node, toml_item_fn *fn, void *arg)
{
	const toml::array *a = static_cast<const toml::node *>(node)->as_array();

	if (!a)
		return 0;
	for (auto &&item : *a) {
		toml_value v = value_of(item);
		int result = fn(arg, &v);

		if (result)
			return result;
	}
	return 0;
}

extern "C" const char *
toml_kind_name(enum toml_kind kind)
{
	switch (kind) {
	case TOML_STRING:
		return "a string";
	case TOML_INTEGER:
		return "an integer";
	case TOML_BOOL:
		return "true or false";
	case TOML_ARRAY:
		return "an array of strings";
	case TOML_TABLE:
		return "a table";
	case TOML_OTHER:
		break;
	}
	return "another type";
}
