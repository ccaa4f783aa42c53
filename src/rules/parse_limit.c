/* SPDX-License-Identifier: Apache-2.0 */
/* ratelimit = { rate = "10/m", burst = 20, key = [...] }, budget (no key), dedup = { window = "30s", key = [...] }; within and by */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "rules/check.h"
#include "rules/parser.h"

struct reading { struct parser *p; const char *what; struct rule_limit *l; bool rate; };

static const struct { const char *unit; uint64_t ns; } units[] = {
	{ "ms", 1000000ULL }, { "s", 1000000000ULL }, { "m", 60000000000ULL },
	{ "h", 3600000000000ULL }, { "d", 86400000000000ULL },
};
#define HOUR_NS 3600000000000ULL

/* A number of at most nine digits; *end is behind it. */
static bool
read_number(const char *s, uint64_t *out, const char **end)
{
	*out = 0;
	*end = s;
	while (isdigit((unsigned char)**end) && *end - s < 9)
		*out = *out * 10 + (uint64_t)(*(*end)++ - '0');
	return *end > s;
}

static uint64_t
unit_ns(const char *unit)
{
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (strcmp(units[i].unit, unit) == 0)
			return units[i].ns;
	return 0;
}

static void
read_rate(struct reading *r, const struct toml_value *v)
{
	const char *end = "";
	uint64_t n = 0, ns = 0;

	if (v->kind == TOML_STRING && read_number(v->text, &n, &end) && *end == '/')
		ns = unit_ns(end + 1);
	if (!n || !ns || ns < units[1].ns || (ns > HOUR_NS && n < ns / HOUR_NS)) {
		parser_say(r->p, v->at, "", "rate is a number, a slash and s, m, h or d, at least one an hour: \"10/m\"");
		return;
	}
	r->l->rate_per_hour = ns <= HOUR_NS ? n * (HOUR_NS / ns) : n / (ns / HOUR_NS);
	if (!r->l->burst)
		r->l->burst = n < RULE_BURST_MAX ? n : RULE_BURST_MAX;
}

/* 0: it is no time, or a longer one. */
static uint64_t
read_time(const struct toml_value *v, uint64_t max)
{
	const char *end = "";
	uint64_t n = 0, ns = 0;

	if (v->kind == TOML_STRING && read_number(v->text, &n, &end))
		ns = unit_ns(end);
	return ns && n <= max / ns ? n * ns : 0;
}

static void
read_window(struct reading *r, const struct toml_value *v)
{
	r->l->window_ns = read_time(v, RULE_WINDOW_MAX_NS);
	if (!r->l->window_ns)
		parser_say(r->p, v->at, "", "window is a number and ms, s, m, h or d, at most 30 days: \"30s\"");
}

void
parse_within(struct parser *p, const struct toml_value *v)
{
	p->r->sequence.window_ns = read_time(v, RULE_WITHIN_MAX_NS);
	if (!p->r->sequence.window_ns)
		parser_say(p, v->at, "", "within is a number and ms, s, m, h or d, at most a day: \"10s\"");
}

static void
add_key(struct parser *p, void *arg, const struct toml_value *v)
{
	struct rule_limit *l = arg;
	char why[400];

	if (l->n_keys == ARRAY_SIZE(l->keys)) {
		parser_say(p, v->at, "", "at most %zu keys", ARRAY_SIZE(l->keys));
		return;
	}
	if (!parser_name(p, "key", v, l->keys[l->n_keys], sizeof(l->keys[0])))
		return;
	for (unsigned int t = 1; t < N_TRACERS; t++) {
		if ((p->r->tracers >> t & 1) && !check_field(t, l->keys[l->n_keys], why, sizeof(why))) {
			parser_say(p, v->at, "", "%s", why);
			return;
		}
	}
	l->n_keys++;
}

void
parse_by(struct parser *p, const struct toml_value *v)
{
	parser_strings(p, "by", v, add_key, &p->r->sequence);
}

static int
read_key(void *arg, const char *key, struct toml_place at, const struct toml_value *v)
{
	struct reading *r = arg;

	if (strcmp(key, "key") == 0) {
		parser_strings(r->p, key, v, add_key, r->l);
	} else if (r->rate && strcmp(key, "rate") == 0) {
		read_rate(r, v);
	} else if (r->rate && strcmp(key, "burst") == 0) {
		if (v->kind == TOML_INTEGER && v->number >= 1 && v->number <= RULE_BURST_MAX)
			r->l->burst = (uint64_t)v->number;
		else
			parser_say(r->p, v->at, "", "burst is a number from 1 to %u", RULE_BURST_MAX);
	} else if (!r->rate && strcmp(key, "window") == 0) {
		read_window(r, v);
	} else if (!r->rate && strcmp(key, "count") == 0) {
		/* What was held back is always counted. */
		parser_kind(r->p, key, v, TOML_BOOL);
	} else {
		parser_say(r->p, at, "", "there is no key \"%.60s\" in %s: %s", key, r->what,
			r->rate ? "rate, burst, key" : "window, key, count");
	}
	return 0;
}

void
parse_limit(struct parser *p, const char *what, const struct toml_value *v, struct rule_limit *l)
{
	struct reading r = { p, what, l, strcmp(what, "dedup") != 0 };
	unsigned int errors = p->errors;

	if (!parser_kind(p, what, v, TOML_TABLE))
		return;
	toml_each(NULL, v->node, read_key, &r);
	if (p->errors == errors && !l->rate_per_hour && !l->window_ns)
		parser_say(p, v->at, "", "%s needs a %s", what, r.rate ? "rate" : "window");
	if (l->n_keys && l == &p->r->budget)
		parser_say(p, v->at, "", "budget has no key: it is one for the rule");
}
