/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpfctl/apply_plan.h"
#include "bpfctl/save_text.h"

/* ---- a file ---- */

static void
read_as(struct apply_want *w, const char *file, const char *set, const char *text)
{
	assert_int_equal(apply_read(w, file, false, set, text, strlen(text)), 0);
	assert_int_equal(apply_check(w), 0);
}

/* The digest of an object is its path here, and the name of a rule the first quoted word of its text. */
static void
fill_in(struct apply_want *w)
{
	for (size_t i = 0; i < w->n_loads; i++)
		snprintf(w->loads[i]->digest, sizeof(w->loads[i]->digest), "sha256:%s", w->loads[i]->object);
	for (size_t i = 0; i < w->n_rules; i++) {
		const char *name = strchr(w->rules[i]->text, '"') + 1;

		w->rules[i]->name = strndup(name, strcspn(name, "\""));
	}
}

static void
complains(const char *text, const char *expected)
{
	AUTO(apply_want) struct apply_want w = { 0 };

	read_as(&w, "dir/f.toml", NULL, text);
	if (!strstr(buf_text(&w.problems), expected))
		fail_msg("\"%s\" is not in \"%s\"", expected, buf_text(&w.problems));
}

static void
reads_all_that_a_file_may_say(void **state)
{
	AUTO(apply_want) struct apply_want w = { 0 };
	const struct apply_load *l;
	const Bpfd__V1__AttachRequest *a;

	read_as(&w, "etc/net.toml", NULL,
		"version = 1\nrules = [\"r\", \"/abs/x.toml\"]\n"
		"[[load]]\nname = \"fw\"\nobject = \"fw.o\"\nprograms = [\"b:tc\", \"a\"]\npersistent = true\n"
		"globals = { n = \"u32:5\", raw = \"0a0B\", down = \"i16:-2\" }\nmetadata = { owner = \"me\" }\n"
		"map_owner = \"maps\"\n"
		"[[load.attach]]\nprogram = \"a\"\nkind = \"tc\"\ntarget = \"eth0\"\npriority = 20\ndirection = \"ingress\"\n"
		"proceed_on = [\"pass\", \"unspec\"]\ncookie = 7\nnetns = \"pid:1\"\nmode = \"skb\"\n"
		"metadata = { k = \"v\" }\noptions = { pid = 3, return = true, order = \"self\" }\n"
		"[[load]]\nset = \"other\"\nname = \"x\"\nobject = \"/abs.o\"\nmap_owner = \"net/fw\"\n"
		"[[load]]\nname = \"maps\"\nobject = \"../m.o\"\nmap_group = \"games\"\n"
		"[[rule]]\ntext = '''\nname = \"r\"\n'''\n");
	assert_string_equal(buf_text(&w.problems), "");
	assert_int_equal(w.n_loads, 3);
	assert_int_equal(w.n_rules, 3);
	assert_int_equal(w.n_sets, 2);
	l = w.loads[0];
	assert_string_equal(l->set, "net");
	assert_string_equal(l->object, "etc/fw.o");
	assert_ptr_equal(l->owner_load, w.loads[2]);
	assert_true(l->l.req.persistent);
	assert_int_equal(l->l.req.n_programs, 2);
	assert_int_equal(l->l.req.n_globals, 3);
	assert_memory_equal(l->l.req.globals[0]->value.data, "\xfe\xff", 2);
	assert_int_equal(l->l.req.globals[1]->value.len, 4);
	assert_string_equal(apply_metadata((Bpfd__V1__Program__MetadataEntry **)l->l.req.metadata,
		l->l.req.n_metadata, APPLY_MARK_PROGRAMS), "a,b:tc");
	assert_int_equal(l->l.n_attach, 1);
	a = &l->l.attach[0].req;
	assert_string_equal(a->target, "eth0");
	assert_int_equal(a->priority, 20);
	assert_int_equal(a->n_proceed_on, 2);
	assert_int_equal(a->cookie, 7);
	assert_int_equal(a->n_options, 3);
	assert_int_equal(a->n_metadata, 3);		/* two are marks */
	assert_ptr_equal(w.loads[1]->owner_load, w.loads[0]);
	assert_string_equal(w.loads[1]->object, "/abs.o");
	assert_string_equal(w.loads[2]->l.req.map_group, "games");
	assert_string_equal(w.rules[0]->text, "name = \"r\"\n# bpfd.apply=net\n");
	assert_int_equal(w.rules[0]->line, 34);
	assert_string_equal(w.rules[1]->path, "etc/r");
	assert_string_equal(w.rules[2]->path, "/abs/x.toml");
}

