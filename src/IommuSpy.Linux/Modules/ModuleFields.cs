using IommuSpy.Linux.Types;

namespace IommuSpy.Linux.Modules;

/// <summary>The fields of struct module that are read (include/linux/module.h), and of what it leads to.</summary>
internal sealed class ModuleFields
{
    public ModuleFields(KernelTypes types)
    {
        StructType module = types.Struct("module");
        List = module.Field("list");
        Name = module.Field("name");
        State = module.Find("state");
        Version = module.Find("version");
        Taints = module.Find("taints");
        Initialise = module.Find("init");
        Exit = module.Find("exit");
        References = module.Find("refcnt");
        PerCpuReferences = module.Find("refptr");
        Increments = types.FindField("module_ref", "incs");
        Decrements = types.FindField("module_ref", "decs");
        Users = module.Find("source_list");
        UserList = types.FindField("module_use", "source_list");
        User = types.FindField("module_use", "source");
        Memory = module.Find("mem");
        MemoryBase = types.FindField("module_memory", "base");
        MemorySize = types.FindField("module_memory", "size");
        Core = Layout(module, "core");
        Init = Layout(module, "init");
        Exports = module.Find("syms");
        ExportCount = module.Find("num_syms");
        Sections = module.Find("sect_attrs");
    }

    public Field List { get; }

    public Field Name { get; }

    public Field? State { get; }

    public Field? Version { get; }

    public Field? Taints { get; }

    public Field? Initialise { get; }

    public Field? Exit { get; }

    /// <summary>Since 3.19, one more than the number of users.</summary>
    public Field? References { get; }

    /// <summary>Before 3.19, each CPU's struct module_ref.</summary>
    public Field? PerCpuReferences { get; }

    public Field? Increments { get; }

    public Field? Decrements { get; }

    public Field? Users { get; }

    public Field? UserList { get; }

    public Field? User { get; }

    /// <summary>Since 6.4: an array by enum mod_mem_type.</summary>
    public Field? Memory { get; }

    public Field? MemoryBase { get; }

    public Field? MemorySize { get; }

    /// <summary>Before 6.4: what stays.</summary>
    public ModuleLayoutFields? Core { get; }

    /// <summary>Before 6.4: what is freed after loading.</summary>
    public ModuleLayoutFields? Init { get; }

    public Field? Exports { get; }

    public Field? ExportCount { get; }

    public Field? Sections { get; }

    // struct module_layout since 4.5; fields of struct module itself before, of which the end of what becomes read-only is the last (4.8 added another).
    private static ModuleLayoutFields? Layout(StructType module, string part) =>
        module.Find($"{part}_layout.base", $"module_{part}") is Field start && module.Find($"{part}_layout.size", $"{part}_size") is Field size
            ? new(
                start,
                size,
                module.Find($"{part}_layout.text_size", $"{part}_text_size"),
                module.Find($"{part}_layout.ro_size", $"{part}_ro_size"),
                module.Find($"{part}_layout.ro_after_init_size"))
            : null;
}
