using IommuSpy.Linux.Objects;
using IommuSpy.Memory;

namespace IommuSpy.Linux.AddressSpaces;

/// <summary>
/// What /proc/PID/maps shows otherwise than the areas have it: the page at the fixed address, which is in no list and is the last line
/// (arch/x86/entry/vsyscall/vsyscall_64.c, get_gate_vma), and the guard page of stacks, which kernels before the stack gap counted to the stack and did not
/// show.
/// </summary>
internal sealed class FixedPage
{
    /// <summary>The page's name.</summary>
    public const string Name = "[vsyscall]";

    // enum { EMULATE, XONLY or NATIVE, NONE }.
    private const ulong Off = 2;
    private const ulong HasPageFlag = 1 << 1;

    private readonly KernelObjects _objects;
    private readonly AreaFields _fields;
    private readonly VirtualAddress? _page;
    private readonly bool _hidesGuards;

    public FixedPage(KernelObjects objects, AreaFields fields)
    {
        _objects = objects;
        _fields = fields;
        _page = objects.Variable("gate_vma") is VirtualAddress page && objects.Variable("vsyscall_mode") is VirtualAddress mode
            && objects.Number(mode, sizeof(uint)) is not (null or Off)
            ? page
            : null;

        // The gap came with 4.12 (1be7107fbe18) and with stable releases of older kernels; its size is a variable, as init_task is, without which nothing is
        // read here.
        _hidesGuards = fields.List is not null && objects.Variable("stack_guard_gap") is null && objects.Variable("init_task") is not null;
    }

    /// <summary>The area of the fixed page where a process has it; null where it has none.</summary>
    public VirtualAddress? For(VirtualAddress mm)
    {
        bool has = _fields.ContextFlags is { } flags ? (_objects.Read(mm, flags) & HasPageFlag) != 0
            : _fields.ContextCompatible is not { } compatible || _objects.Read(mm, compatible) == 0;
        return has ? _page : null;
    }

    /// <summary>Whether the first page of an area is a guard that is not shown.</summary>
    public bool HidesGuard(ulong? flags) => _hidesGuards && (flags & AreaFlags.GrowsDown) != 0;
}
