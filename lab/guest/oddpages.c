// SPDX-License-Identifier: Apache-2.0
//
// Takes pages that are no ordinary memory, and keeps them. Usage: oddpages REPORT [FILE...]
// One page of its own is poisoned (MADV_HWPOISON), and the first page of each file is mapped: a PCI function's
// resourceN in sysfs, a file on persistent memory. REPORT gets a line for each, "poisoned" or the file's name, then
// the address and the page frame in hexadecimal; of the poisoned page, the frame that it lost.

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096UL

#ifndef MADV_HWPOISON
#define MADV_HWPOISON 100
#endif

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t pagemap(const volatile void *address)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry;

	if (fd < 0 || pread(fd, &entry, sizeof(entry), (uintptr_t)address / PAGE * sizeof(entry)) != sizeof(entry))
		die("pagemap");
	close(fd);
	return entry & ((1UL << 55) - 1);
}

int main(int argc, char **argv)
{
	FILE *report = argc > 1 ? fopen(argv[1], "w") : NULL;
	volatile char *pages;
	uint64_t frame;

	if (!report)
		die("report");
	// A neighbour on both sides: only one page of three is lost.
	pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED)
		die("mmap");
	for (int i = 0; i < 3; i++)
		pages[i * PAGE] = 1;
	frame = pagemap(pages + PAGE);
	if (madvise((char *)pages + PAGE, PAGE, MADV_HWPOISON))
		die("MADV_HWPOISON");
	fprintf(report, "poisoned %lx %lx\n", (unsigned long)(pages + PAGE), (unsigned long)frame);

	for (int i = 2; i < argc; i++) {
		int fd = open(argv[i], O_RDWR);
		volatile uint32_t *mapped = fd < 0 ? MAP_FAILED : mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		if (mapped == MAP_FAILED)
			die(argv[i]);
		(void)*mapped;
		fprintf(report, "%s %lx %lx\n", argv[i], (unsigned long)mapped, (unsigned long)pagemap(mapped));
	}

	if (fclose(report))
		die("report");
	for (;;)
		pause();
}
