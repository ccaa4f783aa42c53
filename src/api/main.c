/* SPDX-License-Identifier: Apache-2.0 */
/* bpfd-api: gRPC on the inherited sockets, the store, requests to the loader.  It holds no
 * descriptor of a BPF object. */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "api/api.h"
#include "api/ctl.h"
#include "api/ctl_enricher.h"
#include "api/ctl_loader.h"
#include "api/ctl_parse.h"
#include "api/images.h"
#include "api/own.h"
#include "api/rules_change.h"
#include "api/server.h"
#include "api/sets.h"
#include "api/store.h"
#include "api/store_images.h"
#include "api/streams.h"
#include "api/wishes.h"
#include "common/auto.h"
#include "common/log.h"
#include "common/sandbox.h"

#define CHANNEL_FD	3
#define EMPTY_DIR	"/.empty"
#define FILES_MAX	(256u << 20)	/* what bpfd-config made of all rule files */
#define BPFFS		BPFD_RUNSTATEDIR "/bpfd/bpffs/"

AUTO_DEFINE(event_cfg, struct event_config *, event_config_free)

struct start {
	struct ctl_start ctl;
	uid_t uid;
	gid_t gid;
	int empty;		/* a directory without entries or a name, for the root */
};

static const struct sandbox_rule rules[] = {
#include "api/sandbox.def"
};

static void
ignore_signals(void)
{
	static const int signals[] = { SIGPIPE, SIGINT, SIGHUP, SIGXFSZ };

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		signal(signals[i], SIG_IGN);
}

static int
start_server(struct api *api, struct start *s)
{
	AUTO(event_cfg) struct event_config *cfg = event_config_new();
	int err = 0;

	if (cfg)
		event_config_set_flag(cfg, EVENT_BASE_FLAG_NOLOCK);
	api->base = cfg ? event_base_new_with_config(cfg) : NULL;
	if (!api->base)
		return -ENOMEM;
	logs_init(&api->logs, api->base);
	err = server_new(api->base, api->cfg, api, &api->server);
	for (size_t i = 0; !err && i < s->ctl.n_listeners; i++)
		err = server_listen(api->server, s->ctl.listeners[i]);
	if (!err)
		err = ctl_loader_new(api, &api->loader);
	if (!err)
		err = wishes_new(api, &api->wishes);
	if (!err)
		err = own_new(api, &api->own);
	if (!err)
		err = images_new(api, &api->images);
	return err ? err : ctl_enricher_new(api, &api->enricher);
}

/*
 * The state directory belongs to our user, and this process's rights over files become that
 * user's.  It is the root while the store is opened, so that no other path can be meant.
 */
