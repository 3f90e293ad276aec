#!/bin/sh
# client.sh -- telmon against a daemon made of a list of lines, for what a good daemon never does; then against telmond.
# Its prompt is in prompt.py.
# Run as `sh tests/client.sh` with TELMON, TELMOND (programs) and TELMON_PLUGIN_PATH (folder of plugins).
# shellcheck disable=SC2016 # the inner shells expand
set -u
: "${TELMON:=./telmon}" "${TELMOND:=./telmond}" "${TELMON_PLUGIN_PATH:=plugins/.libs}"
[ -x "$TELMON" ] || { echo "client.sh: no client was built, skipping"; exit 77; }
python=/usr/bin/python3
[ -x "$python" ] || python=$(command -v python3) || { echo "client.sh: no python3, skipping"; exit 77; }

dir=$(mktemp -d) || exit 99
failed=0 checks=0 daemon=
cleanup()
{
	[ -n "$daemon" ] && kill "$daemon" 2>/dev/null && wait "$daemon" 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
HOME=$dir/home XDG_RUNTIME_DIR=$dir/run XDG_STATE_HOME='' TERM=xterm LC_ALL=C.UTF-8
export HOME XDG_RUNTIME_DIR XDG_STATE_HOME TERM LC_ALL
mkdir "$HOME" "$XDG_RUNTIME_DIR"

# A server for one connection: PATH STEP... ; `recv TEXT` wants this line, `send TEXT` sends (escapes as in Python), `wait`
# reads up to the end, `hold` does nothing until the peer is gone. Writes "ok" to its .log, or what was wrong.
cat >"$dir/fake.py" <<'PY'
import socket, sys
path, steps = sys.argv[1], sys.argv[2:]
server = socket.socket(socket.AF_UNIX)
server.settimeout(20)
server.bind(path)
server.listen(5)
print("ready", flush=True)
sys.stdout.close()
peer, _ = server.accept()
peer.settimeout(20)
data = peer.makefile("rb")
verdict = "ok"
try:
    for step in steps:
        verb, _, text = step.partition(" ")
        text = text.encode("latin-1").decode("unicode_escape").encode("latin-1")
        if verb == "send":
            peer.sendall(text)
        elif verb == "recv":
            line = data.readline()
            if line != text + b"\n":
                verdict = "wanted %r, got %r" % (text, line)
                break
        elif verb in ("wait", "hold"):
            data.read()
except OSError as e:
    verdict = "failed at %r: %s" % (step, e)
peer.close()
open(path[:-5] + ".log", "w").write(verdict + "\n")
PY

# fake NAME STEP...: starts one at $dir/NAME.sock.
fake()
{
	name=$1
	shift
	mkfifo "$dir/$name.ready"
	"$python" "$dir/fake.py" "$dir/$name.sock" "$@" >"$dir/$name.ready" &
	fake_pid=$!
	read -r _ <"$dir/$name.ready"
}

bad()
{
	failed=$((failed + 1))
	echo "FAILED: $what: $*"
}

# run WHAT COMMAND...: status, out and err are kept.
run()
{
	what=$1
	shift
	checks=$((checks + 1))
	"$@" >"$dir/out" 2>"$dir/err"
	status=$?
}

status_is()
{
	[ "$status" = "$1" ] || bad "status $status, not $1; stderr: $(cat "$dir/err")"
}

# out_is TEXT: all of stdout, escapes as in printf.
out_is()
{
	printf '%b' "$1" | cmp -s - "$dir/out" || bad "stdout is: $(cat "$dir/out")"
}

err_is()
{
	printf '%b' "$1" | cmp -s - "$dir/err" || bad "stderr is: $(cat "$dir/err")"
}

err_has()
{
	grep -q -- "$1" "$dir/err" || bad "stderr is: $(cat "$dir/err")"
}

# served: what the fake saw was what it wanted.
served()
{
	wait "$fake_pid"
	[ "$(cat "$dir/$name.log")" = ok ] || bad "the daemon's side: $(cat "$dir/$name.log")"
}

# ---- options

run 'version' "$TELMON" -V
status_is 0
grep -q '^telmon [0-9]' "$dir/out" || bad "$(cat "$dir/out")"
run 'help' "$TELMON" --help
status_is 0
run 'unknown option' "$TELMON" -x
status_is 64
err_has usage
run 'bad seconds' "$TELMON" -t 0 cpu
status_is 64
run 'bad seconds' "$TELMON" -t 5x cpu
status_is 64
run 'bad target' "$TELMON" -H http://x cpu
status_is 64
run 'two lines in one command' "$TELMON" 'a
b'
status_is 64

# ---- connecting

run 'no socket' "$TELMON" -H "$dir/none.sock" cpu
status_is 68
err_is "error: cannot connect: $dir/none.sock: No such file or directory\n"
run 'nothing listens' "$TELMON" -H 127.0.0.1:1 cpu
status_is 68
err_has '127.0.0.1:1: Connection refused'
run 'name without host' "$TELMON" -t 5 -H nosuchhost.invalid cpu
case $status in 68|75) ;; *) bad "status $status" ;; esac

