/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bpfctl/apply_input.h"
#include "bpfctl/safe.h"
#include "bpfctl/save_text.h"
#include "common/io.h"

#define FILE_NAME "apply.toml"
#define OBJECT_MAX (256u << 20)		/* bytes; the daemon keeps less */
#define SECRET 0600			/* globals may be secrets: for the owner's eyes */

static int
make_dir(const char *path, int *out)
{
	AUTO(fd) int fd = -1;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || (mkdirat(fd, SAVE_OBJECTS, 0700) < 0 && errno != EEXIST))
		return -errno;
	*out = TAKE_FD(fd);
	return 0;
}

static int
read_object(struct ctl *ctl, uint64_t group, struct buf *out)
{
	Bpfd__V1__ReadObjectRequest req = BPFD__V1__READ_OBJECT_REQUEST__INIT;
	uint64_t total = 0;
	int err;

	req.group = group;
	for (; req.offset == 0 || req.offset < total; req.offset = out->len) {
		AUTO(reply) Bpfd__V1__ReadObjectResponse *reply = NULL;
		AUTO(client_error) struct client_error e = { 0 };

		if (rpc_read_object(ctl->client, &req, &reply, &e))
			return ctl_fail_call(ctl, "save", &e);
		total = reply->total;
		err = ctl_take_part(out, &reply->part, total, OBJECT_MAX);
		if (err)
			return ctl_fail(ctl, CTL_FAILED, NULL, "save", "the daemon's answer: %s", strerror(-err));
	}
	return CTL_DONE;
}

static int
save_object(struct ctl *ctl, int dir, const struct save_object *o)
{
	AUTO(buf) struct buf object = { 0 };
	char digest[APPLY_DIGEST_MAX];
	int status = read_object(ctl, o->group, &object), err;

	if (status)
		return status;
	apply_digest((const uint8_t *)buf_text(&object), object.len, digest);
	if (strcmp(digest, o->digest) != 0)
		return ctl_fail(ctl, CTL_FAILED, "bpfctl fsck says more", "save", "the object of group %llu is damaged",
			(unsigned long long)o->group);
	err = io_put(dir, o->file, object.data, object.len, SECRET);
	return err ? ctl_fail_file(ctl, "save", o->file, err) : CTL_DONE;
}

struct sum {
	const char *file;
	uint64_t loads, links, rules, objects;
};
static const struct field sum_fields[] = {
	{ "file", "FILE", FIELD_STR, SHOW_TABLE, offsetof(struct sum, file), 0 },
	{ "loads", "LOADS", FIELD_U64, SHOW_TABLE, offsetof(struct sum, loads), 0 },
	{ "links", "LINKS", FIELD_U64, SHOW_TABLE, offsetof(struct sum, links), 0 },
	{ "rules", "RULES", FIELD_U64, SHOW_TABLE, offsetof(struct sum, rules), 0 },
	{ "objects", "OBJECTS", FIELD_U64, SHOW_TABLE, offsetof(struct sum, objects), 0 },
};
static const struct schema sum_schema = { sum_fields, ARRAY_SIZE(sum_fields) };

/* Objects first: the file never names one that is not there. */
static int
save_to(struct ctl *ctl, const char *path, const struct save *s)
{
	AUTO(buf) struct buf file = { 0 };
	AUTO(fd) int dir = -1;
	struct sum sum;
	int err = make_dir(path, &dir), status = CTL_DONE;

	if (err)
		return ctl_fail_file(ctl, "save", path, err);
	for (size_t i = 0; i < s->n_objects && !status; i++)
		status = save_object(ctl, dir, &s->objects[i]);
	if (status)
		return status;
	err = io_put(dir, FILE_NAME, s->text.data, s->text.len, SECRET);
	buf_printf(&file, "%s/" FILE_NAME, path);
	if (err)
		return ctl_fail_file(ctl, "save", buf_text(&file), err);
	sum = (struct sum){ buf_text(&file), s->n_loads, s->n_links, s->n_rules, s->n_objects };
	out_object(ctl->out, NULL, &sum_schema, &sum);
	return ctl_print(ctl);
}

static int
print(const struct save *s)
{
	AUTO(buf) struct buf safe = { 0 };

	if (isatty(STDOUT_FILENO))
		safe_plain(&safe, s->text.data, s->text.len, true);
	else
		buf_add(&safe, s->text.data, s->text.len);
	return safe.failed || fputs(buf_text(&safe), stdout) < 0 || fflush(stdout) < 0 ? CTL_FAILED : CTL_DONE;
}

static void
print_notes(const struct ctl *ctl, const struct save *s)
{
	AUTO(buf) struct buf safe = { 0 };

	safe_plain(&safe, buf_text(&s->notes), s->notes.len, true);
	if (!ctl->quiet)
		fputs(buf_text(&safe), stderr);
}

static int
run_save(struct ctl *ctl, const struct args *args)
{
	Bpfd__V1__ListMapsRequest req = BPFD__V1__LIST_MAPS_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__ListMapsResponse *maps = NULL;
	AUTO(apply_state) struct apply_state state = { 0 };
	AUTO(client_error) struct client_error e = { 0 };
	AUTO(save) struct save s = { 0 };
	const char *dir = args_get(args, "directory");
	int status = apply_state_read(ctl, "save", &state);

	if (status)
		return status;
	if (rpc_list_maps(ctl->client, &req, &maps, &e))
		return ctl_fail_call(ctl, "save", &e);
	if (save_text(&state.actual, maps->maps, maps->n_maps, args_get(args, "set"), dir != NULL, &s))
		return ctl_fail(ctl, CTL_FAILED, NULL, "save", "no memory");
	print_notes(ctl, &s);
	return dir ? save_to(ctl, dir, &s) : print(&s);
}

static const struct opt opts[] = {
	{ "directory", 'd', "DIR", "write DIR/" FILE_NAME " and the objects beside it", WORD_FILE },
	{ "set", 0, "SET", "only what apply made for this set" },
	OPT_END
};

const struct command cmd_save = {
	.name = "save",
	.synopsis = "[-d DIR]",
	.help = "write what is loaded, attached and looked for as a file for apply",
	.more = "With -d also the objects, which the daemon keeps: for administrators.  Without it the file\n"
		"goes to standard output and names the objects where they were loaded from.  Rules of the\n"
		"daemon's own folder and what is lost are not saved.\n",
	.opts = opts,
	.run = run_save,
};
