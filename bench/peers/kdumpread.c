// SPDX-License-Identifier: Apache-2.0
/*
 * libkdumpfile's reads of 4 KiB pages of a dump, for comparison: PASSES times over every page of its first BYTES of physical memory, in order or
 * shuffled by a linear congruential order that both sides use.
 *
 *     kdumpread DUMP seq|rnd BYTES PASSES
 *
 * Prints one line a pass: nanoseconds, and the sum of every page's first word, which has to be the other side's.
 */
#define _POSIX_C_SOURCE 200809L
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libkdumpfile/kdumpfile.h>

static void die(const char *what, const char *why)
{
	fprintf(stderr, "kdumpread: %s: %s\n", what, why);
	exit(1);
}

int main(int argc, char **argv)
{
	static unsigned char page[4096];
	kdump_ctx_t *ctx = kdump_new();
	uint64_t pages, stride;
	int fd, passes, random;

	if (argc != 5)
		die("usage", "kdumpread DUMP seq|rnd BYTES PASSES");
	fd = open(argv[1], O_RDONLY);
	if (fd < 0)
		die(argv[1], "cannot be opened");
	if (!ctx || kdump_open_fd(ctx, fd) != KDUMP_OK)
		die(argv[1], ctx ? kdump_get_err(ctx) : "no memory");
	random = !strcmp(argv[2], "rnd");
	pages = strtoull(argv[3], NULL, 0) / sizeof(page);
	passes = atoi(argv[4]);
	/* Odd and near the golden ratio: a power of two of pages is visited once each. */
	stride = random ? ((uint64_t)(pages * 0.6180339887) | 1) : 1;
	while (passes-- > 0) {
		struct timespec start, end;
		uint64_t sum = 0;

		clock_gettime(CLOCK_MONOTONIC, &start);
		for (uint64_t i = 0; i < pages; i++) {
			uint64_t number = random ? (i * stride) % pages : i;
			size_t length = sizeof(page);

			if (kdump_read(ctx, KDUMP_MACHPHYSADDR, number * sizeof(page), page, &length) == KDUMP_OK) {
				uint64_t word;

				memcpy(&word, page, sizeof(word));
				sum += word;
			} else {
				kdump_clear_err(ctx);
			}
		}
		clock_gettime(CLOCK_MONOTONIC, &end);
		printf("%" PRId64 " %016" PRIx64 "\n", (int64_t)(end.tv_sec - start.tv_sec) * 1000000000 + end.tv_nsec - start.tv_nsec, sum);
	}
	kdump_free(ctx);
	return 0;
}