cp /dev/null "$XDG_RUNTIME_DIR/telmon.sock"
run 'the usual places are named' "$TELMON" -H "$XDG_RUNTIME_DIR/telmon.sock" cpu
status_is 68
rm "$XDG_RUNTIME_DIR/telmon.sock"
fake usual 'recv /framed 1' 'send done 0 0\n' 'recv cpu' 'send done 0 2\nok' wait
mv "$dir/usual.sock" "$XDG_RUNTIME_DIR/telmon.sock"
run 'the runtime folder comes first' "$TELMON" cpu
status_is 0
out_is ok
served
rm "$XDG_RUNTIME_DIR/telmon.sock"

# ---- one shot

fake words 'recv /framed 1' 'send done 0 13\ntelmond 0.1.0' "recv disk 'a b' -n 5" 'send done 2 6\nfull!\n' wait
run 'words are joined, the status is the own' "$TELMON" -H "$dir/words.sock" disk "'a b'" -n 5
status_is 2
out_is 'full!\n'
served

fake json 'recv /framed 1' 'send done 0 0\n' 'recv /set format json' 'send done 0 0\n' 'recv cpu' 'send done 0 3\n{}\n' wait
run 'json' "$TELMON" -j -H "unix:$dir/json.sock" cpu
status_is 0
out_is '{}\n'
served

fake errors 'recv /framed 1' 'send done 0 0\n' 'recv nonsense' 'send done 64 12\nerror: what\n' wait
run 'errors go to stderr' "$TELMON" -H "$dir/errors.sock" nonsense
status_is 64
out_is ''
err_is 'error: what\n'
served

fake parts 'recv /framed 1' 'send done 0 0\n' 'recv watch' 'send more 0 2\na\nno' 'send te 0 5\nhush\nmore 0 2\nb\ndone 1 2\nc\n' wait
run 'parts in pieces' "$TELMON" -H "$dir/parts.sock" watch
status_is 1
out_is 'a\nb\nc\n'
served

fake bytes 'recv /framed 1' 'send done 0 0\n' 'recv x' 'send done 0 6\n\x00\n\xff\x1b[m' wait
run 'bytes pass as they are' "$TELMON" -H "$dir/bytes.sock" x
out_is '\0000\n\0377\0033[m'
served

# ---- before the first header

fake probe 'recv /framed 1' 'send \xff\xfd\x18\rtelmond on web1\r\nType help.\r\nweb1> done 0 3\nv 1' 'recv x' 'send done 0 2\nok' wait
run 'probe, banner and prompt are skipped' "$TELMON" -H "$dir/probe.sock" x
status_is 0
out_is ok
served

fake busy 'send error: server busy (1024 sessions)\n'
run 'a refusal is shown' "$TELMON" -H "$dir/busy.sock" x
status_is 69
err_is 'error: server busy (1024 sessions)\n'
served

fake rude 'send error: \x1b[2J\xc2\x9bboo\r\n'
run 'a refusal is cleaned' "$TELMON" -H "$dir/rude.sock" x
status_is 69
err_is 'error: ?[2J?boo\n'

fake version 'recv /framed 1' 'send done 64 27\nerror: version 1 is unknown'
run 'another version' "$TELMON" -H "$dir/version.sock" x
status_is 69
err_is 'error: version 1 is unknown\n'

fake chatter 'recv /framed 1' "send $("$python" -c 'print("A" * 70000)')" hold
run 'endless chatter' "$TELMON" -H "$dir/chatter.sock" x
status_is 69

# ---- how it may end

