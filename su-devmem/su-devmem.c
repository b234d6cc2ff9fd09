// SPDX-License-Identifier: GPL-2.0
//
// su-devmem: while it is loaded, /dev/mem reads memory that CONFIG_STRICT_DEVMEM keeps from it.
//
// The kernel asks devmem_is_allowed(pfn) for each page that is read, written or mapped through /dev/mem (drivers/char/mem.c,
// arch/x86/mm/init.c). It answers 0 for "no", 1 for "yes", and since 4.11 also 2 for "show zeros instead". A return probe turns
// its answer into 1 for the pages in question. No kernel text is patched but by the kernel's own probes, and when the module is
// unloaded, the probes are gone and the kernel's answer stands as ever.
//
// What no module can do: open /dev/mem where the kernel is locked down, which is refused before any page is asked for, and
// leave pages readable that the kernel has taken out of its direct map. And what has been mapped while it was loaded stays mapped
// after it has gone, until the process that mapped it unmaps it or ends.

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/ratelimit.h>
#include <linux/sched.h>
#include <linux/string.h>

#ifndef READ_ONCE
#define READ_ONCE(value) ACCESS_ONCE(value) /* before 3.19 */
#endif

#define ALLOWED 1

static unsigned long start;
module_param(start, ulong, 0444);
MODULE_PARM_DESC(start, "first physical address that is opened (default: 0)");

static unsigned long end = ULONG_MAX;
module_param(end, ulong, 0444);
MODULE_PARM_DESC(end, "last physical address that is opened (default: all)");

static bool writable;
module_param_named(write, writable, bool, 0444);
MODULE_PARM_DESC(write, "open memory for writing too; without it the kernel's own rule stays for writing (default: no)");

static atomic_long_t lifted = ATOMIC_LONG_INIT(0);
static atomic_long_t refused = ATOMIC_LONG_INIT(0);

/*
 * Without write=1: devmem_is_allowed() does not know for what it is asked. It is known to be for reading where the task is inside
 * read_mem(), or inside mmap_mem() for a mapping that cannot be written to. A task that no probe has seen enter either is
 * refused: when the probes run out of instances, reading fails, and nothing is opened for writing.
 *
 * A task that is killed inside (an oops) never comes out, and its slot keeps it. When another gets its address, that one has
 * begun at another time. (The type of start_time has changed in 3.17; its bytes are compared.)
 */
#define MOST_READERS 128
static struct {
	struct task_struct *task;
	typeof(((struct task_struct *)NULL)->start_time) start_time;
} readers[MOST_READERS];

struct reader {
	int slot;
};

static int add_reader(struct kretprobe_instance *instance)
{
	struct reader *reader = (struct reader *)instance->data;
	int slot;

	for (slot = 0; slot < MOST_READERS; slot++) {
		if (!cmpxchg(&readers[slot].task, NULL, current)) {
			/* Nobody but this task reads it while the slot is this task's. */
			readers[slot].start_time = current->start_time;
			reader->slot = slot;
			return 0;
		}
	}
	return 1;
}

static int remove_reader(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	struct reader *reader = (struct reader *)instance->data;

	readers[reader->slot].task = NULL;
	return 0;
}

static bool is_reader(void)
{
	int slot;

	for (slot = 0; slot < MOST_READERS; slot++)
		if (READ_ONCE(readers[slot].task) == current &&
		    !memcmp(&readers[slot].start_time, &current->start_time, sizeof(current->start_time)))
			return true;
	return false;
}

/* The first two arguments of a function, at its entry. */
static unsigned long first_argument(struct pt_regs *regs)
{
#ifdef CONFIG_X86_64
	return regs->di;
#else
	return regs_get_kernel_argument(regs, 0);
#endif
}

static unsigned long second_argument(struct pt_regs *regs)
{
#ifdef CONFIG_X86_64
	return regs->si;
#else
	return regs_get_kernel_argument(regs, 1);
#endif
}

static void set_return_value(struct pt_regs *regs, unsigned long value)
{
#ifdef CONFIG_X86_64
	regs->ax = value;
#else
	regs_set_return_value(regs, value);
#endif
}

static int enter_read(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	return add_reader(instance);
}

static int enter_mmap(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	struct vm_area_struct *vma = (struct vm_area_struct *)second_argument(regs);

	/* Shared, and of a file that is open for writing: mprotect() could make it writable at any time. */
	return vma->vm_flags & VM_SHARED ? 1 : add_reader(instance);
}

