// SPDX-License-Identifier: GPL-2.0
//
// For lab guests only. Asks the kernel itself, through iommu_iova_to_phys, what every PCI device's IOMMU domain maps, and
// lists it in /proc/lab-iommu:
//
//	device 0000:00:02.0 domain 1 type dma dma-mask 0xffffffffffffffff ats 0
//	domain 1 aperture 0x0-0xffffffffffff scanned 0x0-0xffffffff
//	map 1 0xfffff000 0x1234000 0x1		domain, I/O virtual address, physical address, pages: one line for each run
//
// A domain is named by the order in which it is met. Nothing but a question for each page can tell what a driver's tables
// hold, so the list covers the I/O virtual addresses below 4 GiB, from which Linux serves PCI devices first.

#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/proc_fs.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/version.h>

#define SCAN_END (1ULL << 32)
#define PAGE 4096ULL
// Asked for with every page, so that a page that is mapped to physical address 0 does not look unmapped.
#define OFFSET 8
#define MOST_DOMAINS 64
// The list is made again from the start when it outgrows the buffer.
#define LIST_BYTES (1 << 20)

static const char *type_name(unsigned int type)
{
	switch (type) {
	case IOMMU_DOMAIN_BLOCKED:
		return "blocked";
	case IOMMU_DOMAIN_IDENTITY:
		return "identity";
	case IOMMU_DOMAIN_UNMANAGED:
		return "unmanaged";
	case IOMMU_DOMAIN_DMA:
		return "dma";
#ifdef IOMMU_DOMAIN_DMA_FQ
	case IOMMU_DOMAIN_DMA_FQ:
		return "dma-fq";
#endif
	default:
		return "other";
	}
}

static void show_run(struct seq_file *list, int domain, u64 iova, u64 physical, u64 pages)
{
	if (pages)
		seq_printf(list, "map %d 0x%llx 0x%llx 0x%llx\n", domain, iova, physical, pages);
}

static void show_mappings(struct seq_file *list, int number, struct iommu_domain *domain)
{
	u64 run = 0, physical = 0, pages = 0;
	u64 first = domain->geometry.aperture_start & ~(PAGE - 1);
	u64 last = min_t(u64, domain->geometry.aperture_end, SCAN_END - 1);
	u64 iova;

	seq_printf(list, "domain %d aperture 0x%llx-0x%llx scanned 0x%llx-0x%llx\n", number, (u64)domain->geometry.aperture_start,
		   (u64)domain->geometry.aperture_end, first, last);
	for (iova = first; iova <= last; iova += PAGE) {
		u64 answer = iommu_iova_to_phys(domain, iova + OFFSET) & ~(PAGE - 1);
		bool mapped = answer || iommu_iova_to_phys(domain, iova + OFFSET);

		if (pages && mapped && answer == physical + pages * PAGE) {
			pages++;
			continue;
		}
		show_run(list, number, run, physical, pages);
		run = iova;
		physical = answer;
		pages = mapped;
		if (!(iova & (0x1000000 - 1)))
			cond_resched();
	}
	show_run(list, number, run, physical, pages);
}

static int show(struct seq_file *list, void *unused)
{
	static struct iommu_domain *seen[MOST_DOMAINS];
	struct pci_dev *device = NULL;
	int domains = 0;
	int number;

	for_each_pci_dev(device) {
		struct iommu_domain *domain = iommu_get_domain_for_dev(&device->dev);

		if (!domain) {
			seq_printf(list, "device %s domain -\n", pci_name(device));
			continue;
		}
		for (number = 0; number < domains && seen[number] != domain; number++)
			;
		if (number == domains && domains < MOST_DOMAINS)
			seen[domains++] = domain;
		seq_printf(list, "device %s domain %d type %s dma-mask 0x%llx ats %d\n", pci_name(device), number, type_name(domain->type),
			   device->dev.dma_mask ? *device->dev.dma_mask : 0, device->ats_enabled);
	}
	for (number = 0; number < domains; number++)
		if (seen[number]->type & __IOMMU_DOMAIN_PAGING)
			show_mappings(list, number, seen[number]);
	return 0;
}

static int open(struct inode *inode, struct file *file)
{
	return single_open_size(file, show, NULL, LIST_BYTES);
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 6, 0)
static const struct proc_ops operations = {
	.proc_open = open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
};
#else
static const struct file_operations operations = {
	.open = open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = single_release,
};
#endif

static int __init start(void)
{
	return proc_create("lab-iommu", 0400, NULL, &operations) ? 0 : -ENOMEM;
}

static void __exit stop(void)
{
	remove_proc_entry("lab-iommu", NULL);
}

module_init(start);
module_exit(stop);
MODULE_DESCRIPTION("Lists what IOMMU domains map, as the kernel answers");
MODULE_LICENSE("GPL");