static int
enter_state(struct start *s)
{
	setfsgid(s->gid);
	setfsuid(s->uid);
	if (fchdir(s->ctl.state_dir) < 0 || chroot(".") < 0 || chdir("/") < 0)
		return -errno;
	if (mkdir(EMPTY_DIR, 0555) < 0 && errno != EEXIST)
		return -errno;
	s->empty = open(EMPTY_DIR, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (s->empty < 0 || rmdir(EMPTY_DIR) < 0)
		return -errno;
	close(TAKE_FD(s->ctl.state_dir));
	return 0;
}

static int
start_store(struct api *api, struct start *s)
{
	int err;

	umask(077);
	store_init();
	err = enter_state(s);
	if (err)
		return log_err(err, "api.state", "the state directory must belong to user bpfd-api");
	err = store_open("/bpfd.db", &api->store);
	if (!err)
		err = store_images_open(api->store, "/images.db");
	return err ? err : store_read(api->store, &api->model);
}

/* Ring and rules: everything of them that needs more than the sandbox lets. */
static int
start_events(struct api *api, struct ctl_start *s)
{
	AUTO(mem) void *files = NULL;
	size_t len = 0;
	int err;

	if (s->actions < 0)
		s->actions = action_table_standard();
	err = action_table_receive(s->actions, &api->actions);
	if (err)
		return log_err(err, "api.actions", "the table of actions is not valid");
	if (s->rules >= 0)
		err = ctl_read_sealed(s->rules, FILES_MAX, &files, &len);
	/* No rule file at all: an empty memfd. */
	if (err && err != -EINVAL)
		return log_err(err, "api.rules", "the rule files cannot be read");
	err = rules_read(&api->rules, api->cfg, api->actions, files, len, api->store);
	if (!err)
		err = streams_new(api, s->ring, s->cursor, TAKE_FD(s->wake), &api->streams);
	if (!err)
		err = sets_new(api, streams_last(api->streams), &api->sets);
	if (!err)
		sets_changed(api->sets);
	close_keep_errno(TAKE_FD(s->ring));
	close_keep_errno(TAKE_FD(s->cursor));
	close_keep_errno(TAKE_FD(s->actions));
	close_keep_errno(TAKE_FD(s->rules));
	return err;
}

static int
start(struct api *api, struct start *s)
{
	struct utsname u = { 0 };
	int err = sandbox_close_from(CHANNEL_FD + 1);

	ignore_signals();
	tzset();	/* gmtime_r() would read a file at its first use */
	model_init(&api->model);
	rules_init(&api->rules);
	uname(&u);
	snprintf(api->kernel, sizeof(api->kernel), "%s", u.release);
	snprintf(api->host, sizeof(api->host), "%s", u.nodename);
	if (!err)
		err = ctl_new(CHANNEL_FD, &api->ctl);
	if (!err)
		err = sandbox_user("bpfd-api", &s->uid, &s->gid);
	if (!err)
		err = ctl_wait_start(api->ctl, &s->ctl);
	if (err)
		return err;
	api->cfg = s->ctl.cfg;
	api->bpffs = s->ctl.flags & START_PRIVATE ? "" : BPFFS;
	log_set_level((enum log_level)(LOG_LVL_ERR + (int)api->cfg->log_level));
	err = start_server(api, s);
	if (err)
		return log_err(err, "api.start", "step=server");
	err = start_store(api, s);
	return err ? err : start_events(api, &s->ctl);
}

/* Clients, with a channel to come and objects that travel. */
static uint64_t
descriptors(const struct config *cfg)
{
	return cfg->limits_connections + cfg->limits_connections / 2 + 512;
}

static int
seal(struct api *api, struct start *s)
{
	const struct sandbox sb = { .name = "bpfd-api", .uid = s->uid, .gid = s->gid,
		.root_fd = s->empty, .landlock = true, .limits = { .nofile = descriptors(api->cfg) },
		.rules = rules, .n_rules = ARRAY_SIZE(rules) };
	int err = sandbox_enter(&sb);

	if (err)
		return err;
	close(TAKE_FD(s->empty));
	err = ctl_run(api->ctl, api);
	if (!err)
		rules_reread(api);
	return err ? log_err(err, "api.seal", "step=ready") : 0;
}

/* The store is not closed: SQLite would look at paths, and a death must do no harm anyway. */
static void
stop(struct api *api)
{
	server_free(api->server);
	ctl_loader_free(TAKE_PTR(api->loader));
	wishes_free(api->wishes);
	own_free(api->own);
	ctl_enricher_free(api->enricher);
	ctl_free(api->ctl);
	images_free(api->images);
	sets_free(api->sets);
	streams_free(api->streams);
	/* The loader takes everything down next: there is nothing to be found lost later. */
	if (api->forget)
		store_del_all(api->store);
	store_checkpoint(api->store);
	logs_clear(&api->logs);
	model_clear(&api->model);
	rules_clear(&api->rules);
	action_table_free(api->actions);
	event_base_free(api->base);
	config_free(api->cfg);
}

int
main(void)
{
	static struct start s = { .empty = -1 };
	static struct api api;

	if (start(&api, &s) < 0 || seal(&api, &s) < 0)
		return EXIT_FAILURE;
	event_base_dispatch(api.base);
	stop(&api);
	return api.broken ? EXIT_FAILURE : EXIT_SUCCESS;
}
