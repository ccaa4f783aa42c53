/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/mem.h"

#include <sys/mman.h>
#include <sys/personality.h>

#include "events/target.h"
#include "events/words.h"

static const char *const events[] = {
	"mmap", "mprotect", "memfd_create", "memfd_secret", "personality", "userfaultfd",
	"process_madvise", NULL
};

static const struct field_word prot_words[] = {
	{ PROT_NONE, "PROT_NONE" }, { PROT_READ, "PROT_READ" }, { PROT_WRITE, "PROT_WRITE" },
	{ PROT_EXEC, "PROT_EXEC" }, { 0, NULL },
};
static const struct field_word why_words[] = {
	{ MEM_WX, "write-exec" }, { MEM_ANON, "anonymous" }, { MEM_NAMELESS, "nameless" }, { 0, NULL },
};

/* linux/mman.h of x86 */
static const struct field_word map_words[] = {
	{ 3, "MAP_SHARED_VALIDATE" }, { 1, "MAP_SHARED" }, { 2, "MAP_PRIVATE" }, { 0x10, "MAP_FIXED" },
	{ 0x20, "MAP_ANONYMOUS" }, { 0x40, "MAP_32BIT" }, { 0x100, "MAP_GROWSDOWN" },
	{ 0x2000, "MAP_LOCKED" }, { 0x4000, "MAP_NORESERVE" }, { 0x8000, "MAP_POPULATE" },
	{ 0x10000, "MAP_NONBLOCK" }, { 0x20000, "MAP_STACK" }, { 0x40000, "MAP_HUGETLB" },
	{ 0x80000, "MAP_SYNC" }, { 0x100000, "MAP_FIXED_NOREPLACE" }, { 0, NULL },
};
static const struct field_word memfd_words[] = {
	{ 1, "MFD_CLOEXEC" }, { 2, "MFD_ALLOW_SEALING" }, { 4, "MFD_HUGETLB" },
	{ 8, "MFD_NOEXEC_SEAL" }, { 0x10, "MFD_EXEC" }, { 0, NULL },
};

#define P(name) { name, #name }
static const struct field_word personality_words[] = {
	P(UNAME26), P(ADDR_NO_RANDOMIZE), P(FDPIC_FUNCPTRS), P(MMAP_PAGE_ZERO), P(ADDR_COMPAT_LAYOUT),
	P(READ_IMPLIES_EXEC), P(ADDR_LIMIT_32BIT), P(SHORT_INODE), P(WHOLE_SECONDS),
	P(STICKY_TIMEOUTS), P(ADDR_LIMIT_3GB), { 0, NULL },
};
#undef P

/* asm-generic/mman-common.h */
static const struct field_word advice_words[] = {
	{ 0, "MADV_NORMAL" }, { 3, "MADV_WILLNEED" }, { 4, "MADV_DONTNEED" }, { 8, "MADV_FREE" },
	{ 20, "MADV_COLD" }, { 21, "MADV_PAGEOUT" }, { 25, "MADV_COLLAPSE" },
	{ 102, "MADV_GUARD_INSTALL" }, { 103, "MADV_GUARD_REMOVE" }, { 0, NULL },
};

#define ON(id) (1U << MEM_##id)
#define ON_MAPPED (ON(MMAP) | ON(MPROTECT))
#define ON_MEMFD (ON(MEMFD_CREATE) | ON(MEMFD_SECRET))
#define ON_FD (ON_MEMFD | ON(USERFAULTFD))

static const struct field fields[] = {
	FIELD_NUM(ev_mem, why, "why", F_FLAGS, .events = ON_MAPPED, .words = why_words,
		  .help = "write-exec: written and executed; anonymous: without a file; nameless: its file is a memfd or deleted"),
	FIELD_NUM(ev_mem, prot, "prot", F_FLAGS, .events = ON_MAPPED, .words = prot_words, .help = "what the mapping allows now"),
	FIELD_NUM(ev_mem, addr, "addr", F_U64, .flags = FIELD_HEX | FIELD_DETAIL, .events = ON_MAPPED, .help = "where the mapping begins"),
	FIELD_NUM(ev_mem, size, "size", F_U64, .events = ON_MAPPED, .help = "its bytes"),
	FIELD_REF(ev_mem, path, "path", F_PATH, .flags = FIELD_OPTIONAL, .events = ON_MAPPED | ON_MEMFD, .help = "its file"),
	FIELD_NUM(ev_mem, flags, "map_flags", F_FLAGS, .flags = FIELD_DETAIL, .events = ON(MMAP), .words = map_words, .help = "MAP_* as given"),
	FIELD_NUM(ev_mem, flags, "memfd_flags", F_FLAGS, .flags = FIELD_OPTIONAL, .events = ON(MEMFD_CREATE), .words = memfd_words, .help = "MFD_* as given"),
	FIELD_NUM(ev_mem, h.ret, "fd", F_I64, .events = ON_FD, .get = words_get_fd, .help = "descriptor"),
	FIELD_NUM(ev_mem, what, "personality", F_FLAGS, .events = ON(PERSONALITY), .words = personality_words, .help = "as given"),
	FIELD_NUM(ev_mem, what, "advice", F_ENUM, .events = ON(PROCESS_MADVISE), .words = advice_words, .help = "MADV_* as given"),
	TARGET_FIELDS(ev_mem),
	FIELD_NUM(ev_mem, dev, "dev", F_U64, .flags = FIELD_OPTIONAL | FIELD_DETAIL, .help = "device of the file: major << 20 | minor"),
	FIELD_NUM(ev_mem, ino, "ino", F_U64, .flags = FIELD_OPTIONAL | FIELD_DETAIL, .help = "inode number of the file"),
	FIELD_NUM(ev_mem, count, "count", F_U64, .flags = FIELD_DETAIL, .help = "how many such calls since the last event of them"),
	{ .name = NULL },
};

const struct tracer_info tracer_mem = {
	.name = "mem",
	.class = EV_CONTROL,
	.help = "memory that is written and executed, files in memory alone",
	.events = events,
	.min_size = sizeof(struct ev_mem),
	.fields = fields,
};
