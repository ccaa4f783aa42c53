/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpfctl/btf_value.h"
#include "bpfctl/map_elements.h"
#include "bpfctl/safe.h"

#define KEY_MAX 512

/* The words of a command line behind the map, as they are taken. */
struct words {
	const char *const *all;
	size_t n, at;
};

static int
run_list(struct ctl *ctl, const struct args *args)
{
	Bpfd__V1__ListMapsRequest req = BPFD__V1__LIST_MAPS_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__ListMapsResponse *all = NULL;
	AUTO(client_error) struct client_error e = { 0 };
	const char *group = args_get(args, "group");

	if (group && ctl_read_id(ctl, "map list", group, UINT64_MAX, &req.group))
		return CTL_USAGE;
	if (rpc_list_maps(ctl->client, &req, &all, &e))
		return ctl_fail_call(ctl, "map list", &e);
	out_list(ctl->out, "maps", &schema_map, (const void *const *)all->maps, all->n_maps, SHOW_TABLE);
	return ctl_print(ctl);
}

static int
print_end(struct ctl *ctl, const char *what, struct map_print *p, const struct map_shape *m, int status)
{
	if (status == CTL_DONE && map_print_end(p, m))
		return ctl_fail(ctl, CTL_FAILED, NULL, what, "the elements cannot be written");
	if (fflush(stdout) && status == CTL_DONE)
		return CTL_FAILED;
	return status;
}

static int
run_dump(struct ctl *ctl, const struct args *args)
{
	Bpfd__V1__ReadMapRequest req = BPFD__V1__READ_MAP_REQUEST__INIT;
	struct map_print p = { .ctl = ctl, .raw = args_has(args, "raw") };
	AUTO(map_shape) struct map_shape m = { 0 };
	int status = map_find(ctl, "map dump", args->words[1], &req.map);

	req.types = !p.raw;
	if (!status)
		status = map_read(ctl, "map dump", &req, &m, map_print_page, &p);
	return print_end(ctl, "map dump", &p, &m, status);
}

