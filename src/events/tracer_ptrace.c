/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/ptrace.h"
#include "events/target.h"
#include "events/words.h"

static const char *const events[] = { "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", NULL };

/* linux/ptrace.h and asm/ptrace-abi.h of x86 */
#define P(n, name) { n, "PTRACE_" #name }
static const struct field_word request_words[] = {
	P(0, TRACEME), P(1, PEEKTEXT), P(2, PEEKDATA), P(3, PEEKUSR), P(4, POKETEXT), P(5, POKEDATA),
	P(6, POKEUSR), P(7, CONT), P(8, KILL), P(9, SINGLESTEP), P(12, GETREGS), P(13, SETREGS),
	P(14, GETFPREGS), P(15, SETFPREGS), P(16, ATTACH), P(17, DETACH), P(18, GETFPXREGS),
	P(19, SETFPXREGS), P(24, SYSCALL), P(25, GET_THREAD_AREA), P(26, SET_THREAD_AREA),
	P(30, ARCH_PRCTL), P(31, SYSEMU), P(32, SYSEMU_SINGLESTEP), P(33, SINGLEBLOCK),
	P(0x4200, SETOPTIONS), P(0x4201, GETEVENTMSG), P(0x4202, GETSIGINFO), P(0x4203, SETSIGINFO),
	P(0x4204, GETREGSET), P(0x4205, SETREGSET), P(0x4206, SEIZE), P(0x4207, INTERRUPT),
	P(0x4208, LISTEN), P(0x4209, PEEKSIGINFO), P(0x420a, GETSIGMASK), P(0x420b, SETSIGMASK),
	P(0x420c, SECCOMP_GET_FILTER), P(0x420d, SECCOMP_GET_METADATA), P(0x420e, GET_SYSCALL_INFO),
	P(0x420f, GET_RSEQ_CONFIGURATION), P(0x4210, SET_SYSCALL_USER_DISPATCH_CONFIG),
	P(0x4211, GET_SYSCALL_USER_DISPATCH_CONFIG), P(0x4212, SET_SYSCALL_INFO),
	{ 0, NULL },
};
#undef P

#define ON(id) (1U << PTRACE_##id)
#define ON_VM (ON(PROCESS_VM_READV) | ON(PROCESS_VM_WRITEV))

static const struct field fields[] = {
	FIELD_NUM(ev_ptrace, request, "request", F_ENUM, .events = ON(PTRACE), .words = request_words, .help = "what ptrace was to do"),
	TARGET_FIELDS(ev_ptrace),
	FIELD_NUM(ev_ptrace, addr, "addr", F_U64, .flags = FIELD_HEX | FIELD_UNTRUSTED, .events = ON(PTRACE) | ON_VM,
		  .help = "address in the target; of process_vm_* the first one"),
	FIELD_NUM(ev_ptrace, data, "data", F_U64, .flags = FIELD_HEX | FIELD_OPTIONAL | FIELD_DETAIL, .events = ON(PTRACE),
		  .help = "last argument of ptrace, as given"),
	FIELD_REF(ev_ptrace, path, "path", F_PATH, .flags = FIELD_OPTIONAL, .events = ON(PIDFD_GETFD), .help = "file of the descriptor that was taken"),
	FIELD_NUM(ev_ptrace, fd, "target_fd", F_U64, .events = ON(PIDFD_GETFD), .help = "number of the descriptor in the target"),
	FIELD_NUM(ev_ptrace, h.ret, "fd", F_I64, .events = ON(PIDFD_GETFD), .get = words_get_fd, .help = "descriptor"),
	FIELD_NUM(ev_ptrace, given, "given", F_U64, .flags = FIELD_DETAIL, .help = "the target as given: pid in the caller's namespace, or pidfd"),
	FIELD_NUM(ev_ptrace, count, "count", F_U64, .flags = FIELD_DETAIL, .help = "how many such calls since the last event of them"),
	{ .name = NULL },
};

const struct tracer_info tracer_ptrace = {
	.name = "ptrace",
	.class = EV_CONTROL,
	.help = "memory, registers and descriptors of other processes taken hold of",
	.events = events,
	.min_size = sizeof(struct ev_ptrace),
	.fields = fields,
};
