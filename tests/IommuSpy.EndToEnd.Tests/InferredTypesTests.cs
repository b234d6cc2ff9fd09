using IommuSpy.Linux;
using IommuSpy.Linux.Inference;
using IommuSpy.Linux.Types;
using IommuSpy.Linux.Types.Btf;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>What the data tell against what the kernel's own BTF says.</summary>
public class InferredTypesTests
{
    /// <summary>What every guest's data tell.</summary>
    private static readonly string[] Found =
    [
        "task_struct.comm", "task_struct.tasks", "task_struct.pid", "task_struct.tgid", "task_struct.group_leader", "task_struct.real_parent",
        "task_struct.parent",
        "task_struct.children", "task_struct.sibling", "task_struct.signal", "task_struct.thread_node", "task_struct.flags", "task_struct.stack",
        "task_struct.real_cred",
        "task_struct.cred", "task_struct.mm", "task_struct.active_mm", "signal_struct.thread_head", "cred.uid", "cred.euid", "mm_struct.pgd",
        "mm_struct.map_count",
        "mm_struct.start_code", "mm_struct.start_brk", "mm_struct.brk", "mm_struct.start_stack", "mm_struct.arg_start", "mm_struct.env_start",
        "mm_struct.exe_file",
        "vm_area_struct.vm_start", "vm_area_struct.vm_end", "vm_area_struct.vm_mm", "vm_area_struct.vm_flags", "vm_area_struct.vm_pgoff",
        "vm_area_struct.vm_file",
        "vm_area_struct.vm_ops", "vm_area_struct.vm_private_data", "file.f_path", "file.f_inode", "file.f_mapping", "dentry.d_inode", "dentry.d_parent",
        "dentry.d_name",
        "dentry.d_hash", "dentry.d_op", "dentry.d_sb", "dentry_operations.d_dname", "inode.i_mode", "inode.i_sb", "inode.i_ino", "inode.i_mapping",
        "super_block.s_dev",
        "super_block.s_root", "super_block.s_type", "file_system_type.name", "vfsmount.mnt_root", "vfsmount.mnt_sb", "mount.mnt", "mount.mnt_parent",
        "mount.mnt_mountpoint",
        "pglist_data.node_zones", "pglist_data.node_id", "zone.name", "zone.zone_start_pfn", "zone.spanned_pages", "zone.present_pages", "zone.managed_pages",
        "zone.free_area",
        "free_area.free_list", "free_area.nr_free", "per_cpu_pages.count", "per_cpu_pages.lists", "swap_info_struct.flags", "swap_info_struct.prio",
        "swap_info_struct.pages",
        "swap_info_struct.inuse_pages", "swap_info_struct.swap_file",
        "module.list", "module.name", "module.kallsyms", "mod_kallsyms.symtab", "mod_kallsyms.num_symtab", "mod_kallsyms.strtab", "pci_bus.children",
        "pci_bus.devices", "pci_bus.self", "pci_bus.busn_res",
        "pci_bus.dev", "pci_dev.bus", "pci_dev.subordinate", "pci_dev.devfn", "pci_dev.vendor", "pci_dev.class", "pci_dev.pcie_flags_reg", "pci_dev.dev",
        "pci_dev.resource", "device.kobj", "device.parent", "device.driver",
    ];

    [Theory]
    [MemberData(nameof(Guests.Images), MemberType = typeof(Guests))]
    public void No_inferred_offset_differs_from_BTF(string guest, string image)
    {
        LinuxKernel kernel = GuestMachine.Open(guest, image).Kernel;
        Assert.SkipUnless(GuestMachine.IsDescribed(guest), "this kernel carries no types to compare with");
        BtfTypes btf = BtfInMemory.Find(kernel)!;
        InferredTypes inferred = InferredTypes.Infer(kernel);
        Assert.All(inferred.Evidence, field =>
        {
            Field? described = btf.FindField(field.Structure, field.Name);
            Assert.True(described is not null, $"BTF has no {field.Structure}.{field.Name}");
            Assert.True(described.Offset == field.Offset, $"{field.Structure}.{field.Name}: {field.Offset} is inferred, BTF says {described.Offset}");
            Assert.Equal(field.Offset, inferred.FindField(field.Structure, field.Name)!.Offset);
        });
        Assert.Empty(Found.Except(inferred.Evidence.Select(field => $"{field.Structure}.{field.Name}")));
    }

    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void The_same_is_inferred_from_raw_bytes_and_from_the_ELF_dump_and_each_time(string guest)
    {
        static string[] Told(LinuxKernel kernel) => [.. InferredTypes.Infer(kernel).Evidence.Select(field => field.ToString())];

        string[] raw = Told(GuestMachine.Open(guest, "ram.raw").Kernel);
        Assert.Equal(raw, Told(GuestMachine.Open(guest, "dump.elf").Kernel));
        Assert.Equal(raw, Told(GuestMachine.Open(guest, "ram.raw").Kernel));
    }
}
