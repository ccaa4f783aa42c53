# SPDX-License-Identifier: Apache-2.0
# The lines "# kind NAME works" and "# kind NAME refused: WHY" of the tests of several kernels, one
# file for each, as a table.  A kind that failed its test has no line: "not tested" shows it.

# The first line that looks like a release is that of the log's kernel.
FNR == 1 { release = "" }
release == "" && match($0, /^[0-9]+\.[0-9]+[0-9A-Za-z.+-]*/) {
	release = $0
	split(release, part, ".")
	releases[part[1] * 1000 + part[2]] = part[1] "." part[2]
	key = part[1] "." part[2]
}
match($0, /# kind [a-z_.]+ (works|refused: )/) {
	line = substr($0, RSTART + 7)
	name = line
	sub(/ .*/, "", name)
	sub(/^[^ ]+ /, "", line)
	gsub(/\|/, "\\|", line)
	if (!(name in seen)) {
		seen[name] = 1
		names[++n] = name
	}
	# One that works in one way of several works.
	if (cell[name, key] != "works")
		cell[name, key] = line
}
END {
	print "<!-- SPDX-License-Identifier: Apache-2.0 -->"
	print "<!-- Made by tests/kinds from what the system tests print.  Do not edit. -->"
	print "# Attach kinds and kernels"
	print ""
	print "Every kind of `bpfctl attach` and `load --attach`, and what its system test found: on Debian's"
	print "kernels in virtual machines without lockdown, and on the development machine, whose kernel runs"
	print "with lockdown=integrity. *works*: loaded, attached, seen to run, listed, refused the second time,"
	print "found again after a restart, detached. Otherwise what bpfctl says. `make kinds` makes this page."
	print ""
	head = "| kind |"
	rule = "|---|"
	for (r = 2000; r < 100000; r++)
		if (r in releases) {
			head = head " " releases[r] " |"
			rule = rule "---|"
			order[++m] = releases[r]
		}
	print head
	print rule
	for (i = 1; i <= n; i++) {
		row = "| " names[i] " |"
		for (j = 1; j <= m; j++)
			row = row " " ((names[i], order[j]) in cell ? cell[names[i], order[j]] : "not tested") " |"
		print row
	}
}
