namespace IommuSpy.Translation.Arm64;

/// <summary>Pages of 4 KiB, output addresses of 48 bits.</summary>
public readonly struct Granule4K : IArm64Granule
{
    /// <inheritdoc/>
    public static int PageShift => 12;

    /// <inheritdoc/>
    /// <remarks>2 MiB and 1 GiB.</remarks>
    public static int HighestBlockLevel => 3;

    /// <inheritdoc/>
    public static bool HasShareability => true;

    /// <inheritdoc/>
    public static ulong Target(ulong entry) => entry & 0x0000_ffff_ffff_f000;
}

/// <summary>Pages of 4 KiB with TCR_ELx.DS (FEAT_LPA2): output addresses of 52 bits.</summary>
public readonly struct Granule4KLpa2 : IArm64Granule
{
    /// <inheritdoc/>
    public static int PageShift => 12;

    /// <inheritdoc/>
    /// <remarks>512 GiB too.</remarks>
    public static int HighestBlockLevel => 4;

    /// <inheritdoc/>
    public static bool HasShareability => false;

    /// <inheritdoc/>
    public static ulong Target(ulong entry) => (entry & 0x0003_ffff_ffff_f000) | Lpa2.HighBits(entry);
}

/// <summary>Pages of 16 KiB, output addresses of 48 bits.</summary>
public readonly struct Granule16K : IArm64Granule
{
    /// <inheritdoc/>
    public static int PageShift => 14;

    /// <inheritdoc/>
    /// <remarks>32 MiB.</remarks>
    public static int HighestBlockLevel => 2;

    /// <inheritdoc/>
    public static bool HasShareability => true;

    /// <inheritdoc/>
    public static ulong Target(ulong entry) => entry & 0x0000_ffff_ffff_c000;
}

/// <summary>Pages of 16 KiB with TCR_ELx.DS (FEAT_LPA2): output addresses of 52 bits.</summary>
public readonly struct Granule16KLpa2 : IArm64Granule
{
    /// <inheritdoc/>
    public static int PageShift => 14;

    /// <inheritdoc/>
    /// <remarks>64 GiB too.</remarks>
    public static int HighestBlockLevel => 3;

    /// <inheritdoc/>
    public static bool HasShareability => false;

    /// <inheritdoc/>
    public static ulong Target(ulong entry) => (entry & 0x0003_ffff_ffff_c000) | Lpa2.HighBits(entry);
}

/// <summary>Pages of 64 KiB. Bits 15:12 are address bits 51:48 (FEAT_LPA), and zeros where the CPU has no more than 48.</summary>
public readonly struct Granule64K : IArm64Granule
{
    /// <inheritdoc/>
    public static int PageShift => 16;

    /// <inheritdoc/>
    /// <remarks>512 MiB and, with FEAT_LPA, 4 TiB.</remarks>
    public static int HighestBlockLevel => 3;

    /// <inheritdoc/>
    public static bool HasShareability => true;

    /// <inheritdoc/>
    public static ulong Target(ulong entry) => (entry & 0x0000_ffff_ffff_0000) | ((entry & 0xf000) << 36);
}

/// <summary>Where FEAT_LPA2 puts address bits 51:50: in bits 9:8, which are the shareability without it.</summary>
internal static class Lpa2
{
    public static ulong HighBits(ulong entry) => (entry & 0x300) << 42;
}
