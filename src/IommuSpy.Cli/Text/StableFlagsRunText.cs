using IommuSpy.Linux.Pages;
using IommuSpy.Memory;

namespace IommuSpy.Cli.Text;

/// <summary>Pages by their flags as text: a line for each run of neighbours that are alike.</summary>
internal sealed class StableFlagsRunText(TextWriter writer)
{
    private PageFrame _first;
    private StablePageFlags _flags;
    private ulong? _mappings;
    private ulong _count;

    /// <summary>The next page.</summary>
    public void Write(PageFrame frame, StablePageFlags flags, ulong? mappings)
    {
        if (_count > 0 && frame.Number == _first.Number + _count && flags == _flags && mappings == _mappings)
        {
            _count++;
            return;
        }

        if (_count == 0)
        {
            writer.WriteLine($"  {"pfn",-12}{"pages",8}  {StablePageFlagNames.Letters(StablePageFlags.None).Replace('_', ' ')}  {"mapped",6}  flags");
        }

        Finish();
        (_first, _flags, _mappings, _count) = (frame, flags, mappings, 1);
    }

    /// <summary>Writes the last run.</summary>
    public void Finish()
    {
        if (_count > 0)
        {
            writer.WriteLine(
                $"  {_first.ToString(),-12}{_count,8}  {StablePageFlagNames.Letters(_flags)}  {(_mappings is ulong mapped ? mapped : "-"),6}  {string.Join(',',
                    StablePageFlagNames.Of(_flags))}".TrimEnd());
        }
    }
}
