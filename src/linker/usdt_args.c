/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a USDT note says of its arguments, in the operands of the machine's assembler: for each
 * SIZE@OPERAND, SIZE in bytes, with a minus when the value is signed.
 */
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"
#include "linker/usdt.h"

/* A word up to one of the letters in stop; "" is none. */
static size_t
word(const char *at, const char *stop, char *out, size_t size)
{
	size_t n = strcspn(at, stop);

	if (n >= size)
		n = 0;
	memcpy(out, at, n);
	out[n] = '\0';
	return n;
}

/* A number, with a sign if it likes; false when there is none, or it does not fit. */
static bool
number(const char **at, int64_t *out)
{
	const char *digits = *at + (**at == '-' || **at == '+');
	char *end;

	if (*digits < '0' || *digits > '9')
		return false;
	errno = 0;
	*out = strtoll(*at, &end, 0);
	*at = end;
	return errno == 0;
}

/* Offsets in struct pt_regs. */
static int
x86_register(const char *name)
{
	static const struct {
		const char *names[4];
		int offset;
	} regs[] = {
		{ { "rip", "eip" }, 128 },
		{ { "rax", "eax", "ax", "al" }, 80 },
		{ { "rbx", "ebx", "bx", "bl" }, 40 },
		{ { "rcx", "ecx", "cx", "cl" }, 88 },
		{ { "rdx", "edx", "dx", "dl" }, 96 },
		{ { "rsi", "esi", "si", "sil" }, 104 },
		{ { "rdi", "edi", "di", "dil" }, 112 },
		{ { "rbp", "ebp", "bp", "bpl" }, 32 },
		{ { "rsp", "esp", "sp", "spl" }, 152 },
		{ { "r8", "r8d", "r8w", "r8b" }, 72 },
		{ { "r9", "r9d", "r9w", "r9b" }, 64 },
		{ { "r10", "r10d", "r10w", "r10b" }, 56 },
		{ { "r11", "r11d", "r11w", "r11b" }, 48 },
		{ { "r12", "r12d", "r12w", "r12b" }, 24 },
		{ { "r13", "r13d", "r13w", "r13b" }, 16 },
		{ { "r14", "r14d", "r14w", "r14b" }, 8 },
		{ { "r15", "r15d", "r15w", "r15b" }, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(regs); i++)
		for (size_t k = 0; k < ARRAY_SIZE(regs[i].names) && regs[i].names[k]; k++)
			if (strcmp(regs[i].names[k], name) == 0)
				return regs[i].offset;
	return -1;
}

/* %eax, $-5, -16(%rbp), (%rax). */
static bool
x86_operand(const char **at, struct usdt_arg *arg)
{
	char name[8];
	int64_t value = 0;
	int reg;

	if (**at == '$') {
		(*at)++;
		arg->type = USDT_ARG_CONST;
		if (!number(at, &value))
			return false;
		arg->value = (uint64_t)value;
		return true;
	}
	arg->type = **at == '%' ? USDT_ARG_REG : USDT_ARG_REG_DEREF;
	if (arg->type == USDT_ARG_REG_DEREF && **at != '(' && !number(at, &value))
		return false;
	if (arg->type == USDT_ARG_REG_DEREF && *(*at)++ != '(')
		return false;
	if (*(*at)++ != '%')
		return false;
	*at += word(*at, " )", name, sizeof(name));
	reg = x86_register(name);
	if (reg < 0 || (arg->type == USDT_ARG_REG_DEREF && *(*at)++ != ')'))
		return false;
	arg->value = (uint64_t)value;
	arg->reg_off = (int16_t)reg;
	return true;
}

/* x0 to x30, w0 to w30, sp. */
static int
arm64_register(const char *name)
{
	const char *digits = name + 1;
	int64_t n;

	if (strcmp(name, "sp") == 0)
		return 31 * 8;
	if ((name[0] != 'x' && name[0] != 'w') || digits[0] < '0' || digits[0] > '9' ||
	    !number(&digits, &n) || *digits || n > 30)
		return -1;
	return (int)n * 8;
}

/* x0, 5, [sp], [sp, 60]. */
static bool
arm64_operand(const char **at, struct usdt_arg *arg)
{
	bool deref = **at == '[';
	int64_t value = 0;
	char name[8];
	int reg;

	arg->type = USDT_ARG_CONST;
	if (!deref && (**at == '-' || (**at >= '0' && **at <= '9'))) {
		if (!number(at, &value))
			return false;
		arg->value = (uint64_t)value;
		return true;
	}
	*at += deref;
	*at += word(*at, deref ? " ,]" : " ", name, sizeof(name));
	reg = arm64_register(name);
	if (reg < 0)
		return false;
	if (deref && **at == ',') {
		*at += 1 + strspn(*at + 1, " ");
		if (!number(at, &value))
			return false;
	}
	if (deref && *(*at)++ != ']')
		return false;
	arg->type = deref ? USDT_ARG_REG_DEREF : USDT_ARG_REG;
	arg->value = (uint64_t)value;
	arg->reg_off = (int16_t)reg;
	return true;
}

static bool
size_of(const char **at, struct usdt_arg *arg)
{
	int64_t size;

	if (!number(at, &size) || *(*at)++ != '@')
		return false;
	arg->is_signed = size < 0;
	size = size < 0 ? -size : size;
	if (size != 1 && size != 2 && size != 4 && size != 8)
		return false;
	arg->bitshift = (uint8_t)(64 - size * 8);
	return true;
}

int
usdt_args(uint16_t machine, const char *text, struct usdt_arg args[IPC_USDT_ARGS_MAX], const char **at)
{
	bool (*operand)(const char **at, struct usdt_arg *arg) =
		machine == EM_X86_64 ? x86_operand : machine == EM_AARCH64 ? arm64_operand : NULL;
	int n = 0;

	if (!operand)
		return -EOPNOTSUPP;
	for (*at = text + strspn(text, " "); **at; *at += strspn(*at, " "), n++) {
		const char *next = *at;
		struct usdt_arg arg = { 0 };

		if (n == IPC_USDT_ARGS_MAX)
			return -E2BIG;
		if (!size_of(&next, &arg) || !operand(&next, &arg) || (*next && *next != ' '))
			return -EINVAL;
		args[n] = arg;
		*at = next;
	}
	return n;
}