/* "hex 01 02 ...", as bpftool has it, of exactly len bytes. */
static int
take_hex(struct words *w, uint8_t *data, size_t len, struct buf *why)
{
	for (size_t i = 0; i < len; i++, w->at++) {
		const char *digits = w->at < w->n ? w->all[w->at] : "";

		if (strlen(digits) != 2 || strspn(digits, "0123456789abcdefABCDEF") != 2) {
			buf_printf(why, "hex takes %zu words of two digits here", len);
			return -EINVAL;
		}
		data[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return 0;
}

static int
take_value(struct ctl *ctl, const char *what, const char *name, struct words *w, const struct map_shape *m,
	uint32_t type, uint8_t *data, size_t len)
{
	AUTO(buf) struct buf why = { 0 };
	AUTO(buf) struct buf safe = { 0 };
	int err = -EINVAL;

	if (w->at == w->n)
		buf_str(&why, "is missing");
	else if (strcmp(w->all[w->at], "hex") == 0 && w->at + 1 < w->n)
		err = (w->at++, take_hex(w, data, len, &why));
	else
		err = btf_parse(w->all[w->at++], &m->types, type, data, len, &why);
	if (!err)
		return CTL_DONE;
	safe_plain(&safe, buf_text(&why), why.len, false);
	return ctl_fail(ctl, CTL_USAGE, NULL, what, "%s: %s", name, buf_text(&safe));
}

/* The map that is meant, its shape and types, and a key of it. */
static int
open_key(struct ctl *ctl, const char *what, const struct args *args, struct words *w, struct map_shape *m, uint8_t *key)
{
	Bpfd__V1__ReadMapRequest req = BPFD__V1__READ_MAP_REQUEST__INIT;
	int status = map_find(ctl, what, args->words[1], &req.map);

	*w = (struct words){ args->words, args->n_words, 2 };
	req.types = req.no_elements = true;
	if (!status)
		status = map_read(ctl, what, &req, m, NULL, NULL);
	if (!status && (m->key_size == 0 || m->key_size > KEY_MAX))
		return ctl_fail(ctl, CTL_FAILED, NULL, what, "the keys of map %u have %u bytes", m->id, m->key_size);
	return status ? status : take_value(ctl, what, "key", w, m, m->key_type, key, m->key_size);
}

static int
no_more(struct ctl *ctl, const char *what, const struct words *w)
{
	return w->at == w->n ? CTL_DONE : ctl_fail(ctl, CTL_USAGE, "quote what has spaces", what, "\"%s\" is too much",
		w->all[w->at]);
}

static int
run_lookup(struct ctl *ctl, const struct args *args)
{
	Bpfd__V1__ReadMapRequest req = BPFD__V1__READ_MAP_REQUEST__INIT;
	struct map_print p = { .ctl = ctl, .raw = args_has(args, "raw"), .one = true };
	AUTO(map_shape) struct map_shape m = { 0 };
	AUTO(map_shape) struct map_shape again = { 0 };
	uint8_t key[KEY_MAX];
	struct words w;
	int status = open_key(ctl, "map lookup", args, &w, &m, key);

	if (!status)
		status = no_more(ctl, "map lookup", &w);
	if (status)
		return status;
	req.map = m.id;
	req.types = true;
	req.key.data = key;
	req.key.len = m.key_size;
	status = map_read(ctl, "map lookup", &req, &again, map_print_page, &p);
	return print_end(ctl, "map lookup", &p, &again, status);
}

static void
say(const struct ctl *ctl, const char *what, const struct map_shape *m, const uint8_t *key)
{
	AUTO(buf) struct buf b = { 0 };

	btf_show(&b, &m->types, m->key_type, key, m->key_size);
	if (!ctl->quiet)
		printf("map %u: %s %s\n", m->id, what, buf_text(&b));
}

static int
update_flags(struct ctl *ctl, const struct args *args, Bpfd__V1__UpdateIf *out)
{
	bool new = args_has(args, "new"), exist = args_has(args, "exist");

	if (new + exist + args_has(args, "any") > 1)
		return ctl_fail(ctl, CTL_USAGE, NULL, "map update", "--any, --new and --exist exclude each other");
	*out = new ? BPFD__V1__UPDATE_IF__NEW : exist ? BPFD__V1__UPDATE_IF__EXISTS : BPFD__V1__UPDATE_IF__ANY;
	return CTL_DONE;
}

static int
run_update(struct ctl *ctl, const struct args *args)
{
	Bpfd__V1__UpdateMapRequest req = BPFD__V1__UPDATE_MAP_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__UpdateMapResponse *done = NULL;
	AUTO(client_error) struct client_error e = { 0 };
	AUTO(map_shape) struct map_shape m = { 0 };
	AUTO(mem) uint8_t *value = NULL;
	uint8_t key[KEY_MAX];
	struct words w;
	int status = update_flags(ctl, args, &req.only_if);

	if (!status)
		status = open_key(ctl, "map update", args, &w, &m, key);
	if (status)
		return status;
	value = malloc(m.value_size + 1);
	if (!value)
		return ctl_fail(ctl, CTL_FAILED, NULL, "map update", "no memory");
	status = take_value(ctl, "map update", "value", &w, &m, m.value_type, value, m.value_size);
	if (!status)
		status = no_more(ctl, "map update", &w);
	if (status)
		return status;
	req.map = m.id;
	req.key = (ProtobufCBinaryData){ m.key_size, key };
	req.value = (ProtobufCBinaryData){ m.value_size, value };
	if (!args_has(args, "dry-run") && rpc_update_map(ctl->client, &req, &done, &e))
		return ctl_fail_call(ctl, "map update", &e);
	say(ctl, args_has(args, "dry-run") ? "would update" : "updated", &m, key);
	return CTL_DONE;
}

static int
run_delete(struct ctl *ctl, const struct args *args)
{
	Bpfd__V1__DeleteMapElementRequest req = BPFD__V1__DELETE_MAP_ELEMENT_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__DeleteMapElementResponse *done = NULL;
	AUTO(client_error) struct client_error e = { 0 };
	AUTO(map_shape) struct map_shape m = { 0 };
	uint8_t key[KEY_MAX];
	struct words w;
	int status = open_key(ctl, "map delete", args, &w, &m, key);

	if (!status)
		status = no_more(ctl, "map delete", &w);
	if (status)
		return status;
	req.map = m.id;
	req.key = (ProtobufCBinaryData){ m.key_size, key };
	if (!args_has(args, "dry-run") && rpc_delete_map_element(ctl->client, &req, &done, &e))
		return ctl_fail_call(ctl, "map delete", &e);
	say(ctl, args_has(args, "dry-run") ? "would delete" : "deleted", &m, key);
	return CTL_DONE;
}

static int
run_map(struct ctl *ctl, const struct args *args)
{
	static const struct {
		const char *verb;
		size_t min, max;
		int (*run)(struct ctl *ctl, const struct args *args);
	} verbs[] = {
		{ "list", 0, 0, run_list }, { "dump", 1, 1, run_dump }, { "lookup", 2, SIZE_MAX, run_lookup },
		{ "update", 3, SIZE_MAX, run_update }, { "delete", 2, SIZE_MAX, run_delete },
	};
	size_t n = args->n_words - 1;

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (strcmp(args->words[0], verbs[i].verb) != 0)
			continue;
		if (n < verbs[i].min || n > verbs[i].max)
			return ctl_fail(ctl, CTL_USAGE, "see bpfctl map --help", "map", n < verbs[i].min ?
				"%s: a word is missing" : "%s: too many words", verbs[i].verb);
		return verbs[i].run(ctl, args);
	}
	return ctl_fail(ctl, CTL_USAGE, "there are list, dump, lookup, update and delete", "map",
		"there is no bpfctl map %s", args->words[0]);
}

static const struct opt opts[] = {
	{ "group", 0, "GROUP", "list: only maps of this group", WORD_GROUP },
	{ "raw", 0, NULL, "dump, lookup: bytes as hex:..., whatever their types" },
	{ "any", 0, NULL, "update: whether or not there is an element with this key (the default)" },
	{ "new", 0, NULL, "update: only when there is none" },
	{ "exist", 0, NULL, "update: only when there is one" },
	{ "dry-run", 0, NULL, "update, delete: read key and value, change nothing" },
	OPT_END
};

const struct command cmd_map = {
	.name = "map",
	.synopsis = "list|dump|lookup|update|delete ...",
	.help = "list maps, read and change their elements",
	.more = "map list                  the maps that came with loads\n"
		"map dump MAP              all its elements\n"
		"map lookup MAP KEY        one\n"
		"map update MAP KEY VALUE  write one; of a per-CPU map, for every CPU\n"
		"map delete MAP KEY        remove one\n"
		"\n"
		"MAP is a number or a name.  KEY and VALUE: 5, 0x10, text for an array of char, true, the name of an\n"
		"enum's value, '{\"a\": 1, \"b\": [1, 2]}' for a struct, and for anything hex:0a0b or hex 0a 0b.\n",
	.opts = opts,
	.min_words = 1, .max_words = 100000,
	.words = { WORD_CHOICE, WORD_MAP_NAME, WORD_NONE },
	.choices = "list|dump|lookup|update|delete",
	.run = run_map,
};
