/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * telmon_plugin_object -- the object as a file: which symbols it exports, and for which header it
 * was built. Symbols that no library has are the linker's to name, when it is loaded.
 */
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "telmon_plugin_private.h"

struct object {
	const unsigned char *bytes;
	size_t size;
};

/* n elements of one size that lie within the file, or NULL. */
static const void *
part(const struct object *o, uint64_t at, uint64_t n, size_t size)
{
	if (at > o->size || n > (o->size - at) / size || at % _Alignof(uint32_t))
		return NULL;
	return o->bytes + at;
}

/* What compilers and linkers export themselves begins with an underscore. */
static bool
is_surplus(const ElfW(Sym) * s, const char *name)
{
	return s->st_shndx != SHN_UNDEF && ELF64_ST_BIND(s->st_info) != STB_LOCAL &&
	       ELF64_ST_VISIBILITY(s->st_other) == STV_DEFAULT && *name && *name != '_' &&
	       strcmp(name, "telmon_plugin") != 0;
}

static void
judge_symbols(struct phase *p, const struct object *o, const ElfW(Shdr) * table,
	      const ElfW(Shdr) * texts)
{
	size_t n = table->sh_size / sizeof(ElfW(Sym)), surplus = 0;
	const ElfW(Sym) *symbols = part(o, table->sh_offset, n, sizeof(*symbols));
	const char *names = part(o, texts->sh_offset, texts->sh_size, 1), *first = "";

	if (!symbols || !names || !texts->sh_size || names[texts->sh_size - 1])
		return;
	for (size_t i = 0; i < n; i++) {
		if (symbols[i].st_name >= texts->sh_size ||
		    !is_surplus(&symbols[i], names + symbols[i].st_name))
			continue;
		if (surplus++ == 0)
			first = names + symbols[i].st_name;
	}
	if (surplus)
		phase_say(p, FINDING_WARNING, "symbols",
			  "exports %zu besides telmon_plugin, such as %s: build it with "
			  "-fvisibility=hidden, or say static",
			  surplus, first);
}

static void
judge_file(struct phase *p, const struct object *o)
{
	const ElfW(Ehdr) *e = part(o, 0, 1, sizeof(*e));
	const ElfW(Shdr) *sections = e ? part(o, e->e_shoff, e->e_shnum, sizeof(*sections)) : NULL;

	if (!sections || memcmp(e->e_ident, ELFMAG, SELFMAG) != 0)
		return;
	for (unsigned i = 0; i < e->e_shnum; i++) {
		if (sections[i].sh_type == SHT_DYNSYM && sections[i].sh_link < e->e_shnum)
			judge_symbols(p, o, &sections[i], &sections[sections[i].sh_link]);
	}
}

void
object_judge(struct phase *p)
{
	int fd = open(p->check->path, O_RDONLY | O_CLOEXEC);
	struct object o = { 0 };
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size <= 0)
		return;
	o.size = (size_t)st.st_size;
	o.bytes = mmap(NULL, o.size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (o.bytes == MAP_FAILED)
		return;
	judge_file(p, &o);
	munmap((void *)(uintptr_t)o.bytes, o.size);
}