fake gone 'recv /framed 1' 'send done 0 0\n' 'recv x' 'send done 0 20\nhalf'
run 'connection lost' "$TELMON" -H "$dir/gone.sock" x
status_is 69
out_is ''
err_is 'error: the connection was lost\n'
served

fake shut
run 'closed at once' "$TELMON" -H "$dir/shut.sock" x
status_is 69

for header in 'done 0' 'done -1 0' 'done 0 99999999999' 'more  0 1' 'x' "$("$python" -c 'print("d" * 80)')"; do
	rm -f "$dir"/header*
	fake header 'recv /framed 1' 'send done 0 0\n' 'recv x' "send $header\nabc" hold
	run "header '$header'" "$TELMON" -H "$dir/header.sock" x
	status_is 69
	err_is 'error: this is no telmond, or one of another version\n'
done

fake silent hold
run 'silence at the beginning' "$TELMON" -t 0.2 -H "$dir/silent.sock" x
status_is 75
fake quiet 'recv /framed 1' 'send done 0 0\n' 'recv x' 'send more 0 2\na\n' hold
run 'silence in an answer' "$TELMON" -t 0.2 -H "$dir/quiet.sock" x
status_is 75
out_is 'a\n'
err_is 'error: no answer in time\n'

fake full 'recv /framed 1' 'send done 0 0\n' 'recv x' 'send done 0 2\na\n' wait
run 'stdout is full' sh -c '"$0" -H "$1" x >/dev/full' "$TELMON" "$dir/full.sock"
status_is 70

# ---- a pipe

fake pipe 'recv /framed 1' 'send done 0 0\n' 'recv /hold' 'send done 0 0\n' 'recv cpu' 'send done 0 2\na\n' \
	'recv nonsense' 'send done 64 2\nb\n' 'recv last' 'send done 2 2\nc\n' wait
run 'a pipe' sh -c 'printf "cpu\n\n  \n/cancel\nnonsense\nlast" | "$0" -H "$1"' "$TELMON" "$dir/pipe.sock"
status_is 2
out_is 'a\nc\n'
err_is 'b\n'
served

fake nothing 'recv /framed 1' 'send done 0 0\n' 'recv /hold' 'send done 0 0\n' wait
run 'an empty pipe' "$TELMON" -H "$dir/nothing.sock" </dev/null
status_is 0
served

# ---- the real daemon

if [ -x "$TELMOND" ]; then
	mkfifo "$dir/listening"
	"$TELMOND" -l "unix:$dir/d.sock" -l telnet://127.0.0.1:0 -p "$TELMON_PLUGIN_PATH" 2>"$dir/listening" &
	daemon=$!
	# Stays open: a daemon whose log nobody reads would be told so.
	exec 9<"$dir/listening"
	tcp=
	while read -r line <&9; do
		case $line in *'listening on telnet://'*) tcp=${line##*telnet://} ;; esac
		case $line in *'listening on unix:'*) unix=yes ;; esac
		[ -n "$tcp" ] && [ -n "${unix:-}" ] && break
	done
	run 'echo over the socket' "$TELMON" -H "$dir/d.sock" echo hi there
	status_is 0
	out_is 'hi there\n'
	run 'echo over TCP' "$TELMON" -H "$tcp" echo hi
	status_is 0
	out_is 'hi\n'
	run 'a filter' "$TELMON" -H "$dir/d.sock" 'help | count'
	status_is 0
	run 'json' "$TELMON" -j -H "$dir/d.sock" version
	status_is 0
	"$python" -c 'import json, sys; assert json.load(sys.stdin)["command"] == "version"' <"$dir/out" || bad "$(cat "$dir/out")"
	run 'unknown command' "$TELMON" -H "$dir/d.sock" nonsense
	status_is 64
	err_has "^error: .*'nonsense'"
	run 'usage' "$TELMON" -H "$dir/d.sock" echo '"unbalanced'
	status_is 64
	run 'a pipe' sh -c 'printf "echo a\nnonsense\necho b\n" | "$0" -H "$1"' "$TELMON" "$dir/d.sock"
	status_is 0
	out_is 'a\nb\n'
	run 'a slow pipe' sh -c '{ echo echo a; sleep 0.7; echo echo b; } | "$0" -H "$1"' "$TELMON" "$tcp"
	status_is 0
	out_is 'a\nb\n'
	kill "$daemon"
	wait "$daemon"
	daemon=
fi

echo "client.sh: $checks checks, $failed failed"
[ "$failed" = 0 ]
