/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_PROGRAMS_H
#define BPFD_API_PROGRAMS_H

#include "api/api.h"
#include "api/ctl_loader.h"
#include "api/rpc.h"

/*
 * What both services do to programs, apart from how it looks on the wire.  Every function that
 * takes a call ends it, by reply() or by an error, and writes the audit line of a change.
 */
#define PROGRAMS_METADATA_MAX	64	/* entries */
#define PROGRAMS_VALUE_MAX	4096	/* bytes of a metadata value, with NUL */

struct load_image {
	char ref[IMAGE_REF_MAX], username[256];
	char password[8192];		/* wiped when it is freed */
	enum image_pull policy;
};
void	load_image_free(struct load_image *i);	/* NULL is fine */

struct load_args {			/* all of it is taken, also on failure */
	const void *content;		/* the object, valid while the call is; NULL: image or path */
	size_t content_len;
	struct load_image *image;	/* NULL: path */
	char *path, *source, *uuid;	/* "" when not given; source "": the path */
	struct kvs metadata, globals;
	bool dry_run;
	const void *request;		/* for reply(), valid while the call is */
	struct msg_load *msg;		/* programs, n_progs and map_owner_gid are filled */
};
typedef void load_reply(struct call *call, const struct group *g, const void *request);
void	programs_load(struct call *call, struct load_args *take, load_reply *reply);
void	load_args_clear(struct load_args *a);

/* take: facts without link_id and gid, netns, proceed_on, metadata. */
struct attach_args {
	uint32_t prog_id;
	struct msg_attach msg;
	struct kvs metadata;
	bool dry_run;
};
void	programs_attach(struct call *call, struct attach_args *take,
		void (*reply)(struct call *call, const struct link *l));

/* What a link is to be; what is not given stays. */
struct update_args {
	uint64_t link_id;
	uint32_t prog_id;		/* 0: as it is */
	int32_t priority;		/* 0: as it is */
	bool has_proceed_on, dry_run;
	/* Fills msg.proceed_on for the link's kind; false: the call has its error. */
	bool (*proceed_on)(struct call *call, const void *request, struct msg_attach *m);
	const void *request;		/* for it, valid while the call is */
};
void	programs_update(struct call *call, const struct update_args *a,
		void (*reply)(struct call *call, const struct link *l));

void	programs_detach(struct call *call, uint64_t link_id, bool dry_run,
		void (*reply)(struct call *call));

/* gid 0: the program prog_id alone. */
struct removed {
	const uint32_t *progs;
	const uint64_t *links;
	size_t n_progs, n_links;
};
void	programs_unload(struct call *call, uint64_t gid, uint32_t prog_id, bool dry_run,
		void (*reply)(struct call *call, const struct removed *r));

/* Runs fn(arg, true) once the model is true: at once but for the first moments of the process. */
void	programs_when_known(struct api *api, void (*fn)(void *arg, bool known), void *arg);

/* The same, once the loader has looked which links the kernel took off by itself. */
void	programs_when_links_known(struct api *api, void (*fn)(void *arg, bool known), void *arg);

/* It came off, with what it was on or by others (flags: LINK_DETACHED, ...); its pin is gone. */
void	programs_link_gone(struct api *api, struct link *l, uint32_t flags);
/* That, or its interface has another name or is elsewhere. */
void	programs_link_changed(struct api *api, const struct msg_link_facts *f);
/* What was asked for stays; what came of it is added. */
void	programs_take_facts(struct link *l, const struct msg_link_facts *f);

/* Every program of the kernel, as KERNEL_LIST answers with these KERNEL_*, and perhaps more of them; fn
 * runs once, perhaps at once.  Askers share the answer and take nothing from it.  -ENOMEM: fn will
 * not run. */
int	programs_kernel_list(struct api *api, uint32_t flags, void (*fn)(void *arg, struct answer *a), void *arg);

/* A new loader said HELLO: makes model, store and kernel agree. programs_reconcile.c */
void	programs_reconcile(struct api *api);

/* Refuses a change before it begins, with its audit line. */
void	programs_refuse(struct call *call, enum ipc_code code, const char *fmt, ...)
		__attribute__((format(printf, 3, 4)));

/* What a client is told when the store fails. */
enum ipc_code programs_store_code(int err);
const char *programs_store_text(int err);

int64_t	programs_now_ns(void);			/* since 1970 */
int64_t	programs_unix_ns(uint64_t boot_ns);	/* of the boot clock */

#endif
