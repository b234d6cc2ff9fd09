using System.Runtime.CompilerServices;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Inference;

/// <summary>Reads the objects that inference looks at: by kernel address, zero-copy where memory is mapped.</summary>
internal sealed class KernelBytes(LinuxKernel kernel)
{
    private readonly byte[] _copy = new byte[64 << 10];
    private readonly ulong _directMap = kernel.Facts.PageOffsetBase?.Value.Value ?? ulong.MaxValue;
    private readonly ulong _directBytes = kernel.Facts.PageOffsetBase is null ? 0
        : kernel.Memory.Ranges.Count == 0 ? 0 : kernel.Memory.Ranges[^1].Last.Value + 1;

    public LinuxKernel Kernel { get; } = kernel;

    /// <summary>Bytes at an address: as many as can be read, up to <paramref name="length"/>. Good until the next call.</summary>
    public ReadOnlySpan<byte> At(ulong address, int length)
    {
        Span<byte> copy = _copy.AsSpan(0, length);

        // The direct map and the image are contiguous in physical memory: one translation serves for all.
        if ((address - _directMap < _directBytes || Kernel.Text.Contains(new(address)))
            && Kernel.Space.TryTranslate(new(address), out PhysicalAddress physical)
            && Kernel.Memory.TryGetSpan(physical, length, out ReadOnlySpan<byte> mapped))
        {
            return mapped;
        }

        return copy[..Kernel.Space.Read(new(address), copy)];
    }

    public bool TryWord(ulong address, out ulong value)
    {
        // A word that crosses a page may cross into other memory.
        if (address % PageFrame.Size <= PageFrame.Size - sizeof(ulong))
        {
            value = 0;
            return Kernel.Space.TryTranslate(new(address), out PhysicalAddress physical) && Kernel.Memory.TryRead(physical, out value);
        }

        return Kernel.Space.TryRead(new(address), out value);
    }

    /// <summary>The word at an address; 0 where it cannot be read, which no link and no pointer is.</summary>
    public ulong WordOrZero(ulong address) => TryWord(address, out ulong value) ? value : 0;

    /// <summary>Whether a value could be a pointer to an object of the kernel: in the upper half, aligned as every object is, and mapped.</summary>
    public bool IsPointer(ulong value) =>
        LooksLikePointer(value) && Kernel.Space.TryTranslate(new(value), out PhysicalAddress physical) && Kernel.Memory.Contains(physical);

    /// <summary>The same without looking into the tables.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool LooksLikePointer(ulong value) => LooksLikeAddress(value) && value % sizeof(ulong) == 0;

    /// <summary>The same of what has no alignment, such as text.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool LooksLikeAddress(ulong value) => value >= 0xff00_0000_0000_0000;

    /// <summary>Whether a value is an address in the direct map, where all that the kernel allocates in one piece lies.</summary>
    public bool IsDirect(ulong value) => value - _directMap < _directBytes;
}
