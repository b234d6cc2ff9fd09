using System.Globalization;
using IommuSpy.Linux.Architecture;
using IommuSpy.Linux.VmCoreInfo;
using IommuSpy.Memory;
using IommuSpy.Memory.Systems;

namespace IommuSpy.Linux.Witnesses;

/// <summary>
/// Where the kernel says that it is: what leads to its own top-level table without a search of memory. A hint: what it leads to is verified as what a search
/// finds is.
/// </summary>
internal static class KernelPlace
{
    private const string NoteName = "VMCOREINFO";
    private const int NoteHeaderBytes = 24;

    /// <summary>Where its own top-level table should be, likeliest first; empty where nothing tells.</summary>
    internal static IEnumerable<PhysicalAddress> Roots(MemoryImage image, PhysicalMemory memory, CpuArchitecture architecture)
    {
        foreach (VmCoreInfoNote note in Notes(image, memory))
        {
            if (note.TryGetSymbol("swapper_pg_dir", out VirtualAddress root) && architecture.PhysicalBaseOf(note) is ulong physicalBase)
            {
                yield return new(unchecked(root.Value - architecture.ImageMap.Value + physicalBase));
            }
        }

        // Before 4.10 the note does not say so; /proc/iomem says where the image is, and /proc/kallsyms where it is mapped.
        if (CodeStart(image.SystemFiles) is not PhysicalAddress code)
        {
            yield break;
        }

        IReadOnlyDictionary<string, VirtualAddress> symbols = ListedSymbols.Find(image.SystemFiles, ["_text", .. architecture.RootSymbols]);
        if (!symbols.TryGetValue("_text", out VirtualAddress text))
        {
            yield break;
        }

        foreach (string name in architecture.RootSymbols.Where(symbols.ContainsKey))
        {
            yield return new(unchecked(code.Value + (symbols[name].Value - text.Value)));
        }
    }

    /// <summary>
    /// What the kernel tells crash dump tools: the image's notes, and where the running kernel says that its own is (/sys/kernel/vmcoreinfo: address and size).
    /// </summary>
    internal static IEnumerable<VmCoreInfoNote> Notes(MemoryImage image, PhysicalMemory memory)
    {
        foreach (ElfNote note in image.Notes.Where(note => string.Equals(note.Name, NoteName, StringComparison.Ordinal)))
        {
            if (VmCoreInfoNote.TryParse(note.Descriptor.Span, out VmCoreInfoNote? parsed))
            {
                yield return parsed;
            }
        }

        if (image.SystemFiles?.Text("sys/kernel/vmcoreinfo")?.Split(' ') is [string at, string size]
            && at.StartsWith("0x", StringComparison.Ordinal)
            && ulong.TryParse(at.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong address)
            && int.TryParse(size, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int length)
            && length is > NoteHeaderBytes and <= VmCoreInfoNote.MaximumLength)
        {
            byte[] bytes = new byte[length];
            int read = memory.Read(new(address), bytes);
            if (read > NoteHeaderBytes && VmCoreInfoNote.TryParse(bytes.AsSpan(NoteHeaderBytes, read - NoteHeaderBytes), out VmCoreInfoNote? own))
            {
                yield return own;
            }
        }
    }

    private static PhysicalAddress? CodeStart(SystemFiles? files) => files?.Text("proc/iomem") is string iomem
        ? IomemEntry.Parse(iomem).FirstOrDefault(entry => entry.Name == "Kernel code")?.Range.Start
        : null;
}
