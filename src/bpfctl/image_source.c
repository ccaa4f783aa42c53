/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl/image_source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpfctl/rule_local.h"
#include "bpfctl/safe.h"
#include "oci/oci.h"

#define PREFIX "docker://"
#define AUTH_FILE_MAX (1u << 20)

static bool
ends_in(const char *word, const char *end)
{
	size_t len = strlen(word), n = strlen(end);

	return len >= n && strcmp(word + len - n, end) == 0;
}

const char *
image_reference(const char *word)
{
	return strncmp(word, PREFIX, sizeof(PREFIX) - 1) == 0 ? word + sizeof(PREFIX) - 1 : word;
}

bool
image_is_meant(const char *word)
{
	size_t host = strcspn(word, "/");

	if (image_reference(word) != word)
		return true;
	if (word[0] == '/' || word[0] == '.' || !word[host] || ends_in(word, ".o") || access(word, F_OK) == 0)
		return false;
	return memchr(word, '.', host) || memchr(word, ':', host) || (host == 9 && memcmp(word, "localhost", 9) == 0);
}

/* Those for the reference; a file that has none leaves it anonymous, as other tools do. */
static int
read_credentials(struct ctl *ctl, const char *what, const char *file, struct image_source *s)
{
	struct oci_auth *auth = calloc(1, sizeof(*auth));
	AUTO(mem) char *text = NULL;
	AUTO(buf) struct buf safe = { 0 };
	struct oci_why why = { "" };
	struct oci_ref ref;
	size_t len = 0;
	int err = auth ? rule_local_text(file, AUTH_FILE_MAX, &text, &len) : -ENOMEM;

	if (err) {
		free(auth);
		return ctl_fail_file(ctl, what, file, err);
	}
	err = oci_ref_parse(s->msg.reference, &ref, &why);
	if (!err)
		err = oci_auth_find(text, len, &ref, auth, &why);
	if (!err) {
		s->msg.username = s->username = strdup(auth->username);
		s->msg.password = s->password = strdup(auth->password);
	}
	if (!err && (!s->username || !s->password))
		err = -ENOMEM;
	explicit_bzero(auth, sizeof(*auth));
	explicit_bzero(text, len);
	free(auth);
	if (!err || err == -ENOENT)
		return CTL_DONE;
	safe_plain(&safe, why.text, strlen(why.text), false);
	return ctl_fail(ctl, CTL_FAILED, NULL, what, "%s: %s", file, err == -ENOMEM ? "no memory" : buf_text(&safe));
}

int
image_source_read(struct ctl *ctl, const struct args *args, const char *what, const char *word,
	Bpfd__V1__PullPolicy policy, struct image_source *s)
{
	static const struct {
		const char *name;
		Bpfd__V1__PullPolicy policy;
	} policies[] = { { "always", BPFD__V1__PULL_POLICY__ALWAYS },
		{ "if-not-present", BPFD__V1__PULL_POLICY__IF_NOT_PRESENT }, { "never", BPFD__V1__PULL_POLICY__NEVER } };
	const char *name = args_get(args, "pull-policy"), *file = args_get(args, "auth-file");
	size_t i = 0;

	bpfd__v1__image_source__init(&s->msg);
	s->msg.reference = (char *)(uintptr_t)image_reference(word);
	s->msg.policy = policy;
	while (name && i < ARRAY_SIZE(policies) && strcmp(name, policies[i].name) != 0)
		i++;
	if (i == ARRAY_SIZE(policies))
		return ctl_fail(ctl, CTL_USAGE, "there are always, if-not-present and never", what,
			"what is the pull policy \"%s\"?", name);
	if (name)
		s->msg.policy = policies[i].policy;
	return file ? read_credentials(ctl, what, file, s) : CTL_DONE;
}

void
image_source_free(struct image_source *s)
{
	if (s->password)
		explicit_bzero(s->password, strlen(s->password));
	free(s->username);
	free(s->password);
	*s = (struct image_source){ .username = NULL };
}

void
image_no_hurry(struct ctl *ctl, const struct args *args)
{
	if (!args_get(args, "timeout"))
		client_set_timeout(ctl->client, 0);
}
