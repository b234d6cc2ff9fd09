// SPDX-License-Identifier: Apache-2.0
//
// First and only process of a Linux guest in a virtual machine of hypervisor.c. Prints what its kernel says of itself, a byte at a time into a port of the
// machine, and sleeps for ever:
//   release RELEASE
//   kallsyms LINES HASH        all of /proc/kallsyms: how many lines, and FNV-1a of 64 bits over them
//   process PID (NAME)         of every process and kernel thread
//   area LINE                  of its own /proc/self/maps
//   page ADDRESS ENTRY         of its own /proc/self/pagemap, in hexadecimal, each page of these areas but for [vsyscall]
//   ready

#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/utsname.h>
#include <unistd.h>

#define PORT 0x500
#define PAGE 4096UL
#define AREA (1024 * 1024UL)
#define FNV_BASIS 0xcbf29ce484222325UL
#define FNV_PRIME 0x100000001b3UL

static char text[256 * 1024];
static char line[4096];

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	for (const char *at = line; *at; at++)
		outb(*at, PORT);
}

static void say_symbols(void)
{
	int fd = open("/proc/kallsyms", O_RDONLY);
	uint64_t hash = FNV_BASIS;
	unsigned long lines = 0;
	ssize_t got;

	while ((got = read(fd, text, sizeof(text))) > 0)
		for (ssize_t i = 0; i < got; i++) {
			hash = (hash ^ (unsigned char)text[i]) * FNV_PRIME;
			lines += text[i] == '\n';
		}
	close(fd);
	say("kallsyms %lu %016lx\n", lines, hash);
}

static void say_processes(void)
{
	DIR *listing = opendir("/proc");
	struct dirent *entry;

	while ((entry = readdir(listing))) {
		char path[300], name[64] = "";
		int fd;

		if (!isdigit(entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		fd = open(path, O_RDONLY);
		if (fd >= 0 && read(fd, name, sizeof(name) - 1) > 0)
			say("process %s (%s)\n", entry->d_name, strtok(name, "\n"));
		close(fd);
	}
	closedir(listing);
}

// Everything that this touches is touched before: what is said stays true.
static void say_pages(void)
{
	static uint64_t entries[AREA / PAGE];
	int maps = open("/proc/self/maps", O_RDONLY), pagemap = open("/proc/self/pagemap", O_RDONLY);
	size_t length = 0;
	ssize_t got;

	while ((got = read(maps, text + length, sizeof(text) - 1 - length)) > 0)
		length += got;
	text[length] = 0;
	for (char *rest = text, *area; (area = strsep(&rest, "\n")) && *area;) {
		unsigned long first, last;

		say("area %s\n", area);
		if (strstr(area, "[vsyscall]") || sscanf(area, "%lx-%lx", &first, &last) != 2)
			continue;
		for (unsigned long at = first; at < last; at += AREA) {
			size_t bytes = (last - at < AREA ? last - at : AREA) / PAGE * sizeof(uint64_t);

			if (pread(pagemap, entries, bytes, at / PAGE * sizeof(uint64_t)) != (ssize_t)bytes)
				continue;
			for (size_t i = 0; i < bytes / sizeof(uint64_t); i++)
				if (entries[i])
					say("page %lx %lx\n", at + i * PAGE, entries[i]);
		}
	}
}

int main(void)
{
	struct utsname name;
	char *pages;

	if (mount("proc", "/proc", "proc", 0, NULL) || ioperm(PORT, 1, 1) || uname(&name))
		return 1;
	pages = mmap(NULL, AREA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (size_t i = 0; i < AREA / 2; i += PAGE)
		memcpy(pages + i, "INNERGST", 8);
	memset(text, 0, sizeof(text));
	say("release %s\n", name.release);
	say_symbols();
	say_processes();
	mlockall(MCL_CURRENT);
	say_pages();
	say("ready\n");
	for (;;)
		pause();
}
