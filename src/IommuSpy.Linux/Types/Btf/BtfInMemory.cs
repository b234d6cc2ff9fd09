using IommuSpy.Linux.Kallsyms;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Types.Btf;

/// <summary>Finds the BTF that a kernel since 5.2 carries in its read-only data (include/asm-generic/vmlinux.lds.h, .BTF).</summary>
public static class BtfInMemory
{
    // A blob that is linked in starts at a multiple of 4.
    private const int Alignment = 4;

    /// <summary>The kernel's own types; null where its image holds no BTF.</summary>
    public static BtfTypes? Find(LinuxKernel kernel)
    {
        if (kernel.Kallsyms?.Symbols is SymbolTable symbols && symbols.TryFind("__start_BTF", out Symbol start) && kernel.Text.Contains(start.Address)
            && Read(kernel, start.Address) is BtfTypes types)
        {
            return types;
        }

        return Search(kernel);
    }

    // Without symbols: by the signature, and by all of it making sense.
    private static BtfTypes? Search(LinuxKernel kernel)
    {
        PhysicalRange image = kernel.Text.PhysicalRange;
        byte[] copy = new byte[Math.Min(image.Length, 1UL << 30)];
        int length = kernel.Memory.Read(image.Start, copy);
        int at = 0;
        for (int found = copy.AsSpan(0, length).IndexOf(BtfHeader.Signature); found >= 0; found = copy.AsSpan(at, length - at).IndexOf(BtfHeader.Signature))
        {
            at += found;
            if (at % Alignment == 0 && Read(kernel, kernel.Text.Start + (ulong)at) is BtfTypes types)
            {
                return types;
            }

            at += BtfHeader.Signature.Length;
        }

        return null;
    }

    private static BtfTypes? Read(LinuxKernel kernel, VirtualAddress address)
    {
        Span<byte> header = stackalloc byte[BtfHeader.MostBytes];
        PhysicalAddress physical = kernel.Text.ToPhysical(address);
        if (kernel.Memory.Read(physical, header) != header.Length || BtfHeader.Read(header) is not BtfHeader sections
            || (ulong)sections.TotalLength > kernel.Text.Length - (address - kernel.Text.Start))
        {
            return null;
        }

        byte[] blob = new byte[sections.TotalLength];
        return kernel.Memory.Read(physical, blob) == blob.Length ? BtfTypes.Read(blob, $"BTF in memory, {address}") : null;
    }
}
