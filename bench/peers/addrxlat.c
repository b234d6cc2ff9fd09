// SPDX-License-Identifier: Apache-2.0
/*
 * libkdumpfile's addrxlat on a list of addresses, for comparison: walks the page tables under ROOT for every address of LIST (native 64-bit
 * words), PASSES times, and writes the answers of the last pass to ANSWERS in the same form, all ones for an address it cannot translate.
 *
 *     addrxlat DUMP first ADDRESS                     one kernel address, by what the library finds out by itself
 *     addrxlat DUMP walk ROOT LIST ANSWERS PASSES     page-table walks; LIST may hold addresses that are not mapped
 *     addrxlat DUMP conv LIST ANSWERS PASSES          the library's own map of kernel addresses, which knows some ranges as linear
 *
 * Prints one line a pass: nanoseconds for the whole list. Only the translation is timed.
 */
#define _POSIX_C_SOURCE 200809L
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <libkdumpfile/addrxlat.h>
#include <libkdumpfile/kdumpfile.h>

struct list {
	uint64_t *words;
	size_t count;
};

static void die(const char *what, const char *why)
{
	fprintf(stderr, "addrxlat: %s: %s\n", what, why);
	exit(1);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static struct list read_list(const char *path)
{
	struct list list;
	struct stat st;
	FILE *file = fopen(path, "rb");

	if (!file || fstat(fileno(file), &st))
		die(path, "cannot be read");
	list.count = (size_t)st.st_size / sizeof(uint64_t);
	list.words = malloc(list.count * sizeof(uint64_t));
	if (!list.words || fread(list.words, sizeof(uint64_t), list.count, file) != list.count)
		die(path, "cannot be read");
	fclose(file);
	return list;
}

static void write_list(const char *path, const struct list *list)
{
	FILE *file = fopen(path, "wb");

	if (!file || fwrite(list->words, sizeof(uint64_t), list->count, file) != list->count || fclose(file))
		die(path, "cannot be written");
}

/* Walks by the library's x86-64 page-table method, 4 levels, from a root of our choosing: a process's tables map both halves. */
static void walk_all(addrxlat_ctx_t *ctx, addrxlat_sys_t *sys, const addrxlat_meth_t *tables, const struct list *in, struct list *out)
{
	addrxlat_step_t step;

	memset(&step, 0, sizeof(step));
	for (size_t i = 0; i < in->count; i++) {
		step.ctx = ctx;
		step.sys = sys;
		step.meth = tables;
		step.base.addr = in->words[i];
		if (addrxlat_walk(&step) == ADDRXLAT_OK) {
			out->words[i] = step.base.addr;
		} else {
			addrxlat_ctx_clear_err(ctx);
			out->words[i] = UINT64_MAX;
		}
	}
}

static void convert_all(addrxlat_ctx_t *ctx, addrxlat_sys_t *sys, const struct list *in, struct list *out)
{
	for (size_t i = 0; i < in->count; i++) {
		addrxlat_fulladdr_t address = { in->words[i], ADDRXLAT_KVADDR };

		if (addrxlat_fulladdr_conv(&address, ADDRXLAT_MACHPHYSADDR, ctx, sys) == ADDRXLAT_OK) {
			out->words[i] = address.addr;
		} else {
			addrxlat_ctx_clear_err(ctx);
			out->words[i] = UINT64_MAX;
		}
	}
}

int main(int argc, char **argv)
{
	int walking = argc == 7 && !strcmp(argv[2], "walk");
	int converting = argc == 6 && !strcmp(argv[2], "conv");

	if (!walking && !converting && !(argc == 4 && !strcmp(argv[2], "first")))
		die("usage", "addrxlat DUMP first ADDRESS | walk ROOT LIST ANSWERS PASSES | conv LIST ANSWERS PASSES");

	int fd = open(argv[1], O_RDONLY);
	kdump_ctx_t *dump = kdump_new();
	kdump_attr_t linux_os = { .type = KDUMP_STRING, .val.string = "linux" };
	addrxlat_ctx_t *ctx;
	addrxlat_sys_t *sys;

	if (fd < 0 || !dump || kdump_open_fd(dump, fd) != KDUMP_OK)
		die(argv[1], dump ? kdump_get_err(dump) : "no memory");
	if (kdump_set_attr(dump, "addrxlat.ostype", &linux_os) != KDUMP_OK || kdump_get_addrxlat(dump, &ctx, &sys) != KDUMP_OK)
		die(argv[1], kdump_get_err(dump));

	if (argc == 4) {
		addrxlat_fulladdr_t address = { strtoull(argv[3], NULL, 0), ADDRXLAT_KVADDR };

		if (addrxlat_fulladdr_conv(&address, ADDRXLAT_MACHPHYSADDR, ctx, sys) != ADDRXLAT_OK)
			die(argv[3], addrxlat_ctx_get_err(ctx));
		printf("0x%" PRIx64 "\n", (uint64_t)address.addr);
		return 0;
	}

	addrxlat_meth_t tables = {
		.kind = ADDRXLAT_PGT,
		.target_as = ADDRXLAT_MACHPHYSADDR,
		.param.pgt = {
			.root = { walking ? strtoull(argv[3], NULL, 0) : 0, ADDRXLAT_MACHPHYSADDR },
			.pte_mask = 0,
			.pf = { .pte_format = ADDRXLAT_PTE_X86_64, .nfields = 5, .fieldsz = { 12, 9, 9, 9, 9 } },
		},
	};
	struct list in = read_list(argv[argc - 3]);
	struct list out = { calloc(in.count, sizeof(uint64_t)), in.count };

	if (!out.words)
		die("answers", "no memory");
	for (int passes = atoi(argv[argc - 1]); passes > 0; passes--) {
		uint64_t start = now();

		if (walking)
			walk_all(ctx, sys, &tables, &in, &out);
		else
			convert_all(ctx, sys, &in, &out);
		printf("%" PRIu64 "\n", now() - start);
	}

	write_list(argv[argc - 2], &out);
	kdump_free(dump);
	return 0;
}
