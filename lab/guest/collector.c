// SPDX-License-Identifier: Apache-2.0
//
// Writes what the guest's kernel says about itself to a raw disk as a tar archive. Usage: collector DISK WORKLOAD-LIST
//
// What it records must still be true when the host stops the machine a moment later, so it disturbs little: direct I/O
// (nothing enters the page cache), one fixed buffer touched before the first record is taken, nothing allocated.
// Facts that cannot change come first, page state last. Then it says so on the console and sleeps for ever.

#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096UL
#define BLOCK 512
#define BUFFER (1024 * 1024)
// Far longer than any path of sysfs or procfs that is asked for here.
#define PATH 1024
#define SYSLOG_ACTION_READ_ALL 3

// Direct I/O wants aligned memory. The buffer collects an entry's data; full buffers go to the disk.
static unsigned char buffer[BUFFER] __attribute__((aligned(4096)));
static unsigned char header[BLOCK] __attribute__((aligned(4096)));
static char text[BUFFER] __attribute__((aligned(4096)));
static char maps[4 * BUFFER] __attribute__((aligned(4096)));
static int disk;
static off_t position;
static off_t entry_start;
static uint64_t entry_length;
static size_t buffered;

static void die(const char *what)
{
	fprintf(stderr, "lab: collector: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void write_at(const void *data, size_t length, off_t offset)
{
	if (pwrite(disk, data, length, offset) != (ssize_t)length)
		die("write to the oracle disk");
}

static void begin_entry(void)
{
	entry_start = position;
	position += BLOCK;
	entry_length = 0;
	buffered = 0;
}

static void append(const void *data, size_t length)
{
	const unsigned char *from = data;

	entry_length += length;
	while (length > 0) {
		size_t part = length < BUFFER - buffered ? length : BUFFER - buffered;

		memcpy(buffer + buffered, from, part);
		buffered += part;
		from += part;
		length -= part;
		if (buffered == BUFFER) {
			write_at(buffer, BUFFER, position);
			position += BUFFER;
			buffered = 0;
		}
	}
}

__attribute__((format(printf, 1, 2))) static void appendf(const char *format, ...)
{
	char line[1024];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	append(line, length < (int)sizeof(line) ? (size_t)length : sizeof(line) - 1);
}

// The length of a /proc file is known only after reading it, so the header is written last (ustar format).
static void end_entry(const char *name)
{
	size_t padded = (buffered + BLOCK - 1) / BLOCK * BLOCK;
	unsigned int sum = 0;

	if (padded > 0) {
		memset(buffer + buffered, 0, padded - buffered);
		write_at(buffer, padded, position);
		position += padded;
	}
	memset(header, 0, BLOCK);
	snprintf((char *)header, 100, "%s", name);
	memcpy(header + 100, "0000644\0" "0000000\0" "0000000\0", 24);
	snprintf((char *)header + 124, 12, "%011llo", (unsigned long long)entry_length);
	memcpy(header + 136, "00000000000", 12);
	memset(header + 148, ' ', 8);
	header[156] = '0';
	memcpy(header + 257, "ustar\0" "00", 8);
	for (int i = 0; i < BLOCK; i++)
		sum += header[i];
	snprintf((char *)header + 148, 8, "%06o", sum);
	write_at(header, BLOCK, entry_start);
}

static void append_file(const char *path)
{
	int fd = open(path, O_RDONLY);
	ssize_t got;

	if (fd < 0)
		return;
	while ((got = read(fd, text, sizeof(text))) > 0)
		append(text, got);
	close(fd);
}

static void collect_file(const char *path, const char *name)
{
	if (access(path, R_OK))
		return;
	begin_entry();
	append_file(path);
	end_entry(name);
}

static void collect_proc(const char *name)
{
	char path[PATH];

	snprintf(path, sizeof(path), "/proc/%s", name);
	collect_file(path, name);
}

// One line of a sysfs attribute, or "-".
static const char *attribute(const char *directory, const char *name, char *value, size_t size)
{
	char path[PATH];
	ssize_t got = -1;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_RDONLY);
	if (fd >= 0) {
		got = read(fd, value, size - 1);
		close(fd);
	}
	value[got > 0 ? got : 0] = 0;
	value[strcspn(value, "\n")] = 0;
	return *value ? value : strcpy(value, "-");
}

// The last part of what a sysfs link points to, or "-".
static const char *link_target(const char *directory, const char *name, char *value, size_t size)
{
	char path[PATH];
	ssize_t got;
	char *slash;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	got = readlink(path, value, size - 1);
	if (got <= 0)
		return strcpy(value, "-");
	value[got] = 0;
	slash = strrchr(value, '/');
	return slash ? slash + 1 : value;
}

static void for_each_entry(const char *directory, void (*visit)(const char *directory, const char *name))
{
	DIR *listing = opendir(directory);
	struct dirent *entry;

	if (!listing)
		return;
	while ((entry = readdir(listing)))
		if (entry->d_name[0] != '.')
			visit(directory, entry->d_name);
	closedir(listing);
}

static void pci_line(const char *directory, const char *name)
{
	char path[PATH], vendor[64], device[64], class[64], driver[PATH], group[PATH];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	appendf("%s %s %s %s %s %s\n", name, attribute(path, "vendor", vendor, sizeof(vendor)),
		attribute(path, "device", device, sizeof(device)), attribute(path, "class", class, sizeof(class)),
		link_target(path, "driver", driver, sizeof(driver)), link_target(path, "iommu_group", group, sizeof(group)));
}

static void collect_pci(void)
{
	begin_entry();
	for_each_entry("/sys/bus/pci/devices", pci_line);
	end_entry("pci");
}

static void pci_detail_line(const char *directory, const char *name)
{
	static const char *const numbers[] = { "subsystem_vendor", "subsystem_device", "revision", "irq", "dma_mask_bits", "consistent_dma_mask_bits" };
	char path[PATH], value[PATH];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	appendf("%s %s", name, link_target(path, "iommu", value, sizeof(value)));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		appendf(" %s", attribute(path, numbers[i], value, sizeof(value)));
	appendf("\n");
}

static void collect_pci_config(const char *directory, const char *name)
{
	char path[PATH], entry[PATH];

	snprintf(path, sizeof(path), "%s/%s/config", directory, name);
	snprintf(entry, sizeof(entry), "pci-config/%s", name);
	collect_file(path, entry);
}

static void iommu_unit_line(const char *directory, const char *name)
{
	static const char *const attributes[] = { "intel-iommu/version", "intel-iommu/address", "intel-iommu/cap", "intel-iommu/ecap",
						  "intel-iommu/domains_used", "amd-iommu/cap", "amd-iommu/features" };
	char path[PATH], value[PATH];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	appendf("%s", name);
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
		appendf(" %s=%s", strchr(attributes[i], '/') + 1, attribute(path, attributes[i], value, sizeof(value)));
	appendf("\n");
}

static void interrupt_line(const char *directory, const char *name)
{
	char path[PATH], chip[64], number[64], type[64], actions[PATH], affinity[64];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	appendf("%s %s %s %s %s", name, attribute(path, "chip_name", chip, sizeof(chip)), attribute(path, "hwirq", number, sizeof(number)),
		attribute(path, "type", type, sizeof(type)), attribute(path, "actions", actions, sizeof(actions)));
	snprintf(path, sizeof(path), "/proc/irq/%s", name);
	appendf(" %s\n", attribute(path, "effective_affinity_list", affinity, sizeof(affinity)));
}

static void reserved_region_lines(const char *group, const char *directory)
{
	char path[PATH];
	FILE *file;
	char line[256];

	snprintf(path, sizeof(path), "%s/reserved_regions", directory);
	file = fopen(path, "r");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file))
		appendf("group %s reserved %s", group, line);
	fclose(file);
}

