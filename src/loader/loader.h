/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LOADER_LOADER_H
#define BPFD_LOADER_LOADER_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/chan.h"
#include "ipc/config.h"
#include "loader/broker.h"
#include "loader/objects.h"
#include "loader/oneshot.h"
#include "loader/tracers.h"
#include "loader/verdicts.h"

/* A bpfd-linker that the supervisor started: spare, or at work for one session. */
struct linker {
	struct linker *next;
	uint32_t id;			/* the supervisor's */
	struct chan *ch;
	int arena;
	uint64_t arena_bytes;
	struct session *session;	/* NULL: spare */
	struct broker warm;		/* for what it loads before any input arrives */
	uint32_t warm_calls;
	bool ready;			/* it has said LINKER_READY */
	bool ours;			/* links objects of bpfd's own, and only those: one after the other */
	bool eof;			/* its channel is at its end; HELPER_GONE is to come */
	bool over;			/* freed by the loop */
};

enum session_state {
	SESSION_QUEUED,			/* no linker yet */
	SESSION_LINKING,
	SESSION_DYING,			/* the linker went without a word: its wait status comes */
};

struct session;

/* Who asked for a linker's work, and what becomes of it. */
struct session_owner {
	const struct config *cfg;	/* policy and limits of the load; NULL: the loader's */
	bool lasting;			/* goes on when the API is gone */
	/* Gives the linker what it needs before LINK.  Negative errno. */
	int (*share)(struct loader *ld, struct session *s);
	/* The linker has done it: keeps what it made.  0, or res->err with res filled. */
	int (*keep)(struct loader *ld, struct session *s, struct msg_result *res);
	/* The verifier's log, before done().  May be NULL. */
	void (*log)(struct loader *ld, struct session *s, const struct msg_result_log *log);
	/* The last word, whatever came of it.  The session is freed afterwards. */
	void (*done)(struct loader *ld, struct session *s, const struct msg_result *res);
};

/* One load, from LOAD to RESULT. */
struct session {
	struct session *next;		/* in order of arrival */
	enum session_state state;
	const struct session_owner *owner;
	uint32_t seq;			/* of the API's request; the owner's number */
	struct msg_load *req;		/* the object is to be linked, or */
	struct msg_link_sites *sites;	/* these are to be found in it */
	struct msg_linked_site *found;
	struct attaching *attaching;	/* of session_attach: what it is for */
	int object;			/* sealed */
	int64_t deadline_ms;		/* CLOCK_MONOTONIC */
	struct linker *ln;
	struct broker b;
	struct msg_linked_prog *progs;	/* as the linker named them */
	struct msg_linked_map *maps;
	struct msg_linked_without *without;	/* programs that were left out */
	size_t n_progs, n_maps, n_without, n_found;
	size_t room_progs, room_maps, room_without, room_found;
};

struct loader {
	const struct config *cfg;
	struct chan *sup, *api;		/* api: NULL while there is none */
	bool api_gone;			/* a send failed: the loop drops it */
	struct kernel kernel;
	struct objects objects;
	struct probes probes;
	struct broker_stats stats;
	int bpffs, rtnl;
	int watch;			/* NETLINK_ROUTE socket that is told of interfaces */
	int64_t links_look_ms;		/* when all links are looked at again */
	bool watching;			/* the API wants to hear of them */
	int netns;			/* the host's network namespace, for bpfd-xdp */
	int kernel_slot;		/* see slot.h; below 0 where this kernel refuses freplace */
	uint32_t n_cpus;
	bool lockdown, has_btf;
	uid_t uid;
	gid_t gid;

	struct linker *linkers;
	uint32_t linkers_asked;		/* HELPER_WANTED without an answer */
	int64_t no_spare_until_ms;	/* after a spare one was taken, or died unused */
	int64_t spare_backoff_ms;
	struct session *sessions;

	struct {			/* oneshot.c waits for this one */
		bool wanted;
		bool ordered;		/* one that nobody waits for: for the tracers' rings */
		uint32_t stale;		/* answers to requests that gave up */
		uint32_t id;
		int fd, err;
	} oneshot;

	struct tracers tracers;
	struct verdicts verdicts;	/* of images' objects */

	int stats_fd;			/* while it is open the kernel counts runs; -1 */
	int64_t stats_until_ms;
	struct attaching *attaching;	/* whose places are found: for the loop */

	int peer_fd;			/* a new API's channel, for the loop; -1 */
	bool stop;			/* LOADER_STOP came */
	uint32_t stop_flags;

	struct {
		uint64_t loads_ok, loads_failed, linkers_started, linkers_died, linkers_killed,
			oneshots, attaches, detaches;
	} counts;
};

/* Who a message came from. */
struct peer {
	struct chan *ch;
	struct linker *ln;		/* NULL: the supervisor, the API or the enricher */
};


/* dispatch.c: one received message to its on_NAME().  Negative errno: end the peer. */
int	loader_dispatch(struct loader *ld, struct peer *p, struct chan_msg *m);

/* loop.c: serves until the supervisor is gone or a stop was answered. */
int	loader_loop(struct loader *ld);

/* reply.c: messages to the API; without one they go nowhere. */
void	reply(struct loader *ld, enum ipc_type type, uint32_t seq, const void *payload, const int *fds);
void	reply_result(struct loader *ld, uint32_t seq, const struct msg_result *res);
void	reply_ok(struct loader *ld, uint32_t seq, uint32_t n_items);
/* Either of them: what err was decides. */
void	reply_done(struct loader *ld, uint32_t seq, int err, const struct msg_result *res);

