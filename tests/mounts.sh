#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 the telmon authors
#
# mounts.py in a mount namespace of its own; skipped where there can be none.
set -u
for flags in -m -Urm; do
	if unshare "$flags" /usr/bin/python3 -c '' 2> /dev/null; then
		exec unshare "$flags" /usr/bin/python3 "${srcdir:-.}/tests/mounts.py" "$@"
	fi
done
echo "mounts.sh: no mount namespace, skipping"
exit 77
