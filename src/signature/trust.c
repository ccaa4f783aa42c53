/* SPDX-License-Identifier: Apache-2.0 */
#include "signature/trust.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "ipc/chan.h"

void
trust_init(struct image_trust *t)
{
	memset(t, 0, sizeof(*t));
	t->magic = TRUST_MAGIC;
}

static bool
der_ok(const struct image_trust *t, const struct trust_der *d)
{
	return d->len && d->at <= t->der_len && d->len <= t->der_len - d->at;
}

static bool
parts_ok(const struct image_trust *t)
{
	for (uint32_t i = 0; i < t->n_policies; i++)
		if (!IPC_STR_OK(t->policies[i].name) || t->policies[i].need >= N_TRUST_NEEDS)
			return false;
	for (uint32_t i = 0; i < t->n_places; i++)
		if (!IPC_STR_OK(t->places[i].prefix) || t->places[i].policy >= t->n_policies)
			return false;
	for (uint32_t i = 0; i < t->n_keys; i++)
		if (!IPC_STR_OK(t->keys[i].name) || !t->keys[i].name[0] || t->keys[i].policy >= t->n_policies ||
		    !der_ok(t, &t->keys[i].der))
			return false;
	for (uint32_t i = 0; i < t->n_identities; i++) {
		const struct trust_identity *id = &t->identities[i];

		if (!IPC_STR_OK(id->subject) || !id->subject[0] || !IPC_STR_OK(id->issuer) || !id->issuer[0] ||
		    id->policy >= t->n_policies || (id->flags & ~(uint32_t)TRUST_IDENTITY_FLAGS))
			return false;
	}
	for (uint32_t i = 0; i < t->n_anchors; i++)
		if (t->anchors[i].use >= N_TRUST_USES || t->anchors[i].policy >= t->n_policies ||
		    !der_ok(t, &t->anchors[i].der))
			return false;
	return true;
}

int
trust_check(const struct image_trust *t)
{
	if (t->magic != TRUST_MAGIC || !IPC_STR_OK(t->broken) || t->n_policies > TRUST_POLICIES_MAX ||
	    t->n_places > TRUST_PLACES_MAX || t->n_keys > TRUST_KEYS_MAX || t->n_identities > TRUST_IDENTITIES_MAX ||
	    t->n_anchors > TRUST_ANCHORS_MAX || t->der_len > TRUST_DER_MAX)
		return -EINVAL;
	return parts_ok(t) ? 0 : -EINVAL;
}

/* ---- places ---- */

struct part { const char *text; size_t len; };

/* Other names of docker.io, which lead to the same images. */
static struct part
canonical(struct part host)
{
	static const char *const aliases[] = { "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com" };

	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (host.len == strlen(aliases[i]) && strncasecmp(host.text, aliases[i], host.len) == 0)
			return (struct part){ "docker.io", 9 };
	return host;
}

/* HOST[:PORT]: [::1]:5000 has its brackets, and a name may end with a dot that says the same. */
static void
split(struct part where, struct part *host, struct part *port)
{
	size_t n = where.len;

	*port = (struct part){ "", 0 };
	for (size_t i = where.len; i > 0 && where.text[i - 1] != ']'; i--) {
		if (where.text[i - 1] != ':')
			continue;
		n = i - 1;
		*port = (struct part){ where.text + i, where.len - i };
		break;
	}
	if (n > 1 && where.text[n - 1] == '.')
		n--;
	*host = canonical((struct part){ where.text, n });
}

/*
 * A policy for a host is one for all of its ports: another port would otherwise be a way around it.
 * Host names do not know upper and lower case.
 */
static bool
same_host(struct part place, struct part ref)
{
	struct part host, port, ref_host, ref_port;

	split(place, &host, &port);
	split(ref, &ref_host, &ref_port);
	return host.len == ref_host.len && strncasecmp(host.text, ref_host.text, host.len) == 0 &&
		(!port.len || (port.len == ref_port.len && memcmp(port.text, ref_port.text, port.len) == 0));
}

static struct part
until(const char *text, const char *any)
{
	return (struct part){ text, strcspn(text, any) };
}

/* Whether the place is ref's or one above it; *weight: the more exact, the larger. */
static bool
covers(const char *prefix, const char *ref, size_t *weight)
{
	struct part place = until(prefix, "/"), host = until(ref, "/");
	const char *name = ref + host.len + (ref[host.len] == '/');
	const char *below = prefix + place.len + (prefix[place.len] == '/');
	size_t name_len = strcspn(name, ":@"), len = strlen(below);

	*weight = 0;
	if (!*prefix)
		return true;
	if (!same_host(place, host))
		return false;
	*weight = 1 + 2 * len + (memchr(place.text, ':', place.len) != NULL);
	return !len || (len <= name_len && memcmp(below, name, len) == 0 && (len == name_len || name[len] == '/'));
}

bool
trust_same_place(const char *a, const char *b)
{
	size_t weight;

	return covers(a, b, &weight) && covers(b, a, &weight);
}

int
trust_policy_of(const struct image_trust *t, const char *ref)
{
	size_t best = 0, weight;
	int policy = -1;

	for (uint32_t i = 0; i < t->n_places; i++) {
		if (!covers(t->places[i].prefix, ref, &weight) || (policy >= 0 && weight <= best))
			continue;
		best = weight;
		policy = (int)t->places[i].policy;
	}
	return policy;
}