/* pool.c: linkers */
void	pool_fill(struct loader *ld);		/* asks for as many as are needed */
int	pool_timeout_ms(const struct loader *ld);	/* until the next pool_fill(); -1: none */
void	pool_rest(struct loader *ld);	/* a spare was taken: the next one waits a moment */
struct linker *pool_spare(struct loader *ld);	/* NULL: none */
struct linker *pool_ours(struct loader *ld);	/* one that waits for another object of bpfd's; NULL */
void	pool_kill(struct loader *ld, struct linker *ln);
void	pool_reap(struct loader *ld);		/* frees those that are over */

/* session.c.  req and sites are copied; one of them is NULL. */
int	session_new(struct loader *ld, const struct session_owner *owner, uint32_t seq,
		const struct msg_load *req, const struct msg_link_sites *sites, int take_object,
		struct attaching *take_attaching, struct msg_result *res);
/* A map for a load, by name; in owner->share().  Takes fd.  Negative errno. */
int	session_share(struct session *s, const char *name, int take_fd);
void	session_start_queued(struct loader *ld);	/* as far as there are linkers */
struct session *session_of_group(const struct loader *ld, uint64_t gid);
void	session_fail(struct loader *ld, struct session *s, enum ipc_code code, int err,
		const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* Without an answer: the API is gone.  all: the lasting ones too. */
void	session_cancel(struct loader *ld, bool all);
void	session_linker_gone(struct loader *ld, struct session *s);	/* its channel ended */
void	session_linker_status(struct loader *ld, struct session *s, int wait_status);
int	session_timeout_ms(const struct loader *ld);	/* until the next deadline; -1: none */
void	session_expire(struct loader *ld);

/* listing.c */
int	listing_timeout_ms(const struct loader *ld);	/* until counting ends; -1: it does not run */
void	listing_expire(struct loader *ld);

/* keep.c: what the API's sessions made becomes bpfd's. */
extern const struct session_owner session_api;

/* attaching.c: attachments that wait for a linker. */
int	attaching_new(struct loader *ld, uint32_t seq, const struct msg_attach *req,
		const struct msg_link_sites *what, int take_file, struct msg_result *res);
void	attaching_free(struct attaching *a);
void	attaching_step(struct loader *ld);	/* attaches those whose places are found */
void	attaching_cancel(struct loader *ld);	/* the API is gone */

/* links.c: attaches and keeps the link, or says why not; answers the API.  links_start() has a linker
 * look first where the kind needs it.  who: NULL when found is given. */
struct attach_found;
struct attach_who;
void	links_start(struct loader *ld, uint32_t seq, const struct msg_attach *req, const struct attach_who *who);
void	links_attach(struct loader *ld, uint32_t seq, const struct msg_attach *req,
		const struct attach_found *found, const struct attach_who *who);
/* links.c, for wishes too.  Each 0, or res->err with res filled. */
int	links_check(struct loader *ld, const struct msg_attach *m, struct msg_result *res);
/* Fills what an attach kind gets of the program.  The descriptor is the caller's. */
struct attach_in;
int	links_open_program(struct loader *ld, const struct msg_attach *m, struct attach_in *in,
		struct msg_result *res);
/* links_token.c.  What a token is made of: texts that end, and the name of the program that is meant. */
int	links_check_token(struct loader *ld, const struct msg_attach *m, struct msg_result *res);
/* Sends what brings the attachment back later, if it is to come. */
int	links_give_token(struct loader *ld, uint32_t seq, const struct msg_attach *m, int client,
		struct msg_result *res);
/* update.c: the link that is there becomes this one; answers the API. */
void	links_change(struct loader *ld, uint32_t seq, const struct msg_attach *req, const struct attach_who *who);

/* wishes.c: answers an ATTACH with ATTACH_FUTURE, of a client that may attach. */
void	wish_new(struct loader *ld, uint32_t seq, const struct msg_attach *m, const struct attach_who *who);

/* gone.c: what an attachment was on is gone, so the kernel took it off. */
bool	link_is_gone(struct loader *ld, struct obj_link *l);
int	links_timeout_ms(const struct loader *ld);	/* -1: there is nothing that others may take off */
void	links_look(struct loader *ld);			/* now and then: what others have taken off */
/* Takes all of those away, pins and all; the API hears of each (seq), and how many. */
uint32_t links_sweep(struct loader *ld, uint32_t seq);
/* One of them. */
void	link_sweep(struct loader *ld, uint32_t seq, struct obj_link *l);

/* watch.c: what interfaces do. */
void	watch_read(struct loader *ld);

/* links.c: pins what was attached; beside a link of that number, to replace it. */
struct attach_out;
int	pin_link(struct loader *ld, const struct msg_attach *m, int prog_fd, const struct attach_out *out,
		struct msg_result *res);

/* xdp.c: asks libxdp what became of bpfd's programs in dispatchers: LINK_GONE, position and mode. */
void	xdp_look(struct loader *ld);
void	xdp_look_again(struct loader *ld);	/* only at chains that are others than they were, the host's */
bool	xdp_same_interface(const struct obj_link *a, const struct obj_link *b);	/* both in a dispatcher there */

/* Its interface is no more: what libxdp pinned for the dispatcher goes too. */
void	xdp_interface_gone(struct loader *ld, const struct obj_link *l);

/* release.c: takes things off and away.  0, or res->err with res filled. */
int	release_link(struct loader *ld, struct obj_link *l, const char *netns, struct msg_result *res);
/* One of the two attachments that a link has while it changes; l is another's afterwards. */
int	release_one(struct loader *ld, struct obj_link *l, const char *netns, struct msg_result *res);
int	release_prog(struct loader *ld, uint32_t prog_id, struct msg_result *res);
int	release_group(struct loader *ld, uint64_t gid, struct msg_result *res);
void	release_all(struct loader *ld);

#endif
