/* SPDX-License-Identifier: Apache-2.0 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "common/auto.h"
#include "common/log.h"
#include "ipc/bpfcmds.h"
#include "ipc/bpfnames.h"
#include "linker/linker.h"
#include "linker/object.h"

AUTO_DEFINE(object, struct bpf_object *, bpf_object__close)

static struct linker *warned;	/* libbpf's print callback has no context */

static int
keep_warning(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	struct linker *ln = warned;
	char *at = ln->warnings[ln->n_warnings % LINKER_WARNINGS_MAX];
	size_t len;

	if (level != LIBBPF_WARN)
		return 0;
	vsnprintf(at, sizeof(ln->warnings[0]), fmt, ap);
	len = strlen(at);
	while (len && (at[len - 1] == '\n' || at[len - 1] == ' '))
		at[--len] = '\0';
	if (strncmp(at, "libbpf: ", 8) == 0)
		memmove(at, at + 8, len - 7);
	ln->n_warnings++;
	return 0;
}

/* The first of the last warnings says most: those after it are what followed from it. */
static const char *
first_warning(const struct linker *ln)
{
	unsigned int n = ln->n_warnings;

	if (n == 0)
		return "libbpf gives no reason";
	return ln->warnings[n > LINKER_WARNINGS_MAX ? n % LINKER_WARNINGS_MAX : 0];
}

const struct load_prog *
link_wanted(const struct msg_load *req, const char *name)
{
	for (uint32_t i = 0; i < req->n_progs; i++)
		if (strcmp(req->progs[i].name, name) == 0)
			return &req->progs[i];
	return NULL;
}

static int
unknown_program(struct bpf_object *obj, const char *name, struct msg_linked *out)
{
	char list[700] = "";
	struct bpf_program *p;
	size_t len = 0;

	bpf_object__for_each_program(p, obj) {
		int n = snprintf(list + len, sizeof(list) - len, "%s\"%s\"", len ? ", " : "",
			bpf_program__name(p));

		if (n < 0 || (size_t)n >= sizeof(list) - len) {
			list[len] = '\0';
			break;
		}
		len += (size_t)n;
	}
	return object_fail(out, IPC_INVALID_ARGUMENT, 0, "the object has no program %s; it has: %s",
		LOG_QUOTE(name), len ? list : "none");
}

static int
set_type(struct bpf_program *p, const struct load_prog *want, struct msg_linked *out)
{
	const char *name = bpf_program__name(p);
	uint32_t have = bpf_program__type(p);
	int err;

	if (want && want->prog_type && have && have != want->prog_type)
		return object_fail(out, IPC_INVALID_ARGUMENT, 0,
			"program \"%s\" is of type %s by its section \"%s\", not %s", name,
			bpf_prog_kind_name(have, bpf_program__expected_attach_type(p)),
			bpf_program__section_name(p), bpf_prog_kind_name(want->prog_type, 0));
	if (want && want->prog_type && !have)
		bpf_program__set_type(p, want->prog_type);
	if (bpf_program__type(p) == BPF_PROG_TYPE_UNSPEC)
		return object_fail(out, IPC_INVALID_ARGUMENT, 0,
			"section \"%s\" of program \"%s\" names no program type: give one, of: %s",
			bpf_program__section_name(p), name, bpf_prog_kinds());
	if (want && want->attach_type != IPC_ANY_ATTACH)
		bpf_program__set_expected_attach_type(p, want->attach_type);
	if (!want || !want->attach_to[0])
		return 0;
	err = bpf_program__set_attach_target(p, 0, want->attach_to);
	return !err ? 0 : object_fail(out, IPC_NOT_FOUND, err,
		"program \"%s\": the kernel has no %s to attach to (%s)", name,
		LOG_QUOTE(want->attach_to), strerrordesc_np(-err));
}

static int
choose_programs(struct linker *ln, struct bpf_object *obj, const struct msg_load *req,
	struct msg_linked *out)
{
	size_t log_size;
	char *log = arena_log(&ln->arena, &log_size);
	struct bpf_program *p;
	int n = 0, err = 0;

