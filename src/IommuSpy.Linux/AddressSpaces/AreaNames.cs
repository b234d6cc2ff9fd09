using IommuSpy.Linux.Files;
using IommuSpy.Linux.Objects;
using IommuSpy.Memory;

namespace IommuSpy.Linux.AddressSpaces;

/// <summary>What /proc/PID/maps calls an area (fs/proc/task_mmu.c, get_vma_name).</summary>
internal sealed class AreaNames
{
    // ANON_VMA_NAME_MAX_LEN is 80; kernel names are shorter.
    private const int MaxNameBytes = 256;

    private readonly KernelObjects _objects;
    private readonly AreaFields _fields;
    private readonly HashSet<ulong> _specialOperations = [];
    private readonly VirtualAddress? _specialNameFunction;
    private readonly bool _heapMayTouch;

    public AreaNames(KernelObjects objects, AreaFields fields)
    {
        _objects = objects;
        _fields = fields;
        _specialNameFunction = objects.Variable("special_mapping_name");
        foreach (string name in (string[])["special_mapping_vmops", "legacy_special_mapping_vmops"])
        {
            if (objects.Variable(name) is VirtualAddress operations)
            {
                _specialOperations.Add(operations.Value);
            }
        }

        // What counts as the heap changed by an equals sign in the middle of 6.6 (d3bb89ea9c13): nothing in memory tells but the release.
        _heapMayTouch = objects.Kernel.IsSince(6, 6) != true;
    }

    /// <summary>Where the heap and the stack of an address space are.</summary>
    public HeapAndStack PlacesOf(VirtualAddress mm) =>
        new(_objects.Read(mm, _fields.HeapStart), _objects.Read(mm, _fields.HeapEnd), _objects.Read(mm, _fields.StackStart));

    /// <summary>The name of an area; null for none.</summary>
    public string? Of(VirtualAddress area, VirtualAddress start, VirtualAddress end, KernelFile? file, HeapAndStack places)
    {
        string? given = _objects.Pointer(area, _fields.AnonymousName) is VirtualAddress name && _fields.NameText is { } text
            ? _objects.Text(name + text.Offset, MaxNameBytes) : null;
        if (file is not null)
        {
            // The name shares its place with something else in an area with a file, up to 6.1; its letters tell.
            return given is not null && SharesNoPlace && given.Length > 0 ? $"[anon_shmem:{given}]" : file.Path;
        }

        if (SpecialName(area) is string special)
        {
            return special;
        }

        if (places is { HeapStart: ulong heapStart, HeapEnd: ulong heapEnd }
            && (_heapMayTouch ? start.Value <= heapEnd && end.Value >= heapStart : start.Value < heapEnd && end.Value > heapStart))
        {
            return "[heap]";
        }

        if (places.StackStart is ulong stack && start.Value <= stack && end.Value >= stack)
        {
            return "[stack]";
        }

        return given is { Length: > 0 } ? $"[anon:{given}]" : null;
    }

    // Since 6.2 (d09e8ca6cb93) the name is a member of its own, which an area with a file may have too; before, it lies over `shared`.
    private bool SharesNoPlace => _objects.Types.FindField("vm_area_struct", "shared") is { } shared && shared.Offset != _fields.AnonymousName?.Offset;

    /// <summary>The name of what the kernel itself maps into processes: vdso, vvar.</summary>
    private string? SpecialName(VirtualAddress area)
    {
        if (_objects.Pointer(area, _fields.Operations) is not VirtualAddress operations)
        {
            return null;
        }

        bool special = _specialOperations.Contains(operations.Value)
            || (_specialNameFunction is not null && _objects.Pointer(operations, _fields.OperationsName) == _specialNameFunction);

        // struct vm_special_mapping begins with the name, since it came with 3.16 (a62c34bd2a8a); an older form of the operations has an array of pages there.
        return special && _objects.Pointer(area, _fields.PrivateData) is VirtualAddress mapping
            && _objects.Pointer(mapping + (_fields.SpecialName?.Offset ?? 0)) is VirtualAddress text
            && _objects.Text(text, MaxNameBytes) is string name && name.StartsWith('[')
            ? name
            : null;
    }
}
