/* SPDX-License-Identifier: Apache-2.0 */
/*
 * References as the distribution project's grammar has them, with docker's completion: no host is
 * docker.io, no tag is latest.  One place has one spelling (lower case, no port 443, no dot at the
 * end): policies are by prefix, and who could write a host in two ways would have two policies.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "oci/oci.h"

#define DOCKER_HOST "docker.io"
#define DOCKER_ENDPOINT "registry-1.docker.io"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* out[0..room) = text[0..len); false: does not fit. */
static bool
copy(char *out, size_t room, const char *text, size_t len)
{
	if (len >= room)
		return false;
	memcpy(out, text, len);
	out[len] = '\0';
	return true;
}

/* Labels of letters, digits and inner hyphens, with single dots between them. */
static bool
host_name_ok(const char *host, size_t len)
{
	for (size_t at = 0, n; at <= len; at += n + 1) {
		n = strspn(host + at, LOWER DIGITS "-");
		if (n == 0 || host[at] == '-' || host[at + n - 1] == '-')
			return false;
		if (at + n != len && host[at + n] != '.')
			return false;
	}
	return true;
}

static bool
port_ok(const char *port)
{
	const size_t len = strlen(port);
	unsigned int value = 0;

	if (len == 0 || len > 5 || port[0] == '0' || strspn(port, DIGITS) != len)
		return false;
	for (size_t i = 0; i < len; i++)
		value = value * 10 + (unsigned int)(port[i] - '0');
	return value <= 65535;
}

/* Docker's rule: what is before the first slash is a host when no part of a name could look so. */
static bool
is_host(const char *text, size_t len)
{
	return memchr(text, '.', len) || memchr(text, ':', len) || memchr(text, '[', len) ||
		(len == 9 && memcmp(text, "localhost", 9) == 0);
}

/* docker.io has three names. */
static const char *const docker_hosts[] = { "index.docker.io", DOCKER_ENDPOINT, NULL };

static bool
in_list(const char *const *list, const char *text)
{
	while (*list && strcmp(*list, text) != 0)
		list++;
	return *list;
}

/* host: in lower case. */
static int
check_host(char *host, struct oci_why *why)
{
	const char *end = host[0] == '[' ? strchr(host, ']') : NULL;
	char *port = strchr(end ? end : host, ':');
	const size_t len = port ? (size_t)(port - host) : strlen(host);
	bool good;

	if (end)
		good = end == host + len - 1 && len > 4 && strspn(host + 1, DIGITS "abcdef:.") == len - 2;
	else
		good = host_name_ok(host, len);
	if (!good || (port && !port_ok(port + 1)))
		return oci_refuse(why, -EINVAL, "%s is no HOST or HOST:PORT of a registry", LOG_QUOTE(host));
	/* Unless it is the port alone that tells it from a name. */
	if (port && strcmp(port, ":443") == 0 && is_host(host, len))
		*port = '\0';
	if (in_list(docker_hosts, host))
		strcpy(host, DOCKER_HOST);
	return 0;
}

