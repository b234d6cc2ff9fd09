using IommuSpy.Linux.Files;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.AddressSpaces;

/// <summary>Reads what processes have mapped. Not safe to share between threads.</summary>
public sealed class ProcessMemoryReader
{
    private readonly KernelObjects _objects;
    private readonly AreaFields _fields;
    private readonly AreaList _list;
    private readonly AreaNames _names;
    private readonly FileReader _files;
    private readonly FixedPage _fixedPage;

    /// <summary>Reads a kernel's address spaces.</summary>
    /// <exception cref="MissingTypeException">Its vm_area_struct or mm_struct is not described.</exception>
    public ProcessMemoryReader(KernelObjects objects)
    {
        _objects = objects;
        _fields = new(objects.Types);
        _list = new(objects, _fields);
        _names = new(objects, _fields);
        _files = new(objects);
        _fixedPage = new(objects, _fields);
    }

    /// <summary>An address space by its mm_struct.</summary>
    /// <exception cref="MissingTypeException">Where it keeps its areas is not described.</exception>
    public ProcessMemory Read(VirtualAddress mm)
    {
        List<string> damage = [];
        List<MemoryArea> areas = [];
        HeapAndStack places = _names.PlacesOf(mm);
        ulong before = 0;
        foreach ((VirtualAddress address, (ulong First, ulong Last)? range) in _list.Read(mm, damage))
        {
            if (Area(address, mm, places) is not MemoryArea area)
            {
                damage.Add($"the area at {address} is none");
            }
            else if (area.Start.Value < before || (range is not null && range != (area.Start.Value, area.End.Value - 1)))
            {
                damage.Add($"the area at {address} is not where it says");
            }
            else
            {
                before = area.End.Value;
                areas.Add(area);
            }
        }

        if (_fixedPage.For(mm) is VirtualAddress gate && Area(gate, null, places) is MemoryArea page)
        {
            areas.Add(page with { Name = FixedPage.Name });
        }

        return new(mm, areas, damage);
    }

    private MemoryArea? Area(VirtualAddress address, VirtualAddress? mm, HeapAndStack places)
    {
        if (_objects.Read(address, _fields.Start) is not ulong start || _objects.Read(address, _fields.End) is not ulong end
            || end <= start || (start | end) % PageFrame.Size != 0 || (mm is not null && _fields.Mm is { } back && _objects.Pointer(address, back) != mm))
        {
            return null;
        }

        ulong? flags = _objects.Read(address, _fields.Flags);
        if (flags is null && _fields.Flags is not null)
        {
            return null;
        }

        KernelFile? file = _objects.Pointer(address, _fields.File) is VirtualAddress open ? _files.Read(open) : null;
        ulong offset = file is not null && _objects.Read(address, _fields.PageOffset) is ulong pages ? pages << PageFrame.Shift : 0;
        string? name = _names.Of(address, new(start), new(end), file, places);
        return new(address, _fixedPage.HidesGuard(flags) ? new(start + PageFrame.Size) : new(start), new(end), flags, offset, file, name);
    }
}
