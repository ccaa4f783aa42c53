/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/object.h"

#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"
#include "common/bpfobj.h"
#include "common/log.h"
#include "ipc/globals.h"

/* A variable of the object: where it lies. */
struct variable {
	char section[64];
	size_t offset, size;
};

struct names {
	char list[700];
	size_t len;
};

int
object_fail(struct msg_linked *out, enum ipc_code code, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out->text, sizeof(out->text), fmt, ap);
	va_end(ap);
	out->code = code;
	out->err = err ? err : -EINVAL;
	return out->err;
}

int
object_check(const void *elf, size_t size, struct msg_linked *out)
{
	char why[sizeof(out->text)];

	if (bpfobj_check(elf, size, why, sizeof(why)))
		return object_fail(out, IPC_INVALID_ARGUMENT, 0, "%s", why);
	return 0;
}

static bool
is_data_section(const char *name)
{
	static const char *const prefixes[] = { ".rodata", ".data", ".bss" };

	for (size_t i = 0; name && i < ARRAY_SIZE(prefixes); i++) {
		size_t n = strlen(prefixes[i]);

		if (strncmp(name, prefixes[i], n) == 0 && (name[n] == '\0' || name[n] == '.'))
			return true;
	}
	return false;
}

static void
names_add(struct names *names, const char *name)
{
	char quoted[IPC_NAME_MAX + 8];
	int n;

	if (!name[0] || names->len + sizeof(quoted) > sizeof(names->list))
		return;
	log_quote(quoted, sizeof(quoted), name);
	n = snprintf(names->list + names->len, sizeof(names->list) - names->len, "%s%s",
		names->len ? ", " : "", quoted);
	names->len += (size_t)n;
}

/* The name of symbol i when it is a variable; NULL when it is something else. */
static const char *
variable_name(const struct bpfobj *o, size_t i, struct variable *v)
{
	struct bpfobj_section section;
	struct bpfobj_symbol sym;

	if (!bpfobj_symbol(o, i, &sym) || sym.type != STT_OBJECT || !bpfobj_section(o, sym.section, &section))
		return NULL;
	if (!is_data_section(section.name) || strlen(section.name) >= sizeof(v->section))
		return NULL;
	strcpy(v->section, section.name);
	v->offset = sym.value;
	v->size = sym.size;
	return sym.name;
}

/* 0, or -ENOENT with the names of all variables that there are. */
static int
find_variable(const struct bpfobj *o, const struct global *g, struct variable *v, struct names *all)
{
	for (size_t i = 0; i < o->n_symbols; i++) {
		const char *name = variable_name(o, i, v);

		if (name && strlen(name) == g->name_len && memcmp(name, g->name, g->name_len) == 0)
			return 0;
		if (name)
			names_add(all, name);
	}
	return -ENOENT;
}

/* libbpf names the map of ".bss" "bpfd.bss", and that of ".bss.x" as the section. */
static void *
section_memory(struct bpf_object *obj, const char *section, size_t *size)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, obj) {
		const char *name = bpf_map__name(map);
		size_t n = strlen(name), m = strlen(section);

		if (bpf_map__is_internal(map) && n >= m && strcmp(name + n - m, section) == 0)
			return (void *)(uintptr_t)bpf_map__initial_value(map, size);
	}
	return NULL;
}

static int
set_global(struct bpf_object *obj, const struct bpfobj *elf, const struct global *g, struct msg_linked *out)
{
	struct variable v = { 0 };
	struct names all = { 0 };
	char name[IPC_NAME_MAX];
	uint8_t *memory;
	size_t size = 0;

	memcpy(name, g->name, g->name_len);
	name[g->name_len] = '\0';
	if (find_variable(elf, g, &v, &all))
		return object_fail(out, IPC_INVALID_ARGUMENT, 0,
			"the object has no global variable %s; it has: %s", LOG_QUOTE(name),
			all.len ? all.list : "none");
	if (v.size != g->value_len)
		return object_fail(out, IPC_INVALID_ARGUMENT, 0,
			"global variable %s has %zu bytes, the value given has %zu", LOG_QUOTE(name),
			v.size, g->value_len);
	memory = section_memory(obj, v.section, &size);
	if (!memory || v.offset > size || v.size > size - v.offset)
		return object_fail(out, IPC_INVALID_ARGUMENT, 0,
			"global variable %s does not lie within its section %s", LOG_QUOTE(name), v.section);
	memcpy(memory + v.offset, g->value, v.size);
	return 0;
}

int
object_set_globals(struct bpf_object *obj, const void *image, size_t size,
	const struct msg_load *req, struct msg_linked *out)
{
	struct bpfobj elf;
	struct global g;
	size_t pos = 0;
	char why[sizeof(out->text)];
	int err = 0;

	if (req->globals_len == 0)
		return 0;
	if (bpfobj_open(image, size, &elf, why, sizeof(why)))
		return object_fail(out, IPC_INVALID_ARGUMENT, 0, "%s", why);
	if (req->globals_len > sizeof(req->globals))
		return object_fail(out, IPC_INVALID_ARGUMENT, 0, "malformed global data");
	while (!err) {
		int more = globals_next(req->globals, req->globals_len, &pos, &g);

		if (more < 0)
			return object_fail(out, IPC_INVALID_ARGUMENT, more, "malformed global data");
		if (!more)
			return 0;
		err = set_global(obj, &elf, &g, out);
	}
	return err;
}
