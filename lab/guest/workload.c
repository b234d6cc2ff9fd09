// SPDX-License-Identifier: Apache-2.0
//
// Maps one of every kind of memory that an address-space explorer must tell apart, writes down where each mapping is
// ("name start length pid", one a line), and sleeps for ever. Usage: workload FILE BLOCK-DEVICE LIST
//
// A mapping that this kernel or CPU does not offer is left out of the list, with a line on standard error.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define KIB 1024UL
#define MIB (1024UL * KIB)
#define PAGE 4096UL
#define HUGE (2 * MIB)

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif
#ifndef MAP_HUGE_2MB
#define MAP_HUGE_2MB (21 << 26)
#endif
#ifndef MAP_HUGE_1GB
#define MAP_HUGE_1GB (30 << 26)
#endif

static int list_fd;

static void die(const char *what)
{
	fprintf(stderr, "lab: workload: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void skipped(const char *name)
{
	fprintf(stderr, "lab: workload: no %s here: %s\n", name, strerror(errno));
}

static void record(const char *name, const void *start, size_t length)
{
	// One write with O_APPEND: parent and child share the list.
	dprintf(list_fd, "%s 0x%lx 0x%zx %d\n", name, (unsigned long)start, length, (int)getpid());
}

// Every page starts with a readable marker that names the mapping and the page, so a page is known by its content
// and no two pages are equal (nothing for same-page merging, no zero pages for swap to optimise away).
static void fill(void *start, size_t length, const char *name)
{
	for (size_t offset = 0; offset < length; offset += PAGE) {
		char *page = (char *)start + offset;
		int used = snprintf(page, PAGE, "IOMMU-SPY-LAB %s page %zu\n", name, offset / PAGE);

		for (size_t i = used + 1; i < PAGE; i++)
			page[i] = (char)(offset / PAGE + i);
	}
}

static void *try_map(size_t length, int protection, int flags, int fd)
{
	void *start = mmap(NULL, length, protection, flags, fd, 0);

	return start == MAP_FAILED ? NULL : start;
}

static void *anonymous(size_t length)
{
	void *start = try_map(length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	if (!start)
		die("anonymous mapping");
	return start;
}

static void *filled(const char *name, size_t length)
{
	void *start = anonymous(length);

	fill(start, length, name);
	record(name, start, length);
	return start;
}

static uint64_t pagemap_entry(const void *address)
{
	uint64_t entry = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY);

	if (fd < 0 || pread(fd, &entry, sizeof(entry), (unsigned long)address / PAGE * sizeof(entry)) != sizeof(entry))
		die("pagemap");
	close(fd);
	return entry;
}

static size_t count_swapped(const char *start, size_t length)
{
	size_t count = 0;

	for (size_t offset = 0; offset < length; offset += PAGE)
		count += pagemap_entry(start + offset) >> 62 & 1;
	return count;
}

static void map_transparent_huge(void)
{
	size_t length = 4 * HUGE;
	char *start = anonymous(length + HUGE);

	start = (char *)(((unsigned long)start + HUGE - 1) & ~(HUGE - 1));
	if (madvise(start, length, MADV_HUGEPAGE)) {
		skipped("transparent-huge");
		return;
	}
	fill(start, length, "transparent-huge");
	record("transparent-huge", start, length);
}

static void map_hugetlb(const char *name, size_t length, int size_flag)
{
	void *start = try_map(length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | size_flag, -1);

	if (!start) {
		skipped(name);
		return;
	}
	fill(start, 2 * HUGE < length ? 2 * HUGE : length, name);
	record(name, start, length);
}

static void *map_memfd(const char *name, size_t length)
{
	int fd = memfd_create(name, 0);
	void *start;

	if (fd < 0 || ftruncate(fd, length))
		die("memfd");
	start = try_map(length, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	if (!start)
		die("memfd mapping");
	fill(start, length, name);
	record(name, start, length);
	return start;
}

static void map_posix_shared(void)
{
	size_t length = 256 * KIB;
	int fd = open("/dev/shm/posix-shared", O_RDWR | O_CREAT, 0600);
	void *start;

	if (fd < 0 || ftruncate(fd, length))
		die("/dev/shm");
	start = try_map(length, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	if (!start)
		die("posix-shared mapping");
	fill(start, length, "posix-shared");
	record("posix-shared", start, length);
	close(fd);
}

static void map_system_v_shared(void)
{
	size_t length = 128 * KIB;
	int id = shmget(IPC_PRIVATE, length, IPC_CREAT | 0600);
	void *start = id < 0 ? (void *)-1 : shmat(id, NULL, 0);

	if (start == (void *)-1) {
		skipped("sysv-shared");
		return;
	}
	fill(start, length, "sysv-shared");
	record("sysv-shared", start, length);
}

static void map_file(const char *name, const char *path, size_t length, int protection, int flags)
{
	int fd = open(path, protection & PROT_WRITE && flags & MAP_SHARED ? O_RDWR : O_RDONLY);
	volatile char *start;
	char sum = 0;

	start = fd < 0 ? NULL : try_map(length, protection, flags, fd);
	if (!start) {
		skipped(name);
		return;
	}
	for (size_t offset = 0; offset < length; offset += PAGE)
		sum += start[offset];
	// A private writable file mapping holds both page-cache pages and anonymous copies.
	if (protection & PROT_WRITE && flags & MAP_PRIVATE)
		for (size_t offset = 0; offset < length; offset += 2 * PAGE)
			start[offset] = sum;
	record(name, (const void *)start, length);
	close(fd);
}

static void map_protected(const char *name, size_t length, int protection)
{
	void *start = anonymous(length);

	fill(start, length, name);
	if (mprotect(start, length, protection))
		die("mprotect");
	record(name, start, length);
}

static void map_protection_key(void)
{
	int key = pkey_alloc(0, 0);
	void *start;

	if (key < 0) {
		skipped("protection-key");
		return;
	}
	start = anonymous(64 * KIB);
	fill(start, 64 * KIB, "protection-key");
	if (pkey_mprotect(start, 64 * KIB, PROT_READ | PROT_WRITE, key))
		die("pkey_mprotect");
	record("protection-key", start, 64 * KIB);
}

static void map_zero_page(void)
{
	volatile char *start = anonymous(64 * KIB);
	char sum = 0;

	for (size_t offset = 0; offset < 64 * KIB; offset += PAGE)
		sum += start[offset];
	(void)sum;
	record("zero-page", (const void *)start, 64 * KIB);
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	// A limit below what is used may be refused after the kernel has made room for it.
	if (fd < 0 || (write(fd, text, strlen(text)) < 0 && errno != EBUSY))
		fprintf(stderr, "lab: workload: %s: %s\n", path, strerror(errno));
	close(fd);
}

// Before Linux 5.4 there is no MADV_PAGEOUT: a group of this process, whose pages are pushed out by a limit.
static void fill_and_push_out(char *start, size_t length)
{
	char pid[16];

	mkdir("/run/memory", 0700);
	if (mount("none", "/run/memory", "cgroup", 0, "memory") || mkdir("/run/memory/pushed", 0700)) {
		skipped("memory cgroup");
		return;
	}
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	put("/run/memory/pushed/tasks", pid);
	fill(start, length, "swapped");
	put("/run/memory/pushed/memory.limit_in_bytes", "65536");
	put("/run/memory/pushed/memory.limit_in_bytes", "-1");
	put("/run/memory/tasks", pid);
	umount("/run/memory");
}

static void map_swapped(void)
{
	size_t length = 4 * MIB;
	char *start = anonymous(length);
	size_t swapped = 0;

	// Base pages only: a huge page would be split on its way out, or not go at all.
	madvise(start, length, MADV_NOHUGEPAGE);
	if (madvise(start, length, MADV_PAGEOUT)) {
		fill_and_push_out(start, length);
		swapped = count_swapped(start, length);
	} else {
		fill(start, length, "swapped");
		for (int attempt = 0; attempt < 20 && swapped < length / PAGE; attempt++) {
			madvise(start, length, MADV_PAGEOUT);
			usleep(100 * 1000);
			swapped = count_swapped(start, length);
		}
	}
	fprintf(stderr, "lab: workload: %zu of %zu pages swapped out\n", swapped, length / PAGE);
	record("swapped", start, length);
}

_Noreturn static void sleep_for_ever(void)
{
	for (;;)
		pause();
}

static void *sleeping_thread(void *name)
{
	prctl(PR_SET_NAME, name);
	sleep_for_ever();
}

// A child that shares its parent's pages copy-on-write and has broken the sharing of every other page.
static void fork_copy_on_write(char *shared, size_t length, void *memfd_start, size_t memfd_length)
{
	int ready[2];
	char byte;
	pid_t child;

	if (pipe(ready))
		die("pipe");
	child = fork();
	if (child < 0)
		die("fork");
	if (child == 0) {
		prctl(PR_SET_NAME, "workload-child");
		for (size_t offset = 0; offset < length; offset += 2 * PAGE)
			shared[offset] = 'C';
		record("copy-on-write", shared, length);
		// fork leaves shared memory unmapped in the child until it is touched.
		fill(memfd_start, memfd_length, "memfd-shared");
		record("memfd-shared", memfd_start, memfd_length);
		filled("child-only", 64 * KIB);
		if (write(ready[1], "r", 1) != 1)
			die("pipe write");
		sleep_for_ever();
	}
	if (read(ready[0], &byte, 1) != 1)
		die("the child did not get ready");
}

// Its name is made to mislead readers of /proc/PID/stat that look for the first ')'.
static void fork_oddly_named(void)
{
	pid_t child = fork();

	if (child < 0)
		die("fork");
	if (child == 0) {
		prctl(PR_SET_NAME, "a) R 1 (b");
		sleep_for_ever();
	}
}

int main(int argc, char **argv)
{
	char *copy_on_write;
	void *memfd_start;
	pthread_t thread;
	char ready_path[256];

	if (argc != 4) {
		fprintf(stderr, "usage: workload FILE BLOCK-DEVICE LIST\n");
		return 2;
	}
	list_fd = open(argv[3], O_WRONLY | O_CREAT | O_APPEND, 0644);
	if (list_fd < 0)
		die(argv[3]);

	filled("anonymous", 8 * MIB);
	map_transparent_huge();
	map_hugetlb("hugetlb-2m", 4 * HUGE, MAP_HUGE_2MB);
	map_hugetlb("hugetlb-1g", 1024 * MIB, MAP_HUGE_1GB);
	memfd_start = map_memfd("memfd-shared", 1 * MIB);
	map_posix_shared();
	map_system_v_shared();
	map_file("file-shared", argv[1], 512 * KIB, PROT_READ, MAP_SHARED);
	map_file("file-private", argv[1], 256 * KIB, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	map_file("block-device", argv[2], 256 * KIB, PROT_READ, MAP_SHARED);
	map_protected("prot-none", 64 * KIB, PROT_NONE);
	map_protected("read-only", 64 * KIB, PROT_READ);
	map_protected("executable", 64 * KIB, PROT_READ | PROT_EXEC);
	map_protected("write-execute", 64 * KIB, PROT_READ | PROT_WRITE | PROT_EXEC);
	map_protection_key();
	map_zero_page();
	record("untouched", anonymous(256 * KIB), 256 * KIB);
	if (mlock(filled("locked", 64 * KIB), 64 * KIB))
		skipped("locked");
	map_swapped();

	copy_on_write = filled("copy-on-write", 1 * MIB);
	fork_copy_on_write(copy_on_write, 1 * MIB, memfd_start, 1 * MIB);
	fork_oddly_named();
	// Last: fork copies only the thread that calls it.
	if (pthread_create(&thread, NULL, sleeping_thread, "workload-thread"))
		die("thread");

	snprintf(ready_path, sizeof(ready_path), "%s.ready", argv[3]);
	close(open(ready_path, O_WRONLY | O_CREAT, 0644));
	sleep_for_ever();
}
