namespace IommuSpy;

/// <summary>
/// Types of variables of the kernel's image, which the types that it carries do not tell (BTF describes per-CPU variables alone). Each has had this type
/// since Linux 3.16; it is taken where a structure of that size fits between the variable and the next symbol.
/// </summary>
internal static class KnownVariables
{
    /// <summary>The type of a variable by its name; null for one that is not listed.</summary>
    public static string? TypeOf(string variable) => variable switch
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
