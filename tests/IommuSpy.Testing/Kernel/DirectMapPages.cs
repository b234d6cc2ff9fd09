namespace IommuSpy.Testing.Kernel;

/// <summary>With which pages a built kernel maps all of memory.</summary>
public enum DirectMapPages
{
    /// <summary>
    /// 4 KiB for the first 2 MiB, 2 MiB up to the first GiB, 1 GiB where RAM has whole ones, 2 MiB for the rest: what a machine of some years has.
    /// </summary>
    Mixed,

    /// <summary>2 MiB, and 4 KiB where RAM does not fill one.</summary>
    TwoMiB,

    /// <summary>4 KiB (debug_pagealloc).</summary>
    FourKiB,
}