static struct kretprobe read_probe = {
	.kp.symbol_name = "read_mem",
	.entry_handler = enter_read,
	.handler = remove_reader,
	.data_size = sizeof(struct reader),
	.maxactive = MOST_READERS,
};

static struct kretprobe mmap_probe = {
	.kp.symbol_name = "mmap_mem",
	.entry_handler = enter_mmap,
	.handler = remove_reader,
	.data_size = sizeof(struct reader),
	.maxactive = MOST_READERS,
};

struct question {
	unsigned long pfn;
};

static int enter_question(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	((struct question *)instance->data)->pfn = first_argument(regs);
	return 0;
}

static int answer(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	unsigned long pfn = ((struct question *)instance->data)->pfn;
	unsigned long address = pfn << PAGE_SHIFT;

	if ((int)regs_return_value(regs) == ALLOWED)
		return 0;
	/* A page that the range ends in is not opened: the kernel asks for whole pages. */
	if (address >= start && address + (PAGE_SIZE - 1) <= end && (writable || is_reader())) {
		set_return_value(regs, ALLOWED);
		atomic_long_inc(&lifted);
	} else {
		atomic_long_inc(&refused);
		pr_notice_ratelimited("%s[%d]: 0x%lx stays closed: %s\n", current->comm, task_pid_nr(current), address,
				      address >= start && address + (PAGE_SIZE - 1) <= end ? "loaded without write=1" : "not between start and end");
	}
	return 0;
}

static struct kretprobe question_probe = {
	.kp.symbol_name = "devmem_is_allowed",
	.entry_handler = enter_question,
	.handler = answer,
	.data_size = sizeof(struct question),
};

/* /sys/module/su_devmem/parameters/counts: what became of the questions so far. */
static int show_counts(char *text, const struct kernel_param *unused)
{
	return sprintf(text, "lifted %ld refused %ld missed %d\n", atomic_long_read(&lifted), atomic_long_read(&refused),
		       question_probe.nmissed + read_probe.nmissed + mmap_probe.nmissed);
}

static const struct kernel_param_ops counts_ops = {
	.get = show_counts,
};
module_param_cb(counts, &counts_ops, NULL, 0444);
MODULE_PARM_DESC(counts, "pages opened, pages left closed, questions that the probes missed and the kernel answered (read only)");

static int __init su_devmem_init(void)
{
	int error;

	if (start > end) {
		pr_err("not loaded: start 0x%lx is above end 0x%lx\n", start, end);
		return -EINVAL;
	}
#ifndef CONFIG_STRICT_DEVMEM
	pr_warn("this kernel is built without CONFIG_STRICT_DEVMEM: /dev/mem is not restricted, and there is nothing to lift\n");
#endif
	/* A question that finds no instance free is answered by the kernel itself: refused, at worst. */
	question_probe.maxactive = max_t(int, MOST_READERS, 4 * num_possible_cpus());
	error = register_kretprobe(&question_probe);
	if (error) {
		pr_err("not loaded: no probe on devmem_is_allowed (%d): this kernel lacks it, or CONFIG_KRETPROBES\n", error);
		return error;
	}
	if (!writable) {
		error = register_kretprobe(&read_probe);
		if (error)
			goto no_read;
		error = register_kretprobe(&mmap_probe);
		if (error)
			goto no_mmap;
	}
	pr_info("loaded: /dev/mem %s 0x%lx-0x%lx\n", writable ? "reads and writes" : "reads", start, end);
	return 0;

no_mmap:
	unregister_kretprobe(&read_probe);
no_read:
	unregister_kretprobe(&question_probe);
	pr_err("not loaded: no probe on read_mem or mmap_mem (%d), which tell reading from writing; write=1 loads without them\n", error);
	return error;
}

static void __exit su_devmem_exit(void)
{
	/* The question first: nothing is opened any more while those that tell readers go. */
	unregister_kretprobe(&question_probe);
	if (!writable) {
		unregister_kretprobe(&mmap_probe);
		unregister_kretprobe(&read_probe);
	}
	pr_info("unloaded: the kernel's own rule holds again, but for what is still mapped (lifted %ld pages, refused %ld, missed %d)\n",
		atomic_long_read(&lifted), atomic_long_read(&refused), question_probe.nmissed + read_probe.nmissed + mmap_probe.nmissed);
}

module_init(su_devmem_init);
module_exit(su_devmem_exit);
MODULE_AUTHOR("the iommu-spy authors");
MODULE_DESCRIPTION("Lifts CONFIG_STRICT_DEVMEM's restriction of /dev/mem while it is loaded");
MODULE_LICENSE("GPL");
