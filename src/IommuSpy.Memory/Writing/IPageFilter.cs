namespace IommuSpy.Memory.Writing;

/// <summary>
/// Says which pages a written image keeps. What the kernel says of its pages is not known here: who knows supplies it. Safe to share between threads.
/// </summary>
public interface IPageFilter
{
    /// <summary>The kinds that it leaves out, as makedumpfile -d counts them: zero 1, cache 2 and 4, user 8, free 16.</summary>
    int DumpLevel { get; }

    /// <summary>Whether the page is written.</summary>
    bool Keeps(PageFrame page);
}
