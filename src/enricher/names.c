/* SPDX-License-Identifier: Apache-2.0 */
#include "enricher/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/event.h"

#define AGAIN_NS	5000000000ull	/* of one container, when it is made anew */
#define PACE_NS		1000000ull	/* between two questions: whoever makes cgroups keeps nobody busy */

/* ids are 64 random digits, or as few as their creator likes; whose names these are is compared. */
static uint64_t
hash(const char *id, size_t len)
{
	uint64_t h = EV_HASH_INIT;

	for (size_t i = 0; i < len; i++)
		h = EV_HASH_STEP(h, (uint8_t)id[i]);
	return h;
}

static size_t
bytes_of(const struct names *c)
{
	size_t sum = 0;

	for (size_t i = 0; i < N_NAMES_PARTS; i++)
		sum += c->len[i];
	return sum;
}

static bool
sound(const struct slotmap *t, const struct slot *s)
{
	const struct names *c = (const struct names *)s;
	size_t room = s->large ? STATE_LARGE_BYTES : STATE_SLOT_BYTES - sizeof(*c);

	return s->key2 >> 32 < N_RUNTIMES && bytes_of(c) <= room &&
		container_id_ok(slotmap_bytes(t, s, sizeof(*c)), c->len[NAMES_ID]);
}

static void
enqueue(struct naming *nm, struct names *c)
{
	uint32_t slot = (uint32_t)((size_t)((unsigned char *)c - nm->t.base) / STATE_SLOT_BYTES);

	if (nm->n == nm->t.n)
		return;
	c->wanted = 1;
	nm->queue[(nm->at + nm->n++) % nm->t.n] = slot;
}

int
naming_init(struct naming *nm, unsigned char *base, uint32_t n, uint64_t *high, struct pool *pool)
{
	int err = slotmap_init(&nm->t, base, n, high, pool, sound);

	if (err)
		return err;
	nm->queue = calloc(n, sizeof(*nm->queue));
	if (!nm->queue)
		return -ENOMEM;
	/* What a predecessor had not heard of yet. */
	for (uint32_t i = 0; i < *high; i++) {
		struct names *c = (struct names *)slotmap_slot(&nm->t, i);

		if (c->s.ready == SLOT_READY && c->wanted)
			enqueue(nm, c);
	}
	return 0;
}

void
naming_fini(struct naming *nm)
{
	slotmap_fini(&nm->t);
	free(nm->queue);
}

struct span
names_part(const struct naming *nm, const struct names *c, enum names_part part)
{
	const char *p = slotmap_bytes(&nm->t, &c->s, sizeof(*c));

	for (unsigned int i = 0; i < part; i++)
		p += c->len[i];
	return (struct span){ p, c->len[part] };
}

const struct names *
names_find(const struct naming *nm, enum runtime runtime, const char *id, size_t len)
{
	const struct names *c = (const struct names *)slotmap_find(&nm->t, hash(id, len), (uint64_t)runtime << 32);
	struct span own;

	if (!c)
		return NULL;
	own = names_part(nm, c, NAMES_ID);
	return own.len == len && memcmp(own.s, id, len) == 0 ? c : NULL;
}

uint64_t
names_stores(enum runtime runtime)
{
#define IN(store) (1ull << STORE_##store)
	static const uint64_t stores[N_RUNTIMES] = { [RT_DOCKER] = IN(DOCKER), [RT_CONTAINERD] = IN(CONTAINERD),
		[RT_NERDCTL] = IN(CONTAINERD), [RT_CRIO] = IN(CRIO), [RT_PODMAN] = IN(PODMAN),
		/* Pods whose cgroup does not say who runs them. */
		[RT_KUBE] = IN(CONTAINERD) | IN(CRIO) | IN(DOCKER) };
#undef IN

	return stores[runtime];
}