static void
says_what_is_wrong_and_where(void **state)
{
	complains("[[lod]]\n", "dir/f.toml:1:3: error: a file has no key \"lod\"; did you mean load?");
	complains("x = [", "dir/f.toml:1:");
	complains("version = 2\n", "f.toml:1:11: error: version 2 is not known here");
	complains("load = 3\n", "1:8: error: load is an array of strings, not an integer");
	complains("[[load]]\nname = \"a/b\"\nobject = \"o\"\n", "2:8: error: \"a/b\" is no name");
	complains("[[load]]\nobject = \"o\"\n", "1:1: error: this load has no name");
	complains("[[load]]\nname = \"a\"\n", "1:1: error: this load has no object");
	complains("[[load]]\nname = \"a\"\nobject = 3\n", "3:10: error: object is a string, not an integer");
	complains("[[load]]\nname = \"a\"\nobject = \"o\"\nprogrems = []\n", "4:1: error: a load has no key \"progrems\"; "
		"did you mean programs?");
	complains("[[load]]\nname = \"a\"\nobject = \"o\"\nprograms = []\n", "programs is empty");
	complains("[[load]]\nname = \"a\"\nobject = \"o\"\nprograms = [3]\n", "4:13: error: a string is wanted here");
	complains("[[load]]\nname = \"a\"\nobject = \"o\"\nglobals = { n = 3 }\n", "4:17: error: n is a string");
	complains("[[load]]\nname = \"a\"\nobject = \"o\"\nglobals = { n = \"u8:256\" }\n", "4:17: error: the value of n");
	complains("[[load]]\nname = \"a\"\nobject = \"o\"\nglobals = { n = \"u7:1\" }\n", "the value of n");
	complains("[[load]]\nname = \"a\"\nobject = \"o\"\nglobals = { n = \"i8:-129\" }\n", "the value of n");
	complains("[[load]]\nname = \"a\"\nobject = \"o\"\nmetadata = { \"bpfd.apply.x\" = \"\" }\n", "names that begin with");
	complains("[[load]]\nname = \"a\"\nobject = \"o\"\nmap_owner = \"map\"\n[[load]]\nname = \"maps\"\nobject = \"o\"\n",
		"1:1: error: map_owner: set f has no load called \"map\"; did you mean maps?");
	complains("[[load]]\nname = \"a\"\nobject = \"o\"\nmap_owner = \"b\"\n[[load]]\nname = \"b\"\nobject = \"o\"\n"
		"map_owner = \"a\"\n", "load \"a\" would own its own maps");
	complains("[[load]]\nname = \"a\"\nobject = \"o\"\n[[load]]\nname = \"a\"\nobject = \"o\"\n",
		"4:1: error: set f has a load called \"a\" already: dir/f.toml:1");
	complains("[[load]]\nname = \"a\"\nobject = \"o\"\n[[load.attach]]\ntarget = \"x\"\n", "4:1: error: this attachment "
		"has no kind");
	complains("[[load]]\nname = \"a\"\nobject = \"o\"\n[[load.attach]]\nkind = \"xdp\"\npriority = 1001\n",
		"6:12: error: priority \"1001\" is not a number from 1 to 1000");
	complains("[[load]]\nname = \"a\"\nobject = \"o\"\n[[load.attach]]\nkind = \"xdp\"\nprio = 1\n",
		"did you mean priority?");
	complains("[[rule]]\n", "a rule has either text or file");
	complains("[[rule]]\nfile = \"x\"\nname = \"y\"\n", "name is for a rule with text");
	complains("set = \"a b\"\n", "1:7: error: \"a b\" is no name");
	complains("[[load]]\nname = \"a\\u0000\"\nobject = \"o\"\n", "there is a NUL");
}