static void iommu_group_lines(const char *directory, const char *name)
{
	char path[PATH], type[64];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	appendf("group %s type %s\n", name, attribute(path, "type", type, sizeof(type)));
	reserved_region_lines(name, path);
}

static void collect_iommu_groups(void)
{
	begin_entry();
	for_each_entry("/sys/kernel/iommu_groups", iommu_group_lines);
	end_entry("iommu-groups");
}

static void collect_iommu_units(void)
{
	begin_entry();
	for_each_entry("/sys/class/iommu", iommu_unit_line);
	end_entry("iommu-units");
	begin_entry();
	for_each_entry("/sys/bus/pci/devices", pci_detail_line);
	end_entry("pci-details");
	for_each_entry("/sys/bus/pci/devices", collect_pci_config);
	begin_entry();
	for_each_entry("/sys/kernel/irq", interrupt_line);
	end_entry("irqs");
}

static const char *module_name;

static void section_line(const char *directory, const char *name)
{
	char address[64];

	appendf("%s %s %s\n", module_name, name, attribute(directory, name, address, sizeof(address)));
}

static void module_section_lines(const char *directory, const char *name)
{
	char path[PATH];
	DIR *listing;
	struct dirent *entry;

	snprintf(path, sizeof(path), "%s/%s/sections", directory, name);
	module_name = name;
	// Section names start with a dot: for_each_entry would skip them.
	listing = opendir(path);
	if (!listing)
		return;
	while ((entry = readdir(listing)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			section_line(path, entry->d_name);
	closedir(listing);
}

static void collect_module_sections(void)
{
	begin_entry();
	for_each_entry("/sys/module", module_section_lines);
	end_entry("module-sections");
}

static void collect_btf(const char *directory, const char *name)
{
	char path[PATH], entry[PATH];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	snprintf(entry, sizeof(entry), "btf/%s", name);
	collect_file(path, entry);
}

static void collect_acpi(const char *directory, const char *name)
{
	char path[PATH], entry[PATH];
	struct stat status;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (stat(path, &status) || !S_ISREG(status.st_mode))
		return;
	snprintf(entry, sizeof(entry), "acpi/%s", name);
	collect_file(path, entry);
}

static void collect_kernel_log(void)
{
	int length = klogctl(SYSLOG_ACTION_READ_ALL, text, sizeof(text));

	if (length < 0)
		return;
	begin_entry();
	append(text, length);
	end_entry("dmesg");
}

static size_t read_maps(const char *pid)
{
	char path[PATH];
	size_t length = 0;
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/maps", pid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return 0;
	while (length < sizeof(maps) - 1 && (got = read(fd, maps + length, sizeof(maps) - 1 - length)) > 0)
		length += got;
	close(fd);
	maps[length] = 0;
	return length;
}

// The pagemap entries of every line of maps, in order, one after the other. [vsyscall] has none: no process owns it.
static void collect_pagemap(const char *pid)
{
	char path[PATH], name[PATH];
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/pagemap", pid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return;
	begin_entry();
	for (char *line = maps; *line;) {
		char *end = strchrnul(line, '\n');
		unsigned long first, last;

		if (sscanf(line, "%lx-%lx", &first, &last) == 2 && !memmem(line, end - line, "[vsyscall]", 10)) {
			uint64_t left = (last - first) / PAGE * sizeof(uint64_t);
			off_t offset = first / PAGE * sizeof(uint64_t);

			while (left > 0) {
				ssize_t got = pread(fd, text, left < sizeof(text) ? left : sizeof(text), offset);

				if (got <= 0)
					die("pagemap");
				append(text, got);
				offset += got;
				left -= got;
			}
		}
		line = *end ? end + 1 : end;
	}
	close(fd);
	snprintf(name, sizeof(name), "proc/%s/pagemap", pid);
	end_entry(name);
}

static void collect_process(const char *directory, const char *pid)
{
	static const char *const files[] = { "status", "comm", "stat", "cmdline", "smaps" };
	char path[PATH], name[PATH];

	// A process without mappings is a kernel thread: only the process list names it.
	if (!isdigit(pid[0]) || read_maps(pid) == 0)
		return;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s/%s", directory, pid, files[i]);
		snprintf(name, sizeof(name), "proc/%s/%s", pid, files[i]);
		collect_file(path, name);
	}
	snprintf(name, sizeof(name), "proc/%s/maps", pid);
	begin_entry();
	append(maps, strlen(maps));
	end_entry(name);
	collect_pagemap(pid);
}

static void thread_line(const char *directory, const char *tid)
{
	char path[PATH];

	if (!isdigit(tid[0]))
		return;
	snprintf(path, sizeof(path), "%s/%s/stat", directory, tid);
	append_file(path);
}

static void process_line(const char *directory, const char *pid)
{
	char path[PATH];

	if (!isdigit(pid[0]))
		return;
	snprintf(path, sizeof(path), "%s/%s/stat", directory, pid);
	append_file(path);
}

static void process_thread_lines(const char *directory, const char *pid)
{
	char path[PATH];

	if (!isdigit(pid[0]))
		return;
	snprintf(path, sizeof(path), "%s/%s/task", directory, pid);
	for_each_entry(path, thread_line);
}

// What devices' domains map, as the kernel answers to the lab's module. Opening it takes the memory that the answer needs.
static void collect_domains(int fd)
{
	ssize_t got;

	if (fd < 0)
		return;
	begin_entry();
	while ((got = read(fd, text, sizeof(text))) > 0)
		append(text, got);
	end_entry("iommu-domains");
}

int main(int argc, char **argv)
{
	int domains;

	static const char *const settled[] = { "version", "cmdline", "iomem", "ioports", "cpuinfo", "mounts", "swaps", "modules",
					       "config.gz", "kallsyms" };
	static const char *const changing[] = { "interrupts", "vmallocinfo", "vmstat", "meminfo", "zoneinfo", "pagetypeinfo",
						"buddyinfo", "slabinfo" };

	if (argc != 3) {
		fprintf(stderr, "usage: collector DISK WORKLOAD-LIST\n");
		return 2;
	}
	disk = open(argv[1], O_RDWR | O_DIRECT);
	if (disk < 0)
		die(argv[1]);
	// Everything this process will touch is in memory before it looks at anybody, itself included.
	memset(buffer, 1, sizeof(buffer));
	memset(text, 1, sizeof(text));
	memset(maps, 1, sizeof(maps));
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		die("mlockall");

	for (size_t i = 0; i < sizeof(settled) / sizeof(settled[0]); i++)
		collect_proc(settled[i]);
	collect_file(argv[2], "workload");
	collect_file("/sys/kernel/notes", "notes");
	for_each_entry("/sys/kernel/btf", collect_btf);
	for_each_entry("/sys/firmware/acpi/tables", collect_acpi);
	collect_pci();
	collect_iommu_groups();
	collect_iommu_units();
	collect_file("/run/user-mappings", "user-mappings");
	collect_module_sections();
	collect_kernel_log();

	domains = open("/proc/lab-iommu", O_RDONLY);
	for (size_t i = 0; i < sizeof(changing) / sizeof(changing[0]); i++)
		collect_proc(changing[i]);
	begin_entry();
	for_each_entry("/proc", process_line);
	end_entry("processes");
	begin_entry();
	for_each_entry("/proc", process_thread_lines);
	end_entry("threads");
	for_each_entry("/proc", collect_process);
	collect_proc("kpageflags");
	collect_proc("kpagecount");
	// No I/O but this program's own, so nothing is mapped for long any more.
	collect_domains(domains);

	// Two empty blocks end a tar archive.
	memset(buffer, 0, 2 * BLOCK);
	write_at(buffer, 2 * BLOCK, position);
	fsync(disk);
	printf("lab: oracles collected\n");
	fflush(stdout);
	for (;;)
		pause();
}
