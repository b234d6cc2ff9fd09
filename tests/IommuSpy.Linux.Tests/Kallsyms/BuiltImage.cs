using IommuSpy.Linux.Kallsyms;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Tests.Kallsyms;

/// <summary>An image and what is in it.</summary>
/// <param name="Bytes">The image.</param>
/// <param name="Start">Where its first byte is mapped.</param>
/// <param name="Symbols">Every symbol, in table order.</param>
/// <param name="Sections">Byte offset of each section, by its kernel name.</param>
public sealed record BuiltImage(byte[] Bytes, VirtualAddress Start, IReadOnlyList<Symbol> Symbols, IReadOnlyDictionary<string, int> Sections)
{
    public bool TryRead(out KallsymsTable? table, out string reason) => KallsymsReader.TryRead(Bytes, Start, out table, out reason);
}
