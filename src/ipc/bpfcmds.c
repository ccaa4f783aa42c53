/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/bpfcmds.h"

#include <errno.h>
#include <string.h>

#include "common/auto.h"
#include "ipc/messages.h"

#define AT(member)  offsetof(union bpf_attr, member)
#define END(member) (AT(member) + sizeof(((union bpf_attr *)0)->member))

#define HANDLE(member, kind)     { BPFCMD_HANDLE, AT(member), kind, 0, 0, 0 },
#define IN(member, length)       { BPFCMD_IN, AT(member), 0, length },
#define OUT(member, length)      { BPFCMD_OUT, AT(member), 0, length },
#define BACK(member)             { BPFCMD_BACK, AT(member), 0, 0, 0, 0 },
#define COUNT(member, unit)      BPFCMD_LEN_COUNT, AT(member), unit
#define RECORDS(count, size)     BPFCMD_LEN_RECORDS, AT(count), AT(size)
#define TEXT(room)               BPFCMD_LEN_TEXT, room, 0
#define KEY                      BPFCMD_LEN_KEY, 0, 0
#define VALUE                    BPFCMD_LEN_VALUE, 0, 0

static const struct bpfcmd commands[] = {
#define BPF_CMD(name, last, makes, fields) { #name, BPF_##name, END(last), makes, { fields } },
#include "ipc/bpfcmds.def"
};

#define BPF_CMD(name, last, makes, fields)                                                         \
	static_assert(END(last) <= IPC_BPF_ATTR_MAX, #name " does not fit msg_bpf_call");
#include "ipc/bpfcmds.def"

const struct bpfcmd *
bpfcmd_all(size_t *n)
{
	*n = ARRAY_SIZE(commands);
	return commands;
}

const struct bpfcmd *
bpfcmd_find(uint32_t cmd)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].cmd == cmd)
			return &commands[i];
	return NULL;
}

uint32_t
bpfcmd_get32(const union bpf_attr *attr, uint32_t offset)
{
	uint32_t v;

	memcpy(&v, (const uint8_t *)attr + offset, sizeof(v));
	return v;
}

uint64_t
bpfcmd_get64(const union bpf_attr *attr, uint32_t offset)
{
	uint64_t v;

	memcpy(&v, (const uint8_t *)attr + offset, sizeof(v));
	return v;
}

void
bpfcmd_set32(union bpf_attr *attr, uint32_t offset, uint32_t v)
{
	memcpy((uint8_t *)attr + offset, &v, sizeof(v));
}

void
bpfcmd_set64(union bpf_attr *attr, uint32_t offset, uint64_t v)
{
	memcpy((uint8_t *)attr + offset, &v, sizeof(v));
}

int
bpfcmd_len(const struct bpfcmd_field *f, const union bpf_attr *attr, uint32_t key_size,
	uint32_t value_size, size_t *len)
{
	uint64_t bytes = 0;

	switch (f->len) {
	case BPFCMD_LEN_COUNT:
		bytes = (uint64_t)bpfcmd_get32(attr, f->a) * f->b;
		break;
	case BPFCMD_LEN_RECORDS:
		bytes = (uint64_t)bpfcmd_get32(attr, f->a) * bpfcmd_get32(attr, f->b);
		break;
	case BPFCMD_LEN_KEY:
		bytes = key_size;
		break;
	case BPFCMD_LEN_VALUE:
		bytes = value_size;
		break;
	case BPFCMD_LEN_TEXT:
		return -EINVAL;
	}
	if (bytes > BPFCMD_BYTES_MAX)
		return -E2BIG;
	*len = (size_t)bytes;
	return 0;
}

uint32_t
bpfcmd_value_kind(uint32_t map_type)
{
	switch (map_type) {
	case BPF_MAP_TYPE_PROG_ARRAY:
		return BPFCMD_PROG;
	case BPF_MAP_TYPE_ARRAY_OF_MAPS:
	case BPF_MAP_TYPE_HASH_OF_MAPS:
		return BPFCMD_MAP;
	default:
		return BPFCMD_NONE;
	}
}
