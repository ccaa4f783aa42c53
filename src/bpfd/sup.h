/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFD_SUP_H
#define BPFD_BPFD_SUP_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "bpfd/backoff.h"
#include "bpfd/loglines.h"
#include "bpfd/loop.h"
#include "bpfd/notify.h"
#include "bpfd/options.h"
#include "bpfd/paths.h"
#include "bpfd/proc.h"
#include "bpfd/texts.h"
#include "ipc/actions.h"
#include "ipc/chan.h"
#include "ipc/config.h"
#include "ipc/messages.h"

#define LISTENERS_MAX 2

/* A process that the supervisor started: its life and what it writes to its log pipe. */
struct task {
	struct sup *sup;
	const char *name;
	pid_t pid;			/* 0: not running */
	int64_t started_ms;
	uint64_t started_boot_ns;
	struct loop_source exit;	/* pidfd */
	struct loop_source log;
	struct loglines lines;
	void (*ended)(struct task *t, int wait_status);	/* everything of the task is closed already */
};

/* A process that runs as long as bpfd, or as long as the API asks for its class. */
struct child {
	struct task task;
	enum proc_id id;
	enum ipc_role role;
	struct chan *chan;		/* NULL: not running */
	struct loop_source msgs;
	struct backoff backoff;
	int64_t start_at_ms;		/* INT64_MAX: runs, or is not to run */
	int64_t kill_at_ms;		/* it must be ready, or gone, by then; INT64_MAX: neither */
	uint32_t restarts, early_deaths;
	bool wanted;			/* false: a class that nobody asks for */
	bool ready;
	bool stopped;			/* it said so: nothing but its end is left */
	bool ending;			/* it was told to: its end is no death */
};

enum { LOADER, API, ENRICHER, WORKERS, N_CHILDREN = WORKERS + N_ACTION_CLASSES };

/* Who reads the event ring: the API, then a worker for each class; as in struct msg_consumer. */
#define N_CONSUMERS (1 + N_ACTION_CLASSES)

/* Memory and places that outlive the children who use them.  -1: there is none. */
struct lasting {
	uint64_t ring_epoch;			/* of the ring's life: random */
	uint64_t ring_bytes, state_bytes;	/* as made, whatever the configuration says later */
	uint32_t n_cpus;
	int ring, ring_readonly, state;
	struct {
		int cursor, cursor_readonly, event;
	} consumers[N_CONSUMERS];
	int rules, actions, trust;		/* what bpfd-config made of the files, sealed */
	int log_dir, spool_dir, checkpoint_dir, proc_dir, cgroup2;
	int cgroup1[N_CGROUP1];
};

/* A bpfd-config at work on a text; pid 0: none. */
struct confrun {
	pid_t pid;
	int log, out;
};

/* A linker that knows how it is to run and whom the loader has not yet; ch NULL: none. */
struct begun_linker {
	uint32_t id;
	struct msg_start_linker how;
	struct chan *ch;		/* the loader's end */
	int mem;
};

struct helper;
struct job;
struct starter;
struct fetches;
struct connection;

struct sup {
	struct options opt;
	struct paths paths;
	const struct config *cfg;
	int cfg_fd;			/* the same, sealed */
	struct confrun config_run;	/* what will be the next */
	int exes[N_PROCS];
	uid_t uids[N_PROCS];
	int loop, null, lock, bpffs, state, empty, run_dir;
	uint8_t key[IPC_KEY_LEN];	/* of the loader's tokens, see key.c */
	int listeners[LISTENERS_MAX];
	unsigned int n_listeners;
	bool activated;			/* the sockets are init's */
	struct loop_source signals;
	struct notify notify;
	int daemon_pipe;		/* -1, or the parent that waits for us to be ready */
	struct child children[N_CHILDREN];
	uint64_t wired;			/* bit per pair, see wire.c */
	struct lasting lasting;
	struct helper *helpers;
	uint32_t next_helper;
	struct begun_linker foreseen;
	struct job *jobs;		/* see job.c */
	struct starter *starter;	/* see checkpoint.c; NULL: none */
	struct fetches *fetches;	/* see fetch.c; NULL until there was one */
	struct connection *connections;	/* see connect.c */
	bool serving;			/* was ready once */
	bool failed;			/* never will be */
	uint64_t started_boot_ns;
	bool stopping, stop_wanted, reload_wanted;
	bool reloading;
	bool hurry;			/* asked to stop once more: nobody is waited for */
};

