/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/token.h"

#include <errno.h>
#include <sha2.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK SHA256_BLOCK_LENGTH
#define CHUNK 65536
#define NUMBER(ctx, v) number(ctx, (uint64_t)(v))
#define TEXT(ctx, array) bytes(ctx, array, strnlen(array, sizeof(array)))

_Static_assert(sizeof(struct msg_token) == SHA256_DIGEST_LENGTH, "a token is an HMAC-SHA256");
_Static_assert(IPC_KEY_LEN <= SHA256_BLOCK_LENGTH, "a longer key would be hashed first");

static uint8_t pads[2][BLOCK];	/* the key with ipad and with opad */

void
token_key(const uint8_t key[IPC_KEY_LEN])
{
	memset(pads[0], 0x36, BLOCK);
	memset(pads[1], 0x5c, BLOCK);
	for (size_t i = 0; i < IPC_KEY_LEN; i++) {
		pads[0][i] ^= key[i];
		pads[1][i] ^= key[i];
	}
}

static void
number(SHA2_CTX *ctx, uint64_t v)
{
	uint8_t le[8];

	for (size_t i = 0; i < sizeof(le); i++)
		le[i] = (uint8_t)(v >> (8 * i));
	SHA256Update(ctx, le, sizeof(le));
}

static void
bytes(SHA2_CTX *ctx, const void *data, size_t len)
{
	NUMBER(ctx, len);
	SHA256Update(ctx, data, len);
}

static void
begin(SHA2_CTX *ctx, const char *what)
{
	SHA256Init(ctx);
	SHA256Update(ctx, pads[0], BLOCK);
	bytes(ctx, what, strlen(what));
}

static void
end(SHA2_CTX *ctx, struct msg_token *out)
{
	uint8_t inner[SHA256_DIGEST_LENGTH];

	SHA256Final(inner, ctx);
	SHA256Init(ctx);
	SHA256Update(ctx, pads[1], BLOCK);
	SHA256Update(ctx, inner, sizeof(inner));
	SHA256Final(out->mac, ctx);
}

static int
object_bytes(SHA2_CTX *ctx, int object)
{
	static uint8_t chunk[CHUNK];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(object, chunk, sizeof(chunk), at)) > 0) {
		SHA256Update(ctx, chunk, (size_t)n);
		at += n;
	}
	return n < 0 ? -errno : 0;
}

int
token_sha256(int object, uint8_t out[32])
{
	SHA2_CTX ctx;
	int err;

	SHA256Init(&ctx);
	err = object_bytes(&ctx, object);
	if (!err)
		SHA256Final(out, &ctx);
	return err;
}

int
token_load(const struct msg_load *m, int object, uint32_t uid, struct msg_token *out)
{
	struct stat st;
	SHA2_CTX ctx;
	int err;

	if (fstat(object, &st) < 0)
		return -errno;
	/* Loads without a group have the tokens that they had before there were groups. */
	begin(&ctx, m->map_group[0] ? "bpfd load 2" : "bpfd load 1");
	if (m->map_group[0])
		TEXT(&ctx, m->map_group);
	NUMBER(&ctx, uid);
	NUMBER(&ctx, m->gid);
	NUMBER(&ctx, m->map_owner_gid);
	NUMBER(&ctx, m->type_grant);
	NUMBER(&ctx, m->n_progs);
	for (uint32_t i = 0; i < m->n_progs; i++) {
		const struct load_prog *p = &m->progs[i];

		TEXT(&ctx, p->name);
		TEXT(&ctx, p->attach_to);
		NUMBER(&ctx, p->prog_type);
		NUMBER(&ctx, p->attach_type);
	}
	bytes(&ctx, m->globals, m->globals_len);
	NUMBER(&ctx, st.st_size);
	err = object_bytes(&ctx, object);
	if (err)
		return err;
	end(&ctx, out);
	return 0;
}

/* A program's number is another one after a reboot: what was meant is its name in its group. */
void
token_attach(const struct msg_attach *m, uint32_t uid, struct msg_token *out)
{
	SHA2_CTX ctx;

	begin(&ctx, "bpfd attach 1");
	NUMBER(&ctx, uid);
	NUMBER(&ctx, m->link_id);
	NUMBER(&ctx, m->gid);
	TEXT(&ctx, m->prog_name);
	TEXT(&ctx, m->section);
	TEXT(&ctx, m->kind);
	TEXT(&ctx, m->target);
	TEXT(&ctx, m->netns);
	TEXT(&ctx, m->direction);
	TEXT(&ctx, m->mode);
	NUMBER(&ctx, m->priority);
	NUMBER(&ctx, m->proceed_on);
	NUMBER(&ctx, m->cookie);
	NUMBER(&ctx, m->flags & (ATTACH_HAS_COOKIE | ATTACH_HAS_PROCEED_ON | ATTACH_FUTURE));
	bytes(&ctx, m->options, options_len(m->options));
	end(&ctx, out);
}

void
token_wish_link(uint64_t wish_id, uint64_t link_id, struct msg_token *out)
{
	SHA2_CTX ctx;

	begin(&ctx, "bpfd wish link 1");
	NUMBER(&ctx, wish_id);
	NUMBER(&ctx, link_id);
	end(&ctx, out);
}

bool
token_same(const struct msg_token *a, const struct msg_token *b)
{
	uint8_t different = 0;

	for (size_t i = 0; i < sizeof(a->mac); i++)
		different |= (uint8_t)(a->mac[i] ^ b->mac[i]);
	return !different;
}
