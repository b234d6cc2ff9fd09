// SPDX-License-Identifier: Apache-2.0
//
// Says which pages of files are in memory, and where. Usage: cached REPORT FILE...
//        or has pages of a file written to swap:        cached --out FILE FIRST COUNT
// REPORT gets a line for each page that mincore(2) says is in memory: the file's name, the page's number in the file,
// and its page frame in hexadecimal, by /proc/self/pagemap.

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096UL

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static char *map(const char *path, size_t *bytes)
{
	int fd = open(path, O_RDONLY);
	struct stat what;
	char *at;

	if (fd < 0 || fstat(fd, &what))
		die(path);
	*bytes = what.st_size;
	at = mmap(NULL, *bytes, PROT_READ, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED || madvise(at, *bytes, MADV_RANDOM))
		die(path);
	close(fd);
	return at;
}

int main(int argc, char **argv)
{
	size_t bytes;
	char *at;

	if (argc == 5 && strcmp(argv[1], "--out") == 0) {
		size_t first = strtoul(argv[3], NULL, 0), count = strtoul(argv[4], NULL, 0);

		at = map(argv[2], &bytes);
		// Only what this process has mapped is looked at.
		for (size_t i = first; i < first + count; i++)
			*(volatile char *)(at + i * PAGE);
		if (madvise(at + first * PAGE, count * PAGE, MADV_PAGEOUT))
			die("MADV_PAGEOUT");
		return 0;
	}

	FILE *report = argc > 2 ? fopen(argv[1], "w") : NULL;
	int pagemap = open("/proc/self/pagemap", O_RDONLY);

	if (!report || pagemap < 0)
		die("report");
	for (int i = 2; i < argc; i++) {
		unsigned char *resident;
		size_t pages;

		at = map(argv[i], &bytes);
		pages = (bytes + PAGE - 1) / PAGE;
		resident = malloc(pages + 1);
		if (!resident || mincore(at, bytes, resident))
			die("mincore");
		for (size_t page = 0; page < pages; page++) {
			uint64_t entry;

			if (!(resident[page] & 1))
				continue;
			*(volatile char *)(at + page * PAGE);
			if (pread(pagemap, &entry, sizeof(entry), ((uintptr_t)at / PAGE + page) * sizeof(entry)) != sizeof(entry))
				die("pagemap");
			fprintf(report, "%s %zu %lx\n", argv[i], page, (unsigned long)(entry & ((1UL << 55) - 1)));
		}
		munmap(at, bytes);
		free(resident);
	}
	fclose(report);
	return 0;
}
