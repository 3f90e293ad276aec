#!/bin/sh
# manual.sh -- the manuals are sound, and name every option that the programs' own help names.
srcdir=${srcdir:-.}
status=0
for page in telmond.8 telmond.conf.5 telmon.1 telmon-plugin.1; do
	if command -v mandoc >/dev/null; then
		mandoc -T lint -W warning "$srcdir/doc/$page" | grep -v 'referenced manual not found\|outdated mandoc.db' && status=1
	fi
done
for pair in "$TELMOND telmond.8" "$TELMON telmon.1" "$TELMON_PLUGIN telmon-plugin.1"; do
	program=${pair% *} page=${pair##* }
	[ -x "$program" ] || continue
	for option in $("$program" --help | grep -o -e '--[a-z-]*' -e '^ *-[a-zA-Z]' | sort -u); do
		bare=$(echo "$option" | sed 's/^-*//')
		grep -q -e "Fl $bare" -e "Fl -$bare" -e "Fl .-$bare" "$srcdir/doc/$page" ||
			{ echo "manual: $page does not name $option" >&2; status=1; }
	done
done
# Every command of the daemon has a line in telmond(8).
for word in help plugins metrics explain graph status top watch until echo version; do
	grep -q "\(Ic\|Cm\|Nm\) $word" "$srcdir/doc/telmond.8" ||
		{ echo "manual: telmond.8 does not name the command $word" >&2; status=1; }
done
exit $status
