// SPDX-License-Identifier: Apache-2.0
//
// Makes virtual machines with KVM, one a process, prints what each is made of, and sleeps for ever: of a few MiB whose memory is known to
// the byte, or with a Linux in it. Usage: hypervisor -name marked | hypervisor -name spinning | hypervisor -name linux KERNEL INITRAMFS
//
// What is printed, one a line, all numbers hexadecimal but the pid and the slot's number:
//   lab: machine PID NAME vcpus COUNT
//   lab: machine PID slot NUMBER space SPACE flags FLAGS gpa START bytes SIZE hva ADDRESS
//   lab: machine PID pages marked|dropped|read|given-back|swapped|alias|unused gpa START bytes SIZE
//   lab: machine PID vcpu NUMBER cr3 VALUE rip VALUE state halted|running
//
//   lab: machine PID said LINE         of the Linux guest's only process, inner.c
//
// A marked page has "IOSPYVM1" at 0xff0 and its own guest-physical address behind it, written by the guest unless its slot is read-only.
// One that was dropped has it too, and no entry in the tables of this process: it is in the page cache.

#define _GNU_SOURCE
#include <asm/bootparam.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define KIB 1024UL
#define MIB (1024UL * KIB)
#define GIB (1024UL * MIB)
#define PAGE 4096UL
#define MARK 0x314d565950534f49UL // "IOSPYVM1"
#define MARK_OFFSET 0xff0

// The guest's own page tables and program, in pages of its lowest memory that have no mark.
#define PRIVATE_START 0x10000UL
#define PRIVATE_END 0x20000UL
#define TABLES 0x11000UL
#define OTHER_ROOT 0x19000UL
#define PROGRAM 0x1a000UL
#define WORK 0x1b000UL

#define ENTRY_TABLE 0x07UL
#define ENTRY_LARGE_PAGE 0x87UL

// Where a Linux guest finds what its loader says, and the ports that it writes to.
#define LINUX_PARAMETERS 0x10000UL
#define LINUX_COMMAND_LINE 0x20000UL
#define LINUX_SERIAL 0x3f8
#define LINUX_SERIAL_STATUS 0x3fd
#define LINUX_PORT 0x500

// Bits of control registers (Intel SDM 3A 2.5, AMD APM 2 3.1).
#define CR0_PROTECTED_PAGING 0x80000011UL
#define CR4_PAE 0x20UL
#define EFER_LONG_MODE 0x500UL

enum { DONE, MARK_PAGES, READ_PAGES, SPIN };

struct work {
	uint64_t start, end, what;
};

// The guest's program: goes through the work that RDI points at, the mark in RSI; then halts.
__asm__(".globl guest_program, guest_program_end\n"
	"guest_program:\n"
	"1:	mov	(%rdi), %rax\n"
	"	mov	8(%rdi), %rcx\n"
	"	mov	16(%rdi), %rdx\n"
	"	test	%rdx, %rdx\n"
	"	jz	5f\n"
	"	cmp	$3, %rdx\n"
	"	je	6f\n"
	"2:	cmp	%rcx, %rax\n"
	"	jae	4f\n"
	"	cmp	$1, %rdx\n"
	"	jne	3f\n"
	"	mov	%rsi, 0xff0(%rax)\n"
	"	mov	%rax, 0xff8(%rax)\n"
	"3:	mov	(%rax), %rbx\n"
	"	add	$0x1000, %rax\n"
	"	jmp	2b\n"
	"4:	add	$24, %rdi\n"
	"	jmp	1b\n"
	"5:	hlt\n"
	"	jmp	5b\n"
	"6:	jmp	6b\n"
	"guest_program_end:\n");
extern const char guest_program[], guest_program_end[];

static int machine;
static char *low;

static void die(const char *what)
{
	fprintf(stderr, "lab: hypervisor: %s: %s\n", what, strerror(errno));
	exit(1);
}

static char *map(size_t length, int flags)
{
	char *start = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | flags, -1, 0);

	if (start == MAP_FAILED)
		die("mmap");
	return start;
}

static void add_slot(int number, int space, unsigned flags, uint64_t gpa, size_t length, char *memory)
{
	struct kvm_userspace_memory_region region = {
		.slot = number | space << 16,
		.flags = flags,
		.guest_phys_addr = gpa,
		.memory_size = length,
		.userspace_addr = (uintptr_t)memory,
	};

	if (ioctl(machine, KVM_SET_USER_MEMORY_REGION, &region))
		die("KVM_SET_USER_MEMORY_REGION");
	printf("lab: machine %d slot %d space %d flags %x gpa %lx bytes %zx hva %lx\n", getpid(), number, space, flags, gpa, length,
	       (uintptr_t)memory);
}

