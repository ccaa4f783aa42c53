/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Labels of bytecode images: "io.ebpf.programs" and "io.ebpf.maps" are texts that are JSON objects
 * themselves, {"pass":"xdp"}.  The first form of such images had one program, in
 * "io.ebpf.bpf_function_name" and "io.ebpf.program_type".
 */
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "ipc/chan.h"
#include "oci/json.h"

static int
keep_name(const char *label, const char *name, const char *kind, struct image_name *out, struct oci_why *why)
{
	const size_t name_len = strlen(name), kind_len = strlen(kind);

	if (name_len == 0 || name_len >= sizeof(out->name) || !ipc_str_ok(name, name_len + 1) ||
	    kind_len >= sizeof(out->kind) || !ipc_str_ok(kind, kind_len + 1))
		return oci_refuse(why, -EINVAL, "label %s: %s, of type %s, is no name of a program or map", label,
			LOG_QUOTE(name), LOG_QUOTE(kind));
	memcpy(out->name, name, name_len + 1);
	memcpy(out->kind, kind, kind_len + 1);
	return 0;
}

/* A label that is not there names nothing. */
static int
read_names(const json_t *labels, const char *label, struct image_name *names, uint32_t *n, struct oci_why *why)
{
	const json_t *text = json_object_get(labels, label);
	AUTO(json) json_t *all = NULL;
	const char *name;
	json_t *kind;
	int err;

	if (!text)
		return 0;
	if (!json_is_string(text))
		return oci_refuse(why, -EINVAL, "label %s is no text", label);
	err = oci_json_load(json_string_value(text), json_string_length(text), label, &all, why);
	if (err)
		return err;
	if (json_object_size(all) > IMAGE_NAMES_MAX)
		return oci_refuse(why, -EINVAL, "label %s has %zu names; up to %d are read", label, json_object_size(all),
			IMAGE_NAMES_MAX);
	json_object_foreach(all, name, kind) {
		if (!json_is_string(kind))
			return oci_refuse(why, -EINVAL, "label %s: the type of %s is no text", label, LOG_QUOTE(name));
		err = keep_name(label, name, json_string_value(kind), &names[(*n)++], why);
		if (err)
			return err;
	}
	return 0;
}

static int
read_labels(const json_t *labels, struct image_facts *f, struct oci_why *why)
{
	const char *function = json_string_value(json_object_get(labels, "io.ebpf.bpf_function_name"));
	const char *type = json_string_value(json_object_get(labels, "io.ebpf.program_type"));

	if (read_names(labels, OCI_LABEL_PROGRAMS, f->programs, &f->n_programs, why) ||
	    read_names(labels, OCI_LABEL_MAPS, f->maps, &f->n_maps, why))
		return -EINVAL;
	if (f->n_programs == 0 && function && type)
		return keep_name("io.ebpf.bpf_function_name", function, type, &f->programs[f->n_programs++], why);
	if (f->n_programs == 0)
		return oci_refuse(why, -EINVAL, "this is no bytecode image: its label " OCI_LABEL_PROGRAMS " names no "
			"program; `bpfctl image build` makes images that have it");
	return 0;
}

int
oci_config_parse(const void *json, size_t len, struct image_facts *out, struct oci_why *why)
{
	AUTO(json) json_t *root = NULL;
	int err = oci_json_load(json, len, "the image's configuration", &root, why);

	if (err)
		return err;
	if (OCI_JSON_TEXT(root, "architecture", out->arch, why) || OCI_JSON_TEXT(root, "os", out->os, why) ||
	    OCI_JSON_TEXT(root, "created", out->created, why))
		return -EINVAL;
	out->n_programs = out->n_maps = 0;
	return read_labels(json_object_get(json_object_get(root, "config"), "Labels"), out, why);
}