static void
names_a_set(void **state)
{
	AUTO(apply_want) struct apply_want w = { 0 };
	AUTO(apply_want) struct apply_want in = { 0 };

	read_as(&w, "a.toml", NULL, "[[load]]\nname = \"x\"\nobject = \"o\"\nset = \"y\"\n");
	read_as(&w, "b.toml", "mine", "set = \"z\"\n[[load]]\nname = \"x\"\nobject = \"o\"\nset = \"y\"\n");
	read_as(&w, "c.toml", NULL, "set = \"z\"\n[[load]]\nname = \"x\"\nobject = \"o\"\n");
	assert_string_equal(buf_text(&w.problems), "");
	assert_string_equal(w.loads[0]->set, "y");
	assert_string_equal(w.loads[1]->set, "mine");
	assert_string_equal(w.loads[2]->set, "z");
	assert_int_equal(apply_read(&in, "standard input", true, NULL, "", 0), 0);
	assert_non_null(strstr(buf_text(&in.problems), "which set is this?"));
}

/* ---- a daemon that has what files wanted ---- */

#define ROOM 16

struct daemon {
	Bpfd__V1__Program *programs[ROOM];
	Bpfd__V1__Link *links[ROOM];
	Bpfd__V1__Rule *rules[ROOM];
	size_t n_programs, n_links, n_rules;
	uint64_t groups;
};

static void
has_program(struct daemon *d, const struct apply_load *l, const char *name)
{
	Bpfd__V1__Program *p = d->programs[d->n_programs++] = calloc(1, sizeof(*p));

	bpfd__v1__program__init(p);
	p->id = 100 + (uint32_t)d->n_programs;
	p->name = (char *)(uintptr_t)name;
	p->type = "tc";
	p->group = d->groups;
	p->state = "loaded";
	p->digest = (char *)(uintptr_t)l->digest;
	p->n_metadata = l->l.req.n_metadata;
	p->metadata = (Bpfd__V1__Program__MetadataEntry **)l->l.req.metadata;
	p->n_globals = l->l.req.n_globals;
	p->globals = (Bpfd__V1__Program__GlobalsEntry **)l->l.req.globals;
	p->persistent = l->l.req.persistent;
	p->map_owner_group = l->owner_load ? l->owner_load->now.group : 0;
}

static void
has_link(struct daemon *d, const struct spec_attach *a)
{
	Bpfd__V1__Link *l = d->links[d->n_links++] = calloc(1, sizeof(*l));

	bpfd__v1__link__init(l);
	l->id = d->n_links;
	l->group = d->groups;
	l->program_name = (char *)(uintptr_t)a->program;
	l->state = "attached";
	l->kind = a->req.kind;
	l->target = a->req.target;
	l->direction = a->req.direction;
	l->netns = a->req.netns;
	l->mode = *a->req.mode ? a->req.mode : "native";
	l->priority = apply_priority(a);
	l->cookie = a->req.cookie;
	l->proceed_on = a->req.proceed_on;
	l->n_proceed_on = a->req.n_proceed_on;
	l->n_metadata = a->req.n_metadata;
	l->metadata = (Bpfd__V1__Link__MetadataEntry **)a->req.metadata;
	l->future = a->req.future;
	l->n_options = a->req.n_options;
	l->options = (Bpfd__V1__Link__OptionsEntry **)a->req.options;
}

/* Groups 1, 2, ... in the order of the file, programs a and b, links 1, 2, ... */
static void
has_all(struct daemon *d, struct apply_want *w)
{
	for (size_t i = 0; i < w->n_loads; i++) {
		w->loads[i]->now.group = ++d->groups;
		has_program(d, w->loads[i], "a");
		has_program(d, w->loads[i], "b");
		for (size_t j = 0; j < w->loads[i]->l.n_attach; j++)
			has_link(d, &w->loads[i]->l.attach[j]);
	}
	for (size_t i = 0; i < w->n_rules; i++) {
		Bpfd__V1__Rule *r = d->rules[d->n_rules++] = calloc(1, sizeof(*r));

		bpfd__v1__rule__init(r);
		r->name = w->rules[i]->name;
		r->text = w->rules[i]->text;
		r->origin = "api";
	}
}

