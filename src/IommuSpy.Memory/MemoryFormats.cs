using IommuSpy.Memory.Formats.Elf;
using IommuSpy.Memory.Formats.Raw;

namespace IommuSpy.Memory;

/// <summary>The formats there are. A new one is one folder under Formats and one line here.</summary>
public static class MemoryFormats
{
    /// <summary>In the order they are tried. Raw is last: it has no signature, so it recognises everything.</summary>
    public static IReadOnlyList<IMemoryFormat> All { get; } = [new ElfCoreFormat(), new RawFormat()];

    /// <summary>The first format that recognises the file.</summary>
    public static IMemoryFormat Recognise(MappedFile file) => All.First(format => format.Recognises(file));
}
