namespace IommuSpy.Translation.Arm64;

/// <summary>What the size of pages decides about arm64 descriptors (Arm ARM, D8.3).</summary>
public interface IArm64Granule
{
    /// <summary>log2 of the bytes of a page: 12, 14 or 16.</summary>
    static abstract int PageShift { get; }

    /// <summary>The highest level whose entries may be blocks; 1 is the last level.</summary>
    static abstract int HighestBlockLevel { get; }

    /// <summary>Whether bits 9:8 are the shareability; else they are address bits 51:50.</summary>
    static abstract bool HasShareability { get; }

    /// <summary>The output address of a descriptor; bits below the page's or block's size may be anything.</summary>
    static abstract ulong Target(ulong entry);
}