/* key.c: reads the key from the state folder, or makes it.  EXIT_FAILED, after a word about it. */
int	key_read(struct sup *s);

/* task.c */
int	task_start(struct task *t, struct proc_start *s);	/* fills s->out, log, and in when 0; -errno */
void	task_kill(struct task *t);

/* child.c */
void	child_init(struct sup *s);
void	child_start_due(struct sup *s);
int64_t	child_next_ms(const struct sup *s);	/* when child_start_due() has work; INT64_MAX */
void	child_stop(struct child *c, uint32_t flags, int ms);	/* STOP_*; killed when not gone in ms */
void	child_classes(struct sup *s, uint64_t mask);	/* bit per enum action_class: run these */
/* PROC of a process to the API. */
void	child_tell(struct child *api, uint32_t seq, const struct task *t, uid_t uid, uint32_t restarts);
int	child_say(struct child *c, enum ipc_type type, uint32_t seq, const void *payload, const int *fds);

/* greet.c: what a child is told when it starts */
int	greet(struct child *c);
/* A new socket for a worker whose old one leads nowhere; -EPROTO: that is none of its class's. */
int	greet_again(struct child *c, uint32_t kind);

/* wire.c: channels between children */
void	wire(struct sup *s);			/* makes those that are missing and can be made */
void	wire_lost(struct child *c);		/* its ends are gone with it */

/* lasting.c: before the sandbox; logs, and returns an exit status */
int	lasting_make(struct sup *s);
/* cgroups.c: the root directories of the host's cgroup hierarchies */
void	cgroups_open(struct lasting *l);

/* helper.c: -errno when the loader cannot be told */
int	helper_give(struct sup *s, uint32_t kind, uint32_t linker_flags);
/*
 * The first linker, which the loader would ask for to load tracers, is begun before the configuration is known, as its
 * defaults would have it, and is the loader's when they are what is configured.
 */
void	helper_foresee(struct sup *s);
int	helper_give_first(struct sup *s);
void	helper_kill(struct sup *s, uint32_t id);
void	helper_kill_all(struct sup *s);
void	helper_give_up(struct sup *s);		/* of a daemon that does not start; they are gone then */
void	helper_unmount(struct sup *s);
void	helper_tell(struct sup *s, uint32_t seq);	/* PROC of each to the API */

/* setup.c: before the sandbox; each logs what is wrong and what to do, and returns an exit status */
int	setup_places(struct sup *s);
int	setup_mounts(struct sup *s);
int	setup_users(struct sup *s);
void	setup_log_dir(struct sup *s);
void	setup_checkpoint_dir(struct sup *s);
int	shared_setup(struct sup *s);	/* shared.c: folders in the bpffs for unix groups */
int	listen_open(struct sup *s);
void	listen_close(struct sup *s);

/* confrun.c */
int	confrun_begin(struct sup *s);		/* bpfd-config reads while the caller does something else: 0, or -errno, logged */
int	confrun_read(struct sup *s);		/* cfg and cfg_fd; the old ones stay when it fails: -EINVAL */
void	confrun_stop(struct sup *s);		/* what confrun_begin() began is not wanted */
const char *confrun_file(const struct sup *s);	/* path of the configuration */
/* The path that a key names: what is not absolute is beside the configuration.  -ENAMETOOLONG. */
int	confrun_beside(const struct sup *s, const char *name, char out[PATH_MAX]);
/*
 * Runs bpfd-config MODE with in as its standard input.  A sealed memfd with what it made, the
 * caller's; -EINVAL when it refused, -EFBIG.
 */