// Pages that were just used do not go at once.
static void push_out(char *start, size_t length, size_t entries)
{
	int pagemap = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry;

	for (int attempt = 0; attempt < 50; attempt++) {
		size_t gone = 0;

		if (madvise(start, length, MADV_PAGEOUT))
			die("MADV_PAGEOUT");
		usleep(100000);
		for (size_t offset = 0; offset < length; offset += PAGE)
			if (pread(pagemap, &entry, sizeof(entry), ((uintptr_t)start + offset) / PAGE * sizeof(entry)) == sizeof(entry))
				gone += !(entry >> 63);
		if (gone == entries)
			break;
	}
	close(pagemap);
}

static void say_pages(const char *what, uint64_t gpa, size_t length)
{
	printf("lab: machine %d pages %s gpa %lx bytes %zx\n", getpid(), what, gpa, length);
}

// Tables that map guest-virtual to the same guest-physical addresses, in large pages: the first 4 GiB and one more at 4 and at 8 GiB.
static void write_tables(void)
{
	static const uint64_t mapped[] = { 0, 1, 2, 3, 4, 8 };
	uint64_t *root = (uint64_t *)(low + TABLES);
	uint64_t *upper = (uint64_t *)(low + TABLES + PAGE);

	root[0] = (TABLES + PAGE) | ENTRY_TABLE;
	for (size_t i = 0; i < sizeof(mapped) / sizeof(mapped[0]); i++) {
		uint64_t directory = TABLES + (2 + i) * PAGE;
		uint64_t *entries = (uint64_t *)(low + directory);

		upper[mapped[i]] = directory | ENTRY_TABLE;
		for (uint64_t page = 0; page < 512; page++)
			entries[page] = (mapped[i] * GIB + page * 2 * MIB) | ENTRY_LARGE_PAGE;
	}
	memcpy(low + OTHER_ROOT, root, PAGE);
}

static void set_segment(struct kvm_segment *segment, int type, int is_code)
{
	memset(segment, 0, sizeof(*segment));
	segment->limit = 0xffffffff;
	segment->selector = is_code ? 0x8 : 0x10;
	segment->type = type;
	segment->present = 1;
	segment->s = 1;
	segment->g = 1;
	segment->l = is_code;
	segment->db = !is_code;
}

// Newer kernels refuse a guest's control registers that its CPUID does not allow: 6.12 long mode, where there is none at all.
static void copy_cpuid(int kvm, int processor)
{
	struct kvm_cpuid2 *cpuid = calloc(1, sizeof(*cpuid) + 256 * sizeof(cpuid->entries[0]));

	cpuid->nent = 256;
	if (ioctl(kvm, KVM_GET_SUPPORTED_CPUID, cpuid) || ioctl(processor, KVM_SET_CPUID2, cpuid))
		die("KVM_SET_CPUID2");
	free(cpuid);
}

struct processor {
	int number;
	uint64_t root;
	const struct work *work;
	size_t work_length;
	int fd;
	int size;
	pthread_t thread;
};

static void make_processor(int kvm, struct processor *processor)
{
	struct kvm_sregs special;
	struct kvm_regs general = { 0 };
	uint64_t work = WORK + processor->number * KIB;

	processor->size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	processor->fd = ioctl(machine, KVM_CREATE_VCPU, processor->number);
	if (processor->fd < 0 || ioctl(processor->fd, KVM_GET_SREGS, &special))
		die("KVM_CREATE_VCPU");
	copy_cpuid(kvm, processor->fd);
	set_segment(&special.cs, 11, 1);
	set_segment(&special.ds, 3, 0);
	special.es = special.fs = special.gs = special.ss = special.ds;
	special.cr0 = CR0_PROTECTED_PAGING;
	special.cr3 = processor->root;
	special.cr4 = CR4_PAE;
	special.efer = EFER_LONG_MODE;
	memcpy(low + work, processor->work, processor->work_length);
	general.rip = PROGRAM;
	general.rflags = 2;
	general.rdi = work;
	general.rsi = MARK;
	if (ioctl(processor->fd, KVM_SET_SREGS, &special) || ioctl(processor->fd, KVM_SET_REGS, &general))
		die("KVM_SET_SREGS");
}

