/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_CHECKPOINT_CHECKPOINT_H
#define BPFD_CHECKPOINT_CHECKPOINT_H

#include <linux/capability.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ipc/actions.h"
#include "ipc/messages.h"

/*
 * bpfd-checkpoint: writes the state of one container to files, by criu or by a command of the
 * container's runtime, says so, and ends.  All that needs a right is done by the program that it
 * starts; what looks after that one has none.
 */
#define CAP_BIT(name)	(1ULL << CAP_##name)
/* What the program keeps: criu fails without the first four of them (measured: 3.17 and a container
 * with namespaces of its own), newer ones ask for the fifth; the last reads files of any user. */
#define PROGRAM_CAPS	(CAP_BIT(SYS_ADMIN) | CAP_BIT(SYS_PTRACE) | CAP_BIT(NET_ADMIN) | CAP_BIT(SYS_CHROOT) | \
			 CAP_BIT(CHECKPOINT_RESTORE) | CAP_BIT(DAC_READ_SEARCH))

/* What went wrong, for a person. */
struct reason {
	int err;			/* negative errno, or a wait status; 0: text says it */
	enum action_outcome outcome;
	char text[IPC_TARGET_MAX];
};
int	reason_set(struct reason *r, int err, const char *format, ...)	/* returns -1 */
		__attribute__((format(printf, 3, 4)));
/* The last line with "Error" of a program's output, else its last line, without control characters:
 * at most room bytes with the NUL, "" when there is none. */
void	reason_of_output(const char *output, size_t len, char *line, size_t room);

/* ---- the container's first process, target.c ---- */

struct task_facts {
	int ppid;
	int depth;			/* of process namespaces, 1: this one's */
	int inner;			/* its number in the innermost */
};
/* The text of /proc/PID/status.  False: it has not what is looked for. */
bool	target_status(const char *text, struct task_facts *out);

struct target {
	int pid, pidfd;
};
/* Of the cgroup and those below.  peer: the supervisor's number; 0, or -1 with the reason. */
int	target_find(int cgroup, pid_t peer, struct target *out, struct reason *why);

/* ---- its freezer, freeze.c ---- */

struct freezer {
	int cgroup, state;		/* directory, borrowed; the file that freezes, -1: not opened */
	bool v1, was_frozen, frozen;
};
int	freezer_open(int cgroup, bool v1, struct freezer *out);
int	freezer_freeze(struct freezer *f);
int	freezer_leave(const struct freezer *f, bool frozen);	/* works without any right */

/* ---- the folder, images.c ---- */

#define IMAGE_NAME	64
struct images {
	int base, dir;			/* folder of all, and of this one */
	char part[IMAGE_NAME], name[IMAGE_NAME];	/* while it is written; when it is whole */
};
struct image_sum {
	uint64_t bytes, files;
	char digest[65];		/* SHA-256 of SHA256SUMS, hexadecimal */
};
/* Bytes that everything below an open directory takes. */
int	images_bytes(int dir, uint64_t *out);
/* Removes what earlier ones left unfinished, and makes the folder. */
int	images_begin(int base, const struct msg_checkpoint *m, struct images *out);
int	images_finish(struct images *im, struct image_sum *sum);	/* SHA256SUMS, and its name */
void	images_drop(struct images *im);

/* ---- the program, program.c ---- */

/* What the words {id}, {dir} and {pid} of its arguments stand for; cgroup: path of the directory. */
struct program_words { const char *id, *dir, *cgroup; int pid; bool frozen; };
char	**program_argv(const struct action_def *a, const struct program_words *w);	/* allocated once, NULL ends */
int	program_open(const char *path, int *fd, struct reason *why);	/* 0, or -1 with the reason */
/* Starts it in the folder, which also has its output; no file may be longer than max_bytes. */
int	program_start(int exe, char **argv, const struct images *im, uint64_t max_bytes, pid_t *pid);

#define OUTPUT_FILE	"output.txt"

#endif
