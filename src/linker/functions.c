/* SPDX-License-Identifier: Apache-2.0 */
/* Where functions begin, by the file's symbol tables. */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"
#include "common/closest.h"
#include "linker/sites.h"

#define NAMES_MAX 64
#define HIDDEN_VERSION 0x8000	/* kept for programs that were linked long ago */

/* One of the names that are wanted. */
struct name {
	const char *text;
	bool pattern;
	unsigned int rank;		/* of the best symbol so far, 0: none */
	uint64_t offset;		/* of that one */
};

struct search {
	struct sites *s;
	struct name names[NAMES_MAX];
	size_t n;
	struct closest near;		/* to the first name that is not there */
	bool offer, has_symtab;
};

/* A symbol table with what belongs to it. */
struct table {
	const GElf_Shdr *sh;
	Elf_Data *syms, *versions;	/* versions: NULL when it has none */
};

/* The version that a program gets that is linked today is better than another, a function that the
 * file exports better than one of its own. */
static unsigned int
rank_of(const struct table *t, int i, const GElf_Sym *sym)
{
	GElf_Versym version;
	bool hidden = t->versions && gelf_getversym(t->versions, i, &version) && (version & HIDDEN_VERSION);

	return 1 + (hidden ? 0 : 2) + (GELF_ST_BIND(sym->st_info) != STB_LOCAL);
}

static int
take(struct search *q, const struct table *t, int i, const GElf_Sym *sym, const char *name)
{
	struct msg_linked_site site = { 0 };
	unsigned int rank = rank_of(t, i, sym);
	int err = 0;

	if (q->offer && sites_name(name)[0])
		closest_offer(&q->near, name);
	for (size_t k = 0; k < q->n && !err; k++) {
		struct name *w = &q->names[k];

		if (w->pattern ? fnmatch(w->text, name, 0) != 0 : rank <= w->rank || strcmp(w->text, name) != 0)
			continue;
		if (sites_offset(q->s, sym->st_value, true, &site.offset))
			continue;
		w->rank = rank;
		w->offset = site.offset;
		if (w->pattern)
			err = sites_add(q->s, &site);
	}
	return err;
}

static int
search_table(struct search *q, const struct table *t)
{
	int err = 0;

	for (size_t i = 0; i < t->sh->sh_size / t->sh->sh_entsize && i < INT32_MAX && !err; i++) {
		const char *name;
		GElf_Sym sym;

		if (!gelf_getsym(t->syms, (int)i, &sym))
			break;
		if (GELF_ST_TYPE(sym.st_info) != STT_FUNC || sym.st_shndx == SHN_UNDEF)
			continue;
		name = elf_strptr(q->s->elf, t->sh->sh_link, sym.st_name);
		if (name)
			err = take(q, t, (int)i, &sym, name);
	}
	return err;
}

/* The versions of the symbols in section number link. */
static Elf_Data *
versions_of(Elf *elf, size_t link)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;

	while ((scn = elf_nextscn(elf, scn)))
		if (gelf_getshdr(scn, &sh) && sh.sh_type == SHT_GNU_versym && sh.sh_link == link)
			return elf_getdata(scn, NULL);
	return NULL;
}

static int
search_all(struct search *q)
{
	Elf_Scn *scn = NULL;
	int err = 0;

	while (!err && (scn = elf_nextscn(q->s->elf, scn))) {
		struct table t = { 0 };
		GElf_Shdr sh;

		if (!gelf_getshdr(scn, &sh) || (sh.sh_type != SHT_DYNSYM && sh.sh_type != SHT_SYMTAB) ||
		    sh.sh_entsize == 0)
			continue;
		t.sh = &sh;
		t.syms = elf_getdata(scn, NULL);
		t.versions = sh.sh_type == SHT_DYNSYM ? versions_of(q->s->elf, elf_ndxscn(scn)) : NULL;
		q->has_symtab |= sh.sh_type == SHT_SYMTAB;
		if (t.syms)
			err = search_table(q, &t);
	}
	return err;
}

static int
split(struct search *q, char *names)
{
	char *word;

	while ((word = strsep(&names, ","))) {
		if (!word[0] || q->n == NAMES_MAX)
			return sites_fail(q->s, -EINVAL, "not a list of up to %d functions with a comma between",
				NAMES_MAX);
		q->names[q->n++] = (struct name){ .text = word, .pattern = strpbrk(word, "*?[") != NULL };
	}
	return 0;
}

static int
missing(struct search *q, const struct name *w)
{
	const char *stripped = q->has_symtab ? "" : "; it has been stripped, so only what it exports has a "
		"name: others can be given by their offset";

	closest_init(&q->near, w->text);
	q->offer = true;
	search_all(q);
	return sites_fail(q->s, -ENOENT, w->pattern ? "no function of the file fits %s%s%s" :
		"the file does not define the function %s%s%s", w->text, CLOSEST_TEXT(&q->near), stripped);
}

int
sites_functions(struct sites *s)
{
	static struct search q;
	char names[IPC_OPTIONS_MAX];
	int err;

	q = (struct search){ .s = s };
	strcpy(names, s->want->names);
	err = split(&q, names);
	if (!err)
		err = search_all(&q);
	for (size_t i = 0; i < q.n && !err; i++) {
		const struct msg_linked_site site = { .offset = q.names[i].offset };

		if (!q.names[i].rank)
			err = missing(&q, &q.names[i]);
		else if (!q.names[i].pattern)
			err = sites_add(s, &site);
	}
	return err;
}