	for (uint32_t i = 0; i < req->n_progs; i++)
		if (!bpf_object__find_program_by_name(obj, req->progs[i].name))
			return unknown_program(obj, req->progs[i].name, out);
	bpf_object__for_each_program(p, obj) {
		const struct load_prog *want = link_wanted(req, bpf_program__name(p));

		if (req->n_progs && !want) {
			bpf_program__set_autoload(p, false);
			continue;
		}
		if ((req->flags & LOAD_TRACER) && !bpf_program__autoload(p))
			continue;	/* tracer_programs() chose */
		/* A "?" before the section asks for this; naming a program is the answer. */
		bpf_program__set_autoload(p, true);
		err = set_type(p, want, out);
		if (err)
			return err;
		bpf_program__set_log_buf(p, log, log_size);
		n++;
	}
	return n || (req->flags & LOAD_REST) ? 0 : object_fail(out, IPC_INVALID_ARGUMENT, 0, req->flags & LOAD_TRACER ?
		"no program of the object has a hook in this kernel" : "the object has no program");
}

static int
share_maps(struct linker *ln, struct bpf_object *obj, struct msg_linked *out)
{
	for (size_t i = 0; i < ln->n_shared; i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(obj, ln->shared[i].name);
		AUTO(fd) int fd = -1;
		int err;

		if (!map || bpf_map__is_internal(map))
			continue;
		fd = linker_shared_fd(ln, ln->shared[i].handle);
		err = fd < 0 ? fd : bpf_map__reuse_fd(map, fd);
		if (err)
			return object_fail(out, IPC_INTERNAL, err, "map %s cannot be shared",
				LOG_QUOTE(ln->shared[i].name));
	}
	return 0;
}

static bool
says_nothing(const char *line, size_t len)
{
	static const char *const noise[] = { "processed ", "verification time", "stack depth",
		"max_states", "mark_precise", "func#", "-- ", "BPF program load failed" };

	for (size_t i = 0; i < ARRAY_SIZE(noise); i++)
		if (strncmp(line, noise[i], strlen(noise[i])) == 0)
			return true;
	return len == 0;
}

/* The verifier's verdict: the last line that is not statistics. */
static void
last_line(const char *log, size_t len, char *out, size_t size)
{
	while (len) {
		size_t end = len;

		while (end && log[end - 1] == '\n')
			end--;
		for (len = end; len && log[len - 1] != '\n';)
			len--;
		if (says_nothing(log + len, end - len))
			continue;
		snprintf(out, size, "%.*s", (int)(end - len > size ? size : end - len), log + len);
		return;
	}
}

static int
no_memory(struct msg_linked *out)
{
	return object_fail(out, IPC_RESOURCE_EXHAUSTED, -ENOMEM,
		"linking the object needs more memory than limits.linker_memory_bytes allows");
}

/* The program that did not load, "" when it was something else. */
static void
failed_program(const struct linker *ln, char name[IPC_NAME_MAX])
{
	name[0] = '\0';
	for (unsigned int i = 0; i < LINKER_WARNINGS_MAX; i++)
		if (strstr(ln->warnings[i], "': BPF program load failed"))
			sscanf(ln->warnings[i], "prog '%127[^']", name);
}

static int
load_failed(struct linker *ln, int err, struct msg_linked *out)
{
	size_t size, len;
	const char *log = arena_log(&ln->arena, &size), *why = first_warning(ln);
	char verdict[400] = "", name[IPC_NAME_MAX];

	len = strnlen(log, size);
	failed_program(ln, name);
	if (len && name[0]) {
		last_line(log, len, verdict, sizeof(verdict));
		out->log_offset = arena_offset(&ln->arena, log);
		out->log_len = len;
		return object_fail(out, IPC_FAILED_PRECONDITION, err,
			"the verifier refused program \"%s\": %s", name, verdict[0] ? verdict : why);
	}
	if (err == -ENOMEM)
		return no_memory(out);
	/* Of a program it is the kernel that refuses, of an extern the kernel that lacks it. */
	return object_fail(out, name[0] || err == -ESRCH ? IPC_FAILED_PRECONDITION : IPC_INVALID_ARGUMENT,
		err, "the object cannot be linked: %s", why);
}

