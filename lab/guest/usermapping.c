// SPDX-License-Identifier: Apache-2.0
//
// Gives memory of this process to a PCI device through VFIO, lets the device (QEMU's "edu") read and write some of it, writes
// down what is mapped ("start length pid iova rights device", one a line), and sleeps for ever.
// Usage: usermapping DEVICE GROUP LIST

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define KIB 1024UL
#define MIB (1024UL * KIB)
#define PAGE 4096UL
// The device's engine has 28 address bits.
#define WRITABLE_IOVA 0x2000000UL
#define READABLE_IOVA 0x3000000UL
#define HUGE_IOVA 0x4000000UL

// Registers and memory of the edu device (QEMU docs/specs/edu.rst).
#define EDU_DMA_SOURCE 0x80
#define EDU_DMA_TARGET 0x88
#define EDU_DMA_COUNT 0x90
#define EDU_DMA_COMMAND 0x98
#define EDU_DMA_START 1UL
#define EDU_DMA_TO_MEMORY 2UL
#define EDU_BUFFER 0x40000UL
// Half its buffer: QEMU before 8.1 ends on a transfer that fills it.
#define EDU_BYTES 2048UL

#define PCI_COMMAND 4
#define PCI_COMMAND_MEMORY 2
#define PCI_COMMAND_MASTER 4

static int list_fd;
static int container;
static const char *device_name;

static void die(const char *what)
{
	fprintf(stderr, "lab: usermapping: %s: %s\n", what, strerror(errno));
	exit(1);
}

static char *map_memory(size_t length, int advice)
{
	// Twice the length, so that there is an aligned part: a huge page needs it.
	char *start = mmap(NULL, 2 * length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (start == MAP_FAILED)
		die("mmap");
	start = (char *)(((uintptr_t)start + length - 1) / length * length);
	if (madvise(start, length, advice))
		die("madvise");
	for (size_t offset = 0; offset < length; offset += PAGE)
		snprintf(start + offset, PAGE, "IOMMU-SPY-LAB user-mapping page %zu\n", offset / PAGE);
	return start;
}

static void give(char *start, size_t length, uint64_t iova, uint32_t rights)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map), .flags = rights, .vaddr = (uintptr_t)start, .iova = iova, .size = length,
	};

	if (ioctl(container, VFIO_IOMMU_MAP_DMA, &map))
		die("VFIO_IOMMU_MAP_DMA");
	dprintf(list_fd, "0x%lx 0x%zx %d 0x%lx %s %s\n", (unsigned long)start, length, (int)getpid(), (unsigned long)iova,
		rights & VFIO_DMA_MAP_FLAG_WRITE ? "rw" : "r", device_name);
}

static void transfer(volatile uint64_t *registers, uint64_t source, uint64_t target, uint64_t command)
{
	registers[EDU_DMA_SOURCE / 8] = source;
	registers[EDU_DMA_TARGET / 8] = target;
	registers[EDU_DMA_COUNT / 8] = EDU_BYTES;
	registers[EDU_DMA_COMMAND / 8] = command | EDU_DMA_START;
	while (registers[EDU_DMA_COMMAND / 8] & EDU_DMA_START)
		usleep(1000);
}

static int open_device(const char *group_name)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	char path[64];
	int group, device;

	container = open("/dev/vfio/vfio", O_RDWR);
	if (container < 0)
		die("/dev/vfio/vfio");
	snprintf(path, sizeof(path), "/dev/vfio/%s", group_name);
	group = open(path, O_RDWR);
	if (group < 0)
		die(path);
	if (ioctl(group, VFIO_GROUP_GET_STATUS, &status) || !(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		die("the group is not viable");
	if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &container))
		die("VFIO_GROUP_SET_CONTAINER");
	if (ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		die("VFIO_SET_IOMMU");
	device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, device_name);
	if (device < 0)
		die("VFIO_GROUP_GET_DEVICE_FD");
	return device;
}

static volatile uint64_t *enable_device(int device)
{
	struct vfio_region_info config = { .argsz = sizeof(config), .index = VFIO_PCI_CONFIG_REGION_INDEX };
	struct vfio_region_info bar = { .argsz = sizeof(bar), .index = VFIO_PCI_BAR0_REGION_INDEX };
	uint16_t command;
	void *registers;

	if (ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &config) || ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &bar))
		die("VFIO_DEVICE_GET_REGION_INFO");
	if (pread(device, &command, sizeof(command), config.offset + PCI_COMMAND) != sizeof(command))
		die("read the PCI command");
	command |= PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	if (pwrite(device, &command, sizeof(command), config.offset + PCI_COMMAND) != sizeof(command))
		die("write the PCI command");
	registers = mmap(NULL, bar.size, PROT_READ | PROT_WRITE, MAP_SHARED, device, bar.offset);
	if (registers == MAP_FAILED)
		die("map BAR 0");
	return registers;
}

int main(int argc, char **argv)
{
	volatile uint64_t *registers;
	char *writable, *readable, *huge;
	char ready[256];
	int device;

	if (argc != 4) {
		fprintf(stderr, "usage: usermapping DEVICE GROUP LIST\n");
		return 2;
	}
	device_name = argv[1];
	list_fd = open(argv[3], O_WRONLY | O_CREAT | O_APPEND, 0644);
	if (list_fd < 0)
		die(argv[3]);
	device = open_device(argv[2]);
	writable = map_memory(256 * KIB, MADV_NOHUGEPAGE);
	readable = map_memory(64 * KIB, MADV_NOHUGEPAGE);
	huge = map_memory(2 * MIB, MADV_HUGEPAGE);
	give(writable, 256 * KIB, WRITABLE_IOVA, VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE);
	give(readable, 64 * KIB, READABLE_IOVA, VFIO_DMA_MAP_FLAG_READ);
	give(huge, 2 * MIB, HUGE_IOVA, VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE);

	registers = enable_device(device);
	transfer(registers, READABLE_IOVA, EDU_BUFFER, 0);
	transfer(registers, EDU_BUFFER, WRITABLE_IOVA + 3 * PAGE, EDU_DMA_TO_MEMORY);
	transfer(registers, EDU_BUFFER, HUGE_IOVA + 5 * PAGE, EDU_DMA_TO_MEMORY);
	if (memcmp(writable + 3 * PAGE, readable, 32) || memcmp(huge + 5 * PAGE, readable, 32)) {
		errno = EIO;
		die("the device did not write what it read");
	}

	snprintf(ready, sizeof(ready), "%s.ready", argv[3]);
	close(open(ready, O_WRONLY | O_CREAT, 0644));
	for (;;)
		pause();
}
