/* SPDX-License-Identifier: Apache-2.0 */
/* USDT notes of any bytes; and any text as what a note says of its arguments. */
#include <assert.h>
#include <elf.h>
#include <string.h>

#include "linker/usdt.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_args(uint16_t machine, const char *text)
{
	struct usdt_arg args[IPC_USDT_ARGS_MAX];
	const char *at = NULL;
	int n = usdt_args(machine, text, args, &at);

	assert(n <= IPC_USDT_ARGS_MAX && at >= text && at <= text + strlen(text));
	for (int i = 0; i < n; i++)
		assert(args[i].type <= USDT_ARG_REG_DEREF && args[i].reg_off >= 0 &&
			args[i].reg_off <= 31 * 8 && args[i].bitshift < 64);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct usdt_note note;
	char text[512];
	size_t at = 0;

	while (usdt_note_next(data, size, &at, &note) > 0) {
		assert(at <= size);
		assert(note.args >= note.name && note.name >= note.provider);
		assert(note.args + strlen(note.args) < (const char *)data + size);
		read_args(EM_X86_64, note.args);
		read_args(EM_AARCH64, note.args);
	}
	size = size < sizeof(text) ? size : sizeof(text) - 1;
	memcpy(text, data, size);
	text[size] = '\0';
	read_args(EM_X86_64, text);
	read_args(EM_AARCH64, text);
	return 0;
}