static void
daemon_free(struct daemon *d)
{
	for (size_t i = 0; i < ROOM; i++) {
		free(d->programs[i]);
		free(d->links[i]);
		free(d->rules[i]);
	}
}

static void
steps_are(struct daemon *d, struct apply_want *w, bool prune, const char *expected)
{
	const struct apply_actual actual = { d->programs, d->links, d->rules, d->n_programs, d->n_links, d->n_rules };
	AUTO(apply_plan) struct apply_plan p = { 0 };
	AUTO(buf) struct buf all = { 0 };
	size_t changes = 0;

	assert_int_equal(apply_plan(w, &actual, prune, &p), 0);
	buf_str(&all, buf_text(&w->problems));
	for (size_t i = 0; i < p.n; i++) {
		const struct apply_step *s = &p.steps[i];

		buf_printf(&all, "%c %s/%s %s (%s)\n", s->sign, s->set, s->name, s->what, s->why);
		changes += s->act != APPLY_KEEP;
	}
	assert_string_equal(buf_text(&all), expected);
	assert_int_equal(changes, p.n_changes);
}

/* before was applied, then changed by a hand (NULL: was not); now the file says after. */
static void
changes(const char *before, void (*hand)(struct daemon *d), const char *after, bool prune, const char *expected)
{
	AUTO(apply_want) struct apply_want had = { 0 };
	AUTO(apply_want) struct apply_want w = { 0 };
	struct daemon d = { 0 };

	read_as(&had, "s.toml", NULL, before);
	read_as(&w, "s.toml", NULL, after);
	fill_in(&had);
	fill_in(&w);
	has_all(&d, &had);
	if (hand)
		hand(&d);
	steps_are(&d, &w, prune, expected);
	daemon_free(&d);
}

#define LOAD(name, object) "[[load]]\nname = \"" name "\"\nobject = \"" object "\"\n"
#define ATTACH(program, target) "[[load.attach]]\nprogram = \"" program "\"\nkind = \"tc\"\ntarget = \"" target "\"\n"
#define RULE(name, more) "[[rule]]\ntext = '''\nname = \"" name "\"\n" more "'''\n"
#define ONE LOAD("x", "o1") ATTACH("a", "eth0")

static void
begins_with_loads_and_owners_first(void **state)
{
	changes("", NULL, RULE("r", "") LOAD("x", "o1") "map_owner = \"y\"\n" ATTACH("a", "eth0") LOAD("y", "o2"), false,
		"+ s/y load (./o2)\n+ s/x load (./o1)\n+ s/x attach a tc:eth0 ()\n+ s/r rule ()\n");
}

static void
does_nothing_where_all_is_as_wanted(void **state)
{
	static const char all[] = LOAD("y", "o2") "persistent = true\nglobals = { g = \"01\" }\nprograms = [\"b\", \"a\"]\n"
		LOAD("x", "o1") "map_owner = \"y\"\n" ATTACH("a", "eth0") "priority = 3\nproceed_on = [\"pass\"]\n"
		ATTACH("a", "eth1") ATTACH("b", "eth0") "mode = \"skb\"\n" RULE("r", "");

	changes(all, NULL, all, false, "");
	changes(all, NULL, all, true, "");
	/* The order of programs and of what a set has, and what is not asked for, say nothing. */
	changes(LOAD("x", "o1") "programs = [\"a\", \"b\"]\n" ATTACH("a", "eth0") "mode = \"skb\"\nproceed_on = [\"p\", \"q\"]\n", NULL,
		LOAD("x", "o1") "programs = [\"b\", \"a\"]\n" ATTACH("a", "eth0") "priority = 50\nproceed_on = [\"q\", \"p\"]\n", false, "");
}