static int
report(struct linker *ln, struct bpf_object *obj)
{
	struct bpf_program *p;
	struct bpf_map *map;
	int err = 0;

	bpf_object__for_each_map(map, obj) {
		const struct slot *s = slots_find(&ln->slots, bpf_map__fd(map));
		struct msg_linked_map m = { .by_name = bpf_map__pin_path(map) != NULL };

		if (!s || err)
			continue;
		m.handle = s->handle;
		snprintf(m.name, sizeof(m.name), "%s", bpf_map__name(map));
		err = chan_send(ln->ch, IPC_LINKED_MAP, 0, &m, NULL);
	}
	bpf_object__for_each_program(p, obj) {
		const struct slot *s = slots_find(&ln->slots, bpf_program__fd(p));
		struct msg_linked_prog m = { .type = bpf_program__type(p) };

		if (!s || err)
			continue;
		m.handle = s->handle;
		m.attach_type = bpf_program__expected_attach_type(p);
		snprintf(m.name, sizeof(m.name), "%s", bpf_program__name(p));
		snprintf(m.section, sizeof(m.section), "%s", bpf_program__section_name(p));
		err = chan_send(ln->ch, IPC_LINKED_PROG, 0, &m, NULL);
	}
	return err;
}

/* Leaves out the program that the kernel refused: -EAGAIN, link the rest.  Else err. */
static int
leave_out(struct linker *ln, struct tracer *t, const struct bpf_object *obj, int err)
{
	size_t size;
	char *log = arena_log(&ln->arena, &size);
	char name[IPC_NAME_MAX], verdict[IPC_TARGET_MAX] = "";

	failed_program(ln, name);
	last_line(log, strnlen(log, size), verdict, sizeof(verdict));
	if (!name[0] || tracer_refused(ln, t, obj, name, err, verdict[0] ? verdict : first_warning(ln)))
		return err;
	log[0] = '\0';
	memset(ln->warnings, 0, sizeof(ln->warnings));
	ln->n_warnings = 0;
	return -EAGAIN;
}

static int
link_image(struct linker *ln, const struct msg_load *req, void *elf, size_t size,
	struct tracer *tracer, struct msg_linked *out)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "bpfd", .pin_root_path = BPFCMD_PIN_DIR);
	AUTO(object) struct bpf_object *obj = NULL;
	bool ours = req->flags & LOAD_TRACER;
	int err = object_check(elf, size, out);

	if (err)
		return err;
	if (ours && !tracer->tries)
		tracer_types(ln, elf, size);
	obj = bpf_object__open_mem(elf, size, &opts);
	if (!obj)
		return errno == ENOMEM ? no_memory(out) : object_fail(out, IPC_INVALID_ARGUMENT, -errno,
			"the object cannot be opened: %s", first_warning(ln));
	err = ours ? tracer_programs(ln, tracer, obj) : 0;
	if (!err)
		err = choose_programs(ln, obj, req, out);
	if (!err && ours)
		err = tracer_maps(ln, obj);
	if (!err)
		err = object_set_globals(obj, elf, size, req, out);
	if (!err)
		err = share_maps(ln, obj, out);
	if (err)
		return err;
	err = bpf_object__load(obj);
	if (err && ours)
		err = leave_out(ln, tracer, obj, err);
	if (err == -EAGAIN)
		return err;
	if (err)
		return load_failed(ln, err, out);
	err = ops_fill(obj, out);
	return err ? err : report(ln, obj);
}

int
link_object(struct linker *ln, const struct msg_load *req, int fd)
{
	struct msg_linked out = { .code = IPC_OK };
	struct tracer tracer;
	struct stat st;
	void *elf;
	int err;

	if (fstat(fd, &st) < 0 || req->n_progs > IPC_PROGS_MAX)
		return -EINVAL;
	/* Writable and private: libelf converts in place, the file stays as it is. */
	elf = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (elf == MAP_FAILED)
		return -errno;
	warned = ln;
	libbpf_set_print(keep_warning);
	sections_register();

	tracer_begin(&tracer, req);
	do {
		err = link_image(ln, req, elf, (size_t)st.st_size, &tracer, &out);
	} while (err == -EAGAIN);
	tracer_end(ln);
	munmap(elf, (size_t)st.st_size);
	if (err && out.code == IPC_OK)
		return err;
	return chan_send(ln->ch, IPC_LINKED, 0, &out, NULL);
}
