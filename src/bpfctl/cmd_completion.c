/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "bpfctl/ctl.h"

/*
 * bash splits words at ':' and '=' as well; the words are taken from the line instead, and the
 * part of the last one up to such a character is cut off the candidates again.
 */
static const char bash_script[] =
	"# bash completion of bpfctl, made by: bpfctl completion bash\n"
	"_bpfctl() {\n"
	"\tlocal line=${COMP_LINE:0:COMP_POINT} cur stem word\n"
	"\tlocal -a words found\n"
	"\tread -ra words <<<\"$line\"\n"
	"\t[[ $line == *[[:space:]] ]] && words+=(\"\")\n"
	"\tcur=${words[${#words[@]} - 1]}\n"
	"\tstem=${cur%\"${cur##*[:=]}\"}\n"
	"\tCOMPREPLY=()\n"
	"\tmapfile -t found < <(\"${words[0]}\" __complete \"${words[@]:1}\" 2>/dev/null)\n"
	"\tif [[ ${found[0]-} == :file ]]; then\n"
	"\t\tcompopt -o filenames 2>/dev/null\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -f -- \"${cur#\"$stem\"}\")\n"
	"\t\treturn\n"
	"\tfi\n"
	"\tfor word in \"${found[@]}\"; do\n"
	"\t\tword=${word%%$'\\t'*}\n"
	"\t\tCOMPREPLY+=(\"${word#\"$stem\"}\")\n"
	"\tdone\n"
	"\t[[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[:=,] ]] && compopt -o nospace 2>/dev/null\n"
	"\treturn 0\n"
	"}\n"
	"complete -F _bpfctl bpfctl\n";

static const char zsh_script[] =
	"#compdef bpfctl\n"
	"# zsh completion of bpfctl, made by: bpfctl completion zsh\n"
	"_bpfctl() {\n"
	"\tlocal -a found plain spaceless\n"
	"\tlocal line word\n"
	"\tfound=(\"${(@f)$(\"${words[1]}\" __complete \"${(@)words[2,CURRENT]}\" 2>/dev/null)}\")\n"
	"\tif [[ ${found[1]} == :file ]]; then\n"
	"\t\t[[ $PREFIX == --*=* ]] && compset -P '*='\n"
	"\t\t_files\n"
	"\t\treturn\n"
	"\tfi\n"
	"\tfor line in $found; do\n"
	"\t\tword=${line%%$'\\t'*}\n"
	"\t\tif [[ $word == *[:=,] ]]; then\n"
	"\t\t\tspaceless+=(\"$word\")\n"
	"\t\telif [[ $line == *$'\\t'* ]]; then\n"
	"\t\t\tplain+=(\"${word//:/\\\\:}:${line#*$'\\t'}\")\n"
	"\t\telse\n"
	"\t\t\tplain+=(\"${word//:/\\\\:}\")\n"
	"\t\tfi\n"
	"\tdone\n"
	"\t(( ${#spaceless} )) && compadd -S '' -- $spaceless\n"
	"\t(( ${#plain} )) && _describe bpfctl plain\n"
	"}\n"
	"if [[ $funcstack[1] == _bpfctl ]]; then\n"
	"\t_bpfctl \"$@\"\n"
	"else\n"
	"\tcompdef _bpfctl bpfctl\n"
	"fi\n";

static int
run_completion(struct ctl *ctl, const struct args *args)
{
	static const struct {
		const char *shell, *script;
	} shells[] = { { "bash", bash_script }, { "zsh", zsh_script } };

	for (size_t i = 0; i < ARRAY_SIZE(shells); i++)
		if (strcmp(args->words[0], shells[i].shell) == 0) {
			fputs(shells[i].script, stdout);
			return fflush(stdout) == 0 ? CTL_DONE : CTL_FAILED;
		}
	return ctl_fail(ctl, CTL_USAGE, "there are bash and zsh", "completion",
		"no script for \"%s\"", args->words[0]);
}

static const struct opt opts[] = { OPT_END };

const struct command cmd_completion = {
	.name = "completion",
	.synopsis = "bash|zsh",
	.help = "print a completion script for a shell",
	.more = "bash: source <(bpfctl completion bash)\n"
		"zsh:  source <(bpfctl completion zsh), after compinit\n",
	.opts = opts,
	.min_words = 1, .max_words = 1,
	.words = { WORD_CHOICE },
	.choices = "bash|zsh",
	.run = run_completion,
};