/* The strings anew; of what has no room, labels first, there is none. */
static void
fill(struct naming *nm, struct names *c, const struct span parts[N_NAMES_PARTS])
{
	size_t want = 0, room, used = 0;
	char *p;

	for (size_t i = 0; i < N_NAMES_PARTS; i++)
		want += parts[i].len;
	slot_write_begin(&c->s);
	p = slotmap_room(&nm->t, &c->s, sizeof(*c), want, &room);
	for (size_t i = 0; i < N_NAMES_PARTS; i++) {
		c->len[i] = (uint16_t)(parts[i].len <= room - used ? parts[i].len : 0);
		memcpy(p + used, parts[i].s, c->len[i]);
		used += c->len[i];
	}
	slot_write_end(&c->s);
}

void
names_note(struct naming *nm, const struct container *ct, uint64_t ts, bool fresh)
{
	const struct span none = { "", 0 };
	struct span parts[N_NAMES_PARTS] = { { ct->id, ct->id_len }, none, none, none, none, none };
	struct names *c;
	bool evicted;

	if (!names_stores(ct->runtime) || !container_id_ok(ct->id, ct->id_len))
		return;
	c = (struct names *)slotmap_find(&nm->t, hash(ct->id, ct->id_len), (uint64_t)ct->runtime << 32);
	if (c) {
		if (fresh && !c->wanted && c != nm->asked && ts - c->s.last > AGAIN_NS)
			enqueue(nm, c);
		return;
	}
	c = (struct names *)slotmap_add(&nm->t, hash(ct->id, ct->id_len), (uint64_t)ct->runtime << 32, &evicted);
	if (c == nm->asked)		/* its answer is for nobody now */
		nm->asked = NULL;
	c->s.last = ts;
	c->wanted = 0;
	fill(nm, c, parts);
	enqueue(nm, c);
}

bool
names_next(struct naming *nm, uint64_t now_ns, enum runtime *runtime, char id[CONTAINER_FILE_ID_MAX],
	uint32_t *seq)
{
	struct span own;
	struct names *c;

	do {
		if (!nm->n || nm->asked || now_ns < nm->due_ns)
			return false;
		c = (struct names *)slotmap_slot(&nm->t, nm->queue[nm->at]);
		nm->at = (nm->at + 1) % nm->t.n;
		nm->n--;
	} while (c->s.ready != SLOT_READY || !c->wanted);	/* another took its place since */
	own = names_part(nm, c, NAMES_ID);
	memcpy(id, own.s, own.len);
	id[own.len] = '\0';
	*runtime = (enum runtime)(c->s.key2 >> 32);
	nm->asked = c;
	nm->due_ns = now_ns + PACE_NS;
	*seq = ++nm->seq;
	return true;
}

static bool
is_same(const struct naming *nm, const struct names *c, const struct span parts[N_NAMES_PARTS])
{
	for (unsigned int i = NAMES_NAME; i < N_NAMES_PARTS; i++) {
		struct span now = names_part(nm, c, i);

		if (now.len != parts[i].len || memcmp(now.s, parts[i].s, now.len) != 0)
			return false;
	}
	return true;
}

bool
names_found(struct naming *nm, uint32_t seq, const struct container_facts *f)
{
	struct names *c = nm->asked;
	char id[CONTAINER_FILE_ID_MAX];
	struct span own;

	if (!c || seq != nm->seq)
		return false;
	nm->asked = NULL;
	c->wanted = 0;
	if (!f)
		return false;
	own = names_part(nm, c, NAMES_ID);
	memcpy(id, own.s, own.len);	/* fill() writes where it lies */
	const struct span parts[N_NAMES_PARTS] = { { id, own.len }, { f->name, strlen(f->name) },
		{ f->image, strlen(f->image) }, { f->pod, strlen(f->pod) }, { f->k8s_ns, strlen(f->k8s_ns) },
		{ f->labels, f->labels_len } };

	if (is_same(nm, c, parts))
		return false;
	fill(nm, c, parts);
	return true;
}