int	confrun_make(struct sup *s, const char *mode, int in, size_t max);
/* What bpfd-config has to know of the configuration to read rules: an argument for it, in out. */
#define CONFRUN_ENTRIES 32
const char *confrun_entries(const struct sup *s, char out[CONFRUN_ENTRIES]);
/* The two ends of that for one that runs beside us: an empty memfd for its descriptor 3, sealed
 * when it is gone. */
int	confrun_room(void);
int	confrun_seal(int fd, size_t max);
int	confrun_show(struct sup *s, const char *how);	/* --check, --print: an exit status */

/* rules.c */
void	rules_read(struct sup *s);		/* lasting.rules, .actions and .trust anew; the old ones are closed */
int	rules_beside(struct sup *s, struct texts *t);	/* what a rule's text needs besides */
void	rules_tracers(struct sup *s, struct config *c);	/* what tracers.dir declares becomes part of c */

/* job.c: what children ask for while we run, one bpfd-config MODE [NAME] each */
typedef void job_answer(struct child *asker, uint32_t seq, int err, int result);
struct job_start {
	uint32_t seq;
	const char *mode, *name;	/* name: NULL for none */
	int in;				/* its standard input, borrowed */
	size_t max;			/* of the result, which the answer gets sealed */
	job_answer *answer;		/* when it has ended; not called when job_begin() fails */
};
int	job_begin(struct child *asker, const struct job_start *start);	/* -EAGAIN: too many already */
int64_t	job_next_ms(const struct sup *s);
void	job_kill_late(struct sup *s);
void	job_kill_all(struct sup *s);

/*
 * connect.c: sockets of the internet, for who has none: one bpfd-connect each, which ends with its
 * answer.  arg: who asks; all of its own are forgotten when it ends, and none is answered then.
 */
struct connect_want {
	void *arg;
	uint32_t seq;
	uint16_t port;
	bool remote;				/* a server named the host: see CONNECT_REMOTE */
	char host[IPC_HOST_MAX];		/* checked by bpfd-connect */
	/* m->err 0: sock is connected, borrowed, and m->text its address; else sock is -1 and m->text says why. */
	void (*answer)(void *arg, uint32_t seq, const struct msg_connected *m, int sock);
};
int	connect_begin(struct sup *s, const struct connect_want *want);	/* not answered when it fails; -EAGAIN: too many */
void	connect_forget(struct sup *s, const void *arg);
int64_t	connect_next_ms(const struct sup *s);
void	connect_kill_late(struct sup *s);
void	connect_kill_all(struct sup *s);

/* alerts.c: what a worker that sends alerts works on; nothing for other classes */
int	alerts_give(struct child *c);
int	alerts_connect(struct child *c, uint32_t seq, const struct msg_action_connect *m);	/* answers */

/* parse.c: rules that the API asks about.  containers.c: files that the enricher does.  Both answer. */
int	parse_begin(struct child *api, uint32_t seq, const char *file, int text);
int	containers_look(struct child *enricher, uint32_t seq, const struct msg_container *m);

/* fetch.c: a bpfd-fetch for each image that the API asks about */
int	fetch_begin(struct child *api, uint32_t seq, int *fds);	/* of FETCH, taken; answers */
void	fetch_noted(struct sup *s, uint32_t id);	/* the loader has the verdict */
void	fetch_loader_ready(struct sup *s);	/* a new loader is told all verdicts before anybody speaks to it */
void	fetch_forget(struct sup *s);		/* all verdicts: the policy is another */
void	fetch_tell(struct sup *s, uint32_t seq);	/* PROC of each to the API */
int64_t	fetch_next_ms(const struct sup *s);
void	fetch_kill_late(struct sup *s);
void	fetch_kill_all(struct sup *s);

/* checkpoint.c */
void	checkpoint_start(struct sup *s);	/* who starts those that write one; before confine() */
void	checkpoint_tell(struct sup *s, uint32_t seq);	/* PROC of it to the API */
void	checkpoint_stop(struct sup *s);
int	checkpoint_begin(struct child *worker, uint32_t seq, const struct msg_checkpoint *m);

/* confine.c */
int	confine_prepare(void);			/* what takes a while and can be done before: 0, or -errno, logged */
int	confine(void);				/* the same */

#endif
