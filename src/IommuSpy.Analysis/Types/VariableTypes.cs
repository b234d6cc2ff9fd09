using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Types;

/// <summary>
/// Types of variables. BTF describes per-CPU variables alone; a few others that every kernel has are known here. Each of these has had its type since
/// Linux 3.16, and it is taken where a structure of that size fits between the variable and the next symbol.
/// </summary>
public static class VariableTypes
{
    /// <summary>The type of a variable; null where it is not known.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="name">The symbol's name.</param>
    /// <param name="at">Where the variable is; of a per-CPU one, a CPU's copy.</param>
    public static KernelType? Of(Machine machine, string name, VirtualAddress at)
    {
        KernelTypes types = machine.Parts.Objects.Required.Types;
        return types.FindVariable(name)
            ?? (Known(name) is string tag && types.FindStruct(tag) is StructType known
                && machine.Parts.SymbolAt(at) is { Offset: 0, Size: ulong room } && known.Bytes <= room ? known : null);
    }

    private static string? Known(string variable) => variable switch
    {
        // init/init_task.c, mm/init-mm.c, kernel/cred.c, fs/fs_struct.c, fs/file.c
        "init_task" => "task_struct",
        "init_mm" => "mm_struct",
        "init_cred" => "cred",
        "init_fs" => "fs_struct",
        "init_files" => "files_struct",

        // kernel/pid.c, init/version.c, kernel/nsproxy.c, kernel/user.c, net/core/net_namespace.c
        "init_pid_ns" => "pid_namespace",
        "init_uts_ns" => "uts_namespace",
        "init_nsproxy" => "nsproxy",
        "init_user_ns" => "user_namespace",
        "init_net" => "net",

        // Heads of lists: kernel/module.c, mm/slab_common.c, fs/super.c, drivers/pci/probe.c, mm/vmalloc.c
        "modules" or "slab_caches" or "super_blocks" or "pci_root_buses" or "vmap_area_list" or "net_namespace_list" => "list_head",
        _ => null,
    };
}