static void
replaces_a_load_that_changed_and_moves_its_links(void **state)
{
	static const char moved[] = "~ s/x attach a tc:eth0 (link 1: program of the new load)\n- s/x load (group 1, replaced)\n";
	static const struct {
		const char *before, *after, *why;
	} cases[] = {
		{ ONE, LOAD("x", "o2") ATTACH("a", "eth0"), "object" },
		{ LOAD("x", "o1") "globals = { g = \"01\" }\n" ATTACH("a", "eth0"),
			LOAD("x", "o1") "globals = { g = \"02\" }\n" ATTACH("a", "eth0"), "globals.g" },
		{ LOAD("x", "o1") "globals = { g = \"01\" }\n" ATTACH("a", "eth0"), ONE, "globals.g" },
		{ ONE, LOAD("x", "o1") "globals = { h = \"01\" }\n" ATTACH("a", "eth0"), "globals.h" },
		{ ONE, LOAD("x", "o1") "metadata = { k = \"v\" }\n" ATTACH("a", "eth0"), "metadata.k" },
		{ LOAD("x", "o1") "metadata = { k = \"v\" }\n" ATTACH("a", "eth0"), ONE, "metadata.k" },
		{ ONE, LOAD("x", "o1") "persistent = true\n" ATTACH("a", "eth0"), "persistent" },
		{ ONE, LOAD("x", "o1") "programs = [\"a\"]\n" ATTACH("a", "eth0"), "programs" },
		{ LOAD("x", "o1") "programs = [\"a\"]\n" ATTACH("a", "eth0"),
			LOAD("x", "o1") "programs = [\"a:tcx\"]\n" ATTACH("a", "eth0"), "programs" },
		{ ONE, LOAD("x", "o1") "map_group = \"g\"\n" ATTACH("a", "eth0"), "map_group" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(buf) struct buf expected = { 0 };

		buf_printf(&expected, "~ s/x load (%s; takes the place of group 1)\n%s", cases[i].why, moved);
		changes(cases[i].before, NULL, cases[i].after, false, buf_text(&expected));
	}
}

static void
replaces_who_shares_the_maps_of_what_is_replaced(void **state)
{
	changes(LOAD("y", "o2") LOAD("x", "o1") "map_owner = \"y\"\n" ATTACH("a", "eth0"), NULL,
		LOAD("y", "o3") LOAD("x", "o1") "map_owner = \"y\"\n" ATTACH("a", "eth0"), false,
		"~ s/y load (object; takes the place of group 1)\n"
		"~ s/x load (the maps that it shares; takes the place of group 2)\n"
		"~ s/x attach a tc:eth0 (link 1: program of the new load)\n"
		"- s/x load (group 2, replaced)\n- s/y load (group 1, replaced)\n");
	changes(LOAD("y", "o2") LOAD("x", "o1"), NULL, LOAD("y", "o2") LOAD("x", "o1") "map_owner = \"y\"\n", false,
		"~ s/x load (map_owner; takes the place of group 2)\n- s/x load (group 2, replaced)\n");
	changes(LOAD("y", "o2"), NULL, LOAD("x", "o1") "set = \"t\"\nmap_owner = \"s/y\"\n" LOAD("y", "o2"), false,
		"+ t/x load (./o1)\n");
	changes("", NULL, LOAD("x", "o1") "map_owner = \"t/y\"\n", false,
		"s.toml:1:1: error: map_owner: there is no load \"t/y\"\n+ s/x load (./o1)\n");
}

static void
changes_links_as_little_as_can_be(void **state)
{
	changes(ONE, NULL, ONE "priority = 7\n", false, "~ s/x attach a tc:eth0 (link 1: priority 50 -> 7)\n");
	changes(ONE, NULL, ONE "proceed_on = [\"p\", \"q\"]\n", false,
		"~ s/x attach a tc:eth0 (link 1: proceed_on the hook's own -> p+q)\n");
	changes(ONE "proceed_on = [\"p\"]\n", NULL, ONE, false,
		"~ s/x attach a tc:eth0 (link 1: proceed_on p -> pipe+dispatcher_return)\n");
	changes(ONE "proceed_on = [\"dispatcher_return\", \"pipe\"]\n", NULL, ONE, false, "");
	changes(ONE, NULL, LOAD("x", "o1") ATTACH("b", "eth0"), false,
		"~ s/x attach b tc:eth0 (link 1: program a -> b)\n");
	changes(ONE, NULL, ONE "cookie = 4\n", false, "~ s/x attach a tc:eth0 (link 1: mode, cookie or options)\n");
	changes(ONE, NULL, ONE "options = { pid = 4 }\n", false,
		"~ s/x attach a tc:eth0 (link 1: mode, cookie or options)\n");
	changes(ONE, NULL, ONE "metadata = { k = \"v\" }\n", false, "~ s/x attach a tc:eth0 (link 1: metadata)\n");
	changes(ONE, NULL, LOAD("x", "o1") ATTACH("a", "eth1"), false,
		"+ s/x attach a tc:eth1 ()\n- s/x attach a tc:eth0 (link 1: not in the files)\n");
	changes(ONE, NULL, ONE ATTACH("b", "eth0"), false, "+ s/x attach b tc:eth0 ()\n");
	changes(ONE ATTACH("b", "eth0"), NULL, LOAD("x", "o1") ATTACH("b", "eth0"), false,
		"- s/x attach a tc:eth0 (link 1: not in the files)\n");
	/* The near one does not take the place of the one that fits. */
	changes(ONE ATTACH("b", "eth0"), NULL, LOAD("x", "o1") ATTACH("b", "eth0") "priority = 2\n" ATTACH("a", "eth0"), false,
		"~ s/x attach b tc:eth0 (link 2: priority 50 -> 2)\n");
	changes(ONE, NULL, LOAD("x", "o1") ATTACH("c", "eth0"), false,
		"s.toml:4:1: error: no program called \"c\" was loaded; there are a (tc), b (tc)\n");
}

static void
by_another_name(struct daemon *d)
{
	d->links[0]->target = "/sys/fs/cgroup/eth0";
}
static void
renamed_interface(struct daemon *d)
{
	by_another_name(d);
	d->links[0]->ifindex = 4;
}
static void
lost_link(struct daemon *d)
{
	d->links[0]->state = "lost";
}
static void
lost_group(struct daemon *d)
{
	d->programs[1]->state = "lost";
	lost_link(d);
}
static void
unmarked(struct daemon *d)
{
	for (size_t i = 0; i < d->n_programs; i++)
		d->programs[i]->n_metadata = 0;
	for (size_t i = 0; i < d->n_links; i++)
		d->links[i]->n_metadata = 0;
	for (size_t i = 0; i < d->n_rules; i++)
		d->rules[i]->text = "name = \"r\"";
}
static void
unmarked_link(struct daemon *d)
{
	d->links[0]->n_metadata = 0;
}
/* A run before came so far: group 2 is as wanted and has link 1, link 2 is still of group 1. */
static void
half_way(struct daemon *d)
{
	struct daemon *more = d;

	for (size_t i = 0; i < 2; i++) {
		Bpfd__V1__Program *p = more->programs[more->n_programs++] = calloc(1, sizeof(*p));

		*p = *d->programs[i];
		p->id += 10;
		p->group = 2;
		p->digest = "sha256:./o2";
	}
	d->links[0]->group = 2;
}

static void
knows_a_link_by_the_target_that_the_file_said(void **state)
{
	changes(ONE, by_another_name, ONE, false, "");
	changes(ONE, renamed_interface, ONE, false,
		"+ s/x attach a tc:eth0 ()\n- s/x attach a tc:/sys/fs/cgroup/eth0 (link 1: not in the files)\n");
}

static void
brings_back_what_is_lost(void **state)
{
	changes(ONE, lost_link, ONE, false, "~ s/x attach a tc:eth0 (link 1: it is lost)\n");
	changes(ONE, lost_group, ONE, false, "~ s/x load (it is lost; takes the place of group 1)\n"
		"~ s/x attach a tc:eth0 (link 1: it is lost, program of the new load)\n- s/x load (group 1, replaced)\n");
}

static void
goes_on_where_a_run_before_ended(void **state)
{
	changes(LOAD("x", "o1") ATTACH("a", "eth0") ATTACH("b", "eth0"), half_way,
		LOAD("x", "o2") ATTACH("a", "eth0") ATTACH("b", "eth0"), false,
		"~ s/x attach b tc:eth0 (link 2: program of the new load)\n- s/x load (group 1, replaced)\n");
}

static void
leaves_alone_what_nobody_marked(void **state)
{
	changes(ONE RULE("r", ""), unmarked, ONE RULE("r", ""), true, "");
	changes(ONE, unmarked, "", true, "");
	changes(ONE, unmarked, LOAD("x", "o2") ATTACH("a", "eth0"), true,
		"+ s/x load (./o2)\n+ s/x attach a tc:eth0 ()\n");
	changes(ONE, unmarked, ONE "priority = 3\n", true, "+ s/x attach a tc:eth0 (priority 3)\n");
	changes(ONE, unmarked_link, LOAD("x", "o1"), true, "");
	/* A load of fewer programs is none of this. */
	changes(LOAD("x", "o1"), unmarked, LOAD("x", "o1") ATTACH("c", "eth0"), true,
		"+ s/x load (./o1)\n+ s/x attach c tc:eth0 ()\n");
	/* But where its program goes, it would go too. */
	changes(ONE, unmarked_link, LOAD("x", "o2"), true, "~ s/x load (object; takes the place of group 1)\n"
		"~ s/x attach a tc:eth0 (link 1, which apply did not make: program of the new load)\n"
		"- s/x load (group 1, replaced)\n");
}

static void
removes_only_when_told_and_only_of_its_sets(void **state)
{
	changes(ONE RULE("r", ""), NULL, "", false, "  s/x load (group 1: not in the files, kept; --prune removes it)\n"
		"  s/r rule (not in the files, kept; --prune removes it)\n");
	changes(ONE RULE("r", ""), NULL, "", true, "- s/x load (group 1, not in the files)\n- s/r rule (not in the files)\n");
	changes("set = \"t\"\n" ONE RULE("r", ""), NULL, "", true, "");
	changes("set = \"t\"\n" ONE, NULL, ONE, true, "+ s/x load (./o1)\n+ s/x attach a tc:eth0 ()\n");
	changes(LOAD("y", "o2") LOAD("x", "o1") "map_owner = \"y\"\n", NULL, "", true,
		"- s/x load (group 2, not in the files)\n- s/y load (group 1, not in the files)\n");
}

static void
an_older_one_too(struct daemon *d)
{
	Bpfd__V1__Rule *r = d->rules[d->n_rules++] = calloc(1, sizeof(*r));

	*r = *d->rules[0];
	r->text = "name = \"r\"\nold\n# bpfd.apply=s\n";
}

static void
compares_rules_by_their_text(void **state)
{
	changes(RULE("r", ""), an_older_one_too, RULE("r", ""), false, "- s/r rule (replaced)\n");
	changes(RULE("r", ""), NULL, RULE("r", "x = 1\n"), false, "~ s/r rule (its text)\n");
	changes(RULE("r", ""), NULL, RULE("q", ""), true, "+ s/q rule ()\n- s/r rule (not in the files)\n");
	changes("set = \"t\"\n" RULE("r", ""), NULL, RULE("r", "x = 1\n"), false,
		"s.toml:1:1: error: there is a rule r already, which is not of set s: remove it, or call this one something else\n");
	changes("set = \"t\"\n" RULE("r", ""), NULL, RULE("r", ""), false,
		"s.toml:1:1: error: there is a rule r already, which is not of set s: remove it, or call this one something else\n");
	changes(RULE("r", ""), unmarked, RULE("r", "x = 1\n"), false,
		"s.toml:1:1: error: there is a rule r already, which is not of set s: remove it, or call this one something else\n");
	changes("", NULL, RULE("r", "") RULE("r", "x = 1\n"), false,
		"s.toml:5:1: error: a rule r is there already: s.toml:1\n+ s/r rule ()\n+ s/r rule ()\n");
}

/* What is saved of a daemon is all that it has: applied to it, it changes nothing. */
static void
saves(const char *files, void (*hand)(struct daemon *d), const char *in_it, const char *notes)
{
	AUTO(apply_want) struct apply_want had = { 0 };
	AUTO(apply_want) struct apply_want w = { 0 };
	AUTO(save) struct save s = { 0 };
	struct daemon d = { 0 };

	read_as(&had, "s.toml", NULL, files);
	fill_in(&had);
	has_all(&d, &had);
	for (size_t i = 0; i < d.n_programs; i++)
		d.programs[i]->source = strchr(d.programs[i]->digest, ':') + 1;
	if (hand)
		hand(&d);
	assert_int_equal(save_text(&(struct apply_actual){ d.programs, d.links, d.rules, d.n_programs, d.n_links,
		d.n_rules }, NULL, 0, NULL, false, &s), 0);
	assert_string_equal(buf_text(&s.notes), notes);
	if (!strstr(buf_text(&s.text), in_it))
		fail_msg("\"%s\" is not in:\n%s", in_it, buf_text(&s.text));
	read_as(&w, "saved.toml", NULL, buf_text(&s.text));
	assert_string_equal(buf_text(&w.problems), "");
	for (size_t i = 0; i < w.n_rules; i++)
		w.rules[i]->name = strdup("r");
	for (size_t i = 0; i < w.n_loads; i++)
		snprintf(w.loads[i]->digest, sizeof(w.loads[i]->digest), "sha256:%s", w.loads[i]->object);
	if (!*notes)
		steps_are(&d, &w, true, "");
	daemon_free(&d);
}

static void
odd_text(struct daemon *d)
{
	d->rules[0]->text = "name = \"r\"\nx = '''\\\001'''\n";
}
static void
wish_and_what_it_brought(struct daemon *d)
{
	d->links[0]->state = "waiting";
	d->links[1]->by = 1;
}

static void
a_save_is_what_there_is(void **state)
{
	static const char all[] = LOAD("y", "/o2") "persistent = true\nglobals = { g = \"01ff\" }\nprograms = [\"b\", \"a\"]\n"
		LOAD("x", "/o1") "map_owner = \"y\"\nmetadata = { \"a b\" = \"c \\\" \\\\ \\u0001\" }\n"
		ATTACH("a", "eth0") "priority = 3\nproceed_on = [\"pass\"]\noptions = { pid = 3 }\n"
		ATTACH("a", "eth1") "direction = \"ingress\"\n" ATTACH("b", "eth0") "mode = \"skb\"\nnetns = \"pid:1\"\n"
		"cookie = \"18446744073709551615\"\n" LOAD("z", "/o1") "set = \"t\"\nmap_owner = \"s/y\"\n" RULE("r", "");

	saves("", NULL, "version = 1", "");
	saves(all, NULL, "map_owner = \"s/y\"", "");
	saves(all, NULL, "programs = [\"a\", \"b\"]", "");
	saves(all, NULL, "cookie = \"18446744073709551615\"", "");
	saves(all, unmarked, "name = \"o1-3\"", "");
	saves(RULE("r", ""), odd_text, "text = \"name", "");
	saves(LOAD("x", "/o1") ATTACH("a", "eth0"), by_another_name, "target = \"eth0\"", "");
	saves(LOAD("x", "/o1") ATTACH("a", "e*") "future = true\n" ATTACH("a", "e1"), wish_and_what_it_brought,
		"future = true", "");
	saves(ONE, lost_link, "[[load]]", "link 1 is not saved: it is not attached any more\n");
	saves(ONE, lost_group, "version = 1", "group 1 is not saved: it is not in the kernel\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_all_that_a_file_may_say),
		cmocka_unit_test(says_what_is_wrong_and_where),
		cmocka_unit_test(names_a_set),
		cmocka_unit_test(begins_with_loads_and_owners_first),
		cmocka_unit_test(does_nothing_where_all_is_as_wanted),
		cmocka_unit_test(replaces_a_load_that_changed_and_moves_its_links),
		cmocka_unit_test(replaces_who_shares_the_maps_of_what_is_replaced),
		cmocka_unit_test(changes_links_as_little_as_can_be),
		cmocka_unit_test(knows_a_link_by_the_target_that_the_file_said),
		cmocka_unit_test(brings_back_what_is_lost),
		cmocka_unit_test(goes_on_where_a_run_before_ended),
		cmocka_unit_test(leaves_alone_what_nobody_marked),
		cmocka_unit_test(removes_only_when_told_and_only_of_its_sets),
		cmocka_unit_test(compares_rules_by_their_text),
		cmocka_unit_test(a_save_is_what_there_is),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
