#!/bin/sh
# Makes ./configure; needs autoconf, automake, libtool and pkg-config.
cd "$(dirname "$0")" && exec autoreconf --install --force --warnings=portability
