using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Modules;

/// <summary>Follows the list of modules and reads each.</summary>
internal sealed class ModuleReader
{
    // A machine has some hundreds at most.
    private const int MaxModules = 1 << 16;
    private const int MaxUsers = 4096;

    // Module space is 1.5 GiB.
    private const ulong MaxModuleBytes = 1UL << 31;
    private const int MaxMemoryRuns = 32;
    private const int NameBytes = 64;
    private const string NoName = "?";

    // include/linux/module.h, MODULE_REF_BASE: the module holds itself.
    private const long OwnReference = 1;

    private readonly KernelObjects _objects;
    private readonly ModuleFields _fields;
    private readonly string[] _memoryKinds;
    private readonly PerCpu _cpus;
    private readonly TaintLetters _taints;
    private readonly Lazy<ModuleTypes> _types;

    public ModuleReader(KernelObjects objects)
    {
        _objects = objects;
        _fields = new(objects.Types);
        _memoryKinds = MemoryKinds(objects.Types);
        _cpus = PerCpu.Of(objects);
        _taints = TaintLetters.Read(objects);
        _types = new(() => new(objects));
    }

    public ModuleList Read()
    {
        VirtualAddress head = _objects.Variable("modules")
            ?? throw new MissingTypeException("this kernel has no symbol modules: it loads none, or has no symbols");
        KernelList list = KernelList.Read(_objects, head, _fields.List.Offset, MaxModules);
        List<KernelModule> modules = [];
        string? damage = list.Damage;
        foreach (VirtualAddress at in list.Elements)
        {
            if (Module(at) is not KernelModule module)
            {
                damage ??= $"struct module {at} makes no sense";
            }
            else if (module.State != ModuleState.Unformed)
            {
                modules.Add(module);
            }
        }

        return new(modules, damage is null ? null : $"list of modules: {damage}");
    }

    private KernelModule? Module(VirtualAddress at)
    {
        // A module is shown under whatever name it has given itself, as long as it is one.
        string name = _objects.Text(at, _fields.Name) is { Length: > 0 } its ? its : NoName;
        if ((name == NoName || !name.All(letter => letter is > ' ' and < (char)0x7f)) && !IsInItsMemory(at))
        {
            return null;
        }

        (List<ModuleMemory> memory, ulong size) = Memory(at);
        ModuleState state = _objects.Read(at, _fields.State) switch
        {
            1 => ModuleState.Coming,
            2 => ModuleState.Going,
            3 => ModuleState.Unformed,
            _ => ModuleState.Live,
        };
        return new(() => ModuleSectionReader.Read(_objects, at, _fields), () => new ModuleSymbolReader(_objects, at, name, memory).Read(),
            () => _types.Value.Of(at, name))
        {
            Name = name,
            Object = at,
            State = state,
            Memory = memory,
            Base = memory.Count > 0 ? memory[0].Start : default,
            Size = size,
            References = References(at),
            Users = Users(at),
            IsPermanent = _objects.Pointer(at, _fields.Initialise) is not null && _fields.Exit is not null && _objects.Read(at, _fields.Exit) == 0,
            Taints = _taints.Of(_objects.Read(at, _fields.Taints) ?? 0),
            Version = _objects.Pointer(at, _fields.Version) is VirtualAddress version ? _objects.Text(version, NameBytes) : null,
        };
    }

    /// <summary>Whether what is at an address says that it lies in its own memory, as each struct module does.</summary>
    internal bool IsInItsMemory(VirtualAddress at) => Memory(at).Runs.Exists(run => run.Contains(at));

    private (List<ModuleMemory> Runs, ulong Bytes) Memory(VirtualAddress at)
    {
        List<ModuleMemory> memory = [];
        if (_fields.Memory?.Type.Resolved is not ArrayType array)
        {
            return (memory, AddLayout(at, _fields.Core, "", memory) + AddLayout(at, _fields.Init, "init ", memory));
        }

        ulong size = 0;
        for (int i = 0; i < (int)Math.Min(array.Count, MaxMemoryRuns); i++)
        {
            VirtualAddress run = at + _fields.Memory.Offset + ((ulong)i * array.Element.Bytes);
            if (_objects.Pointer(run, _fields.MemoryBase) is VirtualAddress first
                && _objects.Read(run, _fields.MemorySize) is ulong bytes and > 0 and <= MaxModuleBytes)
            {
                size += bytes;
                memory.Add(new(i < _memoryKinds.Length ? _memoryKinds[i] : $"part {i}", first, bytes));
            }
        }

        return (memory, size);
    }

    private ulong AddLayout(VirtualAddress at, ModuleLayoutFields? fields, string prefix, List<ModuleMemory> memory)
    {
        if (fields is null || _objects.Pointer(at, fields.Start) is not VirtualAddress start
            || _objects.Read(at, fields.Size) is not (ulong size and > 0 and <= MaxModuleBytes))
        {
            return 0;
        }

        ulong done = 0;
        void Add(string kind, ulong? end)
        {
            ulong bounded = Math.Min(end ?? done, size);
            if (bounded > done)
            {
                memory.Add(new(prefix + kind, start + done, bounded - done));
                done = bounded;
            }
        }

        Add("text", _objects.Read(at, fields.TextEnd));
        Add("rodata", _objects.Read(at, fields.ReadOnlyEnd));
        Add("ro after init", _objects.Read(at, fields.ReadOnlyAfterInitEnd));
        Add("data", size);
        return size;
    }

    private long? References(VirtualAddress at)
    {
        if (_objects.Read(at, _fields.References) is ulong count)
        {
            return (int)count - OwnReference;
        }

        if (_objects.Pointer(at, _fields.PerCpuReferences) is not VirtualAddress perCpu || _cpus.Offsets.Count == 0)
        {
            return null;
        }

        long sum = 0;
        for (int cpu = 0; cpu < _cpus.Offsets.Count; cpu++)
        {
            VirtualAddress own = _cpus.Address(cpu, perCpu);
            if (_objects.Read(own, _fields.Increments) is not ulong more || _objects.Read(own, _fields.Decrements) is not ulong less)
            {
                return null;
            }

            sum += (long)(more - less);
        }

        return sum;
    }

    private List<string> Users(VirtualAddress at)
    {
        List<string> users = [];
        if (_fields.Users is null || _fields.UserList is null || _fields.User is null)
        {
            return users;
        }

        foreach (VirtualAddress use in KernelList.Read(_objects, at + _fields.Users.Offset, _fields.UserList.Offset, MaxUsers).Elements)
        {
            if (_objects.Pointer(use, _fields.User) is VirtualAddress user && _objects.Text(user, _fields.Name) is string name)
            {
                users.Add(name);
            }
        }

        return users;
    }

    /// <summary>What this kernel calls each run of memory: "MOD_RO_AFTER_INIT" is "ro after init".</summary>
    private static string[] MemoryKinds(KernelTypes types)
    {
        IReadOnlyList<Enumerator> values = types.Find("mod_mem_type") is EnumType kinds ? kinds.Values : [];
        return [.. Enumerable.Range(0, MaxMemoryRuns)
            .Select(i =>
                values.FirstOrDefault(value => value.Value == i).Name?.Replace("MOD_", "", StringComparison.Ordinal).Replace('_', ' ').ToLowerInvariant())
            .TakeWhile(name => name is not null)
            .OfType<string>()];
    }
}