// Runs a processor until it halts; one that spins, for ever.
static void *run(void *argument)
{
	struct processor *processor = argument;
	struct kvm_run *run = mmap(NULL, processor->size, PROT_READ | PROT_WRITE, MAP_SHARED, processor->fd, 0);

	if (run == MAP_FAILED)
		die("mmap of a processor");
	do {
		if (ioctl(processor->fd, KVM_RUN, 0) && errno != EINTR)
			die("KVM_RUN");
	} while (run->exit_reason == KVM_EXIT_INTR);
	if (run->exit_reason != KVM_EXIT_HLT) {
		errno = run->exit_reason;
		die("a guest ended by an exit of this number");
	}
	return NULL;
}

static void say_processor(struct processor *processor, int running)
{
	struct kvm_regs general;

	// One that runs cannot be asked.
	if (running)
		general.rip = PROGRAM;
	else if (ioctl(processor->fd, KVM_GET_REGS, &general))
		die("KVM_GET_REGS");
	printf("lab: machine %d vcpu %d cr3 %lx rip %llx state %s\n", getpid(), processor->number, processor->root, general.rip,
	       running ? "running" : "halted");
}

static void begin(const char *name, int kvm, int processors)
{
	machine = ioctl(kvm, KVM_CREATE_VM, 0);
	if (machine < 0)
		die("KVM_CREATE_VM");
	printf("lab: machine %d %s vcpus %d\n", getpid(), name, processors);
}

static void write_program(void)
{
	write_tables();
	memcpy(low + PROGRAM, guest_program, guest_program_end - guest_program);
}

static void mark(char *memory, uint64_t gpa, size_t length)
{
	for (size_t offset = 0; offset < length; offset += PAGE) {
		*(uint64_t *)(memory + offset + MARK_OFFSET) = MARK;
		*(uint64_t *)(memory + offset + MARK_OFFSET + 8) = gpa + offset;
	}
}

// Slots of every kind: memory that is shared, of huge pages, read-only, mapped twice, written in part, in swap, and seen by system management mode alone.
static void make_marked(int kvm)
{
	const uint64_t alias_gpa = 2 * GIB, read_only_gpa = 3 * GIB, huge_gpa = 4 * GIB, logged_gpa = 8 * GIB;
	const size_t low_length = 4 * MIB, alias_length = 1 * MIB, read_only_length = 1 * MIB, huge_length = 4 * MIB, logged_length = 2 * MIB;
	const struct work first[] = {
		{ 0, PRIVATE_START, MARK_PAGES },
		{ PRIVATE_END, low_length, MARK_PAGES },
		{ huge_gpa, huge_gpa + huge_length, MARK_PAGES },
		{ read_only_gpa, read_only_gpa + 768 * KIB, READ_PAGES },
		{ logged_gpa, logged_gpa + 512 * KIB, MARK_PAGES },
		{ logged_gpa + 512 * KIB, logged_gpa + 1 * MIB, READ_PAGES },
		{ logged_gpa + 1 * MIB, logged_gpa + 1 * MIB + 640 * KIB, MARK_PAGES },
		{ 0, 0, DONE },
	};
	const struct work second[] = { { alias_gpa, alias_gpa + alias_length, READ_PAGES }, { 0, 0, DONE } };
	struct processor processors[] = {
		{ .number = 0, .root = TABLES, .work = first, .work_length = sizeof(first) },
		{ .number = 1, .root = OTHER_ROOT, .work = second, .work_length = sizeof(second) },
	};
	char *read_only, *huge, *logged, *management;

	begin("marked", kvm, 2);
	low = map(low_length, MAP_SHARED);
	huge = map(huge_length, MAP_PRIVATE | MAP_HUGETLB);
	read_only = map(read_only_length, MAP_PRIVATE);
	logged = map(logged_length, MAP_PRIVATE);
	management = map(64 * KIB, MAP_PRIVATE);
	add_slot(0, 0, 0, 0, low_length, low);
	add_slot(1, 0, 0, huge_gpa, huge_length, huge);
	add_slot(2, 0, KVM_MEM_READONLY, read_only_gpa, read_only_length, read_only);
	add_slot(3, 0, 0, alias_gpa, alias_length, low);
	add_slot(7, 0, KVM_MEM_LOG_DIRTY_PAGES, logged_gpa, logged_length, logged);
	if (ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_MULTI_ADDRESS_SPACE) > 1)
		add_slot(0, 1, 0, 0x30000, 64 * KIB, management);
	write_program();
	mark(read_only, read_only_gpa, 512 * KIB);
	for (int i = 0; i < 2; i++)
		make_processor(kvm, &processors[i]);
	for (int i = 0; i < 2; i++)
		if (pthread_create(&processors[i].thread, NULL, run, &processors[i]) || pthread_join(processors[i].thread, NULL))
			die("thread");
	if (madvise(logged + 1 * MIB, 512 * KIB, MADV_DONTNEED) || madvise(low + 2 * MIB, 256 * KIB, MADV_DONTNEED))
		die("madvise");
	push_out(logged + 1 * MIB + 512 * KIB, 128 * KIB, 32);
	push_out(low + 3 * MIB, 128 * KIB, 32);
	say_pages("marked", 0, PRIVATE_START);
	say_pages("marked", PRIVATE_END, 2 * MIB - PRIVATE_END);
	say_pages("dropped", 2 * MIB, 256 * KIB);
	say_pages("marked", 2 * MIB + 256 * KIB, 768 * KIB);
	say_pages("swapped", 3 * MIB, 128 * KIB);
	say_pages("marked", 3 * MIB + 128 * KIB, 896 * KIB);
	say_pages("marked", huge_gpa, huge_length);
	say_pages("marked", read_only_gpa, 512 * KIB);
	say_pages("read", read_only_gpa + 512 * KIB, 256 * KIB);
	say_pages("unused", read_only_gpa + 768 * KIB, 256 * KIB);
	say_pages("alias", alias_gpa, alias_length);
	say_pages("marked", logged_gpa, 512 * KIB);
	say_pages("read", logged_gpa + 512 * KIB, 512 * KIB);
	say_pages("given-back", logged_gpa + 1 * MIB, 512 * KIB);
	say_pages("swapped", logged_gpa + 1 * MIB + 512 * KIB, 128 * KIB);
	say_pages("unused", logged_gpa + 1 * MIB + 640 * KIB, 384 * KIB);
	for (int i = 0; i < 2; i++)
		say_processor(&processors[i], 0);
}

