#!/bin/sh
# floors.sh -- nothing looks up: every include of lib/ and server/ names a module that stands before
# its own in doc/FLOORS; plugins include nothing of the project but <telmon/plugin.h>; the client nothing of server/.
# A header makes a module: a file module_part.c belongs to `module`, module_private.h to its parts alone.
# shellcheck disable=SC2013 # no header's name has a blank
srcdir=${srcdir:-$(dirname "$0")/..}
cd "$srcdir" || exit 99
status=0

complain()
{
	echo "floors: $*" >&2
	status=1
}

modules=$(sed -e '/^#/d' -e 's/^[^	]*	//' doc/FLOORS | tr '\n' ' ')

# The module that a file belongs to: the longest listed name that it begins with.
module_of()
{
	base=${1##*/}
	base=${base%.[ch]}
	while :; do
		case " $modules " in *" $base "*) echo "$base"; return;; esac
		case $base in *_*) base=${base%_*};; *) return;; esac
	done
}

rank_of()
{
	n=0
	for m in $modules; do
		n=$((n + 1))
		[ "$m" = "$1" ] && { echo $n; return; }
	done
	echo 0
}

for file in lib/*.[ch] server/*.[ch]; do
	own=$(module_of "$file")
	[ -n "$own" ] || { complain "$file belongs to no module of doc/FLOORS"; continue; }
	rank=$(rank_of "$own")
	for header in $(sed -n 's/^#include "\(.*\)"$/\1/p' "$file"); do
		case $header in
		*_private.h)
			[ "$(module_of "$header")" = "$own" ] ||
				complain "$file includes another module's $header"
			continue
			;;
		esac
		other=$(module_of "$header")
		[ -f "lib/$header" ] || [ -f "server/$header" ] || complain "$file includes $header, which is no module"
		[ "$other" = "$own" ] && continue
		[ "$(rank_of "$other")" -lt "$rank" ] || complain "$file looks up to $header"
	done
	case $file in lib/*)
		for header in $(sed -n 's/^#include "\(.*\)"$/\1/p' "$file"); do
			[ -f "lib/$header" ] || complain "$file leaves lib/ for $header"
		done
	esac
done

for file in plugins/*.c; do
	sed -n 's/^#include "\(.*\)"$/\1/p' "$file" | grep -q . && complain "$file includes more than <telmon/plugin.h>"
done
for file in client/*.[ch]; do
	for header in $(sed -n 's/^#include "\(.*\)"$/\1/p' "$file"); do
		[ -f "client/$header" ] || [ -f "lib/$header" ] ||
			complain "$file includes $header, which is neither client/ nor lib/"
	done
done
for m in $modules; do
	[ -f "lib/$m.h" ] || [ -f "server/$m.h" ] || [ -f "server/$m.c" ] || complain "doc/FLOORS lists $m, which does not exist"
done
exit $status
