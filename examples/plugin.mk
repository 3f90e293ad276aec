# plugin.mk -- builds and tries a plugin; the Makefile that includes it says NAME, and ASK: what to ask first.
# In a source tree that is not installed:
#	make TELMON_CFLAGS=-I/path/to/telmon/include TELMON_BIN=/path/to/telmon/build
HERE := $(dir $(lastword $(MAKEFILE_LIST)))
PKG_CONFIG = pkg-config
TELMON_CFLAGS = $(shell $(PKG_CONFIG) --cflags telmon)
PREFIX := $(shell $(PKG_CONFIG) --variable=prefix telmon 2>/dev/null)
PLUGINDIR = $(shell $(PKG_CONFIG) --variable=plugindir telmon)
CFLAGS = -O2 -g -Wall -Wextra
TELMON_BIN =
# Where the programs are, should the shell not find them.
export PATH := $(if $(TELMON_BIN),$(TELMON_BIN):)$(PATH)$(if $(PREFIX),:$(PREFIX)/bin:$(PREFIX)/sbin)

all: $(NAME).so

# Moved into its place, so that no daemon ever finds half of it.
$(NAME).so: $(NAME).c
	$(CC) $(CPPFLAGS) $(TELMON_CFLAGS) $(CFLAGS) -fPIC -fvisibility=hidden -shared -Wl,-z,defs -o $@.new $< $(LDFLAGS) $(LDLIBS)
	mv $@.new $@

# What telmon thinks of it, and then its own test.
check: all
	telmon-plugin check $(CHECKFLAGS) ./$(NAME).so
	./test.sh

# One answer from a daemon of its own: make run ASK='COMMAND --json'. The answer's own word (1 to 3) is no error of make's.
run: all
	$(HERE)ask.sh / '$(ASK)' || test $$? -le 3

install: all
	install -d $(DESTDIR)$(PLUGINDIR)
	install -m 644 $(NAME).so $(DESTDIR)$(PLUGINDIR)/$(NAME).so

clean:
	rm -f $(NAME).so $(NAME).so.new

.PHONY: all check run install clean
