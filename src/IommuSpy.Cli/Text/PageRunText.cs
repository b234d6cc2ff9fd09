using IommuSpy.Analysis.Pages;
using IommuSpy.Linux.Pages;

namespace IommuSpy.Cli.Text;

/// <summary>Pages as text: a line for each run of neighbours that are alike.</summary>
internal sealed class PageRunText(TextWriter writer)
{
    private PageRow _first;
    private ulong _count;

    /// <summary>The next page.</summary>
    public void Write(in PageRow row)
    {
        bool alike = _count > 0 && row.Frame.Number == _first.Frame.Number + _count && row.Kind == _first.Kind && row.Owner == _first.Owner
            && row.StableFlags == _first.StableFlags
            && row.Mappings == _first.Mappings;
        if (alike)
        {
            _count++;
            return;
        }

        Finish();
        if (_first == default)
        {
            writer.WriteLine($"  {"pfn",-12}{"pages",8}  {StablePageFlagNames.Letters(StablePageFlags.None).Replace('_', ' ')}  {"mapped",6}  use");
        }

        _first = row;
        _count = 1;
    }

    /// <summary>Writes the last run.</summary>
    public void Finish()
    {
        if (_count > 0)
        {
            writer.WriteLine(
                $"  {_first.Frame.ToString(),-12}{_count,8}  {StablePageFlagNames.Letters(_first.StableFlags)}  {_first.Mappings,6}  {_first.Kind.Words()}"
                    + $"{(_first.Owner is null ? "" : $": {_first.Owner}")}");
        }

        _count = 0;
    }
}
