/* SPDX-License-Identifier: Apache-2.0 */
#include "image/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"

int
command_fail(const char *word, int err, const struct oci_why *why)
{
	static const struct { int err; enum command_exit status; } statuses[] = {
		{ -ENOENT, COMMAND_NOT_FOUND }, { -EHOSTUNREACH, COMMAND_UNREACHABLE },
		{ -EACCES, COMMAND_DENIED }, { -EPERM, COMMAND_DENIED }, { -ETIMEDOUT, COMMAND_TIMEOUT },
	};

	fprintf(stderr, "bpfctl: image %s: %s\n", word, why->text[0] ? why->text : strerror(-err));
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++)
		if (statuses[i].err == err)
			return statuses[i].status;
	return COMMAND_FAILED;
}

int
command_layout(char *text, const char **tag, struct oci_why *why)
{
	char *colon = strrchr(text, ':'), like[IMAGE_REF_MAX];
	struct oci_ref r;

	*tag = NULL;
	if (!colon || strchr(colon, '/'))
		return 0;
	*colon = '\0';
	*tag = colon + 1;
	snprintf(like, sizeof(like), "localhost/image:%.256s", *tag);
	return oci_ref_parse(like, &r, why);
}

/* As bpfctl's other documents; references and digests have no character that any of them would escape. */
static const struct style {
	const char *format, *begin, *before, *between, *after, *comma, *end;
} styles[] = {
	{ "json", "{\n", "  \"", "\": \"", "\"", ",", "}\n" },
	{ "yaml", "", "", ": \"", "\"", "", "" },
	{ "kv", "", "", "=", "", "", "" },
};

static const struct style *
style_of(const char *format)
{
	for (size_t i = 0; format && i < ARRAY_SIZE(styles); i++)
		if (strcmp(styles[i].format, format) == 0)
			return &styles[i];
	return NULL;
}

int
command_print(const struct command_output *o, const char *image, const char *digest)
{
	const struct style *s = style_of(o->format);

	if (!o->quiet && !s)
		printf("%s\n", digest);
	if (!o->quiet && s) {
		fputs(s->begin, stdout);
		if (image)
			printf("%simage%s%s%s%s\n", s->before, s->between, image, s->after, s->comma);
		printf("%sdigest%s%s%s\n%s", s->before, s->between, digest, s->after, s->end);
	}
	return fflush(stdout) == 0 ? COMMAND_DONE : COMMAND_FAILED;
}