int
oci_host_parse(const char *text, size_t len, char out[OCI_HOST_MAX], struct oci_why *why)
{
	char host[OCI_HOST_MAX];
	int err;

	if (!copy(host, sizeof(host), text, len))
		return oci_refuse(why, -EINVAL, "the registry's host is longer than %zu bytes", sizeof(host) - 1);
	for (char *c = host; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	err = check_host(host, why);
	if (!err)
		strcpy(out, host);
	return err;
}

/* One part between slashes: [a-z0-9]+ with ".", "_", "__" or hyphens within. */
static bool
component_ok(const char *s, size_t len)
{
	size_t i = 0;

	while (i < len) {
		const size_t word = strspn(s + i, LOWER DIGITS);
		size_t between;

		if (word == 0)
			return false;
		i += word;
		if (i >= len)
			return i == len;
		between = s[i] == '-' ? strspn(s + i, "-") : s[i] == '_' ? strspn(s + i, "_") : s[i] == '.';
		if (between == 0 || (s[i] == '_' && between > 2))
			return false;
		i += between;
	}
	return false;
}

static int
check_name(const char *name, struct oci_why *why)
{
	for (const char *at = name;; at++) {
		const size_t len = strcspn(at, "/");

		if (!component_ok(at, len))
			return oci_refuse(why, -EINVAL, "%s is no name of an image: lower-case letters, digits, and "
				".  _  - between them%s", LOG_QUOTE(name),
				strpbrk(name, UPPER) ? "; write it in lower case" : "");
		at += len;
		if (!*at)
			return 0;
	}
}

static bool
tag_ok(const char *tag)
{
	const size_t len = strlen(tag);

	return len > 0 && !strchr(".-", tag[0]) && strspn(tag, LOWER UPPER DIGITS "_.-") == len;
}

static int
take_host(const char *text, struct oci_ref *r, const char **name, struct oci_why *why)
{
	const char *slash = strchr(text, '/');

	*name = text;
	if (!slash || !is_host(text, (size_t)(slash - text))) {
		strcpy(r->host, DOCKER_HOST);
		return 0;
	}
	*name = slash + 1;
	return oci_host_parse(text, (size_t)(slash - text), r->host, why);
}

/* NAME[:TAG]; the part behind @ is cut off already. */
static int
take_name(const char *text, struct oci_ref *r, struct oci_why *why)
{
	const char *colon = strchr(text, ':');
	const size_t len = colon ? (size_t)(colon - text) : strlen(text);
	const bool library = strcmp(r->host, DOCKER_HOST) == 0 && !memchr(text, '/', len);
	const size_t prefix = library ? strlen("library/") : 0;

	memcpy(r->name, "library/", prefix);
	if (!copy(r->name + prefix, sizeof(r->name) - prefix, text, len))
		return oci_refuse(why, -EINVAL, "the image's name is longer than %zu bytes", sizeof(r->name) - 1);
	if (check_name(r->name, why))
		return -EINVAL;
	if (!colon) {
		strcpy(r->tag, r->digest[0] ? "" : "latest");
		return 0;
	}
	if (!copy(r->tag, sizeof(r->tag), colon + 1, strlen(colon + 1)) || !tag_ok(r->tag))
		return oci_refuse(why, -EINVAL, "%s is no tag: up to 128 letters, digits, _ . and -, not beginning with "
			". or -", LOG_QUOTE(colon + 1));
	return 0;
}

int
oci_ref_parse(const char *text, struct oci_ref *out, struct oci_why *why)
{
	const char *at = strchr(text, '@'), *name;
	char rest[IMAGE_REF_MAX];
	struct oci_ref r = { 0 };

	if (!*text || strlen(text) >= IMAGE_REF_MAX)
		return oci_refuse(why, -EINVAL, "an image is named by 1 to %d bytes: [HOST[:PORT]/]NAME[:TAG][@DIGEST]",
			IMAGE_REF_MAX - 1);
	if (strstr(text, "://"))
		return oci_refuse(why, -EINVAL, "%s: an image is named without a scheme: [HOST[:PORT]/]NAME[:TAG]",
			LOG_QUOTE(text));
	if (at && !copy(r.digest, sizeof(r.digest), at + 1, strlen(at + 1)))
		return oci_refuse(why, -EINVAL, "%s is no digest: sha256: and 64 hexadecimal digits", LOG_QUOTE(at + 1));
	if (at && !oci_digest_ok(r.digest))
		return oci_refuse(why, -EINVAL, "%s is no digest: sha256: and 64 lower-case hexadecimal digits",
			LOG_QUOTE(r.digest));
	copy(rest, sizeof(rest), text, at ? (size_t)(at - text) : strlen(text));
	if (take_host(rest, &r, &name, why))
		return -EINVAL;
	strcpy(r.endpoint, strcmp(r.host, DOCKER_HOST) == 0 ? DOCKER_ENDPOINT : r.host);
	if (take_name(name, &r, why))
		return -EINVAL;
	*out = r;
	return 0;
}

int
oci_ref_text(const struct oci_ref *r, char *out, size_t room)
{
	const bool digest = r->digest[0];
	const int n = snprintf(out, room, "%s/%s%s%s", r->host, r->name, digest ? "@" : ":",
		digest ? r->digest : r->tag);

	return n < 0 || (size_t)n >= room ? -ENAMETOOLONG : 0;
}