// One processor that never leaves its guest but for the host's interrupts.
static void make_spinning(int kvm)
{
	const size_t length = 1 * MIB;
	const struct work spin[] = { { 0, PRIVATE_START, MARK_PAGES }, { PRIVATE_END, length, MARK_PAGES }, { 0, 0, SPIN } };
	struct processor processor = { .number = 0, .root = TABLES, .work = spin, .work_length = sizeof(spin) };

	cpu_set_t second;

	// The first stays the host's: what QEMU reads of the host it reads through that one's tables.
	CPU_ZERO(&second);
	CPU_SET(1, &second);
	if (sched_setaffinity(0, sizeof(second), &second))
		die("sched_setaffinity");
	begin("spinning", kvm, 1);
	low = map(length, MAP_SHARED);
	add_slot(0, 0, 0, 0, length, low);
	write_program();
	make_processor(kvm, &processor);
	if (pthread_create(&processor.thread, NULL, run, &processor))
		die("thread");
	// It has marked the last page when it spins.
	while (*(volatile uint64_t *)(low + length - PAGE + MARK_OFFSET + 8) != length - PAGE)
		usleep(10000);
	say_pages("marked", 0, PRIVATE_START);
	say_pages("marked", PRIVATE_END, length - PRIVATE_END);
	say_processor(&processor, 1);
	printf("lab: machine ready\n");
	fflush(stdout);
	pthread_join(processor.thread, NULL);
}

static size_t load(const char *path, char *to, size_t most)
{
	int fd = open(path, O_RDONLY);
	size_t length = 0;
	ssize_t got;

	if (fd < 0)
		die(path);
	while ((got = read(fd, to + length, most - length)) > 0)
		length += got;
	close(fd);
	return length;
}

// A kernel and its initial file system, by the 32-bit boot protocol (Documentation/x86/boot.rst); returns where the kernel begins.
static uint64_t load_linux(const char *kernel, const char *initramfs, size_t memory, const char *command_line)
{
	static char image[32 * MIB];
	size_t length = load(kernel, image, sizeof(image)), initramfs_start = memory - 16 * MIB, setup;
	struct boot_params *parameters = (struct boot_params *)(low + LINUX_PARAMETERS);
	const struct setup_header *header = (const struct setup_header *)(image + offsetof(struct boot_params, hdr));

	setup = (1 + (header->setup_sects ? header->setup_sects : 4)) * 512;
	memcpy(low + MIB, image + setup, length - setup);
	memcpy(&parameters->hdr, header, header->jump / 256 + offsetof(struct setup_header, header));
	strcpy(low + LINUX_COMMAND_LINE, command_line);
	parameters->hdr.type_of_loader = 0xff;
	parameters->hdr.cmd_line_ptr = LINUX_COMMAND_LINE;
	parameters->hdr.ramdisk_image = initramfs_start;
	parameters->hdr.ramdisk_size = load(initramfs, low + initramfs_start, 16 * MIB);
	parameters->e820_entries = 2;
	parameters->e820_table[0] = (struct boot_e820_entry){ .addr = 0, .size = 0x9f000, .type = 1 };
	parameters->e820_table[1] = (struct boot_e820_entry){ .addr = MIB, .size = memory - MIB, .type = 1 };
	return MIB;
}

