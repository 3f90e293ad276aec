/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * plugin_private -- what the parts of plugin share: plugin.c (counting, tables, describing),
 * plugin_open.c (the file: its ELF header, dlopen, the symbol) and plugin_check.c (the declaration:
 * sizes, names, types). Only they include it.
 */
#ifndef PLUGIN_PRIVATE_H
#define PLUGIN_PRIVATE_H

#include "plugin.h"

enum {
	PLUGIN_MAX_COMMANDS = 1000,
	PLUGIN_MAX_COLUMNS = 250,
	PLUGIN_MAX_ARGS = 60,
	PLUGIN_MAX_NAME = 64,
};

/* Maps the object and finds its declaration. 0, or -1 with why. */
int plugin_open(const char *path, void **ret_handle, const void **ret_declaration, size_t *ret_size,
		struct buf *why);

/* Checks the file and copies it into memory that nobody can change. A descriptor, or -1 with why.
 */
int plugin_copy(const char *path, struct buf *why);

/* Whether a file may be run: as an object, nobody else may be able to write it. 0, or -1 with why.
 */
int plugin_check_program(const char *path, struct buf *why);

/* Fills decl from the object's own struct, whose symbol has `size` bytes: today's size, tables not
 * yet copied. 0, or -1 with why. */
int plugin_check_head(const void *declaration, size_t size, struct telmon_plugin *ret,
		      struct buf *why);
/* One command with its columns and arguments, all of today's size (the sizes in `decl` are the
 * object's), allocated with the x family; the others before it are looked at for repeated names. 0,
 * or -1 with why, and then nothing needs to be freed. */
int plugin_check_command(const struct telmon_plugin *decl, size_t i,
			 const struct telmon_command *before, struct telmon_command *ret,
			 struct buf *why);
void plugin_free_command(struct telmon_command *c);

#endif
