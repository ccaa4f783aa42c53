/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Docker's config.json and containers' auth.json(5), also what a Kubernetes secret of the type
 * kubernetes.io/dockerconfigjson holds: {"auths": {PLACE: {"auth": base64 of USER:PASSWORD}}}.  PLACE is
 * HOST[:PORT][/NAME...], or a URL as docker writes it.  Programs that keep credentials are not run.
 */
#include <errno.h>
#include <string.h>

#include "common/base64.h"
#include "common/log.h"
#include "ipc/chan.h"
#include "oci/json.h"

/* The part of a place behind its host, without docker's version of the API. */
static const char *
place_path(const char *at)
{
	static const char *const versions[] = { "/", "/v1", "/v1/", "/v2", "/v2/" };

	for (size_t i = 0; i < ARRAY_SIZE(versions); i++)
		if (strcmp(at, versions[i]) == 0)
			return "";
	return *at ? at + 1 : at;
}

/* How exactly the place fits: 0 for not at all, 1 for the host, more for more of the name. */
static size_t
fits(const char *place, const struct oci_ref *ref)
{
	const char *scheme = strstr(place, "://"), *path;
	const char *host = scheme ? scheme + 3 : place;
	const size_t len = strcspn(host, "/");
	char name[OCI_HOST_MAX];
	struct oci_why why;
	size_t path_len;

	if (oci_host_parse(host, len, name, &why) || strcmp(name, ref->host) != 0)
		return 0;
	path = place_path(host + len);
	path_len = strlen(path);
	if (strncmp(ref->name, path, path_len) != 0 || (path_len && !strchr("/", ref->name[path_len])))
		return 0;
	return 1 + path_len;
}

static const json_t *
most_exact(const json_t *auths, const struct oci_ref *ref)
{
	const json_t *found = NULL;
	size_t best = 0;
	const char *place;
	json_t *entry;

	json_object_foreach((json_t *)(uintptr_t)auths, place, entry) {
		const size_t fit = fits(place, ref);

		if (fit > best) {
			best = fit;
			found = entry;
		}
	}
	return found;
}

/* base64 of USER:PASSWORD. */
static int
split(const char *text, struct oci_auth *a, struct oci_why *why)
{
	const size_t len = strlen(text);
	AUTO(mem) char *plain = malloc(len / 4 * 3 + 4);
	char *colon;
	long n;

	if (!plain)
		return oci_refuse(why, -ENOMEM, "no memory for the credentials");
	n = base64_decode((uint8_t *)plain, text, len);
	if (n >= 0)
		plain[n] = '\0';
	colon = n < 0 || strlen(plain) != (size_t)n ? NULL : strchr(plain, ':');
	if (!colon)
		return oci_refuse(why, -EINVAL, "\"auth\" is not the base64 of USER:PASSWORD");
	*colon = '\0';
	if ((size_t)(colon - plain) >= sizeof(a->username) || strlen(colon + 1) >= sizeof(a->password))
		return oci_refuse(why, -EINVAL, "the user or password is too long");
	strcpy(a->username, plain);
	strcpy(a->password, colon + 1);
	explicit_bzero(plain, (size_t)n);
	return 0;
}

static int
read_entry(const json_t *entry, struct oci_auth *a, struct oci_why *why)
{
	const char *auth = json_string_value(json_object_get(entry, "auth"));
	int err = auth && *auth ? split(auth, a, why) : 0;

	if (err)
		return err;
	if (!a->username[0] && (OCI_JSON_TEXT(entry, "username", a->username, why) ||
	    OCI_JSON_TEXT(entry, "password", a->password, why)))
		return -EINVAL;
	if (OCI_JSON_TEXT(entry, "identitytoken", a->identity_token, why))
		return -EINVAL;
	/* They become header lines. */
	if (!IPC_STR_OK(a->username) || !IPC_STR_OK(a->password))
		return oci_refuse(why, -EINVAL, "the user or password has control characters");
	return a->username[0] || a->identity_token[0] ? 0 : -ENOENT;
}

int
oci_auth_find(const void *bytes, size_t len, const struct oci_ref *ref, struct oci_auth *out, struct oci_why *why)
{
	AUTO(json) json_t *root = NULL;
	AUTO(mem) struct oci_auth *a = calloc(1, sizeof(*a));
	const json_t *entry;
	bool helper;
	int err;

	if (!a)
		return oci_refuse(why, -ENOMEM, "no memory for the credentials");
	err = oci_json_load(bytes, len, "the file of credentials", &root, why);
	if (err)
		return err;
	helper = json_object_get(root, "credsStore") || json_object_get(root, "credHelpers");
	entry = most_exact(json_object_get(root, "auths"), ref);
	err = entry ? read_entry(entry, a, why) : -ENOENT;
	if (err == -ENOENT)
		return oci_refuse(why, err, "the file of credentials has none for %s%s", ref->host, helper ?
			"; it names a helper program, and bpfd runs none: write them with `skopeo login --authfile`" : "");
	if (!err)
		*out = *a;
	explicit_bzero(a, sizeof(*a));
	return err;
}