// What the guest's process writes to its port, a line at a time; of all other ports reads say that the serial port is ready, and that nothing else is there.
static int serve_port(struct kvm_run *run)
{
	static char line[4096];
	static size_t length;
	char *data = (char *)run + run->io.data_offset;

	if (run->io.direction == KVM_EXIT_IO_IN) {
		memset(data, run->io.port == LINUX_SERIAL_STATUS ? 0x60 : 0xff, run->io.size * run->io.count);
		return 0;
	}
	if (run->io.port == LINUX_SERIAL)
		fwrite(data, 1, run->io.size * run->io.count, stderr);
	if (run->io.port != LINUX_PORT)
		return 0;
	if (*data != '\n') {
		if (length < sizeof(line) - 1)
			line[length++] = *data;
		return 0;
	}
	line[length] = 0;
	length = 0;
	printf("lab: machine %d said %s\n", getpid(), line);
	return !strcmp(line, "ready");
}

// A Linux guest with one CPU, and no device but those that KVM itself has.
static void make_linux(int kvm, const char *kernel, const char *initramfs)
{
	const size_t length = 112 * MIB;
	struct kvm_pit_config timer = { .flags = KVM_PIT_SPEAKER_DUMMY };
	struct kvm_sregs special;
	struct kvm_regs general = { 0 };
	struct kvm_run *run;
	int processor, said = 0;

	begin("linux", kvm, 1);
	if (ioctl(machine, KVM_CREATE_IRQCHIP, 0) || ioctl(machine, KVM_CREATE_PIT2, &timer))
		die("KVM_CREATE_IRQCHIP");
	low = map(length, MAP_PRIVATE);
	add_slot(0, 0, 0, 0, length, low);
	processor = ioctl(machine, KVM_CREATE_VCPU, 0);
	if (processor < 0 || ioctl(processor, KVM_GET_SREGS, &special))
		die("KVM_CREATE_VCPU");
	copy_cpuid(kvm, processor);
	set_segment(&special.cs, 11, 0);
	special.cs.selector = 0x10;
	set_segment(&special.ds, 3, 0);
	special.ds.selector = 0x18;
	special.es = special.fs = special.gs = special.ss = special.ds;
	special.cr0 |= 1;
	general.rip = load_linux(kernel, initramfs, length,
				 "earlyprintk=serial,ttyS0,115200 noxsave nolapic pci=off no_timer_check nowatchdog panic=-1 quiet");
	general.rsi = LINUX_PARAMETERS;
	general.rflags = 2;
	if (ioctl(processor, KVM_SET_SREGS, &special) || ioctl(processor, KVM_SET_REGS, &general))
		die("KVM_SET_SREGS");
	run = mmap(NULL, ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), PROT_READ | PROT_WRITE, MAP_SHARED, processor, 0);
	if (run == MAP_FAILED)
		die("mmap of a processor");
	for (;;) {
		if (ioctl(processor, KVM_RUN, 0)) {
			if (errno != EINTR && errno != EAGAIN)
				die("KVM_RUN");
		} else if (run->exit_reason == KVM_EXIT_IO) {
			if (!said && serve_port(run)) {
				printf("lab: machine ready\n");
				fflush(stdout);
				said = 1;
			}
		} else if (run->exit_reason == KVM_EXIT_MMIO) {
			if (!run->mmio.is_write)
				memset(run->mmio.data, 0xff, sizeof(run->mmio.data));
		} else {
			errno = run->exit_reason;
			die("the Linux guest ended by an exit of this number");
		}
	}
}

int main(int argc, char **argv)
{
	int kvm;

	if ((argc != 3 && argc != 5) || strcmp(argv[1], "-name")) {
		fprintf(stderr, "usage: hypervisor -name marked|spinning|linux KERNEL INITRAMFS\n");
		return 2;
	}
	kvm = open("/dev/kvm", O_RDWR);
	if (kvm < 0)
		die("/dev/kvm");
	if (!strcmp(argv[2], "spinning")) {
		make_spinning(kvm);
	} else if (argc == 5) {
		make_linux(kvm, argv[3], argv[4]);
	} else {
		make_marked(kvm);
		printf("lab: machine ready\n");
		fflush(stdout);
	}
	for (;;)
		pause();
}
